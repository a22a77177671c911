#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What a capture file says in numbers, read from its blocks by none of flowner's code.

    capture_counts.py FILE

One JSON object: packets in it, drops told between them, the longest piece of a packet, and the sums of the interfaces'
statistics.
"""
import json
import struct
import sys

PACKET, STATISTICS = 6, 5
DROP_COUNT = 4
NAMES = {4: "received", 6: "accepted", 7: "os_dropped", 8: "delivered"}


def options(data):
    while len(data) >= 4:
        code, n = struct.unpack_from("<HH", data)
        if code == 0:
            return
        yield code, data[4 : 4 + n]
        data = data[4 + (n + 3) // 4 * 4 :]


def number(value):
    return struct.unpack("<Q", value)[0]


def main():
    data = open(sys.argv[1], "rb").read()
    out = {"packets": 0, "drops": 0, "longest": 0, "interfaces": 0, **{n: 0 for n in NAMES.values()}}
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        body = data[at + 8 : at + length - 4]
        assert struct.unpack_from("<I", data, at + length - 4)[0] == length, f"block at {at}"
        at += length
        if kind == PACKET:
            caplen = struct.unpack_from("<I", body, 12)[0]
            out["packets"] += 1
            out["longest"] = max(out["longest"], caplen)
            for code, value in options(body[20 + (caplen + 3) // 4 * 4 :]):
                if code == DROP_COUNT:
                    out["drops"] += number(value)
        elif kind == STATISTICS:
            out["interfaces"] += 1
            for code, value in options(body[12:]):
                if code in NAMES:
                    out[NAMES[code]] += number(value)
    print(json.dumps(out))


main()
