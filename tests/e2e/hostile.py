#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Processes and packets that want to be misread, for the tests. What is true about them is printed, a JSON object a line.

usage: hostile.py names ADDR PORT [hold]       a connection by a process of each of NAMES: {"port", "hex": the name's bytes}; hold: they
                                               stay until SIGTERM; the line "ready" says that all are there
       hostile.py rename ADDR PORT             connections whose process has another name at each step: {"port", "names"}
       hostile.py exec ADDR PORT               connects, then executes another program, which closes: {"port", "pid"}
       hostile.py gone ADDR PORT COUNT         COUNT processes that connect and end at once, a connection each: {"port", "pid"}
       hostile.py leader ADDR PORT             in a namespace of its own, the first thread ends, another one connects over the
                                               loopback device: {"port", "pid", "tid", "inode"}, then holds until SIGTERM
       hostile.py between NETNS ADDR PORT      a socket, then a new namespace, then its connect; and the same with setns to NETNS
       hostile.py storm COUNT                  processes that fork and end, COUNT of them in all
       hostile.py netns COUNT                  holds COUNT network namespaces until SIGTERM
       hostile.py pcap FILE | pcapng FILE      packets, names and comments as others might have written them
       hostile.py text FIELD…                  JSON lines from stdin: the value of each FIELD (a.b.c), in hex, as it was before it was escaped
"""
import ctypes
import json
import os
import re
import signal
import socket
import struct
import sys
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
PR_SET_NAME, PR_GET_NAME = 15, 16

NAMES = [
    b"\x1b[2J\x1b[31m",
    b"a\nb\tc\r\x07",
    b"\xff\xfe\x80\xc0",
    b'"\\"}{,"a":"',
    b"\\x1b[2J",  # the text, not the escape sequence
    b"\\\\x1b",
    b"1234567890123\xe2\x82\xac",  # cut in its last character
    b"\xe2\x80\xaetxt.exe",  # from right to left
    b"nginx\xe2\x80\x8b",  # with an invisible character
    b"nginx",
    b"\xc2\x9b31m",  # CSI in one character
    b"",
    b" ",
    b"$(id)`id`;|&",
    b"%s%n%p",
    b"a) R 1 2 (b",  # as /proc/PID/stat has it
    b"\xf3\xa0\x81\x81\xef\xbb\xbf",  # a tag, a byte order mark
]


def say(**what):
    print(json.dumps(what), flush=True)


def set_name(name):
    libc.prctl(PR_SET_NAME, ctypes.c_char_p(name), 0, 0, 0)
    out = ctypes.create_string_buffer(16)
    libc.prctl(PR_GET_NAME, out, 0, 0, 0)
    return out.value


def enter_new():
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")


def enter(path):
    fd = os.open(path, os.O_RDONLY)
    if libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(fd)


def here():
    return os.stat("/proc/thread-self/ns/net").st_ino


def up(device="lo"):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    req = struct.pack("16sh", device.encode(), 0x1)  # IFF_UP
    import fcntl

    fcntl.ioctl(s, 0x8914, req)  # SIOCSIFFLAGS


def child(fn):
    """fn in a process of its own; its pid."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        libc.prctl(1, 9)  # PR_SET_PDEATHSIG: whatever becomes of us, it goes
        try:
            fn()
            sys.stdout.flush()
        finally:
            os._exit(0)
    return pid


def until_told():
    signal.sigwait({signal.SIGTERM})


def all_gone(pids):
    for pid in pids:
        os.waitpid(pid, 0)


def exchange(s):
    s.sendall(b"x" * 100)
    s.recv(1)


def names(addr, port, hold=None):
    def one(name, wait_fd):
        s = socket.socket()
        has = set_name(name)
        s.connect((addr, int(port)))
        say(port=s.getsockname()[1], hex=has.hex(), pid=os.getpid())
        if hold:
            os.read(wait_fd, 1)  # ends with our parent
        s.close()

    pids, ends = [], []
    for name in NAMES:
        r, w = os.pipe()
        ends.append(w)

        def run(name=name, r=r):
            for e in ends:
                os.close(e)
            one(name, r)

        pids.append(child(run))
        os.close(r)
        if not hold:
            all_gone([pids.pop()])
    if hold:
        while open("/proc/self/net/tcp").read().count(":%04X 01" % int(port)) < len(NAMES):
            time.sleep(0.02)
        print("ready", flush=True)
        until_told()
        for w in ends:
            os.close(w)
        all_gone(pids)


def rename(addr, port):
    for i in range(20):
        s = socket.socket()
        first = b"conn\x1b[%d" % i
        set_name(first)
        s.connect((addr, int(port)))
        set_name(b"wrote\n%d" % i)
        s.sendall(b"x" * 100)
        set_name(b"closed\"%d" % i)
        say(port=s.getsockname()[1], hex=first.hex(), pid=os.getpid())
        s.close()


def exec_(addr, port):
    s = socket.socket()
    set_name(b"before")
    s.connect((addr, int(port)))
    os.set_inheritable(s.fileno(), True)
    say(port=s.getsockname()[1], pid=os.getpid())
    os.execvp("sleep", ["sleep", "0.2"])


def gone(addr, port, count):
    def one():
        s = socket.socket()
        s.connect((addr, int(port)))
        say(port=s.getsockname()[1], pid=os.getpid())

    for _ in range(int(count)):
        all_gone([child(one)])


def leader(addr, port):
    enter_new()
    up()
    listener = socket.socket()
    listener.bind((addr, int(port)))
    listener.listen()
    main = os.getpid()

    def worker():
        # Until the first thread is a zombie.
        while open("/proc/%d/stat" % main).read().rsplit(")", 1)[1].split()[0] != "Z":
            time.sleep(0.01)
        set_name(b"worker")
        s = socket.socket()
        s.connect((addr, int(port)))
        taken, _ = listener.accept()
        say(port=s.getsockname()[1], pid=main, tid=threading.get_native_id(), inode=here())
        print("ready", flush=True)
        until_told()
        s.close()
        taken.close()
        os._exit(0)

    threading.Thread(target=worker).start()
    libc.syscall(60 if os.uname().machine == "x86_64" else 93, 0)  # exit, of this thread only


def between(netns, addr, port):
    home, theirs = here(), os.stat("/run/netns/" + netns).st_ino
    back = os.open("/proc/self/ns/net", os.O_RDONLY)
    for how in ("unshare", "setns"):
        s = socket.socket()
        if how == "unshare":
            enter_new()
        else:
            enter("/run/netns/" + netns)
        now = here()
        s.connect((addr, int(port)))
        say(port=s.getsockname()[1], pid=os.getpid(), socket=home, process=now, how=how)
        assert how == "unshare" or now == theirs
        s.close()
        libc.setns(back, CLONE_NEWNET)


def storm(count):
    for _ in range(int(count) // 8):
        pids = [child(lambda: None) for _ in range(7)]
        pids.append(child(lambda: os.execvp("true", ["true"])))
        all_gone(pids)


def netns(count):
    count = int(count)
    r, w = os.pipe()
    for i in range(count):

        def one():
            os.close(w)
            enter_new()
            os.write(ready_w, b"x")
            os.read(r, 1)

        if i == 0:
            ready_r, ready_w = os.pipe()
        child(one)
    for _ in range(count):
        os.read(ready_r, 1)
    print("ready", flush=True)
    until_told()
    os.close(w)
    for _ in range(count):
        os.wait()


# --- packets ---


def checksum(b):
    b += b"\0" * (len(b) % 2)
    n = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    while n >> 16:
        n = (n & 0xFFFF) + (n >> 16)
    return ~n & 0xFFFF


def udp_frame(payload, sport=40000, dport=53):
    udp = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]))
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return b"\x02" * 6 + b"\x04" * 6 + b"\x08\x00" + ip + udp


def dns(labels, raw=None, qtype=1, answers=0, flags=0x0100):
    name = raw if raw is not None else b"".join(bytes([len(x)]) + x for x in labels) + b"\0"
    return struct.pack("!HHHHHH", 7, flags, 1, answers, 0, 0) + name + struct.pack("!HH", qtype, 1)


def dns_messages():
    yield dns([b"\x1b[2Jevil", b"a\nb", b'q"\\', b"\xff\xfe"])
    yield dns([b"a.b", b"\0", b"\xe2\x80\xae"])
    yield dns([b"x" * 63, b"y" * 63, b"z" * 63, b"w" * 61])  # 255 bytes on the wire
    yield dns([b"x" * 63, b"y" * 63, b"z" * 63, b"w" * 62])  # one too many
    yield dns([], raw=b"\xc0\x0c")  # to itself
    yield dns([], raw=b"\x01a\xc0\x0c")  # round and round
    yield dns([], raw=b"\xc0\xff")  # behind the end
    yield dns([], raw=b"\x3f" + b"s" * 10)  # longer than what is there
    yield dns([], raw=b"\x80" + b"s" * 10)  # a length of no kind
    text = b"\x1b]0;title\x07\xc2\x9b"
    yield dns([b"t"], qtype=16, answers=1, flags=0x8180) + b"\xc0\x0c" + struct.pack("!HHIH", 16, 1, 60, len(text) + 1) + bytes(
        [len(text)]
    ) + text
    yield struct.pack("!HHHHHH", 7, 0x8180, 65535, 65535, 65535, 65535) + b"\xc0\x0c" * 200


def frames():
    yield from map(udp_frame, dns_messages())
    yield b""
    yield b"\x02" * 13
    whole = udp_frame(b"x" * 20, 1, 2)
    yield from (whole[:n] for n in range(len(whole)))


def pcap(path):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        # The first second of all, and the last one that fits.
        times = [(0, 0), (0, 999999), (2**32 - 1, 999999)]
        for i, frame in enumerate(frames()):
            f.write(struct.pack("<IIII", *times[min(i, 2)], len(frame), len(frame)) + frame)


def block(kind, body):
    body += b"\0" * (-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def option(code, value):
    return struct.pack("<HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def pcapng(path):
    end = option(0, b"")
    evil = [n for n in NAMES if n] + [b"n" * 70000][:0] + [b"long" * 5000, b"of:a:b:c", b":", b"::"]
    with open(path, "wb") as f:
        f.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + option(4, b"\x1b[2J\n") + end))
        for n in evil:
            f.write(block(1, struct.pack("<HHI", 1, 0, 262144) + option(2, n) + option(3, n) + option(9, b"\x09") + end))
        f.write(block(4, b"".join(option(1, bytes([10, 0, 0, 1]) + n + b"\0") for n in evil if len(n) < 1000) + end))
        for i, n in enumerate(evil):
            frame = udp_frame(b"x" * 20, 1, 2)
            when = [0, 1, 2**64 - 1, 2**63][i % 4]
            f.write(
                block(
                    6,
                    struct.pack("<IIIII", i, when >> 32, when & 0xFFFFFFFF, len(frame), len(frame))
                    + frame
                    + b"\0" * (-len(frame) % 4)
                    + option(1, n + b"\n" + n)
                    + option(1, b"\x1b[H" + n)
                    + end,
                )
            )


# --- reading back ---


def unescaped(s):
    """The bytes that a string of flowner's stands for."""
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), s.encode("utf-8"))


def text(*fields):
    for line in sys.stdin.buffer.read().split(b"\n"):
        if not line:
            continue
        row, out = json.loads(line), []
        for field in fields:
            v = row
            for key in field.split("."):
                v = v.get(key) if isinstance(v, dict) else None
            out.append(unescaped(v).hex() if isinstance(v, str) else "-" if v is None else str(v))
        print(" ".join(x or "''" for x in out))


if __name__ == "__main__":
    # For until_told(), in whichever thread.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    {"exec": exec_}.get(sys.argv[1], globals().get(sys.argv[1]))(*sys.argv[2:])
