#include "episode.h"

#include <stdlib.h>

#define JOIN_NS          (5 * NS_MINUTE)
#define SAME_SEQUENCE_NS NS_DAY
/* An agent's command ends by a time-out of its own long before this. */
#define COMMAND_NS NS_HOUR
/* Unless it hangs, and nothing else is heard of it. */
#define HUNG_NS       (12 * NS_HOUR)
#define DEAD_NS       (2 * NS_HOUR) /* in which a run that is well writes to its log */
#define STAGE_SUMMARY 12

const char *episode_kind_name(EpisodeKind kind)
{
    static const char *const names[] = {"backup", "install", "enable", "boot", "shutdown"};
    return names[kind];
}

const char *outcome_name(Outcome outcome)
{
    static const char *const names[] = {"unknown", "success", "failure"};
    return names[outcome];
}

/* What one source says of one attempt. */
typedef enum Teller { TELLER_LOG, TELLER_STATUS, TELLER_SETTINGS, TELLER_AGENT, TELLER_COMMAND } Teller;
typedef struct Fragment {
    Teller teller;
    Span span;
    Outcome outcome;
    int stage;
    bool has_error, installs_only;
    uint32_t error;
    Str handler, version, task_id;
    int64_t sequence;
    const Kept *first, *evidence, *failure;
    const SourceRow *row;
} Fragment;

typedef VEC(Fragment) Fragments;
typedef struct Attempt {
    Episode ep;
    VEC(const Fragment *) parts;
    Span span;
} Attempt;
typedef VEC(Attempt) Attempts;

/* --- fragments -------------------------------------------------------------------------------------------------- */

static bool is_backup_handler(Str handler)
{
    return str_has_nocase(handler, STR("VMSnapshot"));
}

static int64_t number_field(const Event *ev, Str name)
{
    int64_t n;
    return str_i64(event_field(ev, name), &n) ? n : -1;
}

/* What a log's copies tell beyond each other are lines of one log. */
static const SourceRow *log_of(const SourceRow *row)
{
    while (row->copy_of) {
        row = row->copy_of;
    }
    return row;
}

static Fragment *fragment_new(Arena *run, Fragments *to, Teller teller, const Kept *k)
{
    Fragment *f = VEC_ADD(run, to);
    *f = (Fragment){.teller = teller,
                    .span = {k->ev.time_ns, k->ev.time_ns},
                    .sequence = -1,
                    .first = k,
                    .evidence = k,
                    .row = log_of(k->row)};
    return f;
}

static void fragment_fields(Fragment *f, const Kept *k)
{
    const Event *ev = &k->ev;
    Str handler = event_field(ev, STR("Handler")), version = event_field(ev, STR("Version"));
    Str task = event_field(ev, STR("TaskId"));
    f->handler = f->handler.len ? f->handler : handler;
    f->version = f->version.len ? f->version : version;
    f->task_id = f->task_id.len ? f->task_id : task;
    f->sequence = f->sequence >= 0 ? f->sequence : number_field(ev, STR("Sequence"));
    if (ev->time_ns != TIME_NONE && ev->time_ns > f->span.to_ns) {
        f->span.to_ns = ev->time_ns;
    }
}

static void fragment_fail(Fragment *f, const Kept *k)
{
    uint64_t code;
    Str hresult = event_field(&k->ev, STR("HResult"));
    if (f->outcome != OUTCOME_FAILURE) {
        f->evidence = k;
        f->failure = k;
    }
    f->outcome = OUTCOME_FAILURE;
    if (!f->has_error && hresult.len > 2 && str_u64(str_from(hresult, 2), 16, &code) && code <= UINT32_MAX) {
        f->has_error = true;
        f->error = (uint32_t)code;
    }
}

/* The extension's own log: one file is one attempt, and where one file holds several, each begins with stage 1. */
static Fragment *log_event(Arena *run, Fragments *to, Fragment *open, const Kept *k)
{
    int stage = (int)number_field(&k->ev, STR("Stage"));
    bool again = open && k->ev.mark == MARK_RUN_STAGE && stage == 1 && open->stage > 1;
    if (!open || again) {
        open = fragment_new(run, to, TELLER_LOG, k);
    }
    fragment_fields(open, k);
    if (k->ev.mark == MARK_RUN_ERROR || k->ev.mark == MARK_RUN_FAILED) {
        if (open->outcome != OUTCOME_FAILURE) {
            open->stage = stage > 0 ? stage : open->stage;
        }
        fragment_fail(open, k);
    } else if (k->ev.mark == MARK_RUN_OK) {
        open->outcome = OUTCOME_SUCCESS;
        open->evidence = k;
        open->stage = 12;
    } else if (open->outcome != OUTCOME_FAILURE && stage > open->stage) {
        open->stage = stage;
        open->evidence = k; /* as far as it came */
    }
    return open;
}

static void status_event(Arena *run, Fragments *to, const Kept *k)
{
    Str status = event_field(&k->ev, STR("Status")), handler = event_field(&k->ev, STR("Handler"));
    if (k->ev.time_ns == TIME_NONE || (handler.len && !is_backup_handler(handler))) {
        return;
    }
    Fragment *f = fragment_new(run, to, TELLER_STATUS, k);
    fragment_fields(f, k);
    if (str_eq_nocase(status, STR("error"))) {
        fragment_fail(f, k);
    } else if (str_eq_nocase(status, STR("success"))) {
        f->outcome = OUTCOME_SUCCESS;
    }
}

static void settings_event(Arena *run, Fragments *to, const Kept *k)
{
    Str handler = event_field(&k->ev, STR("Handler"));
    if (k->ev.time_ns != TIME_NONE && event_field(&k->ev, STR("TaskId")).len &&
        (!handler.len || is_backup_handler(handler))) {
        fragment_fields(fragment_new(run, to, TELLER_SETTINGS, k), k);
    }
}

static bool begins(Mark mark)
{
    return mark == MARK_ENABLE_BEGIN || mark == MARK_INSTALL_BEGIN || mark == MARK_COMMAND_BEGIN;
}

static bool begins_anew(const Fragment *open, const Kept *k)
{
    Mark was = open->evidence->ev.mark, mark = k->ev.mark;
    int64_t since = k->ev.time_ns - open->span.to_ns;
    bool over = open->outcome == OUTCOME_FAILURE || was == MARK_ENABLE_OK ||
                (open->teller == TELLER_COMMAND && was == MARK_COMMAND_EXIT);
    int64_t longest = begins(was) && !begins(mark) ? HUNG_NS : COMMAND_NS;
    return since > longest || (begins(mark) && over) || (mark == MARK_ENABLE_BEGIN && since > JOIN_NS);
}

/* The agent's log and the handler's command log: begin, exit, result. */
static Fragment *agent_event(Arena *run, Fragments *to, Fragment *open, const Kept *k, Teller teller)
{
    Mark mark = k->ev.mark;
    bool install = mark == MARK_INSTALL_BEGIN || mark == MARK_INSTALL_OK || mark == MARK_INSTALL_FAILED;
    if (!open || begins_anew(open, k)) {
        open = fragment_new(run, to, teller, k);
        open->installs_only = install;
    }
    open->installs_only = open->installs_only && install;
    fragment_fields(open, k);
    bool failed = mark == MARK_ENABLE_FAILED || mark == MARK_INSTALL_FAILED ||
                  (mark == MARK_COMMAND_EXIT && number_field(&k->ev, STR("ExitCode")) != 0 &&
                   event_field(&k->ev, STR("ExitCode")).len);
    if (failed) {
        fragment_fail(open, k);
    } else if (open->outcome != OUTCOME_FAILURE && !begins(mark)) {
        open->evidence = k;
    }
    return open;
}

static bool is_agent_mark(Mark mark)
{
    return mark >= MARK_ENABLE_BEGIN && mark <= MARK_COMMAND_EXIT;
}

static Fragment *mark_fragment(Arena *run, Fragments *to, Fragment *open, const Kept *k)
{
    Mark mark = k->ev.mark;
    Str handler = event_field(&k->ev, STR("Handler"));
    if (mark == MARK_STATUS) {
        status_event(run, to, k);
    } else if (mark == MARK_SETTINGS) {
        settings_event(run, to, k);
    } else if (k->ev.time_ns != TIME_NONE && mark >= MARK_RUN_STAGE && mark <= MARK_RUN_FAILED) {
        return log_event(run, to, open, k);
    } else if (k->ev.time_ns != TIME_NONE && is_agent_mark(mark) &&
               (is_backup_handler(handler) || (!handler.len && mark == MARK_INSTALL_FAILED))) {
        return agent_event(run, to, open, k,
                           k->row->service == SERVICE_COMMANDEXECUTION ? TELLER_COMMAND : TELLER_AGENT);
    }
    return open;
}

/* One pass over what is kept: in time order, which in one log is the order of its lines. */
static void fragments_find(const Analysis *analysis, Arena *run, Fragments *to)
{
    size_t *open = ARENA_NEW(run, size_t, analysis->rows.count); /* by row: the fragment that may go on, plus one */
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Kept *k = analysis->kept.at[i];
        size_t *of_row = &open[log_of(k->row)->number];
        Fragment *f = k->ev.mark == MARK_NONE ? NULL : mark_fragment(run, to, *of_row ? &to->at[*of_row - 1] : NULL, k);
        *of_row = f ? (size_t)(f - to->at) + 1 : *of_row;
    }
    for (size_t i = 0; i < analysis->rows.count; i++) {
        Fragment *f = open[i] ? &to->at[open[i] - 1] : NULL;
        if (f && f->teller == TELLER_LOG && f->row->span.to_ns > f->span.to_ns) {
            f->span.to_ns = f->row->span.to_ns;
        }
    }
}

/* --- attempts --------------------------------------------------------------------------------------------------- */

static Str task_name(Str task_id)
{
    return str_slice(task_id, 0, str_find_byte(task_id, '_', 0));
}

static int64_t distance(Span a, Span b)
{
    return a.from_ns > b.to_ns ? a.from_ns - b.to_ns : b.from_ns > a.to_ns ? b.from_ns - a.to_ns : 0;
}

static bool differ(Str a, Str b)
{
    return a.len && b.len && !str_eq_nocase(a, b);
}

static bool has_log(const Attempt *a)
{
    for (size_t i = 0; i < a->parts.count; i++) {
        if (a->parts.at[i]->teller == TELLER_LOG) {
            return true;
        }
    }
    return false;
}

/* 0: not this attempt; else the larger the surer. */
static int joins(const Attempt *a, const Fragment *f)
{
    int64_t apart = distance(a->span, f->span);
    bool sequences = a->ep.sequence >= 0 && f->sequence >= 0;
    if (differ(task_name(a->ep.task_id), task_name(f->task_id)) || differ(a->ep.version, f->version)) {
        return 0;
    }
    if (a->ep.task_id.len && f->task_id.len) {
        return 3;
    }
    if (sequences) {
        return a->ep.sequence == f->sequence && apart <= SAME_SEQUENCE_NS ? 2 : 0;
    }
    return apart <= JOIN_NS && !(f->teller == TELLER_LOG && has_log(a));
}

static void attempt_join(Arena *run, Attempt *a, const Fragment *f)
{
    Episode *ep = &a->ep;
    if (a->parts.count == 0) {
        *ep = (Episode){.kind = EPISODE_BACKUP, .sequence = -1, .uptime = -1, .run_in_uptime = -1, .silent_ns = -1};
        a->span = f->span;
    }
    a->span.from_ns = f->span.from_ns < a->span.from_ns ? f->span.from_ns : a->span.from_ns;
    a->span.to_ns = f->span.to_ns > a->span.to_ns ? f->span.to_ns : a->span.to_ns;
    ep->handler = ep->handler.len ? ep->handler : f->handler;
    ep->version = ep->version.len ? ep->version : f->version;
    ep->task_id = ep->task_id.len ? ep->task_id : f->task_id;
    ep->sequence = ep->sequence >= 0 ? ep->sequence : f->sequence;
    *VEC_ADD(run, &a->parts) = f;
}

static int fragment_order(const void *a, const void *b)
{
    const Fragment *x = a, *y = b;
    return x->span.from_ns != y->span.from_ns ? (x->span.from_ns < y->span.from_ns ? -1 : 1)
           : x->row->order != y->row->order   ? (x->row->order < y->row->order ? -1 : 1)
                                              : (int)x->teller - (int)y->teller;
}

/* Those that know their number first: a fragment that only knows its time then finds the right one of two. */
static void attempts_join(Arena *run, const Fragments *fragments, Attempts *to)
{
    for (int pass = 0; pass < 2; pass++) {
        bool numbered = pass == 0;
        for (size_t i = 0; i < fragments->count; i++) {
            const Fragment *f = &fragments->at[i];
            bool knows = f->sequence >= 0 || f->task_id.len > 0;
            if (knows != numbered) {
                continue;
            }
            Attempt *best = NULL;
            int surest = 0;
            for (size_t j = 0; j < to->count; j++) {
                int sure = joins(&to->at[j], f);
                if (sure > surest ||
                    (sure && sure == surest && distance(to->at[j].span, f->span) < distance(best->span, f->span))) {
                    surest = sure;
                    best = &to->at[j];
                }
            }
            if (!best) {
                best = VEC_ADD(run, to);
                *best = (Attempt){0};
            }
            attempt_join(run, best, f);
        }
    }
}

/* The surest teller has the word on stage and error, whoever says "failed" is believed. */
static void attempt_conclude(Attempt *a)
{
    Episode *ep = &a->ep;
    for (Teller teller = TELLER_LOG; teller <= TELLER_COMMAND; teller++) {
        for (size_t i = 0; i < a->parts.count; i++) {
            const Fragment *f = a->parts.at[i];
            if (f->teller != teller) {
                continue;
            }
            if (!ep->evidence || (f->outcome > ep->outcome)) {
                ep->evidence = f->evidence;
            }
            ep->outcome = f->outcome > ep->outcome ? f->outcome : ep->outcome;
            ep->failure = ep->failure ? ep->failure : f->failure;
            bool cut = f->teller == TELLER_LOG && f->outcome == OUTCOME_UNKNOWN && f->row->status != ROW_READ;
            ep->stage = ep->stage || cut ? ep->stage : f->stage;
            if (f->teller == TELLER_LOG && !ep->own_log) {
                ep->own_log = f->row;
                ep->log_ends = f->outcome != OUTCOME_UNKNOWN;
            }
            if (!ep->has_error && f->has_error) {
                ep->has_error = true;
                ep->error = f->error;
            }
        }
    }
}

/* An attempt begins with what the machine did, not with the moment the service asked for it. */
static void attempt_times(Attempt *a)
{
    Episode *ep = &a->ep;
    ep->start_ns = ep->end_ns = TIME_NONE;
    for (size_t i = 0; i < a->parts.count; i++) {
        const Fragment *f = a->parts.at[i];
        bool asked = f->teller == TELLER_SETTINGS && a->parts.count > 1;
        if (!asked && f->span.from_ns != TIME_NONE && (ep->start_ns == TIME_NONE || f->span.from_ns < ep->start_ns)) {
            ep->start_ns = f->span.from_ns;
            ep->time_digits = f->first->ev.time_digits;
        }
        if (f->teller != TELLER_SETTINGS && f->span.to_ns > ep->end_ns) {
            ep->end_ns = f->span.to_ns;
        }
    }
}

static bool only_installs(const Attempt *a)
{
    for (size_t i = 0; i < a->parts.count; i++) {
        const Fragment *f = a->parts.at[i];
        if (!f->installs_only || (f->outcome == OUTCOME_FAILURE && f->handler.len)) {
            return false;
        }
    }
    return true;
}

/* The aggregate status repeats the result of the last attempt before it, and is one itself only where none is known. */
static void aggregate_join(const Analysis *analysis, Arena *run, Attempts *attempts)
{
    const Kept *newest = NULL;
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Kept *k = analysis->kept.at[i];
        int64_t code;
        bool failed = str_i64(event_field(&k->ev, STR("Code")), &code) && code != 0;
        if (k->ev.mark == MARK_AGGREGATE && k->ev.time_ns != TIME_NONE &&
            is_backup_handler(event_field(&k->ev, STR("Handler")))) {
            newest = failed || str_eq_nocase(event_field(&k->ev, STR("ExtensionStatus")), STR("error")) ? k : NULL;
        }
    }
    if (!newest) {
        return;
    }
    Attempt *last = NULL;
    for (size_t i = 0; i < attempts->count; i++) {
        Attempt *a = &attempts->at[i];
        last = a->ep.start_ns <= newest->ev.time_ns && (!last || a->ep.start_ns > last->ep.start_ns) ? a : last;
    }
    if (attempts->count == 0) {
        Fragments none = {0};
        Fragment *f = fragment_new(run, &none, TELLER_STATUS, newest);
        fragment_fields(f, newest);
        fragment_fail(f, newest);
        last = VEC_ADD(run, attempts);
        *last = (Attempt){0};
        attempt_join(run, last, f);
        attempt_conclude(last);
        attempt_times(last);
    } else if (last && last->ep.outcome == OUTCOME_UNKNOWN) {
        last->ep.outcome = OUTCOME_FAILURE;
        last->ep.evidence = last->ep.failure = newest;
    }
}

/* --- boots and the rest ----------------------------------------------------------------------------------------- */

static bool is_mark_of(const Kept *k, EpisodeKind kind)
{
    Mark mark = k->ev.mark;
    bool certain = k->ev.doubt.early_ns == 0 && k->ev.doubt.late_ns == 0; /* else it cannot be put between runs */
    return k->ev.service == SERVICE_EVENT_LOG && certain &&
           (kind == EPISODE_BOOT ? mark == MARK_BOOT || mark == MARK_UNCLEAN : mark == MARK_SHUTDOWN);
}

/* The kernel's own event tells a boot best. */
static bool is_kernel(const Kept *k)
{
    return str_eq_nocase(k->ev.provider, STR("Microsoft-Windows-Kernel-General"));
}

/* Events of one boot (or shutdown) lie close together; several sources may hold the same. */
static void machine_episodes(const Analysis *analysis, Arena *run, EpisodeKind kind, EpisodeList *to)
{
    Episode *open = NULL;
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Kept *k = analysis->kept.at[i];
        if (!is_mark_of(k, kind) || k->ev.time_ns == TIME_NONE) {
            continue;
        }
        if (!open || k->ev.time_ns - open->end_ns > JOIN_NS ||
            (is_kernel(k) && is_kernel(open->evidence) && k->ev.time_ns != open->evidence->ev.time_ns)) {
            open = VEC_ADD(run, &to->list);
            *open = (Episode){.kind = kind,
                              .start_ns = k->ev.time_ns,
                              .time_digits = k->ev.time_digits,
                              .outcome = OUTCOME_SUCCESS,
                              .sequence = -1,
                              .uptime = -1,
                              .run_in_uptime = -1,
                              .silent_ns = -1,
                              .evidence = k};
        } else if (is_kernel(k) && !is_kernel(open->evidence)) {
            open->evidence = k;
        }
        open->end_ns = k->ev.time_ns;
    }
}

/* What failed of other extensions: they block a backup as well. */
static void other_failures(const Analysis *analysis, Arena *run, EpisodeList *to)
{
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Kept *k = analysis->kept.at[i];
        Str handler = event_field(&k->ev, STR("Handler"));
        bool install = k->ev.mark == MARK_INSTALL_FAILED, enable = k->ev.mark == MARK_ENABLE_FAILED;
        if ((install || enable) && handler.len && !is_backup_handler(handler) && k->ev.time_ns != TIME_NONE) {
            *VEC_ADD(run, &to->list) = (Episode){.kind = install ? EPISODE_INSTALL : EPISODE_ENABLE,
                                                 .start_ns = k->ev.time_ns,
                                                 .end_ns = k->ev.time_ns,
                                                 .time_digits = k->ev.time_digits,
                                                 .outcome = OUTCOME_FAILURE,
                                                 .handler = handler,
                                                 .version = event_field(&k->ev, STR("Version")),
                                                 .sequence = -1,
                                                 .uptime = -1,
                                                 .run_in_uptime = -1,
                                                 .silent_ns = -1,
                                                 .evidence = k,
                                                 .failure = k};
        }
    }
}

static int episode_order(const void *a, const void *b)
{
    const Episode *x = a, *y = b;
    return x->start_ns != y->start_ns ? (x->start_ns < y->start_ns ? -1 : 1)
           : x->kind != y->kind       ? (int)x->kind - (int)y->kind
                                      : (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

/* The log that tells of boots is there from one moment to another: between two collections nobody knows of them. */
static bool boots_known(const Analysis *analysis, int64_t from_ns, int64_t to_ns)
{
    bool known = false;
    for (bool more = true; more && !known;) {
        more = false;
        for (size_t i = 0; i < analysis->rows.count && !known; i++) {
            const SourceRow *row = analysis->rows.at[i];
            int64_t until_ns = row->gathering ? row->gathering->collected_ns : INT64_MAX;
            if (row->service == SERVICE_EVENT_LOG && str_eq_nocase(row->channel, STR("System")) &&
                row->span.from_ns != TIME_NONE && row->span.from_ns <= from_ns && until_ns >= from_ns &&
                !row->doubt.early_ns && !row->doubt.late_ns && !row->picked) {
                known = until_ns >= to_ns;
                more = more || until_ns > from_ns;
                from_ns = until_ns;
            }
        }
    }
    return known;
}

/* The agent's log covers all the time between: a run would have left lines in it. */
static bool agent_covers(const Analysis *analysis, int64_t from_ns, int64_t to_ns)
{
    CoverageQuery q = {SERVICE_WAAPPAGENT, {0}, {from_ns, to_ns}};
    return coverage_lacks(analysis->rows.at, analysis->rows.count, &q) == NULL;
}

static bool follows(const Analysis *analysis, const Episode *before, const Episode *ep)
{
    return (before->sequence >= 0 && ep->sequence == before->sequence + 1) ||
           agent_covers(analysis, before->start_ns, ep->start_ns);
}

/* A run's number since the boot is known where no run can be missing between the boot and it. */
static void count_uptimes(const Analysis *analysis, EpisodeList *list)
{
    int64_t boots = 0, runs = 0, boot_ns = TIME_NONE;
    const Episode *before = NULL;
    bool gap = false;
    for (size_t i = 0; i < list->list.count; i++) {
        Episode *ep = &list->list.at[i];
        if (ep->kind == EPISODE_BOOT) {
            boots++;
            runs = 0;
            gap = false;
            boot_ns = ep->start_ns;
        } else if (ep->kind == EPISODE_BACKUP) {
            ep->follows = before && follows(analysis, before, ep);
            gap = gap || (!ep->follows && !(boot_ns != TIME_NONE && agent_covers(analysis, boot_ns, ep->start_ns)));
            runs++;
            bool known = boots_known(analysis, boot_ns == TIME_NONE ? ep->start_ns : boot_ns, ep->start_ns);
            ep->uptime = known ? boots : -1;
            ep->run_in_uptime = ep->uptime > 0 && !gap ? runs : -1;
            before = ep;
        }
    }
}

/* What comes next behind the last line of a run's own log, as far as to_ns. */
static int64_t next_after(const Analysis *analysis, const EpisodeList *list, int64_t last_ns, int64_t to_ns)
{
    for (size_t i = 0; i < list->list.count; i++) {
        const Episode *next = &list->list.at[i];
        bool counts = next->kind == EPISODE_BACKUP || next->kind == EPISODE_BOOT || next->kind == EPISODE_SHUTDOWN;
        to_ns = counts && next->start_ns > last_ns && next->start_ns < to_ns ? next->start_ns : to_ns;
    }
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Event *ev = &analysis->kept.at[i]->ev;
        to_ns = ev->mark == MARK_AGENT_START && ev->time_ns > last_ns && ev->time_ns < to_ns ? ev->time_ns : to_ns;
    }
    return to_ns;
}

/* A log that does not say how its run ended stands still until others tell the end, the next run begins, Windows or the
 * agent is started anew, or it is collected, which may have been at any time where nothing else came with it. */
static int64_t silence(const Analysis *analysis, const EpisodeList *list, const Episode *ep)
{
    int64_t last_ns = ep->own_log->span.to_ns;
    const Gathering *with = ep->own_log->gathering;
    int64_t to_ns = with && with->collected_ns != TIME_NONE ? with->collected_ns : INT64_MAX;
    if (ep->log_ends || last_ns == TIME_NONE) {
        return ep->log_ends ? 0 : -1;
    }
    to_ns = ep->end_ns > last_ns && ep->end_ns < to_ns ? ep->end_ns : to_ns;
    to_ns = next_after(analysis, list, last_ns, to_ns);
    return to_ns <= last_ns || to_ns == INT64_MAX ? -1 : to_ns - last_ns;
}

/* Hours without another line are a failure, whoever says so or does not. */
static void measure_silences(const Analysis *analysis, EpisodeList *list)
{
    for (size_t i = 0; i < list->list.count; i++) {
        Episode *ep = &list->list.at[i];
        if (ep->kind == EPISODE_BACKUP && ep->own_log && ep->own_log->status == ROW_READ) {
            ep->silent_ns = silence(analysis, list, ep);
            bool died = ep->stage < STAGE_SUMMARY && ep->silent_ns >= DEAD_NS; /* killed, crashed, or it hangs */
            ep->outcome = died && ep->outcome == OUTCOME_UNKNOWN ? OUTCOME_FAILURE : ep->outcome;
        }
    }
}

/* --- the failure that is explained ------------------------------------------------------------------------------ */

static int64_t gap(const Episode *ep, int64_t ns)
{
    return distance((Span){ep->start_ns, episode_end(ep)}, (Span){ns, ns});
}

static void choose_failure(EpisodeList *list, const FailureChoice *choice)
{
    for (size_t i = 0; i < list->list.count; i++) {
        const Episode *ep = &list->list.at[i];
        if (ep->kind != EPISODE_BACKUP) {
            continue;
        }
        list->backups++;
        list->good += ep->outcome == OUTCOME_SUCCESS;
        if (ep->outcome != OUTCOME_FAILURE) {
            continue;
        }
        list->failed++;
        if (choice->task_id.len && !str_eq_nocase(task_name(ep->task_id), task_name(choice->task_id))) {
            continue;
        }
        bool nearer =
            !list->failure || choice->at_ns == TIME_NONE || gap(ep, choice->at_ns) < gap(list->failure, choice->at_ns);
        list->failure = nearer ? ep : list->failure;
    }
    for (size_t i = 0; list->failure && i < list->list.count && &list->list.at[i] <= list->failure; i++) {
        const Episode *ep = &list->list.at[i];
        if (ep->kind == EPISODE_BACKUP && ep->outcome == OUTCOME_SUCCESS) {
            list->last_good = ep;
            list->first_failed = NULL;
        } else if (ep->kind == EPISODE_BACKUP && ep->outcome == OUTCOME_FAILURE && !list->first_failed) {
            list->first_failed = ep;
        }
    }
}

void episode_sort(EpisodeList *list)
{
    if (list->list.count) {
        qsort(list->list.at, list->list.count, sizeof *list->list.at, episode_order);
    }
}

/* Only the newest of too many: the failure that is explained is among them. */
static void fragments_limit(Analysis *analysis, Fragments *fragments)
{
    if (fragments->count > LIMIT_ATTEMPTS) {
        analysis->row = analysis->rows.at[fragments->at[0].row->number];
        analysis_limit(analysis, "attempts", "only the newest backup attempts are told apart");
        fragments->at += fragments->count - LIMIT_ATTEMPTS;
        fragments->count = LIMIT_ATTEMPTS;
    }
}

EpisodeList episode_find(Analysis *analysis, const FailureChoice *choice, Arena *run)
{
    EpisodeList list = {0};
    Fragments fragments = {0};
    Attempts attempts = {0};
    fragments_find(analysis, run, &fragments);
    if (fragments.count) {
        qsort(fragments.at, fragments.count, sizeof *fragments.at, fragment_order);
    }
    fragments_limit(analysis, &fragments);
    attempts_join(run, &fragments, &attempts);
    for (size_t i = 0; i < attempts.count; i++) {
        attempt_conclude(&attempts.at[i]);
        attempt_times(&attempts.at[i]);
        attempts.at[i].ep.kind = only_installs(&attempts.at[i]) ? EPISODE_INSTALL : EPISODE_BACKUP;
    }
    aggregate_join(analysis, run, &attempts);
    for (size_t i = 0; i < attempts.count; i++) {
        *VEC_ADD(run, &list.list) = attempts.at[i].ep;
    }
    machine_episodes(analysis, run, EPISODE_BOOT, &list);
    machine_episodes(analysis, run, EPISODE_SHUTDOWN, &list);
    other_failures(analysis, run, &list);
    episode_sort(&list);
    count_uptimes(analysis, &list);
    measure_silences(analysis, &list);
    choose_failure(&list, choice);
    return list;
}
