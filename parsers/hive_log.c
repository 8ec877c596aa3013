/* Both forms: M. Suhanov, "Windows registry file format specification", sections "Format of transaction log files" and
 * "Multiple transaction log files". */
#include "hive_log.h"

#include "base/cursor.h"
#include "limits.h"

#define SECTOR       ((size_t)512)
#define ENTRY_HEADER 40
#define HASHED_HEAD  32
#define REFERENCE    8

/* --- Marvin32 --------------------------------------------------------------------------------------------------- */

typedef struct Marvin {
    uint32_t low, high;
} Marvin;

static uint32_t rotate(uint32_t n, unsigned by)
{
    return n << by | n >> (32 - by);
}

static void marvin_add(Marvin *m, uint32_t word)
{
    m->low += word;
    m->high ^= m->low;
    m->low = rotate(m->low, 20) + m->high;
    m->high = rotate(m->high, 9) ^ m->low;
    m->low = rotate(m->low, 27) + m->high;
    m->high = rotate(m->high, 19);
}

uint64_t hive_log_hash(Str bytes)
{
    Marvin m = {0x7A4E55C5u, 0x82EF4D88u};
    Cursor c = cursor_of(bytes);
    while (cur_left(&c) >= 4) {
        marvin_add(&m, cur_u32(&c, "word"));
    }
    uint32_t last = 0x80;
    for (size_t i = bytes.len; i > c.pos; i--) {
        last = last << 8 | bytes.at[i - 1];
    }
    marvin_add(&m, last);
    marvin_add(&m, 0);
    return (uint64_t)m.high << 32 | m.low;
}

/* --- the new form ----------------------------------------------------------------------------------------------- */

typedef struct Entry {
    Str bytes; /* from its head to the end of the log */
    uint32_t size, number, bins_size, pages;
    uint64_t hash_1, hash_2;
    Str references, data;
} Entry;

/* NULL if the page fits into the hive, else what is wrong. */
static const char *page_wrong(uint32_t offset, uint32_t size, uint32_t bins_size, size_t left)
{
    bool inside = size && offset % HIVE_PAGE == 0 && size % HIVE_PAGE == 0 && offset < bins_size &&
                  size <= bins_size - offset && size <= left;
    return inside ? NULL : "an entry names a page that cannot be";
}

static const char *pages_wrong(const Entry *e)
{
    Cursor c = cursor_of(e->references);
    size_t left = e->data.len;
    for (uint32_t i = 0; i < e->pages; i++) {
        uint32_t offset = cur_u32(&c, "offset"), size = cur_u32(&c, "size");
        const char *wrong = page_wrong(offset, size, e->bins_size, left);
        if (wrong) {
            return wrong;
        }
        left -= size;
    }
    return NULL;
}

/* The entry at `at`; false if not even its head is there. */
static bool entry_at(const HiveLog *log, size_t at, Entry *e)
{
    e->bytes = str_from(log->bytes, at);
    Cursor c = cursor_of(e->bytes);
    bool named = str_eq(cur_bytes(&c, 4, "signature"), STR("HvLE"));
    uint32_t size = cur_u32(&c, "size");
    cur_u32(&c, "flags");
    e->number = cur_u32(&c, "number");
    e->bins_size = cur_u32(&c, "size of the bins");
    e->pages = cur_u32(&c, "pages");
    e->hash_1 = cur_u64(&c, "hash");
    e->hash_2 = cur_u64(&c, "hash");
    e->size = size;
    e->references = cur_bytes(&c, (size_t)e->pages * REFERENCE, "pages");
    e->data = str_slice(e->bytes, c.pos, size);
    return named && c.pos >= ENTRY_HEADER;
}

/* NULL if it is whole, else why not. */
static const char *entry_wrong(const Entry *e)
{
    if (e->size > e->bytes.len || e->size < ENTRY_HEADER || e->size % SECTOR) {
        return e->size > e->bytes.len ? "an entry is cut off" : "the size of an entry cannot be";
    }
    if (hive_log_hash(str_slice(e->bytes, 0, HASHED_HEAD)) != e->hash_2 ||
        hive_log_hash(str_slice(e->bytes, ENTRY_HEADER, e->size)) != e->hash_1) {
        return "the checksums of an entry do not fit";
    }
    if (!e->bins_size || e->bins_size % HIVE_BLOCK || e->pages > (e->size - ENTRY_HEADER) / REFERENCE) {
        return "an entry contradicts itself";
    }
    return pages_wrong(e);
}

static void count_entries(HiveLog *log)
{
    size_t at = log->at;
    for (Entry e; entry_at(log, at, &e) && !(log->stops = entry_wrong(&e)); at += e.size) {
        log->first = log->entries ? log->first : e.number;
        if (e.number != log->first + log->entries) {
            break; /* older ones, from before the log was begun anew */
        }
        log->entries++;
    }
    log->stops_at = at;
}

/* --- the old form ----------------------------------------------------------------------------------------------- */

static size_t sector_of(const HiveBase *base)
{
    return base->root != HIVE_NONE && base->sector == HIVE_BLOCK / SECTOR ? HIVE_BLOCK : SECTOR;
}

static Str bitmap_of(const HiveLog *log)
{
    size_t bits = log->base.bins_size / HIVE_PAGE;
    return str_slice(log->bytes, log->at + 4, log->at + 4 + (bits + 7) / 8);
}

static bool is_dirty(Str bitmap, size_t page)
{
    return bitmap.at[page / 8] >> page % 8 & 1;
}

static size_t dirty_pages_at(const HiveLog *log)
{
    size_t sector = log->at, end = log->at + 4 + bitmap_of(log).len;
    return (end + sector - 1) / sector * sector;
}

static void count_dirty(HiveLog *log)
{
    Str bitmap = bitmap_of(log);
    size_t pages = log->base.bins_size / HIVE_PAGE;
    log->stops_at = log->at;
    if (log->base.root == HIVE_NONE || !hive_base_clean(&log->base) || bitmap.len < (pages + 7) / 8) {
        log->stops = bitmap.len < (pages + 7) / 8 ? "it is cut off" : "its own base block is not whole";
        return;
    }
    for (size_t i = 0; i < pages; i++) {
        log->pages += is_dirty(bitmap, i);
    }
    size_t from = dirty_pages_at(log);
    if (from > log->bytes.len || (log->bytes.len - from) / HIVE_PAGE < log->pages) {
        log->stops = "it is cut off";
        log->stops_at = log->bytes.len;
    }
}

/* --- both ------------------------------------------------------------------------------------------------------- */

void hive_log_open(Str bytes, HiveLog *log)
{
    *log = (HiveLog){.bytes = bytes};
    hive_base(bytes, &log->base);
    size_t places[] = {SECTOR, sector_of(&log->base)};
    for (size_t i = 0; i < 2 && log->form == HIVE_LOG_EMPTY; i++) {
        Str signature = str_slice(bytes, places[i], places[i] + 4);
        log->at = places[i];
        log->form = str_eq(signature, STR("HvLE"))   ? HIVE_LOG_NEW
                    : str_eq(signature, STR("DIRT")) ? HIVE_LOG_OLD
                                                     : HIVE_LOG_EMPTY;
    }
    if (log->form == HIVE_LOG_NEW) {
        count_entries(log);
    } else if (log->form == HIVE_LOG_OLD) {
        count_dirty(log);
    }
}

/* --- replay ----------------------------------------------------------------------------------------------------- */

/* Numbers run on beyond their largest. */
static bool is_after(uint32_t a, uint32_t b)
{
    return a != b && a - b < 0x80000000u;
}

/* The first bin keeps a copy of when the hive was written. */
static uint64_t written_of_bins(Str bins)
{
    Cursor c = {.in = bins, .pos = 0};
    Str signature = cur_bytes(&c, 4, "signature");
    cur_seek(&c, 20, "written");
    uint64_t written = cur_u64(&c, "written");
    return str_eq(signature, STR("hbin")) ? written : 0;
}

static bool old_fits(const HiveLog *log, uint64_t written)
{
    return log->form == HIVE_LOG_OLD && !log->stops && log->base.written == written;
}

/* A base block that is lost stands in the newest log. */
static const HiveLog *log_with_base(const HiveLog *logs, size_t count, Str bins)
{
    const HiveLog *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const HiveLog *log = &logs[i];
        bool usable = log->base.root != HIVE_NONE && hive_base_clean(&log->base) &&
                      (log->form != HIVE_LOG_OLD || old_fits(log, written_of_bins(bins)));
        if (usable && (!best || is_after(log->base.primary, best->base.primary))) {
            best = log;
        }
    }
    return best;
}

typedef struct Table {
    const uint8_t **pages;
    size_t count;
    HiveReplay *to;
} Table;

static void put_pages(Table *t, uint32_t offset, Str data)
{
    for (size_t done = 0; done < data.len; done += HIVE_PAGE) {
        t->pages[(offset + done) / HIVE_PAGE] = data.at + done;
    }
    t->to->len = offset + data.len > t->to->len ? offset + data.len : t->to->len;
}

static void put_entry(Table *t, const Entry *e)
{
    Cursor c = cursor_of(e->references);
    size_t done = 0;
    for (uint32_t i = 0; i < e->pages; i++) {
        uint32_t offset = cur_u32(&c, "offset"), size = cur_u32(&c, "size");
        put_pages(t, offset, str_slice(e->data, done, done + size));
        done += size;
    }
    t->to->base.bins_size = e->bins_size;
    t->to->base.primary = t->to->base.secondary = e->number;
}

/* From the number that is next; what was applied before it was logged further may stand in front. */
static void replay_new(Table *t, HiveLog *log, uint32_t *next)
{
    size_t at = log->at;
    Entry e;
    for (unsigned i = 0; i < log->entries; i++, at += e.size) {
        entry_at(log, at, &e);
        if (e.number != *next && (log->replayed || is_after(e.number, *next))) {
            return;
        }
        if (e.number == *next && e.bins_size / HIVE_PAGE > t->count) {
            log->stops = "the hive grows beyond what is read";
            log->stops_at = at;
            return;
        }
        if (e.number == *next) {
            put_entry(t, &e);
            log->replayed++;
            ++*next;
        }
    }
}

static void replay_old(Table *t, HiveLog *log)
{
    Str bitmap = bitmap_of(log);
    size_t from = dirty_pages_at(log), pages = log->base.bins_size / HIVE_PAGE;
    for (size_t i = 0; i < pages && i < t->count; i++) {
        if (is_dirty(bitmap, i)) {
            put_pages(t, (uint32_t)(i * HIVE_PAGE), str_slice(log->bytes, from, from + HIVE_PAGE));
            from += HIVE_PAGE;
        }
    }
    log->replayed = 1;
    t->to->base = log->base;
    t->to->base.type = 0;
}

/* A base block that was lost does not tell which entries are in the hive already. Those of the other log that lead up
 * to the newest one's are replayed too: where they were before, they change nothing. */
static uint32_t chain_start(const HiveLog *logs, size_t count, uint32_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (logs[i].entries && logs[i].first + logs[i].entries == number) {
            return logs[i].first;
        }
    }
    return number;
}

/* Pages of the largest hive that the logs make of it. */
static size_t pages_of(Str bins, const HiveLog *logs, size_t count)
{
    uint64_t most = bins.len;
    for (size_t i = 0; i < count; i++) {
        Entry e;
        size_t at = logs[i].at;
        for (unsigned k = 0; k < logs[i].entries; k++, at += e.size) {
            entry_at(&logs[i], at, &e);
            most = e.bins_size > most ? e.bins_size : most;
        }
        most = logs[i].form == HIVE_LOG_OLD && logs[i].base.bins_size > most ? logs[i].base.bins_size : most;
    }
    most = most < LIMIT_HIVES ? most : LIMIT_HIVES;
    return most / HIVE_PAGE;
}

/* The log with the next number first, be it the first or the second by name. */
static bool replay_entries(Table *t, HiveLog *logs, size_t count)
{
    uint32_t first = t->to->base.secondary, next = first;
    for (size_t round = 0; round < count; round++) {
        for (size_t i = 0; i < count; i++) {
            if (logs[i].form == HIVE_LOG_NEW && !logs[i].replayed) {
                replay_new(t, &logs[i], &next);
            }
        }
    }
    return next != first;
}

static void replay_bitmap(Table *t, HiveLog *logs, size_t count, uint64_t written)
{
    HiveLog *old = NULL;
    for (size_t i = 0; i < count; i++) {
        if (old_fits(&logs[i], written) && (!old || is_after(logs[i].base.primary, old->base.primary))) {
            old = &logs[i];
        }
    }
    if (old) {
        replay_old(t, old);
    }
}

void hive_replay(const HiveBase *base, Str bins, HiveLog *logs, size_t count, Arena *a, HiveReplay *to)
{
    *to = (HiveReplay){.base = {.root = HIVE_NONE}, .len = bins.len, .dirty = !base || !hive_base_clean(base)};
    const HiveLog *from = base && base->sum_fits ? NULL : log_with_base(logs, count, bins);
    to->base = base ? *base : to->base;
    if (from) {
        to->base = from->base;
        to->base.type = 0;
        to->base.primary = to->base.secondary = chain_start(logs, count, from->base.primary);
        to->base_recovered = true;
    }
    if (!to->dirty || (to->base.root == HIVE_NONE && !from)) {
        return;
    }
    Table t = {.count = pages_of(bins, logs, count), .to = to};
    t.pages = ARENA_NEW(a, const uint8_t *, t.count);
    if (!replay_entries(&t, logs, count)) {
        replay_bitmap(&t, logs, count, base && base->sum_fits ? base->written : written_of_bins(bins));
    }
    to->pages = t.pages;
    to->page_count = t.count;
}
