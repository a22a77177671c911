#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The packets of capture files, byte for byte: the witness for `flowner capture -w`.

usage: pcap_packets.py [--device NAME] [--all] FILE.pcapng | DIRECTION=FILE.pcap ...
       pcap_packets.py --statistics FILE.pcapng ...     an interface a line: name, received, accepted, dropped, delivered, packets

One line a packet: direction, captured length, length, SHA-1 of the data; in the order of the file. Per direction only what is
between a frame that has "flowner-first" in it and one that has "flowner-last", unless --all. --device: of interfaces
whose name ends with ":NAME". Its own reading of draft-ietf-opsawg-pcapng, and strict: whatever is not as it should be raises.
"""
import hashlib
import struct
import sys


def pcap(path, direction):
    with open(path, "rb") as f:
        head = f.read(24)
        assert head[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"), path
        while record := f.read(16):
            captured, length = struct.unpack("<II", record[8:])
            data = f.read(captured)
            assert len(data) == captured, "cut short"
            yield direction, data, length


def options(body):
    while body:
        code, length = struct.unpack("<HH", body[:4])
        if code == 0:
            assert length == 0 and len(body) == 4, "something behind the end of options"
            return
        assert len(body) >= 4 + length
        yield code, body[4:4 + length]
        body = body[4 + (length + 3) // 4 * 4:]


def blocks(path):
    with open(path, "rb") as f:
        while head := f.read(8):
            kind, length = struct.unpack("<II", head)
            assert length % 4 == 0 and length >= 12, (path, kind, length)
            body = f.read(length - 8)
            assert len(body) == length - 8, "cut short"
            assert struct.unpack("<I", body[-4:])[0] == length, "two different lengths"
            yield kind, body[:-4]


def pcapng(path, device):
    names, first, last = [], True, 0
    for kind, body in blocks(path):
        assert (kind == 0x0a0d0d0a) == first, "one section, at the beginning"
        first = False
        if kind == 1:
            opts = dict(options(body[8:]))
            assert opts[9] == b"\x09", "not in nanoseconds"
            names.append(opts[2].decode())
        elif kind == 6:
            interface, high, low, captured, length = struct.unpack("<IIIII", body[:20])
            data = body[20:20 + captured]
            assert len(data) == captured <= length
            time = high << 32 | low
            assert time >= last, "back in time"
            last = time
            opts = dict(options(body[20 + (captured + 3) // 4 * 4:]))
            direction = {1: "ingress", 2: "egress"}[struct.unpack("<I", opts[2])[0] & 3]
            if device is None or names[interface].endswith(":" + device):
                yield direction, data, length


def statistics(path):
    names, packets = [], []
    for kind, body in blocks(path):
        if kind == 1:
            names.append(dict(options(body[8:]))[2].decode())
            packets.append(0)
        elif kind == 6:
            packets[struct.unpack("<I", body[:4])[0]] += 1
        elif kind == 5:
            interface, opts = struct.unpack("<I", body[:4])[0], dict(options(body[12:]))
            numbers = [struct.unpack("<Q", opts[code])[0] for code in (4, 6, 7, 8)]
            start, end = (struct.unpack("<II", opts[code]) for code in (2, 3))
            assert start <= end
            yield names[interface], *numbers, packets[interface]


def main(args):
    if args[0] == "--statistics":
        for path in args[1:]:
            for line in statistics(path):
                print(*line)
        return
    device, everything = None, False
    while args and args[0].startswith("--"):
        option = args.pop(0)
        if option == "--all":
            everything = True
        else:
            assert option == "--device"
            device = args.pop(0)
    inside = set()
    for arg in args:
        direction, equals, path = arg.partition("=")
        for way, data, length in pcap(path, direction) if equals else pcapng(arg, device):
            if b"flowner-last" in data:
                inside.discard(way)
            if everything or way in inside:
                print(way, len(data), length, hashlib.sha1(data).hexdigest())
            if b"flowner-first" in data:
                inside.add(way)


main(sys.argv[1:])
