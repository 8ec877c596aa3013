/* IaaSBcdrExtension*.log, the backup extension's own log: one attempt a file (bundle-formats.md section 3.3):
 *   2018-12-04T07:52:27.1100000Z [Information]:	Loading configuration {ConfigFile =
 * C:\…\RuntimeSettings\7.settings} 2018-12-04T07:52:28.8611188Z [Error]: Install provider failed {Exception = …
 * (0x80110401): Errors occurred … Lines that went through a support page have often lost their stamps. */
#include "text_stamp.h"

#define HANDLER STR("Microsoft.Azure.RecoveryServices.VMSnapshot")
#define SUMMARY STR("DoSnapshot=complete")

typedef struct Run { /* what is known of the attempt so far */
    Event before;
    int stage;
    Arena keep;
    Str version, computer;
} Run;

typedef struct Step {
    const char *word;
    int stage;
} Step;

static const Step steps[] = {
    {"Loading configuration", 1}, {"VCRedist", 2},
    {"Service is ", 3},           {"IsCommonProviderDllInstalled", 4},
    {"Install provider", 4},      {"Installing provider", 4},
    {"Provider install", 4},      {"Registered the provider", 5},
    {"Register provider", 5},     {"Registering the provider", 5},
    {"GatherWriterMetadata", 6},  {"Adding drive", 7},
    {"AddToSnapshotSet", 7},      {"GatherWriterStatusPreBackup", 8},
    {"GatherWriterStatus", 8},    {"PrepareForBackup", 9},
    {"DoSnapshotSet", 10},        {"BackupComplete", 11},
    {"DoSnapshot {", 12},         {"DoSnapshotHost=complete", 12},
    {"DoSnapshot=complete", 12},
};

/* 0 if the text names no step. Values in braces are of no account: an exception names many steps. */
static int stage_of(Str text)
{
    size_t brace = str_find_byte(text, '{', 0);
    text = str_slice(text, 0, brace == STR_NOT_FOUND ? 200 : brace + 1);
    /* Writers are asked once more behind the snapshot; that is no step back. */
    if (str_has(text, STR("PostBackup")) || str_has(text, STR("PostSnapshot"))) {
        return 0;
    }
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (str_has_nocase(text, str_of(steps[i].word))) {
            return steps[i].stage;
        }
    }
    return 0;
}

static bool extension_starts(Str line)
{
    TextStamp stamp;
    Level level;
    line = text_unglued(line);
    if (!line.len) {
        return false;
    }
    if (byte_digit(line.at[0])) {
        return text_stamp(line, &stamp);
    }
    return text_level(&line, &level) || str_starts(line, STR("DoSnapshot")) ||
           str_starts(line, STR("Adding drive to snapshotset"));
}

/* The value of `{Name = value}`. */
static Str braced(Str text, Str name)
{
    for (size_t at = 0; (at = str_find(text, name, at)) != STR_NOT_FOUND; at++) {
        Str rest = str_trim(str_slice(text, at + name.len, at + name.len + 300));
        bool begins = at > 0 && (text.at[at - 1] == '{' || text.at[at - 1] == ' ');
        if (begins && rest.len && rest.at[0] == '=') {
            size_t end = 1;
            while (end < rest.len && rest.at[end] != '}' && rest.at[end] != ',' && rest.at[end] != '\n' &&
                   rest.at[end] != '\r') {
                end++;
            }
            return str_trim(str_slice(rest, 1, end));
        }
    }
    return (Str){0};
}

/* `\RuntimeSettings\7.settings` */
static Str sequence_of(Str text)
{
    size_t end = str_find_nocase(text, STR(".settings"), 0), from = end;
    while (end != STR_NOT_FOUND && from > 0 && byte_digit(text.at[from - 1])) {
        from--;
    }
    return end == STR_NOT_FOUND ? (Str){0} : str_slice(text, from, end);
}

static bool says(Str text, const char *name, Str value)
{
    size_t at = str_find_nocase(text, str_of(name), 0);
    Str rest = at == STR_NOT_FOUND ? (Str){0} : str_from(text, at + str_of(name).len);
    while (rest.len && (rest.at[0] == ':' || rest.at[0] == '=' || rest.at[0] == ' ')) {
        rest = str_from(rest, 1);
    }
    return str_starts_nocase(rest, value);
}

/* A summary that was cut says neither. */
static Mark summary_mark(Str text)
{
    const Str yes = STR("True"), no = STR("False");
    if (says(text, "AnySnapshotFailed", yes) || says(text, "AllSnapshotFailed", yes) || says(text, "ReturnValue", no)) {
        return MARK_RUN_FAILED;
    }
    bool good =
        says(text, "AnySnapshotFailed", no) && says(text, "AllSnapshotFailed", no) && says(text, "ReturnValue", yes);
    return good ? MARK_RUN_OK : MARK_RUN_STAGE;
}

static void mark_line(Run *run, TextEvent *t, Str text)
{
    int stage = stage_of(text);
    bool error = t->ev.level == LEVEL_ERROR || t->ev.level == LEVEL_CRITICAL;
    if (error) {
        t->ev.mark = MARK_RUN_ERROR;
    } else if (str_has(str_slice(text, 0, 64), SUMMARY)) {
        t->ev.mark = summary_mark(text);
    } else if (stage && stage != run->stage) {
        t->ev.mark = MARK_RUN_STAGE;
    }
    if (stage && (!error || stage > run->stage)) {
        run->stage = stage;
    }
    if (t->ev.mark != MARK_NONE) {
        static const char *const numbers[] = {"", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"};
        text_field(t, STR("Stage"), str_of(numbers[stage ? stage : run->stage]));
    }
    if (stage == 1) {
        text_field(t, STR("Sequence"), sequence_of(text));
    }
}

static void constants(Run *run, TextEvent *t, Str text)
{
    Str version = braced(text, STR("Version")), computer = braced(text, STR("MachineName")), handler;
    if (!version.len && !run->version.len && str_has_nocase(text, STR("VMSnapshot"))) {
        text_plugin_path(text, &handler, &version);
    }
    if (text_is_version(version) && version.len < 40 && !str_eq(version, run->version)) {
        run->version = arena_str(&run->keep, version);
    }
    if (computer.len && !str_eq(computer, run->computer)) {
        run->computer = arena_str(&run->keep, computer);
    }
    if (computer.len && t->ev.mark == MARK_NONE) {
        t->ev.mark = MARK_MACHINE;
        text_field(t, STR("Computer"), computer);
    }
    t->ev.computer = run->computer;
    text_field(t, STR("Handler"), HANDLER);
    text_field(t, STR("Version"), run->version);
}

static void record_event(Run *run, const TextRecord *record, TextEvent *t)
{
    TextStamp stamp;
    bool stamped = text_stamp(record->first, &stamp);
    Str text = stamped ? str_from(record->first, stamp.end) : text_unglued(record->first);
    t->ev = (Event){.service = SERVICE_VMSNAPSHOT,
                    .level = LEVEL_INFO,
                    .is_line = true,
                    .record = record->line,
                    .offset = record->offset};
    text_time(t, stamped ? &stamp : NULL, &run->before);
    text_level(&text, &t->ev.level);
    mark_line(run, t, text);
    constants(run, t, text);
    text_field(t, STR("TaskId"), braced(text, STR("TaskId")));
}

static Status extension_parse(Source *src, Arena *scratch, Analysis *out)
{
    Status status = ST_OK;
    Run run = {.before.time_ns = TIME_NONE};
    Str handler;
    text_member_handler(src->path, &handler, &run.version);
    for (TextRecord record; source_text_record(src, extension_starts, &record);) {
        if (!record.text.len) {
            continue;
        }
        TextEvent t;
        record_event(&run, &record, &t);
        t.ev.message = text_message(scratch, &record);
        text_codes(&t, t.ev.message);
        text_add(&t, src, out);
        run.before.time_ns = t.ev.time_ns;
        run.before.time_digits = t.ev.time_digits;
        status = status_worse(status, text_cut(&record, src, out));
    }
    arena_free(&run.keep);
    return status_worse(status, text_end(src, out));
}

static bool is_extension_line(Str line)
{
    TextStamp stamp;
    Level level;
    line = text_unglued(line);
    line = str_from(line, text_stamp(line, &stamp) && byte_digit(line.at[0]) ? stamp.end : 0);
    bool headed = text_level(&line, &level);
    return (headed && (stage_of(line) || str_has(line, STR("MachineName =")) || str_has(line, STR("{Exception =")))) ||
           str_starts(line, SUMMARY) || str_starts(line, STR("DoSnapshotHost=complete"));
}

static Bid extension_bid(Str path, Str head)
{
    TextHead room;
    Str name = text_name(path), line;
    head = text_head(head, &room);
    if (!text_looking(head) || text_thread(text_unglued(head))) {
        return BID_NO;
    }
    for (Str rest = head; text_next(&rest, &line);) {
        if (is_extension_line(line)) {
            return BID_SHAPE;
        }
    }
    return str_starts_nocase(name, STR("IaaSBcdrExtension")) && str_has_nocase(name, STR(".log")) ? BID_NAME : BID_NO;
}

const Parser parser_extension_log = {
    .name = "extension_log",
    .reads = "IaaSBcdrExtension*.log of the backup extension",
    .service = SERVICE_VMSNAPSHOT,
    .bid = extension_bid,
    .parse = extension_parse,
};
