# Test programs. Unit tests link only what is pure, so a libbpf that creeps into score/, load,
# check or expr breaks the link. A unit test that needs everything says so in its first lines:
# "/* link: full */".

UNITSRC  := $(wildcard tests/unit/test_*.c)
BPFTSRC  := $(wildcard tests/bpf/test_*.c)
HELPSRC  := $(wildcard tests/tools/*.c)
UNITBINS := $(UNITSRC:%.c=$(BUILD)/%)
BPFTBINS := $(BPFTSRC:%.c=$(BUILD)/%)
HELPBINS := $(HELPSRC:%.c=$(BUILD)/%)
TESTBINS := $(UNITBINS) $(BPFTBINS) $(HELPBINS)

tests: $(TESTBINS)

testlibs = $(if $(shell grep -l 'link: full' $(1)),$(LIBS),$(PURELIBS))

$(UNITBINS): $(BUILD)/%: $(BUILD)/%.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) -pie $^ -o $@ -lcmocka $(call testlibs,$*.c)

$(BPFTBINS): $(BUILD)/%: $(BUILD)/%.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) -pie $^ -o $@ -lcmocka $(LIBS)

# Small helpers that shell tests run: packet senders, servers, clients.
$(HELPBINS): $(BUILD)/%: $(BUILD)/%.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) -pie $^ -o $@ $(LIBS)
