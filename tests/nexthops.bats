#!/usr/bin/env bats
# Mail servers of other makers as the next hop.

load common
load server
load peer

setup() {
	PEER_DIR=$BATS_TEST_TMPDIR/peer
	KEPT=$PEER_DIR/kept
	mkdir -p "$KEPT"
	HOP_PORT=$(free_port)
	load delivered
	hard_message >"$BATS_TEST_TMPDIR/message"
}

teardown() {
	stop_server
	stop_peer
}

# Sends a file with LF line ends over one connection, once for each argument,
# which is a list of recipients; prints every answer as "WHAT CODE TEXT".
# Usage: send FILE 'RECIPIENT...'...
send() {
	python3 - "$PORT" "$@" <<-'EOT'
		import smtplib
		import sys
		port, path, *lists = sys.argv[1:]
		smtp = smtplib.SMTP("127.0.0.1", int(port), timeout=60)
		smtp.ehlo("client.test")
		text = open(path, "rb").read().replace(b"\n", b"\r\n")
		def say(what, answer):
		    print(what, answer[0], answer[1].decode())
		for recipients in lists:
		    smtp.mail("sender@client.test", ["BODY=8BITMIME"])
		    for recipient in recipients.split():
		        say(recipient, smtp.rcpt(recipient))
		    say("text", smtp.data(text))
		smtp.quit()
	EOT
}

# The messages that the next hop keeps for somebody.
kept() {
	find "$KEPT" -path "*$1*/new/*" -type f
}

kept_count_is() {
	[[ $(find "$KEPT" -path '*/new/*' -type f | wc -l) == "$1" ]]
}

# Fails unless somebody has one message, whose end is a file's octets.
assert_kept() {
	local files
	mapfile -t files < <(kept "$1")
	assert_equal "${#files[@]}" 1
	tr -d '\r' <"${files[0]}" | tail -c "$(stat -c %s "$2")" | cmp - "$2"
}

# A message with what might be read as its end by a server that cuts long
# lines, and a second message behind it.
deceptive_message() {
	local length
	printf 'Subject: one\n\n'
	for length in 510 511 512 997 998 999 1000 1022 1023 1024 2046 2047 \
		2048 2049 4095 4096 4097 8191 8192 16384; do
		printf '%0*d.\n' "$length" 0
		printf 'MAIL FROM:<x@client.test>\nRCPT TO:<alice@example.org>\n'
		printf 'DATA\nSubject: two\n\n.\n..\n'
	done
}

# What every next hop must do. Its recipients are alice and bob; carol it does
# not know, in these words.
# Usage: assert_hands_on EXPRESSION
assert_hands_on() {
	local message=$BATS_TEST_TMPDIR/message
	run send "$message" 'alice@example.org bob@example.org' \
		'carol@example.org alice@example.org'
	assert_success
	assert_line --index 0 'alice@example.org 250 2.1.5 Recipient OK'
	assert_line --index 1 'bob@example.org 250 2.1.5 Recipient OK'
	assert_line --index 2 'text 250 2.0.0 Message accepted'
	assert_line --regexp "^carol@example.org $1"
	assert_line --index -2 'alice@example.org 250 2.1.5 Recipient OK'
	assert_line --index -1 'text 250 2.0.0 Message accepted'
	wait_until 20 kept_count_is 3
	assert_kept bob "$message"
	rm "$KEPT"/*/new/* "$KEPT"/*/*/new/* 2>/dev/null || true
	wait_until 5 kept_count_is 0
	deceptive_message >"$BATS_TEST_TMPDIR/deceptive"
	send "$BATS_TEST_TMPDIR/deceptive" alice@example.org
	wait_until 20 kept_count_is 1
	# Nothing is on its way any more when another one has come.
	send "$message" bob@example.org
	wait_until 20 kept_count_is 2
	assert_equal "$(kept bob | wc -l)" 1
	grep -q '^accepted: .*next_hop_reply="250 ' "$LOG"
}

start_dovecot() {
	configure_dovecot "$HOP_PORT" <<-'EOT'
		mail_plugins = quota
		plugin {
		  quota = maildir:User quota
		}
		userdb {
		  driver = passwd-file
		  args = /mnt/users
		}
		service lmtp {
		  unix_listener /mnt/lmtp {
		    mode = 0666
		  }
		}
	EOT
	printf '%s@example.org::::::\n' alice bob >"$PEER_DIR/users"
	echo 'user@example.org:::::::userdb_quota_rule=*:bytes=1' \
		>>"$PEER_DIR/users"
	PEER=dovecot-lmtpd
	start_peer /usr/sbin/dovecot -F -c /mnt/dovecot.conf
	wait_until 30 listens "$HOP_PORT"
}

@test "Dovecot takes messages by LMTP over a local socket" {
	start_dovecot
	start_server "SMTPD_DELIVERY=lmtp:unix:$PEER_DIR/lmtp"
	assert_hands_on \
		"550 5.1.1 <carol@example.org> User doesn't exist: carol@example.org"
}

@test "Dovecot takes messages by LMTP over TCP" {
	start_dovecot
	start_server "SMTPD_DELIVERY=lmtp:127.0.0.1:$HOP_PORT"
	assert_hands_on \
		"550 5.1.1 <carol@example.org> User doesn't exist: carol@example.org"
}

@test "Dovecot refuses a message for one of two, who is named" {
	start_dovecot
	start_server "SMTPD_DELIVERY=lmtp:unix:$PEER_DIR/lmtp"
	run send "$BATS_TEST_TMPDIR/message" 'alice@example.org user@example.org'
	assert_line --index -1 --regexp \
		'^text 552 5\.2\.2 <user@example\.org> .*Quota exceeded'
	assert_kept alice "$BATS_TEST_TMPDIR/message"
	kept_count_is 1
}

# Usage: start_next_postfix [NAME=VALUE of main.cf]...
start_next_postfix() {
	start_postfix "127.0.0.1:$HOP_PORT inet n - n - - smtpd" \
		'local-smtp unix n - n - - smtpd' <<-EOT
			myhostname = hop.test
			virtual_mailbox_domains = example.org
			virtual_mailbox_maps = inline:{
			 {alice@example.org=kept/alice/}, {bob@example.org=kept/bob/}}
			smtpd_authorized_xclient_hosts = 127.0.0.1
			$(printf '%s\n' "$@")
		EOT
}

@test "Postfix takes messages by SMTP" {
	start_next_postfix
	start_server "SMTPD_DELIVERY=smtp:127.0.0.1:$HOP_PORT"
	assert_hands_on '550 5.1.1 <carol@example.org>: Recipient address rejected'
}

@test "Postfix takes messages by SMTP over a local socket" {
	start_next_postfix
	start_server "SMTPD_DELIVERY=smtp:unix:$PEER_DIR/queue/public/local-smtp"
	assert_hands_on '550 5.1.1 <carol@example.org>: Recipient address rejected'
}

@test "Postfix learns by XCLIENT who the client is" {
	start_next_postfix \
		'smtpd_client_restrictions = check_client_access cidr:/mnt/clients'
	echo '127.0.0.0/8 REJECT not by our own address' >"$PEER_DIR/clients"
	start_server "SMTPD_DELIVERY=smtp:127.0.0.1:$HOP_PORT"
	run send "$BATS_TEST_TMPDIR/message" alice@example.org
	assert_line --regexp '^alice@example.org 554 5.7.1 .* not by our own'
	stop_server
	start_server SMTPD_XCLIENT=yes \
		"SMTPD_DELIVERY=smtp:127.0.0.1:$HOP_PORT" REMOTE_ADDR=192.0.2.1
	run talk SMTPD_XCLIENT=yes \
		"SMTPD_DELIVERY=smtp:127.0.0.1:$HOP_PORT" <<-EOT
			$to_data
			C: Subject: test
			C: 
			C: .
			S: 250 2.0.0 Message accepted
			$quit
		EOT
	assert_success
	run cat "$PEER_DIR/log"
	assert_output --partial 'client=unknown[192.0.2.1]'
}

@test "Postfix refuses a message that is too large before it is sent" {
	start_next_postfix message_size_limit=5000
	start_server "SMTPD_DELIVERY=smtp:127.0.0.1:$HOP_PORT"
	talk "SMTPD_DELIVERY=smtp:127.0.0.1:$HOP_PORT" <<-EOT
		$ehlo
		C: MAIL FROM:<sender@example.net> SIZE=6000
		S: 250 2.1.0 Sender OK
		C: RCPT TO:<alice@example.org>
		S: 552 5.3.4 Message size exceeds fixed limit
		C: RSET
		S: 250 2.0.0 OK
		$mail
		$rcpt
		$data
		@repeat 200 C: 0123456789012345678901234567890123456789
		C: .
		S: 552 5.3.4 Error: message file too big
		$quit
	EOT
}

@test "OpenSMTPD takes messages by SMTP" {
	cat >"$PEER_DIR/smtpd.conf" <<-EOT
		table users { "alice@example.org" = "nobody", \
			"bob@example.org" = "daemon" }
		listen on 127.0.0.1 port $HOP_PORT hostname hop.test
		action "keep" maildir "/mnt/kept/%{rcpt.user}" virtual <users>
		match from any for domain "example.org" action "keep"
	EOT
	chmod 777 "$KEPT"
	PEER=opensmtpd
	start_peer sh -ec '
		mkdir -p /var/spool/smtpd
		chmod 711 /var/spool/smtpd
		exec /usr/sbin/smtpd -d -f /mnt/smtpd.conf
	'
	wait_until 30 listens "$HOP_PORT"
	start_server "SMTPD_DELIVERY=smtp:127.0.0.1:$HOP_PORT"
	assert_hands_on '524 5.2.4 Mailing list expansion problem'
}

@test "Exim takes messages by SMTP" {
	cat >"$PEER_DIR/exim.conf" <<-EOT
		spool_directory = /mnt/spool
		log_file_path = /mnt/log.%s
		primary_hostname = hop.test
		daemon_smtp_ports = $HOP_PORT
		local_interfaces = 127.0.0.1
		never_users =
		acl_smtp_rcpt = check
		acl_smtp_data = take

		begin acl
		check:
		  accept recipients = alice@example.org : bob@example.org
		  deny message = no such user there

		take:
		  accept

		begin routers
		keep:
		  driver = accept
		  transport = maildir

		begin transports
		maildir:
		  driver = appendfile
		  maildir_format
		  directory = /mnt/kept/\$local_part_data
		  user = Debian-exim
	EOT
	sed -i 's/^  driver = accept/&\n  local_parts = alice : bob/' \
		"$PEER_DIR/exim.conf"
	PEER=exim4-daemon-light
	start_peer sh -ec '
		mkdir -p /mnt/spool
		chown Debian-exim /mnt /mnt/spool /mnt/kept
		cp /mnt/exim.conf /etc/exim4/exim4.conf
		exec /usr/sbin/exim4 -bdf -q1h
	'
	wait_until 30 listens "$HOP_PORT"
	start_server "SMTPD_DELIVERY=smtp:127.0.0.1:$HOP_PORT"
	assert_hands_on '550 5.0.0 no such user there'
}
