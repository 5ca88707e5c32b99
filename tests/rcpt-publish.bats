#!/usr/bin/env bats
# tarpit-rcpt build: whatever happens, the file in service is whole, either the
# old one or the new one, and nothing lies beside it.

bats_require_minimum_version 1.5.0
load common

setup() {
	mkdir "$BATS_TEST_TMPDIR/service"
	cd "$BATS_TEST_TMPDIR/service" || return
	CDB=$PWD/recipients.cdb
	OLD=$BATS_TEST_TMPDIR/old.cdb
	NEW=$BATS_TEST_TMPDIR/new.cdb
	seq -f 'user%g@example.org' 1000 >../old
	seq -f 'user%g@example.org' 2000 >../new
	"$RCPT" build ../old "$OLD"
	"$RCPT" build ../new "$NEW"
	cp "$OLD" "$CDB"
}

assert_in_service() {
	cmp "$CDB" "$1"
	run ls -A
	assert_output recipients.cdb
}

# Builds with a fault that strace injects into a system call.
build_with() {
	run strace -f -qq -o /dev/null -e trace="${1%%:*}" -e inject="$1" \
		"$RCPT" build ../new "$CDB"
}

@test "a good build puts the new file in service" {
	"$RCPT" build ../new "$CDB"
	assert_in_service "$NEW"
}

@test "the new file is synced and verified before it is renamed, the directory after" {
	strace -f -qq -o ../trace -y \
		-e trace=openat,write,fchmod,fsync,read,renameat,unlinkat \
		"$RCPT" build ../new "$CDB"
	run sed -n 's/.*\b\(write\|fchmod\|fsync\|read\|renameat\|unlinkat\)([^<]*<\([^>]*\)>.*/\1 \2/p' ../trace
	output=$(grep -v -e '^read /\(proc\|usr\|lib\|etc\)' -e '^write .*\.out$' \
		<<<"$output" | uniq)
	assert_output - <<-END
		read $BATS_TEST_TMPDIR/new
		read $CDB
		write $PWD/.recipients.cdb.new
		fchmod $PWD/.recipients.cdb.new
		fsync $PWD/.recipients.cdb.new
		read $PWD/.recipients.cdb.new
		renameat $PWD
		fsync $PWD
	END
}

@test "a failure of any step leaves the old file in service and nothing else" {
	chown 12345:12345 "$CDB"
	for fault in write:error=ENOSPC:when=1 write:error=EIO:when=5 \
		write:retval=4096:when=3 lseek:error=EIO:when=1 \
		fsync:error=EIO:when=1 fsync:error=ENOSPC:when=1 \
		fchmod:error=EPERM fchown:error=EPERM renameat:error=EACCES \
		flock:error=ENOLCK ftruncate:error=EIO; do
		echo "fault: $fault"
		build_with "$fault"
		assert_failure 2
		assert_output --partial 'tarpit-rcpt: '
		cmp "$CDB" "$OLD"
		# One that cannot lock does not know whose it is.
		[[ $fault != flock* ]] || rm -f .recipients.cdb.new
		assert_in_service "$OLD"
	done
}

@test "a directory that cannot be synced is told, with the new file in service" {
	build_with fsync:error=EIO:when=2
	assert_failure 2
	assert_output --partial 'in place, but perhaps not after a power failure'
	assert_in_service "$NEW"
}

@test "what cannot be read back is not published" {
	# The third file read is the new one; its first octets are lost.
	strace -f -qq -o /dev/null -e trace=read -P "$PWD/.recipients.cdb.new" \
		-e inject=read:retval=100:when=1 \
		"$RCPT" build ../new "$CDB" 2>../errors && false
	run cat ../errors
	assert_output --partial 'cannot be read back'
	assert_in_service "$OLD"
	# A record is written with other octets than it has.
	build_with write:poke_enter=@arg2=58585858:when=3
	assert_failure 2
	assert_output --partial 'a record cannot be read back'
	assert_in_service "$OLD"
}

@test "a signal at any step leaves the old file in service and nothing else" {
	for signal in INT TERM HUP; do
		for step in ftruncate:when=1 write:when=1 write:when=12 \
			fchmod:when=1 fsync:when=1; do
			echo "signal $signal at $step"
			build_with "${step%:*}:signal=$signal:${step#*:}"
			assert_equal "$status" \
				$((128 + $(kill -l "$signal")))
			assert_in_service "$OLD"
		done
	done
}

@test "a signal that comes too late does not stop a build" {
	build_with renameat:signal=TERM:when=1
	assert_success
	assert_in_service "$NEW"
}

@test "a build that waits for its source can be interrupted" {
	mkfifo ../pipe
	exec 8<>../pipe
	"$RCPT" build ../pipe "$CDB" 8>&- &
	local pid=$!
	wait_until 10 test -e .recipients.cdb.new
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	assert_equal "$status" 143
	assert_in_service "$OLD"
}

@test "a signal that is ignored stays ignored" {
	run bash -c 'trap "" HUP; exec "$@"' - strace -qq -o /dev/null \
		-e trace=write -e inject=write:signal=HUP:when=2 \
		"$RCPT" build ../new "$CDB"
	assert_success
	assert_in_service "$NEW"
}

@test "a killed build leaves the old file in service, and the next one tidies up" {
	for step in write:when=1 write:when=5 fsync:when=1 renameat:when=1; do
		build_with "${step%:*}:signal=KILL:${step#*:}"
		assert_equal "$status" 137
		cmp "$CDB" "$OLD"
		assert [ -e .recipients.cdb.new ]
	done
	"$RCPT" build ../new "$CDB"
	assert_in_service "$NEW"
}

@test "a build waits for another one, and reads its source after it" {
	echo alice@example.org >../source
	flock .recipients.cdb.new bash -c 'read -r' < <(
		wait_until 10 grep -q 'waiting for another build' ../log
		cp ../new ../source
		echo
	) &
	local holder=$!
	wait_until 10 test -e .recipients.cdb.new
	wait_until 10 flock_is_held
	"$RCPT" build ../source "$CDB" 2>../log
	wait "$holder"
	assert_in_service "$NEW"
}

flock_is_held() {
	! flock -n .recipients.cdb.new true
}

@test "a build that waits for another one can be interrupted, and leaves the other's file" {
	exec 8>.recipients.cdb.new
	flock 8
	"$RCPT" build ../new "$CDB" 2>../log 8>&- &
	local pid=$!
	wait_until 10 grep -q 'waiting for another build' ../log
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	assert_equal "$status" 143
	assert [ -e .recipients.cdb.new ]
	cmp "$CDB" "$OLD"
}

@test "a build that comes to lock what another one has published meanwhile begins anew" {
	strace -f -qq -o /dev/null -e trace=flock \
		-e inject=flock:delay_enter=1000000:when=1 \
		"$RCPT" build ../new "$CDB" &
	local pid=$!
	wait_until 10 test -e .recipients.cdb.new
	"$RCPT" build ../old "$CDB"
	"$RCPT" query "$CDB" user1@example.org
	wait "$pid"
	assert_in_service "$NEW"
}

@test "builds at once do not mix" {
	local i pids=()
	for i in 1 2 3 4 5 6; do
		seq -f "user%g@example.org" $((1000 + i)) >"../source$i"
		"$RCPT" build "../source$i" "../expected$i.cdb"
	done
	for i in 1 2 3 4 5 6; do
		"$RCPT" build --force "../source$i" "$CDB" 2>/dev/null &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	run ls -A
	assert_output recipients.cdb
	for i in 1 2 3 4 5 6; do
		cmp -s "$CDB" "../expected$i.cdb" && return
	done
	false
}

@test "a reader always finds a whole file" {
	for _ in 1 2 3 4 5 6 7 8; do
		"$RCPT" build ../new "$CDB"
		"$RCPT" build --force ../old "$CDB"
	done >/dev/null &
	local pid=$! looks=0
	while kill -0 "$pid" 2>/dev/null; do
		"$RCPT" query "$CDB" user1@example.org user1000@example.org
		looks=$((looks + 1))
	done
	wait "$pid"
	echo "$looks looks"
	((looks > 0))
}

@test "mode and owner are kept" {
	chown 12345:23456 "$CDB"
	chmod 0640 "$CDB"
	"$RCPT" build ../new "$CDB"
	run stat -c '%u:%g %a' "$CDB"
	assert_output '12345:23456 640'
}

@test "a first build gets the mode that any new file gets" {
	(umask 027 && "$RCPT" build ../new first.cdb)
	run stat -c %a first.cdb
	assert_output 640
}

@test "a symbolic link is followed, not replaced" {
	mkdir ../elsewhere
	mv "$CDB" ../elsewhere/real.cdb
	ln -s ../elsewhere/real.cdb recipients.cdb
	"$RCPT" build ../new recipients.cdb
	assert [ -L recipients.cdb ]
	assert_in_service "$NEW"
	run ls -A ../elsewhere
	assert_output real.cdb
}

@test "what is no regular file is not replaced" {
	mkfifo fifo
	mkdir directory
	ln -s nowhere dangling
	for place in fifo directory dangling missing/recipients.cdb . / ''; do
		run timeout 10 "$RCPT" build --force ../new "$place"
		assert_failure 2
		assert_output --partial 'tarpit-rcpt: '
	done
	assert [ -p fifo ] && assert [ -d directory ] && assert [ -L dangling ]
	run ls -A
	assert_output - <<-'END'
		dangling
		directory
		fifo
		recipients.cdb
	END
}

@test "a link in the place of the temporary file is not followed" {
	echo precious >../precious
	ln -s ../precious .recipients.cdb.new
	run timeout 10 "$RCPT" build ../new "$CDB"
	assert_failure 2
	run cat ../precious
	assert_output precious
}

@test "a source that would shut out more than half is refused without --force" {
	seq -f 'user%g@example.org' 499 >../short
	run "$RCPT" build ../short "$CDB"
	assert_failure 1
	assert_output 'tarpit-rcpt: ../short: 501 of 1000 recipients in service would no longer be accepted; --force publishes that'
	assert_in_service "$OLD"
	seq -f 'user%g@example.org' 500 >../half
	"$RCPT" build ../half "$CDB"
	run "$RCPT" dump "$CDB"
	assert_output "$(cat ../half)"
	echo user1@example.org >../one
	"$RCPT" build --force ../one "$CDB"
	run "$RCPT" dump "$CDB"
	assert_output user1@example.org
}

@test "recipients that become blocked count as shut out" {
	sed 's/^/-/' ../old >../blocked
	run "$RCPT" build ../blocked "$CDB"
	assert_failure 1
	assert_output --partial '1000 of 1000 recipients'
	assert_in_service "$OLD"
}

@test "an empty source is refused without --force, even the first time" {
	echo '# nobody' >../empty
	run "$RCPT" build ../empty "$CDB"
	assert_failure 1
	assert_in_service "$OLD"
	rm "$CDB"
	run "$RCPT" build ../empty "$CDB"
	assert_failure 1
	run ls -A
	assert_output ''
	"$RCPT" build --force ../empty "$CDB"
	run "$RCPT" query "$CDB" user1@example.org
	assert_output 'user1@example.org: refused, not a domain of ours'
}

@test "a file in service that is no CDB is only replaced with --force" {
	cp ../old "$CDB"
	run "$RCPT" build ../new "$CDB"
	assert_failure 1
	assert_output --partial 'not a whole CDB; --force replaces it'
	assert_in_service ../old
	: >"$CDB"
	"$RCPT" build ../new "$CDB"
	assert_in_service "$NEW"
	truncate -s -1 "$CDB"
	run "$RCPT" build ../new "$CDB"
	assert_failure 1
	"$RCPT" build --force ../new "$CDB"
	assert_in_service "$NEW"
}

# Runs a command on a terminal of its own; ../screen gets what it shows.
on_terminal() {
	script -qec "$1" /dev/null </dev/null >../screen
}

@test "a build on a terminal that takes long shows how far it is" {
	on_terminal "(sleep 1.1; cat ../new) | '$RCPT' build - '$CDB'"
	run cat ../screen
	assert_output --partial 'reading:   0%'
}

@test "a build that is quick or has no terminal shows nothing but its summary" {
	on_terminal "'$RCPT' build ../new '$CDB'"
	(sleep 1.1; cat ../new) | "$RCPT" build - "$CDB" >>../screen 2>&1
	run cat ../screen
	refute_output --partial reading
	assert_equal "$(wc -l <../screen)" 2
}
