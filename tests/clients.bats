#!/usr/bin/env bats
# Real clients, each of which delivers and each of which is refused.

load common
load server
load delivered

setup_file() {
	export MESSAGE=$BATS_FILE_TMPDIR/message
	load delivered
	hard_message >"$MESSAGE"
}

setup() {
	start_server TARPITDELAY=0.5
}

teardown() {
	stop_server
}

# It adds a line end.
send_with_swaks() {
	head -c -1 "$MESSAGE" >"$BATS_TEST_TMPDIR/data"
	swaks --server "127.0.0.1:$PORT" --helo client.test \
		--from sender@client.test --to "$1" \
		--data "@$BATS_TEST_TMPDIR/data"
}

@test "swaks delivers" {
	send_with_swaks alice@example.org
	assert_delivered "$MESSAGE" alice@example.org
}

@test "swaks is refused for an unknown recipient" {
	refused_after 0.5 send_with_swaks nobody@example.org
	assert_line '<** 550 5.1.1 No such user here'
	assert_nothing_delivered
}

send_with_msmtp() {
	msmtp --host=127.0.0.1 --port="$PORT" --tls=off --auth=off \
		--domain=client.test --from=sender@client.test "$@" <"$MESSAGE"
}

@test "msmtp delivers" {
	send_with_msmtp alice@example.org bob@example.org
	assert_delivered "$MESSAGE" alice@example.org
	assert_delivered "$MESSAGE" bob@example.org
}

@test "msmtp is refused for an unknown recipient" {
	refused_after 0.5 send_with_msmtp nobody@example.org
	assert_line 'msmtp: server message: 550 5.1.1 No such user here'
	assert_nothing_delivered
}

send_with_curl() {
	curl --silent --show-error --verbose --crlf \
		--url "smtp://127.0.0.1:$PORT/client.test" \
		--mail-from sender@client.test --mail-rcpt "$1" \
		--upload-file "${2-$MESSAGE}"
}

@test "curl delivers" {
	send_with_curl alice@example.org
	assert_delivered "$MESSAGE" alice@example.org
}

@test "curl is refused for an unknown recipient" {
	refused_after 0.5 send_with_curl nobody@example.org
	assert_line --regexp '^< 550 5\.1\.1 No such user here'
	assert_nothing_delivered
}

@test "curl delivers a message without any text" {
	: >"$BATS_TEST_TMPDIR/empty"
	send_with_curl alice@example.org "$BATS_TEST_TMPDIR/empty"
	assert_delivered "$BATS_TEST_TMPDIR/empty" alice@example.org
}

# It makes the header itself and keeps what it sent.
send_with_s_nail() {
	s-nail -:/ -S v15-compat -S sendwait -S nosave \
		-S "mta=smtp://127.0.0.1:$PORT" -S smtp-auth=none \
		-S hostname=client.test -S from=sender@client.test \
		-S ttycharset=utf-8 -S "record=$BATS_TEST_TMPDIR/record" \
		-s Subject "$1" <"$MESSAGE"
}

@test "s-nail delivers" {
	send_with_s_nail alice@example.org
	# Between the line of the mbox and its empty last one.
	sed -e 1d -e '$d' "$BATS_TEST_TMPDIR/record" >"$BATS_TEST_TMPDIR/sent"
	grep -q '^\.a dot and a word$' "$BATS_TEST_TMPDIR/sent"
	assert_delivered "$BATS_TEST_TMPDIR/sent" alice@example.org
}

@test "s-nail is refused for an unknown recipient" {
	refused_after 0.5 send_with_s_nail nobody@example.org
	assert_output --partial '550 5.1.1 No such user here'
	assert_nothing_delivered
}

# Sends a file with LF line ends to an address with Python's smtplib.
# Usage: send_with_smtplib ADDRESS [FILE [OPTION]...]
send_with_smtplib() {
	python3 - "$PORT" "$1" "${2-$MESSAGE}" "${@:3}" <<-'EOT'
		import smtplib, sys
		port, to, path, *options = sys.argv[1:]
		with open(path, "rb") as file:
		    text = file.read().replace(b"\n", b"\r\n")
		with smtplib.SMTP("127.0.0.1", int(port), "client.test") as smtp:
		    smtp.sendmail("sender@client.test", [to], text, options)
	EOT
}

@test "smtplib delivers" {
	send_with_smtplib alice@example.org
	assert_delivered "$MESSAGE" alice@example.org
}

@test "smtplib is refused for an unknown recipient" {
	refused_after 0.5 send_with_smtplib nobody@example.org
	assert_output --partial "(550, b'5.1.1 No such user here')"
	assert_nothing_delivered
}

@test "smtplib delivers in UTF-8 to an address in UTF-8" {
	local file=$BATS_TEST_TMPDIR/utf8
	cat >"$file" <<-'EOT'
		From: Jörg <jörg@client.test>
		To: Jürgen <jürgen@example.org>
		Subject: 漢字, čeština, Ελληνικά

		Grüße
	EOT
	LC_ALL=C.UTF-8 send_with_smtplib jürgen@example.org "$file" \
		SMTPUTF8 BODY=8BITMIME
	assert_delivered "$file" jürgen@example.org
	grep -q $'^\tby mx.example.org with UTF8SMTP$' \
		"$(messages_of jürgen@example.org)"
}

@test "a message without header is delivered as it is" {
	local file=$BATS_TEST_TMPDIR/bare
	printf 'a word, and no header\n\n: neither here\n' >"$file"
	send_with_smtplib alice@example.org "$file"
	assert_delivered "$file" alice@example.org
}

@test "lines of 10,000 octets are delivered as they are" {
	local file=$BATS_TEST_TMPDIR/long
	{
		printf 'Subject: long\n\n%010000d\n' 1
		printf '.%09999d\n' 2
		printf 'end\n'
	} >"$file"
	send_with_smtplib alice@example.org "$file"
	assert_delivered "$file" alice@example.org
}

@test "all octets but NUL, CR and LF are delivered as they are" {
	local file=$BATS_TEST_TMPDIR/octets
	python3 - >"$file" <<-'EOT'
		import sys
		octets = bytes(c for c in range(1, 256) if c not in b"\r\n")
		for c in octets:
		    sys.stdout.buffer.write(bytes([c]) + octets + b"\n")
	EOT
	send_with_smtplib alice@example.org "$file"
	assert_delivered "$file" alice@example.org
}

@test "5 MB are delivered as they are" {
	local file=$BATS_TEST_TMPDIR/large
	python3 - >"$file" <<-'EOT'
		import random
		random.seed(5)
		print("Subject: large\n")
		size = 0
		while size < 5 << 20:
		    line = "." * random.randrange(3) + "x" * random.randrange(997)
		    print(line)
		    size += len(line) + 2
	EOT
	send_with_smtplib alice@example.org "$file"
	assert_delivered "$file" alice@example.org
}

@test "a client that ends lines with LF alone is told so" {
	local file=$BATS_TEST_TMPDIR/bare-lf
	printf 'Subject: bare\n\ntext\n' >"$file"
	refused_after 0.5 curl --silent --verbose \
		--url "smtp://127.0.0.1:$PORT/client.test" \
		--mail-from sender@client.test \
		--mail-rcpt alice@example.org --upload-file "$file"
	assert_line --regexp '^< 554 5\.6\.0 Message with a bare CR or LF'
	assert_nothing_delivered
}
