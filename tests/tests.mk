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

# tests/unit/test_<module>.c: one cmocka program each; core and export are linked, libbpf never is.
UNIT_TESTS := $(patsubst tests/unit/%.c,$(T)/unit/%,$(wildcard tests/unit/test_*.c))

$(T)/unit/%: $(OUTPUT)/san/tests/unit/%.o $(call san,$(CORE_OBJS) $(EXPORT_OBJS))
	$(call msg,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) $(SAN_CFLAGS) -o $@ $^ -lcmocka $(LIBS_EXPORT)

unit: $(UNIT_TESTS) ## build and run the unit tests
	$(Q)for t in $^; do echo "# $$t"; $$t || exit 1; done

.PHONY: unit

# --- everything together ---
JAEGER := $(OUTPUT)/tools/jaeger/jaeger

jaeger: $(JAEGER) ## build Jaeger, the real backend of the tests, once
$(JAEGER):
	$(call msg,JAEGER,$@ (some minutes, once))
	$(Q)tests/tools/jaeger/build.sh $(OUTPUT)/tools

# Without Jaeger (no Go to be had) its tests are skipped by name. SUBSET=quick: what a bare machine proves in minutes.
test: all $(UNIT_TESTS) ## run every test; SUBSET=quick: without Jaeger's build, lint, fuzz inputs and load
	$(Q)$(if $(SUBSET),,$(MAKE) $(JAEGER) || echo "no Jaeger: its tests are skipped")
	$(Q)OUTPUT=$(OUTPUT) PYTHON=$(PYTHON) tests/run $(SUBSET)

e2e: all ## only the end-to-end tests; E2E=name runs those that match
	$(Q)OUTPUT=$(OUTPUT) PYTHONPATH=tests $(PYTHON) -m pytest -q $(if $(E2E),-k '$(E2E)') tests/e2e

lint: ## layers, budgets, banned calls, spelling, shell scripts, format
	$(Q)tests/lint/run

C_FILES = $(shell git ls-files '*.[ch]' ':!vmlinux')
format: ## format the C sources
	$(Q)clang-format -i $(C_FILES)

.PHONY: jaeger test e2e lint format
