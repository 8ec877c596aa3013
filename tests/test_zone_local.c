#include "unit.h"

#include "local_date.h"
#include "zone_local.h"

/* --- dates ------------------------------------------------------------------------------------------------------ */

static int64_t at(const char *text)
{
    Timestamp t = {.ns = TIME_NONE};
    assert_true(timestamp_iso(str_of(text), &t, NULL));
    return t.ns;
}

static void reads(const char *text, DateOrder order, const char *time)
{
    LocalDate date;
    int64_t ns = TIME_NONE;
    if (!local_date(str_of(text), &date) || !local_date_time(&date, order, &ns) || ns != at(time)) {
        fail_msg("%s is not read as %s", text, time);
    }
}

TEST(local_date_reads_the_forms_of_many_countries)
{
    reads("5/20/2023 2:01:12 PM", ORDER_MONTH_FIRST, "2023-05-20T14:01:12Z");
    reads("5/20/2023 12:01:12 AM", ORDER_MONTH_FIRST, "2023-05-20T00:01:12Z");
    reads("20/05/2023 14:01:12", ORDER_DAY_FIRST, "2023-05-20T14:01:12Z");
    reads("20.05.2023 14:01:12", ORDER_DAY_FIRST, "2023-05-20T14:01:12Z");
    reads("20.05.23 14:01", ORDER_DAY_FIRST, "2023-05-20T14:01:00Z");
    reads("20. 5. 2023 14:01:12", ORDER_DAY_FIRST, "2023-05-20T14:01:12Z");
    reads("20/5/2023 2:01:12 p. m.", ORDER_DAY_FIRST, "2023-05-20T14:01:12Z");
    reads("2023/05/20 14:01:12", ORDER_YEAR_FIRST, "2023-05-20T14:01:12Z");
    reads("2023. 05. 20. 14:01:12", ORDER_YEAR_FIRST, "2023-05-20T14:01:12Z");
    reads("2023-05-20 \xEC\x98\xA4\xED\x9B\x84 2:01:12", ORDER_YEAR_FIRST, "2023-05-20T14:01:12Z");
    reads("2023-05-20T14:01:12.5", ORDER_YEAR_FIRST, "2023-05-20T14:01:12.5Z");
    reads("\xE2\x80\x8E"
          "5/\xE2\x80\x8E"
          "20/\xE2\x80\x8E"
          "2023 2:01:12 PM",
          ORDER_MONTH_FIRST, "2023-05-20T14:01:12Z");
}

TEST(local_date_refuses_what_is_none)
{
    static const char *const texts[] = {
        "",           "5/20/2023",          "10.0.17763.4252 x64",   "5/20/2023 13:01:12 PM",
        "2:01:12 PM", "5/20/2023 25:01:12", "5/20/2023 2:01:12 foo", "1.2.3.4:5678"};
    LocalDate date;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (local_date(str_of(texts[i]), &date)) {
            fail_msg("%s is taken for a date", texts[i]);
        }
    }
}

static DateOrder order_of(const char *const *texts, size_t count, DateLanguage language)
{
    DateVotes votes = {0};
    LocalDate date;
    const char *how;
    for (size_t i = 0; i < count; i++) {
        assert_true(local_date(str_of(texts[i]), &date));
        date_vote(&votes, &date);
    }
    return date_order(&votes, language, at("2023-11-01T00:00:00Z"), &how);
}

TEST(date_order_is_found_from_the_dates_of_the_file)
{
#define ORDER(language, ...)                                                                                           \
    order_of((const char *[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), language)
    assert_int_equal(ORDER(LANGUAGE_ENGLISH, "13/02/2023 10:00:00"), ORDER_DAY_FIRST);
    assert_int_equal(ORDER(LANGUAGE_ENGLISH, "02/13/2023 10:00:00"), ORDER_MONTH_FIRST);
    assert_int_equal(ORDER(LANGUAGE_ENGLISH, "02/03/2023 10:00:00", "01/03/2023 10:00:00", "12/02/2023 10:00:00"),
                     ORDER_DAY_FIRST);
    assert_int_equal(ORDER(LANGUAGE_ENGLISH, "3/07/2023 10:25:59 AM"), ORDER_DAY_FIRST);
    assert_int_equal(ORDER(LANGUAGE_OTHER, "03/07/2023 10:25:59"), ORDER_DAY_FIRST);
    assert_int_equal(ORDER(LANGUAGE_ENGLISH, "3/7/2023 10:25:59 AM"), ORDER_MONTH_FIRST);
    assert_int_equal(ORDER(LANGUAGE_ENGLISH, "03/07/2023 10:25:59"), ORDER_UNKNOWN);
    assert_int_equal(ORDER(LANGUAGE_ENGLISH, "12/03/2023 10:25:59"), ORDER_DAY_FIRST); /* no December yet */
    assert_int_equal(ORDER(LANGUAGE_ENGLISH, "13/02/2023 10:00:00", "02/13/2023 10:00:00"), ORDER_UNKNOWN);
}

/* --- zones ------------------------------------------------------------------------------------------------------ */

typedef struct World {
    Arena run;
    Analysis analysis;
    uint64_t order, record;
} World;

static void world_open(World *w)
{
    *w = (World){0};
    analysis_open(&w->analysis, NULL, &w->run);
}

static void world_close(World *w)
{
    analysis_close(&w->analysis);
    arena_free(&w->run);
}

static void source_row(World *w, const char *path, Service service)
{
    analysis_row(&w->analysis, str_of(path), w->order++, TIME_NONE, 1)->service = service;
}

/* An event of VSS: as text with a local time, or with its data and UTC. */
static void vss(World *w, const char *time, TimeTrust trust, const char *datum)
{
    Field field = {{0}, str_of(datum)};
    Event ev = {.time_ns = at(time), .trust = trust, .service = SERVICE_EVENT_LOG, .level = LEVEL_ERROR, .id = 8193};
    ev.provider = STR("VSS");
    ev.record = ev.offset = ++w->record;
    ev.is_line = ev.text_only = trust == TRUST_LOCAL;
    ev.message = ev.text_only ? str_of(datum) : (Str){0};
    ev.fields = &field;
    ev.field_count = !ev.text_only;
    analysis_add(&w->analysis, NULL, &ev);
}

static void marked(World *w, const char *time, TimeTrust trust, Mark mark, const Field *fields, size_t count)
{
    Event ev = {
        .time_ns = at(time), .trust = trust, .service = w->analysis.row->service, .mark = mark, .fields = fields};
    ev.field_count = count;
    ev.level = LEVEL_INFO;
    ev.text_only = trust == TRUST_LOCAL;
    ev.record = ev.offset = ++w->record;
    analysis_add(&w->analysis, NULL, &ev);
}

static const SourceRow *solve(World *w)
{
    analysis_sort(&w->analysis);
    zone_local(&w->analysis);
    for (size_t i = 0; i < w->analysis.rows.count; i++) {
        if (w->analysis.rows.at[i]->local.from_ns != TIME_NONE) {
            return w->analysis.rows.at[i];
        }
    }
    fail_msg("no printed log");
    return NULL;
}

TEST(zone_of_a_printed_log_is_found_from_the_same_events_in_utc)
{
    World w;
    world_open(&w);
    source_row(&w, "Application.evtx", SERVICE_EVENT_LOG);
    vss(&w, "2023-05-01T10:00:00.7Z", TRUST_STAMPED, "first error");
    vss(&w, "2023-05-02T11:17:03.2Z", TRUST_STAMPED, "second error");
    source_row(&w, "Application.csv", SERVICE_EVENT_LOG);
    vss(&w, "2023-05-01T15:30:00Z", TRUST_LOCAL, "first error: it failed");
    vss(&w, "2023-05-02T16:47:03Z", TRUST_LOCAL, "second error: it failed");
    const SourceRow *row = solve(&w);
    assert_true(row->zone_ns == 5 * NS_HOUR + 30 * NS_MINUTE);
    assert_int_equal(row->trust, TRUST_INFERRED);
    assert_true(row->span.from_ns == at("2023-05-01T10:00:00Z"));
    assert_true(row->doubt.early_ns == 0 && row->doubt.late_ns == 0);
    world_close(&w);
}

TEST(zone_of_a_printed_log_is_not_taken_from_other_texts)
{
    World w;
    world_open(&w);
    source_row(&w, "Application.evtx", SERVICE_EVENT_LOG);
    vss(&w, "2023-05-01T10:00:00Z", TRUST_STAMPED, "another error");
    source_row(&w, "Application.csv", SERVICE_EVENT_LOG);
    vss(&w, "2023-05-01T12:00:00Z", TRUST_LOCAL, "first error: it failed");
    assert_int_equal(solve(&w)->trust, TRUST_LOCAL);
    world_close(&w);
}

TEST(zone_of_a_printed_log_follows_summer_time)
{
    World w;
    world_open(&w);
    source_row(&w, "Application.evtx", SERVICE_EVENT_LOG);
    vss(&w, "2023-03-20T10:00:00Z", TRUST_STAMPED, "error one");
    vss(&w, "2023-03-21T10:00:00Z", TRUST_STAMPED, "error two");
    vss(&w, "2023-04-02T10:00:00Z", TRUST_STAMPED, "error three");
    source_row(&w, "Application.csv", SERVICE_EVENT_LOG);
    vss(&w, "2023-03-20T11:00:00Z", TRUST_LOCAL, "error one");
    vss(&w, "2023-03-21T11:00:00Z", TRUST_LOCAL, "error two");
    vss(&w, "2023-04-02T12:00:00Z", TRUST_LOCAL, "error three");
    vss(&w, "2023-04-03T12:00:00Z", TRUST_LOCAL, "error four");
    const SourceRow *row = solve(&w);
    assert_true(row->span.from_ns == at("2023-03-20T10:00:00Z"));
    assert_true(row->span.to_ns == at("2023-04-03T10:00:00Z"));
    world_close(&w);
}

TEST(zone_of_event_6013_leaves_an_hour_of_doubt)
{
    World w;
    world_open(&w);
    Field fields[7] = {[6] = {{0}, STR("480 Pacific Standard Time")}};
    source_row(&w, "System.evtx", SERVICE_EVENT_LOG);
    marked(&w, "2023-07-01T12:00:00Z", TRUST_STAMPED, MARK_ZONE, fields, 7);
    source_row(&w, "Application.csv", SERVICE_EVENT_LOG);
    vss(&w, "2023-07-02T05:00:00Z", TRUST_LOCAL, "error");
    const SourceRow *row = solve(&w);
    assert_true(row->zone_ns == -8 * NS_HOUR);
    assert_true(row->doubt.early_ns == NS_HOUR && row->doubt.late_ns == 0);
    world_close(&w);
}

TEST(zone_of_a_constant_zone_leaves_no_doubt)
{
    World w;
    world_open(&w);
    Field fields[7] = {[6] = {{0}, STR("0 Coordinated Universal Time")}};
    source_row(&w, "System.evtx", SERVICE_EVENT_LOG);
    marked(&w, "2023-07-01T12:00:00Z", TRUST_STAMPED, MARK_ZONE, fields, 7);
    source_row(&w, "Application.csv", SERVICE_EVENT_LOG);
    vss(&w, "2023-07-02T05:00:00Z", TRUST_LOCAL, "error");
    const SourceRow *row = solve(&w);
    assert_true(row->zone_ns == 0 && row->doubt.early_ns == 0);
    assert_int_equal(row->trust, TRUST_INFERRED);
    world_close(&w);
}

static const SourceRow *by_registry(World *w, const char *bias, const char *event)
{
    Field fields[] = {
        {STR("TargetObject"), STR("HKLM\\SYSTEM\\CurrentControlSet\\Control\\TimeZoneInformation\\ActiveTimeBias")},
        {STR("Number"), str_of(bias)}};
    world_open(w);
    source_row(w, "SYSTEM", SERVICE_REGISTRY_STATE);
    marked(w, "2023-03-26T01:00:00Z", TRUST_STAMPED, MARK_NONE, fields, 2);
    source_row(w, "Other.evtx", SERVICE_EVENT_LOG);
    vss(w, "2023-07-20T10:00:00Z", TRUST_STAMPED, "the newest event");
    source_row(w, "Application.csv", SERVICE_EVENT_LOG);
    vss(w, event, TRUST_LOCAL, "error");
    return solve(w);
}

TEST(zone_of_the_registry_holds_where_no_clock_changed_since)
{
    World w;
    const SourceRow *row = by_registry(&w, "4294967176", "2023-07-02T05:00:00Z"); /* -120 in 32 bits */
    assert_true(row->zone_ns == 2 * NS_HOUR);
    assert_true(row->doubt.early_ns == 0 && row->doubt.late_ns == 0);
    world_close(&w);
    row = by_registry(&w, "-120", "2023-02-02T05:00:00Z");
    assert_true(row->zone_ns == 2 * NS_HOUR);
    assert_true(row->doubt.early_ns == NS_HOUR && row->doubt.late_ns == NS_HOUR);
    world_close(&w);
    row = by_registry(&w, "-120", "2023-04-02T05:00:00Z"); /* the key was written on the 26th of March */
    assert_true(row->doubt.early_ns == 0 && row->doubt.late_ns == 0);
    world_close(&w);
}

TEST(zone_of_printed_boots_is_found_from_agent_starts_behind_them)
{
    World w;
    world_open(&w);
    source_row(&w, "WaAppAgent.log", SERVICE_WAAPPAGENT);
    marked(&w, "2023-05-01T10:02:00Z", TRUST_STAMPED, MARK_AGENT_START, NULL, 0);
    marked(&w, "2023-05-09T23:32:00Z", TRUST_STAMPED, MARK_AGENT_START, NULL, 0);
    source_row(&w, "System.csv", SERVICE_EVENT_LOG);
    marked(&w, "2023-05-01T03:01:00Z", TRUST_LOCAL, MARK_BOOT, NULL, 0);
    marked(&w, "2023-05-09T16:31:00Z", TRUST_LOCAL, MARK_BOOT, NULL, 0);
    source_row(&w, "Application.csv", SERVICE_EVENT_LOG);
    vss(&w, "2023-05-09T20:00:00Z", TRUST_LOCAL, "error");
    const SourceRow *row = solve(&w);
    assert_true(row->zone_ns == -7 * NS_HOUR);
    row = w.analysis.rows.at[2]; /* printed at the same computer */
    assert_true(row->zone_ns == -7 * NS_HOUR && row->trust == TRUST_INFERRED);
    world_close(&w);
}

TEST(zone_that_nothing_tells_leaves_a_day_of_doubt)
{
    World w;
    world_open(&w);
    source_row(&w, "Application.csv", SERVICE_EVENT_LOG);
    vss(&w, "2023-05-09T20:00:00Z", TRUST_LOCAL, "error");
    const SourceRow *row = solve(&w);
    assert_int_equal(row->trust, TRUST_LOCAL);
    assert_true(row->doubt.early_ns == 14 * NS_HOUR && row->doubt.late_ns == 12 * NS_HOUR);
    assert_true(w.analysis.kept.at[0]->ev.doubt.early_ns == 14 * NS_HOUR);
    assert_true(kept_time(w.analysis.kept.at[0]) == TIME_NONE);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_date_reads_the_forms_of_many_countries),
        cmocka_unit_test(local_date_refuses_what_is_none),
        cmocka_unit_test(date_order_is_found_from_the_dates_of_the_file),
        cmocka_unit_test(zone_of_a_printed_log_is_found_from_the_same_events_in_utc),
        cmocka_unit_test(zone_of_a_printed_log_is_not_taken_from_other_texts),
        cmocka_unit_test(zone_of_a_printed_log_follows_summer_time),
        cmocka_unit_test(zone_of_event_6013_leaves_an_hour_of_doubt),
        cmocka_unit_test(zone_of_a_constant_zone_leaves_no_doubt),
        cmocka_unit_test(zone_of_the_registry_holds_where_no_clock_changed_since),
        cmocka_unit_test(zone_of_printed_boots_is_found_from_agent_starts_behind_them),
        cmocka_unit_test(zone_that_nothing_tells_leaves_a_day_of_doubt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
