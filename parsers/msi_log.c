/* Verbose logs of the Windows Installer (`msiexec /l*v`, C:\Windows\Panther\msiexec.log), mostly UTF-16. Their lines
 * have a local time of day; the date stands in the first and last lines, in the form of the machine's region.
 *
 *   === Verbose logging started: 5/20/2023  14:01:12  Build type: SHIP UNICODE 5.00.10011.00 …
 *   MSI (s) (7C:A8) [14:01:20:328]: Product: Microsoft Visual C++ 2013 x64 Minimum Runtime - 12.0.40660 -- Error 1401.
 * … Action ended 14:01:21: InstallFinalize. Return value 3. MSI (c) (44:0C) [14:01:22:001]: MainEngineThread is
 * returning 1603
 *
 * Windows Installer documentation, "Windows Installer Logging"; bundle-formats.md section 3.5. */
#include "local_date.h"
#include "text_stamp.h"

#define HALF_DAY (12 * NS_HOUR)

typedef struct InstallerLog {
    Source *src;
    Analysis *out;
    DateOrder order;
    int64_t day_ns;  /* local midnight of the day the lines are of; TIME_NONE: not told */
    int64_t last_ns; /* of the line before, TIME_NONE */
    Arena keep;
    Str product, action, code; /* what was installed; the first action that failed; how it ended */
    size_t errors;
} InstallerLog;

/* --- times -------------------------------------------------------------------------------------------------------- */

/* `: 5/20/2023  14:01:12  Build type` behind the words of a frame: date and time apart by two blanks. */
static bool frame_date(Str line, LocalDate *date)
{
    size_t colon = str_find(line, STR(": "), 0);
    if (!str_starts(line, STR("=== ")) || colon == STR_NOT_FOUND) {
        return false;
    }
    uint8_t room[64];
    size_t len = 0, words = 0;
    Str rest = str_trim(str_slice(line, colon + 2, colon + 2 + sizeof room));
    for (size_t i = 0; i < rest.len && words < 3; i++) {
        bool blank = rest.at[i] == ' ', again = blank && i > 0 && rest.at[i - 1] == ' ';
        if (!again) {
            words += blank;
            room[len++] = rest.at[i];
        }
        if (words == 2 && local_date((Str){room, len}, date)) {
            bool half = str_starts_nocase(str_trim(str_from(rest, i)), STR("AM")) ||
                        str_starts_nocase(str_trim(str_from(rest, i)), STR("PM"));
            if (!half) {
                return true;
            }
        }
    }
    return local_date((Str){room, len}, date);
}

/* `14:01:20:328` or `14:01:21` at the start of text, since midnight. */
static bool clock_time(Str text, int64_t *ns, uint8_t *digits, size_t *used)
{
    uint64_t parts[4] = {0};
    const uint8_t widths[] = {text.len > 1 && text.at[1] == ':' ? 1 : 2, 2, 2, 3};
    size_t at = 0, n = 0;
    for (; n < 4; n++) {
        bool colon = n == 0 || (at < text.len && text.at[at] == ':');
        size_t from = at + (n > 0);
        if (!colon || !str_u64(str_slice(text, from, from + widths[n]), 10, &parts[n]) || text.len - from < widths[n]) {
            break;
        }
        at = from + widths[n];
    }
    *used = at;
    *digits = n == 4 ? 3 : 0;
    *ns = (int64_t)(parts[0] * 3600 + parts[1] * 60 + parts[2]) * NS_SECOND + (int64_t)parts[3] * 1000000;
    return n >= 3 && parts[0] < 24 && parts[1] < 60 && parts[2] < 60;
}

/* Where the time of a line stands; empty if it has none. */
static Str line_clock(Str line)
{
    size_t open = STR_NOT_FOUND;
    if (str_starts(line, STR("MSI ("))) {
        open = str_find_byte(str_slice(line, 0, 64), '[', 0);
    } else if (str_starts(line, STR("Action "))) {
        open = str_find_byte(str_slice(line, 0, 32), ' ', 8); /* behind `Action start` */
    }
    return open == STR_NOT_FOUND ? (Str){0} : str_from(line, open + 1);
}

static void line_time(InstallerLog *log, Str line, Event *ev)
{
    Str clock = line_clock(line);
    int64_t ns;
    size_t used;
    uint8_t digits;
    if (!clock.len || !clock_time(clock, &ns, &digits, &used)) {
        ev->time_ns = log->last_ns;
        ev->trust = log->last_ns == TIME_NONE ? TRUST_NONE : TRUST_LOCAL;
        return;
    }
    ev->time_text = str_slice(clock, 0, used);
    if (log->day_ns == TIME_NONE) {
        return;
    }
    ev->time_ns = log->day_ns + ns;
    if (log->last_ns != TIME_NONE && log->last_ns - ev->time_ns > HALF_DAY) { /* over midnight */
        log->day_ns += NS_DAY;
        ev->time_ns += NS_DAY;
    }
    ev->time_digits = digits;
    ev->trust = TRUST_LOCAL;
    log->last_ns = ev->time_ns;
}

/* Midnight of the day that a frame names; the entry time of the member decides what its form leaves open. */
static void frame_day(InstallerLog *log, const LocalDate *date)
{
    int64_t ns, day_first, month_first;
    DateOrder order = log->order;
    if (order == ORDER_UNKNOWN && log->src->mtime_ns != TIME_NONE &&
        local_date_time(date, ORDER_DAY_FIRST, &day_first) && local_date_time(date, ORDER_MONTH_FIRST, &month_first)) {
        int64_t a = log->src->mtime_ns - day_first, b = log->src->mtime_ns - month_first;
        bool near_a = a > -NS_DAY && a<2 * NS_DAY, near_b = b> - NS_DAY && b < 2 * NS_DAY;
        order = near_a == near_b ? ORDER_UNKNOWN : near_a ? ORDER_DAY_FIRST : ORDER_MONTH_FIRST;
    }
    if (local_date_time(date, order, &ns)) {
        log->day_ns = ns - (date->hour * NS_HOUR + date->minute * NS_MINUTE + date->second * NS_SECOND);
        log->last_ns = ns;
    } else {
        analysis_diag_line(log->out, log->src, log->src->line, "a date whose day and month cannot be told apart");
    }
}

/* --- what lines say ------------------------------------------------------------------------------------------------
 */

static Str number_behind(Str line, Str words)
{
    size_t at = str_find(line, words, 0), end;
    if (at == STR_NOT_FOUND) {
        return (Str){0};
    }
    for (end = at + words.len; end < line.len && byte_digit(line.at[end]);) {
        end++;
    }
    return str_slice(line, at + words.len, end);
}

/* `Product: X -- text`, or `Product Name: X.` of the last summary. */
static Str product_of(Str line)
{
    size_t at = str_find(line, STR("Product: "), 0), dashes = str_find(line, STR(" -- "), 0);
    if (at != STR_NOT_FOUND && dashes != STR_NOT_FOUND && dashes > at) {
        return str_slice(line, at + 9, dashes);
    }
    at = str_find(line, STR("Product Name: "), 0);
    size_t end = at == STR_NOT_FOUND ? STR_NOT_FOUND : str_find(line, STR(". Product Version"), at);
    return end == STR_NOT_FOUND ? (Str){0} : str_slice(line, at + 14, end);
}

/* `Action ended 14:01:21: InstallFinalize. Return value 3.` */
static Str failed_action(Str line)
{
    size_t end = str_find(line, STR(". Return value 3"), 0);
    size_t colon = str_rfind_byte(str_slice(line, 0, end), ' ');
    return end == STR_NOT_FOUND || colon == STR_NOT_FOUND ? (Str){0} : str_slice(line, colon + 1, end);
}

static void remember(InstallerLog *log, Str *to, Str what, bool again)
{
    if (what.len && (again || !to->len)) {
        *to = arena_str(&log->keep, str_slice(what, 0, 200));
    }
}

static void line_event(InstallerLog *log, const Line *line)
{
    TextEvent t = {.ev = {.time_ns = TIME_NONE,
                          .trust = TRUST_NONE,
                          .service = SERVICE_MSIEXEC,
                          .level = LEVEL_INFO,
                          .is_line = true,
                          .record = line->number,
                          .offset = line->offset,
                          .message = line->text}};
    Str product = product_of(line->text), action = failed_action(line->text);
    Str code = number_behind(line->text, STR("MainEngineThread is returning "));
    Str status = code.len ? code : number_behind(line->text, STR("success or error status: "));
    Str error = product.len ? number_behind(line->text, STR(" -- Error ")) : (Str){0};
    bool failed =
        status.len && !str_eq(status, STR("0")) && !str_eq(status, STR("3010")) && !str_eq(status, STR("1641"));
    line_time(log, line->text, &t.ev);
    t.ev.level = action.len || error.len || failed ? LEVEL_ERROR : LEVEL_INFO;
    log->errors += t.ev.level == LEVEL_ERROR;
    text_field(&t, STR("Product"), product);
    text_field(&t, STR("Action"), action);
    text_field(&t, STR("MsiError"), error);
    text_field(&t, STR("ExitCode"), status);
    remember(log, &log->product, product, false);
    remember(log, &log->action, action, false);
    remember(log, &log->code, status, true);
    text_add(&t, log->src, log->out);
}

/* --- the whole -----------------------------------------------------------------------------------------------------
 */

static void log_note(InstallerLog *log)
{
    Str parts[] = {STR("installation of "),
                   log->product.len ? log->product : STR("a product it does not name"),
                   log->code.len ? STR(" ended with ") : STR(", and the log does not say how it ended"),
                   log->code,
                   log->action.len ? STR("; the first action that failed: ") : (Str){0},
                   log->action,
                   log->day_ns == TIME_NONE ? STR("; its lines have a time of day, and no line names the day")
                                            : (Str){0}};
    analysis_note(log->out, arena_join(&log->keep, parts, sizeof parts / sizeof *parts));
}

static DateOrder frames_order(Source *src)
{
    DateVotes votes = {0};
    DateLanguage language = LANGUAGE_UNKNOWN;
    Str text = str_slice(source_peek_text(src, MIB), 0, MIB), line;
    LocalDate date;
    const char *how;
    while (text_next(&text, &line)) {
        if (frame_date(line, &date)) {
            date_vote(&votes, &date);
            language = str_has(line, STR("ogging started:")) || str_has(line, STR("ogging stopped:")) ? LANGUAGE_ENGLISH
                                                                                                      : LANGUAGE_OTHER;
        }
    }
    return date_order(&votes, language, src->mtime_ns, &how);
}

static Status msi_parse(Source *src, Arena *scratch, Analysis *out)
{
    InstallerLog log = {.src = src, .out = out, .day_ns = TIME_NONE, .last_ns = TIME_NONE};
    Status status = ST_OK;
    (void)scratch;
    log.order = frames_order(src);
    for (Line line; source_line(src, &line);) {
        LocalDate date;
        if (line.cut) {
            analysis_limit(out, "line length", "lines are read up to 1 MiB");
            status = analysis_diag_line(out, src, line.number, "a line longer than is read: its end is lost");
        }
        if (frame_date(line.text, &date)) {
            frame_day(&log, &date);
        }
        if (str_trim(line.text).len) {
            line_event(&log, &line);
        }
    }
    log_note(&log);
    arena_free(&log.keep);
    return status_worse(status, text_end(src, out));
}

static Bid msi_bid(Str path, Str head)
{
    TextHead room;
    Str text = text_head(head, &room), line;
    LocalDate date;
    (void)path;
    bool looking = text_looking(text);
    for (size_t i = 0; looking && i < 64 && text_next(&text, &line); i++) {
        bool server =
            str_starts(line, STR("MSI (")) && str_find(str_slice(line, 0, 32), STR(") ["), 0) != STR_NOT_FOUND;
        if (server || (frame_date(line, &date) && str_has(line, STR("SHIP")))) {
            return BID_SHAPE;
        }
    }
    return BID_NO;
}

const Parser parser_msi_log = {
    .name = "msi_log",
    .reads = "verbose logs of the Windows Installer: products, failed actions, exit codes",
    .kind = "other",
    .service = SERVICE_MSIEXEC,
    .bid = msi_bid,
    .parse = msi_parse,
};
