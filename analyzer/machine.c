#include "machine.h"

typedef VEC(Str) Names;

/* The names the machine calls itself by in its own logs; a log may also hold what others forwarded to it. */
static Names own_names(const Analysis *whole, size_t machine, Arena *run)
{
    Names names = {0};
    for (size_t i = 0; i < whole->rows.count; i++) {
        const SourceRow *row = whole->rows.at[i];
        for (size_t j = 0;
             row->machine == machine && root_names(row) && j < sizeof row->computers / sizeof *row->computers; j++) {
            if (row->computers[j].len && names.count < 64) {
                *VEC_ADD(run, &names) = root_label(row->computers[j]);
            }
        }
    }
    return names;
}

static bool is_own(const Names *names, const Kept *k)
{
    bool own = k->ev.service != SERVICE_EVENT_LOG || !k->ev.computer.len || names->count == 0;
    for (size_t i = 0; !own && i < names->count; i++) {
        own = root_same_name(names->at[i], root_label(k->ev.computer));
    }
    return own;
}

Analysis machine_part(const Analysis *whole, size_t machine, Arena *run)
{
    Names names = own_names(whole, machine, run);
    Analysis part = {.rules = whole->rules, .run = run, .matcher = whole->matcher};
    for (size_t i = 0; i < whole->rows.count; i++) {
        if (whole->rows.at[i]->machine == machine) {
            *VEC_ADD(run, &part.rows) = whole->rows.at[i];
        }
    }
    for (size_t i = 0; i < whole->kept.count; i++) {
        if (whole->kept.at[i]->row->machine == machine && is_own(&names, whole->kept.at[i])) {
            *VEC_ADD(run, &part.kept) = whole->kept.at[i];
        }
    }
    for (size_t i = 0; i < whole->matches.count; i++) {
        const Kept *k = whole->matches.at[i].kept;
        if (k->row->machine == machine && is_own(&names, k)) {
            *VEC_ADD(run, &part.matches) = whole->matches.at[i];
        }
    }
    analysis_sort(&part);
    return part;
}

/* --- side by side ----------------------------------------------------------------------------------------------- */

/* Where no backup failed there is nothing to explain, however sure the verdict is. */
static bool comes_first(const MachineStory *a, VerdictKind of_a, const MachineStory *b, VerdictKind of_b)
{
    bool failed = a->episodes.failure, other = b->episodes.failure;
    return failed != other ? failed : of_a < of_b;
}

size_t machine_best(const MachineStory *stories, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++) {
        const Conclusion *a = &stories[best].conclusion, *b = &stories[i].conclusion;
        if (b->verdicts.count &&
            comes_first(&stories[i], b->verdicts.at[0].kind, &stories[best], a->verdicts.at[0].kind)) {
            best = i;
        }
    }
    return best;
}

static const Verdict *verdict_of(const Conclusion *c, const Cause *cause)
{
    for (size_t i = 0; i < c->verdicts.count; i++) {
        if (c->verdicts.at[i].cause == cause) {
            return &c->verdicts.at[i];
        }
    }
    return NULL;
}

static Verdict join_verdict(const Machines *machines, const MachineStory *stories, const Cause *cause, Arena *run)
{
    size_t best = 0, count = machines->list.count;
    for (size_t i = 1; i < count; i++) {
        VerdictKind kind = verdict_of(&stories[i].conclusion, cause)->kind;
        if (comes_first(&stories[i], kind, &stories[best], verdict_of(&stories[best].conclusion, cause)->kind)) {
            best = i;
        }
    }
    Verdict v = *verdict_of(&stories[best].conclusion, cause);
    v.machine = machines->list.at[best].label;
    for (size_t i = 0; i < count; i++) {
        if (i != best) {
            *VEC_ADD(run, &v.also) =
                (Elsewhere){machines->list.at[i].label, verdict_of(&stories[i].conclusion, cause)->kind};
        }
    }
    return v;
}

/* What is to be got, and what is there, is of one machine each. */
static void join_collect(Conclusion *to, const Conclusion *from, Str machine, Arena *run)
{
#define JOIN(list)                                                                                                     \
    for (size_t i = 0; i < from->list.count; i++) {                                                                    \
        *VEC_ADD(run, &to->list) = from->list.at[i];                                                                   \
        to->list.at[to->list.count - 1].machine = machine;                                                             \
    }
    JOIN(collect)
    JOIN(inspect)
    JOIN(ledger)
    JOIN(absent)
#undef JOIN
}

/* The same episode in another list, in which it may be told with other evidence. */
static const Episode *again(const EpisodeList *list, const Episode *ep)
{
    size_t from = 0, to = list->list.count;
    while (ep && from < to) { /* they are in the order of their starts */
        size_t mid = from + (to - from) / 2;
        bool before = list->list.at[mid].start_ns < ep->start_ns;
        from = before ? mid + 1 : from;
        to = before ? to : mid;
    }
    for (; ep && from < list->list.count && list->list.at[from].start_ns == ep->start_ns; from++) {
        const Episode *other = &list->list.at[from];
        if (other->kind == ep->kind && other->outcome == ep->outcome && other->sequence == ep->sequence &&
            str_eq(other->handler, ep->handler)) {
            return other;
        }
    }
    return NULL;
}

/* Two states of one machine remember the same runs. */
static bool told_before(const Machines *machines, const MachineStory *stories, size_t at, const Episode *ep)
{
    bool told = false;
    for (size_t i = 0; i < at && !told; i++) {
        told = root_same_name(machines->list.at[i].name, machines->list.at[at].name) && again(&stories[i].episodes, ep);
    }
    return told;
}

static void join_episodes(EpisodeList *to, const Machines *machines, const MachineStory *stories, size_t at, Arena *run)
{
    const EpisodeList *from = &stories[at].episodes;
    for (size_t i = 0; i < from->list.count; i++) {
        const Episode *ep = &from->list.at[i];
        if (!told_before(machines, stories, at, ep)) {
            bool backup = ep->kind == EPISODE_BACKUP;
            *VEC_ADD(run, &to->list) = *ep;
            to->backups += backup;
            to->failed += is_failed_backup(ep);
            to->good += backup && ep->outcome == OUTCOME_SUCCESS;
        }
    }
}

/* "2 machines", "2 states of VM1", or both in one word. */
static Str told_apart(const Machines *machines, Arena *run)
{
    size_t count = machines->list.count;
    bool one = machines->list.at[0].states == count, each = true;
    for (size_t i = 0; i < count; i++) {
        each = each && machines->list.at[i].states == 1;
    }
    Str parts[] = {arena_format(run, "%zu ", count),
                   each  ? STR("machines")
                   : one ? STR("states of ")
                         : STR("states of machines"),
                   one && !each ? machines->list.at[0].name.len ? machines->list.at[0].name : STR("one machine")
                                : (Str){0}};
    return arena_join(run, parts, 3);
}

/* Which of them it is about, and how the newest state of that machine does where it is another one. */
static Str joined_headline(const Machines *machines, const MachineStory *stories, size_t best, Arena *run)
{
    const Machine *m = &machines->list.at[best];
    size_t newest = 0;
    while (!root_same_name(machines->list.at[newest].name, m->name)) {
        newest++;
    }
    Str newer[] = {STR("; newer, "), machines->list.at[newest].label, STR(": "), stories[newest].conclusion.headline};
    Str parts[] = {told_apart(machines, run),
                   STR("; "),
                   m->label,
                   m->label.len ? STR(": ") : (Str){0},
                   stories[best].conclusion.headline,
                   newest == best ? (Str){0} : arena_join(run, newer, 4)};
    return arena_join(run, parts, sizeof parts / sizeof *parts);
}

MachineStory machine_join(const Machines *machines, const MachineStory *stories, Arena *run)
{
    size_t count = machines->list.count;
    if (count == 1) {
        return stories[0];
    }
    const MachineStory *best = &stories[machine_best(stories, count)];
    MachineStory all = {0};
    for (size_t i = 0; i < count; i++) {
        join_episodes(&all.episodes, machines, stories, i, run);
        join_collect(&all.conclusion, &stories[i].conclusion, machines->list.at[i].label, run);
    }
    episode_sort(&all.episodes);
    all.episodes.failure = again(&all.episodes, best->episodes.failure);
    all.episodes.last_good = again(&all.episodes, best->episodes.last_good);
    all.episodes.first_failed = again(&all.episodes, best->episodes.first_failed);
    for (size_t i = 0; i < best->conclusion.verdicts.count; i++) {
        *VEC_ADD(run, &all.conclusion.verdicts) =
            join_verdict(machines, stories, best->conclusion.verdicts.at[i].cause, run);
    }
    verdict_sort(&all.conclusion);
    all.conclusion.by_hand = best->conclusion.by_hand;
    all.conclusion.changes.at = best->conclusion.changes.at;
    all.conclusion.changes.count = best->conclusion.changes.count;
    all.conclusion.first_error = best->conclusion.first_error;
    all.conclusion.headline = joined_headline(machines, stories, (size_t)(best - stories), run);
    return all;
}

/* --- in words --------------------------------------------------------------------------------------------------- */

#define NAMED_MOST 8

static Str more(size_t count, Arena *run)
{
    return count > NAMED_MOST ? arena_format(run, " and %zu more", count - NAMED_MOST) : (Str){0};
}

static Str until(int64_t ns, Arena *run)
{
    char text[TIMESTAMP_ROOM];
    if (ns == TIME_NONE) {
        return STR(", without a time");
    }
    timestamp_format(text, ns, 0);
    text[10] = ' ';
    return arena_format(run, ", up to %.16s", text);
}

static Str apart_note(const Machines *machines, const Bundle *bundle, Arena *run)
{
    VEC(Str) parts = {0};
    bool differs = false, states = false;
    for (size_t i = 0; i < machines->list.count; i++) {
        differs = differs || machines->list.at[i].differs;
        states = states || machines->list.at[i].states > 1;
    }
    *VEC_ADD(run, &parts) = !states
                                ? bundle->inputs.count ? STR("These are not collections of one machine. ") : (Str){0}
                            : differs ? STR("Collections of one machine tell different things of the same time. ")
                                      : STR("Collections of one machine lie more than half a day apart. ");
    *VEC_ADD(run, &parts) = STR("Decided apart, newest first: ");
    for (size_t i = 0; i < machines->list.count && i < NAMED_MOST; i++) {
        const Machine *m = &machines->list.at[i];
        *VEC_ADD(run, &parts) = i ? STR("; ") : (Str){0};
        *VEC_ADD(run, &parts) = m->label.len ? m->label : STR("a machine without a name");
        *VEC_ADD(run, &parts) = until(m->newest_ns, run);
    }
    *VEC_ADD(run, &parts) = more(machines->list.count, run);
    *VEC_ADD(run, &parts) = STR(".");
    return arena_join(run, parts.at, parts.count);
}

static Str joined_note(const Machine *m, Arena *run)
{
    VEC(Str) parts = {0};
    *VEC_ADD(run, &parts) = STR("Read as one story");
    *VEC_ADD(run, &parts) = m->label.len ? STR(" of ") : (Str){0};
    *VEC_ADD(run, &parts) = m->label;
    for (size_t i = 0; i < m->gatherings.count && i < NAMED_MOST; i++) {
        Str name = m->gatherings.at[i]->name;
        *VEC_ADD(run, &parts) = i ? STR(", ") : STR(": ");
        *VEC_ADD(run, &parts) = name.len ? name : STR("loose files");
    }
    *VEC_ADD(run, &parts) = more(m->gatherings.count, run);
    *VEC_ADD(run, &parts) = STR("; what several of them hold counts once.");
    return arena_join(run, parts.at, parts.count);
}

Str machine_note(const Machines *machines, const Bundle *bundle, Arena *run)
{
    VEC(Str) notes = {0};
    if (machines->list.count > 1) {
        *VEC_ADD(run, &notes) = apart_note(machines, bundle, run);
    }
    for (size_t i = 0; i < machines->list.count; i++) {
        if (machines->list.at[i].gatherings.count > 1) {
            bool first = notes.count == 0;
            *VEC_ADD(run, &notes) = first ? (Str){0} : STR(" ");
            *VEC_ADD(run, &notes) = joined_note(&machines->list.at[i], run);
        }
    }
    return arena_join(run, notes.at, notes.count);
}
