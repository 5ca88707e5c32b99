"""Memory of a dialogue that is held in its delay."""

import pathlib
import subprocess
import time

from results import median
from servers import BUILD, KNOWN, ROOT

TARGET = 130
HOLD = ROOT / "tests/bench/hold"
MACHINE = ROOT / "tests/systemd-machine"

# By whom it is counted: by /proc/PID/status for the server and all below it,
# so that nothing else on the machine matters, or by /proc/meminfo for all.
PROCESS_PARTS = {"anonymous": "RssAnon", "page tables": "VmPTE"}
MACHINE_PARTS = {"slab": "Slab", "kernel stack": "KernelStack"}
PARTS = [*PROCESS_PARTS, *MACHINE_PARTS]


def fields(path):
    """The first word of each value in a file of "name: value" lines."""
    lines = (line.split(":", 1) for line in path.read_text().splitlines())
    return {name: (value.split() or [""])[0] for name, value in lines}


def processes():
    for path in pathlib.Path("/proc").glob("[0-9]*/status"):
        try:
            yield int(path.parent.name), fields(path)
        except OSError:
            pass  # it has just ended


def measure(root):
    """KiB by part; of processes, root and all that came of it."""
    below = {}
    for pid, status in processes():
        below.setdefault(int(status["PPid"]), []).append((pid, status))
        if pid == root:
            found = [(pid, status)]
    for pid, _ in found:
        found += below.get(pid, [])
    everything = fields(pathlib.Path("/proc/meminfo"))
    return {part: sum(int(status.get(name, 0)) for _, status in found)
            for part, name in PROCESS_PARTS.items()} | \
        {part: int(everything[name]) for part, name in MACHINE_PARTS.items()}


def held(root, port, count, refused, prefix=()):
    """KiB by part that each of so many dialogues takes."""
    command = [*prefix, HOLD, port, count, "yes" if refused else "no"]
    with subprocess.Popen([str(word) for word in command],
                          stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as client:
        client.stdout.readline()
        before = measure(root)
        client.stdin.write(b"\n")
        client.stdin.flush()
        if client.stdout.readline() != b"held\n":
            raise RuntimeError("dialogues could not be held")
        # Handlers that have just been started are in their delay by then.
        time.sleep(0.5)
        after = measure(root)
        client.stdin.close()
    # Time for the processes to end, and for the kernel to clean up.
    time.sleep(0.5)
    return {part: (after[part] - before[part]) / count for part in PARTS}


def compare(ways, options):
    """By name, the medians of interleaved runs after one that only warms up."""
    runs = {name: [] for name in ways}
    for number in range(3 if options.short else 8):
        for name, (root, port, count, refused) in ways.items():
            if number == 0:
                held(root, port, min(count, 50), refused)
            else:
                runs[name].append(held(root, port, count, refused))
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
        ways = {server.name: (server.process.pid, server.port, count,
                              server.name != "tarpit-smtpd")
                for server in servers}
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
    machine = place.directory / "machine"
    machine.mkdir()

    def run(*words):
        subprocess.run([MACHINE, words[0], machine, *words[1:]], check=True,
                       stdout=subprocess.DEVNULL)

    try:
        run("prepare")
        root = machine / "root"
        subprocess.run(["make", "-C", ROOT, f"DESTDIR={root}", "install"],
                       check=True, stdout=subprocess.DEVNULL)
        etc = root / "etc/tarpit-smtpd"
        (etc / "environment").write_text(
            "SMTPD_HOSTNAME=mx.bench.test\nTARPITDELAY=600\n")
        subprocess.run([BUILD / "tarpit-rcpt", "build", "-",
                        etc / "recipients.cdb"], input=KNOWN.encode(),
                       check=True, stdout=subprocess.DEVNULL)
        run("boot")
        run("run", "systemd-sysusers")
        run("run", "systemd-tmpfiles", "--create")
        run("run", "systemctl", "daemon-reload")
        run("run", "systemctl", "start", "tarpit-smtpd.socket")
        network = [MACHINE, "network", machine]
        pid = int((machine / "pid").read_text())
        held(pid, 25, 20, False, network)
        report(results, "tarpit-smtpd, under a real systemd",
               held(pid, 25, count, False, network))
    finally:
        run("end")
