#!/bin/sh
# Boots the systemd of this machine as process 1 of namespaces of its own, in a throw-away overlay of /, and lends it until stdin ends.
# usage: systemd-machine.sh boot|try FOLDER…   `try` ends where systemd would begin. FOLDERs are the same inside and outside.
# First it prints the pid of process 1 as it is seen from outside. Whatever happens to whoever has called it, nothing stays behind.
set -eu
how=$1
shift

# Process 1. Everything is mounted where nobody else sees it, and gone when the last process of the namespace is.
if [ "$how" = inside ]; then
  how=$1
  shift
  read -r pid _ </proc/self/stat
  mount --make-rprivate /
  mount -t tmpfs -o mode=0755 tmpfs /mnt
  mkdir /mnt/upper /mnt/work /mnt/root
  mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
  cd /mnt/root
  mount -t proc proc proc
  # The settings of the kernel are the host's too: systemd would change some.
  mount --bind proc/sys proc/sys
  mount -o remount,bind,ro proc/sys
  mount -t sysfs -o ro sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  for folder in run dev tmp; do mount -t tmpfs -o mode=0755 tmpfs "$folder"; done
  chmod 1777 tmp
  mkdir -m 1777 dev/shm
  for device in null zero full random urandom tty; do
    : >"dev/$device"
    mount --bind "/dev/$device" "dev/$device"
  done
  ln -s /proc/self/fd dev/fd
  ln -s pts/ptmx dev/ptmx
  for folder; do
    mkdir -p ".$folder"
    mount --bind "$folder" ".$folder"
  done
  # What this machine would start (udev, D-Bus, logind, its servers) is none of ours: only what a test asks for runs.
  rm -rf lib/systemd/*-generators lib/systemd/system/*.wants etc/systemd/system/* etc/systemd/system.conf.d
  rm -rf usr/lib/systemd/user-generators usr/lib/systemd/user/*.wants etc/systemd/user/*
  mkdir etc/systemd/system/sysinit.target.wants
  ln -s /lib/systemd/system/systemd-journald.socket etc/systemd/system/sysinit.target.wants
  # The mark by which the tests find whatever they have started.
  mkdir etc/systemd/system.conf.d
  printf '[Manager]\nDefaultEnvironment=%s\n' "SUPERVISOR_TEST_ID=$SUPERVISOR_TEST_ID" >etc/systemd/system.conf.d/test.conf
  pivot_root . mnt
  umount -l /mnt
  cd /
  echo "$pid"
  [ "$how" = boot ] || exit 0
  exec env -i container=test PATH="$PATH" SUPERVISOR_TEST_ID="$SUPERVISOR_TEST_ID" \
    /lib/systemd/systemd --system --unit=basic.target --log-target=journal --show-status=no </dev/null >/dev/null 2>&1
fi

# A Ctrl-C is for whoever has called: stdin ends then.
trap '' INT TERM HUP
point=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$point" ] || { echo "no cgroup v2 is mounted" >&2; exit 1; }
remove() { find "$1" -depth -type d -exec rmdir {} +; }
# What is left of one that was killed itself.
for old in "$point"/supervisor-test-*; do kill -0 "${old##*-}" 2>/dev/null || remove "$old" 2>/dev/null || true; done
group=$point/supervisor-test-$$
mkdir "$group"
trap 'remove "$group"' EXIT

# Process 1 alone goes to the group, so that this is the root of what is seen inside. All of it is dead with this shell, should that be killed.
setpriv --pdeathsig KILL unshare -m -p -f -u -i --kill-child \
  sh -c 'echo 0 >"$0/cgroup.procs" && exec unshare -C sh "$@"' "$group" "$0" inside "$how" "$@" &
machine=$!
if [ "$how" = boot ]; then
  cat >/dev/null
  # Of process 1, not of its parent: it is reaped when nobody of its namespace is left.
  for child in $(pgrep -P "$machine"); do kill -KILL "$child"; done
fi
wait "$machine"
