#!/usr/bin/env bats
# Where passwords must not be: in the memory of the handler, behind the answer,
# and in the log. tests/memory-holds reads all of the memory, which the sanitizers
# make too much for.

load common
load peer
load tls
load starttls
load auth

setup_file() {
	export PEER_DIR=$BATS_FILE_TMPDIR/dovecot PEER_PROCESS
	mkdir -p "$PEER_DIR"
	write_auth_conf
	start_auth
}

teardown_file() {
	BATS_TEST_COMPLETED=1
	stop_peer
}

teardown() {
	stop_tls
}

setup() {
	prepare
	settings=("SMTPD_AUTH_SOCKET=$PEER_DIR/auth" SMTPD_AUTH_PLAINTEXT=yes)
	# Parts of the right and of the wrong password, and of what they are in
	# base 64, wherever that begins.
	secrets=(cret-pa55 rong-pa55)
	local word
	for word in "$good" "$bad" "$login_password" \
		"$(base64_of wrong-pa55word)" "$(base64_of xs3cret-pa55word)" \
		"$(base64_of xxwrong-pa55word)"; do
		secrets+=("${word: -12:8}")
	done
	wiped="@run $root/tests/memory-holds none \$PID ${secrets[*]}"
}

# No part of a password in the log, nor of one that was none.
assert_log_is_clean() {
	local secret
	for secret in "${secrets[@]}"; do
		run grep -F -e "$secret" "$LOG"
		assert_failure
	done
}

@test "what is in the memory is found" {
	talk <<-EOT
		$ehlo
		C: RSET $good
		S: 501 5.5.4 This command has no argument
		@run $root/tests/memory-holds all \$PID client.example.net ${good: -12:8}
		@run ! $root/tests/memory-holds none \$PID ${secrets[*]}
		$quit
	EOT
}

@test "no password stays in the memory, whatever came of it" {
	talk "${settings[@]}" <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $bad
		$refused
		$wiped
		C: AUTH PLAIN
		S: 334 
		C: $bad
		$refused
		$wiped
		C: AUTH LOGIN
		S: 334 VXNlcm5hbWU6
		C: $login_user
		S: 334 UGFzc3dvcmQ6
		C: $(base64_of wrong-pa55word)
		$refused
		$wiped
		C: AUTH PLAIN ${bad%=}****
		S: 501 5.5.2 Not base 64
		$wiped
		C: AUTH LOGIN $(base64_of xxwrong-pa55word)
		S: 334 UGFzc3dvcmQ6
		C: *
		S: 501 5.7.0 Authentication cancelled
		$wiped
		C: AUTH LOGIN $login_user
		S: 334 UGFzc3dvcmQ6
		C: $good$(printf '%012288d' 0)$good
		S: 500 5.5.6 Response too long
		$wiped
		C: AUTH PLAIN $(printf '%02048d' 0)$good
		S: 500 5.5.2 Line too long
		$wiped
		C: AUTH $good
		S: 504 5.5.4 Unknown mechanism
		$wiped
		C: $good
		S: 500 5.5.1 Unknown command
		$wiped
		C| AUTH PLAIN $good\nAUTH PLAIN $good\r\n
		S: 500 5.5.2 Line with a bare CR, a bare LF or a NUL
		$wiped
		C: NOOP
		C: AUTH LOGIN
		C: $login_user
		C: $login_password
		C: NOOP
		S: 250 2.0.0 OK
		S: 334 VXNlcm5hbWU6
		S: 334 UGFzc3dvcmQ6
		$succeeded
		S: 250 2.0.0 OK
		$wiped
		C: AUTH PLAIN $good
		S: 503 5.5.1 Authenticated already
		$wiped
		$quit
	EOT
	assert_log_is_clean
}

@test "no password stays in the memory of a line that was too long" {
	talk "${settings[@]}" <<-EOT
		$ehlo_auth
		C| AUTH PLAIN $(printf '%02048d' 0)
		@read
		C: 0000$good
		S: 500 5.5.2 Line too long
		$wiped
		$quit
	EOT
	assert_log_is_clean
}

@test "no password stays in the memory during a delay" {
	talk "${settings[@]}" TARPITDELAY=600 <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $bad
		@run until grep -qs smtp_user=alice $LOG; do sleep 0.02; done
		$wiped
		@close
		@exit 0
	EOT
}

@test "no password stays in the memory of tarpit-tls" {
	KEYS=$BATS_TEST_TMPDIR/keys
	make_key_pair "$KEYS"
	start_tls
	local both="$wiped
		@run $root/tests/memory-holds none \$(cat /proc/$TLS_SERVER/task/*/children) ${secrets[*]}"
	talk "${settings[@]}" SMTPD_AUTH_PLAINTEXT=no \
		SMTPD_TLS_SOCKET="$TLS_SOCKET" <<-EOT
		$ehlo_tls
		C: STARTTLS
		S: 220 2.0.0 Ready to start TLS
		@tls
		${ehlo_auth#S: 220 mx.example.org ESMTP?}
		C: AUTH PLAIN $bad
		$refused
		${both//$'\n\t\t'/$'\n'}
		C: AUTH LOGIN $login_user
		S: 334 UGFzc3dvcmQ6
		C: $login_password
		$succeeded
		${both//$'\n\t\t'/$'\n'}
		$quit
	EOT
	assert_log_is_clean
}

@test "no password stays in the memory where AUTH is not to be used" {
	local arguments
	for arguments in SMTPD_AUTH_SOCKET= SMTPD_AUTH_PLAINTEXT=no; do
		talk "${settings[@]}" "$arguments" <<-EOT
			$ehlo
			C: AUTH PLAIN $good
			S~ 5[03][28] .*
			$wiped
			C: auth login
			C: $login_user
			C: $login_password
			S~ 5[03][28] .*
			S: 500 5.5.1 Unknown command
			S: 500 5.5.1 Unknown command
			$wiped
			$quit
		EOT
		assert_log_is_clean
	done
}

@test "no password stays in the memory when the service is away" {
	talk "${settings[@]}" SMTPD_AUTH_SOCKET=/nonexistent <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $good
		$cannot_tell
		$wiped
		$quit
	EOT
	assert_log_is_clean
}

@test "however AUTH is garbled, no password gets into the log" {
	talk "${settings[@]}" SMTPD_MAX_ERRORS=100 <<-EOT
		$ehlo_auth
		C:   AUTH PLAIN $good
		S: 500 5.5.1 Unknown command
		C: AUTH\tPLAIN\t$good
		S: 500 5.5.1 Unknown command
		C| AUTH\tPLAIN\t$good\r\n
		S: 500 5.5.1 Unknown command
		C: AUTH=PLAIN $good
		S: 500 5.5.1 Unknown command
		C: AUTHPLAIN $good
		S: 500 5.5.1 Unknown command
		C: auth  PLAIN  $bad
		$refused
		C: AUTH $good
		S: 504 5.5.4 Unknown mechanism
		C: AUTH XOAUTH2 $good
		S: 504 5.5.4 Unknown mechanism
		C: $login_user
		S: 500 5.5.1 Unknown command
		C: $login_password
		S: 500 5.5.1 Unknown command
		C| AUTH LOGIN\n$login_password\r\n
		S: 500 5.5.2 Line with a bare CR, a bare LF or a NUL
		C| $login_password\r\r\n
		S: 500 5.5.2 Line with a bare CR, a bare LF or a NUL
		C: AUTH PLAIN $(printf '%02048d' 0)$good
		S: 500 5.5.2 Line too long
		C: AUTH LOGIN
		C: $login_user*
		C: $login_password
		S: 334 VXNlcm5hbWU6
		S: 501 5.5.2 Not base 64
		S: 500 5.5.1 Unknown command
		C: NOPE
		S: 500 5.5.1 Unknown command
		$quit
	EOT
	assert_log_is_clean
	run grep -c . "$LOG"
	assert_output 17
	run grep -oE 'smtp_command=("[^"]*"|[^ ]*)' "$LOG"
	assert_output - <<-'EOT'
		smtp_command=AUTH
		smtp_command=AUTH
		smtp_command=AUTH
		smtp_command=AUTH
		smtp_command=AUTH
		smtp_command="AUTH PLAIN"
		smtp_command=AUTH
		smtp_command=AUTH
		smtp_command=""
		smtp_command=""
		smtp_command=AUTH
		smtp_command=""
		smtp_command=""
		smtp_command="AUTH LOGIN"
		smtp_command=""
		smtp_command=""
	EOT
}

@test "AUTH inside another line leaves no password, either" {
	local line
	for line in "AUTHENTICATE PLAIN $good" "AUTHPLAIN $good" \
		"\xef\xbb\xbfauth plain $good" "\x00AUTH PLAIN $good" \
		"EHLO x\nAUTH PLAIN $good" "RSET\rAUTH LOGIN\r$login_password" \
		"MAIL FROM:<>\nauth login\n$login_user\n$login_password"; do
		: >"$LOG"
		talk "${settings[@]}" <<-EOT
			$ehlo_auth
			C| $line\r\n
			S~ 500 5.5.[12] .*
			$wiped
			$quit
		EOT
		assert_log_is_clean
		grep -F 'smtp_command=AUTH ' "$LOG"
	done
}

@test "a bare LF behind a verb shows nothing of what follows AUTH" {
	talk "${settings[@]}" <<-EOT
		$ehlo_auth
		C: AUTH CRAM-MD5
		S: 504 5.5.4 Unknown mechanism
		C| NOOP x\n$good\r\n
		S~ 500 5.5.2 .*
		$wiped
		$quit
	EOT
	assert_log_is_clean
}

@test "a client that speaks no more after AUTH leaves no password in the log" {
	talk "${settings[@]}" <<-EOT
		$ehlo_auth
		C: AUTH LOGIN
		S: 334 VXNlcm5hbWU6
		C: $login_user
		S: 334 UGFzc3dvcmQ6
		C| ${login_password:0:12}
		@read
		@close
		@exit 0
	EOT
	assert_log_is_clean
	grep smtp_end=hang-up "$LOG"
}
