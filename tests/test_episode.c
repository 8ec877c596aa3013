#include "unit.h"

#include "episode.h"
#include "zone.h"

#define VMSNAPSHOT "Microsoft.Azure.RecoveryServices.VMSnapshot"

/* An analysis without rules, filled event by event. */
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

static SourceRow *source_row(World *w, const char *path, Service service)
{
    SourceRow *row = analysis_row(&w->analysis, str_of(path), w->order++, TIME_NONE, 1);
    row->service = service;
    return row;
}

static int64_t at(const char *text)
{
    Timestamp t = {.ns = TIME_NONE};
    assert_true(timestamp_iso(str_of(text), &t, NULL));
    return t.ns;
}

static void event(World *w, const char *time, Mark mark, TimeTrust trust, const Field *fields, size_t count)
{
    Event ev = {.time_ns = at(time),
                .trust = trust,
                .service = w->analysis.row->service,
                .level = LEVEL_INFO,
                .mark = mark,
                .record = ++w->record,
                .offset = w->record,
                .fields = fields,
                .field_count = count,
                .message = STR("line")};
    analysis_add(&w->analysis, NULL, &ev);
}

static void agent(World *w, const char *time, Mark mark)
{
    Field fields[] = {{STR("Handler"), STR(VMSNAPSHOT)}};
    event(w, time, mark, w->analysis.row->trust == TRUST_ASSUMED ? TRUST_ASSUMED : TRUST_STAMPED, fields, 1);
}

static void stage(World *w, const char *time, Mark mark, const char *number, const char *sequence)
{
    Field fields[] = {{STR("Stage"), str_of(number)}, {STR("Sequence"), sequence ? str_of(sequence) : (Str){0}}};
    event(w, time, mark, TRUST_STAMPED, fields, sequence ? 2 : 1);
}

static void boot(World *w, const char *time)
{
    Event ev = {.time_ns = at(time),
                .service = SERVICE_EVENT_LOG,
                .level = LEVEL_INFO,
                .mark = MARK_BOOT,
                .record = ++w->record,
                .id = 12,
                .provider = STR("Microsoft-Windows-Kernel-General"),
                .channel = STR("System")};
    analysis_add(&w->analysis, NULL, &ev);
}

static EpisodeList find(World *w)
{
    analysis_sort(&w->analysis);
    return episode_find(&w->analysis, &(FailureChoice){.at_ns = TIME_NONE}, &w->run);
}

TEST(episode_joins_agent_log_status_and_settings_of_one_attempt)
{
    World w;
    world_open(&w);
    source_row(&w, "WaAppAgent.log", SERVICE_WAAPPAGENT);
    agent(&w, "2023-05-11T21:38:37Z", MARK_ENABLE_BEGIN);
    agent(&w, "2023-05-11T21:40:07Z", MARK_ENABLE_FAILED);
    source_row(&w, "IaaSBcdrExtension3.log", SERVICE_VMSNAPSHOT);
    stage(&w, "2023-05-11T21:38:48Z", MARK_RUN_STAGE, "1", "3");
    stage(&w, "2023-05-11T21:38:50Z", MARK_RUN_ERROR, "4", NULL);
    source_row(&w, "3.settings", SERVICE_OTHER);
    Field settings[] = {{STR("Sequence"), STR("3")}, {STR("TaskId"), STR("03922ebc_1")}};
    event(&w, "2023-05-11T21:20:00Z", MARK_SETTINGS, TRUST_STAMPED, settings, 2);
    EpisodeList list = find(&w);
    assert_int_equal(list.list.count, 1);
    const Episode *ep = &list.list.at[0];
    assert_int_equal(ep->kind, EPISODE_BACKUP);
    assert_int_equal(ep->outcome, OUTCOME_FAILURE);
    assert_int_equal(ep->stage, 4);
    assert_int_equal(ep->sequence, 3);
    assert_str(ep->task_id, STR("03922ebc_1"));
    assert_true(ep->start_ns == at("2023-05-11T21:38:37Z"));
    assert_ptr_equal(list.failure, ep);
    world_close(&w);
}

TEST(episode_of_the_agent_alone_succeeds_only_as_far_as_the_agent_knows)
{
    World w;
    world_open(&w);
    source_row(&w, "WaAppAgent.log", SERVICE_WAAPPAGENT);
    agent(&w, "2023-05-11T21:38:37Z", MARK_ENABLE_BEGIN);
    agent(&w, "2023-05-11T21:40:07Z", MARK_ENABLE_OK);
    agent(&w, "2023-05-12T21:38:37Z", MARK_ENABLE_BEGIN);
    agent(&w, "2023-05-12T21:40:07Z", MARK_ENABLE_OK);
    EpisodeList list = find(&w);
    assert_int_equal(list.list.count, 2);
    assert_int_equal(list.list.at[0].outcome, OUTCOME_UNKNOWN);
    assert_null(list.failure);
    world_close(&w);
}

TEST(episode_counts_runs_from_the_boot_before_them)
{
    World w;
    world_open(&w);
    source_row(&w, "System.evtx", SERVICE_EVENT_LOG);
    boot(&w, "2023-05-01T00:00:00Z");
    boot(&w, "2023-05-13T13:40:00Z");
    source_row(&w, "WaAppAgent.log", SERVICE_WAAPPAGENT);
    agent(&w, "2023-05-01T00:10:00Z", MARK_AGENT_START);
    source_row(&w, "IaaSBcdrExtension1.log", SERVICE_VMSNAPSHOT);
    stage(&w, "2023-05-12T21:00:00Z", MARK_RUN_ERROR, "4", "1");
    source_row(&w, "IaaSBcdrExtension2.log", SERVICE_VMSNAPSHOT);
    stage(&w, "2023-05-13T21:00:00Z", MARK_RUN_OK, "12", "2");
    source_row(&w, "IaaSBcdrExtension3.log", SERVICE_VMSNAPSHOT);
    stage(&w, "2023-05-14T21:00:00Z", MARK_RUN_ERROR, "4", "3");
    EpisodeList list = find(&w);
    assert_int_equal(list.backups, 3);
    const Episode *good = list.last_good;
    assert_int_equal(good->uptime, 2);
    assert_int_equal(good->run_in_uptime, 1);
    assert_int_equal(list.failure->run_in_uptime, 2);
    assert_ptr_equal(list.first_failed, list.failure);
    world_close(&w);
}

TEST(episode_of_a_program_that_hangs_ends_hours_later)
{
    World w;
    world_open(&w);
    source_row(&w, "WaAppAgent.log", SERVICE_WAAPPAGENT);
    agent(&w, "2023-05-11T21:38:37Z", MARK_ENABLE_BEGIN);
    agent(&w, "2023-05-12T02:40:07Z", MARK_ENABLE_FAILED);
    EpisodeList list = find(&w);
    assert_int_equal(list.list.count, 1);
    assert_true(list.failure->start_ns == at("2023-05-11T21:38:37Z"));
    assert_true(list.failure->end_ns == at("2023-05-12T02:40:07Z"));
    world_close(&w);
}

TEST(episode_is_silent_from_the_last_line_of_a_log_without_an_end_to_what_came_next)
{
    World w;
    world_open(&w);
    source_row(&w, "IaaSBcdrExtension1.log", SERVICE_VMSNAPSHOT);
    stage(&w, "2023-05-10T21:00:00Z", MARK_RUN_STAGE, "1", "1");
    stage(&w, "2023-05-10T21:00:10Z", MARK_RUN_OK, "12", NULL);
    source_row(&w, "IaaSBcdrExtension2.log", SERVICE_VMSNAPSHOT);
    stage(&w, "2023-05-11T21:00:00Z", MARK_RUN_STAGE, "1", "2");
    stage(&w, "2023-05-11T21:00:10Z", MARK_RUN_STAGE, "6", NULL);
    source_row(&w, "IaaSBcdrExtension3.log", SERVICE_VMSNAPSHOT);
    stage(&w, "2023-05-12T21:00:00Z", MARK_RUN_STAGE, "1", "3");
    stage(&w, "2023-05-12T21:00:10Z", MARK_RUN_STAGE, "10", NULL);
    source_row(&w, "System.evtx", SERVICE_EVENT_LOG);
    boot(&w, "2023-05-12T21:30:10Z");
    source_row(&w, "IaaSBcdrExtension4.log", SERVICE_VMSNAPSHOT);
    stage(&w, "2023-05-13T21:00:00Z", MARK_RUN_STAGE, "1", "4");
    EpisodeList list = find(&w);
    assert_int_equal(list.list.count, 5);
    assert_int_equal(list.list.at[0].silent_ns, 0);
    assert_true(list.list.at[1].silent_ns == at("2023-05-12T21:00:00Z") - at("2023-05-11T21:00:10Z"));
    assert_int_equal(list.list.at[1].outcome, OUTCOME_FAILURE);
    assert_true(list.list.at[2].silent_ns == 30 * NS_MINUTE);
    assert_int_equal(list.list.at[2].outcome, OUTCOME_UNKNOWN);
    assert_int_equal(list.list.at[4].silent_ns, -1); /* nothing is known of the time behind it */
    world_close(&w);
}

TEST(episode_uptime_is_unknown_where_the_system_log_begins_later)
{
    World w;
    world_open(&w);
    source_row(&w, "System.evtx", SERVICE_EVENT_LOG);
    boot(&w, "2023-05-13T13:40:00Z");
    source_row(&w, "IaaSBcdrExtension1.log", SERVICE_VMSNAPSHOT);
    stage(&w, "2023-05-12T21:00:00Z", MARK_RUN_ERROR, "4", "1");
    EpisodeList list = find(&w);
    assert_int_equal(list.failure->uptime, -1);
    assert_int_equal(list.failure->run_in_uptime, -1);
    world_close(&w);
}

TEST(episode_chooses_the_failure_that_was_asked_for)
{
    World w;
    world_open(&w);
    source_row(&w, "IaaSBcdrExtension1.log", SERVICE_VMSNAPSHOT);
    stage(&w, "2023-05-12T21:00:00Z", MARK_RUN_ERROR, "4", "1");
    source_row(&w, "IaaSBcdrExtension2.log", SERVICE_VMSNAPSHOT);
    stage(&w, "2023-05-13T21:00:00Z", MARK_RUN_ERROR, "6", "2");
    analysis_sort(&w.analysis);
    EpisodeList list = episode_find(&w.analysis, &(FailureChoice){.at_ns = at("2023-05-12T20:00:00Z")}, &w.run);
    assert_int_equal(list.failure->stage, 4);
    list = episode_find(&w.analysis, &(FailureChoice){.at_ns = TIME_NONE}, &w.run);
    assert_int_equal(list.failure->stage, 6);
    world_close(&w);
}

TEST(zone_is_found_from_agent_starts_behind_boots)
{
    World w;
    world_open(&w);
    source_row(&w, "System.evtx", SERVICE_EVENT_LOG);
    boot(&w, "2019-05-01T00:00:00Z");
    boot(&w, "2019-05-13T13:40:00Z");
    source_row(&w, "WaAppAgent.log", SERVICE_WAAPPAGENT);
    w.analysis.row->trust = TRUST_ASSUMED;
    agent(&w, "2019-05-01T09:01:00Z", MARK_AGENT_START);
    agent(&w, "2019-05-13T22:41:30Z", MARK_AGENT_START);
    analysis_sort(&w.analysis);
    zone_infer(&w.analysis);
    const SourceRow *row = w.analysis.rows.at[1];
    assert_true(row->zone_ns == 9 * NS_HOUR);
    assert_int_equal(row->trust, TRUST_INFERRED);
    assert_true(row->span.from_ns == at("2019-05-01T00:01:00Z"));
    world_close(&w);
}

TEST(zone_changes_by_an_hour_where_all_later_events_pair_so)
{
    World w;
    world_open(&w);
    source_row(&w, "System.evtx", SERVICE_EVENT_LOG);
    boot(&w, "2019-10-20T10:00:00Z");
    boot(&w, "2019-10-22T10:00:00Z");
    boot(&w, "2019-11-02T10:00:00Z");
    source_row(&w, "WaAppAgent.log", SERVICE_WAAPPAGENT);
    w.analysis.row->trust = TRUST_ASSUMED;
    agent(&w, "2019-10-20T12:01:00Z", MARK_AGENT_START);
    agent(&w, "2019-10-22T12:01:00Z", MARK_AGENT_START);
    agent(&w, "2019-11-02T11:01:00Z", MARK_AGENT_START);
    analysis_sort(&w.analysis);
    zone_infer(&w.analysis);
    const SourceRow *row = w.analysis.rows.at[1];
    assert_true(row->span.from_ns == at("2019-10-20T10:01:00Z"));
    assert_true(row->span.to_ns == at("2019-11-02T10:01:00Z"));
    assert_true(row->zone_ns == NS_HOUR);
    world_close(&w);
}

TEST(zone_stays_assumed_where_nothing_pairs)
{
    World w;
    world_open(&w);
    source_row(&w, "WaAppAgent.log", SERVICE_WAAPPAGENT);
    w.analysis.row->trust = TRUST_ASSUMED;
    agent(&w, "2019-05-01T09:01:00Z", MARK_AGENT_START);
    analysis_sort(&w.analysis);
    zone_infer(&w.analysis);
    assert_int_equal(w.analysis.rows.at[0]->trust, TRUST_ASSUMED);
    world_close(&w);
}

static const char *lacks(World *w, const char *from, const char *to)
{
    CoverageQuery q = {SERVICE_EVENT_LOG, STR("application"), {at(from), at(to)}};
    Gathering gathering = {.events_end_ns = at("2023-05-20T00:00:00Z")};
    w->analysis.rows.at[0]->gathering = &gathering;
    coverage_close(w->analysis.rows.at[0], &w->run);
    return coverage_lacks(w->analysis.rows.at, w->analysis.rows.count, &q);
}

static void record(World *w, const char *time, uint64_t id)
{
    Event ev = {.time_ns = at(time),
                .service = SERVICE_EVENT_LOG,
                .level = LEVEL_INFO,
                .record = id,
                .channel = STR("Application")};
    analysis_add(&w->analysis, NULL, &ev);
}

TEST(coverage_of_an_event_log_reaches_to_the_newest_event_of_the_collection)
{
    World w;
    world_open(&w);
    source_row(&w, "Application.evtx", SERVICE_EVENT_LOG);
    record(&w, "2023-05-10T00:00:00Z", 1);
    record(&w, "2023-05-12T00:00:00Z", 2);
    assert_null(lacks(&w, "2023-05-11T00:00:00Z", "2023-05-19T00:00:00Z"));
    assert_non_null(lacks(&w, "2023-05-09T00:00:00Z", "2023-05-11T00:00:00Z"));
    assert_non_null(lacks(&w, "2023-05-19T00:00:00Z", "2023-05-21T00:00:00Z"));
    world_close(&w);
}

TEST(coverage_has_a_hole_where_record_ids_are_missing)
{
    World w;
    world_open(&w);
    source_row(&w, "Application.evtx", SERVICE_EVENT_LOG);
    record(&w, "2023-05-10T00:00:00Z", 1);
    record(&w, "2023-05-12T00:00:00Z", 2);
    record(&w, "2023-05-14T00:00:00Z", 9);
    record(&w, "2023-05-16T00:00:00Z", 10);
    assert_null(lacks(&w, "2023-05-10T12:00:00Z", "2023-05-11T00:00:00Z"));
    assert_string_equal(lacks(&w, "2023-05-12T12:00:00Z", "2023-05-13T00:00:00Z"), "record ids are missing");
    assert_null(lacks(&w, "2023-05-15T00:00:00Z", "2023-05-15T12:00:00Z"));
    world_close(&w);
}

/* A System log of each of two collections; a reboot between them is in neither. */
TEST(episode_uptime_is_unknown_across_the_time_between_two_collections)
{
    World w;
    Gathering old = {.collected_ns = at("2023-05-04T00:00:00Z")}, new = {.collected_ns = at("2023-05-20T00:00:00Z")};
    world_open(&w);
    source_row(&w, "old/System.evtx", SERVICE_EVENT_LOG)->gathering = &old;
    boot(&w, "2023-05-01T00:00:00Z");
    source_row(&w, "new/System.evtx", SERVICE_EVENT_LOG)->gathering = &new;
    boot(&w, "2023-05-12T00:00:00Z");
    source_row(&w, "new/IaaSBcdrExtension.log", SERVICE_VMSNAPSHOT)->gathering = &new;
    const char *const runs[] = {"2023-05-02T00:00:00Z", "2023-05-08T00:00:00Z", "2023-05-13T00:00:00Z"};
    for (size_t i = 0; i < 3; i++) {
        stage(&w, runs[i], MARK_RUN_STAGE, "1", NULL);
        stage(&w, runs[i], MARK_RUN_ERROR, "4", NULL);
    }
    EpisodeList list = find(&w);
    int64_t uptimes[3];
    size_t count = 0;
    for (size_t i = 0; i < list.list.count; i++) {
        if (list.list.at[i].kind == EPISODE_BACKUP && count < 3) {
            uptimes[count++] = list.list.at[i].uptime;
        }
    }
    assert_int_equal(count, 3);
    assert_int_equal(uptimes[0], 1);
    assert_int_equal(uptimes[1], -1);
    assert_int_equal(uptimes[2], 2);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(episode_joins_agent_log_status_and_settings_of_one_attempt),
        cmocka_unit_test(episode_of_the_agent_alone_succeeds_only_as_far_as_the_agent_knows),
        cmocka_unit_test(episode_counts_runs_from_the_boot_before_them),
        cmocka_unit_test(episode_of_a_program_that_hangs_ends_hours_later),
        cmocka_unit_test(episode_is_silent_from_the_last_line_of_a_log_without_an_end_to_what_came_next),
        cmocka_unit_test(episode_uptime_is_unknown_where_the_system_log_begins_later),
        cmocka_unit_test(episode_uptime_is_unknown_across_the_time_between_two_collections),
        cmocka_unit_test(episode_chooses_the_failure_that_was_asked_for),
        cmocka_unit_test(zone_is_found_from_agent_starts_behind_boots),
        cmocka_unit_test(zone_changes_by_an_hour_where_all_later_events_pair_so),
        cmocka_unit_test(zone_stays_assumed_where_nothing_pairs),
        cmocka_unit_test(coverage_of_an_event_log_reaches_to_the_newest_event_of_the_collection),
        cmocka_unit_test(coverage_has_a_hole_where_record_ids_are_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
