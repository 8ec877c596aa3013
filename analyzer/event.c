#include "event.h"

const char *level_name(Level level)
{
    static const char *const names[] = {"Information", "Critical", "Error", "Warning", "Information", "Verbose"};
    return (size_t)level < sizeof names / sizeof *names ? names[level] : "Information";
}

const char *trust_name(TimeTrust trust)
{
    static const char *const names[] = {"stamped", "inferred", "assumed", "unknown", "inherited", "none"};
    return names[trust];
}

const char *service_name(Service service)
{
    static const char *const names[SERVICE_COUNT] = {
        [SERVICE_OTHER] = "other",
        [SERVICE_WAAPPAGENT] = "waappagent",
        [SERVICE_TRANSPARENTINSTALLER] = "transparentinstaller",
        [SERVICE_VMSNAPSHOT] = "vmsnapshot",
        [SERVICE_COMMANDEXECUTION] = "commandexecution",
        [SERVICE_PLUGINLOG] = "pluginlog",
        [SERVICE_STATUS] = "status",
        [SERVICE_AGGREGATESTATUS] = "aggregatestatus",
        [SERVICE_DISKINSPECT] = "diskinspect",
        [SERVICE_AGENTINSTALLER] = "agentinstaller",
        [SERVICE_MSIEXEC] = "msiexec",
        [SERVICE_EVENT_LOG] = "eventlog",
        [SERVICE_EPISODE] = "episode",
        [SERVICE_REGISTRY_STATE] = "registry_state",
        [SERVICE_SERVICE_STATE] = "service_state",
        [SERVICE_FILE_LISTING] = "file_listing",
        [SERVICE_DISKINFO] = "diskinfo",
        [SERVICE_MACHINECONFIG] = "machineconfig",
        [SERVICE_HANDLERFOLDER] = "handlerfolder",
    };
    return names[service];
}

Str event_field(const Event *ev, Str name)
{
    for (size_t i = 0; i < ev->field_count; i++) {
        if (str_eq_nocase(ev->fields[i].name, name)) {
            return ev->fields[i].value;
        }
    }
    return (Str){0};
}

/* Updates name themselves before it. */
Str event_installer_status(const Event *ev)
{
    size_t at = ev->id == 1036 || ev->id == 1037 ? 4 : 3;
    bool is_status = ev->id >= 1033 && ev->id <= 1037 && str_eq_nocase(ev->provider, STR("MsiInstaller"));
    if (is_status && ev->text_only) { /* its only field */
        return ev->field_count ? ev->fields[0].value : (Str){0};
    }
    return is_status && at < ev->field_count ? str_trim(ev->fields[at].value) : (Str){0};
}
