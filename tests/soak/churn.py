# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What goes on while flowner is watched: connections, namespaces with their veths, containers, and those who ask.

    NAME-client eth0 ---- client |           |
    NAME-N      eth0 ---- vN     | br0       | NAME-hub: an echo server on port 9000
                          (comes and goes)

Each kind of churn is a thread that goes on until told to stop; it counts what it made and what failed.
"""
import json
import os
import secrets
import shutil
import subprocess
import threading
import time

HUB, CLIENT = "10.98.0.1", "10.98.0.2"


def run(*argv, data=None):
    """Its output; raises CalledProcessError where it fails."""
    return subprocess.run(argv, input=data, stdin=subprocess.DEVNULL if data is None else None, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="surrogateescape", timeout=60).stdout


def ip(batch, netns=None):
    run("ip", *(["-n", netns] if netns else []), "-batch", "-", data=batch)


class World:
    """The namespaces, the server, and a Docker that is only files."""

    def __init__(self, flowner, folder):
        self.flowner, self.folder = flowner, folder
        self.name = "s" + secrets.token_hex(4)
        self.hub, self.client = f"{self.name}-hub", f"{self.name}-client"
        self.docker = os.path.join(folder, "docker")
        os.makedirs(os.path.join(self.docker, "containers"))
        self.cgroup = self.make_cgroup()
        for netns in (self.hub, self.client):
            run("ip", "netns", "add", netns)
        # An address of its own: else it has the least of its ports', another one each time.
        ip("link add br0 address 02:00:00:00:98:01 type bridge forward_delay 0\nlink set br0 up\nlink set lo up\n"
           f"addr add {HUB}/16 dev br0\naddr add fd98::1/64 dev br0 nodad\n", self.hub)
        self.plug(self.client, "client", CLIENT, "fd98::2")
        self.server = self.start(self.hub, "echo", "serve", "9000")
        for _ in range(500):
            if run("ip", "netns", "exec", self.hub, "ss", "-Hltn", "sport = :9000"):
                return
            time.sleep(0.02)
        raise RuntimeError("the echo server does not listen")

    def make_cgroup(self):
        """A cgroup of our own, or None where none can be made."""
        with open("/proc/self/mountinfo", encoding="ascii") as f:
            lines = [line.split() for line in f]
        mounts = [m[4] for m in lines if m[m.index("-") + 1] == "cgroup2"] + \
                 [m[4] for m in lines if m[m.index("-") + 1] == "cgroup" and "pids" in m[-1].split(",")]
        if not mounts:
            return None
        path = os.path.join(mounts[0], self.name + ".slice")
        os.mkdir(path)
        return path

    def plug(self, netns, port, v4, v6):
        """A cable from that namespace to the switch."""
        ip(f"link add {port} netns {self.hub} type veth peer name eth0 netns {netns}\n")
        ip(f"link set {port} master br0\nlink set {port} up\n", self.hub)
        ip(f"link set lo up\naddr add {v4}/16 dev eth0\naddr add {v6}/64 dev eth0 nodad\nlink set eth0 up\n", netns)

    def start(self, netns, *argv):
        return subprocess.Popen(["ip", "netns", "exec", netns, self.flowner, "-q", *argv], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL)

    def ping(self, netns, addr, *options):
        run("ip", "netns", "exec", netns, self.flowner, "-q", "echo", "ping", f"{addr}:9000", *options)

    def names(self):
        return [n.split()[0] for n in run("ip", "netns", "list").splitlines() if n.startswith(self.name)]

    def close(self):
        self.server.terminate()
        self.server.wait()
        for netns in self.names():
            subprocess.run(["ip", "netns", "del", netns], check=False)
        for _ in range(100):
            left = self.cgroup and [d for d, _, _ in os.walk(self.cgroup, topdown=False) if not remove_folder(d)]
            if not left:
                return
            time.sleep(0.05)


def remove_folder(path):
    try:
        os.rmdir(path)
        return True
    except OSError:
        return not os.path.exists(path)


class Churn(threading.Thread):
    """Does once() again and again, a pause between; `made` and `failed` are for who looks."""
    what, pause = "", 0.0

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.made, self.failed, self.error = world, 0, 0, ""
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.wait(self.pause):
            try:
                self.made += self.once()
            except (OSError, subprocess.SubprocessError) as e:
                self.failed += 1
                self.error = f"{e} {getattr(e, 'output', '') or ''}".strip()
        self.end()

    def once(self):
        raise NotImplementedError

    def end(self):
        pass


class Connections(Churn):
    what, pause = "connections", 0.5

    def once(self):
        self.world.ping(self.world.client, HUB, "-n", "100", "-c", "5", "--rate", "1000", "--size", "2000")
        self.world.ping(self.world.client, "[fd98::1]", "-n", "20", "--reset")
        return 120


class Namespaces(Churn):
    """One after the other: a cable, connections, datagrams from ports that were never used, and gone again."""
    what, pause = "namespaces and veth pairs", 0.05

    def once(self):
        n = self.made
        netns, v4 = f"{self.world.name}-{n}", f"10.98.{1 + n // 250 % 250}.{n % 250 + 1}"
        run("ip", "netns", "add", netns)
        try:
            self.world.plug(netns, f"v{n}", v4, f"fd98::1:{n:x}")
            self.wait_for_carrier(netns)
            self.world.ping(netns, HUB, "-n", "3")
            run("ip", "netns", "exec", netns, "python3", "-c",
                "import socket\n"
                "for i in range(20):\n"
                f"    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('{HUB}', 9000 + i))\n")
        finally:
            run("ip", "netns", "del", netns)
        return 1

    @staticmethod
    def wait_for_carrier(netns):
        for _ in range(200):
            if " UP " in run("ip", "-n", netns, "-br", "link", "show", "eth0"):
                return
            time.sleep(0.01)


class Containers(Churn):
    """A process in a cgroup of its own, known to "Docker" by a file, that makes a connection; and one that lives on and
    has another name each time. Every other one is called soak, for --container."""
    what, pause = "containers", 0.02

    def __init__(self, world):
        super().__init__(world)
        self.lasting = secrets.token_hex(32)
        self.process = None
        self.old = []

    def write(self, container, name):
        folder = os.path.join(self.world.docker, "containers", container)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "new"), "w", encoding="ascii") as f:
            json.dump({"ID": container, "Name": "/" + name, "Config": {"Image": "soak:1", "Labels": {"n": name}}}, f)
        os.rename(os.path.join(folder, "new"), os.path.join(folder, "config.v2.json"))

    def launch(self, container, *argv):
        group = os.path.join(self.world.cgroup, f"docker-{container}.scope")
        os.makedirs(group, exist_ok=True)
        return subprocess.Popen(["sh", "-c", f'echo $$ >{group}/cgroup.procs; exec ip netns exec {self.world.client} "$@"', "sh",
                                 self.world.flowner, "-q", "echo", *argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def once(self):
        if not self.process:
            self.write(self.lasting, "lasting")
            self.process = self.launch(self.lasting, "serve", "9001")
        container = secrets.token_hex(32)
        self.write(container, f"c{self.made}" if self.made % 2 else "soak")
        if self.launch(container, "ping", f"{HUB}:9000", "-n", "2").wait(60):
            raise OSError("the container's connections failed")
        self.write(self.lasting, f"lasting{self.made}")
        # What a container leaves behind is removed a while after it.
        self.old.append(container)
        if len(self.old) > 20:
            self.remove(self.old.pop(0))
        return 1

    def remove(self, container):
        shutil.rmtree(os.path.join(self.world.docker, "containers", container))
        remove_folder(os.path.join(self.world.cgroup, f"docker-{container}.scope"))

    def end(self):
        if self.process:
            self.process.terminate()
            self.process.wait()


class Asking(Churn):
    """who and map, again and again: each ends well, within a minute."""
    what, pause = "who and map", 2.0

    def once(self):
        for command, options in (("who", ["--netns", self.world.hub]), ("map", ["--routes", "--neigh"])):
            done = subprocess.run([self.world.flowner, command, "-o", "json", *options, "--runtime-root", "docker=" + self.world.docker],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60,
                                  check=False)
            if done.returncode not in (0, 6):  # 6: nobody is connected just now
                raise OSError(f"flowner {command} ended with {done.returncode}: {done.stderr}")
        return 2


class Files(Churn):
    """Files that capture has done with; the last two may still be in use."""
    what, pause = "capture's files", 1.0

    def once(self):
        folder = os.path.join(self.world.folder, "captured")
        done = sorted(os.listdir(folder))[:-2]
        for name in done:
            os.remove(os.path.join(folder, name))
        return len(done)
