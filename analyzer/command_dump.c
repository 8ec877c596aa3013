#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "analysis.h"
#include "base/platform.h"
#include "base/secret.h"
#include "command.h"
#include "parser.h"

static void key(Sink *out, const char *name, Str value)
{
    if (value.len) {
        sink_format(out, ",\"%s\":", name);
        sink_json(out, value);
    }
}

/* Fields of the same name are told apart only this far back: names are compared with every one. */
#define NAMES_LOOKED_AT 256

/* JSON has one member a name: the second field of a name is name#2. */
static void member_name(Sink *out, const Event *ev, size_t i, Arena *scratch)
{
    Str name = ev->fields[i].name;
    unsigned same = 1;
    for (size_t k = i; k > 0 && i - k < NAMES_LOOKED_AT; k--) {
        same += str_eq(ev->fields[k - 1].name, name);
    }
    sink_json(out, same == 1 ? name : arena_join(scratch, (Str[]){name, arena_format(scratch, "#%u", same)}, 2));
}

static void data(Sink *out, const Event *ev)
{
    Arena scratch = {0};
    unsigned unnamed = 0;
    sink_put(out, ",\"data\":{");
    for (size_t i = 0; i < ev->field_count; i++) {
        sink_put(out, i ? "," : "");
        if (ev->fields[i].name.len) {
            member_name(out, ev, i, &scratch);
        } else {
            sink_format(out, "\"Data%u\"", ++unnamed);
        }
        sink_put(out, ":");
        sink_json(out, secret_named(ev->fields[i].name) ? STR("***") : ev->fields[i].value);
    }
    arena_free(&scratch);
    sink_put(out, "}");
}

/* One event a line, in the file's order: what a parser without a fuller form has to say. */
static void print_event(void *with, const Event *ev)
{
    Sink *out = with;
    sink_format(out, "{\"%s\":%llu", ev->is_line ? "line" : "record", (unsigned long long)ev->record);
    if (ev->time_ns != TIME_NONE) {
        char text[TIMESTAMP_ROOM];
        bool local = ev->trust == TRUST_LOCAL;
        size_t len = timestamp_format(text, ev->time_ns, ev->time_digits);
        sink_put(out, local ? ",\"local_time\":\"" : ",\"time\":\"");
        sink_raw(out, (Str){(uint8_t *)text, len - local}); /* without its Z */
        sink_put(out, "\"");
    }
    key(out, "provider", ev->provider);
    if (ev->service == SERVICE_EVENT_LOG) {
        sink_format(out, ",\"event_id\":%u", (unsigned)ev->id);
    }
    key(out, "channel", ev->channel);
    if (ev->service == SERVICE_EVENT_LOG) {
        sink_format(out, ",\"level\":%u", (unsigned)ev->level);
    } else {
        key(out, "level", str_of(level_name(ev->level)));
    }
    key(out, "computer", ev->computer);
    key(out, "message", ev->message);
    data(out, ev);
    sink_put(out, "}\n");
}

static void complain(const char *before, Str what)
{
    Sink err = sink_file(stderr);
    sink_put(&err, "vmsift: ");
    sink_put(&err, before);
    sink_term(&err, what);
    sink_put(&err, "\n");
    sink_close(&err);
}

/* What an analysis shows beside the source. */
static void print_row(const SourceRow *row)
{
    for (size_t i = 0; i < row->diagnostics.count; i++) {
        const Diagnostic *d = &row->diagnostics.at[i];
        char place[40];
        snprintf(place, sizeof place, "%s %llu: ", d->is_line ? "line" : "offset", (unsigned long long)d->at);
        complain(place, d->what);
    }
    if (row->diagnostics_lost) {
        fprintf(stderr, "vmsift: and %llu more places\n", (unsigned long long)row->diagnostics_lost);
    }
    for (size_t i = 0; i < row->limits.count; i++) {
        complain("a limit was reached: ", row->limits.at[i].what);
    }
    if (row->note.len) {
        complain("", row->note);
    }
}

static Status dump_with(const Parser *parser, Source *src, DumpOptions how, Sink *to)
{
    Arena run = {0}, scratch = {0};
    Analysis analysis;
    analysis_open(&analysis, NULL, &run);
    analysis_row(&analysis, src->path, 0, src->mtime_ns, 1);
    analysis.tap = print_event;
    analysis.tap_with = to;
    Status status =
        parser->dump ? parser->dump(src, &scratch, how, to, &analysis) : parser->parse(src, &scratch, &analysis);
    print_row(analysis.row);
    arena_free(&scratch);
    arena_free(&run);
    return status;
}

static size_t read_file(void *with, uint8_t *to, size_t room, ReadTrouble *trouble)
{
    size_t n = fread(to, 1, room, with);
    trouble->why = n == 0 && ferror((FILE *)with) ? strerror(errno) : trouble->why;
    return n;
}

/* The file as a companion of the one called `path`, if it is of those that are read with others. */
static bool companion_of(const char *path, const char *full, Str more, const Parser *parser, Arena *a, Companion *to)
{
    FILE *in = platform_file(full, true, NULL, NULL) == FILE_REGULAR ? fopen(full, "rb") : NULL;
    if (!in) {
        return false;
    }
    Source src;
    source_open(&src, str_of(full), 0, TIME_NONE, read_file, in);
    bool wanted = parser->waits(source_peek(&src, LIMIT_HEAD)) && source_fits(&src, LIMIT_HELD);
    if (wanted) {
        to->path = arena_join(a, (Str[]){str_of(path), more}, 2);
        to->bytes = arena_str(a, source_hold(&src, LIMIT_HELD));
    }
    source_close(&src);
    fclose(in);
    return wanted;
}

/* The logs of a hive lie beside it, and are called as it is and something more. */
static void read_beside(const char *path, const Parser *parser, Arena *a, Companions *to)
{
    size_t cut = str_rfind_byte(str_of(path), '/') + 1, count; /* 0: not found */
    Str folder = cut ? str_slice(str_of(path), 0, cut) : STR("./"), base = str_from(str_of(path), cut), *names;
    VEC(Companion) found = {0};
    bool listed = platform_folder(a, (const char *)arena_join(a, (Str[]){folder, STR("\0")}, 2).at, &names, &count);
    for (size_t i = 0; listed && i < count; i++) {
        const char *full = (const char *)arena_join(a, (Str[]){folder, names[i], STR("\0")}, 3).at;
        Str more = str_from(names[i], base.len);
        Companion companion;
        if (str_starts(more, STR(".")) && str_starts_nocase(names[i], base) &&
            companion_of(path, full, more, parser, a, &companion)) {
            *VEC_ADD(a, &found) = companion;
        }
    }
    *to = (Companions){.at = found.at, .count = found.count};
}

static int dump_source(Source *src, DumpOptions how, Sink *to)
{
    Arena held = {0};
    Companions beside;
    Status status = ST_FATAL;
    const Parser *parser = parser_pick(src->path, source_peek(src, LIMIT_HEAD));
    if (parser->waits && parser->waits(source_peek(src, LIMIT_HEAD)) && !str_eq(src->path, STR("-"))) {
        read_beside((const char *)src->path.at, parser, &held, &beside);
        src->beside = &beside;
    }
    if (str_eq(str_of(parser->name), STR("unread"))) {
        complain("no parser reads this file (vmsift sources reads archives and folders): ", src->path);
    } else if (how.format == DUMP_XML && !parser->writes_xml) {
        fprintf(stderr, "vmsift: %s files have no XML form; --format jsonl has all of it\n", parser->name);
    } else if (how.recover && !parser->recovers) {
        fprintf(stderr, "vmsift: nothing is recovered from %s files; --recover is for event logs (.evtx)\n",
                parser->name);
    } else {
        status = dump_with(parser, src, how, to);
    }
    if (source_error(src)) {
        fprintf(stderr, "vmsift: the file could not be read to its end: %s\n", source_error(src));
        status = ST_FATAL;
    }
    arena_free(&held);
    return status == ST_FATAL ? EXIT_BUNDLE : EXIT_ANALYSED;
}

static int dump_file(const char *path, DumpOptions how)
{
    Source src;
    bool standard = strcmp(path, "-") == 0;
    bool folder = !standard && platform_file(path, true, NULL, NULL) == FILE_FOLDER;
    FILE *in = standard ? stdin : folder ? NULL : fopen(path, "rb");
    if (!in) {
        char what[160];
        snprintf(what, sizeof what, "cannot read (%s): ", folder ? "a folder; dump takes one file" : strerror(errno));
        usage_error(what, path);
        return EXIT_BUNDLE;
    }
    platform_confine();
    Sink out = sink_file(stdout);
    source_open(&src, str_of(path), 0, TIME_NONE, read_file, in);
    int status = dump_source(&src, how, &out);
    source_close(&src);
    if (!standard) {
        fclose(in);
    }
    return sink_close(&out) == ST_OK ? status : usage_error("the dump could not be written: ", strerror(errno));
}

int command_dump(Arguments args)
{
    DumpOptions how = {.format = DUMP_JSONL};
    const char *value, *path = NULL;
    while (args.count > 0) {
        const char *word = args.at[0];
        if (option_value(&args, "--format", &value)) {
            if (!value || (strcmp(value, "xml") != 0 && strcmp(value, "jsonl") != 0)) {
                return value ? usage_error("no such format (xml or jsonl): ", value) : EXIT_OURS;
            }
            how.format = strcmp(value, "xml") == 0 ? DUMP_XML : DUMP_JSONL;
        } else if (option_flag(&args, "--recover")) {
            how.recover = true;
        } else if (word[0] == '-' && word[1]) {
            return option_unknown(word);
        } else if (path) {
            return usage_error("dump takes one file, and this is a second one: ", word);
        } else {
            path = word;
            args.at++;
            args.count--;
        }
    }
    return path ? dump_file(path, how) : usage_error("no file was named (vmsift --help)", "");
}
