/* XML files of the agent, its installer and .NET, of which only what decides or tells something is taken:
 *
 *   C:\Windows\Panther\VmAgentInstaller.xml (fragments without a root)
 *     <Event time="2019-12-12T12:49:05.123Z" category="ERROR" source="GuestAgent"><UnhandledError><Message>…</Message>
 *     <Number>424</Number><Description>…</Description></UnhandledError></Event>
 *   C:\WindowsAzure\config\*.xml: GoalState (Incarnation) and Extensions, the wanted plugins with their settings'
 * numbers <Extensions goalStateIncarnation="9"><Plugins><Plugin name="…VMSnapshot" version="1.0.70.0" state="enabled"
 * …/>
 *     </Plugins><PluginSettings><Plugin name="…"><RuntimeSettings
 * seqNo="5">{…}</RuntimeSettings></Plugin></PluginSettings>
 *   C:\Windows\Microsoft.NET\Framework64\v4.0.30319\Config\machine.config: whether it is XML at all, and whether it
 * loads the ServiceModelSink that keeps the agent from starting
 *
 * Three parsers, since rules ask for the last and the first of them. Others (WaSetup.xml, CommonAgentConfig.config) are
 * only looked at for being whole. Settings and certificates are never taken. bundle-formats.md section 3.5; causes.md
 * sections 3.4.7 to 3.4.9; the agent's protocol as WALinuxAgent has it. */
#include <libxml/xmlreader.h>

#include "base/utf.h"
#include "text_stamp.h"

#define SINK STR("Microsoft.VisualStudio.Diagnostics.ServiceModelSink")
/* Attributes of one element: libxml2 compares each with all others. */
#define TAG_ATTRIBUTES 64
#define TEXT_BYTES     2000

/* What makes a document none, be it read by us or by .NET. */
static const char ill_formed[] = "it is not well-formed XML", no_text[] = "it is empty";

typedef struct Doc { /* one document, or one fragment of a file */
    Source *src;
    Analysis *out;
    Arena *scratch;
    Status status;
    uint64_t line, offset; /* where it begins */
    size_t events;
    Str incarnation; /* of the goal state */
    size_t plugins;
    Service service;    /* what it is */
    uint64_t sink_line; /* of machine.config: where it loads the ServiceModelSink; 0: it does not */
} Doc;

/* --- the reader ----------------------------------------------------------------------------------------------------
 */

static Str xml_str(const xmlChar *text)
{
    return text ? (Str){text, (size_t)xmlStrlen(text)} : (Str){0};
}

/* A copy: the reader's own texts live until its next step. */
static Str attribute(Doc *d, xmlTextReader *reader, const char *name)
{
    xmlChar *value = xmlTextReaderGetAttribute(reader, (const xmlChar *)name);
    Str copy = arena_str(d->scratch, str_slice(xml_str(value), 0, TEXT_BYTES));
    xmlFree(value);
    return copy;
}

static TextEvent event_of(Doc *d, xmlTextReader *reader, Level level)
{
    long line = reader ? xmlGetLineNo(xmlTextReaderCurrentNode(reader)) : 0;
    return (TextEvent){.ev = {.time_ns = TIME_NONE,
                              .trust = TRUST_NONE,
                              .service = d->service,
                              .level = level,
                              .is_line = true,
                              .record = d->line + (line > 1 ? (uint64_t)line - 1 : 0),
                              .offset = d->offset}};
}

static void tell(Doc *d, TextEvent *t)
{
    text_codes(t, t->ev.message);
    text_add(t, d->src, d->out);
    d->events++;
}

/* --- what the documents say ----------------------------------------------------------------------------------------
 */

typedef struct Where { /* in the document */
    int depth;
    Str element;                /* the leaf whose text comes next */
    Str name, version;          /* of the plugin that is open */
    Str time, category, source; /* of the installer's event that is open */
    VEC(Str) said;              /* its texts */
    Str number;
} Where;

static void plugin(Doc *d, xmlTextReader *reader, Where *w)
{
    TextEvent t = event_of(d, reader, LEVEL_INFO);
    Str state = attribute(d, reader, "state");
    w->name = attribute(d, reader, "name");
    w->version = attribute(d, reader, "version");
    if (!state.len) {
        return; /* of PluginSettings: its settings tell */
    }
    d->plugins++;
    text_field(&t, STR("Handler"), w->name);
    text_field(&t, STR("Version"), w->version);
    text_field(&t, STR("State"), state);
    Str parts[] = {STR("wanted: "), w->name, STR(" "), w->version, STR(", "), state};
    t.ev.message = arena_join(d->scratch, parts, sizeof parts / sizeof *parts);
    tell(d, &t);
}

static void runtime_settings(Doc *d, xmlTextReader *reader, const Where *w)
{
    TextEvent t = event_of(d, reader, LEVEL_INFO);
    Str number = attribute(d, reader, "seqNo");
    text_field(&t, STR("Handler"), w->name);
    text_field(&t, STR("Version"), w->version);
    text_field(&t, STR("Sequence"), number);
    Str parts[] = {STR("settings of "), w->name, STR(" "), w->version, STR(": number "), number};
    t.ev.message = arena_join(d->scratch, parts, sizeof parts / sizeof *parts);
    tell(d, &t);
}

static void installer_event(Doc *d, xmlTextReader *reader, Where *w)
{
    TextEvent t = event_of(d, reader, LEVEL_INFO);
    Timestamp time;
    bool error = str_eq_nocase(w->category, STR("ERROR"));
    t.ev.level = error ? LEVEL_ERROR : str_starts_nocase(w->category, STR("WARN")) ? LEVEL_WARNING : LEVEL_INFO;
    t.ev.provider = w->source;
    t.ev.time_text = w->time;
    if (timestamp_iso(w->time, &time, NULL)) {
        t.ev.time_ns = time.ns;
        t.ev.time_digits = time.digits;
        t.ev.trust = time.zoned ? TRUST_STAMPED : TRUST_ASSUMED;
    }
    t.ev.message = arena_join(d->scratch, w->said.at, w->said.count);
    text_field(&t, STR("Number"), w->number);
    tell(d, &t);
    w->said.count = 0;
    w->number = (Str){0};
}

static void element_begins(Doc *d, xmlTextReader *reader, Where *w)
{
    Str name = xml_str(xmlTextReaderConstLocalName(reader));
    w->element = arena_str(d->scratch, str_slice(name, 0, 64));
    if (str_eq(name, STR("Plugin"))) {
        plugin(d, reader, w);
    } else if (str_eq(name, STR("RuntimeSettings")) && w->name.len) {
        runtime_settings(d, reader, w);
    } else if (str_eq(name, STR("Extensions"))) {
        Str incarnation = attribute(d, reader, "goalStateIncarnation");
        d->incarnation = incarnation.len ? incarnation : d->incarnation;
    } else if (str_eq(name, STR("Event"))) {
        w->time = attribute(d, reader, "time");
        w->category = attribute(d, reader, "category");
        w->source = attribute(d, reader, "source");
    } else if (d->service == SERVICE_MACHINECONFIG) {
        bool sink = !d->sink_line && str_has(attribute(d, reader, "type"), SINK);
        d->sink_line = sink ? event_of(d, reader, LEVEL_INFO).ev.record : d->sink_line;
    }
}

static void text_seen(Doc *d, xmlTextReader *reader, Where *w)
{
    Str text = arena_str(d->scratch, str_slice(str_trim(xml_str(xmlTextReaderConstValue(reader))), 0, TEXT_BYTES));
    if (str_eq(w->element, STR("Incarnation"))) {
        d->incarnation = text;
    } else if (w->time.len && str_eq(w->element, STR("Number"))) {
        w->number = text;
    } else if (w->time.len && text.len && w->said.count < 64) {
        Str blank = w->said.count ? STR(" ") : (Str){0};
        *VEC_ADD(d->scratch, &w->said) = blank;
        *VEC_ADD(d->scratch, &w->said) = text;
    }
}

/* NULL, or why the rest could not be read. */
static const char *walk(Doc *d, xmlTextReader *reader)
{
    Where w = {0};
    int more;
    while ((more = xmlTextReaderRead(reader)) == 1) {
        int type = xmlTextReaderNodeType(reader);
        bool event = str_eq(xml_str(xmlTextReaderConstLocalName(reader)), STR("Event"));
        if (xmlTextReaderDepth(reader) > LIMIT_XML_DEPTH) {
            analysis_limit(d->out, "XML depth", "elements nested deeper than this are not read");
            return "elements nested too deep";
        }
        if (type == XML_READER_TYPE_ELEMENT && xmlTextReaderAttributeCount(reader) > TAG_ATTRIBUTES) {
            return "an element has too many attributes";
        }
        bool empty = type == XML_READER_TYPE_ELEMENT && xmlTextReaderIsEmptyElement(reader);
        if (type == XML_READER_TYPE_ELEMENT) {
            element_begins(d, reader, &w);
        } else if (type == XML_READER_TYPE_TEXT || type == XML_READER_TYPE_CDATA) {
            text_seen(d, reader, &w);
        }
        if (event && w.time.len && (empty || type == XML_READER_TYPE_END_ELEMENT)) {
            installer_event(d, reader, &w);
            w.time = (Str){0};
        }
    }
    return more == 0 ? NULL : ill_formed;
}

/* Before libxml2 sees it: it compares each attribute of an element with all others. */
static bool has_long_tag(Str text)
{
    for (size_t at = 0; (at = str_find_byte(text, '<', at)) != STR_NOT_FOUND; at++) {
        size_t end = str_find_byte(text, '>', at), equals = 0;
        Str tag = str_slice(text, at, end);
        for (size_t i = 0; (i = str_find_byte(tag, '=', i)) != STR_NOT_FOUND && equals <= 4 * TAG_ATTRIBUTES; i++) {
            equals++;
        }
        if (equals > 4 * TAG_ATTRIBUTES && at + 1 < text.len && text.at[at + 1] != '!') {
            return true;
        }
        at = end == STR_NOT_FOUND ? text.len : end;
    }
    return false;
}

static bool is_utf8(Str text)
{
    uint32_t rune;
    size_t used = 1;
    for (size_t at = 0; used && at < text.len; at += used) {
        used = utf8_decode(text, at, &rune);
    }
    return used > 0;
}

static void damage(Doc *d, uint64_t line, const char *why)
{
    d->status = ST_FAILED;
    analysis_diag_line(d->out, d->src, line, why);
}

/* *line: where reading ended. */
static const char *document(Doc *d, Str text, uint64_t *line)
{
    const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
    *line = d->line;
    if (!str_trim(text).len) {
        return no_text;
    }
    if (str_has_nocase(text, STR("<!DOCTYPE"))) {
        return "a document type declaration, which no such file has";
    }
    if (has_long_tag(text)) {
        return "an element has too many attributes";
    }
    const char *encoding = is_utf8(text) ? "UTF-8" : "ISO-8859-1";
    xmlTextReader *reader = xmlReaderForMemory((const char *)text.at, (int)text.len, NULL, encoding, options);
    if (!reader) {
        return "libxml2 is out of memory";
    }
    const char *why = walk(d, reader);
    int at = xmlTextReaderGetParserLineNumber(reader);
    *line += at > 1 ? (uint64_t)at - 1 : 0;
    xmlFreeTextReader(reader);
    return why;
}

/* --- files ---------------------------------------------------------------------------------------------------------
 */

static uint64_t lines_of(Str text)
{
    uint64_t n = 0;
    for (size_t at = 0; (at = str_find_byte(text, '\n', at)) != STR_NOT_FOUND; at++) {
        n++;
    }
    return n;
}

/* The declaration may name an encoding that the bytes, decoded at the door, no longer have. */
static Str without_declaration(Str text)
{
    size_t end = str_starts(text, STR("<?xml")) ? str_find(text, STR("?>"), 0) : STR_NOT_FOUND;
    return end == STR_NOT_FOUND ? text : str_from(text, end + 2);
}

/* The installer appends one element after the other: each is a document. */
static void fragments(Doc *d, Str text)
{
    Str whole = text;
    for (size_t at = 0, end; (at = str_find(text, STR("<Event "), at)) != STR_NOT_FOUND; at = end) {
        size_t close = str_find(text, STR("</Event>"), at), next = str_find(text, STR("<Event "), at + 1);
        uint64_t line;
        end = close == STR_NOT_FOUND || close > next ? next : close + 8;
        end = end == STR_NOT_FOUND ? text.len : end;
        d->offset = at;
        d->line = 1 + lines_of(str_slice(whole, 0, at));
        const char *why = document(d, str_slice(text, at, end), &line);
        if (why) {
            damage(d, line, why);
        }
        arena_reset(d->scratch);
    }
}

/* machine.config as a state: one event, however it is. What was cut or redacted on its way here may have been whole on
 * the machine. */
static void machine_config(Doc *d, Str text, const char *why, uint64_t line)
{
    bool spoilt = d->status != ST_OK || source_error(d->src) || str_has(text, STR("***REDACTED***"));
    bool ill = !spoilt && (why == ill_formed || why == no_text);
    TextEvent t = event_of(d, NULL, why || d->sink_line ? LEVEL_ERROR : LEVEL_INFO);
    Str said = ill            ? STR("machine.config is not well-formed XML")
               : why          ? STR("machine.config could not be read to its end")
               : d->sink_line ? STR("machine.config loads Microsoft.VisualStudio.Diagnostics.ServiceModelSink.Behavior")
                              : STR("machine.config is well-formed, and loads no ServiceModelSink");
    t.ev.record = why ? line : d->sink_line ? d->sink_line : 1;
    t.ev.message = said;
    text_field(&t, STR("File"), str_slice(d->src->path, 0, TEXT_BYTES));
    text_field(&t, STR("WellFormed"), ill ? STR("false") : why ? (Str){0} : STR("true"));
    text_field(&t, STR("ServiceModelSink"), d->sink_line ? STR("true") : why ? (Str){0} : STR("false"));
    tell(d, &t);
    if (why) {
        damage(d, line, why);
    } else {
        analysis_note(d->out, str_from(said, sizeof "machine.config"));
    }
}

static void whole(Doc *d, Str text)
{
    uint64_t line;
    Arena note = {0};
    const char *why = document(d, text, &line);
    if (d->service == SERVICE_MACHINECONFIG) {
        machine_config(d, text, why, line);
    } else if (why) {
        damage(d, line, why);
    }
    if (d->incarnation.len) {
        Str parts[] = {STR("goal state "), d->incarnation,
                       d->plugins ? arena_format(&note, ", %zu plugins wanted", d->plugins) : (Str){0}};
        analysis_note(d->out, arena_join(&note, parts, 3));
    }
    arena_free(&note);
}

static Status read_as(Service service, Source *src, Arena *scratch, Analysis *out)
{
    Doc d = {.src = src, .out = out, .scratch = scratch, .line = 1, .service = service};
    Str text = source_peek_text(src, LIMIT_DOCUMENT);
    if (text.len >= LIMIT_DOCUMENT) {
        analysis_limit(out, "document size", "XML files are read up to 16 MiB");
        d.status = ST_PARTIAL;
        text = str_slice(text, 0, LIMIT_DOCUMENT);
    }
    Str body = without_declaration(text);
    bool many = str_starts(str_trim(body), STR("<Event "));
    if (many) {
        fragments(&d, text);
    } else {
        whole(&d, body);
    }
    source_consume_text(src, text.len);
    return d.status;
}

static Status xml_parse(Source *src, Arena *scratch, Analysis *out)
{
    return read_as(SERVICE_OTHER, src, scratch, out);
}

static Status installer_parse(Source *src, Arena *scratch, Analysis *out)
{
    return read_as(SERVICE_AGENTINSTALLER, src, scratch, out);
}

static Status config_parse(Source *src, Arena *scratch, Analysis *out)
{
    return read_as(SERVICE_MACHINECONFIG, src, scratch, out);
}

/* --- bids --------------------------------------------------------------------------------------------------------- */

static Str xml_body(Str head, TextHead *room)
{
    Str text = text_head(head, room);
    bool looking = text_looking(text) && str_find_byte(text, '<', 0) != STR_NOT_FOUND;
    return looking ? str_trim(without_declaration(text)) : (Str){0};
}

static Bid xml_bid(Str path, Str head)
{
    static const char *const roots[] = {"<Extensions", "<GoalState", "<CommonAgentConfig", "<WaSetup"};
    TextHead room;
    Str body = xml_body(head, &room), name = text_name(path);
    for (size_t i = 0; body.len && i < sizeof roots / sizeof *roots; i++) {
        if (str_starts(body, str_of(roots[i]))) {
            return BID_SHAPE;
        }
    }
    bool named = str_eq_nocase(name, STR("WaSetup.xml")) || str_eq_nocase(name, STR("machine.config")) ||
                 str_eq_nocase(name, STR("CommonAgentConfig.config")) ||
                 (str_has_nocase(path, STR("WindowsAzure/config/")) && str_ends_nocase(name, STR(".xml")));
    return body.len && named ? BID_NAME : BID_NO;
}

/* WaSetup.xml has the same form. */
static Bid installer_bid(Str path, Str head)
{
    TextHead room;
    Str body = xml_body(head, &room), name = text_name(path);
    return !body.len                                          ? BID_NO
           : str_starts(body, STR("<Event time="))            ? BID_SHAPE
           : str_eq_nocase(name, STR("VmAgentInstaller.xml")) ? BID_NAME
                                                              : BID_NO;
}

/* By its name alone: what a broken one holds may be anything. The agent, a 64-bit program, does not read the file of
 * 32-bit .NET. */
static Bid config_bid(Str path, Str head)
{
    (void)head;
    bool named = str_eq_nocase(text_name(path), STR("machine.config"));
    return named && !str_has_nocase(path, STR("/Framework/")) ? BID_NAME : BID_NO;
}

const Parser parser_agent_xml = {
    .name = "agent_xml",
    .reads = "XML of the agent: goal states, the wanted plugins",
    .kind = "other",
    .service = SERVICE_OTHER,
    .bid = xml_bid,
    .parse = xml_parse,
};

const Parser parser_agent_installer = {
    .name = "agent_installer",
    .reads = "VmAgentInstaller.xml: what the agent's installer did",
    .kind = "other",
    .service = SERVICE_AGENTINSTALLER,
    .bid = installer_bid,
    .parse = installer_parse,
};

const Parser parser_machine_config = {
    .name = "machine_config",
    .reads = "machine.config of .NET: whether it is XML, and whether it loads the ServiceModelSink",
    .kind = "other",
    .service = SERVICE_MACHINECONFIG,
    .bid = config_bid,
    .parse = config_parse,
};
