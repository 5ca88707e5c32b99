"""Where servers keep their files, and how each is started."""

import os
import shlex
import shutil
import subprocess

from peers import PEERS
from servers import BUILD, KNOWN, ROOT, Server, free_port, tcpserver


# What nobody must be able to run.
PROGRAMS = ["tarpit-smtpd", "tarpit-tls", "bench/listen", "bench/minimal",
            "bench/minimal-tls", "bench/start"]


class Place:
    """A directory with copies of the programs, which everybody can read."""

    def __init__(self, directory):
        self.directory = directory
        self.recipients = directory / "recipients.cdb"
        for program in PROGRAMS:
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

    def key_pair(self):
        """Paths of a certificate and its key, the same for all servers."""
        certificate, key = (self.directory / name for name in
                            ("certificate.pem", "key.pem"))
        if not key.exists():
            subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey",
                            "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                            "-subj", "/CN=mx.bench.test", "-out", certificate,
                            "-keyout", key],
                           check=True, stderr=subprocess.DEVNULL)
            key.chmod(0o644)
        return certificate, key

    def handler_with_tls(self):
        """The handler, and tarpit-tls for each that asks for it."""
        path = self.directory / "tls"
        path.unlink(missing_ok=True)
        certificate, key = self.key_pair()
        server = self.handler(SMTPD_TLS_SOCKET=str(path))
        server.start_helper([self.directory / "listen", path,
                             self.directory / "tarpit-tls",
                             "-c", certificate, "-k", key])
        return server

    def minimal_tls(self, forked):
        """One process, which tcpserver starts, or that is forked."""
        port = free_port()
        command = [self.directory / "minimal-tls", *self.key_pair()]
        if forked:
            return Server("minimum, forked", port, [*command, port])
        return Server("minimum, started", port, tcpserver(port, command))

    def minimal(self):
        port = free_port()
        return Server("static minimum", port,
                      tcpserver(port, [self.directory / "minimal"]))

    def peer(self, package, shared=None, tls=False):
        """A peer of a Debian package; shared is its /mnt."""
        shared = shared or self.directory / package
        shared.mkdir(parents=True, exist_ok=True)
        port = free_port()
        if tls:
            for path in self.key_pair():
                shutil.copy(path, shared)
                (shared / path.name).chmod(0o600)
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
