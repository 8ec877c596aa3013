/* Settings of an extension's run: Packages/Plugins/<handler>/<version>/RuntimeSettings/<sequence>.settings
 *
 *   {"runtimeSettings":[{"handlerSettings":{"publicSettings":{"taskId":"e07354cf-041e-4370-929f-25a319ce8933_1",
 *     "commandToExecute":"snapshot","commandStartTimeUTCTicks":"638197830424282249", …},"protectedSettings":"…", …}}]}
 *
 * Format: bundle-formats.md section 5.6. Settings hold secrets, and a broken file may give a secret under a wrong
 * name: a value leaves only by its name and its form. */
#include "extension_status.h"

static Bid bid(Str path, Str head)
{
    bool shape = json_head_has(head, STR("\"runtimeSettings\"")) || json_head_has(head, STR("\"handlerSettings\""));
    return shape ? BID_SHAPE : handler_numbered(path, STR(".settings")) ? BID_NAME : BID_NO;
}

/* `e07354cf-041e-4370-929f-25a319ce8933_1` */
static bool is_task_id(Str s)
{
    size_t dashes = 0;
    for (size_t i = 0; i < s.len; i++) {
        dashes += s.at[i] == '-';
        if (byte_hex(s.at[i]) < 0 && s.at[i] != '-' && s.at[i] != '_') {
            return false;
        }
    }
    return s.len >= 36 && s.len <= 48 && dashes == 4;
}

static bool is_word(Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (byte_lower(s.at[i]) < 'a' || byte_lower(s.at[i]) > 'z') {
            return false;
        }
    }
    return s.len > 0 && s.len <= 16;
}

static Str value_of(const JsonText *doc, Arena *a, Str name)
{
    const json_t *open = json_text_find(doc->root, STR("publicSettings"));
    const json_t *value = json_text_find(open, name);
    return str_trim(json_text_str(a, value || !doc->broken ? value : json_text_find(doc->root, name)));
}

static void settings_event(const JsonText *doc, Source *src, Arena *a, Analysis *out)
{
    HandlerPlace place = handler_place(src, STR(".settings"));
    Str task = value_of(doc, a, STR("taskId")), command = value_of(doc, a, STR("commandToExecute"));
    Str ticks = value_of(doc, a, STR("commandStartTimeUTCTicks")), type = value_of(doc, a, STR("vmType"));
    bool backup = is_task_id(task) && (is_word(command) || extension_ticks(ticks).ns != TIME_NONE);
    FieldList fields = {0};
    field_put(&fields, STR("Handler"), place.handler.len || !backup ? place.handler : STR(BACKUP_HANDLER));
    field_put(&fields, STR("Version"), place.version);
    field_put(&fields, STR("Sequence"), place.sequence);
    field_put(&fields, STR("TaskId"), is_task_id(task) ? task : STR(""));
    field_put(&fields, STR("Command"), backup && is_word(command) ? command : STR(""));
    field_put(&fields, STR("VmType"), str_starts_nocase(type, STR("microsoft.")) && type.len < 64 ? type : STR(""));
    JsonPlace at = {0};
    json_text_seek(doc, &at, STR("\"taskId\""));
    Event ev = {.service = SERVICE_OTHER, .mark = MARK_SETTINGS, .level = LEVEL_INFO, .is_line = true};
    ev.record = at.line;
    ev.fields = fields.at;
    ev.field_count = fields.count;
    event_stamp(&ev, src, extension_ticks(ticks), ticks);
    analysis_add(out, src, &ev);
}

static Status parse(Source *src, Arena *scratch, Analysis *out)
{
    JsonText doc;
    json_text_open(&doc, src, scratch, out);
    if (json_text_find(doc.root, STR("handlerSettings")) || (doc.broken && json_text_find(doc.root, STR("taskId")))) {
        settings_event(&doc, src, scratch, out);
    } else {
        json_text_foreign(&doc, src, out, "no settings in the JSON");
    }
    json_text_close(&doc);
    return doc.status;
}

const Parser parser_handler_settings = {
    .name = "handler_settings",
    .reads = "settings of an extension's run (<sequence>.settings), without their secrets",
    .kind = "other",
    .service = SERVICE_OTHER,
    .bid = bid,
    .parse = parse,
};
