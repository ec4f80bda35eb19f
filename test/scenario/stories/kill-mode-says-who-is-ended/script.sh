for mode in control-group mixed process; do eventually test -s $mode.child; done
supervisor stop control-group mixed process || true
same "control-group" "$(code kill -0 "$(cat control-group.child)")" 1
same mixed "$(code kill -0 "$(cat mixed.child)")" 1
same process "$(code kill -0 "$(cat process.child)")" 0
kill -9 "$(cat process.child)"
