#include "duplicate.h"

#include <stdlib.h>

#include "error_code.h"
#include "root.h"

/* Events of one id in one second that are compared with one another. */
#define PRINTS_MOST 256

/* --- identity --------------------------------------------------------------------------------------------------- */

static void mix(uint64_t *h, Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        *h = (*h ^ byte_lower(s.at[i])) * 1099511628211u;
    }
    *h = (*h ^ 0xFF) * 1099511628211u;
}

static void mix_number(uint64_t *h, uint64_t n)
{
    for (int i = 0; i < 8; i++, n >>= 8) {
        *h = (*h ^ (n & 0xFF)) * 1099511628211u;
    }
}

static bool has_record(const Event *ev)
{
    return ev->service == SERVICE_EVENT_LOG && !ev->is_line && ev->record > 0;
}

/* A line by its stamp as it stands: the zone may be found for one copy of a log and not for the other. */
static bool has_stamp(const Event *ev)
{
    return ev->time_text.len > 0 && ev->trust < TRUST_INHERITED;
}

/* An export may have cut the fraction off. */
static int64_t second_of(const Event *ev)
{
    return ev->time_ns / NS_SECOND;
}

static Str file_name(const SourceRow *row)
{
    size_t cut = str_rfind_byte(row->path, '/');
    return cut == STR_NOT_FOUND ? row->path : str_from(row->path, cut + 1);
}

uint64_t duplicate_hash(const Kept *k)
{
    const Event *ev = &k->ev;
    uint64_t h = 14695981039346656037u;
    mix_number(&h, (uint64_t)ev->service << 32 | ev->id);
    mix(&h, ev->channel);
    mix(&h, ev->computer);
    if (has_record(ev)) {
        mix_number(&h, ev->record);
        mix_number(&h, (uint64_t)second_of(ev));
        return h;
    }
    if (has_stamp(ev)) {
        mix(&h, ev->time_text);
    } else {
        mix_number(&h, (uint64_t)ev->time_ns);
        mix(&h, file_name(k->row));
    }
    mix(&h, ev->provider);
    mix(&h, ev->message);
    for (size_t i = 0; i < ev->field_count; i++) {
        mix(&h, ev->fields[i].name);
        mix(&h, ev->fields[i].value);
    }
    return h;
}

/* A stamp may lack its date; the zones that were found for two copies may differ by hours. */
static bool same_day(const Event *a, const Event *b)
{
    return llabs(a->time_ns - b->time_ns) < NS_DAY;
}

static bool same_fields(const Event *a, const Event *b)
{
    bool same = a->field_count == b->field_count;
    for (size_t i = 0; same && i < a->field_count; i++) {
        same = str_eq_nocase(a->fields[i].name, b->fields[i].name) &&
               str_eq_nocase(a->fields[i].value, b->fields[i].value);
    }
    return same;
}

/* Hashes that meet by chance must not make an event vanish. */
static bool same_event(const Kept *x, const Kept *y)
{
    const Event *a = &x->ev, *b = &y->ev;
    if (a->service != b->service || a->id != b->id || !str_eq_nocase(a->channel, b->channel) ||
        !str_eq_nocase(a->computer, b->computer)) {
        return false;
    }
    if (has_record(a) || has_record(b)) {
        return a->record == b->record && second_of(a) == second_of(b);
    }
    bool stamped = has_stamp(a) && has_stamp(b);
    return (stamped ? str_eq_nocase(a->time_text, b->time_text) && same_day(a, b)
                    : a->time_ns == b->time_ns && str_eq_nocase(file_name(x->row), file_name(y->row))) &&
           str_eq_nocase(a->provider, b->provider) && str_eq_nocase(a->message, b->message) && same_fields(a, b);
}

/* --- copies ----------------------------------------------------------------------------------------------------- */

typedef struct Told {
    uint64_t hash;
    Kept *kept;
    uint32_t rank; /* of its row: the newest copy tells most, and where it was cut short another one does */
    uint32_t at;
} Told;

typedef struct Copies {
    Analysis *part, *whole;
    uint32_t *ranks;          /* by row number, as those below */
    uint64_t *told, *dropped; /* events, and those of them that a better copy tells */
} Copies;

static int row_rank(const void *a, const void *b)
{
    const SourceRow *x = *(SourceRow *const *)a, *y = *(SourceRow *const *)b;
    return x->trust != y->trust                                 ? (int)x->trust - (int)y->trust
           : x->span.to_ns != y->span.to_ns                     ? (x->span.to_ns > y->span.to_ns ? -1 : 1)
           : (x->status == ROW_READ) != (y->status == ROW_READ) ? (x->status == ROW_READ ? -1 : 1)
           : x->number != y->number                             ? (x->number < y->number ? -1 : 1)
                                                                : 0;
}

static int told_order(const void *a, const void *b)
{
    const Told *x = a, *y = b;
    return x->hash != y->hash   ? (x->hash < y->hash ? -1 : 1)
           : x->rank != y->rank ? (x->rank < y->rank ? -1 : 1)
           : x->at != y->at     ? (x->at < y->at ? -1 : 1)
                                : 0;
}

static uint32_t *ranks_find(const Analysis *part, Arena *scratch)
{
    size_t count = part->rows.count;
    uint32_t *ranks = ARENA_NEW(scratch, uint32_t, count);
    const SourceRow **rows = ARENA_NEW(scratch, const SourceRow *, count);
    for (size_t i = 0; i < count; i++) {
        rows[i] = part->rows.at[i];
    }
    qsort(rows, count, sizeof *rows, row_rank);
    for (size_t i = 0; i < count; i++) {
        ranks[rows[i]->number] = (uint32_t)i;
    }
    return ranks;
}

/* State is no event: of several collections the newest has the word (state.h). */
static bool is_told(const Kept *k)
{
    return k->ev.service < SERVICE_EPISODE && k->ev.service != SERVICE_DISKINSPECT && k->ev.time_ns != TIME_NONE;
}

static void codes_take(Analysis *whole, const Kept *k)
{
    for (size_t i = 0; i < k->code_count; i++) {
        size_t from = 0, to = whole->codes.count;
        while (from < to) { /* in the order of analysis_sort */
            size_t mid = from + (to - from) / 2;
            CodeMet *met = &whole->codes.at[mid];
            bool before =
                met->family != k->codes[i].family ? met->family < k->codes[i].family : met->code < k->codes[i].code;
            from = before ? mid + 1 : from;
            to = before ? to : mid;
        }
        if (from < whole->codes.count && whole->codes.at[from].count > 1) {
            whole->codes.at[from].count--;
        }
    }
}

static void drop(Copies *c, Kept *k, const Kept *better)
{
    SourceRow *row = c->part->rows.at[k->row->number];
    if (!row->copy_of || c->ranks[better->row->number] < c->ranks[row->copy_of->number]) {
        row->copy_of = better->row;
    }
    c->dropped[row->number]++;
    k->again = true;
    codes_take(c->whole, k);
}

/* One event in all its copies: as often as the copy that has it most often. */
static void told_once(Copies *c, const Told *told, size_t count)
{
    size_t most = 0;
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && told[end].rank == told[i].rank; end++) {
        }
        for (size_t k = i; k < end && k - i < most; k++) {
            if (same_event(told[0].kept, told[k].kept)) {
                drop(c, told[k].kept, told[0].kept);
            }
        }
        most = end - i > most ? end - i : most;
    }
}

static void forget(Analysis *part)
{
    size_t kept = 0, matches = 0;
    for (size_t i = 0; i < part->kept.count; i++) {
        if (!part->kept.at[i]->again) {
            part->kept.at[kept++] = part->kept.at[i];
        }
    }
    for (size_t i = 0; i < part->matches.count; i++) {
        if (!part->matches.at[i].kept->again) {
            part->matches.at[matches++] = part->matches.at[i];
        }
    }
    part->kept.count = kept;
    part->matches.count = matches;
}

/* --- printed copies --------------------------------------------------------------------------------------------- */

/* What Event Viewer prints of a record has no number, and its texts are those of a display language: it is the same
 * where log, id, source and second are. */
static bool is_comparable(const Kept *k)
{
    const Event *ev = &k->ev;
    return !k->again && ev->service == SERVICE_EVENT_LOG && is_told(k) && ev->trust != TRUST_LOCAL &&
           !ev->doubt.early_ns && !ev->doubt.late_ns;
}

static uint64_t printed_hash(const Event *ev)
{
    uint64_t h = 14695981039346656037u;
    mix_number(&h, ev->id);
    mix_number(&h, (uint64_t)second_of(ev));
    mix(&h, ev->channel);
    return h;
}

static bool same_source(const Event *a, const Event *b)
{
    const Str x[] = {a->provider, a->provider_alias}, y[] = {b->provider, b->provider_alias};
    for (size_t i = 0; i < 4; i++) {
        if (x[i / 2].len && str_eq_nocase(x[i / 2], y[i % 2])) {
            return true;
        }
    }
    return false;
}

/* The ranks put those with a stamp of their own first. */
static bool is_print_of(const Kept *printed, const Kept *k)
{
    const Event *a = &printed->ev, *b = &k->ev;
    bool machine =
        !a->computer.len || !b->computer.len || root_same_name(root_label(a->computer), root_label(b->computer));
    return printed->row != k->row && !(has_record(a) && has_record(b)) && a->id == b->id &&
           second_of(a) == second_of(b) && machine && str_eq_nocase(a->channel, b->channel) && same_source(a, b);
}

/* Each event has one print in each source. */
static void prints_drop(Copies *c, const Told *told, size_t count)
{
    for (size_t i = 1, first = 0; i < count; i++) {
        first = told[i].rank == told[i - 1].rank ? first : i;
        size_t nth = i - first;
        for (size_t k = 0, seen = 0; k < first && !told[i].kept->again; k++) {
            seen = k && told[k].rank == told[k - 1].rank ? seen : 0;
            if (!told[k].kept->again && is_print_of(told[i].kept, told[k].kept) && seen++ == nth) {
                drop(c, told[i].kept, told[k].kept);
            }
        }
    }
}

static void printed_once(Copies *c, Arena *scratch)
{
    Told *told = ARENA_NEW(scratch, Told, c->part->kept.count + 1);
    size_t count = 0;
    for (size_t i = 0; i < c->part->kept.count; i++) {
        Kept *k = c->part->kept.at[i];
        if (is_comparable(k)) {
            told[count++] = (Told){printed_hash(&k->ev), k, c->ranks[k->row->number], (uint32_t)i};
        }
    }
    qsort(told, count, sizeof *told, told_order);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && told[end].hash == told[i].hash && end - i < PRINTS_MOST; end++) {
        }
        prints_drop(c, told + i, end - i);
    }
}

/* --- what the ledger says --------------------------------------------------------------------------------------- */

static uint64_t ids_shared(const SourceRow *a, const SourceRow *b)
{
    uint64_t count = 0;
    for (size_t i = 0, j = 0; i < a->runs.count && j < b->runs.count;) {
        const IdRun *x = &a->runs.at[i], *y = &b->runs.at[j];
        uint64_t first = x->first > y->first ? x->first : y->first, last = x->last < y->last ? x->last : y->last;
        count += first <= last ? last - first + 1 : 0;
        i += x->last <= y->last;
        j += y->last < x->last;
    }
    return count;
}

static Str copy_note(const Copies *c, const SourceRow *row)
{
    Arena *run = c->part->run;
    uint64_t dropped = c->dropped[row->number], shared = ids_shared(row, row->copy_of);
    bool all = !shared && dropped == c->told[row->number] && !analysis_full(row);
    Str what = shared ? arena_format(run, "%llu of its %llu records are in ", (unsigned long long)shared,
                                     (unsigned long long)row->events)
               : all  ? STR("what it tells is in ")
                      : arena_format(run, "%llu of the events it tells are in ", (unsigned long long)dropped);
    Str parts[] = {row->note, row->note.len ? STR("; ") : (Str){0}, what, row->copy_of->path,
                   all ? STR(", too, and counts once") : STR(", too, and count once")};
    return arena_join(run, parts, sizeof parts / sizeof *parts);
}

static void tell(Copies *c)
{
    for (size_t i = 0; i < c->part->rows.count; i++) {
        SourceRow *row = c->part->rows.at[i];
        if (!c->dropped[i]) {
            continue;
        }
        row->note = copy_note(c, row);
        if (analysis_full(row) || analysis_full(row->copy_of)) {
            c->whole->row = row;
            analysis_limit(c->whole, "duplicates", "error codes of what could not be kept may be counted twice");
        }
    }
}

static Told *told_list(Copies *c, Arena *scratch, size_t *count)
{
    Told *told = ARENA_NEW(scratch, Told, c->part->kept.count + 1);
    *count = 0;
    for (size_t i = 0; i < c->part->kept.count; i++) {
        Kept *k = c->part->kept.at[i];
        if (is_told(k)) {
            told[(*count)++] = (Told){duplicate_hash(k), k, c->ranks[k->row->number], (uint32_t)i};
            c->told[k->row->number]++;
        }
    }
    qsort(told, *count, sizeof *told, told_order);
    return told;
}

void duplicate_drop(Analysis *part, Analysis *whole)
{
    Arena scratch = {0};
    size_t rows = part->rows.count, count;
    Copies c = {part, whole, ranks_find(part, &scratch), ARENA_NEW(&scratch, uint64_t, rows),
                ARENA_NEW(&scratch, uint64_t, rows)};
    Told *told = told_list(&c, &scratch, &count);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && told[end].hash == told[i].hash; end++) {
        }
        told_once(&c, told + i, end - i);
    }
    printed_once(&c, &scratch);
    forget(part);
    tell(&c);
    arena_free(&scratch);
}
