#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Sockets in every state that TCP has, at both ends.

usage: who_states.py CLIENT-NETNS SERVER-NETNS CLIENT-ADDRESS SERVER-ADDRESS

One process makes all of them, in both namespaces, a port for each case (the client's is 10000 above), and drops packets in the client's namespace
(nft) where a state is one that waits for an answer. Says "ready" and stays until its input ends.
"""
import ctypes
import socket
import subprocess
import sys
import time

CLIENT_NS, SERVER_NS, CLIENT, SERVER = sys.argv[1:5]
LIBC = ctypes.CDLL(None, use_errno=True)
FAMILY = socket.AF_INET6 if ":" in SERVER else socket.AF_INET
KEPT = []
MADE = {}


def enter(ns):
    with open(f"/run/netns/{ns}") as f:
        if LIBC.setns(f.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), "setns")


def keep(s):
    KEPT.append(s)
    return s


def nft(text, ns=CLIENT_NS):
    subprocess.run(["ip", "netns", "exec", ns, "nft", "-f", "-"], input=text.encode(), check=True)


def drop(chain, port, what=""):
    nft(f"add rule inet states {chain} tcp {'sport' if chain == 'input' else 'dport'} {port} {what} drop\n")


def listen(port, backlog=8, receive_buffer=None):
    enter(SERVER_NS)
    s = keep(socket.socket(FAMILY, socket.SOCK_STREAM))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if receive_buffer:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    s.bind((SERVER, port))
    s.listen(backlog)
    return s


def connect(port, wait=True):
    enter(CLIENT_NS)
    s = keep(socket.socket(FAMILY, socket.SOCK_STREAM))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((CLIENT, port + 10000 + 1000 * MADE.setdefault(port, 0)))
    MADE[port] += 1
    if not wait:
        s.setblocking(False)
        s.connect_ex((SERVER, port))
        return s
    s.settimeout(10)
    s.connect((SERVER, port))
    return s


def pair(port, receive_buffer=None):
    listener = listen(port, receive_buffer=receive_buffer)
    c = connect(port)
    listener.settimeout(10)
    return c, keep(listener.accept()[0])


def state(s):
    return s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[0]


def until(s, wanted):
    for _ in range(1000):
        if state(s) == wanted:
            return
        time.sleep(0.01)
    raise SystemExit(f"state {state(s)} never became {wanted}")


def half_close(s):
    """The other end has acknowledged it, which it may put off."""
    s.shutdown(socket.SHUT_WR)
    until(s, 5)


def main():
    nft("table inet states {\n"
        " chain output { type filter hook output priority 0; }\n"
        " chain input { type filter hook input priority 0; }\n}\n")
    pair(9101)[0].send(b"hello")           # ESTABLISHED at both ends
    c, s = pair(9102)                      # TIME_WAIT at the client, nothing at the server
    half_close(c)
    c.close()
    s.close()
    c, s = pair(9103)                      # FIN_WAIT2 that a process holds / CLOSE_WAIT
    half_close(c)
    c, s = pair(9104)                      # FIN_WAIT2 that nobody holds / CLOSE_WAIT
    half_close(c)
    c.close()
    drop("output", 9105)                   # SYN_SENT
    connect(9105, wait=False)
    drop("input", 9106)                    # SYN_SENT / SYN_RECV
    listen(9106)
    connect(9106, wait=False)
    c, s = pair(9107)                      # FIN_WAIT1 that nobody holds / ESTABLISHED
    drop("output", 9107)
    c.close()
    c, s = pair(9108)                      # FIN_WAIT2 / LAST_ACK that nobody holds
    half_close(c)
    drop("input", 9108)
    s.close()
    c, s = pair(9109)                      # CLOSING / FIN_WAIT1
    drop("output", 9109)
    c.shutdown(socket.SHUT_WR)
    s.shutdown(socket.SHUT_WR)
    until(c, 11)
    listen(9110)                           # ESTABLISHED / not accepted, three of them
    for _ in range(3):
        connect(9110)
    c, s = pair(9111, receive_buffer=8192) # FIN_WAIT1, the FIN behind data that finds no room / ESTABLISHED
    # More than the other end ever takes, also where it has not said so yet.
    c.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 131072)
    c.setblocking(False)
    try:
        while True:
            c.send(bytes(65536))
    except BlockingIOError:
        pass
    c.close()
    print("ready", flush=True)
    sys.stdin.read()


main()
