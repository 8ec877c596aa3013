/* Reports of hand-made structs: what must be there, what must never be, and the same bytes twice. */
#define _POSIX_C_SOURCE 200809L /* popen */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "error_code.h"
#include "report.h"

#define T(hours)    (INT64_C(1683840000) * NS_SECOND + (hours)*NS_HOUR)
#define COUNT(list) (sizeof(list) / sizeof *(list))

typedef struct Made { /* one analysed bundle, all of it invented */
    Arena a;
    Bundle bundle;
    Analysis analysis;
    EpisodeList episodes;
    Conclusion conclusion;
    Report report;
} Made;

static SourceRow *add_row(Made *m, Str path, const char *kind, RowStatus status, uint64_t events)
{
    SourceRow *row = ARENA_NEW(&m->a, SourceRow, 1);
    *row = (SourceRow){.order = m->analysis.rows.count,
                       .path = path,
                       .parser = status == ROW_UNREAD ? NULL : kind,
                       .kind = kind,
                       .status = status,
                       .events = events,
                       .span = {events ? T(0) : TIME_NONE, events ? T(96) : TIME_NONE},
                       .time_digits = 7,
                       .mtime_ns = T(97)};
    *VEC_ADD(&m->a, &m->analysis.rows) = row;
    return row;
}

static Kept *add_kept(Made *m, const SourceRow *row, int64_t ns, bool line, uint64_t at, Str quote)
{
    Kept *kept = ARENA_NEW(&m->a, Kept, 1);
    *kept = (Kept){.row = row, .quote = quote, .quote_at = at};
    kept->ev = (Event){.time_ns = ns,
                       .time_digits = 7,
                       .is_line = line,
                       .record = at,
                       .level = LEVEL_ERROR,
                       .service = line ? SERVICE_VMSNAPSHOT : SERVICE_EVENT_LOG,
                       .message = quote};
    return kept;
}

static void *keep(Arena *a, const void *from, size_t bytes)
{
    return memcpy(arena_alloc(a, 1, bytes, _Alignof(max_align_t)), from, bytes);
}
#define KEEP(a, T, ...) keep((a), (T[]){__VA_ARGS__}, sizeof((T[]){__VA_ARGS__}))

static const Cause *heap_cause(Arena *a)
{
    Condition conditions[] = {
        {.name = STR("install_failed"), .says = STR("the extension failed to install")},
        {.name = STR("catastrophic"), .says = STR("COM+ 4689 with 0x8000ffff at that time"), .distinguishing = true},
        {.name = STR("reboot_helped"),
         .says = STR("a reboot helped for a while"),
         .ask_name = STR("reboot-helps"),
         .ask_question = STR("Did a reboot let backups succeed for a while?"),
         .verify_count = 1,
         .verify =
             KEEP(a, struct VerifyStep,
                  {STR("Restart the VM and watch the next two backups."), STR("whether a reboot helps for a while")})}};
    RemedyStep remedy[] = {
        {.step = STR("Save the key Session Manager\\SubSystems, so that it can be put back."),
         .command = STR("reg export \"HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\SubSystems\" "
                        "C:\\subsystems.reg")},
        {.step = STR("In its value Windows change SharedSection= to 1024,20480,4096 and nothing else."),
         .risk = STR("The rest of the long string must stay as it is: without it Windows does not start."),
         .undo = STR("Import the file saved in step 1."),
         .reboot = true},
        {.step = STR("Start a backup by hand."), .if_fails = STR("iaas-provider-state")}};
    Cause cause = {
        .name = STR("desktop-heap"),
        .title = STR("Desktop heap exhausted"),
        .level = STR("high"),
        .cause = STR("The desktop heap of the non-interactive window stations has run out, so that COM+ cannot start "
                     "what the backup extension needs."),
        .applies_to = KEEP(a, Str, STR("ExtensionSnapshotFailedCOM")),
        .applies_to_count = 1,
        .conditions = keep(a, conditions, sizeof conditions),
        .condition_count = COUNT(conditions),
        .remedy = keep(a, remedy, sizeof remedy),
        .remedy_count = COUNT(remedy),
        .references =
            KEEP(a, Reference, {STR("ExtensionSnapshotFailedCOM"), STR("Cause 1"), STR("https://example.test/a")}),
        .reference_count = 1};
    return keep(a, &cause, sizeof cause);
}

static const Cause *plain_cause(Arena *a, Str name, Str title)
{
    Cause cause = {.name = name, .title = title, .cause = title};
    return keep(a, &cause, sizeof cause);
}

static void add_condition(Made *m, Verdict *v, ConditionResult c)
{
    *VEC_ADD(&m->a, &v->conditions) = c;
}

static void add_evidence(Made *m, Verdict *v, Str condition, const Kept *kept)
{
    *VEC_ADD(&m->a, &v->evidence) = (Evidence){condition, kept};
}

static void add_heap(Made *m, const SourceRow *app, const SourceRow *ext, Truth rebooted)
{
    const Cause *cause = heap_cause(&m->a);
    Verdict v = {.cause = cause, .kind = rebooted == YES ? CONFIRMED : POSSIBLE, .distinguishing = true};
    add_condition(m, &v,
                  (ConditionResult){.condition = &cause->conditions[0],
                                    .name = STR("install_failed"),
                                    .says = cause->conditions[0].says,
                                    .value = YES,
                                    .why = STR("2 hits within 5 minutes of a failing backup")});
    add_condition(m, &v,
                  (ConditionResult){.condition = &cause->conditions[1],
                                    .name = STR("catastrophic"),
                                    .says = cause->conditions[1].says,
                                    .value = YES,
                                    .why = STR("2 hits in the uptime of the failure")});
    add_condition(m, &v,
                  (ConditionResult){.condition = &cause->conditions[2],
                                    .name = STR("reboot_helped"),
                                    .says = cause->conditions[2].says,
                                    .value = rebooted,
                                    .why = rebooted == YES
                                               ? STR("failed, boot, good for 2 days, failed again")
                                               : STR("no boot since the first failure: the bundle ends before")});
    add_condition(m, &v,
                  (ConditionResult){.name = STR("win32k_243"),
                                    .says = STR("Win32k 243, desktop heap allocation failed"),
                                    .value = NO,
                                    .role = ROLE_SUPPORTS,
                                    .why = STR("no such event")});
    add_condition(m, &v,
                  (ConditionResult){.name = STR("shared_section_768"),
                                    .says = STR("SharedSection ends in 768 or less"),
                                    .value = YES,
                                    .role = ROLE_SUPPORTS});
    Kept *line = add_kept(
        m, ext, T(0), true, 9,
        STR("2023-05-11T21:20:00.0000000Z [Error]: Install provider failed {Exception = "
            "System.Runtime.InteropServices.COMException (0x8000FFFF): Catastrophic failure (Exception from HRESULT: "
            "0x8000FFFF (E_UNEXPECTED))\r\n   at IaasVmProvider.Install(String path)\n   at Program.Main()"));
    line->ev.time_text = STR("2023-05-11T21:20:00.0000000Z");
    Kept *event = add_kept(
        m, app, T(96), false, 13511,
        STR("COM+ 4689: The run-time environment has detected an inconsistency in its internal state.\nProcess Name: "
            "dllhost.exe; Error Code = 0x8000ffff : Catastrophic failure; "
            "https://a.test/x?sv=1&sig=TOPSECRET%2F&se=2"));
    event->ev.id = 4689;
    event->ev.provider = STR("COM+");
    event->ev.channel = STR("Application");
    event->ev.fields =
        KEEP(&m->a, Field, {{0}, STR("dllhost.exe")}, {{0}, STR("a\x1b[31m\x01 b")}, {STR("password"), STR("HUNTER2")},
             {STR("empty"), {0}}, {STR("twice"), STR("1")}, {STR("twice"), STR("2")});
    event->ev.field_count = 6;
    add_evidence(m, &v, STR("install_failed"), line);
    add_evidence(m, &v, STR("catastrophic"), event);
    add_evidence(m, &v, STR("catastrophic"), add_kept(m, app, T(0), false, 13291, event->quote));
    *VEC_ADD(&m->a, &m->conclusion.verdicts) = v;
    m->conclusion.first_error = line;
}

static void add_others(Made *m, const SourceRow *app)
{
    Verdict v = {.cause =
                     plain_cause(&m->a, STR("vcredist-install"), STR("Visual C++ 2013 runtime cannot be installed")),
                 .kind = CANNOT_TELL};
    add_condition(m, &v,
                  (ConditionResult){.name = STR("msiserver"),
                                    .says = STR("the Windows Installer service is disabled"),
                                    .value = UNKNOWN,
                                    .why = STR("the SYSTEM hive is not in the bundle")});
    *VEC_ADD(&m->a, &m->conclusion.verdicts) = v;
    Match near = {.kept = add_kept(m, app, T(90), false, 77, STR("MSDTC 4202: account NT AUTHORITY\\NetworkService")),
                  .passed = 2,
                  .tests = 3};
    v = (Verdict){.cause = plain_cause(&m->a, STR("com-msdtc-account"), STR("MSDTC runs under a wrong account")),
                  .kind = RULED_OUT};
    add_condition(m, &v,
                  (ConditionResult){.name = STR("account"),
                                    .says = STR("MSDTC does not run as Network Service"),
                                    .value = NO,
                                    .near = keep(&m->a, &near, sizeof near),
                                    .why = STR("it does, in the SYSTEM hive")});
    *VEC_ADD(&m->a, &m->conclusion.verdicts) = v;
}

static void add_episodes(Made *m, const Kept *failure)
{
    Episode list[] = {
        {.kind = EPISODE_BACKUP, .start_ns = T(-24), .end_ns = T(-24) + NS_MINUTE, .outcome = OUTCOME_SUCCESS},
        {.kind = EPISODE_BACKUP,
         .start_ns = T(0),
         .end_ns = TIME_NONE,
         .outcome = OUTCOME_FAILURE,
         .stage = 4,
         .has_error = true,
         .error = 0x8000FFFF,
         .task_id = STR("7c2f"),
         .evidence = failure},
        {.kind = EPISODE_BOOT, .start_ns = T(30), .end_ns = TIME_NONE, .outcome = OUTCOME_UNKNOWN},
        {.kind = EPISODE_BACKUP, .start_ns = T(48), .end_ns = TIME_NONE, .outcome = OUTCOME_SUCCESS},
        {.kind = EPISODE_BACKUP,
         .start_ns = T(96),
         .end_ns = TIME_NONE,
         .outcome = OUTCOME_FAILURE,
         .stage = 4,
         .has_error = true,
         .error = 0x80110401,
         .evidence = failure}};
    for (size_t i = 0; i < COUNT(list); i++) {
        list[i].time_digits = 7;
        *VEC_ADD(&m->a, &m->episodes.list) = list[i];
    }
    m->episodes.last_good = &m->episodes.list.at[3];
    m->episodes.first_failed = m->episodes.failure = &m->episodes.list.at[4];
    m->episodes.backups = 4;
    m->episodes.failed = m->episodes.good = 2;
}

static void add_lost(Made *m)
{
    SourceRow *damaged = add_row(m, STR("eventlogs/System.evtx"), "evtx", ROW_DAMAGED, 4711);
    damaged->note = STR("2 of 16 chunks could not be decoded");
    *VEC_ADD(&m->a, &damaged->holes) = (Hole){{T(10), T(20)}, "record ids are missing"};
    *VEC_ADD(&m->a, &damaged->diagnostics) = (Diagnostic){65536, false, STR("chunk check sum \x1b]0;evil\x07")};
    damaged->diagnostics_lost = 3;
    SourceRow *cut = add_row(m, STR("logs/WaAppAgent.log"), "waappagent", ROW_PARTIAL, 250);
    cut->trust = TRUST_INFERRED;
    cut->zone_ns = 2 * NS_HOUR;
    *VEC_ADD(&m->a, &cut->limits) = (LimitRow){"LIMIT_LINE", STR("the rest of line 17")};
    for (int i = 0; i < 5; i++) {
        add_row(m, arena_format(&m->a, "other/%d.bin", i), "other", ROW_UNREAD, 0)->note = STR("encrypted");
    }
    add_row(m, STR("\xff\xfe bad\nname.txt"), "other", ROW_SKIPPED, 0);
}

static void ledger_row(Made *m, LedgerPart *part, SourceRow *row)
{
    row->listed = true;
    *VEC_ADD(&m->a, &part->rows) = row;
}

/* The logs that are asked for, everything that is hurt, and one that is not there. */
static void add_ledger(Made *m, SourceRow *app, SourceRow *ext)
{
    LedgerPart asked = {0}, rest = {0}, absent = {.why = STR("Mode diagnostic never holds it")};
    *VEC_ADD(&m->a, &asked.titles) = STR("the logs that are asked for");
    *VEC_ADD(&m->a, &asked.asked_by) = STR("desktop-heap");
    ledger_row(m, &asked, app);
    ledger_row(m, &asked, ext);
    *VEC_ADD(&m->a, &rest.titles) = STR("other files");
    for (size_t i = 0; i < m->analysis.rows.count; i++) {
        if (m->analysis.rows.at[i]->status == ROW_DAMAGED || m->analysis.rows.at[i]->status == ROW_PARTIAL) {
            ledger_row(m, &rest, m->analysis.rows.at[i]);
        }
    }
    *VEC_ADD(&m->a, &absent.titles) = STR("the registry (SYSTEM and SOFTWARE hives)");
    *VEC_ADD(&m->a, &absent.asked_by) = STR("vcredist-install");
    *VEC_ADD(&m->a, &absent.how) = STR("On the VM, as administrator: reg save HKLM\\SOFTWARE C:\\SOFTWARE /y");
    *VEC_ADD(&m->a, &m->conclusion.ledger) = asked;
    *VEC_ADD(&m->a, &m->conclusion.ledger) = rest;
    *VEC_ADD(&m->a, &m->conclusion.absent) = absent;
}

static void make(Made *m, Truth rebooted)
{
    *m = (Made){.bundle = {.path = "vm-erp-app01.zip",
                           .name = STR("vm-erp-app01.zip"),
                           .kind = BUNDLE_ZIP,
                           .collection_mode = STR("diagnostic"),
                           .collected_ns = T(97),
                           .machine = STR("vm-erp-app01"),
                           .time_first = T(-24),
                           .time_last = T(96),
                           .digits_first = 3,
                           .digits_last = 7}};
    SourceRow *app = add_row(m, STR("eventlogs/Application.evtx"), "evtx", ROW_READ, 13511);
    SourceRow *ext = add_row(m,
                             STR("C_/WindowsAzure/Logs/Plugins/Microsoft.Azure.RecoveryServices.VMSnapshot/1.0.95.0/"
                                 "IaaSBcdrExtension3.log"),
                             "vmsnapshot", ROW_READ, 42);
    add_heap(m, app, ext, rebooted);
    add_others(m, app);
    add_episodes(m, m->conclusion.first_error);
    add_lost(m);
    *VEC_ADD(&m->a, &m->analysis.codes) = (CodeMet){0x80110401, CODE_HRESULT, 2, T(96), T(96), 7, ext};
    *VEC_ADD(&m->a, &m->analysis.codes) = (CodeMet){1603, CODE_MSI, 9, T(1), T(2), 7, app};
    *VEC_ADD(&m->a, &m->analysis.codes) = (CodeMet){0x87654321, CODE_HRESULT, 2, TIME_NONE, TIME_NONE, 0, app};
    Collect next = {.title = STR("the SYSTEM registry hive"),
                    .why = STR("it holds the start type of Windows Installer"),
                    .mode = STR("diagnostic"),
                    .mode_at = 0};
    *VEC_ADD(&m->a, &next.how) = STR("A disk inspection report, mode diagnostic");
    *VEC_ADD(&m->a, &next.how) = STR("On the VM: reg save HKLM\\SYSTEM C:\\system.hiv");
    Inspect inspect = {.title = STR("A disk inspection report, mode diagnostic"), .mode = STR("diagnostic")};
    *VEC_ADD(&m->a, &inspect.made) = STR("Azure portal: the VM > Help > VM Inspector");
    *VEC_ADD(&m->a, &inspect.decides) = STR("vcredist-install");
    *VEC_ADD(&m->a, &m->conclusion.inspect) = inspect;
    *VEC_ADD(&m->a, &next.decides) = STR("vcredist-install");
    *VEC_ADD(&m->a, &m->conclusion.collect) = next;
    *VEC_ADD(&m->a, &m->conclusion.changes) = (Change){T(60), STR("MsiInstaller installed Contoso Agent 4.2"),
                                                       add_kept(m, app, T(60), false, 13400, STR("MsiInstaller 1033"))};
    add_ledger(m, app, ext);
    m->conclusion.headline =
        rebooted == YES
            ? STR("2 of 4 backups failed, first 2023-05-11, last good 2023-05-13: desktop heap exhausted (confirmed)")
            : STR("2 of 4 backups failed, first 2023-05-11, last good 2023-05-13: no documented cause is proved");
    m->report = (Report){
        .bundle = &m->bundle, .analysis = &m->analysis, .episodes = &m->episodes, .conclusion = &m->conclusion};
}

/* The report as text; free() it. */
static char *written_as(const Report *report, const ReportFormat *format, ReportStyle style, size_t *len)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    Sink out = sink_file(file);
    format->write(report, &style, &out);
    *len = out.written + out.used;
    assert_int_equal(sink_close(&out), ST_OK);
    char *text = calloc(1, *len + 1);
    rewind(file);
    assert_int_equal(fread(text, 1, *len, file), *len);
    fclose(file);
    return text;
}

static char *written(const Report *report, const char *format, ReportStyle style, size_t *len)
{
    return written_as(report, report_format(report_formats, str_of(format)), style, len);
}

#ifndef REPORT_SHOW

static json_t *parsed(const Report *report)
{
    size_t len;
    json_error_t error;
    char *text = written(report, "json", (ReportStyle){0}, &len);
    assert_int_equal(text[len - 1], '\n');
    assert_ptr_equal(memchr(text, '\n', len), text + len - 1);
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(root);
    free(text);
    return root;
}

static void no_empty(const json_t *value)
{
    const char *key;
    json_t *item;
    size_t i;
    assert_false(json_is_null(value));
    assert_false(json_is_string(value) && json_string_length(value) == 0);
    json_object_foreach((json_t *)(uintptr_t)value, key, item)
    {
        no_empty(item);
    }
    json_array_foreach((json_t *)(uintptr_t)value, i, item)
    {
        no_empty(item);
    }
}

static const char *at(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void report_json_has_all_keys_and_no_empty_value(void **state)
{
    static const char *const keys[] = {"schema",   "bundle", "headline",     "sources", "episodes",    "changes",
                                       "verdicts", "errors", "collect_next", "absent",  "diagnostics", "limits"};
    (void)state;
    Made m;
    make(&m, YES);
    json_t *root = parsed(&m.report);
    for (size_t i = 0; i < COUNT(keys); i++) {
        assert_non_null(json_object_get(root, keys[i]));
    }
    assert_int_equal(json_object_size(root), COUNT(keys));
    assert_string_equal(at(root, "schema"), "vmsift-report/1");
    no_empty(root);
    json_decref(root);
    arena_free(&m.a);
}

static void report_json_verdict_cites_its_evidence(void **state)
{
    (void)state;
    Made m;
    make(&m, YES);
    json_t *root = parsed(&m.report), *v = json_array_get(json_object_get(root, "verdicts"), 0);
    json_t *line = json_array_get(json_object_get(v, "evidence"), 0),
           *event = json_array_get(json_object_get(v, "evidence"), 1);
    json_t *fields = json_object_get(event, "fields");
    assert_string_equal(at(v, "id"), "desktop-heap");
    assert_string_equal(at(v, "verdict"), "confirmed");
    assert_int_equal(json_integer_value(json_object_get(line, "line")), 9);
    assert_null(json_object_get(line, "record"));
    assert_string_equal(at(line, "original_time"), "2023-05-11T21:20:00.0000000Z");
    assert_int_equal(json_integer_value(json_object_get(event, "record")), 13511);
    assert_null(json_object_get(event, "original_time"));
    assert_string_equal(at(event, "time"), "2023-05-15T21:20:00.0000000Z");
    assert_string_equal(at(fields, "EventID"), "4689");
    assert_string_equal(at(fields, "Data1"), "dllhost.exe");
    assert_string_equal(at(fields, "Data2"), "a\x1b[31m\x01 b");
    assert_string_equal(at(fields, "password"), "***");
    assert_string_equal(at(fields, "twice"), "1");
    json_decref(root);
    arena_free(&m.a);
}

static void report_json_codes_go_by_count_then_number(void **state)
{
    (void)state;
    Made m;
    make(&m, YES);
    json_t *root = parsed(&m.report), *errors = json_object_get(root, "errors");
    assert_string_equal(at(json_array_get(errors, 0), "code"), "1603");
    assert_string_equal(at(json_array_get(errors, 0), "symbol"), "ERROR_INSTALL_FAILURE");
    assert_string_equal(at(json_array_get(errors, 1), "code"), "0x80110401");
    assert_string_equal(at(json_array_get(errors, 2), "code"), "0x87654321");
    assert_null(json_object_get(json_array_get(errors, 2), "symbol"));
    json_decref(root);
    arena_free(&m.a);
}

static void report_json_open_question_is_asked_until_it_is_answered(void **state)
{
    (void)state;
    for (int stated = 0; stated < 2; stated++) {
        Made m;
        make(&m, stated ? YES : UNKNOWN);
        m.conclusion.verdicts.at[0].conditions.at[2].stated = stated;
        json_t *root = parsed(&m.report), *v = json_array_get(json_object_get(root, "verdicts"), 0);
        json_t *ask = json_array_get(json_object_get(v, "ask"), 0);
        assert_string_equal(at(ask, "name"), "reboot-helps");
        assert_true(stated ? strcmp(at(ask, "answer"), "yes") == 0 : at(ask, "answer") == NULL);
        json_decref(root);
        arena_free(&m.a);
    }
}

static void reports_mask_secrets_and_control_bytes(void **state)
{
    (void)state;
    Made m;
    make(&m, YES);
    for (const ReportFormat *f = report_formats; f->name; f++) {
        size_t len;
        char *text = written(&m.report, f->name, (ReportStyle){0}, &len);
        assert_int_equal(strlen(text), len);
        assert_null(strstr(text, "TOPSECRET"));
        assert_null(strstr(text, "HUNTER2"));
        assert_null(strchr(text, 0x1B));
        assert_null(strchr(text, 7));
        free(text);
    }
    arena_free(&m.a);
}

static void reports_are_the_same_bytes_twice(void **state)
{
    (void)state;
    Made m;
    make(&m, UNKNOWN);
    for (const ReportFormat *f = report_formats; f->name; f++) {
        size_t len, again;
        char *one = written(&m.report, f->name, (ReportStyle){true, 80}, &len);
        char *two = written(&m.report, f->name, (ReportStyle){true, 80}, &again);
        assert_int_equal(len, again);
        assert_memory_equal(one, two, len);
        free(one);
        free(two);
    }
    arena_free(&m.a);
}

static void report_term_answers_first_and_keeps_commands_whole(void **state)
{
    (void)state;
    Made m;
    size_t len;
    make(&m, YES);
    char *text = written(&m.report, "term", (ReportStyle){false, 60}, &len);
    assert_memory_equal(text, "2 of 4 backups failed", 21);
    assert_non_null(
        strstr(text, "\n      reg export \"HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\SubSystems\" "
                     "C:\\subsystems.reg\n"));
    assert_null(strstr(text, "No documented cause"));
    assert_non_null(strstr(text, "CONFIRMED  Desktop heap exhausted"));
    free(text);
    arena_free(&m.a);
}

static void report_term_without_a_cause_names_the_first_error_and_the_question(void **state)
{
    (void)state;
    Made m;
    size_t len;
    make(&m, UNKNOWN);
    char *text = written(&m.report, "term", (ReportStyle){false, 100}, &len);
    assert_non_null(strstr(text, "No documented cause is proved. The first fatal error"));
    assert_non_null(strstr(text, "0x8000ffff E_UNEXPECTED"));
    assert_non_null(strstr(text, "--assert reboot-helps=yes\n"));
    assert_non_null(strstr(text, "--assert reboot-helps=no\n"));
    free(text);
    arena_free(&m.a);
}

/* Columns of a line without its colour codes. */
static size_t columns_of(const char *line, const char *end)
{
    size_t columns = 0;
    for (; line < end; line++) {
        if (*line == 0x1B) {
            line = memchr(line, 'm', (size_t)(end - line));
            assert_non_null(line);
        } else {
            columns += (*line & 0xC0) != 0x80;
        }
    }
    return columns;
}

static void report_term_prose_fits_the_columns(void **state)
{
    (void)state;
    Made m;
    make(&m, UNKNOWN);
    for (unsigned columns = 80; columns <= 160; columns += 20) {
        size_t len;
        char *text = written(&m.report, "term", (ReportStyle){true, columns}, &len);
        for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
            if (!strstr(line, "reg export") || strstr(line, "reg export") > end) {
                assert_true(columns_of(line, end) <= columns);
            }
        }
        free(text);
    }
    arena_free(&m.a);
}

static void ledger_page_shows_what_is_hurt_and_fits_the_columns(void **state)
{
    (void)state;
    Made m;
    make(&m, YES);
    for (unsigned columns = 80; columns <= 120; columns += 40) {
        size_t len;
        char *text = written_as(&m.report, ledger_formats, (ReportStyle){false, columns}, &len);
        for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
            assert_true(columns_of(line, end) <= columns);
        }
        assert_non_null(strstr(text, "asked for by desktop-heap"));
        assert_non_null(strstr(text, "record ids are missing"));
        assert_non_null(strstr(text, "byte 65536: chunk check sum \\x1b]0;evil\\x07"));
        assert_non_null(strstr(text, "limit reached, LIMIT_LINE: the rest of line 17"));
        assert_non_null(strstr(text, "zone +02:00, inferred"));
        assert_non_null(strstr(text, "unread, encrypted: 5"));
        assert_non_null(strstr(text, "Mode diagnostic never holds it"));
        assert_null(strstr(text, "\x1b"));
        free(text);
    }
    arena_free(&m.a);
}

static void ledger_json_is_the_ledger_of_the_report(void **state)
{
    (void)state;
    static const char *const keys[] = {"schema", "bundle", "sources", "absent", "diagnostics", "limits"};
    Made m;
    make(&m, YES);
    size_t len;
    char *text = written_as(&m.report, report_format(ledger_formats, STR("json")), (ReportStyle){0}, &len);
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL), *whole = parsed(&m.report);
    assert_non_null(root);
    assert_int_equal(json_object_size(root), COUNT(keys));
    for (size_t i = 0; i < COUNT(keys); i++) {
        assert_true(json_equal(json_object_get(root, keys[i]), json_object_get(whole, keys[i])));
    }
    no_empty(root);
    json_decref(root);
    json_decref(whole);
    free(text);
    arena_free(&m.a);
}

static void report_of_an_empty_bundle_still_is_one(void **state)
{
    (void)state;
    Made m = {.bundle = {.path = "gone.zip",
                         .status = ST_FAILED,
                         .trouble = STR("no such file"),
                         .collected_ns = TIME_NONE,
                         .time_first = TIME_NONE,
                         .time_last = TIME_NONE}};
    m.report =
        (Report){.bundle = &m.bundle, .analysis = &m.analysis, .episodes = &m.episodes, .conclusion = &m.conclusion};
    json_t *root = parsed(&m.report);
    no_empty(root);
    assert_string_equal(at(json_array_get(json_object_get(root, "diagnostics"), 0), "what"), "no such file");
    json_decref(root);
    size_t len;
    char *text = written(&m.report, "term", (ReportStyle){0}, &len);
    assert_non_null(strstr(text, "no such file"));
    free(text);
}

/* The schema is checked by a tool that not every machine has. */
static void report_json_follows_its_schema(void **state)
{
    (void)state;
    FILE *schema = fopen("docs/report.schema.json", "r"); /* tests run at the top of the tree */
    if (!schema || fclose(schema) != 0 || system("python3 -c 'import jsonschema' 2>/dev/null") != 0) {
        skip();
    }
    for (int i = 0; i < 3; i++) {
        Made m;
        size_t len;
        make(&m, i ? YES : UNKNOWN);
        if (i == 2) {
            assert_true(asked_code_find(STR("UserErrorVmNotFoundV2"), &(RuleSet){0}, &m.report.code));
        }
        char *text = written(&m.report, "json", (ReportStyle){0}, &len);
        FILE *check = popen("python3 -c 'import json, sys, jsonschema; "
                            "s = json.load(open(\"docs/report.schema.json\")); "
                            "jsonschema.Draft202012Validator.check_schema(s); "
                            "jsonschema.Draft202012Validator(s).validate(json.load(sys.stdin))'",
                            "w");
        assert_non_null(check);
        assert_int_equal(fwrite(text, 1, len, check), len);
        assert_int_equal(pclose(check), 0);
        free(text);
        arena_free(&m.a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(report_json_has_all_keys_and_no_empty_value),
        cmocka_unit_test(report_json_verdict_cites_its_evidence),
        cmocka_unit_test(report_json_codes_go_by_count_then_number),
        cmocka_unit_test(report_json_open_question_is_asked_until_it_is_answered),
        cmocka_unit_test(reports_mask_secrets_and_control_bytes),
        cmocka_unit_test(reports_are_the_same_bytes_twice),
        cmocka_unit_test(report_term_answers_first_and_keeps_commands_whole),
        cmocka_unit_test(report_term_without_a_cause_names_the_first_error_and_the_question),
        cmocka_unit_test(report_term_prose_fits_the_columns),
        cmocka_unit_test(ledger_page_shows_what_is_hurt_and_fits_the_columns),
        cmocka_unit_test(ledger_json_is_the_ledger_of_the_report),
        cmocka_unit_test(report_of_an_empty_bundle_still_is_one),
        cmocka_unit_test(report_json_follows_its_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
