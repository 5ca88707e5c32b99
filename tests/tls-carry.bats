#!/usr/bin/env bats
# tarpit-tls: what it carries both ways once TLS has begun, and how that ends.
# Sanitized: yes

load common
load tls

setup_file() {
	export KEYS=$BATS_FILE_TMPDIR/keys
	make_key_pair "$KEYS"
}

@test "megabytes go both ways at once, octet by octet the same" {
	tls <<-'END'
		up, down = pattern(20 << 20), pattern(24 << 20)[::-1]
		for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
		    h = Handler()
		    client = h.shake(maximum_version=version)
		    sent = in_background(lambda: h.local.sendall(down) or True)
		    came = in_background(read_exactly, h.local, len(up))
		    assert exchange(client, memoryview(up), len(down)) == down
		    assert came() == up and sent()
	END
}

@test "a reader that stops stops the writer, and nothing is lost" {
	tls <<-'END'
		data = pattern(16 << 20)
		def fill(s):
		    """As much as goes without a reader."""
		    s.settimeout(0.5)
		    sent = 0
		    try:
		        while sent < len(data):
		            sent += s.send(data[sent:sent + 16384])
		    except (TimeoutError, ssl.SSLWantWriteError):
		        pass
		    s.settimeout(PATIENCE)
		    assert 0 < sent < len(data), sent
		    return sent
		h = Handler()
		client = h.shake()
		for writer, reader in (h.local, client), (client, h.local):
		    sent = fill(writer)
		    with open(f"/proc/{h.process.pid}/statm") as f:
		        size = int(f.read().split()[0]) * 4096
		    assert "sanitized" in PROGRAM or size < 20 << 20
		    rest = in_background(lambda: writer.sendall(data[sent:]) or True)
		    assert read_exactly(reader, len(data)) == data
		    assert rest()
	END
}

@test "what the handler takes in part is not lost" {
	tls <<-'END'
		data = pattern(1 << 20)
		h = Handler(buffers=4096)
		client = h.shake()
		sent = in_background(lambda: client.sendall(data) or True)
		assert read_exactly(h.local, len(data)) == data
		assert sent()
	END
}

@test "octets are passed on as they come, one by one" {
	tls <<-'END'
		h = Handler()
		client = h.shake()
		for i in range(256):
		    octet = bytes([i])
		    client.sendall(octet)
		    assert h.local.recv(10) == octet
		    h.local.sendall(octet)
		    assert client.recv(10) == octet
	END
}

@test "when the handler ends, the client has all of it, close_notify and the end" {
	tls <<-'END'
		data = pattern(150000)
		for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
		    for end in (lambda s: s.close(),
		                lambda s: s.shutdown(socket.SHUT_WR)):
		        h = Handler()
		        client = h.shake(maximum_version=version)
		        h.local.sendall(data)
		        end(h.local)
		        # Without close_notify this would be an error.
		        assert read_all(client) == data
		        assert raw(client).recv(1) == b""
		        client.close()
		        assert h.ends() < 5
	END
}

@test "SIGTERM leaves the end to the handler" {
	tls <<-'END'
		h = Handler()
		client = h.shake()
		h.process.terminate()
		h.local.sendall(b"421 Service shutting down\r\n")
		assert client.recv(100) == b"421 Service shutting down\r\n"
		h.local.close()
		assert client.recv(100) == b""
		client.close()
		h.ends()
	END
}

@test "what the client still sends does not cost it the last reply" {
	tls <<-'END'
		h = Handler()
		client = h.shake()
		client.sendall(b"x" * 100000)
		h.local.sendall(b"421 Too much\r\n")
		h.local.close()
		client.sendall(b"x" * 100000)
		assert client.recv(100) == b"421 Too much\r\n"
		assert client.recv(100) == b""
		client.close()
		h.ends()
	END
}

@test "a client that stays after the end is left alone after a second" {
	tls <<-'END'
		h = Handler()
		client = h.shake()
		h.local.close()
		assert 0.5 < h.ends() < 5
	END
}

@test "a client that talks on after the end is left alone after a second" {
	tls <<-'END'
		h = Handler()
		client = h.shake()
		def talk():
		    try:
		        while True:
		            client.sendall(b"x" * 1000)
		    except OSError:
		        return True
		talked = in_background(talk)
		assert len(read_exactly(h.local, 100000)) == 100000
		h.local.close()
		assert 0.5 < h.ends() < 5
		assert talked()
	END
}

@test "a client that takes nothing holds an ended session for seconds at most" {
	tls <<-'END'
		h = Handler()
		client = h.shake(buffers=20000)
		h.local.settimeout(0.5)
		try:
		    while True:
		        h.local.send(b"x" * 16384)
		except TimeoutError:
		    pass
		h.local.close()
		assert 4 < h.ends() < 15
	END
}

@test "a client may end its direction and still read the answers" {
	tls <<-'END'
		def end_connection(client):
		    raw(client).shutdown(socket.SHUT_WR)
		data = pattern(100000)
		for end in close_notify, end_connection:
		    h = Handler()
		    client = h.shake()
		    client.sendall(data)
		    end(client)
		    assert read_all(h.local) == data
		    h.local.sendall(data)
		    h.local.close()
		    assert read_all(client) == data
	END
}

# Usage: hangs_up FUNCTION: what the client does, in Python
hangs_up() {
	tls <<-END
		def idle(h, client):
		    pass
		def busy(h, client):
		    """The handler reads nothing, and its socket is full."""
		    before = -1
		    while unread(h.local) > before:
		        before = unread(h.local)
		        client.sendall(b"x" * 16384)
		        time.sleep(0.1)
		    client.sendall(b"x" * 4096)
		def check(state):
		    h = Handler()
		    client = h.shake()
		    state(h, client)
		    begin = time.monotonic()
		    ($1)(client)
		    assert events(h.local, select.POLLRDHUP) & select.POLLRDHUP
		    took = time.monotonic() - begin
		    assert took < 0.3, took
		    h.local.close()
		    h.ends()
		for state in $2:
		    check(state)
	END
}

@test "a handler that reads nothing sees at once that the client has closed" {
	hangs_up 'lambda client: client.close()' 'idle, busy'
}

@test "a handler that reads nothing sees at once that the client has reset" {
	hangs_up reset 'idle, busy'
}

@test "a handler that reads nothing sees close_notify at once" {
	hangs_up close_notify 'idle,'
}

@test "what came before the hang-up is there for the handler" {
	tls <<-'END'
		data = pattern(100000)
		h = Handler()
		client = h.shake()
		client.sendall(data)
		client.close()
		assert read_all(h.local) == data
		h.local.sendall(b"221 nobody hears it\r\n")
		h.local.close()
		h.ends()
	END
}

@test "a damaged record ends the session, behind what came before" {
	tls <<-'END'
		h = Handler()
		client = h.shake()
		client.sendall(b"QUIT\r\n")
		assert h.local.recv(6) == b"QUIT\r\n"
		raw(client).sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
		assert h.local.recv(1) == b""
		h.ends()
		try:
		    client.recv(1)
		    assert False
		except ssl.SSLError as error:
		    assert "BAD_RECORD_MAC" in error.reason, error
	END
}

@test "a client that sends nothing but key updates cannot keep the process busy" {
	tls <<-'END'
		import ctypes, resource, signal
		def seconds(who):
		    usage = resource.getrusage(who)
		    return usage.ru_utime + usage.ru_stime
		library = ctypes.CDLL("libssl.so.3")
		pointer = ctypes.c_void_p
		for name in "TLS_client_method", "SSL_CTX_new", "SSL_new":
		    getattr(library, name).restype = pointer
		h = Handler()
		client = h.take()
		client.setblocking(True)
		method = pointer(library.TLS_client_method())
		tls = pointer(library.SSL_new(pointer(library.SSL_CTX_new(method))))
		library.SSL_set_fd(tls, client.fileno())
		assert library.SSL_connect(tls) == 1
		assert h.line().startswith("tls ")

		# As many as there is room for, all at once, and the handler ends.
		h.process.send_signal(signal.SIGSTOP)
		client.setblocking(False)
		before = seconds(resource.RUSAGE_SELF)
		while library.SSL_key_update(tls, 0) == 1:
		    if library.SSL_do_handshake(tls) != 1:
		        break
		work = seconds(resource.RUSAGE_SELF) - before
		h.local.close()
		h.process.send_signal(signal.SIGCONT)
		h.ends()
		# To follow them would have been the same work.
		assert seconds(resource.RUSAGE_CHILDREN) < work / 4
	END
}

@test "keys are updated as often as the client likes" {
	tls <<-'END'
		h = Handler()
		assert h.line() == "ready"
		with socket.create_server(("127.0.0.1", 0)) as listener:
		    port = listener.getsockname()[1]
		    client = subprocess.Popen(
		        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}"],
		        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
		        stderr=subprocess.STDOUT)
		    server, _ = listener.accept()
		h.give(server)
		assert h.line().startswith("tls ")
		def expect(text):
		    came = b""
		    while text not in came:
		        part = client.stdout.read(65536)
		        assert part, came
		        came += part
		for i in range(20):
		    # s_client takes a command for one if it is alone.
		    client.stdin.write(b"K\n")
		    expect(b"KEYUPDATE")
		    text = b"line %d\n" % i
		    client.stdin.write(text)
		    assert h.local.recv(100) == text
		    h.local.sendall(text)
		    expect(text)
		client.kill()
	END
}

@test "a session that waits uses no time, whatever it waits for" {
	tls <<-'END'
		def used(pid):
		    """Seconds of a CPU."""
		    with open(f"/proc/{pid}/schedstat") as f:
		        return int(f.read().split()[0]) / 1e9
		def fill(s):
		    s.settimeout(0.3)
		    try:
		        while True:
		            s.send(b"x" * 16384)
		    except (TimeoutError, ssl.SSLWantWriteError):
		        pass
		def for_anything(h, client):
		    pass
		def behind_a_half_close(h, client):
		    raw(client).shutdown(socket.SHUT_WR)
		    events(h.local, select.POLLRDHUP)
		def for_the_handler(h, client):
		    fill(client)
		def for_the_client(h, client):
		    fill(h.local)
		def for_the_last_words(h, client):
		    fill(h.local)
		    h.local.close()
		for state in (for_anything, behind_a_half_close, for_the_handler,
		              for_the_client, for_the_last_words):
		    h = Handler()
		    client = h.shake(buffers=20000)
		    state(h, client)
		    time.sleep(0.2)
		    before = used(h.process.pid)
		    time.sleep(0.5)
		    assert used(h.process.pid) - before < 0.05, state
		    h.process.kill()
	END
}
