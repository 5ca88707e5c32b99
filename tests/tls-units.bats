#!/usr/bin/env bats
# tarpit-tls under a real systemd, with the units as they are installed. One
# machine is booted for all tests.

load common
load tls

bats_require_minimum_version 1.5.0

machine() {
	"$root/tests/systemd-machine" "$1" "$BATS_FILE_TMPDIR/machine" "${@:2}"
}

systemctl() {
	machine run systemctl "$@"
}

setup_file() {
	machine prepare
	machine boot
	make -C "$root" install DESTDIR="$BATS_FILE_TMPDIR/machine/root"
	machine run systemd-sysusers
	machine run systemd-tmpfiles --create
	systemctl daemon-reload
}

teardown_file() {
	machine end
}

setup() {
	files=$BATS_FILE_TMPDIR/machine/root/etc/tarpit-smtpd/tls
	make_key_pair "$files"
	chmod 600 "$files/key.pem"
	systemctl start tarpit-tls.socket
}

teardown() {
	systemctl stop tarpit-tls.socket
	wait_until 20 no_process_is_left
	rm -f "$files"/*
	run systemctl list-units --failed --no-legend --plain
	assert_output ''
}

no_process_is_left() {
	[[ -z $(systemctl list-units --no-legend --plain 'tarpit-tls@*') ]]
}

# Runs a Python program, with what tests/tls.py has, in the machine. h is the
# handler's end of a connection.
# Usage: tls_as USER <PROGRAM
tls_as() {
	{
		cat "$root/tests/tls.py"
		echo 'h = Connected("/run/tarpit-smtpd/tls")'
		cat
	} >"$BATS_TEST_TMPDIR/program"
	TARPIT_TLS='' KEYS='' machine run setpriv --reuid "$1" --regid "$1" \
		--clear-groups /usr/bin/python3 - <"$BATS_TEST_TMPDIR/program"
}

shakes_hands() {
	tls_as tarpit-smtpd <<<'print(h.shake() and h.announced)'
}

# What was logged at this level or above, but for the first lines.
# Usage: records LEVEL [NUMBER]
records() {
	machine run journalctl --sync
	machine run journalctl --quiet -o cat -p "$1" -t tarpit-tls -t systemd |
		tail -n "+$((${2-0} + 1))"
}

@test "a handler gets TLS from a process that has another user and no privilege" {
	run -0 tls_as tarpit-smtpd <<-'END'
		client = h.shake()
		print(h.announced)
		for process in os.listdir("/proc"):
		    try:
		        with open(f"/proc/{process}/status") as f:
		            status = f.read().split("\n")
		    except (FileNotFoundError, NotADirectoryError):
		        continue
		    if status[0] == "Name:\ttarpit-tls":
		        print("\n".join(status))
		client.sendall(b"EHLO x\r\n")
		assert h.local.recv(100) == b"EHLO x\r\n"
		h.local.close()
		assert client.recv(1) == b""
	END
	assert_line 'tls TLSv1.3 TLS_AES_256_GCM_SHA384'
	local user
	user=$(machine run id -u tarpit-tls)
	assert_line --regexp "^Uid:.$user.$user.$user.$user$"
	assert_line --regexp '^CapBnd:.0+$'
	assert_line --regexp '^NoNewPrivs:.1$'
	assert_line --regexp '^Seccomp:.2$'
}

@test "nobody but the handler's group may connect, and only root reads the key" {
	run tls_as daemon <<<'h.shake()'
	assert_failure
	assert_line --partial 'PermissionError'
	local user
	for user in tarpit-smtpd tarpit-tls; do
		run machine run setpriv --reuid "$user" --clear-groups \
			cat /etc/tarpit-smtpd/tls/key.pem
		assert_failure
		assert_line --partial 'Permission denied'
	done
}

@test "without certificate or key there is no socket" {
	local name
	for name in certificate key; do
		systemctl stop tarpit-tls.socket
		mv "$files/$name.pem" "$files/$name"
		run systemctl start tarpit-tls.socket
		assert_failure
		assert_output --partial 'Assertion failed'
		run systemctl is-active tarpit-tls.socket
		assert_output inactive
		run machine run test -e /run/tarpit-smtpd/tls
		assert_failure
		mv "$files/$name" "$files/$name.pem"
	done
}

@test "the socket file goes when the unit is stopped" {
	machine run test -S /run/tarpit-smtpd/tls
	systemctl stop tarpit-tls.socket
	run machine run test -e /run/tarpit-smtpd/tls
	assert_failure
}

# Whose certificate the next client sees.
certificate() {
	tls_as tarpit-smtpd <<-'END'
		certificate = h.shake().getpeercert(True)
		print(*[n for n in ("old", "new") if f"{n}.example.org".encode()
		        in certificate])
	END
}

@test "a renewed certificate behind a symbolic link serves the next connection" {
	local live=${files%/tls}/live
	make_key_pair "$live/1" old.example.org
	make_key_pair "$live/2" new.example.org
	ln -s 1 "$live/current"
	ln -sf ../live/current/certificate.pem ../live/current/key.pem "$files"
	run -0 certificate
	assert_output old
	ln -sfn 2 "$live/current"
	run -0 certificate
	assert_output new
}

@test "a key that does not fit is one line in the log, and end-of-file" {
	make_key_pair "$BATS_TEST_TMPDIR/other"
	cp "$BATS_TEST_TMPDIR/other/key.pem" "$files"
	local before
	before=$(records notice | wc -l)
	run -0 tls_as tarpit-smtpd <<<'assert h.line() == ""'
	wait_until 20 no_process_is_left
	run -0 records notice "$before"
	assert_output --regexp '^tarpit-tls: /.*/key\.pem: it is not the key of the certificate$'
	run -0 records err
	assert_line --partial 'it is not the key of the certificate'
}

@test "a certificate that is gone is end-of-file for the handler" {
	rm "$files/certificate.pem"
	run -0 tls_as tarpit-smtpd <<<'assert h.line() == ""'
	make_key_pair "$files"
	run -0 shakes_hands
}

@test "sessions leave nothing in the log, whatever ends them" {
	local before
	before=$(records debug | wc -l)
	run -0 shakes_hands
	run -0 tls_as tarpit-smtpd <<<'h.local.close()'
	run -0 tls_as tarpit-smtpd <<<'client = h.take()
client.sendall(b"EHLO x\r\n")
assert h.line() == "failed wrong version number"'
	run -0 tls_as tarpit-smtpd <<<'h.line(); h.local.sendall(b"x")'
	wait_until 20 no_process_is_left
	# systemd mounts the credentials of each, and says so when it is done.
	run -0 records debug "$before"
	refute_line --regexp '^tarpit-tls: |tarpit-tls@.*\.service'
}

@test "at the limit a handler sees end-of-file, and the socket stays" {
	machine run mkdir -p /run/systemd/system/tarpit-tls.socket.d
	machine run sh -c 'printf "[Socket]\nMaxConnections=2\n" \
		>/run/systemd/system/tarpit-tls.socket.d/limit.conf'
	systemctl daemon-reload
	systemctl restart tarpit-tls.socket
	run -0 tls_as tarpit-smtpd <<-'END'
		held = [h, Connected("/run/tarpit-smtpd/tls")]
		for one in held:
		    assert one.line() == "ready"
		for _ in range(300):
		    one = Connected("/run/tarpit-smtpd/tls")
		    try:
		        assert one.line() == ""
		    except ConnectionResetError:
		        pass
	END
	wait_until 20 no_process_is_left
	run -0 shakes_hands
	machine run rm -r /run/systemd/system/tarpit-tls.socket.d
	systemctl daemon-reload
}
