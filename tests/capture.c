#include "capture.h"

#include <string.h>

static Capture *capture_of(Analysis *out)
{
    return (Capture *)out;
}

const char *mark_name(Mark mark)
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
    };
    return (size_t)mark < sizeof names / sizeof *names && names[mark] ? names[mark] : "?";
}

const char *status_name(Status status)
{
    static const char *const names[] = {"ok", "partial", "failed", "fatal"};
    return names[status];
}

/* --- analysis.h --------------------------------------------------------------------------------------------------- */

void analysis_open(Analysis *out, const RuleSet *rules, Arena *run)
{
    out->rules = rules;
    out->run = run;
}

void analysis_close(Analysis *out)
{
    (void)out;
}

void analysis_sort(Analysis *out)
{
    (void)out;
}

SourceRow *analysis_row(Analysis *out, Str path, uint64_t order, int64_t mtime_ns, unsigned share)
{
    SourceRow *row = ARENA_NEW(out->run, SourceRow, 1);
    *row = (SourceRow){.order = order,
                       .path = arena_str(out->run, path),
                       .kind = "other",
                       .span = {TIME_NONE, TIME_NONE},
                       .computer_ns = TIME_NONE,
                       .mtime_ns = mtime_ns,
                       .kept_room = SIZE_MAX / share};
    out->row = row;
    return row;
}

static uint64_t sum(Str s)
{
    uint64_t n = s.len;
    for (size_t i = 0; i < s.len; i++) {
        n = n * 31 + s.at[i];
    }
    return n;
}

static uint64_t touch(const Event *ev)
{
    uint64_t n = sum(ev->time_text) + sum(ev->provider) + sum(ev->provider_alias) + sum(ev->channel) + sum(ev->computer) +
                 sum(ev->message);
    for (size_t i = 0; i < ev->field_count; i++) {
        n += sum(ev->fields[i].name) + sum(ev->fields[i].value);
    }
    return n;
}

static Event copy(Arena *a, const Event *ev)
{
    Event to = *ev;
    Field *fields = ARENA_NEW(a, Field, ev->field_count);
    for (size_t i = 0; i < ev->field_count; i++) {
        fields[i] = (Field){arena_str(a, ev->fields[i].name), arena_str(a, ev->fields[i].value)};
    }
    to.fields = fields;
    to.time_text = arena_str(a, ev->time_text);
    to.provider = arena_str(a, ev->provider);
    to.provider_alias = arena_str(a, ev->provider_alias);
    to.channel = arena_str(a, ev->channel);
    to.computer = arena_str(a, ev->computer);
    to.message = arena_str(a, ev->message);
    return to;
}

void analysis_add(Analysis *out, Source *src, const Event *ev)
{
    (void)src;
    Capture *c = capture_of(out);
    coverage_add(out->row, out->run, ev);
    c->count++;
    c->touched += touch(ev);
    if (c->keep) {
        *VEC_ADD(&c->run, &c->events) = copy(&c->run, ev);
    }
}

static Status diagnose(Analysis *out, uint64_t at, bool is_line, const char *what)
{
    if (out->row->diagnostics.count < LIMIT_DIAGNOSTICS) {
        *VEC_ADD(out->run, &out->row->diagnostics) = (Diagnostic){at, is_line, arena_str(out->run, str_of(what))};
    } else {
        out->row->diagnostics_lost++;
    }
    return ST_PARTIAL;
}

Status analysis_diag(Analysis *out, Source *src, uint64_t offset, const char *what)
{
    (void)src;
    return diagnose(out, offset, false, what);
}

Status analysis_diag_line(Analysis *out, Source *src, uint64_t line, const char *what)
{
    (void)src;
    return diagnose(out, line, true, what);
}

void analysis_limit(Analysis *out, const char *limit, const char *what)
{
    for (size_t i = 0; i < out->row->limits.count; i++) {
        if (str_eq(str_of(limit), str_of(out->row->limits.at[i].limit))) {
            return;
        }
    }
    *VEC_ADD(out->run, &out->row->limits) = (LimitRow){limit, arena_str(out->run, str_of(what))};
}

void analysis_note(Analysis *out, Str note)
{
    out->row->note = arena_str(out->run, note);
}

bool analysis_wants(const Analysis *out, Str provider, Str provider_alias, uint32_t id, Str channel, Level level)
{
    (void)out, (void)provider, (void)provider_alias, (void)id, (void)channel, (void)level;
    return true;
}

/* --- a run -------------------------------------------------------------------------------------------------------- */

void capture_run(Capture *c, const Parser *parser, Str path, Str bytes, bool keep)
{
    Source src;
    *c = (Capture){.keep = keep};
    analysis_open(&c->analysis, NULL, &c->run);
    source_open_memory(&src, path, bytes);
    SourceRow *row = analysis_row(&c->analysis, path, 0, TIME_NONE, 1);
    c->status = parser->parse(&src, &c->scratch, &c->analysis);
    row->size = src.offset;
    coverage_close(row, &c->run);
    source_close(&src);
}

void capture_close(Capture *c)
{
    arena_free(&c->scratch);
    arena_free(&c->run);
}
