/* Advice on causes. */
#include "lint_advice.h"
#include "portal_error.h"

static const Node *block_of(const Cause *cause)
{
    return map_get(cause->doc, "vmsift");
}

static const Node *condition_node(const Cause *cause, size_t i)
{
    return map_value(map_get(block_of(cause), "conditions"), i);
}

static const Node *or_whole(const Node *part, const Node *whole)
{
    return part ? part : whole;
}

/* --- conditions ------------------------------------------------------------------------------------------------- */

static void advise_says(Lint *l, const Condition *c, const Node *n)
{
    const Node *at = or_whole(map_get(n, "says"), n);
    bool one_word = str_find_byte(c->says, ' ', 0) == STR_NOT_FOUND;
    if (!c->says.len) {
        ADVISE(l, at, "says",
               STR("the report shows this condition without a word; add 'says: what it means, in words'"));
    } else if (one_word || (str_ends(c->says, STR(".")) && !str_ends(c->says, STR("..")))) {
        ADVISE(l, at, "says", STR("'says' is a piece of a sentence"),
               one_word ? STR(", not one word; write what was seen, as 'the extension failed to install'")
                        : STR(" and stands in one; leave the full stop out"));
    }
}

/* Is `when` false where this condition alone is? */
static bool rules_out(Lint *l, const Cause *cause, size_t index)
{
    Truth *values = ARENA_NEW(l->run, Truth, cause->condition_count);
    for (size_t i = 0; i < cause->condition_count; i++) {
        values[i] = i == index ? NO : UNKNOWN;
    }
    return expression_truth(cause->when, values) == NO;
}

static void advise_words(Lint *l, const Cause *cause, size_t index, const Node *n)
{
    const Condition *c = &cause->conditions[index];
    if (c->rule && !c->inferred && !c->absent_unknown && lint_needs_words(c->rule) && rules_out(l, cause, index)) {
        ADVISE(l, or_whole(map_get(n, "rule"), n), "localised-text", STR("'"), c->rule->name,
               STR("' needs words that Windows writes in the language of the machine, so elsewhere nothing found would "
                   "rule the cause out; match data that no language changes, or add 'absent: unknown' (and 'basis: "
                   "inferred' if the document does not name this evidence)"));
    }
}

/* Can `when` be left open by what is missing, though a condition is true? */
static bool may_be_possible(Lint *l, const Cause *cause)
{
    Truth *values = ARENA_NEW(l->run, Truth, cause->condition_count);
    for (size_t i = 0; i < cause->condition_count; i++) {
        values[i] = UNKNOWN;
    }
    for (size_t i = 0; i < cause->condition_count; i++) {
        values[i] = YES;
        if (expression_truth(cause->when, values) == UNKNOWN) {
            return true;
        }
        values[i] = UNKNOWN;
    }
    return false;
}

static void advise_conditions(Lint *l, const Cause *cause)
{
    bool any = !may_be_possible(l, cause);
    for (size_t i = 0; i < cause->condition_count; i++) {
        const Condition *c = &cause->conditions[i];
        const Node *n = condition_node(cause, i);
        any = any || c->distinguishing;
        advise_says(l, c, n);
        advise_words(l, cause, i, n);
    }
    if (!any) {
        ADVISE(l, map_get(block_of(cause), "conditions"), "no-distinguishing",
               STR("no condition points to this cause rather than to some failure, so it is never 'possible'; mark the "
                   "one that does with 'distinguishing: true'"));
    }
}

static void advise_when(Lint *l, const Cause *cause)
{
    const Node *conditions = map_get(block_of(cause), "conditions");
    bool *unused = ARENA_NEW(l->run, bool, cause->condition_count);
    Str *names = ARENA_NEW(l->run, Str, cause->condition_count);
    for (size_t i = 0; i < cause->condition_count; i++) {
        names[i] = cause->conditions[i].name;
    }
    lint_expression(l, map_get(block_of(cause), "when"), cause->when, names, cause->condition_count, unused);
    for (size_t i = 0; i < cause->condition_count; i++) {
        if (unused[i]) {
            ADVISE(l, map_key(conditions, i), "unused", STR("'when' never asks for the condition '"), names[i],
                   STR("'; name it there, list its rule in 'supports', or take it out"));
        }
    }
}

/* --- errors of the portal ---------------------------------------------------------------------------------------- */

/* --code knows those of portal_error.def and the extension's own codes, however they are spelt here. */
static void advise_errors(Lint *l, const Cause *cause)
{
    size_t count;
    const Str *known = portal_names(&(RuleSet){0}, &count, l->run);
    const Node *list = map_get(block_of(cause), "applies_to");
    for (size_t i = 0; list && i < (list->kind == NODE_LIST ? list->count : 1); i++) {
        const Node *at = list->kind == NODE_LIST ? list->items[i] : list;
        bool found = false;
        for (size_t k = 0; k < count && !found; k++) {
            found = portal_name_is(known[k], at->text);
        }
        Str near = nearest_word(at->text, known, count);
        if (!found) {
            ADVISE(l, at, "unknown-error", STR("no document is known to name the error '"), at->text,
                   near.len ? STR("'; did you mean '") : STR("'; analyzer/portal_error.def has those that are known"),
                   near, near.len ? STR("'?") : (Str){0});
        }
    }
}

/* --- remedy ----------------------------------------------------------------------------------------------------- */

typedef enum Effect { CHANGES = 1, INTERRUPTS = 2, RESTARTS = 4 } Effect;

static const struct {
    const char *words; /* one blank between two; as they stand in a command, in any case */
    unsigned effect;
} effects[] = {
    {"reg add", CHANGES},
    {"reg delete", CHANGES},
    {"reg import", CHANGES},
    {"sc config", CHANGES},
    {"sc sdset", CHANGES},
    {"sc delete", CHANGES | INTERRUPTS},
    {"icacls", CHANGES},
    {"takeown", CHANGES},
    {"bcdedit /set", CHANGES},
    {"netsh winhttp set", CHANGES},
    {"set-itemproperty", CHANGES},
    {"new-itemproperty", CHANGES},
    {"remove-itemproperty", CHANGES},
    {"set-service", CHANGES},
    {"net stop", INTERRUPTS},
    {"sc stop", INTERRUPTS},
    {"stop-service", INTERRUPTS},
    {"taskkill", INTERRUPTS},
    {"stop-process", INTERRUPTS},
    {"vssadmin delete", INTERRUPTS},
    {"remove-item ", INTERRUPTS},
    {"rmdir", INTERRUPTS},
    {"rd /s", INTERRUPTS},
    {"del ", INTERRUPTS},
    {"msdtc -uninstall", INTERRUPTS},
    {"restart-computer", INTERRUPTS | RESTARTS},
    {"shutdown /r", INTERRUPTS | RESTARTS},
    {"shutdown -r", INTERRUPTS | RESTARTS},
    {"shutdown /s", INTERRUPTS | RESTARTS},
};

static unsigned line_effect(Str line)
{
    unsigned effect = 0;
    line = str_trim(line);
    for (size_t i = 0; i < sizeof effects / sizeof *effects; i++) {
        effect |= str_starts_nocase(line, str_of(effects[i].words)) ? effects[i].effect : 0;
    }
    return effect;
}

/* icacls without a switch that grants, takes away or resets something only shows or saves. */
static bool only_shows(Str line)
{
    static const char *const switches[] = {"/grant",    "/deny",        "/remove", "/reset",
                                           "/setowner", "/inheritance", "/restore"};
    bool shows = str_starts_nocase(str_trim(line), STR("icacls"));
    for (size_t i = 0; i < sizeof switches / sizeof *switches && shows; i++) {
        shows = !str_has_nocase(line, str_of(switches[i]));
    }
    return shows;
}

/* A service that is stopped and started again in one step was only restarted. */
static unsigned command_effect(Str command)
{
    unsigned effect = 0;
    bool starts = str_has_nocase(command, STR("net start ")) || str_has_nocase(command, STR("sc start ")) ||
                  str_has_nocase(command, STR("start-service "));
    for (Str line; str_split(&command, '\n', &line);) {
        bool stops = str_starts_nocase(str_trim(line), STR("net stop ")) ||
                     str_starts_nocase(str_trim(line), STR("sc stop ")) ||
                     str_starts_nocase(str_trim(line), STR("stop-service "));
        effect |= only_shows(line) || (stops && starts) ? 0 : line_effect(line);
    }
    return effect;
}

static void advise_step(Lint *l, const Cause *cause, const RemedyStep *step, const Node *n)
{
    unsigned effect = command_effect(step->command);
    const Node *at = or_whole(map_get(n, "command"), n);
    if (effect & CHANGES && !step->undo.len && !step->risk.len) {
        ADVISE(l, at, "remedy",
               STR("the command changes a setting; say in 'undo' how to take it back (or in 'risk' "
                   "what cannot be)"));
    }
    if (effect & INTERRUPTS && !step->risk.len) {
        ADVISE(l, at, "remedy", STR("the command stops or removes something; say in 'risk' what that breaks"));
    }
    if (effect & RESTARTS && !step->reboot) {
        ADVISE(l, at, "remedy", STR("the command takes the machine down; add 'reboot: true'"));
    } else if (effect && !map_get(n, "reboot")) {
        ADVISE(l, at, "remedy", STR("say whether this needs a reboot: 'reboot: false' or 'reboot: true'"));
    }
    bool id = step->if_fails.len && str_find_byte(step->if_fails, ' ', 0) == STR_NOT_FOUND;
    if (id && !cause_find(l->set, step->if_fails)) {
        ADVISE(l, map_get(n, "if_fails"), "unknown-cause", STR("no cause is called '"), step->if_fails,
               STR("'; name one (vmsift signatures list), or say in words what to do"));
    }
    if (id && str_eq(step->if_fails, cause->name)) {
        ADVISE(l, map_get(n, "if_fails"), "unknown-cause", STR("the step leads back to this same cause"));
    }
}

static void advise_remedy(Lint *l, const Cause *cause)
{
    const Node *steps = map_get(block_of(cause), "remedy");
    if (!cause->remedy_count) {
        ADVISE(l, block_of(cause), "no-remedy",
               STR("the report will not say what to do; add 'remedy: [{do: …, reboot: false}]'"));
    }
    for (size_t i = 0; i < cause->remedy_count; i++) {
        advise_step(l, cause, &cause->remedy[i], steps->items[i]);
    }
}

/* --- the head --------------------------------------------------------------------------------------------------- */

static void advise_references(Lint *l, const Cause *cause)
{
    bool documented = false;
    for (size_t i = 0; i < cause->condition_count; i++) {
        documented = documented || (cause->conditions[i].rule && !cause->conditions[i].inferred);
    }
    if (!cause->reference_count && documented) {
        ADVISE(l, block_of(cause), "no-reference",
               STR("conditions count as documented, and no document is named; add 'references: [{document: …}]', or "
                   "'basis: inferred' to each condition that no document names"));
    }
}

static Str id_of(const Node *doc)
{
    const Node *id = map_get(doc, "id");
    return id ? id->text : (Str){0};
}

static void advise_twice(Lint *l, const Cause *cause, Str file, const Node *other)
{
    Str id = id_of(cause->doc);
    if (id.len && other != cause->doc && str_eq_nocase(id, id_of(other))) {
        ADVISE(l, map_get(cause->doc, "id"), "id-twice", STR("this 'id' stands in "), file,
               arena_format(l->run, ":%u", (unsigned)other->line), STR(", too; make a new one"));
    }
}

static void advise_id(Lint *l, const Cause *cause)
{
    for (size_t i = 0; i < l->set->rule_count; i++) {
        advise_twice(l, cause, l->set->rules[i].file, l->set->rules[i].doc);
    }
    for (size_t i = 0; i < l->set->cause_count && &l->set->causes[i] != cause; i++) {
        advise_twice(l, cause, l->set->causes[i].file, l->set->causes[i].doc);
    }
}

void lint_cause(Lint *l, const Cause *cause)
{
    advise_when(l, cause);
    advise_conditions(l, cause);
    advise_errors(l, cause);
    advise_remedy(l, cause);
    advise_references(l, cause);
    advise_id(l, cause);
}
