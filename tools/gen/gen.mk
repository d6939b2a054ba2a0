# What is made out of the fault table: the manual page, bash completion, the schema for editors.
GEN     := $(BUILD)/tools/gen/gen
GENOBJ  := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tools/gen/*.c))
LOWDOWN ?= lowdown

$(GEN): $(GENOBJ) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -pie $^ -o $@ $(LIBS)

$(BUILD)/gen/faultline.bash: $(GEN)
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)$(GEN) completion >$@

$(BUILD)/gen/schema.json: $(GEN) tools/gen/schema.base.json
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)$(GEN) schema tools/gen/schema.base.json >$@

# From docs/commands.md and the table, by lowdown(1).
$(BUILD)/gen/faultline.8: tools/gen/man.head.md docs/commands.md $(GEN)
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q){ cat tools/gen/man.head.md docs/commands.md; $(GEN) kinds; } | \
		$(LOWDOWN) -s -Tman -M title=faultline -M section=8 -M source='faultline $(VERSION)' -o $@

gen: $(BUILD)/gen/faultline.bash $(BUILD)/gen/schema.json
man: $(BUILD)/gen/faultline.8

install-gen: gen
	install -D -m 0644 $(BUILD)/gen/faultline.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/faultline
	install -D -m 0644 $(BUILD)/gen/schema.json $(DESTDIR)$(PREFIX)/share/faultline/schema.json

install-man: man
	install -D -m 0644 $(BUILD)/gen/faultline.8 $(DESTDIR)$(PREFIX)/share/man/man8/faultline.8

.PHONY: gen man install-gen install-man
