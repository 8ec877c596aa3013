/* The ledger in the order of what matters: the log sources that signatures ask for, the other known ones, other files.
 * Rows that hold nothing, and those nobody read, have no part of their own unless a signature asks for them. */
#include "collect.h"
#include "limits.h"

typedef struct Asked {
    const LogSource *source;
    StrList by;
} Asked;

typedef struct Parts {
    Survey *survey;
    Conclusion *out;
    VEC(Asked) asked;
    size_t *part_of; /* by SourceRow.number: its part in out->ledger plus one */
} Parts;

/* --- what is asked for ------------------------------------------------------------------------------------------ */

static bool same_source(const LogSource *a, const LogSource *b)
{
    return a->kind == b->kind && str_eq_nocase(a->channel, b->channel) &&
           (a->kind == SERVICE_EVENT_LOG || str_eq(a->title, b->title));
}

/* Of event logs a channel counts once, though there are many words for some of its events: the plainest names it. */
static void asked_add(Parts *p, const LogSource *source, Str cause)
{
    if (source->kind == SERVICE_EPISODE) {
        return; /* is no file */
    }
    for (size_t i = 0; i < p->survey->rules->source_count; i++) {
        const LogSource *s = &p->survey->rules->sources[i];
        if (same_source(s, source)) {
            source = s;
            break;
        }
    }
    Asked *to = NULL;
    for (size_t i = 0; i < p->asked.count && !to; i++) {
        to = p->asked.at[i].source == source ? &p->asked.at[i] : NULL;
    }
    if (!to) {
        to = VEC_ADD(p->survey->run, &p->asked);
        *to = (Asked){.source = source};
    }
    if (to->by.count == 0 || !str_eq(to->by.at[to->by.count - 1], cause)) { /* causes come one after the other */
        *VEC_ADD(p->survey->run, &to->by) = cause;
    }
}

static void asked_by_rule(Parts *p, const Rule *rule, Str cause)
{
    const LogSource *sources[LIMIT_RULE_SOURCES];
    size_t n = rule ? rule_sources(p->survey->rules, rule, sources, sizeof sources / sizeof *sources) : 0;
    for (size_t i = 0; i < n; i++) {
        asked_add(p, sources[i], cause);
    }
}

static void asked_by_cause(Parts *p, const Cause *cause)
{
    for (size_t i = 0; i < cause->condition_count; i++) {
        const Condition *c = &cause->conditions[i];
        asked_by_rule(p, c->rule, cause->name);
        asked_by_rule(p, c->left, cause->name);
        asked_by_rule(p, c->right, cause->name);
        asked_by_rule(p, c->false_if, cause->name);
        asked_by_rule(p, c->until, cause->name);
    }
    for (size_t i = 0; i < cause->support_count; i++) {
        asked_by_rule(p, cause->supports[i], cause->name);
    }
    for (size_t i = 0; i < cause->refute_count; i++) {
        asked_by_rule(p, cause->refutes[i], cause->name);
    }
}

/* What more causes ask for comes first. */
static void asked_sort(Parts *p)
{
    for (size_t i = 1; i < p->asked.count; i++) {
        Asked a = p->asked.at[i];
        size_t j = i;
        for (; j > 0 && p->asked.at[j - 1].by.count < a.by.count; j--) {
            p->asked.at[j] = p->asked.at[j - 1];
        }
        p->asked.at[j] = a;
    }
}

/* --- parts ------------------------------------------------------------------------------------------------------ */

static void part_take(Parts *p, LedgerPart *part, const SourceRow *row)
{
    *VEC_ADD(p->survey->run, &part->rows) = row;
    p->survey->analysis->rows.at[row->number]->listed = true;
    p->part_of[row->number] = (size_t)(part - p->out->ledger.at) + 1;
}

/* One file may answer two questions (a hive: the registry, and the services): then they share its part. */
static void part_present(Parts *p, const Asked *asked, const struct SourceRows *found)
{
    Arena *run = p->survey->run;
    size_t shared = p->part_of[found->rows.at[0]->number];
    LedgerPart *part = shared ? &p->out->ledger.at[shared - 1] : VEC_ADD(run, &p->out->ledger);
    if (!shared) {
        *part = (LedgerPart){0};
    }
    *VEC_ADD(run, &part->titles) = asked->source->title;
    for (size_t i = 0; i < asked->by.count; i++) {
        bool there = false;
        for (size_t k = 0; k < part->asked_by.count; k++) {
            there = there || str_eq(part->asked_by.at[k], asked->by.at[i]);
        }
        if (!there) {
            *VEC_ADD(run, &part->asked_by) = asked->by.at[i];
        }
    }
    for (size_t i = 0; i < found->rows.count; i++) {
        if (!p->part_of[found->rows.at[i]->number]) {
            part_take(p, part, found->rows.at[i]);
        }
    }
}

static void holders_how(Parts *p, const LogSource *source, StrList *how)
{
    Survey *survey = p->survey;
    Holders holders = source_holders(survey, source, STANDS_ABSENT);
    if (holders.whole | holders.lesser) {
        Str parts[] = {STR("A "), survey->rules->inspection.title, STR(", mode "),
                       mode_names(&survey->rules->inspection, holders.whole | holders.lesser, " or ", survey->run)};
        *VEC_ADD(survey->run, how) = arena_join(survey->run, parts, sizeof parts / sizeof *parts);
    }
    source_by_hand(source, survey->run, how);
}

static void part_absent(Parts *p, const Asked *asked)
{
    Survey *survey = p->survey;
    LedgerPart *part = VEC_ADD(survey->run, &p->out->absent);
    *part = (LedgerPart){.asked_by = asked->by};
    *VEC_ADD(survey->run, &part->titles) = asked->source->title;
    part->why = source_situation(survey, asked->source, STANDS_ABSENT, (Span){TIME_NONE, TIME_NONE}, NULL);
    holders_how(p, asked->source, &part->how);
}

/* Members that nobody asks for, under a name for all of them. */
static void part_rest(Parts *p, Str title, bool (*is_of)(const LogSource *source, const SourceRow *row),
                      const LogSource *source)
{
    const Analysis *a = p->survey->analysis;
    LedgerPart *part = NULL;
    for (size_t i = 0; i < a->rows.count; i++) {
        const SourceRow *row = a->rows.at[i];
        bool plain = row->status >= ROW_SKIPPED || (row->status == ROW_READ && !row->events);
        if (p->part_of[row->number] || !is_of(source, row) ||
            (plain && !row->diagnostics.count && !row->limits.count)) {
            continue;
        }
        if (!part) {
            part = VEC_ADD(p->survey->run, &p->out->ledger);
            *part = (LedgerPart){0};
            *VEC_ADD(p->survey->run, &part->titles) = title;
        }
        part_take(p, part, row);
    }
}

static bool is_of_service(const LogSource *source, const SourceRow *row)
{
    return row->service == source->kind;
}

static bool is_event_log(const LogSource *source, const SourceRow *row)
{
    (void)source;
    return row->service == SERVICE_EVENT_LOG;
}

static bool is_at_path(const LogSource *source, const SourceRow *row)
{
    return source_path_fits(source, row->path, false);
}

static bool is_any(const LogSource *source, const SourceRow *row)
{
    (void)source;
    (void)row;
    return true;
}

static void parts_rest(Parts *p)
{
    const RuleSet *rules = p->survey->rules;
    for (size_t i = 0; i < rules->source_count; i++) {
        if (rules->sources[i].kind != SERVICE_EVENT_LOG && rules->sources[i].kind != SERVICE_OTHER) {
            part_rest(p, rules->sources[i].title, is_of_service, &rules->sources[i]);
        }
    }
    part_rest(p, STR("other Windows event logs"), is_event_log, NULL);
    for (size_t i = 0; i < rules->file_count; i++) {
        part_rest(p, rules->files[i].title, is_at_path, &rules->files[i]);
    }
    part_rest(p, STR("other files"), is_any, NULL);
}

void ledger_find(Conclusion *out, Survey *survey)
{
    Parts p = {.survey = survey, .out = out};
    p.part_of = ARENA_NEW(survey->run, size_t, survey->analysis->rows.count);
    for (size_t i = 0; i < survey->rules->cause_count; i++) {
        asked_by_cause(&p, &survey->rules->causes[i]);
    }
    asked_sort(&p);
    for (size_t i = 0; i < p.asked.count; i++) {
        const Asked *asked = &p.asked.at[i];
        const struct SourceRows *found = source_rows(survey, asked->source);
        if (found->rows.count) {
            part_present(&p, asked, found);
        }
        if (source_standing(survey, asked->source, (Span){TIME_NONE, TIME_NONE}) == STANDS_ABSENT) {
            part_absent(&p, asked); /* one hive of two is something, and not all of it */
        }
    }
    parts_rest(&p);
}
