#!/usr/bin/env bats
# What Maildir delivery does when something fails: the client is told to send
# the message again, nothing lies in a Maildir then, and no link leads out.

load common

alice=example.org/alice
bob=example.org/bob

setup() {
	export ASAN_OPTIONS=detect_leaks=0	# does not work under strace
	prepare
	deliver '250 2.0.0 Message accepted' alice bob
	rm "$MAIL/$alice"/new/* "$MAIL/$bob"/new/*
	: >"$LOG"
}

teardown() {
	local at
	for at in "${mounted[@]}"; do
		umount -l "$at"
	done
}
mounted=()

# Usage: mount_at DIRECTORY MOUNT-ARGUMENT...
mount_at() {
	local at=$1
	shift
	mkdir -p "$at"
	mount "$@" "$at"
	mounted=("$at" "${mounted[@]}")
}

mount_tmpfs() {
	mount_at "$1" -t tmpfs -o "size=256k,mode=700${2:+,$2}" tmpfs
}

# What follows RCPT for users of example.org, accepted.
recipients() {
	printf 'C: RCPT TO:<%s@example.org>\nS: 250 2.1.5 Recipient OK\n' "$@"
}

# Sends a message and wants this answer to its end.
# Usage: deliver ANSWER USER...
deliver() {
	local answer=$1
	shift
	talk <<-EOT
		$ehlo
		$mail
		$(recipients "$@")
		$data
		C: Subject: test
		C: 
		C: text
		C: .
		S: $answer
		$quit
	EOT
}

# Wants this answer to DATA itself.
# Usage: deliver_not ANSWER USER...
deliver_not() {
	local answer=$1
	shift
	talk <<-EOT
		$ehlo
		$mail
		$(recipients "$@")
		C: DATA
		S: $answer
		C: NOOP
		S: 250 2.0.0 OK
		$quit
	EOT
}

local_error='451 4.3.0 Local error; try again later'
no_space='452 4.3.1 No space for the message now'

# Usage: assert_fault TEXT
assert_fault() {
	run grep -c "^cannot .*$1" "$LOG"
	assert_output 1
}

# Runs the handler under strace, with its options, from now on.
trace() {
	local program=$SMTPD
	SMTPD=$BATS_TEST_TMPDIR/traced
	cat >"$SMTPD" <<-EOT
		#!/bin/sh
		strace -o '$BATS_TEST_TMPDIR/trace' $* '$program'
	EOT
	chmod +x "$SMTPD"
}

# Makes calls fail, from now on. A call that strace lets fail is none that the
# seccomp filter knows, so this is the build without it.
inject() {
	SMTPD=$build/sanitized/tarpit-smtpd
	trace "-e inject=$1"
}

# The calls of the trace, without arguments, that have to do with a delivery.
steps() {
	sed -n 's/^\(fsync\|linkat\|unlinkat\)(.*/\1/p
		/^write(.*Return-Path/ s/.*/write/p
		/^[a-z]*(1, "250 2.0.0 Message/ s/.*/answer/p' \
		"$BATS_TEST_TMPDIR/trace"
}

@test "the answer comes when the file and the directory are synced" {
	trace -s 200
	deliver '250 2.0.0 Message accepted' alice
	run steps
	assert_output $'write\nfsync\nlinkat\nfsync\nunlinkat\nanswer'
}

@test "all Maildirs are synced before the answer, and after the last link" {
	trace -s 200
	deliver '250 2.0.0 Message accepted' alice bob
	run steps
	# The first link shows that bob's Maildir can be reached.
	assert_output $'linkat\nunlinkat\nwrite\nfsync\nlinkat\nlinkat
fsync\nfsync\nunlinkat\nanswer'
}

@test "a new Maildir and the way to it are synced before its new is made" {
	trace -y
	deliver '250 2.0.0 Message accepted' carol
	run sed -n "s|^\(fsync\)([0-9]*<$MAIL\(.*\)>) .*|\1 \2|p
		s|^\(mkdirat\)([0-9]*<$MAIL\(.*\)>, \"\(.*\)\".*|\1 \2/\3|p" \
		"$BATS_TEST_TMPDIR/trace"
	assert_output --partial 'mkdirat /example.org
fsync 
mkdirat /example.org/carol
fsync /example.org
mkdirat /example.org/carol/tmp
mkdirat /example.org/carol/cur
fsync /example.org/carol
mkdirat /example.org/carol/new
fsync /example.org/carol'
}

@test "of a large message, writing to the disk begins early" {
	trace -e sync_file_range,fsync
	talk <<-EOT
		$to_data
		@repeat 150000 C: 0123456789012345678901234567890123456789012345678901234567890
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run awk -F '[(,)]' '
		/^sync_file_range/ && $3 == end && $4 >= 4194304 &&
			$4 < 4300000 { end += $4; print "begun" }
		/^fsync/ { print "synced" }' "$BATS_TEST_TMPDIR/trace"
	assert_output $'begun\nbegun\nsynced\nsynced'
}

# Usage: fails_at ANSWER INJECTION TEXT
fails_at() {
	: >"$LOG"
	(
		inject "$2"
		deliver "$1" alice bob
	)
	assert_nothing_delivered
	assert_fault "$3"
}

@test "whatever step fails, nothing is delivered" {
	fails_at "$local_error" fsync:error=EIO:when=1 'write a message'
	fails_at "$no_space" fsync:error=ENOSPC:when=1 'write a message'
	fails_at "$no_space" fsync:error=EDQUOT:when=1 'write a message'
	fails_at "$local_error" fsync:error=EIO:when=2 "Maildir $alice"
	fails_at "$local_error" fsync:error=EIO:when=3 "Maildir $bob"
	fails_at "$local_error" linkat:error=EIO:when=2 "Maildir $alice"
	fails_at "$local_error" linkat:error=EMLINK:when=3 "Maildir $bob"
	fails_at "$no_space" linkat:error=EDQUOT:when=3 "Maildir $bob"
}

# Usage: cannot_begin DIRECTORY INJECTION
cannot_begin() {
	: >"$LOG"
	(
		inject "$2 -P $MAIL/$1"
		deliver_not "$local_error" alice bob
	)
	assert_nothing_delivered
	assert_fault 'Maildir '
}

@test "whatever step cannot begin, DATA is refused" {
	cannot_begin example.org openat:error=EMFILE:when=1
	cannot_begin "$alice" openat:error=EIO:when=2
	cannot_begin "$alice/tmp" openat:error=EROFS:when=1
	cannot_begin example.org openat:error=ENOMEM:when=2
	cannot_begin "$bob/tmp" linkat:error=EPERM:when=1
}

# Kills the handler when it is about to make a call.
# Usage: killed_at INJECTION
killed_at() {
	(
		trace "-e inject=$1"
		talk <<-EOT
			$ehlo
			$mail
			$(recipients alice bob)
			$data
			C: text
			C: .
			@eof
			@exit 137
		EOT
	)
}

@test "killed before the link, it leaves a file in tmp and no message" {
	killed_at fsync:signal=KILL:when=1
	run messages
	assert_output ''
	run find "$MAIL" -type f -path "$MAIL/$alice/tmp/*"
	assert_equal "${#lines[@]}" 1
	deliver '250 2.0.0 Message accepted' alice bob
}

@test "killed after a link, it leaves whole messages" {
	local step
	for step in linkat:signal=KILL:when=3 fsync:signal=KILL:when=2 \
		unlinkat:signal=KILL:when=2; do
		killed_at "$step"
		messages >"$BATS_TEST_TMPDIR/found"
		assert [ -s "$BATS_TEST_TMPDIR/found" ]
		xargs tail -qn 1 <"$BATS_TEST_TMPDIR/found" |
			assert_all_text
		rm "$MAIL"/*/*/*/*
	done
}

assert_all_text() {
	run sort -u
	assert_output text
}

@test "SIGTERM in the middle of a commit lets it finish" {
	trace '-e inject=fsync:signal=TERM:when=1'
	talk <<-EOT
		$to_data
		C: text
		C: .
		S: 250 2.0.0 Message accepted
		S: 421 4.3.2 Service shutting down
		@eof
	EOT
	the_message >/dev/null
}

@test "forty messages that fail leave no descriptor open" {
	local failing failures i
	failing=$mail$'\n'$(recipients alice bob)
	for ((i = 0; i < 40; i++)); do
		failures+=$failing$'\n'$data$'\nC: .\n'"S: $local_error"$'\n'
	done
	failures+="@run chmod 500 '$MAIL/$bob/tmp'"$'\n'
	for ((i = 0; i < 40; i++)); do
		failures+=$failing$'\nC: DATA\n'"S: $local_error"$'\n'
		failures+=$'C: RSET\nS: 250 2.0.0 OK\n'
	done
	chmod 500 "$MAIL/$bob/new"
	talk <<-EOT
		$ehlo
		$failures
		@run chmod 700 "$MAIL/$bob/new" "$MAIL/$bob/tmp"
		$failing
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run messages
	assert_equal "${#lines[@]}" 2
}

@test "mail is delivered where Landlock does not know links" {
	# The first version, of Linux 5.13, as it presents itself.
	trace '-e inject=landlock_create_ruleset:retval=1:when=1'
	deliver '250 2.0.0 Message accepted' alice bob
}

@test "a full disk is told, and the next message that fits is taken" {
	mount_tmpfs "$MAIL"
	talk <<-EOT
		$to_data
		@repeat 10000 C: 0123456789012345678901234567890123456789
		C: .
		S: $no_space
		$mail
		$rcpt
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	the_message >/dev/null
	assert_fault 'write a message.*No space left on device'
	run find "$MAIL" -type f
	assert_equal "${#lines[@]}" 1
}

@test "a disk without a free inode is told" {
	mount_tmpfs "$MAIL" nr_inodes=6
	deliver_not "$no_space" alice
	deliver_not "$no_space" alice
	assert_nothing_delivered
}

@test "a file that may not become so large is told" {
	local program=$SMTPD
	SMTPD=$BATS_TEST_TMPDIR/limited
	cat >"$SMTPD" <<-EOT
		#!/bin/sh
		exec prlimit --fsize=100000 '$program'
	EOT
	chmod +x "$SMTPD"
	talk <<-EOT
		$to_data
		@repeat 10000 C: 0123456789012345678901234567890123456789
		C: .
		S: $no_space
		$mail
		$rcpt
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	the_message >/dev/null
}

@test "a read-only file system is told" {
	mount_at "$MAIL" --bind "$MAIL"
	mount -o remount,bind,ro "$MAIL"
	deliver_not "$local_error" alice
	assert_fault 'Read-only file system'
	deliver_not "$local_error" carol
}

@test "a root that is not there is told, and not made" {
	rm -r "$MAIL"
	deliver_not "$local_error" alice
	assert_fault 'root of the Maildirs.*No such file or directory'
	assert [ ! -e "$MAIL" ]
}

@test "a Maildir that may not be written is told before the text" {
	chmod 500 "$MAIL/$bob/tmp"
	deliver_not "$local_error" alice bob
	assert_fault "Maildir $bob.*Permission denied"
	assert_nothing_delivered
	chmod 500 "$MAIL/example.org"
	: >"$LOG"
	deliver_not "$local_error" carol
	assert_fault 'Maildir example.org/carol.*Permission denied'
}

@test "when the last of several fails, the others have nothing" {
	chmod 500 "$MAIL/$bob/new"
	deliver "$local_error" alice bob
	assert_fault "Maildir $bob.*Permission denied"
	assert_nothing_delivered
	chmod 700 "$MAIL/$bob/new"
	deliver '250 2.0.0 Message accepted' alice bob
	run messages
	assert_equal "${#lines[@]}" 2
}

@test "without any privilege, only its own Maildirs can be written" {
	local directory=$BATS_TEST_TMPDIR program=$BATS_TEST_TMPDIR/program
	cp "$SMTPD" "$program"
	SMTPD=$BATS_TEST_TMPDIR/as-nobody
	cat >"$SMTPD" <<-EOT
		#!/bin/sh
		exec setpriv --reuid=65534 --regid=65534 --clear-groups '$program'
	EOT
	chmod 755 "$SMTPD" "$program"
	# It must come to what is its own.
	while [[ $directory == "$BATS_RUN_TMPDIR"* ]]; do
		chmod 711 "$directory"
		directory=${directory%/*}
	done
	deliver_not "$local_error" alice
	chown -R 65534:65534 "$MAIL"
	deliver '250 2.0.0 Message accepted' alice
	run stat -c %u "$(messages)"
	assert_output 65534
}

@test "no symbolic link is followed, wherever it stands" {
	local outside=$BATS_TEST_TMPDIR/outside place
	mkdir -p "$outside/alice/new" "$outside/alice/tmp" \
		"$outside/alice/cur" "$outside/new" "$outside/tmp" \
		"$outside/cur"
	for place in example.org example.org/alice example.org/alice/tmp \
		example.org/alice/new; do
		: >"$LOG"
		mv "$MAIL/$place" "$BATS_TEST_TMPDIR/aside"
		ln -s "$outside" "$MAIL/$place"
		deliver_not "$local_error" alice
		assert_fault "Maildir $alice.*Not a directory"
		run find "$outside" -type f
		assert_output ''
		rm "$MAIL/$place"
		mv "$BATS_TEST_TMPDIR/aside" "$MAIL/$place"
	done
}

@test "a dangling link or a file is no directory" {
	local place thing
	for place in example.org example.org/alice example.org/alice/tmp \
		example.org/alice/new; do
		for thing in 'ln -s nowhere' touch; do
			: >"$LOG"
			mv "$MAIL/$place" "$BATS_TEST_TMPDIR/aside"
			$thing "$MAIL/$place"
			deliver_not "$local_error" alice
			assert_fault "Maildir $alice.*Not a directory"
			rm "$MAIL/$place"
			mv "$BATS_TEST_TMPDIR/aside" "$MAIL/$place"
		done
	done
	assert_nothing_delivered
}

@test "Maildirs on other file systems get a copy" {
	mount_tmpfs "$MAIL/$bob"
	mount_at "$MAIL/example.org/carol" --bind "$MAIL/$alice"
	deliver '250 2.0.0 Message accepted' alice bob carol user john.doe
	run messages
	assert_equal "${#lines[@]}" 5
	cmp "$MAIL/$alice"/new/* "$MAIL/$bob"/new/*
	run find "$MAIL" -type f -path "$MAIL/*/*/tmp/*"
	assert_output ''
}

@test "more file systems than it can write to at once are refused" {
	local i users=()
	for i in {1..9}; do
		mount_tmpfs "$MAIL/example.net/u$i"
		users+=("C: RCPT TO:<u$i@example.net>" \
			"S: 250 2.1.5 Recipient OK")
	done
	chmod 700 "$MAIL/example.net"
	talk <<-EOT
		$ehlo
		$mail
		$(printf '%s\n' "${users[@]}")
		C: DATA
		S: $local_error
		$quit
	EOT
	assert_fault 'ross-device link'
	assert_nothing_delivered
}
