# What the tests with real clients ask of the Maildirs.

# Prints delivered messages as they were sent: without the two headers that the
# handler put before each.
without_trace() {
	awk '
		FNR == 1 && /^Return-Path: </ { next }
		FNR == 2 && /^Received: from / { trace = 1; next }
		FNR <= 2 { print "no trace header"; exit }
		trace && /^[ \t]/ { next }
		{ trace = 0; print }
	' "$@"
}

# The files of the messages in the Maildir of an address.
messages_of() {
	find "$MAIL/${1#*@}/${1%@*}/new" -type f
}

delivered_to() {
	[[ -d $MAIL/${1#*@} && -n $(messages_of "$1") ]]
}

# Fails unless an address has one message, with the octets of a file that has
# LF line ends.
# Usage: assert_delivered FILE ADDRESS
assert_delivered() {
	local files
	mapfile -t files < <(messages_of "$2")
	assert_equal "${#files[@]}" 1
	without_trace "${files[0]}" | cmp - "$1"
}

# Fails unless a command takes so many seconds and fails.
# Usage: refused_after SECONDS COMMAND...
refused_after() {
	local delay=$1 start=${EPOCHREALTIME/./}
	shift
	run "$@"
	assert_failure
	awk -v spent="$((${EPOCHREALTIME/./} - start))" -v delay="$delay" \
		'BEGIN { exit spent < delay * 1000000 }'
}

# A text with what a transport may spoil: dots at line starts, 8-bit text, long
# lines, blanks and tabs at line ends, empty lines at the end.
hard_message() {
	cat <<-'EOT'
		From: Sender <sender@client.test>
		To: Alice <alice@example.org>
		Date: Sat, 21 Nov 2026 10:00:00 +0000
		Message-ID: <1@client.test>
		Subject: =?utf-8?Q?H=C3=A4rte?=
		MIME-Version: 1.0
		Content-Type: text/plain; charset=utf-8
		Content-Transfer-Encoding: 8bit

		.
		..
		.a dot and a word
		From the start of a line
		>From behind a mark
		Grüße aus Köln
	EOT
	printf 'blanks and tabs:  \t \n \n\t\n'
	printf '%0998d\n' 7
	printf '\n.\nend\n\n\n'
}
