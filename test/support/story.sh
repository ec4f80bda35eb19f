# What every story's script begins with. It is run in the story's root, beside the daemon, with -eu.

supervisor() { sh "$SUPERVISOR_BIN" --root "$PWD" "$@"; }

# field UNIT NAME: one field of the unit's status. Shape: `field api active_state` → `active`.
field() { node "$STORY_FIELD" "$1" "$2"; }

# same WHAT GOT WANTED: ends the story with both when they differ.
same() {
  [ "$2" = "$3" ] && return
  printf '%s: got %s, wanted %s\n' "$1" "$2" "$3" >&2
  exit 1
}

# has WHAT TEXT PART: ends the story when the part is not in the text.
has() {
  case "$2" in *"$3"*) return ;; esac
  printf '%s: %s has no %s\n' "$1" "$2" "$3" >&2
  exit 1
}

# code COMMAND…: its exit code, its output dropped.
code() {
  local code=0
  "$@" >/dev/null 2>&1 || code=$?
  echo "$code"
}

# eventually COMMAND…: asks again until the command succeeds, at most 15 seconds.
eventually() {
  local end=$((SECONDS + 15))
  until "$@" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$end" ]; then
      printf 'not within 15 s: %s\n' "$*" >&2
      exit 1
    fi
    sleep 0.05
  done
}

# is UNIT FIELD VALUE: for `eventually`.
is() { [ "$(field "$1" "$2")" = "$3" ]; }
