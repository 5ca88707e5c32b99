# Keys, and tarpit-tls(8) with a stand-in for the handler.

# Makes DIRECTORY/certificate.pem and key.pem. The arguments are for
# openssl-req(1); without them it is an ECDSA key.
# Usage: make_key_pair DIRECTORY [NAME] [ARGUMENT]...
make_key_pair() {
	local directory=$1 name=${2:-mx.example.org}
	local kind=("${@:3}")
	if ((${#kind[@]} == 0)); then
		kind=(ec -pkeyopt ec_paramgen_curve:P-256)
	fi
	mkdir -p "$directory"
	openssl req -x509 -newkey "${kind[@]}" -noenc -days 2 \
		-subj "/CN=$name" -keyout "$directory/key.pem" \
		-out "$directory/certificate.pem" 2>/dev/null
}

export PYTHONPATH=$root/tests PYTHONDONTWRITEBYTECODE=1 TARPIT_TLS

# Runs the Python program on stdin, for which all of tests/tls.py is there.
tls() {
	local program
	program=$(</dev/stdin)
	timeout 100 python3 -W ignore::DeprecationWarning -c "from tls import *
$program"
}

# Starts a server on $PORT that writes, in each session, what the Python function
# makes of the local socket. Stop it with stop_tls_server.
start_tls_server() {
	python3 -c "from tls import *
serve($1)" </dev/null >"$BATS_TEST_TMPDIR/port" 3>&- &
	TLS_SERVER=$!
	wait_until 20 test -s "$BATS_TEST_TMPDIR/port"
	PORT=$(<"$BATS_TEST_TMPDIR/port")
}

# For teardown: does nothing if none runs.
stop_tls_server() {
	[[ -n ${TLS_SERVER-} ]] || return 0
	kill "$TLS_SERVER"
	wait "$TLS_SERVER" || true
	TLS_SERVER=
}
