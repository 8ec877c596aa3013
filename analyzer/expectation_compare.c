#include "expectation_key.h"

#include <stdlib.h>

#include "rule_yaml.h"

/* --- comparing ---------------------------------------------------------------------------------------------------- */

static Failure *failed(Compare *c, const char *name, const char *deeper, Str what)
{
    const JsonStep steps[] = {expect_step(c->key), expect_step(name ? name : ""), expect_step(deeper ? deeper : "")};
    return expect_failed(c->e, steps, deeper ? 3 : name ? 2 : 1, (Str){0}, what, c->to);
}

static Failure *failed_cause(Compare *c, const char *cause, const char *deeper, Str what)
{
    Failure *f = failed(c, cause, deeper, what);
    f->cause = str_of(cause);
    return f;
}

/* Of a list below a name (NULL: of the key itself): the item. */
static Failure *failed_item(Compare *c, const char *name, size_t index, Str what)
{
    JsonStep steps[3] = {expect_step(c->key)};
    size_t count = 1;
    if (name) {
        steps[count++] = expect_step(name);
    }
    steps[count++] = (JsonStep){.index = index};
    return expect_failed(c->e, steps, count, (Str){0}, what, c->to);
}

/* JSON of any value, as text that lives in the arena. */
static Str text_of(const json_t *value, Arena *a)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY);
    Str s = arena_str(a, text ? str_of(text) : (Str){0});
    free(text);
    return s;
}

/* A needle is found anywhere in the JSON text of a thing, as it is or as JSON writes it. */
static bool has(const json_t *value, const char *needle)
{
    Arena a = {0};
    json_t *word = json_string(needle);
    Str text = text_of(value, &a), written = text_of(word, &a);
    bool found = str_has_nocase(text, str_of(needle)) || str_has_nocase(text, str_slice(written, 1, written.len - 1));
    json_decref(word);
    arena_free(&a);
    return found;
}

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* The item of a list of objects whose `key` is that text. */
static json_t *item_with(const json_t *list, const char *key, const char *text)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *item = json_array_get(list, i);
        if (str_eq(str_of(text_at(item, key)), str_of(text))) {
            return item;
        }
    }
    return NULL;
}

static void failed_unknown(Compare *c, const char *cause)
{
    Arena *a = c->e->a;
    StrList known = {0};
    for (size_t i = 0; i < c->answer->verdicts.count; i++) {
        *VEC_ADD(a, &known) = c->answer->verdicts.at[i].cause;
    }
    Str near = nearest_word(str_of(cause), known.at, known.count), what = STR("no signature is called ");
    failed_cause(c, cause, NULL,
                 near.len ? JOIN(a, what, str_of(cause), STR("; did you mean "), near, STR("?"))
                          : JOIN(a, what, str_of(cause), STR("; --signatures DIR reads those of a folder")));
}

static json_t *verdict_of(Compare *c, const char *cause)
{
    json_t *verdict = item_with(json_object_get(c->report, "verdicts"), "id", cause);
    if (!verdict) {
        failed_unknown(c, cause);
    }
    return verdict;
}

const ToldVerdict *answer_verdict(const Answer *answer, Str cause)
{
    for (size_t i = 0; i < answer->verdicts.count; i++) {
        if (str_eq(answer->verdicts.at[i].cause, cause)) {
            return &answer->verdicts.at[i];
        }
    }
    return NULL;
}

void failure_explain(Failure *f, const ToldVerdict *v, bool required, Arena *a)
{
    static const char blanks[] = "                                        ";
    size_t widest = 0;
    for (size_t i = 0; i < v->conditions.count; i++) {
        size_t len = v->conditions.at[i].name.len;
        widest = len > widest && len < sizeof blanks ? len : widest;
    }
    for (size_t i = 0; i < v->conditions.count; i++) {
        const ToldCondition *told = &v->conditions.at[i];
        Str pad = str_slice(str_of(blanks), 0, told->name.len < widest ? widest - told->name.len : 0);
        Str value = str_of(truth_name(told->value)), pad_value = str_slice(STR("       "), 0, 7 - value.len);
        if (required && told->role != ROLE_REQUIRED) {
            continue;
        }
        const char *role = told->role == ROLE_SUPPORTS ? "(supports) " : told->role == ROLE_REFUTES ? "(refutes) " : "";
        *VEC_ADD(a, &f->why) =
            JOIN(a, told->name, pad, STR("  "), value, pad_value, STR("  "), str_of(role), told->why);
        if (told->near.len) {
            *VEC_ADD(a, &f->why) = JOIN(a, STR("    nearest: "), told->near);
        }
    }
}

static bool is_wanted(const json_t *want, const char *got)
{
    if (json_is_array(want)) {
        for (size_t i = 0; i < json_array_size(want); i++) {
            if (is_wanted(json_array_get(want, i), got)) {
                return true;
            }
        }
        return false;
    }
    Str word = str_of(json_string_value(want));
    return str_eq(word, STR("*")) || str_eq(word, str_of(got));
}

static Str wanted_words(const json_t *want, Arena *a)
{
    Str words = json_is_array(want) ? (Str){0} : str_of(json_string_value(want));
    for (size_t i = 0; i < json_array_size(want); i++) {
        words = JOIN(a, words, i ? STR(" or ") : (Str){0}, str_of(json_string_value(json_array_get(want, i))));
    }
    return words;
}

static void compare_verdict(Compare *c, const char *cause, const json_t *want)
{
    Arena *a = c->e->a;
    const ToldVerdict *told = answer_verdict(c->answer, str_of(cause));
    const char *got = told ? verdict_name(told->kind) : "";
    if (str_eq(str_of(cause), STR("*"))) {
        failed_cause(c, cause, NULL, STR("\"*\" is no cause; write \"other-cause\": \"*\" for each"));
        return;
    }
    if (is_wanted(want, got)) { /* "*" is also that there is no such signature */
        return;
    }
    if (!told) {
        failed_unknown(c, cause);
    } else {
        Str what = JOIN(a, str_of(cause), STR(": expected "), wanted_words(want, a), STR(", came "), str_of(got));
        Failure *f = failed_cause(c, cause, NULL, what);
        f->becomes = f->exact ? expect_quoted(a, got) : (Str){0};
        failure_explain(f, told, false, a);
    }
}

static bool is_named(json_t *verdicts, Str cause)
{
    const char *name;
    json_t *verdict;
    bool named = false;
    json_object_foreach(verdicts, name, verdict)
    {
        named = named || str_eq(str_of(name), cause);
    }
    return named;
}

/* What is not named must not be found. */
static void compare_verdicts(Compare *c)
{
    Arena *a = c->e->a;
    const char *cause;
    json_t *want;
    json_object_foreach(c->want, cause, want)
    {
        compare_verdict(c, cause, want);
    }
    for (size_t i = 0; i < c->answer->verdicts.count; i++) {
        const ToldVerdict *told = &c->answer->verdicts.at[i];
        if (told->kind <= LIKELY && !is_named(c->want, told->cause)) {
            Str what = JOIN(a, told->cause, STR(": not expected at all, came "), str_of(verdict_name(told->kind)));
            Failure *f = failed(c, NULL, NULL, what);
            f->cause = told->cause;
            failure_explain(f, told, false, a);
        }
    }
}

static void compare_no_positive(Compare *c)
{
    Arena *a = c->e->a;
    for (size_t i = 0; json_is_true(c->want) && i < c->answer->verdicts.count; i++) {
        const ToldVerdict *told = &c->answer->verdicts.at[i];
        if (told->kind <= POSSIBLE) {
            Str got = str_of(verdict_name(told->kind));
            Str what = JOIN(a, told->cause, STR(": "), got, STR(", though no cause may be found"));
            Failure *f = failed(c, NULL, NULL, what);
            f->cause = told->cause;
            failure_explain(f, told, false, a);
        }
    }
}

static const ToldCondition *told_condition(const ToldVerdict *v, const char *name)
{
    for (size_t i = 0; i < v->conditions.count; i++) {
        if (str_eq(v->conditions.at[i].name, str_of(name))) {
            return &v->conditions.at[i];
        }
    }
    return NULL;
}

static void compare_condition(Compare *c, const char *cause, const ToldVerdict *v, const char *name, const json_t *want)
{
    Arena *a = c->e->a;
    const ToldCondition *told = told_condition(v, name);
    Str label = JOIN(a, str_of(cause), STR("."), str_of(name));
    if (!told) {
        failed_cause(c, cause, name, JOIN(a, str_of(cause), STR(" has no condition "), str_of(name)));
        return;
    }
    const char *got = truth_name(told->value);
    if (!is_wanted(want, got)) {
        Str wanted = str_of(json_string_value(want));
        Str what = JOIN(a, label, STR(": expected "), wanted, STR(", came "), str_of(got));
        Failure *f = failed_cause(c, cause, name, what);
        f->becomes = f->exact ? expect_quoted(a, got) : (Str){0};
        *VEC_ADD(a, &f->why) = arena_str(a, told->why); /* the answer is gone by the time this is printed */
        if (told->near.len) {
            *VEC_ADD(a, &f->why) = JOIN(a, STR("nearest: "), told->near);
        }
    }
}

static void compare_conditions(Compare *c)
{
    const char *cause, *name;
    json_t *conditions, *want;
    json_object_foreach(c->want, cause, conditions)
    {
        const ToldVerdict *v = answer_verdict(c->answer, str_of(cause));
        if (!v) {
            failed_unknown(c, cause);
            continue;
        }
        json_object_foreach(conditions, name, want)
        {
            compare_condition(c, cause, v, name, want);
        }
    }
}

/* --- needles ------------------------------------------------------------------------------------------------------ */

/* What a key looks through: a list of the verdict; for `near`, the nearest lines of its conditions. */
static json_t *hay_of(const char *key, const json_t *verdict)
{
    json_t *hay = json_array();
    bool near = str_eq(str_of(key), STR("near"));
    const json_t *list = json_object_get(verdict, near ? "conditions" : key);
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *item = json_array_get(list, i);
        item = near ? json_object_get(item, "nearest") : item;
        if (item) {
            json_array_append(hay, item);
        }
    }
    return hay;
}

#define HAY_ITEMS 5
#define HAY_SHOWN 300

static void explain_hay(Failure *f, const json_t *hay, Arena *a)
{
    size_t count = json_array_size(hay);
    for (size_t i = 0; i < count && i < HAY_ITEMS; i++) {
        Str text = text_of(json_array_get(hay, i), a);
        *VEC_ADD(a, &f->why) = JOIN(a, str_slice(text, 0, HAY_SHOWN), text.len > HAY_SHOWN ? STR("…") : (Str){0});
    }
    if (count == 0 || count > HAY_ITEMS) {
        *VEC_ADD(a, &f->why) = count ? arena_format(a, "and %zu more", count - HAY_ITEMS) : STR("there is none at all");
    }
}

static void compare_needles(Compare *c)
{
    Arena *a = c->e->a;
    const char *cause;
    json_t *needles;
    bool near = str_eq(str_of(c->key), STR("near"));
    json_object_foreach(c->want, cause, needles)
    {
        const json_t *verdict = verdict_of(c, cause);
        json_t *hay = hay_of(c->key, verdict);
        for (size_t i = 0; verdict && i < json_array_size(needles); i++) {
            const char *needle = json_string_value(json_array_get(needles, i));
            if (!has(hay, needle)) {
                Str what = JOIN(a, str_of(cause), STR(": "), expect_quoted(a, needle), STR(" is not in its "),
                                near ? STR("nearest lines") : str_of(c->key));
                Failure *f = failed_item(c, cause, i, what);
                f->cause = str_of(cause);
                explain_hay(f, hay, a);
            }
        }
        json_decref(hay);
    }
}

static bool decides(const json_t *row, const char *cause)
{
    const json_t *causes = json_object_get(row, "decides");
    for (size_t i = 0; i < json_array_size(causes); i++) {
        if (str_eq(str_of(json_string_value(json_array_get(causes, i))), str_of(cause))) {
            return true;
        }
    }
    return false;
}

/* A row of collect_next that decides the cause and holds the needle. */
static bool collects(const Compare *c, const char *cause, const char *needle)
{
    const json_t *rows = json_object_get(c->report, "collect_next");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (decides(row, cause) && has(row, needle)) {
            return true;
        }
    }
    return false;
}

static void compare_collect(Compare *c)
{
    Arena *a = c->e->a;
    const char *cause;
    json_t *needles;
    bool wanted = str_eq(str_of(c->key), STR("collect"));
    json_object_foreach(c->want, cause, needles)
    {
        for (size_t i = 0; i < json_array_size(needles); i++) {
            const char *needle = json_string_value(json_array_get(needles, i));
            if (collects(c, cause, needle) != wanted) {
                Str what = JOIN(a, str_of(cause), STR(": collect_next has "), wanted ? STR("no") : STR("a"),
                                STR(" row about "), expect_quoted(a, needle), STR(" that decides it"));
                Failure *f = failed_item(c, cause, i, what);
                f->cause = str_of(cause);
            }
        }
    }
}

/* --- the rest of the report --------------------------------------------------------------------------------------- */

static bool path_fits(Str path, Str end)
{
    return str_eq(path, end) || (str_ends(path, end) && path.len > end.len && path.at[path.len - end.len - 1] == '/');
}

static void compare_source_key(Compare *c, const char *path, const char *key, const json_t *want)
{
    const json_t *rows = json_object_get(c->report, "sources");
    const json_t *first = NULL;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (path_fits(str_of(text_at(row, "path")), str_of(path))) {
            first = first ? first : row;
            if (json_equal(json_object_get(row, key), want)) {
                return;
            }
        }
    }
    Arena *a = c->e->a;
    const json_t *got = json_object_get(first, key);
    failed(c, path, NULL,
           JOIN(a, str_of(path), STR(": expected "), str_of(key), STR(" "), text_of(want, a), STR(", came "),
                got ? text_of(got, a) : STR("none"), STR(" "), str_of(text_at(first, "note"))));
}

static void compare_source(Compare *c, const char *path, json_t *want)
{
    const json_t *rows = json_object_get(c->report, "sources");
    const char *key;
    json_t *value;
    bool found = false;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        found = found || path_fits(str_of(text_at(json_array_get(rows, i), "path")), str_of(path));
    }
    if (!found) {
        failed(c, path, NULL, JOIN(c->e->a, STR("there is no source "), str_of(path)));
    } else if (json_is_object(want)) {
        json_object_foreach(want, key, value)
        {
            compare_source_key(c, path, key, value);
        }
    } else if (!str_eq(str_of(json_string_value(want)), STR("*"))) {
        compare_source_key(c, path, "status", want);
    }
}

static void compare_sources(Compare *c)
{
    const char *path;
    json_t *want;
    json_object_foreach(c->want, path, want)
    {
        compare_source(c, path, want);
    }
}

static void compare_no_source(Compare *c)
{
    const json_t *rows = json_object_get(c->report, "sources");
    for (size_t i = 0; i < json_array_size(c->want); i++) {
        Str part = str_of(json_string_value(json_array_get(c->want, i)));
        for (size_t k = 0; k < json_array_size(rows); k++) {
            const char *path = text_at(json_array_get(rows, k), "path");
            if (str_has(str_of(path), part)) {
                failed_item(c, NULL, i, JOIN(c->e->a, STR("there is a source "), str_of(path)));
                break;
            }
        }
    }
}

static void compare_errors(Compare *c)
{
    Arena *a = c->e->a;
    const json_t *errors = json_object_get(c->report, "errors");
    bool codes = str_eq(str_of(c->key), STR("errors"));
    for (size_t i = 0; i < json_array_size(c->want); i++) {
        const char *word = json_string_value(json_array_get(c->want, i));
        const json_t *error = item_with(errors, codes ? "code" : "symbol", word);
        if (!error) {
            failed_item(c, NULL, i, JOIN(a, str_of(word), STR(" is not among the errors of the report")));
        } else if (!*text_at(error, "symbol") || !*text_at(error, "meaning")) {
            failed_item(c, NULL, i, JOIN(a, str_of(word), STR(" is met, but not decoded")));
        }
    }
}

static void compare_episodes(Compare *c)
{
    Arena *a = c->e->a;
    const json_t *episodes = json_object_get(c->report, "episodes");
    const char *kind;
    json_t *want;
    json_object_foreach(c->want, kind, want)
    {
        json_int_t count = 0;
        for (size_t i = 0; i < json_array_size(episodes); i++) {
            count += str_eq(str_of(text_at(json_array_get(episodes, i), "kind")), str_of(kind));
        }
        if (count != json_integer_value(want)) {
            failed(c, kind, NULL,
                   JOIN(a, STR("episodes of kind "), str_of(kind),
                        arena_format(a, ": expected %lld, came %lld", (long long)json_integer_value(want),
                                     (long long)count)));
        }
    }
}

static void compare_bundle(Compare *c)
{
    Arena *a = c->e->a;
    const char *key;
    json_t *want;
    json_object_foreach(c->want, key, want)
    {
        const json_t *got = json_object_get(json_object_get(c->report, "bundle"), key);
        if (!json_equal(got, want)) {
            failed(c, key, NULL,
                   JOIN(a, STR("bundle."), str_of(key), STR(": expected "), text_of(want, a), STR(", came "),
                        got ? text_of(got, a) : STR("none")));
        }
    }
}

/* `report of the OS disk, mode MODE (without …). …` */
static Str mode_in(Str way)
{
    Str before = STR("report of the OS disk, mode ");
    size_t at = str_find(way, before, 0);
    Str rest = at == STR_NOT_FOUND ? (Str){0} : str_from(way, at + before.len);
    Str mode = str_slice(rest, 0, str_find_byte(rest, ' ', 0));
    bool ends = str_ends(mode, STR(".")), goes_on = str_starts(str_from(rest, mode.len), STR(" (without "));
    return ends ? str_slice(mode, 0, mode.len - 1) : goes_on ? mode : (Str){0};
}

static void proposed_modes(const Compare *c, json_t *to)
{
    const json_t *rows = json_object_get(c->report, "collect_next");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *ways = json_object_get(json_array_get(rows, i), "how");
        for (size_t k = 0; k < json_array_size(ways); k++) {
            Str mode = mode_in(str_of(json_string_value(json_array_get(ways, k))));
            if (mode.len) {
                json_object_set_new(to, (const char *)JOIN(c->e->a, mode, STR("\0")).at, json_true());
            }
        }
    }
}

static void compare_modes(Compare *c)
{
    json_t *modes = json_object(), *wanted = json_object();
    proposed_modes(c, modes);
    for (size_t i = 0; i < json_array_size(c->want); i++) {
        json_object_set_new(wanted, json_string_value(json_array_get(c->want, i)), json_true());
    }
    if (!json_equal(modes, wanted)) {
        Arena *a = c->e->a;
        failed(c, NULL, NULL, JOIN(a, STR("the modes that collect_next proposes are "), text_of(modes, a)));
    }
    json_decref(modes);
    json_decref(wanted);
}

static void compare_not_here(Compare *c)
{
    Arena *a = c->e->a;
    const json_t *absent = json_object_get(c->report, "absent");
    const char *source;
    json_t *want;
    json_object_foreach(c->want, source, want)
    {
        const json_t *row = NULL;
        bool good = false;
        for (size_t i = 0; i < json_array_size(absent); i++) {
            const json_t *item = json_array_get(absent, i);
            if (has(json_object_get(item, "source"), source)) {
                row = row ? row : item;
                good = good || has(json_object_get(item, "why"), json_string_value(want));
            }
        }
        if (!good) {
            failed(c, source, NULL,
                   row ? JOIN(a, str_of(source), STR(" is absent because: "), str_of(text_at(row, "why")))
                       : JOIN(a, str_of(source), STR(" is not among the absent sources")));
        }
    }
}

static void compare_texts(Compare *c)
{
    Arena *a = c->e->a;
    bool term = str_eq(str_of(c->key), STR("term"));
    for (size_t i = 0; i < json_array_size(c->want); i++) {
        const char *text = json_string_value(json_array_get(c->want, i));
        if (str_has(term ? c->answer->term : c->answer->json, str_of(text)) != term) {
            failed_item(c, NULL, i,
                        JOIN(a, term ? STR("the terminal report does not show ") : STR("the JSON report holds "),
                             expect_quoted(a, text)));
        }
    }
}

static void compare_exit(Compare *c)
{
    if (json_integer_value(c->want) != c->answer->exit) {
        failed(c, NULL, NULL,
               arena_format(c->e->a, "expected exit status %lld, came %d", (long long)json_integer_value(c->want),
                            c->answer->exit));
    }
}

static void compare_exit_code(Compare *c)
{
    for (size_t i = 0; i < json_array_size(c->want); i++) {
        if (json_integer_value(json_array_get(c->want, i)) == c->answer->exit_code) {
            return;
        }
    }
    failed(c, NULL, NULL, arena_format(c->e->a, "--exit-code gives %d", c->answer->exit_code));
}

/* --- all keys ----------------------------------------------------------------------------------------------------- */

const ExpectKey expect_keys[] = {
    {"verdicts", S_VERDICT_BY, compare_verdicts},
    {"args", S_TEXTS, NULL},
    {"exit", S_NUMBER, compare_exit},
    {"exit_code", S_NUMBERS, compare_exit_code},
    {"conditions", S_CONDITION_BY, compare_conditions},
    {"evidence", S_TEXTS_BY, compare_needles},
    {"near", S_TEXTS_BY, compare_needles},
    {"remedy", S_TEXTS_BY, compare_needles},
    {"verify", S_TEXTS_BY, compare_needles},
    {"ask", S_TEXTS_BY, compare_needles},
    {"sources", S_SOURCE_BY, compare_sources},
    {"no_source", S_TEXTS, compare_no_source},
    {"errors", S_TEXTS, compare_errors},
    {"symbols", S_TEXTS, compare_errors},
    {"episodes", S_NUMBER_BY, compare_episodes},
    {"bundle", S_OBJECT, compare_bundle},
    {"collect", S_TEXTS_BY, compare_collect},
    {"collect_not", S_TEXTS_BY, compare_collect},
    {"modes", S_TEXTS, compare_modes},
    {"not_here", S_TEXT_BY, compare_not_here},
    {"term", S_TEXTS, compare_texts},
    {"absent", S_TEXTS, compare_texts},
    {"no_positive", S_FLAG, compare_no_positive},
    {"mutation", S_FLAG, NULL},
    {"folder", S_FLAG, NULL}, /* of tests/run_fixtures.py */
    {"include", S_TEXT, NULL},
    {"drop", S_TEXTS, NULL},
    {"rename", S_PAIRS, NULL},
    {NULL, S_FLAG, NULL},
};

const ExpectKey *expect_key(Str name)
{
    for (const ExpectKey *key = expect_keys; key->name; key++) {
        if (str_eq(name, str_of(key->name))) {
            return key;
        }
    }
    return NULL;
}

void expectation_compare(const Expectation *e, const Answer *answer, FailureList *to)
{
    Compare c = {.e = e, .answer = answer, .to = to};
    json_t *report = json_loadb((const char *)answer->json.at, answer->json.len, 0, NULL);
    const char *name;
    json_t *value;
    c.report = report;
    if (!report) {
        expect_failed_file(e, STR("the report is no JSON"), (TextPlace){0}, to);
        return;
    }
    json_object_foreach(e->root, name, value)
    {
        const ExpectKey *key = expect_key(str_of(name));
        c.key = name;
        c.want = value;
        if (key->compare) {
            key->compare(&c);
        }
    }
    if (!json_object_get(e->root, "exit") && answer->exit != 0) {
        Str what = arena_format(e->a, "expected exit status 0, came %d", answer->exit);
        expect_failed_file(e, what, (TextPlace){1, 1}, to);
    }
    json_decref(report);
}
