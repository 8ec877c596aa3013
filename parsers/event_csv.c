/* Event logs as tables: what Event Viewer saves as CSV or TXT, and what PowerShell's Export-Csv writes.
 *
 *   Level,Date and Time,Source,Event ID,Task Category
 *   Error,5/20/2023 2:01:12 PM,COM+,4689,None,"The run-time environment has detected an inconsistency …
 *
 *   #TYPE System.Diagnostics.Eventing.Reader.EventLogRecord
 *   "Message","Id","Version",…,"ProviderName",…,"LogName",…,"RecordId",…,"MachineName",…,"TimeCreated",…,"LevelDisplayName"
 *
 * The words of the first kind are those of the display language, so that its rows are known by their shape: a date in
 * the second column, a number in the fourth. Text in a sixth column without a name. bundle-formats.md section 4.4. */
#include "event_view.h"
#include "text_stamp.h"

#define COLUMNS      64
#define VIEWER_CELLS 5
/* Of a line, where the first five cells must be. */
#define CELLS_BYTES 600
/* What is looked at to find the order of the dates. */
#define PEEK_FIRST (256 * KIB)

typedef enum Column {
    COL_MESSAGE,
    COL_ID,
    COL_SOURCE,
    COL_LOG,
    COL_MACHINE,
    COL_RECORD,
    COL_TIME,
    COL_LEVEL,
    COL_COUNT
} Column;

typedef struct Table {
    EventView view;
    Arena *scratch; /* of one row */
    Arena file;
    uint8_t comma;
    bool header;          /* of Event Viewer: there is one */
    size_t at[COL_COUNT]; /* named columns: where each is; COLUMNS: nowhere */
} Table;

/* --- cells -------------------------------------------------------------------------------------------------------- */

/* Takes a cell off the front, its quotes included. False once there is none; *open: its quotes do not end. */
static bool cell_take(Str *rest, uint8_t comma, Str *cell, bool *open)
{
    size_t end = 0;
    *open = false;
    if (!rest->at) {
        return false;
    }
    if (rest->len && rest->at[0] == '"') {
        for (end = 1; end < rest->len; end++) {
            if (rest->at[end] == '"' && (end + 1 == rest->len || rest->at[end + 1] != '"')) {
                break;
            }
            end += rest->at[end] == '"';
        }
        *open = end >= rest->len;
    }
    size_t hit = str_find_byte(*rest, comma, end < rest->len ? end : rest->len);
    *cell = str_slice(*rest, 0, hit);
    *rest = hit == STR_NOT_FOUND ? (Str){0} : str_from(*rest, hit + 1);
    return true;
}

/* Without its quotes and carriage returns. */
static Str cell_text(Arena *a, Str cell)
{
    bool quoted = cell.len && cell.at[0] == '"';
    Str in = quoted ? str_from(cell, 1) : cell;
    if (quoted && in.len && in.at[in.len - 1] == '"') {
        in.len--;
    }
    if (str_find_byte(in, '\r', 0) == STR_NOT_FOUND && (!quoted || str_find_byte(in, '"', 0) == STR_NOT_FOUND)) {
        return str_trim(in);
    }
    uint8_t *to = ARENA_NEW(a, uint8_t, in.len);
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++) {
        bool twice = quoted && in.at[i] == '"' && i + 1 < in.len && in.at[i + 1] == '"';
        if (in.at[i] != '\r') {
            to[len++] = in.at[i];
        }
        i += twice;
    }
    return str_trim((Str){to, len});
}

/* A cell that is no more than a word or a number, quotes left out. */
static Str cell_word(Str cell)
{
    cell = str_trim(cell);
    bool quoted = cell.len > 1 && cell.at[0] == '"' && cell.at[cell.len - 1] == '"';
    return str_trim(quoted ? str_slice(cell, 1, cell.len - 1) : cell);
}

/* --- Event Viewer ------------------------------------------------------------------------------------------------- */

/* `Level,Date and Time,Source,Event ID,Task Category` by their shape; *rest: behind them. */
static bool viewer_cells(Str line, uint8_t comma, Str cells[static VIEWER_CELLS], Str *rest)
{
    Str head = str_slice(line, 0, CELLS_BYTES);
    bool open;
    for (size_t i = 0; i < VIEWER_CELLS; i++) {
        if (!cell_take(&head, comma, &cells[i], &open) || open) {
            return false;
        }
        cells[i] = cell_word(cells[i]);
        LocalDate date;
        uint64_t id;
        Timestamp zoned;
        if ((i == 0 && (!cells[i].len || cells[i].len > 64 || byte_digit(cells[i].at[0]))) ||
            (i == 1 && !local_date(cells[i], &date) && !timestamp_iso(cells[i], &zoned, NULL)) ||
            (i == 2 && (!cells[i].len || cells[i].len > 256)) ||
            (i == 3 && (!str_u64(cells[i], 10, &id) || id > UINT32_MAX))) {
            return false;
        }
    }
    *rest = head.at ? str_from(line, (size_t)(head.at - line.at)) : (Str){0};
    return true;
}

static bool viewer_row(Str line, Str cells[static VIEWER_CELLS], Str *rest, uint8_t *comma)
{
    line = text_unglued(line);
    static const uint8_t commas[] = {',', '\t', ';'};
    for (size_t i = 0; i < sizeof commas; i++) {
        if (str_find_byte(str_slice(line, 0, 64), commas[i], 0) != STR_NOT_FOUND &&
            viewer_cells(line, commas[i], cells, rest)) {
            *comma = commas[i];
            return true;
        }
    }
    return false;
}

static bool starts_row(Str line)
{
    Str cells[VIEWER_CELLS], rest;
    uint8_t comma;
    return viewer_row(line, cells, &rest, &comma);
}

/* A header names five columns and has no numbers; of its words only that they are English matters. */
static DateLanguage language_of(Str line)
{
    size_t commas = 0;
    for (size_t i = 0; i < line.len; i++) {
        commas += line.at[i] == ',' || line.at[i] == ';' || line.at[i] == '\t';
        if (byte_digit(line.at[i])) {
            return LANGUAGE_UNKNOWN;
        }
    }
    bool english = str_has(line, STR("Date and Time")) && str_has(line, STR("Event ID"));
    return commas < VIEWER_CELLS - 1 || commas > VIEWER_CELLS ? LANGUAGE_UNKNOWN
           : english                                          ? LANGUAGE_ENGLISH
                                                              : LANGUAGE_OTHER;
}

typedef struct Survey { /* of the rows at the beginning of a file */
    DateVotes votes;
    DateLanguage language;
    size_t rows, application, system;
} Survey;

static void survey_line(Survey *s, Str line)
{
    Str cells[VIEWER_CELLS], rest;
    LocalDate date;
    uint8_t comma;
    if (!viewer_row(line, cells, &rest, &comma)) {
        s->language = s->rows || s->language != LANGUAGE_UNKNOWN ? s->language : language_of(line);
        return;
    }
    s->rows++;
    if (local_date(cells[1], &date)) {
        date_vote(&s->votes, &date);
    }
    Str channel = event_view_source_channel(cells[2]);
    s->application += str_eq(channel, STR("Application"));
    s->system += str_eq(channel, STR("System"));
}

/* More and more of the file, until its dates tell their order. */
static void survey(Table *t)
{
    const char *how = "";
    Survey s = {0};
    for (size_t want = PEEK_FIRST;; want *= 2) {
        Str text = source_peek_text(t->view.src, want), line;
        bool all = text.len < want || want >= LIMIT_DOCUMENT;
        s = (Survey){0};
        text = str_slice(text, 0, all ? text.len : (size_t)str_rfind_byte(str_slice(text, 0, want), '\n'));
        while (text_next(&text, &line)) {
            survey_line(&s, line);
        }
        t->view.order = date_order(&s.votes, s.language, t->view.src->mtime_ns, &how);
        if (all || t->view.order != ORDER_UNKNOWN) {
            break;
        }
    }
    t->view.channel = event_view_channel(t->view.src->name);
    if (!t->view.channel.len && !s.application != !s.system) {
        t->view.channel = s.application ? STR("Application") : STR("System");
    }
    event_view_note(&t->view, how);
    t->header = s.language != LANGUAGE_UNKNOWN;
}

static void viewer_event(Table *t, const TextRecord *record)
{
    Str cells[VIEWER_CELLS], rest;
    arena_reset(t->scratch);
    if (!viewer_row(record->first, cells, &rest, &t->comma)) {
        return;
    }
    Str text = str_trim(rest.at ? str_from(record->text, (size_t)(rest.at - record->first.at)) : (Str){0});
    if (text.len && text.at[0] == '"' && (text.len == 1 || text.at[text.len - 1] != '"')) {
        t->view.status = status_worse(t->view.status, analysis_diag_line(t->view.out, t->view.src, record->line,
                                                                         "the quotes of a text do not end"));
    }
    event_view_add(&t->view, &(ViewedEvent){.source = cells[2],
                                            .date = cells[1],
                                            .id = cells[3],
                                            .level = cells[0],
                                            .message = cell_text(t->scratch, text),
                                            .redacted = str_has(record->text, STR("***REDACTED***")),
                                            .line = record->line,
                                            .offset = record->offset});
}

static void viewer_parse(Table *t)
{
    Source *src = t->view.src;
    TextRecord record;
    survey(t);
    while (source_text_record(src, starts_row, &record)) {
        t->view.status = status_worse(t->view.status, text_cut(&record, src, t->view.out));
        if (!record.headless) {
            viewer_event(t, &record);
        } else if (!t->header && str_trim(record.text).len) {
            t->view.status = status_worse(
                t->view.status, analysis_diag_line(t->view.out, src, record.line, "the file begins inside an event"));
        }
    }
}

/* --- Export-Csv --------------------------------------------------------------------------------------------------- */

static Column column_of(Str name)
{
    static const struct {
        const char *name;
        Column column;
    } names[] = {
        {"Message", COL_MESSAGE},
        {"Id", COL_ID},
        {"EventID", COL_ID},
        {"ProviderName", COL_SOURCE},
        {"Source", COL_SOURCE},
        {"LogName", COL_LOG},
        {"MachineName", COL_MACHINE},
        {"RecordId", COL_RECORD},
        {"Level", COL_LEVEL},
        {"Index", COL_RECORD},
        {"TimeCreated", COL_TIME},
        {"TimeGenerated", COL_TIME},
        {"LevelDisplayName", COL_LEVEL},
        {"EntryType", COL_LEVEL},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_eq_nocase(name, str_of(names[i].name))) {
            return names[i].column;
        }
    }
    return COL_COUNT;
}

static bool names_with(Str line, uint8_t comma, size_t at[static COL_COUNT])
{
    Str cell;
    bool open;
    for (size_t c = 0; c < COL_COUNT; c++) {
        at[c] = COLUMNS;
    }
    for (size_t i = 0; i < COLUMNS && cell_take(&line, comma, &cell, &open) && !open; i++) {
        Column column = column_of(cell_word(cell));
        if (column < COL_COUNT && at[column] == COLUMNS) { /* the number of a level stands before its name */
            at[column] = i;
        }
    }
    return at[COL_ID] < COLUMNS && at[COL_TIME] < COLUMNS && at[COL_SOURCE] < COLUMNS;
}

static bool names_of(Str line, uint8_t *comma, size_t at[static COL_COUNT])
{
    static const uint8_t commas[] = {',', ';', '\t'};
    for (size_t i = 0; i < sizeof commas; i++) {
        if (names_with(line, commas[i], at)) {
            *comma = commas[i];
            return true;
        }
    }
    return false;
}

/* True where the quotes of a row are not closed yet. */
static bool quotes_open(Str line, bool open)
{
    for (size_t at = 0; (at = str_find_byte(line, '"', at)) != STR_NOT_FOUND; at++) {
        open = !open;
    }
    return open;
}

typedef struct NamedRow {
    Str text;
    uint64_t line, offset;
    bool open; /* its quotes do not end */
} NamedRow;

/* All lines of a row; its memory is the arena's. */
static bool named_take(Source *src, Arena *a, NamedRow *row, bool *cut)
{
    VEC(Str) parts = {0};
    size_t bytes = 0;
    bool open = false;
    *cut = false;
    for (Line line; !*cut && source_line(src, &line);) {
        *row = parts.count ? *row : (NamedRow){.line = line.number, .offset = line.offset};
        *VEC_ADD(a, &parts) = arena_str(a, line.text);
        open = quotes_open(line.text, open);
        if (!open) {
            break;
        }
        *VEC_ADD(a, &parts) = STR("\n");
        bytes += line.text.len + 1;
        *cut = line.cut || bytes > LIMIT_RECORD;
    }
    row->text = arena_join(a, parts.at, parts.count);
    row->open = open;
    return parts.count > 0;
}

static void named_event(Table *t, const NamedRow *row)
{
    Str cells[COL_COUNT] = {{0}}, rest = row->text, cell;
    bool open;
    for (size_t i = 0; i < COLUMNS && cell_take(&rest, t->comma, &cell, &open); i++) {
        for (size_t c = 0; c < COL_COUNT; c++) {
            cells[c] = t->at[c] == i ? cell_text(t->scratch, cell) : cells[c];
        }
    }
    uint64_t record = 0;
    str_u64(cells[COL_RECORD], 10, &record);
    if (!cells[COL_ID].len || !cells[COL_SOURCE].len) {
        t->view.status = analysis_diag_line(t->view.out, t->view.src, row->line, "a row without id or source");
        return;
    }
    event_view_add(&t->view, &(ViewedEvent){.channel = cells[COL_LOG],
                                            .source = cells[COL_SOURCE],
                                            .date = cells[COL_TIME],
                                            .id = cells[COL_ID],
                                            .level = cells[COL_LEVEL],
                                            .computer = cells[COL_MACHINE],
                                            .message = cells[COL_MESSAGE],
                                            .line = row->line,
                                            .offset = row->offset,
                                            .record = record,
                                            .redacted = str_has(row->text, STR("***REDACTED***"))});
}

/* Its columns are few dates among much text: what there is at the beginning must do. */
static void named_survey(Table *t)
{
    DateVotes votes = {0};
    const char *how = "";
    Str text = str_slice(source_peek_text(t->view.src, PEEK_FIRST), 0, PEEK_FIRST);
    for (bool ended = false; text.len && !ended;) {
        Str row = text, cell;
        bool open = false;
        size_t end = 0;
        while (end < text.len && (open || text.at[end] != '\n')) {
            open = open != (text.at[end++] == '"');
        }
        row.len = end;
        ended = end >= text.len;
        for (size_t i = 0; i <= t->at[COL_TIME] && cell_take(&row, t->comma, &cell, &open); i++) {
            LocalDate date;
            if (i == t->at[COL_TIME] && local_date(cell_word(cell), &date)) {
                date_vote(&votes, &date);
            }
        }
        text = str_from(text, end + 1);
    }
    t->view.order = date_order(&votes, LANGUAGE_UNKNOWN, t->view.src->mtime_ns, &how);
    event_view_note(&t->view, how);
}

static void named_parse(Table *t)
{
    Source *src = t->view.src;
    NamedRow row = {0};
    bool cut;
    named_survey(t);
    for (arena_reset(t->scratch); named_take(src, t->scratch, &row, &cut); arena_reset(t->scratch)) {
        if (cut) {
            analysis_limit(t->view.out, "record size", "records are read up to 1 MiB");
        }
        if (cut || row.open) {
            t->view.status = analysis_diag_line(t->view.out, src, row.line, "the quotes of a row do not end");
        } else if (str_trim(row.text).len) {
            named_event(t, &row);
        }
    }
}

/* --- the parser --------------------------------------------------------------------------------------------------- */

/* The header of named columns in the first lines; *lines: how many it takes with what stands before. */
static bool named_header(Str text, uint8_t *comma, size_t at[static COL_COUNT], size_t *lines)
{
    Str line;
    for (*lines = 1; *lines <= 3 && text_next(&text, &line); ++*lines) {
        if (names_of(line, comma, at)) {
            return true;
        }
    }
    return false;
}

static Status csv_parse(Source *src, Arena *scratch, Analysis *out)
{
    Table t = {.view = {.src = src, .out = out, .last_ns = TIME_NONE}, .scratch = scratch};
    size_t lines;
    Line line;
    if (named_header(str_slice(source_peek_text(src, LIMIT_HEAD), 0, LIMIT_HEAD), &t.comma, t.at, &lines)) {
        while (lines-- > 0 && source_line(src, &line)) {
        }
        named_parse(&t);
    } else {
        viewer_parse(&t);
    }
    if (!t.view.lesser) {
        event_view_picked(&t.view);
    }
    return t.view.status;
}

static Bid csv_bid(Str path, Str head)
{
    TextHead room;
    uint8_t comma;
    size_t at[COL_COUNT], lines, rows = 0;
    Str text = text_head(head, &room), line;
    (void)path;
    if (!text_looking(text)) {
        return BID_NO;
    }
    if (named_header(text, &comma, at, &lines)) {
        return BID_SHAPE;
    }
    for (size_t i = 0; i < 64 && text_next(&text, &line); i++) {
        rows += starts_row(line);
    }
    return rows ? BID_SHAPE : BID_NO;
}

const Parser parser_event_csv = {
    .name = "event_csv",
    .reads = "event logs saved as CSV or TXT by Event Viewer, or by Export-Csv",
    .kind = "event_csv",
    .service = SERVICE_EVENT_LOG,
    .bid = csv_bid,
    .parse = csv_parse,
};
