supervisor start --no-block success prevent force
eventually is success active_state inactive
eventually is prevent active_state failed
eventually is force restarts 1
eventually is force sub_state running
same starts "$(cat success.starts prevent.starts force.starts | wc -l)" 4
same results "$(field success result) $(field prevent result) $(field force result)" "success signal success"
