#include "case.h"

#include "limits.h"

/* An input in front of the order of a source in its bundle, which counts the members and what is in them. */
#define ORDER_INPUT(index) ((uint64_t)(index) << 48)
#define ORDER_LAST         (ORDER_INPUT(1) - 1)

/* --- names ------------------------------------------------------------------------------------------------------ */

static Str trimmed(const char *path)
{
    Str name = str_of(path);
    while (name.len > 1 && name.at[name.len - 1] == '/') {
        name.len--;
    }
    return str_eq(name, STR("-")) ? STR("stdin") : name;
}

static bool ends_so(Str path, Str tail)
{
    bool part = path.len == tail.len || (path.len > tail.len && path.at[path.len - tail.len - 1] == '/');
    return part && str_ends(path, tail);
}

/* The shortest end of its path, in whole parts, that no other input has. */
static Str name_among(const char *const *paths, size_t count, size_t at)
{
    Str path = trimmed(paths[at]);
    size_t cut = str_rfind_byte(path, '/');
    for (size_t i = 0; i < count && cut != STR_NOT_FOUND; i++) {
        if (i != at && ends_so(trimmed(paths[i]), str_from(path, cut + 1))) {
            cut = cut ? str_rfind_byte(str_slice(path, 0, cut), '/') : STR_NOT_FOUND;
            i = (size_t)-1; /* a longer end: ask all of them again */
        }
    }
    return cut == STR_NOT_FOUND ? path : str_from(path, cut + 1);
}

static Str case_name(const Bundle *bundle, Arena *run)
{
    VEC(Str) parts = {0};
    for (size_t i = 0; i < bundle->inputs.count; i++) {
        *VEC_ADD(run, &parts) = i ? STR(" + ") : (Str){0};
        *VEC_ADD(run, &parts) = bundle->inputs.at[i].name;
    }
    return arena_join(run, parts.at, parts.count);
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static void row_place(SourceRow *row, const Bundle *of, size_t input, Arena *run)
{
    bool whole = row->order == UINT64_MAX; /* the row about the bundle itself */
    Str parts[] = {of->name, of->kind == BUNDLE_FOLDER ? STR("/") : STR("!/"), row->path};
    row->path = whole || of->kind == BUNDLE_FILE ? of->name : arena_join(run, parts, 3);
    row->order = ORDER_INPUT(input) + (whole || row->order > ORDER_LAST ? ORDER_LAST : row->order);
    row->input = input;
}

/* What cannot be read at all has a row, too: it is missing from the case. */
static void unread_row(const Bundle *of, Analysis *analysis)
{
    SourceRow *row = analysis_row(analysis, of->name, UINT64_MAX, TIME_NONE, 1);
    row->status = ROW_UNREAD;
    row->note = of->trouble;
}

static void input_read(Bundle *of, const char *path, Str name, size_t input, size_t room, Password *password,
                       Analysis *into, unsigned threads)
{
    Arena run = {0};
    Analysis one;
    analysis_open(&one, into->rules, &run);
    one.room = room;
    bundle_read(of, path, password, &one, threads);
    of->name = name;
    if (of->status == ST_FAILED && one.rows.count == 0) {
        unread_row(of, &one);
    }
    for (size_t i = 0; i < one.rows.count; i++) {
        row_place(one.rows.at[i], of, input, &run);
    }
    analysis_close(&one);
    analysis_adopt(into, &one);
}

static void case_status(Bundle *bundle, Arena *run)
{
    VEC(Str) troubles = {0};
    size_t failed = 0;
    for (size_t i = 0; i < bundle->inputs.count; i++) {
        const Bundle *of = &bundle->inputs.at[i];
        failed += of->status == ST_FAILED;
        if (of->status != ST_OK) {
            bool first = troubles.count == 0;
            *VEC_ADD(run, &troubles) = first ? (Str){0} : STR("; ");
            *VEC_ADD(run, &troubles) = of->name;
            *VEC_ADD(run, &troubles) = STR(": ");
            *VEC_ADD(run, &troubles) = of->trouble;
        }
    }
    bundle->status = failed == bundle->inputs.count ? ST_FAILED : troubles.count ? ST_PARTIAL : ST_OK;
    bundle->trouble = arena_join(run, troubles.at, troubles.count);
}

void case_read(Bundle *bundle, const char *const *paths, size_t count, Password *password, Analysis *analysis,
               unsigned threads)
{
    *bundle = (Bundle){.kind = BUNDLE_CASE};
    for (size_t i = 0; i < count; i++) {
        Bundle *of = VEC_ADD(analysis->run, &bundle->inputs);
        input_read(of, paths[i], name_among(paths, count, i), i, LIMIT_KEPT_ALL / count, password, analysis, threads);
    }
    bundle->name = case_name(bundle, analysis->run);
    case_status(bundle, analysis->run);
    analysis_sort(analysis);
}

void case_conclude(Bundle *bundle, const Analysis *analysis)
{
    for (size_t i = 0; i < bundle->inputs.count; i++) {
        Analysis of = {.run = analysis->run};
        for (size_t j = 0; j < analysis->rows.count; j++) {
            if (analysis->rows.at[j]->input == i) {
                *VEC_ADD(of.run, &of.rows) = analysis->rows.at[j];
            }
        }
        for (size_t j = 0; j < analysis->kept.count; j++) {
            if (analysis->kept.at[j]->row->input == i) {
                *VEC_ADD(of.run, &of.kept) = analysis->kept.at[j];
            }
        }
        Bundle *input = &bundle->inputs.at[i];
        bundle_conclude(input, &of);
        input->collected_ns = input->kind == BUNDLE_FILE ? input->time_last : input->collected_ns;
    }
}
