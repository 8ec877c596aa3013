#include "root.h"

/* Archives inside are walked past: what is in them was put together by somebody else, at another time. */
static size_t inside(Str path)
{
    size_t at = 0;
    for (size_t hit; (hit = str_find(path, STR("!/"), at)) != STR_NOT_FOUND;) {
        at = hit + 2;
    }
    return at;
}

/* Where the path goes on below its root. */
static size_t root_end(Str path, bool *tree)
{
    static const char *const folders[] = {"WindowsAzure", "Packages", "Windows", "winevt", "Logs", "Plugins"};
    size_t from = inside(path), cut = str_rfind_byte(path, '/');
    for (size_t at = from; at < path.len;) {
        size_t end = str_find_byte(path, '/', at);
        Str part = str_slice(path, at, end);
        for (size_t i = 0; end != STR_NOT_FOUND && i < sizeof folders / sizeof *folders; i++) {
            if (str_eq_nocase(part, str_of(folders[i]))) {
                *tree = i < 3;
                return at;
            }
        }
        at = end == STR_NOT_FOUND ? path.len : end + 1;
    }
    *tree = false;
    return cut == STR_NOT_FOUND || cut + 1 < from ? from : cut + 1;
}

Str root_below(Str path, bool *tree)
{
    return str_from(path, root_end(path, tree));
}

/* --- names ------------------------------------------------------------------------------------------------------ */

#define NETBIOS_NAME 15 /* longer names are cut to it where the old kind of name is told */

bool root_same_name(Str a, Str b)
{
    return str_eq_nocase(a, b) || (a.len == NETBIOS_NAME && str_starts_nocase(b, a)) ||
           (b.len == NETBIOS_NAME && str_starts_nocase(a, b));
}

Str root_label(Str computer)
{
    return str_slice(computer, 0, str_find_byte(computer, '.', 0));
}

bool root_names(const SourceRow *row)
{
    return str_eq_nocase(row->channel, STR("System")) || str_eq_nocase(row->channel, STR("Application"));
}

static void root_name(Root *root, Str computer, int64_t ns)
{
    if (computer.len && (!root->name.len || ns >= root->named_ns)) {
        root->name = root_label(computer);
        root->named_ns = ns;
    }
}

/* --- the list --------------------------------------------------------------------------------------------------- */

typedef struct Roots {
    RootList list;
    uint32_t *slots; /* hash of list: index plus one */
    size_t slot_count;
} Roots;

static size_t root_hash(Str path, size_t input)
{
    uint64_t h = 14695981039346656037u + input;
    for (size_t i = 0; i < path.len; i++) {
        h = (h ^ byte_lower(path.at[i])) * 1099511628211u;
    }
    return (size_t)(h >> 20);
}

/* The index of a row's root. */
static uint32_t root_of(Roots *roots, Arena *run, const SourceRow *row, bool loose)
{
    bool tree;
    Str path = str_slice(row->path, 0, root_end(row->path, &tree));
    size_t input = loose ? SIZE_MAX : row->input;
    for (size_t slot = root_hash(path, input);; slot++) {
        uint32_t *at = &roots->slots[slot % roots->slot_count];
        if (*at == 0) {
            *VEC_ADD(run, &roots->list) = (Root){.path = path, .input = input, .loose = loose, .named_ns = TIME_NONE};
            *at = (uint32_t)roots->list.count;
        }
        const Root *r = &roots->list.at[*at - 1];
        if (r->input == input && str_eq_nocase(r->path, path)) {
            return *at - 1;
        }
    }
}

RootList root_find(const Analysis *analysis, const bool *loose, uint32_t **of, Arena *run)
{
    size_t count = analysis->rows.count;
    Roots roots = {.slots = ARENA_NEW(run, uint32_t, 2 * count + 1), .slot_count = 2 * count + 1};
    *of = ARENA_NEW(run, uint32_t, count);
    for (size_t i = 0; i < count; i++) {
        const SourceRow *row = analysis->rows.at[i];
        (*of)[i] = root_of(&roots, run, row, loose && loose[row->input]);
        if (root_names(row)) {
            root_name(&roots.list.at[(*of)[i]], row->computer, row->computer_ns);
        }
    }
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Kept *k = analysis->kept.at[i];
        if (k->ev.mark == MARK_MACHINE) {
            root_name(&roots.list.at[(*of)[k->row->number]], k->ev.computer, k->ev.time_ns);
        }
    }
    return roots.list;
}
