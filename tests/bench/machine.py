"""A machine with a real systemd, where the handler's units are installed."""

import contextlib
import pathlib
import subprocess
import tempfile

from servers import BUILD, KNOWN, ROOT

MACHINE = ROOT / "tests/systemd-machine"


class Machine:
    def __init__(self, directory):
        self.directory = directory
        self.etc = directory / "root/etc/tarpit-smtpd"
        # Before a command that is to have the machine's network.
        self.network = [MACHINE, "network", directory]

    def run(self, *words):
        subprocess.run([MACHINE, words[0], self.directory, *words[1:]],
                       check=True, stdout=subprocess.DEVNULL)

    def install(self, settings):
        subprocess.run(["make", "-C", ROOT,
                        f"DESTDIR={self.directory / 'root'}", "install"],
                       check=True, stdout=subprocess.DEVNULL)
        (self.etc / "environment").write_text(
            f"SMTPD_HOSTNAME=mx.bench.test\n{settings}\n")
        subprocess.run([BUILD / "tarpit-rcpt", "build", "-",
                        self.etc / "recipients.cdb"], input=KNOWN.encode(),
                       check=True, stdout=subprocess.DEVNULL)

    def boot(self, *units):
        self.run("boot")
        self.run("run", "systemd-sysusers")
        self.run("run", "systemd-tmpfiles", "--create")
        self.run("run", "systemctl", "daemon-reload")
        self.run("run", "systemctl", "start", *units)

    def pids(self):
        """What all its processes are below."""
        return [int((self.directory / "pid").read_text())]


@contextlib.contextmanager
def prepared(place, settings):
    """Installed, and not booted; gone at the end."""
    machine = Machine(pathlib.Path(tempfile.mkdtemp(prefix="machine.",
                                                    dir=place.directory)))
    try:
        machine.run("prepare")
        machine.install(settings)
        yield machine
    finally:
        machine.run("end")
