eventually test -s place
same seen "$(cat seen)" "hunter2400"
eventually test -s other.place
same "another unit has none" "$(cat other.place)" none
place=$(cat place)
test -d "$place"
supervisor stop app
same "the directory" "$(test -e "$place" && echo there || echo gone)" gone
