#!/usr/bin/env bats
# What a newcomer sees first.

load common

bats_require_minimum_version 1.5.0

# The demo leaves its mail in a directory of its own.
setup() {
	export TMPDIR=$BATS_TEST_TMPDIR
	PORT=$(free_port)
	export PORT
}

teardown() {
	[[ -z ${DEMO-} ]] || kill "$DEMO" || true
}

@test "the demo shows what is accepted at once and what is late" {
	DEMO_ONCE=1 TARPITDELAY=0.3 run -0 "$root/tools/demo"
	local late=' 0\.[3-9] s  S: 550 '
	assert_line --regexp '^ +0\.[0-2] s  S: 250 2\.1\.5 '
	assert_line --regexp "$late"'5\.1\.1 '
	assert_line --regexp "$late"'5\.7\.1 '
	assert_line "The right address was accepted at once."
	run -0 find "$TMPDIR" -path '*/mail/example.org/alice/new/*'
	assert_equal "${#lines[@]}" 1
}

@test "the demo listens until it is told to end, and shows what happens" {
	TARPITDELAY=0 "$root/tools/demo" >"$TMPDIR/output" 2>&1 3>&- &
	DEMO=$!
	wait_until 20 grep -q 'until Ctrl-C' "$TMPDIR/output"
	"$root/tests/dialogue" --connect "127.0.0.1:$PORT" <<-END
		$ehlo
		$mail
		C: RCPT TO:<stranger@example.org>
		S: 550 5.1.1 No such user here
	END
	wait_until 20 grep -q 'stranger@example.org' "$TMPDIR/output"

	kill "$DEMO"
	wait "$DEMO"
	DEMO=
	run -0 ss -Hltn "sport = :$PORT"
	assert_output ''
	run -0 tail -n 1 "$TMPDIR/output"
	assert_output --partial 'The mail stays in'
}

@test "the demo says so when its port is taken" {
	python3 -c '
import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
time.sleep(60)' "$PORT" >"$TMPDIR/ready" 3>&- &
	local holder=$!
	wait_until 20 grep -q ready "$TMPDIR/ready"
	DEMO_ONCE=1 run "$root/tools/demo"
	kill "$holder"
	assert_failure
	assert_output --partial 'in use'
}
