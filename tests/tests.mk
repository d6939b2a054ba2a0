# Test programs. Unit tests link only what is pure, so a libbpf that creeps into score/, load,
# check or expr breaks the link. A unit test that needs everything says so in its first lines:
# "/* link: full */".

UNITSRC  := $(wildcard tests/unit/test_*.c)
BPFTSRC  := $(wildcard tests/bpf/test_*.c)
HELPSRC  := $(wildcard tests/tools/*.c)
UNITBINS := $(UNITSRC:%.c=$(BUILD)/%)
BPFTBINS := $(BPFTSRC:%.c=$(BUILD)/%)
HELPBINS := $(HELPSRC:%.c=$(BUILD)/%)
FUZZSRC  := $(wildcard tests/fuzz/fuzz_*.c)
REPLAYS  := $(FUZZSRC:%.c=$(BUILD)/%)
FUZZERS  := $(REPLAYS:%=%.libfuzzer)
TESTBINS := $(UNITBINS) $(BPFTBINS) $(HELPBINS) $(REPLAYS)

FUZZ_SECONDS ?= 20
# A parser that ended in an error is kept (user/util/json/yaml.c), so the number of runs is bounded.
FUZZ_FLAGS_load := -detect_leaks=0 -runs=60000
FUZZ_FLAGS_import := -detect_leaks=0 -runs=60000
FUZZ_FLAGS_exercise := -detect_leaks=0 -runs=60000

tests: $(TESTBINS)

testlibs = $(if $(shell grep -l 'link: full' $(1)),$(LIBS),$(PURELIBS))

$(UNITBINS): $(BUILD)/%: $(BUILD)/%.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(PIE) -Wl,--start-group $^ -Wl,--end-group -o $@ \
		-lcmocka $(call testlibs,$*.c)

$(BPFTBINS): $(BUILD)/%: $(BUILD)/%.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(PIE) $^ -o $@ -lcmocka $(LIBS)

# Small helpers that shell tests run: packet senders, servers, clients.
$(HELPBINS): $(BUILD)/%: $(BUILD)/%.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(PIE) $^ -o $@ $(LIBS) $(WRAP)

# It has the journal refuse an entry.
$(BUILD)/tests/tools/life: WRAP := -Wl,--wrap=journal_add

# The fuzz entries twice: with a main() that replays the corpus, for `make check`; with libFuzzer,
# for `make fuzz`, which starts from the corpus and leaves what it finds in build-fuzz/.
$(REPLAYS): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/tests/fuzz/replay.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(PIE) $^ -o $@ $(PURELIBS)

$(FUZZERS): %.libfuzzer: %.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) -fsanitize=fuzzer $(PIE) $^ -o $@ $(PURELIBS)

fuzz:
	$(Q)$(MAKE) --no-print-directory BUILD=build-fuzz CC=clang SAN=fuzzer-no-link,address,undefined \
		FUZZ_SECONDS=$(FUZZ_SECONDS) fuzz-run

fuzz-run: $(FUZZERS:%=%.run)

fuzz_name = $(patsubst fuzz_%.libfuzzer,%,$(<F))

$(FUZZERS:%=%.run): %.run: %
	@echo "== $(<F)"
	$(Q)mkdir -p $<.found tests/fuzz/corpus/$(fuzz_name)
	$(Q)$< -max_total_time=$(FUZZ_SECONDS) -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 \
		$(FUZZ_FLAGS_$(fuzz_name)) -artifact_prefix=$<.found/ $<.found \
		tests/fuzz/corpus/$(fuzz_name) >$<.log 2>&1 || { tail -n 40 $<.log; exit 1; }
	@grep -E 'DONE|number_of_executed_units' $<.log

unit-tests: $(UNITBINS) $(REPLAYS)

# The unit suites alone: `make SAN=address,undefined check-unit` runs them under the sanitizers.
check-unit: unit-tests
	$(Q)tests/run.sh $(BUILD) unit/

.PHONY: fuzz fuzz-run unit-tests check-unit $(FUZZERS:%=%.run)
