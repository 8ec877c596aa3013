/* The parts of a draft. Private to draft*.c. */
#ifndef DRAFT_PARTS_H
#define DRAFT_PARTS_H

#include "draft.h"
#include "episode.h"

/* --- text ------------------------------------------------------------------------------------------------------- */

typedef struct Writing {
    Arena *a;
    VEC(Str) parts;
} Writing;

void put(Writing *w, Str text);
void put_quoted(Writing *w, Str text); /* a text of YAML in single quotes, on one line */
void put_json(Writing *w, Str text);   /* with its quotes */
void put_xml(Writing *w, Str text);
Str written(const Writing *w);
#define PUT(w, ...)                                                                                                    \
    do {                                                                                                               \
        const Str put_parts[] = {__VA_ARGS__};                                                                         \
        for (size_t put_i = 0; put_i < sizeof put_parts / sizeof *put_parts; put_i++) {                                \
            put((w), put_parts[put_i]);                                                                                \
        }                                                                                                              \
    } while (0)

/* --- identities ------------------------------------------------------------------------------------------------- */

typedef struct Mask { /* who and where: replaced by invented ones, the same by the same */
    Arena *a;
    VEC(Str) machines;
    VEC(Str) ids;  /* GUIDs met */
    VEC(Str) kept; /* GUIDs that stay: the rule asks for them */
} Mask;

#define DRAFT_MACHINE "vm-draft-01"
void mask_machine(Mask *m, Str name);
Str masked_text(Mask *m, Str text);
/* The value of a field of that name. */
Str masked_value(Mask *m, Str name, Str value);
/* A GUID at that place: its length, else 0. */
size_t guid_at(Str text, size_t at);

/* --- the rule --------------------------------------------------------------------------------------------------- */

typedef struct DraftTest { /* one line of the selection */
    Str field;             /* with its modifiers */
    VEC(Str) values;       /* several: all must hold */
    bool quoted;
} DraftTest;

typedef struct DraftRule {
    const LogSource *source;
    VEC(DraftTest) tests;
} DraftRule;

/* False, and why in *trouble, if no rule can be drafted. `line` is the marked line of a text log. */
bool draft_rule(const RuleSet *rules, const Event *ev, Str line, Mask *mask, Arena *run, DraftRule *rule, Str *trouble);

/* --- the fixtures ----------------------------------------------------------------------------------------------- */

typedef struct Seen { /* an event that is of use, with everything it points to */
    Event ev;
    Str path;
} Seen;

typedef struct Marked {
    Seen seen;
    Str line;                    /* of a text log: the marked one */
    Str path;                    /* as the bundle has it */
    const Episode *failure;      /* the failed run nearest to it; NULL: none */
    int64_t before_ns, after_ns; /* the window of the condition */
    bool windowed;               /* false: the author must not say one (state, or nothing failed) */
    bool bundle_window;          /* no failed run: `window: bundle` */
    VEC(Seen) around;            /* the events of the fixture, the marked one too, in the order of the bundle */
} Marked;

void draft_fixtures(const DraftOptions *o, const Marked *marked, const DraftRule *rule, Mask *mask, Arena *run,
                    Draft *draft);

#endif
