#!/usr/bin/env bats
# TLS, submission and trusted connectors at once under a real systemd, with a
# real Dovecot for the passwords and a next hop that takes mail for everywhere.
# One machine is booted for all tests.

load common

bats_require_minimum_version 1.5.0

machine() {
	"$root/tests/systemd-machine" "$1" "$BATS_FILE_TMPDIR/machine" "${@:2}"
}

systemctl() {
	machine run systemctl "$@"
}

# The first block of the README's section that begins with a line.
# Usage: block SECTION LINE
block() {
	awk -v section="## $1" -v first="$2" '
		/^## / { inside = $0 == section; next }
		/^```/ { if (found) exit; fresh = 1; next }
		inside && fresh && $0 == first { found = 1 }
		{ fresh = 0 }
		found' "$root/README.md"
}

# What the machine has before: passwords, and a certificate with its key.
prepare_dovecot() {
	cp -a "$build/peers/dovecot-imapd/." "$files"
	mkdir -p "$files/etc/dovecot"
	cat >"$files/etc/dovecot/dovecot.conf" <<-'END'
		protocols =
		ssl = no
		default_login_user = nobody
		default_internal_user = mail
		default_internal_group = mail
		auth_failure_delay = 0
		passdb {
		  driver = passwd-file
		  args = username_format=%u /etc/dovecot/users
		}
		userdb {
		  driver = static
		  args = uid=daemon gid=daemon home=/nonexistent
		}
		!include local.conf
	END
	echo 'alice:{PLAIN}s3cret-pa55word' >"$files/etc/dovecot/users"
	block Authentication 'service auth {' >"$files/etc/dovecot/local.conf"
}

prepare_certificate() {
	local directory=$files/etc/letsencrypt/live/mx.example.org
	mkdir -p "$directory"
	openssl req -x509 -newkey rsa:2048 -noenc -days 2 \
		-subj /CN=mx.example.org -addext 'subjectAltName=IP:127.0.0.1' \
		-keyout "$directory/privkey.pem" \
		-out "$directory/fullchain.pem" 2>/dev/null
}

start_next_hop() {
	mkdir "$BATS_FILE_TMPDIR/hop"
	# shellcheck disable=SC2016 # for the shell there
	machine network sh -c 'echo $$ >"$1/pid"; exec "$0" 10025 "$1"' \
		"$root/tests/nexthop" "$BATS_FILE_TMPDIR/hop" \
		>"$BATS_FILE_TMPDIR/hop/log" 2>&1 3>&- &
	wait_until 30 grep -q ready "$BATS_FILE_TMPDIR/hop/log"
}

# The commands are those of the README.
setup_file() {
	local files=$BATS_FILE_TMPDIR/machine/root
	local etc=$files/etc/tarpit-smtpd
	machine prepare
	make -s -C "$root" install DESTDIR="$files"
	prepare_dovecot
	prepare_certificate
	"$RCPT" build "$root/tests/recipients.txt" "$etc/recipients.cdb"
	printf '%s\n' SMTPD_HOSTNAME=mx.example.org \
		SMTPD_EXEMPT=127.0.0.2 SMTPD_DELIVERY=smtp:127.0.0.1:10025 \
		>"$etc/environment"
	machine boot
	machine run systemd-sysusers
	machine run systemd-tmpfiles --create
	systemctl daemon-reload
	systemctl enable --now --quiet tarpit-smtpd.socket
	local section='More than one connector'
	local directory=/etc/tarpit-smtpd/tls
	local key_pair="-c $directory/certificate.pem -k $directory/key.pem"
	{
		block TLS 'install -d -m 700 /etc/tarpit-smtpd/tls'
		block TLS "tarpit-tls --check $key_pair"
		block "$section" \
			'systemctl enable --now tarpit-smtpd-submission.socket'
		block "$section" \
			'cd /usr/local/share/doc/tarpit-smtpd/connectors'
	} | machine run sh -e
	echo RELAYCLIENT= >>"$etc/tarpit-smtpd-internal.environment"
	systemctl start dovecot.service
	start_next_hop
	wait_until 30 machine run test -S /run/dovecot/tarpit-auth
}

teardown_file() {
	local hop=$BATS_FILE_TMPDIR/hop/pid
	[[ ! -e $hop ]] || kill "$(<"$hop")" || true
	machine end
}

setup() {
	etc=$BATS_FILE_TMPDIR/machine/root/etc/tarpit-smtpd
	delay 1
}

# Sets it for every connector, that with RELAYCLIENT as well.
delay() {
	local file
	for file in "$etc"/environment "$etc"/*internal.environment; do
		sed -i '/^TARPITDELAY=/d' "$file"
		echo "TARPITDELAY=$1" >>"$file"
	done
}

teardown() {
	run systemctl list-units --failed --no-legend --plain
	assert_output ''
	if [[ -z ${BATS_TEST_COMPLETED-} ]]; then
		machine run journalctl -q -o cat -n 40
	fi
}

# Runs a program in Python on the machine's network. There is
# client(PORT, [starttls=True], [login=True], [source=ADDRESS]).
python() {
	{
		cat <<-'END'
			import smtplib, ssl, sys, threading, time
			trust = ssl.create_default_context(cafile=sys.argv[1])

			def client(port, starttls=False, login=False, source="127.0.0.1"):
			    kind = smtplib.SMTP_SSL if port == 465 else smtplib.SMTP
			    options = {"context": trust} if port == 465 else {}
			    s = kind("127.0.0.1", port, "client.example.net", timeout=60,
			        source_address=(source, 0), **options)
			    s.ehlo()
			    if starttls:
			        s.starttls(context=trust)
			        s.ehlo()
			    if login:
			        s.login("alice", "s3cret-pa55word")
			    return s
		END
		cat
	} >"$BATS_TEST_TMPDIR/program"
	machine network python3 "$BATS_TEST_TMPDIR/program" \
		"$etc/../letsencrypt/live/mx.example.org/fullchain.pem"
}

@test "each connector offers TLS and passwords as its settings say" {
	run -0 python <<-'END'
		for port, starttls in ((25, 0), (25, 1), (587, 0), (587, 1),
		        (465, 0), (2500, 0), (2500, 1)):
		    with client(port, starttls) as s:
		        print(port, "after" if starttls else "at first",
		            *(name for name in ("starttls", "auth")
		                if s.has_extn(name)),
		            s.mail("a@example.com")[0])
	END
	assert_output - <<-'END'
		25 at first starttls 250
		25 after 250
		587 at first starttls 530
		587 after auth 530
		465 at first auth 530
		2500 at first starttls 250
		2500 after 250
	END
}

# The delay is longer than all else can take: the others are asked while the
# stranger waits.
@test "of all clients only those who are unknown are delayed" {
	delay 20
	run -0 python <<-'END'
		start = time.monotonic()

		def refused(name, *arguments, **options):
		    with client(*arguments, **options) as s:
		        assert s.docmd("NONSENSE")[0] == 500
		        late = time.monotonic() - start
		        print(name, "late" if late >= 20 else "not late", flush=True)

		waiting = [threading.Thread(target=refused, args=arguments)
		    for arguments in (("anonymous", 25), ("anonymous", 25, True),
		        ("anonymous", 587, True), ("anonymous", 465))]
		for thread in waiting:
		    thread.start()
		refused("exempt", 25, source="127.0.0.2")
		refused("exempt through TLS", 25, True, source="127.0.0.2")
		refused("relay", 2500)
		refused("authenticated on 587", 587, True, True)
		refused("authenticated on 465", 465, login=True)
		for thread in waiting:
		    thread.join()
	END
	assert_output - <<-'END'
		exempt not late
		exempt through TLS not late
		relay not late
		authenticated on 587 not late
		authenticated on 465 not late
		anonymous late
		anonymous late
		anonymous late
		anonymous late
	END
}

@test "a wrong password is refused late" {
	run -0 python <<-'END'
		with client(587, True) as s:
		    start = time.monotonic()
		    try:
		        s.login("alice", "wrong", initial_response_ok=True)
		    except smtplib.SMTPAuthenticationError as error:
		        print(error.smtp_code, time.monotonic() - start >= 1)
	END
	assert_output '535 True'
}

# Prints the next hop's newest message.
newest_message() {
	local newest
	newest=$(printf '%s\n' "$BATS_FILE_TMPDIR"/hop/message.* | sort -V |
		tail -n 1)
	tr -d '\r' <"$newest"
}

@test "who gave a password, or may relay, sends to other domains; nobody else" {
	local arguments
	for arguments in '587, True, True' '465, login=True' 2500; do
		python <<-END
			with client($arguments) as s:
			    s.sendmail("alice@example.org", ["any@elsewhere.example"],
			        "Subject: by $arguments\n")
		END
		run -0 newest_message
		assert_line --partial "Subject: by $arguments"
		assert_line --regexp \
			" with ESMTP$([[ $arguments == 2500 ]] || echo SA)( |\$)"
	done
	run -0 python <<-'END'
		with client(25, True) as s:
		    s.mail("a@example.com")
		    print(*s.rcpt("any@elsewhere.example"))
	END
	assert_output --partial 554
}

@test "mail from strangers comes through TLS on port 25" {
	python <<-'END'
		with client(25, True) as s:
		    s.sendmail("a@example.com", ["alice@example.org"],
		        "Subject: encrypted\n")
	END
	run -0 newest_message
	assert_line --partial 'Subject: encrypted'
	assert_line --regexp ' with ESMTPS( |$)'
}

processes_are() {
	(($(systemctl list-units --no-legend --plain \
		'tarpit-smtpd*@*' 'tarpit-tls@*' | wc -l) == $1))
}

@test "who hangs up during a delay frees both processes" {
	delay 600
	wait_until 60 processes_are 0
	python <<-'END'
		s, t = client(587, True), client(465)
		for waiting in s, t:
		    waiting.putcmd("NONSENSE")
		s.sock.close()
		t.sock.close()
	END
	wait_until 20 processes_are 0
}

@test "the list says what each connector has" {
	run -0 machine run tarpit-connectors
	assert_output - <<-'END'
		NAME                     ENABLED  STATE   ADDRESS         TLS       DELAY  EXEMPT     AUTH      HAND-OFF
		tarpit-smtpd             yes      active  [::]:25         starttls  1      127.0.0.2  no        smtp:127.0.0.1:10025
		tarpit-smtpd-internal    yes      active  127.0.0.1:2500  starttls  1      all        no        smtp:127.0.0.1:10025
		tarpit-smtpd-submission  yes      active  [::]:587        starttls  1      127.0.0.2  required  smtp:127.0.0.1:10025
		                                          [::]:465        implicit
	END
}

@test "without tarpit-tls all goes on but TLS, and the list says so" {
	systemctl stop tarpit-tls.socket
	run -0 machine run tarpit-connectors
	assert_line --regexp '^tarpit-smtpd-submission .* \[::\]:587 +no .* unavailable '
	assert_line --regexp '\[::\]:465 +unavailable$'
	run -0 python <<-'END'
		with client(25) as s:
		    print(s.has_extn("starttls"))
		try:
		    client(465)
		except OSError as error:
		    print("closed")
	END
	assert_output $'False\nclosed'
	systemctl start tarpit-tls.socket
}
