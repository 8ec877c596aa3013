# vmsift: `make help` lists the targets.
BUILD  ?= build$(if $(CONFIG),/$(CONFIG))
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
PKGS   := libarchive libpcre2-8 libxml-2.0 yaml-0.1 jansson

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

$(BUILD)/tests/%: tests/%.c $(LIB) Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -o $@ $< $(filter %.o,$^) $(LIB) $(ALL_LIBS) -lcmocka

## clean: removes build/
clean:
	rm -rf build

help: ; @sed -n 's/^## //p' $(MAKEFILE_LIST)
.PHONY: all clean help
-include $(OBJ:.o=.d)
