#!/usr/bin/env bats
# AUTH under TLS. Sanitized: yes

load common
load server
load delivered
load peer
load tls
load starttls
load auth

setup_file() {
	export KEYS=$BATS_FILE_TMPDIR/keys
	make_key_pair "$KEYS"
	export PEER_DIR=$BATS_FILE_TMPDIR/dovecot PEER_PROCESS
	mkdir -p "$PEER_DIR"
	write_auth_conf
	start_auth
}

teardown_file() {
	BATS_TEST_COMPLETED=1
	stop_peer
}

setup() {
	prepare
	start_tls
	settings=("SMTPD_AUTH_SOCKET=$PEER_DIR/auth"
		"SMTPD_TLS_SOCKET=$TLS_SOCKET")
}

teardown() {
	stop_server
	stop_tls
}

# As talk, with both services.
authenticate() {
	talk "${settings[@]}" "$@"
}

starttls='C: STARTTLS
S: 220 2.0.0 Ready to start TLS
@tls'
ehlo_again="${ehlo#S: 220 mx.example.org ESMTP?}"
ehlo_auth_again="${ehlo_auth#S: 220 mx.example.org ESMTP?}"

@test "AUTH is offered behind STARTTLS alone" {
	authenticate <<-EOT
		$ehlo_tls
		C: AUTH PLAIN $good
		S: 538 5.7.11 Encryption required
		$starttls
		C: AUTH PLAIN $good
		S: 503 5.5.1 Say EHLO first
		$ehlo_auth_again
		C: AUTH PLAIN $good
		$succeeded
		$ehlo_again
		$quit
	EOT
}

@test "the trace header says ESMTPSA" {
	authenticate SMTPD_REQUIRE_AUTH=yes <<-EOT
		$ehlo_tls
		$need_auth
		$starttls
		$ehlo_auth_again
		$need_auth
		C: AUTH LOGIN
		S: 334 VXNlcm5hbWU6
		C: $login_user
		S: 334 UGFzc3dvcmQ6
		C: $login_password
		$succeeded
		$mail
		$rcpt
		$data
		C: .
		S: 250 2.0.0 Message accepted
		C: MAIL FROM:<sender@example.net> SMTPUTF8
		S: 250 2.1.0 Sender OK
		C: RCPT TO:<bob@example.org>
		S: 250 2.1.5 Recipient OK
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	grep -rh 'with ESMTPSA (TLSv1.3 ' "$MAIL/example.org/alice"
	grep -rh 'with UTF8SMTPSA (TLSv1.3 ' "$MAIL/example.org/bob"
	run grep -c '^accepted: .*smtp_user=alice tls_version=TLSv1.3' "$LOG"
	assert_output 2
}

@test "Dovecot is told that there is TLS, or not" {
	: >"$PEER_DIR/dovecot.log"
	authenticate <<-EOT
		$ehlo_tls
		$starttls
		$ehlo_auth_again
		C: AUTH PLAIN $good
		$succeeded
		$quit
	EOT
	grep -P 'client in: AUTH\t1\tPLAIN\tservice=smtp\tnologin\tsecured\trip=192.0.2.1\trport=4000' \
		"$PEER_DIR/dovecot.log"
	authenticate SMTPD_AUTH_PLAINTEXT=yes <<-EOT
		${ehlo_tls/250 STARTTLS/250-STARTTLS
		S: 250 AUTH PLAIN LOGIN}
		C: AUTH PLAIN $good
		$succeeded
		$quit
	EOT
	grep -P 'client in: AUTH\t1\tPLAIN\tservice=smtp\tnologin\trip=192.0.2.1' \
		"$PEER_DIR/dovecot.log"
}

@test "STARTTLS forgets who was authenticated without it" {
	local nobody='C: RCPT TO:<nobody@example.org>
S: 550 5.1.1 No such user here'
	authenticate SMTPD_AUTH_PLAINTEXT=yes SMTPD_REQUIRE_AUTH=yes \
		TARPITDELAY=0.3 <<-EOT
		${ehlo_tls/250 STARTTLS/250-STARTTLS
		S: 250 AUTH PLAIN LOGIN}
		C: AUTH PLAIN $good
		$succeeded
		$mail
		$nobody
		$starttls
		$ehlo_auth_again
		@mark
		$need_auth
		@at-least 0.3
		C: AUTH PLAIN $good
		$succeeded
		$mail
		$nobody
		$quit
	EOT
	run grep -o 'tarpit_delay_usec=[0-9]*' "$LOG"
	assert_line --index 0 tarpit_delay_usec=0
	assert_line --index 1 tarpit_delay_usec=300000
	assert_line --index 2 tarpit_delay_usec=0
}

@test "no password stays in the memory under TLS" {
	if [[ $SMTPD == */sanitized/* ]]; then
		# There is too much of it.
		return
	fi
	authenticate <<-EOT
		$ehlo_tls
		$starttls
		$ehlo_auth_again
		C: AUTH PLAIN $bad
		$refused
		@run $root/tests/memory-holds none \$PID rong-pa55 ${bad: -12:8}
		C: AUTH LOGIN
		S: 334 VXNlcm5hbWU6
		C: $login_user
		S: 334 UGFzc3dvcmQ6
		C: $login_password
		$succeeded
		@run $root/tests/memory-holds none \$PID cret-pa55 ${login_password: -12:8}
		$quit
	EOT
}

# A port with STARTTLS, or one where TLS comes first.
start_submission() {
	start_server "${settings[@]}" SMTPD_REQUIRE_AUTH=yes TARPITDELAY=0.5 \
		"$@"
}

# Usage: needs_password COMMAND...
needs_password() {
	MESSAGE=$BATS_TEST_TMPDIR/message
	hard_message >"$MESSAGE"
	refused_after 0.5 "$@" wrong-pa55word
	assert_nothing_delivered
	"$@" s3cret-pa55word
	assert_delivered "$MESSAGE" alice@example.org
	grep -rh 'with ESMTPSA (TLSv1.3 ' "$MAIL"
}

send_with_swaks() {
	head -c -1 "$MESSAGE" >"$BATS_TEST_TMPDIR/data"
	swaks --server "127.0.0.1:$PORT" --helo client.test --tls \
		--from sender@client.test --to alice@example.org \
		--auth PLAIN --auth-user alice --auth-password "$1" \
		--data "@$BATS_TEST_TMPDIR/data"
}

@test "swaks authenticates behind STARTTLS" {
	start_submission
	needs_password send_with_swaks
}

# Usage: send_with_curl SCHEME [OPTION]... PASSWORD
send_with_curl() {
	curl --silent --show-error --verbose --crlf --insecure \
		--url "$1://127.0.0.1:$PORT/client.test" "${@:2:$#-2}" \
		--user "alice:${!#}" --mail-from sender@client.test \
		--mail-rcpt alice@example.org --upload-file "$MESSAGE"
}

@test "curl authenticates behind STARTTLS" {
	start_submission
	needs_password send_with_curl smtp --ssl-reqd
}

@test "curl authenticates where TLS comes first" {
	start_submission SMTPD_TLS_PORTS=@PORT@
	needs_password send_with_curl smtps
}
