#!/usr/bin/env bats
# What the kernel refuses the handler. Each attempt is made without the sandbox,
# where it succeeds; under its limits and Landlock alone; and under all of it,
# where most of them end the process.

load common

setup() {
	prepare
	killed='the end'
	landlock=$("$SMTPD" --show-config |
		sed -n 's/^# sandbox: landlock=\([0-9]*\) .*/\1/p')
}

# Makes one attempt, and prints what came of it. The command, if there is one,
# runs the probe.
# Usage: attempt none|limits|all|relay|program|auth|tls NAME [COMMAND]...
attempt() {
	local directory=$BATS_TEST_TMPDIR/$1
	rm -rf "$directory"
	mkdir -p "$directory/root" "$directory/other"
	touch "$directory/root/file" "$directory/other/file"
	exec 99>"$directory/inherited"
	run "${@:3}" "$build/sandbox/probe" "$1" "$2" "$directory"
	exec 99>&-
	if ((status == 128 + $(kill -l SYS))); then
		output=$killed
	fi
}

# Usage: refused NAME OUTPUT-UNDER-LIMITS OUTPUT-UNDER-ALL
refused() {
	attempt none "$1"
	assert_output 'done'
	attempt limits "$1"
	assert_output "$2"
	attempt all "$1"
	assert_output "$3"
}

# The error, if this kernel's Landlock is new enough to give it.
# Usage: landlock VERSION ERROR
landlock() {
	if ((landlock >= $1)); then
		echo "$2"
	else
		echo 'done'
	fi
}

denied='Permission denied'

@test "what delivery does is allowed" {
	refused deliver 'done' 'done'
}

@test "/etc/passwd cannot be opened" {
	refused read-password-file "$(landlock 1 "$denied")" "$killed"
}

@test "a file outside the Maildir root cannot be read" {
	refused read-file "$(landlock 1 "$denied")" "$killed"
}

@test "a file outside the Maildir root cannot be written" {
	refused write-file "$(landlock 1 "$denied")" "$killed"
}

@test "a file outside the Maildir root cannot be made" {
	local result
	result=$(landlock 1 "$denied")
	refused create-file "$result" "$result"
}

@test "a directory outside the Maildir root cannot be made" {
	local result
	result=$(landlock 1 "$denied")
	refused make-directory "$result" "$result"
}

@test "a file outside the Maildir root cannot be removed" {
	local result
	result=$(landlock 1 "$denied")
	refused unlink-file "$result" "$result"
}

@test "a file outside the Maildir root cannot be renamed" {
	refused rename-file "$(landlock 1 "$denied")" "$killed"
}

@test "mail cannot be linked to a place outside" {
	local result
	result=$(landlock 1 "$denied")
	refused link-out "$result" "$result"
}

@test "a file from outside cannot be linked to the mail" {
	local result
	result=$(landlock 1 'Cross-device link')
	refused link-in "$result" "$result"
}

@test "mail cannot be read" {
	refused read-mail "$(landlock 1 "$denied")" "$killed"
}

@test "mail cannot be truncated" {
	refused truncate-mail "$(landlock 3 "$denied")" "$killed"
}

@test "mail cannot be overwritten" {
	refused overwrite-mail 'done' "$killed"
}

@test "a symbolic link cannot be made" {
	refused link-symbolically "$(landlock 1 "$denied")" "$killed"
}

@test "no program can be executed" {
	refused execute "$(landlock 1 "$denied")" "$killed"
}

@test "no process can be started" {
	refused start-process 'Resource temporarily unavailable' "$killed"
}

@test "no socket can be made" {
	refused make-socket 'done' "$killed"
}

@test "a TCP socket cannot be connected" {
	refused connect-tcp "$(landlock 4 "$denied")" "$killed"
}

@test "a TCP socket cannot be bound" {
	refused listen-tcp "$(landlock 4 "$denied")" "$killed"
}

@test "a local socket cannot be connected" {
	refused connect-unix 'done' "$killed"
}

@test "nothing can be sent but where a socket is connected to" {
	refused send-elsewhere 'done' "$killed"
}

@test "no executable memory can be mapped" {
	refused map-executable 'done' "$killed"
}

@test "no memory can be made executable" {
	refused make-executable 'done' "$killed"
}

@test "no other process can be signalled" {
	refused signal-process "$(landlock 6 'Operation not permitted')" \
		"$killed"
}

@test "a descriptor cannot be made to signal another process" {
	refused signal-by-descriptor 'done' "$killed"
}

@test "no other process can be traced" {
	refused trace-process 'Operation not permitted' "$killed"
}

@test "memory is limited" {
	refused get-memory 'Out of memory' "$killed"
}

@test "open files are limited" {
	refused open-many 'No file descriptors available' \
		'No file descriptors available'
}

@test "the size of a file is limited" {
	refused write-large-file 'File too large' 'File too large'
}

@test "no core is dumped" {
	refused dump-core 'Operation not permitted' "$killed"
}

@test "a file cannot be given away" {
	refused give-file-away 'Operation not permitted' "$killed"
}

@test "no capability is left" {
	refused use-capability 'Operation not permitted' "$killed"
}

@test "no privileges can be gained" {
	refused gain-privileges 'Operation not permitted' "$killed"
}

@test "what the starter left open is closed" {
	refused use-inherited 'Bad file descriptor' 'Bad file descriptor'
}

@test "the calls of x32 have no way in" {
	attempt all call-x32
	assert_output "$killed"
}

# Usage: with_handoff relay|program|auth|tls NAME OUTPUT
with_handoff() {
	attempt none "$2"
	assert_output 'done'
	attempt "$1" "$2"
	assert_output "$3"
}

@test "a next hop by TCP can be connected to, and nothing else" {
	with_handoff relay make-socket 'done'
	with_handoff relay connect-tcp 'done'
	with_handoff relay connect-tcp-elsewhere "$(landlock 4 "$denied")"
	with_handoff relay make-local-socket "$killed"
	with_handoff relay listen-tcp "$killed"
	with_handoff relay read-password-file "$killed"
	with_handoff relay start-process "$killed"
}

@test "a hand-off to a program opens no way to the network" {
	with_handoff program make-socket "$killed"
	with_handoff program connect-tcp "$killed"
	with_handoff program execute "$killed"
}

@test "the local socket of authentication can be connected, and no other" {
	with_handoff auth connect-local 'done'
	with_handoff auth connect-unix "$killed"
	with_handoff auth disconnect "$killed"
	with_handoff auth pass-descriptor "$killed"
	with_handoff auth make-local-socket "$killed"
}

@test "the local socket of TLS can pass descriptors as well, and no other" {
	with_handoff tls connect-local 'done'
	with_handoff tls connect-unix "$killed"
	with_handoff tls disconnect "$killed"
	with_handoff tls pass-descriptor 'done'
	with_handoff tls pass-elsewhere "$killed"
	with_handoff tls make-local-socket "$killed"
}

@test "the process that holds the key can do nothing but TLS" {
	local name
	for name in connect-local connect-tcp connect-unix create-file \
		disconnect dump-core execute gain-privileges give-file-away \
		link-in link-symbolically listen-tcp make-directory \
		make-executable make-local-socket make-socket map-executable \
		open-many overwrite-mail pass-descriptor read-file \
		read-password-file rename-file send-elsewhere \
		signal-by-descriptor signal-process start-process \
		trace-process truncate-mail unlink-file use-capability \
		write-file write-large-file; do
		with_handoff tarpit-tls "$name" "$killed"
	done
	with_handoff tarpit-tls get-memory 'Out of memory'
	with_handoff tarpit-tls use-inherited 'Bad file descriptor'
	attempt tarpit-tls call-x32
	assert_output "$killed"
}

@test "without its filter, it still has no file and no port" {
	local name
	for name in create-file execute make-directory overwrite-mail \
		read-file read-password-file unlink-file write-file; do
		with_handoff tarpit-tls-limits "$name" "$(landlock 1 "$denied")"
	done
	with_handoff tarpit-tls-limits connect-tcp "$(landlock 4 "$denied")"
	with_handoff tarpit-tls-limits listen-tcp "$(landlock 4 "$denied")"
	with_handoff tarpit-tls-limits start-process \
		'Resource temporarily unavailable'
	with_handoff tarpit-tls-limits trace-process 'Operation not permitted'
}

# Plays an older kernel to a command.
# Usage: as_kernel ERROR-OR-VALUE COMMAND...
as_kernel() {
	strace -qq -o /dev/null \
		-e "inject=landlock_create_ruleset:$1:when=1" "${@:2}"
}

@test "the filter alone keeps the process from what exists" {
	local name
	for name in read-file write-file overwrite-mail rename-file execute \
		start-process make-socket connect-tcp signal-process; do
		attempt all "$name" as_kernel error=ENOSYS
		assert_output "$killed"
	done
}

# Makes $SMTPD one that gets other answers from the kernel (strace(1)).
# Usage: injected CALLS:WHAT...
injected() {
	SMTPD=$BATS_TEST_TMPDIR/handler
	cat >"$SMTPD" <<-EOT
		#!/bin/sh
		exec strace -D -qq -o /dev/null ${@/#/-e inject=} \
			"$build/tarpit-smtpd"
	EOT
	chmod +x "$SMTPD"
}

# Delivers one message.
deliver() {
	talk <<-EOT
		$to_data
		C: text
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	the_message
}

@test "without Landlock the session goes on, with one record of it" {
	local answer
	for answer in error=ENOSYS error=EOPNOTSUPP retval=1; do
		injected "landlock_create_ruleset:$answer"
		deliver
		run grep -c Landlock "$LOG"
		assert_output 1
		rm -r "$LOG" "$MAIL/example.org"
	done
}

@test "every older version of Landlock is made use of" {
	local version
	for ((version = 2; version < landlock; version++)); do
		injected "landlock_create_ruleset:retval=$version:when=1"
		deliver
		run grep -c Landlock "$LOG"
		assert_output 0
		rm -r "$LOG" "$MAIL/example.org"
	done
}

@test "Landlock refuses TCP from its fourth version on" {
	local version
	for ((version = 2; version < landlock; version++)); do
		attempt limits connect-tcp as_kernel "retval=$version"
		if ((version < 4)); then
			assert_output 'done'
		else
			assert_output "$denied"
		fi
	done
}

@test "a step that the kernel refuses ends the session before it begins" {
	local call what
	while read -r call what; do
		injected "$call:error=EPERM"
		talk <<-EOT
			S: 421 4.3.0 Service unavailable
			@eof
			@exit 71
		EOT
		run grep -c "^$what: error=" "$LOG"
		assert_output 1
		rm "$LOG"
	done <<-EOT
		prlimit64 resource limits
		prctl no_new_privs
		landlock_create_ruleset Landlock
		landlock_create_ruleset:when=2 Landlock
		landlock_add_rule Landlock
		landlock_restrict_self Landlock
		capget capabilities
		prctl:when=2 capabilities
		capset capabilities
		seccomp seccomp
	EOT
}

# What the kernel says of a handler that waits for its client.
# Usage: state_of_handler [NAME=VALUE]...
state_of_handler() {
	talk "$@" <<-EOT
		$helo
		@run cp /proc/\$PID/status $BATS_TEST_TMPDIR/status
		$quit
	EOT
	run cat "$BATS_TEST_TMPDIR/status"
	assert_line --regexp '^NoNewPrivs:[[:space:]]1$'
	for set in Inh Prm Eff Bnd Amb; do
		assert_line --regexp "^Cap$set:[[:space:]]0*$"
	done
}

@test "the handler has the filter before the first command" {
	state_of_handler
	assert_line --regexp '^Seccomp:[[:space:]]2$'
}

@test "SMTPD_SECCOMP=no leaves out the filter and nothing else" {
	state_of_handler SMTPD_SECCOMP=no
	assert_line --regexp '^Seccomp:[[:space:]]0$'
	run env SMTPD_SECCOMP=no "$SMTPD" --show-config
	assert_line "# sandbox: landlock=${landlock:-no} seccomp=no"
}

@test "a build with sanitizers says that it has no filter" {
	run "$build/sanitized/tarpit-smtpd" --show-config
	assert_line "# sandbox: landlock=${landlock:-no} seccomp=no"
}

@test "the filter is right for every call number of both architectures" {
	run "$build/sandbox/filter" "$(uname -m)"
	assert_success
	refute_output
	run "$build/sandbox/filter-arm64" aarch64
	assert_success
	refute_output
}

# Makes $SMTPD one whose calls are written to $CALLS.
traced() {
	CALLS=$BATS_TEST_TMPDIR/calls
	SMTPD=$BATS_TEST_TMPDIR/handler
	cat >"$SMTPD" <<-EOT
		#!/bin/sh
		exec strace -D -f -n -qq -e signal=none -o "$CALLS" \
			"$build/tarpit-smtpd"
	EOT
	chmod +x "$SMTPD"
}

# Fails if a call was made, once the sandbox was in force, that is not on the
# list of the filter.
only_listed_calls() {
	wait_until 10 grep -q 'exit_group' "$CALLS"
	sed '1,/ seccomp(/d' "$CALLS" >"$CALLS.inside"
	run grep -c . "$CALLS.inside"
	assert [ "$output" -ge 5 ]
	sed 's/^[0-9]* *\[ *\([0-9]*\)\] .*/\1/' "$CALLS.inside" |
		sort -u >"$CALLS.numbers"
	"$build/sandbox/filter" "$(uname -m)" list | sort >"$CALLS.listed"
	run comm -23 "$CALLS.numbers" "$CALLS.listed"
	refute_output
	run grep SIGSYS "$CALLS"
	refute_output
}

@test "a session of everything makes only listed calls" {
	traced
	talk TARPITDELAY=0.1 TARPITCOUNT=1 <<-EOT
		$ehlo
		C: NOOP
		S: 250 2.0.0 OK
		C: BOGUS
		S: 500 5.5.1 Unknown command
		$mail
		C: RCPT TO:<nobody@example.org>
		S: 550 5.1.1 No such user here
		C: RCPT TO:<info2019@example.org>
		S: 550 5.1.1 No such user here
		$rcpt
		C: RCPT TO:<bob@example.org>
		S: 250 2.1.5 Recipient OK
		$data
		@repeat 100000 C: a line of a text that is longer than every buffer
		C: .
		S: 250 2.0.0 Message accepted
		C: RSET
		S: 250 2.0.0 OK
		$mail
		$rcpt
		$data
		C: a message that is refused
		C| a\nb\r\n.\r\n
		S: 554 5.6.0 Message with a bare CR or LF
		$quit
	EOT
	only_listed_calls
	assert_equal "$(messages | wc -l)" 2
}

@test "a session over pipes makes only listed calls" {
	traced
	dialogue_options=(--pipes)
	talk TARPITDELAY=0.1 <<-EOT
		$helo
		C: BOGUS
		S: 500 5.5.1 Unknown command
		$quit
	EOT
	only_listed_calls
}

@test "a client that hangs up in a delay causes only listed calls" {
	traced
	talk TARPITDELAY=60 <<-EOT
		$helo
		C: BOGUS
		@read
		@silence 0.2
		@close
		@exit 0
	EOT
	only_listed_calls
}

@test "SIGTERM in a delay causes only listed calls" {
	traced
	talk TARPITDELAY=60 <<-EOT
		$helo
		C: BOGUS
		@read
		@silence 0.2
		@signal TERM
		S: 421 4.3.2 Service shutting down
		@eof
		@exit 0
	EOT
	only_listed_calls
}

@test "a timeout causes only listed calls" {
	traced
	talk SMTPD_TIMEOUT=1 <<-EOT
		S: 220 mx.example.org ESMTP
		S: 421 4.4.2 Timed out
		@eof
		@exit 0
	EOT
	only_listed_calls
}

@test "faults cause only listed calls" {
	traced
	mkdir "$MAIL/example.org"
	touch "$MAIL/example.org/alice"
	talk <<-EOT
		$ehlo
		$mail
		$rcpt
		C: DATA
		S: 451 4.3.0 Local error; try again later
		$quit
	EOT
	only_listed_calls
}

@test "records to the journal make only listed calls" {
	traced
	: >"$LOG"
	stream=$(stat -c %d:%i "$LOG")
	printf '%s\r\n' HELO BOGUS QUIT |
		env -i "SMTPD_HOSTNAME=mx.example.org" TARPITDELAY=0 \
			"JOURNAL_STREAM=$stream" \
			"$root/tests/own-sockets" "$root/tests/datagrams" \
			/run/systemd/journal/socket "$SMTPD" 2>"$LOG" \
			>"$BATS_TEST_TMPDIR/records"
	run grep -c '^MESSAGE_ID=' "$BATS_TEST_TMPDIR/records"
	assert [ "$output" -ge 2 ]
	only_listed_calls
}

@test "records to syslog make only listed calls" {
	traced
	printf '%s\r\n' HELO BOGUS QUIT |
		env -i "SMTPD_HOSTNAME=mx.example.org" TARPITDELAY=0 \
			"$root/tests/own-sockets" "$root/tests/datagrams" \
			--inetd /dev/log "$SMTPD" >"$BATS_TEST_TMPDIR/records"
	run grep -c 'tarpit-smtpd' "$BATS_TEST_TMPDIR/records"
	assert [ "$output" -ge 2 ]
	only_listed_calls
}
