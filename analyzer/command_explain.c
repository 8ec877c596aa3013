/* What a code means, without a bundle; or a signature held to a bundle, condition by condition. */
#include <string.h>

#include "base/platform.h"
#include "command.h"
#include "error_code.h"
#include "explain_code.h"
#include "portal_error.h"
#include "rule_yaml.h"

/* --- a code ----------------------------------------------------------------------------------------------------- */

typedef struct Question {
    const char *word, *color;
    const RuleSet *rules;
} Question;

static int no_such(const Question *q, const char *what, Str near)
{
    Sink err = sink_file(stderr);
    sink_put(&err, "vmsift: ");
    sink_put(&err, what);
    sink_term(&err, str_of(q->word));
    sink_put(&err, near.len ? "; did you mean " : "");
    sink_term(&err, near);
    sink_put(&err, near.len ? "?\n" : "\n");
    sink_close(&err);
    return EXIT_OURS;
}

/* The nearest of all names that could have been meant. */
static Str nearest_name(const RuleSet *rules, Str word, Arena *a)
{
    VEC(Str) names = {0};
    size_t count;
    const ErrorCode *codes = error_code_all(&count);
    for (size_t i = 0; i < count; i++) {
        if (codes[i].symbol) {
            *VEC_ADD(a, &names) = str_of(codes[i].symbol);
        }
    }
    const Str *portal = portal_names(rules, &count, a);
    for (size_t i = 0; i < count; i++) {
        *VEC_ADD(a, &names) = portal[i];
    }
    return nearest_word(word, names.at, names.count);
}

static int not_explained(const Question *q)
{
    if (cause_find(q->rules, str_of(q->word))) {
        return no_such(q,
                       "a signature is explained on a bundle (explain SIGNATURE BUNDLE) or shown by itself "
                       "(signatures show): ",
                       (Str){0});
    }
    if (platform_file(q->word, true, NULL, NULL) != FILE_NONE) {
        return no_such(q, "explain wants a code, or a signature and a bundle; this is a file: ", (Str){0});
    }
    Arena a = {0};
    int status = no_such(q, "no code, symbol or error of the backup service is called ",
                         nearest_name(q->rules, str_of(q->word), &a));
    arena_free(&a);
    return status;
}

static int write_code(void *with, Sink *out)
{
    const Question *q = with;
    Page page;
    page_open(&page, out, platform_columns(), colour_wanted(q->color, NULL));
    bool known = explain_code(&page, str_of(q->word), q->rules);
    page_close(&page);
    return known ? EXIT_ANALYSED : not_explained(q);
}

static int code_with(void *with, const RuleSet *rules)
{
    Question *q = with;
    q->rules = rules;
    return output_write(NULL, write_code, q);
}

typedef struct ExplainOptions {
    const char *signatures;
    Question question;
} ExplainOptions;

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] && !byte_digit((uint8_t)word[1]); /* -2147024891 is a code */
}

/* 0, or the exit status after a complaint. */
static int take_word(ExplainOptions *o, Arguments *args)
{
    int status;
    if (option_color(args, &o->question.color, &status)) {
        return status;
    }
    if (option_value(args, "--signatures", &o->signatures)) {
        return o->signatures ? 0 : EXIT_OURS;
    }
    if (is_option(args->at[0])) {
        return option_unknown(args->at[0]);
    }
    if (o->question.word) {
        return usage_error("explain wants one code, and what belongs to it in quotes; this is one word too many: ",
                           args->at[0]);
    }
    o->question.word = args->at[0];
    args->at++;
    args->count--;
    return 0;
}

int command_explain(Arguments args)
{
    ExplainOptions o = {0};
    int status = 0;
    while (args.count > 0 && status == 0) {
        status = take_word(&o, &args);
    }
    if (status == 0 && !o.question.word) {
        status = usage_error("explain wants a code: a number (0x80110401, -2147024891, 1603), a symbol or the name of a "
                             "portal error",
                             "");
    }
    return status == 0 ? rules_use(o.signatures, false, code_with, &o.question) : status;
}
