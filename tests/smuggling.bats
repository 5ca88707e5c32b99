#!/usr/bin/env bats
# Sanitized: yes
# Only CRLF "." CRLF ends a message, and only CRLF ends a line: whatever else
# might be taken for one must neither end the message nor be passed on.

load common

setup() {
	prepare
}

# Plays a message that has the octets in its text, and then a second message
# that would be smuggled if they ended the first.
# Usage: smuggle OCTETS REPLY
smuggle() {
	echo "octets: $1"
	talk <<-EOT
		$to_data
		C: Subject: outer
		C: 
		C| text$1
		C: MAIL FROM:<smuggled@example.net>
		C: RCPT TO:<bob@example.org>
		C: DATA
		C: Subject: smuggled
		C: 
		C: text
		C: .
		C: NOOP
		S: $2
		S: 250 2.0.0 OK
		$quit
	EOT
	echo "octets: $1, cut everywhere"
	talk <<-EOT
		$to_data
		@splits
		C| a$1b\r\n.\r\nNOOP\r\n
		S: $2
		S: 250 2.0.0 OK
		$quit
	EOT
}

bare='554 5.6.0 Message with a bare CR or LF'
nul='554 5.6.0 Message with a NUL'

@test "a dot between other line ends does not end the message" {
	local octets
	for octets in '\n.\n' '\n.\r\n' '\r\n.\n' '\r.\r' '\r\n.\r' '\r.\n' \
		'\r.\r\n' '\n.\r' '\n\r.\n\r' '\r\n.\n\r' \
		'\n\n.\n\n' '\r\n.\r\r\n' '\r\r\n.\r\r\n' '\r\n\r.\r\n'; do
		smuggle "$octets" "$bare"
	done
	assert_nothing_delivered
}

@test "a NUL beside the dot does not end the message" {
	local octets
	for octets in '\r\n.\x00\r\n' '\r\n\x00.\r\n' \
		'\x00\r\n..\r\n' '\r\n\x00\r\n'; do
		smuggle "$octets" "$nul"
	done
	smuggle '\r\x00\n.\r\x00\n' "$bare"
	smuggle '\r\n.\r\x00\n' "$bare"
	assert_nothing_delivered
}

@test "a dot with something behind it does not end the message" {
	talk <<-EOT
		$to_data
		C: a
		C: . 
		C: .x
		C: \x20.
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run the_message
	assert_line ' '
	assert_line 'x'
	assert_line ' .'
}

@test "a bare line end as the very first octets ends nothing" {
	local octets
	for octets in '.\n' '.\r' '\n.\n' '\r.\r' '\n.\r\n' '.\r\r\n' '\r' '\n'; do
		echo "octets: $octets"
		talk <<-EOT
			$to_data
			@splits
			C| ${octets}b\r\n.\r\nNOOP\r\n
			S: $bare
			S: 250 2.0.0 OK
			$quit
		EOT
	done
	assert_nothing_delivered
}

@test "CR CRLF before the dot is a fault, and the true end is still seen" {
	talk <<-EOT
		$to_data
		@splits
		C| a\r\r\n.\r\nNOOP\r\n
		S: $bare
		S: 250 2.0.0 OK
		$quit
	EOT
	assert_nothing_delivered
}

@test "a dot alone right behind 354 is the end" {
	talk <<-EOT
		$to_data
		@splits
		C| .\r\nNOOP\r\n
		S: 250 2.0.0 Message accepted
		S: 250 2.0.0 OK
		$quit
	EOT
}

@test "the first fault is the one that is told" {
	talk <<-EOT
		$to_data
		C: a\x00b\nc
		C: .
		S: $nul
		$mail
		$rcpt
		$data
		C: a\nb\x00c
		C: .
		S: $bare
		$quit
	EOT
}

@test "a refused message is answered only at its true end" {
	talk <<-EOT
		$to_data
		C: bare\nLF
		C: text
		@read
		@silence 0.3
		C: .
		S: $bare
		$quit
	EOT
}

@test "a line of commands with a bare CR, LF or NUL is one refusal" {
	talk SMTPD_MAX_ERRORS=100 <<-EOT
		$helo
		@splits
		C| NOOP\nNOOP\r\n\nNOOP\r\nNOOP\r\r\n\rNOOP\r\nNO\x00OP\r\nNOOP\x00\r\nNOOP\n\r\r\nNOOP\r\n
		S: 500 5.5.2 Line with a bare CR, a bare LF or a NUL
		S: 500 5.5.2 Line with a bare CR, a bare LF or a NUL
		S: 500 5.5.2 Line with a bare CR, a bare LF or a NUL
		S: 500 5.5.2 Line with a bare CR, a bare LF or a NUL
		S: 500 5.5.2 Line with a bare CR, a bare LF or a NUL
		S: 500 5.5.2 Line with a bare CR, a bare LF or a NUL
		S: 500 5.5.2 Line with a bare CR, a bare LF or a NUL
		S: 250 2.0.0 OK
		$quit
	EOT
}

@test "commands that end with LF alone are never done" {
	talk <<-EOT
		$helo
		C| MAIL FROM:<sender@example.net>\nRCPT TO:<alice@example.org>\nDATA\n
		@silence 0.3
		C: 
		S: 500 5.5.2 Line with a bare CR, a bare LF or a NUL
		C: DATA
		S: 503 5.5.1 Say MAIL first
		$quit
	EOT
}

@test "text sent behind a DATA that was refused is taken for commands, not for mail" {
	talk <<-EOT
		$helo
		$mail
		C: DATA
		C: Subject: x
		C: .
		S: 503 5.5.1 Say RCPT first
		S: 500 5.5.1 Unknown command
		S: 500 5.5.1 Unknown command
		$quit
	EOT
	assert_nothing_delivered
}
