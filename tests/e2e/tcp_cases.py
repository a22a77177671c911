#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""One TCP situation, made on purpose, between two network namespaces.

usage: tcp_cases.py CLIENT-NETNS SERVER-NETNS SERVER-ADDR PORT CASE

One process holds both ends, each socket made in its own namespace. Prints the client's local port.
"""
import ctypes
import os
import socket
import struct
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def enter(name):
    fd = os.open("/run/netns/" + name, os.O_RDONLY)
    if libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(fd)


def rst_on_close(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def read_all(s):
    data = b""
    while True:
        more = s.recv(65536)
        if not more:
            return data
        data += more


class Ends:
    def __init__(self, client_ns, server_ns, addr, port):
        self.family = socket.AF_INET6 if ":" in addr else socket.AF_INET
        self.client_ns, self.server_ns, self.addr, self.port = client_ns, server_ns, addr, port

    def listen(self, family=None, bind=None):
        enter(self.server_ns)
        self.listener = socket.socket(family or self.family)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((bind or self.addr, self.port))
        self.listener.listen(7)

    def client_socket(self):
        enter(self.client_ns)
        return socket.socket(self.family)

    def connect(self):
        self.client = self.client_socket()
        self.client.connect((self.addr, self.port))
        print(self.client.getsockname()[1], flush=True)

    def established(self):
        self.listen()
        self.connect()
        self.server, _ = self.listener.accept()
        self.client.sendall(b"ping" * 25)
        assert self.server.recv(100, socket.MSG_WAITALL) == b"ping" * 25
        self.server.sendall(b"pong" * 10)
        assert self.client.recv(40, socket.MSG_WAITALL) == b"pong" * 10


def case_client_closes_first(e):
    e.established()
    e.client.close()
    assert e.server.recv(1) == b""
    e.server.close()


def case_server_closes_first(e):
    e.established()
    e.server.close()
    assert e.client.recv(1) == b""
    e.client.close()


def case_half_close(e):
    e.established()
    e.client.shutdown(socket.SHUT_WR)
    assert e.server.recv(1) == b""
    e.server.sendall(b"z" * 70000)
    e.server.close()
    assert len(read_all(e.client)) == 70000
    e.client.close()


def case_client_resets(e):
    e.established()
    rst_on_close(e.client)
    e.client.close()
    try:
        e.server.recv(1)
    except ConnectionResetError:
        pass
    e.server.close()


def case_server_resets(e):
    e.established()
    rst_on_close(e.server)
    e.server.close()
    try:
        e.client.recv(1)
    except ConnectionResetError:
        pass
    e.client.close()


def case_unread_data(e):
    """close(2) with data unread sends a reset."""
    e.established()
    e.client.sendall(b"nobody reads this")
    while not e.server.recv(1, socket.MSG_PEEK):
        pass
    e.server.close()
    try:
        e.client.recv(1)
    except ConnectionResetError:
        pass
    e.client.close()


def case_data_after_close(e):
    """Data for a socket in FIN_WAIT that nobody will read: answered with a reset."""
    e.established()
    e.server.close()
    assert e.client.recv(1) == b""
    e.client.sendall(b"too late")
    time.sleep(0.01)
    e.client.close()


def case_refused_here(e):
    """Every third segment with data is dropped by a rule of the host that sends it."""
    e.established()
    for ns in e.client_ns, e.server_ns:
        subprocess.run(["ip", "netns", "exec", ns, "nft", "-f", "-"], check=True, text=True, input="""
            table inet refuse {
                chain out { type filter hook output priority 0; meta length > 100 numgen inc mod 3 0 drop; }
            }""")
    for _ in range(4):
        e.client.sendall(b"x" * 20000)
        e.server.recv(20000, socket.MSG_WAITALL)
        e.server.sendall(b"y" * 1000)
        e.client.recv(1000, socket.MSG_WAITALL)
    print("held", flush=True)
    sys.stdin.readline()
    for ns in e.client_ns, e.server_ns:
        subprocess.run(["ip", "netns", "exec", ns, "nft", "delete", "table", "inet", "refuse"], check=True)
    e.client.close()
    assert e.server.recv(1) == b""
    e.server.close()


def case_never_accepted(e):
    e.listen()
    e.connect()
    e.client.sendall(b"hello")
    e.client.close()
    e.listener.close()


def case_abandoned(e):
    """A process that gives up on a connect that nobody answers."""
    s = e.client_socket()
    s.setblocking(False)
    s.connect_ex((e.addr, e.port))
    print(s.getsockname()[1], flush=True)
    s.close()


def case_timeout(e):
    s = e.client_socket()
    s.setsockopt(socket.IPPROTO_TCP, 18, 600)    # TCP_USER_TIMEOUT, ms
    try:
        s.connect((e.addr, e.port))
    except TimeoutError:
        pass
    s.close()


def case_reconnect(e):
    """One socket, refused first, connected then: one cookie, two stories."""
    s = e.client_socket()
    try:
        s.connect((e.addr, e.port))
    except ConnectionRefusedError:
        pass
    e.listen()
    enter(e.client_ns)
    s.connect((e.addr, e.port))
    print(s.getsockname()[1], flush=True)
    c, _ = e.listener.accept()
    s.close()
    c.close()


def case_fast_open(e):
    """The second connection carries data in its SYN: it is accepted and served before its handshake is complete."""
    e.listen()
    e.listener.setsockopt(socket.IPPROTO_TCP, 23, 5)     # TCP_FASTOPEN
    for _ in range(2):
        s = e.client_socket()
        s.sendto(b"in the SYN", 0x20000000, (e.addr, e.port))     # MSG_FASTOPEN
        print(s.getsockname()[1], flush=True)
        c, _ = e.listener.accept()
        assert c.recv(10, socket.MSG_WAITALL) == b"in the SYN"
        s.close()
        assert c.recv(1) == b""
        c.close()


def case_mapped(e):
    """An IPv4 client of a server that listens on [::]."""
    e.listen(socket.AF_INET6, "::")
    e.connect()
    e.server, _ = e.listener.accept()
    e.client.close()
    e.server.close()


def case_fork_keeps(e):
    """The parent closes, its child keeps the socket: no close before the child goes."""
    e.established()
    child = os.fork()
    if child == 0:
        e.server.close()
        e.listener.close()
        sys.stdin.readline()
        os._exit(0)
    e.client.close()
    e.listener.close()
    print("parent closed", flush=True)
    try:
        e.server.recv(1)
    except OSError:
        pass
    os.waitpid(child, 0)


def case_child_accepts(e):
    """The listener's child accepts."""
    e.listen()
    child = os.fork()
    if child == 0:
        with open("/proc/self/comm", "w") as f:
            f.write("acceptor")
        c, _ = e.listener.accept()
        while c.recv(100):
            pass
        os._exit(0)
    e.connect()
    print(child, flush=True)
    e.client.sendall(b"hi")
    e.client.close()
    os.waitpid(child, 0)


def case_passed_listener(e):
    """A process unrelated to the one that listens got the listening socket by SCM_RIGHTS."""
    a, b = socket.socketpair(socket.AF_UNIX)
    helper = os.fork()
    if helper == 0:
        with open("/proc/self/comm", "w") as f:
            f.write("got-by-mail")
        _, fds, _, _ = socket.recv_fds(b, 1, 1)
        c, _ = socket.socket(fileno=fds[0]).accept()
        while c.recv(100):
            pass
        os._exit(0)
    e.listen()
    socket.send_fds(a, [b"x"], [e.listener.fileno()])
    e.connect()
    print(helper, flush=True)
    e.client.close()
    os.waitpid(helper, 0)


def case_dies_at_once(e):
    """A process that ends, without close(2), right after its connect."""
    e.listen()
    child = os.fork()
    if child == 0:
        with open("/proc/self/comm", "w") as f:
            f.write("mayfly")
        s = e.client_socket()
        s.connect((e.addr, e.port))
        os._exit(0)
    os.waitpid(child, 0)
    print(child, flush=True)
    c, _ = e.listener.accept()
    assert c.recv(1) == b""
    c.close()


def case_hostile_name(e):
    with open("/proc/self/comm", "wb") as f:
        f.write(b"\x1b[2Jx\n\"\\\xff\xc3")
    e.established()
    e.client.close()
    e.server.close()


def main():
    ends = Ends(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
    globals()["case_" + sys.argv[5]](ends)


main()
