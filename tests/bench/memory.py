"""Memory of a dialogue that is held, in its delay or elsewhere."""

import pathlib
import subprocess
import time

import machine
from results import median
from servers import ROOT

TARGET = 130
HOLD = ROOT / "tests/bench/hold"

# By whom it is counted: by /proc/PID for the server and all below it, so that
# nothing else on the machine matters, or by /proc/meminfo for all. Pages that
# forked processes share count once.
PROCESS_PARTS = {"anonymous": "Pss_Anon", "page tables": "VmPTE"}
MACHINE_PARTS = {"slab": "Slab", "kernel stack": "KernelStack"}
PARTS = [*PROCESS_PARTS, *MACHINE_PARTS]


def fields(path):
    """The first word of each value in a file of "name: value" lines."""
    lines = (line.split(":", 1) for line in path.read_text().splitlines())
    return {name: (value.split() or [""])[0] for name, value in lines}


def processes():
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            yield int(path.name), \
                fields(path / "status") | fields(path / "smaps_rollup")
        except OSError:
            pass  # it has just ended, or is the kernel's


def measure(roots):
    """KiB by part; of processes, the roots and all that came of them."""
    below, found = {}, []
    for pid, status in processes():
        below.setdefault(int(status["PPid"]), []).append((pid, status))
        if pid in roots:
            found.append((pid, status))
    for pid, _ in found:
        found += below.get(pid, [])
    everything = fields(pathlib.Path("/proc/meminfo"))
    return {part: sum(int(status.get(name, 0)) for _, status in found)
            for part, name in PROCESS_PARTS.items()} | \
        {part: int(everything[name]) for part, name in MACHINE_PARTS.items()}


def held(roots, port, count, where, prefix=()):
    """KiB by part that each of so many dialogues takes; see hold for where."""
    command = [*prefix, HOLD, port, count, where]
    with subprocess.Popen([str(word) for word in command],
                          stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as client:
        client.stdout.readline()
        before = measure(roots)
        client.stdin.write(b"\n")
        client.stdin.flush()
        if client.stdout.readline() != b"held\n":
            raise RuntimeError("dialogues could not be held")
        # Handlers that have just been started are in their delay by then.
        time.sleep(0.5)
        after = measure(roots)
        client.stdin.close()
    # Time for the processes to end, and for the kernel to clean up.
    time.sleep(0.5)
    return {part: (after[part] - before[part]) / count for part in PARTS}


def compare(ways, options):
    """By name, the medians of interleaved runs after one that only warms up."""
    runs = {name: [] for name in ways}
    for number in range(3 if options.short else 8):
        for name, (roots, port, count, where) in ways.items():
            if number == 0:
                held(roots, port, min(count, 50), where)
            else:
                runs[name].append(held(roots, port, count, where))
    return medians(runs)


def medians(runs):
    return {name: {part: median([run[part] for run in values])
                   for part in PARTS} for name, values in runs.items()}


def total(parts):
    return sum(parts[part] for part in PARTS if part != "kernel stack")


def report(results, name, parts, **target):
    results.add(name, total(parts), "KiB", **target)
    results.note("  " + ", ".join(f"{part} {parts[part]:.0f}"
                                  for part in PARTS))


def bench(results, place, options):
    count = 200 if options.short else 500
    results.heading(f"Memory of a dialogue held in its delay, {count} at "
                    "once")
    servers = [place.handler(TARPITDELAY="600"), place.peer("mailfront",
               place.directory / "mailfront-held"), place.peer_command()]
    servers = [server for server in servers if server]
    try:
        ways = {server.name: (server.pids(), server.port, count,
                              "delay" if server.name == "tarpit-smtpd"
                              else "refused") for server in servers}
        for name, parts in compare(ways, options).items():
            target = {"at_most": TARGET} if name == "tarpit-smtpd" else {}
            report(results, f"{name}, under tcpserver", parts, **target)
    finally:
        for server in servers:
            server.stop()
    bench_systemd(results, place, count)
    results.note("The sum is of anonymous memory, page tables and slab; this "
                 "has the client's socket, too.")


def bench_systemd(results, place, count):
    """The same under a real systemd, by the units that are installed."""
    with machine.prepared(place, "TARPITDELAY=600") as m:
        m.boot("tarpit-smtpd.socket")
        held(m.pids(), 25, 20, "delay", m.network)
        report(results, "tarpit-smtpd, under a real systemd",
               held(m.pids(), 25, count, "delay", m.network))
