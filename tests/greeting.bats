#!/usr/bin/env bats
# Sanitized: yes
# The greeting, HELO and EHLO (RFC 5321, 3.1, 3.2 and 4.1.1.1), and the commands
# that stand outside a transaction.

load common

setup() {
	prepare
}

@test "the greeting names the host, and QUIT ends the session" {
	talk <<-EOT
		S: 220 mx.example.org ESMTP
		$quit
	EOT
}

@test "HELO is answered by one line with the host name alone" {
	talk <<-EOT
		$helo
		$quit
	EOT
}

@test "EHLO announces what the server does" {
	talk <<-EOT
		$ehlo
		$quit
	EOT
}

@test "EHLO announces the largest message as it is set" {
	talk DATABYTES=1000 <<-EOT
		S: 220 mx.example.org ESMTP
		C: EHLO client.example.net
		S: 250-mx.example.org
		S: 250-PIPELINING
		S: 250-SIZE 1000
		S: 250-8BITMIME
		S: 250-SMTPUTF8
		S: 250 ENHANCEDSTATUSCODES
		$quit
	EOT
}

@test "EHLO announces SIZE 0 when there is no limit" {
	talk DATABYTES=0 <<-EOT
		S: 220 mx.example.org ESMTP
		C: EHLO client.example.net
		S: 250-mx.example.org
		S: 250-PIPELINING
		S: 250-SIZE 0
		S: 250-8BITMIME
		S: 250-SMTPUTF8
		S: 250 ENHANCEDSTATUSCODES
		$quit
	EOT
}

@test "HELO takes names and literals in every form that hosts use" {
	talk <<-EOT
		S: 220 mx.example.org ESMTP
		C: HELO localhost
		S: 250 mx.example.org
		C: HELO WWW.Example.ORG
		S: 250 mx.example.org
		C: HELO a-b.example.1and1.example
		S: 250 mx.example.org
		C: HELO host_1.example.net
		S: 250 mx.example.org
		C: HELO [192.0.2.1]
		S: 250 mx.example.org
		C: HELO [IPv6:2001:db8::1]
		S: 250 mx.example.org
		C: HELO   client.example.net  
		S: 250 mx.example.org
		C: hElO client.example.net
		S: 250 mx.example.org
		$quit
	EOT
}

@test "HELO without a host or with what cannot be one is refused" {
	talk <<-EOT
		S: 220 mx.example.org ESMTP
		C: HELO
		S: 501 5.5.4 Give a domain name or an address literal
		C: EHLO
		S: 501 5.5.4 Give a domain name or an address literal
		C: EHLO  
		S: 501 5.5.4 Give a domain name or an address literal
		C: EHLO client.example.net extra
		S: 501 5.5.4 Give a domain name or an address literal
		C: EHLO <client>
		S: 501 5.5.4 Give a domain name or an address literal
		C: EHLO a..b
		S: 501 5.5.4 Give a domain name or an address literal
		C: EHLO [192.0.2.256]
		S: 501 5.5.4 Give a domain name or an address literal
		C: EHLO [192.0.2.1
		S: 501 5.5.4 Give a domain name or an address literal
		C: EHLO a\x1bb.example
		S: 501 5.5.4 Give a domain name or an address literal
		C: MAIL FROM:<sender@example.net>
		S: 503 5.5.1 Say EHLO first
		$quit
	EOT
}

@test "a hello that is refused leaves the one before in force" {
	talk <<-EOT
		$helo
		C: EHLO a..b
		S: 501 5.5.4 Give a domain name or an address literal
		$mail
		$quit
	EOT
}

@test "EHLO ends the transaction that was open" {
	talk <<-EOT
		$helo
		$mail
		C: HELO other.example.net
		S: 250 mx.example.org
		C: RCPT TO:<alice@example.org>
		S: 503 5.5.1 Say MAIL first
		$quit
	EOT
}

@test "a hello that is refused leaves the transaction open" {
	talk <<-EOT
		$helo
		$mail
		C: HELO a..b
		S: 501 5.5.4 Give a domain name or an address literal
		$rcpt
		$quit
	EOT
}

@test "verbs are known in any case" {
	talk <<-EOT
		S: 220 mx.example.org ESMTP
		C: helo client.example.net
		S: 250 mx.example.org
		C: nOOp
		S: 250 2.0.0 OK
		C: rset
		S: 250 2.0.0 OK
		C: vrfy alice
		S: 252 2.5.0 Cannot verify; send the message and see
		C: mail from:<sender@example.net>
		S: 250 2.1.0 Sender OK
		C: rcpt to:<alice@example.org>
		S: 250 2.1.5 Recipient OK
		C: data
		S: 354 Send the message; end it with <CRLF>.<CRLF>
		C: .
		S: 250 2.0.0 Message accepted
		C: quit
		S: 221 2.0.0 Goodbye
		@eof
	EOT
}

@test "NOOP, RSET, VRFY, HELP and QUIT need no hello" {
	talk <<-EOT
		S: 220 mx.example.org ESMTP
		C: NOOP
		S: 250 2.0.0 OK
		C: NOOP whatever this is
		S: 250 2.0.0 OK
		C: RSET
		S: 250 2.0.0 OK
		C: VRFY alice
		S: 252 2.5.0 Cannot verify; send the message and see
		C: HELP
		S: 214-2.0.0 EHLO HELO STARTTLS AUTH MAIL RCPT DATA RSET NOOP VRFY HELP QUIT
		S: 214 2.0.0 See RFC 5321
		C: HELP MAIL
		S: 214-2.0.0 EHLO HELO STARTTLS AUTH MAIL RCPT DATA RSET NOOP VRFY HELP QUIT
		S: 214 2.0.0 See RFC 5321
		$quit
	EOT
}

@test "VRFY says the same of every address" {
	talk <<-EOT
		$helo
		C: VRFY alice@example.org
		S: 252 2.5.0 Cannot verify; send the message and see
		C: VRFY nobody@example.org
		S: 252 2.5.0 Cannot verify; send the message and see
		C: VRFY mallory@example.org
		S: 252 2.5.0 Cannot verify; send the message and see
		C: VRFY
		S: 501 5.5.4 This command needs an argument
		$quit
	EOT
}

@test "RSET, DATA and QUIT have no argument" {
	talk <<-EOT
		$helo
		$mail
		$rcpt
		C: RSET now
		S: 501 5.5.4 This command has no argument
		C: DATA now
		S: 501 5.5.4 This command has no argument
		C: QUIT now
		S: 501 5.5.4 This command has no argument
		C: DATA  
		S: 354 Send the message; end it with <CRLF>.<CRLF>
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
}

@test "commands that are known but not done here are told from unknown ones" {
	talk SMTPD_MAX_ERRORS=100 <<-EOT
		$helo
		C: EXPN staff
		S: 502 5.5.1 Command not implemented
		C: TURN
		S: 502 5.5.1 Command not implemented
		C: ETRN example.org
		S: 502 5.5.1 Command not implemented
		C: SEND FROM:<sender@example.net>
		S: 502 5.5.1 Command not implemented
		C: SOML FROM:<sender@example.net>
		S: 502 5.5.1 Command not implemented
		C: SAML FROM:<sender@example.net>
		S: 502 5.5.1 Command not implemented
		C: BDAT 10 LAST
		S: 502 5.5.1 Command not implemented
		C: STARTTLS
		S: 502 5.5.1 Command not implemented
		C: AUTH PLAIN
		S: 502 5.5.1 Command not implemented
		C: XCLIENT ADDR=192.0.2.9
		S: 500 5.5.1 Unknown command
		C: GET / HTTP/1.1
		S: 500 5.5.1 Unknown command
		C: QUITE
		S: 500 5.5.1 Unknown command
		C: QUI
		S: 500 5.5.1 Unknown command
		C: RSETX
		S: 500 5.5.1 Unknown command
		C: 
		S: 500 5.5.1 Unknown command
		C:  NOOP
		S: 500 5.5.1 Unknown command
		C: MAILFROM:<sender@example.net>
		S: 500 5.5.1 Unknown command
		$quit
	EOT
}

@test "no reply repeats what the client said" {
	talk SMTPD_MAX_ERRORS=100 <<-EOT
		$helo
		C: <b>\x1b[31mX
		S: 500 5.5.1 Unknown command
		C: MAIL FROM:<\x1b[31m@example.net>
		S: 501 5.1.7 Bad sender address syntax
		$quit
	EOT
}

@test "a session that ends without QUIT is an ordinary end" {
	talk <<-EOT
		$helo
		$mail
		@end-input
		@eof
		@exit 0
	EOT
	talk <<-EOT
		@close
		@exit 0
	EOT
	talk <<-EOT
		$helo
		C| MAIL FR
		@end-input
		@eof
		@exit 0
	EOT
}

@test "what is pipelined behind QUIT is not done" {
	talk <<-EOT
		$helo
		C: QUIT
		C: NOOP
		S: 221 2.0.0 Goodbye
		@eof
		@exit 0
	EOT
}

@test "without a connection there is no session" {
	local environment closed
	mapfile -t environment < <(handler_environment)
	# shellcheck disable=SC2016
	for closed in '<&-' '>&-' '<&- >&-' '<&- >&- 2>&-'; do
		run env -i "${environment[@]}" \
			bash -c "exec \"$SMTPD\" $closed" </dev/null
		assert_failure 66
		refute_output
	done
}
