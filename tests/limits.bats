#!/usr/bin/env bats
# Sanitized: yes
# Limits (RFC 5321, 4.5.3): what is too long or too many is refused, and the
# session stays in step.

load common

setup() {
	prepare
}

repeat() {
	head -c "$2" /dev/zero | tr '\0' "$1"
}

@test "a command line of 2048 octets is taken, and one more is too long" {
	# With "NOOP " and CRLF.
	talk <<-EOT
		$helo
		C: NOOP $(repeat x 2041)
		S: 250 2.0.0 OK
		C: NOOP $(repeat x 2042)
		S: 500 5.5.2 Line too long
		C: NOOP
		S: 250 2.0.0 OK
		$quit
	EOT
}

@test "a MAIL line may be longer than 512 octets" {
	talk <<-EOT
		$ehlo
		C: MAIL FROM:<@$(repeat r 60).example,@$(repeat r 60).example,@$(repeat r 60).example,@$(repeat r 60).example,@$(repeat r 60).example,@$(repeat r 60).example:$(repeat l 64)@$(repeat d 60).example> SIZE=10 BODY=8BITMIME SMTPUTF8
		S: 250 2.1.0 Sender OK
		$quit
	EOT
}

@test "lines too long for every buffer are one refusal each, wherever they end" {
	local length
	for length in 2047 2048 4095 4096 16382 16383 16384 16385 16386 32768 \
		100000; do
		echo "length: $length"
		talk <<-EOT
			$helo
			C: $(repeat x "$length")
			C: NOOP
			S: 500 5.5.2 Line too long
			S: 250 2.0.0 OK
			C| $(repeat x "$length")\r
			@read
			C| \nNOOP\r\n
			S: 500 5.5.2 Line too long
			S: 250 2.0.0 OK
			$quit
		EOT
	done
}

@test "a line without end ends the session after a mebibyte" {
	talk <<-EOT
		$helo
		C: $(repeat x 1000000)
		S: 500 5.5.2 Line too long
		C| $(repeat x 1200000)
		S: 421 4.7.0 Line without end
		@eof
	EOT
	run tail -n 1 "$LOG"
	assert_output --partial 'smtp_end="line without end"'
}

@test "the tail of a line too long is never taken for a command" {
	talk <<-EOT
		$helo
		C: $(repeat x 2045)NOOP
		S: 500 5.5.2 Line too long
		C| $(repeat x 20000)\nNOOP\n\rNOOP\r\x00\n
		C: NOOP
		S: 500 5.5.2 Line too long
		$quit
	EOT
}

@test "100 recipients are accepted, and from number 101 on they must come later" {
	talk <<-EOT
		$helo
		$mail
		@repeat 100 C: RCPT TO:<user%d@example.net>
		@repeat 100 S: 250 2.1.5 Recipient OK
		@repeat 3 C: RCPT TO:<more%d@example.net>
		@repeat 3 S: 452 4.5.3 Too many recipients; send the rest later
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$mail
		C: RCPT TO:<more@example.net>
		S: 250 2.1.5 Recipient OK
		$quit
	EOT
	run messages
	assert_equal "${#lines[@]}" 100
}

@test "100 recipients are accepted however long they are" {
	local tail
	tail=$(repeat l 250)
	talk <<-EOT
		$helo
		$mail
		@repeat 100 C: RCPT TO:<%d$tail@example.net>
		@repeat 100 S: 250 2.1.5 Recipient OK
		$quit
	EOT
}

@test "MAXRCPT sets the number of recipients" {
	talk MAXRCPT=120 <<-EOT
		$helo
		$mail
		@repeat 121 C: RCPT TO:<user%d@example.net>
		@repeat 120 S: 250 2.1.5 Recipient OK
		S: 452 4.5.3 Too many recipients; send the rest later
		$quit
	EOT
}

@test "after too many refusals the session ends" {
	talk SMTPD_MAX_ERRORS=3 <<-EOT
		$helo
		@repeat 3 C: BOGUS
		@repeat 3 S: 500 5.5.1 Unknown command
		C: NOOP
		S: 250 2.0.0 OK
		C: BOGUS
		S: 421 4.7.0 Too many errors
		@eof
		@exit 0
	EOT
}

@test "the last answer is not lost when the client was still talking" {
	talk SMTPD_MAX_ERRORS=1 TARPITDELAY=0.3 <<-EOT
		$helo
		C: BOGUS
		C: BOGUS
		@read
		C: NOOP
		S: 500 5.5.1 Unknown command
		S: 421 4.7.0 Too many errors
		@eof
		@not-reset
		@close
		@exit 0
	EOT
}

@test "20 refusals are borne unless it is set" {
	talk <<-EOT
		$helo
		@repeat 20 C: BOGUS
		@repeat 20 S: 500 5.5.1 Unknown command
		C: BOGUS
		S: 421 4.7.0 Too many errors
		@eof
	EOT
}

@test "every kind of refusal counts, and temporary ones do not" {
	talk SMTPD_MAX_ERRORS=4 <<-EOT
		$helo
		C: NO\rOP
		S: 500 5.5.2 Line with a bare CR, a bare LF or a NUL
		C: $(repeat x 3000)
		S: 500 5.5.2 Line too long
		$mail
		C: RCPT TO:<nobody@example.org>
		S: 550 5.1.1 No such user here
		@repeat 100 C: RCPT TO:<user%d@example.net>
		@repeat 100 S: 250 2.1.5 Recipient OK
		@repeat 10 C: RCPT TO:<more%d@example.net>
		@repeat 10 S: 452 4.5.3 Too many recipients; send the rest later
		$data
		C: a\x00
		C: .
		S: 554 5.6.0 Message with a NUL
		C: BOGUS
		S: 421 4.7.0 Too many errors
		@eof
	EOT
}

@test "1000 messages are taken on one connection, and then it ends" {
	talk <<-EOT
		$ehlo
		@repeat 1000 C: MAIL FROM:<>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n.
		@repeat 4000 S~ (250 2\.[01]\.[05]|354) .*
		C: MAIL FROM:<>
		S: 421 4.7.0 Too many messages on one connection
		@eof
		@exit 0
	EOT
}
