# Dovecot's authentication service, and parts of dialogues with it. $PEER_DIR is
# the directory that it shares with the test.

# alice's password is right from everywhere, bob's from 192.0.2.1 alone. Without
# its penalty Dovecot answers at once, though passwords were wrong before.
write_auth_conf() {
	chmod 755 "$PEER_DIR"
	cat >"$PEER_DIR/users" <<-'EOT'
		alice:{PLAIN}s3cret-pa55word
		bob:{PLAIN}b0bs-passw0rd::::::allow_nets=192.0.2.1
	EOT
	chmod 644 "$PEER_DIR/users"
	cat >"$PEER_DIR/dovecot.conf" <<-'EOT'
		base_dir = /run/dovecot
		log_path = /mnt/dovecot.log
		protocols =
		ssl = no
		disable_plaintext_auth = no
		default_login_user = nobody
		default_internal_user = mail
		default_internal_group = mail
		first_valid_uid = 1
		auth_mechanisms = plain
		auth_failure_delay = 0
		auth_debug = yes
		passdb {
		  driver = passwd-file
		  args = username_format=%u /mnt/users
		}
		userdb {
		  driver = static
		  args = uid=daemon gid=daemon home=/nonexistent
		}
		service auth {
		  unix_listener /mnt/auth {
		    mode = 0666
		  }
		}
		service anvil {
		  unix_listener anvil-auth-penalty {
		    mode = 0
		  }
		}
	EOT
}

# Starts it; it listens at $PEER_DIR/auth.
start_auth() {
	PEER=dovecot-imapd
	start_peer /usr/sbin/dovecot -F -c /mnt/dovecot.conf
	wait_until 30 answers_auth
}

# Whether somebody listens there.
answers_auth() {
	python3 - "$PEER_DIR/auth" 2>/dev/null <<-'EOT'
		import socket
		import sys
		service = socket.socket(socket.AF_UNIX)
		service.connect(sys.argv[1])
		service.settimeout(5)
		service.sendall(b"VERSION\t1\t1\nCPID\t1\n")
		assert service.recv(1)
	EOT
}

# The message of PLAIN, in base 64.
# Usage: plain USER PASSWORD [WHO-TO-ACT-AS]
plain() {
	printf '%s\0%s\0%s' "${3-}" "$1" "$2" | base64 -w 0
}

base64_of() {
	printf '%s' "$1" | base64 -w 0
}

# Parts of transcripts; the words for alice and her password.
good=$(plain alice s3cret-pa55word)
bad=$(plain alice wrong-pa55word)
login_user=$(base64_of alice)
login_password=$(base64_of s3cret-pa55word)
ehlo_auth=${ehlo/250 ENHANCED/250-ENHANCED}
ehlo_auth+=$'\nS: 250 AUTH PLAIN LOGIN'
succeeded='S: 235 2.7.0 Authentication succeeded'
refused='S: 535 5.7.8 Authentication credentials invalid'
need_auth='C: MAIL FROM:<sender@example.net>
S: 530 5.7.0 Authentication required'
cannot_tell='S: 454 4.7.0 Temporary authentication failure'
authenticated="$ehlo_auth
C: AUTH PLAIN $good
$succeeded"
export good bad login_user login_password ehlo_auth succeeded refused \
	need_auth cannot_tell authenticated
