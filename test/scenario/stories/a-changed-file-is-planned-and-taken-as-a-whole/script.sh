same "nothing to do" "$(supervisor config diff --json | node -p "JSON.parse(require('fs').readFileSync(0)).units.every(({ action }) => action === 'nothing')")" true
sed -i 's/hello/good day/' units/app.toml
eventually is app changed_on_disk true
diff=$(supervisor config diff)
has "the plan" "$diff" restart
has "its key" "$diff" service.environment.GREETING
# One bad file refuses everything.
echo 'nonsense = 1' >> units/old.toml
same "a bad file" "$(code supervisor daemon-reload)" 6
has "its place" "$(supervisor daemon-reload 2>&1 || true)" "units/old.toml:3"
same "nothing has happened" "$(cat greetings)" hello
# Taken away, and another one in its place.
rm units/old.toml
printf '[service]\nexec_start = ["sleep", "1000"]\n' > units/new.toml
supervisor daemon-reload
same greetings "$(cat greetings)" "hello
good day"
same new "$(field new active_state)" active
same "the old one" "$(code supervisor is-active old)" 4
