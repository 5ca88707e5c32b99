#!/usr/bin/env bats
# Sanitized: yes
# Time limits (RFC 5321, 4.5.3.2): of a line, and of the session.

load common

setup() {
	prepare
}

@test "a client that says nothing is timed out" {
	talk SMTPD_TIMEOUT=1 <<-EOT
		S: 220 mx.example.org ESMTP
		S: 421 4.4.2 Timed out
		@at-least 1
		@eof
		@exit 0
	EOT
}

@test "a line that drips in is cut off at the deadline" {
	talk SMTPD_TIMEOUT=1 <<-EOT
		S: 220 mx.example.org ESMTP
		@drip N
		S: 421 4.4.2 Timed out
		@eof
		@exit 0
	EOT
}

@test "a line too long that drips in is cut off at the deadline" {
	talk SMTPD_TIMEOUT=1 <<-EOT
		S: 220 mx.example.org ESMTP
		@repeat 5000 C| N
		@drip N
		S: 421 4.4.2 Timed out
		@eof
		@exit 0
	EOT
}

@test "each line has the time anew" {
	talk SMTPD_TIMEOUT=5 <<-EOT
		S: 220 mx.example.org ESMTP
		@pause 2
		C: NOOP
		S: 250 2.0.0 OK
		@pause 2
		C: NOOP
		S: 250 2.0.0 OK
		@pause 2
		C: NOOP
		S: 250 2.0.0 OK
		$quit
	EOT
}

@test "a message that stops is timed out, and nothing of it is left" {
	talk SMTPD_TIMEOUT=3 <<-EOT
		$to_data
		C: text
		S: 421 4.4.2 Timed out
		@eof
		@exit 0
	EOT
	assert_nothing_delivered
}

@test "the session ends at its deadline, however busy it is" {
	talk SMTPD_SESSION_TIMEOUT=1 <<-EOT
		S: 220 mx.example.org ESMTP
		C| N
		@drip OOP\r\nN
		@skip 250 2.0.0 OK
		S: 421 4.4.2 Timed out
		@at-least 1
		@eof
		@exit 0
	EOT
}

@test "the end at the deadline is told over pipes, too" {
	dialogue_options=(--pipes)
	talk SMTPD_SESSION_TIMEOUT=1 <<-EOT
		S: 220 mx.example.org ESMTP
		S: 421 4.4.2 Timed out
		@eof
		@exit 0
	EOT
}

@test "the session ends at its deadline in the midst of a message" {
	talk SMTPD_SESSION_TIMEOUT=3 <<-EOT
		$to_data
		@drip text\r\n
		S: 421 4.4.2 Timed out
		@eof
		@exit 0
	EOT
	assert_nothing_delivered
}

@test "a delay does not last beyond the session's deadline" {
	talk SMTPD_SESSION_TIMEOUT=3 TARPITDELAY=60 <<-EOT
		$helo
		@mark
		C: BOGUS
		S: 421 4.4.2 Timed out
		@less-than 30
		@eof
		@exit 0
	EOT
}

@test "a client that does not read its answers is given up" {
	talk SMTPD_TIMEOUT=1 <<-EOT
		@flood HELP\r\n
		@exit 0
	EOT
	talk SMTPD_TIMEOUT=1 SMTPD_MAX_ERRORS=1000000 TARPITDELAY=0.000001 <<-EOT
		@flood BOGUS\r\n
		@exit 0
	EOT
}
