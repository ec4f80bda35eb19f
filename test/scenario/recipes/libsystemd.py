"""A service that knows its manager through libsystemd alone, and writes down what the library tells it: to the file FACTS.

It stores a memfd with the manager, named "kept", and says READY. It ends on SIGTERM.
"""

import ctypes
import json
import os
import signal
import socket
import sys

lib = ctypes.CDLL("libsystemd.so.0")


def names():
    """sd_listen_fds_with_names, which takes the variables away."""
    listed = ctypes.POINTER(ctypes.c_char_p)()
    count = lib.sd_listen_fds_with_names(1, ctypes.byref(listed))
    return [listed[at].decode() for at in range(count)] if count >= 0 else count


def watchdog():
    every = ctypes.c_uint64()
    return [lib.sd_watchdog_enabled(0, ctypes.byref(every)), every.value]


def said(code):
    """Above 0: the manager was there."""
    return code > 0


facts = {"names": names(), "watchdog": watchdog()}
port = ctypes.c_uint16(socket.socket(fileno=os.dup(3)).getsockname()[1])
facts["is_socket"] = lib.sd_is_socket(3, socket.AF_INET, socket.SOCK_STREAM, 1)
facts["is_inet"] = lib.sd_is_socket_inet(3, socket.AF_INET, socket.SOCK_STREAM, 1, port)
facts["is_unix"] = lib.sd_is_socket_unix(4, socket.SOCK_STREAM, 1, None, 0)
facts["cloexec"] = [not os.get_inheritable(fd) for fd in (3, 4)]
facts["kept"] = os.pread(5, 9, 0).decode() if "kept" in facts["names"] else None
if facts["kept"] is None:
    memory = os.memfd_create("kept")
    os.write(memory, b"from once")
    one = (ctypes.c_int * 1)(memory)
    facts["stored"] = said(lib.sd_pid_notify_with_fds(0, 0, b"FDSTORE=1\nFDNAME=kept", one, 1))
facts["barrier"] = said(lib.sd_notify_barrier(0, ctypes.c_uint64(5_000_000)))
facts["status"] = said(lib.sd_notify(0, b"STATUS=known by libsystemd"))
facts["alive"] = said(lib.sd_notify(0, b"WATCHDOG=1"))
with open(sys.argv[1], "w") as out:
    json.dump(facts, out)
facts["ready"] = said(lib.sd_notify(0, b"READY=1"))
signal.sigwait([signal.SIGTERM])
lib.sd_notify(0, b"STOPPING=1")
