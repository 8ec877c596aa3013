/* vmsift signatures: the authors' workshop. Here: list and show ID, what can be concluded, and from what. */
#include <string.h>

#include "base/platform.h"
#include "command.h"
#include "report_cause.h"

typedef struct SignaturesOptions {
    const char *id, *signatures;
    const RuleSet *rules;
    const Cause *cause; /* to be shown; NULL: all are listed */
} SignaturesOptions;

static unsigned longest_name(const RuleSet *rules)
{
    size_t longest = 0;
    for (size_t i = 0; i < rules->cause_count; i++) {
        size_t len = rules->causes[i].name.len;
        longest = len > longest ? len : longest;
    }
    return longest < 40 ? (unsigned)longest : 40;
}

static void list_causes(Page *p, const RuleSet *rules)
{
    unsigned column = longest_name(rules) + 2;
    for (size_t i = 0; i < rules->cause_count; i++) {
        const Cause *cause = &rules->causes[i];
        page_style(p, BOLD);
        page_say(p, cause->name);
        page_style(p, PLAIN);
        page_pad(p, column);
        page_say(p, cause->level);
        page_pad(p, column + 8);
        page_say(p, cause->title);
        page_flow(p, (Frame){0, column + 8, NULL, 0});
    }
}

static int print(void *with, Sink *out)
{
    const SignaturesOptions *o = with;
    Page page;
    page_open(&page, out, platform_columns(), colour_wanted(NULL, NULL));
    if (o->cause) {
        cause_page(&page, o->rules, o->cause);
    } else {
        list_causes(&page, o->rules);
    }
    page_close(&page);
    return EXIT_ANALYSED;
}

static int run_with(void *with, const RuleSet *rules)
{
    SignaturesOptions *o = with;
    o->rules = rules;
    o->cause = o->id ? cause_find(rules, str_of(o->id)) : NULL;
    return o->id && !o->cause ? usage_error("no signature (vmsift signatures list) is called ", o->id)
                              : output_write(NULL, print, o);
}

static int list_or_show(Arguments args, bool show)
{
    SignaturesOptions o = {0};
    while (args.count > 0) {
        const char *word = args.at[0];
        if (option_value(&args, "--signatures", &o.signatures)) {
            if (!o.signatures) {
                return EXIT_OURS;
            }
            continue;
        }
        if (word[0] == '-') {
            return option_unknown(word);
        }
        if (o.id) {
            return usage_error("one signature at a time; this is a second one: ", word);
        }
        o.id = word;
        args.at++;
        args.count--;
    }
    return show != (o.id != NULL) ? usage_error(show ? "show wants the id of a signature" : "list takes no id", "")
                                  : rules_use(o.signatures, false, run_with, &o);
}

static int signatures_list(Arguments args)
{
    return list_or_show(args, false);
}

static int signatures_show(Arguments args)
{
    return list_or_show(args, true);
}

static const struct Action {
    const char *name;
    int (*run)(Arguments args);
} actions[] = {
    {"list", signatures_list}, {"show", signatures_show}, {"lint", signatures_lint},
    {"new", signatures_new},   {"test", signatures_test}, {"coverage", signatures_coverage},
};

int command_signatures(Arguments args)
{
    for (size_t i = 0; args.count > 0 && i < sizeof actions / sizeof *actions; i++) {
        if (strcmp(args.at[0], actions[i].name) == 0) {
            return actions[i].run((Arguments){args.at + 1, args.count - 1});
        }
    }
    return usage_error("signatures wants list, show ID, lint, test, new ID or coverage", "");
}
