#!/usr/bin/env bats
# Real clients that start TLS, or begin with it, and check the certificate.
# Sanitized: yes

load common
load server
load delivered
load tls
load starttls

setup_file() {
	load tls
	load delivered
	export KEYS=$BATS_FILE_TMPDIR/keys MESSAGE=$BATS_FILE_TMPDIR/message
	make_key_pair "$KEYS" mx.example.org ec \
		-pkeyopt ec_paramgen_curve:P-256 \
		-addext subjectAltName=DNS:mx.example.org,IP:127.0.0.1
	hard_message >"$MESSAGE"
}

setup() {
	start_tls
}

teardown() {
	stop_server
	stop_tls
}

# For STARTTLS.
server() {
	start_server "SMTPD_TLS_SOCKET=$TLS_SOCKET" TARPITDELAY=0.5
}

# Where TLS comes first.
server_with_tls_first() {
	start_server "SMTPD_TLS_SOCKET=$TLS_SOCKET" TARPITDELAY=0.5 \
		"SMTPD_TLS_PORTS=@PORT@"
}

# Usage: assert_encrypted ADDRESS [VERSION]
assert_encrypted() {
	grep -q $'^\tby mx.example.org with ESMTPS ('"${2-TLSv1.3} " \
		"$(messages_of "$1")"
}

# What a client says in TLS.
dialogue_of() {
	printf '%s\r\n' 'EHLO client.test' 'MAIL FROM:<sender@client.test>' \
		"RCPT TO:<$1>" DATA
	sed -e 's/^\./../' -e 's/$/\r/' "$MESSAGE"
	printf '.\r\nQUIT\r\n'
}

# Usage: send_with_openssl ADDRESS [OPTION]...
send_with_openssl() {
	dialogue_of "$1" | timeout 60 openssl s_client -quiet \
		-verify_return_error -CAfile "$KEYS/certificate.pem" \
		-connect "127.0.0.1:$PORT" "${@:2}"
}

@test "openssl s_client delivers" {
	server
	run send_with_openssl alice@example.org -starttls smtp
	assert_line --partial '221 2.0.0 Goodbye'
	assert_delivered "$MESSAGE" alice@example.org
	assert_encrypted alice@example.org
}

@test "openssl s_client delivers with TLS 1.2" {
	server
	run send_with_openssl alice@example.org -starttls smtp -tls1_2
	assert_line --partial '221 2.0.0 Goodbye'
	assert_delivered "$MESSAGE" alice@example.org
	assert_encrypted alice@example.org TLSv1.2
	grep -q '^session: .* tls_version=TLSv1.2 tls_cipher=ECDHE-' "$LOG"
}

@test "openssl s_client delivers where TLS comes first" {
	server_with_tls_first
	run send_with_openssl alice@example.org
	assert_line --partial '221 2.0.0 Goodbye'
	assert_delivered "$MESSAGE" alice@example.org
	assert_encrypted alice@example.org
}

@test "a client without a version in common is logged with the reason" {
	server
	run send_with_openssl alice@example.org -starttls smtp -tls1_1 \
		-cipher DEFAULT@SECLEVEL=0
	assert_failure
	wait_until 20 grep -q '^session: .* tls_error="unsupported protocol"' "$LOG"
	assert_nothing_delivered
}

@test "a client that does not trust the certificate is logged" {
	server
	make_key_pair "$BATS_TEST_TMPDIR/other" other.example ec \
		-pkeyopt ec_paramgen_curve:P-256
	run curl --silent --ssl-reqd --url "smtp://127.0.0.1:$PORT" \
		--cacert "$BATS_TEST_TMPDIR/other/certificate.pem"
	assert_failure 60
	wait_until 20 grep -q '^session: .* smtp_end="TLS failed" tls_error=' "$LOG"
}

# Usage: send_with_swaks ADDRESS OPTION...
send_with_swaks() {
	head -c -1 "$MESSAGE" >"$BATS_TEST_TMPDIR/data"
	swaks --server "127.0.0.1:$PORT" --helo client.test \
		--from sender@client.test --to "$1" \
		--data "@$BATS_TEST_TMPDIR/data" "${@:2}"
}

@test "swaks delivers" {
	server
	send_with_swaks alice@example.org --tls
	assert_delivered "$MESSAGE" alice@example.org
	assert_encrypted alice@example.org
}

@test "swaks is refused for an unknown recipient" {
	server
	refused_after 0.5 send_with_swaks nobody@example.org --tls
	assert_line '<~* 550 5.1.1 No such user here'
	assert_nothing_delivered
}

@test "swaks delivers where TLS comes first" {
	server_with_tls_first
	send_with_swaks alice@example.org --tls-on-connect
	assert_delivered "$MESSAGE" alice@example.org
	assert_encrypted alice@example.org
}

# Usage: send_with_msmtp on|off ADDRESS
send_with_msmtp() {
	msmtp --host=127.0.0.1 --port="$PORT" --auth=off --tls=on \
		--tls-starttls="$1" "--tls-trust-file=$KEYS/certificate.pem" \
		--domain=client.test --from=sender@client.test "$2" <"$MESSAGE"
}

@test "msmtp delivers" {
	server
	send_with_msmtp on alice@example.org
	assert_delivered "$MESSAGE" alice@example.org
	assert_encrypted alice@example.org
}

@test "msmtp is refused for an unknown recipient" {
	server
	refused_after 0.5 send_with_msmtp on nobody@example.org
	assert_line 'msmtp: server message: 550 5.1.1 No such user here'
	assert_nothing_delivered
}

@test "msmtp delivers where TLS comes first" {
	server_with_tls_first
	send_with_msmtp off alice@example.org
	assert_delivered "$MESSAGE" alice@example.org
	assert_encrypted alice@example.org
}

# Usage: send_with_curl SCHEME ADDRESS [FILE]
send_with_curl() {
	curl --silent --show-error --verbose --crlf --ssl-reqd \
		--cacert "$KEYS/certificate.pem" \
		--url "$1://127.0.0.1:$PORT/client.test" \
		--mail-from sender@client.test --mail-rcpt "$2" \
		--upload-file "${3-$MESSAGE}"
}

@test "curl delivers" {
	server
	send_with_curl smtp alice@example.org
	assert_delivered "$MESSAGE" alice@example.org
	assert_encrypted alice@example.org
}

@test "curl is refused for an unknown recipient" {
	server
	refused_after 0.5 send_with_curl smtp nobody@example.org
	assert_line --regexp '^< 550 5\.1\.1 No such user here'
	assert_nothing_delivered
}

@test "curl delivers where TLS comes first" {
	server_with_tls_first
	send_with_curl smtps alice@example.org
	assert_delivered "$MESSAGE" alice@example.org
	assert_encrypted alice@example.org
}

# Usage: send_with_smtplib ADDRESS FILE
send_with_smtplib() {
	python3 - "$PORT" "$1" "$2" "$KEYS/certificate.pem" <<-'EOT'
		import smtplib, ssl, sys
		port, to, path, trusted = sys.argv[1:]
		with open(path, "rb") as file:
		    text = file.read().replace(b"\n", b"\r\n")
		context = ssl.create_default_context(cafile=trusted)
		with smtplib.SMTP("127.0.0.1", int(port), "client.test") as smtp:
		    smtp.starttls(context=context)
		    smtp.sendmail("sender@client.test", [to], text)
	EOT
}

@test "smtplib delivers" {
	server
	send_with_smtplib alice@example.org "$MESSAGE"
	assert_delivered "$MESSAGE" alice@example.org
	assert_encrypted alice@example.org
}

@test "smtplib is refused for an unknown recipient" {
	server
	refused_after 0.5 send_with_smtplib nobody@example.org "$MESSAGE"
	assert_output --partial "(550, b'5.1.1 No such user here')"
	assert_nothing_delivered
}

@test "20 MB through TLS are delivered as they are" {
	local file=$BATS_TEST_TMPDIR/large
	python3 - >"$file" <<-'EOT'
		import random
		random.seed(7)
		print("Subject: large\n")
		size = 0
		while size < 20 << 20:
		    line = "." * random.randrange(3) + "x" * random.randrange(997)
		    print(line)
		    size += len(line) + 2
	EOT
	server
	send_with_smtplib alice@example.org "$file"
	assert_delivered "$file" alice@example.org
	assert_encrypted alice@example.org
}

@test "under tcpserver the same socket serves" {
	prepare
	PORT=$(free_port)
	mapfile -t settings < <(handler_environment)
	env "${settings[@]}" "SMTPD_TLS_SOCKET=$TLS_SOCKET" \
		tcpserver -v -R -H -l 0 127.0.0.1 "$PORT" "$SMTPD" \
		</dev/null >"$LOG" 2>&1 3>&- &
	SERVER=$!
	wait_until 20 grep -q '^tcpserver: status:' "$LOG"
	send_with_curl smtp alice@example.org
	assert_delivered "$MESSAGE" alice@example.org
	assert_encrypted alice@example.org
}
