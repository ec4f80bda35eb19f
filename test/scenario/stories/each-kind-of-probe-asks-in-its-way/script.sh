# A port that is free now, in the files that were loaded with another.
port=$(node -e "const s = require('net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close(); })")
sed -i "s/\"9\"/\"$port\"/; s/:9\"/:$port\"/" units/*.toml
supervisor daemon-reload
supervisor start http tcp --no-block
same "nobody listens yet" "$(field http active_state) $(field tcp active_state)" "activating activating"
supervisor start server exec
eventually test -e listening
eventually is http health healthy
eventually is tcp health healthy
same exec "$(field exec health)" healthy
rm well
eventually is http health unhealthy
eventually is exec health unhealthy
same "a port is open all the same" "$(field tcp health)" healthy
has "what it was told" "$(supervisor status http --json)" "answered 503"
