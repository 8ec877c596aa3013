/* WaAppAgent*.log and TransparentInstaller*.log of the Windows guest agent (bundle-formats.md sections 3.1 and 3.2):
 *   [00000006] [11/14/2019 05:52:13.44] [INFO]  WindowsAzureGuestAgent starting. Version 2.7.41491.949
 *   [00000004] 2024-04-17T07:19:26.812Z [INFO]  Beginning enable of plugin Microsoft.CPlat.Core.RunCommandWindows.
 *   {"reportTime":"2022-11-11T05:44:01Z","services":[{"name":"RdAgent","state":"Running"}]} */
#include "text_stamp.h"

#define HEALTH STR("{\"reportTime\"")

typedef enum Whose { WHOSE_NOBODY, WHOSE_NAMED, WHOSE_PATH, WHOSE_EXITED, WHOSE_AGENT } Whose;

typedef struct Phrase { /* how a text begins, and what that means */
    const char *begins;
    Mark mark;
    Whose whose;
} Phrase;

static const Phrase phrases[] = {
    {"Successfully reported status", MARK_NONE, WHOSE_NAMED},
    {"Successfully enabled plugin", MARK_ENABLE_OK, WHOSE_NAMED},
    {"Successfully installed plugin", MARK_INSTALL_OK, WHOSE_NAMED},
    {"Started a process with the launch command", MARK_COMMAND_BEGIN, WHOSE_PATH},
    {"Setting up plugin environment", MARK_NONE, WHOSE_NAMED},
    {"Setting the install state", MARK_NONE, WHOSE_NAMED},
    {"Processing plugin", MARK_NONE, WHOSE_NAMED},
    {"Getting plugin locations", MARK_NONE, WHOSE_NAMED},
    {"Driving to new goal state", MARK_GOAL_STATE, WHOSE_NOBODY},
    {"Try installing/enabling", MARK_GOAL_STATE, WHOSE_NOBODY},
    {"Beginning enable of plugin", MARK_ENABLE_BEGIN, WHOSE_NAMED},
    {"Beginning install of plugin", MARK_INSTALL_BEGIN, WHOSE_NAMED},
    {"Enabling plugin", MARK_ENABLE_BEGIN, WHOSE_NAMED},
    {"Enabled plugin", MARK_ENABLE_OK, WHOSE_NAMED},
    {"Enable failed for plugin", MARK_ENABLE_FAILED, WHOSE_NAMED},
    {"Installing plugin", MARK_INSTALL_BEGIN, WHOSE_NAMED},
    {"Installed plugin", MARK_INSTALL_OK, WHOSE_NAMED},
    {"Install failed for plugin", MARK_INSTALL_FAILED, WHOSE_NAMED},
    {"InstallPlugins() failed", MARK_INSTALL_FAILED, WHOSE_NOBODY},
    {"Command ", MARK_COMMAND_EXIT, WHOSE_EXITED},
    {"WindowsAzureGuestAgent starting", MARK_AGENT_START, WHOSE_AGENT},
    {"WindowsAzureGuestAgent stopping", MARK_AGENT_STOP, WHOSE_NOBODY},
};

static const Phrase *phrase_of(Str text)
{
    for (size_t i = 0; text.len && i < sizeof phrases / sizeof *phrases; i++) {
        if ((uint8_t)phrases[i].begins[0] == text.at[0] && str_starts(text, str_of(phrases[i].begins))) {
            return &phrases[i];
        }
    }
    return NULL;
}

/* Errors of some versions have words before the phrase. */
static const Phrase *failure_within(Str text)
{
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++) {
        bool failed = phrases[i].mark == MARK_ENABLE_FAILED || phrases[i].mark == MARK_INSTALL_FAILED;
        if (failed && str_has(text, str_of(phrases[i].begins))) {
            return &phrases[i];
        }
    }
    return NULL;
}

static bool agent_starts(Str line)
{
    line = text_unglued(line);
    if (!line.len) {
        return false;
    }
    if (line.at[0] == '{') {
        return str_starts(line, HEALTH);
    }
    size_t at = text_thread(line);
    if (at) {
        return at < line.len && (line.at[at] == '[' || byte_digit(line.at[at]));
    }
    TextStamp stamp;
    Level level;
    if (line.at[0] == '[' && line.len > 1 && !byte_digit(line.at[1])) {
        return text_level(&line, &level);
    }
    if (line.at[0] != '[' && !byte_digit(line.at[0])) {
        return false;
    }
    Str rest = line;
    return text_stamp(line, &stamp) && (rest = str_from(line, stamp.end)).len && text_level(&rest, &level);
}

/* `Command <exe> of <name> has exited with Exit code: <n>` */
static bool exited(Str text, TextEvent *t)
{
    size_t end = str_find(text, STR(" has exited"), 0), of = 0, at = 0;
    Str handler, version;
    if (end == STR_NOT_FOUND) {
        return false;
    }
    text = str_slice(text, 0, end);
    text_plugin_path(text, &handler, &version);
    while ((at = str_find(text, STR(" of "), at)) != STR_NOT_FOUND) {
        of = at += 4;
    }
    Str name = str_trim(str_from(text, of));
    text_field(t, STR("Handler"), of && name.len && str_find_byte(name, ' ', 0) == STR_NOT_FOUND ? name : handler);
    text_field(t, STR("Version"), version);
    return true;
}

static void name_whose(TextEvent *t, Whose whose, Str text)
{
    Str handler = {0}, version = {0};
    switch (whose) {
    case WHOSE_NAMED: text_handler(text, &handler, &version); break;
    case WHOSE_PATH: text_plugin_path(text, &handler, &version); break;
    case WHOSE_EXITED: t->ev.mark = exited(text, t) ? t->ev.mark : MARK_NONE; return;
    case WHOSE_AGENT: version = text_version(text); break;
    case WHOSE_NOBODY: return;
    }
    text_field(t, STR("Handler"), handler);
    text_field(t, STR("Version"), version);
}

static void tell(TextEvent *t, Str text)
{
    const Phrase *phrase = phrase_of(text);
    if (!phrase && t->ev.level == LEVEL_ERROR) {
        phrase = failure_within(text);
    }
    if (phrase) {
        t->ev.mark = phrase->mark;
        name_whose(t, phrase->whose, text);
    }
}

static void health(TextEvent *t, Str line, const Event *before)
{
    TextStamp stamp = {0};
    Str when = str_between(str_from(line, HEALTH.len), STR("\""), STR("\""));
    size_t used;
    bool stamped = timestamp_iso(when, &stamp.time, &used);
    stamp.text = stamped ? str_slice(when, 0, used) : (Str){0};
    text_time(t, stamped ? &stamp : NULL, before);
}

static Status record_event(const TextRecord *record, const Event *before, TextEvent *t, Source *src, Analysis *out)
{
    Str line = record->first;
    TextStamp stamp;
    t->ev.level = LEVEL_INFO;
    if (str_starts(text_unglued(line), HEALTH)) {
        health(t, text_unglued(line), before);
        return ST_OK;
    }
    bool stamped = text_stamp(line, &stamp);
    Str text = stamped ? str_from(line, stamp.end) : text_unglued(line);
    bool spoilt = !stamped && text_thread(text);
    if (spoilt) {
        size_t level_at = str_find(text, STR(" ["), text_thread(text));
        text = str_from(text, level_at == STR_NOT_FOUND ? text_thread(text) : level_at + 1);
    }
    text_time(t, stamped ? &stamp : NULL, before);
    text_level(&text, &t->ev.level);
    tell(t, text);
    return spoilt ? analysis_diag_line(out, src, record->line, "a time stamp that cannot be read") : ST_OK;
}

/* The agent beats on while it fails at something, and beats once more before it dies: only a heartbeat that nothing
 * went wrong before for some time says that it works. Of each such time the first is enough; to show how long it lived,
 * one an hour is. */
#define STEADY_NS  (5 * NS_MINUTE)
#define HEAD_BYTES 64 /* thread, stamp and level of a line lie in these */

typedef struct Pulse {
    int64_t quiet_ns; /* since when nothing went wrong */
    int64_t told_ns;  /* when a beat was told last */
    bool told;        /* that it is steady */
} Pulse;

static void pulse_feel(Pulse *pulse, TextEvent *t, Str first)
{
    const Event *ev = &t->ev;
    bool beats = ev->level == LEVEL_VERBOSE && str_has(str_slice(first, 0, HEAD_BYTES), STR("[HEART]"));
    bool wrong = !beats && (ev->level == LEVEL_ERROR || ev->mark == MARK_AGENT_START || ev->mark == MARK_AGENT_STOP ||
                            str_has(first, STR("xception")));
    if (ev->time_ns == TIME_NONE) {
        return;
    }
    if (wrong || pulse->quiet_ns == TIME_NONE) {
        pulse->quiet_ns = ev->time_ns;
        pulse->told = false;
    }
    if (!beats) {
        return;
    }
    bool steady = !pulse->told && ev->time_ns - pulse->quiet_ns >= STEADY_NS;
    if (steady || pulse->told_ns == TIME_NONE || ev->time_ns - pulse->told_ns >= NS_HOUR) {
        text_field(t, STR("Beat"), steady ? STR("steady") : STR("hourly"));
        pulse->told |= steady;
        pulse->told_ns = ev->time_ns;
    }
}

static Status agent_parse(Source *src, Arena *scratch, Analysis *out, Service service)
{
    Status status = ST_OK;
    Event before = {.time_ns = TIME_NONE};
    Pulse pulse = {.quiet_ns = TIME_NONE, .told_ns = TIME_NONE};
    for (TextRecord record; source_text_record(src, agent_starts, &record);) {
        if (!record.text.len) {
            continue;
        }
        TextEvent t;
        t.ev = (Event){.service = service, .is_line = true, .record = record.line, .offset = record.offset};
        Status one = record_event(&record, &before, &t, src, out);
        t.ev.message = text_message(scratch, &record);
        text_codes(&t, t.ev.message);
        if (service == SERVICE_WAAPPAGENT) {
            pulse_feel(&pulse, &t, record.first);
        }
        text_add(&t, src, out);
        before.time_ns = t.ev.time_ns;
        before.time_digits = t.ev.time_digits;
        status = status_worse(status, status_worse(one, text_cut(&record, src, out)));
    }
    return status_worse(status, text_end(src, out));
}

static Status waappagent_parse(Source *src, Arena *scratch, Analysis *out)
{
    return agent_parse(src, scratch, out, SERVICE_WAAPPAGENT);
}

static Status installer_parse(Source *src, Arena *scratch, Analysis *out)
{
    return agent_parse(src, scratch, out, SERVICE_TRANSPARENTINSTALLER);
}

/* --- bids ------------------------------------------------------------------------------------------------------- */

/* Logs of other programs that are written in the same grammar. */
static bool is_other_log(Str name)
{
    static const char *const begins[] = {"CommandExecution", "IaaSBcdrExtension", "Telemetry", "AppAgentRuntime",
                                         "AgentRuntime",     "MonitoringAgent",   "NetAgent",  "Install.",
                                         "Install_",         "Update.",           "Update_",   "Heartbeat"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        if (str_starts_nocase(name, str_of(begins[i]))) {
            return true;
        }
    }
    return false;
}

static size_t count_words(Str head, const char *const *words)
{
    size_t n = 0;
    for (; *words; words++) {
        for (size_t at = 0; (at = str_find(head, str_of(*words), at)) != STR_NOT_FOUND; at++) {
            n++;
        }
    }
    return n;
}

static bool is_agent_shape(Str head)
{
    for (Str rest = head, line; text_next(&rest, &line);) {
        TextStamp stamp;
        Level level;
        line = text_unglued(line);
        if (text_thread(line) && text_stamp(line, &stamp)) {
            line = str_from(line, stamp.end);
            if (text_level(&line, &level)) {
                return true;
            }
        } else if (str_starts(line, HEALTH)) {
            return true;
        }
    }
    return false;
}

static Bid agent_bid(Str path, Str head, bool installer)
{
    static const char *const agent_words[] = {
        "plugin", "WindowsAzureGuestAgent ", "goal state", "GuestAgent Heartbeat", "HostGAPlugin", NULL};
    static const char *const installer_words[] = {
        "NetAgent", "reportTime", "TransparentInstaller", "temp VMAgent logs", "RdAgent", "GuestAgentManifest", NULL};
    Str name = text_name(path);
    bool named_agent = str_has_nocase(name, STR("WaAppAgent"));
    bool named_installer = str_has_nocase(name, STR("TransparentInstaller"));
    if ((named_agent || named_installer) && named_installer != installer) {
        return BID_NO;
    }
    TextHead room;
    head = text_head(head, &room);
    if (is_other_log(name) || !text_looking(head)) {
        return BID_NO;
    }
    if (!is_agent_shape(head)) {
        return named_agent || named_installer ? BID_NAME : BID_NO;
    }
    if (named_agent || named_installer) {
        return BID_SHAPE;
    }
    size_t agent = count_words(head, agent_words), installers = count_words(head, installer_words);
    return agent + installers == 0 ? BID_NO : (installers > agent) == installer ? BID_SHAPE : BID_NO;
}

static Bid waappagent_bid(Str path, Str head)
{
    return agent_bid(path, head, false);
}

static Bid installer_bid(Str path, Str head)
{
    return agent_bid(path, head, true);
}

const Parser parser_agent_log = {
    .name = "agent_log",
    .reads = "WaAppAgent.log of the guest agent",
    .service = SERVICE_WAAPPAGENT,
    .bid = waappagent_bid,
    .parse = waappagent_parse,
};

const Parser parser_installer_log = {
    .name = "installer_log",
    .reads = "TransparentInstaller.log of the guest agent",
    .service = SERVICE_TRANSPARENTINSTALLER,
    .bid = installer_bid,
    .parse = installer_parse,
};
