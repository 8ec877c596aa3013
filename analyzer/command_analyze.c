#include <string.h>

#include "base/platform.h"
#include "command.h"
#include "pipeline.h"

typedef struct AnalyzeOptions {
    Options run;
    const RuleSet *rules;
    const char *output, *signatures, *color;
    bool exit_code, profile;
    Password password;
    VEC(Assertion) assertions;
    VEC(const char *) bundles;
} AnalyzeOptions;

/* `2023-05-16T21:33:17Z`; the seconds and the Z may be left out, for times are UTC. */
static bool parse_at(Arena *a, const char *text, int64_t *ns)
{
    Timestamp t;
    size_t used;
    Str word = str_of(text);
    if (word.len && word.at[word.len - 1] == 'Z') {
        word.len--;
    }
    Str padded[] = {word, word.len == 16 ? STR(":00") : (Str){0}};
    Str whole = arena_join(a, padded, 2);
    bool ok = timestamp_iso(whole, &t, &used) && used == whole.len;
    *ns = ok ? t.ns : TIME_NONE;
    return ok;
}

static bool parse_assertion(Str word, Assertion *to)
{
    size_t cut = str_rfind_byte(word, '=');
    Str answer = cut == STR_NOT_FOUND ? (Str){0} : str_from(word, cut + 1);
    bool yes = str_eq_nocase(answer, STR("yes")), no = str_eq_nocase(answer, STR("no"));
    *to = (Assertion){.name = str_slice(word, 0, cut), .yes = yes};
    return (yes || no) && to->name.len;
}

/* 0, or the exit status after a complaint. */
static int take_word(AnalyzeOptions *o, Arguments *args, Arena *a)
{
    const char *value;
    const char *word = args->at[0];
    if (option_value(args, "--format", &value)) {
        o->run.format = value ? report_format(report_formats, str_of(value)) : NULL;
        return o->run.format ? 0 : value ? usage_error("no such format (term or json): ", value) : EXIT_OURS;
    }
    if (option_value(args, "-o", &value)) {
        o->output = value;
        return value ? 0 : EXIT_OURS;
    }
    if (option_value(args, "--signatures", &value)) {
        o->signatures = value;
        return value ? 0 : EXIT_OURS;
    }
    if (option_value(args, "--at", &value)) {
        bool ok = value && parse_at(a, value, &o->run.choice.at_ns);
        return ok ? 0 : value ? usage_error("--at wants a UTC time such as 2023-05-16T21:33Z, not ", value) : EXIT_OURS;
    }
    if (option_value(args, "--task-id", &value)) {
        o->run.choice.task_id = value ? str_of(value) : (Str){0};
        return value ? 0 : EXIT_OURS;
    }
    if (option_value(args, "--assert", &value)) {
        Assertion stated;
        if (!value || !parse_assertion(str_of(value), &stated)) {
            return value ? usage_error("--assert wants NAME=yes or NAME=no, not ", value) : EXIT_OURS;
        }
        for (size_t i = 0; i < o->assertions.count; i++) {
            if (str_eq(o->assertions.at[i].name, stated.name) && o->assertions.at[i].yes != stated.yes) {
                return usage_error("--assert says yes and no to the same question: ", value);
            }
        }
        *VEC_ADD(a, &o->assertions) = stated;
        return 0;
    }
    int status;
    if (option_color(args, &o->color, &status) || option_password(args, &o->password, &status)) {
        return status;
    }
    if (option_flag(args, "--exit-code")) {
        o->exit_code = true;
        return 0;
    }
    if (option_flag(args, "--profile")) {
        o->profile = true;
        return 0;
    }
    if (option_flag(args, "--case")) {
        o->run.is_case = true;
        return 0;
    }
    if (word[0] == '-' && word[1]) {
        return option_unknown(word);
    }
    *VEC_ADD(a, &o->bundles) = word;
    args->at++;
    args->count--;
    return 0;
}

/* An answer to a question that no signature asks is a slip of the pen. */
static int check_assertions(const AnalyzeOptions *o, const RuleSet *rules)
{
    for (size_t i = 0; i < o->assertions.count; i++) {
        bool asked = false;
        for (size_t j = 0; j < rules->cause_count; j++) {
            for (size_t k = 0; k < rules->causes[j].condition_count; k++) {
                asked = asked || str_eq(rules->causes[j].conditions[k].ask_name, o->assertions.at[i].name);
            }
        }
        if (!asked) {
            Arena a = {0};
            Str parts[] = {o->assertions.at[i].name, {(const uint8_t *)"", 1}};
            int status =
                usage_error("no signature asks a question of the name ", (const char *)arena_join(&a, parts, 2).at);
            arena_free(&a);
            return status;
        }
    }
    return 0;
}

/* The same bundle twice would only count everything once. */
static int check_case(const AnalyzeOptions *o)
{
    if (o->bundles.count > LIMIT_GATHERINGS) {
        return usage_error("--case takes 64 bundles at most, this is one too many: ", o->bundles.at[LIMIT_GATHERINGS]);
    }
    for (size_t i = 0; i < o->bundles.count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(o->bundles.at[i], o->bundles.at[j]) == 0) {
                return usage_error("--case was given the same bundle twice: ", o->bundles.at[i]);
            }
        }
    }
    return 0;
}

static int exit_of(PipelineResult r, bool by_verdict)
{
    static const int codes[] = {EXIT_FOUND, EXIT_FOUND, EXIT_MAYBE, EXIT_OPEN, EXIT_ANALYSED};
    return r.status >= ST_FAILED ? EXIT_BUNDLE : by_verdict ? codes[r.best] : EXIT_ANALYSED;
}

/* Several bundles: one that cannot be read outweighs; else the best verdict of all. */
static int exit_worse(int a, int b)
{
    static const int rank[] = {
        [EXIT_ANALYSED] = 0, [EXIT_OURS] = 5, [EXIT_BUNDLE] = 4, [EXIT_FOUND] = 3, [EXIT_MAYBE] = 2, [EXIT_OPEN] = 1};
    return rank[a] >= rank[b] ? a : b;
}

static int analyze_all(void *with, Sink *out)
{
    AnalyzeOptions *o = with;
    int status = EXIT_ANALYSED;
    size_t each = o->run.is_case ? o->bundles.count : 1;
    for (size_t i = 0; i < o->bundles.count; i += each) {
        PipelineResult result = pipeline_run(&o->run, &o->bundles.at[i], each, o->rules, out);
        status = exit_worse(status, exit_of(result, o->exit_code));
        sink_flush(out);
    }
    return status;
}

static int analyze_with(void *with, const RuleSet *rules)
{
    AnalyzeOptions *o = with;
    int status = check_assertions(o, rules);
    o->run.assertions = o->assertions.at;
    o->run.assertion_count = o->assertions.count;
    o->run.style = (ReportStyle){colour_wanted(o->color, o->output), o->output ? 0 : platform_columns()};
    o->rules = rules;
    rules_measure(rules, o->profile);
    status = status == 0 ? output_write(o->output, analyze_all, o) : status;
    rules_measured(rules);
    return status;
}

int command_analyze(Arguments args)
{
    Arena a = {0};
    AnalyzeOptions o = {
        .run = {.format = report_formats, .choice = {.at_ns = TIME_NONE}, .threads = reading_threads()}};
    o.run.password = &o.password;
    int status = 0;
    while (args.count > 0 && status == 0) {
        status = take_word(&o, &args, &a);
    }
    if (status == 0 && o.bundles.count == 0) {
        status = usage_error("no bundle was named (vmsift --help)", "");
    }
    if (status == 0 && o.run.is_case) {
        status = check_case(&o);
    }
    if (status == 0) {
        status = rules_use(o.signatures, false, analyze_with, &o);
    }
    arena_free(&a);
    return status;
}
