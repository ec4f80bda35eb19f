same health "$(field app health)" healthy
supervisor stop needs
rm ready
eventually is app health unhealthy
same "the service goes on" "$(field app active_state)" active
supervisor start needs --no-block
eventually is needs reason "waits for app"
touch ready
eventually is needs active_state active
