#!/usr/bin/env bats
# Between Postfix, which sends, and Dovecot, which keeps, while handlers are
# killed and the next hop is restarted.

load common
load server
load peer

MESSAGES=300

setup() {
	FRONT=$BATS_TEST_TMPDIR/front
	BEHIND=$BATS_TEST_TMPDIR/behind
	mkdir -p "$FRONT/config" "$BEHIND/kept"
	chmod 777 "$BEHIND" "$BEHIND/kept"
	FRONT_PORT=$(free_port)
	BEHIND_PORT=$(free_port)
}

teardown() {
	stop_server
	PEER_DIR=$BEHIND PEER_PROCESS=${BEHIND_PROCESS-} stop_peer
	PEER_DIR=$FRONT PEER_PROCESS=${FRONT_PROCESS-} stop_peer
}

listens() {
	(: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

configure_behind() {
	cat >"$BEHIND/dovecot.conf" <<-EOT
		base_dir = /run/dovecot
		log_path = /mnt/log
		protocols = lmtp
		ssl = no
		default_login_user = nobody
		default_internal_user = mail
		default_internal_group = mail
		first_valid_uid = 1
		mail_location = maildir:/mnt/kept/%n
		mail_uid = daemon
		mail_gid = daemon
		passdb {
		  driver = static
		}
		userdb {
		  driver = static
		  args = home=/nonexistent allow_all_users=yes
		}
		service lmtp {
		  inet_listener lmtp {
		    address = 127.0.0.1
		    port = $BEHIND_PORT
		  }
		}
	EOT
}

start_behind() {
	wait_until 10 is_down
	PEER=dovecot-lmtpd PEER_DIR=$BEHIND \
		start_peer /usr/sbin/dovecot -F -c /mnt/dovecot.conf
	BEHIND_PROCESS=$PEER_PROCESS
	PEER_PROCESS=
	wait_until 30 listens "$BEHIND_PORT"
}

# Not by SIGKILL: the locks that Dovecot leaves then name processes by numbers
# that others may have in the next name space.
stop_behind() {
	pkill -TERM -P "$(pgrep -P "$BEHIND_PROCESS")"
	wait "$BEHIND_PROCESS" 2>/dev/null || true
	BEHIND_PROCESS=
}

is_down() {
	! listens "$BEHIND_PORT"
}

start_front() {
	cat >"$FRONT/config/main.cf" <<-EOT
		compatibility_level = 3.6
		queue_directory = /mnt/queue
		data_directory = /mnt/data
		maillog_file = /mnt/log
		maillog_file_prefixes = /mnt
		inet_interfaces = loopback-only
		inet_protocols = ipv4
		myhostname = client.test
		mydestination =
		alias_maps =
		alias_database =
		relayhost = [127.0.0.1]:$PORT
		queue_run_delay = 1s
		minimal_backoff_time = 1s
		maximal_backoff_time = 2s
		transport_retry_time = 1s
	EOT
	cat >"$FRONT/config/master.cf" <<-EOT
		127.0.0.1:$FRONT_PORT inet n - n - - smtpd
		cleanup unix n - n - 0 cleanup
		qmgr unix n - n 300 1 qmgr
		rewrite unix - - n - - trivial-rewrite
		bounce unix - - n - 0 bounce
		defer unix - - n - 0 bounce
		trace unix - - n - 0 bounce
		smtp unix - - n - - smtp
		showq unix n - n - - showq
		error unix - - n - - error
		retry unix - - n - - error
		anvil unix - - n - 1 anvil
		proxymap unix - - n - - proxymap
		postlog unix-dgram n - n - 1 postlogd
	EOT
	PEER=postfix PEER_DIR=$FRONT start_peer sh -ec '
		cd /mnt
		mkdir queue data
		cd queue
		mkdir active bounce corrupt defer deferred flush hold incoming \
			maildrop pid private public saved trace
		chown postfix active bounce corrupt defer deferred flush hold \
			incoming maildrop private public saved trace ../data
		chgrp postdrop maildrop public
		chmod 730 maildrop
		exec /usr/lib/postfix/sbin/master -c /mnt/config -d
	'
	FRONT_PROCESS=$PEER_PROCESS
	PEER_PROCESS=
	wait_until 30 listens "$FRONT_PORT"
}

queue_is_empty() {
	[[ -z $(find "$FRONT/queue"/{incoming,active,deferred,maildrop} \
		-type f) ]]
}

# Kills what serves connections now.
kill_handlers() {
	local child
	for child in $(server_children); do
		if kill -KILL "$child" 2>/dev/null; then
			killed=$((killed + 1))
		fi
	done
}

@test "every message arrives, though handlers are killed and the next hop is restarted" {
	local killed=0 restarts=0 number total
	configure_behind
	start_behind
	start_server "SMTPD_DELIVERY=lmtp:127.0.0.1:$BEHIND_PORT" \
		SMTPD_RELAY_TIMEOUT=10
	start_front
	# Each to a recipient of its own, 1user to 300user.
	PEER=postfix PEER_DIR=$FRONT peer timeout 60 \
		/usr/sbin/smtp-source -m "$MESSAGES" \
		-s 10 -N -M client.test -l 20000 -f sender@client.test \
		-t user@example.net "127.0.0.1:$FRONT_PORT" &
	local source=$!
	for ((number = 0; number < 8; number++)); do
		sleep 0.3
		kill_handlers
		sleep 0.3
		kill_handlers
		stop_behind
		restarts=$((restarts + 1))
		sleep 0.2
		start_behind
	done
	wait "$source"
	wait_until 60 queue_is_empty
	total=$(find "$BEHIND/kept" -path '*/new/*' -type f | wc -l)
	for ((number = 1; number <= MESSAGES; number++)); do
		[[ -n $(find "$BEHIND/kept/${number}user/new" -type f) ]] ||
			fail "message $number is lost"
	done
	echo "# $MESSAGES messages, $killed handlers killed, $restarts restarts" \
		"of the next hop, $((total - MESSAGES)) duplicates" >&3
	assert [ "$killed" -gt 0 ]
	# A kill can double what one handler, or each of some, was at.
	assert [ $((total - MESSAGES)) -le $((killed + 20 * restarts)) ]
}
