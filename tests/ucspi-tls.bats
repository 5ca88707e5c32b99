#!/usr/bin/env bats
# TLS by the starter, as UCSPI-TLS has it. No such starter is in Debian;
# tests/ucspi-tls keeps to the specification.
# Sanitized: yes

load common
load tls
load starttls

setup_file() {
	export KEYS=$BATS_FILE_TMPDIR/keys
	make_key_pair "$KEYS"
}

setup() {
	prepare
}

# Makes $SMTPD one that such a starter starts.
# Usage: by_starter [OPTION]...
by_starter() {
	local handler=$SMTPD
	SMTPD=$BATS_TEST_TMPDIR/starter
	cat >"$SMTPD" <<-EOT
		#!/bin/sh
		exec $root/tests/ucspi-tls $* $KEYS $handler
	EOT
	chmod +x "$SMTPD"
}

# Delivers one message through TLS. What follows STARTTLS is sent with the end
# of the handshake.
deliver_through_tls() {
	talk "$@" <<-EOT
		$ehlo_tls
		C: STARTTLS
		S: 220 2.0.0 Ready to start TLS
		@tls
		C: EHLO client.example.net
		S: 250-mx.example.org
		S: 250-PIPELINING
		S: 250-SIZE 26214400
		S: 250-8BITMIME
		S: 250-SMTPUTF8
		S: 250 ENHANCEDSTATUSCODES
		$mail
		$rcpt
		$data
		C: text
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
}

@test "TLS is carried over pipes" {
	by_starter
	deliver_through_tls
	the_message | grep -q $'^\tby mx.example.org with ESMTPS (TLSv1.3 TLS_'
	grep -q '^session: .* smtp_end=quit tls_version=TLSv1.3 tls_cipher=TLS_' "$LOG"
}

@test "TLS is carried over sockets" {
	by_starter --sockets
	deliver_through_tls
	the_message | grep -q $'^\tby mx.example.org with ESMTPS (TLSv1.3 TLS_'
}

@test "TLS is carried over one socket for everything" {
	by_starter --same
	deliver_through_tls
	the_message | grep -q $'^\tby mx.example.org with ESMTPS (TLSv1.3 TLS_'
}

@test "a starter that does not say what was agreed is believed" {
	for option in '' --same; do
		rm -rf "$MAIL/example.org"
		SMTPD=${handler=$SMTPD}
		by_starter --bare $option
		deliver_through_tls
		the_message | grep -q $'^\tby mx.example.org with ESMTPS$'
	done
}

@test "what a starter says behind its list is nothing to wait for" {
	by_starter --more
	deliver_through_tls SMTPD_TIMEOUT=20
	the_message | grep -q $'^\tby mx.example.org with ESMTPS (TLSv1.3 TLS_'
}

@test "the starter's TLS goes before that of tarpit-tls" {
	by_starter
	stand_in end
	deliver_through_tls "SMTPD_TLS_SOCKET=$TLS_SOCKET"
	run cat "$TLS_LOG"
	assert_output listening
}

@test "a starter that gives up ends the session" {
	by_starter --fail
	talk <<-EOT
		$ehlo_tls
		C: STARTTLS
		S: 220 2.0.0 Ready to start TLS
		@eof
		@exit 0
	EOT
	grep -q '^session: .* smtp_end="TLS failed" tls_error="Connection reset by peer"' "$LOG"
}

@test "a delayed refusal goes through the starter's TLS, and a hang-up ends it" {
	local option
	for option in '' --sockets --same; do
		SMTPD=${handler=$SMTPD}
		by_starter $option
		talk TARPITDELAY=60 TARPITCOUNT=1 <<-EOT
			$ehlo_tls
			C: STARTTLS
			S: 220 2.0.0 Ready to start TLS
			@tls
			C: BOGUS
			S: 500 5.5.1 Unknown command
			C: BOGUS
			@silence 0.2
			@close
			@exit 0
		EOT
		grep -q '^session: .* smtp_end=hang-up tls_version=' "$LOG"
		rm "$LOG"
	done
}

@test "a program that is started has nothing of the connection" {
	local option program=$BATS_TEST_TMPDIR/program
	cat >"$program" <<-EOT
		#!/bin/sh
		readlink /proc/self/fd/* | grep -c '^socket:' >$program.sockets
		cat >/dev/null
		cat <&1 >/dev/null
	EOT
	chmod +x "$program"
	for option in --sockets --same; do
		SMTPD=${handler=$SMTPD}
		by_starter "$option"
		talk "SMTPD_DELIVERY=qmail-queue:$program" <<-EOT
			$ehlo_tls
			$mail
			$rcpt
			$data
			C: .
			S: 250 2.0.0 Message accepted
			$quit
		EOT
		assert_equal "$(<"$program.sockets")" 0
	done
}

@test "descriptors that are not there are no TLS" {
	talk SSLCTLFD=50 SSLREADFD=51 SSLWRITEFD=52 <<-EOT
		$ehlo
		C: STARTTLS
		S: 502 5.5.1 Command not implemented
		$quit
	EOT
}

@test "values that name no descriptors are no TLS" {
	local value
	for value in '' x 1x -1 0 2 4294967296 18446744073709551616; do
		talk "SSLCTLFD=$value" "SSLREADFD=$value" \
			"SSLWRITEFD=$value" <<-EOT
				$ehlo
				$quit
			EOT
	done
}

teardown() {
	stop_tls
}
