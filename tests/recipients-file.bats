#!/usr/bin/env bats
# Sanitized: yes
# A recipient CDB that is missing, damaged or replaced: never "no such user".

load common

setup() {
	prepare
}

cannot_tell="$helo
$mail
C: RCPT TO:<alice@example.org>
S: 451 4.3.0 Cannot check recipients now
C: RCPT TO:<nobody@example.org>
S: 451 4.3.0 Cannot check recipients now
C: RCPT TO:<postmaster>
S: 451 4.3.0 Cannot check recipients now
C: DATA
S: 451 4.3.0 No recipient could be checked; try again later
$quit"

@test "a CDB that is missing is a temporary fault" {
	rm "$CDB"
	talk <<<"$cannot_tell"
}

@test "a CDB that is empty, a directory or no CDB at all is a temporary fault" {
	: >"$CDB"
	talk <<<"$cannot_tell"
	echo 'alice@example.org' >"$CDB"
	talk <<<"$cannot_tell"
	head -c 4096 /dev/zero >"$CDB"
	talk <<<"$cannot_tell"
	head -c 4096 /dev/zero | tr '\0' '\377' >"$CDB"
	talk <<<"$cannot_tell"
	rm "$CDB"
	mkdir "$CDB"
	talk <<<"$cannot_tell"
}

@test "the fault is in the log" {
	rm "$CDB"
	talk <<<"$cannot_tell"
	run cat "$LOG"
	assert_output --partial \
		'cannot read the recipient CDB: error="No such file or directory"'
	: >"$CDB"
	talk <<<"$cannot_tell"
	run cat "$LOG"
	assert_output --partial 'the recipient CDB is damaged'
}

@test "a CDB cut short refuses nobody for good" {
	local size whole
	cp "$CDB" "$BATS_TEST_TMPDIR/whole"
	whole=$(stat -c %s "$CDB")
	for ((size = 1; size < whole; size += 37)); do
		echo "size: $size of $whole"
		head -c "$size" "$BATS_TEST_TMPDIR/whole" >"$CDB"
		talk <<-EOT
			$helo
			$mail
			C: RCPT TO:<alice@example.org>
			S: 451 4.3.0 Cannot check recipients now
			C: RCPT TO:<nobody@example.org>
			S: 451 4.3.0 Cannot check recipients now
			$quit
		EOT
	done
}

@test "a CDB cut short while it is in use refuses nobody for good" {
	talk <<-EOT
		$helo
		$mail
		$rcpt
		@run truncate -s 2100 $CDB
		C: RCPT TO:<bob@example.org>
		S: 451 4.3.0 Cannot check recipients now
		@run truncate -s 0 $CDB
		C: RCPT TO:<alice@example.org>
		S: 451 4.3.0 Cannot check recipients now
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
}

@test "DATA is refused for now when a recipient could not be checked, though others were refused" {
	talk <<-EOT
		$helo
		$mail
		C: RCPT TO:<nobody@example.org>
		S: 550 5.1.1 No such user here
		@run truncate -s 0 $CDB
		C: RCPT TO:<alice@example.org>
		S: 451 4.3.0 Cannot check recipients now
		C: DATA
		S: 451 4.3.0 No recipient could be checked; try again later
		C: RSET
		S: 250 2.0.0 OK
		$mail
		C: DATA
		S: 503 5.5.1 Say RCPT first
		$quit
	EOT
}

@test "a CDB rebuilt in mid-session changes nothing for that session" {
	printf 'dave@example.org\n-alice@example.org\n' \
		>"$BATS_TEST_TMPDIR/changed.txt"
	talk <<-EOT
		$helo
		$mail
		$rcpt
		@run $RCPT build --force $BATS_TEST_TMPDIR/changed.txt $CDB
		C: RCPT TO:<alice@example.org>
		S: 250 2.1.5 Recipient OK
		C: RCPT TO:<dave@example.org>
		S: 550 5.1.1 No such user here
		$quit
	EOT
	talk <<-EOT
		$helo
		$mail
		C: RCPT TO:<alice@example.org>
		S: 550 5.7.1 Recipient accepts no mail
		C: RCPT TO:<dave@example.org>
		S: 250 2.1.5 Recipient OK
		$quit
	EOT
}

@test "a CDB removed in mid-session changes nothing for that session" {
	talk <<-EOT
		$helo
		$mail
		$rcpt
		@run rm $CDB
		C: RCPT TO:<bob@example.org>
		S: 250 2.1.5 Recipient OK
		C: RCPT TO:<nobody@example.org>
		S: 550 5.1.1 No such user here
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	talk <<<"$cannot_tell"
}

@test "a CDB made by the cdb command works unchanged" {
	{
		printf '+%d,0:alice@example.org->\n' 17
		printf '+%d,0:@example.net->\n' 12
		printf '+%d,0:example.org->\n' 11
		printf '+%d,1:bob@example.org->-\n\n' 15
	} >"$BATS_TEST_TMPDIR/records"
	rm "$CDB"
	cdb -c "$CDB" "$BATS_TEST_TMPDIR/records"
	talk <<-EOT
		$helo
		$mail
		C: RCPT TO:<alice@example.org>
		S: 250 2.1.5 Recipient OK
		C: RCPT TO:<anybody@example.net>
		S: 250 2.1.5 Recipient OK
		C: RCPT TO:<bob@example.org>
		S: 550 5.7.1 Recipient accepts no mail
		C: RCPT TO:<carol@example.org>
		S: 550 5.1.1 No such user here
		C: RCPT TO:<carol@example.com>
		S: 554 5.7.1 Relaying denied
		$quit
	EOT
}
