#!/usr/bin/env bats
# HAProxy, which spreads one address over two handlers and tells them the client.

load common
load server
load peer

setup() {
	export PEER=haproxy
	PEER_DIR=$BATS_TEST_TMPDIR/haproxy
	mkdir "$PEER_DIR"
	SERVERS=()
}

teardown() {
	stop_peer
	for SERVER in "${SERVERS[@]}"; do
		stop_server
	done
}

# Starts a handler that trusts 127.0.0.1 as a proxy, and appends its port to
# $PORTS and its log to $LOGS. Arguments are further settings.
start_handler() {
	start_server SMTPD_PROXY=yes SMTPD_PROXY_FROM=127.0.0.1 "$@"
	SERVERS+=("$SERVER")
	PORTS+=("$PORT")
	# shellcheck disable=SC2153 # start_server sets it
	mv "$LOG" "$LOG.${#SERVERS[@]}"
	LOGS+=("$LOG.${#SERVERS[@]}")
}

# Starts HAProxy on $PORT, of IPv4 and IPv6, before all handlers. Arguments are
# the options of each handler, and further lines for all of them.
# Usage: start_haproxy OPTIONS [LINE]...
start_haproxy() {
	local options=$1 port
	shift
	PORT=$(free_port)
	{
		cat <<-EOT
			defaults
			  mode tcp
			  timeout connect 20s
			  timeout client 60s
			  timeout server 60s
			listen smtp
			  bind 127.0.0.1:$PORT
			  bind ::1:$PORT
			  balance roundrobin
		EOT
		(($# == 0)) || printf '  %s\n' "$@"
		for port in "${PORTS[@]}"; do
			echo "  server handler-$port 127.0.0.1:$port $options"
		done
	} >"$PEER_DIR/haproxy.cfg"
	start_peer haproxy -db -f /mnt/haproxy.cfg
	wait_until 20 is_listening "[::1]:$PORT"
}

is_listening() {
	ss -Hltn | grep -qF " $1 "
}

# Plays the transcript as a client with that address.
# Usage: from ADDRESS <TRANSCRIPT
from() {
	local host=127.0.0.1
	[[ $1 != *:* ]] || host='[::1]'
	"$root/tests/dialogue" --source "$1" --connect "$host:$PORT"
}

# The records of both handlers.
records() {
	grep -h "$@" "${LOGS[@]}"
}

session="C: HELO client.example.net
S: 250 mx.example.org
$mail
$rcpt
$data
C: .
S~ 250 2.0.0 .*
C: QUIT
S: 221 2.0.0 Goodbye
@eof"

@test "two handlers behind one address see the client, by either version" {
	local option address
	start_handler
	start_handler
	for option in send-proxy send-proxy-v2; do
		start_haproxy "$option"
		for address in 127.0.0.7 127.0.0.8 ::1 ::1; do
			from "$address" <<-EOT
				S: 220 mx.example.org ESMTP
				$session
			EOT
		done
		stop_peer
		for log in "${LOGS[@]}"; do
			wait_until 20 grep -q 'session: .*remote_addr=::1 ' \
				"$log"
			run grep -c 'session: .*remote_addr=127.0.0.[78] ' \
				"$log"
			assert_output 1
			run grep -E 'turned away|remote_addr=127.0.0.1 ' "$log"
			assert_failure
			: >"$log"
		done
	done
	run grep -rhc '(\[127.0.0.7\])' "$MAIL/example.org/alice/new"
}

@test "the client decides about exemption and delay, not HAProxy" {
	local option
	start_handler TARPITDELAY=0.5 SMTPD_EXEMPT='127.0.0.1 127.0.0.8'
	for option in send-proxy send-proxy-v2; do
		start_haproxy "$option"
		from 127.0.0.7 <<-EOT
			S: 220 mx.example.org ESMTP
			@mark
			C: BOGUS
			S: 500 5.5.1 Unknown command
			@at-least 0.5
			C: QUIT
			S: 221 2.0.0 Goodbye
			@eof
		EOT
		stop_peer
	done
	run records tarpit_delay_usec=500000
	assert_output --partial 'remote_addr=127.0.0.7 '
	for option in send-proxy send-proxy-v2; do
		start_haproxy "$option"
		from 127.0.0.8 <<-EOT
			S: 220 mx.example.org ESMTP
			C: BOGUS
			S: 500 5.5.1 Unknown command
			C: QUIT
			S: 221 2.0.0 Goodbye
			@eof
		EOT
		stop_peer
	done
	run records 'session: .*tarpit_delay_usec=0 .*remote_addr=127.0.0.8 '
	assert_success
	assert_equal "${#lines[@]}" 2
}

# Whether so many sessions ended like this.
sessions_are() {
	(($(records -c "session: .*smtp_end=$1 ") >= $2))
}

@test "a health check that speaks SMTP is a session of HAProxy itself" {
	local option
	start_handler
	for option in send-proxy send-proxy-v2; do
		start_haproxy "$option check inter 100ms" \
			'option smtpchk HELO check.example.net'
		wait_until 20 sessions_are quit 3
		stop_peer
		run records 'session: .*smtp_end=quit'
		assert_line --regexp \
			'smtp_helo=check.example.net .* remote_addr=127.0.0.1 '
		run records 'turned away'
		assert_failure
		: >"${LOGS[0]}"
	done
}

# Whether systemd-socket-activate has started handlers for so many.
connections_are() {
	(($(records -c '^Connection from ') >= $1))
}

@test "a health check that only connects leaves at most a summary" {
	local option
	start_handler
	for option in send-proxy send-proxy-v2; do
		start_haproxy "$option check inter 100ms"
		wait_until 20 connections_are 5
		stop_peer
		run records 'turned away'
		assert_failure
		: >"${LOGS[0]}"
	done
}

@test "a handler that does not know HAProxy gets no clients" {
	start_handler
	start_handler SMTPD_PROXY_FROM=192.0.2.1
	start_haproxy 'send-proxy-v2 check inter 100ms fall 1' \
		'option smtpchk HELO check.example.net'
	wait_until 20 grep -q "handler-${PORTS[1]} is DOWN" "$PEER_DIR/log"
	for _ in 1 2 3; do
		from 127.0.0.7 <<-EOT
			S: 220 mx.example.org ESMTP
			$session
		EOT
	done
	run grep -c 'session: .*remote_addr=127.0.0.7 ' "${LOGS[0]}"
	assert_output 3
	grep -q 'turned away: reason="no proxy of SMTPD_PROXY_FROM"' \
		"${LOGS[1]}"
}

@test "without send-proxy nobody is served" {
	start_handler
	start_haproxy ''
	from 127.0.0.7 <<-EOT
		C: EHLO client.example.net
		@eof
	EOT
	wait_until 20 records 'turned away: reason="no PROXY header"'
}

@test "HAProxy and two handlers work with the configuration of the README" {
	local block port
	block=$(awk '/^## Behind HAProxy/ { found = 1 }
		found && /^```/ { if (inside) exit; inside = 1; next }
		inside' "$root/README.md")
	mapfile -t settings < <(sed -n '/^## Behind HAProxy/,/^## Other/s/^SMTPD_PROXY/&/p' \
		"$root/README.md" | sed 's/192.0.2.10/127.0.0.1/; s/"//g')
	assert_equal "${#settings[@]}" 2
	start_handler "${settings[@]}" TARPITDELAY=0.5 SMTPD_EXEMPT=127.0.0.8
	start_handler "${settings[@]}" TARPITDELAY=0.5 SMTPD_EXEMPT=127.0.0.8
	port=$(free_port)
	sed -e "s/bind :25/bind 127.0.0.1:$port/" \
		-e "s/192.0.2.11:25/127.0.0.1:${PORTS[0]}/" \
		-e "s/192.0.2.12:25/127.0.0.1:${PORTS[1]}/" \
		<<<"$block" >"$PEER_DIR/haproxy.cfg"
	run grep -c 127.0.0.1 "$PEER_DIR/haproxy.cfg"
	assert_output 3
	start_peer haproxy -db -f /mnt/haproxy.cfg
	wait_until 20 is_listening "127.0.0.1:$port"
	PORT=$port
	for _ in 1 2; do
		from 127.0.0.7 <<-EOT
			S: 220 mx.example.org ESMTP
			@mark
			C: BOGUS
			S: 500 5.5.1 Unknown command
			@at-least 0.5
			$session
		EOT
		from 127.0.0.8 <<-EOT
			S: 220 mx.example.org ESMTP
			@mark
			C: BOGUS
			S: 500 5.5.1 Unknown command
			$session
		EOT
	done
	for log in "${LOGS[@]}"; do
		run grep 'session: .*remote_addr=127.0.0.[78] ' "$log"
		assert_equal "${#lines[@]}" 2
	done
}
