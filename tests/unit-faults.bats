#!/usr/bin/env bats
# What goes wrong around the units, under a real systemd: the journal is away,
# or a qmail-queue is setuid. One machine is booted for all tests.

load common
load load

bats_require_minimum_version 1.5.0

machine() {
	"$root/tests/systemd-machine" "$1" "$BATS_FILE_TMPDIR/machine" "${@:2}"
}

systemctl() {
	machine run systemctl "$@"
}

setup_file() {
	local etc=$BATS_FILE_TMPDIR/machine/root/etc/tarpit-smtpd
	machine prepare
	make -C "$root" install DESTDIR="$BATS_FILE_TMPDIR/machine/root"
	"$RCPT" build "$root/tests/recipients.txt" "$etc/recipients.cdb"
	machine boot
	machine run systemd-sysusers
	machine run systemd-tmpfiles --create
	systemctl daemon-reload
	systemctl start tarpit-smtpd.socket
}

teardown_file() {
	machine end
}

setup() {
	machine=$BATS_FILE_TMPDIR/machine/root
	mail_root=$machine/var/lib/tarpit-smtpd/mail
	settings
	rm -rf "${mail_root:?}"/*
}

teardown() {
	stop_load
	systemctl kill -s CONT systemd-journald.service
	systemctl start "${journal[@]}"
	run systemctl list-units --failed --no-legend --plain
	assert_output ''
}

# Replaces the settings of the handler.
settings() {
	printf '%s\n' SMTPD_HOSTNAME=mx.example.org TARPITDELAY=0 "$@" \
		>"$machine/etc/tarpit-smtpd/environment"
}

# Plays the transcript on stdin against port 25 of the machine.
dialogue() {
	machine network "$root/tests/dialogue" --connect 127.0.0.1:25
}

good='250 550 250 550 250'
journal=(systemd-journald.socket systemd-journald-dev-log.socket
	systemd-journald.service)

# Mail that comes to the machine all the time.
start_load_there() {
	start_load 127.0.0.1:25 4 "$root/tests/systemd-machine" network \
		"$BATS_FILE_TMPDIR/machine"
}

# All that was sent was accepted, and is there.
assert_all_delivered() {
	stop_load
	assert_sessions "$good"
	run find "$mail_root" -path '*/new/*' -type f
	assert_equal "${#lines[@]}" "$(count_sessions "$good")"
}

# How many records of messages and of sessions the journal has.
records() {
	machine run journalctl -q -o cat -t tarpit-smtpd |
		grep -cE '^(accepted|session): ' || true
}

# Returns when the journal has got so many more than it had.
# Usage: await_records NUMBER
await_records() {
	local wanted
	wanted=$(($(records) + $1))
	wait_until 60 records_reach "$wanted"
}

records_reach() {
	(($(records) >= $1))
}

@test "while the journal is stopped mail is accepted, and logged again afterwards" {
	start_load_there
	await_sessions 10 "$good"
	await_records 10
	systemctl stop "${journal[@]}"
	await_sessions 50 "$good"
	run systemctl is-active "${journal[@]}"
	assert_output $'inactive\ninactive\ninactive'
	systemctl start "${journal[@]}"
	await_sessions 10 "$good"
	await_records 10
	assert_all_delivered
}

@test "while the journal hangs mail is accepted, and logged again afterwards" {
	start_load_there
	await_sessions 10 "$good"
	systemctl kill -s STOP systemd-journald.service
	# Each writes four records, and the queue of the socket takes 512.
	await_sessions 250 "$good"
	systemctl kill -s CONT systemd-journald.service
	await_sessions 10 "$good"
	await_records 10
	assert_all_delivered
}

# A command in a session, and the record of its refusal.
# Usage: command_is_logged WORD
command_is_logged() {
	machine run journalctl -q -o cat -t tarpit-smtpd | grep -q "$1"
}

@test "a session lives through a restart of the journal, and is logged" {
	dialogue <<-EOT
		S: 220 mx.example.org ESMTP
		C: BEFORE
		S: 500 5.5.1 Unknown command
		@run $root/tests/systemd-machine run $BATS_FILE_TMPDIR/machine systemctl restart systemd-journald.service
		C: AFTER
		S: 500 5.5.1 Unknown command
		C: QUIT
		S: 221 2.0.0 Goodbye
		@eof
	EOT
	wait_until 60 command_is_logged smtp_command=AFTER
	command_is_logged smtp_command=BEFORE
}

# In the machine, a qmail-queue that belongs to another user, is setuid, and can
# store messages as that user alone.
install_qmail_queue() {
	local program=$BATS_TEST_TMPDIR/qmail-queue
	cat >"$program.c" <<-'EOT'
		#include <fcntl.h>
		#include <sys/sendfile.h>
		#include <unistd.h>
		static void
		keep(int from, const char *path)
		{
			int to = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
			char octets[4096];
			ssize_t n;

			if (to < 0)
				_exit(54);
			while ((n = read(from, octets, sizeof(octets))) > 0)
				if (write(to, octets, (size_t)n) != n)
					_exit(53);
		}
		int
		main(void)
		{
			keep(0, "/var/qmail/queue/message");
			keep(1, "/var/qmail/queue/envelope");
			return 0;
		}
	EOT
	gcc -o "$program" "$program.c"
	machine run useradd --system qmailq
	machine run mkdir -p /var/qmail/bin /var/qmail/queue
	machine run chown qmailq /var/qmail/queue
	machine run chmod 700 /var/qmail/queue
	cp "$program" "$machine/var/qmail/bin"
	machine run chown qmailq /var/qmail/bin/qmail-queue
	machine run chmod 4711 /var/qmail/bin/qmail-queue
}

# The lines of the README about qmail that stand in a block with this word.
# Usage: readme_block WORD
readme_block() {
	awk -v word="$1" '
		/^## / { here = 0 }
		/^\*\*qmail\*\*/ { here = 1 }
		!here { next }
		/^```/ { if (block ~ word) printf "%s", block
			block = "" ; inside = !inside; next }
		inside { block = block $0 "\n" }' "$root/README.md"
}

@test "a setuid qmail-queue is refused plainly, and has its rights with the drop-in" {
	local drop_in='/etc/systemd/system/tarpit-smtpd@.service.d'
	install_qmail_queue
	settings "$(readme_block SMTPD_DELIVERY)"
	run -0 machine run sh -ac \
		'. /etc/tarpit-smtpd/environment; tarpit-smtpd --check-config'
	assert_output 'note: /var/qmail/bin/qmail-queue is setuid or setgid: the service needs NoNewPrivileges=no'

	printf '%s\n' 'S: 421 4.3.5 Service misconfigured' '@eof' | dialogue
	wait_until 60 command_is_logged \
		'reason="is setuid, which needs NoNewPrivileges=no in the unit"'
	machine run test ! -e /var/qmail/queue/message

	grep -qF "\`$drop_in/qmail.conf\`" "$root/README.md"
	mkdir -p "$machine$drop_in"
	readme_block NoNewPrivileges >"$machine$drop_in/qmail.conf"
	systemctl daemon-reload
	printf '%s\n' "$to_data" 'C: text' 'C: .' \
		'S: 250 2.0.0 Message accepted' 'C: QUIT' \
		'S: 221 2.0.0 Goodbye' '@eof' | dialogue
	run -0 machine run stat -c %U /var/qmail/queue/message
	assert_output qmailq
	run -0 machine run tail -n 1 /var/qmail/queue/message
	assert_output text
	run -0 machine run sh -c 'tr "\0" "|" </var/qmail/queue/envelope'
	assert_output 'Fsender@example.net|Talice@example.org||'
}
