/* What a code means, without a bundle; or a signature held to a bundle, condition by condition. */
#include "base/platform.h"
#include "command_bundle.h"
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

/* --- a signature on a bundle ------------------------------------------------------------------------------------ */

typedef struct Held {
    BundleOptions of;
    RuleSet one; /* all rules, and the one cause */
} Held;

static int write_held(void *with, Sink *out)
{
    const Held *h = with;
    return bundle_exit(pipeline_run(&h->of.run, &h->of.words.at[1], h->of.words.count - 1, &h->one, out), false);
}

/* What was meant, where the first word names no signature. */
static int no_signature(const Held *h, const RuleSet *rules)
{
    const char *word = h->of.words.at[0];
    Arena a = {0};
    Str *names = ARENA_NEW(&a, Str, rules->cause_count);
    for (size_t i = 0; i < rules->cause_count; i++) {
        names[i] = rules->causes[i].name;
    }
    Question q = {.word = word, .rules = rules};
    bool swapped = cause_find(rules, str_of(h->of.words.at[1])) != NULL, code = is_code(str_of(word));
    Str near = swapped || code ? (Str){0} : nearest_word(str_of(word), names, rules->cause_count);
    int status =
        no_such(&q,
                swapped            ? "explain wants the signature first, then the bundle; this is no signature: "
                : code             ? "a code is explained without a bundle (explain CODE); this is one: "
                : h->of.signatures ? "no signature is called "
                                   : "no signature that is built in (--signatures DIR reads others) is called ",
                near);
    arena_free(&a);
    return status;
}

static int held_with(void *with, const RuleSet *rules)
{
    Held *h = with;
    Cause *cause = (Cause *)cause_find(rules, str_of(h->of.words.at[0]));
    if (!cause) {
        return no_signature(h, rules);
    }
    h->one = *rules;
    h->one.causes = cause;
    h->one.cause_count = 1;
    int status = bundle_options_ready(&h->of, rules, NULL);
    return status == 0 ? output_write(NULL, write_held, h) : status;
}

/* --- the command ------------------------------------------------------------------------------------------------ */

/* 0, or the exit status after a complaint. */
static int take_word(BundleOptions *o, Arguments *args, Arena *a)
{
    int status;
    const char *word = args->at[0];
    if (word[0] == '-' && byte_digit((uint8_t)word[1])) { /* -2147024891 is a code */
        *VEC_ADD(a, &o->words) = word;
        args->at++;
        args->count--;
        return 0;
    }
    if (option_flag(args, "--case")) {
        o->run.is_case = true;
        return 0;
    }
    return bundle_option(o, args, a, &status) ? status : word_take(args, &o->words, a);
}

static int run(Held *h)
{
    const BundleOptions *o = &h->of;
    if (o->words.count == 0 || (o->words.count > 2 && !o->run.is_case)) {
        return usage_error(
            "explain wants a CODE (0x80110401, -2147024891, 1603, a symbol, the name of a portal error), "
            "or SIGNATURE BUNDLE",
            "");
    }
    if (o->words.count == 1) {
        return rules_use(o->signatures, false, code_with, &(Question){.word = o->words.at[0], .color = o->color});
    }
    int status = o->run.is_case ? bundle_case_check(o->words.at + 1, o->words.count - 1) : 0;
    return status == 0 ? rules_use(o->signatures, false, held_with, h) : status;
}

int command_explain(Arguments args)
{
    Arena a = {0};
    Held h = {0};
    int status = 0;
    bundle_options_begin(&h.of);
    h.of.run.format = &explain_format;
    while (args.count > 0 && status == 0) {
        status = take_word(&h.of, &args, &a);
    }
    status = status == 0 ? run(&h) : status;
    arena_free(&a);
    return status;
}
