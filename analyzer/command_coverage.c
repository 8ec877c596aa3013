/* vmsift signatures coverage: over many bundles, what each signature came to, and which of its conditions never had
 * data. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/platform.h"
#include "command.h"
#include "report_page.h"

#define VERDICTS    5
#define NAME_COLUMN 44
#define LACKS_SHOWN 4

typedef struct Lack { /* a log source that would decide, or why none can */
    Str what;
    size_t bundles;
    bool source;
} Lack;

typedef struct ConditionTally {
    const Condition *condition;
    size_t known; /* in how many bundles it was true or false */
    VEC(Lack) lacks;
} ConditionTally;

typedef struct CauseTally {
    const Cause *cause;
    size_t verdicts[VERDICTS];
    ConditionTally *conditions;
} CauseTally;

typedef struct CoverageOptions {
    Options run;
    Arena a;
    const RuleSet *rules;
    const char *signatures, *color;
    Password password;
    WordList paths, bundles;
    CauseTally *tallies;
    size_t read, unread;
} CoverageOptions;

/* --- counting ----------------------------------------------------------------------------------------------------- */

static void count_lack(CoverageOptions *o, ConditionTally *to, Str what, bool source)
{
    size_t i = 0;
    while (i < to->lacks.count && !str_eq(to->lacks.at[i].what, what)) {
        i++;
    }
    if (i == to->lacks.count) {
        *VEC_ADD(&o->a, &to->lacks) = (Lack){.what = arena_str(&o->a, what), .source = source};
    }
    to->lacks.at[i].bundles++;
}

static void count_condition(CoverageOptions *o, ConditionTally *to, const ConditionResult *c)
{
    to->known += c->value != UNKNOWN;
    for (size_t i = 0; c->value == UNKNOWN && i < c->missing.count; i++) {
        count_lack(o, to, c->missing.at[i].source->title, true);
    }
    if (c->value == UNKNOWN && !c->missing.count) {
        count_lack(o, to, c->why, false);
    }
}

static CauseTally *tally_of(const CoverageOptions *o, const Cause *cause)
{
    return &o->tallies[cause - o->rules->causes];
}

static void count_verdict(CoverageOptions *o, const Verdict *v)
{
    CauseTally *tally = tally_of(o, v->cause);
    tally->verdicts[v->kind]++;
    for (size_t i = 0; i < v->conditions.count; i++) {
        const ConditionResult *c = &v->conditions.at[i];
        if (c->condition) { /* else a rule that only speaks for or against it */
            count_condition(o, &tally->conditions[c->condition - v->cause->conditions], c);
        }
    }
}

static void count_report(void *with, const Report *report)
{
    CoverageOptions *o = with;
    bool read = report->bundle->status < ST_FAILED;
    o->read += read;
    o->unread += !read;
    for (size_t i = 0; read && i < report->conclusion->verdicts.count; i++) {
        count_verdict(o, &report->conclusion->verdicts.at[i]);
    }
}

static void tallies_begin(CoverageOptions *o)
{
    o->tallies = ARENA_NEW(&o->a, CauseTally, o->rules->cause_count);
    for (size_t i = 0; i < o->rules->cause_count; i++) {
        const Cause *cause = &o->rules->causes[i];
        o->tallies[i].cause = cause;
        o->tallies[i].conditions = ARENA_NEW(&o->a, ConditionTally, cause->condition_count);
        for (size_t k = 0; k < cause->condition_count; k++) {
            o->tallies[i].conditions[k].condition = &cause->conditions[k];
        }
    }
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

/* A question to the operator needs no data. */
static bool is_question(const Condition *c)
{
    return !c->rule && !c->left;
}

static bool never_had_data(const CauseTally *t)
{
    for (size_t i = 0; i < t->cause->condition_count; i++) {
        if (!is_question(t->conditions[i].condition) && t->conditions[i].known) {
            return false;
        }
    }
    return true;
}

static void say_count(Page *p, size_t n, int width)
{
    char text[32], digits[24];
    snprintf(digits, sizeof digits, "%zu", n);
    snprintf(text, sizeof text, "%*s", width, n ? digits : "-");
    page_put(p, text);
}

static const struct Column {
    const char *title;
    int width;
} columns[VERDICTS] = {{"confirmed", 11}, {"likely", 8}, {"possible", 10}, {"cannot tell", 13}, {"ruled out", 11}};

static void say_titles(Page *p)
{
    char text[32];
    page_style(p, DIM);
    page_pad(p, NAME_COLUMN);
    for (size_t i = 0; i < VERDICTS; i++) {
        snprintf(text, sizeof text, "%*s", columns[i].width, columns[i].title);
        page_put(p, text);
    }
    page_style(p, PLAIN);
    page_line(p, 0);
}

static int most_first(const void *a, const void *b)
{
    const Lack *x = a, *y = b;
    return x->bundles != y->bundles ? (x->bundles < y->bundles) - (x->bundles > y->bundles)
                                    : str_order(x->what, y->what);
}

static void say_lacks(Page *p, ConditionTally *t)
{
    if (t->lacks.count) {
        qsort(t->lacks.at, t->lacks.count, sizeof *t->lacks.at, most_first);
    }
    for (size_t i = 0; i < t->lacks.count && i < LACKS_SHOWN; i++) {
        page_put(p, i ? "; " : ": ");
        page_say(p, t->lacks.at[i].what);
        page_put(p, t->lacks.at[i].source ? " (missing in " : " (in ");
        page_number(p, t->lacks.at[i].bundles);
        page_put(p, ")");
    }
    if (t->lacks.count > LACKS_SHOWN) {
        page_put(p, "; and others");
    }
}

static void say_condition(Page *p, ConditionTally *t)
{
    page_style(p, YELLOW);
    page_put(p, "never had data: ");
    page_say(p, t->condition->name);
    page_style(p, PLAIN);
    say_lacks(p, t);
    page_flow(p, (Frame){4, 6, NULL, 0});
}

static void say_cause(Page *p, CauseTally *t)
{
    page_style(p, BOLD);
    page_say(p, t->cause->name);
    page_style(p, PLAIN);
    page_pad(p, NAME_COLUMN - 2);
    for (size_t i = 0; i < VERDICTS; i++) {
        say_count(p, t->verdicts[i], columns[i].width);
    }
    page_line(p, 2);
    for (size_t i = 0; i < t->cause->condition_count; i++) {
        if (!is_question(t->conditions[i].condition) && !t->conditions[i].known) {
            say_condition(p, &t->conditions[i]);
        }
    }
}

static void say_some(Page *p, const CoverageOptions *o, bool builtin, bool without_data, const char *title)
{
    size_t count = 0;
    for (size_t i = 0; i < o->rules->cause_count; i++) {
        if (o->rules->causes[i].builtin == builtin && never_had_data(&o->tallies[i]) == without_data) {
            if (count++ == 0) {
                page_put(p, title);
                page_flow(p, (Frame){0, 0, NULL, 0});
            }
            say_cause(p, &o->tallies[i]);
        }
    }
}

static void say_causes(Page *p, const CoverageOptions *o, bool builtin)
{
    say_some(p, o, builtin, true, "No condition of these had data in any bundle:");
    say_some(p, o, builtin, false, "Some condition of these had data:");
}

static void say_heading(Page *p, const char *what, const char *path)
{
    page_style(p, BOLD);
    page_put(p, what);
    page_say(p, str_of(path));
    page_style(p, PLAIN);
    page_flow(p, (Frame){0, 0, NULL, 0});
}

static void say_all(Page *p, const CoverageOptions *o)
{
    page_number(p, o->rules->cause_count);
    page_put(p, " signatures over ");
    page_number(p, o->read);
    page_put(p, o->read == 1 ? " bundle" : " bundles");
    if (o->unread) {
        page_put(p, "; could not be read: ");
        page_number(p, o->unread);
    }
    page_flow(p, (Frame){0, 0, NULL, 0});
    if (o->read) {
        say_titles(p);
        if (o->signatures) {
            say_heading(p, "Signatures of ", o->signatures);
            say_causes(p, o, false);
            say_heading(p, "Signatures that are built in", "");
        }
        say_causes(p, o, true);
    }
}

/* --- which bundles ------------------------------------------------------------------------------------------------ */

/* What a volume of a machine has at its top: such a folder is one bundle, whatever lies beside it. */
static bool is_root(const Str *names, size_t count)
{
    static const char *const tops[] = {"Windows", "WindowsAzure", "Packages"};
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < sizeof tops / sizeof *tops; k++) {
            if (str_eq_nocase(names[i], str_of(tops[k]))) {
                return true;
            }
        }
    }
    return false;
}

static const char *path_below(CoverageOptions *o, const char *folder, Str name)
{
    return (const char *)arena_join(&o->a, (Str[]){str_of(folder), STR("/"), name, STR("\0")}, 4).at;
}

/* By its first bytes, or by its name: one that is broken is to be told, not passed over. */
static bool is_archive(const char *path)
{
    static const char *const endings[] = {".zip", ".7z", ".tar", ".tar.gz", ".tgz", ".cab"};
    bool named = false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        named = named || str_ends_nocase(str_of(path), str_of(endings[i]));
    }
    return bundle_is_archive(path) || (named && platform_file(path, true, NULL, NULL) == FILE_REGULAR);
}

static void tell_left_out(const char *folder, size_t count)
{
    Sink err = sink_file(stderr);
    sink_put(&err, "vmsift: ");
    sink_term(&err, str_of(folder));
    sink_put(&err, ": it holds archives, so each archive and folder in it is one bundle; left out: ");
    sink_format(&err, "%zu other %s\n", count, count == 1 ? "file" : "files");
    sink_close(&err);
}

/* A folder that holds archives is a folder of bundles: all its archives and folders. Returns whether it is one. */
static bool add_folder_of(CoverageOptions *o, const char *folder)
{
    Str *names;
    size_t count, archives = 0, left_out = 0;
    if (!platform_folder(&o->a, folder, &names, &count) || is_root(names, count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        archives += is_archive(path_below(o, folder, names[i]));
    }
    for (size_t i = 0; archives && i < count; i++) {
        const char *path = path_below(o, folder, names[i]);
        if (is_archive(path) || platform_file(path, true, NULL, NULL) == FILE_FOLDER) {
            *VEC_ADD(&o->a, &o->bundles) = path;
        } else {
            left_out++;
        }
    }
    if (left_out) {
        tell_left_out(folder, left_out);
    }
    return archives > 0;
}

static void add_path(CoverageOptions *o, const char *path)
{
    if (platform_file(path, true, NULL, NULL) != FILE_FOLDER || !add_folder_of(o, path)) {
        *VEC_ADD(&o->a, &o->bundles) = path;
    }
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static int take_word(CoverageOptions *o, Arguments *args)
{
    int status;
    if (option_value(args, "--signatures", &o->signatures)) {
        return o->signatures ? 0 : EXIT_OURS;
    }
    if (option_color(args, &o->color, &status) || option_password(args, &o->password, &status)) {
        return status;
    }
    return word_take(args, &o->paths, &o->a);
}

static int cover(void *with, Sink *out)
{
    CoverageOptions *o = with;
    Page page;
    for (size_t i = 0; i < o->bundles.count; i++) {
        pipeline_read(&o->run, &(PipelineInput){&o->bundles.at[i], 1, {0}, NULL}, o->rules, count_report, o);
    }
    page_open(&page, out, platform_columns(), colour_wanted(o->color, NULL));
    say_all(&page, o);
    page_close(&page);
    return o->unread ? EXIT_BUNDLE : EXIT_ANALYSED;
}

static int cover_with(void *with, const RuleSet *rules)
{
    CoverageOptions *o = with;
    o->rules = rules;
    tallies_begin(o);
    return output_write(NULL, cover, o);
}

int signatures_coverage(Arguments args)
{
    CoverageOptions o = {.run = {.choice = {.at_ns = TIME_NONE}, .threads = reading_threads()}};
    int status = 0;
    o.run.password = &o.password;
    while (args.count > 0 && status == 0) {
        status = take_word(&o, &args);
    }
    for (size_t i = 0; status == 0 && i < o.paths.count; i++) {
        add_path(&o, o.paths.at[i]);
    }
    if (status == 0 && !o.paths.count) {
        status = usage_error("no bundle was named (vmsift --help)", "");
    }
    status = status == 0 ? rules_use(o.signatures, false, cover_with, &o) : status;
    arena_free(&o.a);
    return status;
}
