#!/usr/bin/env bats
# Whatever a client sends, the memory stays bounded by constants.

load common

setup() {
	prepare
}

# Runs a session and prints the most memory it had, in KiB.
peak() {
	talk DATABYTES=0 SMTPD_MAX_ERRORS=100000 <<-EOT >&2
		$(cat)
		@run grep VmHWM /proc/\$PID/status >$BATS_TEST_TMPDIR/peak
		$quit
	EOT
	sed 's/[^0-9]//g' "$BATS_TEST_TMPDIR/peak"
}

@test "the memory does not grow with what is sent" {
	local small large
	small=$(
		peak <<-EOT
			$helo
			$mail
			$rcpt
			$data
			C: text
			C: .
			S: 250 2.0.0 Message accepted
			C: BOGUS
			S: 500 5.5.1 Unknown command
		EOT
	)
	large=$(
		peak <<-EOT
			$helo
			$mail
			$rcpt
			$data
			@repeat 500000 C: a line of the message, number %d
			@repeat 1000000 C| x
			C: 
			C: .
			S: 250 2.0.0 Message accepted
			@repeat 1000000 C| x
			C: 
			S: 500 5.5.2 Line too long
			$mail
			@repeat 10000 C: RCPT TO:<user%d@example.net>
			@repeat 100 S: 250 2.1.5 Recipient OK
			@repeat 9900 S: 452 4.5.3 Too many recipients; send the rest later
			@repeat 10000 C: BOGUS%d
			@repeat 10000 S: 500 5.5.1 Unknown command
		EOT
	)
	echo "small: $small KiB, large: $large KiB"
	# The buffers in which no more than their beginning was used before.
	((large <= small + 512))
}
