#!/usr/bin/env bats
# Sanitized: yes
# MAIL: the reverse path and its parameters (RFC 5321, 4.1.1.2; RFC 1870, 6152
# and 6531).

load common

setup() {
	prepare
}

# Prints a dialogue in which MAIL with this argument gets this answer.
try() {
	printf 'C: MAIL %s\nS: %s\nC: RSET\nS: 250 2.0.0 OK\n' "$1" "$2"
}

repeat() {
	head -c "$2" /dev/zero | tr '\0' "$1"
}

ok='250 2.1.0 Sender OK'
syntax='501 5.1.7 Bad sender address syntax'
value='501 5.5.4 Bad parameter value'
parameter='501 5.5.4 Bad parameter syntax'
unknown='555 5.5.4 Unknown parameter'

@test "every form of a reverse path is taken" {
	talk <<-EOT
		$ehlo
		$(try 'FROM:<>' "$ok")
		$(try 'FROM:<sender@example.net>' "$ok")
		$(try 'FROM: <sender@example.net>' "$ok")
		$(try 'from:<Sender@EXAMPLE.net>' "$ok")
		$(try 'FROM:<sender@[192.0.2.1]>' "$ok")
		$(try 'FROM:<sender@[IPv6:2001:db8::1]>' "$ok")
		$(try 'FROM:<"john doe"@example.net>' "$ok")
		$(try 'FROM:<"a@b"@example.net>' "$ok")
		$(try 'FROM:<"a>b"@example.net>' "$ok")
		$(try 'FROM:<"a\x5c"b"@example.net>' "$ok")
		$(try 'FROM:<@relay.example,@other.example:sender@example.net>' "$ok")
		$(try "FROM:<!#\$%&'*+-/=?^_\`{|}~@example.net>" "$ok")
		$(try 'FROM:<localhost@localhost>' "$ok")
		$quit
	EOT
}

@test "what is no reverse path is refused" {
	talk SMTPD_MAX_ERRORS=100 <<-EOT
		$ehlo
		$(try '' "$syntax")
		$(try '<sender@example.net>' "$syntax")
		$(try 'FROM' "$syntax")
		$(try 'FROM:' "$syntax")
		$(try 'FROM:sender@example.net' "$syntax")
		$(try 'FROM <sender@example.net>' "$syntax")
		$(try 'TO:<sender@example.net>' "$syntax")
		$(try 'FROM:<sender@example.net' "$syntax")
		$(try 'FROM:<sender>' "$syntax")
		$(try 'FROM:<postmaster>' "$syntax")
		$(try 'FROM:<@example.net>' "$syntax")
		$(try 'FROM:<sender@>' "$syntax")
		$(try 'FROM:<a@b@example.net>' "$syntax")
		$(try 'FROM:<.a@example.net>' "$syntax")
		$(try 'FROM:<a.@example.net>' "$syntax")
		$(try 'FROM:<a..b@example.net>' "$syntax")
		$(try 'FROM:<a b@example.net>' "$syntax")
		$(try 'FROM:<a@-example.net>' "$syntax")
		$(try 'FROM:<a@example..net>' "$syntax")
		$(try 'FROM:<a@[192.0.2.300]>' "$syntax")
		$(try 'FROM:<"a@example.net>' "$syntax")
		$(try 'FROM:<a\x01@example.net>' "$syntax")
		$quit
	EOT
}

@test "a MAIL that is refused leaves no transaction and no trace of itself" {
	talk <<-EOT
		$ehlo
		C: MAIL FROM:<sender@example.net> SMTPUTF8 SIZE=x
		S: $value
		C: RCPT TO:<alice@example.org>
		S: 503 5.5.1 Say MAIL first
		$mail
		C: RCPT TO:<jürgen@example.org>
		S: 553 5.6.7 Non-ASCII address without SMTPUTF8
		$quit
	EOT
}

@test "SIZE is taken up to the limit and refused beyond it" {
	talk SMTPD_MAX_ERRORS=100 DATABYTES=1000 <<-EOT
		S: 220 mx.example.org ESMTP
		C: HELO client.example.net
		S: 250 mx.example.org
		$(try 'FROM:<> SIZE=0' "$ok")
		$(try 'FROM:<> SIZE=1000' "$ok")
		$(try 'FROM:<> size=1000' "$ok")
		$(try 'FROM:<> SIZE=00000000000000001000' "$ok")
		$(try 'FROM:<> SIZE=1001' '552 5.3.4 Message too large')
		$(try 'FROM:<> SIZE=18446744073709551616' '552 5.3.4 Message too large')
		$(try 'FROM:<> SIZE=18446744073709552616' '552 5.3.4 Message too large')
		$(try 'FROM:<> SIZE=99999999999999999999' '552 5.3.4 Message too large')
		$(try 'FROM:<> SIZE=100000000000000000000' "$value")
		$(try 'FROM:<> SIZE=' "$parameter")
		$(try 'FROM:<> SIZE' "$value")
		$(try 'FROM:<> SIZE=-1' "$value")
		$(try 'FROM:<> SIZE=1k' "$value")
		$(try 'FROM:<> SIZE=1:' "$value")
		$(try 'FROM:<> SIZE=/1' "$value")
		$quit
	EOT
}

@test "any SIZE is taken when there is no limit" {
	talk DATABYTES=0 <<-EOT
		$helo
		$(try 'FROM:<> SIZE=99999999999999999999' "$ok")
		$quit
	EOT
}

@test "BODY is 7BIT or 8BITMIME" {
	talk SMTPD_MAX_ERRORS=100 <<-EOT
		$ehlo
		$(try 'FROM:<> BODY=7BIT' "$ok")
		$(try 'FROM:<> BODY=8BITMIME' "$ok")
		$(try 'FROM:<> body=8bitmime' "$ok")
		$(try 'FROM:<> BODY=BINARYMIME' "$value")
		$(try 'FROM:<> BODY=8BIT' "$value")
		$(try 'FROM:<> BODY' "$value")
		$quit
	EOT
}

@test "SMTPUTF8 has no value and is needed for an address that is not ASCII" {
	talk SMTPD_MAX_ERRORS=100 <<-EOT
		$ehlo
		$(try 'FROM:<jürgen@example.net> SMTPUTF8' "$ok")
		$(try 'FROM:<jürgen@bücher.example> BODY=8BITMIME SMTPUTF8' "$ok")
		$(try 'FROM:<sender@example.net> smtputf8' "$ok")
		$(try 'FROM:<jürgen@example.net>' '553 5.6.7 Non-ASCII address without SMTPUTF8')
		$(try 'FROM:<a@bücher.example>' '553 5.6.7 Non-ASCII address without SMTPUTF8')
		$(try 'FROM:<> SMTPUTF8=yes' "$value")
		$(try 'FROM:<a\xff@example.net> SMTPUTF8' "$syntax")
		$(try 'FROM:<a\xc0\xaf@example.net> SMTPUTF8' "$syntax")
		$quit
	EOT
}

@test "parameters that are unknown, repeated or broken are refused" {
	talk SMTPD_MAX_ERRORS=100 <<-EOT
		$ehlo
		$(try 'FROM:<> SIZE=10 BODY=7BIT SMTPUTF8' "$ok")
		$(try 'FROM:<>  SIZE=10   BODY=7BIT ' "$ok")
		$(try 'FROM:<> RET=HDRS' "$unknown")
		$(try 'FROM:<> AUTH=<>' "$unknown")
		$(try 'FROM:<> X-1' "$unknown")
		$(try 'FROM:<> SIZE=10 SIZE=10' "$parameter")
		$(try 'FROM:<> BODY=7BIT BODY=8BITMIME' "$parameter")
		$(try 'FROM:<> SMTPUTF8 SMTPUTF8' "$parameter")
		$(try 'FROM:<>SIZE=10' "$parameter")
		$(try 'FROM:<> =10' "$parameter")
		$(try 'FROM:<> SIZE=1=0' "$parameter")
		$(try 'FROM:<> -X' "$parameter")
		$(try 'FROM:<> X_Y' "$parameter")
		$(try 'FROM:<sender@example.net> <other@example.net>' "$parameter")
		$quit
	EOT
}

@test "parts of an address may be as long as RFC 5321 says, and no longer than a file name" {
	local label domain
	label=$(repeat d 62)
	domain=$label.$label.$label.$(repeat d 66 | sed 's/d/./60')
	[[ ${#domain} -eq 255 ]]
	talk <<-EOT
		$ehlo
		$(try "FROM:<$(repeat l 64)@example.net>" "$ok")
		$(try "FROM:<$(repeat l 255)@example.net>" "$ok")
		$(try "FROM:<$(repeat l 256)@example.net>" '501 5.5.4 Address too long')
		$(try "FROM:<a@$domain>" "$ok")
		$(try "FROM:<$(repeat l 64)@$domain>" "$ok")
		$(try "FROM:<a@${domain}d>" '501 5.5.4 Address too long')
		$quit
	EOT
}
