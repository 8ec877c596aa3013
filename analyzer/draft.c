#include "draft.h"

#include <string.h>

#include "bundle.h"
#include "draft_parts.h"
#include "gathering.h"
#include "machine.h"
#include "zone.h"

#define AROUND_MAX 600 /* events of one fixture: a file that a person can read */
#define LIFE_MAX   20
#define QUOTE_MAX  ((size_t)8 << 10)

typedef struct Place { /* the line in one of the sources whose paths end so */
    Str path;
    bool found, is_line;
    uint64_t first, last; /* records or lines of the source */
    Event ev;
} Place;

typedef struct Search {
    const DraftOptions *o;
    Arena *run;
    Mask mask;
    Marked marked;
    VEC(Place) places;
    int64_t zone_ns;    /* of the marked source */
    Span window;        /* what the fixture tells of */
    Span run_window;    /* the failed run and a little around it */
    bool good;          /* some backup in the bundle was */
    Seen before, after; /* of the marked log: what lies next to the window */
    bool has_before, has_after;
} Search;

/* --- complaints ------------------------------------------------------------------------------------------------- */

static bool refuse(const Str *parts, size_t count)
{
    Sink err = sink_file(stderr);
    sink_put(&err, "vmsift: ");
    for (size_t i = 0; i < count; i++) {
        sink_term(&err, parts[i]);
    }
    sink_put(&err, "\n");
    sink_close(&err);
    return false;
}
#define REFUSE(...) refuse((const Str[]){__VA_ARGS__}, sizeof((const Str[]){__VA_ARGS__}) / sizeof(Str))

/* --- the source ------------------------------------------------------------------------------------------------- */

/* 3: the whole path, 2: whole parts of it, 1: its end, 0: another one. */
static unsigned named(Str path, Str end)
{
    bool ends = end.len && str_ends_nocase(path, end);
    return !ends ? 0 : path.len == end.len ? 3 : path.at[path.len - end.len - 1] == '/' ? 2 : 1;
}

static const SourceRow *source_find(const Search *s, const Analysis *analysis)
{
    const SourceRow *found = NULL, *other = NULL;
    unsigned best = 1;
    for (size_t i = 0; i < analysis->rows.count; i++) {
        const SourceRow *row = analysis->rows.at[i];
        unsigned how = named(row->path, s->o->source);
        if (how >= best) {
            other = how == best ? found : NULL;
            found = row;
            best = how;
        }
    }
    if (!found) {
        REFUSE(STR("the bundle has no source "), s->o->source,
               STR(" (vmsift sources lists them; the end of a path is enough)"));
    } else if (other) {
        REFUSE(STR("two sources are called so: "), other->path, STR(" and "), found->path,
               STR("; write more of the path"));
    } else if (!found->events) {
        REFUSE(STR("nothing was read of "), found->path, STR(", so that no rule can see it"));
    }
    return other || (found && !found->events) ? NULL : found;
}

/* --- the second reading ----------------------------------------------------------------------------------------- */

static Str copied(Arena *run, Str s)
{
    return arena_str(run, str_slice(s, 0, QUOTE_MAX));
}

static Event event_copied(Arena *run, const Event *ev, int64_t zone_ns)
{
    Event to = *ev;
    Field *fields = ARENA_NEW(run, Field, ev->field_count);
    for (size_t i = 0; i < ev->field_count; i++) {
        fields[i] = (Field){copied(run, ev->fields[i].name), copied(run, ev->fields[i].value)};
    }
    to.fields = fields;
    to.time_ns -= ev->trust == TRUST_LOCAL && ev->time_ns != TIME_NONE ? zone_ns : 0;
    to.provider = copied(run, ev->provider);
    to.provider_alias = copied(run, ev->provider_alias);
    to.channel = copied(run, ev->channel);
    to.computer = copied(run, ev->computer);
    to.message = copied(run, ev->message);
    return to;
}

static uint64_t line_feeds(Str text)
{
    uint64_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        n += text.at[i] == '\n';
    }
    return n;
}

static bool is_text_log(Service s)
{
    return s >= SERVICE_WAAPPAGENT && s <= SERVICE_PLUGINLOG;
}

/* A record of several lines is meant by each of them. */
static uint64_t last_line(const Event *ev)
{
    return ev->record + (is_text_log(ev->service) && ev->is_line ? line_feeds(ev->message) : 0);
}

static Str line_of(const Event *ev, uint64_t line)
{
    Str rest = ev->message, text = {0};
    for (uint64_t i = ev->record; i <= line && str_split(&rest, '\n', &text); i++) {
    }
    return text;
}

static Place *place_of(Search *s, Str path, const Event *ev)
{
    for (size_t i = s->places.count; i-- > 0;) {
        if (str_eq(s->places.at[i].path, path)) {
            return &s->places.at[i];
        }
    }
    Place *p = VEC_ADD(s->run, &s->places);
    *p = (Place){.path = arena_str(s->run, path), .first = ev->record, .is_line = ev->is_line};
    return p;
}

/* Where a document tells several things in one line, the gravest is meant. */
static bool is_graver(const Event *ev, const Event *than)
{
    return ev->service == SERVICE_AGGREGATESTATUS && ev->record == than->record && ev->level < than->level;
}

static void place_take(Search *s, const SourceRow *row, const Event *ev)
{
    if (!named(row->path, s->o->source)) {
        return;
    }
    if (!ev->record) { /* of the source as a whole */
        return;
    }
    Place *p = place_of(s, row->path, ev);
    uint64_t last = last_line(ev);
    p->first = ev->record < p->first ? ev->record : p->first;
    p->last = last > p->last ? last : p->last;
    if (s->o->line >= ev->record && s->o->line <= last && (!p->found || is_graver(ev, &p->ev))) {
        p->found = true;
        p->ev = event_copied(s->run, ev, 0);
    }
}

static void around_add(Search *s, Str path, const Event *ev)
{
    if (s->marked.around.count < AROUND_MAX) {
        *VEC_ADD(s->run, &s->marked.around) = (Seen){event_copied(s->run, ev, s->zone_ns), arena_str(s->run, path)};
    }
}

/* What lies just outside of the window: with it the log covers all of that. */
static void log_take(Search *s, Str path, const Event *ev)
{
    int64_t time = ev->time_ns - (ev->trust == TRUST_LOCAL ? s->zone_ns : 0);
    bool dated = ev->time_ns != TIME_NONE && s->window.from_ns != TIME_NONE;
    if (dated && time < s->window.from_ns && (!s->has_before || time > s->before.ev.time_ns)) {
        s->before = (Seen){event_copied(s->run, ev, s->zone_ns), path};
        s->has_before = true;
    } else if (dated && time > s->window.to_ns && (!s->has_after || time < s->after.ev.time_ns)) {
        s->after = (Seen){event_copied(s->run, ev, s->zone_ns), path};
        s->has_after = true;
    }
}

static bool is_between(const Event *ev, Span span)
{
    return ev->time_ns != TIME_NONE && ev->time_ns >= span.from_ns && ev->time_ns <= span.to_ns;
}

static bool is_event(const Kept *k, const SourceRow *row, const Event *ev)
{
    return k && str_eq(k->row->path, row->path) && k->ev.record == ev->record && k->ev.service == ev->service;
}

/* The agent's log of that time, when the service asked for it, and what says how it ended. */
static bool tells_of_run(const Search *s, const SourceRow *row, const Event *ev, bool beside)
{
    const Episode *f = s->marked.failure;
    bool asked = ev->mark == MARK_SETTINGS && f->task_id.len && str_eq(event_field(ev, STR("TaskId")), f->task_id);
    return asked || is_event(f->evidence, row, ev) || is_event(f->failure, row, ev) ||
           (beside && ev->service == SERVICE_WAAPPAGENT);
}

/* Where nothing failed: some lines that show that the machine was there. */
static bool shows_life(const Search *s, const Event *ev)
{
    return !s->marked.failure && ev->service == SERVICE_WAAPPAGENT && s->marked.around.count < LIFE_MAX;
}

static void around_take(Search *s, const SourceRow *row, const Event *ev)
{
    const Episode *failure = s->marked.failure;
    bool own = failure && failure->own_log && str_eq(row->path, failure->own_log->path) && is_text_log(ev->service);
    bool here = str_eq(row->path, s->marked.path);
    bool inside = is_between(ev, s->window), beside = failure && is_between(ev, s->run_window);
    bool same = here && ev->record == s->marked.seen.ev.record && ev->level == s->marked.seen.ev.level;
    bool log = here && (ev->service == SERVICE_EVENT_LOG || is_text_log(ev->service));
    if (log && !same && !own && (!inside || ev->service == SERVICE_EVENT_LOG)) {
        log_take(s, s->marked.path, ev);
    } else if (same || own || (!here && shows_life(s, ev)) || (failure && here && is_text_log(ev->service) && inside)) {
        around_add(s, row->path, ev);
    } else if (failure && !here && tells_of_run(s, row, ev, beside)) {
        around_add(s, row->path, ev);
    }
}

static void names_take(Search *s, const Event *ev)
{
    if (ev->computer.len) {
        mask_machine(&s->mask, ev->computer);
    }
}

static void first_look(void *with, const SourceRow *row, const Event *ev)
{
    names_take(with, ev);
    place_take(with, row, ev);
}

static void second_look(void *with, const SourceRow *row, const Event *ev)
{
    around_take(with, row, ev);
}

/* One reading of the bundle, of which `look` sees every event. */
static bool bundle_look(Search *s, EventWatch *look, Analysis *analysis, Bundle *bundle)
{
    analysis_open(analysis, s->o->rules, s->run);
    analysis->watch = look;
    analysis->watch_with = s;
    bundle_read(bundle, s->o->bundle, s->o->password, analysis, 1);
    return bundle->status < ST_FAILED || REFUSE(str_of(s->o->bundle), STR(": "), bundle->trouble);
}

/* --- the failed run --------------------------------------------------------------------------------------------- */

static int64_t apart(const Episode *ep, int64_t time)
{
    return time < ep->start_ns ? ep->start_ns - time : time > episode_end(ep) ? time - episode_end(ep) : 0;
}

static const Episode *nearest_failure(const EpisodeList *episodes, int64_t time)
{
    const Episode *best = time == TIME_NONE ? episodes->failure : NULL;
    for (size_t i = 0; i < episodes->list.count && time != TIME_NONE; i++) {
        const Episode *ep = &episodes->list.at[i];
        if (is_failed_backup(ep) && (!best || apart(ep, time) < apart(best, time))) {
            best = ep;
        }
    }
    return best;
}

/* The first of some spans that people say which reaches so far. */
static int64_t reach(int64_t ns)
{
    static const int64_t spans[] = {5 * NS_MINUTE,    15 * NS_MINUTE,       60 * NS_MINUTE,       360 * NS_MINUTE,
                                    1440 * NS_MINUTE, 7 * 1440 * NS_MINUTE, 30 * 1440 * NS_MINUTE};
    size_t i = 0;
    while (i + 1 < sizeof spans / sizeof *spans && spans[i] < ns) {
        i++;
    }
    return spans[i];
}

static void window_choose(Search *s)
{
    Marked *m = &s->marked;
    int64_t time = m->seen.ev.time_ns;
    bool state = m->seen.ev.service >= SERVICE_EPISODE;
    m->before_ns = m->after_ns = 5 * NS_MINUTE;
    s->window = (Span){TIME_NONE, TIME_NONE};
    m->bundle_window = !m->failure && !state;
    m->windowed = m->failure && !state;
    if (!m->failure) {
        return;
    }
    int64_t from = m->failure->start_ns, to = episode_end(m->failure);
    s->run_window = (Span){from - m->before_ns - NS_MINUTE, to + m->after_ns + NS_MINUTE};
    if (m->windowed && time != TIME_NONE) {
        m->before_ns = time < from ? reach(from - time) : m->before_ns;
        m->after_ns = time > to ? reach(time - to) : m->after_ns;
        m->bundle_window = from - time > m->before_ns || time - to > m->after_ns;
    }
    s->window = (Span){from - m->before_ns - NS_MINUTE, to + m->after_ns + NS_MINUTE};
}

/* --- all of it -------------------------------------------------------------------------------------------------- */

static bool place_choose(Search *s, const SourceRow *row)
{
    Place *p = NULL;
    for (size_t i = 0; i < s->places.count && !p; i++) {
        p = str_eq(s->places.at[i].path, row->path) ? &s->places.at[i] : NULL;
    }
    if (!p || !p->found) {
        bool inside = p && s->o->line >= p->first && s->o->line <= p->last;
        return REFUSE(row->path, p && !p->is_line ? STR(" has no record ") : STR(" has no line "),
                      arena_format(s->run, "%llu", (unsigned long long)s->o->line),
                      inside ? STR(" that an event was read from; it has ") : STR("; it has "),
                      arena_format(s->run, "%llu to %llu", (unsigned long long)(p ? p->first : 0),
                                   (unsigned long long)(p ? p->last : 0)));
    }
    s->zone_ns = row->zone_ns;
    s->marked.path = p->path;
    s->marked.seen = (Seen){event_copied(s->run, &p->ev, row->zone_ns), p->path};
    s->marked.line = is_text_log(p->ev.service) ? line_of(&s->marked.seen.ev, s->o->line) : s->marked.seen.ev.message;
    return true;
}

/* What the bundle tells of names, the marked line, and the failed run. */
static bool marked_find(Search *s, Analysis *analysis, Bundle *bundle)
{
    if (!bundle_look(s, first_look, analysis, bundle)) {
        return false;
    }
    Machines machines = gathering_find(analysis, bundle, s->run);
    const SourceRow *row = source_find(s, analysis);
    if (!row) {
        return false;
    }
    Analysis *part = ARENA_NEW(s->run, Analysis, 1);
    *part = machine_part(analysis, row->machine, s->run);
    zone_infer(part);
    gathering_conclude(analysis, &machines);
    EpisodeList *episodes = ARENA_NEW(s->run, EpisodeList, 1);
    *episodes = episode_find(part, &(FailureChoice){.at_ns = TIME_NONE}, s->run);
    if (!place_choose(s, row)) {
        return false;
    }
    s->good = episodes->good > 0;
    s->marked.failure = nearest_failure(episodes, s->marked.seen.ev.time_ns);
    return true;
}

static void brackets_add(Search *s)
{
    Marked *m = &s->marked;
    if (s->has_before) {
        *VEC_ADD(s->run, &m->around) = s->before;
        Seen last = m->around.at[m->around.count - 1];
        memmove(m->around.at + 1, m->around.at, (m->around.count - 1) * sizeof *m->around.at);
        m->around.at[0] = last;
    }
    if (s->has_after) {
        *VEC_ADD(s->run, &m->around) = s->after;
    }
}

static void notes_add(Search *s, Draft *draft)
{
    const Marked *m = &s->marked;
    if (is_text_log(m->seen.ev.service) && s->o->line != m->seen.ev.record) {
        *VEC_ADD(s->run, &draft->notes) = arena_format(
            s->run, "Line %llu continues the record that begins in line %llu; the fixtures hold all of it.",
            (unsigned long long)s->o->line, (unsigned long long)m->seen.ev.record);
    }
    if (!m->failure && s->good) {
        *VEC_ADD(s->run, &draft->notes) =
            STR("The backups in the bundle were good, so that no cause holds there; a bundle "
                "where one failed makes a better draft.");
    } else if (!m->failure) {
        *VEC_ADD(s->run, &draft->notes) = STR("The bundle shows no failed backup: the condition holds anywhere in it.");
    } else if (m->bundle_window) {
        *VEC_ADD(s->run, &draft->notes) =
            STR("No failed backup lies within 30 days of the line: the condition holds anywhere in the bundle.");
    }
    if (m->around.count == AROUND_MAX) {
        *VEC_ADD(s->run, &draft->notes) = STR("There were more lines around the failed backup than a fixture takes; "
                                              "look whether the right ones are left.");
    }
}

static bool draft_run(Search *s, Draft *draft)
{
    Analysis first, second;
    Bundle bundle = {0};
    DraftRule rule;
    Str trouble = {0};
    bool found = marked_find(s, &first, &bundle);
    if (found && !draft_rule(s->o->rules, &s->marked.seen.ev, s->marked.line, &s->mask, s->run, &rule, &trouble)) {
        found = REFUSE(s->marked.path, STR(": "), trouble);
    }
    if (found) {
        window_choose(s);
        found = bundle_look(s, second_look, &second, &(Bundle){0});
        analysis_close(&second);
    }
    if (found) {
        brackets_add(s);
        draft_fixtures(s->o, &s->marked, &rule, &s->mask, s->run, draft);
        notes_add(s, draft);
    }
    analysis_close(&first);
    return found;
}

bool draft_make(const DraftOptions *o, Arena *run, Draft *draft)
{
    Search s = {.o = o, .run = run, .mask = {.a = run}};
    return draft_run(&s, draft);
}
