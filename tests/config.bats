#!/usr/bin/env bats
# Sanitized: yes
# The settings: defaults, what they may be, and what is said of those that cannot
# be used.

load common

# The handler with these settings alone.
# Usage: handler [NAME=VALUE]... [OPTION]
handler() {
	local environment=() name
	for name in ASAN_OPTIONS UBSAN_OPTIONS; do
		[[ -z ${!name-} ]] || environment+=("$name=${!name}")
	done
	while [[ ${1-} == *=* ]]; do
		environment+=("$1")
		shift
	done
	env -i "${environment[@]}" "$SMTPD" "$@" </dev/null
}

# Every setting, as --show-config has it.
show() {
	handler "$@" --show-config | grep -v '^#'
}

# Usage: assert_shown NAME VALUE AS: the value is good, and understood so.
assert_shown() {
	run handler "$1=$2" --check-config
	assert_success
	assert_output ''
	run show "$1=$2"
	assert_line "$1=$3 # environment"
}

# Usage: assert_bad NAME VALUE REST: check-config says just this of it.
assert_bad() {
	run handler "$1=$2" --check-config
	assert_failure 78
	assert_output "$1: value \"$2\"$3"
}

@test "the defaults are those of the manual" {
	run show SMTPD_HOSTNAME=mx.example.org
	assert_success
	assert_output - <<-'EOT'
		TARPITDELAY=5 # default
		TARPITCOUNT=0 # default
		SMTPD_RECIPIENTS=/etc/tarpit-smtpd/recipients.cdb # default
		SMTPD_DELIVERY=maildir:/var/lib/tarpit-smtpd/mail/%d/%l # default
		SMTPD_HOSTNAME=mx.example.org # environment
		SMTPD_EXEMPT= # default
		RELAYCLIENT # unset
		DATABYTES=26214400 # default
		MAXRCPT=100 # default
		SMTPD_MAX_ERRORS=20 # default
		SMTPD_TIMEOUT=300 # default
		SMTPD_SESSION_TIMEOUT=3600 # default
		SMTPD_SUBADDRESS=+ # default
		SMTPD_RELAY_TIMEOUT=120 # default
		SMTPD_XCLIENT=no # default
		QMAILQUEUE # unset
		SMTPD_TLS_SOCKET=/run/tarpit-smtpd/tls # default
		SMTPD_TLS_PORTS=465 # default
		SMTPD_AUTH_SOCKET= # default
		SMTPD_AUTH_PLAINTEXT=no # default
		SMTPD_REQUIRE_AUTH=no # default
		SMTPD_RELAY_AUTHENTICATED=no # default
		SMTPD_PROXY=no # default
		SMTPD_PROXY_FROM= # default
		SMTPD_SECCOMP=yes # default
	EOT
}

@test "the README and the environment file have every setting and its default" {
	local shown
	shown=$(show SMTPD_HOSTNAME=mx.example.org | sed 's/ # .*//')

	# shellcheck disable=SC2016 # that is how Markdown looks
	run sed -nE -e "s/the machine's name/mx.example.org/" \
		-e 's/^\| `([A-Z_]+)` \| unset .*/\1/p' \
		-e 's/^\| `([A-Z_]+)` \| empty .*/\1=/p' \
		-e 's/^\| `([A-Z_]+)` \| `?([^` ]+).*/\1=\2/p' "$root/README.md"
	assert_output "$shown"

	run diff <(sort <<<"$shown") <(sed -nE \
		-e 's/\(the name of the machine\)/mx.example.org/' \
		-e 's|@CONFIG_DIR@|/etc/tarpit-smtpd|; s|@STATE_DIR@|/var/lib/tarpit-smtpd|; s|@RUN_DIR@|/run/tarpit-smtpd|' \
		-e 's/^#(RELAYCLIENT|QMAILQUEUE)=$/#\1/' \
		-e 's/^#([A-Z_]+(=.*)?)$/\1/p' "$root/units/environment" | sort)
	assert_success
}

@test "the manual has every setting" {
	local shown
	shown=$(show | sed 's/[= ].*//')
	run sed -nE '/^\.Sh ENVIRONMENT/,/^\.El/ s/^\.It Ev ([A-Z_]+)$/\1/p' \
		"$root/smtpd/tarpit-smtpd.8"
	assert_output "$shown"
}

@test "the manual has every reply that is no success, and every end of a session" {
	local replies ends known each
	known=$(<"$root/smtpd/tarpit-smtpd.8")
	mapfile -t replies < <(sed -nE \
		's/.*= \{ ([45][0-9]{2}), "([0-9.]+)".*/\1 \2/p' "$root"/smtpd/*.c)
	mapfile -t ends < <(sed -nE \
		'/^end_name/,/^}/ s/.*return "(.+)";/\1/p' "$root/smtpd/session_log.c")
	assert [ "${#replies[@]}" -gt 40 ]
	assert [ "${#ends[@]}" -gt 5 ]
	for each in "${replies[@]}" "${ends[@]}"; do
		[[ $known == *"$each"* ]] || fail "$each is not there"
	done
}

@test "a setting from the environment is shown as such" {
	run show TARPITDELAY=1 TARPITCOUNT=2 SMTPD_RECIPIENTS=/r \
		SMTPD_DELIVERY=smtp:unix:/s SMTPD_HOSTNAME=h.example \
		SMTPD_EXEMPT='::1 192.0.2.0/24' RELAYCLIENT= DATABYTES=3 \
		MAXRCPT=101 SMTPD_MAX_ERRORS=4 SMTPD_TIMEOUT=6 \
		SMTPD_SESSION_TIMEOUT=7 SMTPD_SUBADDRESS=- SMTPD_SECCOMP=no \
		SMTPD_RELAY_TIMEOUT=8 SMTPD_XCLIENT=yes QMAILQUEUE=/bin/true \
		SMTPD_TLS_SOCKET=/t SMTPD_TLS_PORTS='1 2' SMTPD_AUTH_SOCKET=/a \
		SMTPD_AUTH_PLAINTEXT=yes SMTPD_REQUIRE_AUTH=yes \
		SMTPD_RELAY_AUTHENTICATED=yes SMTPD_PROXY=yes \
		SMTPD_PROXY_FROM=127.0.0.1
	assert_success
	assert_output - <<-'EOT'
		TARPITDELAY=1 # environment
		TARPITCOUNT=2 # environment
		SMTPD_RECIPIENTS=/r # environment
		SMTPD_DELIVERY=smtp:unix:/s # environment
		SMTPD_HOSTNAME=h.example # environment
		SMTPD_EXEMPT=::1 192.0.2.0/24 # environment
		RELAYCLIENT= # environment
		DATABYTES=3 # environment
		MAXRCPT=101 # environment
		SMTPD_MAX_ERRORS=4 # environment
		SMTPD_TIMEOUT=6 # environment
		SMTPD_SESSION_TIMEOUT=7 # environment
		SMTPD_SUBADDRESS=- # environment
		SMTPD_RELAY_TIMEOUT=8 # environment
		SMTPD_XCLIENT=yes # environment
		QMAILQUEUE=/bin/true # environment
		SMTPD_TLS_SOCKET=/t # environment
		SMTPD_TLS_PORTS=1 2 # environment
		SMTPD_AUTH_SOCKET=/a # environment
		SMTPD_AUTH_PLAINTEXT=yes # environment
		SMTPD_REQUIRE_AUTH=yes # environment
		SMTPD_RELAY_AUTHENTICATED=yes # environment
		SMTPD_PROXY=yes # environment
		SMTPD_PROXY_FROM=127.0.0.1 # environment
		SMTPD_SECCOMP=no # environment
	EOT
}

@test "a delay is seconds, with decimals to the microsecond, or hh:mm:ss" {
	assert_shown TARPITDELAY 0 0
	assert_shown TARPITDELAY 600 600
	assert_shown TARPITDELAY 600.0 600
	assert_shown TARPITDELAY 007 7
	assert_shown TARPITDELAY 0.1 0.1
	assert_shown TARPITDELAY 2.050 2.05
	assert_shown TARPITDELAY 0.000001 0.000001
	assert_shown TARPITDELAY 599.999999 599.999999
	assert_shown TARPITDELAY 00:00:05 5
	assert_shown TARPITDELAY 0:01:30 90
	assert_shown TARPITDELAY 00:10:00 600
}

@test "a delay of more than 600 seconds is an error" {
	local reason=': must be seconds, such as 5 or 0.25, or hh:mm:ss; at most 600'
	assert_bad TARPITDELAY 601 "$reason"
	assert_bad TARPITDELAY 600.000001 "$reason"
	assert_bad TARPITDELAY 00:10:01 "$reason"
	assert_bad TARPITDELAY 99:59:59 "$reason"
	assert_bad TARPITDELAY 18446744073709551616 "$reason"
	assert_bad TARPITDELAY 18446744073709551621 "$reason"
}

@test "a delay that is no time is an error, and the place is named" {
	local reason='must be seconds, such as 5 or 0.25, or hh:mm:ss; at most 600'
	assert_bad TARPITDELAY '' ": $reason"
	assert_bad TARPITDELAY x " at position 1: $reason"
	assert_bad TARPITDELAY -1 " at position 1: $reason"
	assert_bad TARPITDELAY +1 " at position 1: $reason"
	assert_bad TARPITDELAY ' 1' " at position 1: $reason"
	assert_bad TARPITDELAY .5 " at position 1: $reason"
	assert_bad TARPITDELAY 5s " at position 2: $reason"
	assert_bad TARPITDELAY '5 ' " at position 2: $reason"
	assert_bad TARPITDELAY 1e2 " at position 2: $reason"
	assert_bad TARPITDELAY 5. " at position 3: $reason"
	assert_bad TARPITDELAY 5.5.5 " at position 4: $reason"
	assert_bad TARPITDELAY 0.0000001 " at position 9: $reason"
	assert_bad TARPITDELAY 1:2 " at position 4: $reason"
	assert_bad TARPITDELAY 00:05 " at position 6: $reason"
	assert_bad TARPITDELAY 00:00:60 " at position 7: $reason"
	assert_bad TARPITDELAY 00:60:00 " at position 4: $reason"
	assert_bad TARPITDELAY 00:00:5 " at position 8: $reason"
	assert_bad TARPITDELAY 000:00:05 " at position 4: $reason"
	assert_bad TARPITDELAY 00:00:00:05 " at position 9: $reason"
	assert_bad TARPITDELAY 00:00:05.5 " at position 9: $reason"
}

@test "numbers are decimal, and within their bounds" {
	assert_shown TARPITCOUNT 0 0
	assert_shown TARPITCOUNT 1000000 1000000
	assert_bad TARPITCOUNT 1000001 ': must be a number from 0 to 1000000'
	assert_bad TARPITCOUNT '' ': must be a number from 0 to 1000000'
	assert_bad TARPITCOUNT -1 \
		' at position 1: must be a number from 0 to 1000000'
	assert_bad TARPITCOUNT 0x10 \
		' at position 2: must be a number from 0 to 1000000'

	assert_shown SMTPD_MAX_ERRORS 1 1
	assert_shown SMTPD_MAX_ERRORS 1000000 1000000
	assert_bad SMTPD_MAX_ERRORS 0 ': must be a number from 1 to 1000000'
	assert_bad SMTPD_MAX_ERRORS 1000001 \
		': must be a number from 1 to 1000000'
	assert_bad SMTPD_MAX_ERRORS '' ': must be a number from 1 to 1000000'
	assert_bad SMTPD_MAX_ERRORS 2.5 \
		' at position 2: must be a number from 1 to 1000000'
}

@test "the largest message may be without limit" {
	local reason='must be a number of octets up to 1099511627776; 0 is no limit'
	assert_shown DATABYTES 0 0
	assert_shown DATABYTES 1 1
	assert_shown DATABYTES 1099511627776 1099511627776
	assert_bad DATABYTES 1099511627777 ": $reason"
	assert_bad DATABYTES 18446744073709551615 ": $reason"
	assert_bad DATABYTES 18446744073709551616 ": $reason"
	assert_bad DATABYTES 99999999999999999999999 ": $reason"
	assert_bad DATABYTES '' ": $reason"
	assert_bad DATABYTES 25M " at position 3: $reason"
}

@test "fewer than 100 recipients are an error (RFC 5321, 4.5.3.1.8)" {
	local reason='must be a number from 100 (RFC 5321) to 10000'
	assert_shown MAXRCPT 100 100
	assert_shown MAXRCPT 10000 10000
	assert_bad MAXRCPT 99 ": $reason"
	assert_bad MAXRCPT 0 ": $reason"
	assert_bad MAXRCPT 10001 ": $reason"
	assert_bad MAXRCPT '' ": $reason"
	assert_bad MAXRCPT 1OO " at position 2: $reason"
}

@test "timeouts are from one second to a day" {
	local reason='must be seconds or hh:mm:ss, from 1 to 86400' name
	for name in SMTPD_TIMEOUT SMTPD_SESSION_TIMEOUT; do
		assert_shown "$name" 1 1
		assert_shown "$name" 1.5 1.5
		assert_shown "$name" 00:05:00 300
		assert_shown "$name" 24:00:00 86400
		assert_bad "$name" 0 ": $reason"
		assert_bad "$name" 0.999999 ": $reason"
		assert_bad "$name" 86401 ": $reason"
		assert_bad "$name" 86400.000001 ": $reason"
		assert_bad "$name" '' ": $reason"
		assert_bad "$name" 5m " at position 2: $reason"
	done
}

@test "a host name is a domain name or an address literal" {
	local reason='must be a domain name or an address literal' label
	label=$(printf 'a%.0s' {1..63})
	assert_shown SMTPD_HOSTNAME mx mx
	assert_shown SMTPD_HOSTNAME mx-1.example.org mx-1.example.org
	assert_shown SMTPD_HOSTNAME '[192.0.2.1]' '[192.0.2.1]'
	assert_shown SMTPD_HOSTNAME '[IPv6:::1]' '[IPv6:::1]'
	assert_shown SMTPD_HOSTNAME "$label.$label.$label.${label::61}" \
		"$label.$label.$label.${label::61}"
	assert_bad SMTPD_HOSTNAME "$label.$label.$label.$label.a" ": $reason"
	assert_bad SMTPD_HOSTNAME '' ": $reason"
	assert_bad SMTPD_HOSTNAME -mx.example.org ": $reason"
	assert_bad SMTPD_HOSTNAME mx..example.org ": $reason"
	assert_bad SMTPD_HOSTNAME 192.0.2.1] ": $reason"
	assert_bad SMTPD_HOSTNAME 'mx example' " at position 3: $reason"
	run handler SMTPD_HOSTNAME=mx.exämple.org --check-config
	assert_failure 78
	assert_output 'SMTPD_HOSTNAME: value "mx.ex\xc3\xa4mple.org" at position'\
" 6: $reason"
}

# Usage: on_machine NAME COMMAND...: runs it where the machine has this name.
on_machine() {
	local name=$1
	shift
	# shellcheck disable=SC2016
	unshare --uts bash -c '
		printf %s "$0" >/proc/sys/kernel/hostname && "$@"' "$name" "$@"
}

@test "the default host name is that of the machine" {
	run on_machine mail.example.net env -i "$SMTPD" --show-config
	assert_success
	assert_line 'SMTPD_HOSTNAME=mail.example.net # default'
}

@test "a machine whose name cannot be used is localhost" {
	run on_machine 'no name' env -i "$SMTPD" --show-config
	assert_success
	assert_line 'SMTPD_HOSTNAME=localhost # default'
}

@test "exempt ranges are of both families, and a bad one is named by its place" {
	local reason='must be addresses and CIDR ranges, such as 192.0.2.0/24, '\
'without bits behind the prefix'
	assert_shown SMTPD_EXEMPT '' ''
	assert_shown SMTPD_EXEMPT '192.0.2.1, 2001:db8::/32' \
		'192.0.2.1, 2001:db8::/32'
	assert_bad SMTPD_EXEMPT '::1 10.0.0.1/8' " at position 5: $reason"
	assert_bad SMTPD_EXEMPT localhost " at position 1: $reason"
	assert_bad SMTPD_EXEMPT 'fe80::1%lo' " at position 1: $reason"
	assert_bad SMTPD_EXEMPT '10.0.0.0/33' " at position 1: $reason"
}

# So many ranges, each of its own.
ranges() {
	python3 -c '
import sys
for i in range(int(sys.argv[1])):
    print(f"10.{i >> 8}.{i & 255}.0/24 2001:db8:{i:x}::/48", end=" ")' "$1"
}

@test "a bad entry is found behind a thousand good ones, and at the start" {
	local list
	list=$(ranges 500)
	run handler SMTPD_EXEMPT="$list" --check-config
	assert_success
	run handler SMTPD_EXEMPT="${list}192.0.2.256" --check-config
	assert_failure 78
	assert_output --partial "192.0.2.256\" at position $((${#list} + 1)): "
	run handler SMTPD_EXEMPT="192.0.2.256 $list" --check-config
	assert_failure 78
	assert_output --partial '" at position 1: '
}

@test "with SMTPD_PROXY there must be proxies" {
	local reason='must have the proxies, as SMTPD_PROXY is yes'
	run handler SMTPD_PROXY=yes --check-config
	assert_failure 78
	assert_output "SMTPD_PROXY_FROM: value \"\": $reason"
	run handler SMTPD_PROXY=yes SMTPD_PROXY_FROM=' , ' --check-config
	assert_failure 78
	assert_output "SMTPD_PROXY_FROM: value \" , \": $reason"
	run handler SMTPD_PROXY=yes SMTPD_PROXY_FROM=::1 --check-config
	assert_success
	run handler SMTPD_PROXY_FROM=::1 --check-config
	assert_success
	run handler SMTPD_PROXY=yes SMTPD_PROXY_FROM=::1/12 --check-config
	assert_failure 78
	assert_output --partial 'value "::1/12" at position 1: '
}

@test "with SMTPD_REQUIRE_AUTH there must be a service" {
	run handler SMTPD_REQUIRE_AUTH=yes --check-config
	assert_failure 78
	assert_output 'SMTPD_AUTH_SOCKET: value "": must be set, as'\
' SMTPD_REQUIRE_AUTH is yes'
	run handler SMTPD_REQUIRE_AUTH=yes SMTPD_AUTH_SOCKET=/a --check-config
	assert_success
	assert_output ''
}

@test "that SMTPD_RELAY_AUTHENTICATED has no effect on Maildirs is told" {
	local delivery
	run handler SMTPD_RELAY_AUTHENTICATED=yes --check-config
	assert_success
	assert_output 'note: SMTPD_RELAY_AUTHENTICATED has no effect: Maildirs'\
' are for recipients of ours'
	for delivery in smtp:127.0.0.1:25 lmtp:unix:/l qmail-queue:/bin/true; do
		run handler SMTPD_RELAY_AUTHENTICATED=yes \
			"SMTPD_DELIVERY=$delivery" --check-config
		assert_success
		assert_output ''
	done
}

@test "a file must have a name that fits" {
	local reason='must be the path of a file'
	assert_shown SMTPD_RECIPIENTS 'recipients.cdb' 'recipients.cdb'
	assert_bad SMTPD_RECIPIENTS '' ": $reason"
	assert_bad SMTPD_RECIPIENTS "/$(printf 'a%.0s' {1..4095})" ": $reason"
}

@test "a hand-off must have a scheme that is known" {
	run handler SMTPD_DELIVERY=pigeon:/m --check-config
	assert_failure 78
	assert_output --partial 'SMTPD_DELIVERY: value "pigeon:/m": must be '
	run handler SMTPD_DELIVERY= --check-config
	assert_failure 78
	assert_output --partial 'SMTPD_DELIVERY: value "": must be '
}

@test "subaddress characters are punctuation" {
	local reason='must be punctuation, such as + or +-, but not @'
	assert_shown SMTPD_SUBADDRESS '' ''
	assert_shown SMTPD_SUBADDRESS +-=~ +-=~
	assert_bad SMTPD_SUBADDRESS +a " at position 2: $reason"
	assert_bad SMTPD_SUBADDRESS 9 " at position 1: $reason"
	assert_bad SMTPD_SUBADDRESS '+ -' " at position 2: $reason"
	assert_bad SMTPD_SUBADDRESS +-@ " at position 3: $reason"
	run handler SMTPD_SUBADDRESS=$'\x7f' --check-config
	assert_failure 78
	assert_output "SMTPD_SUBADDRESS: value \"\\x7f\" at position 1: $reason"
}

@test "the filter of system calls is on or off" {
	assert_shown SMTPD_SECCOMP yes yes
	assert_shown SMTPD_SECCOMP no no
	assert_bad SMTPD_SECCOMP '' ': must be yes or no'
	assert_bad SMTPD_SECCOMP YES ': must be yes or no'
	assert_bad SMTPD_SECCOMP 0 ': must be yes or no'
}

@test "a local socket has a path or there is none" {
	local name
	for name in SMTPD_TLS_SOCKET SMTPD_AUTH_SOCKET; do
		assert_shown "$name" '' ''
		assert_shown "$name" /run/a /run/a
		assert_shown "$name" "/$(printf '%0106d' 0)" "/$(printf '%0106d' 0)"
		assert_bad "$name" run/a ': must be empty or the path of a local socket'
		assert_bad "$name" "/$(printf '%0107d' 0)" \
			': must be empty or the path of a local socket'
	done
}

@test "ports are numbers between commas or spaces" {
	local reason='must be port numbers, such as 465 or 465,4650'
	assert_shown SMTPD_TLS_PORTS '' ''
	assert_shown SMTPD_TLS_PORTS '1, 65535' '1, 65535'
	assert_bad SMTPD_TLS_PORTS 0 " at position 1: $reason"
	assert_bad SMTPD_TLS_PORTS 465,65536 " at position 5: $reason"
	assert_bad SMTPD_TLS_PORTS 465,18446744073709551617 " at position 5: $reason"
	assert_bad SMTPD_TLS_PORTS 465a " at position 1: $reason"
	assert_bad SMTPD_TLS_PORTS -1 " at position 1: $reason"
}

@test "the switches of authentication and the proxy are yes or no" {
	local name
	for name in SMTPD_AUTH_PLAINTEXT SMTPD_REQUIRE_AUTH \
		SMTPD_RELAY_AUTHENTICATED SMTPD_PROXY; do
		assert_bad "$name" on ': must be yes or no'
	done
}

@test "the client's address is passed on or not" {
	assert_shown SMTPD_XCLIENT yes yes
	assert_shown SMTPD_XCLIENT no no
	assert_bad SMTPD_XCLIENT on ': must be yes or no'
}

@test "a next hop has from 1 to 600 seconds" {
	local reason='must be seconds or hh:mm:ss, from 1 to 600'
	assert_shown SMTPD_RELAY_TIMEOUT 1 1
	assert_shown SMTPD_RELAY_TIMEOUT 00:10:00 600
	assert_bad SMTPD_RELAY_TIMEOUT 0.9 ": $reason"
	assert_bad SMTPD_RELAY_TIMEOUT 601 ": $reason"
	assert_bad SMTPD_RELAY_TIMEOUT '' ": $reason"
}

@test "a next hop is a socket's path or a numeric address with a port" {
	local scheme reason good
	reason=': must be unix:PATH, ADDRESS:PORT or [ADDRESS]:PORT, numeric'
	for scheme in smtp lmtp; do
		for good in unix:/run/dovecot/lmtp 192.0.2.1:25 127.0.0.1:65535 \
			'[2001:db8::1]:24' '[::1]:1' '[192.0.2.1]:25'; do
			assert_shown SMTPD_DELIVERY "$scheme:$good" \
				"$scheme:$good"
		done
		for bad in '' 192.0.2.1 192.0.2.1: 192.0.2.1:0 192.0.2.1:65536 \
			192.0.2.1:025000 192.0.2.1:-1 192.0.2.1:2x \
			mail.example.org:25 2001:db8::1:25 '[2001:db8::1]' \
			'[::1]25' '[::1:25' '[]:25' :25 192.0.2:25 \
			192.0.2.256:25 ' 192.0.2.1:25'; do
			assert_bad SMTPD_DELIVERY "$scheme:$bad" "$reason"
		done
		assert_bad SMTPD_DELIVERY "$scheme:unix:lmtp" \
			': the path of the socket must begin with a /'
		assert_bad SMTPD_DELIVERY "$scheme:unix:/$(printf '%0107d' 0)" \
			': the path of the socket is too long'
		assert_shown SMTPD_DELIVERY "$scheme:unix:/$(printf '%0106d' 0)" \
			"$scheme:unix:/$(printf '%0106d' 0)"
	done
	assert_bad SMTPD_DELIVERY smtps:192.0.2.1:25 \
		': must be maildir:PATH, lmtp:TARGET, smtp:TARGET or qmail-queue:PROGRAM'
}

@test "the program of a queue is one that can be run" {
	local file=$BATS_TEST_TMPDIR/file
	local cannot=': is no program that can be run'
	touch "$file"
	assert_shown SMTPD_DELIVERY qmail-queue:/bin/true qmail-queue:/bin/true
	assert_bad SMTPD_DELIVERY "qmail-queue:$file" "$cannot"
	assert_bad SMTPD_DELIVERY qmail-queue:/nowhere "$cannot"
	assert_bad SMTPD_DELIVERY qmail-queue:/bin "$cannot"
	assert_bad SMTPD_DELIVERY qmail-queue:true \
		': the path of the program must begin with a /'
	assert_shown QMAILQUEUE /bin/true /bin/true
	assert_bad QMAILQUEUE "$file" "$cannot"
	assert_bad QMAILQUEUE '' ': the path of the program must begin with a /'
	# Without a path it is QMAILQUEUE, else the one that qmail has.
	run handler SMTPD_DELIVERY=qmail-queue: QMAILQUEUE=/bin/true \
		--check-config
	assert_success
	run handler SMTPD_DELIVERY=qmail-queue: --check-config
	assert_failure 78
	assert_output \
		"SMTPD_DELIVERY: value \"/var/qmail/bin/qmail-queue\"$cannot"
}

@test "what a setuid program needs is said" {
	local program=$BATS_TEST_TMPDIR/program mode
	cp /bin/true "$program"
	for mode in 4755 2755; do
		chmod "$mode" "$program"
		run handler "SMTPD_DELIVERY=qmail-queue:$program" --check-config
		assert_success
		assert_output "note: $program is setuid or setgid: the service\
 needs NoNewPrivileges=no"
		run handler SMTPD_DELIVERY=qmail-queue:/bin/true \
			"QMAILQUEUE=$program" --check-config
		assert_success
		assert_output --partial "note: $program"
		run setpriv --no-new-privs env \
			"SMTPD_DELIVERY=qmail-queue:$program" \
			"$SMTPD" --check-config
		assert_failure 78
		assert_output --partial \
			': is setuid, which needs NoNewPrivileges=no in the unit'
	done
	# It is not used.
	run handler "QMAILQUEUE=$program" --check-config
	assert_output ''
}

@test "what is appended for RELAYCLIENT cannot break an address" {
	local reason='must be empty or what is appended to each recipient'
	assert_shown RELAYCLIENT '' ''
	assert_shown RELAYCLIENT .relay.example .relay.example
	assert_shown RELAYCLIENT @fixup @fixup
	assert_bad RELAYCLIENT '> x' " at position 1: $reason"
	assert_bad RELAYCLIENT 'a b' " at position 2: $reason"
	run handler RELAYCLIENT=$'a\nb' --check-config
	assert_failure 78
	assert_output "RELAYCLIENT: value \"a\\x0ab\" at position 2: $reason"
	assert_bad RELAYCLIENT "$(printf 'a%.0s' {1..256})" ": $reason"
}

@test "all bad settings are named in one run" {
	run handler TARPITDELAY=x MAXRCPT=1 SMTPD_TIMEOUT= SMTPD_HOSTNAME=ok \
		--check-config
	assert_failure 78
	assert_equal "${#lines[@]}" 3
	assert_line --index 0 --partial 'TARPITDELAY: value "x" at position 1: '
	assert_line --index 1 --partial 'MAXRCPT: value "1": '
	assert_line --index 2 --partial 'SMTPD_TIMEOUT: value "": '
}

@test "a bad setting leaves the default in place, and show-config says so" {
	run handler MAXRCPT=1 DATABYTES=7 SMTPD_HOSTNAME=mx --show-config
	assert_failure 78
	assert_line --partial 'MAXRCPT: value "1": '
	assert_line 'MAXRCPT=100 # default'
	assert_line 'DATABYTES=7 # environment'
}

@test "odd octets are escaped wherever a value is shown" {
	local value=$'/a\nb\e[2J"\\\xff'
	run show "SMTPD_RECIPIENTS=$value"
	assert_line 'SMTPD_RECIPIENTS=/a\x0ab\x1b[2J\"\\\xff # environment'
	run handler "MAXRCPT=$value" --check-config
	assert_failure 78
	assert_output 'MAXRCPT: value "/a\x0ab\x1b[2J\"\\\xff" at position 1: '\
'must be a number from 100 (RFC 5321) to 10000'
}

@test "in service a bad setting is logged, and the client turned away" {
	handler MAXRCPT=9 TARPITDELAY=5s SMTPD_HOSTNAME=mx \
		>"$BATS_TEST_TMPDIR/client" 2>"$BATS_TEST_TMPDIR/log" || status=$?
	assert_equal "$status" 78
	run cat "$BATS_TEST_TMPDIR/client"
	assert_output $'421 4.3.5 Service misconfigured\r'
	run cat "$BATS_TEST_TMPDIR/log"
	assert_output - <<-'EOT'
		configuration: setting=TARPITDELAY value=5s position=2 reason="must be seconds, such as 5 or 0.25, or hh:mm:ss; at most 600"
		configuration: setting=MAXRCPT value=9 reason="must be a number from 100 (RFC 5321) to 10000"
	EOT
}

@test "the peer is what systemd says, else what ucspi says" {
	local settings=(TARPITDELAY=0 SMTPD_HOSTNAME=mx
		"SMTPD_DELIVERY=maildir:$BATS_TEST_TMPDIR/mail/%d/%l"
		TCPREMOTEIP=192.0.2.2 TCPREMOTEPORT=1026)
	local log=$BATS_TEST_TMPDIR/log
	handler "${settings[@]}" REMOTE_ADDR=192.0.2.1 REMOTE_PORT=1025 \
		2>"$log" || fail "status $?: $(<"$log")"
	assert grep -q 'remote_addr=192.0.2.1 remote_port=1025' "$log"
	handler "${settings[@]}" 2>"$log" || fail "status $?: $(<"$log")"
	assert grep -q 'remote_addr=192.0.2.2 remote_port=1026' "$log"
}
