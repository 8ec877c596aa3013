#include "scanned.h"

/* Which source a file would have been, by its name alone. */
typedef struct Kind {
    const char *begins, *ends;
    Service service;
} Kind;

static const Kind kinds[] = {
    {"WaAppAgent", ".log", SERVICE_WAAPPAGENT},
    {"TransparentInstaller", ".log", SERVICE_TRANSPARENTINSTALLER},
    {"IaaSBcdrExtension", ".log", SERVICE_VMSNAPSHOT},
    {"CommandExecution", ".log", SERVICE_COMMANDEXECUTION},
    {"Install", ".log", SERVICE_PLUGINLOG},
    {"Update", ".log", SERVICE_PLUGINLOG},
    {"Heartbeat", ".log", SERVICE_PLUGINLOG},
    {"aggregatestatus", ".json", SERVICE_AGGREGATESTATUS},
    {"", ".status", SERVICE_STATUS},
    {"", ".evtx", SERVICE_EVENT_LOG},
};

static Service service_of(Str name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (str_starts_nocase(name, str_of(kinds[i].begins)) && str_ends_nocase(name, str_of(kinds[i].ends))) {
            return kinds[i].service;
        }
    }
    return SERVICE_OTHER;
}

/* `Microsoft-Windows-CAPI2%4Operational.evtx` holds the channel Microsoft-Windows-CAPI2/Operational. */
static Str channel_of(Arena *run, Str name)
{
    Str stem = str_slice(name, 0, name.len - 5);
    size_t cut = str_find(stem, STR("%4"), 0);
    Str parts[] = {str_slice(stem, 0, cut), STR("/"), cut == STR_NOT_FOUND ? (Str){0} : str_from(stem, cut + 2)};
    return cut == STR_NOT_FOUND ? stem : arena_join(run, parts, 3);
}

static bool is_member(const SourceRow *row, Str folder, Str member)
{
    return row->path.len == folder.len + member.len && str_starts_nocase(row->path, folder) &&
           str_ends_nocase(row->path, member);
}

static SourceRow *member_row(const Analysis *analysis, Str folder, Str member)
{
    for (size_t i = 0; i < analysis->rows.count; i++) {
        if (is_member(analysis->rows.at[i], folder, member)) {
            return analysis->rows.at[i];
        }
    }
    return NULL;
}

/* The bundle still has the folders of the inspected disk: what is not found there is not there. */
static bool keeps_folders(const Analysis *analysis, Str folder, Str member)
{
    Str device = str_slice(member, 0, str_find_byte(member, '/', 0));
    for (size_t i = 0; i < analysis->rows.count; i++) {
        Str path = analysis->rows.at[i]->path;
        if (str_starts_nocase(path, folder) && str_starts_nocase(str_from(path, folder.len), device)) {
            return true;
        }
    }
    return false;
}

static void lost_row(Analysis *analysis, const SourceRow *results, Str folder, Str member, const char *note)
{
    Str parts[] = {folder, member};
    size_t cut = str_rfind_byte(member, '/');
    Str name = cut == STR_NOT_FOUND ? member : str_from(member, cut + 1);
    uint64_t order = analysis->rows.count ? analysis->rows.at[analysis->rows.count - 1]->order + 1 : 0;
    SourceRow *row = analysis_row(analysis, arena_join(analysis->run, parts, 2), order, TIME_NONE, 1);
    row->number = analysis->rows.count - 1;
    row->input = results->input;
    row->status = ROW_UNREAD;
    row->service = service_of(name);
    row->channel = row->service == SERVICE_EVENT_LOG ? channel_of(analysis->run, name) : (Str){0};
    row->absent = true;
    row->note = str_of(note);
}

static void scanned_file(Analysis *analysis, const Kept *k, Str member)
{
    Str result = event_field(&k->ev, STR("Result"));
    size_t cut = str_rfind_byte(k->row->path, '/');
    Str folder = cut == STR_NOT_FOUND ? (Str){0} : str_slice(k->row->path, 0, cut + 1);
    bool redacted = str_eq(result, STR("Redacted")), removed = str_eq(result, STR("Removed"));
    SourceRow *row = member_row(analysis, folder, member);
    if (row && redacted && !row->note.len) {
        row->note = STR("the secret scanner blanked lines of it");
    } else if (!row && (removed || keeps_folders(analysis, folder, member))) {
        lost_row(analysis, k->row, folder, member,
                 removed ? "it was there, and the secret scanner removed it"
                         : "it was collected and given to the secret scanner, but is not in the bundle");
    }
}

/* Those that were removed, or the others. */
static void scanned_list(Analysis *analysis, bool removed, size_t *count)
{
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Kept *k = analysis->kept.at[i];
        Str member = k->ev.service == SERVICE_DISKINSPECT ? event_field(&k->ev, STR("Member")) : (Str){0};
        if (!member.len || str_eq(event_field(&k->ev, STR("Result")), STR("Removed")) != removed) {
            continue;
        }
        if (++*count > LIMIT_SCANNED) {
            analysis->row = analysis->rows.at[k->row->number];
            analysis_limit(analysis, "scanned files",
                           "more files were given to the secret scanner than are looked for");
            return;
        }
        scanned_file(analysis, k, member);
    }
}

void scanned_files(Analysis *analysis)
{
    size_t count = 0;
    scanned_list(analysis, true, &count); /* it knows best why one is not there */
    scanned_list(analysis, false, &count);
}
