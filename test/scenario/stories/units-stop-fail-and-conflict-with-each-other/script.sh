same wisher "$(field wisher active_state)" active
supervisor start rival
same "wisher gives way" "$(field wisher active_state)" inactive
kill -9 "$(field db main_pid)"
eventually is db active_state failed
eventually is bound main_pid null
same "part of it" "$(field part active_state)" active
supervisor start db
supervisor stop db --cascade
same "all of them" "$(field db active_state) $(field bound active_state) $(field part active_state)" "inactive inactive inactive"
