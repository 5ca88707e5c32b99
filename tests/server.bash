# A handler behind a listening socket of systemd-socket-activate, which starts
# one for each connection, as systemd would.

# Starts it with settings given as NAME=VALUE, in which @PORT@ is the port. Sets
# $PORT, $CDB, $MAIL, $LOG.
start_server() {
	local assignment options=()
	prepare
	PORT=$(free_port)
	while read -r assignment; do
		options+=(-E "$assignment")
	done < <(handler_environment)
	for assignment; do
		options+=(-E "${assignment/@PORT@/$PORT}")
	done
	# Descriptor 3 is the one that bats waits for.
	systemd-socket-activate --inetd -a -l "127.0.0.1:$PORT" \
		"${options[@]}" "$SMTPD" </dev/null >>"$LOG" 2>&1 3>&- &
	SERVER=$!
	wait_until 20 grep -q '^Listening on' "$LOG"
}

# The handlers that serve a connection now.
server_children() {
	cat "/proc/$SERVER/task/$SERVER/children"
}

# Stops the listener and what it started. For teardown: does nothing if none
# runs.
stop_server() {
	local child children
	[[ -n ${SERVER-} ]] || return 0
	children=$(server_children)
	kill "$SERVER"
	for child in $children; do
		kill -KILL "$child" || true
	done 2>/dev/null
	wait "$SERVER" || true
	SERVER=
}
