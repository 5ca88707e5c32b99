"""The servers that are compared, each on a loopback port of its own."""

import os
import pathlib
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
NOBODY = 65534

# No more handlers than this live at any time: see the socket unit about
# filters and the kernel. The hold bench uses nearly all of them.
HANDLERS_MAX = 550

# Who gets mail with all servers, and who does not exist.
KNOWN = "user@bench.test"
UNKNOWN = "nobody@bench.test"


class Server:
    """A running server. Stopped by process id; peers take theirs along."""

    def __init__(self, name, port, command, environment=None, log=None):
        self.name = name
        self.port = port
        self.helper = None
        with open(log or os.devnull, "ab") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                env=os.environ | (environment or {}),
                stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            self.wait_for_greeting()
        except Exception:
            self.stop()
            raise

    def wait_for_greeting(self):
        deadline = time.monotonic() + 20
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port),
                                              10) as s:
                    if s.recv(512).startswith(b"220"):
                        s.sendall(b"QUIT\r\n")
                        s.recv(512)
                        return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not answer")
            time.sleep(0.05)

    def start_helper(self, command):
        """Another process that the server needs. It says when it is ready."""
        self.helper = subprocess.Popen([str(word) for word in command],
                                       stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL)
        self.helper.stdout.readline()

    def pids(self):
        """Of it and its helper: all other processes are below these."""
        return [process.pid for process in (self.process, self.helper)
                if process]

    def stop(self):
        for process in self.process, self.helper:
            if process:
                process.kill()
                process.wait()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tcpserver(port, command):
    return ["tcpserver", "-q", "-D", "-H", "-R", "-l", "mx.bench.test",
            "-c", HANDLERS_MAX, "-b", 512, "-u", NOBODY, "-g", NOBODY,
            "127.0.0.1", port, *command]


def for_nobody(directory):
    directory.mkdir(parents=True)
    os.chown(directory, NOBODY, NOBODY)
    return directory
