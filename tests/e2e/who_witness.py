#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What `ss` lists in each of the namespaces is what `who` has there, and the other way round.

usage: who_witness.py FLOWNER NETNS…

Compares state, addresses and the processes that hold each socket, TCP and UDP, connected and listening. What changes
while it looks is looked at again: `ss` before and after `who` has to be the same.
"""
import json
import re
import subprocess
import sys

FLOWNER, SPACES = sys.argv[1], sys.argv[2:]
STATES = {"ESTAB": "ESTABLISHED", "SYN-SENT": "SYN_SENT", "SYN-RECV": "SYN_RECV", "FIN-WAIT-1": "FIN_WAIT1",
          "FIN-WAIT-2": "FIN_WAIT2", "TIME-WAIT": "TIME_WAIT", "CLOSE-WAIT": "CLOSE_WAIT", "LAST-ACK": "LAST_ACK",
          "CLOSING": "CLOSING", "LISTEN": "LISTEN"}


def run(*args):
    return subprocess.run(args, check=True, stdout=subprocess.PIPE, text=True).stdout


def plain(addr):
    """[::ffff:10.0.0.1]:80, *:80 and 10.0.0.1%lo:80 as `who` has them."""
    host, _, port = addr.rpartition(":")
    host = host.strip("[]").split("%")[0].removeprefix("::ffff:")
    return ("::" if host == "*" else host), (0 if port == "*" else int(port))


def by_ss(ns):
    found = []
    for kind in "tu":
        for line in run("ip", "netns", "exec", ns, "ss", f"-H{kind}anp").splitlines():
            words = line.split()
            local, remote = plain(words[3]), plain(words[4])
            pids = sorted({int(p) for p in re.findall(r"pid=(\d+)", line)})
            state = "udp" if kind == "u" else STATES[words[0]]
            remote = remote if remote[1] else None
            found.append((ns, state, local, remote, tuple(pids)))
    return sorted(found, key=repr)


def end(name, s, state):
    def addr(key):
        return (s[key]["addr"], s[key].get("port", 0)) if key in s and s[key].get("port") else None
    pids = s.get("pids") or ([s["owner"]["pid"]] if s.get("owner", {}).get("source") == "snapshot" else [])
    return (name, state, addr("local"), addr("remote"), tuple(sorted(pids)))


def by_who():
    found = []
    lines = run(FLOWNER, "who", "--udp", "-o", "json").splitlines()
    lines += subprocess.run([FLOWNER, "who", "--listening", "-o", "json"], stdout=subprocess.PIPE,
                            text=True).stdout.splitlines()
    for row in map(json.loads, lines):
        if row["type"] == "connection":
            via = row.get("via", {})
            ends = [row.get("client"), row.get("server"), row.get("end"), via.get("front"), via.get("back")]
        else:
            ends = [row]
        for s in filter(None, ends):
            name = s["netns"].get("name")
            if name in SPACES:
                found.append(end(name, s, s.get("state") or {"listen": "LISTEN", "udp": "udp"}[row["type"]]))
    return sorted(found, key=repr)


def main():
    for _ in range(20):
        before = [s for ns in SPACES for s in by_ss(ns)]
        who = by_who()
        after = [s for ns in SPACES for s in by_ss(ns)]
        if before == after:
            break
    else:
        sys.exit("the sockets change all the time")
    before.sort(key=repr)
    for s in before:
        if s not in who:
            print("only ss:", s)
    for s in who:
        if s not in before:
            print("only who:", s)
    print(len(before), "sockets")
    sys.exit(who != before)


main()
