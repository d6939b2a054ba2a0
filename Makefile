# The only build entry. `make help` lists the goals; V=1 shows commands, SAN=address,undefined
# builds with sanitizers (into its own folder), CC=clang works as well.

BUILD   ?= build$(if $(SAN),-san)
CC      ?= gcc
CLANG   ?= clang
OBJCOPY ?= llvm-objcopy
# (Ubuntu: /usr/sbin/bpftool is a script that looks for one of the running kernel.)
BPFTOOL ?= $(firstword $(wildcard /usr/lib/linux-tools/*/bpftool /usr/sbin/bpftool /usr/local/sbin/bpftool) bpftool)
PREFIX  ?= /usr/local
VERSION := $(shell cat VERSION)
Q       := $(if $(V),,@)
say      = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

# What the compiler makes code for: CC=aarch64-linux-gnu-gcc cross-builds, with a PKG_CONFIG that finds its libraries.
MACHINE := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
ARCH    := $(or $(patsubst x86_64,x86,$(filter x86_64,$(MACHINE))),$(patsubst aarch64,arm64,$(filter aarch64,$(MACHINE))),\
           $(patsubst s390x,s390,$(filter s390x,$(MACHINE))),$(MACHINE))
BPFTARGET := $(if $(filter s390,$(ARCH)),bpfeb,bpfel)

# STATIC=1: one binary without shared libraries (tools/packaging/portable.sh).
PIE        := $(if $(STATIC),-static-pie,-pie)
PKG_CONFIG ?= pkg-config
PKGLIBS     = $(shell $(PKG_CONFIG) $(if $(STATIC),--static) --libs $(1) 2>/dev/null)

PKGS      := libbpf libelf zlib libcurl jansson libfyaml libmicrohttpd libuv libmnl libmd hiredis libseccomp
WARN      := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
             -Wcast-qual -Wvla -Wformat=2 -Wundef -Werror
CFLAGS    ?= -O2 -g
BASE      := -std=gnu11 -D_GNU_SOURCE -DFL_VERSION='"$(VERSION)"' -I. -Iuser -I$(BUILD) \
             -include user/util/banned.h -fstack-protector-strong -fPIE
SANFLAGS  := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
CPPPKGS   := $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
LIBS      := $(call PKGLIBS,$(PKGS) tre) -lm -lpthread # tre's cflags are Debian's own
# score, load, check and expr must link without libbpf: unit tests get only these.
PURELIBS  := $(call PKGLIBS,libcurl jansson libfyaml libuv libmd tre) -lm -lpthread

BPFSRC  := $(wildcard bpf/*.bpf.c)
# Compiled once more, for kernels before 5.18: see bpf/plain.bpf.h.
PLAIN   := net exec sys_modret sys_override sys_signal
SKELS   := $(BPFSRC:bpf/%.bpf.c=$(BUILD)/bpf/%.skel.h) $(PLAIN:%=$(BUILD)/bpf/%_plain.skel.h)
STUBS   := $(patsubst %.S,$(BUILD)/%.inc,$(wildcard user/*/*/*_stub_*.S))
WEB     := $(patsubst %,$(BUILD)/%.inc,$(wildcard user/serve/web/*))
USERSRC := $(filter-out user/main.c,$(wildcard user/*.c user/*/*.c user/*/*/*.c)) $(wildcard tools/lab/stack/*.c)
USEROBJ := $(USERSRC:%.c=$(BUILD)/%.o)
LIB     := $(BUILD)/libfaultline.a

all: $(BUILD)/faultline lab

help:
	@echo 'make all     build everything into $(BUILD)/'
	@echo 'make demo    install what is missing, build, run the demo on the embedded lab'
	@echo 'make demo-docker  the same with containers, on a Docker engine of its own if none runs'
	@echo 'make check   install what tests need, run every suite'
	@echo 'make check-fast  what needs no stack: unit tests, BPF programs (as root), commands; under a minute'
	@echo 'make coverage    which lines the tests run, by folder (COVERAGE_TESTS="unit/ cli/" chooses)'
	@echo 'make check-vm  the suites on other kernels, in QEMU'
	@echo 'make check-host  every kind on every form of target, on whole Debian 13 and 12 hosts in QEMU'
	@echo 'make fuzz    libFuzzer on every reader of foreign bytes, FUZZ_SECONDS=20 each'
	@echo 'make bench   print the figures of docs/figures.md'
	@echo 'make lint    clang-tidy, cppcheck, shellcheck, codespell'
	@echo 'make gen | man  completions and JSON schema | the manual pages (needs lowdown)'
	@echo 'make docs    docs/ as pages with their pictures, into $(BUILD)/docs (needs lowdown, graphviz)'
	@echo 'make deb     the Debian packages of the last commit, into $(BUILD)/deb'
	@echo 'make install | install-man | uninstall | clean'
	@echo 'make dist    all that is given to people, into $(BUILD)/dist: packages, portable archives, images, sums'

# --- kernel side -----------------------------------------------------------------------------
BPFCC := $(CLANG) -O2 -g -target $(BPFTARGET) -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Wall -Wextra -Werror \
         -Wno-unused-parameter -Ivmlinux -I. -Ibpf -MMD -MP

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(BPFCC) -MT $@ -c $< -o $@

$(BUILD)/bpf/%_plain.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(BPFCC) -DFL_PLAIN -MT $@ -c $< -o $@

$(BUILD)/bpf/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q){ echo '#pragma GCC diagnostic push' && echo '#pragma GCC diagnostic ignored "-Wcast-qual"' && \
		$(BPFTOOL) gen skeleton $< name $(subst .,_,$*)_bpf && \
		echo '#pragma GCC diagnostic pop'; } > $@.tmp && mv $@.tmp $@

# --- user side -------------------------------------------------------------------------------
# NAME_stub_ARCH.S: code for another process, of any architecture, as bytes to include.
$(BUILD)/%.inc: %.S
	@mkdir -p $(@D)
	$(call say,STUB,$@)
	$(Q)$(CLANG) --target=$(lastword $(subst _stub_, ,$*))-linux-gnu -c $< -o $(@:.inc=.stub.o) && \
		$(OBJCOPY) -O binary -j .text $(@:.inc=.stub.o) $(@:.inc=.bin) && \
		od -An -v -tx1 $(@:.inc=.bin) | sed 's/ \(..\)/0x\1, /g' > $@

# The dashboard's files, as bytes to include.
$(WEB): $(BUILD)/%.inc: %
	@mkdir -p $(@D)
	$(call say,WEB,$@)
	$(Q)od -An -v -tx1 $< | sed 's/ \(..\)/0x\1, /g' > $@

$(BUILD)/%.o: %.c | $(SKELS) $(STUBS) $(WEB)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(BASE) $(CPPPKGS) $(WARN) $(CFLAGS) $(SANFLAGS) -MMD -MP -c $< -o $@

$(LIB): $(USEROBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/faultline: $(BUILD)/user/main.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) $(PIE) $^ -o $@ $(LIBS)

# The lab's programs (services, load generator, reference pipeline) know nothing of faultline.
-include tools/lab/lab.mk
lab: $(LABBINS)

-include tools/gen/gen.mk

# --- tests -----------------------------------------------------------------------------------
-include tests/tests.mk

demo:
	$(Q)tools/setup.sh demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tools/demo.sh $(BUILD)

demo-docker:
	$(Q)tools/setup.sh demo-docker
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tools/demo-docker.sh $(BUILD)

check:
	$(Q)tools/setup.sh test
	$(Q)$(MAKE) --no-print-directory all tests
	$(Q)tests/run.sh $(BUILD)

# No stack, no container, no rest of the machine touched. BPF programs need root.
FASTTESTS := unit/ build/40 cli/10 cli/18 cli/19 cli/34 cli/37 cli/38 $(if $(filter 0,$(shell id -u)),bpf/)
check-fast: all tests
	$(Q)FLTEST_SHARED=1 tests/run.sh $(BUILD) $(FASTTESTS)

COVERAGE_TESTS ?= unit/ bpf/ cli/
coverage:
	$(Q)tools/setup.sh dev
	$(Q)tools/coverage.sh $(COVERAGE_TESTS)

compile_commands:
	$(Q)rm -rf build-commands
	bear -- $(MAKE) --no-print-directory BUILD=build-commands all tests

check-vm:
	$(Q)tools/setup.sh vm
	$(Q)$(MAKE) --no-print-directory all tests
	$(Q)tools/vm/matrix.sh $(BUILD)

# (The hosts build the tree for themselves.) check-host-short: one host, three kinds, minutes.
check-host check-host-short:
	$(Q)tools/setup.sh host || [ -n "$(HOST_OPTIONAL)" ]
	$(Q)tools/vm/host/check.sh $(patsubst check-host-%,%,$(filter-out check-host,$@))

format:
	$(Q)tools/format.sh

lint: all
	$(Q)TIDY=1 tools/lint.sh $(BUILD)

bench: all tests
	$(Q)FLTEST_SHARED=$(FLTEST_SHARED) BUILD=$(BUILD) tests/sandbox.sh bash tools/bench/net.sh
	$(Q)FLTEST_SHARED=$(FLTEST_SHARED) BUILD=$(BUILD) tests/sandbox.sh bash tools/bench/measure.sh

# What is installed, "MODE|FROM|TO" below PREFIX: one list for install and uninstall. zsh looks for completions of
# packages elsewhere than for others.
ZSHDIR  := share/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
PRODUCT  = 0755|$(BUILD)/faultline|sbin/faultline \
	   $(foreach u,$(notdir $(wildcard tools/systemd/*)),0644|tools/systemd/$(u)|lib/systemd/system/$(u)) \
	   $(foreach b,$(LABBINS),0755|$(b)|libexec/faultline/$(notdir $(b))) \
	   $(foreach f,$(wildcard experiments/*.yaml),0644|$(f)|share/faultline/$(f)) \
	   $(foreach f,$(wildcard docs/schema/*.json),0644|$(f)|share/faultline/schema/$(notdir $(f))) \
	   0644|$(BUILD)/gen/schema.json|share/faultline/schema.json \
	   0644|$(BUILD)/gen/faultline.bash|share/bash-completion/completions/faultline \
	   0644|$(BUILD)/gen/_faultline|$(ZSHDIR)/_faultline \
	   0644|$(BUILD)/gen/faultline.fish|share/fish/vendor_completions.d/faultline.fish
MANUAL   = $(foreach f,$(MANPAGES),0644|$(f)|share/man/man8/$(notdir $(f)))
field    = $(word $(2),$(subst |, ,$(1)))
put      = install -D -m $(call field,$(1),1) $(call field,$(1),2) $(DESTDIR)$(PREFIX)/$(call field,$(1),3)

install: all gen
	$(foreach f,$(PRODUCT),$(call put,$(f)) &&) :
	$(foreach u,$(wildcard tools/systemd/*),sed -i 's#@PREFIX@#$(PREFIX)#' $(DESTDIR)$(PREFIX)/lib/systemd/system/$(notdir $(u)) &&) :

install-man: man
	$(foreach f,$(MANUAL),$(call put,$(f)) &&) :

# What runs left behind (results, the ledger, /etc/faultline) is not what install put there.
uninstall:
	rm -f $(foreach f,$(PRODUCT) $(MANUAL),$(DESTDIR)$(PREFIX)/$(call field,$(f),3))
	for d in share/faultline/experiments share/faultline/schema share/faultline libexec/faultline libexec \
		lib/systemd/system lib/systemd share/bash-completion/completions share/bash-completion $(ZSHDIR) share/zsh \
		share/fish/vendor_completions.d share/fish share/man/man8; do \
		rmdir $(DESTDIR)$(PREFIX)/$$d 2>/dev/null || :; done

deb:
	$(Q)tools/packaging/deb.sh $(BUILD)/deb

dist:
	$(Q)tools/packaging/dist.sh $(BUILD)/dist

clean:
	rm -rf build build-san build-fuzz build-cov build-commands

.PHONY: all help lab tests demo demo-docker check check-fast check-vm check-host check-host-short compile_commands coverage bench format lint install install-man uninstall deb dist clean
.SECONDARY:
.DELETE_ON_ERROR:

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
