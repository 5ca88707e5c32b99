#!/usr/bin/env bats
# Sanitized: yes
# Delivery to Maildirs: where a message goes, and what lies there then.

load common

setup() {
	prepare
}

# Sends one message to recipients given with brackets.
# Usage: send_to SETTINGS RECIPIENT...
send_to() {
	local settings recipient transcript="$ehlo"$'\n'"$mail"
	read -ra settings <<<"$1"
	shift
	for recipient; do
		transcript+=$'\n'"C| RCPT TO:$recipient\r\n"
		transcript+=$'\nS: 250 2.1.5 Recipient OK'
	done
	talk "${settings[@]}" <<-EOT
		$transcript
		$data
		C: Subject: test
		C: 
		C: text
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
}

# The directories that hold a new message.
maildirs() {
	find "$MAIL" -path '*/new/*' -type f -printf '%P\n' |
		sed 's|/new/[^/]*$||' | sort
}

@test "a message has Return-Path, trace and text, and is its owner's alone" {
	umask 0
	send_to '' '<alice@example.org>'
	run the_message
	assert_line -n 0 'Return-Path: <sender@example.net>'
	assert_line -n 1 --partial 'Received: from client.example.net '
	run tail -n 3 "$(messages)"
	assert_output $'Subject: test\n\ntext'
	run stat -c %a "$(messages)"
	assert_output 600
}

@test "the null sender's Return-Path is empty" {
	talk <<-EOT
		$ehlo
		C: MAIL FROM:<>
		S: 250 2.1.0 Sender OK
		$rcpt
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run the_message
	assert_line -n 0 'Return-Path: <>'
}

@test "a sender that needs quotes has them in Return-Path" {
	talk <<-EOT
		$ehlo
		C: MAIL FROM:<"a> b\"\\\\\\\\c"@example.net>
		S: 250 2.1.0 Sender OK
		$rcpt
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run the_message
	assert_line -n 0 'Return-Path: <"a> b\"\\c"@example.net>'
}

@test "a Maildir is made on demand, with mode 0700" {
	umask 0
	send_to '' '<alice@example.org>'
	run find "$MAIL" -mindepth 1 -type d -printf '%P %m\n'
	assert_equal "$(sort <<<"$output")" 'example.org 700
example.org/alice 700
example.org/alice/cur 700
example.org/alice/new 700
example.org/alice/tmp 700'
}

@test "a Maildir that lacks a part is completed" {
	for part in tmp new cur; do
		send_to '' '<alice@example.org>'
		rm -r "$MAIL/example.org/alice/new" \
			"$MAIL/example.org/alice/$part" 2>/dev/null || true
		send_to '' '<alice@example.org>'
		run ls "$MAIL/example.org/alice"
		assert_output $'cur\nnew\ntmp'
		the_message >/dev/null
	done
}

@test "several recipients have links to one file" {
	send_to '' '<alice@example.org>' '<bob@example.org>' \
		'<carol@example.org>'
	run maildirs
	assert_output $'example.org/alice\nexample.org/bob\nexample.org/carol'
	run find "$MAIL" -type f -printf '%n\n'
	assert_output $'3\n3\n3'
	run find "$MAIL" -samefile "$(messages | head -n 1)"
	assert_equal "${#lines[@]}" 3
}

@test "a mailbox gets a message once, however often it is named" {
	send_to '' '<alice@example.org>' '<bob@example.org>' \
		'<ALICE@Example.ORG>' '<sales@example.org>' \
		'<alice+list@example.org>' '<bob@example.org>'
	run maildirs
	assert_output $'example.org/alice\nexample.org/bob'
}

@test "strange names stay below the root, each in a Maildir of its own" {
	send_to '' '<"../../../x"@example.net>' '<"/etc/passwd"@example.net>' \
		'<".."@example.net>' '<"."@example.net>' \
		'<".hidden"@example.net>' '<"a\\\\b"@example.net>' \
		'<"a b"@example.net>' '<a%2fb@example.net>' \
		'<"a/b"@example.net>' '<-rf@example.net>'
	run maildirs
	assert_output 'example.net/%2drf
example.net/%2e
example.net/%2e.
example.net/%2e.%2f..%2f..%2fx
example.net/%2ehidden
example.net/%2fetc%2fpasswd
example.net/a%20b
example.net/a%252fb
example.net/a%2fb
example.net/a%5cb'
	run find "$BATS_TEST_TMPDIR" -path "$MAIL" -prune -o -type d -print
	assert_output "$BATS_TEST_TMPDIR"
}

@test "a local part of 255 octets has its Maildir" {
	local x
	x=$(printf 'x%.0s' {1..254})
	send_to '' "<$x@example.net>" "<${x}y@example.net>" \
		"<\"$x.\"@example.net>"
	run maildirs
	assert_output "example.net/$x
example.net/$x%/%2e
example.net/$x%/y"
}

@test "postmaster without a domain is the host's" {
	send_to '' '<postmaster>'
	run maildirs
	assert_output mx.example.org/postmaster
}

@test "a file name is what the Maildir specification asks for" {
	local before after time
	before=$(date +%s)
	send_to '' '<alice@example.org>'
	after=$(date +%s)
	run basename "$(messages)"
	assert_output --regexp \
		'^[0-9]+\.M[0-9]{1,6}P[0-9]+Q1R[0-9a-f]{16}\.mx\.example\.org$'
	time=${output%%.*}
	((time >= before && time <= after))
}

@test "messages of one session have different names" {
	talk <<-EOT
		$to_data
		C: .
		S: 250 2.0.0 Message accepted
		$mail
		$rcpt
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run messages
	assert_equal "${#lines[@]}" 2
}

@test "many processes make and fill one Maildir at the same time" {
	local i jobs=()
	for i in {1..20}; do
		send_to '' '<alice@example.org>' '<bob@example.org>' 3>&- &
		jobs+=($!)
	done
	for i in "${jobs[@]}"; do
		wait "$i"
	done
	run messages
	assert_equal "${#lines[@]}" 40
	run find "$MAIL" -path "$MAIL/*/tmp/*"
	assert_output ''
}

@test "a path without % is one Maildir for everybody, made if need be" {
	send_to "SMTPD_DELIVERY=maildir:$MAIL/all" '<alice@example.org>' \
		'<bob@example.org>' '<x@example.net>'
	run maildirs
	assert_output all
	run stat -c %a "$MAIL/all" "$MAIL/all/new"
	assert_output $'700\n700'
}

@test "a pattern can name parts of its own" {
	send_to "SMTPD_DELIVERY=maildir:$MAIL/to-%l@%d/100%%/Maildir/" \
		'<alice@example.org>' '<"a@b"@example.net>'
	run maildirs
	assert_output $'to-a%40b@example.net/100%/Maildir
to-alice@example.org/100%/Maildir'
}

@test "a large message is stored octet for octet" {
	head -c 7000000 /dev/urandom | base64 >"$BATS_TEST_TMPDIR/sent"
	{
		echo "$to_data"
		sed 's/^/C: /' "$BATS_TEST_TMPDIR/sent"
		printf 'C: .\nS: 250 2.0.0 Message accepted\n%s\n' "$quit"
	} >"$BATS_TEST_TMPDIR/transcript"
	talk <"$BATS_TEST_TMPDIR/transcript"
	the_message | sed '1,/ +0000$/d' | cmp - "$BATS_TEST_TMPDIR/sent"
}

@test "a client that goes away in the middle leaves nothing behind" {
	talk <<-EOT
		$to_data
		C: half a message
		@read
		@run find "$MAIL" -path "$MAIL/*/tmp/*" -type f | grep -q .
		@close
		@exit 0
	EOT
	assert_nothing_delivered
}

@test "SIGTERM in the middle leaves nothing behind" {
	talk <<-EOT
		$to_data
		C: half a message
		@read
		@signal TERM
		S: 421 4.3.2 Service shutting down
		@eof
		@exit 0
	EOT
	assert_nothing_delivered
}

@test "a refused message leaves nothing behind" {
	talk <<-EOT
		$to_data
		C| bare\nline end\r\n.\r\n
		S: 554 5.6.0 Message with a bare CR or LF
		$quit
	EOT
	assert_nothing_delivered
}
