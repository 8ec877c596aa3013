/* Advice on what fixtures a cause lacks: fixtures/<cause>/<case>/expect.json, as fixtures/README.md has it. */
#include <jansson.h>

#include "base/platform.h"
#include "lint_advice.h"

typedef struct Kinds {
    bool positive, near_miss, source_missing;
} Kinds;

static Str below(Lint *l, Str folder, Str name)
{
    const Str parts[] = {folder, STR("/"), name, {(const uint8_t *)"", 1}};
    Str path = arena_join(l->run, parts, 4);
    return str_slice(path, 0, path.len - 1);
}

static bool is_positive(const json_t *verdict)
{
    const char *word = json_string_value(verdict);
    size_t i;
    const json_t *one;
    bool positive = word && (strcmp(word, "confirmed") == 0 || strcmp(word, "likely") == 0);
    json_array_foreach(verdict, i, one)
    {
        positive = positive || is_positive(one);
    }
    return positive;
}

static void case_read(Lint *l, const Cause *cause, Str folder, Str name, Kinds *kinds)
{
    json_t *expect = json_load_file((const char *)below(l, folder, STR("expect.json")).at, 0, NULL);
    const json_t *verdicts = json_object_get(expect, "verdicts");
    Str key = arena_join(l->run, (Str[]){cause->name, {(const uint8_t *)"", 1}}, 2);
    const json_t *verdict = json_object_get(verdicts, (const char *)key.at);
    kinds->positive = kinds->positive || is_positive(verdict);
    kinds->near_miss = kinds->near_miss || (expect && str_starts(name, STR("near-miss")));
    kinds->source_missing = kinds->source_missing || (expect && str_starts(name, STR("source-missing")));
    json_decref(expect);
}

void lint_fixtures(Lint *l, const Cause *cause)
{
    if (!l->scope->fixtures.len || cause->builtin != l->scope->builtin_fixtures) {
        return;
    }
    Kinds kinds = {0};
    Str folder = below(l, l->scope->fixtures, cause->name), *names;
    size_t count = 0;
    if (!platform_folder(l->run, (const char *)folder.at, &names, &count)) {
        count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        case_read(l, cause, below(l, folder, names[i]), names[i], &kinds);
    }
    const struct {
        bool there;
        const char *what;
    } wanted[] = {
        {kinds.positive, "a case that expects 'confirmed' or 'likely'"},
        {kinds.near_miss, "a case 'near-miss…': what looks alike and is not it"},
        {kinds.source_missing, "a case 'source-missing…': the same without a source that decides"},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (!wanted[i].there) {
            ADVISE(l, cause->doc, "no-fixture", folder, STR(" lacks "), str_of(wanted[i].what));
        }
    }
}
