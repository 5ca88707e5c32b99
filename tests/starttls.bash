# tarpit-tls behind its local socket, or what stands in for it; for the handler.

# As $ehlo, with TLS to come.
# shellcheck disable=SC2154
ehlo_tls="${ehlo/S: 250 ENHANCEDSTATUSCODES/S: 250-ENHANCEDSTATUSCODES
S: 250 STARTTLS}"
export ehlo_tls

# Starts tarpit-tls on a socket, as systemd does, one process for each
# connection. Sets $TLS_SOCKET and $TLS_LOG. Arguments are a command to run it
# with.
start_tls() {
	TLS_SOCKET=$BATS_TEST_TMPDIR/tls
	TLS_LOG=$BATS_TEST_TMPDIR/tls.log
	systemd-socket-activate --inetd -a -l "$TLS_SOCKET" "$@" "$TARPIT_TLS" \
		-c "$KEYS/certificate.pem" -k "$KEYS/key.pem" </dev/null \
		>>"$TLS_LOG" 2>&1 3>&- &
	TLS_SERVER=$!
	wait_until 20 grep -q '^Listening on' "$TLS_LOG"
}

# Usage: stand_in WHAT [ARGUMENT] (see tests/tls-stand-in)
stand_in() {
	TLS_SOCKET=$BATS_TEST_TMPDIR/tls
	TLS_LOG=$BATS_TEST_TMPDIR/tls.log
	"$BATS_TEST_DIRNAME/tls-stand-in" "$TLS_SOCKET" "$@" </dev/null \
		>>"$TLS_LOG" 2>&1 3>&- &
	TLS_SERVER=$!
	wait_until 20 grep -q '^listening' "$TLS_LOG"
}

# The processes of tarpit-tls that have a connection now.
tls_processes() {
	cat "/proc/$TLS_SERVER/task/$TLS_SERVER/children"
}

no_tls_process() {
	[[ -z $(tls_processes) ]]
}

# For teardown.
stop_tls() {
	local child children
	[[ -n ${TLS_SERVER-} ]] || return 0
	children=$(tls_processes)
	kill "$TLS_SERVER"
	for child in $children; do
		kill -KILL "$child" || true
	done 2>/dev/null
	wait "$TLS_SERVER" 2>/dev/null || true
	TLS_SERVER=
}
