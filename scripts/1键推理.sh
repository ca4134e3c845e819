#!/usr/bin/env bash
# One click: sets up what is missing, fetches the model, starts backend and page in the background
# and says where the page is. start (or nothing), stop, restart, status.
set -euo pipefail
# shellcheck source=scripts/lib/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"

export PORT=${PORT:-8080} HOST=${HOST:-127.0.0.1}
[[ $PORT =~ ^[0-9]{1,5}$ ]] || fail 2 "PORT must be a whole number from 1 to 65535, not '$PORT'"
command=${1:-start}
case $command in
  start | stop | restart | status) ;;
  *) fail 2 "use start, stop, restart or status, not '$command'" ;;
esac

case $command in
  start | restart)
    set_up runtime || fail 1 "❌ the set-up failed (see above)"
    case ${MODEL:-auto} in
      glm-4.6v-flash | glm-ocr)
        python "$ROOT/scripts/fetch_hub.py" "$MODEL" || fail 1 "❌ the model could not be fetched (see above)"
        ;;
    esac
    ;;
  *)
    settle_folders
    find_python
    export PATH=$(dirname "$PYTHON"):$PATH
    cd "$ROOT" || exit
    ;;
esac
exec "${PYTHON:-python}" "$ROOT/scripts/lib/one_click.py" "$command"
