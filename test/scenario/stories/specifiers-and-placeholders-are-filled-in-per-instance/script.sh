eventually test -s out.1
eventually test -s out.2
same one "$(cat out.1)" "app 1 hello-1 none %"
same two "$(cat out.2)" "app 2 hello-2 none %"
supervisor scale app 3
eventually test -s out.3
supervisor scale app 1
same instances "$(field app instances.length)" 1
