# needs: systemd-notify redis-server
same tool "$(field tool active_state) $(field tool status_text)" "active warm and well"
same redis "$(field redis active_state)" active
eventually test -e served
has status "$(supervisor status redis)" "Ready to accept connections"
supervisor stop all
same redis "$(field redis result)" success
