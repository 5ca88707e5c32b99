# Mail servers of other makers (see tests/peer). $PEER is the package and
# $PEER_DIR the directory that it shares with the test, which is /mnt there.

# Runs a command of the peer to its end.
peer() {
	"$root/tests/peer" run "$PEER" "$PEER_DIR" "$@" 3>&-
}

# Starts a command of the peer that goes on: $PEER_PROCESS. Its output, and the
# log of the servers below, is in $PEER_DIR/log.
start_peer() {
	"$root/tests/peer" run "$PEER" "$PEER_DIR" "$@" </dev/null \
		>>"$PEER_DIR/log" 2>&1 3>&- &
	PEER_PROCESS=$!
	PEER_PROCESSES+=("$PEER_PROCESS")
	PEER_LOGS+=("$PEER_DIR/log")
}

# For teardown: stops all that start_peer started, and all that came of it. If
# the test failed, shows the logs.
stop_peer() {
	local process log
	for process in "${PEER_PROCESSES[@]}"; do
		kill -KILL "$process" || true
		wait "$process" 2>/dev/null || true
	done
	[[ -n ${BATS_TEST_COMPLETED-} ]] ||
		for log in "${PEER_LOGS[@]}"; do
			tail -n 40 "$log"
		done
	PEER_PROCESSES=() PEER_LOGS=()
}

# Whether somebody listens on a loopback port.
listens() {
	(: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Writes the configuration of a Dovecot that takes mail by LMTP on a port and
# keeps that of each user in kept/USER. More of it is on stdin.
# Usage: configure_dovecot PORT <CONFIGURATION
configure_dovecot() {
	{
		cat <<-EOT
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
			service lmtp {
			  inet_listener lmtp {
			    address = 127.0.0.1
			    port = $1
			  }
			}
		EOT
		cat
	} >"$PEER_DIR/dovecot.conf"
	mkdir -p "$PEER_DIR/kept"
	chmod 777 "$PEER_DIR" "$PEER_DIR/kept"
}

# Starts Postfix. Its master.cf are the services that each test needs and those
# given, its main.cf what is the same for all and, behind it, what is on stdin.
# virtual(8) may make mailboxes in kept and in returned.
# Usage: start_postfix [SERVICE]... <MAIN.CF
start_postfix() {
	mkdir -p "$PEER_DIR"/{config,data,kept,queue,returned}
	{
		cat <<-'EOT'
			compatibility_level = 3.6
			queue_directory = /mnt/queue
			data_directory = /mnt/data
			maillog_file = /mnt/log
			maillog_file_prefixes = /mnt
			inet_interfaces = loopback-only
			inet_protocols = ipv4
			mydestination =
			alias_maps =
			alias_database =
			smtpd_peername_lookup = no
			virtual_mailbox_base = /mnt
			virtual_uid_maps = static:65534
			virtual_gid_maps = static:65534
		EOT
		cat
	} >"$PEER_DIR/config/main.cf"
	{
		printf '%s\n' "$@"
		# Each 5 seconds qmgr looks for what nobody told it of.
		cat <<-'EOT'
			pickup unix n - n 60 1 pickup
			cleanup unix n - n - 0 cleanup
			qmgr unix n - n 5 1 qmgr
			rewrite unix - - n - - trivial-rewrite
			bounce unix - - n - 0 bounce
			defer unix - - n - 0 bounce
			trace unix - - n - 0 bounce
			flush unix n - n 1000? 0 flush
			tlsmgr unix - - n 1000? 1 tlsmgr
			smtp unix - - n - - smtp
			relay unix - - n - - smtp
			showq unix n - n - - showq
			error unix - - n - - error
			retry unix - - n - - error
			virtual unix - n n - - virtual
			anvil unix - - n - 1 anvil
			scache unix - - n - 1 scache
			proxymap unix - - n - - proxymap
			postlog unix-dgram n - n - 1 postlogd
		EOT
	} >"$PEER_DIR/config/master.cf"
	PEER=postfix
	# Users and groups that only the peer knows. A handler may have to get
	# to a socket in public.
	start_peer sh -ec '
		cd /mnt/queue
		mkdir active bounce corrupt defer deferred flush hold incoming \
			maildrop pid private public saved trace
		chown postfix active bounce corrupt defer deferred flush hold \
			incoming maildrop private public saved trace ../data
		chgrp postdrop maildrop public
		chmod 730 maildrop
		chmod 711 public
		chown nobody ../kept ../returned
		exec /usr/lib/postfix/sbin/master -c /mnt/config -d
	'
	# It listens then.
	wait_until 30 grep -q 'daemon started' "$PEER_DIR/log"
}

# The messages that the peer gave back to the sender.
returned_files() {
	find "$PEER_DIR" -path '*/returned/new/*' -type f
}

# Whether it gave so many back.
returned_is() {
	[[ $(returned_files | wc -l) == "$1" ]]
}

returned() {
	returned_files | xargs cat
}
