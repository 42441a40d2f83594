# SPDX-License-Identifier: GPL-2.0-only
# The only build file. Sources are found by wildcard; everything made goes to $(OUTPUT). `make help` lists the targets.

OUTPUT ?= build
PREFIX ?= /usr/local
CC ?= cc
CLANG ?= clang
LLVM_STRIP ?= llvm-strip
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/local/sbin/bpftool) bpftool)
PROTOC_C ?= protoc-c
PKG_CONFIG ?= pkg-config
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
SUDO ?= $(if $(filter 0,$(shell id -u)),,sudo)

ifeq ($(V),1)
Q :=
msg :=
else
Q := @
msg = @printf '  %-8s %s\n' "$(1)" "$(2)";
MAKEFLAGS += --no-print-directory
endif

.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

ARCH ?= $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')
COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
VERSION := 0.1.0

# --- flags ---
WARN := -Wall -Wextra -Wshadow -Wvla -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wformat-security -Wno-unused-parameter $(if $(DEV),-Werror)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
PKGS := libbpf libcurl libprotobuf-c zlib uuid
CPPFLAGS_ALL := -D_GNU_SOURCE -Iinclude -Iuser -I$(OUTPUT)/gen $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null) $(CPPFLAGS)
CFLAGS ?= -O2 -g
# Of what is handed out; the sanitizers see more, and get in each other's way with these.
HARDEN := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-clash-protection $(if $(filter x86,$(ARCH)),-fcf-protection)
CFLAGS_ALL := -std=gnu11 $(WARN) -fno-common -fPIE -fstack-protector-strong -ffile-prefix-map=$(CURDIR)=. $(SANFLAGS) $(CFLAGS)
LDFLAGS_ALL := -pie -Wl,-z,relro,-z,now $(SANFLAGS) $(LDFLAGS)
LIBS_TRACE := -lpthread
LIBS_EXPORT := $(shell $(PKG_CONFIG) --libs libcurl libprotobuf-c zlib uuid 2>/dev/null) -lpthread
LIBS_KERN := $(shell $(PKG_CONFIG) --libs libbpf 2>/dev/null)

# clang -target bpf does not look into the host's own include directory, where <asm/types.h> is on Debian.
BPF_SYS_INCLUDES := $(shell $(CLANG) -v -E - </dev/null 2>&1 | \
	sed -n '/<...> search starts here:/,/End of search list./{ s| \(/.*\)|-idirafter \1|p }')
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Wno-unknown-attributes \
	-Werror -ffile-prefix-map=$(CURDIR)=. -Iinclude -Ibpf

# --- what is built from what ---
user_objs = $(patsubst %.c,$(OUTPUT)/obj/%.o,$(wildcard user/$(1)/*.c))
CORE_OBJS := $(foreach d,base host proto trace strand,$(call user_objs,$(d)))
EXPORT_OBJS := $(call user_objs,export) $(OUTPUT)/obj/gen/otlp.pb-c.o
KERN_OBJS := $(call user_objs,kern)
GUARD_OBJS := $(call user_objs,guard)
# The command line and the recordings without the program behind them, for tests.
CLI_OBJS := $(foreach m,completion config environment manual options recording settings shed values,$(OUTPUT)/obj/user/$(m).o)
APP_OBJS := $(patsubst %.c,$(OUTPUT)/obj/%.o,$(wildcard user/*.c))
BPF_SRCS := $(wildcard bpf/*.bpf.c)

all: $(OUTPUT)/ebpf-tracer ## build the program (build/ebpf-tracer)

$(OUTPUT)/ebpf-tracer: $(APP_OBJS) $(KERN_OBJS) $(GUARD_OBJS) $(EXPORT_OBJS) $(CORE_OBJS)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_EXPORT) $(LIBS_KERN) $(LIBS_TRACE)

$(OUTPUT)/obj/%.o: %.c | $(OUTPUT)/gen/otlp.pb-c.h
	$(call msg,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(if $(SAN),,$(HARDEN)) -MMD -MP -c -o $@ $<

$(OUTPUT)/obj/gen/%.o: $(OUTPUT)/gen/%.c
	$(call msg,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -Wno-shadow -MMD -MP -c -o $@ $<

# --- generated sources ---
$(OUTPUT)/gen/otlp.pb-c.h $(OUTPUT)/gen/otlp.pb-c.c &: user/export/otlp.proto
	$(call msg,PROTOC,$<)
	$(Q)mkdir -p $(OUTPUT)/gen
	$(Q)$(PROTOC_C) -Iuser/export --c_out=$(OUTPUT)/gen user/export/otlp.proto

# Rewritten only when it differs, so that a commit rebuilds one object and not all.
$(OUTPUT)/gen/version.h: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)printf '#define VERSION "%s"\n#define COMMIT "%s"\n' '$(VERSION)' '$(COMMIT)' >$@.new
	$(Q)if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(OUTPUT)/obj/user/main.o: | $(OUTPUT)/gen/version.h

# --- kernel side: every bpf/*.bpf.c, linked into one object, one skeleton ---
define bpf_arch
$(OUTPUT)/bpf/$(1)/%.bpf.o: bpf/%.bpf.c
	$$(call msg,BPF,$$< ($(1)))
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CLANG) $$(BPF_CFLAGS) -D__TARGET_ARCH_$(1) -Ivmlinux/$(1) $$(BPF_SYS_INCLUDES) -MMD -MP -c -o $$@ $$<
	$$(Q)$$(LLVM_STRIP) -g $$@

$(OUTPUT)/bpf/$(1)/tracer.o: $$(patsubst bpf/%.bpf.c,$(OUTPUT)/bpf/$(1)/%.bpf.o,$$(BPF_SRCS))
	$$(call msg,GEN-LINK,$$@)
	$$(Q)$$(BPFTOOL) gen object $$@ $$^
endef
$(eval $(call bpf_arch,x86))
$(eval $(call bpf_arch,arm64))

$(OUTPUT)/gen/tracer.skel.h: $(OUTPUT)/bpf/$(ARCH)/tracer.o
	$(call msg,SKEL,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name tracer_bpf > $@

$(KERN_OBJS): | $(OUTPUT)/gen/tracer.skel.h

bpf-all: $(OUTPUT)/bpf/x86/tracer.o $(OUTPUT)/bpf/arm64/tracer.o ## compile the kernel side for both architectures

install: all ## install the program, its man page and shell completion (PREFIX, DESTDIR)
	install -D -m 755 $(OUTPUT)/ebpf-tracer $(DESTDIR)$(PREFIX)/bin/ebpf-tracer
	$(Q)mkdir -p $(OUTPUT)/share
	$(OUTPUT)/ebpf-tracer man > $(OUTPUT)/share/ebpf-tracer.8
	install -D -m 644 $(OUTPUT)/share/ebpf-tracer.8 $(DESTDIR)$(PREFIX)/share/man/man8/ebpf-tracer.8
	$(OUTPUT)/ebpf-tracer completion bash > $(OUTPUT)/share/ebpf-tracer.bash
	install -D -m 644 $(OUTPUT)/share/ebpf-tracer.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ebpf-tracer

# --- what Debian 12 has to have installed ---
DEPS_BUILD := gcc libc6-dev clang llvm bpftool pkg-config protobuf-c-compiler protobuf-compiler libprotobuf-c-dev \
	libbpf-dev libelf-dev zlib1g-dev libcurl4-openssl-dev uuid-dev
DEPS_DEMO := python3 python3-flask python3-requests python3-venv ca-certificates
DEPS_TEST := git libcmocka-dev libclang-rt-14-dev python3-pytest gunicorn nginx-light php-fpm iproute2 shellcheck codespell \
	clang-format procps sudo libcap2-bin strace valgrind wrk
DEPS_BENCH := wrk redis-server redis-tools nodejs npm default-jdk-headless nginx-light gunicorn python3-flask \
	python3-requests python3-venv
DEPS_LINKS := nginx-light haproxy caddy python3-aiohttp python3-uvloop python3-fastapi python3-uvicorn python3-httpx \
	python3-gevent python3-trio python3-hypercorn python3-flask python3-requests gunicorn puma php-cli php-fpm g++ maven \
	default-jdk-headless mono-mcs libmono-system-net-http4.0-cil $(if $(shell command -v cargo),,cargo-web) $(if $(shell command -v npm),,nodejs npm)
DEPS_VM := qemu-system-x86 qemu-system-arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross busybox-static kmod xz-utils \
	python3-pytest
apt_install = missing=$$(for p in $(1); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || \
	echo $$p; done); [ -z "$$missing" ] || { $(SUDO) apt-get update -q && $(SUDO) env DEBIAN_FRONTEND=noninteractive \
	apt-get install -q -y --no-install-recommends $$missing; }

deps: ## install what building and testing need (Debian 12)
	$(Q)$(call apt_install,$(DEPS_BUILD) $(DEPS_DEMO) $(DEPS_TEST))

deps-links: ## install the services that make links measures
	$(Q)$(call apt_install,$(DEPS_LINKS))
	$(Q)$(MAKE) java21 rust pyweb
	$(Q)tests/tools/netty/jars.sh $(OUTPUT)/tools

deps-vm: ## install what booting other kernels needs (make test-vm)
	$(Q)$(call apt_install,$(DEPS_VM))

deps-bench: deps ## install what the benchmark measures, and with
	$(Q)$(call apt_install,$(DEPS_BENCH))

deps-build: ## install what building alone needs
	$(Q)$(call apt_install,$(DEPS_BUILD))

deps-demo:
	$(Q)$(call apt_install,$(DEPS_BUILD) $(DEPS_DEMO))

demo: ## install what is needed, build, trace two small services into Jaeger, show the traces
	$(Q)$(MAKE) deps-demo
	$(Q)$(MAKE) all
	$(Q)OUTPUT=$(OUTPUT) $(PYTHON) examples/demo.py

-include tests/tests.mk
include packaging/package.mk

clean: ## remove what was built (tools in build/tools stay)
	$(Q)find $(OUTPUT) -mindepth 1 -maxdepth 1 ! -name tools -exec rm -rf {} +

help: ## this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

FORCE:
.PHONY: all bpf-all install deps deps-vm deps-bench deps-demo demo clean help FORCE

-include $(shell find $(addprefix $(OUTPUT)/,obj bpf san fuzz) -name '*.d' 2>/dev/null)
