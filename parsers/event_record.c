#include "event_record.h"

typedef struct Meaning {
    uint32_t id;
    const char *provider; /* Provider/@Name or @EventSourceName */
    Mark mark;
} Meaning;

static const Meaning meanings[] = {
    {12, "Microsoft-Windows-Kernel-General", MARK_BOOT},
    {6005, "EventLog", MARK_BOOT},
    {6009, "EventLog", MARK_BOOT},
    {13, "Microsoft-Windows-Kernel-General", MARK_SHUTDOWN},
    {109, "Microsoft-Windows-Kernel-Power", MARK_SHUTDOWN},
    {1074, "User32", MARK_SHUTDOWN},
    {6006, "EventLog", MARK_SHUTDOWN},
    {41, "Microsoft-Windows-Kernel-Power", MARK_UNCLEAN},
    {6008, "EventLog", MARK_UNCLEAN},
    {6013, "EventLog", MARK_ZONE},
    {1, "Microsoft-Windows-Kernel-General", MARK_CLOCK},
    {1033, "MsiInstaller", MARK_SOFTWARE},             /* installed, with the status */
    {1034, "MsiInstaller", MARK_SOFTWARE},             /* removed */
    {1035, "MsiInstaller", MARK_SOFTWARE},             /* reconfigured */
    {1036, "MsiInstaller", MARK_SOFTWARE},             /* patched */
    {1037, "MsiInstaller", MARK_SOFTWARE},             /* patch removed */
    {11707, "MsiInstaller", MARK_SOFTWARE},            /* installation succeeded */
    {11708, "MsiInstaller", MARK_SOFTWARE},            /* installation failed */
    {11724, "MsiInstaller", MARK_SOFTWARE},            /* removal succeeded */
    {11725, "MsiInstaller", MARK_SOFTWARE},            /* removal failed */
    {11728, "MsiInstaller", MARK_SOFTWARE},            /* configuration succeeded */
    {11729, "MsiInstaller", MARK_SOFTWARE},            /* configuration failed */
    {7040, "Service Control Manager", MARK_SERVICE},   /* start type changed */
    {7045, "Service Control Manager", MARK_SERVICE},   /* installed */
    {4202, "Microsoft-Windows-MSDTC 2", MARK_SERVICE}, /* started with this account */
    {4202, "MSDTC 2", MARK_SERVICE},
};

static Mark mark_of(Str provider, Str provider_alias, uint32_t id)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        const Meaning *m = &meanings[i];
        if (m->id == id &&
            (str_eq_nocase(provider, str_of(m->provider)) || str_eq_nocase(provider_alias, str_of(m->provider)))) {
            return m->mark;
        }
    }
    return MARK_NONE;
}

void event_record_mark(Event *ev)
{
    ev->mark = mark_of(ev->provider, ev->provider_alias, ev->id);
}

bool event_record_marked(Str provider, Str provider_alias, uint32_t id)
{
    return mark_of(provider, provider_alias, id) != MARK_NONE;
}
