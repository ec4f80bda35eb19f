same "exit code" "$(code supervisor start app)" 1
has "the verdict" "$(supervisor start app 2>&1 || true)" "start app: failed at stage start-pre: sh exited with code 28"
same result "$(field app result)" exit-code
same started "$(test -e started && echo yes || echo no)" no
same "what the clean-up was told" "$(cat result)" exit-code
