#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Traffic of which everything is known, for the tests; each bounded by its count.

usage: traffic.py udp ADDR PORT SIZE COUNT          datagrams of SIZE bytes; larger than the MTU: in fragments
       traffic.py udp-ports ADDR FROM TO [ROUNDS]   one datagram of 10 bytes to each port, from one socket
       traffic.py udp-grid ADDR ADDR PORTS FLOWS    FLOWS different flows of 2 packets: many source and destination ports
       traffic.py udp-echo PORT                     answers every datagram until killed
       traffic.py icmp ADDR SIZE COUNT              echo requests, waits for each answer
       traffic.py sctp ADDR COUNT                   SCTP INIT chunks with ports 5000 to 6000
       traffic.py churn ROUNDS LINKS FILE           makes that many veth pairs x1, x2, …, has each carry frames of ethertype 88b5 until
                                                    FILE, what `flowner flows -o json` writes, tells of it, removes them, and so on
       traffic.py raw IFNAME HEX COUNT              this very frame
"""
import json
import os
import socket
import struct
import subprocess
import sys
import time


def family(addr):
    return socket.AF_INET6 if ":" in addr else socket.AF_INET


def udp(addr, port, size, count):
    s = socket.socket(family(addr), socket.SOCK_DGRAM)
    # Path MTU discovery off: larger ones are to be fragmented.
    for level, option in ((socket.IPPROTO_IP, 10), (socket.IPPROTO_IPV6, 23)):
        try:
            s.setsockopt(level, option, 0)
        except OSError:
            pass
    for _ in range(int(count)):
        s.sendto(b"x" * int(size), (addr, int(port)))


def udp_ports(addr, first, last, rounds="1"):
    s = socket.socket(family(addr), socket.SOCK_DGRAM)
    for _ in range(int(rounds)):
        for port in range(int(first), int(last) + 1):
            s.sendto(b"0123456789", (addr, port))


def udp_grid(src, dst, ports, flows):
    ports, flows = int(ports), int(flows)
    socks = []
    for i in range((flows + ports - 1) // ports):
        s = socket.socket(family(dst), socket.SOCK_DGRAM)
        s.bind((src, 20000 + i))
        socks.append(s)
    for _ in range(2):
        for i in range(flows):
            socks[i // ports].sendto(b"0123456789", (dst, 1000 + i % ports))


def udp_echo(port):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind(("::", int(port)))
    while True:
        data, peer = s.recvfrom(65536)
        s.sendto(data, peer)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def icmp(addr, size, count):
    v6 = family(addr) == socket.AF_INET6
    s = socket.socket(family(addr), socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP)
    s.settimeout(10)
    for seq in range(int(count)):
        body = struct.pack(">BBHHH", 128 if v6 else 8, 0, 0, 4711, seq) + b"x" * int(size)
        if not v6:
            body = body[:2] + struct.pack(">H", checksum(body)) + body[4:]
        s.sendto(body, (addr, 0))
        while True:
            answer = s.recv(65536)
            if not v6:
                answer = answer[(answer[0] & 15) * 4:]
            if answer[0] == (129 if v6 else 0) and answer[4:8] == struct.pack(">HH", 4711, seq):
                break


def sctp(addr, count):
    s = socket.socket(family(addr), socket.SOCK_RAW, 132)
    init = struct.pack(">BBHIIHHI", 1, 0, 20, 1, 65536, 1, 1, 1)
    for _ in range(int(count)):
        s.sendto(struct.pack(">HHII", 5000, 6000, 0, 0) + init, (addr, 0))


def raw(ifname, frame, count):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((ifname, 0))
    for _ in range(int(count)):
        s.send(bytes.fromhex(frame))


def churn(rounds, links, told):
    seen, out, rest = set(), open(told, "rb"), b""
    for r in range(int(rounds)):
        numbers = range(r * int(links) + 1, (r + 1) * int(links) + 1)
        batch = "".join(f"link add x{i} type veth peer name y{i}\nlink set x{i} up\nlink set y{i} up\n" for i in numbers)
        subprocess.run(["ip", "-batch", "-"], input=batch.encode(), check=True)
        socks = []
        for i in numbers:
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            s.bind((f"x{i}", 0))
            socks.append((i, s))
        end = time.monotonic() + 20
        seen.difference_update(numbers)
        while not seen.issuperset(numbers):
            if time.monotonic() > end:
                sys.exit(f"not told of: {sorted(set(numbers) - seen)}")
            for i, s in socks:
                s.send(bytes.fromhex("ffffffffffff02000000000188b5") + struct.pack(">I", i) + bytes(40))
            time.sleep(0.01)
            rest += out.read()
            *lines, rest = rest.split(b"\n")
            for line in lines:
                flow = json.loads(line)
                if flow.get("ethertype") == "0x88b5" and not flow.get("final"):
                    seen.add(int(flow["link"]["name"][1:]))
        for _, s in socks:
            s.close()
        subprocess.run(["ip", "-batch", "-"], input="".join(f"link del x{i}\n" for i in numbers).encode(), check=True)


COMMANDS = {"udp": udp, "udp-ports": udp_ports, "udp-grid": udp_grid, "udp-echo": udp_echo, "icmp": icmp, "sctp": sctp,
            "raw": raw, "churn": churn}

if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
    sys.exit(__doc__)
os.environ["PYTHONUNBUFFERED"] = "1"
COMMANDS[sys.argv[1]](*sys.argv[2:])
