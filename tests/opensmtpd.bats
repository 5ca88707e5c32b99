#!/usr/bin/env bats
# OpenSMTPD as the server that sends.

load common
load server
load delivered
load peer

setup() {
	export PEER=opensmtpd
	PEER_DIR=$BATS_TEST_TMPDIR/opensmtpd
	mkdir -p "$PEER_DIR"
	hard_message >"$PEER_DIR/message"
	start_server TARPITDELAY=0.5
	configure_opensmtpd
}

teardown() {
	stop_server
}

# OpenSMTPD sends all mail to the handler but that to sender@client.test, which
# it keeps in a Maildir.
configure_opensmtpd() {
	cat >"$PEER_DIR/smtpd.conf" <<-EOT
		table users { "sender@client.test" = "nobody" }
		listen on socket
		action "returned" maildir "/mnt/returned" virtual <users>
		action "handler" relay host "smtp://127.0.0.1:$PORT" \
			helo "client.test"
		match from any for domain "client.test" action "returned"
		match from any for any action "handler"
	EOT
}

# Usage: send RECIPIENT... <MESSAGE
# Returns when the queue is empty again.
send() {
	# shellcheck disable=SC2016 # for the shell there
	peer timeout 30 sh -ec '
		chgrp opensmtpq /usr/sbin/smtpctl
		chmod g+s /usr/sbin/smtpctl
		mkdir -p /mnt/returned /var/spool/smtpd
		chmod 711 /var/spool/smtpd
		chown nobody /mnt/returned
		/usr/sbin/smtpd -d -f /mnt/smtpd.conf >/mnt/log 2>&1 &
		until smtpctl show status >/dev/null 2>&1; do
			sleep 0.05
		done
		/usr/sbin/sendmail -i -f sender@client.test "$@"
		until queue=$(smtpctl show queue) && [ -z "$queue" ]; do
			sleep 0.05
		done
	' sh "$@"
}

@test "OpenSMTPD delivers to good recipients and returns to the sender for bad ones" {
	send alice@example.org nobody@example.org <"$PEER_DIR/message"
	# One header of its own comes before those of the message.
	without_trace "$(messages_of alice@example.org)" |
		sed '/^Received: from localhost/,/^From:/{/^From:/!d}' |
		cmp - "$PEER_DIR/message"
	assert_equal "$(messages | wc -l)" 1
	returned_is 1
	run returned
	assert_output --partial 'nobody@example.org: 550 5.1.1 No such user here'
}
