/* CommandExecution*.log, and Install.log, Update.log and Heartbeat.log of extensions (bundle-formats.md section 3.4).
 * The form differs between agents; what begins with a stamp or `Executing command` is a record:
 *   2023-05-08 21:39:58Z	Executing command: C:\Packages\Plugins\…VMSnapshot\1.0.70.0\IaaSBcdrExtension.exe enable
 *   Exit code: 0 */
#include "text_stamp.h"

#define EXECUTING STR("Executing command")

static bool command_starts(Str line)
{
    TextStamp stamp;
    line = text_unglued(line);
    if (!line.len) {
        return false;
    }
    return byte_digit(line.at[0]) || line.at[0] == '[' ? text_stamp(line, &stamp) : str_starts_nocase(line, EXECUTING);
}

/* Of a log without any stamp every line is a record: else it would be one, and as long as the file. */
static bool every_line(Str line)
{
    (void)line;
    return true;
}

static bool any_starts(Str text)
{
    for (Str line; text_next(&text, &line);) {
        if (command_starts(line)) {
            return true;
        }
    }
    return false;
}

/* The last one: a command may print those of its own children. */
static Str last_exit_code(Str text)
{
    Str last = {0}, next;
    for (size_t from = 0; (next = text_exit_code(text, &from)).len;) {
        last = next;
    }
    return last;
}

static void name_handler(TextEvent *t, Str path, Str text)
{
    Str handler, version;
    text_member_handler(path, &handler, &version);
    if (!handler.len) {
        text_plugin_path(text, &handler, &version);
    }
    if (!handler.len) {
        text_handler(text, &handler, &version);
    }
    size_t of = handler.len ? STR_NOT_FOUND : str_find(text, STR("command of "), 0);
    if (of != STR_NOT_FOUND) {
        Str rest = str_from(text, of + STR("command of ").len);
        size_t end = 0;
        while (end < rest.len && rest.at[end] != ':' && rest.at[end] != ' ' && rest.at[end] >= 0x20) {
            end++;
        }
        handler = str_slice(rest, 0, end);
    }
    text_field(t, STR("Handler"), handler);
    text_field(t, STR("Version"), version);
}

static Mark mark_of(Str text, Str exit_code)
{
    static const char *const verbs[] = {"enable", "install", "launch command"};
    if (exit_code.len) {
        return MARK_COMMAND_EXIT;
    }
    bool begins = str_has_nocase(text, EXECUTING) || str_has_nocase(text, STR("Started a process"));
    for (size_t i = 0; begins && i < sizeof verbs / sizeof *verbs; i++) {
        if (str_has_nocase(text, str_of(verbs[i]))) {
            return MARK_COMMAND_BEGIN;
        }
    }
    return MARK_NONE;
}

static void record_event(const TextRecord *record, const Event *before, Service service, TextEvent *t)
{
    TextStamp stamp;
    bool stamped = text_stamp(record->first, &stamp);
    Str text = stamped ? str_from(record->first, stamp.end) : text_unglued(record->first);
    t->ev = (Event){
        .service = service, .level = LEVEL_INFO, .is_line = true, .record = record->line, .offset = record->offset};
    text_time(t, stamped ? &stamp : NULL, before);
    text_level(&text, &t->ev.level);
}

static Status command_parse(Source *src, Arena *scratch, Analysis *out, Service service)
{
    Status status = ST_OK;
    Event before = {.time_ns = TIME_NONE};
    TextStarts *starts =
        any_starts(str_slice(source_peek_text(src, 64 * KIB), 0, 64 * KIB)) ? command_starts : every_line;
    for (TextRecord record; source_text_record(src, starts, &record);) {
        if (!record.text.len) {
            continue;
        }
        TextEvent t;
        record_event(&record, &before, service, &t);
        t.ev.message = text_message(scratch, &record);
        Str exit_code = last_exit_code(t.ev.message);
        t.ev.mark = service == SERVICE_COMMANDEXECUTION ? mark_of(record.first, exit_code) : MARK_NONE;
        name_handler(&t, src->path, t.ev.message);
        text_field(&t, STR("ExitCode"), exit_code);
        text_codes(&t, t.ev.message);
        text_add(&t, src, out);
        before.time_ns = t.ev.time_ns;
        before.time_digits = t.ev.time_digits;
        status = status_worse(status, text_cut(&record, src, out));
    }
    return status;
}

static Status execution_parse(Source *src, Arena *scratch, Analysis *out)
{
    return command_parse(src, scratch, out, SERVICE_COMMANDEXECUTION);
}

static Status plugin_parse(Source *src, Arena *scratch, Analysis *out)
{
    return command_parse(src, scratch, out, SERVICE_PLUGINLOG);
}

static bool executes(Str head)
{
    for (Str line; text_next(&head, &line);) {
        TextStamp stamp;
        line = text_unglued(line);
        if (text_stamp(line, &stamp) && !text_thread(line) && str_starts_nocase(str_from(line, stamp.end), EXECUTING)) {
            return true;
        }
    }
    return false;
}

/* `Plugins/<handler>/<version>/Install.log`, or what is left of that path when only the last folders were packed. */
static bool is_plugin_log(Str path)
{
    static const char *const begins[] = {"Install", "Update", "Heartbeat"};
    Str name = text_name(path), handler, version;
    text_member_handler(path, &handler, &version);
    for (size_t i = 0;
         (handler.len || version.len) && str_ends_nocase(name, STR(".log")) && i < sizeof begins / sizeof *begins;
         i++) {
        Str word = str_of(begins[i]);
        if (str_starts_nocase(name, word) && (name.at[word.len] < 'A' || name.at[word.len] == '_')) {
            return true;
        }
    }
    return false;
}

static Bid execution_bid(Str path, Str head)
{
    TextHead room;
    head = text_head(head, &room);
    if (!text_looking(head) || is_plugin_log(path)) {
        return BID_NO;
    }
    return executes(head) ? BID_SHAPE : str_starts_nocase(text_name(path), STR("CommandExecution")) ? BID_NAME : BID_NO;
}

static Bid plugin_bid(Str path, Str head)
{
    TextHead room;
    return is_plugin_log(path) && text_looking(text_head(head, &room)) ? BID_NAME : BID_NO;
}

const Parser parser_command_log = {
    .name = "command_log",
    .reads = "CommandExecution*.log: commands of extensions and their output",
    .service = SERVICE_COMMANDEXECUTION,
    .bid = execution_bid,
    .parse = execution_parse,
};

const Parser parser_plugin_log = {
    .name = "plugin_log",
    .reads = "Install.log, Update.log and Heartbeat.log of an extension",
    .service = SERVICE_PLUGINLOG,
    .bid = plugin_bid,
    .parse = plugin_parse,
};
