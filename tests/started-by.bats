#!/usr/bin/env bats
# The handler under everything that can start it. Each starter plays the same
# session, over IPv4 and IPv6, and the log and the trace header must know the
# client.

load common

bats_require_minimum_version 1.5.0

starters=$build/starters

setup() {
	prepare
	PORT=$(free_port)
}

teardown() {
	[[ -z ${STARTER-} ]] || stop_starter
}

# Runs a starter in the background, with the settings in its environment.
# Usage: start COMMAND...
start() {
	local environment
	mapfile -t environment < <(handler_environment)
	env -i "${environment[@]}" "$@" </dev/null >>"$LOG" 2>&1 3>&- &
	STARTER=$!
}

stop_starter() {
	kill "$STARTER"
	wait "$STARTER" || true
	STARTER=
}

listening() {
	[[ -n $(ss -Hltn "sport = :$PORT") ]]
}

# One good recipient, one bad, one message.
session() {
	printf '%s\n' "$ehlo" "$mail" "$rcpt" \
		'C: RCPT TO:<nobody@example.org>' \
		'S: 550 5.1.1 No such user here' \
		"$data" \
		'C: Subject: started' \
		'C: ' \
		'C: by whom?' \
		'C: .' \
		'S~ 250 2\.0\.0 .*' \
		'C: QUIT' \
		'S: 221 2.0.0 Goodbye' \
		'@eof'
}

# Plays the session over the network, and looks for the client's address in
# the trace header.
# Usage: serves ADDRESS
serves() {
	local literal=$1
	[[ $1 != *:* ]] || literal=IPv6:$1
	wait_until 20 listening
	session | "$root/tests/dialogue" --connect "$1:$PORT"
	run -0 the_message
	assert_line --partial "[$literal]"
	assert_line 'by whom?'
}

logs_to_stderr() {
	wait_until 20 grep -q "remote_addr=\"\?$1" "$LOG"
}

# A configuration file of xinetd, which starts the handler with its own
# environment.
# Usage: xinetd_file ADDRESS FLAGS
xinetd_file() {
	cat >"$BATS_TEST_TMPDIR/xinetd.conf" <<-END
		service smtp-test
		{
			type = UNLISTED
			socket_type = stream
			protocol = tcp
			wait = no
			user = $(id -un)
			flags = $2
			bind = $1
			port = $PORT
			env = TARPITDELAY=0
			instances = 1000
			per_source = 20
			server = $SMTPD
		}
	END
}

# inetd gives the connection as stderr too: the log goes to syslog, that is to
# /dev/log, which must be one of our own.
# Usage: with_syslog COMMAND...
with_syslog() {
	# shellcheck disable=SC2016 # for the shell there
	start unshare -m --propagation unchanged bash -ec '
		mount --make-private /dev
		mount -t tmpfs dev /dev
		mknod -m 666 /dev/null c 1 3
		mknod -m 666 /dev/urandom c 1 9
		python3 -c "$1" "$2" &
		until [ -S /dev/log ]; do sleep 0.02; done
		shift 2
		# Ends with its listener, whichever is told to.
		trap "kill %1 %2" TERM
		"$@" &
		wait -n || true
		kill %1 %2 || true' \
		bash "$syslog_listener" "$BATS_TEST_TMPDIR/syslog" "$@"
}

syslog_listener='
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("/dev/log")
with open(sys.argv[1], "wb", buffering=0) as out:
    while True:
        out.write(s.recv(8192) + b"\n")
'

logs_to_syslog() {
	wait_until 20 grep -q "tarpit-smtpd.*remote_addr=\"\?$1" \
		"$BATS_TEST_TMPDIR/syslog"
}

@test "tcpserver starts it" {
	start tcpserver -RHl0 127.0.0.1 "$PORT" "$SMTPD"
	serves 127.0.0.1
	logs_to_stderr 127.0.0.1
}

@test "tcpserver starts it for IPv6" {
	start "$starters/usr/bin/tcpserver" -RHl0 ::1 "$PORT" "$SMTPD"
	serves ::1
	logs_to_stderr ::1
}

@test "xinetd starts it and it logs to syslog" {
	xinetd_file 127.0.0.1 IPv4
	with_syslog "$starters/usr/sbin/xinetd" -dontfork -stayalive \
		-f "$BATS_TEST_TMPDIR/xinetd.conf"
	serves 127.0.0.1
	logs_to_syslog 127.0.0.1
}

@test "xinetd starts it for IPv6" {
	xinetd_file ::1 IPv6
	with_syslog "$starters/usr/sbin/xinetd" -dontfork -stayalive \
		-f "$BATS_TEST_TMPDIR/xinetd.conf"
	serves ::1
	logs_to_syslog ::1
}

@test "openbsd-inetd starts it and it logs to syslog" {
	echo "127.0.0.1:$PORT stream tcp nowait.1000 $(id -un) $SMTPD tarpit-smtpd" \
		>"$BATS_TEST_TMPDIR/inetd.conf"
	with_syslog "$starters/usr/sbin/inetd" -i \
		"$BATS_TEST_TMPDIR/inetd.conf"
	serves 127.0.0.1
	logs_to_syslog 127.0.0.1
}

@test "openbsd-inetd starts it for IPv6" {
	echo "[::1]:$PORT stream tcp6 nowait.1000 $(id -un) $SMTPD tarpit-smtpd" \
		>"$BATS_TEST_TMPDIR/inetd.conf"
	with_syslog "$starters/usr/sbin/inetd" -i \
		"$BATS_TEST_TMPDIR/inetd.conf"
	serves ::1
	logs_to_syslog ::1
}

# systemd-socket-activate takes its settings as options.
# Usage: socket_activate ADDRESS
socket_activate() {
	local assignment options=()
	while read -r assignment; do
		options+=(-E "$assignment")
	done < <(handler_environment)
	start systemd-socket-activate --inetd -a -l "$1" "${options[@]}" \
		"$SMTPD"
}

@test "systemd-socket-activate starts it" {
	socket_activate "127.0.0.1:$PORT"
	serves 127.0.0.1
	logs_to_stderr 127.0.0.1
}

@test "systemd-socket-activate starts it for IPv6" {
	socket_activate "[::1]:$PORT"
	serves ::1
	logs_to_stderr ::1
}

@test "a pipe is enough" {
	local environment
	mapfile -t environment < <(handler_environment)
	session | env -i "${environment[@]}" "$root/tests/dialogue" --pipes \
		"$SMTPD" 2>>"$LOG"
	run -0 the_message
	assert_line 'by whom?'
	wait_until 20 grep -q recipients_refused=1 "$LOG"
}

@test "a file as input and a pipe as output are enough" {
	local environment
	mapfile -t environment < <(handler_environment)
	printf '%s\r\n' 'HELO client.example.net' QUIT >"$BATS_TEST_TMPDIR/in"
	env -i "${environment[@]}" "$SMTPD" <"$BATS_TEST_TMPDIR/in" \
		2>>"$LOG" >"$BATS_TEST_TMPDIR/out"
	diff "$BATS_TEST_TMPDIR/out" <(printf '%s\r\n' \
		'220 mx.example.org ESMTP' '250 mx.example.org' \
		'221 2.0.0 Goodbye')
}
