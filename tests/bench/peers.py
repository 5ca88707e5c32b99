"""How mail servers of other makers are configured and started (see tests/peer).

Each function gets the directory that is /mnt for the peer, and the port. It
returns the command. All take mail for KNOWN and refuse UNKNOWN. Postfix,
OpenSMTPD and Exim offer STARTTLS if certificate.pem and key.pem are there.
"""

from servers import KNOWN, UNKNOWN, for_nobody, tcpserver


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


def has_key(shared):
    return (shared / "key.pem").exists()


POSTFIX_TLS = """\
smtpd_tls_security_level = may
smtpd_tls_eccert_file = /mnt/certificate.pem
smtpd_tls_eckey_file = /mnt/key.pem
"""


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
""" + (POSTFIX_TLS if has_key(shared) else ""))
    (shared / "config/master.cf").write_text(f"""\
127.0.0.1:{port} inet n - n - 100 smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
postlog unix-dgram n - n - 1 postlogd
tlsmgr unix - - n 1000? 1 tlsmgr
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


OPENSMTPD_TLS = """\
pki mx.bench.test cert "/mnt/certificate.pem"
pki mx.bench.test key "/mnt/key.pem"
"""


def opensmtpd(shared, port):
    tls = has_key(shared)
    (shared / "smtpd.conf").write_text(f"""\
{OPENSMTPD_TLS if tls else ""}listen on 127.0.0.1 port {port} \
{"tls pki mx.bench.test" if tls else ""} hostname "mx.bench.test"
action "keep" maildir "/mnt/mail" user nobody
match from any for domain "other.test" action "keep"
""")
    return ["sh", "-ec", """
        : >/etc/resolv.conf
        mkdir -p /var/spool/smtpd
        chmod 711 /var/spool/smtpd
        exec /usr/sbin/smtpd -d -f /mnt/smtpd.conf"""]


EXIM_TLS = """\
tls_advertise_hosts = *
tls_certificate = /mnt/certificate.pem
tls_privatekey = /mnt/key.pem
"""


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
{EXIM_TLS if has_key(shared) else ""}

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
        chown Debian-exim /mnt /mnt/*
        cp /mnt/exim.conf /etc/exim4/exim4.conf
        exec /usr/sbin/exim4 -bdf"""]


def qpsmtpd(_shared, port):
    return ["sh", "-ec", f"""
        cd /etc/qpsmtpd
        printf '%s\\n' badrcptto rcpt_ok >plugins
        echo bench.test >rcpthosts
        echo {UNKNOWN} >badrcptto
        echo 3 >loglevel
        : >logging
        mkdir -p /var/spool/qpsmtpd /var/run/qpsmtpd
        chown nobody /var/spool/qpsmtpd /var/run/qpsmtpd
        chmod 700 /var/spool/qpsmtpd
        exec env QPSMTPD_CONFIG=/etc/qpsmtpd qpsmtpd-forkserver \
            -l 127.0.0.1 -p {port} -c 100 -m 100 -u nobody"""]


PEERS = {"mailfront": mailfront, "postfix": postfix, "opensmtpd": opensmtpd,
         "exim4-daemon-light": exim, "qpsmtpd": qpsmtpd}
