#!/usr/bin/env bats
# STARTTLS and implicit TLS, with tarpit-tls or with what stands in for it.
# Sanitized: yes

load common
load server
load tls
load starttls

setup_file() {
	export KEYS=$BATS_FILE_TMPDIR/keys
	make_key_pair "$KEYS"
}

setup() {
	prepare
}

teardown() {
	[[ -z ${HOLDER-} ]] || kill "$HOLDER" 2>/dev/null || true
	stop_server
	stop_tls
}

# A dialogue with a handler that knows the socket.
# Usage: talk_tls [NAME=VALUE]... <TRANSCRIPT
talk_tls() {
	talk "SMTPD_TLS_SOCKET=$TLS_SOCKET" "$@"
}

starttls='C: STARTTLS
S: 220 2.0.0 Ready to start TLS
@tls'
ehlo_again="${ehlo#S: 220 mx.example.org ESMTP?}"

@test "without the local socket STARTTLS is neither offered nor known" {
	TLS_SOCKET=$BATS_TEST_TMPDIR/none
	talk_tls <<-EOT
		$ehlo
		C: STARTTLS
		S: 502 5.5.1 Command not implemented
		$quit
	EOT
	touch "$TLS_SOCKET"
	talk_tls <<-EOT
		$ehlo
		$quit
	EOT
}

@test "over pipes there is no TLS" {
	start_tls
	dialogue_options=(--pipes)
	talk_tls <<-EOT
		$ehlo
		C: STARTTLS
		S: 502 5.5.1 Command not implemented
		$quit
	EOT
}

@test "a message comes through TLS, and its header and the log say so" {
	start_tls
	talk_tls <<-EOT
		$ehlo_tls
		$starttls
		$ehlo_again
		$mail
		$rcpt
		$data
		C: text
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	the_message | grep -q \
		$'^\tby mx.example.org with ESMTPS (TLSv1.3 TLS_[A-Z0-9_]*)$'
	grep -q '^accepted: .* tls_version=TLSv1.3 tls_cipher=TLS_' "$LOG"
	grep -q '^session: .* smtp_end=quit tls_version=TLSv1.3 tls_cipher=TLS_' "$LOG"
	wait_until 20 no_tls_process
}

@test "in TLS the handler has no hand on the client's socket" {
	start_tls
	talk_tls <<-EOT
		$ehlo_tls
		@run test -e /proc/\$PID/fd/0
		$starttls
		$ehlo_again
		@run ! test -e /proc/\$PID/fd/0 && ! test -e /proc/\$PID/fd/1
		$quit
	EOT
}

@test "a session without TLS never connects to tarpit-tls" {
	stand_in end
	talk_tls <<-EOT
		$ehlo_tls
		$mail
		$rcpt
		$quit
	EOT
	run cat "$TLS_LOG"
	assert_output listening
	run grep -c tls_ "$LOG"
	assert_output 0
}

@test "a header says UTF8SMTPS of a message in UTF-8" {
	start_tls
	talk_tls <<-EOT
		$ehlo_tls
		$starttls
		$ehlo_again
		C: MAIL FROM:<sender@example.net> SMTPUTF8
		S: 250 2.1.0 Sender OK
		$rcpt
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	the_message | grep -q $'^\tby mx.example.org with UTF8SMTPS (TLSv1.3 TLS_'
}

@test "STARTTLS has no argument" {
	stand_in end
	talk_tls <<-EOT
		$ehlo_tls
		C: STARTTLS now
		S: 501 5.5.4 This command has no argument
		$quit
	EOT
}

@test "in TLS it is not offered again, and a second STARTTLS is refused" {
	start_tls
	talk_tls <<-EOT
		$ehlo_tls
		$starttls
		$ehlo_again
		C: STARTTLS
		S: 503 5.5.1 TLS is active already
		C: NOOP
		S: 250 2.0.0 OK
		$quit
	EOT
}

@test "after STARTTLS the client has not said EHLO, and has no transaction" {
	start_tls
	talk_tls <<-EOT
		$ehlo_tls
		$mail
		$rcpt
		$starttls
		C: DATA
		S: 503 5.5.1 Say MAIL first
		C: MAIL FROM:<sender@example.net>
		S: 503 5.5.1 Say EHLO first
		$quit
	EOT
}

@test "after STARTTLS refusals go on being counted" {
	start_tls
	talk_tls SMTPD_MAX_ERRORS=2 TARPITDELAY=0.5 TARPITCOUNT=1 <<-EOT
		$ehlo_tls
		C: BOGUS
		S: 500 5.5.1 Unknown command
		$starttls
		@mark
		C: BOGUS
		S: 500 5.5.1 Unknown command
		@at-least 0.5
		C: BOGUS
		S: 421 4.7.0 Too many errors
		@eof
		@exit 0
	EOT
}

# Plays the transcript with text behind STARTTLS: it must be refused, late, and
# the text not looked at.
text_is_refused() {
	stand_in keep
	talk_tls TARPITDELAY=0.5 <<-EOT
		$ehlo_tls
		$mail
		$rcpt
		@mark
		$(cat)
		S: 554 5.5.0 Nothing may come behind STARTTLS before its reply
		@at-least 0.5
		@eof
		@exit 0
	EOT
	grep -q '^refused: smtp_reply="554 5.5.0 .* smtp_command=STARTTLS ' "$LOG"
	grep -q '^session: .* smtp_end="text behind STARTTLS" ' "$LOG"
	assert_nothing_delivered
}

@test "commands behind STARTTLS are thrown away, and end the session" {
	text_is_refused <<-EOT
		C: STARTTLS
		C: DATA
		C: text
		C: .
	EOT
	run cat "$TLS_LOG"
	assert_output listening
}

@test "half a line behind STARTTLS does so, too" {
	text_is_refused <<-'EOT'
		C: STARTTLS
		C| D
	EOT
}

@test "a line that comes before the answer to STARTTLS does so, too" {
	stand_in hold "$BATS_TEST_TMPDIR/go"
	talk_tls <<-EOT
		$ehlo_tls
		C: STARTTLS
		@run until grep -q connected $TLS_LOG; do sleep 0.01; done
		C: NOOP
		@run touch $BATS_TEST_TMPDIR/go
		S: 554 5.5.0 Nothing may come behind STARTTLS before its reply
		@eof
		@exit 0
	EOT
}

@test "a client that speaks plain text after the answer has no session" {
	start_tls
	talk_tls <<-EOT
		$ehlo_tls
		C: STARTTLS
		S: 220 2.0.0 Ready to start TLS
		C: EHLO client.example.net
		@tls-fails
		@exit 0
	EOT
	grep -q '^session: .* smtp_end="TLS failed" tls_error=".' "$LOG"
	wait_until 20 no_tls_process
}

@test "answers owed do not wait for tarpit-tls" {
	stand_in hold "$BATS_TEST_TMPDIR/go"
	talk_tls <<-EOT
		$ehlo_tls
		C: NOOP
		C: STARTTLS
		S: 250 2.0.0 OK
		@run touch $BATS_TEST_TMPDIR/go
		S: 220 2.0.0 Ready to start TLS
		@signal TERM
		@eof
		@exit 0
	EOT
}

# After STARTTLS could not be had, the session goes on, with one record of a
# fault for each.
# Usage: unavailable ERROR [ERROR-THE-SECOND-TIME]
unavailable() {
	talk_tls TARPITDELAY=60 <<-EOT
		$ehlo_tls
		C: STARTTLS
		S: 454 4.7.0 TLS is not available now
		C: STARTTLS
		S: 454 4.7.0 TLS is not available now
		$mail
		$rcpt
		$data
		C: text
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run sed -n 's/^TLS is not available: error="\([^"]*\)" .*/\1/p' "$LOG"
	assert_output "$1
${2-$1}"
	run grep -c '^refused: smtp_reply="454 4.7.0 ' "$LOG"
	assert_output 2
	the_message | grep -q $'^\tby mx.example.org with ESMTP$'
}

@test "a socket where nobody listens is 454" {
	TLS_SOCKET=$BATS_TEST_TMPDIR/stale
	python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$TLS_SOCKET"
	unavailable 'Connection refused'
}

@test "a tarpit-tls that ends is 454" {
	stand_in end
	unavailable 'Connection reset by peer'
}

@test "one that says something else is 454" {
	stand_in greet 'hello\r\n'
	unavailable 'Protocol error' 'Connection reset by peer'
}

@test "one that says nothing is 454, in good time" {
	stand_in wait
	talk_tls SMTPD_SESSION_TIMEOUT=1 <<-EOT
		$ehlo_tls
		@mark
		C: STARTTLS
		S: 454 4.7.0 TLS is not available now
		@less-than 15
		S: 421 4.4.2 Timed out
		@eof
		@exit 0
	EOT
}

@test "SIGTERM ends the wait for tarpit-tls" {
	stand_in wait
	talk_tls <<-EOT
		$ehlo_tls
		C: STARTTLS
		@run until grep -q connected $TLS_LOG; do sleep 0.01; done
		@signal TERM
		S: 454 4.7.0 TLS is not available now
		S: 421 4.3.2 Service shutting down
		@eof
		@exit 0
	EOT
}

# Plays a handshake that fails: nothing is said in plain text any more, and
# there is one record, of the session.
# Usage: fails ERROR [SETTING]... <WHAT-THE-CLIENT-DOES
fails() {
	talk_tls "${@:2}" <<-EOT
		$ehlo_tls
		C: STARTTLS
		S: 220 2.0.0 Ready to start TLS
		$(cat)
		@eof
		@exit 0
	EOT
	run cat "$LOG"
	assert_equal "$(grep -c remote_addr "$LOG")" 1
	assert_line --partial " smtp_end=\"TLS failed\" tls_error=$1 "
}

@test "the reason for which a handshake fails is logged, escaped" {
	stand_in say 'failed no "shared"\x1b cipher\r\n'
	fails '"no \"shared\"\x1b cipher"' </dev/null
}

@test "a tarpit-tls that ends in the handshake ends the session" {
	stand_in drop
	fails '"tarpit-tls has hung up"' </dev/null
}

@test "an answer that means nothing ends the session" {
	local answer
	for answer in 'hello\r\n' 'tls\r\n' 'tls (x y\r\n' 'tls a b\n\r\n' '\r\n'; do
		stand_in say "$answer"
		fails '"no understandable answer"' </dev/null
		stop_tls
		rm "$LOG" "$TLS_SOCKET" "$TLS_LOG"
	done
}

@test "a handshake has the time of a command" {
	stand_in keep
	fails '"timed out"' SMTPD_TIMEOUT=1 </dev/null
}

@test "SIGTERM ends a handshake" {
	stand_in keep
	fails terminated <<-EOT
		@run until grep -q '^client$' $TLS_LOG; do sleep 0.01; done
		@signal TERM
	EOT
}

# More descriptors of this user are on their way than a handler may have open.
@test "the client is passed on when there is room for it" {
	start_tls
	python3 -c '
import socket, time
ends = socket.socketpair()
for _ in range(100):
    socket.send_fds(ends[0], [b"x"], [0])
print("held", flush=True)
time.sleep(600)' </dev/null >"$BATS_TEST_TMPDIR/holder" 3>&- &
	HOLDER=$!
	wait_until 20 test -s "$BATS_TEST_TMPDIR/holder"
	talk_tls <<-EOT
		$ehlo_tls
		C: STARTTLS
		S: 220 2.0.0 Ready to start TLS
		@silence 0.1
		@run kill $HOLDER
		@tls
		$ehlo_again
		$quit
	EOT
}

@test "a client that hangs up in the handshake leaves one record and no process" {
	local words
	start_tls
	# Nothing at all, and the beginning of a ClientHello.
	for words in '' 'C| \x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'; do
		talk_tls <<-EOT
			$ehlo_tls
			C: STARTTLS
			S: 220 2.0.0 Ready to start TLS
			$words
			@close
			@exit 0
		EOT
		assert_equal "$(grep -c remote_addr "$LOG")" 1
		grep -q '^session: .* smtp_end="TLS failed" tls_error=' "$LOG"
		wait_until 20 no_tls_process
		rm "$LOG"
	done
}

@test "a refusal through TLS is late" {
	start_tls
	talk_tls TARPITDELAY=0.5 <<-EOT
		$ehlo_tls
		$starttls
		$ehlo_again
		$mail
		@mark
		C: RCPT TO:<nobody@example.org>
		S: 550 5.1.1 No such user here
		@at-least 0.5
		@mark
		C: RCPT TO:<nobody@example.org>
		C: $(sed -n 's/^C: //p' <<<"$rcpt")
		S: 550 5.1.1 No such user here
		@at-least 0.5
		$(sed -n 2p <<<"$rcpt")
		$quit
	EOT
}

# A delay of a minute is not waited for.
@test "a client that hangs up in a delay frees both processes at once" {
	start_tls
	talk_tls TARPITDELAY=60 <<-EOT >"$BATS_TEST_TMPDIR/time"
		$ehlo_tls
		$starttls
		C: BOGUS
		@silence 0.3
		@close
		@exit 0
	EOT
	cat "$BATS_TEST_TMPDIR/time"
	awk '/after the mark/ { exit $3 > 5 }' "$BATS_TEST_TMPDIR/time"
	wait_until 5 no_tls_process
	grep -q '^session: .* smtp_end=hang-up tls_version=' "$LOG"
}

@test "a client that ends TLS in a delay ends the delay" {
	start_tls
	talk_tls TARPITDELAY=60 <<-EOT
		$ehlo_tls
		$starttls
		C: BOGUS
		@silence 0.3
		@end-input
		@eof
		@exit 0
	EOT
	grep -q '^session: .* smtp_end=hang-up tls_version=' "$LOG"
}

@test "a client that talks in a delay does not end it" {
	start_tls
	talk_tls TARPITDELAY=1 <<-EOT
		$ehlo_tls
		$starttls
		@mark
		C: BOGUS
		@silence 0.3
		C: NOOP
		S: 500 5.5.1 Unknown command
		@at-least 1
		S: 250 2.0.0 OK
		$quit
	EOT
}

@test "SIGTERM is told to the client through TLS" {
	start_tls
	talk_tls <<-EOT
		$ehlo_tls
		$starttls
		$ehlo_again
		@signal TERM
		S: 421 4.3.2 Service shutting down
		@eof
		@exit 0
	EOT
}

@test "when SIGTERM comes to both processes, a message on its way is answered" {
	start_tls
	talk_tls <<-EOT
		$ehlo_tls
		$starttls
		$ehlo_again
		$mail
		$rcpt
		$data
		C: text
		@run kill -TERM $(tls_children)
		@signal TERM
		S: 421 4.3.2 Service shutting down
		@eof
		@exit 0
	EOT
	assert_nothing_delivered
}

@test "SIGTERM in a delay is told to the client through TLS" {
	start_tls
	talk_tls TARPITDELAY=60 <<-EOT
		$ehlo_tls
		$starttls
		C: BOGUS
		@silence 0.3
		@signal TERM
		S: 421 4.3.2 Service shutting down
		@eof
		@exit 0
	EOT
}

@test "a timeout is told to the client through TLS" {
	start_tls
	talk_tls SMTPD_TIMEOUT=1 <<-EOT
		$ehlo_tls
		$starttls
		S: 421 4.4.2 Timed out
		@eof
		@exit 0
	EOT
}

# A word of the shell: what tarpit-tls runs as, once it does.
tls_children() {
	echo "\$(cat /proc/$TLS_SERVER/task/*/children)"
}

@test "when tarpit-tls dies, so does the session" {
	start_tls
	talk_tls <<-EOT
		$ehlo_tls
		$starttls
		$ehlo_again
		$mail
		$rcpt
		@run kill -KILL $(tls_children)
		@cut-off
		@exit 0
	EOT
	grep -q '^session: .* smtp_end=hang-up ' "$LOG"
	assert_nothing_delivered
}

@test "when tarpit-tls dies in a message, nothing of it is delivered" {
	start_tls
	talk_tls <<-EOT
		$ehlo_tls
		$starttls
		$ehlo_again
		$mail
		$rcpt
		$data
		C: text
		@repeat 1000 C: $(printf '%0900d' 1)
		@silence 0.1
		@run kill -KILL $(tls_children)
		@cut-off
		@exit 0
	EOT
	grep -q '^session: .* smtp_end=hang-up ' "$LOG"
	assert_nothing_delivered
}

@test "when tarpit-tls dies in a delay, the delay ends" {
	start_tls
	talk_tls TARPITDELAY=60 <<-EOT
		$ehlo_tls
		$starttls
		C: BOGUS
		@silence 0.3
		@run kill -KILL $(tls_children)
		@cut-off
		@exit 0
	EOT
	grep -q '^session: .* smtp_end=hang-up ' "$LOG"
}

@test "when the handler dies, so does tarpit-tls" {
	start_tls
	run talk_tls <<-EOT
		$ehlo_tls
		$starttls
		$ehlo_again
		@signal KILL
		@eof
	EOT
	assert_output --partial 'the server died of signal 9'
	wait_until 20 no_tls_process
}

@test "through TLS, too, nothing but a dot between CRLF ends a message" {
	start_tls
	talk_tls <<-EOT
		$ehlo_tls
		$starttls
		$ehlo_again
		$mail
		$rcpt
		$data
		C| text\n.\nMAIL FROM:<x@example.net>\r\n\r.\rRCPT\r\n..\r\n
		C: .
		C: NOOP
		S: 554 5.6.0 Message with a bare CR or LF
		S: 250 2.0.0 OK
		C| NOOP\nNOOP\r\n
		S: 500 5.5.2 Line with a bare CR, a bare LF or a NUL
		$quit
	EOT
	assert_nothing_delivered
}

@test "commands that come through TLS together are answered one by one" {
	start_tls
	talk_tls <<-EOT
		$ehlo_tls
		$starttls
		$ehlo_again
		C: MAIL FROM:<sender@example.net>
		C: RCPT TO:<alice@example.org>
		C: RCPT TO:<bob@example.org>
		C: DATA
		S: 250 2.1.0 Sender OK
		S: 250 2.1.5 Recipient OK
		S: 250 2.1.5 Recipient OK
		S: 354 Send the message; end it with <CRLF>.<CRLF>
		C: text
		C: .
		C: QUIT
		S: 250 2.0.0 Message accepted
		S: 221 2.0.0 Goodbye
		@eof
		@exit 0
	EOT
	run messages
	assert_line --index 1 --partial /new/
}

@test "under inetd, where stderr is the connection, TLS ends in order" {
	start_tls
	printf '#!/bin/sh\nexec %s 2>&1\n' "$SMTPD" >"$BATS_TEST_TMPDIR/inetd"
	SMTPD=$BATS_TEST_TMPDIR/inetd
	chmod +x "$SMTPD"
	talk_tls <<-EOT
		$ehlo_tls
		$starttls
		$ehlo_again
		$quit
	EOT
	wait_until 20 no_tls_process
}

# Plays a dialogue with the server's port, where TLS comes first.
# Usage: talk_implicit <TRANSCRIPT
talk_implicit() {
	"$root/tests/dialogue" --connect "127.0.0.1:$PORT"
}

@test "on a port of SMTPD_TLS_PORTS, TLS comes before the greeting" {
	start_tls
	start_server "SMTPD_TLS_SOCKET=$TLS_SOCKET" "SMTPD_TLS_PORTS=4,@PORT@" \
		TARPITDELAY=0.5
	talk_implicit <<-EOT
		@silence 0.1
		@tls
		$ehlo
		C: STARTTLS
		@mark
		S: 503 5.5.1 TLS is active already
		@at-least 0.4
		$mail
		$rcpt
		$data
		C: text
		C: .
		S: 250 2.0.0 Message accepted
		C: QUIT
		S: 221 2.0.0 Goodbye
		@eof
	EOT
	the_message | grep -q $'^\tby mx.example.org with ESMTPS (TLSv1.3 TLS_'
}

@test "by IPv6, too" {
	start_tls
	start_server "SMTPD_TLS_SOCKET=$TLS_SOCKET" "SMTPD_TLS_PORTS=@PORT@"
	kill "$SERVER"
	wait "$SERVER" || true
	systemd-socket-activate --inetd -a -l "[::1]:$PORT" \
		-E "SMTPD_TLS_SOCKET=$TLS_SOCKET" -E "SMTPD_TLS_PORTS=$PORT" \
		-E "SMTPD_HOSTNAME=mx.example.org" -E "SMTPD_RECIPIENTS=$CDB" \
		-E "SMTPD_DELIVERY=maildir:$MAIL/%d/%l" \
		"$SMTPD" </dev/null >"$LOG" 2>&1 3>&- &
	SERVER=$!
	wait_until 20 grep -q '^Listening on' "$LOG"
	"$root/tests/dialogue" --connect "[::1]:$PORT" <<-EOT
		@tls
		S: 220 mx.example.org ESMTP
		C: QUIT
		S: 221 2.0.0 Goodbye
		@eof
	EOT
}

@test "behind a proxy, its header comes before TLS" {
	start_tls
	start_server "SMTPD_TLS_SOCKET=$TLS_SOCKET" "SMTPD_TLS_PORTS=@PORT@" \
		SMTPD_PROXY=yes SMTPD_PROXY_FROM=127.0.0.1
	talk_implicit <<-EOT
		C: PROXY TCP4 192.0.2.7 192.0.2.8 4007 465
		@tls
		S: 220 mx.example.org ESMTP
		C: QUIT
		S: 221 2.0.0 Goodbye
		@eof
	EOT
	wait_until 20 grep -q '^session: .* tls_version=.* remote_addr=192.0.2.7 ' "$LOG"
}

# A client that sends a header and the first octets of TLS at once.
# Usage: begin_at_once VERSION
begin_at_once() {
	timeout 60 python3 - "$PORT" "$1" <<-'EOT'
		import socket, ssl, sys
		headers = {
		    "v1": b"PROXY TCP4 192.0.2.7 192.0.2.8 4007 465\r\n",
		    "v2": b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" +
		          bytes([192, 0, 2, 7, 192, 0, 2, 8, 15, 167, 1, 209])}
		context = ssl._create_unverified_context()
		arrived, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
		tls = context.wrap_bio(arrived, leaving)
		connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		unsent = headers[sys.argv[2]]
		def step(function):
		    global unsent
		    while True:
		        try:
		            result = function()
		        except ssl.SSLWantReadError:
		            result = None
		        connection.sendall(unsent + leaving.read())
		        unsent = b""
		        if result is not None:
		            return result
		        arrived.write(connection.recv(65536))
		step(lambda: tls.do_handshake() or True)
		print(step(tls.read).decode().strip())
	EOT
}

@test "behind a proxy, TLS may begin in the segment of the header" {
	local version
	start_tls
	start_server "SMTPD_TLS_SOCKET=$TLS_SOCKET" "SMTPD_TLS_PORTS=@PORT@" \
		SMTPD_PROXY=yes SMTPD_PROXY_FROM=127.0.0.1
	for version in v1 v2; do
		run begin_at_once "$version"
		assert_output '220 mx.example.org ESMTP'
	done
}

@test "there, a plain client gets no session" {
	start_tls
	start_server "SMTPD_TLS_SOCKET=$TLS_SOCKET" "SMTPD_TLS_PORTS=@PORT@"
	talk_implicit <<-EOT
		C: EHLO client.example.net
		@tls-fails
	EOT
	wait_until 20 grep -q '^session: .* smtp_end="TLS failed" tls_error=' "$LOG"
	wait_until 20 no_tls_process
}

@test "there, nothing is said in plain text when TLS is not to be had" {
	local socket reason
	stand_in end
	for socket in '' "$BATS_TEST_TMPDIR/none" "$TLS_SOCKET"; do
		start_server "SMTPD_TLS_SOCKET=$socket" "SMTPD_TLS_PORTS=@PORT@"
		talk_implicit <<-EOT
			@eof
		EOT
		wait_until 20 grep -q '^session: ' "$LOG"
		reason='No such file or directory'
		[[ $socket != "$TLS_SOCKET" ]] || reason='Connection reset by peer'
		grep -q "^TLS is not available: error=\"$reason\"" "$LOG"
		grep -q '^session: .* smtp_end="TLS failed" tls_error="not available"' "$LOG"
		stop_server
		rm "$LOG"
	done
}

@test "there, nothing is said in plain text of a bad setting, either" {
	start_server TARPITDELAY=x "SMTPD_TLS_PORTS=@PORT@"
	talk_implicit <<-EOT
		@eof
	EOT
	wait_until 20 grep -q '^configuration: setting=TARPITDELAY ' "$LOG"
}
