#include "conclusion.h"

#include <stdlib.h>

#include "collect.h"
#include "error_code.h"

static Str datum(const Event *ev, size_t index)
{
    return index < ev->field_count ? str_trim(ev->fields[index].value) : (Str){0};
}

/* Data by position: bundle-formats.md section 4.5. Empty: not worth a line. */
static Str change_text(const Conclude *c, const Event *ev)
{
    Str text[] = {(Str){0}, datum(ev, 0), (Str){0}, (Str){0}, (Str){0}, (Str){0}};
    if (ev->text_only) {
        return str_slice(ev->message, 0, str_find_byte(ev->message, '\n', 0));
    }
    switch (ev->mark == MARK_CLOCK ? 0 : ev->id) {
    case 0:
        text[0] = STR("clock set from ");
        text[1] = event_field(ev, STR("OldTime"));
        text[2] = STR(" to ");
        text[3] = event_field(ev, STR("NewTime"));
        break;
    case 1033:
    case 1034:
    case 1035:
    case 1036: {
        static const char *const verbs[] = {"installed ", "removed ", "reconfigured ", "updated "};
        bool failed = !str_eq(event_installer_status(ev), STR("0"));
        text[0] = str_of(verbs[ev->id - 1033]);
        text[2] = STR(" ");
        text[3] = datum(ev, 1);
        text[4] = failed ? STR(", status ") : (Str){0};
        text[5] = failed ? event_installer_status(ev) : (Str){0};
        break;
    }
    case 7040:
        text[0] = STR("start type of ");
        text[2] = STR(": ");
        text[3] = datum(ev, 1);
        text[4] = STR(" became ");
        text[5] = datum(ev, 2);
        break;
    case 7045:
        text[0] = STR("service installed: ");
        text[2] = STR(", ");
        text[3] = datum(ev, 1);
        break;
    case 4202:
        text[0] = STR("MSDTC started as ");
        text[1] = datum(ev, 8);
        break;
    default: return (Str){0};
    }
    return arena_join(c->run, text, sizeof text / sizeof *text);
}

/* The background transfer and update services go to and fro between start types by themselves, all day. */
static bool is_routine(const Event *ev)
{
    Str name = ev->id == 7040 ? datum(ev, 3) : (Str){0};
    return str_eq_nocase(name, STR("BITS")) || str_eq_nocase(name, STR("TrustedInstaller"));
}

/* Agents write down what they do there, all the time. */
static bool is_setting(const Event *ev)
{
    static const char *const diaries[] = {
        "HKLM\\SOFTWARE\\Microsoft\\GuestAgent\\", "HKLM\\SOFTWARE\\Microsoft\\Virtual Machine\\",
        "HKLM\\SOFTWARE\\Microsoft\\Windows Azure\\", "HKLM\\SOFTWARE\\Microsoft\\WindowsAzure\\"};
    bool diary = false;
    for (size_t i = 0; i < sizeof diaries / sizeof *diaries; i++) {
        diary = diary || str_starts_nocase(event_field(ev, STR("TargetObject")), str_of(diaries[i]));
    }
    return ev->service == SERVICE_REGISTRY_STATE && !diary;
}

static bool same_key(const Kept *a, const Kept *b)
{
    Str x = event_field(&a->ev, STR("TargetObject")), y = event_field(&b->ev, STR("TargetObject"));
    return a->row == b->row && a->ev.time_ns == b->ev.time_ns &&
           str_eq(str_slice(x, 0, str_rfind_byte(x, '\\')), str_slice(y, 0, str_rfind_byte(y, '\\')));
}

/* One line a key, which was written as a whole: what its values were before, a hive does not tell. */
static void settings_find(const Conclude *c, Conclusion *out, int64_t after_ns, int64_t until_ns)
{
    const Kept *last = NULL;
    for (size_t i = 0; i < c->analysis->kept.count; i++) {
        const Kept *k = c->analysis->kept.at[i];
        if (!is_setting(&k->ev) || k->ev.time_ns <= after_ns || k->ev.time_ns > until_ns) {
            continue;
        }
        size_t key = str_rfind_byte(event_field(&k->ev, STR("TargetObject")), '\\');
        if (last && same_key(last, k)) {
            Str *what = &out->changes.at[out->changes.count - 1].what;
            Str more[] = {*what, STR("; "), str_from(k->quote, key + 1)};
            *what = what->len < LIMIT_QUOTE ? arena_join(c->run, more, 3) : *what;
        } else {
            Str what = arena_join(c->run, (Str[]){STR("registry key written: "), k->quote}, 2);
            *VEC_ADD(c->run, &out->changes) = (Change){k->ev.time_ns, what, k};
        }
        last = k;
    }
}

static void changes_find(const Conclude *c, Conclusion *out)
{
    const Episode *good = c->episodes->last_good, *bad = c->episodes->first_failed;
    if (!good || !bad) {
        return;
    }
    for (size_t i = 0; i < c->analysis->kept.count; i++) {
        const Kept *k = c->analysis->kept.at[i];
        Mark mark = k->ev.mark;
        bool change = (mark == MARK_SOFTWARE || mark == MARK_SERVICE || mark == MARK_CLOCK) && !is_routine(&k->ev);
        if (!change || k->ev.trust == TRUST_LOCAL || k->ev.time_ns <= good->start_ns || k->ev.time_ns > bad->start_ns) {
            continue;
        }
        Str text = change_text(c, &k->ev);
        if (text.len) {
            *VEC_ADD(c->run, &out->changes) = (Change){k->ev.time_ns, text, k};
        }
    }
    settings_find(c, out, good->start_ns, bad->start_ns);
    for (size_t i = 0; i < c->episodes->list.count; i++) {
        const Episode *ep = &c->episodes->list.at[i];
        if (ep->kind == EPISODE_BOOT && ep->start_ns > good->start_ns && ep->start_ns <= bad->start_ns) {
            *VEC_ADD(c->run, &out->changes) = (Change){ep->start_ns, STR("reboot"), ep->evidence};
        }
    }
    if (good->version.len && bad->version.len && !str_eq(good->version, bad->version)) {
        Str parts[] = {STR("extension version: "), good->version, STR(" became "), bad->version};
        *VEC_ADD(c->run, &out->changes) = (Change){bad->start_ns, arena_join(c->run, parts, 4), bad->evidence};
    }
}

static int change_order(const void *a, const void *b)
{
    const Change *x = a, *y = b;
    return x->time_ns != y->time_ns ? (x->time_ns < y->time_ns ? -1 : 1) : str_order(x->what, y->what);
}

/* The extension's own word first; else what was written at that time, the graver the better, the earlier the better. */
static const Kept *first_error(const Conclude *c)
{
    const Episode *ep = c->episodes->failure;
    const Kept *best = NULL;
    if (!ep || (ep->failure && ep->failure->ev.service == SERVICE_VMSNAPSHOT)) {
        return ep ? ep->failure : NULL;
    }
    for (size_t i = 0; i < c->analysis->kept.count; i++) {
        const Kept *k = c->analysis->kept.at[i];
        bool grave = (k->ev.level == LEVEL_CRITICAL || k->ev.level == LEVEL_ERROR) && k->ev.trust != TRUST_LOCAL;
        if (grave && k->ev.time_ns >= ep->start_ns - NS_MINUTE && k->ev.time_ns <= episode_end(ep) + NS_MINUTE &&
            (!best || (k->ev.service != SERVICE_EVENT_LOG && best->ev.service == SERVICE_EVENT_LOG))) {
            best = k;
        }
    }
    return best ? best : ep->failure;
}

static Str decoded(const Conclude *c, const Kept *k)
{
    CodeHit hit;
    size_t from = 0;
    if (!k || !error_code_next(k->quote, &from, &hit)) {
        return (Str){0};
    }
    const ErrorCode *code = error_code_find(hit.family, hit.code);
    const char *form = error_code_is_hex(hit.family) ? "0x%08x" : "%u";
    Str parts[] = {arena_format(c->run, form, (unsigned)hit.code), STR(" "), code ? str_of(code->symbol) : (Str){0}};
    return arena_join(c->run, parts, code ? 3 : 1);
}

static Str when_text(const Conclude *c, const Episode *ep)
{
    char text[TIMESTAMP_ROOM];
    size_t n = timestamp_format(text, ep->start_ns, 0);
    return arena_str(c->run, (Str){(uint8_t *)text, n});
}

static Str finding(const Conclude *c, const Conclusion *out)
{
    const AskedCode *asked = &c->asking->code;
    const Verdict *best = out->verdicts.count ? &out->verdicts.at[0] : NULL;
    if (best && best->kind <= POSSIBLE) {
        size_t more = 0;
        for (size_t i = 1; i < out->verdicts.count; i++) {
            more += out->verdicts.at[i].kind <= (best->kind <= LIKELY ? LIKELY : POSSIBLE) &&
                    !out->verdicts.at[i].explained_by;
        }
        bool other = asked_code_tells(asked) && !best->applies;
        Str parts[] = {best->cause->title,
                       STR(" ("),
                       str_of(verdict_name(best->kind)),
                       other ? STR(", not documented as a cause of ") : (Str){0},
                       other ? asked->name : (Str){0},
                       STR(")"),
                       more ? arena_format(c->run, ", and %zu more", more) : (Str){0}};
        return arena_join(c->run, parts, sizeof parts / sizeof *parts);
    }
    Str code = decoded(c, out->first_error);
    Str parts[] = {STR("no documented cause "),
                   asked->applies ? STR("of ") : (Str){0},
                   asked->applies ? asked->name : (Str){0},
                   asked->applies ? STR(" ") : (Str){0},
                   STR("is proved"),
                   code.len ? STR("; the first error is ") : (Str){0},
                   code};
    return arena_join(c->run, parts, sizeof parts / sizeof *parts);
}

static Str story(const Conclude *c, const Conclusion *out)
{
    const EpisodeList *e = c->episodes;
    if (c->bundle->status == ST_FAILED) {
        Str parts[] = {STR("This bundle cannot be analysed: "), c->bundle->trouble};
        return arena_join(c->run, parts, 2);
    }
    bool finds = out->verdicts.count && out->verdicts.at[0].kind <= POSSIBLE;
    if (!e->backups) {
        Str parts[] = {STR("No backup run is seen in this bundle"), finds ? STR(": ") : (Str){0},
                       finds ? finding(c, out) : (Str){0}};
        return arena_join(c->run, parts, 3);
    }
    if (!e->failure && c->asking->one_failure && e->failed) {
        return arena_format(c->run, "None of the %zu failed backups is the one that was asked for", e->failed);
    }
    if (!e->failure) {
        return arena_format(c->run,
                            e->good ? "None of %zu backups failed"
                                    : "%zu backups are seen, and how they ended is not in the bundle",
                            e->backups);
    }
    Str good[] = {STR(", last good "), e->last_good ? when_text(c, e->last_good) : (Str){0}};
    const Episode *first = e->list.at;
    while (!is_failed_backup(first)) {
        first++;
    }
    Str parts[] = {arena_format(c->run, "%zu of %zu backups failed, first ", e->failed, e->backups),
                   when_text(c, first), e->last_good ? arena_join(c->run, good, 2) : STR(", none good"), STR(": "),
                   finding(c, out)};
    return arena_join(c->run, parts, 5);
}

/* Whoever asks about an error that no bundle shows must read that first. */
static Str headline(const Conclude *c, const Conclusion *out)
{
    const AskedCode *asked = &c->asking->code;
    bool outside = asked->known && asked->known->where == PORTAL_OUTSIDE;
    Str parts[] = {asked->name, STR(": its cause lies outside the VM, no bundle shows it. "), story(c, out)};
    return outside ? arena_join(c->run, parts, 3) : parts[2];
}

void conclude(Conclusion *out, const Conclude *c)
{
    Survey survey = survey_open(c->analysis, c->bundle, c->run);
    collect_next(out, &survey);
    ledger_find(out, &survey);
    changes_find(c, out);
    if (out->changes.count) {
        qsort(out->changes.at, out->changes.count, sizeof *out->changes.at, change_order);
    }
    out->first_error = first_error(c);
    out->headline = headline(c, out);
}
