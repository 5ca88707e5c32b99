#!/usr/bin/env bats
# Handing on by the protocol of qmail-queue(8), to a program that does what it
# is told (see tests/queue-program). Sanitized: yes

load common

setup() {
	prepare
	QUEUE_DIR=$BATS_TEST_TMPDIR/queue
	mkdir "$QUEUE_DIR"
	PROGRAM=$root/tests/queue-program
}

teardown() {
	if [[ -e $QUEUE_DIR/child ]]; then
		kill -KILL "$(cat "$QUEUE_DIR/child")" 2>/dev/null || true
	fi
}

# What the program does, a line each.
rules() {
	printf '%s\n' "$@" >"$QUEUE_DIR/rules"
}

queue() {
	talk QUEUE_DIR="$QUEUE_DIR" "SMTPD_DELIVERY=qmail-queue:$PROGRAM" \
		SMTPD_RELAY_TIMEOUT=1 "$@"
}

# Sends one message; what follows the text is on stdin.
queue_one() {
	local expected
	expected=$(cat)
	queue "$@" <<-EOT
		$to_data
		$text
		$expected
		$quit
	EOT
}

queued() {
	find "$QUEUE_DIR" -name 'envelope.?' -o -name 'envelope.??' | wc -l
}

assert_logged() {
	run cat "$LOG"
	assert_output --partial "$1"
}

# No process that was started is there any more.
all_have_ended() {
	local pid
	while read -r pid _; do
		! kill -0 "$pid" 2>/dev/null || return 1
	done <"$QUEUE_DIR/started"
}

text='C: Subject: test
C: 
C: text
C: .'
taken='S: 250 2.0.0 Message accepted'
fault='S: 451 4.3.0 Local error; try again later'

@test "message and envelope go to the program as qmail-queue wants them" {
	queue <<-EOT
		$ehlo
		C: MAIL FROM:<"a b"@example.net>
		S: 250 2.1.0 Sender OK
		$rcpt
		C: RCPT TO:<Bob+x@example.org>
		S: 250 2.1.5 Recipient OK
		C: RCPT TO:<postmaster>
		S: 250 2.1.5 Recipient OK
		$data
		C: Subject: test
		C: 
		C: ..
		C: \xfc
		C: .
		$taken
		C: MAIL FROM:<>
		S: 250 2.1.0 Sender OK
		$rcpt
		$data
		$text
		$taken
		$quit
	EOT
	cmp "$QUEUE_DIR/envelope.1" <(printf 'Fa b@example.net\0%s\0%s\0%s\0\0' \
		Talice@example.org TBob@example.org Tpostmaster@mx.example.org)
	cmp "$QUEUE_DIR/envelope.2" <(printf 'F\0Talice@example.org\0\0')
	cmp <(tail -n 4 "$QUEUE_DIR/message.1") \
		<(printf 'Subject: test\n\n.\n\xfc\n')
	run head -n 1 "$QUEUE_DIR/message.1"
	assert_output --partial 'Received: from client.example.net'
	# It has what it needs and nothing of ours.
	run cut -d ' ' -f 2- "$QUEUE_DIR/started"
	# 3 and 5 are its own.
	assert_line --index 0 '[0, 1, 2, 3, 4, 5, 6]'
}

@test "QMAILQUEUE names the program in place of the setting" {
	queue_one SMTPD_DELIVERY=qmail-queue: QMAILQUEUE="$PROGRAM" <<<"$taken"
	queue_one SMTPD_DELIVERY=qmail-queue:/bin/false QMAILQUEUE="$PROGRAM" \
		<<<"$taken"
	assert_equal "$(queued)" 2
}

@test "codes 11 to 40 are refusals, all others but 0 are temporary" {
	local code
	for code in 11 31 40; do
		rules read "exit $code"
		queue_one TARPITDELAY=0.2 <<-EOT
			S: 554 5.3.0 Message refused by the mail queue
			@at-least 0.2
		EOT
		assert_logged "did not take the message: exit_code=$code "
	done
	for code in 1 10 41 51 53 81 91 99 111 120 255; do
		rules read "exit $code"
		queue_one <<<"$fault"
		assert_logged "did not take the message: exit_code=$code "
	done
	assert_equal "$(queued)" 0
}

@test "with codes 82 and 88 the program's own words are the answer" {
	rules read 'complain 4 DNo viruses please' 'exit 88'
	queue_one <<<'S: 554 5.3.0 No viruses please'
	rules read 'complain 6 ZCome back' 'exit 82'
	queue_one <<<'S: 451 4.3.0 Come back'
	rules read "complain 4 D$(printf 'a\tb\033c\374')" 'exit 88'
	queue_one <<<'S: 554 5.3.0 a?b?c?'
	rules read "complain 4 D$(printf '%01000d' 0)" 'exit 88'
	queue_one <<<'S~ 554 5.3.0 0{254}'
	rules read 'exit 88'
	queue_one <<<"$fault"
	rules read 'complain 4 D' 'exit 88'
	queue_one <<<"$fault"
	# Not with another code.
	rules read 'complain 4 DNo' 'exit 53'
	queue_one <<<"$fault"
}

@test "a program that does not read all has taken nothing" {
	rules 'exit 0'
	queue_one <<<"$fault"
	rules read-message 'exit 0'
	queue_one <<<"$fault"
	rules 'read-octets 20' 'exit 0'
	queue_one <<<"$fault"
	rules close 'exit 0'
	queue_one <<<"$fault"
	assert_logged 'the qmail-queue program did not read all'
	run grep -c '^accepted' "$LOG"
	assert_output 0
}

@test "a program that ends early does not hold up a long message" {
	rules 'read-octets 20' 'exit 0'
	queue <<-EOT
		$to_data
		@mark
		@repeat 20000 C: 0123456789012345678901234567890123456789
		C: .
		$fault
		@less-than 4
		$quit
	EOT
	rules 'exit 31'
	queue <<-EOT
		$to_data
		@repeat 20000 C: 0123456789012345678901234567890123456789
		C: .
		S: 554 5.3.0 Message refused by the mail queue
		$quit
	EOT
}

@test "a program that hangs is ended at the deadline" {
	local where
	for where in hang 'read hang' 'read-message hang' 'close hang'; do
		# shellcheck disable=SC2086 # words
		rules $where
		queue_one <<-EOT
			@mark
			$fault
			@less-than 2.5
		EOT
		wait_until 5 all_have_ended
	done
	assert_logged 'the qmail-queue program does not end'
	rules hang
	queue <<-EOT
		$to_data
		@mark
		@repeat 20000 C: 0123456789012345678901234567890123456789
		C: .
		$fault
		@less-than 3
		$mail
		$rcpt
		C: DATA
		$fault
		$quit
	EOT
	wait_until 5 all_have_ended
	assert_equal "$(queued)" 0
}

@test "a program that is killed has taken nothing" {
	rules read kill
	queue_one <<<"$fault"
	assert_logged 'the qmail-queue program was killed'
}

@test "what a program leaves behind is not waited for" {
	rules read child 'complain 4 DNo' 'exit 88'
	queue_one <<<'S: 554 5.3.0 No'
	teardown
	rules read child 'exit 88'
	queue_one <<-EOT
		$fault
		@less-than 5
	EOT
	teardown
	rules read child keep 'exit 0'
	queue_one <<<"$taken"
}

@test "a program that cannot be run is temporary" {
	cp /bin/true "$QUEUE_DIR/program"
	queue SMTPD_DELIVERY="qmail-queue:$QUEUE_DIR/program" <<-EOT
		$ehlo
		@run rm "$QUEUE_DIR/program"
		$mail
		$rcpt
		$data
		$text
		$fault
		$quit
	EOT
	assert_logged 'exit_code=120'
}

@test "a message that is given up is not queued, and the next one is" {
	queue <<-EOT
		$to_data
		C| a\nb\r\n.\r\n
		S: 554 5.6.0 Message with a bare CR or LF
		$mail
		$rcpt
		$data
		$text
		$taken
		$quit
	EOT
	assert_equal "$(queued)" 1
	queue <<-EOT
		$to_data
		@repeat 20000 C: 0123456789012345678901234567890123456789
		@close
	EOT
	wait_until 5 all_have_ended
	assert_equal "$(queued)" 1
}

@test "when the handler is killed, so is the program" {
	rules read-message hang
	printf '#!/bin/sh\n"%s"\n' "$SMTPD" >"$BATS_TEST_TMPDIR/parent"
	chmod +x "$BATS_TEST_TMPDIR/parent"
	SMTPD=$BATS_TEST_TMPDIR/parent
	queue SMTPD_RELAY_TIMEOUT=60 <<-EOT
		$to_data
		C: text
		@read
		@run until [ -s "$QUEUE_DIR/started" ]; do sleep 0.02; done
		@run pkill -KILL -P \$PID
		@eof
		@exit 137
	EOT
	wait_until 5 all_have_ended
}

@test "a setuid program has its rights, though the handler can get none" {
	local program=$QUEUE_DIR/setuid
	# 31 is a refusal, to be seen from outside.
	cat >"$program.c" <<-'EOT'
		#include <unistd.h>
		int main(void)
		{
			char octets[4096];
			for (int fd = 0; fd < 2; fd++)
				while (read(fd, octets, sizeof(octets)) > 0)
					;
			return geteuid() == 65534 ? 31 : 53;
		}
	EOT
	gcc -o "$program" "$program.c"
	chown 65534 "$program"
	chmod 4755 "$program"
	queue_one SMTPD_DELIVERY="qmail-queue:$program" \
		<<<'S: 554 5.3.0 Message refused by the mail queue'
}

@test "without the process that starts programs, mail is put off" {
	queue <<-EOT
		$ehlo
		@run pkill -KILL -P \$PID
		$mail
		$rcpt
		C: DATA
		$fault
		C: DATA
		$fault
		$quit
	EOT
	rules read hang
	queue SMTPD_RELAY_TIMEOUT=60 <<-EOT
		$to_data
		C: text
		@read
		@run until [ -s "$QUEUE_DIR/started" ]; do sleep 0.02; done
		@run pkill -KILL -P \$PID
		C: .
		$fault
		$quit
	EOT
	# Nobody is left to end it.
	cut -d ' ' -f 1 "$QUEUE_DIR/started" >"$QUEUE_DIR/child"
}

@test "SIGTERM lets the program end its work" {
	rules read 'wait 0.5' keep
	queue SMTPD_RELAY_TIMEOUT=10 <<-EOT
		$to_data
		$text
		@read
		@run kill -TERM \$PID
		$taken
		S: 421 4.3.2 Service shutting down
		@eof
	EOT
}

@test "nothing that the program says reaches the client" {
	rules stderr read keep
	# As under inetd: stderr is the connection as well.
	cat >"$BATS_TEST_TMPDIR/inetd" <<-EOT
		#!/bin/sh
		exec '$SMTPD' 2>&1
	EOT
	chmod +x "$BATS_TEST_TMPDIR/inetd"
	SMTPD=$BATS_TEST_TMPDIR/inetd
	queue_one <<<"$taken"
	assert_equal "$(queued)" 1
}

@test "a launcher that ignores the end of children does no harm" {
	cat >"$BATS_TEST_TMPDIR/launcher" <<-EOT
		#!/usr/bin/python3
		import os, signal
		signal.signal(signal.SIGCHLD, signal.SIG_IGN)
		os.execv('$SMTPD', ['$SMTPD'])
	EOT
	chmod +x "$BATS_TEST_TMPDIR/launcher"
	SMTPD=$BATS_TEST_TMPDIR/launcher
	queue_one <<<"$taken"
}

@test "fifty messages leave no descriptor open and no process" {
	local i many=
	for ((i = 0; i < 25; i++)); do
		many+="$mail"$'\n'"$rcpt"$'\n'"$data"$'\n'"$text"$'\n'"$taken"$'\n'
		many+="$mail"$'\n'"$rcpt"$'\n'"$data"$'\nC| a\\nb\\r\\n.\\r\\n\n'
		many+=$'S: 554 5.6.0 Message with a bare CR or LF\n'
	done
	queue SMTPD_MAX_ERRORS=100 SMTPD_RELAY_TIMEOUT=20 <<-EOT
		$ehlo
		$many
		@run [ "\$(ls /proc/\$PID/fd | wc -l)" -le 10 ]
		$quit
	EOT
	assert_equal "$(queued)" 25
	all_have_ended
}
