# What is made out of the fault table: the manual page, the schema for editors; and completion.
GEN     := $(BUILD)/tools/gen/gen
GENOBJ  := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tools/gen/*.c))
LOWDOWN ?= lowdown

$(GEN): $(GENOBJ) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) $(PIE) $^ -o $@ $(LIBS)

# The scripts of the shells ask faultline itself (user/cmd/complete.c).
$(BUILD)/gen/%: tools/completion/%
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)cp $< $@

$(BUILD)/gen/schema.json: $(GEN) tools/gen/schema.base.json
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)$(GEN) schema tools/gen/schema.base.json >$@

# From docs/commands.md and the table, by lowdown(1); the first line tells man(1) that there are tables in it.
with_tables := printf '%s\n' "'\\\" t"
$(BUILD)/gen/faultline.8: tools/gen/man.head.md docs/commands.md $(GEN)
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q){ $(with_tables); { cat tools/gen/man.head.md docs/commands.md; $(GEN) kinds; } | \
		$(LOWDOWN) -s -Tman -M title=faultline -M section=8 -M source='faultline $(VERSION)'; } >$@

# A page a command, out of its --help and docs/.
COMMANDS := $(shell sed -n 's/^\t{ "\([a-z]*\)", "[^"]*", \(true\|false\), .*/\1/p' user/main.c)
MANPAGES := $(BUILD)/gen/faultline.8 $(COMMANDS:%=$(BUILD)/gen/faultline-%.8)
$(BUILD)/gen/faultline-%.8: $(BUILD)/faultline tools/gen/man.sh README.md $(wildcard docs/*.md docs/faults/*.md)
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q){ $(with_tables); tools/gen/man.sh $(abspath $<) $* | $(LOWDOWN) -s -Tman -M title=faultline-$* -M section=8 \
		-M source='faultline $(VERSION)'; } >$@

COMPLETIONS := $(addprefix $(BUILD)/gen/,$(notdir $(wildcard tools/completion/*)))
gen: $(COMPLETIONS) $(BUILD)/gen/schema.json
man: $(MANPAGES)

# The docs as pages to read, with their pictures (graphviz and lowdown: tools/setup.sh dev).
PICTURES := $(patsubst docs/%.dot,$(BUILD)/docs/%.svg,$(wildcard docs/pictures/*.dot))
PAGES    := $(patsubst docs/%.md,$(BUILD)/docs/%.html,$(wildcard docs/*.md docs/faults/*.md))

$(BUILD)/docs/%.svg: docs/%.dot tools/gen/picture.sh
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)tools/gen/picture.sh $< >$@

$(BUILD)/docs/%.html: docs/%.md
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)sed -E 's/\]\(([a-z_/.-]+)\.md(#[a-z-]+)?\)/](\1.html\2)/g' $< | $(LOWDOWN) -s -Thtml -o $@

docs: $(PICTURES) $(PAGES)

.PHONY: docs gen man
