pid=$(field app main_pid)
same steps "$(cat steps)" "pre
post $pid"
supervisor reload app
same "the last step" "$(tail -n 1 steps)" reload
supervisor stop app
same "the end" "$(tail -n 2 steps)" "stop
swept success killed TERM"
same state "$(field app active_state)" inactive
