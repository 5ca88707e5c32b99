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
		S: 538 5.7.11 Encryption required
		C: AUTH LOGIN
		S: 538 5.7.11 Encryption required
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

@test "anonymous clients are delayed, and authenticated ones are not" {
	local nobody='C: RCPT TO:<nobody@example.org>
		S: 550 5.1.1 No such user here'
	authenticate TARPITDELAY=0.3 <<-EOT
		$ehlo_auth
		@mark
		C: AUTH PLAIN $bad
		$refused
		@at-least 0.3
		$mail
		@mark
		${nobody//$'\n\t\t'/$'\n'}
		@at-least 0.3
		C: RSET
		S: 250 2.0.0 OK
		C: AUTH PLAIN $good
		$succeeded
		$mail
		${nobody//$'\n\t\t'/$'\n'}
		$quit
	EOT
	run grep -o 'tarpit_delay_usec=[0-9]*' "$LOG"
	assert_line --index 0 tarpit_delay_usec=300000
	assert_line --index 1 tarpit_delay_usec=300000
	assert_line --index 2 tarpit_delay_usec=0
}

@test "a client that hangs up in the delay behind a wrong password ends the process" {
	authenticate TARPITDELAY=600 <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $bad
		@run until grep -qs smtp_user=alice $LOG; do sleep 0.02; done
		@close
		@exit 0
	EOT
	grep smtp_end=hang-up "$LOG"
}

@test "wrong passwords count as errors" {
	authenticate SMTPD_MAX_ERRORS=2 <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $bad
		$refused
		C: AUTH PLAIN $bad
		$refused
		C: AUTH PLAIN $bad
		S: 421 4.7.0 Too many errors
		@eof
	EOT
}

@test "commands may be pipelined around AUTH" {
	authenticate <<-EOT
		$ehlo_auth
		C: NOOP
		C: AUTH PLAIN $good
		C: NOOP
		S: 250 2.0.0 OK
		$succeeded
		S: 250 2.0.0 OK
		$quit
	EOT
}

# Usage: relay_elsewhere ANSWER [SETTING]...
# A recipient that is not ours, from an authenticated client.
relay_elsewhere() {
	authenticate "${@:2}" <<-EOT
		$authenticated
		$mail
		C: RCPT TO:<someone@elsewhere.example>
		$1
		$quit
	EOT
}

@test "an authenticated client may send to any recipient if that is allowed" {
	local denied='S: 554 5.7.1 Relaying denied' queue hop
	local accepted='S: 250 2.1.5 Recipient OK'
	local queue="SMTPD_DELIVERY=qmail-queue:$root/tests/queue-program"
	local hop="SMTPD_DELIVERY=smtp:unix:$BATS_TEST_TMPDIR/hop"
	local process
	mkdir "$BATS_TEST_TMPDIR/hop.d"
	"$root/tests/nexthop" "unix:$BATS_TEST_TMPDIR/hop" \
		"$BATS_TEST_TMPDIR/hop.d" </dev/null \
		>"$BATS_TEST_TMPDIR/hop.log" 2>&1 3>&- &
	process=$!
	wait_until 20 grep -qs ready "$BATS_TEST_TMPDIR/hop.log"

	relay_elsewhere "$accepted" SMTPD_RELAY_AUTHENTICATED=yes "$queue"
	relay_elsewhere "$accepted" SMTPD_RELAY_AUTHENTICATED=yes "$hop"
	relay_elsewhere "$denied" "$queue"
	relay_elsewhere "$denied" "$hop"
	# A Maildir is for recipients of ours.
	relay_elsewhere "$denied" SMTPD_RELAY_AUTHENTICATED=yes
	# Who is not authenticated may not.
	talk "${settings[@]}" SMTPD_RELAY_AUTHENTICATED=yes "$queue" <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $bad
		$refused
		$mail
		C: RCPT TO:<someone@elsewhere.example>
		$denied
		$quit
	EOT
	kill -KILL "$process"
	wait "$process" || true
}

@test "mail of an authenticated client to us goes where it always goes" {
	mkdir "$BATS_TEST_TMPDIR/queue"
	authenticate SMTPD_RELAY_AUTHENTICATED=yes \
		QUEUE_DIR="$BATS_TEST_TMPDIR/queue" \
		"SMTPD_DELIVERY=qmail-queue:$root/tests/queue-program" <<-EOT
		$authenticated
		$mail
		C: RCPT TO:<sales@example.org>
		S: 250 2.1.5 Recipient OK
		C: RCPT TO:<someone@elsewhere.example>
		S: 250 2.1.5 Recipient OK
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run tr '\0' '\n' <"$(echo "$BATS_TEST_TMPDIR"/queue/envelope*)"
	assert_line 'Talice@example.org'
	assert_line 'Tsomeone@elsewhere.example'
}

@test "with SMTPD_REQUIRE_AUTH nobody else sends" {
	authenticate SMTPD_REQUIRE_AUTH=yes <<-EOT
		$ehlo_auth
		$need_auth
		C: RCPT TO:<alice@example.org>
		S: 503 5.5.1 Say MAIL first
		C: DATA
		S: 503 5.5.1 Say MAIL first
		C: VRFY alice
		S: 252 2.5.0 Cannot verify; send the message and see
		C: NOOP
		S: 250 2.0.0 OK
		C: RSET
		S: 250 2.0.0 OK
		C: AUTH PLAIN $bad
		$refused
		$need_auth
		C: AUTH PLAIN $good
		$succeeded
		$mail
		$rcpt
		$quit
	EOT
	# Nor who may relay from where he is.
	authenticate SMTPD_REQUIRE_AUTH=yes RELAYCLIENT= <<-EOT
		$ehlo_auth
		$need_auth
		$quit
	EOT
}

# Usage: send_authenticated [MAIL-PARAMETERS]
send_authenticated() {
	authenticate <<-EOT
		$authenticated
		C: MAIL FROM:<sender@example.net>${1-}
		S: 250 2.1.0 Sender OK
		$rcpt
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
}

@test "the trace header says ESMTPA, and nothing of the user" {
	send_authenticated
	run the_message
	assert_line --partial 'with ESMTPA'
	rm -rf "${MAIL:?}"/*
	send_authenticated ' SMTPUTF8'
	run the_message
	assert_line --partial 'with UTF8SMTPA'
	assert_line --partial 'for <alice@example.org>'
	refute_line --regexp '^[^<]*alice'
}

@test "the records of a session name the user" {
	authenticate <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $(plain bob wrong-pa55word)
		$refused
		C: NOPE
		S: 500 5.5.1 Unknown command
		C: AUTH PLAIN $(plain ALICE s3cret-pa55word)
		$succeeded
		$mail
		$rcpt
		$data
		C: .
		S: 250 2.0.0 Message accepted
		C: RCPT TO:<x>
		S: 503 5.5.1 Say MAIL first
		$quit
	EOT
	# Dovecot knows her by a name in small letters.
	run sed 's/:.*smtp_user=\([^ ]*\).*/ \1/; s/:.*//' "$LOG"
	assert_output - <<-'EOT'
		refused bob
		refused
		accepted alice
		refused alice
		session alice
	EOT
}

@test "without success the summary names nobody" {
	authenticate <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $bad
		$refused
		$quit
	EOT
	run record session
	refute_output --partial smtp_user
}

@test "AUTH= of MAIL is checked, and not believed" {
	local value
	for value in '<>' alice@example.org a+2Bb+3Dc@example.org \
		'+22a+20b+22@example.org' "$(printf '%064d' 0)@example.org"; do
		authenticate <<-EOT
			$ehlo_auth
			C: MAIL FROM:<sender@example.net> AUTH=$value
			S: 250 2.1.0 Sender OK
			$quit
		EOT
	done
	for value in '' '=' alice '@' '<alice@example.org>' alice+@example.org \
		alice+2b@example.org 'alice@example.org+3E+20AUTH+3D<>' \
		'+00@example.org' "$(printf '%01000d' 0)@example.org"; do
		authenticate <<-EOT
			$ehlo_auth
			C: MAIL FROM:<sender@example.net> AUTH=$value
			S~ 501 5.5.4 Bad parameter (syntax|value)
			$quit
		EOT
	done
	authenticate <<-EOT
		$ehlo_auth
		C: MAIL FROM:<sender@example.net> AUTH
		S: 501 5.5.4 Bad parameter value
		C: MAIL FROM:<sender@example.net> AUTH=<> AUTH=<>
		S: 501 5.5.4 Bad parameter syntax
		$quit
	EOT
	talk <<-EOT
		$ehlo
		C: MAIL FROM:<sender@example.net> AUTH=<>
		S: 555 5.5.4 Unknown parameter
		$quit
	EOT
}

@test "a dialogue that is not gone on with ends in time" {
	authenticate SMTPD_TIMEOUT=1 <<-EOT
		$ehlo_auth
		C: AUTH LOGIN
		S: 334 VXNlcm5hbWU6
		@drip x
		S: 421 4.4.2 Timed out
		@eof
	EOT
	authenticate <<-EOT
		$ehlo_auth
		C: AUTH PLAIN
		S: 334 
		@end-input
		@eof
		@exit 0
	EOT
	authenticate <<-EOT
		$ehlo_auth
		C: AUTH PLAIN
		S: 334 
		@signal TERM
		S: 421 4.3.2 Service shutting down
		@eof
	EOT
}
