#!/usr/bin/env bats
# What "make install" puts where, and what "make uninstall" leaves.

load common

bats_require_minimum_version 1.5.0

setup() {
	there=$BATS_TEST_TMPDIR/there
}

# The paths are not the defaults, so that one that is fixed is found.
make_target() {
	make -s -C "$root" PREFIX=/opt/mail DESTDIR="$there" "$1"
}

files() {
	(cd "$there" && find . ! -type d -printf '%P\n' | sort)
}

@test "install puts every file in its place" {
	make_target install
	run -0 files
	assert_output - <<-END
		etc/tarpit-smtpd/environment
		etc/tarpit-smtpd/tarpit-smtpd-submission.environment
		opt/mail/lib/systemd/catalog/tarpit-smtpd.catalog
		opt/mail/lib/systemd/system/tarpit-rcpt-changed.service
		opt/mail/lib/systemd/system/tarpit-rcpt.path
		opt/mail/lib/systemd/system/tarpit-rcpt.service
		opt/mail/lib/systemd/system/tarpit-smtpd-@.service.d/10-service.conf
		opt/mail/lib/systemd/system/tarpit-smtpd-submission.socket
		opt/mail/lib/systemd/system/tarpit-smtpd-submission@.service
		opt/mail/lib/systemd/system/tarpit-smtpd-tcpserver.service
		opt/mail/lib/systemd/system/tarpit-smtpd-tcpserver.socket
		opt/mail/lib/systemd/system/tarpit-smtpd.socket
		opt/mail/lib/systemd/system/tarpit-smtpd@.service
		opt/mail/lib/systemd/system/tarpit-tls.socket
		opt/mail/lib/systemd/system/tarpit-tls@.service
		opt/mail/lib/sysusers.d/tarpit-smtpd.conf
		opt/mail/lib/tarpit-smtpd/connectors.awk
		opt/mail/lib/tarpit-smtpd/tcpserver-socket.so
		opt/mail/lib/tmpfiles.d/tarpit-smtpd.conf
		opt/mail/sbin/tarpit-connectors
		opt/mail/sbin/tarpit-rcpt
		opt/mail/sbin/tarpit-smtpd
		opt/mail/sbin/tarpit-tls
		opt/mail/share/doc/tarpit-smtpd/connectors/tarpit-smtpd-internal.environment
		opt/mail/share/doc/tarpit-smtpd/connectors/tarpit-smtpd-internal.socket
		opt/mail/share/doc/tarpit-smtpd/connectors/tarpit-smtpd-internal@.service
		opt/mail/share/doc/tarpit-smtpd/connectors/tarpit-smtpd-proxy.environment
		opt/mail/share/doc/tarpit-smtpd/connectors/tarpit-smtpd-proxy.socket
		opt/mail/share/doc/tarpit-smtpd/connectors/tarpit-smtpd-proxy@.service
		opt/mail/share/doc/tarpit-smtpd/environment
		opt/mail/share/doc/tarpit-smtpd/hardened.conf
		opt/mail/share/doc/tarpit-smtpd/poll-limit.conf
		opt/mail/share/doc/tarpit-smtpd/recipients.example
		opt/mail/share/doc/tarpit-smtpd/tarpit-smtpd-submission.environment
		opt/mail/share/man/man5/tarpit-recipients.5
		opt/mail/share/man/man8/tarpit-connectors.8
		opt/mail/share/man/man8/tarpit-rcpt.8
		opt/mail/share/man/man8/tarpit-smtpd.8
		opt/mail/share/man/man8/tarpit-tls.8
	END
}

@test "the files installed name only places and pages that were installed" {
	make_target install
	run -1 grep -rIE '@(SBINDIR|LIBDIR|CONFIG_DIR|STATE_DIR|RUN_DIR|VERSION)@' "$there"
	run -1 grep -rI /usr/local "$there"
	run -0 grep -rl /opt/mail/share/doc "$there/opt/mail/share/man"

	local units=$there/opt/mail/lib/systemd/system program page
	run -0 sed -nE 's|^ExecStart=(.* )?(/opt/mail/[^ ]*).*|\2|p' \
		"$units"/*.{service,socket,path}
	assert_equal "${#lines[@]}" 4
	for program in "${lines[@]}"; do
		assert [ -x "$there$program" ]
	done
	run -0 sed -nE 's/^Documentation=//p' "$units"/*.{service,socket,path} \
		"$there"/opt/mail/share/doc/tarpit-smtpd/connectors/*
	for page in $output; do
		[[ $page =~ ^man:(.*)\((.)\)$ ]]
		assert [ -e "$there/opt/mail/share/man/man${BASH_REMATCH[2]}/${BASH_REMATCH[1]}.${BASH_REMATCH[2]}" ]
	done
}

@test "install leaves the administrator's settings as they are" {
	local file etc=$there/etc/tarpit-smtpd
	make_target install
	for file in environment tarpit-smtpd-submission.environment; do
		echo TARPITDELAY=7 >"$etc/$file"
		make_target install
		run -0 cat "$etc/$file"
		assert_output TARPITDELAY=7
	done
}

@test "everybody can read what was installed, whatever the umask" {
	umask 077
	make_target install
	run -0 find "$there" -type f ! -perm -444
	assert_output ''
}

@test "uninstall leaves settings and recipients and nothing else" {
	make_target install
	echo alice@example.org >"$there/etc/tarpit-smtpd/recipients"
	make_target uninstall
	run -0 files
	assert_output - <<-END
		etc/tarpit-smtpd/environment
		etc/tarpit-smtpd/recipients
		etc/tarpit-smtpd/tarpit-smtpd-submission.environment
	END
}

@test "the settings file shows every setting with its default" {
	make -s -C "$root" DESTDIR="$there" install
	# The defaults of the handler; the machine's name is no constant, and
	# what is unset has no value.
	run -0 env -i "$there/usr/local/sbin/tarpit-smtpd" --show-config
	local settings
	settings=$(sed -nE 's/^(SMTPD_HOSTNAME)=.*/\1=(the name of the machine)/
		s/ # default$//; s/ # unset$/=/
		/^(SMTPD_|TARPIT|RELAYCLIENT|DATABYTES|MAXRCPT|QMAILQUEUE).*=/p' \
		<<<"$output" | tr -d '"' | sort)
	run -0 sed -nE 's/^#([A-Z_]+=.*)/\1/p' \
		"$there/etc/tarpit-smtpd/environment"
	assert_equal "$(sort <<<"$output")" "$settings"
}

@test "the example of a source can be built" {
	run -0 "$RCPT" check "$root/units/recipients.example"
}
