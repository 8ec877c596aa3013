/* Events as people paste them into mails and tickets, any number in one file, with other text around them:
 *
 *   Log Name:      Application                       Event[0]:
 *   Source:        .NET Runtime                        Log Name: Application
 *   Date:          3/07/2023 10:25:59 AM               Source: VSS
 *   Event ID:      1026                                Date: 2023-03-07T10:25:59.000
 *   Task Category: None                                Event ID: 8193
 *   Level:         Error                               Task: N/A
 *   …                                                  …
 *   Description:                                       Description:
 *   Application: WindowsAzureGuestAgent.exe …          Volume Shadow Copy Service error: …
 *
 * on the left what Event Viewer copies (newer ones add the XML behind `Event Xml:`, which is preferred), on the right
 * what `wevtutil qe LOG /f:text` prints, and copies of the Friendly View (friendly_view.h). The labels are those of the
 * display language, so that a block is known by its shape: a date, and a number on the next line. bundle-formats.md
 * section 4.4. */
#include "friendly_view.h"
#include "text_stamp.h"

extern const Parser parser_event_xml;

/* A label is short; what is longer is prose. */
#define LABEL_BYTES 48
/* What is looked at to find the order of the dates. */
#define PEEK_FIRST (1 * MIB)
/* Labels behind the event id, the description included. */
#define LABELS_VIEWER   6
#define LABELS_WEVTUTIL 8

typedef enum Form { FORM_NONE, FORM_HEAD, FORM_TEXT, FORM_XML, FORM_AFTER, FORM_FRIENDLY } Form;

typedef struct PastedLine {
    Str text;
    uint64_t number, offset;
} PastedLine;

typedef struct Paste {
    EventView view;
    Arena *scratch;
    Arena lines_of[2]; /* the lines live in one of them; what goes on with them moves to the other */
    int turn;
    Arena xml_of;
    VEC(PastedLine) lines; /* since the last event was told of */
    Form form;
    size_t bytes;
    size_t head;               /* the first line of the block */
    size_t labels;             /* behind the event id */
    size_t text, xml, xml_end; /* first lines of description and XML; behind the XML; SIZE_MAX: none */
    bool wevtutil;
    bool pasted; /* something in the file is no list of wevtutil */
    ViewedEvent ev;
    Str computer; /* the last label so far: it stands before the description */
} Paste;

/* --- labels ------------------------------------------------------------------------------------------------------- */

/* `Log Name:      Application`; the blank before the colon is French. */
static bool label(Str line, Str *name, Str *value)
{
    line = friendly_text(line);
    size_t colon = str_find_byte(str_slice(line, 0, LABEL_BYTES), ':', 0);
    size_t wide = str_find(str_slice(line, 0, LABEL_BYTES), STR("\xEF\xBC\x9A"), 0); /* the colon of CJK */
    size_t end = colon < wide ? colon : wide;
    if (end == STR_NOT_FOUND || end == 0 || byte_digit(line.at[0]) || line.at[0] == '<' || line.at[0] == '[') {
        return false;
    }
    *name = str_slice(line, 0, end);
    *value = str_trim(str_from(line, end + (end == colon ? 1 : 3)));
    return true;
}

static bool is_date(Str text)
{
    LocalDate date;
    Timestamp zoned;
    return local_date(text, &date) || timestamp_iso(text, &zoned, NULL);
}

static bool is_number(Str text)
{
    uint64_t id;
    return str_u64(text, 10, &id) && id <= UINT32_MAX;
}

/* --- one event ---------------------------------------------------------------------------------------------------- */

static void trouble(Paste *p, uint64_t line, const char *what)
{
    p->view.status = status_worse(p->view.status, analysis_diag_line(p->view.out, p->view.src, line, what));
}

static Str joined(Paste *p, size_t from, size_t to)
{
    VEC(Str) parts = {0};
    for (size_t i = from; i < to; i++) {
        *VEC_ADD(p->scratch, &parts) = p->lines.at[i].text;
        *VEC_ADD(p->scratch, &parts) = STR("\n");
    }
    return str_trim(arena_join(p->scratch, parts.at, parts.count));
}

typedef struct XmlTap { /* what the XML of a block says, completed by what stands beside it */
    Paste *paste;
    Str message;
    bool own; /* one of its events is that of the block */
    EventTap *tap;
    void *with;
} XmlTap;

static void xml_event(void *with, const Event *ev)
{
    XmlTap *x = with;
    Paste *p = x->paste;
    Event full = *ev;
    Timestamp local;
    uint64_t id;
    bool own = str_u64(p->ev.id, 10, &id) && id == ev->id; /* else it only stands behind another event */
    full.message = ev->message.len || !own ? ev->message : x->message;
    p->view.out->tap = x->tap;
    p->view.out->tap_with = x->with;
    analysis_add(p->view.out, p->view.src, &full);
    p->view.out->tap = xml_event;
    p->view.out->tap_with = x;
    x->own = x->own || own;
    if (own && ev->trust == TRUST_STAMPED && event_view_date(p->ev.date, p->view.order, &local) && !local.zoned) {
        event_view_zone(&p->view, local.ns, ev->time_ns);
    }
}

/* The XML of a block, by its own parser. False: it does not hold the event of the block. */
static bool xml_add(Paste *p, Str message, Str xml)
{
    Analysis *out = p->view.out;
    XmlTap x = {p, message, false, out->tap, out->tap_with};
    Source piece;
    source_open_memory(&piece, p->view.src->path, xml);
    piece.offset = p->lines.at[p->xml].offset;
    piece.line = p->lines.at[p->xml].number - 1;
    out->tap = xml_event;
    out->tap_with = &x;
    p->view.status = status_worse(p->view.status, parser_event_xml.parse(&piece, &p->xml_of, out));
    out->tap = x.tap;
    out->tap_with = x.with;
    source_close(&piece);
    arena_reset(&p->xml_of);
    return x.own;
}

static void friendly_add(Paste *p, size_t end)
{
    VEC(Str) lines = {0};
    for (size_t i = p->head; i < end; i++) {
        *VEC_ADD(p->scratch, &lines) = p->lines.at[i].text;
    }
    if (friendly_view(lines.at, lines.count, p->scratch, &p->ev)) {
        event_view_add(&p->view, &p->ev);
    } else {
        trouble(p, p->ev.line, "a copied event without source or id");
    }
}

/* Where the text of a block ends: before its XML and the label in front of that. */
static size_t message_end(const Paste *p, size_t end)
{
    Str name, value;
    size_t to = p->xml < end ? p->xml : end;
    while (p->xml < end && to > p->text && !str_trim(p->lines.at[to - 1].text).len) {
        to--;
    }
    bool label_of_xml = p->xml < end && to > p->text && label(p->lines.at[to - 1].text, &name, &value) && !value.len;
    return to - label_of_xml;
}

static void block_add(Paste *p, size_t end)
{
    size_t to = message_end(p, end);
    p->ev.message = p->text < to ? joined(p, p->text, to) : (Str){0};
    bool told = p->xml < end && xml_add(p, p->ev.message, joined(p, p->xml, p->xml_end < end ? p->xml_end : end));
    if (!told && p->ev.id.len) {
        event_view_add(&p->view, &p->ev);
    }
    if (p->form == FORM_HEAD) {
        trouble(p, p->ev.line, "a copied event ends before its description");
    }
}

/* Tells of the block whose lines end before `end`. */
static void block_end(Paste *p, size_t end)
{
    if (p->form == FORM_NONE) {
        return;
    }
    p->ev.line = p->lines.at[p->head].number;
    p->ev.offset = p->lines.at[p->head].offset;
    if (p->form == FORM_FRIENDLY) {
        friendly_add(p, end);
    } else {
        block_add(p, end);
    }
}

static void forget(Paste *p, size_t before)
{
    VEC(PastedLine) rest = {0};
    p->turn = !p->turn;
    Arena *keep = &p->lines_of[p->turn];
    arena_reset(keep);
    for (size_t i = before; i < p->lines.count; i++) {
        PastedLine line = p->lines.at[i];
        line.text = arena_str(keep, line.text);
        *VEC_ADD(keep, &rest) = line;
    }
    p->lines.at = rest.at;
    p->lines.count = rest.count;
    p->lines.room = rest.room;
    p->bytes = 0;
}

/* A block begins at `from`; what came before it ends at `end`. */
static void block_begin(Paste *p, Form form, size_t from, size_t end)
{
    arena_reset(p->scratch);
    block_end(p, end);
    forget(p, from);
    p->form = form;
    p->head = 0;
    p->labels = 0;
    p->text = p->xml = p->xml_end = SIZE_MAX;
    p->wevtutil = false;
    p->ev = (ViewedEvent){0};
    p->computer = (Str){0};
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

/* The nearest line before `at` that is not blank, or SIZE_MAX. */
static size_t line_before(const Paste *p, size_t at)
{
    while (at > 0) {
        if (friendly_text(p->lines.at[--at].text).len) {
            return at;
        }
    }
    return SIZE_MAX;
}

typedef struct Head {
    size_t lines[4]; /* of id, date, source, log: upwards */
    size_t count;    /* three are enough */
    size_t above;    /* the line before them, or SIZE_MAX */
} Head;

/* Log name, source, date and id stand one under the other, the id last; the name of the log may be missing. */
static bool find_head(const Paste *p, Head *head)
{
    Str name, value;
    *head = (Head){.above = p->lines.count - 1};
    for (; head->count < 4 && head->above != SIZE_MAX; head->count++) {
        size_t n = head->count;
        if (!label(p->lines.at[head->above].text, &name, &value) || !value.len || (n == 0 && !is_number(value)) ||
            (n == 1 && !is_date(value)) || (n == 3 && is_date(value))) {
            break;
        }
        head->lines[n] = head->above;
        head->above = line_before(p, head->above);
    }
    return head->count > 2;
}

/* `Event[12]:` */
static bool is_numbering(Str line)
{
    line = friendly_text(line);
    return str_find_byte(line, '[', 0) != STR_NOT_FOUND && (str_ends(line, STR("]")) || str_ends(line, STR("]:")));
}

static bool begins_block(Paste *p)
{
    Head head;
    Str name;
    if (!find_head(p, &head)) {
        return false;
    }
    size_t first = head.lines[head.count - 1];
    bool numbered = head.above != SIZE_MAX && is_numbering(p->lines.at[head.above].text);
    block_begin(p, FORM_HEAD, first, numbered ? head.above : first);
    p->wevtutil = numbered;
    p->pasted = p->pasted || !numbered;
    Str *to[] = {&p->ev.id, &p->ev.date, &p->ev.source, &p->ev.channel};
    for (size_t i = 0; i < head.count; i++) { /* out of the copies that live as long as the block */
        label(p->lines.at[head.lines[i] - first].text, &name, to[i]);
    }
    return true;
}

/* Behind the id: task, level, …, computer, and at last the description. */
static void head_line(Paste *p, Str line)
{
    Str name, value;
    size_t last = p->wevtutil ? LABELS_WEVTUTIL : LABELS_VIEWER;
    if (!friendly_text(line).len) {
        return;
    }
    bool is_label = label(line, &name, &value);
    if (is_label && ++p->labels < last) {
        p->ev.level = p->labels == 2 ? value : p->ev.level;
        p->computer = p->labels > 2 && value.len ? value : p->computer;
        return;
    }
    p->form = FORM_TEXT;
    p->ev.computer = p->computer;
    p->text = p->lines.count - (is_label && !value.len ? 0 : 1);
    if (is_label && value.len) { /* the text begins on the line of its label */
        p->lines.at[p->text].text = value;
    }
}

static bool begins_xml(Str line)
{
    line = friendly_text(line);
    return str_starts(line, STR("<Event ")) || str_starts(line, STR("<Event>")) || str_starts(line, STR("<Events"));
}

static bool begins_friendly(Paste *p)
{
    if (!friendly_name_line(p->lines.at[p->lines.count - 1].text)) {
        return false;
    }
    size_t provider = line_before(p, p->lines.count - 1);
    if (provider == SIZE_MAX || !str_eq(friendly_text(p->lines.at[provider].text), STR("Provider"))) {
        return false;
    }
    size_t system = line_before(p, provider);
    bool with = system != SIZE_MAX && str_eq(friendly_text(p->lines.at[system].text), STR("System"));
    size_t from = with ? system : provider;
    block_begin(p, FORM_FRIENDLY, from, from);
    p->pasted = true;
    return true;
}

/* Without the marks of a quotation in a mail. */
static Str unquoted(Str line)
{
    line = text_unglued(line);
    while (line.len && line.at[0] == '>') {
        line = str_from(line, line.len > 1 && line.at[1] == ' ' ? 2 : 1);
    }
    return line;
}

static void line_add(Paste *p, const Line *line)
{
    Str text = unquoted(line->text);
    Arena *keep = &p->lines_of[p->turn];
    *VEC_ADD(keep, &p->lines) = (PastedLine){arena_str(keep, text), line->number, line->offset};
    p->bytes += line->text.len + sizeof(PastedLine);
    if (begins_block(p) || begins_friendly(p)) {
        return;
    }
    size_t at = p->lines.count - 1;
    if (p->form == FORM_HEAD) {
        head_line(p, p->lines.at[at].text);
    } else if ((p->form == FORM_NONE || p->form == FORM_TEXT || p->form == FORM_AFTER) && begins_xml(text)) {
        if (p->form != FORM_TEXT) {
            block_begin(p, FORM_XML, at, at);
            p->pasted = true;
            at = 0;
        }
        p->form = FORM_XML;
        p->xml = at;
    }
    if (p->form == FORM_XML && str_has(text, STR("</Event>"))) {
        p->form = FORM_AFTER;
        p->xml_end = at + 1;
    }
}

/* Prose is not kept; of an event no more than a record may be long. */
static void line_bound(Paste *p)
{
    if (p->bytes < LIMIT_RECORD) {
        return;
    }
    if (p->form == FORM_NONE) {
        forget(p, p->lines.count - (p->lines.count < 8 ? p->lines.count : 8));
        return;
    }
    analysis_limit(p->view.out, "record size", "records are read up to 1 MiB");
    trouble(p, p->lines.at[p->lines.count - 1].number, "the text of an event is longer than is read: its end is lost");
    arena_reset(p->scratch);
    block_end(p, p->lines.count);
    forget(p, p->lines.count);
    p->form = FORM_NONE;
}

/* --- the parser --------------------------------------------------------------------------------------------------- */

typedef struct Survey {
    DateVotes votes;
    DateLanguage language;
    size_t blocks;
} Survey;

/* Blocks are known by a date with a number on the next line. */
static Survey survey(Str text)
{
    Survey s = {0};
    Str line, name, value, date = {0};
    LocalDate d;
    while (text_next(&text, &line)) {
        bool is_label = label(line, &name, &value);
        if (friendly_name_line(line)) {
            s.blocks++;
        } else if (date.len && is_label && is_number(value)) {
            s.blocks++;
            s.language = str_eq(name, STR("Event ID")) ? LANGUAGE_ENGLISH : LANGUAGE_OTHER;
            if (local_date(date, &d)) {
                date_vote(&s.votes, &d);
            }
        }
        if (friendly_text(line).len) {
            date = is_label && is_date(value) ? value : (Str){0};
        }
    }
    return s;
}

bool event_text_within(Str text)
{
    return survey(text).blocks > 0;
}

static Status text_parse(Source *src, Arena *scratch, Analysis *out)
{
    Paste p = {.view = {.src = src, .out = out, .last_ns = TIME_NONE},
               .scratch = scratch,
               .text = SIZE_MAX,
               .xml = SIZE_MAX,
               .xml_end = SIZE_MAX};
    const char *how = "";
    Survey s = survey(str_slice(source_peek_text(src, PEEK_FIRST), 0, PEEK_FIRST));
    p.view.order = date_order(&s.votes, s.language, src->mtime_ns, &how);
    if (s.votes.count) {
        event_view_note(&p.view, how);
    }
    for (Line line; source_line(src, &line);) {
        line_add(&p, &line);
        line_bound(&p);
    }
    arena_reset(scratch);
    block_end(&p, p.lines.count);
    arena_free(&p.lines_of[0]);
    arena_free(&p.lines_of[1]);
    arena_free(&p.xml_of);
    if (p.pasted || !p.view.lesser) {
        event_view_picked(&p.view);
    }
    return p.view.status;
}

static Bid text_bid(Str path, Str head)
{
    TextHead room;
    Str text = text_head(head, &room);
    (void)path;
    return text_looking(text) && event_text_within(text) ? BID_SHAPE : BID_NO;
}

const Parser parser_event_text = {
    .name = "event_text",
    .reads = "events copied from Event Viewer, and what wevtutil prints as text",
    .kind = "event_text",
    .service = SERVICE_EVENT_LOG,
    .bid = text_bid,
    .parse = text_parse,
};
