#!/usr/bin/env bats
# AUTH, with Dovecot's authentication service. Sanitized: yes

load common
load peer
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

setup() {
	prepare
	settings=("SMTPD_AUTH_SOCKET=$PEER_DIR/auth" SMTPD_AUTH_PLAINTEXT=yes)
}

# As talk, with the service.
authenticate() {
	talk "${settings[@]}" "$@"
}

# The last record of a kind in the log.
# Usage: record KIND
record() {
	grep "^$1: " "$LOG" | tail -n 1
}

@test "PLAIN and LOGIN are taken, with and without an initial response" {
	local start
	for start in "C: AUTH PLAIN $good" \
		"C: auth plain $good" \
		"C: AUTH PLAIN"$'\nS: 334 \n'"C: $good" \
		"C: AUTH LOGIN"$'\nS: 334 VXNlcm5hbWU6\n'"C: $login_user
		S: 334 UGFzc3dvcmQ6
		C: $login_password" \
		"C: AUTH LOGIN $login_user
		S: 334 UGFzc3dvcmQ6
		C: $login_password"; do
		authenticate <<-EOT
			$ehlo_auth
			${start//$'\n\t\t'/$'\n'}
			$succeeded
			$quit
		EOT
	done
}

@test "a dialogue may be cut anywhere, or come in one piece" {
	authenticate <<-EOT
		$ehlo_auth
		@splits
		C: AUTH LOGIN
		C: $login_user
		C: $login_password
		S: 334 VXNlcm5hbWU6
		S: 334 UGFzc3dvcmQ6
		$succeeded
		$quit
	EOT
}

@test "a wrong password or user is 535, in both mechanisms, and may be tried again" {
	authenticate <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $bad
		$refused
		C: AUTH PLAIN $(plain nobody s3cret-pa55word)
		$refused
		C: AUTH LOGIN $login_user
		S: 334 UGFzc3dvcmQ6
		C: $(base64_of wrong-pa55word)
		$refused
		C: AUTH PLAIN $good
		$succeeded
		$quit
	EOT
}

@test "what is no message of PLAIN is 535, and the service is not asked" {
	local message
	for message in alice 'alice\0s3cret-pa55word' \
		'\0\0s3cret-pa55word' '\0alice\0' \
		'\0alice\0s3cret-pa55word\0' '\0alice\0s3cret-pa55word\0x' \
		"\\0$(printf '%256s' x)\\0s3cret-pa55word" \
		"\\0alice\\0$(printf '%4096s' x)"; do
		authenticate SMTPD_AUTH_SOCKET=/nonexistent <<-EOT
			$ehlo_auth
			C: AUTH PLAIN
			S: 334 
			C: $(printf '%b' "$message" | base64 -w 0)
			$refused
			$quit
		EOT
	done
}

@test "a NUL in the user's name or the password of LOGIN makes no other message" {
	authenticate <<-EOT
		$ehlo_auth
		C: AUTH LOGIN $(printf 'alice\0s3cret-pa55word' | base64)
		S: 334 UGFzc3dvcmQ6
		C: $login_password
		$refused
		C: AUTH LOGIN $(printf 'bob\0alice' | base64)
		S: 334 UGFzc3dvcmQ6
		C: $login_password
		$refused
		$quit
	EOT
}

@test "an empty response is = with the command, and an empty line behind it" {
	authenticate <<-EOT
		$ehlo_auth
		C: AUTH PLAIN =
		$refused
		C: AUTH PLAIN
		S: 334 
		C:
		$refused
		C: AUTH LOGIN =
		S: 334 UGFzc3dvcmQ6
		C:
		$refused
		$quit
	EOT
}

@test "a lone asterisk cancels at each step" {
	authenticate <<-EOT
		$ehlo_auth
		C: AUTH PLAIN
		S: 334 
		C: *
		S: 501 5.7.0 Authentication cancelled
		C: AUTH LOGIN
		S: 334 VXNlcm5hbWU6
		C: *
		S: 501 5.7.0 Authentication cancelled
		C: AUTH LOGIN $login_user
		S: 334 UGFzc3dvcmQ6
		C: *
		S: 501 5.7.0 Authentication cancelled
		C: NOOP
		S: 250 2.0.0 OK
		$quit
	EOT
}

@test "what is not base 64 is 501, at each step" {
	local text
	for text in "A$good" "$good " "${good:0:20} ${good:20}" "$good====" \
		"${good:0:20}=${good:21}" '****' '=' "${good:0:20}\\n${good:20}" \
		"${good:0:20}\\r${good:20}" "${good:0:20}\\x00${good:20}" \
		'YWI_' 'YWJ=' 'YR==' '\xc3\xa9\xc3\xa9'; do
		# A space at the end of a command is not looked at, and what no
		# line may hold is for another test.
		if [[ ! $text =~ ^=$|' '$|[\\] ]]; then
			authenticate <<-EOT
				$ehlo_auth
				C: AUTH PLAIN $text
				S: 501 5.5.2 Not base 64
				$quit
			EOT
		fi
		authenticate <<-EOT
			$ehlo_auth
			C: AUTH PLAIN
			S: 334 
			C| $text\\r\\n
			S: 501 5.5.2 Not base 64
			C: AUTH LOGIN
			S: 334 VXNlcm5hbWU6
			C| $text\\r\\n
			S: 501 5.5.2 Not base 64
			C: AUTH LOGIN $login_user
			S: 334 UGFzc3dvcmQ6
			C| $text\\r\\n
			S: 501 5.5.2 Not base 64
			C: NOOP
			S: 250 2.0.0 OK
			$quit
		EOT
	done
}

@test "a response of 12288 octets is taken, and one more is 500" {
	local octets
	octets=$(printf '%012288d' 0)
	authenticate <<-EOT
		$ehlo_auth
		C: AUTH PLAIN
		S: 334 
		C: $octets
		$refused
		C: AUTH PLAIN
		S: 334 
		C: 0$octets
		S: 500 5.5.6 Response too long
		C: AUTH LOGIN
		S: 334 VXNlcm5hbWU6
		C: $octets
		S: 334 UGFzc3dvcmQ6
		C: $octets
		$refused
		C: AUTH LOGIN $login_user
		S: 334 UGFzc3dvcmQ6
		C: $octets$octets$octets$octets$octets$octets$octets$octets
		S: 500 5.5.6 Response too long
		C: AUTH PLAIN $good
		$succeeded
		$quit
	EOT
}

@test "a command line with AUTH may be as long as any other" {
	authenticate <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $(printf '%02035d' 0)
		S: 501 5.5.2 Not base 64
		C: AUTH PLAIN $(printf '%02036d' 0)
		S: 500 5.5.2 Line too long
		$quit
	EOT
}

@test "a mechanism that is not there is 504, and none is 501" {
	authenticate <<-EOT
		$ehlo_auth
		C: AUTH
		S: 501 5.5.4 This command needs an argument
		C: AUTH CRAM-MD5
		S: 504 5.5.4 Unknown mechanism
		C: AUTH PLAI $good
		S: 504 5.5.4 Unknown mechanism
		C: AUTH PLAIN-CLIENTTOKEN $good
		S: 504 5.5.4 Unknown mechanism
		C: AUTH $good
		S: 504 5.5.4 Unknown mechanism
		$quit
	EOT
}

@test "AUTH needs EHLO, no transaction, and nobody authenticated" {
	authenticate <<-EOT
		S: 220 mx.example.org ESMTP
		C: AUTH PLAIN $good
		S: 503 5.5.1 Say EHLO first
		C: HELO client.example.net
		S: 250 mx.example.org
		C: AUTH PLAIN $good
		S: 503 5.5.1 Say EHLO first
		$quit
	EOT
	authenticate <<-EOT
		$ehlo_auth
		$mail
		C: AUTH PLAIN $good
		S: 503 5.5.1 A transaction is open already
		C: RSET
		S: 250 2.0.0 OK
		C: AUTH PLAIN $good
		$succeeded
		C: AUTH PLAIN $good
		S: 503 5.5.1 Authenticated already
		$quit
	EOT
}

@test "who is authenticated is not offered it again" {
	authenticate <<-EOT
		$authenticated
		${ehlo#*$'\n'}
		$quit
	EOT
}

@test "without SMTPD_AUTH_SOCKET there is no AUTH" {
	talk SMTPD_AUTH_PLAINTEXT=yes <<-EOT
		$ehlo
		C: AUTH PLAIN $good
		S: 502 5.5.1 Command not implemented
		$quit
	EOT
}

@test "without TLS it is not offered, and refused, unless SMTPD_AUTH_PLAINTEXT=yes" {
	talk "SMTPD_AUTH_SOCKET=$PEER_DIR/auth" <<-EOT
		$ehlo
		C: AUTH PLAIN $good
		S: 538 5.7.11 Encryption required; say STARTTLS first
		C: AUTH LOGIN
		S: 538 5.7.11 Encryption required; say STARTTLS first
		$quit
	EOT
}

@test "the service is told who is to be acted as, and where the client is" {
	authenticate <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $(plain bob b0bs-passw0rd)
		$succeeded
		$quit
	EOT
	authenticate REMOTE_ADDR=192.0.2.2 <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $(plain bob b0bs-passw0rd)
		$refused
		$quit
	EOT
	# Without a master user nobody acts as another one.
	authenticate REMOTE_ADDR=2001:db8::5 <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $(plain alice s3cret-pa55word bob)
		$refused
		$quit
	EOT
	grep -F '2001:db8::5' "$PEER_DIR/dovecot.log" | grep -F 'master'
	grep -F 'rip=192.0.2.1' "$PEER_DIR/dovecot.log" | grep -F 'rport=4000'
}
