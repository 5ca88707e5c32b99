#!/usr/bin/env bats
# Sanitized: yes
# Groups of commands in one packet (RFC 2920): order, and when answers are sent.

load common

setup() {
	prepare
}

@test "a whole message goes in one packet, and the answers keep its order" {
	talk <<-EOT
		S: 220 mx.example.org ESMTP
		C: HELO client.example.net
		C: MAIL FROM:<sender@example.net>
		C: RCPT TO:<alice@example.org>
		C: RCPT TO:<nobody@example.org>
		C: RCPT TO:<bob@example.org>
		C: DATA
		C: text
		C: .
		C: MAIL FROM:<>
		C: QUIT
		S: 250 mx.example.org
		S: 250 2.1.0 Sender OK
		S: 250 2.1.5 Recipient OK
		S: 550 5.1.1 No such user here
		S: 250 2.1.5 Recipient OK
		S: 354 Send the message; end it with <CRLF>.<CRLF>
		S: 250 2.0.0 Message accepted
		S: 250 2.1.0 Sender OK
		S: 221 2.0.0 Goodbye
		@eof
		@exit 0
	EOT
}

@test "RCPT and DATA in one group with every recipient refused stay in step" {
	talk <<-EOT
		$ehlo
		C: MAIL FROM:<sender@example.net>
		C: RCPT TO:<nobody@example.org>
		C: DATA
		C: RSET
		S: 250 2.1.0 Sender OK
		S: 550 5.1.1 No such user here
		S: 554 5.5.1 No valid recipients
		S: 250 2.0.0 OK
		$quit
	EOT
}

@test "RCPT and DATA behind a MAIL that was refused are refused, too" {
	talk <<-EOT
		$ehlo
		C: MAIL FROM:<sender@@example.net>
		C: RCPT TO:<alice@example.org>
		C: DATA
		C: RSET
		S: 501 5.1.7 Bad sender address syntax
		S: 503 5.5.1 Say MAIL first
		S: 503 5.5.1 Say MAIL first
		S: 250 2.0.0 OK
		$quit
	EOT
}

@test "answers owed are sent before a delay begins" {
	talk TARPITDELAY=60 <<-EOT
		$ehlo
		@mark
		C: MAIL FROM:<sender@example.net>
		C: RCPT TO:<alice@example.org>
		C: RCPT TO:<nobody@example.org>
		C: RCPT TO:<bob@example.org>
		S: 250 2.1.0 Sender OK
		S: 250 2.1.5 Recipient OK
		@less-than 30
		@silence 0.3
		@close
		@exit 0
	EOT
}

@test "each refusal in a group has its own delay, and the order stays" {
	talk TARPITDELAY=0.2 <<-EOT
		$ehlo
		@mark
		C: MAIL FROM:<sender@example.net>
		C: RCPT TO:<nobody@example.org>
		C: RCPT TO:<alice@example.org>
		C: RCPT TO:<mallory@example.org>
		C: RCPT TO:<bob@example.org>
		C: BOGUS
		S: 250 2.1.0 Sender OK
		S: 550 5.1.1 No such user here
		@at-least 0.2
		S: 250 2.1.5 Recipient OK
		S: 550 5.7.1 Recipient accepts no mail
		@at-least 0.4
		S: 250 2.1.5 Recipient OK
		S: 500 5.5.1 Unknown command
		@at-least 0.6
		$quit
	EOT
}

@test "answers of a group come together, not one by one" {
	# Of a pipe, the kernel counts the writes.
	dialogue_options=(--pipes)
	talk <<-EOT
		$ehlo
		@run grep syscw /proc/\$PID/io >$BATS_TEST_TMPDIR/before
		@repeat 50 C: NOOP
		@repeat 50 S: 250 2.0.0 OK
		@run grep syscw /proc/\$PID/io >$BATS_TEST_TMPDIR/after
		$quit
	EOT
	local before after
	read -r _ before <"$BATS_TEST_TMPDIR/before"
	read -r _ after <"$BATS_TEST_TMPDIR/after"
	assert_equal $((after - before)) 1
}

@test "more answers than any buffer holds all come" {
	talk SMTPD_MAX_ERRORS=100 <<-EOT
		$ehlo
		@repeat 5000 C: HELP
		@repeat 10000 S~ 214[- ]2\.0\.0 .*
		$quit
	EOT
}
