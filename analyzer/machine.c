#include "machine.h"

#include <stdlib.h>

/* --- whose row is it -------------------------------------------------------------------------------------------- */

/* What stands before the first folder that every machine has. */
static Str root_of(Str path)
{
    static const char *const folders[] = {"WindowsAzure", "Packages", "Windows", "winevt", "Logs", "Plugins"};
    for (size_t at = 0; at < path.len;) {
        size_t end = str_find_byte(path, '/', at);
        Str part = str_slice(path, at, end);
        for (size_t i = 0; end != STR_NOT_FOUND && i < sizeof folders / sizeof *folders; i++) {
            if (str_eq_nocase(part, str_of(folders[i]))) {
                return str_slice(path, 0, at);
            }
        }
        at = end == STR_NOT_FOUND ? path.len : end + 1;
    }
    size_t cut = str_rfind_byte(path, '/');
    return cut == STR_NOT_FOUND ? (Str){0} : str_slice(path, 0, cut + 1);
}

typedef struct Root {
    Str path, name;
    int64_t named_ns; /* when it was called so: the newest name counts, for machines are renamed */
    size_t machine;
} Root;

#define ROOT_SLOTS ((size_t)1 << 18) /* more than twice LIMIT_MEMBERS */

typedef struct Roots {
    VEC(Root) list;
    uint32_t *slots; /* hash of list: index plus one */
} Roots;

typedef VEC(Str) Names;

static size_t root_hash(Str root)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < root.len; i++) {
        h = (h ^ byte_lower(root.at[i])) * 1099511628211u;
    }
    return (size_t)(h >> 20);
}

static Root *root_find(Roots *roots, Arena *run, Str path)
{
    Str root = root_of(path);
    roots->slots = roots->slots ? roots->slots : ARENA_NEW(run, uint32_t, ROOT_SLOTS);
    for (size_t slot = root_hash(root);; slot++) {
        uint32_t *at = &roots->slots[slot % ROOT_SLOTS];
        if (*at == 0) {
            Root *r = VEC_ADD(run, &roots->list);
            *r = (Root){.path = root, .named_ns = TIME_NONE};
            *at = (uint32_t)roots->list.count;
            return r;
        }
        if (str_eq_nocase(roots->list.at[*at - 1].path, root)) {
            return &roots->list.at[*at - 1];
        }
    }
}

/* Without the domain: an event log calls a machine VM.CONTOSO.LOCAL, the agent calls it VM. */
static Str first_label(Str computer)
{
    return str_slice(computer, 0, str_find_byte(computer, '.', 0));
}

static void root_name(Root *root, Str computer, int64_t ns)
{
    if (computer.len && (!root->name.len || ns >= root->named_ns)) {
        root->name = first_label(computer);
        root->named_ns = ns;
    }
}

/* The logs that a machine writes about itself; others may hold events forwarded from elsewhere. */
static bool names_machine(const SourceRow *row)
{
    return str_eq_nocase(row->channel, STR("System")) || str_eq_nocase(row->channel, STR("Application"));
}

static void name_roots(const Analysis *analysis, Roots *roots, Arena *run)
{
    for (size_t i = 0; i < analysis->rows.count; i++) {
        const SourceRow *row = analysis->rows.at[i];
        Root *root = root_find(roots, run, row->path);
        if (names_machine(row)) {
            root_name(root, row->computer, row->computer_ns);
        }
    }
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Kept *k = analysis->kept.at[i];
        if (k->ev.mark == MARK_MACHINE) {
            root_name(root_find(roots, run, k->row->path), k->ev.computer, k->ev.time_ns);
        }
    }
}

#define NETBIOS_NAME 15 /* longer names are cut to it where the old kind of name is told */

static bool same_name(Str a, Str b)
{
    return str_eq_nocase(a, b) || (a.len == NETBIOS_NAME && str_starts_nocase(b, a)) ||
           (b.len == NETBIOS_NAME && str_starts_nocase(a, b));
}

static size_t machine_named(Machines *machines, Arena *run, Str name)
{
    for (size_t i = 0; i < machines->names.count; i++) {
        if (same_name(machines->names.at[i], name)) {
            return i;
        }
    }
    *VEC_ADD(run, &machines->names) = name;
    return machines->names.count - 1;
}

static size_t common_prefix(Str a, Str b)
{
    size_t n = 0;
    while (n < a.len && n < b.len && byte_lower(a.at[n]) == byte_lower(b.at[n])) {
        n++;
    }
    return n;
}

/* A root that nobody names goes with the one whose path is most like its own. */
static size_t nearest_machine(const Roots *roots, const Root *nameless)
{
    size_t machine = 0, longest = 0;
    for (size_t i = 0; i < roots->list.count; i++) {
        const Root *r = &roots->list.at[i];
        if (r->name.len && common_prefix(r->path, nameless->path) > longest) {
            longest = common_prefix(r->path, nameless->path);
            machine = r->machine;
        }
    }
    return machine;
}

Machines machine_find(const Analysis *analysis, Arena *run)
{
    Machines machines = {0};
    Roots roots = {0};
    name_roots(analysis, &roots, run);
    for (size_t i = 0; i < roots.list.count; i++) {
        Root *r = &roots.list.at[i];
        r->machine = r->name.len ? machine_named(&machines, run, r->name) : 0;
    }
    if (machines.names.count == 0) {
        *VEC_ADD(run, &machines.names) = (Str){0};
    }
    for (size_t i = 0; i < analysis->rows.count && machines.names.count > 1; i++) {
        const Root *r = root_find(&roots, run, analysis->rows.at[i]->path);
        analysis->rows.at[i]->machine = r->name.len ? r->machine : nearest_machine(&roots, r);
    }
    return machines;
}

/* The names the machine calls itself by in its own logs; a log may also hold what others forwarded to it. */
static Names own_names(const Analysis *whole, size_t machine, Arena *run)
{
    Names names = {0};
    for (size_t i = 0; i < whole->rows.count; i++) {
        const SourceRow *row = whole->rows.at[i];
        for (size_t j = 0;
             row->machine == machine && names_machine(row) && j < sizeof row->computers / sizeof *row->computers; j++) {
            if (row->computers[j].len && names.count < 64) {
                *VEC_ADD(run, &names) = first_label(row->computers[j]);
            }
        }
    }
    return names;
}

static bool is_own(const Names *names, const Kept *k)
{
    bool own = k->ev.service != SERVICE_EVENT_LOG || !k->ev.computer.len || names->count == 0;
    for (size_t i = 0; !own && i < names->count; i++) {
        own = same_name(names->at[i], first_label(k->ev.computer));
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

static size_t best_story(const MachineStory *stories, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++) {
        const Conclusion *a = &stories[best].conclusion, *b = &stories[i].conclusion;
        if (b->verdicts.count && b->verdicts.at[0].kind < a->verdicts.at[0].kind) {
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
    size_t best = 0, count = machines->names.count;
    for (size_t i = 1; i < count; i++) {
        if (verdict_of(&stories[i].conclusion, cause)->kind < verdict_of(&stories[best].conclusion, cause)->kind) {
            best = i;
        }
    }
    Verdict v = *verdict_of(&stories[best].conclusion, cause);
    v.machine = machines->names.at[best];
    for (size_t i = 0; i < count; i++) {
        if (i != best) {
            *VEC_ADD(run, &v.also) =
                (Elsewhere){machines->names.at[i], verdict_of(&stories[i].conclusion, cause)->kind};
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

static void join_episodes(EpisodeList *to, const EpisodeList *from, Arena *run)
{
    for (size_t i = 0; i < from->list.count; i++) {
        *VEC_ADD(run, &to->list) = from->list.at[i];
    }
    to->backups += from->backups;
    to->failed += from->failed;
    to->good += from->good;
}

/* The same episode in the joined list. */
static const Episode *again(const EpisodeList *list, const Episode *ep)
{
    for (size_t i = 0; ep && i < list->list.count; i++) {
        if (list->list.at[i].evidence == ep->evidence && list->list.at[i].kind == ep->kind &&
            list->list.at[i].start_ns == ep->start_ns) {
            return &list->list.at[i];
        }
    }
    return NULL;
}

MachineStory machine_join(const Machines *machines, const MachineStory *stories, Arena *run)
{
    size_t count = machines->names.count;
    if (count == 1) {
        return stories[0];
    }
    const MachineStory *best = &stories[best_story(stories, count)];
    MachineStory all = {0};
    for (size_t i = 0; i < count; i++) {
        join_episodes(&all.episodes, &stories[i].episodes, run);
        join_collect(&all.conclusion, &stories[i].conclusion, machines->names.at[i], run);
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
    Str parts[] = {arena_format(run, "%zu machines; ", count), machines->names.at[best - stories], STR(": "),
                   best->conclusion.headline};
    all.conclusion.headline = arena_join(run, parts, 4);
    return all;
}
