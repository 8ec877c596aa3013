#include "event_view.h"

#include <stdlib.h>

#include "event_record.h"

#define ZONE_STEP (15 * NS_MINUTE)
/* The kernel writes its start down when the event log is there to take it. */
#define ZONE_SLACK (5 * NS_MINUTE)
#define ZONES_MOST 256 /* of one file; more say nothing new */

/* --- levels ------------------------------------------------------------------------------------------------------- */

/* The words of display languages, cut where the languages, or the code pages, begin to differ. */
static Level level_of(Str word)
{
#define STEM(text)                                                                                                     \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                                                      \
    }
    static const struct {
        Str stem;
        Level level;
    } stems[] = {
        {STEM("Err"), LEVEL_ERROR},
        {STEM("Fehl"), LEVEL_ERROR},
        {STEM("Fout"), LEVEL_ERROR},
        {STEM("Fel"), LEVEL_ERROR},
        {STEM("Fejl"), LEVEL_ERROR},
        {STEM("Feil"), LEVEL_ERROR},
        {STEM("Chyb"), LEVEL_ERROR},
        {STEM("Hata"), LEVEL_ERROR},
        {STEM("Hiba"), LEVEL_ERROR},
        {STEM("Virhe"), LEVEL_ERROR},
        {STEM("B\xC5\x82\xC4\x85"
              "d"),
         LEVEL_ERROR},
        {STEM("\xD0\x9E\xD1\x88\xD0\xB8\xD0\xB1"), LEVEL_ERROR},
        {STEM("\xE3\x82\xA8\xE3\x83\xA9\xE3\x83\xBC"), LEVEL_ERROR},
        {STEM("\xE9\x94\x99\xE8\xAF\xAF"), LEVEL_ERROR},
        {STEM("\xE9\x8C\xAF\xE8\xAA\xA4"), LEVEL_ERROR},
        {STEM("\xEC\x98\xA4\xEB\xA5\x98"), LEVEL_ERROR},
        {STEM("Warn"), LEVEL_WARNING},
        {STEM("Avert"), LEVEL_WARNING},
        {STEM("Advert"), LEVEL_WARNING},
        {STEM("Avvis"), LEVEL_WARNING},
        {STEM("Aviso"), LEVEL_WARNING},
        {STEM("Waarsch"), LEVEL_WARNING},
        {STEM("Ostrz"), LEVEL_WARNING},
        {STEM("Varn"), LEVEL_WARNING},
        {STEM("Advars"), LEVEL_WARNING},
        {STEM("Upozor"), LEVEL_WARNING},
        {STEM("Uyar"), LEVEL_WARNING},
        {STEM("Figyel"), LEVEL_WARNING},
        {STEM("Varoit"), LEVEL_WARNING},
        {STEM("\xD0\x9F\xD1\x80\xD0\xB5\xD0\xB4\xD1\x83"), LEVEL_WARNING},
        {STEM("\xE8\xAD\xA6\xE5\x91\x8A"), LEVEL_WARNING},
        {STEM("\xEA\xB2\xBD\xEA\xB3\xA0"), LEVEL_WARNING},
        {STEM("Krit"), LEVEL_CRITICAL},
        {STEM("Crit"), LEVEL_CRITICAL},
        {STEM("Cr\xC3\xAD"), LEVEL_CRITICAL},
        {STEM("Cr\xED"), LEVEL_CRITICAL},
        {STEM("\xD0\x9A\xD1\x80\xD0\xB8\xD1\x82"), LEVEL_CRITICAL},
        {STEM("\xE9\x87\x8D\xE5\xA4\xA7"), LEVEL_CRITICAL},
        {STEM("\xE5\x85\xB3\xE9\x94\xAE"), LEVEL_CRITICAL},
        {STEM("\xEC\x9C\x84\xED\x97\x98"), LEVEL_CRITICAL},
        {STEM("Verb"), LEVEL_VERBOSE},
    };
#undef STEM
    uint64_t number;
    if (str_u64(word, 10, &number) && number >= LEVEL_CRITICAL && number <= LEVEL_VERBOSE) {
        return (Level)number;
    }
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++) {
        if (str_starts_nocase(word, stems[i].stem)) {
            return stems[i].level;
        }
    }
    return LEVEL_INFO;
}

/* --- sources and channels ----------------------------------------------------------------------------------------- */

#define PREFIX STR("Microsoft-Windows-")

/* Without the prefix that Event Viewer leaves out in places. */
static Str short_name(Str source)
{
    return str_starts_nocase(source, PREFIX) ? str_from(source, PREFIX.len) : source;
}

Str event_view_source_channel(Str source)
{
    static const char *const application[] = {
        "COM+",
        "Complus",
        "VSS",
        "MsiInstaller",
        "MSDTC",
        "MSDTC 2",
        "MSDTC Client",
        "MSDTC Client 2",
        "EventSystem",
        "Application Error",
        "Application Hang",
        ".NET Runtime",
        "ESENT",
        "Windows Error Reporting",
        "Backup",
        "CAPI2",
        "SQLWRITER",
        "SQLVDI",
        "MSSQLSERVER",
        "Perflib",
        "RestartManager",
        "Security-SPP",
        "SceCli",
        "Winlogon",
        "LoadPerf",
        "User Profiles Service",
        "SideBySide",
        "System Restore",
    };
    static const char *const system[] = {
        "Service Control Manager",
        "EventLog",
        "Kernel-General",
        "Kernel-Power",
        "Kernel-Boot",
        "User32",
        "Win32k",
        "volsnap",
        "disk",
        "Ntfs",
        "srv",
        "BugCheck",
        "DistributedCOM",
        "DCOM",
        "Time-Service",
        "WindowsUpdateClient",
        "NETLOGON",
        "GroupPolicy",
        "Tcpip",
        "storvsc",
        "FailoverClustering",
        "DNS-Client",
        "Dhcp-Client",
        "WER-SystemErrorReporting",
        "Resource-Exhaustion-Detector",
        "FilterManager",
        "Directory-Services-SAM",
        "partmgr",
    };
    Str name = short_name(source);
    for (size_t i = 0; i < sizeof application / sizeof *application; i++) {
        if (str_eq_nocase(name, str_of(application[i]))) {
            return STR("Application");
        }
    }
    for (size_t i = 0; i < sizeof system / sizeof *system; i++) {
        if (str_eq_nocase(name, str_of(system[i]))) {
            return STR("System");
        }
    }
    return (Str){0};
}

Str event_view_channel(Str file_name)
{
    bool application = str_has_nocase(file_name, STR("application")) || str_starts_nocase(file_name, STR("app.")) ||
                       str_starts_nocase(file_name, STR("anwendung"));
    bool system = str_has_nocase(file_name, STR("system")) || str_starts_nocase(file_name, STR("sys."));
    return application == system ? (Str){0} : application ? STR("Application") : STR("System");
}

/* The other of a provider's two names: that of its manifest, or the classic source. */
static Str other_name(Str source)
{
    static const char *const names[][2] = {
        {"COM+", "Microsoft-Windows-Complus"},
        {"Microsoft-Windows-Complus", "COM+"},
        {"Complus", "Microsoft-Windows-Complus"},
        {"EventSystem", "Microsoft-Windows-EventSystem"},
        {"MSDTC", "Microsoft-Windows-MSDTC"},
        {"MSDTC 2", "Microsoft-Windows-MSDTC 2"},
        {"MSDTC Client", "Microsoft-Windows-MSDTC Client"},
        {"MSDTC Client 2", "Microsoft-Windows-MSDTC Client 2"},
        {"Kernel-General", "Microsoft-Windows-Kernel-General"},
        {"Kernel-Power", "Microsoft-Windows-Kernel-Power"},
        {"Kernel-Boot", "Microsoft-Windows-Kernel-Boot"},
        {"FailoverClustering", "Microsoft-Windows-FailoverClustering"},
        {"CAPI2", "Microsoft-Windows-CAPI2"},
        {"Backup", "Microsoft-Windows-Backup"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_eq_nocase(source, str_of(names[i][0]))) {
            return str_of(names[i][1]);
        }
    }
    return str_starts_nocase(source, PREFIX) ? str_from(source, PREFIX.len) : (Str){0};
}

/* --- events ------------------------------------------------------------------------------------------------------- */

bool event_view_date(Str text, DateOrder order, Timestamp *out)
{
    LocalDate date;
    if (timestamp_iso(str_trim(text), out, NULL) && out->zoned) {
        return true;
    }
    *out = (Timestamp){.ns = TIME_NONE};
    if (!local_date(text, &date) || !local_date_time(&date, order, &out->ns)) {
        out->ns = TIME_NONE;
        return false;
    }
    out->digits = date.digits;
    return true;
}

static void time_of(EventView *view, const ViewedEvent *viewed, Event *ev)
{
    Timestamp time;
    ev->time_text = str_trim(viewed->date);
    if (event_view_date(viewed->date, view->order, &time)) {
        ev->time_ns = time.ns;
        ev->time_digits = time.digits;
        ev->trust = time.zoned ? TRUST_STAMPED : TRUST_LOCAL;
    } else if (!view->undated) {
        view->undated = true;
        analysis_diag_line(view->out, view->src, viewed->line,
                           "a date that cannot be read with certainty: this event, and others like it, have no time");
    }
}

/* `The operating system started at system time 2023-05-10T06:19:47.500000000Z.`, with marks of direction between the
 * parts: these tell in every language what UTC it was when they were written. */
static bool told_utc(Str message, int64_t *ns)
{
    uint8_t room[64];
    for (size_t at = 0; (at = str_find(message, STR("20"), at)) != STR_NOT_FOUND; at++) {
        size_t len = 0;
        for (size_t i = at; i < message.len && len < sizeof room; i++) {
            bool mark = str_starts(str_from(message, i), STR("\xE2\x80\x8E")) ||
                        str_starts(str_from(message, i), STR("\xE2\x80\x8F"));
            i += mark ? 2 : 0;
            room[len] = message.at[i];
            len += !mark;
        }
        Timestamp time;
        if (timestamp_iso((Str){room, len}, &time, NULL) && time.zoned) {
            *ns = time.ns;
            return true;
        }
    }
    return false;
}

static void kernel_time(EventView *view, const Event *ev)
{
    int64_t utc;
    bool kernel = ev->trust == TRUST_LOCAL && (ev->id == 1 || ev->id == 12 || ev->id == 13) &&
                  str_eq_nocase(short_name(ev->provider), STR("Kernel-General"));
    if (kernel && told_utc(ev->message, &utc)) {
        event_view_zone(view, ev->time_ns, utc);
    }
}

/* Logs are printed newest first, too. */
static void redacted_hole(EventView *view, const Event *ev)
{
    int64_t last = view->last_ns == TIME_NONE ? ev->time_ns : view->last_ns;
    Span span = {last < ev->time_ns ? last : ev->time_ns, last < ev->time_ns ? ev->time_ns : last};
    if (ev->time_ns != TIME_NONE) {
        coverage_hole(view->out->row, view->out->run, span, "lines were redacted");
    }
}

static Str channel_of(const EventView *view, const ViewedEvent *viewed)
{
    if (viewed->channel.len) {
        return viewed->channel;
    }
    Str known = view->channel.len ? view->channel : event_view_source_channel(viewed->source);
    return known;
}

/* `… Installation success or error status: 1603.`: in every language the status, the fourth or
 * fifth datum, ends the text. */
static bool msi_status(const ViewedEvent *viewed, uint64_t id, Field *field)
{
    Str text = str_trim(viewed->message);
    while (text.len && !byte_digit(text.at[text.len - 1]) && text.at[text.len - 1] != ':') {
        text.len--;
    }
    size_t from = text.len;
    while (from > 0 && byte_digit(text.at[from - 1])) {
        from--;
    }
    *field = (Field){id == 1036 || id == 1037 ? STR("Data5") : STR("Data4"), str_from(text, from)};
    return str_eq_nocase(viewed->source, STR("MsiInstaller")) && id >= 1033 && id <= 1037 && field->value.len &&
           field->value.len <= 10;
}

void event_view_add(EventView *view, const ViewedEvent *viewed)
{
    Field status;
    uint64_t id = 0;
    Event ev = {.time_ns = TIME_NONE,
                .trust = TRUST_NONE,
                .service = SERVICE_EVENT_LOG,
                .level = level_of(viewed->level),
                .is_line = viewed->record == 0,
                .record = viewed->record ? viewed->record : viewed->line,
                .offset = viewed->offset,
                .provider = viewed->source,
                .provider_alias = other_name(viewed->source),
                .channel = channel_of(view, viewed),
                .computer = viewed->computer,
                .message = viewed->message,
                .text_only = viewed->field_count == 0,
                .fields = viewed->fields,
                .field_count = viewed->field_count};
    ev.id = str_u64(viewed->id, 10, &id) && id <= UINT32_MAX ? (uint32_t)id : 0;
    if (str_starts_nocase(ev.provider_alias, PREFIX)) { /* the classic source is the other name of the two */
        ev.provider = ev.provider_alias;
        ev.provider_alias = viewed->source;
    }
    if (ev.text_only && msi_status(viewed, id, &status)) {
        ev.fields = &status;
        ev.field_count = 1;
    }
    time_of(view, viewed, &ev);
    kernel_time(view, &ev);
    if (viewed->redacted) {
        redacted_hole(view, &ev);
    }
    view->last_ns = ev.time_ns;
    event_record_mark(&ev);
    view->lesser = view->lesser || ev.level == LEVEL_INFO || ev.level == LEVEL_VERBOSE;
    analysis_add(view->out, view->src, &ev);
}

void event_view_note(EventView *view, const char *how)
{
    static const char *const orders[] = {"", "", "dates are read day first: ", "dates are read month first: "};
    if (view->order != ORDER_YEAR_FIRST) {
        analysis_note(view->out, arena_join(view->out->run, (Str[]){str_of(orders[view->order]), str_of(how)}, 2));
    }
}

void event_view_zone(EventView *view, int64_t local_ns, int64_t utc_ns)
{
    SourceRow *row = view->out->row;
    int64_t apart = local_ns - utc_ns, half = apart < 0 ? -ZONE_STEP / 2 : ZONE_STEP / 2;
    int64_t steps = (apart + half) / ZONE_STEP;
    bool plausible =
        steps >= -48 && steps <= 56 /* UTC-12:00 to UTC+14:00 */ && llabs(apart - steps * ZONE_STEP) <= ZONE_SLACK;
    if (plausible && row->zones.count < ZONES_MOST) {
        *VEC_ADD(view->out->run, &row->zones) = (ZoneSeen){local_ns, steps * ZONE_STEP};
    }
}

void event_view_picked(EventView *view)
{
    SourceRow *row = view->out->row;
    Str parts[] = {row->note, row->note.len ? STR("; ") : (Str){0}, STR("events that somebody picked out")};
    row->picked = true;
    row->note = arena_join(view->out->run, parts, 3);
}
