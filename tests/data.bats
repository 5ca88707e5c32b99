#!/usr/bin/env bats
# Sanitized: yes
# The text of a message (RFC 5321, 4.1.1.4 and 4.5.2), and the header that the
# server adds (4.4).

load common

setup() {
	prepare
}

# The message without what the server put in front of it.
text() {
	the_message | sed '1,/ +0000$/d'
}

@test "the text comes out as it went in, with LF line ends" {
	talk <<-EOT
		$to_data
		C: Subject: test
		C: 
		C: one
		C:  two \x09
		C: \xff\x80\x01\x1b\x7f
		C: 
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	printf 'Subject: test\n\none\n two \t\n\xff\x80\x01\x1b\x7f\n\n' |
		cmp - <(text)
}

@test "an empty message is a message" {
	talk <<-EOT
		$to_data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	cmp /dev/null <(text)
}

@test "the dot that was stuffed is taken off, and no other" {
	talk <<-EOT
		$to_data
		C: ..
		C: ..two
		C: ...
		C: .one
		C: a.
		C:  .
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	printf '.\n.two\n..\none\na.\n .\n' | cmp - <(text)
}

@test "the same message comes out wherever its octets are cut" {
	talk <<-EOT
		$to_data
		@splits
		C: A: b
		C: 
		C: ..
		C: .c
		C: d
		C: .
		C: NOOP
		S: 250 2.0.0 Message accepted
		S: 250 2.0.0 OK
		$quit
	EOT
	local file count=0
	while read -r file; do
		printf 'A: b\n\n.\nc\nd\n' |
			cmp - <(tail -n 5 "$file")
		count=$((count + 1))
	done < <(messages)
	assert_equal "$count" 27
}

@test "the same message comes out when every octet comes by itself" {
	dialogue_options=(--octets)
	talk <<-EOT
		$to_data
		C: A: b
		C: 
		C: ..
		C: .c
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	printf 'A: b\n\n.\nc\n' | cmp - <(text)
}

@test "commands give the same replies wherever their octets are cut" {
	talk <<-EOT
		S: 220 mx.example.org ESMTP
		@splits
		C: EHLO c.example
		C: MAIL FROM:<>
		C: RCPT TO:<x@example.org>
		C: NO\rOP
		C: QUIT
		S: 250-mx.example.org
		S: 250-PIPELINING
		S: 250-SIZE 26214400
		S: 250-8BITMIME
		S: 250-SMTPUTF8
		S: 250 ENHANCEDSTATUSCODES
		S: 250 2.1.0 Sender OK
		S: 550 5.1.1 No such user here
		S: 500 5.5.2 Line with a bare CR, a bare LF or a NUL
		S: 221 2.0.0 Goodbye
		@eof
		@exit 0
	EOT
}

@test "a message cut short by the client's end is not delivered" {
	talk <<-EOT
		$to_data
		C: text
		C| .\r
		@end-input
		@eof
		@exit 0
	EOT
	assert_nothing_delivered
}

@test "a message larger than the limit is refused at its true end" {
	talk DATABYTES=100 <<-EOT
		$helo
		$mail
		$rcpt
		$data
		@repeat 20 C: 01234567
		C: .
		C: NOOP
		S: 552 5.3.4 Message too large
		S: 250 2.0.0 OK
		$quit
	EOT
	assert_nothing_delivered
}

@test "the octets of a message are counted with CRLF and without stuffed dots" {
	talk DATABYTES=100 <<-EOT
		$helo
		$mail
		$rcpt
		$data
		@repeat 9 C: 01234567
		C: ..1234567
		C: .
		S: 250 2.0.0 Message accepted
		$mail
		$rcpt
		$data
		@repeat 9 C: 01234567
		C: 012345678
		C: .
		S: 552 5.3.4 Message too large
		$quit
	EOT
	run messages
	assert_equal "${#lines[@]}" 1
}

@test "a size that was declared too small does not help" {
	talk DATABYTES=100 <<-EOT
		$helo
		C: MAIL FROM:<sender@example.net> SIZE=10
		S: 250 2.1.0 Sender OK
		$rcpt
		$data
		@repeat 20 C: 01234567
		C: .
		S: 552 5.3.4 Message too large
		$quit
	EOT
	assert_nothing_delivered
}

@test "100 hops are accepted and 101 are a loop" {
	talk <<-EOT
		$to_data
		@repeat 100 C: Received: from hop%d.example
		C: 
		C: Received: in the body
		C: .
		S: 250 2.0.0 Message accepted
		$mail
		$rcpt
		$data
		C: X-Received: does not count
		@repeat 101 C: rEceived: from hop%d.example
		C: 
		C: .
		S: 554 5.4.6 Too many hops; mail is looping
		$quit
	EOT
	run messages
	assert_equal "${#lines[@]}" 1
}

@test "lines far longer than 1000 octets are kept whole" {
	local long
	long=$(head -c 100000 /dev/zero | tr '\0' x)
	talk <<-EOT
		$to_data
		C: $long
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	echo "$long" | cmp - <(text)
}

@test "Return-Path and Received stand in front, with what is known of the client" {
	talk <<-EOT
		$to_data
		C: Subject: x
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run the_message
	assert_line --index 0 'Return-Path: <sender@example.net>'
	assert_line --index 1 --regexp '^Received: from client\.example\.net '
	assert_output --partial '[192.0.2.1]'
	assert_output --partial 'by mx.example.org'
	assert_output --partial 'with ESMTP'
	assert_output --partial 'for <alice@example.org>'
	assert_line --regexp '^	(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]+ [A-Z][a-z][a-z] 20[0-9][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9] \+0000$'
}

@test "the null sender leaves an empty Return-Path" {
	talk <<-EOT
		$helo
		C: MAIL FROM:<>
		S: 250 2.1.0 Sender OK
		$rcpt
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run the_message
	assert_line --index 0 'Return-Path: <>'
}

@test "the protocol is SMTP after HELO" {
	talk <<-EOT
		$helo
		$mail
		$rcpt
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run the_message
	assert_output --regexp 'with SMTP[[:space:]]'
}

@test "the protocol is UTF8SMTP for a message with SMTPUTF8" {
	talk <<-EOT
		$ehlo
		C: MAIL FROM:<sender@example.net> SMTPUTF8
		S: 250 2.1.0 Sender OK
		$rcpt
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run the_message
	assert_output --regexp 'with UTF8SMTP[[:space:]]'
}

@test "no recipient is named when there are two" {
	talk <<-EOT
		$helo
		$mail
		$rcpt
		C: RCPT TO:<bob@example.org>
		S: 250 2.1.5 Recipient OK
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	local file
	while read -r file; do
		run cat "$file"
		assert_output --partial 'Received: '
		refute_output --partial 'alice'
		refute_output --partial 'bob'
	done < <(messages)
	run messages
	assert_equal "${#lines[@]}" 2
}

@test "an IPv6 address is named as such, and an unknown one is not made up" {
	talk REMOTE_ADDR=2001:db8::7 <<-EOT
		$to_data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run the_message
	assert_output --partial '[IPv6:2001:db8::7]'
	rm -r "${MAIL:?}"/*
	talk REMOTE_ADDR= <<-EOT
		$to_data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run the_message
	assert_output --partial 'Received: from client.example.net'
	refute_output --partial '['
}

@test "a fault of the delivery is a temporary refusal, not a loss" {
	rm -r "$MAIL"
	talk TARPITDELAY=30 <<-EOT
		$helo
		$mail
		$rcpt
		@mark
		C: DATA
		S~ (451 4\.3\.0|452 4\.3\.1) .*
		@less-than 15
		$quit
	EOT
}
