#!/usr/bin/env bats
# Real clients that authenticate, by PLAIN and by LOGIN, and are refused with a
# wrong password. Without authentication nobody sends here.

load common
load server
load delivered
load peer
load auth

setup_file() {
	export MESSAGE=$BATS_FILE_TMPDIR/message
	hard_message >"$MESSAGE"
	export PEER_DIR=$BATS_FILE_TMPDIR/dovecot PEER_PROCESS
	mkdir -p "$PEER_DIR"
	write_auth_conf
	start_auth
}

teardown_file() {
	BATS_TEST_COMPLETED=1
	stop_peer
}

setup() {
	start_server TARPITDELAY=0.5 "SMTPD_AUTH_SOCKET=$PEER_DIR/auth" \
		SMTPD_AUTH_PLAINTEXT=yes SMTPD_REQUIRE_AUTH=yes
}

teardown() {
	stop_server
}

accepted() {
	grep '^accepted: .* smtp_user=alice ' "$LOG"
}

# Fails unless a client delivers with the right password and, by the delay, is
# refused with a wrong one.
# Usage: needs_password COMMAND...
needs_password() {
	refused_after 0.5 "$@" wrong-pa55word
	assert_nothing_delivered
	"$@" s3cret-pa55word
	assert_delivered "$MESSAGE" alice@example.org
	wait_until 10 accepted
	grep -rh 'with ESMTPA' "$MAIL"
}

# It adds a line end.
send_with_swaks() {
	head -c -1 "$MESSAGE" >"$BATS_TEST_TMPDIR/data"
	swaks --server "127.0.0.1:$PORT" --helo client.test \
		--from sender@client.test --to alice@example.org \
		--auth "$1" --auth-user alice --auth-password "$2" \
		--data "@$BATS_TEST_TMPDIR/data"
}

@test "swaks authenticates by PLAIN" {
	needs_password send_with_swaks PLAIN
}

@test "swaks authenticates by LOGIN" {
	needs_password send_with_swaks LOGIN
}

send_with_msmtp() {
	msmtp --host=127.0.0.1 --port="$PORT" --tls=off --auth="$1" \
		--user=alice --passwordeval="echo $2" --domain=client.test \
		--from=sender@client.test alice@example.org <"$MESSAGE"
}

@test "msmtp authenticates by PLAIN" {
	needs_password send_with_msmtp plain
}

@test "msmtp authenticates by LOGIN" {
	needs_password send_with_msmtp login
}

send_with_curl() {
	curl --silent --show-error --verbose --crlf \
		--url "smtp://127.0.0.1:$PORT/client.test" \
		--login-options "AUTH=$1" "${@:2:$#-2}" --user "alice:${!#}" \
		--mail-from sender@client.test --mail-rcpt alice@example.org \
		--upload-file "$MESSAGE"
}

@test "curl authenticates by PLAIN" {
	needs_password send_with_curl PLAIN
}

@test "curl authenticates by PLAIN with an initial response" {
	needs_password send_with_curl PLAIN --sasl-ir
}

@test "curl authenticates by LOGIN" {
	needs_password send_with_curl LOGIN
}

# Usage: send_with_smtplib auth_plain|auth_login yes|no PASSWORD
send_with_smtplib() {
	python3 - "$PORT" "$MESSAGE" "$@" <<-'EOT'
		import smtplib, sys
		port, path, method, initial, password = sys.argv[1:]
		with open(path, "rb") as file:
		    text = file.read().replace(b"\n", b"\r\n")
		with smtplib.SMTP("127.0.0.1", int(port), "client.test") as smtp:
		    smtp.ehlo()
		    assert smtp.esmtp_features["auth"].split() == ["PLAIN", "LOGIN"]
		    smtp.user, smtp.password = "alice", password
		    smtp.auth(method[5:].upper(), getattr(smtp, method),
		              initial_response_ok=initial == "yes")
		    smtp.sendmail("sender@client.test", ["alice@example.org"], text,
		                  ["BODY=8BITMIME", "AUTH=<>"])
	EOT
}

@test "Python's smtplib authenticates by PLAIN" {
	needs_password send_with_smtplib auth_plain yes
}

@test "Python's smtplib authenticates by LOGIN" {
	needs_password send_with_smtplib auth_login no
}

@test "Python's smtplib authenticates by LOGIN with an initial response" {
	needs_password send_with_smtplib auth_login yes
}

# It makes the header itself and keeps what it sent.
send_with_s_nail() {
	s-nail -:/ -S v15-compat -S sendwait -S nosave \
		-S "mta=smtp://alice:$2@127.0.0.1:$PORT" -S "smtp-auth=$1" \
		-S hostname=client.test -S from=sender@client.test \
		-S ttycharset=utf-8 -S "record=$BATS_TEST_TMPDIR/record" \
		-s Subject alice@example.org <"$MESSAGE"
}

@test "s-nail authenticates by PLAIN and LOGIN" {
	local method
	for method in plain login; do
		refused_after 0.5 send_with_s_nail "$method" wrong-pa55word
		assert_nothing_delivered
		send_with_s_nail "$method" s3cret-pa55word
		grep -rh 'with ESMTPA' "$MAIL"
		rm -r "${MAIL:?}"/*
	done
}

# Usage: send_with_exim PLAIN|LOGIN WORDS PASSWORD
# In the words, PASSWORD stands for it.
send_with_exim() {
	local directory=$BATS_TEST_TMPDIR/exim
	rm -rf "$directory"
	mkdir "$directory"
	cat >"$directory/exim.conf" <<-EOT
		spool_directory = /mnt/spool
		log_file_path = /mnt/log.%s
		primary_hostname = client.test
		never_users =
		untrusted_set_sender = *
		local_from_check = false

		begin routers
		all:
		  driver = manualroute
		  transport = handler
		  route_list = * 127.0.0.1
		  self = send

		begin transports
		handler:
		  driver = smtp
		  port = $PORT
		  hosts_require_auth = *
		  hosts_try_fastopen =

		begin authenticators
		client:
		  driver = plaintext
		  public_name = $1
		  client_send = ${2/PASSWORD/$3}
	EOT
	PEER=exim4-daemon-light PEER_DIR=$directory peer sh -ec '
		mkdir -p /mnt/spool
		chown Debian-exim /mnt /mnt/spool
		cp /mnt/exim.conf /etc/exim4/exim4.conf
		exec /usr/sbin/exim4 -i -odf -f sender@client.test \
			alice@example.org
	' <"$MESSAGE"
	grep -F '=> alice@example.org' "$directory/log.main"
}

# It adds a header.
exim_needs_password() {
	run send_with_exim "$@" wrong-pa55word
	assert_failure
	assert_nothing_delivered
	send_with_exim "$@" s3cret-pa55word
	grep -rh 'with ESMTPA' "$MAIL"
}

@test "Exim authenticates by PLAIN" {
	exim_needs_password PLAIN '^alice^PASSWORD'
}

@test "Exim authenticates by LOGIN" {
	exim_needs_password LOGIN ': alice : PASSWORD'
}

# Prints how long the refusal of an unknown recipient takes for a client of this
# address, in tenths of a second.
# Usage: delay_of ADDRESS [PASSWORD]
delay_of() {
	python3 - "$PORT" "$@" <<-'EOT'
		import smtplib, sys, time
		port, address, *password = sys.argv[1:]
		with smtplib.SMTP("127.0.0.1", int(port), "client.test",
		                  source_address=(address, 0)) as smtp:
		    if password:
		        smtp.login("alice", password[0])
		    smtp.ehlo_or_helo_if_needed()
		    assert smtp.mail("sender@client.test")[0] == 250
		    begin = time.monotonic()
		    assert smtp.rcpt("info2019@example.org")[0] in (250, 550)
		    print(int((time.monotonic() - begin) * 10))
	EOT
}

@test "on one server, only anonymous clients are delayed" {
	local rules=$BATS_TEST_TMPDIR/rules settings
	stop_server
	echo '127.0.0.3:allow,RELAYCLIENT=""' |
		tcprules "$rules" "$rules.new"
	PORT=$(free_port)
	mapfile -t settings < <(handler_environment)
	env -i "${settings[@]}" TARPITDELAY=8 SMTPD_EXEMPT=127.0.0.2/32 \
		"SMTPD_AUTH_SOCKET=$PEER_DIR/auth" SMTPD_AUTH_PLAINTEXT=yes \
		tcpserver -RHl0 -x "$rules" 127.0.0.1 "$PORT" "$SMTPD" \
		</dev/null >>"$LOG" 2>&1 3>&- &
	SERVER=$!
	wait_until 20 delay_of 127.0.0.2
	run delay_of 127.0.0.1
	assert [ "$output" -ge 80 ]
	run delay_of 127.0.0.1 s3cret-pa55word
	assert [ "$output" -lt 80 ]
	run delay_of 127.0.0.2
	assert [ "$output" -lt 80 ]
	run delay_of 127.0.0.3
	assert [ "$output" -lt 80 ]
}
