# Mail servers of other makers as senders (see tests/peer). $PEER is the package
# and $PEER_DIR the directory that it shares with the test.

# Runs a command of the peer to its end.
peer() {
	"$BATS_TEST_DIRNAME/peer" run "$PEER" "$PEER_DIR" "$@" 3>&-
}

# Starts a command of the peer that goes on.
start_peer() {
	"$BATS_TEST_DIRNAME/peer" run "$PEER" "$PEER_DIR" "$@" </dev/null \
		>>"$PEER_DIR/log" 2>&1 3>&- &
	PEER_PROCESS=$!
}

# For teardown: stops what start_peer started, and all that came of it. If the
# test failed, shows the log.
stop_peer() {
	[[ -n ${PEER_PROCESS-} ]] || return 0
	kill -KILL "$PEER_PROCESS" || true
	wait "$PEER_PROCESS" 2>/dev/null || true
	PEER_PROCESS=
	[[ -n ${BATS_TEST_COMPLETED-} ]] || tail -n 40 "$PEER_DIR/log"
}

# The messages that the peer gave back to the sender.
returned_files() {
	find "$PEER_DIR" -path '*/returned/new/*' -type f
}

# Whether it gave so many back.
returned_is() {
	[[ $(returned_files | wc -l) == "$1" ]]
}

returned() {
	returned_files | xargs cat
}
