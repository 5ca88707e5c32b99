#!/usr/bin/env bats
# Exim as the server that sends.

load common
load server
load delivered
load peer
load tls
load starttls

setup() {
	export PEER=exim4-daemon-light
	PEER_DIR=$BATS_TEST_TMPDIR/exim
	mkdir -p "$PEER_DIR"
	MESSAGE=$BATS_TEST_TMPDIR/message
	hard_message >"$MESSAGE"
}

teardown() {
	stop_server
	stop_tls
}

# Exim sends all mail to the handler but that to sender@client.test, which it
# keeps in a Maildir. Arguments are more lines for the transport.
configure_exim() {
	cat >"$PEER_DIR/exim.conf" <<-EOT
		spool_directory = /mnt/spool
		log_file_path = /mnt/log.%s
		primary_hostname = client.test
		never_users =
		untrusted_set_sender = *
		local_from_check = false

		begin routers
		returned:
		  driver = accept
		  domains = client.test
		  transport = maildir
		others:
		  driver = manualroute
		  transport = handler
		  route_list = * 127.0.0.1
		  self = send

		begin transports
		maildir:
		  driver = appendfile
		  maildir_format
		  directory = /mnt/returned
		  user = Debian-exim
		handler:
		  driver = smtp
		  port = $PORT
		  hosts_try_fastopen =
		$(printf '  %s\n' "$@")

		begin retry
		* * F,1h,1m
	EOT
}

# Usage: send RECIPIENT... <MESSAGE
send() {
	# The place of its configuration is built in, and so is the user.
	peer sh -ec '
		mkdir -p /mnt/spool /mnt/returned
		chown Debian-exim /mnt /mnt/spool /mnt/returned
		cp /mnt/exim.conf /etc/exim4/exim4.conf
		exec /usr/sbin/exim4 -i -odf -f sender@client.test "$@"
	' sh "$@"
}

@test "Exim delivers to good recipients and returns to the sender for bad ones" {
	start_server TARPITDELAY=0.5
	configure_exim
	send alice@example.org nobody@example.org <"$MESSAGE"
	returned_is 1
	assert_equal "$(find "$PEER_DIR/spool/input" -type f)" ''
	# One header of its own comes before those of the message.
	without_trace "$(messages_of alice@example.org)" |
		sed '/^Received: from root by client\.test/,/^From:/{/^From:/!d}' |
		cmp - "$MESSAGE"
	assert_equal "$(messages | wc -l)" 1
	run returned
	assert_line --partial 'nobody@example.org'
	assert_output --partial '550 5.1.1 No such user here'
}

@test "Exim that must have TLS has it" {
	KEYS=$PEER_DIR/keys
	make_key_pair "$KEYS"
	start_tls
	start_server TARPITDELAY=0.5 "SMTPD_TLS_SOCKET=$TLS_SOCKET"
	configure_exim 'hosts_require_tls = *'
	send alice@example.org nobody@example.org <"$MESSAGE"
	returned_is 1
	assert_equal "$(find "$PEER_DIR/spool/input" -type f)" ''
	grep -q $'^\tby mx.example.org with ESMTPS (TLSv1.[23] ' \
		"$(messages_of alice@example.org)"
	run returned
	assert_output --partial '550 5.1.1 No such user here'
}
