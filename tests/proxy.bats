#!/usr/bin/env bats
# Sanitized: yes
# The PROXY protocol, with headers made here. The proxy is 192.0.2.1, and the
# client mostly 198.51.100.7.

load common

setup() {
	prepare
}

# As talk, with the setting and the proxy.
proxied() {
	talk SMTPD_PROXY=yes SMTPD_PROXY_FROM='192.0.2.0/24' "$@"
}

v1='PROXY TCP4 198.51.100.7 192.0.2.2 40007 25\r\n'
v2='\r\n\r\n\x00\r\nQUIT\n'
v2_local="$v2\\x20\\x00\\x00\\x00"
v2_tcp4="$v2\\x21\\x11\\x00\\x0c\\xc6\\x33\\x64\\x07\\xc0\\x00\\x02\\x02\\x9c\\x47\\x00\\x19"
v2_tcp6="$v2\\x21\\x21\\x00\\x24\
\\x20\\x01\\x0d\\xb8\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x07\
\\x20\\x01\\x0d\\xb8\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\
\\x9c\\x47\\x00\\x19"

# Fails unless the log has one record and nothing else, and it says so.
# Usage: assert_turned_away REASON
assert_turned_away() {
	run grep -v ': 10 recipients in' "$LOG"
	assert_output "turned away: reason=\"$1\" remote_addr=192.0.2.1 remote_port=4000"
	: >"$LOG"
}

# Usage: assert_client ADDRESS HEADER: that is the client, as the trace header
# has it.
assert_client() {
	echo "header: $2"
	proxied <<-EOT
		C| $2
		$to_data
		C: .
		S~ 250 2.0.0 .*
		$quit
	EOT
	run the_message
	assert_output --partial "from client.example.net ([$1])"
	run grep -c "remote_addr=${1#IPv6:} remote_port=40007" "$LOG"
	assert_output 2
	run grep remote_addr=192.0.2.1 "$LOG"
	assert_failure
	rm "$LOG" "$(messages)"
}

@test "the client of the header is in the log and in the trace header" {
	assert_client 198.51.100.7 "$v1"
	assert_client 198.51.100.7 "$v2_tcp4"
	assert_client 198.51.100.7 \
		'PROXY TCP6 ::ffff:198.51.100.7 ::1 40007 25\r\n'
	assert_client IPv6:2001:db8::7 \
		'PROXY TCP6 2001:db8::7 2001:db8::2 40007 25\r\n'
	assert_client IPv6:2001:db8::7 "$v2_tcp6"
}

@test "the program of qmail-queue does not take the proxy for the client" {
	local program=$BATS_TEST_TMPDIR/program
	cat >"$program" <<-'EOT'
		#!/bin/sh
		printenv | sort >"$QUEUE_DIR/environment"
		cat >/dev/null
		exec cat <&1 >/dev/null
	EOT
	chmod +x "$program"
	# It gets what the starter says, unless that is the proxy.
	talk TCPREMOTEIP=192.0.2.1 "SMTPD_DELIVERY=qmail-queue:$program" \
		QUEUE_DIR="$BATS_TEST_TMPDIR" <<-EOT
		$to_data
		C: .
		S~ 250 2.0.0 .*
		$quit
	EOT
	run grep -c 'REMOTE.*=' "$BATS_TEST_TMPDIR/environment"
	assert_output 3
	proxied "SMTPD_DELIVERY=qmail-queue:$program" TCPREMOTEIP=192.0.2.1 \
		TCPREMOTEPORT=4000 TCPREMOTEHOST=proxy TCPREMOTEINFO=proxy \
		QUEUE_DIR="$BATS_TEST_TMPDIR" <<-EOT
		C| $v1
		$to_data
		C: .
		S~ 250 2.0.0 .*
		$quit
	EOT
	run grep -c . "$BATS_TEST_TMPDIR/environment"
	refute_output 0
	run grep 'REMOTE.*=' "$BATS_TEST_TMPDIR/environment"
	assert_failure
}

@test "the greeting waits for the header, in the sandbox" {
	proxied <<-EOT
		@run timeout 20 sh -c "until grep -q '^NoNewPrivs:.1' /proc/\$PID/status; do sleep 0.02; done"
		@silence 0.2
		C| PROXY TCP4 198.51.100.7 
		@silence 0.1
		C| 192.0.2.2 40007 25\r
		@silence 0.1
		C| \n
		$helo
		$quit
	EOT
}

@test "the header may come in any two pieces, and octet by octet" {
	local header
	for header in "$v1" "$v2_tcp6" "$v2_local" 'PROXY UNKNOWN\r\n'; do
		proxied <<-EOT
			@splits
			C| $header
			$helo
			$quit
		EOT
		dialogue_options=(--octets)
		proxied <<-EOT
			C| ${header}HELO client.example.net\r\nQUIT\r\n
			S: 220 mx.example.org ESMTP
			S: 250 mx.example.org
			S: 221 2.0.0 Goodbye
		EOT
		dialogue_options=()
	done
}

@test "what the client sends behind the header is not lost" {
	local header
	for header in "$v1" "$v2_tcp4"; do
		proxied <<-EOT
			C| ${header}HELO client.example.net\r\nQUIT\r\n
			S: 220 mx.example.org ESMTP
			S: 250 mx.example.org
			S: 221 2.0.0 Goodbye
		EOT
		# The header is not counted.
		grep 'smtp_bytes=31 ' "$LOG"
		rm "$LOG"
	done
}

@test "TLVs behind the addresses are skipped" {
	local long
	long=$(printf 'x%.0s' {1..4081})
	proxied <<-EOT
		C| $v2\\x21\\x11\\x10\\x00\\xc6\\x33\\x64\\x07\\xc0\\x00\\x02\\x02\\x9c\\x47\\x00\\x19\\x04\\x0f\\xf1$long
		$helo
		$quit
	EOT
	grep 'remote_addr=198.51.100.7 remote_port=40007' "$LOG"
}

@test "the client of the header decides about the delay, not the proxy" {
	local header
	for header in "$v1" "$v2_tcp4"; do
		proxied TARPITDELAY=60 SMTPD_EXEMPT=198.51.100.0/24 <<-EOT
			C| $header
			$helo
			C: BOGUS
			S: 500 5.5.1 Unknown command
			@less-than 30
			$quit
		EOT
		proxied TARPITDELAY=0.2 SMTPD_EXEMPT=192.0.2.0/24 <<-EOT
			C| $header
			$helo
			@mark
			C: BOGUS
			S: 500 5.5.1 Unknown command
			@at-least 0.2
			$quit
		EOT
	done
}

@test "without a client in the header, the address of the connection counts" {
	local header
	for header in 'PROXY UNKNOWN\r\n' "$v2_local" \
		'PROXY UNKNOWN 198.51.100.7 192.0.2.2 40007 25\r\n' \
		"${v2_tcp4/x21/x20}" "${v2_tcp4/x11/x12}" \
		"$v2\\x21\\x00\\x00\\x00"; do
		echo "header: $header"
		proxied TARPITDELAY=60 SMTPD_EXEMPT=192.0.2.1 <<-EOT
			C| $header
			$helo
			C: BOGUS
			S: 500 5.5.1 Unknown command
			@less-than 30
			$quit
		EOT
		grep -q 'remote_addr=192.0.2.1 remote_port=4000' "$LOG"
		rm "$LOG"
	done
}

@test "a health check that hangs up behind its header leaves a summary" {
	proxied <<-EOT
		C| $v2_local
		S: 220 mx.example.org ESMTP
		@close
		@exit 0
	EOT
	run grep -v ': 10 recipients in' "$LOG"
	assert_line --partial 'session: smtp_helo="" smtp_end=hang-up'
	assert_equal "${#lines[@]}" 1
}

@test "who is no proxy is turned away at once" {
	local list
	for list in 198.51.100.1 ::/0 192.0.2.0/32; do
		: >"$LOG"
		talk SMTPD_PROXY=yes SMTPD_PROXY_FROM="$list" <<-EOT
			@eof
			@less-than 5
			@exit 0
		EOT
		assert_turned_away 'no proxy of SMTPD_PROXY_FROM'
	done
	talk SMTPD_PROXY=yes SMTPD_PROXY_FROM='0.0.0.0/0 ::/0' REMOTE_ADDR \
		REMOTE_PORT <<-EOT
		@eof
		@exit 0
	EOT
	assert_equal "$(<"$LOG")" \
		'turned away: reason="no proxy of SMTPD_PROXY_FROM"'
}

# Usage: assert_refused REASON HEADER: it is refused before anything else comes.
assert_refused() {
	echo "header: $2"
	proxied <<-EOT
		C| $2
		@eof
		@less-than 5
		@exit 0
	EOT
	assert_turned_away "$1"
}

@test "SMTP instead of a header is turned away at once" {
	: >"$LOG"
	assert_refused 'no PROXY header' 'EHLO client.example.net\r\n'
	assert_refused 'no PROXY header' 'Q'
	assert_refused 'no PROXY header' '\x16\x03\x01'
	assert_refused 'no PROXY header' 'PROXY\r\n'
	assert_refused 'no PROXY header' '\r\nEHLO x\r\n'
	assert_refused 'no PROXY header' " ${v1}"
}

@test "a malformed header of version 1 is turned away" {
	: >"$LOG"
	assert_refused 'unknown protocol in the PROXY header' \
		'PROXY UDP4 198.51.100.7 192.0.2.2 40007 25\r\n'
	assert_refused 'malformed PROXY header' \
		'PROXY TCP4 198.51.100.7 192.0.2.2 65536 25\r\n'
	assert_refused 'malformed PROXY header' \
		'PROXY TCP4 198.51.100.7 192.0.2.2 40007 025\r\n'
	assert_refused 'malformed PROXY header' \
		'PROXY TCP4 198.51.100.7  192.0.2.2 40007 25\r\n'
	assert_refused 'malformed PROXY header' \
		'PROXY TCP4 2001:db8::7 2001:db8::2 40007 25\r\n'
	assert_refused 'malformed PROXY header' \
		'PROXY TCP6 198.51.100.7 192.0.2.2 40007 25\r\n'
	assert_refused 'malformed PROXY header' \
		'PROXY TCP4 198.51.100.7\x00 192.0.2.2 40007 25\r\n'
	assert_refused 'bare CR or LF in the PROXY header' \
		'PROXY TCP4 198.51.100.7 192.0.2.2 40007 25\n'
	assert_refused 'bare CR or LF in the PROXY header' \
		'PROXY TCP4 198.51.100.7 192.0.2.2 40007 25\rx'
	assert_refused 'PROXY header too long' \
		"PROXY UNKNOWN $(printf 'x%.0s' {1..92})"
}

@test "a malformed header of version 2 is turned away" {
	: >"$LOG"
	assert_refused 'unknown version of the PROXY header' \
		"${v2_tcp4/x21/x11}"
	assert_refused 'unknown command in the PROXY header' \
		"${v2_tcp4/x21/x22}"
	assert_refused 'unknown protocol in the PROXY header' \
		"${v2_tcp4/x11/x41}"
	assert_refused 'unknown protocol in the PROXY header' \
		"${v2_tcp4/x11/x13}"
	assert_refused 'PROXY header too short for its addresses' \
		"${v2_tcp4/x0c/x0b}"
	assert_refused 'PROXY header too short for its addresses' \
		"${v2_tcp6/x24/x23}"
	assert_refused 'PROXY header too long' "$v2\\x20\\x00\\x10\\x01"
}

@test "who hangs up within a header leaves one record, and none before it" {
	local part
	: >"$LOG"
	proxied <<-EOT
		@close
		@exit 0
	EOT
	run grep -v ': 10 recipients in' "$LOG"
	assert_output ''
	for part in 'P' "${v1%??}" "$v2" "${v2_tcp4%????}"; do
		proxied <<-EOT
			C| $part
			@close
			@exit 0
		EOT
		assert_turned_away 'hang-up before the end of the PROXY header'
	done
}

@test "who was gone before the handler started leaves no record" {
	local settings
	mapfile -t settings < <(handler_environment)
	run python3 -c '
import socket, subprocess, sys
client, server = socket.socketpair()
client.close()
subprocess.run(sys.argv[1:], stdin=server, stdout=server, check=True)' \
		env -i "${settings[@]}" SMTPD_PROXY=yes \
		SMTPD_PROXY_FROM=192.0.2.1 "$SMTPD"
	assert_success
	assert_output ''
}

@test "a header has ten seconds, or the client's time if that is less" {
	: >"$LOG"
	proxied SMTPD_TIMEOUT=1 <<-EOT
		@eof
		@at-least 1
		@exit 0
	EOT
	assert_turned_away 'no PROXY header in time'
	proxied SMTPD_TIMEOUT=1 <<-EOT
		C| PROXY UNKNOWN 
		@drip x
		@at-least 1
		@eof
		@exit 0
	EOT
	assert_turned_away 'no PROXY header in time'
	proxied <<-EOT
		C| PROXY
		@eof
		@at-least 10
		@less-than 30
		@exit 0
	EOT
	assert_turned_away 'no PROXY header in time'
}

@test "SIGTERM ends the wait for the header" {
	: >"$LOG"
	proxied <<-EOT
		C| PROXY
		@read
		@signal TERM
		@eof
		@less-than 5
		@exit 0
	EOT
	assert_turned_away 'terminated before the end of the PROXY header'
}

@test "without the setting a header is no more than an unknown command" {
	talk SMTPD_PROXY_FROM=192.0.2.1 <<-EOT
		C| $v1
		S: 220 mx.example.org ESMTP
		S: 500 5.5.1 Unknown command
		$quit
	EOT
	grep remote_addr=192.0.2.1 "$LOG"
}
