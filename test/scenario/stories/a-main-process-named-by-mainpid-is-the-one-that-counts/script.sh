# needs: systemd-notify
pid=$(field app main_pid)
has "its command" "$(tr '\0' ' ' < "/proc/$pid/cmdline")" "sleep 1000"
kill -TERM "$pid"
eventually is app main_pid null
