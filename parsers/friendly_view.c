#include "friendly_view.h"

Str friendly_text(Str line)
{
    line = str_trim(line);
    while (line.len && line.at[0] == '>') {
        line = str_trim(str_from(line, 1));
    }
    bool sign = line.len > 1 && (line.at[0] == '+' || line.at[0] == '-') && line.at[1] == ' ';
    return sign ? str_trim(str_from(line, 1)) : line;
}

/* `[ Name] VSS`: an attribute and its value. */
static bool attribute(Str line, Str *name, Str *value)
{
    size_t close = line.len && line.at[0] == '[' ? str_find_byte(str_slice(line, 0, 64), ']', 0) : STR_NOT_FOUND;
    if (close == STR_NOT_FOUND) {
        return false;
    }
    *name = str_trim(str_slice(line, 1, close));
    *value = str_trim(str_from(line, close + 1));
    return true;
}

bool friendly_name_line(Str line)
{
    Str name, value;
    return attribute(friendly_text(line), &name, &value) && str_eq(name, STR("Name")) && value.len;
}

static bool is_word(Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = byte_lower(s.at[i]);
        if ((c < 'a' || c > 'z') && c != '_' && !(i && byte_digit(c))) {
            return false;
        }
    }
    return s.len > 0;
}

/* The element that a line begins with, and the text behind it. */
static void element(Str line, Str *name, Str *value)
{
    size_t blank = str_find_byte(line, ' ', 0);
    *name = str_slice(line, 0, blank);
    *value = blank == STR_NOT_FOUND ? (Str){0} : str_trim(str_from(line, blank));
}

typedef struct Tree {
    ViewedEvent *out;
    Str element; /* the last one of System */
    Str alias;
    bool manifest; /* the provider has a Guid, and so its data have names */
    bool data;     /* behind System */
    bool ended;    /* by the ruler above a dump of the binary datum */
    VEC(Field) fields;
    Arena *a;
} Tree;

static void system_line(Tree *t, Str line)
{
    Str name, value;
    if (attribute(line, &name, &value)) {
        bool provider = str_eq(t->element, STR("Provider"));
        t->out->source = provider && str_eq(name, STR("Name")) ? value : t->out->source;
        t->manifest = t->manifest || (provider && str_eq(name, STR("Guid")));
        t->out->date = str_eq(name, STR("SystemTime")) ? value : t->out->date;
        return;
    }
    uint64_t number;
    element(line, &name, &value);
    t->element = name;
    Str *to = str_eq(name, STR("EventID"))    ? &t->out->id
              : str_eq(name, STR("Level"))    ? &t->out->level
              : str_eq(name, STR("Channel"))  ? &t->out->channel
              : str_eq(name, STR("Computer")) ? &t->out->computer
                                              : NULL;
    if (to && value.len) {
        *to = value;
    } else if (str_eq(name, STR("EventRecordID")) && str_u64(value, 10, &number)) {
        t->out->record = number;
    }
}

static bool is_hex(Str s)
{
    size_t digits = 0;
    while (digits < s.len && byte_hex(s.at[digits]) >= 0) {
        digits++;
    }
    return digits == s.len && digits >= 8 && digits % 2 == 0;
}

/* One datum a line; behind a datum of several lines the positions of those that follow are lost. */
static void data_line(Tree *t, Str line)
{
    Str name, value;
    element(line, &name, &value);
    t->ended = t->ended || str_starts(line, STR("-----"));
    if (!t->ended) {
        Str given = t->manifest && is_word(name) ? name : is_hex(line) ? STR("Binary") : (Str){0};
        *VEC_ADD(t->a, &t->fields) = (Field){given, str_eq(given, name) && given.len ? value : line};
    }
}

bool friendly_view(const Str *lines, size_t count, Arena *a, ViewedEvent *out)
{
    Tree t = {.out = out, .a = a};
    for (size_t i = 0; i < count; i++) {
        Str line = friendly_text(lines[i]);
        if (str_eq(line, STR("EventData")) || str_eq(line, STR("UserData")) || str_eq(line, STR("System"))) {
            t.data = !str_eq(line, STR("System"));
        } else if (line.len && t.data) {
            data_line(&t, line);
        } else if (line.len) {
            system_line(&t, line);
        }
    }
    out->fields = t.fields.at;
    out->field_count = t.fields.count;
    return out->source.len && out->id.len;
}
