eventually supervisor wait app
supervisor stop app@1
same "the stopped one" "$(code supervisor is-active app@1)" 3
same "the other one" "$(code supervisor is-active app@2)" 0
same "the unit" "$(code supervisor is-active app)" 0
supervisor wait app@1 --for stopped --timeout 5s
same "its status" "$(code supervisor status app@1)" 3
same "its name" "$(field app@2 name)" app@2
same "the unit's wish" "$(field app wanted)" up
