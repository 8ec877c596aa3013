#include <stdlib.h>

#include "lint_advice.h"

#define TABLE_MAX 12 /* conditions of more names are not tried out: 4096 lines are enough */

void advise(Lint *l, const Node *at, const char *code, const Str *parts, size_t count)
{
    *VEC_ADD(l->run, &l->list) = (Advice){l->file, at->line, at->column, code, arena_join(l->run, parts, count)};
}

/* --- conditions ------------------------------------------------------------------------------------------------- */

static void leaves_mark(const Expression *e, bool *unused)
{
    if (e->kind == EXPR_LEAF) {
        unused[e->leaf] = false;
        return;
    }
    leaves_mark(e->left, unused);
    if (e->right) {
        leaves_mark(e->right, unused);
    }
}

typedef struct Table { /* of a condition: what comes out for every choice of its leaves */
    bool ever[2];      /* it is ever false, ever true */
    bool *matters;     /* by leaf */
} Table;

static void table_fill(Table *t, const Expression *e, const uint32_t *leaves, size_t used, Truth *values)
{
    for (uint32_t line = 0; line < (uint32_t)1 << used; line++) {
        for (size_t i = 0; i < used; i++) {
            values[leaves[i]] = truth_of(line >> i & 1);
        }
        bool holds = expression_truth(e, values) == YES;
        t->ever[holds] = true;
        for (size_t i = 0; i < used; i++) {
            values[leaves[i]] = truth_of(!(line >> i & 1));
            t->matters[leaves[i]] |= (expression_truth(e, values) == YES) != holds;
            values[leaves[i]] = truth_of(line >> i & 1);
        }
    }
}

void lint_expression(Lint *l, const Node *at, const Expression *e, const Str *names, size_t count, bool *unused)
{
    uint32_t *leaves = ARENA_NEW(l->run, uint32_t, count);
    Truth *values = ARENA_NEW(l->run, Truth, count);
    Table table = {.matters = ARENA_NEW(l->run, bool, count)};
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        unused[i] = true;
    }
    leaves_mark(e, unused);
    for (size_t i = 0; i < count; i++) {
        if (!unused[i]) {
            leaves[used++] = (uint32_t)i;
        }
    }
    if (used > TABLE_MAX) {
        return;
    }
    table_fill(&table, e, leaves, used, values);
    if (!table.ever[0] || !table.ever[1]) {
        ADVISE(l, at, "constant", STR("this is "), table.ever[1] ? STR("true") : STR("false"),
               STR(" whatever the bundle holds; check 'and', 'or', 'not' and the parentheses"));
        return;
    }
    for (size_t i = 0; i < used; i++) {
        if (!table.matters[leaves[i]]) {
            ADVISE(l, at, "no-effect", STR("'"), names[leaves[i]],
                   STR("' makes no difference here; leave it out, or check the parentheses"));
        }
    }
}

/* --- the set ---------------------------------------------------------------------------------------------------- */

static bool in_scope(const LintScope *scope, Str file, bool builtin)
{
    for (size_t i = 0; i < scope->path_count && !builtin; i++) {
        Str path = scope->paths[i];
        if (str_starts(file, path) && (file.len == path.len || file.at[path.len] == '/' || str_eq(path, STR("/")))) {
            return true;
        }
        if (str_eq(path, STR("."))) {
            return true;
        }
    }
    return !scope->path_count;
}

static void ask_for(Lint *l, const Rule *rule)
{
    if (rule) {
        l->asked[rule->index] = true;
    }
}

static void cause_asks(Lint *l, const Cause *cause)
{
    for (size_t i = 0; i < cause->condition_count; i++) {
        const Condition *c = &cause->conditions[i];
        ask_for(l, c->rule);
        ask_for(l, c->left);
        ask_for(l, c->right);
        ask_for(l, c->false_if);
        ask_for(l, c->until);
    }
    for (size_t i = 0; i < cause->support_count; i++) {
        ask_for(l, cause->supports[i]);
    }
    for (size_t i = 0; i < cause->refute_count; i++) {
        ask_for(l, cause->refutes[i]);
    }
}

static void asked_find(Lint *l)
{
    l->asked = ARENA_NEW(l->run, bool, l->set->rule_count);
    for (size_t i = 0; i < l->set->rule_count; i++) {
        l->asked[i] = l->set->rules[i].is_part;
    }
    for (size_t i = 0; i < l->set->cause_count; i++) {
        cause_asks(l, &l->set->causes[i]);
        l->any_cause = l->any_cause || in_scope(l->scope, l->set->causes[i].file, l->set->causes[i].builtin);
    }
}

static int advice_compare(const void *a, const void *b)
{
    const Advice *x = a, *y = b;
    int order = str_order(x->file, y->file);
    if (order) {
        return order;
    }
    if (x->line != y->line || x->column != y->column) {
        return x->line != y->line ? (x->line < y->line ? -1 : 1) : x->column < y->column ? -1 : 1;
    }
    order = str_order(str_of(x->code), str_of(y->code));
    return order ? order : str_order(x->text, y->text);
}

static void advice_write(const Lint *l, Sink *out)
{
    if (l->list.count) {
        qsort(l->list.at, l->list.count, sizeof *l->list.at, advice_compare);
    }
    for (size_t i = 0; i < l->list.count; i++) {
        const Advice *a = &l->list.at[i];
        sink_term(out, a->file);
        sink_format(out, ":%u:%u: [", (unsigned)a->line, (unsigned)a->column);
        sink_put(out, a->code);
        sink_put(out, "] ");
        sink_term(out, a->text);
        sink_put(out, "\n");
    }
}

/* What `signatures new` and authors leave for later. */
static void advise_todo(Lint *l, const Node *n)
{
    if (n->kind == NODE_SCALAR && str_starts(n->text, STR("TODO")) && !(n->text.len > 4 && n->text.at[4] >= 'A')) {
        ADVISE(l, n, "todo", STR("still to be written: "), str_slice(n->text, 0, 80));
    }
    for (size_t i = 0; i < (n->kind == NODE_MAP ? 2 : 1) * n->count; i++) {
        advise_todo(l, n->items[i]);
    }
}

typedef struct FileSet {
    VEC(Str) list;
} FileSet;

static void file_count(Lint *l, FileSet *files, Str file)
{
    for (size_t i = files->list.count; i-- > 0;) {
        if (str_eq(files->list.at[i], file)) {
            return;
        }
    }
    *VEC_ADD(l->run, &files->list) = file;
}

LintCount lint(const RuleSet *set, const LintScope *scope, Sink *out)
{
    Arena run = {0};
    Lint l = {.set = set, .scope = scope, .matcher = matcher_open(set), .run = &run};
    FileSet files = {0};
    asked_find(&l);
    for (size_t i = 0; i < set->rule_count; i++) {
        l.file = set->rules[i].file;
        if (in_scope(scope, l.file, set->rules[i].builtin)) {
            file_count(&l, &files, l.file);
            advise_todo(&l, set->rules[i].doc);
            lint_escapes(&l, set->rules[i].doc);
            lint_rule(&l, &set->rules[i]);
        }
    }
    for (size_t i = 0; i < set->cause_count; i++) {
        l.file = set->causes[i].file;
        if (in_scope(scope, l.file, set->causes[i].builtin)) {
            file_count(&l, &files, l.file);
            advise_todo(&l, set->causes[i].doc);
            lint_escapes(&l, set->causes[i].doc);
            lint_cause(&l, &set->causes[i]);
            lint_fixtures(&l, &set->causes[i]);
        }
    }
    advice_write(&l, out);
    LintCount count = {l.list.count, files.list.count};
    matcher_close(l.matcher);
    arena_free(&run);
    return count;
}
