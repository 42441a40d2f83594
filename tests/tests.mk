# SPDX-License-Identifier: GPL-2.0-only
# How the tests are built. Everything in user space is tested under AddressSanitizer and UBSan.

T := $(OUTPUT)/tests
SAN_CFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1 -g
san = $(patsubst $(OUTPUT)/obj/%,$(OUTPUT)/san/%,$(1))

$(OUTPUT)/san/%.o: %.c | $(OUTPUT)/gen/otlp.pb-c.h
	$(call msg,CC-SAN,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) -Itests $(CFLAGS_ALL) $(SAN_CFLAGS) -MMD -MP -c -o $@ $<

$(OUTPUT)/san/gen/%.o: $(OUTPUT)/gen/%.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(SAN_CFLAGS) -Wno-shadow -MMD -MP -c -o $@ $<

# tests/unit/test_<module>.c: one cmocka program each; all but kern and the wiring is linked, libbpf never is.
UNIT_TESTS := $(patsubst tests/unit/%.c,$(T)/unit/%,$(wildcard tests/unit/test_*.c))
UNIT_LIB := $(patsubst %.c,$(OUTPUT)/san/%.o,$(wildcard tests/unit/lib/*.c))

$(T)/unit/%: $(OUTPUT)/san/tests/unit/%.o $(UNIT_LIB) $(call san,$(CLI_OBJS) $(CORE_OBJS) $(EXPORT_OBJS))
	$(call msg,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) $(SAN_CFLAGS) -o $@ $^ -lcmocka $(LIBS_EXPORT)

$(T)/unit/test_failmalloc: LDFLAGS_ALL += $(foreach f,malloc calloc realloc reallocarray strdup,-Wl,--wrap=$(f))

unit: $(UNIT_TESTS) ## build and run the unit tests
	$(Q)for t in $^; do echo "# $$t"; $$t || exit 1; done

.PHONY: unit

# --- what the tracer gives up, tried for real: without sanitizers, which need more rights than it; as root ---
$(T)/guard/test_guard: $(OUTPUT)/obj/tests/guard/test_guard.o $(GUARD_OBJS) $(call user_objs,base)
	$(call msg,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -lcmocka $(LIBS_TRACE)

guard-test: $(T)/guard/test_guard ## what the tracer may still do once it traces
	$(Q)$<

.PHONY: guard-test

# --- decoders: tests/golden/PROTOCOL/*.txt, each whole, in pieces, cut, with gaps, mutated ---
GOLDEN_FILES := $(sort $(wildcard tests/golden/*/*.txt))

$(OUTPUT)/san/libtraced.a: $(call san,$(CLI_OBJS) $(CORE_OBJS) $(EXPORT_OBJS))
	$(Q)rm -f $@ && $(AR) qcs $@ $^

$(T)/golden: $(addprefix $(OUTPUT)/san/tests/,golden.o drive.o) $(OUTPUT)/san/libtraced.a
	$(call msg,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) $(SAN_CFLAGS) -o $@ $^

golden: $(T)/golden ## run the decoders' golden tests
	$(Q)$< $(GOLDEN_FILES)

golden-update: $(T)/golden ## write what the decoders say now into the golden files, for review
	$(Q)$< --update $(GOLDEN_FILES)

.PHONY: golden golden-update

# --- fuzzing: tests/fuzz/fuzz_<x>.c, corpus in tests/fuzz/corpus/fuzz_<x>, grown in $(OUTPUT)/fuzz/corpus ---
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 60
FUZZ_CFLAGS := -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined -O1 -g
fuzz_objs = $(patsubst $(OUTPUT)/obj/%,$(OUTPUT)/fuzz/%,$(1))

$(OUTPUT)/fuzz/%.o: %.c | $(OUTPUT)/gen/otlp.pb-c.h
	$(call msg,CC-FUZZ,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS_ALL) -Itests $(CFLAGS_ALL) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

$(OUTPUT)/fuzz/gen/%.o: $(OUTPUT)/gen/%.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(FUZZ_CFLAGS) -Wno-shadow -MMD -MP -c -o $@ $<

$(OUTPUT)/fuzz/libtraced.a: $(call fuzz_objs,$(CLI_OBJS) $(CORE_OBJS) $(EXPORT_OBJS))
	$(Q)rm -f $@ && $(AR) qcs $@ $^

# --as-needed: a target that reaches no exporter is linked without libcurl, as it must be.
$(OUTPUT)/fuzz/fuzz_%: $(addprefix $(OUTPUT)/fuzz/tests/,fuzz/fuzz_%.o drive.o) $(OUTPUT)/fuzz/libtraced.a
	$(call msg,LINK,$@)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $^ -Wl,--as-needed $(LIBS_EXPORT)

$(T)/fuzz/fuzz_%: $(addprefix $(OUTPUT)/san/tests/,fuzz/fuzz_%.o fuzz/regress.o drive.o) $(OUTPUT)/san/libtraced.a
	$(call msg,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) $(SAN_CFLAGS) -o $@ $^ -Wl,--as-needed $(LIBS_EXPORT)

fuzz: $(addprefix $(OUTPUT)/fuzz/,$(FUZZERS)) ## fuzz each target for FUZZ_SECONDS (60); FUZZERS=fuzz_x picks
	$(Q)for f in $(FUZZERS); do \
		mkdir -p $(OUTPUT)/fuzz/corpus/$$f tests/fuzz/corpus/$$f; \
		$(OUTPUT)/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -artifact_prefix=$(OUTPUT)/fuzz/ \
			-print_final_stats=1 $(OUTPUT)/fuzz/corpus/$$f tests/fuzz/corpus/$$f \
			>$(OUTPUT)/fuzz/$$f.log 2>&1 || { tail -60 $(OUTPUT)/fuzz/$$f.log; echo "not ok $$f"; exit 1; }; \
		echo "ok $$f, $$(sed -n 's/^stat::number_of_executed_units: *//p' $(OUTPUT)/fuzz/$$f.log) inputs tried"; \
	done

fuzz-regress: $(addprefix $(T)/fuzz/,$(FUZZERS)) ## run the committed fuzz inputs as plain tests
	$(Q)for f in $(FUZZERS); do \
		if $(T)/fuzz/$$f tests/fuzz/corpus/$$f/* 2>$(T)/fuzz/$$f.log; then \
			echo "ok $$f, $$(ls tests/fuzz/corpus/$$f | wc -l) inputs"; \
		else \
			tail -40 $(T)/fuzz/$$f.log; echo "not ok $$f"; bad=1; \
		fi; \
	done; [ -z "$$bad" ]

.PHONY: fuzz fuzz-regress

# --- everything together ---
JAEGER := $(OUTPUT)/tools/jaeger/jaeger
HOTROD := $(OUTPUT)/tools/jaeger/hotrod

jaeger: $(JAEGER) $(HOTROD) ## build Jaeger, the real backend of the tests, and its demo application, once
$(JAEGER) $(HOTROD):
	$(call msg,JAEGER,$@ (some minutes, once))
	$(Q)tests/tools/jaeger/build.sh $(OUTPUT)/tools $(@F)
$(HOTROD): | $(JAEGER)

ZIPKIN := $(OUTPUT)/tools/zipkin/zipkin.jar

zipkin: $(ZIPKIN) ## fetch the Zipkin server for the tests, once; needs Maven
$(ZIPKIN):
	$(call msg,ZIPKIN,$@)
	$(Q)tests/tools/zipkin/build.sh $(OUTPUT)/tools
.PHONY: zipkin java21 rust

OTELPY := $(OUTPUT)/tools/otelpy/ready

otelpy: $(OTELPY) ## install OpenTelemetry's Python SDK for the tests of living together, once
OTELNODE := $(OUTPUT)/tools/otelnode/ready

otelnode: $(OTELNODE) ## the same for Node; needs npm
$(OTELNODE): tests/tools/otelnode/package.json
	$(call msg,NPM,$@)
	$(Q)tests/tools/node_modules.sh $(OUTPUT)/tools otelnode

VALIDATE := $(OUTPUT)/tools/validate/ready

validate: $(VALIDATE) ## install what checks manifests and container recipes, once
PYWEB := $(OUTPUT)/tools/pyweb/ready

pyweb: $(PYWEB) ## install the event loops and frameworks of Python that Debian has not, or not as new, once
$(OTELPY) $(VALIDATE) $(PYWEB): $(OUTPUT)/tools/%/ready: tests/tools/%/requirements.txt
	$(call msg,VENV,$@)
	$(Q)PYTHON=$(PYTHON) tests/tools/venv.sh $(OUTPUT)/tools $*

COLLECTOR := $(OUTPUT)/tools/collector/otelcol

collector: $(COLLECTOR) ## build the OpenTelemetry Collector, once
$(COLLECTOR):
	$(call msg,COLLECTOR,$@ (some minutes, once))
	$(Q)tests/tools/collector/build.sh $(OUTPUT)/tools

JAVA21 := $(OUTPUT)/tools/java21/java

java21: $(JAVA21) ## fetch a Java with virtual threads for the tests, once
$(JAVA21):
	$(call msg,JAVA21,$@)
	$(Q)tests/tools/java/java21.sh $(OUTPUT)/tools

RUST := $(OUTPUT)/tools/rust/release/service

rust: $(RUST) ## build the crates of the Rust service of the tests, once; needs cargo
$(RUST):
	$(call msg,CARGO,$@ (some minutes, once))
	$(Q)tests/tools/rust/build.sh $(OUTPUT)/tools

# One job per core, unless make was told otherwise.
PARALLEL = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

# Without a tool (Jaeger, say: no Go to be had) its tests are skipped by name. SUBSET=quick: what a bare machine proves in minutes.
test: ## run every test; SUBSET=quick: without Jaeger's build, lint, fuzz inputs and load
	$(Q)$(MAKE) $(PARALLEL) all $(UNIT_TESTS) $(T)/guard/test_guard $(T)/faults/failmalloc.so bpf-tests
	$(Q)$(if $(SUBSET),,for t in $(JAEGER) $(HOTROD) $(COLLECTOR) $(OTELPY) $(OTELNODE) $(VALIDATE) $(ZIPKIN) \
		$(JAVA21) $(RUST) $(PYWEB); do \
		$(MAKE) $$t || echo "no $$t: its tests are skipped"; done)
	$(Q)OUTPUT=$(OUTPUT) PYTHON=$(PYTHON) tests/run $(SUBSET)

# The whole program under the sanitizers, for recordings.
$(T)/ebpf-tracer: $(call san,$(APP_OBJS) $(KERN_OBJS) $(GUARD_OBJS) $(EXPORT_OBJS) $(CORE_OBJS))
	$(call msg,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) $(SAN_CFLAGS) -o $@ $^ $(LIBS_EXPORT) $(LIBS_KERN) $(LIBS_TRACE)
$(call san,$(KERN_OBJS)): | $(OUTPUT)/gen/tracer.skel.h
$(call san,$(OUTPUT)/obj/user/main.o): | $(OUTPUT)/gen/version.h

replay-sanitized: $(T)/ebpf-tracer ## the same under AddressSanitizer and UBSan: no error, no leak
	$(Q)OUTPUT=$(T) tests/replay/run
# Neither of the two sees that what was never set is used.
VALGRIND := valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,indirect,possible
replay-valgrind: all ## the same under valgrind
	$(Q)OUTPUT=$(OUTPUT) UNDER='$(VALGRIND)' tests/replay/run
.PHONY: replay-sanitized replay-valgrind

replay-test: all ## replay the committed recordings; replay-update writes the expected spans anew, for review
	$(Q)OUTPUT=$(OUTPUT) tests/replay/run
replay-update: all
	$(Q)OUTPUT=$(OUTPUT) tests/replay/run --update

# --- faults: what may happen to the target, the tracer and the world around it ---
$(T)/faults/failmalloc.so: tests/faults/failmalloc.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -shared -fPIC -o $@ $<

faults: all $(T)/faults/failmalloc.so ## every fault; FAULT=name runs those that match, STRIDE=1 fails each allocation
	$(Q)OUTPUT=$(OUTPUT) PYTHONPATH=tests $(PYTHON) -m pytest -q $(if $(FAULT),-k '$(FAULT)') tests/faults

.PHONY: faults

harmless: all ## other people's test suites, with and without the tracer: the same results
	$(Q)OUTPUT=$(OUTPUT) PYTHONPATH=tests $(PYTHON) tests/harmless/run

soak: all ## MINUTES (5) of 5,000 requests a second: nothing grows
	$(Q)OUTPUT=$(OUTPUT) MINUTES=$(or $(MINUTES),5) $(PYTHON) tests/soak/run

peak: all ## SECONDS (60) at the highest rate that wrk reaches, the backend away, the smallest ring: all is accounted for
	$(Q)OUTPUT=$(OUTPUT) SECONDS=$(or $(SECONDS),60) $(PYTHON) tests/soak/peak

.PHONY: harmless soak peak

e2e: all ## only the end-to-end tests; E2E=name runs those that match
	$(Q)OUTPUT=$(OUTPUT) PYTHONPATH=tests $(PYTHON) -m pytest -q $(if $(E2E),-k '$(E2E)') tests/e2e

links: all ## measure every link against the truth; REQUESTS=2000, AT=1,8,64 and CASE='go-*' pick
	$(Q)OUTPUT=$(OUTPUT) REQUESTS=$(REQUESTS) AT=$(AT) CASE='$(CASE)' tests/links/run

links-update: all ## the same, and write the table into docs/links.md
	$(Q)OUTPUT=$(OUTPUT) REQUESTS=$(REQUESTS) AT=$(AT) CASE='$(CASE)' tests/links/run update

lint: bpf-all ## layers, budgets, banned calls, spelling, shell scripts, format, stack of the kernel side
	$(Q)OUTPUT=$(OUTPUT) tests/lint/run

C_FILES = $(shell git ls-files '*.c')
format: ## format the C sources (headers keep their comments in columns)
	$(Q)clang-format -i $(C_FILES)

.PHONY: jaeger collector otelpy otelnode validate test replay-test replay-update e2e links links-update lint format

# --- kernel side: tests/bpf/prog_<x>.c make real calls under a real capture. Part of the kernel side's tests; root only ---
BPF_TESTS := $(patsubst tests/bpf/%.c,$(T)/bpf/%,$(wildcard tests/bpf/prog_*.c))
BPF_TEST_LIB := $(patsubst %.c,$(OUTPUT)/obj/%.o,$(wildcard tests/bpf/lib/*.c))
CAPTURE ?= auto

$(OUTPUT)/obj/tests/bpf/%.o: CPPFLAGS_ALL += -Itests/bpf

$(T)/bpf/%: $(OUTPUT)/obj/tests/bpf/%.o $(BPF_TEST_LIB) $(KERN_OBJS) $(call user_objs,base) $(patsubst %,$(OUTPUT)/obj/user/host/%.o,listeners procfs rings select)
	$(call msg,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -lcmocka $(LIBS_KERN) $(LIBS_TRACE)

bpf-tests: $(BPF_TESTS)
bpf-test: bpf-tests ## trigger tests of the kernel side, as root; CAPTURE=socket|syscall|fentry picks the provider
	$(Q)for t in $(BPF_TESTS); do echo "# $$t"; CMOCKA_MESSAGE_OUTPUT=TAP $(if $(SUDO),$(SUDO) -E )env CAPTURE=$(CAPTURE) $$t || bad=1; done; \
		[ -z "$$bad" ]

.PHONY: bpf-tests bpf-test

# --- other kernels: the same tests and a short way through everything on Debian's kernels, in QEMU without KVM ---
test-vm: all bpf-tests $(T)/guard/test_guard ## the tests of the kernel side on other kernels; VM=debian-6.1 picks from tests/vm/kernels.txt
	$(Q)OUTPUT=$(OUTPUT) tests/vm/all.py $(VM)
# The same for arm64, against a Debian of that processor; tests/vm/run.sh builds it anew for its guest.
CROSS_ROOT := $(abspath $(OUTPUT))/vm/root-aarch64
CROSS_LIBS := $(CROSS_ROOT)/usr/lib/aarch64-linux-gnu/pkgconfig:$(CROSS_ROOT)/usr/share/pkgconfig
$(CROSS_ROOT):
	$(Q)tests/vm/root.sh aarch64 $@
cross: | $(CROSS_ROOT) ## build the program and the kernel side's tests for arm64, into build/aarch64
	$(Q)$(MAKE) ARCH=arm64 OUTPUT=$(OUTPUT)/aarch64 CC='aarch64-linux-gnu-gcc --sysroot=$(CROSS_ROOT)' \
		PKG_CONFIG='env PKG_CONFIG_LIBDIR=$(CROSS_LIBS) PKG_CONFIG_SYSROOT_DIR=$(CROSS_ROOT) pkg-config' all bpf-tests $(OUTPUT)/aarch64/tests/guard/test_guard
kernels-update: ## write what test-vm found into the README and into the record of the verifier's cost
	$(Q)OUTPUT=$(OUTPUT) tests/vm/table.py --record

.PHONY: test-vm cross kernels-update

# --- the benchmark: tests/bench/run measures, docs/bench.md keeps the last table ---
$(T)/bench/hooks.bpf.o: tests/bench/hooks.bpf.c
	$(call msg,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -D__TARGET_ARCH_$(ARCH) -Ivmlinux/$(ARCH) $(BPF_SYS_INCLUDES) -c -o $@ $<
	$(Q)$(LLVM_STRIP) -g $@

$(T)/bench/%: $(OUTPUT)/obj/tests/bench/%.o
	$(call msg,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_KERN)

$(T)/bench/path: $(CORE_OBJS) $(EXPORT_OBJS) $(OUTPUT)/obj/user/kern/ring.o
$(T)/bench/path: LIBS_KERN := $(LIBS_EXPORT)
instructions: $(T)/bench/path ## count what user space spends on an exchange, against the committed budget
	$(Q)OUTPUT=$(OUTPUT) tests/bench/instructions

BENCH := PYTHONPATH=tests OUTPUT=$(OUTPUT) tests/bench/run
bench-tools: all $(addprefix $(T)/bench/,crowd hooks pace path hooks.bpf.o)
bench: bench-tools ## what tracing costs, as root, alone on the machine; WORKLOAD='nginx redis' picks, ROUNDS=5
	$(Q)$(BENCH) $(if $(ROUNDS),--rounds $(ROUNDS)) $(WORKLOAD)
bench-full: bench-tools ## the same beside OpenTelemetry's own agents, which it fetches; then docs/bench.md
	$(Q)$(BENCH) --contenders --write $(if $(ROUNDS),--rounds $(ROUNDS)) $(WORKLOAD)

bench-logs: bench-tools ## what --logs adds to a request that writes a line, turn by turn; ROUNDS=8
	$(Q)PYTHONPATH=tests OUTPUT=$(OUTPUT) tests/bench/logs $(ROUNDS)

.PHONY: instructions bench-tools bench bench-full bench-logs
