#!/usr/bin/env bats
# What is taken away while the service runs, and given back: meanwhile mail is
# put off, and then all is as before, without a restart.

load common
load load
load server

setup() {
	start_server
	mounted=
}

teardown() {
	stop_load
	stop_server
	[[ -z $mounted ]] || umount "$mounted"
}

# Mounts a file system where the mail is.
mount_mail() {
	mount "$@" "$MAIL"
	mounted=$MAIL
}

# Two sessions at once, in which the message gets this answer.
# Usage: sessions_end CODE
sessions_end() {
	run "$root/tests/load" --sessions 2 "127.0.0.1:$PORT" 2
	assert_output "250 550 250 550 $1
250 550 250 550 $1"
}

# Takes something away and gives it back. What is new gets this answer
# meanwhile; afterwards mail is accepted, in new sessions as in one that saw it.
# Usage: put_off_while CODE TAKE_AWAY GIVE_BACK
put_off_while() {
	sessions_end 250
	"$root/tests/dialogue" --connect "127.0.0.1:$PORT" <<-EOT
		$ehlo
		@run $2
		@run $root/tests/load --sessions 2 127.0.0.1:$PORT 2 >$BATS_TEST_TMPDIR/meanwhile
		@run $3
		$mail
		$rcpt
		$data
		C: text
		C: .
		S: 250 2.0.0 Message accepted
		C: QUIT
		S: 221 2.0.0 Goodbye
		@eof
	EOT
	run cat "$BATS_TEST_TMPDIR/meanwhile"
	assert_output "250 550 250 550 $1
250 550 250 550 $1"
	sessions_end 250
	# Four by load and one of the dialogue; no part of another.
	run messages
	assert_equal "${#lines[@]}" 5
	run find "$MAIL" -type f -not -path '*/new/*' -not -name filler
	assert_output ''
}

@test "while the disk is full, mail is put off" {
	mount_mail -t tmpfs -o size=1m,mode=700 tmpfs
	put_off_while 452 "! cat /dev/zero >$MAIL/filler 2>/dev/null" \
		"rm $MAIL/filler"
	run grep -c 'No space left on device' "$LOG"
	assert_output 2
}

# Of the file systems with quotas, the kernels of more makers have this one; it
# is no quota for a user, but for all that lies below a directory.
@test "while a quota is exceeded, mail is put off" {
	local image=$BATS_TEST_TMPDIR/image
	truncate -s 128M "$image"
	mkfs.btrfs -q "$image"
	mount_mail -t btrfs -o loop "$image"
	chmod 700 "$MAIL"
	btrfs quota enable "$MAIL"
	btrfs qgroup limit 2M "$MAIL"
	put_off_while 452 "! cat /dev/urandom >$MAIL/filler 2>/dev/null" \
		"btrfs qgroup limit 8M $MAIL"
	run grep -c 'uota exceeded' "$LOG"
	assert_output 2
}

@test "while the file system is read-only, mail is put off" {
	mount_mail -t tmpfs -o size=1m,mode=700 tmpfs
	put_off_while 451 "mount -o remount,ro $MAIL" \
		"mount -o remount,rw $MAIL"
	run grep -c 'Read-only file system' "$LOG"
	assert_output 2
}

@test "while a Maildir cannot be entered, mail is put off" {
	local maildir=$MAIL/example.org/alice
	put_off_while 451 "chmod 0 $maildir" "chmod 700 $maildir"
	run grep -c 'Permission denied' "$LOG"
	assert_output 2
}

@test "while the root of the Maildirs is not there, mail is put off" {
	put_off_while 451 "mv $MAIL $MAIL.away" "mv $MAIL.away $MAIL"
	run grep -c 'No such file or directory' "$LOG"
	assert_output 2
}

good='250 550 250 550 250'
cannot_tell='451 451 451 451 451'

# The source with so many more users, so that each CDB differs from the last.
source_with() {
	cat "$root/tests/recipients.txt"
	seq -f 'more%g@example.org' "$1"
}

@test "while the CDB is rebuilt and replaced, each answer is right" {
	local source=$BATS_TEST_TMPDIR/source i
	start_load "127.0.0.1:$PORT" 4
	await_sessions 1 "$good"
	for i in {1..20}; do
		source_with "$((i % 2 * 3000))" >"$source"
		"$RCPT" build --force "$source" "$CDB"
		await_sessions 5
		cp "$CDB" "$CDB.new"
		mv "$CDB.new" "$CDB"
		await_sessions 5
	done
	stop_load
	assert_sessions "$good"
	run messages
	assert_equal "${#lines[@]}" "$(count_sessions "$good")"
}

@test "while the CDB is away, nobody is refused, and a session keeps its answers" {
	local i
	start_load "127.0.0.1:$PORT" 4
	for i in {1..5}; do
		await_sessions 5 "$good"
		mv "$CDB" "$CDB.away"
		await_sessions 5 "$cannot_tell"
		mv "$CDB.away" "$CDB"
		await_sessions 5 "$good"
		rm "$CDB"
		await_sessions 5 "$cannot_tell"
		"$RCPT" build "$root/tests/recipients.txt" "$CDB"
	done
	await_sessions 5 "$good"
	stop_load
	assert_sessions "$good" "$cannot_tell"
	run messages
	assert_equal "${#lines[@]}" "$(count_sessions "$good")"
	# Told for each recipient.
	run grep -c 'cannot read the recipient CDB' "$LOG"
	assert_output "$((4 * $(count_sessions "$cannot_tell")))"
}

# Nobody should do that, but somebody will. Then a session may see a part.
@test "while the CDB is written over in place, nobody is refused" {
	local source=$BATS_TEST_TMPDIR/source i
	for i in 0 1; do
		source_with "$((i * 3000))" >"$source"
		"$RCPT" build --force "$source" "$CDB.$i"
	done
	start_load "127.0.0.1:$PORT" 4
	for i in {1..50}; do
		cat "$CDB.$((i % 2))" >"$CDB"
		await_sessions 2
	done
	await_sessions 5 "$good"
	stop_load
	assert_sessions \
		'\(250\|451\) \(550\|451\) \(250\|451\) \(550\|451\) \(250\|451\)'
}
