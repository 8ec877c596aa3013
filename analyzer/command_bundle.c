#include "command_bundle.h"

#include <string.h>

#include "base/platform.h"
#include "explain_code.h"
#include "rule_yaml.h"

void bundle_options_begin(BundleOptions *o)
{
    *o = (BundleOptions){
        .run = {.format = report_formats, .choice = {.at_ns = TIME_NONE}, .threads = reading_threads()}};
    o->run.password = &o->password;
}

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

static int take_assertion(BundleOptions *o, const char *value, Arena *a)
{
    Assertion stated;
    if (!parse_assertion(str_of(value), &stated)) {
        return usage_error("--assert wants NAME=yes or NAME=no, not ", value);
    }
    for (size_t i = 0; i < o->assertions.count; i++) {
        if (str_eq(o->assertions.at[i].name, stated.name) && o->assertions.at[i].yes != stated.yes) {
            return usage_error("--assert says yes and no to the same question: ", value);
        }
    }
    *VEC_ADD(a, &o->assertions) = stated;
    return 0;
}

static int take_at(BundleOptions *o, const char *value, Arena *a)
{
    return parse_at(a, value, &o->run.choice.at_ns)
               ? 0
               : usage_error("--at wants a UTC time such as 2023-05-16T21:33Z, not ", value);
}

bool bundle_option_concludes(BundleOptions *o, Arguments *args, Arena *a, int *status)
{
    const char *value;
    if (option_value(args, "--at", &value)) {
        *status = value ? take_at(o, value, a) : EXIT_OURS;
    } else if (option_value(args, "--task-id", &value)) {
        o->run.choice.task_id = value ? str_of(value) : (Str){0};
        *status = value ? 0 : EXIT_OURS;
    } else if (option_value(args, "--code", &o->code)) {
        *status = o->code ? 0 : EXIT_OURS;
    } else if (option_value(args, "--assert", &value)) {
        *status = value ? take_assertion(o, value, a) : EXIT_OURS;
    } else {
        return false;
    }
    return true;
}

bool bundle_option(BundleOptions *o, Arguments *args, Arena *a, int *status)
{
    if (option_value(args, "--signatures", &o->signatures)) {
        *status = o->signatures ? 0 : EXIT_OURS;
        return true;
    }
    return bundle_option_concludes(o, args, a, status) || option_color(args, &o->color, status) ||
           option_password(args, &o->password, status);
}

/* An answer to a question that no signature asks is a slip of the pen. */
static int check_assertions(const BundleOptions *o, const RuleSet *rules)
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

/* UserErrorSomethingNew: the portal's errors are written so, and there are always more than any table holds. */
static bool looks_like_error(Str word)
{
    size_t capitals = 0;
    for (size_t i = 0; i < word.len; i++) {
        uint8_t c = word.at[i];
        capitals += c >= 'A' && c <= 'Z';
        if (!byte_digit(c) && (byte_lower(c) < 'a' || byte_lower(c) > 'z')) {
            return false;
        }
    }
    return word.len >= 8 && word.len <= 100 && capitals >= 2 && !byte_digit(word.at[0]);
}

static int no_such_code(const BundleOptions *o, Str near)
{
    Sink err = sink_file(stderr);
    sink_put(&err, "vmsift: --code wants the name of an error of the backup service, not ");
    sink_term(&err, str_of(o->code));
    sink_put(&err, near.len ? "; did you mean " : "");
    sink_term(&err, near);
    sink_put(&err, near.len ? "?\n" : "\n");
    sink_close(&err);
    return EXIT_OURS;
}

/* A name that is nearly a known one is a slip of the pen. One that is like none is taken, and the report says that
 * nothing is known of it: the bundle is what the user asks about. */
static int take_code(BundleOptions *o, const RuleSet *rules)
{
    Str word = str_trim(str_of(o->code));
    if (asked_code_find(word, rules, &o->run.asking.code)) {
        return 0;
    }
    if (is_code(word)) {
        return usage_error("--code wants the name of an error of the backup service; vmsift explain says what this "
                           "code of Windows means: ",
                           o->code);
    }
    Arena a = {0};
    size_t count;
    const Str *names = portal_names(rules, &count, &a);
    Str near = nearest_word(word, names, count);
    int status = near.len || !looks_like_error(word) ? no_such_code(o, near) : 0;
    arena_free(&a);
    return status;
}

int bundle_options_ready(BundleOptions *o, const RuleSet *rules, const char *output)
{
    o->run.asking.assertions = o->assertions.at;
    o->run.asking.assertion_count = o->assertions.count;
    o->run.style = (ReportStyle){colour_wanted(o->color, output), output ? 0 : platform_columns()};
    int status = check_assertions(o, rules);
    return status == 0 && o->code ? take_code(o, rules) : status;
}

/* The same bundle twice would only count everything once. */
int bundle_case_check(const char *const *bundles, size_t count)
{
    if (count > LIMIT_GATHERINGS) {
        return usage_error("--case takes 64 bundles at most, this is one too many: ", bundles[LIMIT_GATHERINGS]);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(bundles[i], bundles[j]) == 0) {
                return usage_error("--case was given the same bundle twice: ", bundles[i]);
            }
        }
    }
    return 0;
}

int bundle_exit(PipelineResult r, bool by_verdict)
{
    static const int codes[] = {EXIT_FOUND, EXIT_FOUND, EXIT_MAYBE, EXIT_OPEN, EXIT_ANALYSED};
    return r.status >= ST_FAILED ? EXIT_BUNDLE : by_verdict ? codes[r.best] : EXIT_ANALYSED;
}
