#!/usr/bin/env bats
# The README's ways to start the server without systemd, as printed, on a
# machine where it is installed.

load common

machine() {
	"$root/tests/systemd-machine" "$1" "$BATS_FILE_TMPDIR/machine" "${@:2}"
}

# The block of the README behind a line, in the section on starters.
# Usage: readme_block LINE
readme_block() {
	sed -n '/^## Other ways to start it/,/^## See/p' "$root/README.md" |
		awk -v line="$1" '
			index($0, line) == 1 { found = 1 }
			found && /^```/ { if (inside) exit; inside = 1; next }
			inside'
}

setup_file() {
	machine prepare
	make -s -C "$root" install DESTDIR="$BATS_FILE_TMPDIR/machine/root" \
		>/dev/null
	cp "$root"/build/starters/usr/sbin/{inetd,xinetd} \
		"$BATS_FILE_TMPDIR/machine/root/usr/sbin/"
	machine boot
	machine run systemd-sysusers
	machine run systemd-tmpfiles --create || true
	echo alice@example.org |
		machine run tarpit-rcpt build - /etc/tarpit-smtpd/recipients.cdb
}

teardown_file() {
	machine end
}

# Runs a command as a service of the machine, until the next test.
start() {
	machine run systemd-run --quiet --unit=starter --collect "$@"
}

teardown() {
	machine run systemctl stop starter.service
}

connects() {
	machine network bash -c ': </dev/tcp/127.0.0.1/25' 2>/dev/null
}

# One recipient is accepted, the other refused after the delay.
serves() {
	wait_until 20 connects
	run machine network python3 - <<-'EOT'
		import smtplib, time
		with smtplib.SMTP("127.0.0.1", 25, "me") as s:
		    s.ehlo()
		    s.mail("a@example.com")
		    print(s.rcpt("alice@example.org")[0])
		    begin = time.monotonic()
		    print(s.rcpt("bob@example.org")[0])
		    print(time.monotonic() - begin >= 5)
	EOT
	assert_output $'250\n550\nTrue'
}

@test "the command line of tcpserver" {
	start sh -c "PATH=\$PATH:/usr/local/sbin; $(readme_block 'Under tcpserver')"
	serves
}

@test "the line of inetd" {
	readme_block 'Under inetd' \
		>"$BATS_FILE_TMPDIR/machine/root/etc/inetd.conf"
	start /usr/sbin/inetd -i /etc/inetd.conf
	serves
}

@test "the entry of xinetd" {
	readme_block 'Under xinetd' \
		>"$BATS_FILE_TMPDIR/machine/root/etc/xinetd.conf"
	start /usr/sbin/xinetd -dontfork -f /etc/xinetd.conf
	serves
}
