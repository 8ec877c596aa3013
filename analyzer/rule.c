#define PCRE2_CODE_UNIT_WIDTH 8
#include "rule.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "base/platform.h"
#include "limits.h"
#include "prefilter.h"
#include "rule_load.h"
#include "rule_profile.h"

#define FOLDER_DEPTH 8

/* By embed.awk: for each file its name, its lines, NULL; one more NULL ends the list. */
extern const char *const signatures_builtin[];

typedef struct Doc {
    const RuleFile *file;
    const Node *node;
    size_t number; /* in its file, from 1; 0: the only one */
} Doc;

typedef VEC(Doc) DocList;

typedef struct Load {
    Loader l;
    RuleSet *set;
    Prefilter *prefilter;
    bool only;
    size_t file_count; /* and folders: whatever an error can be in */
    VEC(RuleFile *) files;
    DocList detections, correlations, causes;
} Load;

/* Of the ending of a signature's file; 0: it is none. */
static size_t ending_len(Str path)
{
    return str_ends_nocase(path, STR(".yml")) ? 4 : str_ends_nocase(path, STR(".yaml")) ? 5 : 0;
}

static Str file_base(Str path)
{
    size_t cut = str_rfind_byte(path, '/');
    Str name = cut == STR_NOT_FOUND ? path : str_from(path, cut + 1);
    return str_slice(name, 0, name.len - ending_len(name));
}

static bool is_logsources(const RuleFile *f)
{
    return str_eq(file_base(f->path), STR("logsources"));
}

static RuleFile *file_new(Load *load, Str path)
{
    RuleFile *f = ARENA_NEW(load->l.run, RuleFile, 1);
    *f = (RuleFile){.path = path, .number = load->file_count++};
    load->l.file = f;
    return f;
}

/* --- files ------------------------------------------------------------------------------------------------------ */

static void builtin_files(Load *load)
{
    Arena *run = load->l.run;
    for (const char *const *at = signatures_builtin; *at; at++) {
        RuleFile *f = file_new(load, arena_join(run, (Str[]){STR("signatures/"), str_of(*at)}, 2));
        VEC(Str) lines = {0};
        while (*++at) {
            *VEC_ADD(run, &lines) = str_of(*at);
        }
        f->text = arena_join(run, lines.at, lines.count);
        if (!load->only || is_logsources(f)) {
            f->builtin = true;
            *VEC_ADD(run, &load->files) = f;
        }
    }
}

static bool file_read(Arena *run, const char *path, Str *text)
{
    FILE *in = fopen(path, "rb");
    if (!in) {
        return false;
    }
    uint8_t *bytes = malloc(LIMIT_YAML_BYTES + 1);
    size_t n = bytes ? fread(bytes, 1, LIMIT_YAML_BYTES + 1, in) : 0;
    bool ok = bytes && !ferror(in);
    *text = arena_str(run, (Str){bytes, n});
    free(bytes);
    fclose(in);
    return ok;
}

static void file_add(Load *load, Str path)
{
    for (size_t i = 0; i < load->files.count; i++) {
        if (!load->files.at[i]->builtin && str_eq(load->files.at[i]->path, path)) {
            return;
        }
    }
    RuleFile *f = file_new(load, path);
    if (!file_read(load->l.run, (const char *)path.at, &f->text)) {
        load->l.incomplete = true;
        COMPLAIN(&load->l, NULL, STR("cannot be read; check its permissions"));
        return;
    }
    for (size_t i = 0; i < load->files.count; i++) {
        RuleFile *other = load->files.at[i];
        bool same = other->builtin && str_eq_nocase(file_base(other->path), file_base(path));
        other->replaced = other->replaced || same;
    }
    *VEC_ADD(load->l.run, &load->files) = f;
}

/* With a NUL behind it that its length does not count. */
static Str path_end(Arena *run, Str path)
{
    return str_slice(arena_join(run, (Str[]){path, {(const uint8_t *)"", 1}}, 2), 0, path.len);
}

static Str path_join(Arena *run, Str folder, Str name)
{
    return path_end(run, arena_join(run, (Str[]){folder, STR("/"), name}, 3));
}

static void folder_files(Load *load, Str folder, unsigned depth)
{
    Str *names;
    size_t count;
    file_new(load, folder);
    if (!platform_folder(load->l.run, (const char *)folder.at, &names, &count)) {
        COMPLAIN(&load->l, NULL, STR("is no folder that can be read; --signatures wants a folder of .yml files"));
        return;
    }
    for (size_t i = 0; i < count; i++) {
        Str path = path_join(load->l.run, folder, names[i]);
        uint64_t size;
        int64_t mtime;
        FileKind kind = platform_file((const char *)path.at, false, &size, &mtime);
        if (kind == FILE_FOLDER && depth < FOLDER_DEPTH) {
            folder_files(load, path, depth + 1);
        } else if (kind == FILE_REGULAR && ending_len(path)) {
            file_add(load, path);
        }
    }
}

/* --- documents -------------------------------------------------------------------------------------------------- */

static void doc_sort(Load *load, Doc doc)
{
    Loader *l = &load->l;
    if (doc.node->kind != NODE_MAP) {
        l->incomplete = true;
        COMPLAIN(l, doc.node, STR("a signature is a map of 'key: value'"));
        return;
    }
    head_check(l, doc.node);
    bool detection = map_get(doc.node, "detection"), correlation = map_get(doc.node, "correlation");
    bool cause = map_get(doc.node, "vmsift"), none = !detection && !correlation && !cause;
    bool misspelt = none && (head_misspelt(doc.node, "detection") || head_misspelt(doc.node, "correlation") ||
                             head_misspelt(doc.node, "vmsift"));
    l->incomplete = l->incomplete || detection + correlation + cause != 1;
    if (misspelt) {
        return; /* that is told; what it would be is not known */
    }
    if (detection + correlation + cause != 1) {
        COMPLAIN(l, doc.node, STR("a document has exactly one of 'detection', 'correlation' and 'vmsift'; "),
                 none ? STR("add the one it is about") : STR("write one document each, with --- between"));
    } else if (detection) {
        *VEC_ADD(l->run, &load->detections) = doc;
    } else if (correlation) {
        *VEC_ADD(l->run, &load->correlations) = doc;
    } else if (!doc.file->replaced) {
        *VEC_ADD(l->run, &load->causes) = doc;
    }
}

static bool has_name(const DocList *docs, const Doc *of)
{
    const Node *name = map_get(of->node, "name");
    for (size_t i = 0; name && i < docs->count; i++) {
        const Node *other = map_get(docs->at[i].node, "name");
        if (!docs->at[i].file->replaced && other && str_eq(other->text, name->text)) {
            return true;
        }
    }
    return false;
}

/* Rules of a replaced file that were written anew. */
static void drop_replaced(Load *load, DocList *docs)
{
    size_t kept = 0;
    for (size_t i = 0; i < docs->count; i++) {
        const Doc *doc = &docs->at[i];
        bool anew = doc->file->replaced && (has_name(&load->detections, doc) || has_name(&load->correlations, doc) ||
                                            has_name(&load->causes, doc));
        if (!anew) {
            docs->at[kept++] = *doc;
        }
    }
    docs->count = kept;
}

static void file_parse(Load *load, const RuleFile *f)
{
    NodeList docs = {0};
    size_t before = load->l.error_count;
    load->l.file = f;
    yaml_read(&load->l, &docs);
    if (!docs.docs.count && load->l.error_count != before) {
        return;
    }
    if (!docs.docs.count) {
        COMPLAIN(&load->l, NULL, STR("is empty; a signature file holds at least one document"));
    } else if (is_logsources(f)) {
        logsources_load(&load->l, load->set, docs.docs.at[0]);
    } else {
        for (size_t i = 0; i < docs.docs.count; i++) {
            doc_sort(load, (Doc){f, docs.docs.at[i], docs.docs.count > 1 ? i + 1 : 0});
        }
    }
}

/* --- heads ------------------------------------------------------------------------------------------------------ */

static void rule_head(Load *load, Rule *rule, const Doc *doc, RuleKind kind)
{
    Loader *l = &load->l;
    rule->kind = kind;
    rule->index = (uint32_t)(rule - load->set->rules);
    rule->file = doc->file->path;
    rule->builtin = doc->file->builtin;
    rule->line = doc->node->line;
    rule->doc = doc->node;
    rule->title = head_text(l, doc->node, "title", true);
    rule->level = head_text(l, doc->node, "level", false);
    rule->id = head_text(l, doc->node, "id", false);
    rule->name = head_text(l, doc->node, "name", false);
    if (!rule->name.len) {
        Str base = file_base(rule->file);
        rule->name =
            doc->number ? arena_join(l->run, (Str[]){base, arena_format(l->run, "#%zu", doc->number)}, 2) : base;
    }
}

static void complain_twice(Load *load, const Node *at, const char *key, Str name, Str file, uint32_t line, bool builtin)
{
    COMPLAIN(&load->l, at, STR("'"), str_of(key), STR(": "), name, STR("' stands here a second time; first in "), file,
             arena_format(load->l.run, ":%u", (unsigned)line),
             builtin ? STR(", which is built in; take another") : STR("; take another"));
}

static void names_check(Load *load, const Doc *docs, size_t from, size_t count)
{
    RuleSet *set = load->set;
    for (size_t i = from; i < from + count; i++) {
        const Rule *rule = &set->rules[i];
        load->l.file = docs[i - from].file;
        for (size_t k = 0; k < i; k++) {
            const Rule *other = &set->rules[k];
            bool name = str_eq(rule->name, other->name), id = rule->id.len && str_eq_nocase(rule->id, other->id);
            if (name || id) {
                const Node *doc = docs[i - from].node, *at = map_get(doc, name ? "name" : "id");
                complain_twice(load, at ? at : doc, name ? "name" : "id", name ? rule->name : rule->id, other->file,
                               other->line, other->builtin);
                break;
            }
        }
    }
}

static void heads_load(Load *load)
{
    RuleSet *set = load->set;
    size_t detections = load->detections.count, all = detections + load->correlations.count;
    if (all > LIMIT_RULES) {
        file_new(load, STR("signatures"));
        COMPLAIN(&load->l, NULL, STR("more than 4096 rules; leave some out"));
        return;
    }
    set->rules = ARENA_NEW(load->l.run, Rule, all);
    set->rule_count = all;
    for (size_t i = 0; i < all; i++) {
        const Doc *doc = i < detections ? &load->detections.at[i] : &load->correlations.at[i - detections];
        load->l.file = doc->file;
        rule_head(load, &set->rules[i], doc, i < detections ? RULE_DETECTION : RULE_CORRELATION);
    }
    names_check(load, load->detections.at, 0, detections);
    names_check(load, load->correlations.at, detections, load->correlations.count);
}

/* --- bodies ----------------------------------------------------------------------------------------------------- */

static void detections_load(Load *load)
{
    for (size_t i = 0; i < load->detections.count && i < load->set->rule_count; i++) {
        const Doc *doc = &load->detections.at[i];
        Rule *rule = &load->set->rules[i];
        const Node *source = map_get(doc->node, "logsource");
        load->l.file = doc->file;
        if (!source) {
            if (!head_misspelt(doc->node, "logsource")) {
                COMPLAIN(&load->l, doc->node, STR("'logsource' is missing; add 'logsource: {product: …, service: …}'"));
            }
            continue;
        }
        rule->source = logsource_find(&load->l, load->set, source);
        if (rule->source) {
            rule->detection =
                detection_load(&load->l, map_get(doc->node, "detection"), rule->source, &load->prefilter->regexes);
        }
    }
}

/* The order in which every correlation comes behind its parts; false if there is none. order[new] = old. */
static bool correlation_order(const RuleSet *set, size_t from, uint32_t *order, bool *placed)
{
    size_t done = from;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = from; i < set->rule_count; i++) {
            bool ready = !placed[i];
            for (size_t p = 0; p < set->rules[i].part_count && ready; p++) {
                ready = set->rules[i].parts[p] < from || placed[set->rules[i].parts[p]];
            }
            if (ready) {
                order[done++] = (uint32_t)i;
                placed[i] = moved = true;
            }
        }
    }
    return done == set->rule_count;
}

static void correlations_sort(Load *load, size_t from)
{
    RuleSet *set = load->set;
    Arena *run = load->l.run;
    uint32_t *order = ARENA_NEW(run, uint32_t, set->rule_count), *now = ARENA_NEW(run, uint32_t, set->rule_count);
    bool *placed = ARENA_NEW(run, bool, set->rule_count);
    if (!correlation_order(set, from, order, placed)) {
        for (size_t i = from; i < set->rule_count; i++) {
            if (!placed[i]) {
                load->l.file = load->correlations.at[i - from].file;
                COMPLAIN(&load->l, load->correlations.at[i - from].node, STR("correlation '"), set->rules[i].name,
                         STR("' is made of itself, by way of its rules; take one of them out"));
            }
        }
        return;
    }
    Rule *sorted = ARENA_NEW(run, Rule, set->rule_count);
    for (size_t i = 0; i < set->rule_count; i++) {
        uint32_t old = i < from ? (uint32_t)i : order[i];
        sorted[i] = set->rules[old];
        sorted[i].index = now[old] = (uint32_t)i;
    }
    for (size_t i = from; i < set->rule_count; i++) {
        uint32_t *parts = (uint32_t *)sorted[i].parts;
        struct Alias *aliases = (struct Alias *)sorted[i].aliases;
        for (size_t p = 0; p < sorted[i].part_count; p++) {
            parts[p] = now[parts[p]];
        }
        for (size_t a = 0; a < sorted[i].alias_count; a++) {
            aliases[a].part = now[aliases[a].part];
        }
    }
    set->rules = sorted;
}

static void correlations_load(Load *load)
{
    size_t from = load->detections.count;
    for (size_t i = from; i < load->set->rule_count; i++) {
        const Doc *doc = &load->correlations.at[i - from];
        load->l.file = doc->file;
        correlation_load(&load->l, load->set, &load->set->rules[i], map_get(doc->node, "correlation"));
    }
    correlations_sort(load, from);
}

static void cause_head(Load *load, Cause *cause, const Doc *doc)
{
    Loader *l = &load->l;
    Str base = file_base(doc->file->path);
    cause->file = doc->file->path;
    cause->builtin = doc->file->builtin;
    cause->doc = doc->node;
    cause->name = head_text(l, doc->node, "name", true);
    cause->title = head_text(l, doc->node, "title", true);
    cause->level = head_text(l, doc->node, "level", false);
    if (cause->name.len && !str_eq(cause->name, base)) {
        COMPLAIN(l, map_get(doc->node, "name"), STR("a cause is named as its file: 'name: "), base, STR("'"));
    }
    for (size_t i = 0; i < load->set->rule_count; i++) {
        const Rule *rule = &load->set->rules[i];
        if (cause->name.len && str_eq(rule->name, cause->name)) {
            complain_twice(load, map_get(doc->node, "name"), "name", cause->name, rule->file, rule->line,
                           rule->builtin);
        }
    }
}

static int cause_compare(const void *a, const void *b)
{
    return str_order(((const Cause *)a)->name, ((const Cause *)b)->name);
}

static void causes_load(Load *load)
{
    RuleSet *set = load->set;
    size_t count = load->causes.count;
    Cause *causes = ARENA_NEW(load->l.run, Cause, count);
    Str *names = ARENA_NEW(load->l.run, Str, count);
    for (size_t i = 0; i < count; i++) {
        load->l.file = load->causes.at[i].file;
        cause_head(load, &causes[i], &load->causes.at[i]);
        names[i] = causes[i].name;
        for (size_t k = 0; k < i && names[i].len; k++) {
            if (str_eq(names[k], names[i])) {
                complain_twice(load, map_get(load->causes.at[i].node, "name"), "name", names[i], causes[k].file,
                               load->causes.at[k].node->line, causes[k].builtin);
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        load->l.file = load->causes.at[i].file;
        cause_load(&load->l, set, &causes[i], load->causes.at[i].node, load->only ? NULL : names, count);
    }
    qsort(causes, count, sizeof *causes, cause_compare);
    set->causes = causes;
    set->cause_count = count;
}

static void ask(RuleSet *set, const Rule *rule)
{
    if (rule) {
        set->rules[rule->index].asked = true;
    }
}

/* Parts come before what is made of them. */
static void rules_ask(RuleSet *set)
{
    for (size_t i = 0; i < set->cause_count; i++) {
        const Cause *cause = &set->causes[i];
        for (size_t n = 0; n < cause->condition_count; n++) {
            const Condition *c = &cause->conditions[n];
            ask(set, c->rule);
            ask(set, c->false_if);
            ask(set, c->until);
            ask(set, c->left);
            ask(set, c->right);
        }
        for (size_t n = 0; n < cause->support_count; n++) {
            ask(set, cause->supports[n]);
        }
        for (size_t n = 0; n < cause->refute_count; n++) {
            ask(set, cause->refutes[n]);
        }
    }
    for (size_t i = set->rule_count; i-- > 0;) {
        for (size_t p = 0; set->rules[i].asked && p < set->rules[i].part_count; p++) {
            set->rules[set->rules[i].parts[p]].asked = true;
        }
    }
}

/* What is not known of a source makes "no hit" unknown: none may be left out. */
static void sources_check(Load *load)
{
    const LogSource *sources[LIMIT_RULE_SOURCES + 1];
    for (size_t i = 0; i < load->set->rule_count; i++) {
        const Rule *rule = &load->set->rules[i];
        if (rule->kind == RULE_CORRELATION &&
            rule_sources(load->set, rule, sources, LIMIT_RULE_SOURCES + 1) > LIMIT_RULE_SOURCES) {
            for (size_t n = 0; n < load->files.count; n++) {
                load->l.file = str_eq(load->files.at[n]->path, rule->file) ? load->files.at[n] : load->l.file;
            }
            COMPLAIN(&load->l, rule->doc,
                     STR("a correlation over more than 32 log sources; name fewer, or make conditions of its parts"));
        }
    }
}

/* --- the set ---------------------------------------------------------------------------------------------------- */

static void files_parse(Load *load)
{
    for (int sources = 1; sources >= 0; sources--) { /* log sources first: rules name them */
        for (size_t i = 0; i < load->files.count; i++) {
            const RuleFile *f = load->files.at[i];
            bool counts = !f->replaced || !is_logsources(f);
            if (counts && is_logsources(f) == (sources == 1)) {
                file_parse(load, f);
            }
        }
    }
}

static Status load_run(Load *load)
{
    files_parse(load);
    drop_replaced(load, &load->detections);
    drop_replaced(load, &load->correlations);
    heads_load(load);
    detections_load(load);
    correlations_load(load);
    causes_load(load);
    sources_check(load);
    load->set->error_count = load->l.error_count;
    if (load->l.error_count) {
        complaints_tell(&load->l);
        return ST_FATAL;
    }
    rules_ask(load->set);
    load->set->profile = rule_profile_new(load->set->rule_count, load->l.run);
    prefilter_build(load->prefilter, load->set, load->l.run);
    return ST_OK;
}

static Load load_begin(RuleSet *set, bool only, Arena *run, Sink *errors)
{
    Load load = {.l = {.run = run, .errors = errors}, .set = set, .only = only};
    *set = (RuleSet){.prefilter = ARENA_NEW(run, Prefilter, 1)};
    load.prefilter = set->prefilter;
    builtin_files(&load);
    return load;
}

Str rule_path(Arena *run, const char *path)
{
    Str p = str_of(path);
    while (p.len > 1 && p.at[p.len - 1] == '/') {
        p.len--;
    }
    while (p.len > 2 && str_starts(p, STR("./"))) {
        p = str_from(p, p.at[2] == '/' ? 1 : 2);
    }
    return path_end(run, p);
}

Status rule_set_load(RuleSet *set, const char *folder, bool only, Arena *run, Sink *errors)
{
    Load load = load_begin(set, only, run, errors);
    if (folder) {
        folder_files(&load, rule_path(run, folder), 0);
    }
    return load_run(&load);
}

Status rule_set_load_paths(RuleSet *set, const Str *paths, size_t count, Arena *run, Sink *errors)
{
    Load load = load_begin(set, false, run, errors);
    for (size_t i = 0; i < count; i++) {
        uint64_t size;
        int64_t mtime;
        bool file = platform_file((const char *)paths[i].at, true, &size, &mtime) == FILE_REGULAR;
        if (file) {
            file_add(&load, paths[i]);
        } else {
            folder_files(&load, paths[i], 0);
        }
    }
    return load_run(&load);
}

Status rule_set_load_memory(RuleSet *set, const Str (*files)[2], size_t count, Arena *run, Sink *errors)
{
    return rule_set_load_told(set, files, count, run, errors, NULL, NULL);
}

Status rule_set_load_told(RuleSet *set, const Str (*files)[2], size_t count, Arena *run, Sink *errors, WordsTold *told,
                          void *with)
{
    Load load = load_begin(set, true, run, errors);
    load.l.told = told;
    load.l.told_with = with;
    for (size_t i = 0; i < count; i++) {
        RuleFile *f = file_new(&load, files[i][0]);
        f->text = files[i][1];
        *VEC_ADD(run, &load.files) = f;
    }
    return load_run(&load);
}

void rule_set_free(RuleSet *set)
{
    for (size_t i = 0; set->prefilter && i < set->prefilter->regexes.codes.count; i++) {
        pcre2_code_free(set->prefilter->regexes.codes.at[i]);
    }
    *set = (RuleSet){0};
}

const Rule *rule_find(const RuleSet *set, Str name)
{
    for (size_t i = 0; i < set->rule_count; i++) {
        if (str_eq(set->rules[i].name, name)) {
            return &set->rules[i];
        }
    }
    for (size_t i = 0; i < set->rule_count && name.len == 36; i++) {
        if (str_eq_nocase(set->rules[i].id, name)) {
            return &set->rules[i];
        }
    }
    return NULL;
}

const Cause *cause_find(const RuleSet *set, Str name)
{
    for (size_t i = 0; i < set->cause_count; i++) {
        if (str_eq(set->causes[i].name, name)) {
            return &set->causes[i];
        }
    }
    return NULL;
}

static size_t source_add(const LogSource *source, const LogSource **to, size_t count, size_t room)
{
    for (size_t i = 0; i < count; i++) {
        if (to[i] == source) {
            return count;
        }
    }
    if (count < room) {
        to[count++] = source;
    }
    return count;
}

/* Parts come before what is made of them, so one walk down the indexes meets them all. */
size_t rule_sources(const RuleSet *set, const Rule *rule, const LogSource **to, size_t room)
{
    bool *part = calloc(rule->index + (size_t)1, sizeof *part);
    size_t count = 0;
    if (!part) {
        return 0;
    }
    part[rule->index] = true;
    for (uint32_t i = rule->index + 1; i-- > 0;) {
        const Rule *r = &set->rules[i];
        for (const LogSource *s = part[i] ? r->source : NULL; s; s = s->next) {
            count = source_add(s, to, count, room);
        }
        for (size_t p = 0; part[i] && p < r->part_count; p++) {
            part[r->parts[p]] = true;
        }
    }
    free(part);
    return count;
}
