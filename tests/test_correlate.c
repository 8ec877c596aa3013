#include <string.h>

#include "correlate.h"
#include "rule_case.h"

#define ONE(name)                                                                                                      \
    "---\ntitle: T\nname: " name                                                                                       \
    "\nlogsource: {product: windows, service: system}\ndetection: {s: {EventID: 1}, condition: s}\n"
#define PARTS             ONE("a") ONE("b") ONE("c")
#define CORRELATION(body) "title: C\nname: x\ncorrelation: {" body "}\n" PARTS
#define MINUTES(n)        ((n)*NS_MINUTE)
#define EVENTS_MAX        64

typedef struct Timeline { /* what rules matched, in a test's own words */
    RuleCase c;
    SourceRow row, other; /* two sources */
    Kept kept[EVENTS_MAX];
    Field fields[EVENTS_MAX];
    Match matches[EVENTS_MAX];
    size_t count;
    HitList *lists;
    Absence absence;
} Timeline;

static void begin(Timeline *t, const char *text)
{
    static Gathering gathering = {.collected_ns = MINUTES(1000)};
    memset(t, 0, sizeof *t);
    t->row.gathering = t->other.gathering = &gathering;
    t->other.order = 1;
    rule_case_good(&t->c, text);
}

/* A match of a rule at a minute, with a field U. */
static void add(Timeline *t, const char *rule, int minute, Truth truth, const char *user)
{
    Kept *k = &t->kept[t->count];
    t->fields[t->count] = (Field){STR("U"), str_of(user)};
    k->row = &t->row;
    k->ev = (Event){.service = SERVICE_EVENT_LOG,
                    .time_ns = MINUTES(minute),
                    .offset = t->count,
                    .fields = &t->fields[t->count],
                    .field_count = user[0] ? 1 : 0};
    t->matches[t->count++] = (Match){.rule = rule_find(&t->c.set, str_of(rule)), .kept = k, .truth = truth, .why = "w"};
}

/* "a1 b?2 c@3": rule a at minute 1, rule b perhaps at minute 2, rule c at minute 3 in the other source. */
static void story(Timeline *t, const char *words)
{
    for (const char *at = words; *at;) {
        char rule[2] = {*at++, 0};
        Truth truth = *at == '?' ? UNKNOWN : *at == '!' ? NO : YES;
        at += truth != YES;
        bool other = *at == '@';
        at += other;
        int minute = (int)strtol(at, (char **)&at, 10);
        add(t, rule, minute, truth, "");
        t->kept[t->count - 1].row = other ? &t->other : &t->row;
        at += *at == ' ';
    }
}

static const HitList *run(Timeline *t, const char *rule)
{
    t->lists = hit_lists(&t->c.set, t->matches, t->count, &t->c.run);
    correlate(&t->c.set, t->lists, t->absence.lacks ? &t->absence : NULL, &t->c.run);
    return &t->lists[rule_find(&t->c.set, str_of(rule))->index];
}

typedef struct Gap { /* minutes in which a rule's source has a hole */
    const char *rule;
    int from, to;
} Gap;

static const char *gap_lacks(const void *with, const Rule *rule, Span span)
{
    const Gap *gap = with;
    bool inside = span.from_ns <= MINUTES(gap->to) && span.to_ns >= MINUTES(gap->from);
    return inside && str_eq(rule->name, str_of(gap->rule)) ? "a hole" : NULL;
}

/* Hits in words: "1-3" from minute 1 to 3, "?" behind it if unknown. gap: NULL where nobody asks what is covered. */
static void assert_hits_in(const char *text, const char *words, const Gap *gap, const char *expected)
{
    Timeline t;
    char actual[512] = "";
    begin(&t, text);
    story(&t, words);
    t.absence = gap ? (Absence){gap_lacks, gap} : (Absence){0};
    const HitList *list = run(&t, "x");
    for (size_t i = 0; i < list->hits.count; i++) {
        const Hit *h = &list->hits.at[i];
        size_t used = strlen(actual);
        snprintf(actual + used, sizeof actual - used, "%s%d-%d%s", i ? " " : "", (int)(h->span.from_ns / NS_MINUTE),
                 (int)(h->span.to_ns / NS_MINUTE), h->truth == UNKNOWN ? "?" : "");
        assert_true(h->event_count > 0);
    }
    if (strcmp(actual, expected) != 0) {
        print_error("%s\n", words);
    }
    assert_string_equal(actual, expected);
    rule_case_close(&t.c);
}

static void assert_hits(const char *text, const char *words, const char *expected)
{
    assert_hits_in(text, words, NULL, expected);
}

TEST(correlate_lists_hits_and_near_misses_of_single_rules)
{
    Timeline t;
    begin(&t, "---\n" PARTS);
    story(&t, "a1 b!2 a?3");
    const HitList *a = run(&t, "a");
    assert_int_equal(a->hits.count, 2);
    assert_int_equal(a->hits.at[1].truth, UNKNOWN);
    assert_int_equal(a->hits.at[0].span.to_ns, MINUTES(1));
    assert_int_equal(t.lists[rule_find(&t.c.set, STR("b"))->index].near.count, 1);
    rule_case_close(&t.c);
}

#define COUNT CORRELATION("type: event_count, rules: [a, b], timespan: 5m, condition: {gte: 3}")
TEST(event_count_slides)
{
    assert_hits(COUNT, "a1 a2 b3", "1-3");
    assert_hits(COUNT, "a1 a2 a7", "");
    assert_hits(COUNT, "a1 a2 b3 a4 a9", "1-3 1-4");
    assert_hits(COUNT, "a1 a2 a?3", "1-3?");
    assert_hits(COUNT, "a1 a2 a?3 a4", "1-3? 1-4");
    assert_hits(CORRELATION("type: event_count, rules: a, timespan: 5m, condition: {lt: 2}"), "a1 a2 a20", "1-1 20-20");
    assert_hits(CORRELATION("type: event_count, rules: a, timespan: 5m, condition: {eq: 2}"), "a1 a2 a?3", "1-2 1-3?");
}

TEST(value_count_counts_values_not_events)
{
    Timeline t;
    begin(&t, CORRELATION("type: value_count, rules: a, timespan: 10m, condition: {field: U, gte: 2}"));
    add(&t, "a", 1, YES, "ann");
    add(&t, "a", 2, YES, "ANN");
    add(&t, "a", 3, YES, "");
    add(&t, "a", 4, YES, "bob");
    add(&t, "a", 30, YES, "bob");
    const HitList *x = run(&t, "x");
    assert_int_equal(x->hits.count, 1);
    assert_int_equal(x->hits.at[0].span.to_ns, MINUTES(4));
    rule_case_close(&t.c);
}

#define TEMPORAL CORRELATION("type: temporal, rules: [a, b], timespan: 5m")
TEST(temporal_takes_parts_in_any_order_within_the_span)
{
    assert_hits(TEMPORAL, "a1 b3", "1-3");
    assert_hits(TEMPORAL, "b1 a6", "1-6");
    assert_hits(TEMPORAL, "b1 a7", "");
    assert_hits(TEMPORAL, "a1 a2 b3", "2-3");
    assert_hits(TEMPORAL, "a?1 b3", "1-3?");
    assert_hits(TEMPORAL, "a?1 b3 a4", "1-3? 3-4");
    assert_hits(CORRELATION("type: temporal, rules: [a, b], timespan: 5m, condition: a AND Not b"), "a1 b10 a12",
                "1-1");
}

TEST(temporal_counts_parts_when_told_a_count)
{
    assert_hits(CORRELATION("type: temporal, rules: [a, b, c], timespan: 5m, condition: {gte: 2}"), "a1 a2 c3", "2-3");
}

#define ORDERED CORRELATION("type: temporal_ordered, rules: [a, b, a], timespan: 10m")
TEST(temporal_ordered_finds_the_tightest_chain)
{
    assert_hits(ORDERED, "a1 b2 a3", "1-3");
    assert_hits(ORDERED, "b1 a2 a3", "");
    assert_hits(ORDERED, "a1 a4 b5 a14", "4-14"); /* the earliest chain would be too long */
    assert_hits(ORDERED, "a1 b2 b3 a11", "1-11");
    assert_hits(ORDERED, "a1 b2 a12", "");
    assert_hits(ORDERED, "a1 b?2 a3", "1-3?");
    assert_hits(ORDERED, "a1 b2 a?3 a4", "1-3? 1-4");
    assert_hits(ORDERED, "a1 b1 a1", "1-1"); /* one source tells their order */
}

TEST(temporal_ordered_may_forbid_what_lies_between)
{
    const char *text =
        CORRELATION("type: temporal_ordered, rules: [a, c, b], timespan: 10m, condition: a and b and not c");
    assert_hits(text, "a1 b2", "1-2");
    assert_hits(text, "a1 c2 b3", "");
    assert_hits(text, "c1 a2 b3", "2-3");
    assert_hits(text, "a1 c?2 b3", "1-3?");
}

TEST(correlations_chain_and_an_outer_window_holds_the_whole_inner_span)
{
    const char *text = "title: C\nname: x\ncorrelation: {type: temporal_ordered, rules: [y, c], timespan: 5m}\n---\n"
                       "title: C\nname: y\ncorrelation: {type: temporal, rules: [a, b], timespan: 5m}\n" PARTS;
    assert_hits(text, "a1 b3 c5", "1-5");
    assert_hits(text, "a1 b5 c8", "");
    assert_hits(text, "a1 c2 b3", "");
}

TEST(group_by_keeps_users_apart_and_aliases_name_their_fields)
{
    Timeline t;
    begin(&t,
          CORRELATION("type: temporal, rules: [a, b], timespan: 5m, group-by: [who], aliases: {who: {a: U, b: U}}"));
    add(&t, "a", 1, YES, "ann");
    add(&t, "b", 2, YES, "bob");
    add(&t, "b", 3, YES, "Ann");
    const HitList *x = run(&t, "x");
    assert_int_equal(x->hits.count, 1);
    assert_int_equal(x->hits.at[0].span.to_ns, MINUTES(3));
    assert_int_equal(x->hits.at[0].event_count, 2);
    rule_case_close(&t.c);
}

TEST(state_lasts_until_the_collection_and_is_ordered_by_its_beginning)
{
    Timeline t;
    begin(&t, "title: C\nname: x\ncorrelation: {type: temporal_ordered, rules: [a, b], timespan: 100d}\n---\n"
              "title: C\nname: y\ncorrelation: {type: temporal, rules: [a, b], timespan: 5m}\n" PARTS);
    add(&t, "a", 10, YES, "");
    t.kept[0].ev.service = SERVICE_REGISTRY_STATE;
    add(&t, "b", 500, YES, "");
    const HitList *x = run(&t, "x"), *y = &t.lists[rule_find(&t.c.set, STR("y"))->index];
    const HitList *a = &t.lists[rule_find(&t.c.set, STR("a"))->index];
    assert_int_equal(a->hits.at[0].span.to_ns, MINUTES(1000));
    assert_int_equal(x->hits.count, 1);
    assert_int_equal(x->hits.at[0].span.from_ns, MINUTES(10));
    assert_int_equal(y->hits.count, 1); /* the value stood while b happened */
    assert_int_equal(y->hits.at[0].span.from_ns, MINUTES(500));
    rule_case_close(&t.c);
}

TEST(hit_without_a_time_proves_nothing_about_order)
{
    Timeline t;
    begin(&t, TEMPORAL);
    add(&t, "a", 0, YES, "");
    t.kept[0].ev.time_ns = TIME_NONE;
    add(&t, "b", 1, YES, "");
    const HitList *x = run(&t, "x");
    assert_int_equal(x->hits.count, 0);
    assert_true(x->limited);
    rule_case_close(&t.c);
}

/* At one time, only a source itself tells what came first. */
TEST(temporal_ordered_does_not_know_the_order_of_two_sources_at_one_time)
{
    const char *two = CORRELATION("type: temporal_ordered, rules: [a, b], timespan: 10m");
    assert_hits(two, "a1 b1", "1-1");
    assert_hits(two, "b1 a1", "");
    assert_hits(two, "a1 b@1", "1-1?");
    assert_hits(two, "b1 a@1", "1-1?");
    assert_hits(two, "a1 a2 b@2", "1-2"); /* sure with the earlier one */
    assert_hits(two, "b1 a1 b@1", "1-1?");
    assert_hits(ORDERED, "a1 b@1 a2", "1-2?");
    assert_hits(ORDERED, "b1 a@1 a2", "1-2?");
    const char *never =
        CORRELATION("type: temporal_ordered, rules: [a, c, b], timespan: 10m, condition: a and b and not c");
    assert_hits(never, "a1 c1 b2", "");
    assert_hits(never, "c1 a1 b2", "1-2");
    assert_hits(never, "a1 b2 c2", "1-2");
    assert_hits(never, "a1 c@1 b2", "1-2?");
    assert_hits(never, "a1 b2 c@2", "1-2?");
}

TEST(temporal_with_not_looks_before_and_behind)
{
    const char *text = CORRELATION("type: temporal, rules: [a, b], timespan: 5m, condition: a and not b");
    assert_hits(text, "a10", "10-10");
    assert_hits(text, "b6 a10", "");
    assert_hits(text, "a10 b14", "");
    assert_hits(text, "b4 a10 b16", "10-10");
    assert_hits(text, "a10 b?12", "10-10?");
    assert_hits(text, "a?10", "10-10?");
    const char *either = CORRELATION("type: temporal, rules: [a, b, c], timespan: 5m, condition: a and not (b or c)");
    assert_hits(either, "a10 c12", "");
    assert_hits(either, "a10 c20", "10-10");
    const char *twice = CORRELATION("type: temporal, rules: [a, b], timespan: 5m, condition: not (not a or not b)");
    assert_hits(twice, "a10 b12", "10-12");
    assert_hits(twice, "a10", "");
}

/* What must not have occurred, or not as often, must be covered. */
TEST(holes_make_not_and_upper_counts_unknown)
{
    static const struct {
        const char *body, *words;
        Gap gap;
        const char *hits;
    } cases[] = {
        {"type: temporal, rules: [a, b], timespan: 5m, condition: a and not b", "a10", {"b", 30, 40}, "10-10"},
        {"type: temporal, rules: [a, b], timespan: 5m, condition: a and not b", "a10", {"b", 12, 13}, "10-10?"},
        {"type: temporal, rules: [a, b], timespan: 5m, condition: a and not b", "a10", {"b", 6, 6}, "10-10?"},
        {"type: temporal, rules: [a, b], timespan: 5m, condition: a and not b", "a10", {"a", 0, 99}, "10-10"},
        {"type: temporal, rules: [a, b], timespan: 5m, condition: a and not b", "a10 b11", {"b", 0, 99}, ""},
        {"type: temporal, rules: [a, b], timespan: 5m", "a10 b11", {"b", 0, 99}, "10-11"},
        {"type: temporal, rules: [a, b, c], timespan: 5m, condition: {eq: 2}", "a10 b11", {"c", 9, 9}, "10-11?"},
        {"type: temporal, rules: [a, b, c], timespan: 5m, condition: {gte: 2}", "a10 b11", {"c", 9, 9}, "10-11"},
        {"type: temporal_ordered, rules: [a, b, c], timespan: 9m, condition: a and not b and c",
         "a1 c5",
         {"b", 3, 3},
         "1-5?"},
        {"type: temporal_ordered, rules: [a, b, c], timespan: 9m, condition: a and not b and c",
         "a1 c5",
         {"b", 6, 9},
         "1-5"},
        {"type: event_count, rules: a, timespan: 5m, condition: {lt: 3}", "a10 a11", {"a", 8, 8}, "10-10? 10-11?"},
        {"type: event_count, rules: a, timespan: 5m, condition: {lte: 3}", "a10", {"a", 20, 30}, "10-10"},
        {"type: event_count, rules: a, timespan: 5m, condition: {eq: 2}", "a10 a11", {"a", 8, 8}, "10-11?"},
        {"type: event_count, rules: a, timespan: 5m, condition: {neq: 2}", "a10 a11 a12", {"a", 8, 8}, "10-10? 10-12"},
        {"type: event_count, rules: a, timespan: 5m, condition: {gt: 1, lt: 4}", "a10 a11", {"a", 8, 8}, "10-11?"},
        {"type: event_count, rules: a, timespan: 5m, condition: {gt: 1}", "a10 a11", {"a", 0, 99}, "10-11"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        snprintf(text, sizeof text, "title: C\nname: x\ncorrelation: {%s}\n%s", cases[i].body, PARTS);
        assert_hits_in(text, cases[i].words, &cases[i].gap, cases[i].hits);
    }
}

TEST(chained_not_is_unknown_where_a_part_of_a_part_may_be_missing)
{
    const char *text = "title: C\nname: x\ncorrelation: {type: temporal, rules: [c, y], timespan: 5m, condition: c and "
                       "not y}\n---\ntitle: C\nname: y\ncorrelation: {type: event_count, rules: [a, b], timespan: 5m, "
                       "condition: {gte: 2}}\n" PARTS;
    assert_hits(text, "c10 a11", "10-10");
    assert_hits(text, "c10 a11 b12", "");
    assert_hits(text, "c10 a11 b?12", "10-10?");
    assert_hits_in(text, "c10 a11", &(Gap){"y", 12, 12}, "10-10?");
}

/* Everything beyond a limit, or with a time that is not known, may be what must not have occurred. */
TEST(limits_make_not_and_upper_counts_unknown)
{
    static const char *const bodies[] = {
        "type: temporal, rules: [a, b], timespan: 5m, condition: a and not b",
        "type: event_count, rules: [a, b], timespan: 5m, condition: {lte: 1}",
    };
    for (size_t i = 0; i < 2; i++) {
        char text[1024];
        Timeline t;
        snprintf(text, sizeof text, "title: C\nname: x\ncorrelation: {%s}\n%s", bodies[i], PARTS);
        begin(&t, text);
        add(&t, "a", 10, YES, "");
        add(&t, "b", 99, YES, "");
        t.kept[1].ev.doubt.early_ns = 5 * NS_HOUR;
        const HitList *x = run(&t, "x");
        assert_int_equal(x->hits.count, 1);
        assert_int_equal(x->hits.at[0].truth, UNKNOWN);
        assert_non_null(x->hits.at[0].why);
        rule_case_close(&t.c);
    }
}

TEST(value_count_of_several_fields_counts_what_they_say_together)
{
    Timeline t;
    Field fields[4][2];
    begin(&t, CORRELATION("type: value_count, rules: a, timespan: 10m, condition: {field: [U, V], gte: 3}"));
    for (int i = 0; i < 4; i++) { /* x1 y1 x1 y2 */
        add(&t, "a", i + 1, YES, i % 2 ? "y" : "x");
        fields[i][0] = t.fields[i];
        fields[i][1] = (Field){STR("V"), i == 3 ? STR("2") : STR("1")};
        t.kept[i].ev.fields = fields[i];
        t.kept[i].ev.field_count = 2;
    }
    const HitList *x = run(&t, "x");
    assert_int_equal(x->hits.count, 1);
    assert_int_equal(x->hits.at[0].span.to_ns, MINUTES(4));
    rule_case_close(&t.c);
}

/* An episode may lack what the bundle does not tell: it may be of any group. */
TEST(group_that_is_not_told_leaves_no_hit_unproved)
{
    Timeline t;
    begin(&t, CORRELATION("type: temporal, rules: [a, b], timespan: 5m, group-by: U"));
    add(&t, "a", 1, YES, "ann");
    add(&t, "b", 2, YES, "");
    assert_null(run(&t, "x")->limited);
    t.kept[1].ev.service = SERVICE_EPISODE;
    const HitList *x = run(&t, "x");
    assert_int_equal(x->hits.count, 0);
    assert_non_null(x->limited);
    rule_case_close(&t.c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(correlate_lists_hits_and_near_misses_of_single_rules),
        cmocka_unit_test(event_count_slides),
        cmocka_unit_test(value_count_counts_values_not_events),
        cmocka_unit_test(temporal_takes_parts_in_any_order_within_the_span),
        cmocka_unit_test(temporal_counts_parts_when_told_a_count),
        cmocka_unit_test(temporal_ordered_finds_the_tightest_chain),
        cmocka_unit_test(temporal_ordered_may_forbid_what_lies_between),
        cmocka_unit_test(correlations_chain_and_an_outer_window_holds_the_whole_inner_span),
        cmocka_unit_test(group_by_keeps_users_apart_and_aliases_name_their_fields),
        cmocka_unit_test(state_lasts_until_the_collection_and_is_ordered_by_its_beginning),
        cmocka_unit_test(hit_without_a_time_proves_nothing_about_order),
        cmocka_unit_test(temporal_ordered_does_not_know_the_order_of_two_sources_at_one_time),
        cmocka_unit_test(temporal_with_not_looks_before_and_behind),
        cmocka_unit_test(holes_make_not_and_upper_counts_unknown),
        cmocka_unit_test(chained_not_is_unknown_where_a_part_of_a_part_may_be_missing),
        cmocka_unit_test(limits_make_not_and_upper_counts_unknown),
        cmocka_unit_test(value_count_of_several_fields_counts_what_they_say_together),
        cmocka_unit_test(group_that_is_not_told_leaves_no_hit_unproved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
