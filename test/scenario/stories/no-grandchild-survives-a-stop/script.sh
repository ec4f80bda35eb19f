eventually test -s far
eventually test -s farther
kill -0 "$(cat far)"
supervisor stop app
same "the one that left the session" "$(code kill -0 "$(cat far)")" 1
same "the others" "$(pgrep -f 'sleep 1001' -u "$(id -u)" | while read -r pid; do grep -qs "SUPERVISOR_TEST_ID=$SUPERVISOR_TEST_ID" "/proc/$pid/environ" && echo "$pid"; done | wc -l)" 0
