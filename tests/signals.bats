#!/usr/bin/env bats
# Sanitized: yes
# SIGTERM, and clients that are gone.

load common

setup() {
	prepare
}

# Makes a system call of the handler take longer.
# Usage: slow_down CALL MICROSECONDS
slow_down() {
	cat >"$BATS_TEST_TMPDIR/slow" <<-EOT
		#!/bin/sh
		exec strace -D -o /dev/null -e trace=$1 \
			-e inject=$1:delay_exit=$2 "$SMTPD"
	EOT
	chmod +x "$BATS_TEST_TMPDIR/slow"
	SMTPD=$BATS_TEST_TMPDIR/slow
}

@test "SIGTERM between commands is told to the client" {
	talk <<-EOT
		$helo
		@signal TERM
		S: 421 4.3.2 Service shutting down
		@eof
		@exit 0
	EOT
}

@test "SIGTERM in the midst of a line is told to the client" {
	talk <<-EOT
		$helo
		C| MAIL FR
		@read
		@signal TERM
		S: 421 4.3.2 Service shutting down
		@eof
		@exit 0
	EOT
}

@test "SIGTERM ends a delay" {
	talk TARPITDELAY=60 <<-EOT
		$helo
		@mark
		C: BOGUS
		@read
		@silence 0.1
		@signal TERM
		S: 421 4.3.2 Service shutting down
		@less-than 30
		@eof
		@exit 0
	EOT
}

@test "SIGTERM just before a delay ends it, too" {
	talk TARPITDELAY=60 <<-EOT
		$helo
		@mark
		C: BOGUS
		@send
		@signal TERM
		@skip 500 5.5.1 Unknown command
		S: 421 4.3.2 Service shutting down
		@less-than 30
		@eof
		@exit 0
	EOT
}

@test "SIGTERM in the midst of a message leaves nothing of it" {
	talk <<-EOT
		$to_data
		@repeat 1000 C: text of the message
		@read
		@signal TERM
		S: 421 4.3.2 Service shutting down
		@eof
		@exit 0
	EOT
	assert_nothing_delivered
}

@test "a message that SIGTERM meets at its end is accepted or leaves nothing" {
	local accepted
	for ((i = 0; i < 20; i++)); do
		talk <<-EOT
			$to_data
			C: .
			@send
			@signal TERM
			@skip 250 2.0.0 Message accepted
			S: 421 4.3.2 Service shutting down
			@eof
			@close
			@exit 0
		EOT
	done
	accepted=$(grep -c '^accepted:' "$LOG" || true)
	run find "$MAIL" -type f
	assert_equal "${#lines[@]}" "$accepted"
}

@test "SIGTERM is heard while the client never stops talking" {
	talk <<-EOT
		$helo
		@signal TERM
		@drip NOOP\r\n
		@skip 250 2.0.0 OK
		S: 421 4.3.2 Service shutting down
		@exit 0
	EOT
}

@test "SIGTERM is heard while a message comes without end" {
	# More than it can read in time, so that no wait for input is one.
	slow_down read 50000
	talk DATABYTES=0 <<-EOT
		$helo
		$mail
		$rcpt
		$data
		@signal TERM 0.5
		@flood text of the message\r\n
		@exit 0
	EOT
	assert_nothing_delivered
}

@test "a signal between the last look and the sleep ends the delay" {
	local moment
	# Stretches that moment, and some others, to 0.1 s.
	slow_down rt_sigprocmask 100000
	for moment in 0.05 0.15 0.25 0.35 0.45 0.55 0.65 0.75; do
		echo "moment: $moment"
		talk TARPITDELAY=60 <<-EOT
			$helo
			C: BOGUS
			@read
			@pause $moment
			@close
			@exit 0
		EOT
	done
}

@test "SIGIO out of place does no harm" {
	talk TARPITDELAY=0.5 <<-EOT
		$helo
		@signal IO
		C: NOOP
		S: 250 2.0.0 OK
		@mark
		C: BOGUS
		@read
		@signal IO
		@pause 0.1
		@signal IO
		S: 500 5.5.1 Unknown command
		@at-least 0.5
		$quit
	EOT
}

@test "a client that is gone before its answers is an ordinary end" {
	talk <<-EOT
		$helo
		@repeat 500 C: HELP
		@send
		@close
		@exit 0
	EOT
	dialogue_options=(--pipes)
	talk <<-EOT
		$helo
		@repeat 500 C: HELP
		@send
		@close
		@exit 0
	EOT
}

@test "a client that is gone during its message leaves nothing of it" {
	talk <<-EOT
		$to_data
		@repeat 1000 C: text of the message
		@send
		@close
		@exit 0
	EOT
	assert_nothing_delivered
}
