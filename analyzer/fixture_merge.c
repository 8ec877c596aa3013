#include "fixture_merge.h"

#include <stdlib.h>

#include "base/timestamp.h"

typedef struct Piece { /* a record or an event, with the time it belongs to */
    int64_t ns;
    size_t number; /* of equal times the first stays first */
    Str text;
} Piece;

typedef struct Pieces {
    Arena *a;
    VEC(Piece) list;
} Pieces;

typedef struct Text {
    Arena *a;
    VEC(uint8_t) bytes;
} Text;

static void put(Text *to, Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        *VEC_ADD(to->a, &to->bytes) = s.at[i];
    }
}

static void add_piece(Pieces *to, int64_t ns, Str text)
{
    *VEC_ADD(to->a, &to->list) = (Piece){ns, to->list.count, text};
}

static int piece_order(const void *a, const void *b)
{
    const Piece *x = a, *y = b;
    int order = (x->ns > y->ns) - (x->ns < y->ns);
    return order ? order : (x->number > y->number) - (x->number < y->number);
}

static void sort_pieces(Pieces *p)
{
    if (p->list.count) {
        qsort(p->list.at, p->list.count, sizeof *p->list.at, piece_order);
    }
}

/* --- lines ------------------------------------------------------------------------------------------------------ */

static bool stamp_of(Str line, int64_t *ns)
{
    Timestamp t;
    for (size_t at = 0; at + 19 <= line.len && at < 40; at++) {
        if (byte_digit(line.at[at]) && timestamp_iso(str_from(line, at), &t, NULL)) {
            *ns = t.ns;
            return true;
        }
    }
    return false;
}

static void add_lines(Pieces *to, Str text)
{
    int64_t ns = INT64_MIN, next;
    size_t from = 0;
    for (size_t at = 0; at < text.len;) {
        size_t end = str_find_byte(text, '\n', at);
        end = end == STR_NOT_FOUND ? text.len : end + 1;
        if (stamp_of(str_slice(text, at, end), &next)) {
            if (at > from) {
                add_piece(to, ns, str_slice(text, from, at));
            }
            from = at;
            ns = next;
        }
        at = end;
    }
    if (text.len > from) {
        add_piece(to, ns, str_from(text, from));
    }
}

Str merge_lines(Arena *a, Str base, Str added)
{
    Pieces pieces = {.a = a};
    Text to = {.a = a};
    add_lines(&pieces, base);
    add_lines(&pieces, added);
    sort_pieces(&pieces);
    for (size_t i = 0; i < pieces.list.count; i++) {
        Str text = pieces.list.at[i].text;
        put(&to, text);
        put(&to, str_ends(text, STR("\n")) ? (Str){0} : STR("\n"));
    }
    return (Str){to.bytes.at, to.bytes.count};
}

/* --- events ----------------------------------------------------------------------------------------------------- */

static Str between(Str text, Str before, Str after)
{
    size_t from = str_find(text, before, 0);
    size_t to = from == STR_NOT_FOUND ? STR_NOT_FOUND : str_find(text, after, from + before.len);
    return to == STR_NOT_FOUND ? (Str){0} : str_slice(text, from + before.len, to);
}

static bool add_base_events(Pieces *to, Str xml)
{
    Timestamp t;
    for (size_t from = 0, end; (from = str_find(xml, STR("<Event "), from)) != STR_NOT_FOUND; from = end) {
        end = str_find(xml, STR("</Event>"), from);
        if (end == STR_NOT_FOUND) {
            return false;
        }
        end += STR("</Event>").len;
        Str event = str_slice(xml, from, end);
        Str stamp = between(event, STR("SystemTime="), STR("/>"));
        if (!timestamp_iso(str_from(stamp, 1), &t, NULL) || !str_has(event, STR("</EventRecordID>"))) {
            return false;
        }
        add_piece(to, t.ns, event);
    }
    return true;
}

static void put_escaped(Text *to, Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.at[i];
        bool byte =
            c == '{' && i + 3 < s.len && s.at[i + 3] == '}' && byte_hex(s.at[i + 1]) >= 0 && byte_hex(s.at[i + 2]) >= 0;
        if (byte) {
            c = (uint8_t)(byte_hex(s.at[i + 1]) << 4 | byte_hex(s.at[i + 2]));
            i += 3;
        }
        put(to, c == '&'    ? STR("&amp;")
                : c == '<'  ? STR("&lt;")
                : c == '>'  ? STR("&gt;")
                : c == '\'' ? STR("&apos;")
                : c == '\n' ? STR("&#10;")
                            : (Str){&c, 1});
    }
}

static void put_attribute(Text *to, Str name, Str value)
{
    if (value.len) {
        put(to, name);
        put_escaped(to, value);
        put(to, STR("'"));
    }
}

/* The next part of a line, up to the separator; empty when there is none. */
static Str next_part(Str *rest, Str separator)
{
    size_t cut = str_find(*rest, separator, 0);
    Str part = str_slice(*rest, 0, cut);
    *rest = cut == STR_NOT_FOUND ? (Str){0} : str_from(*rest, cut + separator.len);
    return str_trim(part);
}

static void put_datum(Text *to, Str part)
{
    size_t cut = str_starts(part, STR("@")) ? str_find_byte(part, '=', 0) : STR_NOT_FOUND;
    Str name = cut == STR_NOT_FOUND ? (Str){0} : str_slice(part, 1, cut);
    if (str_eq(name, STR("Binary"))) {
        put(to, STR("<Binary>"));
        put(to, str_from(part, cut + 1));
        put(to, STR("</Binary>"));
        return;
    }
    put(to, STR("<Data"));
    put_attribute(to, STR(" Name='"), name);
    put(to, STR(">"));
    put_escaped(to, name.len ? str_from(part, cut + 1) : part);
    put(to, STR("</Data>"));
}

static void put_system(Text *to, Str provider, Str id, Str level, Str time, Str channel, Str computer)
{
    put(to, STR("<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider"));
    put_attribute(to, STR(" Name='"), next_part(&provider, STR(";")));
    put_attribute(to, STR(" Guid='"), next_part(&provider, STR(";")));
    put_attribute(to, STR(" EventSourceName='"), next_part(&provider, STR(";")));
    put(to, STR("/><EventID"));
    Str number = next_part(&id, STR(";"));
    put_attribute(to, STR(" Qualifiers='"), id);
    put(to, STR(">"));
    put_escaped(to, number);
    put(to, STR("</EventID><Level>"));
    put_escaped(to, level);
    put(to, STR("</Level><Task>0</Task><Keywords>0x80000000000000</Keywords><TimeCreated"));
    put_attribute(to, STR(" SystemTime='"), time);
    put(to, STR("/><EventRecordID>0</EventRecordID><Channel>"));
    put_escaped(to, channel);
    put(to, STR("</Channel><Computer>"));
    put_escaped(to, computer);
    put(to, STR("</Computer><Security/></System>"));
}

static bool add_event(Pieces *to, Str line, Str channel, Str computer)
{
    Timestamp t;
    Text event = {.a = to->a};
    Str time = next_part(&line, STR("|")), provider = next_part(&line, STR("|"));
    Str id = next_part(&line, STR("|")), level = next_part(&line, STR("|"));
    if (!timestamp_iso(time, &t, NULL) || !provider.len || !id.len || !level.len) {
        return false;
    }
    put_system(&event, provider, id, level, time, channel, computer);
    put(&event, STR("<EventData>"));
    while (line.len) {
        put_datum(&event, next_part(&line, STR(" | ")));
    }
    put(&event, STR("</EventData></Event>"));
    add_piece(to, t.ns, (Str){event.bytes.at, event.bytes.count});
    return true;
}

static Str join_events(Pieces *pieces, uint64_t first)
{
    Text to = {.a = pieces->a};
    put(&to, STR("<Events>\n"));
    for (size_t i = 0; i < pieces->list.count; i++) {
        Str event = pieces->list.at[i].text;
        size_t from = str_find(event, STR("<EventRecordID>"), 0) + STR("<EventRecordID>").len;
        size_t end = str_find(event, STR("</EventRecordID>"), 0);
        put(&to, str_slice(event, 0, from));
        put(&to, arena_format(pieces->a, "%llu", (unsigned long long)(first + i)));
        put(&to, str_from(event, end));
        put(&to, STR("\n"));
    }
    put(&to, STR("</Events>\n"));
    return (Str){to.bytes.at, to.bytes.count};
}

Str merge_events(Arena *a, Str base, Str added, Str channel, Str computer, const char **why)
{
    Pieces pieces = {.a = a};
    uint64_t first = 1;
    str_u64(between(base, STR("<EventRecordID>"), STR("</EventRecordID>")), 10, &first);
    Str own = between(base, STR("<Computer>"), STR("</Computer>"));
    if (!add_base_events(&pieces, base)) {
        *why = "its base is not event XML with attributes in apostrophes, a time and a record id";
    }
    size_t number = 0;
    for (Str rest = added, line; !*why && str_split(&rest, '\n', &line);) {
        line = str_trim(line);
        number++;
        if (line.len && line.at[0] != '#' && !add_event(&pieces, line, channel, own.len ? own : computer)) {
            *why = (const char *)arena_format(a, "line %zu: an event is: time | provider | event id | level | data",
                                              number)
                       .at;
        }
    }
    if (!*why && !own.len && !computer.len) {
        *why = "no base tells its computer, and bundle.txt has no line `computer NAME`";
    }
    sort_pieces(&pieces);
    return *why ? (Str){0} : join_events(&pieces, first);
}
