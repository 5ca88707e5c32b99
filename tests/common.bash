# What every test file loads.

bats_load_library bats-support
bats_load_library bats-assert

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build
SMTPD=$(realpath -m "${SMTPD:-$build/tarpit-smtpd}")
RCPT=$(realpath -m "${RCPT:-$build/tarpit-rcpt}")
TARPIT_TLS=$(realpath -m "${TARPIT_TLS:-$build/tarpit-tls}")
export LC_ALL=C

# What the sanitizers find is to be a death by signal, that nobody can overlook.
# The search for leaks needs what the sandbox refuses; the handler allocates
# nothing.
export ASAN_OPTIONS=abort_on_error=1:detect_leaks=0
export UBSAN_OPTIONS=abort_on_error=1:print_stacktrace=1

# A loopback TCP port that nobody uses.
free_port() {
	python3 -c '
import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# Repeats a command until it succeeds; fails after so many seconds.
# Usage: wait_until SECONDS COMMAND...
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		if ((SECONDS > deadline)); then
			echo "still failing: $*" >&2
			return 1
		fi
		sleep 0.02
	done
}

# Makes what a handler works with: the recipients in $CDB, an empty Maildir root
# in $MAIL, and sets $LOG.
prepare() {
	CDB=$BATS_TEST_TMPDIR/recipients.cdb
	MAIL=$BATS_TEST_TMPDIR/mail
	LOG=$BATS_TEST_TMPDIR/log
	mkdir -p "$MAIL"
	"$RCPT" build "$root/tests/recipients.txt" "$CDB"
}

# Prints the environment of a handler under test, one NAME=VALUE a line. No
# setting of the tester's own gets in.
handler_environment() {
	echo "PATH=$PATH"
	echo "ASAN_OPTIONS=$ASAN_OPTIONS"
	echo "UBSAN_OPTIONS=$UBSAN_OPTIONS"
	echo "TARPITDELAY=0"
	echo "SMTPD_HOSTNAME=mx.example.org"
	echo "SMTPD_RECIPIENTS=$CDB"
	echo "SMTPD_DELIVERY=maildir:$MAIL/%d/%l"
	echo "SMTPD_TLS_SOCKET="
}

# Options of tests/dialogue for talk.
dialogue_options=()

# Plays the transcript on stdin against a handler of its own. The client is
# 192.0.2.1. Arguments are settings; a name alone is left unset.
# Usage: talk [NAME=VALUE | NAME]... <TRANSCRIPT
talk() {
	local setting settings unset=()
	mapfile -t settings < <(handler_environment)
	settings+=(REMOTE_ADDR=192.0.2.1 REMOTE_PORT=4000)
	for setting; do
		if [[ $setting == *=* ]]; then
			settings+=("$setting")
		else
			unset+=(-u "$setting")
		fi
	done
	env -i "${settings[@]}" env "${unset[@]}" \
		"$root/tests/dialogue" "${dialogue_options[@]}" "$SMTPD" \
		2>>"$LOG" || {
		echo "log:"
		tail -n 20 "$LOG"
		return 1
	}
}

# The names of all messages delivered.
messages() {
	find "$MAIL" -path '*/new/*' -type f
}

# The one message that was delivered.
the_message() {
	local files
	mapfile -t files < <(messages)
	if ((${#files[@]} != 1)); then
		echo "${#files[@]} messages, not one" >&2
		return 1
	fi
	cat "${files[0]}"
}

# Fails if something was delivered or left behind.
assert_nothing_delivered() {
	run find "$MAIL" -type f
	assert_output ''
}

# Parts of transcripts.
helo='S: 220 mx.example.org ESMTP
C: HELO client.example.net
S: 250 mx.example.org'
ehlo='S: 220 mx.example.org ESMTP
C: EHLO client.example.net
S: 250-mx.example.org
S: 250-PIPELINING
S: 250-SIZE 26214400
S: 250-8BITMIME
S: 250-SMTPUTF8
S: 250 ENHANCEDSTATUSCODES'
mail='C: MAIL FROM:<sender@example.net>
S: 250 2.1.0 Sender OK'
rcpt='C: RCPT TO:<alice@example.org>
S: 250 2.1.5 Recipient OK'
data='C: DATA
S: 354 Send the message; end it with <CRLF>.<CRLF>'
quit='C: QUIT
S: 221 2.0.0 Goodbye
@eof
@exit 0'
to_data="$ehlo
$mail
$rcpt
$data"
export helo ehlo mail rcpt data quit to_data
