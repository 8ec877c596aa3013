#include "collection.h"

/* --- paths ------------------------------------------------------------------------------------------------------ */

static uint8_t path_byte(uint8_t c)
{
    return c == '\\' ? '/' : byte_lower(c);
}

/* `*` stands for anything within one part of a path. */
static bool glob(Str pattern, Str text)
{
    size_t p = 0, t = 0, star = STR_NOT_FOUND, from = 0;
    while (t < text.len) {
        if (p < pattern.len && pattern.at[p] == '*') {
            star = ++p;
            from = t;
        } else if (p < pattern.len && path_byte(pattern.at[p]) == path_byte(text.at[t])) {
            p++;
            t++;
        } else if (star != STR_NOT_FOUND && path_byte(text.at[from]) != '/') {
            p = star;
            t = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.at[p] == '*') {
        p++;
    }
    return p == pattern.len;
}

/* `C:\Windows\x` without its drive, as a disk inspection names it: `\Windows\x`. */
static Str without_drive(Str path)
{
    return path.len > 2 && path.at[1] == ':' ? str_from(path, 2) : path;
}

static Str last_part(Str path)
{
    size_t slash = str_rfind_byte(path, '/'), back = str_rfind_byte(path, '\\');
    size_t cut = slash == STR_NOT_FOUND || (back != STR_NOT_FOUND && back > slash) ? back : slash;
    return cut == STR_NOT_FOUND ? path : str_from(path, cut + 1);
}

/* The end of the path that has as many parts as the pattern; the pattern begins with a separator. */
static bool tail_fits(Str pattern, Str path)
{
    size_t parts = 0, at = path.len;
    for (size_t i = 0; i < pattern.len; i++) {
        parts += path_byte(pattern.at[i]) == '/';
    }
    for (; at > 0; at--) {
        parts -= path_byte(path.at[at - 1]) == '/';
        if (parts == 0) {
            return glob(pattern, str_from(path, at - 1));
        }
    }
    return parts == 1 && glob(str_from(pattern, 1), path);
}

/* `*.log` is a name of too many things. */
static bool name_fits(Str pattern, Str path)
{
    Str name = last_part(pattern);
    return name.len && name.at[0] != '*' && glob(name, last_part(path));
}

bool source_path_fits(const LogSource *source, Str path, bool name_alone)
{
    for (size_t i = 0; i < source->vm_path_count; i++) {
        Str pattern = without_drive(source->vm_path[i]);
        if (tail_fits(pattern, path) || (name_alone && name_fits(pattern, path))) {
            return true;
        }
    }
    return false;
}

/* --- results.txt ------------------------------------------------------------------------------------------------ */

static Collection *collection_of(Collections *all, Arena *run, const SourceRow *row)
{
    for (size_t i = 0; i < all->list.count; i++) {
        if (all->list.at[i].row == row) {
            return &all->list.at[i];
        }
    }
    size_t cut = str_rfind_byte(row->path, '/');
    Collection *c = VEC_ADD(run, &all->list);
    *c = (Collection){.row = row, .folder = str_slice(row->path, 0, cut == STR_NOT_FOUND ? 0 : cut + 1)};
    return c;
}

/* `… specifying skip to step 12.3 to continue gathering` */
static Str resume_step(Str line)
{
    Str step = str_between(line, STR("skip to step "), STR(" "));
    for (size_t i = 0; i < step.len; i++) {
        if (!byte_digit(step.at[i]) && step.at[i] != '.') {
            return STR("?");
        }
    }
    return step.len && step.len < 16 ? step : STR("?");
}

Collections collection_find(const Analysis *analysis, Arena *run)
{
    Collections all = {0};
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Kept *k = analysis->kept.at[i];
        if (k->ev.mark < MARK_INSPECTED || k->ev.mark > MARK_INSPECT_ENCRYPTED) {
            continue;
        }
        Collection *c = collection_of(&all, run, k->row);
        switch (k->ev.mark) {
        case MARK_INSPECTED: c->mode = c->mode.len ? c->mode : event_field(&k->ev, STR("Manifest")); break;
        case MARK_INSPECT_CUT: c->resume = resume_step(k->ev.message); break;
        case MARK_INSPECT_ENCRYPTED: c->encrypted = true; break;
        default: *VEC_ADD(run, &c->copies) = k; break;
        }
    }
    return all;
}

Fate collection_fate(const Collection *c, const LogSource *source, Str *path)
{
    static const Fate fates[] = {[MARK_COPY_NONE - MARK_COPIED] = FATE_NONE,
                                 [MARK_COPY_FAILED - MARK_COPIED] = FATE_FAILED,
                                 [MARK_COPIED - MARK_COPIED] = FATE_COPIED,
                                 [MARK_COPY_REMOVED - MARK_COPIED] = FATE_REMOVED};
    Fate worst = FATE_UNTOLD;
    for (size_t i = 0; i < c->copies.count; i++) {
        const Event *ev = &c->copies.at[i]->ev;
        Str named = event_field(ev, STR("Path"));
        Fate fate = fates[ev->mark - MARK_COPIED];
        if (fate > worst && source_path_fits(source, named, false)) {
            worst = fate;
            *path = named;
        }
    }
    return worst;
}
