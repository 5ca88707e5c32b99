#!/usr/bin/env bats
# Handing on by SMTP and LMTP, to a next hop that does what a rule says (see
# tests/nexthop). Sanitized: yes

load common

setup() {
	prepare
	HOP_DIR=$BATS_TEST_TMPDIR/hop
}

teardown() {
	stop_hop
}

# Usage: start_hop [OPTION]... [RULE]...
# Starts the next hop behind a local socket; then SMTPD_DELIVERY may be
# smtp:unix:$HOP or lmtp:unix:$HOP.
start_hop() {
	stop_hop
	HOP=$BATS_TEST_TMPDIR/socket
	rm -rf "$HOP" "$HOP_DIR"
	mkdir "$HOP_DIR"
	start_hop_at "unix:$HOP" "$@"
}

start_hop_at() {
	local place=$1 options=()
	shift
	while [[ ${1-} == --* ]]; do
		options+=("$1")
		if [[ $1 == --lacks ]]; then
			options+=("$2")
			shift
		fi
		shift
	done
	rm -f "$BATS_TEST_TMPDIR/hop.log"
	"$root/tests/nexthop" "${options[@]}" "$place" "$HOP_DIR" "$@" \
		</dev/null >"$BATS_TEST_TMPDIR/hop.log" 2>&1 3>&- &
	HOP_PROCESS=$!
	wait_until 20 grep -qs ready "$BATS_TEST_TMPDIR/hop.log"
}

process_is_gone() {
	! kill -0 "$HOP_PROCESS" 2>/dev/null
}

stop_hop() {
	[[ -n ${HOP_PROCESS-} ]] || return 0
	disown "$HOP_PROCESS"
	kill -KILL "$HOP_PROCESS"
	wait_until 10 process_is_gone
	HOP_PROCESS=
}

# As talk, with the hand-off. A next hop that hangs is waited for one second.
relay() {
	talk "SMTPD_DELIVERY=smtp:unix:$HOP" SMTPD_RELAY_TIMEOUT=1 "$@"
}

relay_lmtp() {
	talk "SMTPD_DELIVERY=lmtp:unix:$HOP" SMTPD_RELAY_TIMEOUT=1
}

# What the next hop heard.
heard() {
	cat "$HOP_DIR/commands"
}

assert_heard() {
	wait_until 10 grep -q '<end>' "$HOP_DIR/commands"
	run heard
	assert_output "$1"
}

# Whether the log has a line with this, in plain text.
assert_logged() {
	run cat "$LOG"
	assert_output --partial "$1"
}

# A message without the trace header.
text_of_hop() {
	awk 'NR == 1 && /^Received: from client\.example\.net / { next }
		!text && /^\t/ { next }
		{ text = 1; print }' "$HOP_DIR/message.$1"
}

messages_of_hop() {
	find "$HOP_DIR" -name 'message.*' | wc -l
}

later='451 4.4.1 Next hop does not answer now'
bob='C: RCPT TO:<bob@example.org>
S: 250 2.1.5 Recipient OK'
text='C: Subject: test
C: 
C: text
C: .'
taken='S: 250 2.0.0 Message accepted'

# A whole message.
send="$mail
$rcpt
$data
$text"

@test "a message goes on by SMTP, and the next hop's answer is logged" {
	start_hop
	relay <<-EOT
		$ehlo
		$send
		$taken
		$quit
	EOT
	assert_heard '<connect>
EHLO mx.example.org
MAIL FROM:<sender@example.net> BODY=8BITMIME
RCPT TO:<alice@example.org>
DATA
QUIT
<end>'
	run text_of_hop 1
	assert_output $'Subject: test\r
\r
text\r
.\r'
	assert_logged 'next_hop_reply="250 2.0.0 Ok: queued as 4711"'
}

@test "a message goes on by LMTP" {
	start_hop --lmtp
	relay_lmtp <<-EOT
		$ehlo
		$mail
		$rcpt
		$bob
		$data
		$text
		$taken
		$quit
	EOT
	assert_heard '<connect>
LHLO mx.example.org
MAIL FROM:<sender@example.net> BODY=8BITMIME
RCPT TO:<alice@example.org>
RCPT TO:<bob@example.org>
DATA
QUIT
<end>'
}

@test "a message goes on over TCP" {
	local port
	port=$(free_port)
	mkdir "$HOP_DIR"
	start_hop_at "$port"
	talk "SMTPD_DELIVERY=smtp:127.0.0.1:$port" <<-EOT
		$ehlo
		$send
		$taken
		$quit
	EOT
	assert_equal "$(messages_of_hop)" 1
}

@test "no recipient that is refused here makes a connection" {
	start_hop
	relay <<-EOT
		$ehlo
		$mail
		C: RCPT TO:<nobody@example.org>
		S: 550 5.1.1 No such user here
		C: RCPT TO:<mallory@example.org>
		S: 550 5.7.1 Recipient accepts no mail
		C: DATA
		S: 554 5.5.1 No valid recipients
		$quit
	EOT
	assert [ ! -e "$HOP_DIR/commands" ]
}

@test "a refusal of the next hop is the client's answer, delayed and logged" {
	start_hop 'rcpt.1=550-5.1.1 Not here|550 5.1.1 or there' \
		'rcpt.2=553 no status' 'rcpt.3=550 4.1.1 does not fit'
	relay TARPITDELAY=0.3 <<-EOT
		$ehlo
		$mail
		@mark
		C: RCPT TO:<alice@example.org>
		S: 550-5.1.1 Not here
		S: 550 5.1.1 or there
		@at-least 0.3
		@mark
		C: RCPT TO:<alice@example.org>
		S: 553 5.0.0 no status
		@at-least 0.3
		C: RCPT TO:<alice@example.org>
		S: 550 5.0.0 4.1.1 does not fit
		C: DATA
		S: 554 5.5.1 No valid recipients
		$quit
	EOT
	assert_logged 'refused: smtp_reply="550 5.1.1 Not here\x0aor there"'
	assert_logged 'tarpit_delay_usec=300000'
	run grep -c '^refused: .*smtp_recipient=alice@example.org' "$LOG"
	assert_output 3
}

@test "a transaction that comes to nothing ends with QUIT there" {
	start_hop 'rcpt.1=550 5.1.1 Not here'
	relay <<-EOT
		$ehlo
		$mail
		C: RCPT TO:<alice@example.org>
		S: 550 5.1.1 Not here
		C: RSET
		S: 250 2.0.0 OK
		$mail
		$rcpt
		$quit
	EOT
	two_are_over() {
		[[ $(grep -c '<end>' "$HOP_DIR/commands") == 2 ]]
	}
	wait_until 10 two_are_over
	run grep -B 1 '<end>' "$HOP_DIR/commands"
	assert_output - <<-'EOT'
		QUIT
		<end>
		--
		QUIT
		<end>
	EOT
}

@test "the text of a refusal is made printable, and bounded" {
	start_hop 'rcpt.1=raw 550 5.1.1 a\x07\xfc\tb\x1b[1m\r\n' \
		"rcpt.2=raw $(printf '550-%01000d\\r\\n' {1..20})550 end\\r\\n" \
		"rcpt.3=raw $(printf '550-%d\\r\\n' {1..120})550 end\\r\\n"
	relay <<-EOT
		$ehlo
		$mail
		C: RCPT TO:<alice@example.org>
		S: 550 5.1.1 a???b?[1m
		C: RCPT TO:<bob@example.org>
		@repeat 2 S~ 550-5.0.0 0{480}
		S~ 550 5.0.0 0{61}
		C: RCPT TO:<carol@example.org>
		S: 550-5.0.0 1
		@repeat 14 S~ 550-5.0.0 \d+
		S: 550 5.0.0 16
		$quit
	EOT
}

@test "a temporary answer of the next hop is 451 at once, with its words in the log" {
	start_hop 'rcpt=450-4.2.0 Greylisted|450 4.2.0 for a while'
	relay TARPITDELAY=5 <<-EOT
		$ehlo
		$mail
		@mark
		C: RCPT TO:<alice@example.org>
		S: $later
		@less-than 2
		C: DATA
		S: 451 4.3.0 No recipient could be checked; try again later
		$quit
	EOT
	assert_logged \
		'next_hop_reply="450 4.2.0 Greylisted\x0afor a while"'
	run grep -c '' "$LOG"
	assert_output 4
}

@test "nothing that the next hop says makes a line of the log" {
	start_hop 'greeting=554-no|554 accepted: forged'
	relay <<-EOT
		$ehlo
		$mail
		C: RCPT TO:<alice@example.org>
		S: $later
		$quit
	EOT
	run grep -c '^accepted' "$LOG"
	assert_output 0
	assert_logged 'next_hop_reply="554 5.0.0 no\x0aaccepted: forged"'
}

# Usage: put_off_at_rcpt REASON RULE...
put_off_at_rcpt() {
	local reason=$1
	shift
	: >"$LOG"
	start_hop "$@"
	relay <<-EOT
		$ehlo
		$mail
		@mark
		C: RCPT TO:<alice@example.org>
		S: $later
		@less-than 2.5
		C: RSET
		S: 250 2.0.0 OK
		$quit
	EOT
	assert_logged "$reason"
}

@test "a next hop that cannot be reached is 451 at once" {
	HOP=$BATS_TEST_TMPDIR/nothing
	relay <<-EOT
		$ehlo
		$mail
		C: RCPT TO:<alice@example.org>
		S: $later
		C: RCPT TO:<nobody@example.org>
		S: 550 5.1.1 No such user here
		$quit
	EOT
	assert_logged 'the next hop cannot be reached: error="No such file'
	talk "SMTPD_DELIVERY=smtp:127.0.0.1:$(free_port)" <<-EOT
		$ehlo
		$mail
		C: RCPT TO:<alice@example.org>
		S: $later
		$quit
	EOT
	assert_logged 'the next hop cannot be reached: error="Connection refused"'
}

@test "a next hop that does not answer is waited for once in a transaction" {
	start_hop 'greeting.1=hang' 'greeting.2=421 4.3.2 Not now'
	relay <<-EOT
		$ehlo
		$mail
		C: RCPT TO:<alice@example.org>
		S: $later
		C: RCPT TO:<bob@example.org>
		S: $later
		C: RSET
		S: 250 2.0.0 OK
		$mail
		C: RCPT TO:<alice@example.org>
		S: $later
		C: RCPT TO:<bob@example.org>
		S: $later
		C: RSET
		S: 250 2.0.0 OK
		$send
		$taken
		$quit
	EOT
	run grep -c '<connect>' "$HOP_DIR/commands"
	assert_output 3
	run grep -c '^the next hop does not answer in time: ' "$LOG"
	assert_output 2
	run grep -c '^the next hop is not ready: next_hop_reply="421 4.3.2 Not now"' "$LOG"
	assert_output 2
}

# Connects to the next hop until its queue is full.
fill_queue() {
	python3 - "$HOP" <<-'EOT'
		import socket
		import sys
		waiting = []
		try:
		    while True:
		        waiting.append(socket.socket(socket.AF_UNIX))
		        waiting[-1].setblocking(False)
		        waiting[-1].connect(sys.argv[1])
		except BlockingIOError:
		    pass
	EOT
}

@test "a local next hop whose queue is full is waited for, until the deadline" {
	start_hop
	kill -STOP "$HOP_PROCESS"
	fill_queue
	relay SMTPD_RELAY_TIMEOUT=60 <<-EOT
		$ehlo
		$mail
		C: RCPT TO:<alice@example.org>
		@silence 0.5
		@run kill -CONT $HOP_PROCESS
		S: 250 2.1.5 Recipient OK
		$quit
	EOT
	kill -STOP "$HOP_PROCESS"
	fill_queue
	relay <<-EOT
		$ehlo
		$mail
		@mark
		C: RCPT TO:<alice@example.org>
		S: $later
		@at-least 0.9
		$quit
	EOT
	assert_logged \
		'cannot be reached: error="Resource temporarily unavailable"'
}

@test "a next hop that hangs is cut off at the deadline, wherever" {
	local point
	for point in greeting ehlo mail rcpt; do
		put_off_at_rcpt 'the next hop does not answer in time' \
			"$point=hang"
	done
}

@test "a next hop that drips is cut off at the deadline, wherever" {
	local point
	for point in greeting ehlo mail rcpt; do
		put_off_at_rcpt 'the next hop does not answer in time' \
			"$point=drip 2"
	done
	put_off_at_rcpt 'the next hop does not answer in time' \
		'ehlo=drip 250-X\r\n'
	# Each of the answers would be in time.
	put_off_at_rcpt 'the next hop does not answer in time' \
		'greeting=wait 0.4|default' 'ehlo=wait 0.4|default' \
		'mail=wait 0.4|default'
}

@test "answers owed are sent before the next hop is waited for" {
	start_hop 'rcpt.2=hang'
	relay SMTPD_RELAY_TIMEOUT=3 <<-EOT
		$to_data
		$text
		C: MAIL FROM:<sender@example.net>
		C: RCPT TO:<bob@example.org>
		$taken
		S: 250 2.1.0 Sender OK
		@silence 0.5
		S: $later
		$quit
	EOT
	start_hop 'data=hang'
	relay SMTPD_RELAY_TIMEOUT=3 <<-EOT
		$ehlo
		$mail
		C: RCPT TO:<alice@example.org>
		C: DATA
		S: 250 2.1.5 Recipient OK
		@silence 0.5
		S: $later
		$quit
	EOT
}

@test "recipients that are asked for together end with the session's time" {
	local rcpts
	rcpts=$(printf 'C: RCPT TO:<alice@example.org>\n%.0s' {1..40})
	start_hop 'rcpt=wait 0.5|451 4.2.1 later'
	relay SMTPD_RELAY_TIMEOUT=5 SMTPD_SESSION_TIMEOUT=1 <<-EOT
		$ehlo
		$mail
		$rcpts
		@skip $later
		S: 421 4.4.2 Timed out
		@less-than 15
		@eof
	EOT
}

@test "a next hop that hangs up is 451, wherever" {
	local point
	for point in greeting ehlo mail rcpt; do
		put_off_at_rcpt 'the next hop has hung up' "$point=close"
		put_off_at_rcpt 'the next hop has hung up' "$point=reset"
		put_off_at_rcpt 'the next hop has hung up' \
			"$point=raw 250 half|close"
	done
}

@test "what is no reply is 451, wherever" {
	local point nonsense
	for point in greeting rcpt; do
		for nonsense in 'hello' '25' '2500 ok' '999 no' '150 wait' \
			'250-a|251 b' 'raw 250 a\rb\r\n' 'raw 250 a\nb\r\n' \
			'raw 250 a\x00b\r\n' "$(printf '250 %03000d' 1)"; do
			put_off_at_rcpt 'the next hop says what is no reply' \
				"$point=$nonsense"
		done
	done
	put_off_at_rcpt 'the next hop says what is no reply' 'mail=hello'
	put_off_at_rcpt 'the next hop says what is no reply' 'ehlo=hello'
	put_off_at_rcpt 'the next hop says what is no reply' \
		"ehlo=raw $(printf '250-%d\\r\\n' {1..200})250 end\\r\\n"
	put_off_at_rcpt 'the next hop says what does not fit' 'rcpt=354 Go'
	put_off_at_rcpt 'the next hop says what does not fit' 'mail=354 Go'
}

@test "a next hop that refuses service is 451, never a refusal" {
	put_off_at_rcpt '554 5.3.2 No service' 'greeting=554 5.3.2 No service'
	put_off_at_rcpt '502 5.5.1 What' 'ehlo=502 5.5.1 What'
	put_off_at_rcpt '421 4.3.2 Closing' 'mail=421 4.3.2 Closing|close'
	put_off_at_rcpt '421 4.3.2 Closing' 'rcpt=421 4.3.2 Closing|close'
}

@test "MAIL that the next hop refuses is refused at RCPT" {
	start_hop 'mail=552 5.3.4 Too large for me'
	relay <<-EOT
		$ehlo
		C: MAIL FROM:<sender@example.net> SIZE=5000
		S: 250 2.1.0 Sender OK
		C: RCPT TO:<alice@example.org>
		S: 552 5.3.4 Too large for me
		$quit
	EOT
	run heard
	assert_line 'MAIL FROM:<sender@example.net> SIZE=5000 BODY=8BITMIME'
}

@test "MAIL that was refused is forgotten by the next hop, whatever it keeps" {
	start_hop 'mail.1=552 5.3.4 Too large for me'
	relay <<-EOT
		$ehlo
		$mail
		C: RCPT TO:<alice@example.org>
		S: 552 5.3.4 Too large for me
		C: RSET
		S: 250 2.0.0 OK
		$send
		$taken
		$quit
	EOT
	run grep -c connect "$HOP_DIR/commands"
	assert_output 2
}

@test "552 for one recipient more means too many" {
	start_hop 'rcpt.1=552 5.2.2 Mailbox full' 'rcpt.3=552 Too many' \
		'rcpt.4=552 5.2.2 Mailbox full'
	relay <<-EOT
		$ehlo
		$mail
		C: RCPT TO:<alice@example.org>
		S: 552 5.2.2 Mailbox full
		$rcpt
		C: RCPT TO:<bob@example.org>
		S: 452 4.5.3 Too many recipients; send the rest later
		C: RCPT TO:<bob@example.org>
		S: 552 5.2.2 Mailbox full
		$data
		$text
		$taken
		$quit
	EOT
}

@test "a next hop without SMTPUTF8 or 8BITMIME gets no message that needs it" {
	start_hop --lacks SMTPUTF8 --lacks 8BITMIME --lacks SIZE
	relay <<-EOT
		$ehlo
		C: MAIL FROM:<s\xc3\xbc@example.net> SMTPUTF8
		S: 250 2.1.0 Sender OK
		C: RCPT TO:<alice@example.org>
		S: 550 5.6.7 Next hop does not take SMTPUTF8
		C: RSET
		S: 250 2.0.0 OK
		C: MAIL FROM:<sender@example.net> BODY=8BITMIME SIZE=5
		S: 250 2.1.0 Sender OK
		C: RCPT TO:<alice@example.org>
		S: 554 5.6.3 Next hop does not take 8BITMIME
		C: RSET
		S: 250 2.0.0 OK
		C: MAIL FROM:<sender@example.net> SIZE=5
		S: 250 2.1.0 Sender OK
		$rcpt
		$data
		$text
		$taken
		$quit
	EOT
	run heard
	assert_line 'MAIL FROM:<sender@example.net>'
	run grep -c '^MAIL' "$HOP_DIR/commands"
	assert_output 1
}

@test "SMTPUTF8 and the null sender are passed on" {
	start_hop
	relay <<-EOT
		$ehlo
		C: MAIL FROM:<> SMTPUTF8
		S: 250 2.1.0 Sender OK
		C: RCPT TO:<j\xc3\xbcrgen@example.org>
		S: 250 2.1.5 Recipient OK
		$data
		$text
		$taken
		$quit
	EOT
	run heard
	assert_line 'MAIL FROM:<> BODY=8BITMIME SMTPUTF8'
	assert_line 'RCPT TO:<jürgen@example.org>'
}

@test "a quoted local part and a delivery address are passed on" {
	start_hop
	relay <<-EOT
		$ehlo
		C: MAIL FROM:<"a > b"@example.net>
		S: 250 2.1.0 Sender OK
		C: RCPT TO:<sales@example.org>
		S: 250 2.1.5 Recipient OK
		C: RCPT TO:<"x y"@example.net>
		S: 250 2.1.5 Recipient OK
		$quit
	EOT
	run heard
	assert_line 'MAIL FROM:<"a > b"@example.net> BODY=8BITMIME'
	assert_line 'RCPT TO:<alice@example.org>'
	assert_line 'RCPT TO:<"x y"@example.net>'
}

@test "a transaction that is given up is not seen as a message" {
	start_hop
	relay <<-EOT
		$ehlo
		$mail
		$rcpt
		C: RSET
		S: 250 2.0.0 OK
		$mail
		$bob
		C: HELO again.example.net
		S: 250 mx.example.org
		$send
		$taken
		$send
		$taken
		$quit
	EOT
	wait_until 10 grep -q QUIT "$HOP_DIR/commands"
	# Each that was given up had a connection of its own.
	run grep -c connect "$HOP_DIR/commands"
	assert_output 3
	assert_equal "$(messages_of_hop)" 2
}

@test "a client that goes away in the text leaves no message" {
	start_hop
	relay <<-EOT
		$to_data
		@repeat 2000 C: 0123456789012345678901234567890123456789
		@close
	EOT
	wait_until 10 grep -q '<end>' "$HOP_DIR/commands"
	assert_equal "$(messages_of_hop)" 0
}

@test "a message that is refused here is not completed there" {
	start_hop
	relay DATABYTES=100000 <<-EOT
		S: 220 mx.example.org ESMTP
		C: HELO client.example.net
		S: 250 mx.example.org
		$mail
		$rcpt
		$data
		C| a\nb\r\n.\r\n
		S: 554 5.6.0 Message with a bare CR or LF
		$mail
		$rcpt
		$data
		@repeat 3000 C: 0123456789012345678901234567890123456789
		C: .
		S: 552 5.3.4 Message too large
		$quit
	EOT
	wait_until 10 test "$(grep -c '<end>' "$HOP_DIR/commands")" = 2
	assert_equal "$(messages_of_hop)" 0
}

@test "a connection that the next hop has closed meanwhile is made anew" {
	start_hop 'dot.1=default|close'
	relay <<-EOT
		$ehlo
		$send
		$taken
		@run until grep -q '<end>' "$HOP_DIR/commands"; do sleep 0.02; done
		$send
		$taken
		$quit
	EOT
	start_hop 'dot.1=default|421 4.4.2 Idle|close'
	relay <<-EOT
		$ehlo
		$send
		$taken
		@run until grep -q '<end>' "$HOP_DIR/commands"; do sleep 0.02; done
		$send
		$taken
		$quit
	EOT
	assert_equal "$(messages_of_hop)" 2
}

@test "a connection that is closed at MAIL is made anew, once" {
	local end
	for end in close '421 4.3.2 Closing|close'; do
		start_hop "mail.2=$end"
		relay <<-EOT
			$ehlo
			$send
			$taken
			$send
			$taken
			$quit
		EOT
		assert_equal "$(messages_of_hop)" 2
		start_hop "mail.2=$end" "mail.3=$end"
		relay <<-EOT
			$ehlo
			$send
			$taken
			$mail
			C: RCPT TO:<alice@example.org>
			S: $later
			$quit
		EOT
	done
}

# Usage: put_off_at_data RULE...
put_off_at_data() {
	start_hop "$@"
	relay <<-EOT
		$ehlo
		$mail
		$rcpt
		@mark
		C: DATA
		S: $later
		@less-than 2.5
		$quit
	EOT
}

@test "DATA that the next hop does not take is answered before the text" {
	put_off_at_data 'data=451 4.3.0 Not now'
	put_off_at_data 'data=close'
	put_off_at_data 'data=hang'
	put_off_at_data 'data=drip 3'
	put_off_at_data 'data=250 2.0.0 Ok'
	put_off_at_data 'data=nonsense'
	# Spoken out of turn: the next one is no answer.
	put_off_at_data 'rcpt=raw 250 2.1.5 Ok\r\n354 Go ahead\r\n'
	start_hop 'data=554 5.7.1 No'
	relay <<-EOT
		$ehlo
		$mail
		$rcpt
		C: DATA
		S: 554 5.7.1 No
		$quit
	EOT
}

# Usage: put_off_after_text REASON RULE...
put_off_after_text() {
	local reason=$1
	shift
	: >"$LOG"
	start_hop "$@"
	relay <<-EOT
		$to_data
		@mark
		$text
		S: $later
		@less-than 2.5
		$quit
	EOT
	assert_logged "$reason"
	run grep -c '^accepted' "$LOG"
	assert_output 0
}

@test "without an answer to the text, 250 is never said" {
	put_off_after_text 'has hung up' dot=close
	put_off_after_text 'has hung up' dot=reset
	put_off_after_text 'has hung up' 'dot=raw 250 2.0.0 Ok|close'
	put_off_after_text 'not answer in time' dot=hang
	put_off_after_text 'not answer in time' 'dot=drip 2'
	put_off_after_text 'not answer in time' 'dot=drip 250-x\r\n'
	put_off_after_text 'what is no reply' 'dot=queued'
	put_off_after_text 'does not fit' 'dot=354 Go ahead'
	put_off_after_text '421 4.3.2 Closing' 'dot=421 4.3.2 Closing|close'
}

@test "an answer that comes before the end of the text is none" {
	put_off_after_text 'out of turn' \
		'data=raw 354 Go ahead\r\n250 2.0.0 Ok\r\n|hang'
	start_hop 'text=250 2.0.0 Ok|hang'
	relay <<-EOT
		$to_data
		@repeat 200 C: 0123456789012345678901234567890123456789
		@read
		@run until grep -q DATA "$HOP_DIR/commands"; do sleep 0.02; done
		@pause 0.3
		C: .
		S: $later
		$quit
	EOT
}

@test "such an answer is none when the end of the text is sent at once, either" {
	local size
	start_hop
	relay <<-EOT
		$ehlo
		$send
		$taken
		$quit
	EOT
	# With so many octets more, the end fills a buffer of 4096.
	size=$(stat -c %s "$HOP_DIR/message.1")
	start_hop 'text=250 2.0.0 Ok|hang'
	relay <<-EOT
		$to_data
		C: Subject: test
		C: 
		C: text$(printf '%0*d' $((8192 - size)) 0)
		@read
		@pause 0.3
		C: .
		S: $later
		$quit
	EOT
}

@test "an answer given twice is not that to the next message" {
	start_hop 'dot.1=raw 250 2.0.0 Ok\r\n250 2.0.0 Again\r\n' 'mail.2=550 5.1.7 No'
	relay <<-EOT
		$ehlo
		$send
		$taken
		$mail
		C: RCPT TO:<alice@example.org>
		S: 550 5.1.7 No
		$quit
	EOT
	start_hop 'rcpt.1=raw 250 2.1.5 Ok\r\n250 2.1.5 Ok\r\n' \
		'rcpt.2=550 5.1.1 No'
	relay <<-EOT
		$ehlo
		$mail
		$rcpt
		C: RCPT TO:<bob@example.org>
		S: $later
		$quit
	EOT
}

@test "the answer to the text is the next hop's" {
	start_hop 'dot.1=554 5.7.1 Looks like spam' \
		'dot.2=452-4.3.1 Full|452 4.3.1 up'
	relay TARPITDELAY=0.3 <<-EOT
		$ehlo
		$send
		@mark
		S: 554 5.7.1 Looks like spam
		@at-least 0.3
		$send
		S: 452-4.3.1 Full
		S: 452 4.3.1 up
		$send
		$taken
		$quit
	EOT
	assert_logged 'refused: smtp_reply="554 5.7.1 Looks like spam"'
	assert_logged 'refused: smtp_reply="452 4.3.1 Full\x0aup"'
}

# Plays a message to alice, bob and carol by LMTP.
# Usage: lmtp_of_three RULE... <EXPECTED
lmtp_of_three() {
	local expected
	expected=$(cat)
	start_hop --lmtp "$@"
	relay_lmtp <<-EOT
		$ehlo
		$mail
		$rcpt
		$bob
		C: RCPT TO:<carol@example.org>
		S: 250 2.1.5 Recipient OK
		$data
		$text
		$expected
		$quit
	EOT
}

@test "LMTP: those that are refused are named, though others have the message" {
	lmtp_of_three 'dot.1=552 5.2.2 Full' 'dot.3=550-5.7.1 No|550 5.7.1 way' \
		<<-EOT
			S: 552-5.2.2 <alice@example.org> Full
			S: 552 5.2.2 <carol@example.org> No
		EOT
	lmtp_of_three 'dot.2=552 5.2.2 Full' \
		<<<'S: 552 5.2.2 <bob@example.org> Full'
}

@test "LMTP: if one may be tried again, all are" {
	lmtp_of_three 'dot.1=552 5.2.2 Full' 'dot.2=452 4.2.2 Full now' \
		<<<'S: 451 4.2.2 <bob@example.org> Full now'
	lmtp_of_three 'dot.2=452 4.2.2 Full now' 'dot.3=552 5.2.2 Full' \
		<<<'S: 451 4.2.2 <bob@example.org> Full now'
	lmtp_of_three 'dot.3=452 4.2.2 Full now' \
		<<<'S: 451 4.2.2 <carol@example.org> Full now'
}

@test "LMTP: an answer that is missing is temporary for all" {
	lmtp_of_three 'dot.3=close' <<<"S: $later"
	lmtp_of_three 'dot.3=hang' <<<"S: $later"
	lmtp_of_three 'dot.1=550 5.1.1 No' 'dot.2=354 Go' <<<"S: $later"
	lmtp_of_three 'dot.1=550 5.1.1 No' 'dot.2=450 4.1.1 No' \
		'dot.3=nonsense' <<<"S: $later"
	# Each is in time, but not all are.
	lmtp_of_three 'dot=wait 0.4|default' <<<"S: $later"
}

@test "LMTP: answers of which there are too many are temporary for all" {
	lmtp_of_three 'dot.1=raw 250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n452 4.2.2 Full now\r\n' \
		<<<"S: $later"
	lmtp_of_three 'dot.1=raw 250 2.0.0 Ok\r\n550 5.1.1 No\r\n250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n' \
		<<<"S: $later"
	assert_logged 'says what does not fit'
	# Who says what was asked for, and then hangs up, is believed.
	lmtp_of_three 'dot.3=default|close' <<<"$taken"
}

@test "LMTP: a hundred that are refused fit into the answer" {
	local recipients
	start_hop --lmtp 'dot=550 5.1.1 No'
	recipients=$(printf 'C: RCPT TO:<u%d@example.net>
S: 250 2.1.5 Recipient OK\n' {1..100})
	relay_lmtp <<-EOT
		$ehlo
		$mail
		$recipients
		$data
		$text
		@repeat 10 S: 550-5.1.1 <u%d@example.net> No
		S: 550 5.1.1 90 more
		$quit
	EOT
}

@test "LMTP: an address outside ASCII is not repeated as it is" {
	start_hop --lmtp 'dot=550 5.1.1 No'
	relay_lmtp <<-EOT
		$ehlo
		C: MAIL FROM:<> SMTPUTF8
		S: 250 2.1.0 Sender OK
		$rcpt
		C: RCPT TO:<j\xc3\xbcrgen@example.org>
		S: 250 2.1.5 Recipient OK
		$data
		$text
		S: 550-5.1.1 <alice@example.org> No
		S: 550 5.1.1 <j??rgen@example.org> No
		$quit
	EOT
}

@test "the text arrives as it was sent" {
	start_hop
	relay <<-EOT
		$to_data
		C: ..
		C: ...
		C: ..a dot
		C:
		C: \xfc\x80\xff \x01
		C| $(printf '%05000d' 7).\r\n
		C| $(printf '%070000d' 7)\r\n..\r\n
		C| $(printf 'a%.0s' {1..4094})\r\n..x\r\n
		C: 
		C: .
		$taken
		$quit
	EOT
	text_of_hop 1 | cmp - <(
		printf '..\r\n...\r\n..a dot\r\n\r\n\xfc\x80\xff \x01\r\n'
		printf '%05000d.\r\n%070000d\r\n..\r\n' 7 7
		printf 'a%.0s' {1..4094}
		printf '\r\n..x\r\n\r\n.\r\n'
	)
}

@test "wherever the text is cut, each dot at the start of a line is doubled" {
	local script="$to_data
C: \\x61
C: ..
C: ..b
C: .
$taken
$quit"
	start_hop
	# One connection for each place.
	dialogue_options=(--octets)
	relay <<<"$script"
	text_of_hop 1 |
		cmp - <(printf 'a\r\n..\r\n..b\r\n.\r\n')
}

@test "memory does not grow with the message, nor with what the next hop says" {
	start_hop
	relay DATABYTES=0 <<-EOT
		${to_data/26214400/0}
		@repeat 600000 C: 0123456789012345678901234567890123456789
		@run [ "\$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' \
			/proc/\$PID/status)" -lt 20000 ]
		C: .
		$taken
		$quit
	EOT
	assert [ "$(stat -c %s "$HOP_DIR/message.1")" -gt 25000000 ]
}

@test "a next hop that takes no text is cut off at the deadline" {
	start_hop 'data=default|wait 30'
	relay DATABYTES=0 <<-EOT
		${to_data/26214400/0}
		@mark
		@repeat 100000 C: 0123456789012345678901234567890123456789
		C: .
		S: $later
		@less-than 5
		$quit
	EOT
}

@test "the next hop's time does not run while the client is slow" {
	start_hop 'data.3=default|wait 1.6'
	relay <<-EOT
		$to_data
		@repeat 200 C: 0123456789012345678901234567890123456789
		@pause 1.3
		@repeat 200 C: 0123456789012345678901234567890123456789
		@pause 1.3
		C: .
		$taken
		@pause 1.3
		$send
		$taken
		$mail
		$rcpt
		$data
		@pause 1.2
		@repeat 30000 C: 0123456789012345678901234567890123456789
		C: .
		$taken
		$quit
	EOT
}

@test "SIGTERM lets a message be completed that the next hop works on" {
	start_hop 'dot=wait 0.5|default'
	relay SMTPD_RELAY_TIMEOUT=5 <<-EOT
		$to_data
		$text
		@read
		@run kill -TERM \$PID
		$taken
		S: 421 4.3.2 Service shutting down
		@eof
	EOT
	start_hop 'rcpt=wait 0.5|default'
	relay SMTPD_RELAY_TIMEOUT=5 <<-EOT
		$ehlo
		$mail
		C: RCPT TO:<alice@example.org>
		@read
		@run kill -TERM \$PID
		S: 250 2.1.5 Recipient OK
		S: 421 4.3.2 Service shutting down
		@eof
	EOT
}

@test "SIGTERM ends the session before the next of the commands that came together" {
	local rcpts
	rcpts=$(printf 'C: RCPT TO:<alice@example.org>\n%.0s' {1..80})
	start_hop 'rcpt=wait 0.25|default'
	relay SMTPD_RELAY_TIMEOUT=5 <<-EOT
		$ehlo
		$mail
		@signal TERM 0.5
		$rcpts
		@skip 250 2.1.5 Recipient OK
		S: 421 4.3.2 Service shutting down
		@less-than 15
		@eof
		@exit 0
	EOT
}

@test "XCLIENT tells who the client is, when it is asked for and offered" {
	start_hop
	relay SMTPD_XCLIENT=yes <<-EOT
		$ehlo
		$send
		$taken
		$send
		$taken
		$quit
	EOT
	run head -n 6 "$HOP_DIR/commands"
	assert_output '<connect>
EHLO mx.example.org
XCLIENT ADDR=192.0.2.1 NAME=[UNAVAILABLE] PORT=4000
EHLO mx.example.org
MAIL FROM:<sender@example.net> BODY=8BITMIME
RCPT TO:<alice@example.org>'
	run grep -c XCLIENT "$HOP_DIR/commands"
	assert_output 1
	start_hop
	relay SMTPD_XCLIENT=yes REMOTE_ADDR=2001:db8::1 REMOTE_PORT <<-EOT
		$ehlo
		$send
		$taken
		$quit
	EOT
	run heard
	assert_line 'XCLIENT ADDR=IPV6:2001:db8::1 NAME=[UNAVAILABLE]'
	start_hop --lacks XCLIENT
	relay SMTPD_XCLIENT=yes <<-EOT
		$ehlo
		$send
		$taken
		$quit
	EOT
	run grep -c XCLIENT "$HOP_DIR/commands"
	assert_output 0
}

@test "behind a proxy, XCLIENT tells the client that its header names" {
	start_hop
	relay SMTPD_XCLIENT=yes SMTPD_PROXY=yes SMTPD_PROXY_FROM=192.0.2.1 <<-EOT
		C| PROXY TCP4 198.51.100.7 192.0.2.2 40007 25\r\n
		$ehlo
		$send
		$taken
		$quit
	EOT
	run heard
	assert_line 'XCLIENT ADDR=198.51.100.7 NAME=[UNAVAILABLE] PORT=40007'
}

@test "XCLIENT that is refused is 451" {
	start_hop 'xclient=550 5.7.0 Insufficient authorization'
	relay SMTPD_XCLIENT=yes <<-EOT
		$ehlo
		$mail
		C: RCPT TO:<alice@example.org>
		S: $later
		$quit
	EOT
	assert_logged '550 5.7.0 Insufficient authorization'
}

@test "two hundred transactions leave no descriptor open" {
	local i many=
	for ((i = 0; i < 100; i++)); do
		many+="$send"$'\n'"$taken"$'\n'
		many+="$mail"$'\n'"$rcpt"$'\nC: RSET\nS: 250 2.0.0 OK\n'
	done
	start_hop
	relay <<-EOT
		$ehlo
		$many
		@run [ "\$(ls /proc/\$PID/fd | wc -l)" -le 10 ]
		$quit
	EOT
	assert_equal "$(messages_of_hop)" 100
}
