# tarpit-smtpd. Needs GNU make; "make deps" installs the rest on Debian 12.

VERSION = 0.1
CC = gcc
CFLAGS = -O2 -g
PREFIX = /usr/local
SYSCONFDIR = /etc
STATEDIR = /var/lib
RUNDIR = /run
DESTDIR =
B = build

# Looked up when used, so that "make deps check" finds what deps installed.
HANDLER_CC = $(shell command -v musl-gcc || echo $(CC))
MULTIARCH = $(shell $(CC) -print-multiarch)
LIBCDB = /usr/lib/$(MULTIARCH)/libcdb.a
MUSL = /usr/lib/$(subst -gnu,-musl,$(MULTIARCH))

WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings \
	-Wformat=2 -Wvla
HARDENING = -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
	-fstack-clash-protection
DEFINES = -D_GNU_SOURCE -DVERSION='"$(VERSION)"' \
	-DCONFIG_DIR='"$(SYSCONFDIR)/tarpit-smtpd"' \
	-DSTATE_DIR='"$(STATEDIR)/tarpit-smtpd"' \
	-DRUN_DIR='"$(RUNDIR)/tarpit-smtpd"'
COMPILE = -std=c11 -MMD -MP $(WARNINGS) $(if $(CI),-Werror) -Ismtpd -Itools \
	$(DEFINES) $(HARDENING) $(CPPFLAGS) $(CFLAGS)
# The kernel's headers, behind musl's own.
KERNEL_HEADERS = -idirafter /usr/include -idirafter /usr/include/$(MULTIARCH)

# The handler: static, position-independent, one section per function so that
# what is not used is not linked. musl-gcc does not know -static-pie, so its
# parts are named here.
HANDLER_CFLAGS = -fPIE -ffunction-sections -fdata-sections $(KERNEL_HEADERS)
HANDLER_LDFLAGS = -static-pie -Wl,--gc-sections -Wl,-z,relro -Wl,-z,now \
	-Wl,-z,noexecstack $(LDFLAGS)
MUSL_START = -nostdlib $(MUSL)/rcrt1.o $(MUSL)/crti.o
MUSL_END = $(MUSL)/libc.a -lgcc $(MUSL)/crtn.o
USES_MUSL = $(findstring musl,$(HANDLER_CC))

TOOL_CFLAGS = -fPIC
TOOL_LDFLAGS = -pie -Wl,-z,relro -Wl,-z,now $(LDFLAGS)

SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -U_FORTIFY_SOURCE -DSANDBOX_WITHOUT_SECCOMP

handler_sources := $(wildcard smtpd/*.c)
handler_objects := $(handler_sources:%.c=$B/handler/%.o)
sanitized_objects := $(handler_sources:%.c=$B/sanitized/%.o)
# What the tools share with the handler.
shared_sources := smtpd/address.c smtpd/cdbfile.c smtpd/grammar.c \
	smtpd/recipients.c \
	smtpd/text.c
rcpt_objects := $(patsubst %.c,$B/tools/%.o,tools/tarpit-rcpt.c \
	$(wildcard tools/rcpt/*.c) $(shared_sources))
tls_sources := tools/tarpit-tls.c $(wildcard tools/tls/*.c) smtpd/sandbox.c \
	smtpd/sandbox_landlock.c
unit_tests := $(patsubst tests/unit/%.c,$B/unit/%,$(wildcard tests/unit/*.c))

programs := $B/tarpit-smtpd $B/tarpit-rcpt $B/tarpit-tls
preloaded := $B/tcpserver-socket.so

all: $(programs) $(preloaded)

link_handler = $(CC) $(HANDLER_LDFLAGS) -o $@ \
	$(if $(USES_MUSL),$(MUSL_START)) $^ $(LIBCDB) \
	$(if $(USES_MUSL),$(MUSL_END))
$B/tarpit-smtpd: $(handler_objects)
	$(link_handler)

$B/tarpit-rcpt: $(rcpt_objects)
	$(CC) $(TOOL_LDFLAGS) -o $@ $^ -lcdb

$B/tarpit-tls: $(tls_sources:%.c=$B/tools/%.o)
	$(CC) $(TOOL_LDFLAGS) -o $@ $^ -lssl -lcrypto

$B/sanitized/tarpit-tls: $(tls_sources:%.c=$B/sanitized/%.o)
	$(CC) $(SANITIZE) -o $@ $^ -lssl -lcrypto

$B/sanitized/tarpit-smtpd: $(sanitized_objects)
	$(CC) $(SANITIZE) -o $@ $^ $(LIBCDB)

$(preloaded): $B/tools/tools/tcpserver-socket.o
	$(CC) -shared $(LDFLAGS) -o $@ $^

$B/handler/%.o: %.c
	@mkdir -p $(@D)
	$(HANDLER_CC) $(COMPILE) $(HANDLER_CFLAGS) -c -o $@ $<

$B/sanitized/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(COMPILE) $(SANITIZE) -c -o $@ $<

$B/tools/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(COMPILE) $(TOOL_CFLAGS) -c -o $@ $<

# Unit tests link every part of the handler but main, with sanitizers.
$B/unit/%: $B/sanitized/tests/unit/%.o \
		$(filter-out %/main.o,$(sanitized_objects))
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ $(LIBCDB)

# What the tests of the sandbox run. The filter for the other architecture is
# made here, too, with its kernel's headers.
sandbox_tests := $(addprefix $B/sandbox/,probe filter filter-arm64)
ARM64_HEADERS = /usr/aarch64-linux-gnu/include
$B/sandbox/probe: $(addprefix $B/handler/,tests/sandbox/probe.o \
		smtpd/sandbox.o smtpd/sandbox_filter.o \
		smtpd/sandbox_landlock.o tools/tls/filter.o)
	@mkdir -p $(@D)
	$(link_handler)

$B/sandbox/filter: $(addprefix $B/tools/,tests/sandbox/filter.o \
		smtpd/sandbox_filter.o)
	@mkdir -p $(@D)
	$(CC) $(TOOL_LDFLAGS) -o $@ $^

$B/sandbox/filter-arm64: $B/tools/tests/sandbox/filter.o $B/sandbox/arm64.o
	$(CC) $(TOOL_LDFLAGS) -o $@ $^

$B/sandbox/arm64.o: smtpd/sandbox_filter.c
	@mkdir -p $(@D)
	$(CC) $(COMPILE) $(TOOL_CFLAGS) -U__x86_64__ -D__aarch64__ \
		-isystem $(ARM64_HEADERS) -c -o $@ $<

check: $(programs) $(addprefix $B/sanitized/,tarpit-smtpd tarpit-tls) \
		$(unit_tests) $(sandbox_tests) $B/starters
	tests/run

# Each system call of a delivery fails once, and the process is killed at each;
# each write does less than it was asked to; the next hop dies at each point of
# the dialogue, or answers oddly at two. Then 2,000 messages go from Postfix to
# Dovecot, which is restarted all the while, as handlers are killed. Prints a table
# of each; fails if a message was lost. Takes about two minutes.
check-faults: $(programs) $B/faults/shorten
	tests/faults/sweep
	bats tests/faults/between.bats

$B/faults/%: $B/tools/tests/faults/%.o
	@mkdir -p $(@D)
	$(CC) $(TOOL_LDFLAGS) -o $@ $^

# The server under a flood, two minutes for each way to start it. FLOODS_SHORT=1
# is the form for CI. See tests/floods/run.
check-floods: $(programs) $(preloaded)
	tests/floods/run

# libFuzzer against the parsers, each for so many seconds. What it finds on the
# way is kept below build/, beside the seeds.
FUZZ_CC = clang
FUZZ_SECONDS = 60
fuzzers := $(patsubst tests/fuzz/%.c,$B/fuzz/%,$(wildcard tests/fuzz/*.c))
fuzzed_sources := $(addprefix smtpd/,address.c auth_line.c base64.c grammar.c \
	ip.c message.c nexthop_reply.c proxy_header.c ranges.c reply.c text.c \
	tls_terms.c xtext.c)
fuzz: $(fuzzers)
	for f in $(fuzzers); do \
		mkdir -p $$f-corpus; echo "$$f, $(FUZZ_SECONDS) seconds"; \
		$$f -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=5 \
			-print_final_stats=1 -artifact_prefix=$$f- $$f-corpus \
			tests/fuzz/corpus/$${f##*/} >$$f.log 2>&1 || \
			{ tail -n 40 $$f.log; exit 1; }; \
		grep number_of_executed $$f.log; \
	done

$B/fuzz/%: tests/fuzz/%.c $(fuzzed_sources) $(wildcard smtpd/*.h)
	@mkdir -p $(@D)
	$(FUZZ_CC) -std=c11 $(WARNINGS) $(DEFINES) -Ismtpd -g -O1 \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $@ $(filter %.c,$^)

# Compares with peers and with the least possible; prints a table and writes
# build/bench.json. BENCH_SHORT=1 is the form for CI. See tests/bench/run.
bench_programs := $(addprefix $B/bench/,connections handshakes instructions \
	intake listen minimal minimal-tls spawn start store)
bench: $(programs) $(bench_programs)
	tests/bench/run

$B/bench/%: $B/tools/tests/bench/%.o
	@mkdir -p $(@D)
	$(CC) $(TOOL_LDFLAGS) -o $@ $^ $(BENCH_LIBS)

$B/bench/handshakes $B/bench/minimal-tls: BENCH_LIBS = -lssl -lcrypto

$B/bench/minimal: $B/handler/tests/bench/minimal.o
	@mkdir -p $(@D)
	$(link_handler)

# The handler, stopped where main calls one of these.
START_STEPS = sandbox_close_inherited_but log_open config_load recipients_open \
	delivery_start sandbox_enter session_run
$B/bench/start: HANDLER_LDFLAGS += $(START_STEPS:%=-Wl,--wrap=%)
$B/bench/start: $(handler_objects) $B/handler/tests/bench/start.o
	@mkdir -p $(@D)
	$(link_handler)

# The handler without the limit on its memory, which valgrind cannot keep.
$B/bench/sandbox.o: smtpd/sandbox.c
	@mkdir -p $(@D)
	$(HANDLER_CC) $(COMPILE) $(HANDLER_CFLAGS) -DSANDBOX_WITHOUT_SECCOMP \
		-c -o $@ $<
$B/bench/instructions: $(filter-out %/sandbox.o,$(handler_objects)) \
		$B/bench/sandbox.o
	$(link_handler)

# Each tool looks at one file at a time: clang-tidy confuses itself otherwise.
lint_sources = $(wildcard smtpd/*.c tools/*.c tools/rcpt/*.c tools/tls/*.c \
	tests/unit/*.c tests/fuzz/*.c tests/sandbox/*.c tests/bench/*.c \
	tests/faults/*.c)
lint_headers = $(wildcard smtpd/*.h tools/rcpt/*.h tools/tls/*.h tests/unit/*.h \
	tests/bench/*.h)
lint_scripts = .ci/run tests/run \
	$(wildcard tests/*.bats tests/*.bash tests/faults/*.bats) \
	$(shell grep -lE '^\#!.*\b(sh|bash)$$' tools/* tests/* tests/bench/* \
	tests/floods/* tests/sandbox/* 2>/dev/null)
man_pages = $(wildcard smtpd/*.[1-8] tools/*.[1-8])
lint:
	clang-format --dry-run -Werror $(lint_sources) $(lint_headers)
	printf '%s\n' $(lint_sources) | xargs -P 2 -I FILE \
		clang-tidy --quiet FILE -- -std=c11 -Ismtpd -Itools $(DEFINES)
	cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr \
		--enable=warning,performance,portability \
		--suppress=missingIncludeSystem -D__x86_64__ -Ismtpd -Itools $(DEFINES) smtpd tools
	for f in $(wildcard smtpd/*.c tools/*.c tools/rcpt/*.c \
			tools/tls/*.c); do \
		$(CC) $(COMPILE) -MF /dev/null -Werror -fanalyzer -c \
			-o /dev/null $$f || exit 1; \
	done
	shellcheck -x $(lint_scripts)
	mandoc -Tlint -Wwarning $(man_pages)

# What "make check", "make lint", "make fuzz" and "make bench" need.
DEPS = bats bats-assert bats-support btrfs-progs clang clang-format \
	clang-tidy cppcheck curl gcc iproute2 jq libbsd0 libc6-dev libcdb-dev \
	libclang-rt-14-dev libevent-2.1-7 libnet-ssleay-perl libselinux1 \
	libssl-dev libtirpc3 libwrap0 linux-libc-dev-arm64-cross make mandoc \
	msmtp musl-dev musl-tools netbase openssl procps python3 s-nail shellcheck \
	sslscan strace swaks systemd systemd-container tinycdb ucspi-tcp valgrind
# Mail servers of the tests; they cannot be installed side by side, or listen at
# once.
PEERS = dovecot-imapd dovecot-lmtpd exim4-daemon-light haproxy mailfront \
	opensmtpd postfix
deps:
	apt-get update
	DEBIAN_FRONTEND=noninteractive apt-get install -y \
		--no-install-recommends $(DEPS)
	tests/peer fetch $(PEERS)
	$(MAKE) $B/starters

# Servers that start the handler in tests. Their packages exclude each other
# and would start them here, so they are only unpacked.
STARTERS = openbsd-inetd ucspi-tcp-ipv6 xinetd
$B/starters:
	rm -rf $@.new && mkdir -p $@.new
	cd $@.new && apt-get download -o APT::Sandbox::User=root $(STARTERS)
	for deb in $@.new/*.deb; do dpkg-deb -x $$deb $@.new || exit; done
	mv $@.new $@

# Where things are installed. The files in units/ name places as @PLACE@, the
# manual pages as they are by default.
SBINDIR = $(PREFIX)/sbin
LIBDIR = $(PREFIX)/lib
MANDIR = $(PREFIX)/share/man
DOCDIR = $(PREFIX)/share/doc/tarpit-smtpd
unit_files := $(foreach type,service socket path,$(wildcard units/*.$(type)))
example_files := $(wildcard units/connectors/*)
environment_files := $(wildcard units/*.environment)
manual_pages_5 := $(wildcard smtpd/*.5 tools/*.5)
manual_pages_8 := $(wildcard smtpd/*.8 tools/*.8)

place = install -m 644 /dev/null $(DESTDIR)$2 && \
	sed -e 's|/usr/local/|$(PREFIX)/|g' \
		-e 's|@SBINDIR@|$(SBINDIR)|g' -e 's|@LIBDIR@|$(LIBDIR)|g' \
		-e 's|@VERSION@|$(VERSION)|g' \
		-e 's|@CONFIG_DIR@|$(SYSCONFDIR)/tarpit-smtpd|g' \
		-e 's|@STATE_DIR@|$(STATEDIR)/tarpit-smtpd|g' \
		-e 's|@RUN_DIR@|$(RUNDIR)/tarpit-smtpd|g' $1 >$(DESTDIR)$2
# Drop-ins of every tarpit-smtpd-NAME@.service.
connector_drop_in = tarpit-smtpd-@.service.d
place_all = $(foreach file,$1,$(call place,$(file),$2/$(notdir $(file))) &&) :

install: $(programs) $(preloaded)
	install -d $(addprefix $(DESTDIR),$(SBINDIR) $(LIBDIR)/systemd/system \
		$(LIBDIR)/tarpit-smtpd \
		$(LIBDIR)/systemd/catalog $(LIBDIR)/sysusers.d \
		$(LIBDIR)/systemd/system/$(connector_drop_in) \
		$(LIBDIR)/tmpfiles.d $(MANDIR)/man5 $(MANDIR)/man8 \
		$(DOCDIR)/connectors $(SYSCONFDIR)/tarpit-smtpd)
	install $(programs) $(DESTDIR)$(SBINDIR)
	install -m 644 $(preloaded) $(DESTDIR)$(LIBDIR)/tarpit-smtpd
	@$(call place,tools/tarpit-connectors,$(SBINDIR)/tarpit-connectors)
	chmod 755 $(DESTDIR)$(SBINDIR)/tarpit-connectors
	install -m 644 tools/connectors.awk $(DESTDIR)$(LIBDIR)/tarpit-smtpd
	@$(call place_all,$(unit_files),$(LIBDIR)/systemd/system)
	ln -sf ../tarpit-smtpd@.service \
		$(DESTDIR)$(LIBDIR)/systemd/system/$(connector_drop_in)/10-service.conf
	@$(call place,units/sysusers.conf,$(LIBDIR)/sysusers.d/tarpit-smtpd.conf)
	@$(call place,units/tmpfiles.conf,$(LIBDIR)/tmpfiles.d/tarpit-smtpd.conf)
	@$(call place_all,units/environment units/recipients.example \
		units/poll-limit.conf units/hardened.conf \
		$(environment_files),$(DOCDIR))
	@$(call place_all,$(example_files),$(DOCDIR)/connectors)
	install -m 644 units/tarpit-smtpd.catalog \
		$(DESTDIR)$(LIBDIR)/systemd/catalog
	@$(call place_all,$(manual_pages_5),$(MANDIR)/man5)
	@$(call place_all,$(manual_pages_8),$(MANDIR)/man8)
	@# The settings are the administrator's: what is there stays.
	for file in environment $(notdir $(environment_files)); do \
		test -e $(DESTDIR)$(SYSCONFDIR)/tarpit-smtpd/$$file || \
			install -m 644 $(DESTDIR)$(DOCDIR)/$$file \
				$(DESTDIR)$(SYSCONFDIR)/tarpit-smtpd || exit; \
	done

# Leaves settings, recipients and mail.
uninstall:
	cd $(DESTDIR)$(SBINDIR) && rm -f $(notdir $(programs)) tarpit-connectors
	rm -rf $(DESTDIR)$(LIBDIR)/systemd/system/$(connector_drop_in)
	cd $(DESTDIR)$(LIBDIR) && rm -f sysusers.d/tarpit-smtpd.conf \
		tmpfiles.d/tarpit-smtpd.conf \
		systemd/catalog/tarpit-smtpd.catalog \
		$(addprefix systemd/system/,$(notdir $(unit_files)))
	cd $(DESTDIR)$(MANDIR) && rm -f \
		$(addprefix man5/,$(notdir $(manual_pages_5))) \
		$(addprefix man8/,$(notdir $(manual_pages_8)))
	rm -rf $(DESTDIR)$(DOCDIR) $(DESTDIR)$(LIBDIR)/tarpit-smtpd

# build/tarpit-smtpd_VERSION_ARCHITECTURE.deb
ARCHITECTURE = $(shell dpkg --print-architecture)
deb: $(programs) $(preloaded)
	rm -rf $B/deb
	install -d $B/deb/DEBIAN
	$(MAKE) --silent install PREFIX=/usr DESTDIR=$B/deb
	strip $(programs:$B/%=$B/deb/usr/sbin/%)
	gzip -9n $B/deb/usr/share/man/man*/*
	sed -e 's|@VERSION@|$(VERSION)|; s|@ARCHITECTURE@|$(ARCHITECTURE)|' \
		tools/debian/control >$B/deb/DEBIAN/control
	install -m 644 tools/debian/conffiles $B/deb/DEBIAN
	install tools/debian/postinst tools/debian/prerm $B/deb/DEBIAN
	dpkg-deb --root-owner-group --build $B/deb $B

# Everything that a bare Debian lacks to build and listen.
DEMO_DEPS = gcc libc6-dev libcdb-dev musl-dev musl-tools systemd
demo: demo-deps
	@$(MAKE) --silent $B/tarpit-smtpd $B/tarpit-rcpt
	@tools/demo

demo-deps:
	dpkg-query -s $(DEMO_DEPS) >/dev/null 2>&1 || { apt-get update && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y \
			--no-install-recommends $(DEMO_DEPS); }

clean:
	rm -rf $B

.PHONY: all deb bench check check-faults check-floods clean demo demo-deps deps fuzz \
	install uninstall
.SECONDARY:
-include $(shell find $B -name '*.d' -type f 2>/dev/null)
