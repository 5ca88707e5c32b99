"""Connections a second, and what the handler's start consists of."""

import functools
import subprocess

from results import median
from servers import BUILD, UNKNOWN

DIALOGUES = {
    "greeting, QUIT": ["220", "QUIT"],
    "EHLO, MAIL, refused RCPT, QUIT": [
        "220", "EHLO client.test",
        "250", "MAIL FROM:<sender@client.test>",
        "250", f"RCPT TO:<{UNKNOWN}>",
        "5", "QUIT"],
}
CLIENTS = 8
PACKAGES = ["mailfront", "postfix"]
MORE_PACKAGES = ["opensmtpd", "exim4-daemon-light", "qpsmtpd"]

# Ratios of the handler to others, for both dialogues and for the first alone.
TARGETS = {"PEER_CMD": 1.3, "mailfront": 4}
MINIMUM_TARGET = 0.7


def start_servers(place, options):
    servers = []
    try:
        servers.append(place.handler())
        servers.append(place.minimal())
        for package in PACKAGES + ([] if options.short else MORE_PACKAGES):
            servers.append(place.peer(package))
        servers.append(place.peer_command())
    except Exception:
        stop(servers)
        raise
    return [server for server in servers if server]


def stop(servers):
    for server in servers:
        if server:
            server.stop()


def rate(script, server, seconds):
    command = [BUILD / "bench/connections", server.port, CLIENTS, seconds,
               *script]
    run = subprocess.run([str(word) for word in command], check=True,
                         stdout=subprocess.PIPE)
    return float(run.stdout)


def compare(servers, measure, options):
    """Rates by name, each the median of interleaved runs, which get a server
    and seconds."""
    seconds, rounds = (0.5, 3) if options.short else (1.5, 9)
    rates = {server.name: [] for server in servers}
    for _ in range(rounds):
        for server in servers:
            rates[server.name].append(measure(server, seconds))
    return {name: median(values) for name, values in rates.items()}


def bench(results, place, options):
    servers = start_servers(place, options)
    try:
        for dialogue, script in DIALOGUES.items():
            results.heading(f"Connections a second under tcpserver, "
                            f"{CLIENTS} clients: {dialogue}")
            if script != DIALOGUES["greeting, QUIT"]:
                servers = [s for s in servers if s.name != "static minimum"
                           or s.stop()]
            report(results, compare(servers, functools.partial(rate, script),
                                    options))
    finally:
        stop(servers)
    results.note("Postfix, OpenSMTPD, Exim and qpsmtpd listen themselves; "
                 "Postfix keeps its processes.")
    if options.short:
        results.note(f"Left out in the short form: "
                     f"{', '.join(MORE_PACKAGES)}.")
    if not any(server.name == "PEER_CMD" for server in servers):
        results.note("PEER_CMD is unset: no peer of the tester's own.")


def report(results, rates):
    handler = rates["tarpit-smtpd"]
    for name, value in rates.items():
        results.add(name, value, "/s")
    for name, value in rates.items():
        if name == "static minimum":
            results.add("ratio to static minimum", handler / value, "times",
                        at_least=MINIMUM_TARGET)
        elif name != "tarpit-smtpd":
            results.add(f"ratio to {name}", handler / value, "times",
                        at_least=TARGETS.get(name))


# What a process does between the step before and this one; where it is
# stopped, and what is set then.
STEPS = [
    ("exec, libc's own start, signals",
     {"BENCH_STOP_BEFORE": "sandbox_close_inherited_but"}),
    ("descriptors closed", {"BENCH_STOP_BEFORE": "log_open"}),
    ("log, peer", {"BENCH_STOP_BEFORE": "config_load"}),
    ("settings, stream", {"BENCH_STOP_BEFORE": "recipients_open"}),
    ("recipients opened", {"BENCH_STOP_BEFORE": "delivery_start"}),
    ("Maildir root opened", {"BENCH_STOP_BEFORE": "sandbox_enter"}),
    ("limits, no_new_privs, Landlock, capabilities",
     {"BENCH_STOP_BEFORE": "session_run", "SMTPD_SECCOMP": "no"}),
    ("seccomp", {"BENCH_STOP_BEFORE": "session_run"}),
    ("greeting, QUIT, log record, with seccomp", {}),
]


def spawn(count, input_file, command, environment):
    """Microseconds and page faults of one process, from fork to wait."""
    run = subprocess.run([str(word) for word in
                          [BUILD / "bench/spawn", count, input_file, *command]],
                         check=True, env=environment, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL)
    # The replies come before the figures.
    return [float(word) for word in run.stdout.split(b"\n")[-2].split()]


def ranges(form):
    """1,000 of them, none of which is 127.0.0.1."""
    return " ".join(form(1 + i % 100, i % 256, i * 97 % 256)
                    for i in range(1000))


IPV4 = ranges(lambda a, b, c: f"{a}.{b}.{c}.0/24")
IPV6 = ranges(lambda a, b, c: f"2001:db8:{a}:{b}::/64")
# The kernel copies what nobody reads, too.
RANGES = {
    "none": {},
    "none, but a variable as long as 1,000 of IPv4": {"UNUSED": IPV4},
    "1,000 of IPv4": {"SMTPD_EXEMPT": IPV4},
    "1,000 of IPv6": {"SMTPD_EXEMPT": IPV6},
}


def bench_ranges(results, place, quit_file, count, rounds):
    """What else the machine does only adds to the time of a session."""
    environment = place.settings() | {"REMOTE_ADDR": "127.0.0.1"}
    times = {name: [] for name in RANGES}
    for _ in range(rounds):
        for name, more in RANGES.items():
            us, _ = spawn(count, quit_file, [BUILD / "tarpit-smtpd"],
                          environment | more)
            times[name].append(us)
    results.heading("Sessions a second with ranges in SMTPD_EXEMPT: greeting, "
                    "QUIT (no network)")
    for name, values in times.items():
        results.add(name, 1e6 / min(values), "/s")
    for name, values in times.items():
        if name != "none":
            results.add(f"ratio of {name} to none",
                        min(times["none"]) / min(values), "times")


def bench_start(results, place, options):
    count, rounds = 20, 30 if options.short else 300
    quit_file = place.directory / "quit"
    quit_file.write_bytes(b"QUIT\r\n")
    environment = place.settings()
    steps = [("fork, exit", [], {})]
    steps += [(name, [place.directory / "start"], more)
              for name, more in STEPS]
    steps += [("the static minimum", [place.directory / "minimal"], {})]
    runs = [[] for _ in steps]
    for _ in range(rounds):
        for i, (_, command, more) in enumerate(steps):
            runs[i].append(spawn(count, quit_file, command,
                                 environment | more))
    # Whatever else the machine does only adds to these.
    costs = [[min(column) for column in zip(*values)] for values in runs]

    results.heading("What each step of the start costs, and its end "
                    "(no network; beyond the step before)")
    *costs, minimum = costs
    for (name, _, _), (us, faults), before in zip(steps, costs,
                                                  [[0, 0], *costs]):
        results.add(name, us - before[0], "us")
        results.add("  page faults", faults - before[1], "")
    for name, (us, faults) in (("all together", costs[-1]),
                               ("the static minimum, all together", minimum)):
        results.add(name, us, "us")
        results.add("  page faults", faults, "")
    bench_ranges(results, place, quit_file, count, rounds)
