#include "gathering.h"

#include <stdlib.h>

#include "agreement.h"
#include "rival.h"

/* What was collected on one working day is one state; daily collections are several. */
#define NEAR_NS (12 * NS_HOUR)

typedef struct Find {
    const Analysis *analysis;
    const Bundle *bundle;
    Arena *run, scratch;
    RootList roots;
    uint32_t *root_of; /* by row number */
    VEC(Str) names;    /* of machines */
} Find;

/* --- machines --------------------------------------------------------------------------------------------------- */

static size_t machine_named(Find *f, Str name)
{
    for (size_t i = 0; i < f->names.count; i++) {
        if (root_same_name(f->names.at[i], name)) {
            return i;
        }
    }
    if (f->names.count == LIMIT_GATHERINGS) {
        return NO_MACHINE;
    }
    *VEC_ADD(f->run, &f->names) = name;
    return f->names.count - 1;
}

/* A root that nobody names goes with the one whose path is most like its own. */
static size_t nearest_machine(const Root *const *named, size_t count, const Root *nameless)
{
    size_t machine = 0, longest = 0;
    for (size_t i = 0; i < count; i++) {
        size_t alike = rival_alike(named[i]->path, nameless->path) + (named[i]->input == nameless->input);
        if (alike > longest) {
            longest = alike;
            machine = named[i]->machine;
        }
    }
    return machine;
}

static void machines_name(Find *f)
{
    const Root *named[LIMIT_RIVALS];
    size_t count = 0;
    for (size_t i = 0; i < f->roots.count; i++) {
        Root *r = &f->roots.at[i];
        r->machine = r->name.len ? machine_named(f, r->name) : 0;
        if (r->name.len && r->machine != NO_MACHINE && count < LIMIT_RIVALS) {
            named[count++] = r;
        }
    }
    for (size_t i = 0; i < f->roots.count && f->names.count > 1; i++) {
        Root *r = &f->roots.at[i];
        r->machine = r->name.len ? r->machine : nearest_machine(named, count, r);
    }
    if (f->names.count == 0) {
        *VEC_ADD(f->run, &f->names) = (Str){0};
    }
}

/* --- stories ---------------------------------------------------------------------------------------------------- */

typedef struct Group { /* a collection, while it is being found */
    Gathering *gathering;
    const Root *anchor;
    uint64_t events;
    int64_t newest_ns, stamped_ns;
} Group;

typedef struct Groups {
    Group at[LIMIT_GATHERINGS];
    size_t count;
} Groups;

static void groups_begin(const Find *f, const RootGroups *roots, Groups *groups)
{
    groups->count = roots->anchors.count;
    for (size_t i = 0; i < groups->count; i++) {
        Gathering *c = ARENA_NEW(f->run, Gathering, 1);
        *c = (Gathering){.events_end_ns = TIME_NONE, .collected_ns = TIME_NONE};
        groups->at[i] = (Group){c, roots->anchors.at[i], 0, TIME_NONE, TIME_NONE};
    }
}

static void groups_measure(const Find *f, Groups *groups)
{
    for (size_t i = 0; i < f->analysis->rows.count; i++) {
        SourceRow *row = f->analysis->rows.at[i];
        const Root *root = &f->roots.at[f->root_of[i]];
        Group *g = root->machine == NO_MACHINE ? NULL : &groups->at[root->gathering];
        row->machine = NO_MACHINE;
        row->gathering = g ? g->gathering : NULL;
        if (g) {
            g->events += row->events;
        }
        if (g && row->span.to_ns > g->newest_ns) {
            g->newest_ns = row->span.to_ns;
        }
        if (g && row->trust == TRUST_STAMPED && row->span.to_ns > g->stamped_ns) {
            g->stamped_ns = row->span.to_ns;
        }
    }
    for (size_t i = 0; i < groups->count; i++) { /* a local clock is up to half a day off */
        Group *g = &groups->at[i];
        g->newest_ns = g->stamped_ns != TIME_NONE ? g->stamped_ns : g->newest_ns;
    }
}

/* Of a case the input, else the folder. Several loose files are one together and have no name. */
static Str group_name(const Find *f, const Group *g, bool only)
{
    const Bundle *inputs = f->bundle->inputs.at;
    Str path = g->anchor->path;
    size_t loose = 0, last = g->anchor->input;
    for (size_t i = 0; g->anchor->loose && i < f->bundle->inputs.count; i++) {
        loose += inputs[i].kind == BUNDLE_FILE && inputs[i].status != ST_FAILED;
        last = inputs[i].kind == BUNDLE_FILE && inputs[i].status != ST_FAILED ? i : last;
    }
    if (inputs && (only || !path.len)) {
        return loose > 1 || last >= f->bundle->inputs.count ? (Str){0} : inputs[last].name;
    }
    while (path.len && (path.at[path.len - 1] == '/' || path.at[path.len - 1] == '!')) {
        path.len--;
    }
    return path.len ? path : STR("top folder");
}

static void groups_name(const Find *f, const Groups *groups)
{
    for (size_t i = 0; i < groups->count && (groups->count > 1 || f->bundle->inputs.count); i++) {
        const Group *g = &groups->at[i];
        bool only = true;
        for (size_t j = 0; j < groups->count; j++) {
            only = only && (i == j || groups->at[j].anchor->input != g->anchor->input);
        }
        g->gathering->name = group_name(f, g, only);
    }
}

static bool is_near(const Group *a, const Group *b)
{
    bool known = a->newest_ns != TIME_NONE && b->newest_ns != TIME_NONE;
    return !known || a->anchor->input != b->anchor->input || llabs(a->newest_ns - b->newest_ns) <= NEAR_NS;
}

typedef struct Stories {
    size_t *of;    /* by collection */
    size_t *order; /* collections, newest first */
    Machines machines;
} Stories;

/* The first story of its machine that it contradicts in nothing. */
static size_t story_for(const Find *f, const Agreement *a, const Groups *groups, Stories *s, size_t at)
{
    const Group *g = &groups->at[s->order[at]];
    bool differs = false;
    for (size_t m = 0; m < s->machines.list.count; m++) {
        bool fits = true, same = false;
        for (size_t i = 0; i < at; i++) {
            size_t other = s->order[i];
            if (s->of[other] == m && groups->at[other].anchor->machine == g->anchor->machine) {
                same = true;
                bool differ = a->differ[s->order[at]][other];
                differs = differs || differ;
                fits = fits && !differ && is_near(g, &groups->at[other]);
            }
        }
        if (same && fits) {
            return m;
        }
    }
    Machine *to = VEC_ADD(f->run, &s->machines.list);
    *to = (Machine){.name = f->names.at[g->anchor->machine], .newest_ns = g->newest_ns, .differs = differs};
    return s->machines.list.count - 1;
}

/* Of equal age: that which comes first in the bundle. */
static bool is_newer(const Group *a, const Group *b)
{
    return a->newest_ns != b->newest_ns ? a->newest_ns > b->newest_ns : a->anchor < b->anchor;
}

static void newest_first(const Groups *groups, size_t *order)
{
    for (size_t i = 0; i < groups->count; i++) { /* stable, and the list is short */
        size_t j = i;
        for (; j > 0 && is_newer(&groups->at[i], &groups->at[order[j - 1]]); j--) {
            order[j] = order[j - 1];
        }
        order[j] = i;
    }
}

static void machines_label(const Find *f, Machines *machines)
{
    for (size_t i = 0; i < machines->list.count; i++) {
        Machine *m = &machines->list.at[i];
        for (size_t j = 0; j < machines->list.count; j++) {
            m->states += root_same_name(m->name, machines->list.at[j].name);
        }
        Str state = m->gatherings.at[0]->name;
        Str parts[] = {m->name, m->name.len ? STR(" (") : (Str){0}, state, m->name.len ? STR(")") : (Str){0}};
        m->label = m->states > 1 && state.len ? arena_join(f->run, parts, 4) : m->name;
    }
}

static Machines stories_find(Find *f, const Agreement *a, const Groups *groups)
{
    Stories s = {ARENA_NEW(&f->scratch, size_t, groups->count), ARENA_NEW(&f->scratch, size_t, groups->count), {{0}}};
    newest_first(groups, s.order);
    for (size_t i = 0; i < groups->count; i++) {
        size_t m = story_for(f, a, groups, &s, i);
        s.of[s.order[i]] = m;
        Machine *to = &s.machines.list.at[m];
        if (groups->at[s.order[i]].events || to->gatherings.count == 0) {
            *VEC_ADD(f->run, &to->gatherings) = groups->at[s.order[i]].gathering;
        }
    }
    for (size_t i = 0; i < f->analysis->rows.count; i++) {
        const Root *root = &f->roots.at[f->root_of[i]];
        if (root->machine != NO_MACHINE) {
            f->analysis->rows.at[i]->machine = s.of[root->gathering];
        }
    }
    machines_label(f, &s.machines);
    return s.machines;
}

/* What is told of in no story must not vanish without a word. */
static void tell_limit(Analysis *analysis)
{
    bool told = false;
    for (size_t i = 0; i < analysis->rows.count; i++) {
        SourceRow *row = analysis->rows.at[i];
        if (row->machine != NO_MACHINE) {
            continue;
        }
        Str note[] = {row->note, row->note.len ? STR("; ") : (Str){0},
                      STR("one machine or collection too many: in no story")};
        row->note = arena_join(analysis->run, note, 3);
        if (!told) {
            analysis->row = row;
            analysis_limit(analysis, "collections", "more machines or collections in one bundle than are told apart");
            told = true;
        }
    }
}

static Machines machines_find(Find *f, const Bundle *bundle)
{
    bool *loose = ARENA_NEW(&f->scratch, bool, bundle->inputs.count + 1);
    for (size_t i = 0; i < bundle->inputs.count; i++) {
        loose[i] = bundle->inputs.at[i].kind == BUNDLE_FILE;
    }
    f->roots = root_find(f->analysis, bundle->inputs.count ? loose : NULL, &f->root_of, f->run);
    machines_name(f);
    Holdings holdings = holding_find(f->analysis, &f->roots, f->root_of, &f->scratch);
    RootGroups roots = rival_group(&f->roots, &holdings, f->run);
    Groups *groups = ARENA_NEW(&f->scratch, Groups, 1);
    groups_begin(f, &roots, groups);
    groups_measure(f, groups);
    groups_name(f, groups);
    static const Agreement one = {{{false}}};
    return stories_find(
        f, groups->count < 2 ? &one : agreement_find(f->analysis, &f->roots, f->root_of, &holdings, &f->scratch),
        groups);
}

Machines gathering_find(Analysis *analysis, const Bundle *bundle, Arena *run)
{
    Find f = {.analysis = analysis, .bundle = bundle, .run = run};
    Machines machines = machines_find(&f, bundle);
    tell_limit(analysis);
    if (machines.list.count == 0) { /* not a single source */
        *VEC_ADD(run, &machines.list) = (Machine){.newest_ns = TIME_NONE};
    }
    arena_free(&f.scratch);
    return machines;
}

/* --- once every stamp is in UTC --------------------------------------------------------------------------------- */

static void reach_to(const SourceRow *row, Machine *m)
{
    Gathering *c = row->gathering;
    m->newest_ns = row->span.to_ns > m->newest_ns ? row->span.to_ns : m->newest_ns;
    c->collected_ns = row->span.to_ns > c->collected_ns ? row->span.to_ns : c->collected_ns;
    if (row->service == SERVICE_EVENT_LOG && row->span.to_ns - row->doubt.early_ns > c->events_end_ns) {
        c->events_end_ns = row->span.to_ns - row->doubt.early_ns;
    }
}

/* The inspection writes its results last. */
static void results_end(const SourceRow *row)
{
    Gathering *c = row->gathering;
    if (holding_kind(row, "diskinspect") && str_ends_nocase(row->path, STR("results.txt")) &&
        row->mtime_ns != TIME_NONE && row->mtime_ns >= c->collected_ns) {
        c->collected_ns = row->mtime_ns;
    }
}

void gathering_conclude(const Analysis *analysis, Machines *machines)
{
    for (size_t i = 0; i < machines->list.count; i++) {
        machines->list.at[i].newest_ns = TIME_NONE;
    }
    for (size_t i = 0; i < analysis->rows.count; i++) {
        const SourceRow *row = analysis->rows.at[i];
        if (row->gathering) {
            reach_to(row, &machines->list.at[row->machine]);
        }
    }
    for (size_t i = 0; i < analysis->rows.count; i++) {
        const SourceRow *row = analysis->rows.at[i];
        if (row->gathering) {
            results_end(row);
            int64_t *collected_ns = &row->gathering->collected_ns; /* a hive alone was taken with the rest */
            *collected_ns = *collected_ns == TIME_NONE ? machines->list.at[row->machine].newest_ns : *collected_ns;
        }
    }
}
