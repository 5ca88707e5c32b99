#!/usr/bin/env bats
# Sanitized: yes
# The log: what is recorded, where it goes, and that nothing from outside gets
# into it as it is.

load common

setup() {
	prepare
	mapfile -t environment < <(handler_environment)
	environment+=(REMOTE_ADDR=192.0.2.1 REMOTE_PORT=4000
		"SMTPD=$SMTPD" "LOG=$LOG")
	journal=/run/systemd/journal/socket
}

# Runs a command in the environment of a handler with these settings.
# Usage: with [NAME=VALUE]... COMMAND...
with() {
	env -i "${environment[@]}" "$@"
}

# Lines as a client sends them. Escapes are those of printf.
lines() {
	printf '%b\r\n' "$@"
}

# Sends lines to a handler with these settings, whose stderr is $LOG.
# Usage: session [NAME=VALUE]... -- LINE...
session() {
	local settings=()
	while [[ $1 != -- ]]; do
		settings+=("$1")
		shift
	done
	shift
	lines "$@" | with "${settings[@]}" "$SMTPD" 2>"$LOG" >/dev/null
}

# Empties $LOG, and says what JOURNAL_STREAM is for it as stderr.
stream_of_log() {
	: >"$LOG"
	stat -c %d:%i "$LOG"
}

# What the summary says of time is replaced.
without_time() {
	sed -E 's/(session_usec=|SESSION_USEC=)[0-9]+/\1N/g' "$@"
}

# Usage: records NAME: those of this name in $LOG.
records() {
	grep "^$1:" "$LOG"
}

to_rcpt=('EHLO client.example.net' 'MAIL FROM:<sender@example.net>')
message=("${to_rcpt[@]}" 'RCPT TO:<nobody@example.org>'
	'RCPT TO:<alice@example.org>' DATA 'Subject: x' '' text . QUIT)
peer='remote_addr=192.0.2.1 remote_port=4000'
# The session with that message, as lines.
message_log='refused: smtp_reply="550 5.1.1 No such user here" smtp_command="RCPT TO:<nobody@example.org>" smtp_recipient=nobody@example.org smtp_sender=sender@example.net smtp_helo=client.example.net tarpit_delay_usec=0 '"$peer
accepted: smtp_sender=sender@example.net smtp_recipient=alice@example.org smtp_recipients=1 smtp_size=20 smtp_helo=client.example.net $peer
session: smtp_helo=client.example.net smtp_end=quit smtp_recipients_accepted=1 smtp_recipients_refused=1 smtp_refusals=1 smtp_messages=1 smtp_bytes=151 tarpit_delay_usec=0 session_usec=N $peer"

@test "a refusal, a message and a session are a line each on stderr" {
	session -- "${message[@]}"
	run without_time "$LOG"
	assert_output "$message_log"
}

@test "the delay of a refusal and of the session is told in microseconds" {
	session TARPITDELAY=0.05 -- "${to_rcpt[@]}" 'RCPT TO:<x@example.org>' QUIT
	run records refused
	assert_output --partial ' tarpit_delay_usec=50000 '
	run records session
	assert_output --regexp ' tarpit_delay_usec=[56789][0-9]{4} '
}

@test "a fault names what does not work, and why" {
	session SMTPD_RECIPIENTS=/nonexistent -- "${to_rcpt[@]}" \
		'RCPT TO:<alice@example.org>' QUIT
	run grep -v -e ^refused -e ^session "$LOG"
	assert_output "cannot read the recipient CDB: error=\"No such file or directory\" setting=SMTPD_RECIPIENTS value=/nonexistent $peer"
}

@test "the record of a refused message names the sender" {
	session -- "${to_rcpt[@]}" 'RCPT TO:<alice@example.org>' DATA 'a\nb' . \
		'RCPT TO:<alice@example.org>' QUIT
	run records refused
	assert_line --index 0 --partial ' smtp_command=DATA smtp_sender=sender@example.net '
	assert_line --index 1 --partial '503 5.5.1 Say MAIL first'
	refute_line --index 1 --partial smtp_sender=
}

@test "octets that could forge a line or reach a terminal are escaped" {
	session -- 'X a\x1b[2Jb\tc\x7f\xc3\xa4\xff"\\x' QUIT
	run records refused
	assert_output --partial ' smtp_command="X a\x1b[2Jb\x09c\x7f\xc3\xa4\xff\"\\x" '
	session -- 'X a\nrefused: b\rc\0d' QUIT
	assert_equal "$(grep -c '' "$LOG")" 2
	session -- 'EHLO c.example' 'MAIL FROM:<"a\\"b c=d"@example.net>' \
		'RCPT TO:<nobody@example.org>' QUIT
	run records refused
	assert_output --partial ' smtp_sender="\"a\\\"b c=d\"@example.net" '
}

@test "a client's octets are escaped in the name of a Maildir, too" {
	touch "$MAIL/example.net"
	session -- 'EHLO c.example' 'MAIL FROM:<> SMTPUTF8' \
		'RCPT TO:<a\xe2\x80\xaeb@example.net>' DATA QUIT
	run grep Maildir "$LOG"
	assert_output --partial 'Maildir example.net/a\xe2\x80\xaeb: error="Not a '
}

@test "a value stands in quotes where it needs them" {
	session -- 'EHLO c.example' 'MAIL FROM:<a=b@example.net>' \
		'RCPT TO:<nobody@example.org>' 'RSET' \
		'MAIL FROM:<>' 'RCPT TO:<nobody@example.org>' QUIT
	run records refused
	assert_line --index 0 --partial ' smtp_sender="a=b@example.net" smtp_helo=c.example '
	assert_line --index 1 --partial ' smtp_sender="" smtp_helo=c.example '
}

@test "a long value is cut between two octets, and what follows is there" {
	local octets
	octets=$(printf '\\xff%.0s' {1..1000})
	session -- "X $octets" QUIT
	run records refused
	# "X ", then escapes of four up to 800.
	assert_output --regexp \
		' smtp_command="X (\\xff){199}\.\.\." smtp_helo="" tarpit_delay'
	session -- "X $(printf 'a%.0s' {1..798})" QUIT
	run records refused
	assert_output --regexp ' smtp_command="X a{798}" '
	session -- "X $(printf 'a%.0s' {1..799})" QUIT
	run records refused
	assert_output --regexp ' smtp_command="X a{798}\.\.\." '
}

@test "the longest record is one that a pipe takes in one piece" {
	local quoted host name
	quoted=$(printf '\\x22%.0s' {1..120})
	name=$(printf 'a%.0s' {1..60})
	host=$name.$name.$name.$name.example
	session -- "EHLO $host" "MAIL FROM:<\"${quoted//\\x22/\\\\\"}\"@$host>" \
		"RCPT TO:<\"${quoted//\\x22/\\\\\"}\"@$host> $(
			printf 'A=\\x01 %.0s' {1..300})" QUIT
	run records refused
	assert_output --partial " smtp_helo=$host tarpit_delay_usec=0 $peer"
	((${#output} + 1 <= 4096))
}

@test "refusals beyond a hundred are only counted" {
	local commands=()
	mapfile -t commands < <(printf 'X%d\n' {1..250})
	session SMTPD_MAX_ERRORS=1000 -- "${commands[@]}" QUIT
	assert_equal "$(records refused | wc -l)" 100
	run records session
	assert_output --partial ' smtp_refusals=250 '
	assert_output --partial ' log_suppressed=150 '
	mapfile -t commands < <(printf 'X%d\n' {1..100})
	session SMTPD_MAX_ERRORS=1000 -- "${commands[@]}" QUIT
	assert_equal "$(records refused | wc -l)" 100
	run records session
	refute_output --partial log_suppressed
}

# What the journal gets for the message above, in its own protocol.
message_fields="SYSLOG_IDENTIFIER=tarpit-smtpd
SYSLOG_FACILITY=2
PRIORITY=5
MESSAGE_ID=84385c00944f4bcd99452eece303bf7d
MESSAGE=$(sed -n 1p <<<"$message_log")
SMTP_REPLY=550 5.1.1 No such user here
SMTP_COMMAND=RCPT TO:<nobody@example.org>
SMTP_RECIPIENT=nobody@example.org
SMTP_SENDER=sender@example.net
SMTP_HELO=client.example.net
TARPIT_DELAY_USEC=0
REMOTE_ADDR=192.0.2.1
REMOTE_PORT=4000
--
SYSLOG_IDENTIFIER=tarpit-smtpd
SYSLOG_FACILITY=2
PRIORITY=5
MESSAGE_ID=547a93e5924943e689f26362a2a34acb
MESSAGE=$(sed -n 2p <<<"$message_log")
SMTP_SENDER=sender@example.net
SMTP_RECIPIENT=alice@example.org
SMTP_RECIPIENTS=1
SMTP_SIZE=20
SMTP_HELO=client.example.net
REMOTE_ADDR=192.0.2.1
REMOTE_PORT=4000
--
SYSLOG_IDENTIFIER=tarpit-smtpd
SYSLOG_FACILITY=2
PRIORITY=5
MESSAGE_ID=0eb3758e428c433788638c68032d889a
MESSAGE=$(sed -n 3p <<<"$message_log")
SMTP_HELO=client.example.net
SMTP_END=quit
SMTP_RECIPIENTS_ACCEPTED=1
SMTP_RECIPIENTS_REFUSED=1
SMTP_REFUSALS=1
SMTP_MESSAGES=1
SMTP_BYTES=151
TARPIT_DELAY_USEC=0
SESSION_USEC=N
REMOTE_ADDR=192.0.2.1
REMOTE_PORT=4000
--"

# Sends lines to a handler for which its stderr, $LOG, is the journal's stream.
# Prints what the socket of the journal gets.
# Usage: journal_session LINE...
# shellcheck disable=SC2154 # common sets root
journal_session() {
	lines "$@" | with "JOURNAL_STREAM=$(stream_of_log)" \
		"$root/tests/own-sockets" "$root/tests/datagrams" "$journal" \
		"$SMTPD" 2>"$LOG"
}

@test "the journal gets fields, in its own protocol, and stderr nothing" {
	journal_session "${message[@]}" >"$BATS_TEST_TMPDIR/datagrams"
	run without_time "$BATS_TEST_TMPDIR/datagrams"
	assert_output "$message_fields"
	run cat "$LOG"
	assert_output ''
}

@test "a client cannot make a field of the journal" {
	run journal_session 'X a\nPRIORITY=0\nMESSAGE=b' QUIT
	assert_success
	refute_line --regexp '^PRIORITY=[^5]'
	refute_line --regexp '^MESSAGE=b'
	assert_line --regexp '^SMTP_COMMAND=.*\\x0aPRIORITY=0\\x0aMESSAGE=b'
}

@test "faults and bad settings are errors to the journal" {
	environment+=(SMTPD_RECIPIENTS=/nonexistent)
	run journal_session "${to_rcpt[@]}" 'RCPT TO:<alice@example.org>' QUIT
	assert_line --index 2 'PRIORITY=3'
	assert_line --index 3 'MESSAGE_ID=533cdecd909a4c879cb8cdedfe76fd53'
	assert_line 'ERROR=No such file or directory'
	environment+=(MAXRCPT=x)
	run journal_session QUIT
	assert_failure 78
	assert_line --index 2 'PRIORITY=3'
	assert_line --index 3 'MESSAGE_ID=e5a2aea403f84144a03f47e7ed76d036'
	assert_line 'SETTING=MAXRCPT'
	assert_line 'VALUE=x'
	assert_line 'POSITION=1'
}

@test "stderr is used when it is not the stream of the journal" {
	local stream
	for stream in "$(stat -c %d:1%i /)" '' 0 :; do
		lines "${message[@]}" | with "JOURNAL_STREAM=$stream" \
			"$root/tests/own-sockets" "$root/tests/datagrams" \
			"$journal" "$SMTPD" 2>"$LOG" >"$LOG.journal"
		run cat "$LOG.journal"
		assert_output ''
		run without_time "$LOG"
		assert_output "$message_log"
	done
}

@test "stderr is used when the journal cannot be reached" {
	lines "${message[@]}" |
		with "JOURNAL_STREAM=$(stream_of_log)" \
			"$root/tests/own-sockets" "$SMTPD" 2>"$LOG" >/dev/null
	run without_time "$LOG"
	assert_output "$message_log"
}

@test "the journal keeps what it gets, and finds it by field" {
	# shellcheck disable=SC2016
	with "JOURNAL_STREAM=$(stream_of_log)" \
		"ROOT=$root" "$root/tests/own-sockets" bash -euc '
		/lib/systemd/systemd-journald 2>/dev/null &
		for _ in {1..500}; do
			[[ ! -S /run/systemd/journal/socket ]] || break
			sleep 0.02
		done
		"$SMTPD" 2>"$LOG" >/dev/null
		show() {
			journalctl -q -D /run/log/journal -o json "$@"
		}
		for _ in {1..500}; do
			[[ -z $(show SMTP_END=quit) ]] || break
			sleep 0.02
		done
		show -t tarpit-smtpd SMTP_RECIPIENT=nobody@example.org
		kill $!
		wait $! || true' < <(lines "${message[@]}") \
		>"$BATS_TEST_TMPDIR/found"
	run python3 -c 'import json, sys
record = json.load(sys.stdin)
for name in "MESSAGE", "PRIORITY", "REMOTE_ADDR", "SMTP_REPLY":
	print(record[name])' <"$BATS_TEST_TMPDIR/found"
	assert_output "$(sed -n 1p <<<"$message_log")
5
192.0.2.1
550 5.1.1 No such user here"
}

@test "the catalog explains each kind of record" {
	local catalog=usr/lib/systemd/catalog
	mkdir -p "$BATS_TEST_TMPDIR"/{"$catalog",var/lib/systemd/catalog}
	cp "$root/units/tarpit-smtpd.catalog" "$BATS_TEST_TMPDIR/$catalog"
	run journalctl --root="$BATS_TEST_TMPDIR" --update-catalog
	assert_success
	assert_output ''
	run bash -c '
		comm -3 <(journalctl --root="$1" --list-catalog |
				cut -d " " -f 1 | sort) \
			<(grep -oE "[0-9a-f]{32}" "$2" | sort)' bash \
		"$BATS_TEST_TMPDIR" "$root/smtpd/log.c"
	assert_output ''
	assert_equal "$(grep -cE '^-- [0-9a-f]{32}$' \
		"$root/units/tarpit-smtpd.catalog")" 6
}

@test "syslog gets the records when stderr is the connection" {
	lines "${message[@]}" >"$BATS_TEST_TMPDIR/client"
	with "$root/tests/own-sockets" "$root/tests/datagrams" --inetd /dev/log \
		"$SMTPD" <"$BATS_TEST_TMPDIR/client" >"$BATS_TEST_TMPDIR/output"
	# The client gets replies and nothing else.
	run grep -vE '^client: [2-5][0-9]{2}[- ][^=]*'$'\r''$' \
		"$BATS_TEST_TMPDIR/output"
	run without_time <<<"$output"
	# 21 is mail.notice (RFC 3164, 4.1.1).
	assert_line --index 0 --regexp '^<21>tarpit-smtpd\[[0-9]+\]: refused: '
	assert_equal "$(sed -E 's/^<21>tarpit-smtpd\[[0-9]+\]: //; /^--$/d' \
		<<<"$output")" "$message_log"
}

@test "syslog gets the records when stderr is the pipe to the client" {
	# shellcheck disable=SC2016
	run with "$root/tests/own-sockets" "$root/tests/datagrams" /dev/log \
		bash -c '"$SMTPD" 2>&1 | cat >"$1"' bash "$BATS_TEST_TMPDIR/out" \
		< <(lines X QUIT)
	assert_success
	assert_line --index 0 --regexp '^<21>tarpit-smtpd\[[0-9]+\]: refused: '
	run cat "$BATS_TEST_TMPDIR/out"
	assert_line --index 0 --partial 220
	refute_output --partial refused:
	refute_output --partial session:
}

@test "syslog gets the records when stderr is closed" {
	# shellcheck disable=SC2016
	run with "$root/tests/own-sockets" "$root/tests/datagrams" /dev/log \
		bash -c 'exec "$SMTPD" 2>&-' < <(lines X QUIT)
	assert_success
	assert_line --index 0 --regexp '^<21>tarpit-smtpd\[[0-9]+\]: refused: '
}

@test "a socket as stderr that is not the connection gets the lines" {
	# shellcheck disable=SC2016
	run with python3 -c '
import os, socket, subprocess, sys
ours, theirs = socket.socketpair()
client, server = socket.socketpair()
client.sendall(sys.stdin.buffer.read())
client.shutdown(socket.SHUT_WR)
status = subprocess.run([os.environ["SMTPD"]], stdin=server, stdout=server,
                        stderr=theirs).returncode
theirs.close()
sys.stdout.buffer.write(ours.makefile("rb").read())
sys.exit(status)
' < <(lines X QUIT)
	assert_success
	assert_line --index 0 --partial 'refused: '
	assert_line --index 1 --partial 'session: '
}

@test "the client gets no record when there is no syslog" {
	lines "${message[@]}" >"$BATS_TEST_TMPDIR/client"
	# The socket of the journal is there, but nobody said that it is in use.
	run with "$root/tests/own-sockets" "$root/tests/datagrams" --inetd \
		"$journal" "$SMTPD" <"$BATS_TEST_TMPDIR/client"
	assert_success
	refute_output --partial refused:
	refute_output --partial session:
	assert_line $'client: 221 2.0.0 Goodbye\r'
}

@test "a journal that takes nothing holds up nobody" {
	local commands=()
	mapfile -t commands < <(printf 'X%d\n' {1..90})
	lines "${commands[@]}" QUIT |
		with SMTPD_MAX_ERRORS=1000 \
			"JOURNAL_STREAM=$(stream_of_log)" timeout 20 \
			"$root/tests/own-sockets" "$root/tests/datagrams" \
			--deaf "$journal" "$SMTPD" 2>"$LOG" >"$LOG.journal"
	# The socket was full, and what came then is lost.
	run grep -c '^MESSAGE=' "$LOG.journal"
	((output > 0 && output < 90))
}

@test "a full pipe as stderr holds up nobody" {
	# shellcheck disable=SC2016
	run with timeout 20 python3 -c '
import fcntl, os, subprocess, sys
reader, writer = os.pipe()
os.set_blocking(writer, False)
try:
    while True:
        os.write(writer, b"x" * 4096)
except BlockingIOError:
    pass
os.set_blocking(writer, True)
sys.exit(subprocess.run([os.environ["SMTPD"]], stderr=writer).returncode)
' < <(lines X QUIT)
	assert_success
	assert_line --partial '221 2.0.0 Goodbye'
}

@test "a stderr that nobody reads any more ends no session" {
	# shellcheck disable=SC2016
	run with bash -c '
		mkfifo "$LOG.fifo"
		exec 3<>"$LOG.fifo" 4>"$LOG.fifo" 3>&-
		exec "$SMTPD" 2>&4' < <(lines X QUIT)
	assert_success
	assert_line --partial '221 2.0.0 Goodbye'
}
