#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "limits.h"
#include "parser.h"

extern const Parser parser_evtx;

#define HEADER   (4 * KIB)
#define CHUNK    (64 * KIB)
#define NO_VALUE 0xFFFFu

/* --- a file made by hand: one chunk, names always inline ---------------------------------------------------------- */

typedef struct Made {
    uint8_t bytes[HEADER + CHUNK];
    size_t at;     /* in the chunk */
    size_t record; /* where the open one starts */
    size_t template_at;
    bool in_template;
} Made;

static void put(Made *m, uint64_t n, size_t size)
{
    for (size_t i = 0; i < size; i++, n >>= 8) {
        m->bytes[HEADER + m->at++] = (uint8_t)n;
    }
}

static void patch(Made *m, size_t at, uint64_t n, size_t size)
{
    size_t back = m->at;
    m->at = at;
    put(m, n, size);
    m->at = back;
}

static void put_wide(Made *m, const char *text)
{
    for (; *text; text++) {
        put(m, (uint8_t)*text, 2);
    }
}

static void put_name(Made *m, const char *name)
{
    put(m, m->at + 4, 4);
    put(m, 0, 6);
    put(m, strlen(name), 2);
    put_wide(m, name);
    put(m, 0, 2);
}

static void open_tag(Made *m, const char *name, unsigned dependency, bool attributes)
{
    put(m, attributes ? 0x41 : 0x01, 1);
    if (m->in_template) {
        put(m, dependency, 2);
    }
    put(m, 0, 4);
    put_name(m, name);
    if (attributes) {
        put(m, 0, 4);
    }
}

static void text(Made *m, const char *value)
{
    put(m, 0x0105, 2);
    put(m, strlen(value), 2);
    put_wide(m, value);
}

static void attribute(Made *m, const char *name)
{
    put(m, 0x06, 1);
    put_name(m, name);
}

static void hole(Made *m, unsigned token, unsigned number)
{
    put(m, token, 1);
    put(m, number, 2);
    put(m, 0, 1);
}

static void close_start(Made *m)
{
    put(m, 0x02, 1);
}

static void close_tag(Made *m)
{
    put(m, 0x04, 1);
}

static void leaf(Made *m, const char *name, const char *value)
{
    open_tag(m, name, NO_VALUE, false);
    close_start(m);
    text(m, value);
    close_tag(m);
}

static void leaf_hole(Made *m, const char *name, unsigned dependency, unsigned number)
{
    open_tag(m, name, dependency, false);
    close_start(m);
    hole(m, 0x0E, number);
    close_tag(m);
}

static Made *made_begin(void)
{
    static Made m;
    memset(&m, 0, sizeof m);
    memcpy(m.bytes, "ElfFile", 8);
    m.bytes[120] = 4; /* no checksums */
    memcpy(m.bytes + HEADER, "ElfChnk", 8);
    m.at = 512;
    return &m;
}

static void record_begin(Made *m, unsigned number)
{
    m->record = m->at;
    put(m, 0x2A2A, 4);
    put(m, 0, 4);
    put(m, number, 8);
    put(m, UINT64_C(133283147279531601), 8); /* 2023-05-11T21:38:47.9531601Z */
    put(m, 0x0001010F, 4);
}

static void record_end(Made *m)
{
    put(m, 0, 1);
    size_t size = m->at + 4 - m->record;
    put(m, size, 4);
    patch(m, m->record + 4, size, 4);
    patch(m, 48, m->at, 4);
}

static void system_tags(Made *m)
{
    open_tag(m, "System", NO_VALUE, false);
    close_start(m);
    open_tag(m, "Provider", NO_VALUE, true);
    attribute(m, "Name");
    text(m, "VSS");
    attribute(m, "Guid");
    hole(m, 0x0E, 5);
    put(m, 0x03, 1);
    leaf_hole(m, "EventID", 0, 0);
    leaf(m, "Level", "2");
    open_tag(m, "TimeCreated", NO_VALUE, true);
    attribute(m, "SystemTime");
    hole(m, 0x0E, 1);
    put(m, 0x03, 1);
    leaf_hole(m, "EventRecordID", NO_VALUE, 2);
    leaf_hole(m, "Version", 5, 5);
    leaf(m, "Channel", "Application");
    leaf(m, "Computer", "vm-lab");
    close_tag(m);
}

/* Values: 0 event id, 1 time, 2 record id, 3 data "first", 4 unnamed data, 5 always null. */
static void template_body(Made *m, const char *first)
{
    open_tag(m, "Event", NO_VALUE, false);
    close_start(m);
    system_tags(m);
    open_tag(m, "EventData", NO_VALUE, false);
    close_start(m);
    open_tag(m, "Data", NO_VALUE, true);
    attribute(m, "Name");
    text(m, first);
    close_start(m);
    hole(m, 0x0D, 3);
    close_tag(m);
    leaf_hole(m, "Data", NO_VALUE, 4);
    close_tag(m);
    close_tag(m);
    put(m, 0, 1);
}

/* Returns where its size stands. */
static size_t template_begin(Made *m)
{
    m->template_at = m->at + 4;
    put(m, m->template_at, 4);
    put(m, 0, 24);
    put(m, 0x0001010F, 4);
    m->in_template = true;
    return m->at - 8;
}

static void template_end(Made *m, size_t size_at)
{
    m->in_template = false;
    patch(m, size_at, m->at - size_at - 4, 4);
}

static void template_use(Made *m, const char *first)
{
    put(m, 0x010C, 2);
    put(m, 7, 4);
    if (m->template_at) {
        put(m, m->template_at, 4);
        return;
    }
    size_t size_at = template_begin(m);
    template_body(m, first);
    template_end(m, size_at);
}

static void descriptor(Made *m, size_t size, unsigned type)
{
    put(m, size, 2);
    put(m, type, 2);
}

typedef struct Data { /* UTF-16 by hand: `units` counts the NULs that separate the items of an array */
    unsigned type;
    const char *at;
    size_t units;
} Data;

static void add_record(Made *m, unsigned number, const char *first, Data a, Data b)
{
    record_begin(m, number);
    template_use(m, first);
    put(m, 6, 4);
    descriptor(m, 2, 0x06);
    descriptor(m, 8, 0x11);
    descriptor(m, 8, 0x0A);
    descriptor(m, 2 * a.units, a.type);
    descriptor(m, 2 * b.units, b.type);
    descriptor(m, 0, 0);
    put(m, 8193, 2);
    put(m, UINT64_C(133283147279531601), 8);
    put(m, number + 100, 8);
    for (size_t i = 0; i < a.units + b.units; i++) {
        put(m, (uint8_t)(i < a.units ? a.at[i] : b.at[i - a.units]), 2);
    }
    record_end(m);
}

/* <Event><EventData><Data Name="value 0">value 1</Data></EventData></Event>, with a template of its own. */
static void add_named_record(Made *m, const char *name, const char *value)
{
    record_begin(m, 1);
    put(m, 0x010C, 2);
    put(m, 8, 4);
    put(m, m->at + 4, 4);
    put(m, 0, 20);
    size_t size_at = m->at;
    put(m, 0, 4);
    put(m, 0x0001010F, 4);
    m->in_template = true;
    open_tag(m, "Event", NO_VALUE, false);
    close_start(m);
    open_tag(m, "EventData", NO_VALUE, false);
    close_start(m);
    open_tag(m, "Data", NO_VALUE, true);
    attribute(m, "Name");
    hole(m, 0x0D, 0);
    close_start(m);
    hole(m, 0x0D, 1);
    close_tag(m);
    close_tag(m);
    close_tag(m);
    put(m, 0, 1);
    m->in_template = false;
    patch(m, size_at, m->at - size_at - 4, 4);
    put(m, 2, 4);
    descriptor(m, 2 * strlen(name), 0x01);
    descriptor(m, 2 * strlen(value), 0x01);
    put_wide(m, name);
    put_wide(m, value);
    record_end(m);
}

#define STRING(literal)  ((Data){0x01, "" literal, sizeof(literal) - 1})
#define STRINGS(literal) ((Data){0x81, "" literal, sizeof(literal)})

static Str made_bytes(const Made *m)
{
    return (Str){m->bytes, sizeof m->bytes};
}

/* --- what the reader says ----------------------------------------------------------------------------------------- */

typedef struct Said {
    Arena arena;
    Status status;
    Str dump;
    size_t count;
    Event last;
    Str fields[8];
    const SourceRow *row;
} Said;

static void tap(void *with, const Event *ev)
{
    Said *said = with;
    said->count++;
    said->last = *ev;
    said->last.provider = arena_str(&said->arena, ev->provider);
    said->last.computer = arena_str(&said->arena, ev->computer);
    said->last.channel = arena_str(&said->arena, ev->channel);
    for (size_t i = 0; i < ev->field_count && i < 8; i++) {
        said->fields[i] = arena_join(&said->arena, (Str[]){ev->fields[i].name, STR("="), ev->fields[i].value}, 3);
    }
}

static Said *parse(Str bytes)
{
    static Said said;
    Analysis analysis;
    Source src;
    Arena scratch = {0};
    arena_free(&said.arena);
    said = (Said){0};
    analysis_open(&analysis, NULL, &said.arena);
    said.row = analysis_row(&analysis, STR("a.evtx"), 0, TIME_NONE, 1);
    analysis.tap = tap;
    analysis.tap_with = &said;
    source_open_memory(&src, STR("a.evtx"), bytes);
    said.status = parser_evtx.parse(&src, &scratch, &analysis);
    source_close(&src);
    arena_free(&scratch);
    return &said;
}

static Said *dump(Str bytes, DumpFormat format)
{
    static Said said;
    Analysis analysis;
    Source src;
    Arena scratch = {0};
    arena_free(&said.arena);
    said = (Said){0};
    analysis_open(&analysis, NULL, &said.arena);
    said.row = analysis_row(&analysis, STR("a.evtx"), 0, TIME_NONE, 1);
    Sink out = {.bytes = ARENA_NEW(&said.arena, uint8_t, 8 * MIB), .room = 8 * MIB};
    source_open_memory(&src, STR("a.evtx"), bytes);
    said.status = parser_evtx.dump(&src, &scratch, (DumpOptions){.format = format}, &out, &analysis);
    said.dump = (Str){out.bytes, out.used};
    source_close(&src);
    arena_free(&scratch);
    return &said;
}

static Made *two_records(void)
{
    Made *m = made_begin();
    add_record(m, 1, "first", STRING("C:\\a"), STRING("b & \"c\"\n"));
    add_record(m, 2, "first", STRING("second record"), STRING(""));
    return m;
}

#define XML_HEAD(record)                                                                                               \
    "<Event><System><Provider Name=\"VSS\"/><EventID>8193</EventID><Level>2</Level>"                                   \
    "<TimeCreated SystemTime=\"2023-05-11T21:38:47.9531601Z\"/><EventRecordID>" record "</EventRecordID>"              \
    "<Channel>Application</Channel><Computer>vm-lab</Computer></System>"
#define JSON_HEAD(record)                                                                                              \
    "{\"record\":" record ",\"time\":\"2023-05-11T21:38:47.9531601Z\",\"provider\":\"VSS\",\"event_id\":8193,"         \
    "\"channel\":\"Application\",\"level\":2,\"computer\":\"vm-lab\",\"data\":"

TEST(evtx_xml_leaves_out_null_attributes_and_elements)
{
    Said *said = dump(made_bytes(two_records()), DUMP_XML);
    assert_int_equal(said->status, ST_OK);
    assert_str(
        said->dump,
        STR(XML_HEAD("101") "<EventData><Data Name=\"first\">C:\\a</Data><Data>b &amp; &quot;c&quot;&#10;</Data>"
                            "</EventData></Event>\n" XML_HEAD(
                                "102") "<EventData><Data Name=\"first\">second record</Data><Data></Data></EventData>"
                                       "</Event>\n"));
}

TEST(evtx_json_has_data_by_name_and_by_position)
{
    Said *said = dump(made_bytes(two_records()), DUMP_JSONL);
    assert_str(said->dump, STR(JSON_HEAD("101") "{\"first\":\"C:\\\\a\",\"Data1\":\"b & \\\"c\\\"\\n\"}}\n" JSON_HEAD(
                               "102") "{\"first\":\"second record\",\"Data1\":\"\"}}\n"));
}

TEST(evtx_event_carries_system_and_fields)
{
    Said *said = parse(made_bytes(two_records()));
    assert_int_equal(said->status, ST_OK);
    assert_int_equal(said->count, 2);
    assert_int_equal(said->last.id, 8193);
    assert_int_equal(said->last.record, 102);
    assert_int_equal(said->last.level, LEVEL_ERROR);
    assert_int_equal(said->last.time_ns, INT64_C(1683841127953160100));
    assert_str(said->last.provider, STR("VSS"));
    assert_str(said->last.channel, STR("Application"));
    assert_str(said->last.computer, STR("vm-lab"));
    assert_str(said->fields[0], STR("first=second record"));
    assert_str(said->fields[1], STR("="));
    assert_int_equal(said->row->diagnostics.count, 0);
}

TEST(evtx_string_array_repeats_its_element)
{
    Made *m = made_begin();
    add_record(m, 1, "first", STRING("x"), STRINGS("one\0\0three"));
    Said *said = dump(made_bytes(m), DUMP_XML);
    assert_true(str_has(said->dump, STR("<Data>one</Data><Data></Data><Data>three</Data></EventData>")));
    said = dump(made_bytes(m), DUMP_JSONL);
    assert_true(str_has(said->dump, STR("\"Data1\":\"one\",\"Data2\":\"\",\"Data3\":\"three\"}")));
}

TEST(evtx_repeated_named_data_stays_apart_in_json)
{
    Made *m = made_begin();
    add_record(m, 1, "first", STRINGS("one\0two"), STRING("x"));
    Said *said = dump(made_bytes(m), DUMP_JSONL);
    assert_true(str_has(said->dump, STR("{\"first\":\"one\",\"first#2\":\"two\",\"Data1\":\"x\"}")));
}

/* Our own type of values is none of the file's. */
TEST(evtx_value_that_claims_to_be_clean_text_is_shown_as_bytes)
{
    Made *m = made_begin();
    add_record(m, 1, "first", (Data){0x7F, "\"<", 2}, (Data){0xFF, "\"<", 2});
    assert_true(str_has(dump(made_bytes(m), DUMP_JSONL)->dump, STR("{\"first\":\"22003C00\",\"Data1\":\"22003C00\"}")));
    assert_true(str_has(dump(made_bytes(m), DUMP_XML)->dump, STR("<Data>22003C00</Data>")));
}

TEST(evtx_data_named_like_a_secret_is_masked)
{
    Made *m = made_begin();
    add_record(m, 1, "Password", STRING("hunter2"), STRING("sig=abc"));
    Said *said = dump(made_bytes(m), DUMP_JSONL);
    assert_true(str_has(said->dump, STR("{\"Password\":\"***\",\"Data1\":\"sig=***\"}")));
    said = dump(made_bytes(m), DUMP_XML);
    assert_true(str_has(said->dump, STR("<Data Name=\"Password\">***</Data><Data>sig=***</Data>")));
}

TEST(evtx_data_whose_name_is_a_value_is_masked_by_it)
{
    Made *m = made_begin();
    add_named_record(m, "Password", "hunter2");
    add_named_record(m, "PasswordHint", "dog");
    Said *said = dump(made_bytes(m), DUMP_XML);
    assert_true(str_has(said->dump, STR("<Data Name=\"Password\">***</Data>")));
    assert_true(str_has(said->dump, STR("<Data Name=\"PasswordHint\">dog</Data>")));
    said = dump(made_bytes(m), DUMP_JSONL);
    assert_true(str_has(said->dump, STR("\"Password\":\"***\"")));
    assert_true(str_has(said->dump, STR("\"PasswordHint\":\"dog\"")));
}

TEST(evtx_element_or_attribute_named_like_a_secret_is_masked)
{
    Made *m = made_begin();
    record_begin(m, 1);
    open_tag(m, "Event", NO_VALUE, false);
    close_start(m);
    open_tag(m, "UserData", NO_VALUE, false);
    close_start(m);
    open_tag(m, "Login", NO_VALUE, true);
    attribute(m, "ApiKey");
    text(m, "k1");
    close_start(m);
    leaf(m, "Password", "hunter2");
    leaf(m, "User", "alice");
    close_tag(m);
    close_tag(m);
    close_tag(m);
    record_end(m);
    Said *said = dump(made_bytes(m), DUMP_XML);
    assert_true(str_has(said->dump, STR("<Login ApiKey=\"***\"><Password>***</Password><User>alice</User></Login>")));
    said = dump(made_bytes(m), DUMP_JSONL);
    assert_true(str_has(said->dump, STR("{\"@ApiKey\":\"***\",\"Password\":\"***\",\"User\":\"alice\"}")));
}

/* A chunk whose first record names an element, and whose second has a template that refers to that name: <e>x</e>. */
static Made *chunk_of_names(unsigned lead, const char *there, const char *here)
{
    Made *m = made_begin();
    record_begin(m, 1);
    for (unsigned i = 0; i < lead; i++) {
        leaf(m, "lead", "x");
    }
    size_t name_at = m->at + 9;
    leaf(m, there, "first");
    record_end(m);
    record_begin(m, 2);
    put(m, 0x010C, 2);
    put(m, 7, 4);
    size_t size_at = template_begin(m);
    put(m, 0x01, 1);
    put(m, NO_VALUE, 2);
    put(m, 0, 4);
    put(m, name_at, 4);
    close_start(m);
    leaf(m, here, "x");
    close_tag(m);
    put(m, 0, 1);
    template_end(m, size_at);
    put(m, 0, 4);
    record_end(m);
    return m;
}

/* Both chunks in one file; what its second one says. */
static Str second_chunk(const Made *first, const Made *second)
{
    static uint8_t file[HEADER + 2 * CHUNK];
    memcpy(file, first->bytes, HEADER + CHUNK);
    memcpy(file + HEADER + CHUNK, second->bytes + HEADER, CHUNK);
    Said *said = dump((Str){file, sizeof file}, DUMP_XML);
    assert_int_equal(said->status, ST_OK);
    return str_from(said->dump, str_find(said->dump, STR("<lead>"), 0));
}

TEST(evtx_template_of_another_chunk_is_the_same_wherever_it_stands)
{
    Made first = *chunk_of_names(0, "one", "two");
    assert_str(second_chunk(&first, chunk_of_names(1, "one", "two")),
               STR("<lead>x</lead><one>first</one>\n<one><two>x</two></one>\n"));
}

TEST(evtx_template_of_another_chunk_with_other_names_is_another)
{
    Made first = *chunk_of_names(0, "one", "two");
    assert_str(second_chunk(&first, chunk_of_names(1, "ONE", "two")),
               STR("<lead>x</lead><ONE>first</ONE>\n<ONE><two>x</two></ONE>\n"));
    assert_str(second_chunk(&first, chunk_of_names(1, "one", "TWO")),
               STR("<lead>x</lead><one>first</one>\n<one><TWO>x</TWO></one>\n"));
}

TEST(evtx_template_of_another_chunk_with_other_text_is_another)
{
    Made first = *two_records();
    Made *second = made_begin();
    add_record(second, 3, "third", STRING("x"), STRING("y"));
    static uint8_t file[HEADER + 2 * CHUNK];
    memcpy(file, first.bytes, HEADER + CHUNK);
    memcpy(file + HEADER + CHUNK, second->bytes + HEADER, CHUNK);
    Said *said = dump((Str){file, sizeof file}, DUMP_JSONL);
    assert_true(str_has(said->dump, STR(JSON_HEAD("103") "{\"third\":\"x\",\"Data1\":\"y\"}}\n")));
}

TEST(evtx_name_that_is_markup_becomes_a_name)
{
    Made *m = made_begin();
    record_begin(m, 1);
    leaf(m, "a><b \"", "x");
    record_end(m);
    assert_str(dump(made_bytes(m), DUMP_XML)->dump, STR("<a__b__>x</a__b__>\n"));
}

TEST(evtx_fragment_without_a_template_has_no_dependencies)
{
    Made *m = made_begin();
    record_begin(m, 1);
    template_body(m, "first");
    record_end(m);
    Said *said = dump(made_bytes(m), DUMP_XML);
    assert_int_equal(said->status, ST_OK);
    assert_true(str_has(said->dump, STR("vm-lab</Computer></System><EventData><Data Name=\"first\"></Data>")));
}

TEST(evtx_chunk_cut_in_a_record_keeps_the_records_before)
{
    Made *m = two_records();
    Said *said = parse((Str){m->bytes, HEADER + m->record + 40});
    assert_int_equal(said->status, ST_PARTIAL);
    assert_int_equal(said->count, 1);
    assert_int_equal(said->row->diagnostics.count, 1);
}

TEST(evtx_record_behind_the_free_space_is_no_event)
{
    Made *m = two_records();
    patch(m, 48, m->record, 4);
    Said *said = parse(made_bytes(m));
    assert_int_equal(said->status, ST_OK);
    assert_int_equal(said->count, 1);
}

TEST(evtx_torn_last_record_is_kept_when_it_decodes)
{
    Made *m = two_records();
    patch(m, m->at - 4, 99, 4);
    Said *said = parse(made_bytes(m));
    assert_int_equal(said->status, ST_OK);
    assert_int_equal(said->count, 2);
    assert_int_equal(said->row->diagnostics.count, 1);
}

TEST(evtx_impossible_record_size_ends_the_chunk)
{
    Made *m = two_records();
    patch(m, m->record + 4, 0, 4);
    Said *said = parse(made_bytes(m));
    assert_int_equal(said->status, ST_FAILED);
    assert_int_equal(said->count, 1);
}

TEST(evtx_value_longer_than_its_record_costs_only_that_record)
{
    Made *m = made_begin();
    add_record(m, 1, "first", STRING("x"), STRING("y"));
    size_t second = m->at;
    add_record(m, 2, "first", STRING("x"), STRING("y"));
    add_record(m, 3, "first", STRING("x"), STRING("y"));
    patch(m, second + 24 + 4 + 10 + 4 + 3 * 4, 60000, 2);
    Said *said = parse(made_bytes(m));
    assert_int_equal(said->status, ST_FAILED);
    assert_int_equal(said->count, 2);
    assert_int_equal(said->last.record, 103);
}

TEST(evtx_carved_chunk_is_taken)
{
    Made *m = two_records();
    Str carved = {m->bytes + HEADER, CHUNK};
    assert_int_equal(parser_evtx.bid(STR("x"), carved), BID_MAGIC);
    assert_int_equal(parse(carved)->count, 2);
}

TEST(evtx_wrong_checksum_is_noted_and_stops_nothing)
{
    Made *m = two_records();
    m->bytes[120] = 0;
    Said *said = parse(made_bytes(m));
    assert_int_equal(said->status, ST_OK);
    assert_int_equal(said->count, 2);
    assert_int_equal(said->row->diagnostics.count, 2); /* the chunk's and the file header's */
}

TEST(evtx_elements_nested_beyond_the_limit_are_refused)
{
    Made *m = made_begin();
    record_begin(m, 1);
    for (int i = 0; i < LIMIT_BINXML_ELEMENTS + 1; i++) {
        open_tag(m, "a", NO_VALUE, false);
        close_start(m);
    }
    record_end(m);
    Said *said = parse(made_bytes(m));
    assert_int_equal(said->status, ST_PARTIAL);
    assert_int_equal(said->count, 0);
}

/* The first record's value is a fragment that uses the template whose value it is. */
TEST(evtx_fragment_that_holds_itself_ends)
{
    Made *m = made_begin();
    add_record(m, 1, "first", STRING("x"), (Data){0x21, "abcdefghijklmnopqrstuvwxyz", 20});
    size_t at = m->at - 5 - 40;
    patch(m, at, 0x0001010F, 4);
    patch(m, at + 4, 0x010C, 2);
    patch(m, at + 6, 7, 4);
    patch(m, at + 10, m->template_at, 4);
    patch(m, at + 14, 5, 4);
    assert_true(parse(made_bytes(m))->status != ST_FATAL);
}

static void run_all_ways(const uint8_t *bytes, size_t len)
{
    uint8_t *exact = malloc(len ? len : 1); /* its own block, so that a memory checker sees the end */
    assert_non_null(exact);
    memcpy(exact, bytes, len);
    parse((Str){exact, len});
    dump((Str){exact, len}, DUMP_XML);
    dump((Str){exact, len}, DUMP_JSONL);
    free(exact);
}

TEST(evtx_cut_anywhere_in_its_records_never_reads_beyond)
{
    Made *m = two_records();
    for (size_t len = HEADER + 500; len < HEADER + m->at; len += 7) {
        run_all_ways(m->bytes, len);
    }
}

TEST(evtx_flipped_bytes_never_crash)
{
    uint32_t random = 1;
    for (int round = 0; round < 300; round++) {
        Made *m = two_records();
        for (int i = 0; i < 4; i++) {
            random = random * 1664525u + 1013904223u;
            m->bytes[HEADER + 512 + (random >> 8) % (m->at - 512)] = (uint8_t)(random >> 24);
        }
        run_all_ways(m->bytes, HEADER + m->at + 64);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evtx_xml_leaves_out_null_attributes_and_elements),
        cmocka_unit_test(evtx_json_has_data_by_name_and_by_position),
        cmocka_unit_test(evtx_event_carries_system_and_fields),
        cmocka_unit_test(evtx_string_array_repeats_its_element),
        cmocka_unit_test(evtx_repeated_named_data_stays_apart_in_json),
        cmocka_unit_test(evtx_value_that_claims_to_be_clean_text_is_shown_as_bytes),
        cmocka_unit_test(evtx_data_named_like_a_secret_is_masked),
        cmocka_unit_test(evtx_data_whose_name_is_a_value_is_masked_by_it),
        cmocka_unit_test(evtx_element_or_attribute_named_like_a_secret_is_masked),
        cmocka_unit_test(evtx_template_of_another_chunk_is_the_same_wherever_it_stands),
        cmocka_unit_test(evtx_template_of_another_chunk_with_other_names_is_another),
        cmocka_unit_test(evtx_template_of_another_chunk_with_other_text_is_another),
        cmocka_unit_test(evtx_name_that_is_markup_becomes_a_name),
        cmocka_unit_test(evtx_fragment_without_a_template_has_no_dependencies),
        cmocka_unit_test(evtx_chunk_cut_in_a_record_keeps_the_records_before),
        cmocka_unit_test(evtx_record_behind_the_free_space_is_no_event),
        cmocka_unit_test(evtx_torn_last_record_is_kept_when_it_decodes),
        cmocka_unit_test(evtx_impossible_record_size_ends_the_chunk),
        cmocka_unit_test(evtx_value_longer_than_its_record_costs_only_that_record),
        cmocka_unit_test(evtx_carved_chunk_is_taken),
        cmocka_unit_test(evtx_wrong_checksum_is_noted_and_stops_nothing),
        cmocka_unit_test(evtx_elements_nested_beyond_the_limit_are_refused),
        cmocka_unit_test(evtx_fragment_that_holds_itself_ends),
        cmocka_unit_test(evtx_cut_anywhere_in_its_records_never_reads_beyond),
        cmocka_unit_test(evtx_flipped_bytes_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
