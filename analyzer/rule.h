/* Signatures, loaded: Sigma detection rules, Sigma correlations, and causes. Immutable once rule_set_load is done; all
 * of it lives in the arena it was loaded into. Form: docs of signatures/README.md; semantics: Sigma specification 2.1.
 */
#ifndef RULE_H
#define RULE_H

#include "base/arena.h"
#include "base/sink.h"
#include "event.h"
#include "truth.h"

typedef struct LogSource {          /* one entry of signatures/logsources.yml */
    Str product, service, category; /* as rules name it; empty where the entry does not say */
    Service kind;
    Str channel;               /* event logs: the channel it stands for; empty: any */
    const uint32_t *event_ids; /* event logs by category: only these ids; none: any */
    size_t event_id_count;
    Str title;                               /* "the Application event log": how reports name it */
    uint32_t modes, lesser, partly, dropped; /* bits of Inspection.modes: hold it; without something; too little of it
                                              * to count; held it once */
    Str lacks, holds, since;                 /* what `lesser` lacks, what `partly` holds, when it was `dropped` */
    const Str *vm_path;                      /* where it lies on the VM; * stands for any part of a name */
    size_t vm_path_count;
    bool in_use;        /* cannot be copied while Windows runs */
    const Str *command; /* what writes it to a file on the VM */
    size_t command_count;
    Str older;           /* where records may be that are older than its own; empty: nowhere known */
    const Str *identity; /* state sources: the fields that say what an event is about (ServiceName, TargetObject …) */
    size_t identity_count;
    const Str *known; /* all fields its events can have; none: they have whatever they have */
    size_t known_count;
    const struct Renamed {
        Str sigma, own;
    } * renamed; /* fields that this source calls otherwise than Sigma does */
    size_t renamed_count;
    const struct LogSource *next; /* another source for the same words: a rule holds of either; NULL: no more */
} LogSource;

typedef enum RuleKind { RULE_DETECTION, RULE_CORRELATION } RuleKind;
typedef enum CorrelationType {
    CORRELATE_EVENT_COUNT,
    CORRELATE_VALUE_COUNT,
    CORRELATE_TEMPORAL,
    CORRELATE_TEMPORAL_ORDERED,
} CorrelationType;

typedef struct Rule {
    RuleKind kind;
    uint32_t index; /* in RuleSet.rules; parts of a correlation come before it */
    Str name, title, id, level;
    Str file;
    bool builtin;
    uint32_t line;
    const struct Node *doc; /* what it was loaded from: the places in the file (rule_yaml.h) */

    const LogSource *source;     /* detection; see LogSource.next */
    struct Detection *detection; /* its compiled form, private to rule*.c and match.c */

    CorrelationType type;  /* correlation */
    const uint32_t *parts; /* indexes of the rules it is made of, in order */
    size_t part_count;
    int64_t timespan_ns;
    const Str *group_by;
    size_t group_by_count;
    const struct Alias {
        Str name;
        uint32_t part;
        Str field;
    } * aliases; /* part: Rule.index */
    size_t alias_count;
    struct Threshold {
        int64_t gt, gte, lt, lte, eq, neq;
        uint8_t given;
        const Str *fields; /* value_count: what is counted; of several, their values together */
        size_t field_count;
    } threshold;                        /* bits of `given` in this order */
    const struct Expression *condition; /* 2.2 string condition over the parts, or NULL: all of them */

    bool asked;     /* by a cause: what nearly matches it is told, too */
    bool is_part;   /* of a correlation … */
    bool generates; /* … which says that its parts count by themselves, too */
} Rule;

typedef struct Window {
    bool bundle; /* no failure needed: anywhere in the bundle */
    bool given;  /* the author wrote it */
    int64_t before_ns, after_ns;
    bool same_uptime;
} Window;

typedef struct Condition {
    Str name, says;
    const Rule *rule;         /* NULL: compare, or a question alone */
    const Rule *left, *right; /* compare: … of the same field of two state events in one folder of one container */
    Str field;
    int64_t differ_ns;
    Window window;
    const Rule *false_if, *until; /* until: a hit does not count where a hit of this rule came after it */
    bool absent_unknown;          /* no hit proves nothing */
    bool distinguishing;
    bool inferred;              /* the document does not name this evidence */
    Str ask_name, ask_question; /* empty: no question */
    const struct VerifyStep {
        Str step, decides;
    } * verify;
    size_t verify_count;
} Condition;

typedef struct RemedyStep {
    Str step, command, risk, undo, if_fails; /* empty: not given */
    bool reboot;
} RemedyStep;

typedef struct Reference {
    Str document, section, url;
} Reference;

typedef struct Cause {
    Str name, title, level, cause;
    Str file;
    bool builtin;
    const struct Node *doc; /* as in Rule */
    const Str *applies_to;
    size_t applies_to_count;
    const Condition *conditions;
    size_t condition_count;
    const struct Expression *when; /* over the names of conditions */
    const Rule **supports, **refutes;
    size_t support_count, refute_count;
    const Str *explains; /* ids of more general causes that are folded under this one */
    size_t explain_count;
    const RemedyStep *remedy;
    size_t remedy_count;
    const Reference *references;
    size_t reference_count;
} Cause;

/* A condition expression: `a and not (b or c)`; leaves are indexes given by the caller of expression_parse. */
typedef enum ExpressionKind { EXPR_LEAF, EXPR_NOT, EXPR_AND, EXPR_OR } ExpressionKind;
typedef struct Expression {
    ExpressionKind kind;
    uint32_t leaf;
    const struct Expression *left, *right; /* right is NULL for NOT */
} Expression;
/* values[leaf] is the truth of each leaf. */
Truth expression_truth(const Expression *e, const Truth *values);

typedef struct Inspection { /* the disk inspection, by which a bundle is collected */
    Str title;
    const Str *made; /* ways to one; {mode} stands for the mode */
    size_t made_count;
    const Str *modes; /* at most LIMIT_MODES, the preferred ones first */
    size_t mode_count;
} Inspection;

typedef struct RuleSet {
    Rule *rules;
    size_t rule_count;
    Cause *causes; /* in the order of their names */
    size_t cause_count;
    const LogSource *sources;
    size_t source_count;
    const LogSource *files; /* what bundles hold beside the log sources: title, vm_path and modes only */
    size_t file_count;
    Inspection inspection;
    struct Prefilter *prefilter; /* built by rule_set_load */
    struct RuleProfile *profile; /* likewise; measured where it is on */
    size_t error_count;          /* of loading */
} RuleSet;

/* The built-in signatures, and then every *.yml below `folder` (NULL: none); a file there replaces a built-in one of
 * the same name. `only` leaves the built-in causes out (log sources stay). Errors go to `errors` as
 * `file:line:column: what, and what would be right`, all of them, and make the result ST_FATAL. */
Status rule_set_load(RuleSet *set, const char *folder, bool only, Arena *run, Sink *errors);
/* The same with any number of folders and files besides the built-in signatures; one that is named twice counts once.
 */
Status rule_set_load_paths(RuleSet *set, const Str *paths, size_t count, Arena *run, Sink *errors);
/* A path as the files of a set are named: without `./` before it and `/` behind it, and a NUL behind its end. */
Str rule_path(Arena *run, const char *path);
void rule_set_free(RuleSet *set); /* the compiled regexes; the rest lives in the arena */

const Rule *rule_find(const RuleSet *set, Str name); /* by its name, else by its id */
const Cause *cause_find(const RuleSet *set, Str name);
/* The log sources a rule needs: its own, or those of its parts. Returns how many were written, at most `room`. */
size_t rule_sources(const RuleSet *set, const Rule *rule, const LogSource **to, size_t room);

/* The bit of a mode of the disk inspection; -1: it is not known here. */
int inspection_mode(const Inspection *inspection, Str word);

#endif
