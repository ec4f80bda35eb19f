#!/bin/sh
# The command `supervisor`: finds the runtime and becomes it. $SUPERVISOR_RUNTIME, else bun, else deno, else says what to install.
self=$(readlink -f "$0")
# By this path, which may be a link, the daemon finds the program that it is to become (daemon-reexec).
case $0 in
  /*) SUPERVISOR_BIN=$0 ;;
  *) SUPERVISOR_BIN=$PWD/$0 ;;
esac
export SUPERVISOR_BIN
here=${self%/*}
# A runtime of the machine comes first; those that the package was installed with are there for a machine that has none.
PATH="$PATH:$here/../node_modules/.bin:$here/../../.bin"
export PATH

runtime=${SUPERVISOR_RUNTIME:-}
if [ -z "$runtime" ]; then
  if command -v bun >/dev/null 2>&1; then
    runtime=bun
  elif command -v deno >/dev/null 2>&1; then
    runtime=deno
  else
    echo "supervisor: needs Bun or Deno, and finds neither. Install one: npm install -g bun, or npm install -g deno" >&2
    exit 127
  fi
fi

# A checkout is run as it is written, a package as it was built.
main=$here/main.ts
[ -e "$main" ] || main=$here/main.js

case "${runtime##*/}" in
  bun) exec "$runtime" --no-install "$main" "$@" ;;
  deno) exec "$runtime" run --no-prompt --allow-all --quiet "$main" "$@" ;;
  *)
    echo "supervisor: SUPERVISOR_RUNTIME is '$runtime'; it may be bun or deno, or a path that ends in one" >&2
    exit 2
    ;;
esac
