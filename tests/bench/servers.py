"""The servers that are compared, each on a loopback port of its own."""

import os
import pathlib
import shlex
import shutil
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
NOBODY = 65534

# No more handlers than this live at any time: see the socket unit about
# filters and the kernel. The hold bench uses nearly all of them.
HANDLERS_MAX = 550

# Who gets mail with all servers, and who does not exist.
KNOWN = "user@bench.test"
UNKNOWN = "nobody@bench.test"


class Server:
    """A running server. Stopped by process id; peers take theirs along."""

    def __init__(self, name, port, command, environment=None, log=None):
        self.name = name
        self.port = port
        with open(log or os.devnull, "ab") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                env=os.environ | (environment or {}),
                stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            self.wait_for_greeting()
        except Exception:
            self.stop()
            raise

    def wait_for_greeting(self):
        deadline = time.monotonic() + 20
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port),
                                              10) as s:
                    if s.recv(512).startswith(b"220"):
                        s.sendall(b"QUIT\r\n")
                        s.recv(512)
                        return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not answer")
            time.sleep(0.05)

    def stop(self):
        self.process.kill()
        self.process.wait()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tcpserver(port, command):
    return ["tcpserver", "-q", "-D", "-H", "-R", "-l", "mx.bench.test",
            "-c", HANDLERS_MAX, "-b", 512, "-u", NOBODY, "-g", NOBODY,
            "127.0.0.1", port, *command]


def for_nobody(directory):
    directory.mkdir(parents=True)
    os.chown(directory, NOBODY, NOBODY)
    return directory


class Place:
    """Where servers keep their files. Everybody can read the programs."""

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


def mailfront(shared, port):
    control = shared / "control"
    control.mkdir(exist_ok=True)
    (control / "rcpthosts").write_text("bench.test\n")
    (control / "badrcptto").write_text(f"{UNKNOWN}\n")
    for name in "tmp", "new":
        for_nobody(shared / "queue" / name)
    return ["env", "QMAILHOME=/mnt", "QUEUEDIR=/mnt/queue",
            *tcpserver(port, ["mailfront", "smtp", "queuedir",
                              "qmail-validate", "accept-sender", "check-fqdn",
                              "counters", "mailrules", "relayclient",
                              "cvm-validate", "add-received", "patterns"])]


def postfix(shared, port):
    """What it accepts stays on hold: only the intake is compared."""
    (shared / "config").mkdir()
    (shared / "config/main.cf").write_text(f"""\
compatibility_level = 3.6
queue_directory = /mnt/queue
data_directory = /mnt/data
maillog_file = /mnt/log.mail
maillog_file_prefixes = /mnt
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = mx.bench.test
mydestination = bench.test
alias_maps =
alias_database =
local_recipient_maps =
message_size_limit = 0
mailbox_size_limit = 0
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
smtpd_recipient_restrictions = check_recipient_access
 inline:{{ {{ {UNKNOWN} = REJECT }}, {{ {KNOWN} = HOLD }} }},
 reject_unauth_destination
""")
    (shared / "config/master.cf").write_text(f"""\
127.0.0.1:{port} inet n - n - 100 smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
postlog unix-dgram n - n - 1 postlogd
""")
    return ["sh", "-ec", """
        cd /mnt && mkdir queue data && cd queue
        mkdir active bounce corrupt defer deferred flush hold incoming \
            maildrop pid private public saved trace
        chown postfix active bounce corrupt defer deferred flush hold \
            incoming maildrop private public saved trace ../data
        chgrp postdrop maildrop public
        chmod 730 maildrop
        chmod 710 public
        exec /usr/lib/postfix/sbin/master -c /mnt/config -d"""]


def opensmtpd(shared, port):
    (shared / "smtpd.conf").write_text(f"""\
listen on 127.0.0.1 port {port} hostname "mx.bench.test"
action "keep" maildir "/mnt/mail" user nobody
match from any for domain "other.test" action "keep"
""")
    return ["sh", "-ec", """
        : >/etc/resolv.conf
        mkdir -p /var/spool/smtpd
        chmod 711 /var/spool/smtpd
        exec /usr/sbin/smtpd -d -f /mnt/smtpd.conf"""]


def exim(shared, port):
    (shared / "exim.conf").write_text(f"""\
spool_directory = /mnt/spool
log_file_path = /mnt/log.%s
primary_hostname = mx.bench.test
local_interfaces = 127.0.0.1.{port}
smtp_accept_max = 200
smtp_accept_queue = 1
acl_smtp_rcpt = rcpt
host_lookup =
rfc1413_query_timeout = 0s
message_size_limit = 0

begin acl
rcpt:
  accept recipients = {KNOWN}
  deny

begin routers
keep:
  driver = accept
  transport = keep

begin transports
keep:
  driver = appendfile
  maildir_format
  directory = /mnt/mail
  user = Debian-exim
""")
    return ["sh", "-ec", """
        mkdir -p /mnt/spool
        chown Debian-exim /mnt /mnt/spool
        cp /mnt/exim.conf /etc/exim4/exim4.conf
        exec /usr/sbin/exim4 -bdf"""]


def qpsmtpd(_shared, port):
    return ["sh", "-ec", f"""
        cd /etc/qpsmtpd
        echo rcpt_ok >plugins
        echo bench.test >rcpthosts
        echo {UNKNOWN} >badrcptto
        echo 'badrcptto' >plugins
        echo 'rcpt_ok' >>plugins
        echo 3 >loglevel
        : >logging
        mkdir -p /var/spool/qpsmtpd /var/run/qpsmtpd
        chown nobody /var/spool/qpsmtpd /var/run/qpsmtpd
        chmod 700 /var/spool/qpsmtpd
        exec env QPSMTPD_CONFIG=/etc/qpsmtpd qpsmtpd-forkserver \
            -l 127.0.0.1 -p {port} -c 100 -m 100 -u nobody"""]


PEERS = {"mailfront": mailfront, "postfix": postfix, "opensmtpd": opensmtpd,
         "exim4-daemon-light": exim, "qpsmtpd": qpsmtpd}
