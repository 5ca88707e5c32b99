#!/usr/bin/env bats
# Postfix as the server that sends.

load common
load server
load delivered
load peer
load tls
load starttls

setup_file() {
	export MESSAGE=$BATS_FILE_TMPDIR/message
	load delivered
	hard_message >"$MESSAGE"
}

setup() {
	PEER=postfix
	PEER_DIR=$BATS_TEST_TMPDIR/postfix
	mkdir -p "$PEER_DIR"
}

teardown() {
	stop_peer
	stop_server
	stop_tls
}

# Postfix sends all mail to the handler but that to sender@client.test, which it
# keeps in a Maildir. Arguments are more lines of main.cf.
start_sender() {
	start_postfix <<-EOT
		myhostname = client.test
		relayhost = [127.0.0.1]:$PORT
		virtual_mailbox_domains = client.test
		virtual_mailbox_maps = static:returned/
		$(printf '%s\n' "$@")
	EOT
}

postfix() {
	local command=$1
	shift
	peer "/usr/sbin/$command" "$@"
}

# Usage: send RECIPIENT... <MESSAGE
send() {
	postfix sendmail -i -C /mnt/config -f sender@client.test "$@"
}

queue() {
	postfix postqueue -c /mnt/config -j
}

queue_is_empty() {
	[[ -z $(find "$PEER_DIR/queue/maildrop" -type f) && -z $(queue) ]]
}

queue_has() {
	queue | grep -qF "$1"
}

message_is_deferred() {
	[[ -n $(find "$PEER_DIR/queue/deferred" -type f) ]]
}

# Postfix puts one header before those of the message.
assert_relayed() {
	local relayed=$BATS_TEST_TMPDIR/relayed
	without_trace "$(messages_of "$2")" |
		sed -e '1{/^Received: by client\.test (Postfix,/d}' \
			-e '/^\tid .*[0-9]\{4\} (UTC)$/d' >"$relayed"
	cmp "$relayed" "$1"
}

@test "Postfix delivers to good recipients and returns to the sender for bad ones" {
	start_server TARPITDELAY=0.5
	start_sender
	send alice@example.org bob@example.org nobody@example.org \
		mallory@example.org stranger@example.com <"$MESSAGE"
	wait_until 30 returned_is 1
	wait_until 10 queue_is_empty
	assert_relayed "$MESSAGE" alice@example.org
	assert_relayed "$MESSAGE" bob@example.org
	run returned
	assert_line 'Final-Recipient: rfc822; nobody@example.org'
	assert_line 'Diagnostic-Code: smtp; 550 5.1.1 No such user here'
	assert_line 'Final-Recipient: rfc822; mallory@example.org'
	assert_line 'Diagnostic-Code: smtp; 550 5.7.1 Recipient accepts no mail'
	assert_line 'Final-Recipient: rfc822; stranger@example.com'
	assert_line 'Diagnostic-Code: smtp; 554 5.7.1 Relaying denied'
	assert_equal "$(messages | wc -l)" 2
}

@test "Postfix sends a message in UTF-8 to an address in UTF-8" {
	start_server
	start_sender
	cat >"$BATS_TEST_TMPDIR/utf8" <<-'EOT'
		From: Jörg <jörg@client.test>
		To: Jürgen <jürgen@example.org>
		Date: Sat, 21 Nov 2026 10:00:00 +0000
		Message-ID: <2@client.test>
		Subject: 漢字, čeština, Ελληνικά

		Grüße
	EOT
	send jürgen@example.org <"$BATS_TEST_TMPDIR/utf8"
	wait_until 20 delivered_to jürgen@example.org
	wait_until 10 queue_is_empty
	assert_relayed "$BATS_TEST_TMPDIR/utf8" jürgen@example.org
	assert_equal "$(messages | wc -l)" 1
}

@test "Postfix keeps a message while recipients cannot be checked" {
	start_server
	start_sender
	mv "$CDB" "$CDB.away"
	send alice@example.org nobody@example.org <"$MESSAGE"
	wait_until 20 queue_has '451 4.3.0 Cannot check recipients now'
	assert_nothing_delivered
	wait_until 10 message_is_deferred
	mv "$CDB.away" "$CDB"
	postfix postqueue -c /mnt/config -f
	wait_until 20 returned_is 1
	wait_until 10 queue_is_empty
	assert_relayed "$MESSAGE" alice@example.org
	run returned
	assert_line 'Final-Recipient: rfc822; nobody@example.org'
	refute_line 'Final-Recipient: rfc822; alice@example.org'
}

# It connects once for each try, and never falls back to plain text.
@test "Postfix that must have TLS has it" {
	KEYS=$PEER_DIR/keys
	make_key_pair "$KEYS"
	start_tls
	start_server TARPITDELAY=0.5 "SMTPD_TLS_SOCKET=$TLS_SOCKET"
	start_sender 'smtp_tls_security_level = encrypt' 'smtp_tls_loglevel = 1'
	send alice@example.org nobody@example.org <"$MESSAGE"
	wait_until 30 returned_is 1
	wait_until 10 queue_is_empty
	assert_relayed "$MESSAGE" alice@example.org
	grep -q $'^\tby mx.example.org with ESMTPS (TLSv1.3 ' \
		"$(messages_of alice@example.org)"
	grep -q 'TLS connection established to 127.0.0.1.*TLSv1.3' \
		"$PEER_DIR/log"
	run returned
	assert_line 'Diagnostic-Code: smtp; 550 5.1.1 No such user here'
}

@test "Postfix that must have TLS waits until it is there" {
	KEYS=$PEER_DIR/keys
	make_key_pair "$KEYS"
	stand_in end
	start_server "SMTPD_TLS_SOCKET=$TLS_SOCKET"
	start_sender 'smtp_tls_security_level = encrypt'
	send alice@example.org <"$MESSAGE"
	wait_until 30 queue_has '454 4.7.0 TLS is not available now'
	wait_until 10 message_is_deferred
	assert_nothing_delivered
	stop_tls
	rm "$TLS_SOCKET" "$TLS_LOG"
	start_tls
	postfix postqueue -c /mnt/config -f
	wait_until 30 queue_is_empty
	assert_relayed "$MESSAGE" alice@example.org
}

@test "1,000 messages over 20 sessions of smtp-source are all delivered" {
	start_server
	cp "$MESSAGE" "$PEER_DIR/message"
	# Each to a recipient of its own, 1user to 1000user.
	peer /usr/sbin/smtp-source -d -m 1000 -s 20 -N -M client.test \
		-f sender@client.test -t user@example.net \
		-F /mnt/message "127.0.0.1:$PORT"
	cd "$MAIL/example.net"
	local files=(*/new/*)
	run printf '%s\n' "${files[@]%%/*}"
	assert_output "$(printf '%suser\n' {1..1000} | sort)"
	# It adds an empty line.
	echo >>"$PEER_DIR/message"
	without_trace "${files[@]}" |
		cmp - <(yes "$PEER_DIR/message" | head -n 1000 | xargs cat)
}
