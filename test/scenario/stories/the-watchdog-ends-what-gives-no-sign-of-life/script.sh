# needs: systemd-notify
eventually is app active_state failed
same result "$(field app result)" watchdog
read -r own named usec < watch
same "whom the watchdog means" "$named $usec" "$own 300000"
