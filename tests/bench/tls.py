"""What TLS costs: sessions a second, and memory of a session that is held."""

import functools
import shutil
import subprocess
import time

import machine
import memory
import rates
from servers import BUILD

CLIENTS = 8
PACKAGES = ["postfix"]
MORE_PACKAGES = ["opensmtpd", "exim4-daemon-light"]
# At once; in the short form, fewer. Each of ours is two processes, both with a
# filter: see servers.py.
HELD = 100
HELD_SHORT = 40


def handshakes(port, seconds, prefix=()):
    """Sessions a second."""
    command = [*prefix, BUILD / "bench/handshakes", port, CLIENTS, seconds]
    run = subprocess.run([str(word) for word in command], check=False,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if run.returncode != 0:
        raise RuntimeError(run.stderr.decode())
    return float(run.stdout)


def rate(server, seconds):
    return handshakes(server.port, seconds)


def peer(place, directory, package):
    """With files of its own each time."""
    number = len(list(directory.iterdir()))
    return place.peer(package, directory / f"{package}.{number}", tls=True)


def shakes_hands(place, directory, package):
    server = peer(place, directory, package)
    try:
        rate(server, 0.1)
    except RuntimeError:
        return False
    finally:
        server.stop()
    return True


def choose_packages(results, place, directory, options):
    """OpenSMTPD of Debian 12 is older than its TLS library, with which it
    signs nothing."""
    if options.short:
        results.note(f"Left out in the short form: {', '.join(MORE_PACKAGES)}.")
        return PACKAGES
    packages = PACKAGES + MORE_PACKAGES
    if not shakes_hands(place, directory, "opensmtpd"):
        results.note("Left out, as each handshake fails: opensmtpd.")
        packages.remove("opensmtpd")
    return packages


def bench_rates(results, place, directory, packages, options):
    servers = []
    try:
        servers.append(place.handler_with_tls())
        servers.append(place.minimal_tls(forked=False))
        servers.append(place.minimal_tls(forked=True))
        servers += [peer(place, directory, package) for package in packages]
        rates.report(results, rates.compare(servers, rate, options))
    finally:
        rates.stop(servers)


def held_once(server, count, where):
    """By a server that was just started: some keep what they once had."""
    try:
        memory.held(server.pids(), server.port, 1, where)
        return memory.held(server.pids(), server.port, count, where)
    finally:
        server.stop()


def bench_held(results, place, directory, packages, options):
    count = HELD_SHORT if options.short else HELD
    results.heading(f"Memory of a session held under TLS, {count} at once")
    runs = {}
    for _ in range(1 if options.short else 5):
        ways = [("tarpit-smtpd and tarpit-tls", place.handler_with_tls, "tls")]
        if not options.short:
            ways.append(("tarpit-smtpd without TLS", place.handler, "hello"))
        ways += [(package, functools.partial(peer, place, directory, package),
                  "tls") for package in packages]
        for name, start, where in ways:
            parts = held_once(start(), count, where)
            runs.setdefault(name, []).append(parts)
    for name, parts in memory.medians(runs).items():
        memory.report(results, name, parts)


def bench_systemd(results, place):
    """By the units that are installed: two services for each session. Returns
    what one takes that is held."""
    with machine.prepared(place, "TARPITDELAY=600") as m:
        (m.etc / "tls").mkdir()
        for path in place.key_pair():
            shutil.copy(path, m.etc / "tls")
        m.boot("tarpit-tls.socket", "tarpit-smtpd.socket")
        handshakes(25, 1, m.network)
        results.add("tarpit-smtpd, under a real systemd",
                    handshakes(25, 5, m.network), "/s")
        time.sleep(3)  # for systemd to clear away what has ended
        memory.held(m.pids(), 25, 20, "tls", m.network)
        return memory.held(m.pids(), 25, HELD, "tls", m.network)


def bench(results, place, directory, options):
    results.heading(f"Sessions a second with STARTTLS, {CLIENTS} clients: TLS "
                    "1.3, X25519, ECDSA with P-256")
    packages = choose_packages(results, place, directory, options)
    bench_rates(results, place, directory, packages, options)
    parts = None if options.short else bench_systemd(results, place)
    results.note("The minimum is one process for each session, without SMTP "
                 "and sandbox. Postfix keeps its processes.")
    bench_held(results, place, directory, packages, options)
    if parts:
        memory.report(results, "both, under a real systemd", parts)
