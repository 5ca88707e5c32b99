#!/usr/bin/env bats
# Sanitized: yes
# The tar pit: what is delayed, by how much, and what ends a delay.

load common
load server

setup() {
	prepare
}

teardown() {
	stop_server
}

# Prints a dialogue in which a command gets its answer after at least 0.2 s.
late() {
	printf '@mark\nC: %s\nS: %s\n@at-least 0.2\n' "$1" "$2"
}

repeat() {
	head -c "$2" /dev/zero | tr '\0' "$1"
}

@test "every kind of refusal of a command is late by the delay" {
	talk TARPITDELAY=0.2 SMTPD_MAX_ERRORS=100 <<-EOT
		S: 220 mx.example.org ESMTP
		$(late 'BOGUS' '500 5.5.1 Unknown command')
		$(late 'NO\rOP' '500 5.5.2 Line with a bare CR, a bare LF or a NUL')
		$(late "$(repeat x 3000)" '500 5.5.2 Line too long')
		$(late 'EXPN staff' '502 5.5.1 Command not implemented')
		$(late 'EHLO' '501 5.5.4 Give a domain name or an address literal')
		$(late 'VRFY' '501 5.5.4 This command needs an argument')
		$(late 'RSET now' '501 5.5.4 This command has no argument')
		$(late 'MAIL FROM:<>' '503 5.5.1 Say EHLO first')
		$(late 'RCPT TO:<alice@example.org>' '503 5.5.1 Say MAIL first')
		C: HELO client.example.net
		S: 250 mx.example.org
		$(late 'MAIL FROM:<' '501 5.1.7 Bad sender address syntax')
		$(late 'MAIL FROM:<> BODY=X' '501 5.5.4 Bad parameter value')
		$(late 'MAIL FROM:<> =' '501 5.5.4 Bad parameter syntax')
		$(late 'MAIL FROM:<> X=Y' '555 5.5.4 Unknown parameter')
		$(late 'MAIL FROM:<> SIZE=99999999' '552 5.3.4 Message too large')
		$(late 'MAIL FROM:<ü@example.net>' '553 5.6.7 Non-ASCII address without SMTPUTF8')
		$(late "MAIL FROM:<$(repeat l 300)@example.net>" '501 5.5.4 Address too long')
		$mail
		$(late 'MAIL FROM:<>' '503 5.5.1 A transaction is open already')
		$(late 'DATA' '503 5.5.1 Say RCPT first')
		$(late 'RCPT TO:<' '501 5.1.3 Bad recipient address syntax')
		$(late 'RCPT TO:<nobody@example.org>' '550 5.1.1 No such user here')
		$(late 'RCPT TO:<info2019@example.org>' '550 5.1.1 No such user here')
		$(late 'RCPT TO:<mallory@example.org>' '550 5.7.1 Recipient accepts no mail')
		$(late 'RCPT TO:<alice@example.com>' '554 5.7.1 Relaying denied')
		$(late 'DATA' '554 5.5.1 No valid recipients')
		$quit
	EOT
}

@test "every kind of refusal of a message is late by the delay" {
	talk TARPITDELAY=0.2 DATABYTES=1000 <<-EOT
		$helo
		$mail
		$rcpt
		$data
		C: a\x00
		@mark
		C: .
		S: 554 5.6.0 Message with a NUL
		@at-least 0.2
		$mail
		$rcpt
		$data
		C: a\nb
		@mark
		C: .
		S: 554 5.6.0 Message with a bare CR or LF
		@at-least 0.2
		$mail
		$rcpt
		$data
		@repeat 200 C: 0123456789
		@mark
		C: .
		S: 552 5.3.4 Message too large
		@at-least 0.2
		$quit
	EOT
	talk TARPITDELAY=0.2 <<-EOT
		$to_data
		@repeat 101 C: Received: x
		@mark
		C: .
		S: 554 5.4.6 Too many hops; mail is looping
		@at-least 0.2
		$quit
	EOT
}

@test "what is accepted is not delayed" {
	talk TARPITDELAY=60 <<-EOT
		$ehlo
		C: HELP
		S: 214-2.0.0 EHLO HELO STARTTLS AUTH MAIL RCPT DATA RSET NOOP VRFY HELP QUIT
		S: 214 2.0.0 See RFC 5321
		C: NOOP
		S: 250 2.0.0 OK
		C: RSET
		S: 250 2.0.0 OK
		C: VRFY alice
		S: 252 2.5.0 Cannot verify; send the message and see
		$mail
		$rcpt
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
		@less-than 30
	EOT
}

@test "temporary refusals are not delayed" {
	talk TARPITDELAY=60 <<-EOT
		$helo
		$mail
		@repeat 100 C: RCPT TO:<user%d@example.net>
		@repeat 100 S: 250 2.1.5 Recipient OK
		C: RCPT TO:<alice@example.org>
		S: 452 4.5.3 Too many recipients; send the rest later
		$quit
		@less-than 30
	EOT
	rm "$CDB"
	talk TARPITDELAY=60 <<-EOT
		$helo
		$mail
		C: RCPT TO:<alice@example.org>
		S: 451 4.3.0 Cannot check recipients now
		C: DATA
		S: 451 4.3.0 No recipient could be checked; try again later
		$quit
		@less-than 30
	EOT
	talk TARPITDELAY=60 SMTPD_MAX_ERRORS=1 TARPITCOUNT=1 <<-EOT
		$helo
		C: BOGUS
		S: 500 5.5.1 Unknown command
		C: BOGUS
		S: 421 4.7.0 Too many errors
		@less-than 30
		@eof
	EOT
}

@test "what the client says during a delay does not shorten it" {
	talk TARPITDELAY=1 <<-EOT
		$helo
		@mark
		C: BOGUS
		@read
		C: NOOP
		@send
		@pause 0.1
		C: NOOP
		@send
		@pause 0.1
		@repeat 1000 C: NOOP
		S: 500 5.5.1 Unknown command
		@at-least 1
		@repeat 1002 S: 250 2.0.0 OK
		$quit
	EOT
}

@test "a client that never stops talking does not shorten it, either" {
	talk TARPITDELAY=0.5 <<-EOT
		$helo
		@mark
		C: BOGUS
		@send
		@drip NOOP\r\n
		S: 500 5.5.1 Unknown command
		@at-least 0.5
		C: QUIT
		@skip 250 2.0.0 OK
		S: 221 2.0.0 Goodbye
		@eof
	EOT
}

@test "a hang-up during a delay ends the process" {
	talk TARPITDELAY=60 <<-EOT
		$helo
		C: BOGUS
		@read
		@silence 0.2
		@close
		@exit 0
	EOT
	run grep -c 'smtp_end=hang-up' "$LOG"
	assert_output 1
}

@test "a hang-up before the delay begins ends the process, too" {
	talk TARPITDELAY=60 <<-EOT
		$helo
		C: BOGUS
		@send
		@close
		@exit 0
	EOT
}

@test "a hang-up behind much that was not read ends the process" {
	talk TARPITDELAY=60 <<-EOT
		$helo
		C: BOGUS
		@read
		@repeat 1000 C: NOOP
		@send
		@silence 0.1
		@close
		@exit 0
	EOT
}

@test "the end of a socket's input during a delay is a hang-up" {
	talk TARPITDELAY=60 <<-EOT
		$helo
		C: BOGUS
		@read
		@end-input
		@eof
		@exit 0
	EOT
}

@test "a pipe whose writer has finished still gets its answer after the delay" {
	dialogue_options=(--pipes)
	talk TARPITDELAY=0.3 <<-EOT
		$helo
		@mark
		C: BOGUS
		@read
		@end-input
		S: 500 5.5.1 Unknown command
		@at-least 0.3
		@eof
		@exit 0
	EOT
}

@test "a pipe that nobody reads any more is a hang-up" {
	dialogue_options=(--pipes)
	talk TARPITDELAY=60 <<-EOT
		$helo
		C: BOGUS
		@read
		@silence 0.1
		@close
		@exit 0
	EOT
}

@test "a hang-up over TCP ends the process" {
	start_server TARPITDELAY=60
	"$root/tests/dialogue" --connect "127.0.0.1:$PORT" <<-EOT
		$helo
		C: BOGUS
		@silence 0.3
		@close
	EOT
	wait_until 20 no_children
}

no_children() {
	[[ -z $(server_children) ]]
}

@test "a delay longer than the time for a line costs the client none of it" {
	talk TARPITDELAY=4 SMTPD_TIMEOUT=3 <<-EOT
		$helo
		C: BOGUS
		S: 500 5.5.1 Unknown command
		C: NOOP
		S: 250 2.0.0 OK
		$quit
	EOT
}

@test "TARPITDELAY=0 is no delay" {
	talk TARPITDELAY=0 <<-EOT
		$helo
		@mark
		@repeat 20 C: BOGUS
		@repeat 20 S: 500 5.5.1 Unknown command
		@less-than 10
		$quit
	EOT
}

@test "TARPITDELAY unset is five seconds" {
	talk TARPITDELAY <<-EOT
		$helo
		@mark
		C: BOGUS
		S: 500 5.5.1 Unknown command
		@at-least 5
		$quit
	EOT
}

@test "the first TARPITCOUNT refusals are not delayed, all others are" {
	talk TARPITDELAY=60 TARPITCOUNT=2 <<-EOT
		$helo
		@mark
		C: BOGUS
		S: 500 5.5.1 Unknown command
		C: NOOP
		S: 250 2.0.0 OK
		C: BOGUS
		S: 500 5.5.1 Unknown command
		@less-than 30
		$quit
	EOT
	talk TARPITDELAY=0.2 TARPITCOUNT=2 <<-EOT
		$helo
		C: BOGUS
		C: BOGUS
		S: 500 5.5.1 Unknown command
		S: 500 5.5.1 Unknown command
		@mark
		C: BOGUS
		C: BOGUS
		S: 500 5.5.1 Unknown command
		@at-least 0.2
		S: 500 5.5.1 Unknown command
		@at-least 0.4
		$quit
	EOT
}

@test "addresses in SMTPD_EXEMPT are not delayed" {
	local address
	for address in 192.0.2.1 192.0.2.255 ::ffff:192.0.2.9 2001:db8::5; do
		echo "address: $address"
		talk TARPITDELAY=60 REMOTE_ADDR="$address" \
			SMTPD_EXEMPT='192.0.2.0/24 2001:db8::/32' <<-EOT
			$helo
			C: BOGUS
			S: 500 5.5.1 Unknown command
			@less-than 30
			$quit
		EOT
	done
}

@test "the last of a thousand ranges is exempt, and with a bad one nobody is served" {
	local list
	list=$(printf '10.0.%d.0/24 ' {0..249} {0..249} {0..249} {0..249})
	talk TARPITDELAY=60 SMTPD_EXEMPT="${list}192.0.2.1" <<-EOT
		$helo
		C: BOGUS
		S: 500 5.5.1 Unknown command
		@less-than 30
		$quit
	EOT
	talk SMTPD_EXEMPT="192.0.2.1 ${list}192.0.2.256" <<-EOT
		S: 421 4.3.5 Service misconfigured
		@eof
		@exit 78
	EOT
	grep -F "setting=SMTPD_EXEMPT" "$LOG" | grep -F "position=$((${#list} + 11))"
}

@test "addresses not in SMTPD_EXEMPT are delayed, and so is an unknown one" {
	local address
	for address in 192.0.3.1 2001:db9::5; do
		echo "address: $address"
		talk TARPITDELAY=0.2 REMOTE_ADDR="$address" \
			SMTPD_EXEMPT='192.0.2.0/24 2001:db8::/32' <<-EOT
			$helo
			@mark
			C: BOGUS
			S: 500 5.5.1 Unknown command
			@at-least 0.2
			$quit
		EOT
	done
	talk REMOTE_ADDR TARPITDELAY=0.2 \
		SMTPD_EXEMPT='0.0.0.0/0 ::/0' <<-EOT
		$helo
		@mark
		C: BOGUS
		S: 500 5.5.1 Unknown command
		@at-least 0.2
		$quit
	EOT
}

@test "with RELAYCLIENT nothing is delayed" {
	talk TARPITDELAY=60 RELAYCLIENT= <<-EOT
		$helo
		C: BOGUS
		S: 500 5.5.1 Unknown command
		@less-than 30
		$quit
	EOT
}

@test "who is exempt is refused nonetheless, and may err no more often" {
	talk TARPITDELAY=60 SMTPD_EXEMPT=192.0.2.1 SMTPD_MAX_ERRORS=1 <<-EOT
		$helo
		$mail
		C: RCPT TO:<nobody@example.org>
		S: 550 5.1.1 No such user here
		C: BOGUS
		S: 421 4.7.0 Too many errors
		@eof
	EOT
}
