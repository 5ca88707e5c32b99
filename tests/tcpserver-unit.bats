#!/usr/bin/env bats
# The handler under tcpserver in one confined service, and under systemd with
# every other option that confines. One machine is booted for all tests, in
# which systemd installs filters of system calls: each test has one connection
# at a time.

load common
load tls
load starttls

bats_require_minimum_version 1.5.0

service=tarpit-smtpd-tcpserver.service
socket=tarpit-smtpd-tcpserver.socket

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
	printf '%s\n' SMTPD_HOSTNAME=mx.example.org TARPITDELAY=0.5 \
		>"$etc/environment"
	"$RCPT" build "$root/tests/recipients.txt" "$etc/recipients.cdb"
	FILTERS=1 machine boot
	machine run systemd-sysusers
	machine run systemd-tmpfiles --create
	systemctl daemon-reload
}

teardown_file() {
	machine end
}

setup() {
	machine=$BATS_FILE_TMPDIR/machine/root
	mail_root=$machine/var/lib/tarpit-smtpd/mail
	rm -rf "${mail_root:?}"/*
	systemctl start "$socket"
}

teardown() {
	run systemctl list-units --failed --no-legend --plain
	assert_output ''
}

# Plays the transcript on stdin against port 25 of the machine.
dialogue() {
	machine network "$root/tests/dialogue" --connect 127.0.0.1:25
}

a_message_is_delivered() {
	printf '%s\n' "$to_data" 'C: confined' 'C: .' 'S~ 250 2\.0\.0 .*' \
		'C: QUIT' 'S: 221 2.0.0 Goodbye' '@eof' | dialogue
	run -0 cat "$mail_root"/example.org/alice/new/*
	assert_line confined
}

# The client's socket and its bytes get out of the confined service.
a_message_comes_through_tls() {
	make_key_pair "$machine/etc/tarpit-smtpd/tls"
	systemctl start tarpit-tls.socket
	dialogue <<-END
		$ehlo_tls
		C: STARTTLS
		S: 220 2.0.0 Ready to start TLS
		@tls
		${ehlo#S: 220 mx.example.org ESMTP?}
		$mail
		C: RCPT TO:<bob@example.org>
		S: 250 2.1.5 Recipient OK
		$data
		C: encrypted
		C: .
		S~ 250 2\.0\.0 .*
		C: QUIT
		S: 221 2.0.0 Goodbye
		@eof
	END
	run -0 cat "$mail_root"/example.org/bob/new/*
	assert_line --partial 'with ESMTPS (TLSv1.3 '
	systemctl stop tarpit-tls.socket
}

an_unknown_recipient_is_refused_late() {
	printf '%s\n' "$ehlo" "$mail" '@mark' \
		'C: RCPT TO:<nobody@example.org>' \
		'S: 550 5.1.1 No such user here' '@at-least 0.5' \
		'C: QUIT' 'S: 221 2.0.0 Goodbye' '@eof' | dialogue
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

status_says() {
	[[ $(systemctl is-active "$2") == "$1" ]]
}

exposure() {
	machine run systemd-analyze security --no-pager --threshold="$1" "$2"
}

@test "systemd finds nothing wrong with the units for tcpserver" {
	run -0 machine run sh -c 'systemd-analyze verify --man=no \
		/usr/local/lib/systemd/system/tarpit-smtpd-tcpserver.*'
	assert_output ''
}

@test "the first connection starts tcpserver, and a message is delivered" {
	run systemctl is-active "$service"
	assert_output inactive
	a_message_is_delivered
	run -0 systemctl is-active "$service"
	assert_output active
}

@test "under tcpserver an unknown recipient is refused after the delay" {
	an_unknown_recipient_is_refused_late
}

@test "under tcpserver a message comes through TLS" {
	a_message_comes_through_tls
}

@test "under tcpserver a handler has the one filter of the service" {
	run -0 handler_process 'cat status'
	assert_line $'CapBnd:\t0000000000000000'
	assert_line $'NoNewPrivs:\t1'
	assert_line $'Seccomp:\t2'
	refute_line $'Uid:\t0\t0\t0\t0'
	local filters
	filters=$(grep Seccomp_filters <<<"$output")
	# shellcheck disable=SC2016 # for the shell there
	run -0 machine run sh -c \
		'cat /proc/$(pidof tcpserver)/status'
	assert_line "$filters"
}

# The newest record that has all the fields given.
record() {
	machine run journalctl -q -o json -n 1 SYSLOG_IDENTIFIER=tarpit-smtpd \
		"$@"
}

@test "under tcpserver the records in the journal have fields" {
	local name=user$RANDOM$RANDOM@example.org
	printf '%s\n' "$ehlo" "$mail" "C: RCPT TO:<$name>" \
		'S: 550 5.1.1 No such user here' 'C: QUIT' \
		'S: 221 2.0.0 Goodbye' '@eof' | dialogue
	wait_until 60 test -n "$(record "SMTP_RECIPIENT=$name")"
	run -0 record "SMTP_RECIPIENT=$name"
	assert_output --partial '"REMOTE_ADDR":"127.0.0.1"'
	assert_output --regexp '"SMTP_REPLY":"550 5\.1\.1'
	assert_output --partial '"TARPIT_DELAY_USEC":"500000"'
}

@test "stopping the service answers a waiting client with 421" {
	dialogue <<-END
		$ehlo
		@run $root/tests/systemd-machine run $BATS_FILE_TMPDIR/machine systemctl stop $socket $service
		S~ 421 4\.3\.2 .*
		@eof
	END
	run systemctl show -P Result "$service"
	assert_output success
}

@test "the service is exposed to 1.0 at most" {
	run -0 exposure 10 "$service"
}

@test "under systemd with every option a message is delivered, too" {
	local drop_in=$machine/etc/systemd/system/tarpit-smtpd@.service.d
	mkdir -p "$drop_in"
	cp "$machine/usr/local/share/doc/tarpit-smtpd/hardened.conf" "$drop_in"
	systemctl daemon-reload
	systemctl stop "$socket" "$service"
	systemctl start tarpit-smtpd.socket
	a_message_is_delivered
	a_message_comes_through_tls
	an_unknown_recipient_is_refused_late
	run -0 handler_process 'cat status'
	refute_line $'Seccomp_filters:\t1'
	run -0 exposure 20 tarpit-smtpd@x.service
	systemctl stop tarpit-smtpd.socket
}

# As systemd.exec(5) has it: they imply NoNewPrivileges=yes.
@test "where filters are set, a setuid program is refused whatever else is" {
	local unit drop_ins=$machine/etc/systemd/system refused
	refused=$'S: 421 4.3.5 Service misconfigured\n@eof'
	cp /bin/true "$machine/usr/local/bin/setuid"
	chmod 4755 "$machine/usr/local/bin/setuid"
	echo SMTPD_DELIVERY=qmail-queue:/usr/local/bin/setuid \
		>>"$machine/etc/tarpit-smtpd/environment"
	for unit in "$service" tarpit-smtpd@.service; do
		mkdir -p "$drop_ins/$unit.d"
		printf '[Service]\nNoNewPrivileges=no\n' \
			>"$drop_ins/$unit.d/qmail.conf"
	done
	cp "$machine/usr/local/share/doc/tarpit-smtpd/hardened.conf" \
		"$drop_ins/tarpit-smtpd@.service.d"
	systemctl daemon-reload
	dialogue <<<"$refused"
	systemctl stop "$socket" "$service"
	systemctl start tarpit-smtpd.socket
	dialogue <<<"$refused"
	rm "$drop_ins/tarpit-smtpd@.service.d/hardened.conf"
	systemctl daemon-reload
	dialogue <<<'S: 220 mx.example.org ESMTP'
	systemctl stop tarpit-smtpd.socket
}
