# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   make            build/flowner: one binary, the BPF objects inside
#   make demo       see it work: a lab, a trace, a comparison (needs root)
#   make bench      what it costs, beside the same without it (needs root); FULL=1: at length; BENCH_JSON=FILE
#   make test       unit, BPF and end-to-end tests, under ASan and UBSan (needs root)
#   make fuzz       each parser against libFuzzer, FUZZ_SECONDS=60 of it; FUZZ="packet_file netlink" chooses
#   make test-kernels   end-to-end tests on other kernels, under QEMU; KERNELS="6.1 7" chooses
#   make test-clangs    the same sources with every clang-N there is; CLANGS="16 19" chooses
#   make soak       trace, flows and capture for half an hour: does anything grow? SOAK_SECONDS=N
#   make coverage   what of user/ the tests run, line by line; PATTERN=… chooses tests
#   make install    to $(DESTDIR)$(PREFIX)
#   make clean
#
#   V=1 shows the commands; ASAN=1 builds build-asan/flowner with AddressSanitizer and UBSan.
#
# What is missing on this machine is installed first (scripts/install-deps).

VERSION := 0.1.0
PREFIX  ?= /usr/local

ifeq ($(FUZZING),1)
B := build-fuzz
CC := clang
SANITIZE := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
OPT_LEVEL := -O1
else ifeq ($(ASAN),1)
B := build-asan
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
OPT_LEVEL := -O1
else ifeq ($(COV),1)
B := build-cov
# gcc's only. Threads and interrupted programs count too.
SANITIZE := --coverage -fprofile-update=atomic -DFLOWNER_COVERAGE
# Without optimization gcc cannot tell what is initialized.
OPT_LEVEL := -O0 -Wno-maybe-uninitialized
else
B ?= build
OPT_LEVEL := -O2
endif

ifeq ($(V),1)
Q :=
say :=
else
Q := @
say = @printf '  %-8s %s\n' $(1) $(patsubst $(CURDIR)/%,%,$(2));
endif

# Debian keeps bpftool in sbin, which a user's PATH may lack.
export PATH := $(PATH):/usr/sbin:/sbin

CLANG   ?= clang
BPFTOOL ?= bpftool

.DEFAULT_GOAL := all
.PHONY: all demo test test-kernels test-clangs test-unit test-bpf test-e2e install clean bench format deps man fuzz
.DELETE_ON_ERROR:
.SECONDARY:

# --- what the machine has -----------------------------------------------------------------------
# config.mk is made after install-deps has run; make reads it and starts over.

PACKAGES := libbpf libelf zlib libnl-3.0 libnl-route-3.0 json-c libcap-ng libpcap libseccomp

ifeq ($(filter clean format,$(MAKECMDGOALS)),)
include $(B)/config.mk
endif

$(B)/config.mk: scripts/install-deps Makefile
	@mkdir -p $(@D)
	$(Q)scripts/install-deps
	$(Q)printf 'PKG_CFLAGS := %s\nPKG_LIBS := %s\n' \
		"$$(pkg-config --cflags $(PACKAGES))" "$$(pkg-config --libs $(PACKAGES))" >$@

$(B)/test-deps: scripts/install-deps
	@mkdir -p $(@D)
	$(Q)scripts/install-deps test
	@touch $@

$(B)/vm-deps: scripts/install-deps
	@mkdir -p $(@D)
	$(Q)scripts/install-deps test vm
	@touch $@

# --- flags --------------------------------------------------------------------------------------

WARN := -Wall -Wextra -Wshadow -Wformat=2 -Wmissing-prototypes -Wvla -Werror
CFLAGS ?= -g $(OPT_LEVEL)
ALL_CFLAGS = -std=gnu11 $(WARN) $(CFLAGS) $(SANITIZE) -MMD -MP -Iuser -Ibpf -I$(B)/gen \
	-D_GNU_SOURCE -DFLOWNER_VERSION='"$(VERSION)"' $(PKG_CFLAGS)
ALL_LDFLAGS = $(LDFLAGS) $(SANITIZE)
LIBS = $(PKG_LIBS) -lm -pthread

BPF_CFLAGS = -g -O2 -target bpf -mcpu=v3 -Wall -Wextra -Wshadow -Werror -Wno-unused-parameter \
	-MMD -MP -Ibpf -Ivmlinux

# --- the binary ---------------------------------------------------------------------------------

SRCS := $(sort $(wildcard user/*.c user/*/*.c))
OBJS := $(SRCS:user/%.c=$(B)/obj/%.o)
BPF_SRCS := $(sort $(wildcard bpf/*.bpf.c))
SKELS := $(BPF_SRCS:bpf/%.bpf.c=$(B)/gen/%.skel.h)

all: $(B)/flowner
	@:

$(B)/flowner: $(OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(OBJS) $(LIBS)

$(B)/obj/%.o: user/%.c $(B)/config.mk | $(SKELS)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(B)/bpf/%.bpf.o: bpf/%.bpf.c $(B)/config.mk
	@mkdir -p $(@D)
	$(call say,BPF,$<)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MT $@ -c -o $(@:.bpf.o=.tmp.o) $<
	$(Q)$(BPFTOOL) gen object $@ $(@:.bpf.o=.tmp.o)

# `bpftool gen object` drops DWARF and keeps BTF; a skeleton is that object as a header.
$(B)/gen/%.skel.h: $(B)/bpf/%.bpf.o
	@mkdir -p $(@D)
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf >$@

# Names for the numbers of this architecture's system calls, for who is stopped at one: a signal handler can look
# nowhere but in a table.
$(B)/gen/syscall_names.h: $(B)/config.mk
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)echo '#include <sys/syscall.h>' | $(CC) -E -dM - | sort | \
		sed -n -e '1i static const char *const syscall_names[] = {' -e '/ __NR_syscalls /d' \
			-e 's/^#define __NR_\([a-z][a-z0-9_]*\) .*/\t[__NR_\1] = "\1",/p' -e '$$a };' >$@

$(B)/obj/collect/seccomp.o: $(B)/gen/syscall_names.h

-include $(OBJS:.o=.d) $(wildcard $(B)/bpf/*.d)

# --- tests --------------------------------------------------------------------------------------

# All tests run on the sanitized build; each kind adds its counts to one closing line.
# On other kernels than this the plain build runs, emulated ones being slow enough.
test: $(B)/vm-deps $(B)/fuzz-deps
	$(Q)$(MAKE) --no-print-directory ASAN=1 build-asan/flowner build-asan/tests
	$(Q)$(MAKE) --no-print-directory all build/tests/bpf build/tests/tools
	$(Q)tests/run build-asan

# Unit tests link everything but main.o; BPF tests the same, and need root. A BPF program that exists only to
# be tested, tests/bpf/x.bpf.c, becomes tests_x.skel.h.
LIB_OBJS := $(filter-out $(B)/obj/main.o,$(OBJS))
TEST_LIBS = -lcmocka
TEST_SRCS := $(sort $(wildcard tests/unit/test_*.c tests/bpf/test_*.c))
TESTS := $(TEST_SRCS:tests/%.c=$(B)/tests/%)
# Programs that end-to-end tests run.
TEST_TOOLS := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/tools/*.c))
TEST_SKELS := $(patsubst tests/bpf/%.bpf.c,$(B)/gen/tests_%.skel.h,$(wildcard tests/bpf/*.bpf.c))

$(B)/tests: $(TESTS) $(TEST_TOOLS) $(B)/tests/fuzz
$(B)/tests/bpf: $(filter $(B)/tests/bpf/%,$(TESTS))
	@:
$(B)/tests/tools: $(TEST_TOOLS)
	@:

$(B)/bpf/tests_%.bpf.o: tests/bpf/%.bpf.c $(B)/config.mk
	@mkdir -p $(@D)
	$(call say,BPF,$<)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MT $@ -c -o $(@:.bpf.o=.tmp.o) $<
	$(Q)$(BPFTOOL) gen object $@ $(@:.bpf.o=.tmp.o)

$(B)/bpf/bench_%.bpf.o: tests/bench/%.bpf.c $(B)/config.mk
	@mkdir -p $(@D)
	$(call say,BPF,$<)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MT $@ -c -o $(@:.bpf.o=.tmp.o) $<
	$(Q)$(BPFTOOL) gen object $@ $(@:.bpf.o=.tmp.o)

$(B)/tests/%: tests/%.c $(LIB_OBJS) | $(TEST_SKELS)
	@mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests $(ALL_LDFLAGS) -o $@ $< $(filter $(B)/tests/%.o,$^) $(LIB_OBJS) \
		$(LIBS) $(TEST_LIBS)

# What a test wants beyond that, and is kept from the rest of it.
$(B)/tests/%.o: tests/%.c $(B)/config.mk
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(B)/tests/bpf/test_parse_random: $(B)/tests/bpf/pcap_filter.o
$(B)/tests/bpf/test_expression $(B)/tests/bpf/test_expression_tag: $(B)/tests/bpf/pcap_filter.o

.PHONY: $(B)/tests $(B)/tests/bpf $(B)/tests/tools

# What is loaded into flowner by LD_PRELOAD: without the sanitizers, whose library has to come first.
PRELOADS := $(patsubst tests/%.c,$(B)/tests/%.so,$(wildcard tests/preload/*.c))
$(B)/tests: $(PRELOADS)
$(B)/tests/preload/%.so: tests/preload/%.c $(B)/config.mk
	@mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(CC) -std=gnu11 $(WARN) -g -O2 -D_GNU_SOURCE -fPIC -shared -o $@ $< -ldl

-include $(wildcard $(B)/tests/*/*.d)

# --- fuzzing ------------------------------------------------------------------------------------

# A target with replay.c's main is a test that takes every file of its corpus; with FUZZING=1 (clang's
# libFuzzer, in build-fuzz) it looks for more.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

$(FUZZ_TARGETS): $(B)/tests/fuzz/quiet.o $(if $(FUZZING),,$(B)/tests/fuzz/replay.o)
$(FUZZ_TARGETS): ALL_LDFLAGS += -Wl,--wrap=log_write $(if $(FUZZING),-fsanitize=fuzzer)
$(FUZZ_TARGETS): TEST_LIBS :=
$(B)/tests/fuzz/fuzz_cbpf $(B)/tests/fuzz/fuzz_expression: $(B)/tests/fuzz/ebpf_run.o
$(B)/tests/fuzz/fuzz_expression: $(B)/tests/bpf/pcap_filter.o
$(B)/tests/bpf/test_expression: $(B)/tests/fuzz/ebpf_run.o
$(B)/tests/fuzz: $(FUZZ_TARGETS)
	@:

$(B)/fuzz-deps: scripts/install-deps
	@mkdir -p $(@D)
	$(Q)scripts/install-deps fuzz
	@touch $@

fuzz: $(B)/fuzz-deps
	$(Q)$(MAKE) --no-print-directory FUZZING=1 build-fuzz/tests/fuzz
	$(Q)FUZZ="$(FUZZ)" tests/fuzz/run build-fuzz $(FUZZ_SECONDS)

.PHONY: $(B)/tests/fuzz

# --- what it costs ------------------------------------------------------------------------------

BENCHES := $(patsubst tests/%.c,$(B)/tests/%,$(filter-out %.bpf.c,$(wildcard tests/bench/*.c)))
BENCH_SKELS := $(patsubst tests/bench/%.bpf.c,$(B)/gen/bench_%.skel.h,$(wildcard tests/bench/*.bpf.c))

$(BENCHES): | $(BENCH_SKELS)

.PHONY: $(B)/bench
$(B)/bench: $(B)/flowner $(BENCHES)
	@:

$(B)/bench-deps: scripts/install-deps
	@mkdir -p $(B)
	$(Q)scripts/install-deps test bench
	@touch $@

bench: $(B)/$(if $(FULL),bench,test)-deps
	$(Q)$(MAKE) --no-print-directory $(B)/bench
	$(Q)tests/bench/run $(if $(JSON),--json) $(B) $(if $(FULL),full)

# On kernels of other distributions, in emulated machines: the plain build, which is slow enough there.
test-kernels: $(B)/vm-deps
	$(Q)$(MAKE) --no-print-directory all build/tests/bpf build/tests/tools
	$(Q)tests/vm/run build $(KERNELS)

# With every clang-N that is installed; CLANGS="16 19" chooses.
test-clangs: $(B)/test-deps
	$(Q)tests/clangs $(CLANGS)

# --- at length ----------------------------------------------------------------------------------

.PHONY: soak coverage

# The plain build: AddressSanitizer keeps what is freed.
soak: $(B)/test-deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/soak/run build

$(B)/cov-deps: scripts/install-deps
	@mkdir -p $(@D)
	$(Q)scripts/install-deps test cov
	@touch $@

# The table comes also when a test has failed; with a PATTERN nothing is demanded of it.
coverage: $(B)/cov-deps
	$(Q)$(MAKE) --no-print-directory COV=1 build-cov/flowner build-cov/tests
	$(Q)find build-cov -name '*.gcda' -delete
	$(Q)GCOV_ERROR_FILE=/dev/null tests/run build-cov $(PATTERN); status=$$?; \
		tests/coverage build-cov $(if $(PATTERN),,tests/coverage.reasons) && exit $$status

demo: $(B)/test-deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)scripts/demo $(B)/flowner

# --- the rest -----------------------------------------------------------------------------------

# Options, in the man page and the completion, are the program's own account of them.
man: $(B)/flowner.8 $(B)/flowner.bash

$(B)/flowner.8: man/flowner.8.in scripts/gen-man $(B)/flowner
	$(call say,MAN,$@)
	$(Q)sed 's/@VERSION@/$(VERSION)/' $< | scripts/gen-man $(B)/flowner >$@

$(B)/flowner.bash: scripts/gen-completion $(B)/flowner
	$(call say,COMPL,$@)
	$(Q)scripts/gen-completion $(B)/flowner >$@

install: all man
	install -Dm755 $(B)/flowner $(DESTDIR)$(PREFIX)/sbin/flowner
	install -Dm644 $(B)/flowner.8 $(DESTDIR)$(PREFIX)/share/man/man8/flowner.8
	install -Dm644 $(B)/flowner.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/flowner

clean:
	rm -rf build build-*

format:
	clang-format -i $$(git ls-files 'bpf/*.[ch]' 'user/*.[ch]' 'tests/*.[ch]')
