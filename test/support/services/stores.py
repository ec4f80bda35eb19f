"""
A service that knows nothing of this project: it speaks sd_listen_fds(3) and sd_notify(3), and stores descriptors.

Told what to do by lines of JSON on its listener "control", one for each connection, and answers with one.
    ["given"]                what it was started with, after "control": [[name, what], ...]
    ["listen", NAME]         stores a listening socket, answers its port
    ["accept", NAME, AS]     stores the next connection on the listener NAME
    ["memfd", NAME, TEXT]    stores a memfd with that text
    ["write", NAME, TEXT]    writes to the connection NAME
    ["again", NAME, AS]      stores the descriptor NAME once more, under another name
    ["say", TEXT]            one message without a descriptor
"""

import json
import os
import socket
import stat


def notify(text, fds=()):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(os.environ["NOTIFY_SOCKET"])
        socket.send_fds(sender, [text.encode()], list(fds))


def barrier():
    """Source: sd_notify_barrier(3): the other end is closed when all before it was heard."""
    reader, writer = os.pipe()
    notify("BARRIER=1", [writer])
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)


def store(name, fd):
    notify(f"FDSTORE=1\nFDNAME={name}", [fd])
    barrier()


def given():
    if int(os.environ.get("LISTEN_PID", 0)) != os.getpid():
        return []
    names = os.environ["LISTEN_FDNAMES"].split(":")
    assert len(names) == int(os.environ["LISTEN_FDS"])
    return [(name, 3 + index) for index, name in enumerate(names)]


def describe(fd):
    mode = os.fstat(fd).st_mode
    if not stat.S_ISSOCK(mode):
        return os.pread(fd, 1000, 0).decode()
    with socket.socket(fileno=os.dup(fd)) as one:
        if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return f"listens on {one.getsockname()[1]}"
        return f"talks to {one.getpeername()[1]}"


def obey(task, *words):
    if task == "given":
        return [[name, describe(fd)] for name, fd in begun[1:]]
    if task == "say":
        notify(words[0])
        barrier()
    if task == "listen":
        one = socket.create_server(("127.0.0.1", 0))
        have(words[0], one.detach())
        return describe(known[words[0]])
    if task == "accept":
        with socket.socket(fileno=os.dup(known[words[0]])) as one:
            one.settimeout(10)
            have(words[1], one.accept()[0].detach())
    if task == "memfd":
        fd = os.memfd_create(words[0])
        os.write(fd, words[1].encode())
        have(words[0], fd)
    if task == "write":
        os.write(known[words[0]], words[1].encode())
    if task == "again":
        store(words[1], known[words[0]])
    return None


def have(name, fd):
    known[name] = fd
    store(name, fd)


begun = given()
known = dict(begun)
notify("READY=1\nSTATUS=" + os.environ["FDSTORE"])
with socket.socket(fileno=known["control"]) as control:
    control.setblocking(True)
    while True:
        asker, _ = control.accept()
        with asker, asker.makefile("rw") as lines:
            lines.write(json.dumps(obey(*json.loads(lines.readline()))) + "\n")
