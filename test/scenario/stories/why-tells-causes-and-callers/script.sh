has "who started it" "$(supervisor why app)" "the supervisor started"
supervisor restart app
has "who restarted it" "$(supervisor why app)" "restart by"
touch broken
kill "$(field app main_pid)"
eventually is app active_state failed
why=$(supervisor why app)
has signal "$why" "exited with code 3"
has limit "$why" "gave up after 2 starts"
has "its last words" "$why" "no disk"
same "as JSON" "$(supervisor why app --json | node -p "Array.isArray(JSON.parse(require('fs').readFileSync(0)).entries)")" true
