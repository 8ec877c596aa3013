#include "suite.h"

/* Whatever is printed here comes out the same for the same input: no times, no places of this machine but those that
 * were given. */

/* --- TAP 14 ------------------------------------------------------------------------------------------------------- */

/* What follows # would be a directive. */
static void tap_text(Sink *out, Str text)
{
    Str rest = text, part;
    for (bool first = true; str_split(&rest, '#', &part); first = false) {
        sink_put(out, first ? "" : "\\#");
        sink_term(out, part);
    }
}

static void tap_line(Sink *out, const char *before, Str text)
{
    sink_put(out, before);
    sink_term(out, text);
    sink_put(out, "\n");
}

static void tap_place(Sink *out, const Failure *f)
{
    if (f->file.len) {
        sink_term(out, f->file);
        if (f->at.line) {
            sink_format(out, ":%u:%u", f->at.line, f->at.column);
        }
        sink_put(out, ": ");
    }
}

static void tap_failure(Sink *out, const Failure *f)
{
    sink_put(out, "# ");
    tap_place(out, f);
    tap_line(out, "", f->what);
    for (size_t i = 0; i < f->why.count; i++) {
        tap_line(out, "#     ", f->why.at[i]);
    }
}

static void tap_point(Sink *out, const Point *p, size_t number)
{
    sink_put(out, p->failures.count ? "not ok" : "ok");
    sink_format(out, " %zu - ", number);
    tap_text(out, p->name);
    if (p->skipped) {
        sink_put(out, " # SKIP ");
        sink_put(out, p->skipped);
    }
    sink_put(out, "\n");
    for (size_t i = 0; i < p->failures.count; i++) {
        tap_failure(out, &p->failures.at[i]);
    }
    for (size_t i = 0; i < p->notes.count; i++) {
        tap_line(out, "# ", p->notes.at[i]);
    }
}

void suite_tap(Suite *s, Sink *out)
{
    PointList points = suite_points(s);
    size_t bad = 0;
    sink_put(out, "TAP version 14\n");
    for (size_t i = 0; i < points.count; i++) {
        bad += points.at[i].failures.count > 0;
        tap_point(out, &points.at[i], i + 1);
    }
    for (size_t i = 0; i < s->notes.count; i++) {
        tap_line(out, "# ", s->notes.at[i]);
    }
    sink_format(out, "1..%zu\n", points.count);
    sink_format(out, bad ? "# %zu of %zu failed\n" : "# all hold\n", bad, points.count);
}

/* --- JUnit -------------------------------------------------------------------------------------------------------- */

static void attribute(Sink *out, const char *name, Str value)
{
    sink_put(out, " ");
    sink_put(out, name);
    sink_put(out, "=\"");
    sink_xml(out, value);
    sink_put(out, "\"");
}

static void count(Sink *out, const char *name, size_t n)
{
    sink_put(out, " ");
    sink_put(out, name);
    sink_format(out, "=\"%zu\"", n);
}

static void junit_text(Sink *out, const Failure *f)
{
    if (f->file.len) {
        sink_xml(out, f->file);
        if (f->at.line) {
            sink_format(out, ":%u:%u", f->at.line, f->at.column);
        }
        sink_put(out, ": ");
    }
    sink_xml(out, f->what);
    sink_put(out, "\n");
    for (size_t i = 0; i < f->why.count; i++) {
        sink_put(out, "    ");
        sink_xml(out, f->why.at[i]);
        sink_put(out, "\n");
    }
}

/* One element, whatever failed: many readers take no more. */
static void junit_failures(Sink *out, const FailureList *failures)
{
    sink_put(out, "      <failure");
    attribute(out, "message", failures->at[0].what);
    sink_put(out, ">");
    for (size_t i = 0; i < failures->count; i++) {
        junit_text(out, &failures->at[i]);
    }
    sink_put(out, "</failure>\n");
}

static void junit_case(Sink *out, const Point *p)
{
    sink_put(out, "    <testcase");
    attribute(out, "classname", p->group);
    attribute(out, "name", p->name);
    if (!p->failures.count && !p->skipped) {
        sink_put(out, "/>\n");
        return;
    }
    sink_put(out, ">\n");
    if (p->failures.count) {
        junit_failures(out, &p->failures);
    } else {
        sink_put(out, "      <skipped");
        attribute(out, "message", str_of(p->skipped));
        sink_put(out, "/>\n");
    }
    sink_put(out, "    </testcase>\n");
}

static void junit_counts(Sink *out, const PointList *points, const Str *group)
{
    size_t tests = 0, failures = 0, skipped = 0;
    for (size_t i = 0; i < points->count; i++) {
        const Point *p = &points->at[i];
        if (!group || str_eq(p->group, *group)) {
            tests++;
            failures += p->failures.count > 0;
            skipped += p->skipped != NULL;
        }
    }
    count(out, "tests", tests);
    count(out, "failures", failures);
    count(out, "skipped", skipped);
}

static bool is_first_of_group(const PointList *points, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (str_eq(points->at[i].group, points->at[at].group)) {
            return false;
        }
    }
    return true;
}

static void junit_group(Sink *out, const PointList *points, Str group)
{
    sink_put(out, "  <testsuite");
    attribute(out, "name", group);
    junit_counts(out, points, &group);
    sink_put(out, ">\n");
    for (size_t i = 0; i < points->count; i++) {
        if (str_eq(points->at[i].group, group)) {
            junit_case(out, &points->at[i]);
        }
    }
    sink_put(out, "  </testsuite>\n");
}

void suite_junit(Suite *s, Sink *out)
{
    PointList points = suite_points(s);
    sink_put(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"vmsift signatures test\"");
    junit_counts(out, &points, NULL);
    sink_put(out, ">\n");
    for (size_t i = 0; i < points.count; i++) {
        if (is_first_of_group(&points, i)) {
            junit_group(out, &points, points.at[i].group);
        }
    }
    sink_put(out, "</testsuites>\n");
}

/* --- SARIF 2.1.0 -------------------------------------------------------------------------------------------------- */

/* Of a failure that is no single cause's. */
#define RULE_FIXTURE "fixture"

static Str rule_of(const Failure *f)
{
    return f->cause.len ? f->cause : STR(RULE_FIXTURE);
}

static bool is_plain(uint8_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z' ? true : byte_digit(c) || (c && strchr("-._~/", c) != NULL);
}

/* A path as a URI: relative as it was given, or a file of this machine. */
static void sarif_uri(Sink *out, Str path)
{
    sink_put(out, str_starts(path, STR("/")) ? "\"file://" : "\"");
    path = str_from(path, str_starts(path, STR("./")) ? 2 : 0);
    for (size_t i = 0; i < path.len; i++) {
        if (is_plain(path.at[i])) {
            sink_raw(out, str_slice(path, i, i + 1));
        } else {
            sink_format(out, "%%%02X", (unsigned)path.at[i]);
        }
    }
    sink_put(out, "\"");
}

/* The message, and below it the lines that explain it, as one text. */
static void sarif_text(Sink *out, const Failure *f, Arena *a)
{
    StrList parts = {0};
    *VEC_ADD(a, &parts) = f->what;
    for (size_t i = 0; i < f->why.count; i++) {
        *VEC_ADD(a, &parts) = STR("\n");
        *VEC_ADD(a, &parts) = f->why.at[i];
    }
    sink_json(out, arena_join(a, parts.at, parts.count));
}

static void sarif_result(Sink *out, const Failure *f, Arena *a)
{
    sink_put(out, "{\"ruleId\":");
    sink_json(out, rule_of(f));
    sink_put(out, ",\"level\":\"error\",\"message\":{\"text\":");
    sarif_text(out, f, a);
    sink_put(out, "}");
    if (f->file.len) {
        sink_put(out, ",\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":");
        sarif_uri(out, f->file);
        sink_put(out, "}");
        if (f->at.line) {
            sink_format(out, ",\"region\":{\"startLine\":%u,\"startColumn\":%u}", f->at.line, f->at.column);
        }
        sink_put(out, "}}]");
    }
    sink_put(out, "}");
}

static void sarif_rule(Sink *out, const RuleSet *rules, Str id)
{
    const Cause *cause = cause_find(rules, id);
    sink_put(out, "{\"id\":");
    sink_json(out, id);
    sink_put(out, ",\"shortDescription\":{\"text\":");
    sink_json(out, cause ? cause->title : STR("A fixture does not give what it must"));
    sink_put(out, "}}");
}

static void sarif_rules(Sink *out, const RuleSet *rules, const FailureList *all)
{
    const char *comma = "";
    for (size_t i = 0; i < all->count; i++) {
        bool first = true;
        for (size_t k = 0; k < i; k++) {
            first = first && !str_eq(rule_of(&all->at[k]), rule_of(&all->at[i]));
        }
        if (first) {
            sink_put(out, comma);
            sarif_rule(out, rules, rule_of(&all->at[i]));
            comma = ",";
        }
    }
}

void suite_sarif(Suite *s, Sink *out)
{
    PointList points = suite_points(s);
    FailureList all = {0};
    for (size_t i = 0; i < points.count; i++) {
        for (size_t k = 0; k < points.at[i].failures.count; k++) {
            *VEC_ADD(&s->a, &all) = points.at[i].failures.at[k];
        }
    }
    sink_put(out, "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{"
                  "\"tool\":{\"driver\":{\"name\":\"vmsift signatures test\",\"rules\":[");
    sarif_rules(out, s->rules, &all);
    sink_put(out, "]}},\"columnKind\":\"unicodeCodePoints\",\"results\":[");
    for (size_t i = 0; i < all.count; i++) {
        sink_put(out, i ? ",\n" : "\n");
        sarif_result(out, &all.at[i], &s->a);
    }
    sink_put(out, "]}]}\n");
}
