"""How fast messages are taken, beside a loop that only stores them, and what
a session executes."""

import re
import shutil
import socket
import subprocess

from results import median
from servers import BUILD, KNOWN, for_nobody

TARGET = 0.8
SMALL = 10_000
LARGE = 100_000_000


def seconds(program, *arguments):
    run = subprocess.run([str(word) for word in
                          [BUILD / "bench" / program, *arguments]],
                         check=True, stdout=subprocess.PIPE)
    return float(run.stdout)


def store(directory, count, octets):
    directory.mkdir()
    time = seconds("store", directory, count, octets)
    shutil.rmtree(directory)
    return time


def forget(directory):
    """Ends all messages, so that no run pays for the one before."""
    for file in directory.rglob("*"):
        if file.is_file() and file.parent.name in ("new", "hold"):
            file.unlink()


def compare(place, where, count, octets, rounds):
    """Seconds by name, the medians of interleaved runs."""
    directory = for_nobody(where / "intake")
    servers = [place.handler(directory / "mail", DATABYTES="0"),
               place.peer("mailfront", where / "mailfront"),
               place.peer("postfix", where / "postfix")]
    for_nobody(directory / "mail")
    times = {"store loop": []} | {server.name: [] for server in servers}
    try:
        for _ in range(rounds):
            times["store loop"].append(store(where / "store", count, octets))
            for server in servers:
                times[server.name].append(
                    seconds("intake", server.port, KNOWN, count, octets))
                forget(where)
    finally:
        for server in servers:
            server.stop()
        for name in "intake", "mailfront", "postfix":
            shutil.rmtree(where / name)
    return {name: median(values) for name, values in times.items()}


def report(results, times, amount, unit):
    handler = times["tarpit-smtpd"]
    for name, time in times.items():
        results.add(name, amount / time, unit)
    for name, time in times.items():
        target = {"at_least": TARGET} if name == "store loop" else {}
        if name != "tarpit-smtpd":
            results.add(f"ratio to {name}", time / handler, "times", **target)


def bench(results, place, disk, memory, options):
    for where, kind in (disk, "disk"), (memory, "tmpfs"):
        count = 300 if options.short else 900
        results.heading(f"Messages of 10 KB, {count} in one session, "
                        f"to a Maildir on {kind}")
        report(results, compare(place, where, count, SMALL,
                                3 if options.short else 9), count, "/s")
        results.heading(f"One message of 100 MB, to a Maildir on {kind}")
        report(results, compare(place, where, 1, LARGE,
                                1 if options.short else 7), LARGE / 1e6, "MB/s")


def function_name(name):
    """Assembler functions have names, but no sizes that valgrind needs."""
    if not name.startswith("???:0x"):
        return name
    return subprocess.run(
        ["addr2line", "-f", "-e", BUILD / "bench/instructions", name[4:]],
        check=True, stdout=subprocess.PIPE).stdout.decode().split()[0]


def profile(environment, dialogue, out):
    """Runs a session under valgrind, on a socket, as without one there is no
    TLS. Without filter and limit of memory: valgrind itself needs more. It lets
    nobody change the limit of files, which so has to be right before."""
    client, server = socket.socketpair()
    with client, subprocess.Popen(
            ["prlimit", "--nofile=32", "valgrind", "--tool=callgrind",
             f"--callgrind-out-file={out}", BUILD / "bench/instructions"],
            stdin=server, stdout=server, stderr=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin"} | environment):
        server.close()
        client.sendall(dialogue)
        replies = client.makefile("rb").read()
    if not replies.endswith(b"221 2.0.0 Goodbye\r\n"):
        raise RuntimeError(replies.decode())
    text = subprocess.run(["callgrind_annotate", out], check=True,
                          stdout=subprocess.PIPE).stdout.decode()
    return [(int(number.replace(",", "")), name) for number, name in
            re.findall(r"^ *([\d,]+) \([^)]*\) +(.*)$", text, re.MULTILINE)]


def bench_instructions(results, place):
    directory = place.directory / "valgrind"
    directory.mkdir()
    out = directory / "callgrind.out"
    message = b"Subject: bench\r\n\r\n" + 160 * (b"x" * 61 + b"\r\n")
    dialogue = (f"EHLO client.test\r\nMAIL FROM:<sender@client.test>\r\n"
                f"RCPT TO:<{KNOWN}>\r\nDATA\r\n").encode() + message + \
        b".\r\nQUIT\r\n"
    results.heading("Instructions of a session: EHLO, MAIL, RCPT, DATA with "
                    "10 KB, QUIT")
    rows = profile(place.settings(directory), dialogue, out)
    for number, name in rows[:4]:
        name = function_name(name.split(" [")[0].rsplit("/", 1)[-1])
        results.add("all" if name == "PROGRAM TOTALS" else f"  {name}", number,
                    "")
    results.heading("Instructions of a session without TLS: QUIT")
    path = directory / "tls"
    with socket.socket(socket.AF_UNIX) as service:
        for name in "no TLS to be had", "TLS to be had":
            rows = profile(place.settings(SMTPD_TLS_SOCKET=str(path)),
                           b"QUIT\r\n", out)
            results.add(name, rows[0][0], "")
            if name == "no TLS to be had":
                service.bind(str(path))
