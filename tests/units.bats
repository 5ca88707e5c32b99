#!/usr/bin/env bats
# The units under a real systemd, installed as the README says. One machine is
# booted for all tests; each sets what it needs and leaves no failed unit.

load common

bats_require_minimum_version 1.5.0

machine() {
	"$root/tests/systemd-machine" "$1" "$BATS_FILE_TMPDIR/machine" "${@:2}"
}

systemctl() {
	machine run systemctl "$@"
}

# The commands of the README's section on installation.
# shellcheck disable=SC2016 # that is how Markdown looks
readme_commands() {
	sed -n '/^## Install/,/^## [^I]/ {
		/^```sh$/,/^```$/ { /^```/! p }
	}' "$root/README.md"
}

# The source and the settings are written after the installation.
setup_file() {
	machine prepare
	machine boot
	local command
	while read -r command; do
		if [[ $command == 'make install' ]]; then
			make -C "$root" install \
				DESTDIR="$BATS_FILE_TMPDIR/machine/root"
			settings TARPITDELAY=1
			source_is 'alice@example.org'
		else
			machine run sh -c "$command" </dev/null
		fi
	done < <(readme_commands)
}

teardown_file() {
	machine end
}

setup() {
	settings TARPITDELAY=1
	etc=$BATS_FILE_TMPDIR/machine/root/etc
	mail_root=$BATS_FILE_TMPDIR/machine/root/var/lib/tarpit-smtpd/mail
}

teardown() {
	run systemctl list-units --failed --no-legend --plain
	assert_output ''
}

# Replaces the settings of the handler.
settings() {
	printf '%s\n' SMTPD_HOSTNAME=mx.example.org "$@" \
		>"$BATS_FILE_TMPDIR/machine/root/etc/tarpit-smtpd/environment"
}

# Replaces the source, as an editor would.
source_is() {
	local file=$BATS_FILE_TMPDIR/machine/root/etc/tarpit-smtpd/recipients
	printf '%s\n' "$@" >"$file.new"
	mv "$file.new" "$file"
}

accepts() {
	machine run tarpit-rcpt query /etc/tarpit-smtpd/recipients.cdb "$1" \
		>"$BATS_FILE_TMPDIR/query"
}

# Plays the transcript on stdin against port 25 of the machine.
dialogue() {
	machine network "$root/tests/dialogue" --connect "${1:-127.0.0.1:25}"
}

instances() {
	systemctl list-units --no-legend --plain 'tarpit-smtpd@*' | wc -l
}

instances_are() {
	(($(instances) == $1))
}

# Opens connections from so many source addresses, so many from each, and holds
# them until all had an answer. Prints how many got a greeting and how many
# none. Then it ends them.
# Usage: burst SOURCES EACH
burst() {
	machine network python3 - "$@" <<-'END'
		import socket, sys
		sources, each = map(int, sys.argv[1:])
		clients = []
		for i in range(sources):
		    for _ in range(each):
		        s = socket.socket()
		        s.settimeout(60)
		        s.bind((f"127.0.{1 + i // 200}.{1 + i % 200}", 0))
		        s.connect(("127.0.0.1", 25))
		        clients.append(s)
		def greeting(s):
		    try:
		        return s.recv(1024).startswith(b"220 ")
		    except ConnectionError:
		        return False
		greeted = [s for s in clients if greeting(s)]
		print(len(greeted), len(clients) - len(greeted))
		for s in greeted:
		    s.sendall(b"QUIT\r\n")
		    assert s.recv(1024).startswith(b"221 ")
		    s.close()
	END
}

@test "the commands of the README install, and listen" {
	run -0 readme_commands
	assert_line 'make install'
	run -0 systemctl is-enabled tarpit-smtpd.socket tarpit-rcpt.path
	assert_output $'enabled\nenabled'
	wait_until 60 accepts alice@example.org
}

@test "systemd finds nothing wrong with the units" {
	run -0 machine run sh -c 'cd /usr/local/lib/systemd/system &&
		systemd-analyze verify --man=no ./*.service ./*.socket ./*.path'
	assert_output ''
}

@test "a message comes over IPv4 and over IPv6" {
	local address
	for address in 127.0.0.1:25 '[::1]:25'; do
		rm -rf "${mail_root:?}"/*
		printf '%s\n' "$to_data" 'C: by' 'C: .' 'S~ 250 2\.0\.0 .*' \
			'C: QUIT' 'S: 221 2.0.0 Goodbye' '@eof' |
			dialogue "$address"
		run -0 cat "$mail_root"/example.org/alice/new/*
		assert_line by
	done
	run -0 machine run stat -c '%U %a' \
		/var/lib/tarpit-smtpd/mail/example.org/alice
	assert_output 'tarpit-smtpd 700'
}

# What the machine's /proc says of a handler that has greeted.
# Usage: handler_process COMMAND_IN_ITS_DIRECTORY
handler_process() {
	dialogue <<-END
		S: 220 mx.example.org ESMTP
		@run $root/tests/systemd-machine run $BATS_FILE_TMPDIR/machine sh -c 'cd /proc/\$(pidof tarpit-smtpd) && $1' >$BATS_TEST_TMPDIR/process
		C: QUIT
		S: 221 2.0.0 Goodbye
	END
	cat "$BATS_TEST_TMPDIR/process"
}

@test "the handler runs as a user of its own without capabilities" {
	local uid
	uid=$(machine run id -u tarpit-smtpd)
	run -0 handler_process 'cat status'
	assert_line "Uid:"$'\t'"$uid"$'\t'"$uid"$'\t'"$uid"$'\t'"$uid"
	assert_line $'CapBnd:\t0000000000000000'
	assert_line $'NoNewPrivs:\t1'
}

# Each namespace would cost more time than the whole session.
@test "systemd makes no namespaces for a connection" {
	local ours
	ours=$(machine run sh -c 'cd /proc/1/ns && readlink *')
	run -0 handler_process 'cd ns && readlink *'
	assert_output "$ours"
}

@test "an unknown recipient is refused after the delay" {
	printf '%s\n' "$ehlo" "$mail" '@mark' \
		'C: RCPT TO:<nobody@example.org>' \
		'S: 550 5.1.1 No such user here' '@at-least 1' |
		dialogue
}

@test "a new recipient is accepted soon after the source was saved" {
	source_is 'alice@example.org' 'new@example.org'
	wait_until 60 accepts new@example.org
	printf '%s\n' "$ehlo" "$mail" 'C: RCPT TO:<new@example.org>' \
		'S: 250 2.1.5 Recipient OK' | dialogue
}

@test "a change while a rebuild is under way is not missed" {
	local drop_in=$etc/systemd/system/tarpit-rcpt.service.d
	mkdir -p "$drop_in"
	printf '[Service]\nExecStartPost=sh -c "%s"\n' \
		'until [ -e /etc/tarpit-smtpd/go ]; do sleep 0.02; done' \
		>"$drop_in/wait.conf"
	systemctl daemon-reload

	source_is 'alice@example.org' 'first@example.org'
	wait_until 60 accepts first@example.org
	run systemctl is-active tarpit-rcpt.service
	assert_output activating
	source_is 'alice@example.org' 'second@example.org'
	wait_until 60 accepts second@example.org

	touch "$etc/tarpit-smtpd/go"
	wait_until 60 systemctl_says inactive tarpit-rcpt.service
	rm -r "$drop_in" "$etc/tarpit-smtpd/go"
	systemctl daemon-reload
}

systemctl_says() {
	[[ $(systemctl is-active "$2") == "$1" ]]
}

@test "a broken source leaves the old recipients and shows in the status" {
	source_is 'alice@example.org'
	wait_until 60 accepts alice@example.org
	source_is 'alice@example.org' 'not an address' 'bad@example.org'
	wait_until 60 systemctl_says failed tarpit-rcpt.service
	run -3 systemctl status --no-pager --full tarpit-rcpt.service
	assert_output --partial 'recipients:2:'
	wait_until 60 accepts alice@example.org
	run -1 accepts bad@example.org

	source_is 'alice@example.org' 'good@example.org'
	wait_until 60 accepts good@example.org
	wait_until 60 systemctl_says inactive tarpit-rcpt.service
}

@test "without recipients the answer is temporary, until there is a source" {
	rm "$etc/tarpit-smtpd/recipients" "$etc/tarpit-smtpd/recipients.cdb"
	printf '%s\n' "$ehlo" "$mail" 'C: RCPT TO:<alice@example.org>' \
		'S~ 451 4\.3\.0 .*' | dialogue
	source_is 'alice@example.org'
	wait_until 60 accepts alice@example.org
}

@test "saving the source often does not stop the rebuilds" {
	local i
	for i in {1..30}; do
		source_is 'alice@example.org' "user$i@example.org"
		sleep 0.02
	done
	wait_until 60 accepts user30@example.org
}

# The newest record that has all the fields given.
record() {
	machine run journalctl -q -o json -n 1 SYSLOG_IDENTIFIER=tarpit-smtpd \
		"$@"
}

@test "the records have fields and an explanation in the catalog" {
	local name=user$RANDOM$RANDOM@example.org
	printf '%s\n' "$ehlo" "$mail" "C: RCPT TO:<$name>" \
		'S: 550 5.1.1 No such user here' 'C: QUIT' \
		'S: 221 2.0.0 Goodbye' '@eof' | dialogue
	wait_until 60 test -n "$(record "SMTP_RECIPIENT=$name")"
	run -0 record "SMTP_RECIPIENT=$name"
	assert_output --partial '"REMOTE_ADDR":"127.0.0.1"'
	assert_output --regexp '"SMTP_REPLY":"550 5\.1\.1'
	assert_output --partial '"TARPIT_DELAY_USEC":"1000000"'
	local id
	[[ $output =~ \"MESSAGE_ID\":\"([0-9a-f]{32})\" ]]
	id=${BASH_REMATCH[1]}
	run -0 machine run journalctl --dump-catalog "$id"
	assert_line --regexp '^Subject: .+'
}

@test "a connection leaves nothing in the log but the handler's own records" {
	local cursor
	cursor=$(journal_now)
	printf '%s\n' 'S: 220 mx.example.org ESMTP' 'C: QUIT' \
		'S: 221 2.0.0 Goodbye' '@eof' | dialogue
	wait_until 60 instances_are 0
	wait_until 60 session_logged_after "$cursor"
	run -0 journal_after "$cursor"
	run -0 grep -c 'tarpit-smtpd[@[]' <<<"$output"
	assert_output 1
}

# The place where the journal ends.
journal_now() {
	local line
	line=$(machine run journalctl -q -n 0 --show-cursor)
	echo "${line#*: }"
}

# All records: some versions lose one that a filter lets through. And not those
# of the unit: what a process says just before its end comes to the journal when
# the process is no longer there to be asked for its unit.
journal_after() {
	machine run journalctl -q -o short --after-cursor "$1"
}

session_logged_after() {
	journal_after "$1" | grep -q 'tarpit-smtpd.*: session: '
}

@test "bursts of 200 connections are all served, and the socket listens on" {
	local i
	for i in 1 2 3; do
		run -0 burst 200 1
		assert_output '200 0'
	done
	wait_until 60 instances_are 0
	run -0 systemctl is-active tarpit-smtpd.socket
	assert_output active
	printf '%s\n' 'S: 220 mx.example.org ESMTP' | dialogue
}

@test "one address gets 20 connections, and others are served meanwhile" {
	wait_until 60 instances_are 0
	run -0 burst 2 25
	assert_output '40 10'
	wait_until 60 instances_are 0
}

@test "a client that hangs up during the delay frees the process" {
	settings TARPITDELAY=600
	wait_until 60 instances_are 0
	printf '%s\n' "$ehlo" "$mail" 'C: RCPT TO:<nobody@example.org>' \
		'@silence 0.2' '@close' | dialogue
	wait_until 5 instances_are 0
}

@test "stopping the instances answers a waiting client with 421" {
	dialogue <<-END
		$ehlo
		@run $root/tests/systemd-machine run $BATS_FILE_TMPDIR/machine systemctl stop 'tarpit-smtpd@*'
		S~ 421 4\.3\.2 .*
		@eof
	END
	wait_until 5 instances_are 0
}

@test "clients that go without a word are no failures" {
	local cursor
	cursor=$(journal_now)
	machine network python3 - <<-'END'
		import socket, struct
		for n in range(60):
		    s = socket.socket()
		    s.bind((f"127.0.2.{1 + n}", 0))
		    s.connect(("127.0.0.1", 25))
		    if n % 3 > 0:
		        s.recv(1024)
		        s.sendall(b"HELO client.example.net\r\nMAIL FR")
		    if n % 2 > 0:
		        # Closing resets the connection.
		        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
		                     struct.pack("ii", 1, 0))
		    s.close()
	END
	printf '%s\n' 'S: 220 mx.example.org ESMTP' 'C: QUIT' \
		'S: 221 2.0.0 Goodbye' '@eof' | dialogue
	wait_until 60 session_logged_after "$cursor"
	wait_until 60 instances_are 0
	run -0 journal_after "$cursor"
	refute_output --partial 'Failed'
	refute_output --partial 'status='
}

@test "a setting that cannot be used is told, and leaves no failed unit" {
	settings TARPITDELAY=soon
	printf '%s\n' 'S~ 421 4\.3\.5 .*' '@eof' | dialogue
	wait_until 60 test -n "$(record SETTING=TARPITDELAY)"
	wait_until 5 instances_are 0
}

@test "a handler that is killed leaves no failed unit" {
	dialogue <<-END
		S: 220 mx.example.org ESMTP
		@run $root/tests/systemd-machine run $BATS_FILE_TMPDIR/machine systemctl kill -s SEGV 'tarpit-smtpd@*'
		@eof
	END
	wait_until 5 instances_are 0
}

@test "the rebuild of the recipients has every hardening option that fits" {
	run -0 machine run systemd-analyze security --threshold=20 \
		tarpit-rcpt.service
}

@test "after a boot all is at work again, with a source saved meanwhile" {
	machine shutdown
	source_is 'alice@example.org' 'meanwhile@example.org'
	machine boot
	wait_until 60 accepts meanwhile@example.org
	printf '%s\n' "$ehlo" "$mail" "$rcpt" | dialogue
}
