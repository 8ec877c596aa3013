/* Any other text, line by line. A stamp at the start of a line is read; other lines have no time. Also the lists of
 * what the secret scanner was given, and of what it found (bundle-formats.md section 1.1.3): of that only file and kind
 * are taken. */
#include "event_view.h"
#include "text_stamp.h"

extern const Parser parser_event_text;

#define MATCHES STR("credscan-matches.tsv")
#define SCANNED STR("scanfilelist.tsv")
/* How far into a text copied events are looked for. */
#define QUOTED_WITHIN (256 * KIB)

static void line_event(const Line *line, TextEvent *t)
{
    TextStamp stamp;
    bool stamped = text_stamp(line->text, &stamp);
    Str text = stamped ? str_from(line->text, stamp.end) : text_unglued(line->text);
    t->ev = (Event){
        .service = SERVICE_OTHER, .level = LEVEL_INFO, .is_line = true, .record = line->number, .offset = line->offset};
    text_time(t, stamped ? &stamp : NULL, &(Event){.time_ns = TIME_NONE});
    text_level(&text, &t->ev.level);
    t->ev.message = line->text;
}

static Status text_parse(Source *src, Analysis *out)
{
    Status status = ST_OK;
    for (Line line; source_line(src, &line);) {
        TextEvent t;
        if (line.cut) {
            analysis_limit(out, "line length", "lines are read up to 1 MiB");
            status = analysis_diag_line(out, src, line.number, "a line longer than is read: its end is lost");
        }
        if (str_trim(line.text).len) {
            line_event(&line, &t);
            text_codes(&t, line.text);
            text_add(&t, src, out);
        }
    }
    return status;
}

/* Columns: which, file, kind, …, line. The others may hold the secret itself and are left alone. */
static bool match_columns(Str line, Str *file, Str *kind)
{
    Str column;
    *file = *kind = (Str){0};
    for (size_t i = 0; i < 3 && str_split(&line, '\t', &column); i++) {
        *file = i == 1 ? str_trim(column) : *file;
        *kind = i == 2 ? str_trim(column) : *kind;
    }
    return file->len && kind->len;
}

static Status matches_parse(Source *src, Arena *scratch, Analysis *out)
{
    size_t found = 0;
    Arena keep = {0};
    Str first_file = {0}, first_kind = {0}, file, kind;
    for (Line line; source_line(src, &line);) {
        if (line.number == 1 || !match_columns(line.text, &file, &kind)) {
            continue;
        }
        arena_reset(scratch);
        TextEvent t = {.ev = {.time_ns = TIME_NONE,
                              .trust = TRUST_NONE,
                              .service = SERVICE_OTHER,
                              .level = LEVEL_WARNING,
                              .is_line = true,
                              .record = line.number,
                              .offset = line.offset}};
        t.ev.message = arena_join(scratch, (Str[]){file, STR("\t"), kind}, 3);
        text_field(&t, STR("Path"), file);
        text_field(&t, STR("Kind"), kind);
        text_add(&t, src, out);
        if (found++ == 0) {
            first_file = arena_str(&keep, str_slice(file, 0, LIMIT_QUOTE));
            first_kind = arena_str(&keep, str_slice(kind, 0, LIMIT_QUOTE));
        }
    }
    if (found) {
        Str count = arena_format(&keep, "secrets found by the scanner: %zu; first: ", found);
        analysis_note(out, arena_join(&keep, (Str[]){count, first_file, STR(" ("), first_kind, STR(")")}, 5));
    }
    arena_free(&keep);
    return ST_OK;
}

/* What was given to the scanner: one path a line. */
static Status scanned_parse(Source *src, Analysis *out)
{
    for (Line line; source_line(src, &line);) {
        Str member = text_scanned_member(str_trim(line.text));
        TextEvent t = {.ev = {.time_ns = TIME_NONE,
                              .trust = TRUST_NONE,
                              .service = SERVICE_DISKINSPECT,
                              .level = LEVEL_INFO,
                              .is_line = true,
                              .record = line.number,
                              .offset = line.offset,
                              .message = line.text}};
        text_field(&t, STR("Operation"), STR("credscan"));
        text_field(&t, STR("Result"), STR("Given"));
        text_field(&t, STR("Member"), member);
        if (member.len) {
            text_add(&t, src, out);
        }
    }
    return ST_OK;
}

static Bid plain_bid(Str path, Str head)
{
    (void)path;
    TextHead room;
    return text_looking(text_head(head, &room)) ? BID_TEXT : BID_NO;
}

/* Events may be quoted behind the head that a bid sees: mails have long ones. */
static Status plain_parse(Source *src, Arena *scratch, Analysis *out)
{
    Str peek = str_slice(source_peek_text(src, QUOTED_WITHIN), 0, QUOTED_WITHIN);
    return str_starts_nocase(src->name, str_slice(MATCHES, 0, 16)) ? matches_parse(src, scratch, out)
           : str_eq_nocase(src->name, SCANNED)                     ? scanned_parse(src, out)
           : event_text_within(peek)                               ? parser_event_text.parse(src, scratch, out)
                                                                   : text_parse(src, out);
}

const Parser parser_plain_text = {
    .name = "plain_text",
    .reads = "any other text, line by line",
    .kind = "other",
    .service = SERVICE_OTHER,
    .bid = plain_bid,
    .parse = plain_parse,
};
