#!/usr/bin/env bats
# tarpit-rcpt: what is in a source and in a CDB.

bats_require_minimum_version 1.5.0
load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# Writes a source from its lines and builds a CDB of it.
build() {
	printf '%s\n' "$@" >source
	"$RCPT" build --force source recipients.cdb
}

@test "build makes the records of the format" {
	build alice@example.org 'sales@example.org alice@example.org' \
		-bob@example.org '!info2019@example.org' @example.net
	run cdb -d recipients.cdb
	assert_output - <<-'END'
		+17,0:alice@example.org->
		+11,0:example.org->
		+17,18:sales@example.org->=alice@example.org
		+15,1:bob@example.org->-
		+20,1:info2019@example.org->!
		+12,0:@example.net->
		+11,0:example.net->

	END
}

@test "build ends with a summary" {
	build alice@example.org bob@example.org dave@example.org erin@example.org \
		@example.net
	printf '%s\n' alice@example.org carol@example.org -@example.net \
		dave@example.org erin@example.org >source
	run "$RCPT" build source recipients.cdb
	assert_success
	assert_output --regexp \
		'^recipients.cdb: 5 recipients in 2 domains, 1 added, 1 removed, 1 changed, 2[0-9]{3} octets, [0-9]+\.[0-9]{2} seconds$'
}

@test "build reads standard input" {
	"$RCPT" build - recipients.cdb <<<alice@example.org
	run "$RCPT" dump recipients.cdb
	assert_output alice@example.org
}

@test "comments, blanks, CRLF, a byte order mark and a last line without end are fine" {
	printf '\xEF\xBB\xBF# users\r\n\r\n \t alice@example.org \t# the boss\r\nbob@example.org' >source
	"$RCPT" build source recipients.cdb
	run "$RCPT" dump recipients.cdb
	assert_output - <<-'END'
		alice@example.org
		bob@example.org
	END
}

@test "keys and delivery addresses are in small letters, in ASCII alone" {
	build 'Jürgen.ÄÖ@EXAMPLE.org Alice@Example.ORG'
	run "$RCPT" dump recipients.cdb
	assert_output 'jürgen.ÄÖ@example.org alice@example.org'
}

@test "a quoted local part is the address that it stands for" {
	build '"bob"@example.org' '"j\ohn doe"@example.org' '"a@b"@example.org'
	run "$RCPT" dump recipients.cdb
	assert_output - <<-'END'
		bob@example.org
		"john doe"@example.org
		"a@b"@example.org
	END
	run "$RCPT" query recipients.cdb bob@example.org '"a@b"@example.org' \
		'"b"@example.org'
	assert_line --index 0 'bob@example.org: accepted, by the address'
	assert_line --index 1 '"a@b"@example.org: accepted, by the address'
	assert_line --index 2 \
		'"b"@example.org: refused, no such user, by the domain'
}

@test "local parts that look like marks and comments come through a dump" {
	build '"-x"@example.org' '"!x"@example.org' '"#x"@example.org' \
		'-"-y"@example.org' '!"!y"@example.org' \
		'"-z"@example.org "#x"@example.org' \
		'"a\"b\\c"@example.org' '#x@example.org' 'x#y@example.org' \
		'"@z"@example.org'
	"$RCPT" dump recipients.cdb >dumped
	run cat dumped
	assert_output - <<-'END'
		"-x"@example.org
		"!x"@example.org
		"#x"@example.org
		-"-y"@example.org
		!"!y"@example.org
		"-z"@example.org "#x"@example.org
		"a\"b\\c"@example.org
		x#y@example.org
		"@z"@example.org
	END
	"$RCPT" build dumped again.cdb
	cmp recipients.cdb again.cdb
}

@test "address literals and whole domains outside ASCII are fine" {
	build 'a@[192.0.2.1]' 'b@[IPv6:2001:db8::1]' '@[192.0.2.2]' @bücher.example
	run "$RCPT" query recipients.cdb 'A@[192.0.2.1]' 'b@[ipv6:2001:DB8::1]' \
		'x@[192.0.2.2]' x@bücher.example 'y@[192.0.2.1]'
	assert_line --index 0 --partial 'accepted, by the address'
	assert_line --index 1 --partial 'accepted, by the address'
	assert_line --index 2 --partial 'accepted, by the whole domain'
	assert_line --index 3 --partial 'accepted, by the whole domain'
	assert_line --index 4 --partial 'refused, no such user, by the domain'
}

@test "a dump builds to the very same file" {
	build alice@example.org 'sales@example.org "a b"@example.com' \
		-bob@example.org '!info2019@example.org' @example.net \
		'!@example.com' 'jürgen@bücher.example' '@xn--bcher-kva.example alice@example.org' \
		'"#x y"@example.org' 'z@example.net'
	"$RCPT" dump recipients.cdb | "$RCPT" build - again.cdb
	cmp recipients.cdb again.cdb
}

@test "a dump of a CDB of the qmail world builds to what has the same effect" {
	printf '%s\n' '+17,0:alice@example.org->' '+15,5:bob@example.org->-gone' \
		'+12,1:@example.net->x' '+17,1:alice@example.org->-' '' |
		cdb -c foreign.cdb
	run "$RCPT" dump foreign.cdb
	assert_success
	assert_output - <<-'END'
		alice@example.org
		-bob@example.org
		@example.net
	END
}

@test "a dump says what no source can say in comments, and fails" {
	printf '%s\n' '+17,0:Alice@example.org->' '+11,0:example.com->' \
		'+17,2:sales@example.org->=x' '+2,0:@@->' \
		'+1,0:@->' '+15,0:bob@example.org->' '' | cdb -c foreign.cdb
	run --separate-stderr "$RCPT" dump foreign.cdb
	assert_failure 1
	assert_output - <<-'END'
		# Alice@example.org 
		# example.com 
		# sales@example.org =x
		# @@ 
		# @ 
		bob@example.org
	END
	assert_equal "$stderr" \
		'tarpit-rcpt: foreign.cdb: 5 records are no recipients, and are comments'
}

@test "every error names file, line and column, in one run, and nothing is published" {
	build carol@example.org
	cp recipients.cdb before
	{
		printf '%s\n' 'alice@example.org' '  alice' 'a@b@example.org' \
			'x@example.org y@example.org z' '-' '-x' \
			'-x@example.org y@example.org' '@' '@a b' \
			'""@example.org' '-""@example.org' \
			'alice@example.org bob@example.org' \
			'"open@example.org' 'bob@example.org ""@example.org' \
			'x@[tag:a@b]' '@[tag:a@b]'
		printf 'j\xfcrgen@example.org\ntab\t\x01@example.org\n'
		printf 'nul\0@example.org\nj\xc2\x85@example.org\n'
		printf 'a@%0256d\n' 0
		printf 'del\x7f@example.org\n'
	} >source
	run "$RCPT" build --force source recipients.cdb
	assert_failure 1
	assert_output - <<-'END'
		source:2:3: not an address: it has no @
		source:3:1: not an address
		source:4:29: more than a delivery address
		source:5:1: no address behind the mark
		source:6:2: not an address: it has no @
		source:7:16: a refused address is not delivered
		source:8:1: not a domain behind the @
		source:9:4: not an address: it has no @
		source:10:1: not an address
		source:11:2: not an address
		source:12:1: contradicts line 1
		source:13:1: not an address
		source:14:17: not an address
		source:15:1: an @ in the domain
		source:16:1: not a domain behind the @
		source:17:2: not UTF-8 text
		source:18:5: a control character
		source:19:4: a control character
		source:20:2: not UTF-8 text
		source:21:1: the address is too long
		source:22:4: a control character
	END
	cmp recipients.cdb before
	run "$RCPT" check source
	assert_failure 1
	assert_line 'source:12:1: contradicts line 1'
}

@test "check is silent about a good source and changes nothing" {
	run "$RCPT" check - <<<alice@example.org
	assert_success
	assert_output ''
	run ls -A
	assert_output ''
}

@test "duplicates that agree are one record" {
	build alice@example.org ALICE@example.org '"alice"@example.org' \
		'alice@example.org Alice@Example.org' \
		-bob@example.org -Bob@example.org \
		'sales@example.org alice@example.org' \
		'Sales@example.org "alice"@EXAMPLE.org'
	run "$RCPT" dump recipients.cdb
	assert_output - <<-'END'
		alice@example.org
		-bob@example.org
		sales@example.org alice@example.org
	END
}

@test "duplicates that contradict are errors that name the first line" {
	printf '%s\n' '# users' alice@example.org -alice@example.org \
		' !Alice@example.org' 'alice@example.org bob@example.org' >source
	run "$RCPT" check source
	assert_failure 1
	assert_output - <<-'END'
		source:3:1: contradicts line 2
		source:4:2: contradicts line 2
		source:5:1: contradicts line 2
	END
}

@test "query names the rule, and its status is that of the worst answer" {
	build alice@example.org 'sales@example.org alice@example.org' \
		-bob@example.org '!info2019@example.org' \
		'@example.net alice@example.org' 'joe+list@example.org'
	run "$RCPT" query recipients.cdb alice@example.org Sales@Example.ORG \
		alice+news@example.org sales+x@example.org joe+list+a@example.org \
		any@example.net +x@example.net postmaster POSTMASTER@example.org
	assert_success
	assert_output - <<-'END'
		alice@example.org: accepted, by the address
		Sales@Example.ORG: accepted, by the address, delivered to alice@example.org
		alice+news@example.org: accepted, by the address without its subaddress, delivered to alice@example.org
		sales+x@example.org: accepted, by the address without its subaddress, delivered to alice@example.org
		joe+list+a@example.org: accepted, by the address without its subaddress, delivered to joe+list@example.org
		any@example.net: accepted, by the whole domain, delivered to alice@example.org
		+x@example.net: accepted, by the whole domain, delivered to alice@example.org
		postmaster: accepted, as postmaster
		POSTMASTER@example.org: accepted, as postmaster
	END
	run "$RCPT" query recipients.cdb bob@example.org bob+x@example.org \
		info2019@example.org joe+x@example.org +x@example.org x@example.com \
		postmaster@example.com nonsense alice@example.org
	assert_failure 1
	assert_output - <<-'END'
		bob@example.org: refused, blocked, by the address
		bob+x@example.org: refused, blocked, by the address without its subaddress
		info2019@example.org: refused, a trap, by the address
		joe+x@example.org: refused, no such user, by the domain
		+x@example.org: refused, no such user, by the domain
		x@example.com: refused, not a domain of ours
		postmaster@example.com: refused, not a domain of ours
		nonsense: refused, not an address
		alice@example.org: accepted, by the address
	END
}

@test "query takes the characters that start a subaddress" {
	build mary-ann@example.org joe@example.org list-default@example.org
	run "$RCPT" query -s - recipients.cdb mary-ann-x@example.org \
		joe-x@example.org list-a-b@example.org
	assert_success
	assert_output - <<-'END'
		mary-ann-x@example.org: accepted, by the address without its subaddress, delivered to mary-ann@example.org
		joe-x@example.org: accepted, by the address without its subaddress, delivered to joe@example.org
		list-a-b@example.org: accepted, by the default address
	END
	run "$RCPT" query -s '' recipients.cdb joe-x@example.org \
		joe+x@example.org list-a@example.org
	assert_failure 1
	refute_output --partial accepted
	run "$RCPT" query recipients.cdb joe-x@example.org list+a@example.org
	refute_output --partial accepted
	run "$RCPT" query -s +- recipients.cdb joe+x@example.org joe-x@example.org
	assert_success
}

@test "query cannot tell from a file that is missing or damaged" {
	build alice@example.org
	truncate -s -1 recipients.cdb
	for cdb in recipients.cdb missing.cdb /dev/null . ; do
		run "$RCPT" query "$cdb" alice@example.org postmaster
		assert_failure 2
		assert_line 'alice@example.org: cannot tell'
		assert_line 'postmaster: cannot tell'
	done
}

@test "diff tells what would be added, removed and changed" {
	build alice@example.org bob@example.org carol@example.org @example.net
	printf '%s\n' alice@example.org 'bob@example.org alice@example.org' \
		'"dave d"@example.com' -@example.net >source
	run "$RCPT" diff recipients.cdb source
	assert_failure 1
	assert_output - <<-'END'
		changed bob@example.org to bob@example.org alice@example.org
		removed carol@example.org
		changed @example.net to -@example.net
		added "dave d"@example.com
	END
	"$RCPT" dump recipients.cdb >same
	run "$RCPT" diff recipients.cdb same
	assert_success
	assert_output ''
}

@test "dump and diff refuse a CDB whose records do not fit" {
	build alice@example.org
	printf '\xff\xff\xff\xff' |
		dd of=recipients.cdb bs=1 seek=2048 conv=notrunc status=none
	run "$RCPT" dump recipients.cdb
	assert_failure 2
	assert_output 'tarpit-rcpt: recipients.cdb: not a whole CDB'
	run "$RCPT" diff recipients.cdb source
	assert_failure 2
}

@test "diff takes the first of several records with one key, as a look-up does" {
	printf '%s\n' '+17,0:alice@example.org->' '+15,0:bob@example.org->' \
		'+17,1:alice@example.org->-' '+15,1:bob@example.org->-' '' |
		cdb -c foreign.cdb
	run "$RCPT" diff foreign.cdb - <<<alice@example.org
	assert_failure 1
	assert_output 'removed bob@example.org'
}

@test "a source in another order is no difference" {
	seq -f 'user%g@example.org' 100 >source
	"$RCPT" build source recipients.cdb
	sort -r source >sorted
	run "$RCPT" diff recipients.cdb sorted
	assert_success
	assert_output ''
}

@test "diff has trouble, not differences, with a bad source or CDB" {
	build alice@example.org
	run "$RCPT" diff recipients.cdb - <<<nonsense
	assert_failure 2
	run "$RCPT" diff missing.cdb source
	assert_failure 2
	run "$RCPT" diff source source
	assert_failure 2
	assert_output 'tarpit-rcpt: source: not a whole CDB'
}

@test "wrong usage is told with the right one" {
	for arguments in '' build 'build a' 'build a b c' 'dump --force a' \
		'query a' 'check -s x y' 'nonsense a' 'dump --nonsense a'; do
		# shellcheck disable=SC2086 # words are meant
		run "$RCPT" $arguments
		assert_failure 2
		assert_line --partial 'usage: tarpit-rcpt build [--force] SOURCE CDB'
	done
	run "$RCPT" --version
	assert_success
	assert_output --regexp '^tarpit-rcpt [0-9.]+$'
	run "$RCPT" --help
	assert_success
	assert_line '       tarpit-rcpt query [-s CHARACTERS] CDB ADDRESS...'
}

@test "output that cannot be written is trouble" {
	build alice@example.org
	run bash -c '"$1" dump recipients.cdb >/dev/full' - "$RCPT"
	assert_failure 2
	assert_output --partial 'No space left on device'
}

# The lines of a man page from the first pattern to the second.
example() {
	sed -n "/$2/,/$3/p" "$root/tools/$1" | sed '/^\.Ed/d'
}

@test "the examples of the man pages are true" {
	example tarpit-recipients.5 '^# People' '^@example.net' >source
	"$RCPT" build source recipients.cdb >summary
	run example tarpit-rcpt.8 'recipients.cdb: 9 rec' 'recipients.cdb: 9 rec'
	assert_output --partial "$(grep -o ': .* octets' summary)"
	while read -r _ _ _ cdb looked_up; do
		address=$looked_up
		read -r answer
		run "$RCPT" query "${cdb##*/}" "$address"
		assert_output "$answer"
	done < <(cat "$root"/tools/tarpit-r*.[58] | grep --no-group-separator \
		-A1 '^\$ tarpit-rcpt query')
	assert_equal "$address" nobody@example.org
}
