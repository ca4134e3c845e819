# Sets the project up: interpreter, packages, Debian packages, models. Sourced, never run.
#
# `set_up runtime` is what start.sh needs, `set_up notebook` adds JupyterLab, `set_up dev` what the tests
# need. What is done is
# remembered in .venv/set-up/, keyed by everything it depends on, so the next time costs nothing;
# what was interrupted is done again; two set-ups at once wait for each other.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
VENV=$(readlink -f "$ROOT/.venv" || echo "$ROOT/.venv") # several checkouts may share one
MARKS=$VENV/set-up

say() { printf '%s\n' "$*"; }

name_notebook() { # name_notebook PATH: where JupyterLab will be, with the token that it asks for
  NOTEBOOK_PORT=${NOTEBOOK_PORT:-8888} JUPYTER_TOKEN=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
  export NOTEBOOK_PORT JUPYTER_TOKEN PYTHONPATH=$ROOT
  export JUPYTER_CONFIG_PATH=$ROOT/scripts/deploy # asks nobody for updates, news or extensions
  say "notebook: http://127.0.0.1:$NOTEBOOK_PORT/lab/tree/$1?token=$JUPYTER_TOKEN"
}

fail() { # fail STATUS LINE: one clear line, then the end
  printf 'error: %s\n' "$2" >&2
  exit "$1"
}

# step TITLE COMMAND...: runs it quietly, says every ten seconds how far it is, shows its end if it
# fails.
step() {
  local title=$1 log began=$SECONDS status=0 job running
  shift
  log=$(mktemp)
  say "set-up: $title"
  # The command holds the other end of this pipe and never writes to it: reading it with a limit
  # is a clock that stops when the command ends.
  exec {running}< <(exec "$@" 3>&1 >"$log" 2>&1 </dev/null)
  job=$!
  # shellcheck disable=SC2064
  trap "kill $job 2>/dev/null; rm -f '$log'; exit 130" INT
  # shellcheck disable=SC2064
  trap "kill $job 2>/dev/null; rm -f '$log'; exit 143" TERM
  until wait_briefly "$running"; do
    say "set-up:   $((SECONDS - began)) s  $(progress "$log")"
  done
  wait "$job" || status=$?
  exec {running}<&-
  trap - INT TERM
  ((status == 0)) || told "$log" | tail -n 20 >&2
  rm -f "$log"
  ((status == 0)) && say "set-up:   done in $((SECONDS - began)) s"
  return "$status"
}

wait_briefly() { # wait_briefly FD: true once the other end of FD is closed, false after ten seconds
  local status=0
  read -r -t 10 -u "$1" || status=$?
  ((status <= 128))
}

progress() { # progress LOG: how far a step is, in one short line
  local last installed
  last=$(told "$1" | tail -n 1 | cut -c 1-90)
  if told "$1" | grep -q '^Installing collected packages'; then # where pip says nothing for a minute
    installed=("$VENV"/lib/python*/site-packages/*.dist-info)
    last="${#installed[@]} packages installed"
  fi
  say "$last"
}

told() { grep -v '^WARNING' "$1"; } # a log without pip's remarks on its configuration

find_python() { # sets PYTHON to a 3.11 or 3.12
  local candidate
  for candidate in python3.11 python3.12 python3; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; then
      PYTHON=$(command -v "$candidate")
      return
    fi
  done
  fail 1 "Python 3.11 or 3.12 is needed and neither was found on PATH"
}

fingerprint() { # fingerprint GROUP: changes with everything the installed packages depend on
  {
    echo "$1 $VENV ${TORCH_VERSION:-}"
    sed '/^\[tool\.ruff/,$d' "$ROOT/pyproject.toml" # without the tools' own settings
    cat "$ROOT/constraints.txt"
    [ ! -e "$VENV/pyvenv.cfg" ] || cat "$VENV/pyvenv.cfg"
  } | sha256sum | cut -d ' ' -f 1
}

done_before() { # done_before MARK KEY
  [ -r "$MARKS/$1" ] && [ "$(<"$MARKS/$1")" = "$2" ]
}

can_install_debian() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

debian() { # debian PACKAGE...: installs them, updating the lists once
  export DEBIAN_FRONTEND=noninteractive
  if [ -z "${LISTS_UPDATED:-}" ]; then
    step "Debian's package lists" apt-get update -q || return
    LISTS_UPDATED=1
  fi
  step "Debian packages: $*" apt-get install -q -y --no-install-recommends "$@"
}

make_environment() {
  # Clearing would empty what the link points to, which others may be working with.
  [ ! -L "$ROOT/.venv" ] || fail 1 ".venv is a link and does not fit; remove it, or set up where it points"
  if ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
    local package
    package=python$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv
    can_install_debian || fail 1 "Python's venv module is missing: install $package"
    debian "$package" || fail 1 "Python's venv module is missing and $package could not be installed"
  fi
  step "Python environment in .venv" "$PYTHON" -m venv --clear "$VENV"
}

install_packages() { # install_packages GROUP
  local wanted=$MARKS/$1.txt constraints=$MARKS/constraints.txt
  "$VENV/bin/python" - "$ROOT/pyproject.toml" "$1" >"$wanted" <<'PYTHON_END'
import sys, tomllib
from pathlib import Path
project = tomllib.loads(Path(sys.argv[1]).read_text())["project"]
wanted = project["dependencies"]
for extra in {"runtime": (), "notebook": ("notebook",), "dev": ("dev", "cluster")}[sys.argv[2]]:
    wanted += project["optional-dependencies"][extra]
print("\n".join(wanted))
PYTHON_END
  cp "$ROOT/constraints.txt" "$constraints"
  if [ -n "${TORCH_VERSION:-}" ]; then
    sed -i "s/^torch==.*/torch==$TORCH_VERSION/" "$constraints"
  fi
  step "Python packages ($1; about three minutes the first time)" \
    "$VENV/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off \
    --no-compile -c "$constraints" -r "$wanted" &&
    step "their bytecode, on every core" \
      sh -c '"$0" -m compileall -j 0 "$1" || true' "$VENV/bin/python" "$VENV/lib"
  # A few files are for a later Python and do not compile.
}

python_packages() { # python_packages GROUP
  have_packages "$1" && return
  find_python
  # A mark that stayed behind tells of an installation cut off half-way: start it afresh.
  if [ -e "$MARKS/installing" ] || [ ! -x "$VENV/bin/python" ] || ! moved_here; then
    make_environment || fail 1 "the Python environment could not be made"
  fi
  mkdir -p "$MARKS"
  touch "$MARKS/installing"
  install_packages "$1" || fail 1 "the Python packages could not be installed (see above)"
  fingerprint "$1" >"$MARKS/$1"
  rm "$MARKS/installing"
}

alias_module() { # lets `python -m api.server`, an earlier name of the start, be found
  local path
  for path in "$VENV"/lib/python3.*/site-packages; do
    [ -e "$path/earlier_names.pth" ] || printf '%s\n' "$ROOT/scripts/alias" >"$path/earlier_names.pth"
  done
}

moved_here() { # whether .venv was made at this place with an interpreter that still works
  grep -qF "$VENV" "$VENV/bin/activate" 2>/dev/null && "$VENV/bin/python" -c '' 2>/dev/null
}

has_chinese_font() {
  find /usr/share/fonts /usr/local/share/fonts /Library/Fonts /System/Library/Fonts \
    \( -iname '*cjk*' -o -iname 'wqy*' -o -iname 'uming*' -o -iname 'ukai*' -o -iname 'pingfang*' \
    -o -iname 'droidsansfallback*' -o -iname 'sourcehan*' \) -print -quit 2>/dev/null | grep -q .
}

has_chromium() {
  local name
  for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && return
  done
  return 1
}

debian_packages() { # debian_packages GROUP: what is missing is installed or named, and never stops us
  local missing=() tried=$MARKS/debian-$1
  has_chinese_font || missing+=(fonts-noto-cjk)
  [ "$1" != dev ] || has_chromium || missing+=(chromium)
  ((${#missing[@]})) || return 0
  if can_install_debian && [ ! -e "$tried" ]; then
    touch "$tried"
    debian "${missing[@]}" && return
  fi
  has_chinese_font ||
    say "missing: a Chinese font (Debian: fonts-noto-cjk); PDFs that embed none lose their Chinese text"
  [ "$1" != dev ] || has_chromium ||
    say "missing: Chromium (Debian: chromium); the browser tests are skipped"
}

models_key() { # changes with everything the converted model depends on
  (cd "$ROOT" && cat scripts/fetch_models.py backend/model/{catalogue,convert,manifest}.py) |
    sha256sum | cut -d ' ' -f 1
}

have_models() {
  case ${ENGINE:-local} in openai:*) return 0 ;; esac # another server has the model
  local folder=$MODELS_DIR/embedded
  [ -r "$folder/.fetched" ] && [ "$(<"$folder/.fetched")" = "$(models_key)" ] &&
    compgen -G "$folder/*/model.safetensors" >/dev/null
}

models() {
  have_models && return
  step "the embedded model (93 MB, converted once)" \
    "$VENV/bin/python" "$ROOT/scripts/fetch_models.py" ||
    fail 1 "the embedded model could not be fetched (see above)"
  models_key >"$MODELS_DIR/embedded/.fetched"
}

settle_folders() { # the folders that the environment names, absolute and there
  DATA_DIR=$(absolute "${DATA_DIR:-$ROOT/.data}")
  MODELS_DIR=$(absolute "${MODELS_DIR:-$ROOT/.models}")
  export DATA_DIR MODELS_DIR
  if [ -d "${MODEL:-}" ]; then
    MODEL=$(absolute "$MODEL")
    export MODEL
  fi
  mkdir -p "$DATA_DIR" 2>/dev/null && [ -w "$DATA_DIR" ] ||
    fail 2 "DATA_DIR must be a folder that can be written to: $DATA_DIR"
  mkdir -p "$MODELS_DIR" 2>/dev/null || fail 2 "MODELS_DIR must be a folder: $MODELS_DIR"
}

# From here on everything that a library would keep in HOME is kept in DATA_DIR, and nothing is
# ever fetched from a model hub.
enter_environment() {
  export PATH=$VENV/bin:$PATH VIRTUAL_ENV=$VENV PYTHONUNBUFFERED=1
  export HF_HUB_OFFLINE=1 HF_HUB_DISABLE_TELEMETRY=1 HF_HOME=$DATA_DIR/cache/huggingface
  export XDG_CACHE_HOME=$DATA_DIR/cache HOME=$DATA_DIR
  unset PYTHONHOME PYTHONPATH
}

absolute() { # absolute PATH: against the folder we were called from
  case $1 in
    /*) say "$1" ;;
    *) say "$PWD/$1" ;;
  esac
}

have_packages() { # have_packages GROUP; everything of runtime is also in the others
  done_before "$1" "$(fingerprint "$1")" && return
  [ "$1" = runtime ] || return
  done_before dev "$(fingerprint dev)" || done_before notebook "$(fingerprint notebook)"
}

set_up() { # set_up GROUP: runtime, notebook or dev
  local lock=
  settle_folders
  cd "$ROOT" || exit
  if ! { have_packages "$1" && have_models; }; then
    if command -v flock >/dev/null; then
      exec {lock}>"$(dirname "$VENV")/.set-up.lock"
      flock -n "$lock" || { say "set-up: waiting for another set-up of this folder" && flock "$lock"; }
    fi
    python_packages "$1"
    models
  fi
  debian_packages "$1"
  alias_module
  # Closed, so that what runs from here on does not hold it.
  [ -z "$lock" ] || exec {lock}>&-
  enter_environment
}
