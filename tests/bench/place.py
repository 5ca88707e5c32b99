"""Where servers keep their files, and how each is started."""

import os
import shlex
import shutil
import subprocess

from peers import PEERS
from servers import BUILD, KNOWN, ROOT, Server, free_port, tcpserver


class Place:
    """A directory with copies of the programs, which everybody can read."""

    def __init__(self, directory):
        self.directory = directory
        self.recipients = directory / "recipients.cdb"
        for program in "tarpit-smtpd", "bench/minimal", "bench/start":
            shutil.copy(BUILD / program, directory)
        subprocess.run([BUILD / "tarpit-rcpt", "build", "-", self.recipients],
                       input=KNOWN.encode(), check=True,
                       stdout=subprocess.DEVNULL)

    def settings(self, mail=None, **more):
        """The handler's environment."""
        return {"TARPITDELAY": "0", "SMTPD_HOSTNAME": "mx.bench.test",
                "SMTPD_RECIPIENTS": str(self.recipients),
                "SMTPD_DELIVERY":
                    f"maildir:{mail or self.directory}/%d/%l"} | more

    def handler(self, mail=None, **settings):
        port = free_port()
        return Server("tarpit-smtpd", port,
                      tcpserver(port, [self.directory / "tarpit-smtpd"]),
                      self.settings(mail, **settings))

    def minimal(self):
        port = free_port()
        return Server("static minimum", port,
                      tcpserver(port, [self.directory / "minimal"]))

    def peer(self, package, shared=None):
        """A peer of a Debian package; shared is its /mnt."""
        shared = shared or self.directory / package
        shared.mkdir(parents=True, exist_ok=True)
        port = free_port()
        command = PEERS[package](shared, port)
        return Server(package, port,
                      [ROOT / "tests/peer", "run", package, shared, *command],
                      log=shared / "log")

    def peer_command(self):
        """What PEER_CMD names, or None."""
        command = shlex.split(os.environ.get("PEER_CMD", ""))
        if not command:
            return None
        port = free_port()
        return Server("PEER_CMD", port, tcpserver(port, command))
