/* The normalised record that every parser produces. All Strs borrow from the parser's buffers: whoever keeps an event
 * copies it (analysis_add does). */
#ifndef EVENT_H
#define EVENT_H

#include "base/str.h"
#include "base/timestamp.h"

typedef enum Level { LEVEL_ALWAYS, LEVEL_CRITICAL, LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_VERBOSE } Level;
const char *level_name(Level level); /* as Windows writes it: Error, Warning, … */

typedef enum TimeTrust {                 /* how we know the time is UTC */
                         TRUST_STAMPED,  /* the record says so */
                         TRUST_INFERRED, /* no zone in the record; found from events that pair up */
                         TRUST_ASSUMED,  /* no zone in the record; taken as UTC */
                         TRUST_LOCAL, /* a local time, and its zone is not known: `doubt` says how far off it may be */
                         TRUST_INHERITED, /* the record has no stamp: the one before it, or the file's own time */
                         TRUST_NONE,
} TimeTrust;
const char *trust_name(TimeTrust trust); /* stamped, inferred, assumed, unknown, inherited, none */

/* What kind of source an event comes from: the log sources of signatures (design: section 3). */
typedef enum Service {
    SERVICE_OTHER,
    SERVICE_WAAPPAGENT,
    SERVICE_TRANSPARENTINSTALLER,
    SERVICE_VMSNAPSHOT, /* IaaSBcdrExtension*.log */
    SERVICE_COMMANDEXECUTION,
    SERVICE_PLUGINLOG,
    SERVICE_STATUS,
    SERVICE_AGGREGATESTATUS,
    SERVICE_DISKINSPECT,
    SERVICE_AGENTINSTALLER, /* VmAgentInstaller.xml */
    SERVICE_MSIEXEC,        /* verbose logs of the Windows Installer */
    SERVICE_EVENT_LOG,      /* any Windows event log; which one is the event's channel */
    SERVICE_EPISODE,
    SERVICE_REGISTRY_STATE,
    SERVICE_SERVICE_STATE,
    SERVICE_FILE_LISTING,
    SERVICE_DISKINFO,
    SERVICE_MACHINECONFIG,
    SERVICE_HANDLERFOLDER, /* which files of an extension are there (derive.c) */
    SERVICE_COUNT,
} Service;
const char *service_name(Service service); /* waappagent, vmsnapshot, …; "eventlog" for event logs */

/* What an event means for the story of the machine. Parsers set it, episode.c reads it; a marked event is always kept.
 */
typedef enum Mark {
    MARK_NONE,
    MARK_GOAL_STATE,    /* the agent woke up for something */
    MARK_ENABLE_BEGIN,  /* agent: Handler, Version */
    MARK_ENABLE_OK,     /* agent: Handler, Version? */
    MARK_ENABLE_FAILED, /* agent: Handler?, Version?, ExitCode?, HResult? */
    MARK_INSTALL_BEGIN, /* agent: Handler, Version */
    MARK_INSTALL_OK,
    MARK_INSTALL_FAILED, /* agent: Handler? (absent: not told whose), ExitCode?, HResult? */
    MARK_COMMAND_BEGIN,  /* agent or CommandExecution: Handler */
    MARK_COMMAND_EXIT,   /* agent or CommandExecution: Handler, ExitCode */
    MARK_AGENT_START,
    MARK_AGENT_STOP,
    MARK_RUN_STAGE,  /* extension log: Stage (1 to 12), Sequence? on stage 1 */
    MARK_RUN_ERROR,  /* extension log, an [Error] line: Stage, HResult? */
    MARK_RUN_OK,     /* extension log: the summary says all went well */
    MARK_RUN_FAILED, /* extension log: the summary says a snapshot failed */
    MARK_STATUS,     /* Sequence, Status (the nested result), TaskId?, Code?, Handler? */
    MARK_SETTINGS,   /* Sequence, TaskId; its time is when the service asked for the backup */
    MARK_AGGREGATE,  /* Handler, Version, Status, Code */
    MARK_BOOT,       /* the operating system came up */
    MARK_SHUTDOWN,   /* it was told to go down, or went */
    MARK_UNCLEAN,    /* it came up and found that it had not gone down in order */
    MARK_CLOCK,      /* the system clock was set */
    MARK_SOFTWARE,   /* something was installed, removed or reconfigured */
    MARK_SERVICE,    /* a service was installed, or its start type or account changed */
    MARK_MACHINE,    /* Computer: the name of the machine the bundle is from */
    MARK_INSPECTED,  /* results.txt: Manifest, the mode of the disk inspection */
    MARK_COPIED,     /* results.txt: Path was copied into the bundle … */
    MARK_COPY_NONE,  /* … no file of that Path was on the disk … */
    MARK_COPY_FAILED,
    MARK_COPY_REMOVED,      /* … it was copied, and the secret scanner took it out again */
    MARK_INSPECT_CUT,       /* the disk inspection was stopped before its end */
    MARK_INSPECT_ENCRYPTED, /* it could not read the disk */
    MARK_ZONE,              /* tells the time zone the machine was set to */
} Mark;

typedef struct Field { /* of an event log: EventData and UserData; elsewhere by the names of design section 3 */
    Str name;          /* empty: an unnamed datum */
    Str value;
} Field;

typedef struct Doubt { /* the true time lies between time_ns - early_ns and time_ns + late_ns */
    int64_t early_ns, late_ns;
} Doubt;

typedef struct Event {
    int64_t time_ns;     /* TIME_NONE if the record has no usable time */
    uint8_t time_digits; /* precision of the source: digits of the fraction of a second */
    TimeTrust trust;
    Doubt doubt;   /* of local times, once their zone was looked for; else zero */
    Str time_text; /* the stamp as the source wrote it; empty if it was binary */
    Service service;
    Level level;
    Mark mark;
    bool text_only;     /* event logs: printed as text, so that the data of the event are not told one by one */
    bool is_line;       /* `record` counts lines (1-based, in line feeds), not the record's own number */
    uint64_t record;    /* System/EventRecordID or the line of the record's first line: what a report quotes */
    uint64_t offset;    /* where the record starts, in bytes of the member (decoded text: of the decoded stream) */
    uint32_t id;        /* the provider's event id, 0 if the format has none */
    Str provider;       /* Provider/@Name; who wrote it */
    Str provider_alias; /* Provider/@EventSourceName: the classic source, e.g. COM+ for Microsoft-Windows-Complus */
    Str channel;
    Str computer;
    Str message;         /* text logs: the whole record, continuation lines included, LF between lines, without the
                          * stamp's brackets removed: as it stands. Event logs: the rendered text if there was one */
    const Field *fields; /* everything else, by name, in document order */
    size_t field_count;
} Event;

/* The first field of that name (no case); an empty Str with at == NULL if there is none. */
Str event_field(const Event *ev, Str name);

/* What the Windows Installer ended with, as it writes it: MsiInstaller 1033 to 1037. Empty for other events. */
Str event_installer_status(const Event *ev);

#endif
