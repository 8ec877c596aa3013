#include "derive.h"

typedef VEC(Field) Fields;

static void field_add(Arena *run, Fields *to, Str name, Str value)
{
    if (value.len) {
        *VEC_ADD(run, to) = (Field){name, value};
    }
}

static void field_number(Arena *run, Fields *to, Str name, int64_t n)
{
    if (n >= 0) {
        field_add(run, to, name, arena_format(run, "%lld", (long long)n));
    }
}

/* An event of our own that stands where `evidence` stands. */
static Kept *derived_add(Analysis *analysis, Arena *run, Service service, int64_t time_ns, const Kept *evidence,
                         const Fields *fields)
{
    const MatchResult *results;
    Kept *k = ARENA_NEW(run, Kept, 1);
    *k = *evidence;
    k->stands_for = evidence;
    k->ev.service = service;
    k->ev.mark = MARK_NONE;
    k->ev.time_ns = time_ns;
    k->ev.message = (Str){0};
    k->ev.fields = fields->at;
    k->ev.field_count = fields->count;
    size_t count = match_event(analysis->matcher, &k->ev, &results);
    for (size_t i = 0; i < count; i++) {
        const MatchResult *r = &results[i];
        *VEC_ADD(run, &analysis->matches) = (Match){r->rule, k, r->truth, r->passed, r->tests, r->why};
    }
    return k;
}

static void episode_event(Analysis *analysis, const Episode *ep, const Episode *previous, Arena *run)
{
    Fields fields = {0};
    field_add(run, &fields, STR("Kind"), str_of(episode_kind_name(ep->kind)));
    if (ep->outcome != OUTCOME_UNKNOWN) {
        field_add(run, &fields, STR("Outcome"), str_of(outcome_name(ep->outcome)));
    }
    if (previous && previous->outcome != OUTCOME_UNKNOWN && ep->follows) {
        field_add(run, &fields, STR("PreviousOutcome"), str_of(outcome_name(previous->outcome)));
    }
    field_number(run, &fields, STR("Stage"), ep->stage > 0 ? ep->stage : -1);
    if (ep->has_error) {
        field_add(run, &fields, STR("Error"), arena_format(run, "0x%08x", (unsigned)ep->error));
    } else if (ep->own_log && ep->own_log->status == ROW_READ) {
        field_add(run, &fields, STR("Error"), STR("none")); /* it was read to its end, and names no code */
    }
    field_add(run, &fields, STR("Handler"), ep->handler);
    field_add(run, &fields, STR("Version"), ep->version);
    field_add(run, &fields, STR("TaskId"), ep->task_id);
    field_number(run, &fields, STR("Sequence"), ep->sequence);
    field_number(run, &fields, STR("Uptime"), ep->uptime);
    field_number(run, &fields, STR("RunInUptime"), ep->run_in_uptime);
    field_number(run, &fields, STR("SilentMinutes"), ep->silent_ns < 0 ? -1 : ep->silent_ns / NS_MINUTE);
    derived_add(analysis, run, SERVICE_EPISODE, ep->start_ns, ep->evidence, &fields);
}

/* --- services --------------------------------------------------------------------------------------------------- */

typedef struct Told { /* one thing about a service, and who says so */
    Str value;
    const Kept *by;
    bool contradicted; /* another source of the registry has it otherwise, and neither is known to be the newer one */
} Told;

typedef struct ServiceState {
    Str name;
    Told account, start;         /* as the event logs have it, at the failure */
    Told account_set, start_set; /* as the registry has it, at the collection */
} ServiceState;

typedef VEC(ServiceState) ServiceStates;

static ServiceState *service_of(Arena *run, ServiceStates *states, Str name)
{
    for (size_t i = 0; i < states->count; i++) {
        if (str_eq_nocase(states->at[i].name, name)) {
            return &states->at[i];
        }
    }
    ServiceState *s = VEC_ADD(run, states);
    *s = (ServiceState){.name = name};
    return s;
}

static void tell(Told *told, Str value, const Kept *by)
{
    *told = value.len ? (Told){.value = value, .by = by} : *told;
}

static void service_told(Arena *run, ServiceStates *states, const Kept *k, Str name, Str account, Str start_type)
{
    if (name.len) {
        ServiceState *s = service_of(run, states, name);
        tell(&s->account, account, k);
        tell(&s->start, start_type, k);
    }
}

/* Network Service as display languages have it. */
static const char *const network_service[] = {
    "NetworkService",
    "Network Service",
    "Netzwerkdienst",
    "SERVICE R\xC3\x89SEAU",
    "Service r\xC3\xA9seau",
    "Servicio de red",
    "SERVIZIO DI RETE",
    "Servizio di rete",
    "Servi\xC3\xA7o de rede",
    "SERVI\xC3\x87O DE REDE",
    "Verkkopalvelu",
    "Netwerkservice",
    "NETV\xC3\x86RKSTJENESTE",
    "NETTVERKSTJENESTE",
    "N\xC3\xA4tverkstj\xC3\xA4nst",
    "US\xC5\x81UGA SIECIOWA",
    "\xD0\xA1\xD0\x95\xD0\xA2\xD0\x95\xD0\x92\xD0\x90\xD0\xAF \xD0\xA1\xD0\x9B\xD0\xA3\xD0\x96\xD0\x91\xD0\x90",
};

static bool is_ascii(Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

/* The account in English. Empty: an account of the system itself, in a language we do not know, so that nothing can be
 * said of it. */
static Str account_name(Str account)
{
    size_t cut = str_find_byte(account, '\\', 0);
    Str domain = cut == STR_NOT_FOUND ? (Str){0} : str_slice(account, 0, cut);
    Str name = cut == STR_NOT_FOUND ? account : str_from(account, cut + 1);
    bool english = str_eq_nocase(domain, STR("NT AUTHORITY")) || str_eq_nocase(domain, STR("NT SERVICE"));
    bool system = str_starts_nocase(domain, STR("NT ")) || str_starts_nocase(domain, STR("NT-")) ||
                  str_ends_nocase(domain, STR(" NT"));
    for (size_t i = 0; i < sizeof network_service / sizeof *network_service; i++) {
        if (str_eq_nocase(name, str_of(network_service[i])) && (system || !domain.len)) {
            return STR("NT AUTHORITY\\NetworkService");
        }
    }
    if (str_eq_nocase(account, STR("S-1-5-20"))) {
        return STR("NT AUTHORITY\\NetworkService");
    }
    return (system && !english) || !is_ascii(account) ? (Str){0} : account;
}

/* Positions of the data: bundle-formats.md section 4.5. */
static void service_event(Arena *run, ServiceStates *states, const Kept *k)
{
    const Event *ev = &k->ev;
    if (ev->id == 4202 && ev->field_count >= 9) {
        service_told(run, states, k, STR("MSDTC"), str_trim(ev->fields[8].value), (Str){0});
    } else if (ev->id == 7040 && ev->field_count >= 4) {
        service_told(run, states, k, ev->fields[3].value, (Str){0}, ev->fields[2].value);
    } else if (ev->id == 7045 && ev->field_count >= 5) {
        service_told(run, states, k, ev->fields[0].value, ev->fields[4].value, ev->fields[3].value);
    }
}

/* Values come in the order of their times, those of exports, which have none, first. */
static void tell_set(Told *told, Str value, const Kept *by)
{
    bool equal = told->by && told->by->ev.time_ns == by->ev.time_ns;
    bool differs = equal && !str_eq_nocase(account_name(told->value), account_name(value));
    bool contradicted = differs || (equal && told->contradicted);
    tell(told, value, by);
    told->contradicted = contradicted;
}

/* HKLM\SYSTEM\CurrentControlSet\Services\MSDTC\ObjectName */
static void service_value(Arena *run, ServiceStates *states, const Kept *k)
{
    Str services = STR("HKLM\\SYSTEM\\CurrentControlSet\\Services\\");
    Str target = event_field(&k->ev, STR("TargetObject")), name = str_from(target, services.len);
    size_t cut = str_find_byte(name, '\\', 0);
    if (!str_starts_nocase(target, services) || cut == STR_NOT_FOUND) {
        return;
    }
    Str value = str_from(name, cut + 1);
    bool account = str_eq_nocase(value, STR("ObjectName")),
         text = str_eq(event_field(&k->ev, STR("ValueType")), STR("REG_SZ"));
    Str details = event_field(&k->ev, STR("Details"));
    if (account && text && !str_eq(details, STR("(Empty)"))) {
        tell_set(&service_of(run, states, str_slice(name, 0, cut))->account_set, details, k);
    } else if (str_eq_nocase(value, STR("Start"))) {
        tell_set(&service_of(run, states, str_slice(name, 0, cut))->start_set, event_field(&k->ev, STR("Number")), k);
    }
}

/* The registry rules: it is what the documents tell to look at, and an event is but a copy of it, in the words of a
 * display language. But it tells what is set at the collection. A key that was written after the failure may have been
 * set right since: then the last event before the failure knows better, if there is one. */
static Told rule_of(Told set, Told told, int64_t until)
{
    bool later = set.by && set.by->ev.time_ns > until;
    return !set.by || (later && told.by) ? told : set;
}

static Str from_text(Arena *run, const Kept *k)
{
    return k->ev.service == SERVICE_REGISTRY_STATE ? STR("registry")
                                                   : arena_format(run, "event %u", (unsigned)k->ev.id);
}

/* An export names no time: where an event before the failure has it otherwise, either may be older. */
static bool is_doubtful(const Told *set, const Told *told)
{
    return set->contradicted || (set->by && told->by && set->by->ev.time_ns == TIME_NONE &&
                                 !str_eq_nocase(account_name(set->value), account_name(told->value)));
}

/* Quoted is what tells the account, then what tells the start type. */
static void service_add(Analysis *analysis, const ServiceState *s, int64_t until, Arena *run)
{
    Told account = rule_of(s->account_set, s->account, until), start = rule_of(s->start_set, s->start, until);
    const Kept *evidence = account.by ? account.by : start.by;
    Fields fields = {0};
    field_add(run, &fields, STR("ServiceName"), s->name);
    field_add(run, &fields, STR("Account"),
              is_doubtful(&s->account_set, &s->account) ? (Str){0} : account_name(account.value));
    field_add(run, &fields, STR("StartType"), s->start_set.contradicted ? (Str){0} : start.value);
    field_add(run, &fields, STR("From"), from_text(run, evidence));
    Kept *k = derived_add(analysis, run, SERVICE_SERVICE_STATE, evidence->ev.time_ns, evidence, &fields);
    bool both = start.by && start.by != evidence && start.by->row == evidence->row;
    if (both && start.by->ev.service == SERVICE_REGISTRY_STATE) {
        Str name = str_from(start.by->quote, str_rfind_byte(event_field(&start.by->ev, STR("TargetObject")), '\\') + 1);
        k->quote = arena_join(run, (Str[]){evidence->quote, STR("; "), name}, 3);
    }
}

static void services(Analysis *analysis, const EpisodeList *episodes, Arena *run)
{
    ServiceStates states = {0};
    int64_t until = episodes->failure ? episodes->failure->end_ns : INT64_MAX;
    until = until == TIME_NONE ? episodes->failure->start_ns : until;
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Kept *k = analysis->kept.at[i];
        if (k->ev.service == SERVICE_REGISTRY_STATE) {
            service_value(run, &states, k);
        } else if (k->ev.mark == MARK_SERVICE && k->ev.time_ns != TIME_NONE &&
                   k->ev.time_ns <= until - k->ev.doubt.late_ns) {
            service_event(run, &states, k);
        }
    }
    for (size_t i = 0; i < states.count; i++) {
        service_add(analysis, &states.at[i], until, run);
    }
}

/* --- folders of extensions -------------------------------------------------------------------------------------- */

#define MANIFEST    STR("HandlerManifest.json")
#define ENVIRONMENT STR("HandlerEnvironment.json")

/* The manifest could be lost by the collection itself. */
static bool manifest_lost(const Analysis *analysis)
{
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Event *ev = &analysis->kept.at[i]->ev;
        bool untaken = ev->mark == MARK_COPY_FAILED || ev->mark == MARK_COPY_REMOVED;
        if (ev->mark == MARK_INSPECT_CUT || (untaken && str_ends_nocase(event_field(ev, STR("Path")), MANIFEST))) {
            return true;
        }
    }
    return false;
}

/* Of any collection of the machine. */
static const SourceRow *row_ending(const Analysis *analysis, Str ending)
{
    for (size_t i = 0; i < analysis->rows.count; i++) {
        if (str_ends_nocase(analysis->rows.at[i]->path, ending)) {
            return analysis->rows.at[i];
        }
    }
    return NULL;
}

/* `…/Plugins/<handler>/<version>/HandlerEnvironment.json` stands for its folder: the agent writes it into each, and
 * whoever collects it collects the manifest beside it. */
static void folder_event(Analysis *analysis, SourceRow *row, const Episode *failure, Arena *run)
{
    Str parts = str_slice(row->path, 0, str_rfind_byte(row->path, '/')), part, handler = {0}, version = {0};
    while (str_split(&parts, '/', &part)) {
        handler = version;
        version = part;
    }
    bool other = failure && failure->version.len && !str_eq(failure->version, version);
    if (!str_eq_nocase(handler, STR("Microsoft.Azure.RecoveryServices.VMSnapshot")) || other) {
        return; /* what is left of a former version says nothing */
    }
    Str folder = arena_join(run, (Str[]){handler, STR("/"), version, STR("/")}, 4);
    const SourceRow *manifest = row_ending(analysis, arena_join(run, (Str[]){folder, MANIFEST}, 2));
    bool known = manifest ? !manifest->absent : !manifest_lost(analysis);
    Fields fields = {0};
    field_add(run, &fields, STR("Handler"), handler);
    field_add(run, &fields, STR("Version"), version);
    field_add(run, &fields, STR("Manifest"), !known ? (Str){0} : manifest ? STR("present") : STR("missing"));
    Kept *file = ARENA_NEW(run, Kept, 1);
    *file = (Kept){.row = row, .quote_at = 1};
    Str with = manifest ? STR(" and ") : STR(" without ");
    file->quote = arena_join(run, (Str[]){folder, ENVIRONMENT, with, MANIFEST}, 4);
    file->ev = (Event){.time_ns = row->mtime_ns, .trust = TRUST_ASSUMED, .is_line = true, .record = 1};
    derived_add(analysis, run, SERVICE_HANDLERFOLDER, row->mtime_ns, file, &fields);
}

static void folders(Analysis *analysis, const EpisodeList *episodes, Arena *run)
{
    bool works = !episodes->failure && episodes->good; /* then the manifest is there, and was not collected */
    for (size_t i = 0; i < analysis->rows.count && !works; i++) {
        SourceRow *row = analysis->rows.at[i];
        if (!row->absent && str_ends_nocase(row->path, STR("/HandlerEnvironment.json"))) {
            folder_event(analysis, row, episodes->failure, run);
        }
    }
}

/* --- the agent's heartbeats ------------------------------------------------------------------------------------- */

/* Logs that somebody copied within half a day are one collection: the one ends no earlier than that before the other.
 */
#define SILENCE_NS (12 * NS_HOUR)
#define BEATS      12 /* hours with a heartbeat in the last day of the log: it would have had more */

static int64_t windows_last(const Analysis *analysis, const Gathering *gathering)
{
    int64_t last = TIME_NONE;
    for (size_t i = 0; i < analysis->rows.count; i++) {
        const SourceRow *row = analysis->rows.at[i];
        bool system = row->service == SERVICE_EVENT_LOG && str_eq_nocase(row->channel, STR("System"));
        if (system && row->gathering == gathering && row->span.to_ns > last) {
            last = row->span.to_ns;
        }
    }
    return last;
}

/* The last of them, if the log was full of them to its end. */
static const Kept *last_beat(const Analysis *analysis, const SourceRow *log)
{
    const Kept *last = NULL;
    size_t beats = 0;
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Kept *k = analysis->kept.at[i];
        if (k->row == log && event_field(&k->ev, STR("Beat")).len && k->ev.time_ns >= log->span.to_ns - NS_DAY) {
            last = !last || k->ev.time_ns >= last->ev.time_ns ? k : last;
            beats++;
        }
    }
    return beats >= BEATS ? last : NULL;
}

/* No line of the agent's says that it died; that its log ends while Windows goes on does. */
static void silence(Analysis *analysis, Arena *run)
{
    const SourceRow *log = NULL;
    for (size_t i = 0; i < analysis->rows.count; i++) {
        const SourceRow *row = analysis->rows.at[i];
        if (row->service == SERVICE_WAAPPAGENT && (!log || row->span.to_ns > log->span.to_ns)) {
            log = row;
        }
    }
    int64_t windows = log ? windows_last(analysis, log->gathering) : TIME_NONE;
    bool silent = windows != TIME_NONE && log->span.from_ns != TIME_NONE && log->status == ROW_READ &&
                  windows - log->span.to_ns >= SILENCE_NS;
    const Kept *beat = silent ? last_beat(analysis, log) : NULL;
    if (beat) {
        Fields fields = {0};
        field_add(run, &fields, STR("Beat"), STR("last"));
        derived_add(analysis, run, SERVICE_WAAPPAGENT, beat->ev.time_ns, beat, &fields);
    }
}

void derive_events(Analysis *analysis, const EpisodeList *episodes, Arena *run)
{
    const Episode *previous = NULL; /* backup */
    for (size_t i = 0; i < episodes->list.count; i++) {
        const Episode *ep = &episodes->list.at[i];
        bool backup = ep->kind == EPISODE_BACKUP;
        episode_event(analysis, ep, backup ? previous : NULL, run);
        previous = backup ? ep : previous;
    }
    services(analysis, episodes, run);
    folders(analysis, episodes, run);
    silence(analysis, run);
    analysis_sort(analysis);
}
