"""What the kernel says of the server: its processes and their memory."""

import os
import pathlib
import select
import time

HANDLER = "tarpit-smtpd"
PROC = pathlib.Path("/proc")


def fields(path):
    """The first word of each value in a file of "name: value" lines."""
    lines = (line.split(":", 1) for line in path.read_text().splitlines())
    return {name: (value.split() or [""])[0] for name, value in lines}


def socket_buffers():
    """KiB of what waits in TCP connections; the kernel counts pages."""
    for line in (PROC / "net/sockstat").read_text().splitlines():
        if line.startswith("TCP:"):
            words = line.split()
            pages = int(words[words.index("mem") + 1])
    return pages * os.sysconf("SC_PAGESIZE") / 1024


class Server:
    """The process that starts handlers, and all that came of it."""

    def __init__(self, pid):
        self.pid = pid

    def children(self):
        text = (PROC / f"{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in text.split()]

    def statuses(self):
        for pid in [self.pid, *self.children()]:
            try:
                yield pid, fields(PROC / f"{pid}/status")
            except OSError:
                pass  # it has just ended

    def handlers(self):
        """Dead ones, too, that nobody has waited for."""
        return [pid for pid, status in self.statuses()
                if status["Name"] == HANDLER]

    def starting_or_serving(self):
        """All but what was there before: a new child has no name yet."""
        return set(self.children()) - self.before

    def remember_children(self):
        self.before = set(self.children())

    def filters(self):
        """The most filters of system calls that one of the processes has."""
        return max(int(status["Seccomp_filters"])
                   for _, status in self.statuses())

    def memory(self):
        """MiB: of the processes, and with what the kernel has for them."""
        kib = sum(int(status.get("RssAnon", 0)) + int(status.get("VmPTE", 0))
                  for _, status in self.statuses())
        machine = fields(PROC / "meminfo")
        kernel = int(machine["Slab"]) + int(machine["KernelStack"])
        return kib / 1024, (kib + kernel + socket_buffers()) / 1024

    def wait_for_end(self, seconds):
        """Until no handler is there; returns how long that took."""
        begin = time.monotonic()
        while self.starting_or_serving():
            if time.monotonic() > begin + seconds:
                raise TimeoutError(f"{len(self.handlers())} handlers are left")
            time.sleep(0.02)
        return time.monotonic() - begin


class Ends:
    """Tells when processes end, without asking all of them in turn."""

    def __init__(self, pids):
        self.poll = select.poll()
        self.left = {os.pidfd_open(pid) for pid in pids}
        for descriptor in self.left:
            self.poll.register(descriptor, select.POLLIN)

    def wait(self, seconds):
        """Returns the time when each ended, in order."""
        times = []
        deadline = time.monotonic() + seconds
        while self.left:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{len(self.left)} handlers are left")
            for descriptor, _ in self.poll.poll(left * 1000):
                times.append(time.monotonic())
                self.poll.unregister(descriptor)
                self.left.remove(descriptor)
                os.close(descriptor)
        return times
