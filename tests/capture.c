#include "capture.h"

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

/* What is not kept is copied too, so that a memory checker sees each byte used. */
static void tap(void *with, const Event *ev)
{
    Capture *c = with;
    coverage_add(c->analysis.row, &c->run, ev);
    if (c->keep) {
        *VEC_ADD(&c->run, &c->events) = copy(&c->run, ev);
    } else {
        copy(&c->passing, ev);
        arena_reset(&c->passing);
    }
}

void capture_run(Capture *c, const Parser *parser, Str path, Str bytes, bool keep)
{
    capture_run_beside(c, parser, path, bytes, NULL, keep);
}

void capture_run_beside(Capture *c, const Parser *parser, Str path, Str bytes, const Companions *beside, bool keep)
{
    Source src;
    Arena scratch = {0};
    *c = (Capture){.keep = keep};
    analysis_open(&c->analysis, NULL, &c->run);
    c->analysis.tap = tap;
    c->analysis.tap_with = c;
    source_open_memory(&src, path, bytes);
    src.beside = beside;
    SourceRow *row = analysis_row(&c->analysis, path, 0, TIME_NONE, 1);
    c->status = parser->parse(&src, &scratch, &c->analysis);
    row->size = src.offset;
    coverage_close(row, &c->run);
    source_close(&src);
    arena_free(&scratch);
}

void capture_close(Capture *c)
{
    analysis_close(&c->analysis);
    arena_free(&c->passing);
    arena_free(&c->run);
}
