/* Three small files in an extension's folder, Packages/Plugins/<handler>/<version>/:
 *
 *   Status/HeartBeat.Json    [{"version":"1.0","heartbeat":{"status":"ready","code":0,"formattedMessage":{…}}}]
 *   HandlerEnvironment.json  [{"name":"…","handlerEnvironment":{"logFolder":"C:\\WindowsAzure\\Logs\\Plugins\\…", …}}]
 *   HandlerManifest.json     [{"handlerManifest":{"installCommand":"…","enableCommand":"…","reportHeartbeat":false,
 * …}}]
 *
 * Format: bundle-formats.md sections 5.4, 5.5 and 5.7. */
#include "extension_status.h"

typedef struct Shape {
    const char *key, *quoted, *file;
    struct {
        const char *field, *member;
    } values[8];
} Shape;

static const Shape shapes[] = {
    {"heartbeat", "\"heartbeat\"", "HeartBeat.Json", {{"Status", "status"}, {"Code", "code"}}},
    {"handlerEnvironment",
     "\"handlerEnvironment\"",
     "HandlerEnvironment.json",
     {{"LogFolder", "logFolder"},
      {"ConfigFolder", "configFolder"},
      {"StatusFolder", "statusFolder"},
      {"HeartbeatFile", "heartbeatFile"},
      {"EventsFolder", "eventsFolder"}}},
    {"handlerManifest",
     "\"handlerManifest\"",
     "HandlerManifest.json",
     {{"InstallCommand", "installCommand"},
      {"UninstallCommand", "uninstallCommand"},
      {"UpdateCommand", "updateCommand"},
      {"EnableCommand", "enableCommand"},
      {"DisableCommand", "disableCommand"},
      {"RebootAfterInstall", "rebootAfterInstall"},
      {"ReportHeartbeat", "reportHeartbeat"}}},
};
#define SHAPES (sizeof shapes / sizeof *shapes)

static Bid bid(Str path, Str head)
{
    for (size_t i = 0; i < SHAPES; i++) {
        if (json_head_has(head, str_of(shapes[i].quoted))) {
            return BID_SHAPE;
        }
    }
    for (size_t i = 0; i < SHAPES; i++) {
        if (str_ends_nocase(path, str_of(shapes[i].file))) {
            return BID_NAME;
        }
    }
    return BID_NO;
}

static void shape_event(const Shape *shape, const json_t *body, const JsonText *doc, Source *src, Arena *a,
                        Analysis *out)
{
    HandlerPlace place = handler_place(src, STR(".json"));
    Str name = json_text_str(a, json_text_at(doc->root, "name")), message = extension_message(body, a);
    Str status = json_text_str(a, json_text_at(body, "status"));
    FieldList fields = {0};
    field_put(&fields, STR("Handler"), place.handler.len ? place.handler : name);
    field_put(&fields, STR("Version"), place.version);
    for (size_t i = 0; i < sizeof shape->values / sizeof *shape->values && shape->values[i].field; i++) {
        const json_t *value = json_text_at(body, shape->values[i].member);
        field_put(&fields, str_of(shape->values[i].field), json_text_str(a, value));
    }
    field_put(&fields, STR("Message"), message);
    JsonPlace at = {0};
    json_text_seek(doc, &at, str_of(shape->quoted));
    Event ev = {.service = SERVICE_OTHER, .level = extension_level(status), .message = message, .is_line = true};
    ev.record = at.line;
    ev.fields = fields.at;
    ev.field_count = fields.count;
    event_stamp(&ev, src, (Timestamp){.ns = TIME_NONE}, STR(""));
    analysis_add(out, src, &ev);
}

static Status parse(Source *src, Arena *scratch, Analysis *out)
{
    JsonText doc;
    json_text_open(&doc, src, scratch, out);
    const json_t *body = NULL;
    for (size_t i = 0; i < SHAPES && !json_is_object(body); i++) {
        body = json_text_find(doc.root, str_of(shapes[i].key));
        if (json_is_object(body)) {
            shape_event(&shapes[i], body, &doc, src, scratch, out);
        }
    }
    if (!json_is_object(body)) {
        json_text_foreign(&doc, src, out, "no heartbeat, environment or manifest in the JSON");
    }
    json_text_close(&doc);
    return doc.status;
}

const Parser parser_handler_json = {
    .name = "handler_json",
    .reads = "heartbeat, environment and manifest of an extension (HeartBeat.Json, Handler*.json)",
    .kind = "other",
    .service = SERVICE_OTHER,
    .bid = bid,
    .parse = parse,
};
