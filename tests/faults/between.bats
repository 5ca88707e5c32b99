#!/usr/bin/env bats
# Between Postfix, which sends, and Dovecot, which keeps, while the next hop is
# restarted every two seconds and handlers are killed at random.

load ../common
load ../server
load ../peer

MESSAGES=2000
SECONDS_TO_SEND=40

setup() {
	FRONT=$BATS_TEST_TMPDIR/front
	BEHIND=$BATS_TEST_TMPDIR/behind
	mkdir "$FRONT" "$BEHIND"
	FRONT_PORT=$(free_port)
	BEHIND_PORT=$(free_port)
}

teardown() {
	stop_server
	stop_peer
}

# A Dovecot that is killed leaves locks, which name processes. The next one waits
# for minutes if a lock names nobody, or has a number that is another process's
# now. So a lock has its name from the beginning, and all that is started is in
# one name space, where numbers do not come again.
start_behind() {
	PEER=dovecot-lmtpd
	PEER_DIR=$BEHIND
	configure_dovecot "$BEHIND_PORT" <<-'EOT'
		dotlock_use_excl = no
		userdb {
		  driver = static
		  args = home=/nonexistent allow_all_users=yes
		}
	EOT
	start_peer sh -c '
		while :; do
			/usr/sbin/dovecot -F -c /mnt/dovecot.conf
			sleep 0.2
		done
	'
	wait_until 30 listens "$BEHIND_PORT"
	BEHIND_LOOP=$(pgrep -P "$(pgrep -P "$PEER_PROCESS")")
}

# The first process of Dovecot, whose children are all others.
master_behind() {
	pgrep -P "$BEHIND_LOOP" -x dovecot
}

# Every other time all of Dovecot is killed at once, as it stands: stopped
# before, its first process has no more children than those.
restart_behind() {
	local master
	master=$(master_behind)
	if ((restarts % 2 == 0)); then
		kill -STOP "$master"
		pkill -KILL -P "$master"
		kill -KILL "$master"
		crashes=$((crashes + 1))
	else
		kill -TERM "$master"
	fi
	restarts=$((restarts + 1))
	wait_until 60 is_back "$master"
}

# Usage: is_back FORMER_MASTER
is_back() {
	local master
	master=$(master_behind) && [[ $master != "$1" ]] &&
		listens "$BEHIND_PORT"
}

start_front() {
	PEER_DIR=$FRONT
	start_postfix "127.0.0.1:$FRONT_PORT inet n - n - - smtpd" <<-EOT
		myhostname = client.test
		relayhost = [127.0.0.1]:$PORT
		default_destination_concurrency_limit = 20
		enable_long_queue_ids = yes
		queue_run_delay = 1s
		minimal_backoff_time = 2s
		maximal_backoff_time = 4s
		transport_retry_time = 1s
	EOT
}

queue_is_empty() {
	[[ -z $(find "$FRONT/queue"/{incoming,active,deferred,maildrop} \
		-type f) ]]
}

# More messages than NUMBER have left the queue, or the last one has, which may
# be after the queue was looked at and before they were counted.
# Usage: queue_moves NUMBER
queue_moves() {
	queue_is_empty || (($(grep -c ': removed$' "$FRONT/log") > $1))
}

# However slow the machine is, as long as messages leave the queue. Postfix puts
# one aside for a minute if the last attempt has not quite ended.
drain_queue() {
	until queue_is_empty; do
		wait_until 150 queue_moves \
			"$(grep -c ': removed$' "$FRONT/log")"
	done
}

# Kills one of those that run now.
kill_some_handler() {
	local handlers
	read -ra handlers < <(server_children) || true
	((${#handlers[@]} > 0)) || return 0
	kill -KILL "${handlers[RANDOM % ${#handlers[@]}]}" 2>/dev/null || true
}

# Two seconds from one restart to the next.
one_round() {
	local end=$((${EPOCHREALTIME/./} + 2000000))
	restart_behind
	while
		sleep "0.$((RANDOM % 3))"
		kill_some_handler
		((${EPOCHREALTIME/./} < end))
	do :; done
}

@test "every message arrives, though handlers are killed and the next hop is restarted" {
	local restarts=0 crashes=0 source
	start_behind
	start_server "SMTPD_DELIVERY=lmtp:127.0.0.1:$BEHIND_PORT"
	start_front
	"$root/tests/faults/mail" send "$FRONT_PORT" "$MESSAGES" \
		"$SECONDS_TO_SEND" 3>&- &
	source=$!
	while kill -0 "$source" 2>/dev/null; do
		one_round
	done
	wait "$source"
	drain_queue
	"$root/tests/faults/mail" check "$MESSAGES" "$FRONT/log" \
		"$LOG" "$BEHIND/kept" "$restarts" "$crashes" |
		sed 's/^/# /' >&3
	assert_equal "${PIPESTATUS[0]}" 0
}
