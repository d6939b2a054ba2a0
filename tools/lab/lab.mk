# The lab's programs. They are what faultline breaks and know nothing of it: of its code they link
# user/util alone, and no libbpf.

LABUTIL   := $(patsubst %.c,$(BUILD)/%.o,user/util/error.c user/util/text/text.c user/util/text/units.c user/util/text/url.c user/util/text/utf8.c)
LABCOMMON := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tools/lab/common/*.c)) $(LABUTIL)
labobj     = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tools/lab/$(1)/*.c))
LABBINS   := $(BUILD)/lab-service $(BUILD)/lab-load $(BUILD)/lab-pipeline $(BUILD)/lab-supervisor
LABLIBS   := $(call PKGLIBS,libmicrohttpd libcurl jansson libmd) -lm -lpthread

$(BUILD)/lab-service: $(call labobj,service) $(LABCOMMON)
$(BUILD)/lab-service: LABLIBS += $(call PKGLIBS,libcares hiredis)
$(BUILD)/lab-load: $(call labobj,load) $(LABCOMMON)
$(BUILD)/lab-pipeline: $(call labobj,pipeline) $(LABCOMMON)
$(BUILD)/lab-supervisor: $(call labobj,supervisor) $(LABUTIL)

$(LABBINS):
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) $(PIE) $^ -o $@ $(LABLIBS)

# The pure parts, for the unit tests of them.
$(BUILD)/tests/unit/test_lab_pipeline: $(filter-out %/main.o %/scrape.o,$(call labobj,pipeline))
$(BUILD)/tests/unit/test_lab_service: $(BUILD)/tools/lab/service/token.o

# hiredis keeps its headers in a folder of their own.
$(BUILD)/tools/lab/service/cache.o: CPPPKGS += $(shell $(PKG_CONFIG) --cflags hiredis 2>/dev/null)
