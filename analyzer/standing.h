/* How a log source stands in the bundle: whether it is there, how far it reaches, why it is not there, and who could
 * get it. What is said here is said in words for people. */
#ifndef STANDING_H
#define STANDING_H

#include "bundle.h"

typedef enum Standing {
    STANDS_ABSENT,
    STANDS_UNREAD,  /* its files are there, and nobody could read them */
    STANDS_DAMAGED, /* it is damaged, or has holes, at the time that counts */
    STANDS_LATER,   /* it begins after the time that counts has begun; state: it was written later */
    STANDS_EARLIER, /* it ends before that time is over */
    STANDS_BESIDE,  /* it reaches over that time, and has nothing of it: it is of other runs */
    STANDS_SILENT,  /* it is there, and does not tell: the state of something else */
    STANDS_HERE,    /* there, and no time is asked for */
} Standing;

typedef struct Survey { /* of one machine */
    const RuleSet *rules;
    const Bundle *bundle;
    const Analysis *analysis;            /* what was read of the machine */
    VEC(const Collection *) inspections; /* those it was collected by */
    uint32_t modes;                      /* theirs; bits of rules->inspection.modes */
    VEC(struct SourceRows {
        const LogSource *source;
        VEC(const SourceRow *) rows;
    })
    found; /* asked for so far */
    Arena *run;
} Survey;

Survey survey_open(const Analysis *analysis, const Bundle *bundle, Arena *run);

/* The members that are of a source. The result stays good as long as the survey's arena. */
const struct SourceRows *source_rows(Survey *s, const LogSource *source);

/* window.from_ns == TIME_NONE: no time is asked for. */
Standing source_standing(Survey *s, const LogSource *source, Span window);
/* In words: "Mode diagnostic never holds it", "It begins 2023-05-16 03:00 …". `why`: what is said of a silent one, or
 * NULL. */
Str source_situation(Survey *s, const LogSource *source, Standing standing, Span window, const char *why);

/* Which modes of the disk inspection would bring it, a bit each. */
typedef struct Holders {
    uint32_t whole, lesser;
} Holders;
Holders source_holders(Survey *s, const LogSource *source, Standing standing);

/* "agents, normal or windowsupdate"; the last word before the last of them is `last`. */
Str mode_names(const Inspection *inspection, uint32_t modes, const char *last, Arena *run);

#define COMMAND_BEFORE "On the VM, as administrator: " /* begins a way whose rest is to be typed */
/* What somebody at the machine can do. */
void source_by_hand(const LogSource *source, Arena *run, StrList *how);
/* Where records older than those of the source may be; `until`: they must reach up to it. */
void source_older(const LogSource *source, int64_t until_ns, Arena *run, StrList *how);

/* It was collected, or may have been: it is the bundle that is not whole. */
bool source_lost(Survey *s, const LogSource *source, Standing standing);

/* Was the bundle put together on the machine, and not by a disk inspection? Then hands are near. */
bool survey_by_hand(const Survey *s);

#endif
