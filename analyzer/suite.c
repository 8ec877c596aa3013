#include "suite.h"

#include <errno.h>
#include <stdlib.h>

#include "base/platform.h"
#include "base/whole_file.h"
#include "command_bundle.h"
#include "limits.h"
#include "rule_yaml.h"

#define EXPECT "expect.json"

static const char *c_text(Arena *a, Str s)
{
    return (const char *)JOIN(a, s, STR("\0")).at;
}

/* --- finding the cases -------------------------------------------------------------------------------------------- */

static Str trimmed(const char *path)
{
    Str s = str_of(path);
    while (s.len > 1 && s.at[s.len - 1] == '/') {
        s.len--;
    }
    return s;
}

static Str last_part(Str path)
{
    size_t cut = str_rfind_byte(path, '/');
    return cut == STR_NOT_FOUND ? path : str_from(path, cut + 1);
}

static Str above(Str path)
{
    size_t cut = str_rfind_byte(path, '/');
    return cut == STR_NOT_FOUND ? (Str){0} : str_slice(path, 0, cut);
}

static bool has_name(const Str *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(names[i], str_of(name))) {
            return true;
        }
    }
    return false;
}

static void add_case(Suite *s, Str folder)
{
    TestCase *c = ARENA_NEW(&s->a, TestCase, 1);
    Str root = trimmed(s->root), group = last_part(above(folder));
    bool nameless = !group.len || str_eq(group, STR(".")) || str_eq(group, STR(".."));
    c->folder = folder;
    c->group = nameless ? STR("fixtures") : group;
    Str below = folder.len > root.len ? str_from(folder, root.len + 1) : (Str){0};
    bool deep = str_find_byte(below, '/', 0) != STR_NOT_FOUND;
    c->name = deep ? below : JOIN(&s->a, c->group, STR("/"), last_part(folder));
    *VEC_ADD(&s->a, &s->cases) = c;
}

/* False with errno set: the folder cannot be read. */
static bool find_cases(Suite *s, Str folder, unsigned depth)
{
    Str *names;
    size_t count;
    if (!platform_folder(&s->a, c_text(&s->a, folder), &names, &count)) {
        return false;
    }
    if (has_name(names, count, EXPECT)) {
        add_case(s, folder);
        return true;
    }
    if (has_name(names, count, "bundle")) {
        *VEC_ADD(&s->a, &s->notes) = JOIN(&s->a, folder, STR(": a bundle without " EXPECT " is no case"));
        return true;
    }
    for (size_t i = 0; i < count && depth < LIMIT_FIXTURE_DEPTH; i++) {
        Str below = JOIN(&s->a, folder, STR("/"), names[i]);
        bool hidden = names[i].at[0] == '.';
        if (!hidden && platform_file(c_text(&s->a, below), false, NULL, NULL) == FILE_FOLDER &&
            !find_cases(s, below, depth + 1)) {
            return false;
        }
    }
    return true;
}

/* --- reading them ------------------------------------------------------------------------------------------------- */

static void trouble(TestCase *c, Str what)
{
    *VEC_ADD(&c->a, &c->troubles) = (Failure){.what = what, .file = c->expect.file};
}

static void make_bundle(TestCase *c, Str folder)
{
    FixtureInclude include = expectation_include(&c->expect, c->folder);
    FixtureBundle bundle = fixture_bundle(&c->a, folder, &include);
    c->bundle_name = STR("bundle.zip");
    if (!bundle.trouble.len && !bundle.members.count) {
        *VEC_ADD(&c->a, &c->troubles) = (Failure){.what = STR("there is no file in it"), .file = folder};
        return;
    }
    c->bundle = bundle.trouble.len ? (Str){0} : fixture_archive(&c->a, &bundle, c->bundle_name);
    if (bundle.trouble.len) {
        *VEC_ADD(&c->a, &c->troubles) = (Failure){
            .what = bundle.trouble, .file = bundle.trouble_file, .at = {bundle.trouble_line, bundle.trouble_line > 0}};
    }
}

/* The one archive beside expect.json. */
static void read_archive_beside(TestCase *c)
{
    Str *names, found = {0};
    size_t count, archives = 0;
    platform_folder(&c->a, c_text(&c->a, c->folder), &names, &count);
    for (size_t i = 0; i < count; i++) {
        if (bundle_is_archive(c_text(&c->a, JOIN(&c->a, c->folder, STR("/"), names[i])))) {
            found = names[i];
            archives++;
        }
    }
    if (archives != 1) {
        trouble(c, archives ? STR("there is no folder bundle/, and more than one archive")
                            : STR("there is neither a folder bundle/ nor an archive beside it"));
        return;
    }
    const char *why = whole_file(&c->a, JOIN(&c->a, c->folder, STR("/"), found), LIMIT_FIXTURE_FILE, &c->bundle);
    c->bundle_name = found;
    if (why) {
        trouble(c, JOIN(&c->a, found, STR(": "), str_of(why)));
    }
}

/* The command line's own complaint, if there is one, goes to stderr; the case says that it is refused. */
static void read_args(TestCase *c, const RuleSet *rules)
{
    StrList words = expectation_words(&c->expect, "args");
    char **at = ARENA_NEW(&c->a, char *, words.count + 1);
    for (size_t i = 0; i < words.count; i++) {
        at[i] = (char *)c_text(&c->a, words.at[i]);
    }
    Arguments args = {at, (int)words.count};
    int status = 0;
    BundleOptions o;
    bundle_options_begin(&o);
    while (status == 0 && args.count) {
        if (!bundle_option_concludes(&o, &args, &c->a, &status)) {
            Str what = JOIN(&c->a, str_of(args.at[0]), STR(": args takes --assert, --at, --task-id and --code"));
            expectation_failed_key(&c->expect, "args", what, &c->troubles);
            return;
        }
    }
    if (status || bundle_options_ready(&o, rules, EXPECT)) {
        expectation_failed_key(&c->expect, "args", STR("these args are refused"), &c->troubles);
    }
    c->run = o.run;
    c->run.threads = 1;
    c->run.password = NULL;
    c->run.style = (ReportStyle){0};
}

static void load_case(const Suite *s, TestCase *c)
{
    Str bundle = JOIN(&c->a, c->folder, STR("/bundle"));
    c->expect.file = JOIN(&c->a, c->folder, STR("/" EXPECT));
    if (!expectation_load(&c->expect, c->expect.file, &c->a, &c->troubles)) {
        return;
    }
    read_args(c, s->rules);
    bool folder = platform_file(c_text(&c->a, bundle), true, NULL, NULL) == FILE_FOLDER;
    if (folder || expectation_include(&c->expect, c->folder).folder.len) {
        make_bundle(c, bundle);
    } else {
        read_archive_beside(c);
    }
    if (s->update && !(c->file = fopen(c_text(&c->a, c->expect.file), "r+b"))) {
        trouble(c, JOIN(&c->a, STR("it cannot be written: "), str_of(strerror(errno))));
    }
}

int suite_load(Suite *s)
{
    Str root = trimmed(s->root);
    if (!find_cases(s, root, 0)) {
        char what[160];
        snprintf(what, sizeof what, "the folder of fixtures cannot be read (%s): ", strerror(errno));
        return usage_error(what, s->root);
    }
    if (!s->cases.count) {
        return usage_error("there is no " EXPECT " below ", s->root);
    }
    for (size_t i = 0; i < s->cases.count; i++) {
        load_case(s, s->cases.at[i]);
    }
    return 0;
}

void suite_free(Suite *s)
{
    for (size_t i = 0; i < s->cases.count; i++) {
        TestCase *c = s->cases.at[i];
        json_decref(c->expect.root);
        if (c->file) {
            fclose(c->file);
        }
        arena_free(&c->a);
    }
    arena_free(&s->a);
}

/* --- running one bundle ------------------------------------------------------------------------------------------- */

typedef struct Member { /* of the bundle, not of an archive in it */
    Str path, kind;
} Member;

typedef struct Take { /* what is taken of a report before it is gone */
    Arena *a;
    Answer answer;
    VEC(Member) members;
    bool json, term;
} Take;

#define NEAR_SHOWN 160

static Str near_words(const ConditionResult *c, Arena *a)
{
    const Kept *kept = c->near->kept;
    Str quote = str_slice(kept->quote, 0, str_find_byte(kept->quote, '\n', 0));
    return JOIN(a, kept->row->path,
                arena_format(a, kept->ev.is_line ? " line %llu" : " record %llu", (unsigned long long)kept->quote_at),
                STR(" ("), c->near_why.len ? c->near_why : STR("nearest"), STR("): "), str_slice(quote, 0, NEAR_SHOWN),
                quote.len > NEAR_SHOWN ? STR("…") : (Str){0});
}

static void take_verdict(Take *t, const Verdict *v)
{
    ToldVerdict *to = VEC_ADD(t->a, &t->answer.verdicts);
    *to = (ToldVerdict){.cause = v->cause->name, .kind = v->kind};
    for (size_t i = 0; i < v->conditions.count; i++) {
        const ConditionResult *c = &v->conditions.at[i];
        *VEC_ADD(t->a, &to->conditions) = (ToldCondition){
            .name = c->name,
            .why = arena_str(t->a, c->why),
            .near = c->value != YES && c->near && c->near->kept ? near_words(c, t->a) : (Str){0},
            .value = c->value,
            .role = c->role,
        };
    }
}

static Str written(const Report *report, const char *format, Arena *a)
{
    Sink out = sink_memory();
    report_format(report_formats, str_of(format))->write(report, &(ReportStyle){0}, &out);
    Str bytes = arena_str(a, sink_bytes(&out));
    sink_close(&out);
    return bytes;
}

static void take(void *with, const Report *report)
{
    Take *t = with;
    for (size_t i = 0; i < report->conclusion->verdicts.count; i++) {
        take_verdict(t, &report->conclusion->verdicts.at[i]);
    }
    for (size_t i = 0; i < report->analysis->rows.count; i++) {
        const SourceRow *row = report->analysis->rows.at[i];
        if (!str_has(row->path, STR("!/"))) {
            *VEC_ADD(t->a, &t->members) = (Member){arena_str(t->a, row->path), str_of(row->kind ? row->kind : "other")};
        }
    }
    t->answer.json = t->json ? written(report, "json", t->a) : (Str){0};
    t->answer.term = t->term ? written(report, "term", t->a) : (Str){0};
}

static void analyse(const Suite *s, const TestCase *c, const StrList *left_out, Take *to)
{
    const char *name = c_text(to->a, c->bundle_name);
    PipelineInput in = {&name, 1, c->bundle, left_out};
    PipelineResult result = pipeline_read(&c->run, &in, s->rules, take, to);
    to->answer.exit = bundle_exit(result, false);
    to->answer.exit_code = bundle_exit(result, true);
}

/* --- a case: what it expects -------------------------------------------------------------------------------------- */

static Point *add_point(TestCase *c, Str name)
{
    Point *p = VEC_ADD(&c->a, &c->points);
    *p = (Point){.group = c->group, .name = name};
    return p;
}

static void check_again(const Suite *s, TestCase *c, const Take *first, FailureList *to)
{
    Arena scratch = {0};
    Take again = {.a = &scratch, .json = true};
    analyse(s, c, NULL, &again);
    if (!str_eq(first->answer.json, again.answer.json)) {
        Failure *f = VEC_ADD(&c->a, to);
        *f = (Failure){.what = STR("a second run gives another report"), .file = c->expect.file};
    }
    arena_free(&scratch);
}

/* What is told of the failures that were written away; those that are left. */
static FailureList keep_failures(TestCase *c, const FailureList *all, StrList *notes)
{
    FailureList left = {0};
    for (size_t i = 0; i < all->count; i++) {
        const Failure *f = &all->at[i];
        if (f->becomes.len) {
            *VEC_ADD(&c->a, notes) = JOIN(&c->a, f->file, arena_format(&c->a, ":%u: updated: ", f->at.line), f->what);
        } else {
            *VEC_ADD(&c->a, &left) = *f;
        }
    }
    return left;
}

static bool rewrite(FILE *file, Str text)
{
    rewind(file);
    return fwrite(text.at, 1, text.len, file) == text.len && fflush(file) == 0 && platform_truncate(file, text.len);
}

static void update(TestCase *c, Point *p)
{
    Str text = expectation_updated(&c->expect, &p->failures);
    if (str_eq(text, c->expect.text)) {
        return;
    }
    if (!rewrite(c->file, text)) {
        Str what = JOIN(&c->a, STR("it could not be written: "), str_of(strerror(errno)));
        *VEC_ADD(&c->a, &p->failures) = (Failure){.what = what, .file = c->expect.file};
        return;
    }
    p->failures = keep_failures(c, &p->failures, &p->notes);
}

static void test_expectation(const Suite *s, TestCase *c, const Take *first)
{
    Point *p = add_point(c, c->name);
    expectation_compare(&c->expect, &first->answer, &p->failures);
    check_again(s, c, first, &p->failures);
    if (s->update) {
        update(c, p);
    }
    const ToldVerdict *own = answer_verdict(&first->answer, c->group);
    c->positive = own && own->kind <= LIKELY;
}

/* --- a case: no kind of source is what a verdict hangs on --------------------------------------------------------- */

typedef struct Kind {
    Str name;
    StrList paths;
} Kind;
typedef VEC(Kind) KindList;

static void add_to_kind(KindList *kinds, Str name, Str path, Arena *a)
{
    size_t i = 0;
    while (i < kinds->count && !str_eq(kinds->at[i].name, name)) {
        i++;
    }
    if (i == kinds->count) {
        *VEC_ADD(a, kinds) = (Kind){.name = name};
    }
    *VEC_ADD(a, &kinds->at[i].paths) = path;
}

static int by_name(const void *a, const void *b)
{
    return str_order(((const Kind *)a)->name, ((const Kind *)b)->name);
}

/* Members of one kind together, and every event log by itself. Not what is all there is: an empty bundle says
 * nothing. */
static KindList kinds_of(const Take *first, Arena *a)
{
    KindList kinds = {0}, some = {0};
    for (size_t i = 0; i < first->members.count; i++) {
        const Member *m = &first->members.at[i];
        add_to_kind(&kinds, m->kind, m->path, a);
        if (str_eq(m->kind, STR("evtx"))) {
            add_to_kind(&kinds, m->path, m->path, a);
        }
    }
    for (size_t i = 0; i < kinds.count; i++) {
        if (kinds.at[i].paths.count < first->members.count) {
            *VEC_ADD(a, &some) = kinds.at[i];
        }
    }
    if (some.count) {
        qsort(some.at, some.count, sizeof *some.at, by_name);
    }
    return some;
}

static void compare_mutant(TestCase *c, const Answer *whole, const Answer *without, Str kind, FailureList *to)
{
    for (size_t i = 0; i < whole->verdicts.count; i++) {
        const ToldVerdict *was = &whole->verdicts.at[i], *now = answer_verdict(without, was->cause);
        if (was->kind <= LIKELY && now && (now->kind == RULED_OUT || now->kind < was->kind)) {
            Str what = JOIN(&c->a, was->cause, STR(" is "), str_of(verdict_name(was->kind)), STR("; without "), kind,
                            STR(" it is "), str_of(verdict_name(now->kind)));
            failure_explain(expectation_failed(&c->expect, was->cause, what, to), now, true, &c->a);
        }
    }
}

static bool is_positive(const Answer *answer)
{
    for (size_t i = 0; i < answer->verdicts.count; i++) {
        if (answer->verdicts.at[i].kind <= LIKELY) {
            return true;
        }
    }
    return false;
}

static void test_mutants(const Suite *s, TestCase *c, const Take *first)
{
    bool wanted = expectation_flag(&c->expect, "mutation", !expectation_include(&c->expect, (Str){0}).folder.len);
    bool refused = !wanted && !expectation_flag(&c->expect, "mutation", true);
    if (!is_positive(&first->answer) || (!wanted && !refused)) {
        return;
    }
    KindList kinds = kinds_of(first, first->a);
    if (!kinds.count) {
        return;
    }
    Str each = arena_format(&c->a, ": without each kind of source, %zu in turn", kinds.count);
    Point *p = add_point(c, JOIN(&c->a, c->name, each));
    p->skipped = refused ? "expect.json says \"mutation\": false" : NULL;
    for (size_t i = 0; wanted && i < kinds.count; i++) {
        Arena scratch = {0};
        Take without = {.a = &scratch};
        analyse(s, c, &kinds.at[i].paths, &without);
        compare_mutant(c, &first->answer, &without.answer, kinds.at[i].name, &p->failures);
        arena_free(&scratch);
    }
}

static void run_case(const Suite *s, TestCase *c)
{
    Arena scratch = {0};
    Take first = {.a = &scratch, .json = true, .term = expectation_wants_term(&c->expect)};
    if (c->troubles.count) {
        add_point(c, c->name)->failures = c->troubles;
        return;
    }
    analyse(s, c, NULL, &first);
    test_expectation(s, c, &first);
    test_mutants(s, c, &first);
    arena_free(&scratch);
}

/* --- a cause: the cases it must have ------------------------------------------------------------------------------ */

typedef enum Extent { ONE_CASE, ONE_CAUSE, MANY_CAUSES } Extent; /* of what is below the root */

static Extent extent_of(const Suite *s)
{
    size_t root = trimmed(s->root).len;
    Extent extent = ONE_CASE;
    for (size_t i = 0; i < s->cases.count; i++) {
        Str below = str_from(s->cases.at[i]->folder, root + 1);
        bool deep = str_find_byte(below, '/', 0) != STR_NOT_FOUND;
        extent = deep ? MANY_CAUSES : below.len && extent == ONE_CASE ? ONE_CAUSE : extent;
    }
    return extent;
}

typedef struct Has {
    bool any, positive, near_miss, source_missing;
} Has;

static Has has_cases(const Suite *s, Str cause)
{
    Has has = {0};
    for (size_t i = 0; i < s->cases.count; i++) {
        const TestCase *c = s->cases.at[i];
        Str name = last_part(c->folder);
        if (str_eq(c->group, cause)) {
            has.any = true;
            has.positive = has.positive || c->positive;
            has.near_miss = has.near_miss || str_starts(name, STR("near-miss"));
            has.source_missing = has.source_missing || str_starts(name, STR("source-missing"));
        }
    }
    return has;
}

static void want(Suite *s, Point *p, const Cause *cause, bool there, const char *what)
{
    if (!there) {
        Failure *f = VEC_ADD(&s->a, &p->failures);
        Str text = JOIN(&s->a, cause->name, STR(" has "), str_of(what));
        TextPlace at = {cause->doc->line, cause->doc->column};
        *f = (Failure){.cause = cause->name, .what = text, .file = cause->file, .at = at};
    }
}

/* Fixtures of others, too: not those of all of these signatures. */
static bool has_strangers(const Suite *s)
{
    for (size_t i = 0; i < s->cases.count; i++) {
        if (!cause_find(s->rules, s->cases.at[i]->group)) {
            return true;
        }
    }
    return false;
}

/* Whoever names one case or one cause's cases is not asked for those of the others. */
static void want_cases(Suite *s, const Cause *cause, Extent extent)
{
    Has has = has_cases(s, cause->name);
    bool wanted = extent == MANY_CAUSES && s->signatures ? !cause->builtin
                  : extent == MANY_CAUSES                ? s->whole || has.any
                                                         : extent == ONE_CAUSE && has.any;
    if (!wanted) {
        return;
    }
    Point *p = VEC_ADD(&s->a, &s->wanted);
    Str name = JOIN(&s->a, cause->name, STR(": has a positive case, a near miss, and one with a source missing"));
    *p = (Point){.group = cause->name, .name = name};
    want(s, p, cause, has.positive, "no positive case: none that came out as confirmed or likely");
    want(s, p, cause, has.near_miss, "no near miss: no case whose name begins with near-miss");
    want(s, p, cause, has.source_missing, "no case with a source missing: none whose name begins with source-missing");
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

typedef struct Shared {
    Suite *suite;
    unsigned workers;
} Shared;

static void work(unsigned index, void *with)
{
    const Shared *shared = with;
    for (size_t i = index; i < shared->suite->cases.count; i += shared->workers) {
        run_case(shared->suite, shared->suite->cases.at[i]);
    }
}

void suite_run(Suite *s)
{
    Shared shared = {s, reading_threads()};
    json_object_seed(0); /* before threads do it side by side */
    platform_parallel(shared.workers, work, &shared);
    Extent extent = extent_of(s);
    s->whole = s->whole && !has_strangers(s);
    for (size_t i = 0; i < s->rules->cause_count; i++) {
        want_cases(s, &s->rules->causes[i], extent);
    }
}

PointList suite_points(Suite *s)
{
    PointList all = {0};
    for (size_t i = 0; i < s->cases.count; i++) {
        for (size_t k = 0; k < s->cases.at[i]->points.count; k++) {
            *VEC_ADD(&s->a, &all) = s->cases.at[i]->points.at[k];
        }
    }
    for (size_t i = 0; i < s->wanted.count; i++) {
        *VEC_ADD(&s->a, &all) = s->wanted.at[i];
    }
    return all;
}
