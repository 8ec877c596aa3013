/* Logs of Windows' own installers: component servicing (CBS.log, dism.log) and devices (setupapi.dev.log). Local times
 * without a zone.
 *
 *   2023-05-20 14:01:12, Error                 CBS    Failed to process single phase execution. [HRESULT = 0x800f0922]
 *
 *   >>>  [Device Install (Hardware initiated) - ROOT\VOLSNAP]
 *   >>>  Section start 2023/05/20 14:01:12.123
 *   !!!  dvi: Failed to start the device. Error 0x0000001f
 *   <<<  Section end 2023/05/20 14:01:13.001
 *   <<<  [Exit status: FAILURE(0xe0000203)]
 *
 * Forms: Windows hardware documentation, "SetupAPI text logs"; CBS and DISM as in files of the system. */
#include "local_date.h"
#include "text_stamp.h"

typedef struct ServicingLog {
    int64_t last_ns; /* TIME_NONE */
    size_t errors;
} ServicingLog;

/* `Error` or `Warning` behind the stamp; setupapi marks them by exclamation marks. */
static Level line_level(Str text)
{
    text = str_trim(text);
    return str_starts(text, STR("!!!")) || str_starts_nocase(text, STR("Error ")) ||
                   (str_starts(text, STR("<<<")) && str_has(text, STR("FAILURE")))
               ? LEVEL_ERROR
           : str_starts(text, STR("!")) || str_starts_nocase(text, STR("Warning ")) ? LEVEL_WARNING
                                                                                    : LEVEL_INFO;
}

/* The stamp of a line and what stands behind it; local times all. */
static bool line_stamp(Str line, Str *stamp, Str *rest, LocalDate *date)
{
    size_t comma = str_find_byte(str_slice(line, 0, 32), ',', 0);
    *rest = line;
    if (comma != STR_NOT_FOUND && byte_digit(line.at[0])) {
        *stamp = str_slice(line, 0, comma);
        *rest = str_from(line, comma + 1);
        return local_date(*stamp, date);
    }
    static const char *const sections[] = {"Section start ", "Section end ", "[Boot Session: "};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        Str word = str_of(sections[i]);
        size_t at = str_find(str_slice(line, 0, 64), word, 0);
        if (at != STR_NOT_FOUND) {
            *stamp = str_slice(line, at + word.len, str_find_byte(line, ']', at));
            return local_date(*stamp, date);
        }
    }
    return false;
}

static void line_event(ServicingLog *log, const Line *line, Source *src, Analysis *out)
{
    Str stamp, rest;
    LocalDate date;
    /* A time that is inherited is local, too, and goes where the zone takes the one before. */
    TextEvent t = {.ev = {.time_ns = log->last_ns,
                          .trust = log->last_ns == TIME_NONE ? TRUST_NONE : TRUST_LOCAL,
                          .service = SERVICE_OTHER,
                          .is_line = true,
                          .record = line->number,
                          .offset = line->offset,
                          .message = line->text}};
    if (line_stamp(line->text, &stamp, &rest, &date) && local_date_time(&date, ORDER_YEAR_FIRST, &t.ev.time_ns)) {
        t.ev.time_text = stamp;
        t.ev.time_digits = date.digits;
        t.ev.trust = TRUST_LOCAL;
        log->last_ns = t.ev.time_ns;
    }
    t.ev.level = line_level(rest);
    log->errors += t.ev.level == LEVEL_ERROR;
    text_codes(&t, line->text);
    text_add(&t, src, out);
}

static Status servicing_parse(Source *src, Arena *scratch, Analysis *out)
{
    ServicingLog log = {.last_ns = TIME_NONE};
    Status status = ST_OK;
    (void)scratch;
    for (Line line; source_line(src, &line);) {
        if (line.cut) {
            analysis_limit(out, "line length", "lines are read up to 1 MiB");
            status = analysis_diag_line(out, src, line.number, "a line longer than is read: its end is lost");
        }
        if (str_trim(line.text).len) {
            line_event(&log, &line, src, out);
        }
    }
    if (log.errors) {
        analysis_note(out, arena_format(out->run, "lines that tell an error: %zu", log.errors));
    }
    return status_worse(status, text_end(src, out));
}

static Bid servicing_bid(Str path, Str head)
{
    TextHead room;
    Str text = text_head(head, &room), line, stamp, rest;
    LocalDate date;
    (void)path;
    bool looking = text_looking(text);
    for (size_t i = 0; looking && i < 64 && text_next(&text, &line); i++) {
        bool section = str_starts(line, STR(">>>  Section start ")) || str_starts(line, STR("[Boot Session: "));
        if (line_stamp(line, &stamp, &rest, &date) &&
            (section || str_starts(rest, STR(" Info  ")) || str_starts(rest, STR(" Error  ")) ||
             str_starts(rest, STR(" Warning  ")))) {
            return BID_SHAPE;
        }
    }
    return BID_NO;
}

const Parser parser_servicing_log = {
    .name = "servicing_log",
    .reads = "CBS.log, dism.log and setupapi.dev.log: errors of updates and devices",
    .kind = "other",
    .service = SERVICE_OTHER,
    .bid = servicing_bid,
    .parse = servicing_parse,
};
