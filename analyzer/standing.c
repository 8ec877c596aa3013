#include "standing.h"

/* --- whose members ---------------------------------------------------------------------------------------------- */

static bool is_registry(const LogSource *source)
{
    return source->kind == SERVICE_REGISTRY_STATE || source->kind == SERVICE_SERVICE_STATE;
}

static bool is_hive(const SourceRow *row)
{
    return row->kind && str_eq(str_of(row->kind), STR("registry_hive"));
}

/* What could not be read, or was empty, is known by its name alone. */
static bool is_of(const LogSource *source, const SourceRow *row)
{
    if (row->absent) {
        return false;
    }
    if (row->status == ROW_UNREAD || row->status == ROW_SKIPPED || !row->events) {
        return source_path_fits(source, row->path, true);
    }
    switch (source->kind) {
    case SERVICE_EVENT_LOG:
        return row->service == SERVICE_EVENT_LOG &&
               (!source->channel.len || str_eq_nocase(row->channel, source->channel));
    case SERVICE_EPISODE: return row->service == SERVICE_VMSNAPSHOT || row->service == SERVICE_STATUS;
    case SERVICE_REGISTRY_STATE:
    case SERVICE_SERVICE_STATE:
        return (row->service == SERVICE_REGISTRY_STATE || is_hive(row)) &&
               (!is_hive(row) || source_path_fits(source, row->path, true));
    default: return row->service == source->kind;
    }
}

const struct SourceRows *source_rows(Survey *s, const LogSource *source)
{
    for (size_t i = 0; i < s->found.count; i++) {
        if (s->found.at[i].source == source) {
            return &s->found.at[i];
        }
    }
    struct SourceRows *to = VEC_ADD(s->run, &s->found);
    *to = (struct SourceRows){.source = source};
    for (size_t i = 0; i < s->analysis->rows.count; i++) {
        if (is_of(source, s->analysis->rows.at[i])) {
            *VEC_ADD(s->run, &to->rows) = s->analysis->rows.at[i];
        }
    }
    return to;
}

/* --- the collection --------------------------------------------------------------------------------------------- */

static bool collected(const Analysis *analysis, const Collection *c)
{
    for (size_t i = 0; i < analysis->rows.count; i++) {
        if (str_starts(analysis->rows.at[i]->path, c->folder)) {
            return true;
        }
    }
    return false;
}

Survey survey_open(const Analysis *analysis, const Bundle *bundle, Arena *run)
{
    Survey s = {.rules = analysis->rules, .bundle = bundle, .analysis = analysis, .run = run};
    for (size_t i = 0; i < bundle->collections.list.count; i++) {
        const Collection *c = &bundle->collections.list.at[i];
        int bit = inspection_mode(&s.rules->inspection, c->mode);
        if (collected(analysis, c)) {
            *VEC_ADD(run, &s.inspections) = c;
            s.modes |= bit < 0 ? 0 : (uint32_t)1 << bit;
        }
    }
    return s;
}

bool survey_by_hand(const Survey *s)
{
    return s->inspections.count == 0;
}

static bool is_encrypted(const Survey *s)
{
    for (size_t i = 0; i < s->inspections.count; i++) {
        if (s->inspections.at[i]->encrypted) {
            return true;
        }
    }
    return false;
}

static const Collection *stopped(const Survey *s)
{
    for (size_t i = 0; i < s->inspections.count; i++) {
        if (s->inspections.at[i]->resume.len) {
            return s->inspections.at[i];
        }
    }
    return NULL;
}

static Fate fate_of(const Survey *s, const LogSource *source, Str *path)
{
    Fate worst = FATE_UNTOLD;
    for (size_t i = 0; i < s->inspections.count; i++) {
        Str named = {0};
        Fate fate = collection_fate(s->inspections.at[i], source, &named);
        if (fate > worst) {
            worst = fate;
            *path = named;
        }
    }
    return worst;
}

/* --- the standing ----------------------------------------------------------------------------------------------- */

/* Each file that the source is made of is there. */
static bool is_whole(const LogSource *source, const struct SourceRows *found)
{
    for (size_t i = 0; i < source->vm_path_count; i++) {
        LogSource one = {.vm_path = &source->vm_path[i], .vm_path_count = 1};
        bool there = false;
        for (size_t k = 0; k < found->rows.count; k++) {
            there = there || source_path_fits(&one, found->rows.at[k]->path, true);
        }
        if (!there) {
            return false;
        }
    }
    return true;
}

static bool is_unread(const struct SourceRows *found)
{
    for (size_t i = 0; i < found->rows.count; i++) {
        if (found->rows.at[i]->status < ROW_SKIPPED) {
            return false;
        }
    }
    return true;
}

/* The time that all its members reach over, and what is wrong with them. */
typedef struct Reach {
    Span span;
    const char *hole; /* why there is one in the window; NULL: there is none */
    bool damaged, full;
} Reach;

/* Runs have a file each: the damage of another one does not count. */
static bool has_runs(const LogSource *source)
{
    return source->kind == SERVICE_VMSNAPSHOT || source->kind == SERVICE_STATUS;
}

static bool is_beside(const SourceRow *row, Span window)
{
    return row->span.from_ns != TIME_NONE && (row->span.to_ns < window.from_ns || row->span.from_ns > window.to_ns);
}

static Reach reach_of(const struct SourceRows *found, Span window)
{
    Reach reach = {.span = {TIME_NONE, TIME_NONE}};
    for (size_t i = 0; i < found->rows.count; i++) {
        const SourceRow *row = found->rows.at[i];
        bool damaged = row->status == ROW_DAMAGED || row->status == ROW_PARTIAL;
        reach.damaged = reach.damaged || (damaged && !(has_runs(found->source) && is_beside(row, window)));
        reach.full = reach.full || row->kept_full || row->runs_full;
        for (size_t k = 0; k < row->holes.count; k++) {
            const Span *hole = &row->holes.at[k].span;
            if (!reach.hole && hole->to_ns >= window.from_ns && hole->from_ns <= window.to_ns) {
                reach.hole = row->holes.at[k].why ? row->holes.at[k].why : "something is missing";
            }
        }
        if (row->span.from_ns != TIME_NONE) {
            bool first = reach.span.from_ns == TIME_NONE;
            reach.span.from_ns =
                first || row->span.from_ns < reach.span.from_ns ? row->span.from_ns : reach.span.from_ns;
            reach.span.to_ns = first || row->span.to_ns > reach.span.to_ns ? row->span.to_ns : reach.span.to_ns;
        }
    }
    return reach;
}

static Standing log_standing(const struct SourceRows *found, Span window)
{
    Reach reach = reach_of(found, window);
    if (reach.full) {
        return STANDS_HERE; /* our own bound: there is nothing to collect */
    }
    if (reach.hole || reach.span.from_ns == TIME_NONE) {
        return reach.hole || reach.damaged ? STANDS_DAMAGED : STANDS_SILENT;
    }
    if (reach.span.from_ns > window.from_ns) {
        return STANDS_LATER;
    }
    return reach.damaged                                                 ? STANDS_DAMAGED
           : has_runs(found->source) || reach.span.to_ns >= window.to_ns ? STANDS_BESIDE
                                                                         : STANDS_EARLIER;
}

Standing source_standing(Survey *s, const LogSource *source, Span window)
{
    const struct SourceRows *found = source_rows(s, source);
    if (found->rows.count == 0 || (is_registry(source) && !is_whole(source, found))) {
        return STANDS_ABSENT;
    }
    if (is_unread(found)) {
        return STANDS_UNREAD;
    }
    if (source->kind >= SERVICE_EPISODE) {
        return is_registry(source) && reach_of(found, window).damaged ? STANDS_DAMAGED : STANDS_SILENT;
    }
    return window.from_ns == TIME_NONE ? STANDS_HERE : log_standing(found, window);
}

/* --- who could get it ------------------------------------------------------------------------------------------- */

static Holders absent_holders(Survey *s, const LogSource *source, Holders all)
{
    Str path = {0};
    if (is_encrypted(s)) {
        return (Holders){0, 0};
    }
    switch (fate_of(s, source, &path)) {
    case FATE_FAILED: return all;
    case FATE_NONE: /* again it would be the same … */
    case FATE_REMOVED:
    case FATE_COPIED: return (Holders){0, 0}; /* … and here the bundle is what is to be got again */
    case FATE_UNTOLD: break;
    }
    if (!(s->modes & (all.whole | all.lesser)) || stopped(s)) {
        return all;
    }
    return s->bundle->status == ST_PARTIAL ? (Holders){0, 0} : (Holders){all.whole & ~s->modes, all.lesser & ~s->modes};
}

Holders source_holders(Survey *s, const LogSource *source, Standing standing)
{
    const Holders all = {source->modes, source->lesser}, none = {0, 0};
    bool held = s->modes & (all.whole | all.lesser), held_whole = s->modes & all.whole;
    switch (standing) {
    case STANDS_ABSENT: return absent_holders(s, source, all);
    case STANDS_EARLIER: return all;
    case STANDS_DAMAGED: return held_whole ? none : held ? (Holders){all.whole, 0} : all;
    case STANDS_SILENT:
        return source->kind == SERVICE_EPISODE ? all : held && !held_whole ? (Holders){all.whole, 0} : none;
    case STANDS_UNREAD: /* again it would be the same */
    case STANDS_LATER:
    case STANDS_BESIDE:
    case STANDS_HERE: break;
    }
    return none;
}

/* --- in words --------------------------------------------------------------------------------------------------- */

Str mode_names(const Inspection *inspection, uint32_t modes, const char *last, Arena *run)
{
    VEC(Str) parts = {0};
    size_t left = 0;
    for (size_t i = 0; i < inspection->mode_count; i++) {
        left += modes >> i & 1;
    }
    for (size_t i = 0, put = 0; i < inspection->mode_count; i++) {
        if (modes >> i & 1) {
            *VEC_ADD(run, &parts) = put == 0 ? (Str){0} : left == 1 ? str_of(last) : STR(", ");
            *VEC_ADD(run, &parts) = inspection->modes[i];
            put++;
            left--;
        }
    }
    return arena_join(run, parts.at, parts.count);
}

static Str minute_text(Arena *run, int64_t ns)
{
    char text[TIMESTAMP_ROOM];
    timestamp_format(text, ns, 0);
    text[10] = ' ';
    return arena_str(run, (Str){(const uint8_t *)text, 16});
}

static Str modes_text(const Survey *s)
{
    VEC(Str) parts = {0};
    for (size_t i = 0; i < s->inspections.count; i++) {
        Str mode = s->inspections.at[i]->mode;
        *VEC_ADD(s->run, &parts) = i ? STR(" and ") : (Str){0};
        *VEC_ADD(s->run, &parts) = mode.len ? mode : STR("(unknown)");
    }
    return arena_join(s->run, parts.at, parts.count);
}

/* None of the modes the bundle was made with holds it: never did, or does no more. */
static Str unheld_situation(const Survey *s, const LogSource *source)
{
    Str mode = modes_text(s);
    if (s->modes & source->dropped) {
        return arena_join(s->run, (Str[]){STR("Mode "), mode, STR(" does not hold it since "), source->since}, 4);
    }
    if (s->modes & source->partly) {
        return arena_join(s->run, (Str[]){STR("Mode "), mode, STR(" holds "), source->holds, STR(" only")}, 5);
    }
    if (!s->modes) {
        return arena_join(
            s->run, (Str[]){STR("It is not in the bundle; what mode "), mode, STR(" holds is not known here")}, 3);
    }
    return arena_join(s->run, (Str[]){STR("Mode "), mode, STR(" never holds it")}, 3);
}

static Str told_situation(Survey *s, Fate fate, Str path)
{
    switch (fate) {
    case FATE_FAILED: return arena_join(s->run, (Str[]){STR("The copy failed (results.txt): "), path}, 2);
    case FATE_REMOVED:
        return arena_join(s->run, (Str[]){STR("It was collected, and the secret scanner removed it: "), path}, 2);
    case FATE_COPIED: return STR("It was collected (results.txt says so), but it is not in this copy of the bundle");
    case FATE_NONE:
        return arena_join(s->run,
                          (Str[]){STR("The disk inspection found no file "), path,
                                  str_find_byte(path, '*', 0) == STR_NOT_FOUND
                                      ? STR(": it is not on the disk")
                                      : STR(", where capital letters must be as they are on the disk")},
                          3);
    case FATE_UNTOLD: break;
    }
    return (Str){0};
}

static Str absent_situation(Survey *s, const LogSource *source)
{
    Str path = {0};
    Fate fate = fate_of(s, source, &path);
    bool held = s->modes & (source->modes | source->lesser), whole = s->bundle->status != ST_PARTIAL;
    if (is_encrypted(s) && (source->modes | source->lesser)) {
        return STR("The disk is encrypted: no disk inspection can read it");
    }
    if (fate != FATE_UNTOLD) {
        return told_situation(s, fate, path);
    }
    if (!whole && (held || survey_by_hand(s))) {
        return STR("This copy of the bundle is not whole: it may have been in the lost part");
    }
    return survey_by_hand(s) ? STR("It is not in the bundle")
           : !held           ? unheld_situation(s, source)
           : stopped(s)      ? STR("The disk inspection was stopped before it came to it")
                             : arena_join(s->run,
                                          (Str[]){STR("Mode "), modes_text(s),
                                                  STR(" holds it; why it is not here, results.txt does not say")},
                                          3);
}

static Str later_situation(Survey *s, const LogSource *source, Span window)
{
    if (source->kind >= SERVICE_EPISODE) {
        return STR("It was written after the failure: only an older copy can tell what it was before");
    }
    Str parts[] = {STR("It begins "), minute_text(s->run, reach_of(source_rows(s, source), window).span.from_ns),
                   STR(", and what counts began "), minute_text(s->run, window.from_ns),
                   STR(". Collected again it would begin no earlier: only an older copy can hold that time")};
    return arena_join(s->run, parts, sizeof parts / sizeof *parts);
}

static Str earlier_situation(Survey *s, const LogSource *source, Span window)
{
    Str parts[] = {STR("It ends "), minute_text(s->run, reach_of(source_rows(s, source), window).span.to_ns),
                   STR(", before the time that counts is over, "), minute_text(s->run, window.to_ns)};
    return arena_join(s->run, parts, sizeof parts / sizeof *parts);
}

static Str damaged_situation(Survey *s, const LogSource *source, Span window)
{
    Reach reach = reach_of(source_rows(s, source), window);
    Str parts[] = {STR("What this bundle holds of it has a hole at the time that counts: "),
                   reach.hole ? str_of(reach.hole) : (Str){0}};
    return reach.hole ? arena_join(s->run, parts, 2) : STR("What this bundle holds of it is damaged, or cut");
}

static Str unread_situation(Survey *s, const LogSource *source)
{
    Str note = source_rows(s, source)->rows.at[0]->note;
    return arena_join(
        s->run, (Str[]){STR("It is in the bundle and could not be read"), note.len ? STR(": ") : (Str){0}, note}, 3);
}

bool source_lost(Survey *s, const LogSource *source, Standing standing)
{
    Str path;
    bool hurt = standing == STANDS_ABSENT || standing == STANDS_UNREAD || standing == STANDS_DAMAGED;
    return (standing == STANDS_ABSENT && fate_of(s, source, &path) == FATE_COPIED) ||
           (hurt && s->bundle->status == ST_PARTIAL);
}

static Str silent_situation(const Survey *s, const LogSource *source, const char *why)
{
    if (source->kind == SERVICE_EPISODE) {
        return STR("The logs of this bundle do not show the run that counts, or how it ended");
    }
    Str parts[] = {STR("What this bundle holds of it does not tell"), why ? STR(" (") : (Str){0},
                   why ? str_of(why) : (Str){0}, why ? STR(")") : (Str){0}};
    return arena_join(s->run, parts, sizeof parts / sizeof *parts);
}

Str source_situation(Survey *s, const LogSource *source, Standing standing, Span window, const char *why)
{
    switch (standing) {
    case STANDS_ABSENT: return absent_situation(s, source);
    case STANDS_UNREAD: return unread_situation(s, source);
    case STANDS_DAMAGED: return damaged_situation(s, source, window);
    case STANDS_LATER: return later_situation(s, source, window);
    case STANDS_EARLIER: return earlier_situation(s, source, window);
    case STANDS_BESIDE:
        return STR("The bundle holds those of other runs; in the run that counts none may have been written");
    case STANDS_SILENT: return silent_situation(s, source, why);
    case STANDS_HERE: break;
    }
    return (Str){0};
}

static Str list_text(Arena *run, const char *before, const Str *items, size_t count, const char *between)
{
    VEC(Str) parts = {0};
    *VEC_ADD(run, &parts) = str_of(before);
    for (size_t i = 0; i < count; i++) {
        *VEC_ADD(run, &parts) = i ? str_of(between) : (Str){0};
        *VEC_ADD(run, &parts) = items[i];
    }
    return arena_join(run, parts.at, parts.count);
}

void source_by_hand(const LogSource *source, Arena *run, StrList *how)
{
    for (size_t i = 0; i < source->command_count; i++) {
        *VEC_ADD(run, how) = arena_join(run, (Str[]){STR(COMMAND_BEFORE), source->command[i]}, 2);
    }
    if (source->vm_path_count) {
        *VEC_ADD(run, how) =
            list_text(run,
                      source->in_use ? "Copy from the disk of a VM that does not run, with the .LOG files beside it: "
                                     : "Copy from the VM: ",
                      source->vm_path, source->vm_path_count, " and ");
    }
}

void source_older(const LogSource *source, int64_t until_ns, Arena *run, StrList *how)
{
    if (source->older.len) {
        *VEC_ADD(run, how) = arena_join(run, (Str[]){STR("On the VM look for "), source->older}, 2);
    }
    Str parts[] = {STR("Copy from a restore point or snapshot of the OS disk made soon after "),
                   minute_text(run, until_ns), STR(" UTC"), source->vm_path_count ? STR(": ") : (Str){0},
                   list_text(run, "", source->vm_path, source->vm_path_count, " and ")};
    *VEC_ADD(run, how) = arena_join(run, parts, sizeof parts / sizeof *parts);
}
