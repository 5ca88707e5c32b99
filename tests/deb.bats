#!/usr/bin/env bats
# The Debian package, installed by dpkg on a machine with a real systemd.

load common

machine() {
	"$root/tests/systemd-machine" "$1" "$BATS_FILE_TMPDIR/machine" "${@:2}"
}

setup_file() {
	make -s -C "$root" deb >/dev/null
	machine prepare
	machine boot
	cp "$build"/tarpit-smtpd_*.deb "$BATS_FILE_TMPDIR/machine/root/root/"
}

teardown_file() {
	machine end
}

@test "the package installs, serves and is removed" {
	local file=$BATS_FILE_TMPDIR/machine/root
	machine run sh -c 'dpkg -i /root/tarpit-smtpd_*.deb'
	run machine run systemctl is-enabled tarpit-smtpd.socket
	assert_output disabled

	echo alice@example.org >"$file/etc/tarpit-smtpd/recipients"
	echo 'TARPITDELAY=0.1' >>"$file/etc/tarpit-smtpd/environment"
	machine run systemctl enable --now tarpit-smtpd.socket tarpit-rcpt.path
	wait_until 20 test -e "$file/etc/tarpit-smtpd/recipients.cdb"
	run machine network python3 - <<-'EOT'
		import smtplib
		with smtplib.SMTP("127.0.0.1", 25) as s:
		    s.sendmail("a@example.com", ["alice@example.org"], "Subject: x\n")
		    print("delivered")
	EOT
	assert_output delivered
	run find "$file/var/lib/tarpit-smtpd/mail/example.org/alice/new" -type f
	assert_equal "${#lines[@]}" 1

	# A connector of the package, and one of the administrator's.
	machine run sh -ec 'cd /usr/share/doc/tarpit-smtpd/connectors
		cp ./*internal.socket ./*internal@.service /etc/systemd/system
		systemctl daemon-reload
		systemctl enable --now tarpit-smtpd-submission.socket \
			tarpit-smtpd-internal.socket'
	run machine run tarpit-connectors
	assert_line --regexp '^tarpit-smtpd-internal .* 0\.1 '

	machine run dpkg -r tarpit-smtpd
	run machine run systemctl is-active tarpit-smtpd.socket \
		tarpit-smtpd-submission.socket tarpit-smtpd-internal.socket
	assert_output $'inactive\ninactive\ninactive'
	assert [ -e "$file/etc/tarpit-smtpd/environment" ]
	assert [ -e "$file/etc/tarpit-smtpd/recipients.cdb" ]
	run machine run systemctl list-units --failed --no-legend --plain
	assert_output ''
}
