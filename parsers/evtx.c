/* Windows event logs, binary: a 4 KiB header `ElfFile\0`, then chunks of 64 KiB `ElfChnk\0`, each complete in itself:
 *   chunk:  512 bytes of header (first and last record, free-space offset, checksums), then records
 *   record: `**\0\0`, size, number, FILETIME, binary XML (evtx_binxml.h), size again
 * Format: J. Metz, "Windows XML Event Log (EVTX) format" (libevtx); MS-EVEN6. What real files do: they are dirty, their
 * headers lie about the number of chunks, and behind the free-space offset of a chunk stand old records that are no
 * events any more.
 *
 * `dump --format xml`: one <Event> a line as Windows writes it. `dump --format jsonl`:
 *   {"record","time","provider","event_id","channel","level","computer","data":{…},"message"?}
 * time, event_id and level are left out where the record has none; level is the number in System/Level.
 * data: <Data Name="x"> is "x", unnamed ones are "Data1", "Data2", …, <Binary> is "Binary"; an element of UserData is
 * an object, or a string when it holds text alone; an attribute is "@name", text beside attributes or elements "#text";
 * the second sibling of one name is "name#2". message is that of RenderingInfo. */
#include <string.h>

#include "base/cursor.h"
#include "base/sink.h"
#include "event_record.h"
#include "evtx_binxml.h"
#include "evtx_crc.h"
#include "limits.h"
#include "parser.h"

#define FILE_HEADER       (4 * KIB)
#define CHUNK             (64 * KIB)
#define CHUNK_HEADER      512
#define RECORD_HEADER     24
#define RECORD_LEAST      28
#define RECORD_MAGIC      0x2A2Au
#define FLAG_NO_CHECKSUMS 4u

typedef struct Reader {
    Source *src;
    Analysis *out;
    Sink *sink; /* of a dump; NULL: events go to `out` */
    BinXml xml;
    Bytes line; /* JSON: the record being written; event: texts of System */
    DumpFormat format;
    Status status;
    bool no_checksums;
    uint64_t chunk_at; /* offset of the chunk in the file */
    Crc crc;
} Reader;

typedef struct Record {
    size_t at; /* in the chunk */
    uint64_t number;
    uint64_t written; /* FILETIME */
} Record;

/* A note that costs nothing, or damage. */
static void note(Reader *r, size_t at, const char *what)
{
    analysis_diag(r->out, r->src, r->chunk_at + at, what);
}

static void damage(Reader *r, size_t at, const char *what, Status status)
{
    note(r, at, what);
    r->status = status_worse(r->status, status);
}

/* ---- checksums ---- */

static void check_chunk(Reader *r, Str chunk, size_t free_space, uint32_t data_sum, uint32_t header_sum)
{
    if (r->sink || r->no_checksums || chunk.len < CHUNK) {
        return;
    }
    uint32_t header = crc_add(&r->crc, 0, str_slice(chunk, 0, 120));
    header = crc_add(&r->crc, header, str_slice(chunk, 128, CHUNK_HEADER));
    if (header != header_sum) {
        note(r, 0, "chunk header checksum does not match");
    } else if (crc_add(&r->crc, 0, str_slice(chunk, CHUNK_HEADER, free_space)) != data_sum) {
        note(r, 0, "chunk data checksum does not match");
    }
}

/* ---- records into events ---- */

static Str system_text(Reader *r, SystemItem item)
{
    const BinXmlValue *v = &r->xml.system[item];
    size_t from = r->line.len;
    if (v->type == TYPE_TEXT) {
        return value_str(v);
    }
    value_put(r->xml.source, &r->line, v);
    return (Str){r->line.at + from, r->line.len - from};
}

static uint64_t system_number(const Reader *r, SystemItem item, uint64_t otherwise)
{
    uint64_t n = otherwise;
    value_number(&r->xml.system[item], &n);
    return n;
}

/* The FILETIME of System/TimeCreated, which exports keep while they renumber and restamp the record around it. */
static uint64_t created(Reader *r, const Record *record)
{
    const BinXmlValue *v = &r->xml.system[SYSTEM_TIME];
    uint64_t filetime = 0;
    Timestamp stamp;
    if (value_number(v, &filetime) && filetime) {
        return filetime;
    }
    if (timestamp_iso(system_text(r, SYSTEM_TIME), &stamp, NULL) && stamp.ns != TIME_NONE) {
        return (uint64_t)(stamp.ns / 100 + INT64_C(116444736000000000));
    }
    return record->written;
}

static Level level_of(uint64_t level)
{
    return level <= LEVEL_VERBOSE ? (Level)level : LEVEL_VERBOSE;
}

/* System's own fields; the texts live in r->line. */
static void event_identity(Reader *r, Event *ev)
{
    /* The buffer must not move while the event borrows from it. */
    size_t room = 64;
    for (int i = 0; i < SYSTEM_COUNT; i++) {
        room += 8 * (size_t)r->xml.system[i].len + 64;
    }
    r->line.len = 0;
    bytes_reserve(r->xml.source, &r->line, room);
    ev->provider = system_text(r, SYSTEM_PROVIDER);
    ev->provider_alias = system_text(r, SYSTEM_ALIAS);
    ev->channel = system_text(r, SYSTEM_CHANNEL);
    ev->id = (uint32_t)system_number(r, SYSTEM_EVENT_ID, 0);
    ev->level = level_of(system_number(r, SYSTEM_LEVEL, LEVEL_INFO));
}

static bool wanted(BinXml *x, void *with)
{
    Reader *r = with;
    Event ev = {0};
    /* Data before System: nobody can tell yet. */
    if (!x->system[SYSTEM_PROVIDER].at || !x->system[SYSTEM_EVENT_ID].at || !x->system[SYSTEM_CHANNEL].at) {
        return true;
    }
    event_identity(r, &ev);
    return analysis_wants(r->out, ev.provider, ev.provider_alias, ev.id, ev.channel, ev.level) ||
           event_record_marked(ev.provider, ev.provider_alias, ev.id);
}

static void add_event(Reader *r, const Record *record)
{
    Event ev = {.trust = TRUST_STAMPED, .time_digits = 7, .service = SERVICE_EVENT_LOG};
    event_identity(r, &ev);
    ev.computer = system_text(r, SYSTEM_COMPUTER);
    ev.message = system_text(r, SYSTEM_MESSAGE);
    ev.record = system_number(r, SYSTEM_RECORD, record->number);
    ev.offset = r->chunk_at + record->at;
    ev.time_ns = timestamp_filetime(created(r, record));
    if (ev.time_ns == TIME_NONE) {
        ev.trust = TRUST_NONE;
        ev.time_digits = 0;
    }
    ev.fields = r->xml.fields;
    ev.field_count = r->xml.field_count;
    event_record_mark(&ev);
    analysis_add(r->out, r->src, &ev);
}

/* ---- records into lines ---- */

static void line_put(Reader *r, Str s)
{
    bytes_put(r->xml.source, &r->line, s);
}

static void line_text(Reader *r, Str name, SystemItem item)
{
    line_put(r, name);
    value_json(r->xml.source, &r->line, &r->xml.system[item]);
}

static void line_number(Reader *r, Str name, uint64_t n)
{
    line_put(r, name);
    bytes_u64(r->xml.source, &r->line, n);
}

static void line_item(Reader *r, Str name, SystemItem item)
{
    uint64_t n;
    if (value_number(&r->xml.system[item], &n)) {
        line_number(r, name, n);
    }
}

static void line_time(Reader *r, uint64_t filetime)
{
    if (filetime) {
        line_put(r, STR(",\"time\":\""));
        value_filetime(r->xml.source, &r->line, filetime);
        line_put(r, STR("\""));
    }
}

static void dump_json(Reader *r, const Record *record)
{
    Bytes *data = &r->xml.text;
    r->line.len = 0;
    uint64_t filetime = created(r, record);
    r->line.len = 0;
    line_number(r, STR("{\"record\":"), system_number(r, SYSTEM_RECORD, record->number));
    line_time(r, filetime);
    line_text(r, STR(",\"provider\":"), SYSTEM_PROVIDER);
    line_item(r, STR(",\"event_id\":"), SYSTEM_EVENT_ID);
    line_text(r, STR(",\"channel\":"), SYSTEM_CHANNEL);
    line_item(r, STR(",\"level\":"), SYSTEM_LEVEL);
    line_text(r, STR(",\"computer\":"), SYSTEM_COMPUTER);
    line_put(r, STR(",\"data\":{"));
    line_put(r, (Str){data->at, data->len ? data->len - 1 : 0}); /* without the last comma */
    line_put(r, STR("}"));
    if (r->xml.system[SYSTEM_MESSAGE].at) {
        line_text(r, STR(",\"message\":"), SYSTEM_MESSAGE);
    }
    line_put(r, STR("}\n"));
    sink_raw(r->sink, (Str){r->line.at, r->line.len});
}

static void emit(Reader *r, const Record *record)
{
    if (!r->sink) {
        add_event(r, record);
    } else if (r->format == DUMP_JSONL) {
        dump_json(r, record);
    } else {
        bytes_put(r->xml.source, &r->xml.text, r->xml.text.len ? STR("\n") : STR("<Event/>\n"));
        sink_raw(r->sink, (Str){r->xml.text.at, r->xml.text.len});
    }
    r->xml.text.len = 0;
}

static bool decode(Reader *r, const Record *record, size_t end)
{
    if (!binxml_record(&r->xml, record->at + RECORD_HEADER, end)) {
        damage(r, record->at, r->xml.why ? r->xml.why : "record", r->xml.limit ? ST_PARTIAL : ST_FAILED);
        if (r->xml.limit) {
            analysis_limit(r->out, "binary XML of a chunk", r->xml.why);
        }
        return false;
    }
    emit(r, record);
    return true;
}

/* Its two sizes contradict each other: it is kept if it decodes, but nobody knows where the next one starts. */
static void torn(Reader *r, const Record *record, size_t end, bool last)
{
    if (decode(r, record, end)) {
        const char *what = last ? "record size" : "record size: the rest of the chunk is lost";
        damage(r, record->at, what, last ? ST_OK : ST_FAILED);
    }
}

/* Reads the record at `at`; returns where the next one starts, or 0: nothing more can be read. */
static size_t read_record(Reader *r, Str chunk, size_t at, size_t free_space)
{
    const uint8_t *head = chunk.at + at;
    size_t left = chunk.len - at;
    if (left < RECORD_LEAST) {
        damage(r, at, "record cut off", chunk.len < CHUNK ? ST_PARTIAL : ST_FAILED);
        return 0;
    }
    uint32_t size = little_u32(head + 4);
    Record record = {.at = at, .number = little_u64(head + 8), .written = little_u64(head + 16)};
    if (little_u32(head) != RECORD_MAGIC) {
        damage(r, at, "record magic", ST_FAILED);
        return 0;
    }
    if (size > left && size <= CHUNK - at) {
        damage(r, at, "record cut off", ST_PARTIAL);
        return 0;
    }
    if (size < RECORD_LEAST || size > left) {
        damage(r, at, "record size: the rest of the chunk is lost", ST_FAILED);
        return 0;
    }
    if (little_u32(head + size - 4) != size) {
        torn(r, &record, at + size, at + size >= free_space);
        return 0;
    }
    decode(r, &record, at + size - 4);
    return r->xml.limit ? 0 : at + size;
}

static void read_chunk(Reader *r, Str chunk)
{
    Cursor c = {.in = chunk, .pos = 48};
    size_t free_space = cur_u32(&c, "free space offset");
    uint32_t data_sum = cur_u32(&c, "checksum");
    cur_seek(&c, 124, "checksum");
    uint32_t header_sum = cur_u32(&c, "checksum");
    if (c.lack || chunk.len < CHUNK_HEADER) {
        damage(r, 0, "chunk cut off", ST_PARTIAL);
        return;
    }
    free_space = free_space > CHUNK ? CHUNK : free_space;
    check_chunk(r, chunk, free_space, data_sum, header_sum);
    binxml_chunk(&r->xml, chunk);
    size_t at = CHUNK_HEADER;
    while (at && at < free_space && at < chunk.len) {
        at = read_record(r, chunk, at, free_space < chunk.len ? free_space : chunk.len);
    }
    if (at && at < free_space) {
        damage(r, at, "chunk cut off", ST_PARTIAL);
    }
}

static bool all_zero(Str s)
{
    return s.len == 0 || (s.at[0] == 0 && memcmp(s.at, s.at + 1, s.len - 1) == 0);
}

/* Zeros at the end of a file are room for more chunks; before a chunk they are one that was lost. */
static void read_chunks(Reader *r)
{
    for (bool zeros = false;;) {
        r->chunk_at = r->src->offset;
        Str chunk = source_take(r->src, CHUNK);
        if (chunk.len == 0) {
            return;
        }
        bool empty = all_zero(chunk);
        if (str_starts(chunk, STR("ElfChnk\0"))) {
            if (zeros) {
                damage(r, 0, "a slot of zeros before this chunk: what it held is lost", ST_FAILED);
            }
            read_chunk(r, chunk);
        } else if (!empty) {
            damage(r, 0, "64 KiB that are no chunk", chunk.len < CHUNK ? ST_PARTIAL : ST_FAILED);
        }
        zeros = empty;
    }
}

static void read_header(Reader *r)
{
    Str head = source_peek(r->src, FILE_HEADER);
    if (!str_starts(head, STR("ElfFile\0"))) {
        return; /* a carved file begins with a chunk */
    }
    Cursor c = {.in = head, .pos = 0};
    cur_seek(&c, 120, "file flags");
    r->no_checksums = cur_u32(&c, "file flags") & FLAG_NO_CHECKSUMS;
    if (head.len < FILE_HEADER) {
        damage(r, 0, "file header cut off", ST_PARTIAL);
    }
    source_take(r->src, FILE_HEADER);
}

static Status read_all(Reader *r, Source *src, Arena *scratch, BinXmlForm form)
{
    r->src = src;
    binxml_open(&r->xml, form, scratch);
    if (!r->sink) {
        crc_prepare(&r->crc);
        r->xml.wants = wanted;
        r->xml.with = r;
    }
    read_header(r);
    read_chunks(r);
    binxml_close(&r->xml);
    return r->status;
}

static Status evtx_parse(Source *src, Arena *scratch, Analysis *out)
{
    Reader *r = ARENA_NEW(scratch, Reader, 1);
    r->out = out;
    return read_all(r, src, scratch, BINXML_EVENT);
}

static Status evtx_dump(Source *src, Arena *scratch, DumpOptions how, Sink *to, Analysis *out)
{
    Reader *r = ARENA_NEW(scratch, Reader, 1);
    r->out = out;
    r->sink = to;
    r->format = how.format;
    return read_all(r, src, scratch, how.format == DUMP_JSONL ? BINXML_JSON : BINXML_XML);
}

static Bid evtx_bid(Str path, Str head)
{
    (void)path;
    return str_starts(head, STR("ElfFile\0")) || str_starts(head, STR("ElfChnk\0")) ? BID_MAGIC : BID_NO;
}

const Parser parser_evtx = {
    .name = "evtx",
    .reads = "Windows event logs (.evtx), whole, dirty, cut or carved",
    .kind = "evtx",
    .service = SERVICE_EVENT_LOG,
    .bid = evtx_bid,
    .parse = evtx_parse,
    .dump = evtx_dump,
};
