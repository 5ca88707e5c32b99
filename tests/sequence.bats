#!/usr/bin/env bats
# Sanitized: yes
# Commands in the wrong order (RFC 5321, 4.1.4), and what ends a transaction.

load common

setup() {
	prepare
}

@test "MAIL wants a hello, RCPT wants MAIL, DATA wants RCPT" {
	talk <<-EOT
		S: 220 mx.example.org ESMTP
		C: RCPT TO:<alice@example.org>
		S: 503 5.5.1 Say MAIL first
		C: DATA
		S: 503 5.5.1 Say MAIL first
		C: MAIL FROM:<sender@example.net>
		S: 503 5.5.1 Say EHLO first
		C: HELO client.example.net
		S: 250 mx.example.org
		C: RCPT TO:<alice@example.org>
		S: 503 5.5.1 Say MAIL first
		C: DATA
		S: 503 5.5.1 Say MAIL first
		$mail
		C: DATA
		S: 503 5.5.1 Say RCPT first
		$rcpt
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
}

@test "a second MAIL is refused and leaves the first in force" {
	talk <<-EOT
		$helo
		$mail
		$rcpt
		C: MAIL FROM:<other@example.net>
		S: 503 5.5.1 A transaction is open already
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run the_message
	assert_line --index 0 'Return-Path: <sender@example.net>'
}

@test "RSET forgets the sender and the recipients" {
	talk <<-EOT
		$helo
		$mail
		$rcpt
		C: RSET
		S: 250 2.0.0 OK
		C: RCPT TO:<alice@example.org>
		S: 503 5.5.1 Say MAIL first
		$mail
		C: DATA
		S: 503 5.5.1 Say RCPT first
		$quit
	EOT
}

@test "the end of a message ends its transaction" {
	talk <<-EOT
		$helo
		$mail
		$rcpt
		$data
		C: .
		S: 250 2.0.0 Message accepted
		C: DATA
		S: 503 5.5.1 Say MAIL first
		$mail
		C: DATA
		S: 503 5.5.1 Say RCPT first
		$quit
	EOT
}

@test "the end of a message that is refused ends its transaction, too" {
	talk <<-EOT
		$helo
		$mail
		$rcpt
		$data
		C: \x00
		C: .
		S: 554 5.6.0 Message with a NUL
		C: DATA
		S: 503 5.5.1 Say MAIL first
		$quit
	EOT
	assert_nothing_delivered
}

@test "the end of a message that is put off ends its transaction, too" {
	talk <<-EOT
		$helo
		$mail
		$rcpt
		$data
		C: .
		S: 250 2.0.0 Message accepted
		@run chmod 500 $MAIL/example.org/alice/new
		$mail
		$rcpt
		$data
		C: .
		S: 451 4.3.0 Local error; try again later
		C: DATA
		S: 503 5.5.1 Say MAIL first
		@run chmod 700 $MAIL/example.org/alice/new
		$mail
		$rcpt
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
}

# As with Postfix, Sendmail and Exim. RFC 5321, 4.1.4: MAIL only comes when none
# is open; 4.1.1.4 clears the buffers at the end of the text alone.
@test "DATA that is put off leaves its transaction open, until RSET" {
	talk SMTPD_RECIPIENTS=/nonexistent <<-EOT
		$helo
		$mail
		C: RCPT TO:<alice@example.org>
		S: 451 4.3.0 Cannot check recipients now
		C: DATA
		S: 451 4.3.0 No recipient could be checked; try again later
		C: MAIL FROM:<other@example.net>
		S: 503 5.5.1 A transaction is open already
		C: RSET
		S: 250 2.0.0 OK
		$mail
		$quit
	EOT
	chmod 500 "$MAIL"
	talk <<-EOT
		$helo
		$mail
		$rcpt
		C: DATA
		S: 451 4.3.0 Local error; try again later
		C: MAIL FROM:<other@example.net>
		S: 503 5.5.1 A transaction is open already
		@run chmod 700 $MAIL
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run the_message
	assert_line --index 0 'Return-Path: <sender@example.net>'
}

@test "DATA is refused when all recipients were, and the session stays in step" {
	talk <<-EOT
		$helo
		$mail
		C: RCPT TO:<nobody@example.org>
		S: 550 5.1.1 No such user here
		C: DATA
		S: 554 5.5.1 No valid recipients
		C: RCPT TO:<alice@example.org>
		S: 250 2.1.5 Recipient OK
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
}

@test "a refused recipient does not stand in the way of a good one" {
	talk <<-EOT
		$helo
		$mail
		C: RCPT TO:<nobody@example.org>
		S: 550 5.1.1 No such user here
		$rcpt
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run the_message
	assert_success
}

@test "refusals of one transaction are forgotten in the next" {
	talk <<-EOT
		$helo
		$mail
		C: RCPT TO:<nobody@example.org>
		S: 550 5.1.1 No such user here
		C: RSET
		S: 250 2.0.0 OK
		$mail
		C: DATA
		S: 503 5.5.1 Say RCPT first
		$quit
	EOT
}

@test "commands between those of a transaction do not disturb it" {
	talk <<-EOT
		$helo
		$mail
		C: NOOP
		S: 250 2.0.0 OK
		C: VRFY alice
		S: 252 2.5.0 Cannot verify; send the message and see
		$rcpt
		C: BOGUS
		S: 500 5.5.1 Unknown command
		C: HELP
		S: 214-2.0.0 EHLO HELO STARTTLS AUTH MAIL RCPT DATA RSET NOOP VRFY HELP QUIT
		S: 214 2.0.0 See RFC 5321
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
}

@test "several messages go over one connection" {
	talk <<-EOT
		$helo
		$mail
		$rcpt
		$data
		C: first
		C: .
		S: 250 2.0.0 Message accepted
		C: MAIL FROM:<>
		S: 250 2.1.0 Sender OK
		C: RCPT TO:<bob@example.org>
		S: 250 2.1.5 Recipient OK
		$data
		C: second
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run grep -rlx first "$MAIL/example.org/alice/new"
	assert_success
	run grep -rlx second "$MAIL/example.org/bob/new"
	assert_success
	run messages
	assert_equal "${#lines[@]}" 2
}
