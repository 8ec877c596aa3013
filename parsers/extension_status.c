#include "extension_status.h"

#include <assert.h>

#define SUBSTATUS_MAX 256 /* components, disks: a few in real ones */

typedef VEC(Str) Texts;

/* --- times -------------------------------------------------------------------------------------------------------- */

static bool date_ms(Str text, Timestamp *time)
{
    size_t at = str_find_nocase(text, STR("Date("), 0);
    if (at == STR_NOT_FOUND) {
        return false;
    }
    size_t end = at += 5;
    while (end < text.len && (byte_digit(text.at[end]) || (end == at && text.at[end] == '-'))) {
        end++;
    }
    int64_t ms;
    if (!str_i64(str_slice(text, at, end), &ms) || ms > INT64_MAX / 1000000 || ms < INT64_MIN / 1000000) {
        return false;
    }
    *time = (Timestamp){.ns = ms * 1000000, .digits = 3, .zoned = true};
    return true;
}

Timestamp extension_time(Str text)
{
    Timestamp time = {.ns = TIME_NONE};
    size_t used;
    text = str_trim(text);
    if (date_ms(text, &time) || timestamp_iso(text, &time, &used)) {
        return time;
    }
    return (Timestamp){.ns = TIME_NONE};
}

Timestamp extension_ticks(Str ticks)
{
    uint64_t n;
    bool good = str_u64(str_trim(ticks), 10, &n);
    return (Timestamp){.ns = good ? timestamp_ticks(n) : TIME_NONE, .digits = 7, .zoned = true};
}

void event_stamp(Event *ev, const Source *src, Timestamp time, Str text)
{
    bool stamped = time.ns != TIME_NONE;
    ev->time_ns = stamped ? time.ns : src->mtime_ns;
    ev->time_digits = stamped ? time.digits : 0;
    ev->trust = stamped ? TRUST_STAMPED : ev->time_ns != TIME_NONE ? TRUST_INHERITED : TRUST_NONE;
    ev->time_text = stamped ? text : STR("");
}

Level extension_level(Str status)
{
    return str_eq_nocase(status, STR("error")) ? LEVEL_ERROR
           : str_eq_nocase(status, STR("warning")) || str_eq_nocase(status, STR("NotReady")) ||
                   str_eq_nocase(status, STR("Unresponsive"))
               ? LEVEL_WARNING
               : LEVEL_INFO;
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

Str extension_message(const json_t *object, Arena *a)
{
    Str text = json_text_str(a, json_text_at(object, "formattedMessage/message"));
    text = text.len ? text : json_text_str(a, json_text_at(object, "formattedMessage"));
    return str_trim(text.len ? text : json_text_str(a, json_text_at(object, "message")));
}

static void text_add(Texts *to, Arena *a, Str text)
{
    text = str_trim(text);
    for (size_t i = 0; i < to->count; i++) {
        if (str_eq(to->at[i], text)) {
            return;
        }
    }
    if (text.len && to->count < SUBSTATUS_MAX) {
        *VEC_ADD(a, to) = arena_str(a, text);
    }
}

/* A message may be JSON itself: {"jobMessage": …, "messageStr": …, "snapshotConsistency": 2}. */
static void message_add(Texts *to, Arena *a, Str text)
{
    bool broken;
    json_t *inside = json_text_nested(text, a, &broken);
    Str job = json_text_str(a, json_text_at(inside, "jobMessage"));
    Str told = json_text_str(a, json_text_at(inside, "messageStr"));
    if (!told.len && !job.len) {
        told = text;
    }
    text_add(to, a, told);
    text_add(to, a, job);
    json_decref(inside);
}

static void body_messages(Texts *to, Arena *a, const json_t *body)
{
    const json_t *list = json_is_object(body) ? json_object_get(body, "snapshotInfo") : NULL, *item;
    message_add(to, a, extension_message(body, a));
    for (size_t i = 0; i < SUBSTATUS_MAX && (item = json_text_item(list, i)); i++) {
        text_add(to, a, json_text_str(a, json_text_at(item, "errorMessage")));
    }
    list = json_is_object(body) ? json_object_get(body, "substatus") : NULL;
    for (size_t i = 0; i < SUBSTATUS_MAX && (item = json_text_item(list, i)); i++) {
        message_add(to, a, extension_message(item, a));
    }
}

static Str lines(Arena *a, const Texts *texts)
{
    Texts parts = {0};
    for (size_t i = 0; i < texts->count; i++) {
        if (i) {
            *VEC_ADD(a, &parts) = STR("\n");
        }
        *VEC_ADD(a, &parts) = texts->at[i];
    }
    return arena_join(a, parts.at, parts.count);
}

/* --- the name of the error ---------------------------------------------------------------------------------------- */

static Str telemetry_error(const json_t *body, Arena *a)
{
    const json_t *list = json_is_object(body) ? json_object_get(body, "telemetryData") : NULL, *item;
    for (size_t i = 0; i < SUBSTATUS_MAX && (item = json_text_item(list, i)); i++) {
        if (str_eq_nocase(json_text_str(a, json_text_at(item, "Key")), STR("extErrorCode"))) {
            return json_text_str(a, json_text_at(item, "Value"));
        }
    }
    return STR("");
}

static Str named_in_text(Str text)
{
    size_t from = str_find(text, STR("StatusCode."), 0);
    if (from == STR_NOT_FOUND) {
        return STR("");
    }
    size_t end = from += 11;
    while (end < text.len && (byte_digit(text.at[end]) || text.at[end] == '_' ||
                              (byte_lower(text.at[end]) >= 'a' && byte_lower(text.at[end]) <= 'z'))) {
        end++;
    }
    return str_slice(text, from, end);
}

static Str error_name(const json_t *nested, const json_t *outer, Str messages, Arena *a)
{
    Str name = telemetry_error(nested, a);
    name = name.len ? name : telemetry_error(outer, a);
    if (!name.len || str_eq_nocase(name, STR("error"))) {
        Str told = named_in_text(messages);
        name = told.len ? told : name;
    }
    return str_starts_nocase(name, STR("success")) ? STR("") : name;
}

/* --- the status --------------------------------------------------------------------------------------------------- */

static Str first_str(Arena *a, const json_t *one, const json_t *other, const char *path)
{
    Str text = json_text_str(a, json_text_at(one, path));
    return arena_str(a, text.len ? text : json_text_str(a, json_text_at(other, path)));
}

/* {status: {status: "error", …}} or the inner object alone. */
static const json_t *body_of(const json_t *report)
{
    const json_t *body = json_text_at(report, "status");
    return json_is_object(body) ? body : json_text_item(report, 0);
}

static void take_time(ExtensionStatus *to, const json_t *report, Arena *a)
{
    if (to->time.ns == TIME_NONE) {
        to->time_text = arena_str(a, json_text_str(a, json_text_at(report, "timestampUTC")));
        to->time = extension_time(to->time_text);
    }
}

/* A success outside is the agent's: true only when nothing nested stands, or could have stood, against it. */
static void take_result(ExtensionStatus *to, const json_t *nested, const json_t *outer, bool unsure, Arena *a)
{
    to->outer = arena_str(a, json_text_str(a, json_text_at(outer, "status")));
    to->status = arena_str(a, json_text_str(a, json_text_at(nested, "status")));
    to->code = arena_str(a, json_text_str(a, json_text_at(nested, "code")));
    if (!to->status.len && (!unsure || str_eq_nocase(to->outer, STR("error")))) {
        to->status = to->outer;
        to->code = arena_str(a, json_text_str(a, json_text_at(outer, "code")));
    }
}

ExtensionStatus extension_status_read(const json_t *report, bool broken, Arena *a)
{
    ExtensionStatus to = {.time = {.ns = TIME_NONE}};
    const json_t *outer = body_of(report);
    Str text = json_text_str(a, json_text_at(outer, "substatus/name"));
    json_t *inside = json_text_nested(text, a, &to.broken);
    const json_t *nested = inside ? body_of(inside) : NULL;
    take_result(&to, nested, outer, inside || (broken && !text.len), a);
    take_time(&to, inside, a);
    take_time(&to, report, a);
    to.name = first_str(a, nested, outer, "name");
    to.task_id = first_str(a, outer, nested, "taskId");
    to.ticks = first_str(a, outer, nested, "commandStartTimeUTCTicks");
    Texts texts = {0};
    body_messages(&texts, a, nested);
    body_messages(&texts, a, outer);
    to.messages = lines(a, &texts);
    to.error_name = arena_str(a, error_name(nested, outer, to.messages, a));
    json_decref(inside);
    return to;
}

/* --- the place ---------------------------------------------------------------------------------------------------- */

static bool is_version(Str s)
{
    size_t dots = 0;
    for (size_t i = 0; i < s.len; i++) {
        bool dot = s.at[i] == '.';
        if ((!dot && !byte_digit(s.at[i])) || (dot && (i == 0 || s.at[i - 1] == '.' || i + 1 == s.len))) {
            return false;
        }
        dots += dot;
    }
    return dots >= 1 && dots <= 4;
}

static bool is_digits(Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!byte_digit(s.at[i])) {
            return false;
        }
    }
    return s.len > 0 && s.len <= 10;
}

static Str sequence_of(Str name, Str ending)
{
    size_t cut = str_find_nocase(name, ending, 0);
    if (cut == STR_NOT_FOUND) {
        return STR("");
    }
    Str stem = str_slice(name, 0, cut);
    size_t copy = str_find(stem, STR(" ("), 0);
    stem = copy == STR_NOT_FOUND ? stem : str_slice(stem, 0, copy);
    copy = str_find(stem, STR(" - "), 0);
    stem = str_trim(copy == STR_NOT_FOUND ? stem : str_slice(stem, 0, copy));
    size_t dot = str_rfind_byte(stem, '.');
    stem = dot == STR_NOT_FOUND ? stem : str_from(stem, dot + 1);
    return is_digits(stem) ? stem : STR("");
}

static Str last_part(Str path)
{
    size_t slash = str_rfind_byte(path, '/');
    return slash == STR_NOT_FOUND ? path : str_from(path, slash + 1);
}

bool handler_numbered(Str path, Str ending)
{
    return sequence_of(last_part(path), ending).len > 0;
}

HandlerPlace handler_place(const Source *src, Str ending)
{
    HandlerPlace place = {.sequence = sequence_of(src->name, ending)};
    Str rest = src->path, part, before = STR("");
    while (str_split(&rest, '/', &part)) {
        if (rest.len && is_version(part)) {
            bool named = str_has(before, STR(".")) && !is_version(before) && !str_starts(before, STR("."));
            place.version = part;
            place.handler = named ? before : STR("");
        }
        before = part;
    }
    return place;
}

void field_put(FieldList *to, Str name, Str value)
{
    assert(to->count < sizeof to->at / sizeof *to->at);
    if (value.len) {
        to->at[to->count++] = (Field){name, value};
    }
}
