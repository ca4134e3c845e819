#!/usr/bin/env bash
# Sets up what is missing, then runs every check and every test. Arguments go to pytest.
set -euo pipefail
# shellcheck source=scripts/lib/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"

DATA_DIR=$(mktemp -d) # what tests leave in HOME or a cache goes with it
trap 'rm -rf "$DATA_DIR"' EXIT
unset API_KEYS BACKEND_TOKEN BACKEND_ADDRESS DATABASE_URL MODEL PORT HOST
unset PYTHONDONTWRITEBYTECODE # hundreds of processes begin, and each would compile every module

set_up dev
"$ROOT/scripts/check" "$@"
