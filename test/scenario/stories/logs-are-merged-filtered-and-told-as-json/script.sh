eventually sh -c "sh '$SUPERVISOR_BIN' --root '$PWD' logs two | grep -q second"
same "by time" "$(supervisor logs one two -o raw | tail -n 1)" second
same "one stream" "$(supervisor logs one --stream stderr -o raw)" größe
same "a pattern" "$(supervisor logs --grep 'f.rst' -o raw)" first
same "the future" "$(supervisor logs --since '+1h' -o raw)" ""
line=$(supervisor logs two -o json)
has unit "$line" '"unit":"two"'
has stream "$line" '"stream":"stdout"'
has pid "$line" "\"pid\":$(field two main_pid)"
same "a bad pattern" "$(code supervisor logs --grep '(')" 2
