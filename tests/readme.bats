#!/usr/bin/env bats
# The configurations of the README, run as they stand there, but for ports and
# paths: the first are free ones, the second such as the peer shares with us.

load common
load server
load peer
load tls

setup() {
	PEER_DIR=$BATS_TEST_TMPDIR/peer
	mkdir -p "$PEER_DIR/kept"
	HOP_PORT=$(free_port)
}

machine() {
	"$root/tests/systemd-machine" "$1" "$BATS_TEST_TMPDIR/machine" "${@:2}"
}

teardown() {
	[[ ! -d $BATS_TEST_TMPDIR/machine ]] || machine end
	stop_server
	stop_peer
}

# Prints a block of the README: the first one behind a line that matches.
# Usage: block EXPRESSION
block() {
	awk -v behind="$1" '
		$0 ~ behind { found = 1 }
		found && /^```/ { if (inside) exit; inside = 1; next }
		inside' "$root/README.md"
}

# The settings of a block, with the substitution of sed.
settings() {
	mapfile -t SETTINGS < <(awk -v behind="$1" '
		$0 ~ behind { found = 1 }
		found && /^SMTPD_/ { print; any = 1 }
		any && /^```/ { exit }' "$root/README.md" | sed "$2")
	assert [ "${#SETTINGS[@]}" -gt 0 ]
}

kept() {
	[[ -n $(find "$PEER_DIR/kept" -path '*alice*/new/*' -type f) ]]
}

assert_delivers() {
	start_server "${SETTINGS[@]}"
	talk "${SETTINGS[@]}" <<-EOT
		$to_data
		C: Subject: test
		C: 
		C: text
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	wait_until 20 kept
}

@test "Dovecot takes mail with the configuration of the README" {
	block '^\*\*Dovecot\*\*' | sed -e 's|unix_listener tarpit-lmtp|unix_listener /mnt/lmtp|' \
		-e 's/user = tarpit-smtpd/user = root/' >"$PEER_DIR/local.conf"
	grep -q /mnt/lmtp "$PEER_DIR/local.conf"
	cat >"$PEER_DIR/dovecot.conf" <<-'EOT'
		log_path = /mnt/log
		ssl = no
		default_login_user = nobody
		default_internal_user = mail
		default_internal_group = mail
		first_valid_uid = 1
		mail_location = maildir:/mnt/kept/%n
		mail_uid = daemon
		mail_gid = daemon
		passdb {
		  driver = static
		}
		userdb {
		  driver = static
		  args = home=/nonexistent allow_all_users=yes
		}
		protocols =
		!include /mnt/local.conf
	EOT
	chmod 777 "$PEER_DIR" "$PEER_DIR/kept"
	PEER=dovecot-lmtpd
	start_peer /usr/sbin/dovecot -F -c /mnt/dovecot.conf
	wait_until 30 test -S "$PEER_DIR/lmtp"
	settings '^\*\*Dovecot\*\*' "s|/run/dovecot/tarpit-lmtp|$PEER_DIR/lmtp|"
	assert_delivers
}

@test "Dovecot knows passwords with the configuration of the README" {
	load auth
	write_auth_conf
	block '^## Authentication' | sed -e 's|unix_listener tarpit-auth|unix_listener /mnt/auth|' \
		-e 's/user = tarpit-smtpd/user = root/' >"$PEER_DIR/local.conf"
	grep -q /mnt/auth "$PEER_DIR/local.conf"
	sed -i '/^service auth {/,$d' "$PEER_DIR/dovecot.conf"
	echo '!include /mnt/local.conf' >>"$PEER_DIR/dovecot.conf"
	start_auth
	settings '^## Authentication' "s|/run/dovecot/tarpit-auth|$PEER_DIR/auth|"
	prepare
	talk "${SETTINGS[@]}" SMTPD_AUTH_PLAINTEXT=yes \
		"SMTPD_DELIVERY=qmail-queue:$root/tests/queue-program" <<-EOT
		$ehlo_auth
		$need_auth
		C: AUTH PLAIN $good
		$succeeded
		$mail
		C: RCPT TO:<someone@elsewhere.example>
		S: 250 2.1.5 Recipient OK
		$quit
	EOT
}

@test "Postfix takes mail with the configuration of the README" {
	local service
	service=$(block '^\*\*Postfix\*\*' | sed "s/10025/$HOP_PORT/")
	[[ $service == *"$HOP_PORT"* ]]
	start_postfix "$service" <<-'EOT'
		myhostname = hop.test
		virtual_mailbox_domains = example.org
		virtual_mailbox_maps = inline:{alice@example.org=kept/alice/}
	EOT
	settings '^\*\*Postfix\*\*' "s/10025/$HOP_PORT/"
	assert_delivers
	grep -qF 'client=unknown[192.0.2.1]' "$PEER_DIR/log"
}

# The settings of a connector's file, be they commented out or not, that decide
# for whom the next hop sends mail on.
relay_settings() {
	sed -nE 's/^#?((RELAYCLIENT|SMTPD_XCLIENT)=)/\1/p' "$root/units/$1"
}

# Usage: foreign REPLY [SETTING]...
foreign() {
	talk "${SETTINGS[@]}" RELAYCLIENT= "${@:2}" <<-EOT
		$ehlo
		$mail
		C: RCPT TO:<someone@elsewhere.example>
		S: $1
		$quit
	EOT
}

@test "Postfix sends on what comes to the connectors that may send anywhere" {
	local file own
	start_postfix "$(block '^\*\*Postfix\*\*' | sed "s/10025/$HOP_PORT/")" \
		<<<'myhostname = hop.test'
	settings '^\*\*Postfix\*\*' "s/10025/$HOP_PORT/"
	prepare
	foreign '451 4.4.1 Next hop does not answer now'
	grep -qF 'unknown[192.0.2.1]: 454 4.7.1' "$PEER_DIR/log"
	for file in tarpit-smtpd-submission.environment \
		connectors/tarpit-smtpd-internal.environment; do
		mapfile -t own < <(relay_settings "$file")
		foreign '250 2.1.5 Recipient OK' "${own[@]}"
	done
}

# Runs a block of the README as root, on a machine.
run_block() {
	block "$1" >"$BATS_TEST_TMPDIR/block"
	assert [ -s "$BATS_TEST_TMPDIR/block" ]
	machine run sh -ex <"$BATS_TEST_TMPDIR/block"
}

# Connects as the README says, but to this machine.
starttls() {
	block 'See it work from elsewhere' |
		sed 's/mx\.example\.org:25/127.0.0.1:25/' >"$BATS_TEST_TMPDIR/block"
	machine network sh "$BATS_TEST_TMPDIR/block" <<<QUIT 2>&1
}

@test "TLS is there after the commands of the README" {
	local files=$BATS_TEST_TMPDIR/machine/root live
	machine prepare
	make -s -C "$root" install DESTDIR="$files"
	machine boot
	machine run systemd-sysusers
	machine run systemd-tmpfiles --create
	machine run systemctl daemon-reload
	machine run systemctl enable --now --quiet tarpit-smtpd.socket
	live=$files/etc/letsencrypt/live/mx.example.org
	make_key_pair "$live"
	mv "$live/certificate.pem" "$live/fullchain.pem"
	mv "$live/key.pem" "$live/privkey.pem"
	run_block '^## TLS'
	run_block '^See that the two are good'
	run starttls
	assert_line --partial 'subject=CN = mx.example.org'
	assert_line --partial 'New, TLSv1.3'

	rm "$files"/etc/tarpit-smtpd/tls/*
	run_block 'in place of the two links'
	assert_equal "$(stat -c %a "$files/etc/tarpit-smtpd/tls/key.pem")" 600
	run starttls
	assert_line --partial 'New, TLSv1.3'
	assert_line --partial '2048 bit'
}
