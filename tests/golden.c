/* golden [PARSER…]
 *
 * Runs every parser over the files in fixtures/parsers/<parser>/<case>/input/ and compares what it says with the case's
 * expect.txt; with UPDATE=1 in the environment it writes them. NAME.evtx.xml becomes a binary NAME.evtx, NAME.hive.txt
 * a hive NAME with its logs. The files of a case are beside each other. Every parser needs cases ok-*, bad-* and
 * hostile-* (for the one that takes what nobody reads, nothing is bad). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/platform.h"
#include "capture.h"
#include "fixture.h"

typedef struct Totals {
    unsigned passed, failed, skipped;
    bool update;
} Totals;

/* --- text --------------------------------------------------------------------------------------------------------- */

static const char *mark_name(Mark mark)
{
    static const char *const names[] = {
        [MARK_NONE] = "-",
        [MARK_GOAL_STATE] = "goal_state",
        [MARK_ENABLE_BEGIN] = "enable_begin",
        [MARK_ENABLE_OK] = "enable_ok",
        [MARK_ENABLE_FAILED] = "enable_failed",
        [MARK_INSTALL_BEGIN] = "install_begin",
        [MARK_INSTALL_OK] = "install_ok",
        [MARK_INSTALL_FAILED] = "install_failed",
        [MARK_COMMAND_BEGIN] = "command_begin",
        [MARK_COMMAND_EXIT] = "command_exit",
        [MARK_AGENT_START] = "agent_start",
        [MARK_AGENT_STOP] = "agent_stop",
        [MARK_RUN_STAGE] = "run_stage",
        [MARK_RUN_ERROR] = "run_error",
        [MARK_RUN_OK] = "run_ok",
        [MARK_RUN_FAILED] = "run_failed",
        [MARK_STATUS] = "status",
        [MARK_SETTINGS] = "settings",
        [MARK_AGGREGATE] = "aggregate",
        [MARK_BOOT] = "boot",
        [MARK_SHUTDOWN] = "shutdown",
        [MARK_UNCLEAN] = "unclean",
        [MARK_CLOCK] = "clock",
        [MARK_SOFTWARE] = "software",
        [MARK_SERVICE] = "service",
        [MARK_MACHINE] = "machine",
        [MARK_INSPECTED] = "inspected",
        [MARK_COPIED] = "copied",
        [MARK_COPY_NONE] = "copy_none",
        [MARK_COPY_FAILED] = "copy_failed",
        [MARK_COPY_REMOVED] = "copy_removed",
        [MARK_INSPECT_CUT] = "inspect_cut",
        [MARK_INSPECT_ENCRYPTED] = "inspect_encrypted",
        [MARK_ZONE] = "zone",
    };
    return (size_t)mark < sizeof names / sizeof *names && names[mark] ? names[mark] : "?";
}

static const char *status_name(Status status)
{
    static const char *const names[] = {"ok", "partial", "failed", "fatal"};
    return names[status];
}

static void put_escaped(Sink *out, Str text, size_t limit)
{
    for (size_t i = 0; i < text.len && i < limit; i++) {
        uint8_t c = text.at[i];
        if (c == '\n') {
            sink_put(out, "\\n");
        } else if (c == '\\') {
            sink_put(out, "\\\\");
        } else if (c < ' ' || c >= 0x7F) {
            sink_format(out, "\\x%02X", c);
        } else {
            sink_raw(out, str_slice(text, i, i + 1));
        }
    }
    if (text.len > limit) {
        sink_format(out, "… (%zu bytes)", text.len);
    }
}

static void put_named(Sink *out, const char *name, Str value)
{
    if (value.len) {
        sink_put(out, name);
        put_escaped(out, value, 120);
    }
}

static void put_event(Sink *out, const Event *ev)
{
    sink_put(out, "  ");
    if (ev->time_ns == TIME_NONE) {
        sink_put(out, "-");
    } else {
        sink_time(out, ev->time_ns, ev->time_digits);
    }
    sink_format(out, " %s %s %s ", trust_name(ev->trust), level_name(ev->level), mark_name(ev->mark));
    sink_format(out, ev->is_line ? "line %llu" : "record %llu", (unsigned long long)ev->record);
    sink_format(out, " at %llu %s", (unsigned long long)ev->offset, service_name(ev->service));
    put_named(out, " provider=", ev->provider);
    put_named(out, " alias=", ev->provider_alias);
    if (ev->id) {
        sink_format(out, " id=%u", (unsigned)ev->id);
    }
    put_named(out, " channel=", ev->channel);
    put_named(out, " computer=", ev->computer);
    sink_put(out, "\n");
    put_named(out, "    stamp ", ev->time_text);
    sink_put(out, ev->time_text.len ? "\n" : "");
    for (size_t i = 0; i < ev->field_count; i++) {
        sink_put(out, "    ");
        put_escaped(out, ev->fields[i].name, 120);
        sink_put(out, " = ");
        put_escaped(out, ev->fields[i].value, 120);
        sink_put(out, "\n");
    }
    put_named(out, "    | ", ev->message);
    sink_put(out, ev->message.len ? "\n" : "");
}

static void put_row(Sink *out, const SourceRow *row)
{
    for (size_t i = 0; i < row->diagnostics.count; i++) {
        const Diagnostic *d = &row->diagnostics.at[i];
        sink_format(out, d->is_line ? "  diagnostic line %llu: " : "  diagnostic at %llu: ", (unsigned long long)d->at);
        put_escaped(out, d->what, 200);
        sink_put(out, "\n");
    }
    for (size_t i = 0; i < row->limits.count; i++) {
        sink_put(out, "  limit ");
        sink_put(out, row->limits.at[i].limit);
        put_named(out, ": ", row->limits.at[i].what);
        sink_put(out, "\n");
    }
    for (size_t i = 0; i < row->holes.count; i++) {
        sink_put(out, "  hole: ");
        sink_put(out, row->holes.at[i].why);
        sink_put(out, "\n");
    }
    put_named(out, "  note: ", row->note);
    sink_put(out, row->note.len ? "\n" : "");
}

static void put_file(Sink *out, const Parser *parser, const FixtureFile *file, const Companions *beside)
{
    Capture c;
    const Parser *picked = parser_pick(file->path, str_slice(file->bytes, 0, LIMIT_HEAD));
    capture_run_beside(&c, parser, file->path, file->bytes, beside, true);
    sink_put(out, "file ");
    put_escaped(out, file->path, 400);
    sink_format(out, "\n  events %zu diagnostics %llu", c.events.count,
                (unsigned long long)(c.analysis.row->diagnostics.count + c.analysis.row->diagnostics_lost));
    sink_put(out, " status ");
    sink_put(out, status_name(c.status));
    sink_put(out, " picked ");
    sink_put(out, picked ? picked->name : "nobody");
    sink_put(out, "\n");
    for (size_t i = 0; i < c.events.count; i++) {
        put_event(out, &c.events.at[i]);
    }
    put_row(out, c.analysis.row);
    capture_close(&c);
}

/* --- cases -------------------------------------------------------------------------------------------------------- */

/* A sink writes to a file; its bytes come back from there. */
static Str case_text(Arena *a, const Parser *parser, const FixtureList *files)
{
    FILE *file = tmpfile();
    if (!file) {
        abort();
    }
    Sink out = sink_file(file);
    const Companions beside = fixture_beside(a, files);
    for (size_t i = 0; i < files->count; i++) {
        put_file(&out, parser, &files->at[i], &beside);
    }
    sink_close(&out);
    long size = ftell(file);
    uint8_t *bytes = ARENA_NEW(a, uint8_t, (size_t)size);
    rewind(file);
    size_t got = fread(bytes, 1, (size_t)size, file);
    fclose(file);
    return (Str){bytes, got};
}

static void show_difference(Str got, Str want)
{
    Str a, b;
    for (unsigned line = 1; got.len || want.len; line++) {
        a = b = STR("");
        str_split(&want, '\n', &a);
        str_split(&got, '\n', &b);
        if (!str_eq(a, b)) {
            printf("#   line %u\n#   expected: %.*s\n#   actual:   %.*s\n", line, (int)(a.len < 400 ? a.len : 400),
                   (const char *)a.at, (int)(b.len < 400 ? b.len : 400), (const char *)b.at);
            return;
        }
    }
}

static bool write_file(const char *path, Str bytes)
{
    FILE *file = fopen(path, "wb");
    bool good = file && fwrite(bytes.at, 1, bytes.len, file) == bytes.len;
    return (file ? fclose(file) == 0 : true) && good;
}

static void tell(Totals *t, bool good, const char *name)
{
    printf("%s %s\n", good ? "ok" : "not ok", name);
    t->passed += good;
    t->failed += !good;
}

static void run_case(Totals *t, const Parser *parser, const char *folder)
{
    Arena a = {0};
    FixtureList files = {0};
    const char *input = fixture_join(&a, folder, "input"), *expect = fixture_join(&a, folder, "expect.txt");
    const char *trouble = fixture_files(&a, input, &files);
    Str want = {0}, got = STR("");
    bool good = !trouble && files.count > 0;
    if (good) {
        got = case_text(&a, parser, &files);
        good = t->update ? write_file(expect, got) : fixture_read(&a, expect, &want) && str_eq(got, want);
    }
    tell(t, good, folder);
    if (!good) {
        const char *why = !files.count ? "no input" : want.at ? "differs from expect.txt" : "no expect.txt";
        printf("#   %s\n", trouble ? trouble : why);
        show_difference(got, want);
    }
    arena_free(&a);
}

static void run_parser(Totals *t, const Parser *parser)
{
    Arena a = {0};
    Str *names = NULL;
    size_t count = 0;
    static const char *const kinds[] = {"ok-", "bad-", "hostile-"};
    bool has[3] = {false, str_eq(str_of(parser->name), STR("unread")), false};
    const char *root = fixture_join(&a, "fixtures/parsers", parser->name);
    if (!platform_folder(&a, root, &names, &count)) {
        count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < 3; k++) {
            has[k] = has[k] || str_starts(names[i], str_of(kinds[k]));
        }
        run_case(t, parser, fixture_join_str(&a, root, names[i]));
    }
    for (size_t k = 0; k < 3; k++) {
        if (!has[k]) {
            tell(t, false, root);
            printf("#   has no case %s*\n", kinds[k]);
        }
    }
    arena_free(&a);
}

int main(int argc, char **argv)
{
    Totals t = {.update = getenv("UPDATE") && strcmp(getenv("UPDATE"), "1") == 0};
    platform_begin();
    for (const Parser *const *p = parsers; *p; p++) {
        bool wanted = argc < 2;
        for (int i = 1; i < argc; i++) {
            wanted = wanted || strcmp(argv[i], (*p)->name) == 0;
        }
        if (wanted) {
            run_parser(&t, *p);
        } else {
            t.skipped++;
        }
    }
    printf("golden: %u passed, %u failed, %u skipped\n", t.passed, t.failed, t.skipped);
    return t.failed ? 1 : 0;
}
