#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A user-space proxy, under the name of docker-proxy, and what talks through it.

usage: who_proxy.py proxy PORT TARGET TARGET-PORT    take connections, make one to the target for each
       who_proxy.py talk ADDRESS PORT BYTES…         a connection for each number; so many bytes there and back
       who_proxy.py serve PORT                       send back what comes

Each says "ready" and stays until it is ended.
"""
import ctypes
import signal
import socket
import sys
import threading

KEPT = []


def each_connection(port, fn):
    listener = socket.create_server(("0.0.0.0", port))
    print("ready", flush=True)
    while True:
        s = listener.accept()[0]
        KEPT.append(s)
        threading.Thread(target=fn, args=(s,), daemon=True).start()


def copy(a, b):
    while data := a.recv(65536):
        b.sendall(data)


def relay(s):
    t = socket.create_connection((sys.argv[3], int(sys.argv[4])))
    KEPT.append(t)
    threading.Thread(target=copy, args=(t, s), daemon=True).start()
    copy(s, t)


def talk(addr, port, sizes):
    for size in sizes:
        s = socket.create_connection((addr, port))
        KEPT.append(s)
        s.sendall(bytes(size))
        left = size
        while left:
            left -= len(s.recv(65536))
    print("ready", flush=True)
    signal.pause()


if sys.argv[1] == "proxy":
    ctypes.CDLL(None).prctl(15, b"docker-proxy", 0, 0, 0)
    each_connection(int(sys.argv[2]), relay)
elif sys.argv[1] == "serve":
    each_connection(int(sys.argv[2]), lambda s: copy(s, s))
else:
    talk(sys.argv[2], int(sys.argv[3]), [int(n) for n in sys.argv[4:]])
