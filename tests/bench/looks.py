#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""How long flowner takes to begin, to look at what is there, what it remembers of that, and what it does when nothing happens.

usage: looks.py FLOWNER ROUNDS CONNECTIONS…     inside tests/bench/run: namespaces `sender` and `receiver` are there

Prints one JSON object a line. Connections are held open between the two namespaces, by a client and a server for each 15,000.
"""
import json
import os
import signal
import statistics
import subprocess
import sys
import time

PER_SERVER, SERVER, PORT = 15000, "10.88.0.2", 9100	# as many as descriptors are allowed to most
IDLE_SECONDS = 5


def netns(name, *argv):
    return ["ip", "netns", "exec", name, *argv]


def say(**figure):
    print(json.dumps({"part": "looks", **figure}), flush=True)


def ms(seconds):
    return round(1000 * seconds, 1)


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait(60)


class Tool:
    """A flowner that runs on, its lines going nowhere."""

    def __init__(self, *argv):
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while True:
            line = self.process.stderr.readline()
            if not line:
                raise RuntimeError(f"{argv}: it ended")
            if line.startswith(("flowner: tracing", "flowner: watching")):
                break

    def status(self, key):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith(key + ":"))

    def cpu_ns(self):
        with open(f"/proc/{self.process.pid}/schedstat", encoding="ascii") as f:
            return int(f.read().split()[0])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)


def held(n):
    """Are so many connections open at the clients' end?"""
    out = subprocess.run(netns("sender", "cat", "/proc/net/sockstat"), check=True, stdout=subprocess.PIPE, text=True).stdout
    return next(int(line.split()[2]) for line in out.splitlines() if line.startswith("TCP:")) >= n


class Connections:
    """Open until it is left."""

    def __init__(self, flowner, n):
        self.flowner, self.n, self.processes = flowner, n, []

    def __enter__(self):
        servers = (self.n + PER_SERVER - 1) // PER_SERVER
        for i in range(servers):
            self.start("receiver", "echo", "serve", str(PORT + i))
        time.sleep(0.3)
        for i in range(servers):
            n = min(PER_SERVER, self.n - i * PER_SERVER)
            self.start("sender", "echo", "ping", f"{SERVER}:{PORT + i}", "-n", str(n), "-c", str(n), "--timeout", "60", "--hold", "600")
        end = time.monotonic() + 120
        while not held(self.n):
            if time.monotonic() > end:
                raise RuntimeError(f"{self.n} connections: not all are there")
            time.sleep(0.1)
        return self

    def start(self, name, *argv):
        self.processes.append(subprocess.Popen(netns(name, self.flowner, "-q", *argv), stdin=subprocess.DEVNULL,
                                               stdout=subprocess.DEVNULL))

    def __exit__(self, *_):
        for p in reversed(self.processes):
            p.kill()
            p.wait()


def first_event(flowner, rounds):
    """From the start of the process to the first line about an event, while connections are made all the time."""
    times = []
    load = [subprocess.Popen(netns("receiver", flowner, "-q", "echo", "serve", str(PORT)), stdin=subprocess.DEVNULL),
            subprocess.Popen(netns("sender", "sh", "-c", f"while :; do {flowner} -q echo ping {SERVER}:{PORT} -n 1000 --rate 1000; done"),
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]
    time.sleep(0.5)
    for _ in range(rounds):
        begun = time.monotonic()
        p = subprocess.Popen([flowner, "-q", "trace", "-o", "json", "-c", "1"], stdout=subprocess.PIPE)
        p.stdout.readline()
        times.append(time.monotonic() - begun)
        p.communicate()
    for p in reversed(load):
        p.kill()
        p.wait()
    say(what="start to first event", ms_least=ms(min(times)), ms_median=ms(statistics.median(times)))


def idle(flowner):
    for what, argv in (("trace", ["trace"]), ("flows", ["flows", "--dev", "bench-a", "--top", "20"])):
        tool = Tool(flowner, *argv)
        time.sleep(1)
        before = tool.cpu_ns()
        time.sleep(IDLE_SECONDS)
        say(what=f"{what}, nothing happens", cpu_percent=round(100 * (tool.cpu_ns() - before) / 1e9 / IDLE_SECONDS, 3),
            rss_kib=tool.status("VmRSS"))
        tool.stop()


def look(flowner, rounds, n):
    tools = {"trace": Tool(flowner, "trace", "-o", "json"), "flows": Tool(flowner, "flows", "--dev", "bench-b", "-o", "json")}
    before = {name: tool.status("VmRSS") for name, tool in tools.items()}
    with Connections(flowner, n):
        time.sleep(4)
        for name, tool in tools.items():
            rss = tool.status("VmRSS")
            say(what=f"{name}, {n} connections open", rss_kib=rss, rss_peak_kib=tool.status("VmHWM"),
                bytes_a_connection=round(1024 * (rss - before[name]) / n))
            tool.stop()
        times, lines = [], 0
        for _ in range(rounds):
            begun = time.monotonic()
            out = subprocess.run([flowner, "-q", "who", "-o", "json"], check=True, stdout=subprocess.PIPE).stdout
            times.append(time.monotonic() - begun)
            lines = out.count(b"\n")
        say(what=f"who, {n} connections open", ms_least=ms(min(times)), ms_median=ms(statistics.median(times)), lines=lines)


def main():
    flowner, rounds = sys.argv[1], int(sys.argv[2])
    first_event(flowner, rounds)
    idle(flowner)
    for n in map(int, sys.argv[3:]):
        look(flowner, rounds, n)


main()
