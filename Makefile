# tarpit-smtpd. Needs GNU make; "make deps" installs the rest on Debian 12.

CC = gcc
CFLAGS = -O2 -g
PREFIX = /usr/local
SYSCONFDIR = /etc
STATEDIR = /var/lib
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
DEFINES = -D_GNU_SOURCE -DCONFIG_DIR='"$(SYSCONFDIR)/tarpit-smtpd"' \
	-DSTATE_DIR='"$(STATEDIR)/tarpit-smtpd"'
COMPILE = -std=c11 -MMD -MP $(WARNINGS) $(if $(CI),-Werror) -Ismtpd \
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

TOOL_CFLAGS = -fPIE
TOOL_LDFLAGS = -pie -Wl,-z,relro -Wl,-z,now $(LDFLAGS)

SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -U_FORTIFY_SOURCE -DSANDBOX_WITHOUT_SECCOMP

handler_sources := $(wildcard smtpd/*.c)
handler_objects := $(handler_sources:%.c=$B/handler/%.o)
sanitized_objects := $(handler_sources:%.c=$B/sanitized/%.o)
# What the tools share with the handler.
shared_sources := smtpd/address.c smtpd/cdbfile.c smtpd/recipients.c \
	smtpd/text.c
rcpt_objects := $(patsubst %.c,$B/tools/%.o,tools/tarpit-rcpt.c \
	$(wildcard tools/rcpt/*.c) $(shared_sources))
unit_tests := $(patsubst tests/unit/%.c,$B/unit/%,$(wildcard tests/unit/*.c))

programs := $B/tarpit-smtpd $B/tarpit-rcpt

all: $(programs)

$B/tarpit-smtpd: $(handler_objects)
	$(CC) $(HANDLER_LDFLAGS) -o $@ $(if $(USES_MUSL),$(MUSL_START)) $^ \
		$(LIBCDB) $(if $(USES_MUSL),$(MUSL_END))

$B/tarpit-rcpt: $(rcpt_objects)
	$(CC) $(TOOL_LDFLAGS) -o $@ $^ -lcdb

$B/sanitized/tarpit-smtpd: $(sanitized_objects)
	$(CC) $(SANITIZE) -o $@ $^ $(LIBCDB)

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

check: $(programs) $B/sanitized/tarpit-smtpd $(unit_tests)
	tests/run

DEPS = bats bats-assert bats-support gcc libc6-dev libcdb-dev make musl-dev \
	musl-tools
deps:
	apt-get update
	DEBIAN_FRONTEND=noninteractive apt-get install -y \
		--no-install-recommends $(DEPS)

clean:
	rm -rf $B

.PHONY: all check clean deps
.SECONDARY:
-include $(shell find $B -name '*.d' 2>/dev/null)
