#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What tcpdump saw, flow by flow: the witness for `flowner flows`.

usage: pcap_flows.py egress=OUT.pcap ingress=IN.pcap        of `tcpdump -Q out -w`, `-Q in -w`

One line a flow and direction: direction, protocol, source, destination, VLANs, packets, bytes; sorted. Bytes are
the packets' own length, however much of them was captured. Its own reading of RFCs 791, 8200 and 792; fragments
are filed under the ports of their first one.
"""
import collections
import ipaddress
import struct
import sys

NAMES = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6", 132: "sctp"}
EXTENSIONS = {0, 43, 60}


def packets(path):
    with open(path, "rb") as f:
        head = f.read(24)
        assert head[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"), path
        assert struct.unpack("<I", head[20:])[0] == 1, "not Ethernet"
        while record := f.read(16):
            captured, length = struct.unpack("<II", record[8:])
            yield f.read(captured), length


def ports(proto, l4):
    if proto in (6, 17, 132):
        return struct.unpack(">HH", l4[:4])
    if proto == 1:
        return (l4[0], int.from_bytes(l4[4:6], "big") if l4[0] in (0, 8) else 0)
    if proto == 58:
        return (l4[0], int.from_bytes(l4[4:6], "big") if l4[0] in (128, 129) else 0)
    return (0, 0)


class Reader:
    def __init__(self):
        self.datagrams = {}

    def flow(self, p):
        kind, at, vlans = int.from_bytes(p[12:14], "big"), 14, []
        while kind in (0x8100, 0x88a8, 0x9100):
            vlans.append(int.from_bytes(p[at:at + 2], "big") & 0xfff)
            kind, at = int.from_bytes(p[at + 2:at + 4], "big"), at + 4
        vlan = ",".join(map(str, vlans)) or "-"
        if kind == 0x0806:
            return ("arp", str(ipaddress.ip_address(p[at + 14:at + 18])), str(ipaddress.ip_address(p[at + 24:at + 28])),
                    vlan)
        if kind == 0x0800:
            src, dst, proto, ident = p[at + 12:at + 16], p[at + 16:at + 20], p[at + 9], p[at + 4:at + 6]
            word = int.from_bytes(p[at + 6:at + 8], "big")
            offset, more = word & 0x1fff, word & 0x2000
            at += (p[at] & 15) * 4
        elif kind == 0x86dd:
            src, dst, proto, ident, offset, more = p[at + 8:at + 24], p[at + 24:at + 40], p[at + 6], b"", 0, 0
            at += 40
            while proto in EXTENSIONS or proto == 44:
                if proto == 44:
                    word = int.from_bytes(p[at + 2:at + 4], "big")
                    offset, more, ident = word & 0xfff8, word & 1, p[at + 4:at + 8]
                    proto, at = p[at], at + 8
                    if offset:
                        break
                else:
                    proto, at = p[at], at + (p[at + 1] + 1) * 8
        else:
            return (f"{kind:#06x}", "-", "-", vlan)
        datagram = (src, dst, ident)
        if offset:
            proto, sport, dport = self.datagrams[datagram]
        else:
            sport, dport = ports(proto, p[at:])
            if more:
                self.datagrams[datagram] = proto, sport, dport
        name = NAMES.get(proto, str(proto))
        if name.startswith("icmp"):
            name = f"{name}:{sport}:{dport}"
            sport = dport = 0
        return (name, f"{ipaddress.ip_address(src)}:{sport}", f"{ipaddress.ip_address(dst)}:{dport}", vlan)


def main():
    sums = collections.defaultdict(lambda: [0, 0])
    for arg in sys.argv[1:]:
        direction, path = arg.split("=", 1)
        reader = Reader()
        for data, length in packets(path):
            try:
                key = (direction, *reader.flow(data))
            except (IndexError, struct.error):
                key = (direction, "malformed", "-", "-", "-")
            sums[key][0] += 1
            sums[key][1] += length
    for key in sorted(sums):
        print(*key, *sums[key])


main()
