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
 * the second sibling of one name is "name#2". message is that of RenderingInfo.
 *
 * `dump --recover` adds lines for what is left of records that are none of the log's: old ones behind a free-space
 * offset, those behind damage in their chunk, and those of chunks without a magic or out of their place. All other
 * lines stay as they are, and each of these follows those of its chunk and is marked:
 *   jsonl: … "recovered":true,"why":"…","offset":N}     with "lost":"…" instead of "provider" to "data", and "record"
 *          and "time" as its header has them, when the header is all that can be read
 *   XML:   <!-- recovered, …, at offset N --><Event>…   and a comment alone, with record and time, in that case
 * Such a record may be the older copy of one that is live. What is rendered was written with the template and the names
 * it was meant for, but no checksum covers it. Checksums are compared with --recover and when events are read, and a
 * dump alone does without. */
#include <string.h>

#include "base/crc32.h"
#include "base/cursor.h"
#include "base/sink.h"
#include "event_record.h"
#include "evtx_binxml.h"
#include "limits.h"
#include "parser.h"

#define FILE_HEADER       (4 * KIB)
#define CHUNK             (64 * KIB)
#define CHUNK_HEADER      512
#define RECORD_HEADER     24
#define RECORD_LEAST      28
#define RECORD_MAGIC      0x2A2Au
#define FILE_MAGIC        STR("ElfFile\0")
#define CHUNK_MAGIC       STR("ElfChnk\0")
#define FLAG_NO_CHECKSUMS 4u

typedef struct Reader {
    Source *src;
    Analysis *out;
    Sink *sink; /* of a dump; NULL: events go to `out` */
    BinXml xml;
    Bytes line;       /* the line being written; event: texts of System */
    Event seen;       /* what System says of the event */
    unsigned seen_of; /* the items of System it was made of, plus one; 0: not made yet */
    DumpOptions how;
    Status status;
    bool no_checksums;
    uint16_t header_chunks;         /* as the file header counts them */
    uint64_t first_chunk, chunk_at; /* offsets in the file: of the first slot, and of the one being read */
    const char *why;                /* the records of this chunk are recovered, because …; NULL: they are not */
    uint64_t recovered, lost;       /* records of which all, or the header alone, could be recovered */
    Crc crc;
} Reader;

typedef struct Record {
    size_t at; /* in the chunk */
    uint64_t number;
    uint64_t written; /* FILETIME */
    const char *why;  /* why it is none of the file's records; NULL: it is one */
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
    if (status != ST_OK) {
        r->out->row->lost = "records here could not be read";
    }
}

/* ---- checksums ---- */

/* Which of its checksums does not match; NULL if none, or nobody compares them. */
static const char *wrong_checksum(Reader *r, Str chunk, size_t free_space, uint32_t data_sum, uint32_t header_sum)
{
    if ((r->sink && !r->how.recover) || r->no_checksums || chunk.len < CHUNK) {
        return NULL;
    }
    uint32_t header = crc_add(&r->crc, 0, str_slice(chunk, 0, 120));
    header = crc_add(&r->crc, header, str_slice(chunk, 128, CHUNK_HEADER));
    if (header != header_sum) {
        return "chunk header checksum does not match";
    }
    bool good = crc_add(&r->crc, 0, str_slice(chunk, CHUNK_HEADER, free_space)) == data_sum;
    return good ? NULL : "chunk data checksum does not match";
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
    return str_from(bytes_str(&r->line), from);
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
static const Event *event_identity(Reader *r)
{
    Event *ev = &r->seen;
    if (r->seen_of == r->xml.known + 1) {
        return ev;
    }
    /* The buffer must not move while the event borrows from it. */
    size_t room = 64;
    for (int i = 0; i < SYSTEM_COUNT; i++) {
        room += 8 * (size_t)r->xml.system[i].len + 64;
    }
    r->line.len = 0;
    bytes_reserve(r->xml.source, &r->line, room);
    *ev = (Event){.provider = system_text(r, SYSTEM_PROVIDER),
                  .provider_alias = system_text(r, SYSTEM_ALIAS),
                  .channel = system_text(r, SYSTEM_CHANNEL),
                  .id = (uint32_t)system_number(r, SYSTEM_EVENT_ID, 0),
                  .level = level_of(system_number(r, SYSTEM_LEVEL, LEVEL_INFO))};
    event_record_mark(ev);
    r->seen_of = r->xml.known + 1;
    return ev;
}

static bool wanted(BinXml *x, void *with)
{
    Reader *r = with;
    /* Data before System: nobody can tell yet. */
    if (!x->system[SYSTEM_PROVIDER].at || !x->system[SYSTEM_EVENT_ID].at || !x->system[SYSTEM_CHANNEL].at) {
        return true;
    }
    const Event *ev = event_identity(r);
    return ev->mark != MARK_NONE ||
           analysis_wants(r->out, ev->provider, ev->provider_alias, ev->id, ev->channel, ev->level);
}

static void add_event(Reader *r, const Record *record)
{
    Event ev = *event_identity(r);
    ev.trust = TRUST_STAMPED;
    ev.time_digits = 7;
    ev.service = SERVICE_EVENT_LOG;
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

static void line_why(Reader *r, const Record *record)
{
    line_put(r, STR(",\"recovered\":true,\"why\":\""));
    line_put(r, str_of(record->why));
    line_number(r, STR("\",\"offset\":"), r->chunk_at + record->at);
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
    sink_raw(r->sink, bytes_str(&r->line));
    sink_raw(r->sink, (Str){data->at, data->len ? data->len - 1 : 0}); /* without the last comma */
    r->line.len = 0;
    line_put(r, STR("}"));
    if (r->xml.system[SYSTEM_MESSAGE].at) {
        line_text(r, STR(",\"message\":"), SYSTEM_MESSAGE);
    }
    if (record->why) {
        line_why(r, record);
    }
    line_put(r, STR("}\n"));
    sink_raw(r->sink, bytes_str(&r->line));
}

static void line_comment(Reader *r, const Record *record)
{
    line_put(r, STR("<!-- recovered, "));
    line_put(r, str_of(record->why));
    line_number(r, STR(", at offset "), r->chunk_at + record->at);
}

static void dump_xml(Reader *r, const Record *record)
{
    if (record->why) {
        r->line.len = 0;
        line_comment(r, record);
        line_put(r, STR(" -->"));
        sink_raw(r->sink, bytes_str(&r->line));
    }
    bytes_put(r->xml.source, &r->xml.text, r->xml.text.len ? STR("\n") : STR("<Event/>\n"));
    sink_raw(r->sink, bytes_str(&r->xml.text));
}

/* What the header tells of a record whose content is lost. */
static void dump_lost(Reader *r, const Record *record, const char *lost)
{
    bool json = r->how.format == DUMP_JSONL;
    if (!r->how.recover) {
        return;
    }
    r->lost++;
    r->line.len = 0;
    if (json) {
        line_number(r, STR("{\"record\":"), record->number);
        line_time(r, record->written);
        line_why(r, record);
        line_put(r, STR(",\"lost\":\""));
    } else {
        line_comment(r, record);
        line_number(r, STR(": record "), record->number);
        line_put(r, STR(" of "));
        value_filetime(r->xml.source, &r->line, record->written);
        line_put(r, STR(", its content is lost: "));
    }
    line_put(r, str_of(lost));
    line_put(r, json ? STR("\"}\n") : STR(" -->\n"));
    sink_raw(r->sink, bytes_str(&r->line));
}

static void emit(Reader *r, const Record *record)
{
    r->recovered += record->why != NULL;
    if (!r->sink) {
        add_event(r, record);
    } else if (r->how.format == DUMP_JSONL) {
        dump_json(r, record);
    } else {
        dump_xml(r, record);
    }
    r->xml.text.len = 0;
}

/* ---- records ---- */

static Record record_at(const Reader *r, Str chunk, size_t at)
{
    const uint8_t *head = chunk.at + at;
    return (Record){.at = at, .number = little_u64(head + 8), .written = little_u64(head + 16), .why = r->why};
}

/* A header without content. What --recover found is told of in its own line. */
static void lose(Reader *r, Record record, const char *what, Status status)
{
    if (!record.why) {
        damage(r, record.at, what, status);
        record.why = "damaged";
    }
    dump_lost(r, &record, what);
}

static bool decode(Reader *r, const Record *record, size_t end)
{
    r->seen_of = 0;
    if (!binxml_record(&r->xml, record->at + RECORD_HEADER, end)) {
        lose(r, *record, r->xml.why ? r->xml.why : "record", r->xml.limit ? ST_PARTIAL : ST_FAILED);
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

/* Reads the record at *at, and moves behind it. False: nothing more can be read; if there is more, it is behind *at. */
static bool read_record(Reader *r, Str chunk, size_t *at, size_t free_space)
{
    size_t left = chunk.len - *at;
    if (left < RECORD_LEAST) {
        damage(r, *at, "record cut off", chunk.len < CHUNK ? ST_PARTIAL : ST_FAILED);
        return false;
    }
    if (little_u32(chunk.at + *at) != RECORD_MAGIC) {
        damage(r, *at, "record magic", ST_FAILED);
        return false;
    }
    uint32_t size = little_u32(chunk.at + *at + 4);
    Record record = record_at(r, chunk, *at);
    *at += RECORD_HEADER;
    if (size > left && size <= CHUNK - record.at) {
        lose(r, record, "record cut off", ST_PARTIAL);
        return false;
    }
    if (size < RECORD_LEAST || size > left) {
        lose(r, record, "record size: the rest of the chunk is lost", ST_FAILED);
        return false;
    }
    size_t end = record.at + size;
    if (little_u32(chunk.at + end - 4) != size) {
        torn(r, &record, end, end >= free_space);
        return false;
    }
    decode(r, &record, end - 4);
    *at = end;
    return !r->xml.limit;
}

/* The next whole record at or behind `at`, by its magic and its two sizes; STR_NOT_FOUND if there is none. */
static size_t find_record(Str chunk, size_t at, size_t *size)
{
    for (; (at = str_find(chunk, STR("**\0\0"), at)) != STR_NOT_FOUND; at++) {
        size_t left = chunk.len - at;
        *size = left < RECORD_LEAST ? 0 : little_u32(chunk.at + at + 4);
        if (*size >= RECORD_LEAST && *size <= left && little_u32(chunk.at + at + *size - 4) == *size) {
            return at;
        }
    }
    return STR_NOT_FOUND;
}

/* What is left of records from `at` on. The templates and names they mean may have been overwritten by others. */
static void recover(Reader *r, Str chunk, size_t at, size_t free_space)
{
    size_t size;
    if (!r->how.recover) {
        return;
    }
    r->xml.strict = true;
    for (; (at = find_record(chunk, at, &size)) != STR_NOT_FOUND; at += size) {
        Record record = record_at(r, chunk, at);
        if (!record.why) {
            record.why = at < free_space ? "behind damage in its chunk" : "behind the free-space offset of its chunk";
        }
        decode(r, &record, at + size - 4);
    }
    r->xml.strict = false;
}

/* ---- chunks ---- */

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
    if (free_space < CHUNK_HEADER || free_space > CHUNK) {
        damage(r, 48, "free-space offset", ST_FAILED);
        free_space = free_space > CHUNK ? CHUNK : CHUNK_HEADER;
    }
    const char *wrong = wrong_checksum(r, chunk, free_space, data_sum, header_sum);
    if (wrong) {
        note(r, 0, wrong);
        r->out->row->suspect = "a chunk's checksum does not match";
    }
    binxml_chunk(&r->xml, chunk);
    size_t at = CHUNK_HEADER, end = free_space < chunk.len ? free_space : chunk.len;
    bool more = true;
    while (more && at < end) {
        more = read_record(r, chunk, &at, end);
    }
    if (more && at < free_space) {
        damage(r, at, "chunk cut off", ST_PARTIAL);
    }
    recover(r, chunk, at, free_space);
    r->out->row->suspect = NULL;
}

static bool all_zero(Str s)
{
    return s.len == 0 || (s.at[0] == 0 && memcmp(s.at, s.at + 1, s.len - 1) == 0);
}

/* 64 KiB; less where a chunk begins in its place, and before one that begins where none should. */
static Str take_slot(Reader *r)
{
    Str slot = source_peek(r->src, CHUNK);
    size_t want = CHUNK;
    if (!str_starts(slot, CHUNK_MAGIC)) {
        want -= (r->src->offset - r->first_chunk) % CHUNK;
        size_t chunk = r->how.recover ? str_find(slot, CHUNK_MAGIC, 1) : STR_NOT_FOUND;
        want = chunk < want ? chunk : want;
    }
    return source_take(r->src, want);
}

static void read_lost_chunk(Reader *r, Str slot)
{
    damage(r, 0, "bytes that are no chunk", slot.len < CHUNK ? ST_PARTIAL : ST_FAILED);
    r->why = "in a chunk without its magic";
    binxml_chunk(&r->xml, slot);
    recover(r, slot, 0, slot.len);
}

/* Zeros at the end of a file are room for more chunks; before a chunk they are one that was lost. */
static void read_chunks(Reader *r)
{
    for (bool zeros = r->src->offset > FILE_HEADER;;) {
        r->chunk_at = r->src->offset;
        Str slot = take_slot(r);
        if (slot.len == 0) {
            return;
        }
        bool empty = all_zero(slot);
        r->why = (r->chunk_at - r->first_chunk) % CHUNK ? "in a chunk out of its place" : NULL;
        if (str_starts(slot, CHUNK_MAGIC)) {
            if (zeros) {
                damage(r, 0, "a slot of zeros before this chunk: what it held is lost", ST_FAILED);
            }
            read_chunk(r, slot);
        } else if (!empty) {
            read_lost_chunk(r, slot);
        }
        zeros = empty;
    }
}

static void read_counts(Reader *r, Str head)
{
    bool checked = !(little_u32(head.at + 120) & FLAG_NO_CHECKSUMS);
    if (checked && crc_add(&r->crc, 0, str_slice(head, 0, 120)) != little_u32(head.at + 124)) {
        note(r, 0, "file header checksum does not match");
    } else {
        r->header_chunks = little_u16(head.at + 42);
    }
    r->no_checksums = !checked;
}

/* Rows of zeros at the front of a member are never seen here: a header of zeros, and chunks. */
static void read_header(Reader *r)
{
    Str head = source_peek(r->src, FILE_HEADER);
    bool chunk = str_starts(head, CHUNK_MAGIC), skipped = r->src->offset > 0;
    if (skipped || (!chunk && !str_starts(head, FILE_MAGIC))) {
        damage(r, 0, "file header lost", ST_FAILED);
    } else if (!chunk && head.len < FILE_HEADER) {
        damage(r, 0, "file header cut off", ST_PARTIAL);
    } else if (!chunk) {
        read_counts(r, head);
    }
    if (!chunk && !skipped) {
        source_take(r->src, FILE_HEADER);
    }
    /* A carved file begins with a chunk. */
    r->first_chunk = chunk ? r->src->offset : FILE_HEADER;
}

/* The header of a dirty log is older than its chunks and counts too few of them, but never too many. */
static void check_count(Reader *r)
{
    uint64_t bytes = r->src->offset - r->first_chunk;
    if (r->header_chunks > bytes / CHUNK + (bytes % CHUNK != 0)) {
        r->chunk_at = r->src->offset;
        damage(r, 0, "cut off: the file header counts more chunks", ST_PARTIAL);
    }
}

static void tell_recovered(Reader *r, Arena *a)
{
    if (r->how.recover) {
        analysis_note(r->out, arena_format(a, "recovered records: %llu; others of which only the header is left: %llu",
                                           (unsigned long long)r->recovered, (unsigned long long)r->lost));
    }
}

static Status read_all(Reader *r, Source *src, Arena *scratch, BinXmlForm form)
{
    r->src = src;
    binxml_open(&r->xml, form, scratch);
    crc_prepare(&r->crc);
    if (!r->sink) {
        r->xml.wants = wanted;
        r->xml.with = r;
    }
    read_header(r);
    read_chunks(r);
    check_count(r);
    tell_recovered(r, scratch);
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
    r->how = how;
    return read_all(r, src, scratch, how.format == DUMP_JSONL ? BINXML_JSON : BINXML_XML);
}

/* A binary file of that name is one that has lost its header. */
static Bid evtx_bid(Str path, Str head)
{
    bool magic = str_starts(head, FILE_MAGIC) || str_starts(head, CHUNK_MAGIC);
    bool named = str_ends_nocase(path, STR(".evtx")) && str_find_byte(head, 0, 0) != STR_NOT_FOUND;
    return magic ? BID_MAGIC : named ? BID_NAME : BID_NO;
}

const Parser parser_evtx = {
    .name = "evtx",
    .reads = "Windows event logs (.evtx), whole, dirty, cut or carved",
    .kind = "evtx",
    .service = SERVICE_EVENT_LOG,
    .bid = evtx_bid,
    .parse = evtx_parse,
    .dump = evtx_dump,
    .writes_xml = true,
    .recovers = true,
};
