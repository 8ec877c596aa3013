/* vmsift signatures lint: errors and advice on signatures. */
#include <stdio.h>

#include "base/platform.h"
#include "command.h"
#include "lint.h"

typedef struct LintOptions {
    const char *signatures, *fixtures;
    VEC(Str) load, named; /* what is loaded beside the built-in signatures; what is looked at */
    const RuleSet *rules;
    LintScope scope;
    Arena *a;
} LintOptions;

static bool is_folder(Str path)
{
    return platform_file((const char *)path.at, true, NULL, NULL) == FILE_FOLDER;
}

static Str below(Arena *a, Str folder, const char *name)
{
    return rule_path(a, (const char *)arena_join(a, (Str[]){folder, STR("/"), str_of(name), STR("\0")}, 4).at);
}

static Str parent(Arena *a, Str path)
{
    size_t cut = str_rfind_byte(path, '/');
    return cut == STR_NOT_FOUND ? (str_eq(path, STR(".")) ? STR("..") : STR("."))
                                : arena_str(a, str_slice(path, 0, cut ? cut : 1));
}

/* fixtures/signatures or fixtures, in the folder or above it as far as signatures/<area>/<file> is deep. */
static Str fixtures_near(Arena *a, Str path)
{
    for (unsigned up = 0; up < 4; up++) {
        Str all = below(a, path, "fixtures"), own = below(a, all, "signatures");
        if (is_folder(own) || is_folder(all)) {
            return is_folder(own) ? own : all;
        }
        if (str_eq(path, STR("..")) || str_eq(path, STR("/"))) {
            break;
        }
        path = parent(a, path);
    }
    return (Str){0};
}

static void count_put(Sink *out, size_t n, const char *one, const char *many)
{
    sink_format(out, "%zu ", n);
    sink_put(out, n == 1 ? one : many);
}

static int lint_write(void *with, Sink *out)
{
    LintOptions *o = with;
    if (o->rules->error_count) {
        count_put(out, o->rules->error_count, "error", "errors");
        sink_put(out, "; advice follows once all of it loads\n");
        return EXIT_OURS;
    }
    LintCount count = lint(o->rules, &o->scope, out);
    sink_put(out, "0 errors, ");
    count_put(out, count.advice, "piece", "pieces");
    sink_put(out, " of advice in ");
    count_put(out, count.files, "file\n", "files\n");
    return EXIT_ANALYSED;
}

static int lint_loaded(LintOptions *o)
{
    RuleSet rules;
    Sink errors = sink_file(stdout);
    rule_set_load_paths(&rules, o->load.at, o->load.count, o->a, &errors);
    if (sink_close(&errors) != ST_OK) {
        rule_set_free(&rules);
        return usage_error("the output could not be written", "");
    }
    o->rules = &rules;
    int status = output_write(NULL, lint_write, o);
    rule_set_free(&rules);
    return status;
}

static int fixtures_choose(LintOptions *o)
{
    if (o->fixtures) {
        o->scope.fixtures = rule_path(o->a, o->fixtures);
        return is_folder(o->scope.fixtures) ? 0 : usage_error("--fixtures wants a folder, not ", o->fixtures);
    }
    for (size_t i = 0; i < o->load.count && !o->scope.fixtures.len; i++) {
        o->scope.fixtures = fixtures_near(o->a, o->load.at[i]);
    }
    return 0;
}

static int take_word(LintOptions *o, Arguments *args)
{
    const char *word = args->at[0];
    if (option_value(args, "--signatures", &o->signatures)) {
        return o->signatures ? 0 : EXIT_OURS;
    }
    if (option_value(args, "--fixtures", &o->fixtures)) {
        return o->fixtures ? 0 : EXIT_OURS;
    }
    if (word[0] == '-') {
        return option_unknown(word);
    }
    Str path = rule_path(o->a, word);
    if (platform_file((const char *)path.at, true, NULL, NULL) == FILE_NONE) {
        return usage_error("no such file or folder of signatures: ", word);
    }
    *VEC_ADD(o->a, &o->named) = path;
    args->at++;
    args->count--;
    return 0;
}

int signatures_lint(Arguments args)
{
    Arena a = {0};
    LintOptions o = {.a = &a};
    int status = 0;
    while (args.count > 0 && status == 0) {
        status = take_word(&o, &args);
    }
    if (o.signatures) {
        *VEC_ADD(&a, &o.load) = rule_path(&a, o.signatures);
    }
    for (size_t i = 0; i < o.named.count; i++) {
        *VEC_ADD(&a, &o.load) = o.named.at[i];
    }
    o.scope.paths = o.named.at;
    o.scope.path_count = o.named.count;
    o.scope.builtin_fixtures = o.load.count == 0;
    status = status == 0 ? fixtures_choose(&o) : status;
    status = status == 0 ? lint_loaded(&o) : status;
    arena_free(&a);
    return status;
}
