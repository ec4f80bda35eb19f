#!/bin/sh
# A service that ignores SIGTERM, and so does the child it has. Both print their pid when they are deaf.
trap '' TERM
sh -c 'echo "child $$ is deaf"; while :; do sleep 60; done' &
echo "main $$ is deaf"
while :; do sleep 60; done
