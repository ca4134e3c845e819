#!/usr/bin/env bash
# Sets up what is missing, then runs the backend and the page in the foreground until Ctrl-C.
# --notebook: JupyterLab as well, on 127.0.0.1 and NOTEBOOK_PORT, with a token that is printed.
set -euo pipefail
# shellcheck source=scripts/lib/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"

export PORT=${PORT:-8080} HOST=${HOST:-127.0.0.1}
[[ $PORT =~ ^[0-9]{1,5}$ ]] && ((10#$PORT >= 1 && 10#$PORT <= 65535)) ||
  fail 2 "PORT must be a whole number from 1 to 65535, not '$PORT'"

procfiles=()
case ${1:-} in
  '') set_up runtime ;;
  --notebook)
    set_up notebook
    procfiles=(Procfile.notebook)
    export GLM_FLASH_URL=http://127.0.0.1:$PORT/v1
    name_notebook docs/notebook.ipynb
    ;;
  *) fail 2 "start.sh knows --notebook and nothing else, not '$1'" ;;
esac

# Only where owners are told apart does the backend ask for a token; the page needs one then.
if { [ -n "${API_KEYS:-}${TRUSTED_USER_HEADER:-}${OIDC_SECRETS:-}" ] ||
  [ -e "${DATA_DIR:-$ROOT/.data}/api_keys.json" ]; } && [ -z "${BACKEND_TOKEN:-}" ]; then
  BACKEND_TOKEN=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
  export BACKEND_TOKEN
fi

BACKEND_ADDRESS=$(python -m scripts.lib.addresses)
export BACKEND_ADDRESS

# Adopted by init, so that no ended child stays behind under the runner, which knows nothing of it.
(python "$ROOT/scripts/lib/announce.py" $$ &)
exec python "$ROOT/scripts/lib/run.py" "${procfiles[@]}"
