#!/usr/bin/env bats
# shellcheck disable=SC2016 # the commands expand what they say
#
# That the tool which plays the transcripts sees what is wrong.

load common

play() {
	run "$root/tests/dialogue" "${options[@]}" --patience 10 \
		bash -c "$1"
}

setup() {
	options=()
}

@test "a transcript that is followed to the octet succeeds" {
	play 'printf "220 hi\r\n"; read -r line; printf "250 %s\n" "$line"' <<-'EOT'
		S: 220 hi
		C: \x41b
		S: 250 Ab
		@eof
		@exit 0
	EOT
	assert_success
}

@test "another line end than CRLF is seen" {
	play 'printf "220 hi\n"' <<<'S: 220 hi'
	assert_failure
	assert_output --partial "got b'220 hi\\n'"
}

@test "another text is seen" {
	play 'printf "220 hi \r\n"' <<<'S: 220 hi'
	assert_failure
}

@test "an output too much is seen" {
	play 'printf "220 hi\r\n221 \r\n"' <<<'S: 220 hi'
	assert_failure
	assert_output --partial unexpected
}

@test "a line that never comes is seen" {
	play 'true' <<<'S: 220 hi'
	assert_failure
	assert_output --partial closed
}

@test "an answer too early or too late is seen" {
	play 'printf "220 hi\r\n"; sleep 1' <<-'EOT'
		@mark
		S: 220 hi
		@at-least 3
	EOT
	assert_failure
	assert_output --partial 'too early'
	play 'sleep 0.5; printf "220 hi\r\n"' <<-'EOT'
		@mark
		S: 220 hi
		@less-than 0.4
	EOT
	assert_failure
	assert_output --partial 'too late'
}

@test "a word in the silence is seen" {
	play 'printf "220 hi\r\n"' <<<'@silence 5'
	assert_failure
	assert_output --partial unexpected
}

@test "a wrong exit status and a death by signal are seen" {
	play 'exit 3' <<<'@exit 0'
	assert_failure
	assert_output --partial 'exit status 3'
	play 'kill -SEGV $$' <<<'@eof'
	assert_failure
	assert_output --partial 'signal 11'
}

@test "every split of a write is played" {
	play "echo run >>$BATS_TEST_TMPDIR/runs; head -c 5 | cat -v" <<-'EOT'
		@splits
		C: a\x00b
		S~ a\^@b\^M
	EOT
	assert_failure
	assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/runs")" 1
	play "echo run >>$BATS_TEST_TMPDIR/runs; head -c 5" <<-'EOT'
		@splits
		C: a\x00b
		S: a\x00b
	EOT
	assert_success
	assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/runs")" 5
}

@test "octets go one by one, also through pipes" {
	options=(--octets --pipes)
	play 'head -c 4' <<-'EOT'
		C: ab
		S: ab
		@eof
	EOT
	assert_success
}
