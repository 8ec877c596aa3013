/* results.txt, the operations log of a disk inspection (bundle-formats.md section 1.1.2). Its clock has no date:
 *   Using manifest: diagnostic  [windows]
 *   15:52:51  Executing Operation [3/415]: copy,/Windows/System32/config/SOFTWARE,noscan
 *   15:52:55  Copying Step [3.1] File: /Windows/System32/config/SOFTWARE SUCCEEDED.  [Operation duration: 4 seconds] */
#include "folder_listing.h"
#include "text_stamp.h"

typedef struct Results { /* of the lines so far */
    Source *src;
    Analysis *out;
    Arena *scratch;
    Arena keep;        /* holds mode and troubles */
    Arena keep_folder; /* holds folder */
    Str mode, asked;   /* of `Using manifest:` and `Manifest requested:` */
    Line asked_line;
    Str folder; /* being listed; at == NULL: none */
    VEC(Str) troubles;
    size_t operations, copied, failed, missing, listed, skipped, redacted, removed;
    bool ended;
} Results;

#define TROUBLES 8 /* kinds of trouble a note can name */

static void trouble(Results *r, const Line *line, const char *what)
{
    for (size_t i = 0; i < r->troubles.count; i++) {
        if (str_eq(r->troubles.at[i], str_of(what))) {
            return;
        }
    }
    if (r->troubles.count < TROUBLES) {
        *VEC_ADD(&r->keep, &r->troubles) = str_of(what);
    }
    analysis_diag_line(r->out, r->src, line->number, what);
}

static TextEvent event_of(const Line *line, Level level)
{
    TextEvent t = {.ev = {.time_ns = TIME_NONE,
                          .trust = TRUST_NONE,
                          .service = SERVICE_DISKINSPECT,
                          .level = level,
                          .is_line = true,
                          .record = line->number,
                          .offset = line->offset,
                          .message = line->text}};
    bool clock =
        line->text.len > 8 && byte_digit(line->text.at[0]) && line->text.at[2] == ':' && line->text.at[5] == ':';
    t.ev.time_text = str_slice(line->text, 0, clock ? 8 : 0);
    return t;
}

static void result(Results *r, const Line *line, Str operation, Str path, Str outcome, Mark mark)
{
    TextEvent t = event_of(line, LEVEL_INFO);
    t.ev.mark = mark;
    text_field(&t, STR("Operation"), operation);
    text_field(&t, STR("Path"), path);
    text_field(&t, STR("Result"), outcome);
    text_add(&t, r->src, r->out);
}

/* --- lines ------------------------------------------------------------------------------------------------------ */

/* `15:52:51  ` */
static Str without_clock(Str line)
{
    bool clock = line.len > 9 && byte_digit(line.at[0]) && line.at[2] == ':' && line.at[5] == ':' && line.at[8] == ' ';
    return clock ? str_trim(str_from(line, 8)) : line;
}

/* `Executing Operation [3/415]: copy,/Windows/System32/config/SOFTWARE,noscan` */
static bool operation_line(Results *r, const Line *line, Str text)
{
    if (!str_starts(text, STR("Executing Operation ["))) {
        return false;
    }
    size_t colon = str_find(text, STR("]:"), 0);
    Str rest = str_trim(colon == STR_NOT_FOUND ? (Str){0} : str_from(text, colon + 2)), word = {0}, path = {0};
    str_split(&rest, ',', &word);
    if (rest.len && rest.at[0] == '/') {
        str_split(&rest, ',', &path);
    }
    r->operations++;
    result(r, line, str_trim(word), str_trim(path), (Str){0}, MARK_NONE);
    return true;
}

/* `Copying Step [3.1] File: /Windows/… SUCCEEDED.  [Operation duration: 4 seconds]` */
static bool step_line(Results *r, const Line *line, Str text)
{
    if (!str_starts(text, STR("Copying Step ["))) {
        return false;
    }
    Str path = str_from(text, str_find(text, STR("File: "), 0));
    size_t good = str_find(path, STR(" SUCCEEDED."), 0), bad = str_find(path, STR(" FAILED."), 0);
    size_t end = good < bad ? good : bad;
    Str outcome = end == STR_NOT_FOUND ? (Str){0} : end == good ? STR("SUCCEEDED") : STR("FAILED");
    r->copied += end != STR_NOT_FOUND && end == good;
    r->failed += end != STR_NOT_FOUND && end == bad;
    result(r, line, STR("copy"), str_slice(path, 6, end), outcome,
           !outcome.len  ? MARK_NONE
           : end == good ? MARK_COPIED
                         : MARK_COPY_FAILED);
    return true;
}

/* `Copying /Windows/… FAILED as no files were located.` */
static bool missing_line(Results *r, const Line *line, Str text)
{
    size_t end = str_find(text, STR(" FAILED as no files were located"), 0);
    if (!str_starts(text, STR("Copying /")) || end == STR_NOT_FOUND) {
        return false;
    }
    r->missing++;
    result(r, line, STR("copy"), str_slice(text, 8, end), STR("FAILED"), MARK_COPY_NONE);
    return true;
}

static bool listing_line(Results *r, const Line *line, Str text)
{
    if (str_starts(text, STR("Listing contents of "))) {
        Str folder = str_slice(text, 20, text.len - (text.at[text.len - 1] == ':'));
        arena_reset(&r->keep_folder);
        r->folder = arena_str(&r->keep_folder, str_slice(folder, 0, LIMIT_NAME));
        r->listed++;
        result(r, line, STR("ll"), folder, STR("SUCCEEDED"), MARK_NONE);
        return true;
    }
    size_t end = str_find(text, STR(" is not valid."), 0);
    if (str_starts(text, STR("Directory ")) && end != STR_NOT_FOUND) {
        result(r, line, STR("ll"), str_slice(text, 10, end), STR("FAILED"), MARK_NONE);
        return true;
    }
    ListRow row;
    if (r->folder.at && list_row_ls(line->text, &row)) {
        list_row_add(&row, r->folder, line, r->src, r->scratch, r->out);
        return true;
    }
    if (r->folder.at && str_starts(text, STR("total "))) {
        return true;
    }
    r->folder = (Str){0};
    return false;
}

static void manifest(Results *r, const Line *line, Str mode)
{
    TextEvent t = event_of(line, LEVEL_INFO);
    t.ev.mark = MARK_INSPECTED;
    text_field(&t, STR("Manifest"), mode);
    text_add(&t, r->src, r->out);
}

static bool manifest_line(Results *r, const Line *line, Str text)
{
    if (str_starts(text, STR("Using manifest:"))) {
        Str word = str_trim(str_from(text, 15));
        size_t blank = str_find_byte(word, ' ', 0);
        word = str_slice(word, 0, blank == STR_NOT_FOUND ? 64 : blank);
        if (word.len && !r->mode.len) {
            r->mode = arena_str(&r->keep, str_slice(word, 0, 64));
            manifest(r, line, r->mode);
            return true;
        }
    }
    if (str_starts(text, STR("Manifest requested:")) && !r->asked.len) {
        Str word = str_trim(str_from(text, 19)); /* `agents:3.1` goes on where an earlier run stopped */
        size_t colon = str_find_byte(word, ':', 0);
        r->asked = arena_str(&r->keep, str_slice(word, 0, colon == STR_NOT_FOUND || colon > 64 ? 64 : colon));
        r->asked_line = (Line){arena_str(&r->keep, str_slice(line->text, 0, 256)), line->number, line->offset, false};
        return true; /* its event comes when no manifest was used */
    }
    return false;
}

static bool trouble_line(Results *r, const Line *line, Str text)
{
    static const struct {
        const char *begins, *what;
        Mark mark;
    } troubles[] = {
        {"##### WARNING: Partial results", "the collection was stopped before its end: files are missing",
         MARK_INSPECT_CUT},
        {"Encryption found:", "the disk is encrypted: nothing was collected", MARK_INSPECT_ENCRYPTED},
        {"*** Disk inspection does not currently support", "the disk is encrypted: nothing was collected",
         MARK_INSPECT_ENCRYPTED},
        {"No manifest items were found", "no item of the manifest was found: nothing was collected", MARK_NONE},
        {"Automatic detection of OS failed", "the operating system was not detected, its type is a guess", MARK_NONE},
        {"No mount points can be mounted", "a device could not be mounted", MARK_NONE},
        {"No manifest exists for", "the collection mode asked for does not exist: diagnostic was taken", MARK_NONE},
    };
    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        if (str_starts(text, str_of(troubles[i].begins))) {
            TextEvent t = event_of(line, LEVEL_WARNING);
            t.ev.mark = troubles[i].mark;
            text_add(&t, r->src, r->out);
            trouble(r, line, troubles[i].what);
            return true;
        }
    }
    return false;
}

/* --- the secret scanner ----------------------------------------------------------------------------------------- */

/* `/output/<id>/device_0/WindowsAzure/Logs/x.log` as the operations name it. */
static Str disk_path(Str path)
{
    size_t device = str_find_nocase(path, STR("device_"), 0);
    size_t slash = device == STR_NOT_FOUND ? STR_NOT_FOUND : str_find_byte(path, '/', device);
    return slash == STR_NOT_FOUND ? path : str_from(path, slash);
}

/* What the secret scanner took away is lost to every question: it must be seen. */
static void scanned_file(Results *r, const Line *line, Str path, Str outcome)
{
    Str parts[] = {STR("the secret scanner "),
                   str_eq(outcome, STR("Removed")) ? STR("removed ") : STR("blanked lines of "),
                   str_slice(path, 0, 500),
                   {(const uint8_t *)"", 1}};
    analysis_diag_line(r->out, r->src, line->number, (const char *)arena_join(r->scratch, parts, 4).at);
}

/* Member: as the zip names it. */
static void scan_result(Results *r, const Line *line, Str path, Str outcome)
{
    TextEvent t = event_of(line, LEVEL_INFO);
    t.ev.mark = str_eq(outcome, STR("Removed")) ? MARK_COPY_REMOVED : MARK_NONE;
    text_field(&t, STR("Operation"), STR("credscan"));
    text_field(&t, STR("Path"), disk_path(path));
    text_field(&t, STR("Result"), outcome);
    text_field(&t, STR("Member"), text_scanned_member(path));
    text_add(&t, r->src, r->out);
}

static size_t scanned_files(Results *r, const Line *line, Str name, Str outcome)
{
    size_t count = 0;
    size_t at = str_find(line->text, name, 0);
    Str list = at == STR_NOT_FOUND ? (Str){0} : str_between(str_from(line->text, at), STR("["), STR("]")), item;
    while (str_split(&list, ',', &item)) {
        item = str_trim(item);
        if (item.len >= 2 && (item.at[0] == '\'' || item.at[0] == '"')) {
            item = str_slice(item, 1, item.len - 1);
        }
        if (item.len) {
            scan_result(r, line, item, outcome);
            scanned_file(r, line, disk_path(item), outcome);
            count++;
        }
    }
    return count;
}

static bool scanner_line(Results *r, const Line *line, Str text)
{
    if (!str_starts(text, STR("CredentialScanner: Statistics"))) {
        return false;
    }
    r->redacted += scanned_files(r, line, STR("Redacted File List:"), STR("Redacted"));
    r->removed += scanned_files(r, line, STR("Removed File List:"), STR("Removed"));
    return r->redacted + r->removed > 0;
}

/* --- the whole -------------------------------------------------------------------------------------------------- */

static void results_line(Results *r, const Line *line)
{
    Str text = without_clock(line->text);
    arena_reset(r->scratch);
    r->ended = r->ended || str_starts(text, STR("Execution end time:"));
    r->skipped += str_starts(text, STR("Skipping "));
    if (!str_trim(text).len || listing_line(r, line, text) || operation_line(r, line, text) ||
        step_line(r, line, text) || missing_line(r, line, text) || manifest_line(r, line, text) ||
        trouble_line(r, line, text) || scanner_line(r, line, text)) {
        return;
    }
    result(r, line, (Str){0}, (Str){0}, (Str){0}, MARK_NONE);
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void results_note(Results *r)
{
    VEC(Str) parts = {0};
    Str mode = r->mode.len ? r->mode : r->asked.len ? r->asked : STR("unknown");
    *VEC_ADD(&r->keep, &parts) = STR("mode ");
    *VEC_ADD(&r->keep, &parts) = mode;
    *VEC_ADD(&r->keep, &parts) = arena_format(
        &r->keep, ": %zu operation%s, %zu file%s copied, %zu not found, %zu failed, %zu listing%s", r->operations,
        plural(r->operations), r->copied, plural(r->copied), r->missing, r->failed, r->listed, plural(r->listed));
    if (r->skipped) {
        *VEC_ADD(&r->keep, &parts) =
            arena_format(&r->keep, "; %zu step%s skipped: an earlier run was resumed", r->skipped, plural(r->skipped));
    }
    if (r->redacted || r->removed) {
        *VEC_ADD(&r->keep, &parts) = arena_format(&r->keep, "; the secret scanner redacted %zu file%s and removed %zu",
                                                  r->redacted, plural(r->redacted), r->removed);
    }
    for (size_t i = 0; i < r->troubles.count; i++) {
        *VEC_ADD(&r->keep, &parts) = STR("; ");
        *VEC_ADD(&r->keep, &parts) = r->troubles.at[i];
    }
    analysis_note(r->out, arena_join(&r->keep, parts.at, parts.count));
}

static Status results_parse(Source *src, Arena *scratch, Analysis *out)
{
    Results r = {.src = src, .out = out, .scratch = scratch};
    Status status = ST_OK;
    uint64_t last = 0;
    for (Line line; source_line(src, &line); last = line.number) {
        results_line(&r, &line);
        if (line.cut) {
            analysis_limit(out, "line length", "lines are read up to 1 MiB");
            status = ST_PARTIAL;
        }
    }
    if (!r.mode.len && r.asked.len) {
        manifest(&r, &r.asked_line, r.asked);
    }
    if (!r.ended) {
        status = status_worse(status, analysis_diag_line(out, src, last, "the log of the collection has no end"));
    }
    results_note(&r);
    arena_free(&r.keep);
    arena_free(&r.keep_folder);
    return status;
}

static Bid results_bid(Str path, Str head)
{
    static const char *const words[] = {"Execution start time:", "========== Request Info",
                                        "Executing Operation [", "Copying Step [",
                                        "Using manifest:",       "FAILED as no files were located."};
    (void)path;
    TextHead room;
    head = text_head(head, &room);
    for (size_t i = 0; text_looking(head) && i < sizeof words / sizeof *words; i++) {
        size_t at = str_find(head, str_of(words[i]), 0);
        if (at != STR_NOT_FOUND && (at == 0 || head.at[at - 1] == '\n' || i > 1)) {
            return BID_SHAPE;
        }
    }
    return BID_NO;
}

const Parser parser_inspect_results = {
    .name = "inspect_results",
    .reads = "results.txt of the disk inspection: what was collected, and what not",
    .kind = "diskinspect",
    .service = SERVICE_DISKINSPECT,
    .bid = results_bid,
    .parse = results_parse,
};
