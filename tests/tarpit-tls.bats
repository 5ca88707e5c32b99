#!/usr/bin/env bats
# tarpit-tls: the handler's local protocol, the key pair and the handshake.
# Sanitized: yes

load common
load tls

bats_require_minimum_version 1.5.0

setup_file() {
	export KEYS=$BATS_FILE_TMPDIR/keys
	make_key_pair "$KEYS"
	make_key_pair "$KEYS/rsa" mx.example.org rsa:2048
}

teardown() {
	stop_tls_server
}

@test "a client shakes hands, and the handler is told version and cipher" {
	tls <<-'END'
		h = Handler()
		client = h.shake()
		assert h.announced == "tls TLSv1.3 TLS_AES_256_GCM_SHA384", h.announced
		h.local.sendall(b"250 ready\r\n")
		assert client.recv(100) == b"250 ready\r\n"
		client.sendall(b"QUIT\r\n")
		assert h.local.recv(100) == b"QUIT\r\n"
	END
}

@test "an RSA key serves as well as an ECDSA key" {
	tls <<-'END'
		for directory in KEYS, f"{KEYS}/rsa":
		    for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
		        Handler(files(directory)).shake(maximum_version=version)
	END
}

@test "TLS 1.2 is spoken with forward secrecy and authenticated encryption" {
	tls <<-'END'
		for cipher in ("ECDHE-ECDSA-AES128-GCM-SHA256",
		               "ECDHE-ECDSA-AES256-GCM-SHA384",
		               "ECDHE-ECDSA-CHACHA20-POLY1305"):
		    h = Handler()
		    client = h.take()
		    c = context(maximum_version=ssl.TLSVersion.TLSv1_2)
		    c.set_ciphers(cipher)
		    c.wrap_socket(client)
		    assert h.line() == f"tls TLSv1.2 {cipher}"
	END
}

@test "the client chooses among the ciphers" {
	tls <<-'END'
		for first in "AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305":
		    h = Handler()
		    client = h.take()
		    c = context(maximum_version=ssl.TLSVersion.TLSv1_2)
		    c.set_ciphers(f"ECDHE-ECDSA-{first}:ECDHE+AESGCM:ECDHE+CHACHA20")
		    c.wrap_socket(client)
		    assert h.line().endswith(first)
	END
}

@test "older versions are refused, and the client is told by an alert" {
	tls <<-'END'
		for version in ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1:
		    c = context(minimum_version=version, maximum_version=version)
		    h = Handler()
		    assert h.refuse(c.wrap_socket) == "unsupported protocol"
		    assert "ALERT" in h.client_error.reason, h.client_error
	END
}

@test "ciphers without forward secrecy or authentication are refused" {
	tls <<-'END'
		for cipher in ("AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256",
		               "ECDHE-RSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256",
		               "ADH-AES128-GCM-SHA256", "AECDH-AES128-SHA"):
		    c = context(maximum_version=ssl.TLSVersion.TLSv1_2)
		    c.set_ciphers(cipher + ":@SECLEVEL=0")
		    h = Handler(files(f"{KEYS}/rsa"))
		    assert h.refuse(c.wrap_socket) == "no shared cipher"
	END
}

@test "sslscan finds nothing to object to" {
	start_tls_server 'lambda s: b""'
	run -0 sslscan --no-colour "127.0.0.1:$PORT"
	local version
	for version in SSLv2 SSLv3 TLSv1.0 TLSv1.1; do
		assert_line --regexp "^$version +disabled$"
	done
	assert_line --regexp '^TLSv1.2 +enabled$'
	assert_line --regexp '^TLSv1.3 +enabled$'
	assert_line 'Session renegotiation not supported'
	assert_line --regexp 'TLSv1.3 not vulnerable to heartbleed'
	# Version and cipher of all that were taken.
	run -0 sed -nE \
		-e 's/^(Accepted|Preferred) +([^ ]+) .* bits +([^ ]+).*/\2 \3/p' \
		-e 's/^(TLSv1.3) .*\(NIST (.*)\)$/\1 \2/p' \
		-e 's/^(TLSv1.3) +[0-9]+ bits +([^ ]+)$/\1 \2/p' <<<"$output"
	run -0 sort <<<"$output"
	assert_output - <<-END
		TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256
		TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384
		TLSv1.2 ECDHE-ECDSA-CHACHA20-POLY1305
		TLSv1.3 P-256
		TLSv1.3 P-384
		TLSv1.3 TLS_AES_128_GCM_SHA256
		TLSv1.3 TLS_AES_256_GCM_SHA384
		TLSv1.3 TLS_CHACHA20_POLY1305_SHA256
		TLSv1.3 x25519
	END
}

@test "openssl s_client gets neither a ticket nor another session to resume" {
	start_tls_server 'lambda s: b"220 hello\r\n"'
	local version
	for version in -tls1_2 -tls1_3; do
		run -0 openssl s_client -connect "127.0.0.1:$PORT" "$version" \
			-ign_eof </dev/null
		assert_line --partial '220 hello'
		assert_line 'Compression: NONE'
		refute_line --partial 'session ticket'
		refute_line --partial 'Session Ticket'
		refute_line --regexp 'Session-ID: [0-9A-F]+'
		refute_line --regexp 'Max Early Data: [1-9]'
		run -0 openssl s_client -connect "127.0.0.1:$PORT" "$version" \
			-reconnect </dev/null
		refute_line --regexp '^Reused'
	done
}

@test "curl gets an answer through it" {
	start_tls_server 'lambda s: b"HTTP/1.0 200 OK\r\n\r\n" + s.recv(5)'
	run -0 curl -sk "https://127.0.0.1:$PORT/"
	assert_output 'GET /'
}

@test "a client may name any host and any protocol" {
	tls <<-'END'
		h = Handler()
		client = h.take()
		c = context()
		c.set_alpn_protocols(["smtp", "h2"])
		tls = c.wrap_socket(client, server_hostname="other.example.net")
		assert tls.selected_alpn_protocol() is None
		assert h.line().startswith("tls ")
	END
}

@test "a client that wants to renegotiate is refused" {
	start_tls_server 'read_all'
	run openssl s_client -connect "127.0.0.1:$PORT" -tls1_2 < <(
		echo R
		sleep 1
	)
	assert_line --partial 'no renegotiation'
}

@test "plain text instead of a handshake is a failure with its reason" {
	tls <<-'END'
		def plain(client):
		    client.sendall(b"EHLO client.example.net\r\n" * 100)
		    read_all(client)
		h = Handler()
		assert h.refuse(plain) == "wrong version number"
		# It had the alert, and no reset.
		assert h.client_error is None, h.client_error
		def http(client):
		    client.sendall(b"GET / HTTP/1.0\r\n\r\n")
		    read_all(client)
		assert Handler().refuse(http) == "http request"
	END
}

@test "a client that does not trust the certificate is a failure with its reason" {
	tls <<-'END'
		c = context(maximum_version=ssl.TLSVersion.TLSv1_2)
		c.verify_mode = ssl.CERT_REQUIRED
		assert Handler().refuse(c.wrap_socket) == "tlsv1 alert unknown ca"
	END
}

@test "a hang-up at any point of the handshake is a failure with its reason" {
	tls <<-'END'
		incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
		hello = context().wrap_bio(incoming, outgoing)
		try:
		    hello.do_handshake()
		except ssl.SSLWantReadError:
		    hello = outgoing.read()
		for length in 0, 1, 5, len(hello) - 1, len(hello):
		    def hang_up(client):
		        client.sendall(hello[:length])
		        client.shutdown(socket.SHUT_WR)
		        read_all(client)
		    assert Handler().refuse(hang_up) == "hung up", length
		def send_and_reset(client):
		    client.sendall(hello[:5])
		    reset(client)
		assert Handler().refuse(send_and_reset) == "Connection reset by peer"
	END
}

@test "the handler ends a handshake by hanging up" {
	tls <<-'END'
		for hang_up in (lambda s: s.close(),
		                lambda s: s.shutdown(socket.SHUT_WR)):
		    h = Handler()
		    client = h.take()
		    hang_up(h.local)
		    assert h.ends() < 10
		    assert client.recv(1) == b""
	END
}

@test "anything but one octet T with one descriptor ends the process" {
	tls <<-'END'
		def send(octets, count):
		    h = Handler()
		    assert h.line() == "ready"
		    clients = [connection() for _ in range(count)]
		    if count > 0:
		        h.give([server for _, server in clients], octets)
		    else:
		        h.local.sendall(octets)
		    try:
		        assert h.line() == "", (octets, count)
		    except ConnectionResetError:
		        pass
		    h.ends()
		    for client, _ in clients:
		        assert client.recv(1) == b""
		for octets, count in ((b"T", 0), (b"T", 2), (b"T", 20), (b"t", 1),
		                      (b"TT", 1), (b"T\r\n", 1), (b"\0", 1)):
		    send(octets, count)
	END
}

@test "a descriptor that is no socket is a failure" {
	tls <<-'END'
		h = Handler()
		assert h.line() == "ready"
		h.give(open("/dev/zero", "rb"))
		assert h.line().startswith("failed ")
		h.ends()
	END
}

@test "the handler may leave before it has given its client" {
	tls <<-'END'
		h = Handler()
		assert h.line() == "ready"
		h.local.close()
		h.ends()
	END
}

# Usage: complains REASON ARGUMENT...
complains() {
	local reason=$1
	shift
	run -0 --separate-stderr tls <<-END
		h = Handler("$*".split())
		assert h.line() == ""
		h.ends(78)
	END
	# shellcheck disable=SC2154 # run sets it
	assert_equal "$stderr" "tarpit-tls: $reason"
	run -78 "$TARPIT_TLS" --check "$@"
	assert_output "tarpit-tls: $reason"
}

@test "a key pair that cannot be used is named in the log, with one line" {
	local bad=$BATS_TEST_TMPDIR/bad
	make_key_pair "$bad"
	make_key_pair "$bad/small" mx.example.org rsa:1024
	openssl ec -in "$bad/key.pem" -aes128 -passout pass:secret \
		-out "$bad/locked.pem" 2>/dev/null
	echo 'no key' >"$bad/text.pem"
	chmod 755 "$bad"

	complains "$bad/none.pem: No such file or directory" \
		-c "$bad/none.pem" -k "$bad/key.pem"
	complains "$bad/none.pem: No such file or directory" \
		-c "$bad/certificate.pem" -k "$bad/none.pem"
	complains "$bad/text.pem: it holds no certificate in PEM" \
		-c "$bad/text.pem" -k "$bad/key.pem"
	complains "$bad/text.pem: it holds no key in PEM" \
		-c "$bad/certificate.pem" -k "$bad/text.pem"
	complains "$KEYS/key.pem: it is not the key of the certificate" \
		-c "$bad/certificate.pem" -k "$KEYS/key.pem"
	complains "$KEYS/rsa/key.pem: the certificate is for another kind of key" \
		-c "$bad/certificate.pem" -k "$KEYS/rsa/key.pem"
	complains "$bad/small/certificate.pem: its key is too small" \
		-c "$bad/small/certificate.pem" -k "$bad/small/key.pem"
	complains "$bad/locked.pem: it has a passphrase" \
		-c "$bad/certificate.pem" -k "$bad/locked.pem"
}

# Makes a certificate that is valid between two times, YYYYMMDDHHMMSSZ.
# Usage: make_dated DIRECTORY FROM TO
make_dated() {
	make_key_pair "$1"
	openssl req -new -key "$1/key.pem" -subj /CN=mx.example.org \
		-out "$1/request"
	printf '%s\n' '[ca]' 'default_ca = all' '[all]' \
		"database = $1/index" "serial = $1/serial" \
		"new_certs_dir = $1" 'policy = names' \
		'[names]' 'commonName = supplied' >"$1/ca.cnf"
	: >"$1/index"
	echo 01 >"$1/serial"
	openssl ca -batch -config "$1/ca.cnf" -md sha256 -selfsign -notext \
		-keyfile "$1/key.pem" -startdate "$2" -enddate "$3" \
		-in "$1/request" -out "$1/certificate.pem" 2>/dev/null
}

@test "the dates of a certificate are checked, but do not hinder" {
	local pair=$BATS_TEST_TMPDIR/pair
	local dated=(-c "$pair/certificate.pem" -k "$pair/key.pem")
	make_dated "$pair" 20200101000000Z 20210101000000Z
	run -78 "$TARPIT_TLS" --check "${dated[@]}"
	assert_output "tarpit-tls: $pair/certificate.pem: it has expired"
	run -0 tls <<-END
		assert Handler("${dated[*]}".split()).line() == "ready"
	END
	assert_output ''
	make_dated "$pair" 22200101000000Z 22210101000000Z
	run -78 "$TARPIT_TLS" --check "${dated[@]}"
	assert_output "tarpit-tls: $pair/certificate.pem: it is not valid yet"
	make_dated "$pair" 20200101000000Z 22210101000000Z
	run -0 "$TARPIT_TLS" --check "${dated[@]}"
	assert_output ''
}

@test "without a key pair it says how to give it one" {
	local reason='no certificate and key: use LoadCredential= or -c and -k'
	complains "$reason"
	complains "$reason" -c "$KEYS/certificate.pem"
}

@test "the handler reads no complaint, even if stderr is its connection" {
	tls <<-'END'
		local, other = socket.socketpair()
		process = subprocess.Popen([PROGRAM], stdin=other, stdout=other,
		                           stderr=other)
		other.close()
		assert read_all(local) == b""
		assert process.wait(PATIENCE) == 78
	END
}

@test "a good key pair needs no words" {
	run -0 "$TARPIT_TLS" --check -c "$KEYS/certificate.pem" -k "$KEYS/key.pem"
	assert_output ''
	CREDENTIALS_DIRECTORY=$KEYS run -0 "$TARPIT_TLS" --check
	assert_output ''
}

@test "the next connection has the certificate that is there then" {
	local directory=$BATS_TEST_TMPDIR/renewed
	make_key_pair "$directory" old.example.org
	make_key_pair "$directory/new" new.example.org
	local local_socket=$BATS_TEST_TMPDIR/tls
	CREDENTIALS_DIRECTORY=$directory systemd-socket-activate --inetd -a \
		-E CREDENTIALS_DIRECTORY -E ASAN_OPTIONS -l "$local_socket" \
		"$TARPIT_TLS" >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
	local starter=$!
	wait_until 20 test -S "$local_socket"
	run -0 env DIRECTORY="$directory" SOCKET="$local_socket" \
		bash -c "$(declare -f tls)"'; tls' <<-'END'
		def is_old():
		    tls = Connected(os.environ["SOCKET"]).shake()
		    return b"old." in tls.getpeercert(True)
		assert is_old()
		for file in "certificate.pem", "key.pem":
		    new = os.environ["DIRECTORY"]
		    os.rename(f"{new}/new/{file}", f"{new}/{file}")
		assert not is_old()
	END
	kill "$starter"
	wait "$starter" || true
}

@test "it can be neither traced nor dumped, and has every part of the sandbox" {
	tls <<-'END'
		h = Handler()
		h.shake()
		with open(f"/proc/{h.process.pid}/status") as f:
		    status = dict(line.split(":\t", 1) for line in f if ":\t" in line)
		if "sanitized" not in PROGRAM:
		    assert status["Seccomp"] == "2\n"
		    limits = open(f"/proc/{h.process.pid}/limits").read().split("\n")
		    def limit(name):
		        return [l[len(name):].split()[0] for l in limits
		                if l.startswith(name)]
		    assert limit("Max processes") == ["0"]
		    assert limit("Max core file size") == ["0"]
		    assert limit("Max address space") == [str(64 << 20)]
		assert status["NoNewPrivs"] == "1\n"
		for name in "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb":
		    assert int(status[name], 16) == 0, name
	END

	# What is not dumpable belongs to root, whoever it runs as.
	local public
	public=$(mktemp -d)
	chmod 755 "$public"
	cp "$KEYS"/*.pem "$public"
	chmod 644 "$public"/*
	run -0 env PUBLIC="$public" bash -c "$(declare -f tls)"'; tls' <<-'END'
		h = Handler(files(os.environ["PUBLIC"]), user=65534)
		assert h.line() == "ready"
		status = open(f"/proc/{h.process.pid}/status").read()
		assert "\nUid:\t65534\t65534\t65534\t65534\n" in status
		assert os.stat(f"/proc/{h.process.pid}/mem").st_uid == 0
	END
	rm -r "$public"
}

@test "wrong usage is explained" {
	run -64 "$TARPIT_TLS" now
	assert_line --partial 'usage: tarpit-tls'
	run -64 "$TARPIT_TLS" --nonsense
	assert_line --partial 'usage: tarpit-tls'
	run -0 "$TARPIT_TLS" --version
	assert_output --regexp '^tarpit-tls [0-9.]+$'
}
