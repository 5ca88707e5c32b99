"""The recipient CDB: making a large one, and looking up in it."""

import os
import random
import subprocess
import time

from rates import spawn
from results import median
from servers import BUILD

MILLION = 1_000_000


def address(number):
    return f"user{number:07}@example{number % 50}.org"


def write_source(path, count):
    with open(path, "w", encoding="ascii") as file:
        for number in range(count):
            file.write(f"{address(number)}\n")


def timed(*command):
    begin = time.monotonic()
    subprocess.run([str(word) for word in command], check=True,
                   stdout=subprocess.DEVNULL)
    return time.monotonic() - begin


def bench_build(results, directory, options):
    """cdb gets the records ready made; it does not parse, compare, fsync or
    read again what it wrote."""
    source, records = directory / "source", directory / "records"
    ours, theirs = directory / "ours.cdb", directory / "theirs.cdb"
    build = [BUILD / "tarpit-rcpt", "build", source, ours]
    write_source(source, MILLION)
    timed(*build)
    with open(records, "wb") as file:
        subprocess.run(["cdb", "-d", ours], check=True, stdout=file)
    times = {"cdb -c": [], "build": [], "rebuild": []}
    for _ in range(1 if options.short else 7):
        os.unlink(ours)
        times["build"].append(timed(*build))
        times["rebuild"].append(timed(*build))
        times["cdb -c"].append(timed("cdb", "-c", theirs, records))
    times = {name: median(values) for name, values in times.items()}

    results.heading("A CDB of 1,000,000 recipients")
    results.add("tarpit-rcpt build", times["build"], "s")
    results.add("the same over the one in service", times["rebuild"], "s")
    results.add("cdb -c (records ready made, nothing synced)",
                times["cdb -c"], "s")
    results.add("ratio, build to cdb -c", times["build"] / times["cdb -c"],
                "times")


def session(directory, count):
    """Half of its recipients exist, half do not."""
    numbers = random.Random(1)
    recipients = [f"RCPT TO:<{'x' * (i % 2)}"
                  f"{address(numbers.randrange(count))}>" for i in range(20)]
    path = directory / f"session{count}"
    path.write_text("\r\n".join(
        ["EHLO client.test", "MAIL FROM:<sender@client.test>", *recipients,
         "QUIT", ""]), encoding="ascii", newline="")
    return path


def bench_look_up(results, place, directory, options):
    many = MILLION if options.short else 10 * MILLION
    counts = 10, many
    runs = {count: [] for count in counts}
    for count in counts:
        write_source(directory / "source", count)
        timed(BUILD / "tarpit-rcpt", "build", directory / "source",
              directory / f"{count}.cdb")
    (directory / "source").unlink()
    for _ in range(5 if options.short else 15):
        for count in counts:
            environment = place.settings() | {
                "SMTPD_RECIPIENTS": str(directory / f"{count}.cdb")}
            runs[count].append(spawn(100 if options.short else 500,
                                     session(directory, count),
                                     [place.directory / "tarpit-smtpd"], environment))
    few, many_ = ([median(column) for column in zip(*runs[count])]
                  for count in counts)

    results.heading("A session with 20 recipients, one half unknown (no "
                    "network)")
    for count, (us, faults) in zip(counts, (few, many_)):
        results.add(f"with {count:,} in the CDB", us, "us")
        results.add("  page faults", faults, "")
    results.add("ratio of time", many_[0] / few[0], "times", at_most=1.05)
    results.add("ratio of page faults", many_[1] / few[1], "times",
                at_most=1.01)
