#!/usr/bin/env bats
# Sanitized: yes
# RCPT: the forward path (RFC 5321, 4.1.1.3) and what the recipients say of it.

load common

setup() {
	prepare
}

# Prints a dialogue in which RCPT with this argument gets this answer.
try() {
	printf 'C: RCPT %s\nS: %s\n' "$1" "$2"
}

ok='250 2.1.5 Recipient OK'
unknown='550 5.1.1 No such user here'
syntax='501 5.1.3 Bad recipient address syntax'

@test "recipients are accepted or refused as the CDB says" {
	talk <<-EOT
		$helo
		$mail
		$(try 'TO:<alice@example.org>' "$ok")
		$(try 'TO:<nobody@example.org>' "$unknown")
		$(try 'TO:<bob@example.org>' "$ok")
		$(try 'TO:<alice+lists@example.org>' "$ok")
		$(try 'TO:<nobody+lists@example.org>' "$unknown")
		$(try 'TO:<anybody@example.net>' "$ok")
		$(try 'TO:<sales@example.org>' "$ok")
		$(try 'TO:<mallory@example.org>' '550 5.7.1 Recipient accepts no mail')
		$(try 'TO:<info2019@example.org>' "$unknown")
		$(try 'TO:<alice@example.com>' '554 5.7.1 Relaying denied')
		$quit
	EOT
}

@test "every form of a forward path is taken" {
	talk <<-EOT
		$ehlo
		$mail
		$(try 'TO: <alice@example.org>' "$ok")
		$(try 'to:<ALICE@Example.ORG>' "$ok")
		$(try 'TO:<alice@example.org> ' "$ok")
		$(try 'TO:<"alice"@example.org>' "$ok")
		$(try 'TO:<"al\x5cice"@example.org>' "$ok")
		$(try 'TO:<"john.doe"@example.org>' "$ok")
		$(try 'TO:<@relay.example:alice@example.org>' "$ok")
		$(try 'TO:<@relay.example,@two.example:alice@example.org>' "$ok")
		$(try 'TO:<"two words"@example.net>' "$ok")
		$quit
	EOT
}

@test "postmaster is accepted without a domain and in any case" {
	talk <<-EOT
		$helo
		$mail
		$(try 'TO:<postmaster>' "$ok")
		$(try 'TO:<PostMaster>' "$ok")
		$(try 'TO:<POSTMASTER@example.org>' "$ok")
		$(try 'TO:<postmaster@example.com>' '554 5.7.1 Relaying denied')
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
}

@test "postmaster without a domain is the one of this host" {
	talk <<-EOT
		$helo
		$mail
		$(try 'TO:<postmaster>' "$ok")
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run cat "$MAIL"/mx.example.org/postmaster/new/*
	assert_output --partial 'for <postmaster@mx.example.org>'
}

@test "postmaster without a domain may have a delivery address" {
	echo 'postmaster@mx.example.org alice@example.org' |
		"$RCPT" build --force - "$CDB"
	talk <<-EOT
		$helo
		$mail
		$(try 'TO:<postmaster>' "$ok")
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run the_message
	assert_output --partial 'for <alice@example.org>'
}

@test "an address literal is not a domain of ours" {
	talk <<-EOT
		$helo
		$mail
		$(try 'TO:<alice@[127.0.0.1]>' '554 5.7.1 Relaying denied')
		$(try 'TO:<alice@[IPv6:::1]>' '554 5.7.1 Relaying denied')
		$quit
	EOT
}

@test "what is no forward path is refused" {
	talk SMTPD_MAX_ERRORS=100 <<-EOT
		$ehlo
		$mail
		$(try '' "$syntax")
		$(try 'TO:' "$syntax")
		$(try 'TO:<>' "$syntax")
		$(try 'TO:alice@example.org' "$syntax")
		$(try 'FROM:<alice@example.org>' "$syntax")
		$(try 'TO <alice@example.org>' "$syntax")
		$(try 'TO:<alice@example.org' "$syntax")
		$(try 'TO:<alice>' "$syntax")
		$(try 'TO:<alice@example.org@example.com>' "$syntax")
		$(try 'TO:<alice@example.org,bob@example.org>' "$syntax")
		$(try 'TO:<alice@example.org.>' "$syntax")
		$(try 'TO:<"alice@example.org>' "$syntax")
		$(try 'TO:<al\ice@example.org>' "$syntax")
		$quit
	EOT
}

@test "a NUL never cuts an address short" {
	talk <<-EOT
		$helo
		$mail
		C: RCPT TO:<alice@example.org\x00x>
		S: 500 5.5.2 Line with a bare CR, a bare LF or a NUL
		C: RCPT TO:<alice\x00@example.org>
		S: 500 5.5.2 Line with a bare CR, a bare LF or a NUL
		C: DATA
		S: 503 5.5.1 Say RCPT first
		$quit
	EOT
}

@test "RCPT has no parameters" {
	talk <<-EOT
		$ehlo
		$mail
		$(try 'TO:<alice@example.org> NOTIFY=NEVER' '555 5.5.4 Unknown parameter')
		$(try 'TO:<alice@example.org> SIZE=10' '555 5.5.4 Unknown parameter')
		$(try 'TO:<alice@example.org> =' '501 5.5.4 Bad parameter syntax')
		$(try 'TO:<alice@example.org>x' '501 5.5.4 Bad parameter syntax')
		$quit
	EOT
}

@test "a recipient that is not ASCII needs SMTPUTF8" {
	talk <<-EOT
		$ehlo
		$mail
		$(try 'TO:<jürgen@example.org>' '553 5.6.7 Non-ASCII address without SMTPUTF8')
		C: RSET
		S: 250 2.0.0 OK
		C: MAIL FROM:<sender@example.net> SMTPUTF8
		S: 250 2.1.0 Sender OK
		$(try 'TO:<jürgen@example.org>' "$ok")
		$(try 'TO:<jörgen@example.org>' "$unknown")
		$quit
	EOT
}

@test "the characters of SMTPD_SUBADDRESS start a detail" {
	talk SMTPD_SUBADDRESS=-= <<-EOT
		$helo
		$mail
		$(try 'TO:<alice-lists@example.org>' "$ok")
		$(try 'TO:<alice=lists@example.org>' "$ok")
		$(try 'TO:<alice+lists@example.org>' "$unknown")
		$quit
	EOT
	talk SMTPD_SUBADDRESS= <<-EOT
		$helo
		$mail
		$(try 'TO:<alice+lists@example.org>' "$unknown")
		$quit
	EOT
}

@test "with RELAYCLIENT every recipient is accepted, but none without syntax" {
	talk RELAYCLIENT= <<-EOT
		$helo
		$mail
		$(try 'TO:<nobody@example.org>' "$ok")
		$(try 'TO:<anybody@example.com>' "$ok")
		$(try 'TO:<mallory@example.org>' "$ok")
		$(try 'TO:<postmaster>' "$ok")
		$(try 'TO:<nobody>' "$syntax")
		$(try 'TO:<>' "$syntax")
		$quit
	EOT
}

@test "with RELAYCLIENT a recipient of ours has its mail where it always has" {
	talk RELAYCLIENT= <<-EOT
		$helo
		$mail
		$(try 'TO:<alice+detail@example.org>' "$ok")
		$(try 'TO:<sales@example.org>' "$ok")
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run find "$MAIL" -path '*/new/*' -type f -printf '%P\n'
	assert_output --regexp '^example.org/alice/new/[^ ]+$'
}

@test "the value of RELAYCLIENT is appended to the recipient" {
	talk RELAYCLIENT=.relay.example <<-EOT
		$helo
		$mail
		$(try 'TO:<anybody@example.com>' "$ok")
		$data
		C: .
		S: 250 2.0.0 Message accepted
		$quit
	EOT
	run find "$MAIL/example.com.relay.example/anybody/new" -type f
	assert_output
}
