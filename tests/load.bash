# Mail that goes on coming while something is taken away (see tests/load).

# Starts it in the background, through a command if one is given. Its lines go
# to $RESULTS.
# Usage: start_load HOST:PORT CLIENTS [COMMAND [ARGUMENT]...]
start_load() {
	local server=$1 clients=$2
	shift 2
	RESULTS=$BATS_TEST_TMPDIR/results
	: >"$RESULTS"
	# shellcheck disable=SC2154 # common sets root
	"$@" "$root/tests/load" "$server" "$clients" >"$RESULTS" 3>&- &
	LOAD=$!
}

# Stops it; the sessions under way come to their end.
stop_load() {
	[[ -n ${LOAD-} ]] || return 0
	kill "$LOAD"
	wait "$LOAD" || true
	LOAD=
}

# Returns when so many sessions more have ended with this line; without a line,
# with any.
# Usage: await_sessions NUMBER [LINE]
await_sessions() {
	local wanted
	wanted=$(($(count_sessions "${2-.*}") + $1))
	wait_until 60 sessions_reach "$wanted" "${2-.*}"
}

count_sessions() {
	grep -cx -- "$1" "$RESULTS" || true
}

sessions_reach() {
	(($(count_sessions "$2") >= $1))
}

# Fails unless each session ended with one of these lines.
assert_sessions() {
	local expected=()
	local line
	for line; do
		expected+=(-e "$line")
	done
	run grep -vx "${expected[@]}" "$RESULTS"
	assert_output ''
}
