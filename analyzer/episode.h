/* Backup attempts, installs, enables, boots and shutdowns: found when all sources are read. */
#ifndef EPISODE_H
#define EPISODE_H

#include "analysis.h"

typedef enum EpisodeKind {
    EPISODE_BACKUP,
    EPISODE_INSTALL,
    EPISODE_ENABLE,
    EPISODE_BOOT,
    EPISODE_SHUTDOWN
} EpisodeKind;
typedef enum Outcome { OUTCOME_UNKNOWN, OUTCOME_SUCCESS, OUTCOME_FAILURE } Outcome;
const char *episode_kind_name(EpisodeKind kind);
const char *outcome_name(Outcome outcome);

typedef struct Episode {
    EpisodeKind kind;
    int64_t start_ns, end_ns; /* end_ns == TIME_NONE: not seen */
    uint8_t time_digits;
    Outcome outcome;
    int stage; /* 1 to 12, 0: unknown */
    bool has_error;
    uint32_t error; /* HRESULT */
    Str handler, version, task_id;
    int64_t sequence;         /* -1: unknown */
    int64_t uptime;           /* boots seen before it; -1: unknown */
    int64_t run_in_uptime;    /* backups: 1 is the first since that boot; -1: unknown */
    bool follows;             /* backups: no run between it and the one before can be missing */
    const Kept *evidence;     /* the event that decides its outcome, else its first */
    const Kept *failure;      /* its first error, or NULL */
    const SourceRow *own_log; /* backups: the extension's own log of this attempt, or NULL */
    bool log_ends;            /* its own log says how it ended */
    int64_t silent_ns; /* from the last line of its own log to what came next, 0 if that is its end; -1: unknown */
} Episode;

static inline int64_t episode_end(const Episode *ep)
{
    return ep->end_ns == TIME_NONE ? ep->start_ns : ep->end_ns;
}
static inline bool is_failed_backup(const Episode *ep)
{
    return ep->kind == EPISODE_BACKUP && ep->outcome == OUTCOME_FAILURE;
}

typedef struct EpisodeList {
    VEC(Episode) list;           /* by start */
    const Episode *failure;      /* the backup that failed and is explained: the newest, or the one asked for */
    const Episode *last_good;    /* the newest good backup before the streak of failures that holds `failure` */
    const Episode *first_failed; /* the first failure of that streak */
    size_t backups, failed, good;
} EpisodeList;

typedef struct FailureChoice { /* --at and --task-id; TIME_NONE and empty: the newest */
    int64_t at_ns;
    Str task_id;
} FailureChoice;

EpisodeList episode_find(Analysis *analysis, const FailureChoice *choice, Arena *run);

/* By start. */
void episode_sort(EpisodeList *list);

#endif
