has chdir "$(supervisor start nowhere 2>&1 || true)" "start nowhere: failed at stage chdir"
has user "$(supervisor start nobody-known 2>&1 || true)" "start nobody-known: failed at stage user"
has exec "$(supervisor start no-program 2>&1 || true)" "start no-program: failed at stage exec: /does/not/exist: No such file or directory (ENOENT)"
has credential "$(supervisor start no-key 2>&1 || true)" "start no-key: failed at stage credential"
same "exit code" "$(code supervisor start no-program)" 1
same result "$(field no-program result)" exit-code
