#!/bin/sh
# Prints numbered lines on both streams, `INVOCATION PID out 1`, until it is told to go, and how many they were: `INVOCATION PID out end 1`.
# `slowly`: one after the other. `in-bursts`: many at once, now and then more than a pipe holds. `crashing`: it ends by itself with 3.
n=0
told=
trap 'told=1' TERM

print() {
  n=$((n + 1))
  echo "$INVOCATION_ID $$ out $n"
  echo "$INVOCATION_ID $$ err $n" >&2
}

finish() {
  echo "$INVOCATION_ID $$ out end $n"
  echo "$INVOCATION_ID $$ err end $n" >&2
  exit "$1"
}

# Without the shell's own word on a sleep that was told to go as well.
pause() {
  { sleep "$1"; } 2>/dev/null
}

many() {
  left=$1
  while [ "$left" -gt 0 ]; do
    print
    left=$((left - 1))
  done
}

round=0
last=$(($$ % 25 + 3))
while [ -z "$told" ]; do
  round=$((round + 1))
  case $1 in
    slowly) many 1; pause 0.04 ;;
    in-bursts) if [ $((round % 8)) -eq 0 ]; then many 1500; else many 60; fi; pause 0.3 ;;
    crashing) [ "$round" -lt "$last" ] || finish 3; many 3; pause 0.05 ;;
  esac
done
finish 0
