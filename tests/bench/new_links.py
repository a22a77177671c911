#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""How long new links go unwatched: a namespace comes with links that send at once; when was the first frame counted?

usage: tests/bench/new_links.py FLOWNER LINKS ROUNDS

One JSON object. Every link sends a frame each 2 ms from the moment that all are there; the time of the first one that
flowner counted, less that moment, is what is told.
"""
import datetime
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time

# An ethertype for local experiments (IEEE 802).
FRAME = bytes.fromhex("ffffffffffff 020000000001 88b5") + bytes(46)


def die(what):
    sys.exit(f"new_links: {what}")


def burst(links):
    """In the new namespace: ends after a second of sending. Prints when the links were there."""
    lines = "".join(f"link add x{i} type veth peer name y{i}\nlink set x{i} up\nlink set y{i} up\n" for i in range(links))
    subprocess.run(["ip", "-batch", "-"], input=lines.encode(), check=True)
    began = time.time()
    print(began, flush=True)
    sockets = []
    for i in range(links):
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        s.bind((f"x{i}", 0))
        sockets.append(s)
    while time.time() < began + 1:
        for s in sockets:
            s.send(FRAME)
        time.sleep(0.002)


def one_round(flowner, links, out):
    tracer = subprocess.Popen([flowner, "flows", "-o", "json"], stdout=open(out, "w"), stderr=subprocess.PIPE, text=True)
    for line in tracer.stderr:
        if line.startswith("flowner: watching"):
            break
    name = f"flowner-bench-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        sender = subprocess.run(["ip", "netns", "exec", name, sys.executable, __file__, "burst", str(links)],
                                stdout=subprocess.PIPE, check=True)
    finally:
        tracer.terminate()
        tracer.communicate()
        subprocess.run(["ip", "netns", "del", name], check=True)
    began, late = float(sender.stdout), {}
    for line in open(out):
        flow = json.loads(line)
        if flow["type"] == "flow" and flow.get("ethertype") == "0x88b5":
            first = datetime.datetime.fromisoformat(flow["first"][:26] + "+00:00").timestamp()
            late.setdefault(flow["link"]["name"], max(0, (first - began) * 1000))
    if len(late) != links:
        die(f"{len(late)} of {links} links were watched")
    return late.values()


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "burst":
        return burst(int(sys.argv[2]))
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    flowner, links, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with tempfile.TemporaryDirectory() as d:
        ms = [t for _ in range(rounds) for t in one_round(flowner, links, os.path.join(d, "flows"))]
    print(json.dumps({"part": "new-links", "links": links, "rounds": rounds, "ms_least": min(ms),
                      "ms_median": statistics.median(ms), "ms_most": max(ms)}))


main()
