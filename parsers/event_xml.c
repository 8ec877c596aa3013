/* Exported event XML: Event Viewer "save as", copies of its XML view, wevtutil qe, Get-WinEvent … ToXml, other tools.
 *
 *   <Events><Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='VSS'/>
 *   <EventID Qualifiers='0'>8193</EventID><Level>2</Level> … </System><EventData><Data>…</Data></EventData></Event> …
 *
 * Elements: [MS-EVEN6] 2.2.13 and the event schema. Most exports are not XML documents: they have no root, one root too
 * many, prose between the events, a declaration that lies, characters that XML forbids. So a splitter of ours cuts out
 * one <Event> after the other, and libxml2 sees each alone. */
#include <libxml/xmlreader.h>
#include <string.h>

#include "base/utf.h"
#include "event_record.h"
#include "limits.h"
#include "parser.h"

/* The longest start tag that is looked at; bounds what one `<` can cost. */
#define TAG_BYTES (4 * KIB)
/* Enough for the start tag of an event and the tag behind it. */
#define LOOK_AHEAD (3 * TAG_BYTES)
/* Attributes of one element: libxml2 compares each with all others. Real events have at most five. */
#define TAG_ATTRIBUTES 64
#define PEEK_BYTES     (64 * KIB)
#define NAME_BYTES     128

typedef enum Comment { COMMENT, CDATA, INSTRUCTION, COMMENT_KINDS } Comment;
static const char *const comment_ends[] = {"-->", "]]>", "?>"};

typedef struct Splitter {
    Source *src;
    Analysis *out;
    Arena *scratch;
    xmlTextReader *reader;
    Status status;
    uint64_t unclosed[COMMENT_KINDS]; /* no end of such a thing lies between here and … */
    uint8_t root[NAME_BYTES];
    size_t root_len;
    bool root_open;
    bool headless; /* the event of the next </Event> was already told of */
} Splitter;

/* --- markup ------------------------------------------------------------------------------------------------------- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool ends_name(uint8_t c)
{
    return is_blank(c) || c == '>' || c == '/' || c == '<' || c == 0xC2; /* U+00A0: a blank that was pasted */
}

static Str local_name(Str name)
{
    size_t colon = str_rfind_byte(name, ':');
    return colon == STR_NOT_FOUND ? name : str_from(name, colon + 1);
}

/* The local name of the tag whose name begins at `from`; empty if it does not end within NAME_BYTES. */
static Str name_at(Str text, size_t from)
{
    Str part = str_slice(text, from, from + NAME_BYTES);
    for (size_t i = 0; i < part.len; i++) {
        if (ends_name(part.at[i])) {
            return local_name(str_slice(part, 0, i));
        }
    }
    return (Str){part.at, 0};
}

/* Behind the `>` of the tag that begins at `from`, or STR_NOT_FOUND. XML has no `<` inside a tag, quoted or not. */
static size_t tag_end(Str text, size_t from)
{
    Str part = str_slice(text, from, from + TAG_BYTES);
    uint8_t quote = 0;
    for (size_t i = 1; i < part.len && part.at[i] != '<'; i++) {
        uint8_t c = part.at[i];
        if (quote) {
            quote = c == quote ? 0 : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            return from + i + 1;
        }
    }
    return STR_NOT_FOUND;
}

/* Tells the start of another event from an element of that name inside one. */
static bool is_event_start(Str text, size_t from)
{
    size_t end = tag_end(text, from);
    if (end == STR_NOT_FOUND || !str_eq(name_at(text, from + 1), STR("Event"))) {
        return false;
    }
    size_t next = str_find_byte(str_slice(text, 0, end + TAG_BYTES), '<', end);
    return next != STR_NOT_FOUND && str_eq(name_at(text, next + 1), STR("System"));
}

/* The kind of what begins with `<!` or `<?` at `from`; COMMENT_KINDS if it is none that can hide tags. */
static Comment comment_kind(Str text, size_t from)
{
    Str part = str_from(text, from);
    return str_starts(part, STR("<!--"))        ? COMMENT
           : str_starts(part, STR("<![CDATA[")) ? CDATA
           : str_starts(part, STR("<?"))        ? INSTRUCTION
                                                : COMMENT_KINDS;
}

/* Behind the comment, CDATA section or instruction that begins at `from` (or behind its first bytes, if it is none or
 * never ends). False: more text is needed to tell. */
static bool skip_comment(Splitter *sp, Str text, bool all, size_t from, size_t *end)
{
    Comment kind = comment_kind(text, from);
    *end = from + 2;
    if (kind == COMMENT_KINDS) {
        return all || text.len - from >= 9;
    }
    if (sp->src->offset + from < sp->unclosed[kind]) {
        return true;
    }
    size_t hit = str_find(text, str_of(comment_ends[kind]), from + 2);
    if (hit != STR_NOT_FOUND) {
        *end = hit + str_of(comment_ends[kind]).len;
    } else if (all) {
        sp->unclosed[kind] = sp->src->offset + text.len;
    }
    return hit != STR_NOT_FOUND || all;
}

/* --- one event out of the stream ---------------------------------------------------------------------------------- */

typedef enum Found { FOUND_END, FOUND_ANOTHER, FOUND_NOTHING } Found;

typedef struct Scan { /* of the text that begins with `<Event` */
    size_t at;        /* everything before is done */
    unsigned depth;   /* elements of the name Event inside the event */
} Scan;

/* The tag at scan->at, which is a start or end tag. */
static Found scan_tag(Str text, Scan *scan)
{
    size_t from = scan->at++;
    bool closes = text.at[from + 1] == '/';
    if (!str_eq(name_at(text, from + 1 + closes), STR("Event"))) {
        return FOUND_NOTHING;
    }
    if (!closes && is_event_start(text, from)) {
        scan->at = from;
        return FOUND_ANOTHER;
    }
    size_t end = tag_end(text, from);
    if (closes && scan->depth == 0 && end != STR_NOT_FOUND) {
        scan->at = end;
        return FOUND_END;
    }
    bool empty = end != STR_NOT_FOUND && text.at[end - 2] == '/';
    scan->depth = closes ? scan->depth - (scan->depth > 0) : scan->depth + !empty;
    return FOUND_NOTHING;
}

/* all: there is no more text than this. Else FOUND_NOTHING asks for more, and nothing is decided near the end of the
 * text, so that it does not matter where a buffer happens to end. */
static Found scan_event(Splitter *sp, Str text, bool all, Scan *scan)
{
    Found found = FOUND_NOTHING;
    while (found == FOUND_NOTHING) {
        size_t hit = str_find_byte(text, '<', scan->at);
        scan->at = hit == STR_NOT_FOUND ? text.len : hit;
        if (text.len - scan->at < (all ? 2 : LOOK_AHEAD)) {
            break;
        }
        if (text.at[hit + 1] != '!' && text.at[hit + 1] != '?') {
            found = scan_tag(text, scan);
        } else if (!skip_comment(sp, text, all, hit, &scan->at)) {
            scan->at = hit;
            break;
        }
    }
    return found;
}

/* The event at the front of the source; *text is the event, or what there is of it. */
static Found find_event(Splitter *sp, Str *text, bool *limited)
{
    Scan scan = {.at = 1};
    for (size_t want = PEEK_BYTES;; want *= 2) {
        Str window = source_peek_text(sp->src, want);
        bool ended = window.len < want;
        window = str_slice(window, 0, want);
        size_t end = tag_end(window, 0);
        bool empty = end != STR_NOT_FOUND && window.at[end - 2] == '/';
        Found found = empty ? FOUND_END : scan_event(sp, window, ended || want >= LIMIT_XML_EVENT, &scan);
        if (found != FOUND_NOTHING || ended || want >= LIMIT_XML_EVENT) {
            *text = found == FOUND_NOTHING ? window : str_slice(window, 0, empty ? end : scan.at);
            *limited = !ended;
            return found;
        }
    }
}

static void damage(Splitter *sp, uint64_t offset, Status status, const char *what)
{
    analysis_diag(sp->out, sp->src, offset, what);
    sp->status = status_worse(sp->status, status);
}

/* --- between events ----------------------------------------------------------------------------------------------- */

/* An export with a root shows by its end tag that it is whole. */
static void outer_tag(Splitter *sp, Str text, size_t from, size_t end)
{
    bool closes = text.at[from + 1] == '/';
    Str name = name_at(text, from + 1 + closes), root = {sp->root, sp->root_len};
    if (closes && str_eq(name, STR("Event"))) {
        if (!sp->headless) {
            damage(sp, sp->src->offset + from, ST_FAILED, "the end of an event without its beginning");
        }
        sp->headless = false;
    } else if (closes) {
        sp->root_open = sp->root_open && !str_eq(name, root);
    } else if (!sp->root_open && name.len && text.at[end - 2] != '/') {
        memcpy(sp->root, name.at, name.len);
        sp->root_len = name.len;
        sp->root_open = true;
    }
}

typedef enum Gap { GAP_EVENT, GAP_MORE, GAP_END } Gap;

/* Looks for the next event; *at is how far it got. */
static Gap scan_gap(Splitter *sp, Str text, bool all, size_t *at)
{
    for (;;) {
        size_t hit = str_find_byte(text, '<', *at);
        *at = hit == STR_NOT_FOUND ? text.len : hit;
        if (text.len - *at < (all ? 1 : LOOK_AHEAD)) {
            return hit == STR_NOT_FOUND && all ? GAP_END : GAP_MORE;
        }
        size_t end = tag_end(text, hit);
        if (str_eq(name_at(text, hit + 1), STR("Event"))) {
            return GAP_EVENT;
        }
        if (text.len - hit > 1 && (text.at[hit + 1] == '!' || text.at[hit + 1] == '?')) {
            if (str_starts_nocase(str_from(text, hit), STR("<!DOCTYPE"))) {
                damage(sp, sp->src->offset + hit, ST_FAILED, "a document type declaration, which no event log writes");
            }
            if (!skip_comment(sp, text, all, hit, at)) {
                *at = hit;
                return GAP_MORE;
            }
            continue;
        }
        if (end != STR_NOT_FOUND) {
            outer_tag(sp, text, hit, end);
        } else if (all && text.len - hit < TAG_BYTES && str_find_byte(text, '<', hit + 1) == STR_NOT_FOUND) {
            damage(sp, sp->src->offset + hit, ST_PARTIAL, "the file is cut off inside a tag");
        }
        *at = hit + 1;
    }
}

/* Consumes up to the next event; false at the end. */
static bool next_event(Splitter *sp)
{
    for (size_t want = PEEK_BYTES;;) {
        Str window = source_peek_text(sp->src, want);
        bool ended = window.len < want, all = ended || want >= LIMIT_XML_EVENT;
        size_t at = 0;
        Gap gap = scan_gap(sp, str_slice(window, 0, want), all, &at);
        source_consume_text(sp->src, at);
        if (gap == GAP_EVENT) {
            return true;
        }
        if (ended && gap == GAP_END) {
            return false;
        }
        want = at > 0 || all ? PEEK_BYTES : want * 2;
    }
}

/* --- what an event says ------------------------------------------------------------------------------------------- */

typedef struct Head { /* System, as it stands there */
    Str provider, alias, id, level, time, record, channel, computer;
} Head;

typedef struct Body {
    Head head;
    VEC(Field) fields;
    Str message;
} Body;

/* One value of System: of an element, or of its attribute. The first of its kind counts. */
static void head_set(Head *head, Str element, Str attribute, Str value)
{
    Str other = {0};
    Str *to = str_eq(element, STR("Provider"))        ? str_eq(attribute, STR("Name"))              ? &head->provider
                                                        : str_eq(attribute, STR("EventSourceName")) ? &head->alias
                                                                                                    : &other
              : str_eq(element, STR("TimeCreated"))   ? str_eq(attribute, STR("SystemTime")) ? &head->time : &other
              : attribute.len                         ? &other
              : str_eq(element, STR("EventID"))       ? &head->id
              : str_eq(element, STR("Level"))         ? &head->level
              : str_eq(element, STR("EventRecordID")) ? &head->record
              : str_eq(element, STR("Channel"))       ? &head->channel
              : str_eq(element, STR("Computer"))      ? &head->computer
                                                      : &other;
    *to = to->len ? *to : str_trim(value);
}

static Level level_of(Str text)
{
    uint64_t level;
    return str_u64(text, 10, &level) && level <= LEVEL_VERBOSE ? (Level)level : LEVEL_INFO;
}

static uint32_t id_of(const Head *head)
{
    uint64_t id;
    return str_u64(head->id, 10, &id) && id <= UINT32_MAX ? (uint32_t)id : 0;
}

static void time_of(Splitter *sp, const Head *head, Event *ev)
{
    Timestamp time;
    ev->time_text = head->time;
    if (timestamp_iso(head->time, &time, NULL)) {
        ev->time_ns = time.ns;
        ev->time_digits = time.digits;
        ev->trust = TRUST_STAMPED;
    } else {
        damage(sp, sp->src->offset, ST_FAILED, "an event without a usable TimeCreated/@SystemTime");
    }
}

static void add_event(Splitter *sp, const Body *body)
{
    const Head *head = &body->head;
    Event ev = {.time_ns = TIME_NONE,
                .trust = TRUST_NONE,
                .service = SERVICE_EVENT_LOG,
                .level = level_of(head->level),
                .offset = sp->src->offset,
                .id = id_of(head),
                .provider = head->provider,
                .provider_alias = head->alias,
                .channel = head->channel,
                .computer = head->computer,
                .message = body->message,
                .fields = body->fields.at,
                .field_count = body->fields.count};
    if (!head->provider.len && !head->alias.len && !head->id.len) {
        damage(sp, ev.offset, ST_FAILED, "an event without System, or with an empty one");
        return;
    }
    if (!str_u64(head->record, 10, &ev.record)) {
        ev.record = sp->src->line + 1;
        ev.is_line = true;
    }
    time_of(sp, head, &ev);
    event_record_mark(&ev);
    analysis_add(sp->out, sp->src, &ev);
}

/* --- simple events, read without libxml2 -------------------------------------------------------------------------- */

/* True if it can stand in XML as it is: printable ASCII and blanks, no references. */
static bool is_plain(Str s)
{
    bool plain = true;
    for (size_t i = 0; i < s.len; i++) {
        plain = plain && s.at[i] >= ' ' && s.at[i] < 0x7F && s.at[i] != '&' && s.at[i] != '<';
    }
    return plain;
}

static size_t skip_blanks(Str s, size_t at)
{
    while (at < s.len && is_blank(s.at[at])) {
        at++;
    }
    return at;
}

static bool plain_attributes(Str element, Str tag, Head *head)
{
    for (size_t at = skip_blanks(tag, 0); at < tag.len; at = skip_blanks(tag, at)) {
        size_t equal = str_find_byte(tag, '=', at),
               open = equal == STR_NOT_FOUND ? tag.len : skip_blanks(tag, equal + 1);
        if (open >= tag.len || (tag.at[open] != '"' && tag.at[open] != '\'')) {
            return false;
        }
        size_t close = str_find_byte(tag, tag.at[open], open + 1);
        Str value = str_slice(tag, open + 1, close);
        if (close == STR_NOT_FOUND || !is_plain(value)) {
            return false;
        }
        head_set(head, element, str_trim(str_slice(tag, at, equal)), value);
        at = close + 1;
    }
    return true;
}

/* A child of System at text[*at], which is `<`; *at moves behind it. False: not as simple as that. */
static bool plain_child(Str text, size_t *at, Head *head)
{
    Str name = name_at(text, *at + 1);
    size_t end = tag_end(text, *at);
    if (!name.len || end == STR_NOT_FOUND || name.at != text.at + *at + 1) {
        return false;
    }
    bool empty = text.at[end - 2] == '/';
    if (!plain_attributes(name, str_slice(text, *at + 1 + name.len, end - 1 - empty), head)) {
        return false;
    }
    *at = end;
    if (empty) {
        return true;
    }
    size_t next = str_find_byte(text, '<', end);
    Str value = str_slice(text, end, next);
    if (next == STR_NOT_FOUND || !is_plain(value) || text.at[next + 1] != '/' ||
        !str_eq(name_at(text, next + 2), name)) {
        return false;
    }
    head_set(head, name, (Str){0}, value);
    *at = tag_end(text, next);
    return *at != STR_NOT_FOUND;
}

/* Most events are of no interest to anybody, and their System is simple: the place behind it if all of it was read,
 * else STR_NOT_FOUND. */
static size_t plain_head(Str text, Head *head)
{
    size_t at = tag_end(text, 0);
    at = at == STR_NOT_FOUND ? at : str_find_byte(text, '<', at);
    if (at == STR_NOT_FOUND || !str_starts(str_from(text, at), STR("<System>"))) {
        return STR_NOT_FOUND;
    }
    for (at = str_find_byte(text, '<', at + 1); at != STR_NOT_FOUND; at = str_find_byte(text, '<', at)) {
        if (str_starts(str_from(text, at), STR("</System>"))) {
            return at + STR("</System>").len;
        }
        if (!plain_child(text, &at, head)) {
            return STR_NOT_FOUND;
        }
    }
    return STR_NOT_FOUND;
}

/* `<Data>value</Data>`, `<Data Name='F'>value</Data>` or the same without a value at text[*at], which is `<`. */
static bool plain_datum(Str text, size_t *at, Field *field)
{
    size_t end = tag_end(text, *at);
    if (end == STR_NOT_FOUND || !str_eq(name_at(text, *at + 1), STR("Data"))) {
        return false;
    }
    bool empty = text.at[end - 2] == '/';
    Str tag = str_trim(str_slice(text, *at + 5, end - 1 - empty)), name = str_from(tag, STR("Name=").len);
    if (tag.len) {
        uint8_t quote = name.len > 1 ? name.at[0] : 0;
        bool quoted = (quote == '"' || quote == '\'') && str_find_byte(name, quote, 1) == name.len - 1;
        name = str_slice(name, 1, name.len - 1);
        if (!quoted || !str_starts(tag, STR("Name=")) || !is_plain(name)) {
            return false;
        }
    }
    *field = (Field){tag.len ? name : (Str){0}, {0}};
    *at = end;
    if (empty) {
        return true;
    }
    size_t next = str_find_byte(text, '<', end);
    field->value = str_slice(text, end, next);
    if (next == STR_NOT_FOUND || !is_plain(field->value) || str_find(field->value, STR("]]>"), 0) != STR_NOT_FOUND ||
        !str_starts(str_from(text, next), STR("</Data>"))) {
        return false;
    }
    *at = next + STR("</Data>").len;
    return true;
}

/* Behind System: EventData of simple values, and nothing else. */
static bool plain_body(Splitter *sp, Str text, size_t at, Body *body)
{
    at = skip_blanks(text, at);
    if (!str_starts(str_from(text, at), STR("<EventData>"))) {
        return false;
    }
    for (at = skip_blanks(text, at + STR("<EventData>").len); at < text.len; at = skip_blanks(text, at)) {
        Field field;
        if (str_starts(str_from(text, at), STR("</EventData>"))) {
            at = skip_blanks(text, at + STR("</EventData>").len);
            return str_eq(str_from(text, at), STR("</Event>"));
        }
        if (text.at[at] != '<' || !plain_datum(text, &at, &field)) {
            return false;
        }
        *VEC_ADD(sp->scratch, &body->fields) = field;
    }
    return false;
}

static bool is_asked_for(const Splitter *sp, const Head *head)
{
    uint32_t id = id_of(head);
    return event_record_marked(head->provider, head->alias, id) ||
           analysis_wants(sp->out, head->provider, head->alias, id, head->channel, level_of(head->level));
}

/* --- the whole event, read by libxml2 ----------------------------------------------------------------------------- */

typedef enum Section { SECTION_NONE, SECTION_SYSTEM, SECTION_EVENT_DATA, SECTION_USER_DATA, SECTION_RENDERING } Section;

typedef struct Walk {
    Splitter *sp;
    Body body;
    Section section;
    int leaf;          /* depth of the open element that had no child up to now, or -1 */
    Str element, name; /* of it: its local name, and the name of the field it makes */
    bool attributes;   /* it has some, which are fields: its text is one only if there is any */
    VEC(Str) parts;    /* of its text */
} Walk;

static Section section_of(Str name)
{
    return str_eq(name, STR("System"))                ? SECTION_SYSTEM
           : str_eq(name, STR("EventData"))           ? SECTION_EVENT_DATA
           : str_eq(name, STR("UserData"))            ? SECTION_USER_DATA
           : str_eq(name, STR("ProcessingErrorData")) ? SECTION_USER_DATA
           : str_eq(name, STR("RenderingInfo"))       ? SECTION_RENDERING
                                                      : SECTION_NONE;
}

static Str reader_text(Walk *w, const xmlChar *text)
{
    return text ? arena_str(w->sp->scratch, str_of((const char *)text)) : (Str){0};
}

static void walk_attributes(Walk *w, xmlTextReader *reader, int depth)
{
    bool data = depth >= 2 && w->section == SECTION_EVENT_DATA && str_eq(w->element, STR("Data"));
    while (xmlTextReaderMoveToNextAttribute(reader) == 1) {
        Str name = local_name(reader_text(w, xmlTextReaderConstLocalName(reader)));
        Str value = reader_text(w, xmlTextReaderConstValue(reader));
        if (w->section == SECTION_SYSTEM) {
            head_set(&w->body.head, w->element, name, value);
        } else if (data) {
            w->name = str_eq(name, STR("Name")) ? value : w->name;
        } else if (xmlTextReaderIsNamespaceDecl(reader) != 1) {
            w->attributes = true;
            *VEC_ADD(w->sp->scratch, &w->body.fields) = (Field){name, value};
        }
    }
    xmlTextReaderMoveToElement(reader);
}

static void walk_leaf(Walk *w, int depth)
{
    Str value = w->parts.count == 1 ? w->parts.at[0] : arena_join(w->sp->scratch, w->parts.at, w->parts.count);
    w->leaf = -1;
    if (depth < 2) {
        return;
    }
    switch (w->section) {
    case SECTION_SYSTEM: head_set(&w->body.head, depth == 2 ? w->element : (Str){0}, (Str){0}, value); break;
    case SECTION_EVENT_DATA:
    case SECTION_USER_DATA:
        if (value.len || !w->attributes) {
            *VEC_ADD(w->sp->scratch, &w->body.fields) = (Field){w->name, value};
        }
        break;
    case SECTION_RENDERING: w->body.message = str_eq(w->element, STR("Message")) ? value : w->body.message; break;
    case SECTION_NONE: break;
    }
}

static void walk_start(Walk *w, xmlTextReader *reader, int depth)
{
    w->element = local_name(reader_text(w, xmlTextReaderConstLocalName(reader)));
    w->section = depth == 1 ? section_of(w->element) : depth == 0 ? SECTION_NONE : w->section;
    bool unnamed = w->section == SECTION_EVENT_DATA && str_eq(w->element, STR("Data"));
    w->name = unnamed ? (Str){0} : w->element;
    w->leaf = depth;
    w->parts.count = 0;
    bool empty = xmlTextReaderIsEmptyElement(reader) == 1, of_system = w->section == SECTION_SYSTEM;
    w->attributes = false;
    if (of_system ? depth >= 2 : w->section == SECTION_EVENT_DATA || w->section == SECTION_USER_DATA) {
        walk_attributes(w, reader, depth);
    }
    if (empty) {
        walk_leaf(w, depth);
    }
}

static const char *walk(Walk *w, xmlTextReader *reader)
{
    int more;
    while ((more = xmlTextReaderRead(reader)) == 1) {
        int depth = xmlTextReaderDepth(reader);
        switch (xmlTextReaderNodeType(reader)) {
        case XML_READER_TYPE_ELEMENT:
            if (depth >= LIMIT_XML_DEPTH) {
                analysis_limit(w->sp->out, "XML depth", "an event of more than 64 elements in one another");
                return "an event is nested deeper than the limit";
            }
            walk_start(w, reader, depth);
            break;
        case XML_READER_TYPE_TEXT:
        case XML_READER_TYPE_CDATA:
        case XML_READER_TYPE_WHITESPACE:
        case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
            if (w->leaf == depth - 1) {
                *VEC_ADD(w->sp->scratch, &w->parts) = reader_text(w, xmlTextReaderConstValue(reader));
            }
            break;
        case XML_READER_TYPE_END_ELEMENT:
            if (w->leaf == depth) {
                walk_leaf(w, depth);
            }
            break;
        default: break;
        }
    }
    return more == 0 ? NULL : "an event is not well-formed";
}

/* The end of the tag that begins at `from`, whatever its length, and how many attributes it has. */
static size_t count_attributes(Str text, size_t from, size_t *attributes)
{
    uint8_t quote = 0;
    size_t i = from + 1;
    *attributes = 0;
    for (; i < text.len && text.at[i] != '<' && (quote || text.at[i] != '>'); i++) {
        uint8_t c = text.at[i];
        *attributes += !quote && c == '=';
        quote = quote == c ? 0 : !quote && (c == '"' || c == '\'') ? c : quote;
    }
    return i;
}

/* A tag of so many attributes has at least five bytes for each: most are known to be short by the next `<`. */
static bool has_long_tags(Str text)
{
    size_t attributes = 0;
    for (size_t at = 0, next; at != STR_NOT_FOUND && attributes <= TAG_ATTRIBUTES; at = next) {
        next = str_find_byte(text, '<', at + 1);
        if ((next == STR_NOT_FOUND ? text.len : next) - at < 5 * TAG_ATTRIBUTES) {
            continue;
        }
        Comment kind = comment_kind(text, at);
        size_t end = kind == COMMENT_KINDS ? count_attributes(text, at, &attributes)
                                           : str_find(text, str_of(comment_ends[kind]), at);
        next = end == STR_NOT_FOUND ? end : str_find_byte(text, '<', end);
    }
    return attributes > TAG_ATTRIBUTES;
}

/* NULL, or why not. */
static const char *read_body(Splitter *sp, Str text, Body *body)
{
    const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
    Walk w = {.sp = sp, .leaf = -1};
    if (!sp->reader) {
        sp->reader = xmlReaderForMemory((const char *)text.at, (int)text.len, NULL, "UTF-8", options);
    } else if (xmlReaderNewMemory(sp->reader, (const char *)text.at, (int)text.len, NULL, "UTF-8", options) != 0) {
        return "libxml2 is out of memory";
    }
    const char *lack = sp->reader ? walk(&w, sp->reader) : "libxml2 is out of memory";
    *body = w.body;
    return lack;
}

/* --- what XML 1.0 forbids and exports contain all the same -------------------------------------------------------- */

typedef struct Repair {
    Str from;
    size_t at;
    uint8_t *to;
    size_t len;
    bool in_tag;
} Repair;

static void repair_put(Repair *r, Str bytes)
{
    memcpy(r->to + r->len, bytes.at, bytes.len);
    r->len += bytes.len;
}

static bool is_xml_rune(uint64_t rune)
{
    return rune == '\t' || rune == '\n' || rune == '\r' || (rune >= ' ' && rune < 0xD800) ||
           (rune >= 0xE000 && rune < 0xFFFE) || (rune >= 0x10000 && rune <= 0x10FFFF);
}

/* `&…;`: a reference to what XML allows stays, one to anything else is U+FFFD, and a mere & becomes &amp;. */
static void repair_reference(Repair *r)
{
    static const char *const entities[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&apos;"};
    Str part = str_slice(r->from, r->at, r->at + 16);
    size_t end = str_find_byte(part, ';', 0);
    uint64_t rune;
    bool hex = str_starts(part, STR("&#x"));
    part = str_slice(part, 0, end == STR_NOT_FOUND ? 0 : end + 1);
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        if (str_eq(part, str_of(entities[i]))) {
            repair_put(r, part);
            r->at += part.len;
            return;
        }
    }
    if (str_starts(part, STR("&#")) && str_u64(str_slice(part, hex ? 3 : 2, end), hex ? 16 : 10, &rune)) {
        repair_put(r, is_xml_rune(rune) ? part : STR("\xEF\xBF\xBD"));
        r->at += part.len;
        return;
    }
    repair_put(r, STR("&amp;"));
    r->at++;
}

static void repair_rune(Repair *r)
{
    uint32_t rune;
    size_t used = utf8_decode(r->from, r->at, &rune);
    rune = used ? rune : cp1252_rune(r->from.at[r->at]);
    if (r->in_tag && rune == 0xA0) {
        rune = ' ';
    }
    r->in_tag = rune == '<' || (r->in_tag && rune != '>');
    r->len += utf8_encode(r->to + r->len, is_xml_rune(rune) ? rune : 0xFFFD);
    r->at += used ? used : 1;
}

static Str repaired(Arena *a, Str text)
{
    Repair r = {.from = text, .to = ARENA_NEW(a, uint8_t, 5 * text.len)};
    while (r.at < text.len) {
        if (comment_kind(text, r.at) == CDATA) {
            size_t end = str_find(text, STR("]]>"), r.at);
            for (end = end == STR_NOT_FOUND ? text.len : end; r.at < end;) {
                repair_rune(&r);
            }
            r.in_tag = false;
        } else if (text.at[r.at] == '&') {
            repair_reference(&r);
        } else {
            repair_rune(&r);
        }
    }
    return (Str){r.to, r.len};
}

static void read_event(Splitter *sp, Str text)
{
    Body body = {0};
    const char *lack = NULL;
    size_t end = plain_head(text, &body.head);
    if (end == STR_NOT_FOUND || (is_asked_for(sp, &body.head) && !plain_body(sp, text, end, &body))) {
        bool long_tags = has_long_tags(text);
        lack = long_tags ? "an element has too many attributes" : read_body(sp, text, &body);
        lack = lack && !long_tags ? read_body(sp, repaired(sp->scratch, text), &body) : lack;
    }
    if (lack) {
        damage(sp, sp->src->offset, ST_FAILED, lack);
    } else {
        add_event(sp, &body);
    }
    arena_reset(sp->scratch);
}

/* --- the parser --------------------------------------------------------------------------------------------------- */

/* The event, or the damage, at the front of the source. */
static void take_event(Splitter *sp)
{
    Str text;
    bool limited;
    uint64_t start = sp->src->offset;
    switch (find_event(sp, &text, &limited)) {
    case FOUND_END: read_event(sp, text); break;
    case FOUND_ANOTHER: damage(sp, start, ST_FAILED, "an event is cut off: the next one begins inside it"); break;
    case FOUND_NOTHING:
        damage(sp, start, ST_PARTIAL,
               limited ? "an event is longer than the limit" : "the file is cut off inside an event");
        if (limited) {
            analysis_limit(sp->out, "event XML", "an event of more than 4 MiB");
            sp->headless = true;
        } else {
            sp->root_open = false;
        }
        break;
    }
    source_consume_text(sp->src, text.len);
}

static Status event_xml_parse(Source *src, Arena *scratch, Analysis *out)
{
    Splitter sp = {.src = src, .out = out, .scratch = scratch};
    while (next_event(&sp)) {
        take_event(&sp);
    }
    if (sp.root_open) {
        damage(&sp, src->offset, ST_PARTIAL, "the file is cut off: its root element does not end");
    }
    if (sp.reader) {
        xmlFreeTextReader(sp.reader);
    }
    return sp.status;
}

/* The head without the zero bytes of UTF-16; what is not ASCII there does not matter here. */
static Str head_text(Str head, uint8_t *to)
{
    size_t len = 0;
    for (size_t i = 0; i < head.len && len < LIMIT_HEAD; i++) {
        if (head.at[i]) {
            to[len++] = head.at[i];
        }
    }
    return (Str){to, len};
}

/* In the text of another log an event may be quoted in the middle of a line; an export begins a line or follows a tag.
 */
static bool is_at_start(Str text, size_t at)
{
    while (at > 0 && (text.at[at - 1] == ' ' || text.at[at - 1] == '\t' || text.at[at - 1] == '-')) {
        at--;
    }
    return at == 0 || text.at[at - 1] == '\n' || text.at[at - 1] == '\r' || text.at[at - 1] == '>' ||
           text.at[at - 1] >= 0x80;
}

/* True if nothing but a byte order mark, blanks, instructions and comments stands there. */
static bool is_prolog(Str text)
{
    Str rest = str_trim(str_from(text, str_starts(text, STR("\xEF\xBB\xBF")) ? 3 : 0));
    for (Comment kind; rest.len && (kind = comment_kind(rest, 0)) != COMMENT_KINDS && kind != CDATA;) {
        size_t end = str_find(rest, str_of(comment_ends[kind]), 2);
        rest = str_trim(str_from(rest, end == STR_NOT_FOUND ? 0 : end + str_of(comment_ends[kind]).len));
        if (end == STR_NOT_FOUND) {
            return false;
        }
    }
    return rest.len == 0;
}

/* A filter that let no event through: <Events/>, or a root with nothing in it, and nothing else in the file. */
static bool is_empty_root(Str text, size_t at)
{
    size_t end = tag_end(text, at);
    if (end == STR_NOT_FOUND || !is_prolog(str_slice(text, 0, at))) {
        return false;
    }
    Str rest = str_trim(str_from(text, end));
    return text.at[end - 2] == '/' ? rest.len == 0 : str_eq(rest, STR("</Events>"));
}

static Bid event_xml_bid(Str path, Str head)
{
    uint8_t bytes[LIMIT_HEAD];
    Str text = head_text(head, bytes);
    (void)path;
    for (size_t at = 0; (at = str_find_byte(text, '<', at)) != STR_NOT_FOUND; at++) {
        Str name = name_at(text, at + 1);
        if (str_eq(name, STR("Events")) && is_empty_root(text, at)) {
            return BID_SHAPE;
        }
        if (!str_eq(name, STR("Event")) || !is_at_start(text, at)) {
            continue;
        }
        Str tag = str_slice(text, at, tag_end(text, at));
        if (is_event_start(text, at) || str_has(tag, STR("schemas.microsoft.com/win/2004/08/events"))) {
            return BID_SHAPE;
        }
    }
    return BID_NO;
}

const Parser parser_event_xml = {
    .name = "event_xml",
    .reads = "Windows event logs exported as XML",
    .kind = "event_xml",
    .service = SERVICE_EVENT_LOG,
    .bid = event_xml_bid,
    .parse = event_xml_parse,
};
