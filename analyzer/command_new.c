/* vmsift signatures new: a draft of a signature, and of its fixtures, out of one line of a bundle. What reads the
 * bundle is a process of its own that can write no files (platform_confine): it tells this one what to write, and this
 * one looks at the names. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/platform.h"
#include "command.h"
#include "draft.h"
#include "pipeline.h"

typedef struct NewOptions {
    const char *id, *from, *line, *output, *signatures;
    DraftOptions draft;
    Password password;
    Arena *a;
} NewOptions;

/* --- what goes from one process to the other ------------------------------------------------------------------- */

static void part_send(Sink *out, char kind, Str path, Str text)
{
    sink_format(out, "%c %zu %zu\n", kind, path.len, text.len);
    sink_raw(out, path);
    sink_raw(out, text);
}

static int draft_send(void *with, FILE *out)
{
    NewOptions *o = with;
    Draft draft = {0};
    if (!draft_make(&o->draft, o->a, &draft)) {
        return EXIT_BUNDLE;
    }
    Sink to = sink_file(out);
    for (size_t i = 0; i < draft.files.count; i++) {
        part_send(&to, 'F', draft.files.at[i].path, draft.files.at[i].text);
    }
    for (size_t i = 0; i < draft.cases.count; i++) {
        part_send(&to, 'C', draft.cases.at[i], (Str){0});
    }
    for (size_t i = 0; i < draft.notes.count; i++) {
        part_send(&to, 'N', (Str){0}, draft.notes.at[i]);
    }
    return sink_close(&to) == ST_OK ? EXIT_ANALYSED : EXIT_OURS;
}

/* The other process has seen the bundle: no path of it leads anywhere but down. */
static bool path_safe(Str path)
{
    Str rest = path, part;
    while (str_split(&rest, '/', &part)) {
        if (!part.len || str_eq(part, STR(".")) || str_eq(part, STR("..")) || part.len > 200) {
            return false;
        }
        for (size_t i = 0; i < part.len; i++) {
            if (part.at[i] < ' ' || part.at[i] == '\\' || part.at[i] == ':') {
                return false;
            }
        }
    }
    return str_starts(path, STR("signatures/")) || str_starts(path, STR("fixtures/"));
}

static bool part_next(Str *said, char *kind, DraftFile *file)
{
    size_t end = str_find_byte(*said, '\n', 0);
    Str head = str_slice(*said, 0, end), word;
    uint64_t path = 0, text = 0;
    if (end == STR_NOT_FOUND || head.len < 5) {
        return false;
    }
    *kind = (char)head.at[0];
    head = str_from(head, 2);
    bool numbers = str_split(&head, ' ', &word) && str_u64(word, 10, &path) && str_u64(head, 10, &text);
    *said = str_from(*said, end + 1);
    if (!numbers || path > said->len || text > said->len - path) {
        return false;
    }
    *file = (DraftFile){str_slice(*said, 0, path), str_slice(*said, path, path + text)};
    *said = str_from(*said, path + text);
    return true;
}

static bool draft_receive(Arena *a, Str said, Draft *draft)
{
    char kind;
    for (DraftFile file; said.len;) {
        if (!part_next(&said, &kind, &file) || (kind != 'N' && !path_safe(file.path))) {
            return false;
        }
        if (kind == 'F') {
            *VEC_ADD(a, &draft->files) = file;
        } else if (kind == 'C') {
            *VEC_ADD(a, &draft->cases) = file.path;
        } else {
            *VEC_ADD(a, &draft->notes) = file.text;
        }
    }
    return draft->files.count > 0 && draft->cases.count > 0;
}

/* --- files ------------------------------------------------------------------------------------------------------ */

static const char *below(Arena *a, const char *folder, Str path)
{
    return (const char *)arena_join(a, (Str[]){str_of(folder), STR("/"), path, STR("\0")}, 4).at;
}

static bool there_already(const NewOptions *o, Str path)
{
    const char *full = below(o->a, o->output, path);
    return platform_file(full, false, NULL, NULL) != FILE_NONE &&
           usage_error("it is there already, and is not written over: ", full);
}

static bool targets_free(const NewOptions *o)
{
    return !there_already(o, arena_join(o->a, (Str[]){STR("signatures/"), o->draft.id, STR(".yml")}, 3)) &&
           !there_already(o, arena_join(o->a, (Str[]){STR("fixtures/signatures/"), o->draft.id}, 2));
}

static bool file_write(const NewOptions *o, const DraftFile *f)
{
    const char *full = below(o->a, o->output, f->path);
    Str folder = str_slice(str_of(full), 0, str_rfind_byte(str_of(full), '/'));
    FILE *out = platform_folder_make(o->a, folder) ? fopen(full, "wbx") : NULL;
    bool ok = out && fwrite(f->text.at, 1, f->text.len, out) == f->text.len;
    ok = out && fclose(out) == 0 && ok;
    if (!ok) {
        char what[160];
        snprintf(what, sizeof what, "it cannot be written (%s): ", strerror(errno));
        usage_error(what, full);
    }
    return ok;
}

static int files_write(const NewOptions *o, const Draft *draft)
{
    for (size_t i = 0; i < draft->files.count; i++) {
        if (!file_write(o, &draft->files.at[i])) {
            return EXIT_OURS;
        }
    }
    return EXIT_ANALYSED;
}

/* --- what the fixtures say --------------------------------------------------------------------------------------- */

typedef struct Trial {
    const NewOptions *o;
    const RuleSet *rules; /* with the draft */
    const char *folder;
} Trial;

static void verdicts_print(const Report *report, const ReportStyle *style, Sink *out)
{
    (void)style;
    for (size_t i = 0; i < report->conclusion->verdicts.count; i++) {
        const Verdict *v = &report->conclusion->verdicts.at[i];
        sink_put(out, verdict_name(v->kind));
        sink_put(out, " ");
        sink_raw(out, v->cause->name); /* loaded: an id */
        sink_put(out, "\n");
    }
}

static int trial_run(void *with, FILE *out)
{
    static const ReportFormat format = {.name = "verdicts", .write = verdicts_print};
    const Trial *t = with;
    Sink to = sink_file(out);
    Password none = {0};
    Options opt = {.format = &format, .choice = {.at_ns = TIME_NONE}, .password = &none, .threads = 1};
    Status status = pipeline_run(&opt, &t->folder, 1, t->rules, &to).status;
    return sink_close(&to) == ST_OK && status < ST_FAILED ? EXIT_ANALYSED : EXIT_BUNDLE;
}

/* The verdicts of all causes in a fixture, a line each; empty if it could not be read. */
static Str trial_verdicts(Trial *t, Str folder)
{
    Str said;
    t->folder = below(t->o->a, t->o->output, folder);
    return platform_apart(trial_run, t, t->o->a, &said) == EXIT_ANALYSED ? said : (Str){0};
}

static bool is_positive(Str verdict)
{
    return str_eq(verdict, STR("likely")) || str_eq(verdict, STR("confirmed"));
}

/* Of the cause what the draft gives there now, and whatever of other causes that show, too. */
static Str expectation(const NewOptions *o, Str verdicts, Str *own)
{
    VEC(Str) parts = {0};
    Str line, verdict;
    *VEC_ADD(o->a, &parts) = (Str){0};
    while (str_split(&verdicts, '\n', &line)) {
        if (!str_split(&line, ' ', &verdict) || str_eq(line, o->draft.id)) {
            *own = line.len ? verdict : *own;
        } else if (is_positive(verdict)) {
            *VEC_ADD(o->a, &parts) = arena_join(o->a, (Str[]){STR(", \""), line, STR("\": \"*\"")}, 3);
        }
    }
    parts.at[0] =
        arena_join(o->a, (Str[]){STR("{\n  \"verdicts\": {\""), o->draft.id, STR("\": \""), *own, STR("\"")}, 5);
    *VEC_ADD(o->a, &parts) = STR("}\n}\n");
    return arena_join(o->a, parts.at, parts.count);
}

static bool expectation_write(const NewOptions *o, Trial *t, Draft *draft, size_t index)
{
    Str folder = draft->cases.at[index], own = STR("none");
    Str verdicts = trial_verdicts(t, arena_join(o->a, (Str[]){folder, STR("/bundle")}, 2));
    DraftFile file = {arena_join(o->a, (Str[]){folder, STR("/expect.json")}, 2), expectation(o, verdicts, &own)};
    if (is_positive(own) != (index == 0)) {
        *VEC_ADD(o->a, &draft->notes) =
            arena_join(o->a,
                       (Str[]){STR("The draft says '"), own, STR("' of its own fixture "), folder,
                               index == 0 ? STR(": what shows the failed backup is not all in it; add it by hand.")
                                          : STR(": something else there matches as well; change it by hand.")},
                       5);
    }
    *VEC_ADD(o->a, &draft->files) = file;
    return file_write(o, &file);
}

static int fixtures_try(const NewOptions *o, Draft *draft)
{
    RuleSet rules;
    Sink errors = sink_file(stderr);
    Str paths[2];
    size_t count = 0;
    if (o->signatures) {
        paths[count++] = rule_path(o->a, o->signatures);
    }
    paths[count++] = rule_path(o->a, below(o->a, o->output, draft->files.at[0].path));
    Status loaded = rule_set_load_paths(&rules, paths, count, o->a, &errors);
    sink_close(&errors);
    Trial t = {.o = o, .rules = &rules};
    int status = loaded == ST_FATAL ? usage_error("the draft does not load; please report it", "") : EXIT_ANALYSED;
    for (size_t i = 0; i < draft->cases.count && status == EXIT_ANALYSED; i++) {
        status = expectation_write(o, &t, draft, i) ? EXIT_ANALYSED : EXIT_OURS;
    }
    rule_set_free(&rules);
    return status;
}

/* --- what is next ----------------------------------------------------------------------------------------------- */

static void say(Sink *out, const char *before, const char *word, const char *after)
{
    sink_put(out, before);
    sink_term(out, str_of(word));
    sink_put(out, after);
}

static int say_next(const NewOptions *o, const Draft *draft)
{
    Sink out = sink_file(stdout);
    for (size_t i = 0; i < draft->files.count; i++) {
        sink_term(&out, str_of(below(o->a, o->output, draft->files.at[i].path)));
        sink_put(&out, "\n");
    }
    for (size_t i = 0; i < draft->notes.count; i++) {
        sink_put(&out, "\n");
        sink_term(&out, draft->notes.at[i]);
        sink_put(&out, "\n");
    }
    sink_put(&out,
             "\nWhat to do next\n"
             "1. Read the fixtures before you hand them on: machines, people, addresses and ids are replaced where\n"
             "   they show themselves as such, and a name that stands in the middle of a sentence does not.\n"
             "2. Fill in what says TODO; this lists what is left:\n");
    say(&out, "     vmsift signatures lint ", o->output, "/signatures\n");
    sink_put(&out, "3. See what it says of the bundle, and take out of the rule what is not part of the sign:\n");
    say(&out, "     vmsift --signatures ", o->output, "/signatures ");
    say(&out, "", o->from, "\n");
    sink_put(&out, "4. Hold it to its fixtures, now and after every change:\n");
    say(&out, "     vmsift signatures test --signatures ", o->output, "/signatures ");
    say(&out, "", o->output, "/fixtures/signatures\n");
    return sink_close(&out) == ST_OK ? EXIT_ANALYSED : usage_error("the output could not be written", "");
}

/* --- the command ------------------------------------------------------------------------------------------------ */

static int draft_with(void *with, const RuleSet *rules)
{
    NewOptions *o = with;
    Draft draft = {0};
    Str said = {0}, seen = arena_join(o->a, (Str[]){o->draft.id, STR("_seen")}, 2);
    o->draft.rules = rules;
    if (cause_find(rules, o->draft.id) || rule_find(rules, o->draft.id) || rule_find(rules, seen)) {
        return usage_error("a signature of that name is there already (vmsift signatures list): ", o->id);
    }
    int status = platform_apart(draft_send, o, o->a, &said);
    if (status != EXIT_ANALYSED) {
        return status > 0 ? status : usage_error("reading the bundle ended before its end", "");
    }
    if (!draft_receive(o->a, said, &draft)) {
        return usage_error("the draft is not what it should be; please report it", "");
    }
    status = files_write(o, &draft);
    status = status == EXIT_ANALYSED ? fixtures_try(o, &draft) : status;
    return status == EXIT_ANALYSED ? say_next(o, &draft) : status;
}

static bool is_id(Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.at[i];
        bool edge = i == 0 || i + 1 == s.len;
        if (!(c >= 'a' && c <= 'z') && !(i && byte_digit(c)) && !(c == '-' && !edge)) {
            return false;
        }
    }
    return s.len > 1 && s.len <= 60;
}

/* SOURCE:LINE, where a path may hold colons itself. */
static bool place_parse(NewOptions *o)
{
    Str place = str_of(o->line);
    size_t cut = str_rfind_byte(place, ':');
    o->draft.source = str_slice(place, 0, cut);
    return cut != STR_NOT_FOUND && cut > 0 && str_u64(str_from(place, cut + 1), 10, &o->draft.line);
}

static int options_check(NewOptions *o)
{
    o->draft.id = str_of(o->id ? o->id : "");
    o->draft.bundle = o->from;
    o->draft.password = &o->password;
    o->output = o->output ? o->output : ".";
    if (!o->id || !o->from || !o->line) {
        return usage_error("signatures new wants ID --from BUNDLE --line SOURCE:LINE", "");
    }
    if (!is_id(o->draft.id)) {
        return usage_error("an id is small letters, digits and hyphens, as volume-full, not ", o->id);
    }
    if (!place_parse(o)) {
        return usage_error("--line wants SOURCE:LINE as a report prints it, of an event log SOURCE:RECORD, not ",
                           o->line);
    }
    if (strcmp(o->from, "-") == 0) {
        return usage_error("the bundle is read twice, so it cannot be standard input", "");
    }
    return targets_free(o) ? 0 : EXIT_OURS;
}

static int take_word(NewOptions *o, Arguments *args)
{
    static const char *const names[] = {"--from", "--line", "-o", "--signatures"};
    const char **const values[] = {&o->from, &o->line, &o->output, &o->signatures};
    const char *word = args->at[0];
    int status;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (option_value(args, names[i], values[i])) {
            return *values[i] ? 0 : EXIT_OURS;
        }
    }
    if (option_password(args, &o->password, &status)) {
        return status;
    }
    if (word[0] == '-') {
        return option_unknown(word);
    }
    if (o->id) {
        return usage_error("one signature at a time; this is a second one: ", word);
    }
    o->id = word;
    args->at++;
    args->count--;
    return 0;
}

int signatures_new(Arguments args)
{
    Arena a = {0};
    NewOptions o = {.a = &a};
    int status = 0;
    while (args.count > 0 && status == 0) {
        status = take_word(&o, &args);
    }
    status = status == 0 ? options_check(&o) : status;
    status = status == 0 ? rules_use(o.signatures, false, draft_with, &o) : status;
    arena_free(&a);
    return status;
}
