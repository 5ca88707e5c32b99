#!/usr/bin/env bats
# What is delivered to a Maildir, read over IMAP by Dovecot.

load common
load peer

setup() {
	prepare
	PEER=dovecot-imapd
	PEER_DIR=$BATS_TEST_TMPDIR
	PORT=$(free_port)
	cat >"$PEER_DIR/dovecot.conf" <<-EOT
		base_dir = /run/dovecot
		log_path = /mnt/dovecot.log
		protocols = imap
		ssl = no
		disable_plaintext_auth = no
		default_login_user = nobody
		default_internal_user = mail
		default_internal_group = mail
		first_valid_uid = 1
		mail_location = maildir:/mnt/mail/%d/%n
		mail_uid = daemon
		mail_gid = daemon
		passdb {
		  driver = static
		  args = password=secret
		}
		userdb {
		  driver = static
		  args = home=/nonexistent
		}
		service imap-login {
		  inet_listener imap {
		    address = 127.0.0.1
		    port = $PORT
		  }
		}
	EOT
}

teardown() {
	stop_peer
}

# Prints the one message in a user's INBOX, as IMAP gives it.
fetch_message() {
	python3 - "$PORT" "$1" <<-'EOT'
		import imaplib
		import sys
		port, user = sys.argv[1:]
		imap = imaplib.IMAP4("127.0.0.1", int(port), timeout=20)
		imap.login(user, "secret")
		status, count = imap.select("INBOX")
		assert (status, count) == ("OK", [b"1"]), (status, count)
		status, found = imap.fetch("1", "(FLAGS BODY.PEEK[])")
		assert b"\\Recent" in found[0][0], found
		sys.stdout.buffer.write(found[0][1])
		imap.logout()
	EOT
}

@test "Dovecot shows a delivered message to each recipient" {
	talk <<-EOT
		$ehlo
		$mail
		$rcpt
		C: RCPT TO:<Bob+list@example.org>
		S: 250 2.1.5 Recipient OK
		$data
		C: Subject: hello
		C: 
		C: ..dot
		C: \xc3\xbc
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	# Dovecot reads no mail as root, which the handler is here.
	chmod 711 "$PEER_DIR"
	chown -R daemon:daemon "$MAIL"
	start_peer /usr/sbin/dovecot -F -c /mnt/dovecot.conf
	wait_until 30 listens "$PORT"
	for user in alice bob; do
		fetch_message "$user@example.org" \
			>"$BATS_TEST_TMPDIR/fetched"
		sed 's/$/\r/' "$MAIL/example.org/$user"/cur/* |
			cmp - "$BATS_TEST_TMPDIR/fetched"
	done
	tail -n 4 "$BATS_TEST_TMPDIR/fetched" |
		cmp - <(printf 'Subject: hello\r\n\r\n.dot\r\n\xc3\xbc\r\n')
}
