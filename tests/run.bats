#!/usr/bin/env bats
# That the run of the tests counts right, above all what went wrong.

load common

setup() {
	file=$BATS_TEST_TMPDIR/sample.bats
}

# Runs the file on stdin; its "%test" is "@test", which bats would see here. Settings as NAME=VALUE.
run_sample() {
	sed "s/^%/@/" >"$file"
	run env -u CI "$@" "$root/tests/run" "$file"
}

last_line() {
	echo "${lines[-1]}"
}

@test "tests that pass are counted" {
	run_sample <<-'EOT'
		%test "one" { true; }
		%test "two" { true; }
	EOT
	assert_success
	assert_equal "$(last_line)" '2 passed, 0 failed, 0 skipped'
}

@test "a test that fails is shown and makes the run fail" {
	run_sample <<-'EOT'
		%test "one" { true; }
		%test "two" { echo why; false; }
	EOT
	assert_failure
	assert_output --partial 'not ok 2 two'
	assert_output --partial why
	assert_equal "$(last_line)" '1 passed, 1 failed, 0 skipped'
}

@test "a skipped test makes the run fail in CI alone" {
	run_sample <<-'EOT'
		%test "one" { true; }
		%test "two" { skip "no reason"; }
	EOT
	assert_success
	assert_equal "$(last_line)" '1 passed, 0 failed, 1 skipped'
	run env CI=true "$root/tests/run" "$file"
	assert_failure
}

@test "tests that were planned and never ran are failures" {
	run_sample TEST_LIMIT=2 <<-'EOT'
		%test "one" { true; }
		%test "two" { kill -KILL $PPID $$; }
		%test "three" { true; }
	EOT
	assert_failure
	assert_output --regexp '1 passed, [1-9] failed, 0 skipped$'
}

@test "a file with an error of syntax is a failure" {
	run_sample <<-'EOT'
		%test "one" { true
	EOT
	assert_failure
	assert_equal "$(last_line)" '0 passed, 1 failed, 0 skipped'
}

@test "a file without tests is a failure" {
	run_sample <<<'true'
	assert_failure
	assert_equal "$(last_line)" '0 passed, 1 failed, 0 skipped'
}

@test "a test that hangs is a failure" {
	run_sample TEST_LIMIT=2 <<-'EOT'
		%test "one" { true; }
		%test "two" { sleep 1000; }
		%test "three" { true; }
	EOT
	assert_failure
	assert_equal "$(last_line)" '1 passed, 2 failed, 0 skipped'
}

@test "a process that a test left behind is not waited for without end" {
	run_sample TEST_LIMIT=2 <<-'EOT'
		%test "one" { sleep 1000 & }
	EOT
	assert_failure
	assert_equal "$(last_line)" '1 passed, 1 failed, 0 skipped'
}
