# vmsift: `make help` lists the targets.
BUILD  ?= build$(if $(CONFIG),/$(CONFIG))
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
PKGS   := libarchive libpcre2-8 libxml-2.0 yaml-0.1 jansson $(if $(filter Linux,$(shell uname -s)),libseccomp)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings
ALL_CFLAGS = -std=c11 $(WARN) -Ianalyzer -Ianalyzer/base -Iparsers $(shell pkg-config --cflags $(PKGS)) $(CFLAGS)
ALL_LIBS   = $(shell pkg-config --libs $(PKGS)) -lm -pthread $(LDFLAGS)
ifeq ($(CONFIG),asan)
CFLAGS := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS += -fsanitize=address,undefined
endif

SRC  := $(filter-out analyzer/main.c,$(sort $(wildcard analyzer/*.c analyzer/base/*.c parsers/*.c)))
OBJ  := $(SRC:%.c=$(BUILD)/%.o) $(BUILD)/signatures_builtin.o
LIB  := $(BUILD)/libvmsift.a
SIGS := $(sort $(wildcard signatures/*.yml signatures/*/*.yml))
TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/test_*.c)))

## all: build/vmsift (CONFIG=asan: build/asan/vmsift with sanitizers)
all: $(BUILD)/vmsift

$(BUILD)/vmsift: $(BUILD)/analyzer/main.o $(LIB)
	$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LIBS)

$(LIB): $(OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/signatures_builtin.o: $(BUILD)/signatures_builtin.c
	$(CC) $(ALL_CFLAGS) -c $< -o $@

$(BUILD)/signatures_builtin.c: signatures/embed.awk $(SIGS) Makefile
	@mkdir -p $(@D)
	awk -f signatures/embed.awk $(SIGS) > $@.new && mv $@.new $@

# What the test programs share; each takes of it what it calls.
TEST_LIB  := $(BUILD)/tests/libtests.a
TEST_HELP := $(filter-out tests/test_% tests/golden.c tests/mkfixture.c tests/signature_json.c,$(sort $(wildcard tests/*.c)))
TEST_OBJ  := $(TEST_HELP:%.c=$(BUILD)/%.o)
$(TEST_LIB): $(TEST_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/tests/%: tests/%.c $(TEST_LIB) $(LIB) Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -o $@ $< $(filter %.o,$^) $(TEST_LIB) $(LIB) $(ALL_LIBS) -lcmocka

# --- parsers: golden tests, replay, fuzzing ---------------------------------------------------------------------------
$(BUILD)/tests/fuzz/replay: $(addprefix $(BUILD)/tests/fuzz/,fuzz_parsers.o fuzz_one.o)
$(BUILD)/tests/fuzz/replay_%: tests/fuzz/replay.c $(addprefix $(BUILD)/tests/fuzz/,fuzz_%.o fuzz_one.o) $(TEST_LIB) $(LIB)
	$(CC) $(ALL_CFLAGS) -Itests -o $@ $< $(filter %.o,$^) $(TEST_LIB) $(LIB) $(ALL_LIBS)

## test-golden: every parser against fixtures/parsers/; UPDATE=1 renews the expectations
test-golden: $(BUILD)/tests/golden
	UPDATE=$(UPDATE) $<

## test-replay: every input of those, a small bundle and the signatures, cut and changed in many places
test-replay: $(addprefix $(BUILD)/tests/fuzz/,replay replay_bundle replay_signatures) $(BUILD)/tests/mkfixture
	$<
	@sh tests/fuzz/bundle_seeds.sh $(BUILD)/tests/mkfixture $(BUILD)/replay-seeds
	$(BUILD)/tests/fuzz/replay_bundle -t 13 -r 1000 $(addprefix $(BUILD)/replay-seeds/shape-asc-device-0-,zip-0 zip-2 cut-0) \
	    2>$(BUILD)/replay_bundle.log || { tail -n 40 $(BUILD)/replay_bundle.log; false; }
	$(BUILD)/tests/fuzz/replay_signatures -t 397 -r 1000 $(SIGS)

## fuzz: libFuzzer (TARGET=parsers|bundle|signatures SECONDS=60, PARSER=evtx); findings go to build/fuzz/findings/
# A target is tests/fuzz/fuzz_TARGET.c and a rule fuzz-seeds-TARGET, which writes its first inputs to FUZZ_SEEDS.
TARGET     ?= parsers
FUZZ_FLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FUZZ_LIB   := $(SRC:%.c=$(BUILD)/fuzz/%.o) $(BUILD)/fuzz/signatures_builtin.o
FUZZ_HELP  := $(addprefix $(BUILD)/fuzz/tests/,capture.o fuzz/fuzz_one.o)
FUZZ_SEEDS := $(BUILD)/fuzz/seeds-$(TARGET)$(addprefix -,$(PARSER))
FUZZ_FOUND := $(BUILD)/fuzz/corpus-$(TARGET)$(addprefix -,$(PARSER))
$(BUILD)/fuzz/%.o: %.c Makefile
	@mkdir -p $(@D)
	clang $(ALL_CFLAGS) $(FUZZ_FLAGS) -MMD -MP -c $< -o $@
$(BUILD)/fuzz/signatures_builtin.o: $(BUILD)/signatures_builtin.c
	@mkdir -p $(@D)
	clang $(ALL_CFLAGS) -c $< -o $@
$(BUILD)/fuzz/libvmsift.a: $(FUZZ_LIB)
	@rm -f $@
	$(AR) rcs $@ $^
$(BUILD)/fuzz/fuzz_%: $(BUILD)/fuzz/tests/fuzz/fuzz_%.o $(FUZZ_HELP) $(BUILD)/fuzz/libvmsift.a
	clang $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(ALL_LIBS)
fuzz-seeds-parsers: $(BUILD)/tests/fuzz/replay
	@mkdir -p $(FUZZ_SEEDS)
	$< -s $(FUZZ_SEEDS) $(addprefix -p ,$(PARSER))
fuzz-seeds-bundle: $(BUILD)/tests/mkfixture
	sh tests/fuzz/bundle_seeds.sh $< $(FUZZ_SEEDS)
fuzz-seeds-signatures:
	sh tests/fuzz/signature_seeds.sh $(FUZZ_SEEDS)
## fuzz-corpus: the first inputs of every fuzz target, out of the fixtures, in build/fuzz/seeds-*
# Those of the parsers by name (seeds-parsers-NAME, as with PARSER=NAME) and of all together, bundles and signatures.
PARSER_NAMES := $(shell sed -n 's/^PARSER(\(.*\))$$/\1/p' parsers/parsers.def)
fuzz-corpus: $(BUILD)/tests/fuzz/replay $(BUILD)/tests/mkfixture
	@for parser in '' $(PARSER_NAMES); do \
	    $(MAKE) --no-print-directory fuzz-seeds-parsers TARGET=parsers PARSER=$$parser || exit 1; done
	@for target in bundle signatures; do \
	    $(MAKE) --no-print-directory fuzz-seeds-$$target TARGET=$$target PARSER= || exit 1; done
fuzz: $(BUILD)/fuzz/fuzz_$(TARGET) fuzz-seeds-$(TARGET)
	@mkdir -p $(FUZZ_FOUND) $(BUILD)/fuzz/findings
	VMSIFT_FUZZ_PARSER=$(PARSER) $< -max_total_time=$(or $(SECONDS),60) -timeout=5 -rss_limit_mb=1024 -max_len=262144 \
	    -close_fd_mask=2 -artifact_prefix=$(BUILD)/fuzz/findings/ -print_final_stats=1 $(FUZZ_FOUND) $(FUZZ_SEEDS)
.PRECIOUS: $(BUILD)/fuzz/tests/fuzz/fuzz_%.o
.PHONY: test-golden test-replay fuzz fuzz-corpus fuzz-seeds-parsers fuzz-seeds-bundle fuzz-seeds-signatures
-include $(FUZZ_LIB:.o=.d) $(FUZZ_HELP:.o=.d) $(wildcard $(BUILD)/fuzz/tests/fuzz/*.d) $(TEST_OBJ:.o=.d) \
    $(addprefix $(BUILD)/tests/,golden.d fuzz/replay.d fuzz/fuzz_parsers.d fuzz/fuzz_bundle.d fuzz/fuzz_one.d \
      fuzz/fuzz_signatures.d)
# --- end of parsers ---------------------------------------------------------------------------------------------------

## clean: removes build/
clean:
	rm -rf build

help: ; @sed -n 's/^## //p' $(MAKEFILE_LIST)
.PHONY: all clean help
-include $(OBJ:.o=.d)

# --- tests, tools ---

# The fixture writer does not need cmocka: `make demo` works without it.
$(BUILD)/tests/mkfixture: tests/mkfixture.c $(TEST_LIB) $(LIB) Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -o $@ $< $(TEST_LIB) $(LIB) $(ALL_LIBS)

JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
DEMO := fixtures/signatures/desktop-heap/confirmed/bundle

## deps: installs what is missing to build; test-deps: and to test
deps:
	@CC="$(CC)" sh tests/deps.sh build
test-deps:
	@CC="$(CC)" sh tests/deps.sh test

## demo: builds and analyses a bundle (installs what is missing)
demo: deps
	@$(MAKE) --no-print-directory -j$(JOBS) all $(BUILD)/tests/mkfixture
	@$(BUILD)/tests/mkfixture $(DEMO) $(BUILD)/demo.zip
	$(BUILD)/vmsift $(BUILD)/demo.zip

test-tools: $(TESTS) $(BUILD)/tests/mkfixture $(BUILD)/tests/signature_json

## test: everything, in one closing line (installs what is missing)
test: test-deps
	@$(MAKE) --no-print-directory -j$(JOBS) all test-tools
	@MAKE="$(MAKE)" CC="$(CC)" sh tests/run_all.sh $(BUILD)

## conformance: the readers of event logs and hives against other readers on real files, a line a format
conformance: all $(BUILD)/tests/mkfixture
	@python3 -B tests/conformance.py --vmsift $(BUILD)/vmsift --mkfixture $(BUILD)/tests/mkfixture ../shared/corpus/evtx

## bench: analyze against bsdtar on a bundle of 1 GiB unpacked, dump against evtx_dump on event logs of 64 MiB
bench: test-deps
	@$(MAKE) --no-print-directory -j$(JOBS) all $(BUILD)/tests/mkfixture
	@python3 -B tests/bench/bench.py --vmsift $(BUILD)/vmsift --mkfixture $(BUILD)/tests/mkfixture

## install: PREFIX=/usr/local, DESTDIR=
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/vmsift
	install -m 755 $(BUILD)/vmsift $(DESTDIR)$(PREFIX)/bin/vmsift
	install -m 644 docs/report.schema.json $(DESTDIR)$(PREFIX)/share/vmsift/
	install -m 644 signatures/schema.json $(DESTDIR)$(PREFIX)/share/vmsift/signature.schema.json

## format: clang-format over all C files
format:
	clang-format -i $(wildcard analyzer/*.[ch] analyzer/base/*.[ch] parsers/*.[ch] tests/*.[ch] tests/*/*.[ch])

.PHONY: deps test-deps demo test-tools test bench conformance install format
