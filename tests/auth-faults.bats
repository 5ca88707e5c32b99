#!/usr/bin/env bats
# Authentication services that are away or misbehave: a real Dovecot that ends,
# and tests/auth-service, which does what it is told. Sanitized: yes

load common
load peer
load auth

setup() {
	prepare
	PEER_DIR=$BATS_TEST_TMPDIR/dovecot
	mkdir "$PEER_DIR"
	SERVICE=$BATS_TEST_TMPDIR/service
	dialogue_options=(--patience 20)
}

teardown() {
	stop_service
	stop_peer
}

# Usage: start_service RULE...
start_service() {
	stop_service
	rm -f "$SERVICE" "$SERVICE.log"
	"$root/tests/auth-service" "$SERVICE" "$@" </dev/null \
		>"$SERVICE.log" 2>&1 3>&- &
	SERVICE_PROCESS=$!
	wait_until 20 grep -qs ready "$SERVICE.log"
}

stop_service() {
	[[ -n ${SERVICE_PROCESS-} ]] || return 0
	kill -KILL "$SERVICE_PROCESS"
	wait "$SERVICE_PROCESS" || true
	SERVICE_PROCESS=
}

# As talk, with the service.
authenticate() {
	talk "SMTPD_AUTH_SOCKET=$SERVICE" SMTPD_AUTH_PLAINTEXT=yes "$@"
}

# All processes that came of one.
descendants() {
	local child children
	read -ra children <"/proc/$1/task/$1/children" || true
	for child in "${children[@]}"; do
		echo "$child"
		descendants "$child"
	done
}

# Whether the log has a fault of the service.
# Usage: assert_trouble WHAT
assert_trouble() {
	grep -F "the authentication service $1" "$LOG"
}

# The service does this, and the client is told to try again: nothing is
# delayed, and the session goes on.
# Usage: is_put_off WHAT RULE...
is_put_off() {
	start_service "${@:2}"
	: >"$LOG"
	authenticate TARPITDELAY=600 <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $good
		$cannot_tell
		$mail
		$rcpt
		$quit
	EOT
	assert_trouble "$1"
}

@test "without a service AUTH is 454 and the rest goes on" {
	authenticate TARPITDELAY=600 <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $good
		$cannot_tell
		C: AUTH LOGIN $login_user
		S: 334 UGFzc3dvcmQ6
		C: $login_password
		$cannot_tell
		$mail
		$rcpt
		$quit
	EOT
	assert_trouble 'cannot be reached: error="No such file or directory"'
}

@test "a service that may not be reached, or does not listen, is 454" {
	start_service HELLO
	stop_service
	authenticate <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $good
		$cannot_tell
		$quit
	EOT
	assert_trouble 'cannot be reached: error="Connection refused"'
}

@test "Dovecot that ends is 454 to the end of the session, and serves the next one" {
	SERVICE=$PEER_DIR/auth
	write_auth_conf
	start_auth
	local processes
	processes=$(descendants "$PEER_PROCESS" | tr '\n' ' ')
	assert [ -n "$processes" ]
	authenticate <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $bad
		$refused
		@run kill -KILL $PEER_PROCESS
		@run for p in $processes; do while grep -qs State:.[^Z] /proc/\$p/status; do sleep 0.02; done; done
		C: AUTH PLAIN $good
		$cannot_tell
		C: AUTH PLAIN $good
		$cannot_tell
		$quit
	EOT
	assert_trouble 'has hung up'
	wait "$PEER_PROCESS" || true
	PEER_PROCESS=
	authenticate <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $good
		$cannot_tell
		$quit
	EOT
	rm "$SERVICE"
	start_auth
	authenticate <<-EOT
		$authenticated
		$quit
	EOT
}

@test "a service that hangs up is 454, whenever it does" {
	is_put_off 'has hung up' ''
	is_put_off 'has hung up' 'VERSION\t1\t2\nMECH\tPL'
	is_put_off 'has hung up' HELLO
	is_put_off 'has hung up' 'HELLO|'
	is_put_off 'has hung up' 'HELLO|OK\tID\tuser=alice'
}

@test "a service that says what does not fit is 454" {
	local answer long
	long=$(printf '%08192d' 0)
	for answer in 'VERSION\t2\t0\nDONE\n' 'VERSION\tx\n' 'OK\t1\n' \
		'HELLO|OK\n' 'HELLO|OK\tx\n' 'HELLO|OK\t0\tuser=alice\n' \
		'HELLO|OK\t2\tuser=alice\n' 'HELLO|FAIL\t2\n' \
		'HELLO|OK\tID\tuser=a\1\n' 'HELLO|OK\tID\tuser=a\0b\n' \
		'HELLO|OK\tID\tuser=alice\r\n' \
		'HELLO|CONT\tID\t\n' 'HELLO|CONT\tID\tabcd\nOK\tID\n' \
		"$long$long\\n" "HELLO|OK\\tID\\tuser=$long\\n" \
		"HELLO|OK\\tID\\tuser=$(printf '%0256d' 0)\\n" \
		'<flood>x\n' 'HELLO|<flood>MECH\tPLAIN\n'; do
		# It does not hang up before it was heard.
		is_put_off 'says what does not fit' "$answer<hang>"
	done
}

@test "a line without an end does not keep the session for ever" {
	start_service 'HELLO|<flood>x'
	authenticate SMTPD_SESSION_TIMEOUT=1 <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $good
		$cannot_tell
		S: 421 4.4.2 Timed out
		@eof
	EOT
	assert_trouble 'does not answer in time'
}

@test "a service that hangs or drips is waited for within the session's time" {
	local rule
	for rule in '<hang>' 'HELLO|<hang>' '<drip>HELLO' \
		'HELLO|<drip>FAIL\tID\tuser=alice\n'; do
		start_service "$rule"
		authenticate SMTPD_SESSION_TIMEOUT=1 <<-EOT
			$ehlo_auth
			C: AUTH PLAIN $good
			$cannot_tell
			S: 421 4.4.2 Timed out
			@eof
		EOT
		assert_trouble 'does not answer in time'
	done
}

@test "what is owed is sent before the service is waited for" {
	start_service 'HELLO|<hang>'
	authenticate <<-EOT
		$ehlo_auth
		C: NOOP
		C: AUTH PLAIN $good
		S: 250 2.0.0 OK
		@run ! grep . $LOG
		@close
		@signal TERM
	EOT
}

# Usage: ends_with_client RULE [LINE]
# The service does this, and the client hangs up meanwhile; before that, the line
# of the transcript.
ends_with_client() {
	start_service "$1"
	: >"$LOG"
	authenticate <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $good
		@read
		${2-}
		@close
		@exit 0
	EOT
	grep smtp_end=hang-up "$LOG"
	run grep -c . "$LOG"
	assert_output 1
}

@test "a client that hangs up while the service waits ends the process" {
	ends_with_client 'HELLO|<hang>' \
		"@run until grep -q resp= $SERVICE.log; do sleep 0.02; done"
	ends_with_client '<hang>'
}

@test "a client that has said all still gets an answer that comes soon" {
	start_service 'HELLO|OK\tID\n'
	authenticate <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $good
		C: QUIT
		@end-input
		$succeeded
		S: 221 2.0.0 Goodbye
		@eof
	EOT
}

@test "SIGTERM ends the wait for a service" {
	start_service 'HELLO|<hang>'
	authenticate <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $good
		@read
		@run until grep -q resp= $SERVICE.log; do sleep 0.02; done
		@signal TERM
		$cannot_tell
		S: 421 4.3.2 Service shutting down
		@eof
	EOT
	assert_trouble 'was not waited for'
}

@test "a temporary fault of the service is 454, and it is asked again" {
	start_service \
		'HELLO|FAIL\tID\tuser=alice\ttemp\n|FAIL\tID\tcode=temp_fail\n|OK\tID\n'
	authenticate TARPITDELAY=600 <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $good
		$cannot_tell
		C: AUTH PLAIN $good
		$cannot_tell
		C: AUTH PLAIN $good
		$succeeded
		$quit
	EOT
	assert_trouble 'has a temporary fault'
	run grep -c CPID "$SERVICE.log"
	assert_output 1
}

@test "users that are disabled, or whose password is old, are 535" {
	start_service \
		'HELLO|FAIL\tID\tcode=user_disabled\n|FAIL\tID\tcode=pass_expired\treason=x\n|<hang>'
	authenticate <<-EOT
		$ehlo_auth
		C: AUTH PLAIN $good
		$refused
		C: AUTH PLAIN $good
		$refused
		$quit
	EOT
}

@test "a service without PLAIN is 454" {
	is_put_off 'does not offer PLAIN' \
		'VERSION\t1\t2\nMECH\tCRAM-MD5\nMECH\tXPLAIN\nDONE\n'
}

@test "what else a service says is passed over" {
	start_service \
		'VERSION\t1\t9\nMECH\tPLAIN\nNEW\tx=y\n\nDONE\n|NEW\tOK\nSPID\t1\nOK\tID\tx\tuser=\t\tuser=al\1tice\tpass=y\n'
	authenticate <<-EOT
		$authenticated
		$quit
	EOT
	grep -F 'smtp_user="al\x09ice"' "$LOG"
}

@test "an answer without a user's name leaves the one that the client gave" {
	start_service 'HELLO|OK\tID\n'
	authenticate <<-EOT
		$authenticated
		$quit
	EOT
	grep smtp_user=alice "$LOG"
}
