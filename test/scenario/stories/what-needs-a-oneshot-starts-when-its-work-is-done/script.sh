eventually grep -q app steps
same steps "$(cat steps)" "work
after
app"
same setup "$(field setup active_state) $(field setup sub_state)" "active exited"
same "stop refuses" "$(code supervisor stop setup)" 1
supervisor stop setup --cascade
same "the last step" "$(tail -n 1 steps)" undo
same app "$(field app active_state)" inactive
