#!/usr/bin/env bats
# Several connectors at once under a real systemd, made as the README says, and
# tarpit-connectors, which lists them. One machine is booted for all tests.

load common

bats_require_minimum_version 1.5.0

machine() {
	"$root/tests/systemd-machine" "$1" "$BATS_FILE_TMPDIR/machine" "${@:2}"
}

systemctl() {
	machine run systemctl "$@"
}

connectors() {
	machine run tarpit-connectors "$@"
}

# The commands of a section of the README, up to the first that matches.
# Usage: readme_commands SECTION [LAST]
readme_commands() {
	awk -v section="## $1" -v last="${2:-^$}" '
		/^## / { inside = $0 == section; next }
		inside && /^```/ { code = $0 == "```sh" && !code; next }
		code && $0 ~ last { exit }
		inside && code' "$root/README.md"
}

setup_file() {
	local files=$BATS_FILE_TMPDIR/machine/root
	machine prepare
	make -s -C "$root" install DESTDIR="$files"
	"$RCPT" build "$root/tests/recipients.txt" \
		"$files/etc/tarpit-smtpd/recipients.cdb"
	machine boot
	readme_commands Install '^systemctl enable' | sed '/^make /d' |
		machine run sh -e
	systemctl enable --now tarpit-smtpd.socket
	readme_commands 'More than one connector' | machine run sh -e \
		>"$BATS_FILE_TMPDIR/readme"
	# The proxy's is made from the other example, as the README says.
	machine run sh -ec 'cd /usr/local/share/doc/tarpit-smtpd/connectors
		cp tarpit-smtpd-proxy.socket tarpit-smtpd-proxy@.service \
			/etc/systemd/system
		cp tarpit-smtpd-proxy.environment /etc/tarpit-smtpd
		systemctl daemon-reload
		systemctl enable --now tarpit-smtpd-proxy.socket'
	cp -a "$files/etc" "$BATS_FILE_TMPDIR/etc"
}

teardown_file() {
	machine end
}

setup() {
	etc=$BATS_FILE_TMPDIR/machine/root/etc
	mail_root=$BATS_FILE_TMPDIR/machine/root/var/lib/tarpit-smtpd/mail
	settings '' TARPITDELAY=0.5
}

# What a test changed is as before.
teardown() {
	run systemctl list-units --failed --no-legend --plain
	assert_output ''
	local name
	for name in submission internal proxy; do
		cp "$BATS_FILE_TMPDIR/etc/tarpit-smtpd/tarpit-smtpd-$name.environment" \
			"$etc/tarpit-smtpd"
	done
	if compgen -G "$etc/systemd/system/tarpit-*.d" >/dev/null; then
		rm -r "$etc"/systemd/system/tarpit-*.d
		systemctl daemon-reload
	fi
}

# Replaces the common settings, or adds to those of a connector.
# Usage: settings NAME [SETTING]...
settings() {
	local file=$etc/tarpit-smtpd/tarpit-smtpd-$1.environment
	if [[ $1 == '' ]]; then
		printf '%s\n' SMTPD_HOSTNAME=mx.example.org "${@:2}" \
			>"$etc/tarpit-smtpd/environment"
	else
		printf '%s\n' "${@:2}" >>"$file"
	fi
}

# Adds lines to the units of a service.
# Usage: drop_in SERVICE LINE...
drop_in() {
	mkdir -p "$etc/systemd/system/$1.d"
	printf '%s\n' '[Service]' "${@:2}" >"$etc/systemd/system/$1.d/$1.conf"
	systemctl daemon-reload
}

# Plays the transcript on stdin against a port of the machine.
dialogue() {
	machine network "$root/tests/dialogue" --connect "127.0.0.1:$1"
}

bye='C: QUIT
S: 221 2.0.0 Goodbye
@eof'
unknown_recipient='C: RCPT TO:<nobody@example.org>
S: 550 5.1.1 No such user here'

@test "the commands of the README make connectors, and show them" {
	run -0 systemctl is-enabled tarpit-smtpd.socket \
		tarpit-smtpd-{submission,internal,proxy}.socket
	assert_output $'enabled\nenabled\nenabled\nenabled'
	run -0 cat "$BATS_FILE_TMPDIR/readme"
	assert_line 'SMTPD_REQUIRE_AUTH=yes # environment'
	assert_line --partial '"name": "tarpit-smtpd-internal"'
}

@test "systemd finds nothing wrong with the units of connectors" {
	run -0 machine run sh -c 'systemd-analyze verify --man=no \
		/usr/local/lib/systemd/system/tarpit-smtpd-*.socket \
		/usr/local/lib/systemd/system/tarpit-smtpd-*@.service \
		/etc/systemd/system/tarpit-smtpd-*.socket \
		/etc/systemd/system/tarpit-smtpd-*@.service'
	assert_output ''
}

# Prints what systemd knows of the service of a connector, without what its name
# is in.
service_properties() {
	systemctl show "$1@x.service" | sed -E \
		-e '/^(FragmentPath|DropInPaths|UnitFileState|UnitFilePreset)=/d' \
		-e '/^(Before|After|Documentation|Slice|Requires)=/d' \
		-e '/^Environment=(SMTPD_REQUIRE_AUTH=yes)?$/d' \
		-e "s/$1([@.])/CONNECTOR\1/g" | sort
}

@test "the services of all connectors are the same one" {
	local connector
	service_properties tarpit-smtpd >"$BATS_TEST_TMPDIR/first"
	run -0 grep -c . "$BATS_TEST_TMPDIR/first"
	assert [ "$output" -gt 150 ]
	for connector in tarpit-smtpd-{submission,internal,proxy}; do
		service_properties "$connector" >"$BATS_TEST_TMPDIR/other"
		run diff "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/other"
		assert_output ''
	done
}

# Usage: refused_at_once PORT: with what is common, it would take ten minutes.
refused_at_once() {
	settings '' TARPITDELAY=600
	printf '%s\n' "$ehlo" "$mail" '@mark' "$unknown_recipient" \
		'@less-than 60' "$bye" | dialogue "$1"
}

# Usage: refused_late PORT SECONDS
refused_late() {
	printf '%s\n' "$ehlo" "$mail" '@mark' "$unknown_recipient" \
		"@at-least $2" "$bye" | dialogue "$1"
}

@test "a connector has a delay of its own, or that of all" {
	refused_late 25 0.5
	refused_at_once 2500
	settings internal TARPITDELAY=1
	refused_late 2500 1
	sed -i /TARPITDELAY/d "$etc"/tarpit-smtpd/*internal.environment
	settings '' TARPITDELAY=0.5
	refused_late 2500 0.5
}

@test "what is set for port 25 alone counts nowhere else" {
	echo TARPITDELAY=1 >"$etc/tarpit-smtpd/tarpit-smtpd.environment"
	refused_late 25 1
	rm "$etc/tarpit-smtpd/tarpit-smtpd.environment"
	refused_at_once 2500
}

@test "only the connector of those who may relay takes mail for everywhere" {
	settings internal RELAYCLIENT=
	printf '%s\n' "$ehlo" "$mail" 'C: RCPT TO:<any@elsewhere.example>' \
		'S: 250 2.1.5 Recipient OK' "$bye" | dialogue 2500
	printf '%s\n' "$ehlo" "$mail" 'C: RCPT TO:<any@elsewhere.example>' \
		'S~ 554 5\.7\.1 .*' "$bye" | dialogue 25
}

@test "behind the proxy, and only there, a header says who the client is" {
	settings '' TARPITDELAY=600 SMTPD_EXEMPT=192.0.2.9
	printf '%s\n' 'C: PROXY TCP4 192.0.2.9 192.0.2.1 4000 25' \
		"$ehlo" "$mail" '@mark' "$unknown_recipient" '@less-than 60' \
		"$bye" | dialogue 2525
	printf '%s\n' 'S: 220 mx.example.org ESMTP' 'C: HELO client.example.net' \
		'S: 250 mx.example.org' "$bye" | dialogue 25
}

@test "submission takes no mail without its file of settings" {
	rm "$etc"/tarpit-smtpd/tarpit-smtpd-submission.environment
	printf '%s\n' 'S: 421 4.3.5 Service misconfigured' @eof |
		dialogue 587
	run -78 connectors
	assert_line --partial 'tarpit-smtpd-submission: SMTPD_AUTH_SOCKET: '
}

@test "drop-ins are for port 25, for one connector or for all but port 25" {
	drop_in tarpit-smtpd@.service Environment=TARPITCOUNT=1
	drop_in tarpit-smtpd-internal@.service Environment=TARPITCOUNT=2
	drop_in tarpit-smtpd-@.service Environment=MAXRCPT=200
	run -0 counts tarpit-smtpd
	assert_output $'TARPITCOUNT=1\nMAXRCPT=100'
	run -0 counts tarpit-smtpd-internal
	assert_output $'TARPITCOUNT=2\nMAXRCPT=200'
	run -0 counts tarpit-smtpd-submission
	assert_output $'TARPITCOUNT=0\nMAXRCPT=200'
}

counts() {
	connectors --show-config "$1" 2>/dev/null |
		sed -nE 's/^((TARPITCOUNT|MAXRCPT)=.*) # .*/\1/p'
}

# The settings that a handler of a connector has, by the environment with which
# systemd has started it.
# Usage: settings_of_handler PORT
settings_of_handler() {
	local environment=$BATS_TEST_TMPDIR/environment
	dialogue "$1" <<-END
		S~ .*
		@run $root/tests/systemd-machine run $BATS_FILE_TMPDIR/machine sh -c 'cat /proc/\$(pidof tarpit-smtpd)/environ' >$environment
		$bye
	END
	[[ -s $environment ]] || return
	local assignments
	mapfile -d '' assignments <"$environment"
	machine run env -i "${assignments[@]}" \
		/usr/local/sbin/tarpit-smtpd --show-config
}

@test "what is shown of a connector is what its handlers get" {
	# shellcheck disable=SC1003,SC2016 # for systemd
	settings internal 'SMTPD_RECIPIENTS="/x \"y\" \\z \$a \`b`"' \
		"SMTPD_DELIVERY='maildir:/ma\"il/#%d'" '# comment' \
		'SMTPD_EXEMPT=192.0.2.1 \' ' 2001:db8::/32   ' \
		'export=no' 'MAXRCPT = 300' ';MAXRCPT=1' 'DATABYTES=7' 'DATABYTES=8'
	# shellcheck disable=SC2016
	drop_in tarpit-smtpd-internal@.service \
		'Environment="SMTPD_SUBADDRESS=+-" TARPITCOUNT=7 MAXRCPT=400' \
		'Environment="RELAYCLIENT=.%%a" "SMTPD_TLS_SOCKET=/a\x01\n#"' \
		'Environment="SMTPD_AUTH_SOCKET=/\x24$b`\"\\c'"'"';{d,e}*~ "' \
		'PassEnvironment=LANG' 'UnsetEnvironment=SMTPD_HOSTNAME'
	run -0 --separate-stderr settings_of_handler 2500
	printf '%s\n' "$output" >"$BATS_TEST_TMPDIR/got"
	run -0 connectors --show-config tarpit-smtpd-internal
	assert_equal "$output" "$(<"$BATS_TEST_TMPDIR/got")"
	assert_line 'DATABYTES=8 # environment'
	assert_line 'SMTPD_TLS_SOCKET=/a\x01\x0a# # environment'
	assert_line 'TARPITCOUNT=7 # environment'

	# And as JSON.
	connectors --json >"$BATS_TEST_TMPDIR/json"
	run -0 python3 - "$BATS_TEST_TMPDIR/json" <<-'END'
		import json, sys
		with open(sys.argv[1]) as file:
		    one, = (c for c in json.load(file)
		        if c["name"] == "tarpit-smtpd-internal")
		for name in ("RELAYCLIENT", "SMTPD_TLS_SOCKET",
		        "SMTPD_AUTH_SOCKET", "SMTPD_DELIVERY"):
		    print(ascii(one["settings"][name]))
		print(one["exempt"], one["all_exempt"], one["delay"])
	END
	assert_output - <<-'END'
		'.%a'
		'/a\x01\n#'
		'/$$b`"\\c\';{d,e}*~ '
		'maildir:/ma"il/#%d'
		['192.0.2.1', '2001:db8::/32'] True 0
	END
}

# What systemd would not take from a file, and other programs may one day give.
@test "JSON is valid whatever octets are in a value" {
	printf '%s\n' 'connector x' 'setting TARPITDELAY=5 # default' \
		'setting A=\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x8c # default' \
		'setting B=a\xc3|\xe9\xa9|\xed\xa0\x80|\xc0\xaf|\xf5\x80\x80\x80 # default' \
		'setting C=\x01\x1f\x7f\"\\x41\/ # # default' |
		awk -v format=json -f "$root/tools/connectors.awk" \
			>"$BATS_TEST_TMPDIR/json"
	run -0 python3 - "$BATS_TEST_TMPDIR/json" <<-'END'
		import json, sys
		with open(sys.argv[1], encoding="utf-8") as file:
		    (x,) = json.load(file)
		for name in "ABC":
		    print(ascii(x["settings"][name]))
	END
	assert_output - <<-'END'
		'\xe9 \u20ac \U0001f40c'
		'a\ufffd|\ufffd\ufffd|\ufffd\ufffd\ufffd|\ufffd\ufffd|\ufffd\ufffd\ufffd\ufffd'
		'\x01\x1f\x7f"\\x41\\/ #'
	END
}

@test "the table has every connector with what counts for it" {
	settings '' 'SMTPD_EXEMPT=192.0.2.0/24, ::1' TARPITDELAY=0.5
	settings internal RELAYCLIENT=
	settings submission SMTPD_EXEMPT= SMTPD_DELIVERY=smtp:127.0.0.1:10025 \
		SMTPD_TLS_SOCKET=
	run -0 connectors
	assert_output - <<-'END'
		NAME                     ENABLED  STATE   ADDRESS         TLS          DELAY  EXEMPT          AUTH         HAND-OFF
		tarpit-smtpd             yes      active  [::]:25         no           0.5    192.0.2.0/24+1  no           maildir:/var/lib/tarpit-smtpd/mail/%d/%l
		tarpit-smtpd-internal    yes      active  127.0.0.1:2500  no           0      all             no           maildir:/var/lib/tarpit-smtpd/mail/%d/%l
		tarpit-smtpd-proxy       yes      active  127.0.0.1:2525  no           0.5    192.0.2.0/24+1  no           maildir:/var/lib/tarpit-smtpd/mail/%d/%l
		tarpit-smtpd-submission  yes      active  [::]:587        no           0.5    -               unavailable  smtp:127.0.0.1:10025
		                                          [::]:465        unavailable
	END
}

@test "the table says which connector has TLS and asks for a password" {
	machine run python3 -c 'import socket; \
		socket.socket(socket.AF_UNIX).bind("/run/is-there")'
	settings '' SMTPD_TLS_SOCKET=/run/is-there 'SMTPD_TLS_PORTS=465 2525' \
		SMTPD_AUTH_SOCKET=/run/is-there
	settings internal SMTPD_TLS_SOCKET=
	settings proxy SMTPD_TLS_SOCKET= SMTPD_AUTH_PLAINTEXT=yes
	run -0 json '.[] | [.name, .auth] + (.listen | map(.tls))'
	assert_output - <<-'END'
		["tarpit-smtpd","offered","starttls"]
		["tarpit-smtpd-internal","unavailable","no"]
		["tarpit-smtpd-proxy","offered","unavailable"]
		["tarpit-smtpd-submission","unavailable","starttls","implicit"]
	END
	# Dovecot's socket was not where its file says.
	settings submission SMTPD_AUTH_SOCKET=/run/is-there
	run -0 json '.[] | select(.name == "tarpit-smtpd-submission").auth'
	assert_output '"required"'
}

@test "a connector that cannot serve is shown with the reason" {
	settings internal MAXRCPT=1 'SMTPD_DELIVERY="pigeon:\"x\\"'
	run -78 connectors
	assert_line --regexp '^tarpit-smtpd +yes +active .* 0\.5 .* maildir:'
	assert_line --regexp \
		'^tarpit-smtpd-internal +yes +active +127.0.0.1:2500 +- +- +- +- +misconfigured$'
	assert_line --partial 'tarpit-smtpd-internal: MAXRCPT: value "1": must be'
	assert_line --partial 'tarpit-smtpd-internal: SMTPD_DELIVERY: value "pigeon:\"x\\": must be'
	run -78 json '[.[] | select(.usable | not) | .name, (.messages | length)]'
	assert_output '["tarpit-smtpd-internal",2]'
	run -78 --separate-stderr connectors --show-config tarpit-smtpd-internal
	assert_line 'MAXRCPT=100 # default'
}

# Usage: json FILTER: what jq makes of the list.
json() {
	local status=0
	connectors --json >"$BATS_TEST_TMPDIR/json" || status=$?
	jq -c "$1" "$BATS_TEST_TMPDIR/json"
	return "$status"
}

@test "what is stopped is shown if it is enabled, else what runs" {
	systemctl stop tarpit-smtpd-internal.socket
	systemctl disable --quiet tarpit-smtpd-proxy.socket
	run -0 json '.[] | [.name, .enabled, .state]'
	assert_output - <<-'END'
		["tarpit-smtpd",true,"active"]
		["tarpit-smtpd-internal",true,"inactive"]
		["tarpit-smtpd-proxy",false,"active"]
		["tarpit-smtpd-submission",true,"active"]
	END
	systemctl stop tarpit-smtpd-proxy.socket
	run -0 json '[.[] | .name]'
	assert_output \
		'["tarpit-smtpd","tarpit-smtpd-internal","tarpit-smtpd-submission"]'
	# Its settings can be seen before it is enabled.
	run -0 connectors --show-config tarpit-smtpd-proxy.socket
	assert_line 'SMTPD_PROXY=yes # environment'
	systemctl enable --quiet --now tarpit-smtpd-proxy.socket
	systemctl start tarpit-smtpd-internal.socket
}

@test "the server under tcpserver is a connector, too" {
	local service=tarpit-smtpd-tcpserver
	systemctl enable --now --quiet "$service.socket"
	echo TARPITDELAY=3 >"$etc/tarpit-smtpd/$service.environment"
	run -0 json ".[] | select(.name == \"$service\") |
		[.listen[].address, .delay, .settings.SMTPD_SECCOMP]"
	assert_output '["0.0.0.0:25",3,"no"]'
	rm "$etc/tarpit-smtpd/$service.environment"
	systemctl disable --now --quiet "$service.socket"
	systemctl start tarpit-smtpd.socket
}

@test "a socket without a service is shown as one that cannot serve" {
	local file=$etc/systemd/system/tarpit-smtpd-internal@.service
	mv "$file" "$BATS_TEST_TMPDIR"
	systemctl daemon-reload
	run -78 connectors
	mv "$BATS_TEST_TMPDIR/${file##*/}" "$file"
	systemctl daemon-reload
	assert_line --regexp '^tarpit-smtpd-internal .* misconfigured$'
	assert_line 'tarpit-smtpd-internal: systemd has no tarpit-smtpd-internal@settings.service'
}

@test "what systemd cannot start is shown as well" {
	drop_in tarpit-smtpd-internal@.service EnvironmentFile=/nowhere
	run -78 connectors
	assert_line --partial 'tarpit-smtpd-internal: cannot be started: '
	drop_in tarpit-smtpd-internal@.service User=nobody-is-called-so
	run -78 connectors
	assert_line --partial 'tarpit-smtpd-internal: cannot be started: '
}

# One octet that is not UTF-8, and systemd takes nothing from the file.
@test "a file of settings that systemd passes over is shown" {
	settings internal TARPITDELAY=600 $'SMTPD_RECIPIENTS=/caf\xe9'
	refused_late 2500 0.5
	run -78 connectors
	assert_line --regexp '^tarpit-smtpd-internal .* misconfigured$'
	assert_line 'tarpit-smtpd-internal: systemd cannot read /etc/tarpit-smtpd/tarpit-smtpd-internal.environment, and ignores all of it'
	assert_line --regexp '^tarpit-smtpd +yes +active .* 0\.5 .* maildir:'
	run -78 --separate-stderr connectors --show-config tarpit-smtpd-internal
	assert_line 'TARPITDELAY=0.5 # environment'
}

@test "without connectors the list is empty" {
	systemctl stop 'tarpit-smtpd*.socket'
	systemctl disable --quiet tarpit-smtpd{,-submission,-internal,-proxy}.socket
	run -0 json .
	assert_output '[]'
	run -0 connectors
	assert_equal "${#lines[@]}" 1
	systemctl enable --now --quiet \
		tarpit-smtpd{,-submission,-internal,-proxy}.socket
}

@test "who is not root, and where systemd is not, is told so" {
	run -77 machine run setpriv --reuid 65534 --clear-groups \
		/usr/local/sbin/tarpit-connectors
	assert_output 'tarpit-connectors: only root can let systemd read the settings of a service'
	run -69 machine run unshare -m sh -c \
		'mount -t tmpfs none /run && tarpit-connectors --json'
	assert_output 'tarpit-connectors: systemd does not run here'
	run -1 connectors --show-config tarpit-smtpd-nothing
	assert_output \
		'tarpit-connectors: systemd has no tarpit-smtpd-nothing.socket'
}

@test "wrong arguments of the list are answered with the right ones" {
	local arguments
	for arguments in --help --xml '--json x' --show-config '--show-config a b'; do
		# shellcheck disable=SC2086 # they are several
		run -64 connectors $arguments
		assert_line --index 0 'usage: tarpit-connectors [--json]'
	done
	run -0 connectors --version
	assert_output --regexp '^tarpit-connectors [0-9.]+$'
}

@test "the list leaves no files and no units" {
	connectors >"$BATS_TEST_TMPDIR/table"
	run -0 machine run find /run /tmp -name 'tarpit-connectors*' -o \
		-name 'tmp.*'
	assert_output ''
	run systemctl list-units --all --no-legend --plain 'run-*.service'
	assert_output ''
}
