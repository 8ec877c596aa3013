#include "unit.h"

#include <string.h>

#include "capture.h"
#include "text_stamp.h"

#define VM      "Microsoft.Azure.RecoveryServices.VMSnapshot"
#define EXE     "C:\\Packages\\Plugins\\" VM "\\1.0.70.0\\IaaSBcdrExtension.exe"
#define B(text) "[00000010] 2023-05-11T21:38:35.359Z " text "\r\n"

static Capture *run(const char *parser, const char *path, Str bytes)
{
    static Capture c;
    capture_run(&c, parser_named(str_of(parser)), str_of(path), bytes, true);
    return &c;
}

static const Event *only(Capture *c)
{
    assert_int_equal(c->events.count, 1);
    return &c->events.at[0];
}

static void assert_field(const Event *ev, const char *name, const char *value)
{
    assert_str(event_field(ev, str_of(name)), str_of(value));
}

static void assert_picked(const char *path, Str head, const char *parser)
{
    assert_str(str_of(parser_pick(str_of(path), head)->name), str_of(parser));
}

/* --- the agent's logs -------------------------------------------------------------------------------------------- */

TEST(agent_month_first_stamp_is_assumed_utc)
{
    Capture *c = run("agent_log", "WaAppAgent.log",
                     STR("[00000007] [07/18/2019 14:46:28.87] [WARN] WindowsAzureGuestAgent stopping.\r\n"));
    int64_t ns;
    assert_true(timestamp_civil(2019, 7, 18, 14, 46, 28, &ns));
    assert_int_equal(only(c)->time_ns, ns + 870000000);
    assert_int_equal(only(c)->trust, TRUST_ASSUMED);
    assert_int_equal(only(c)->level, LEVEL_WARNING);
    assert_int_equal(only(c)->mark, MARK_AGENT_STOP);
    assert_str(only(c)->time_text, STR("07/18/2019 14:46:28.87"));
    capture_close(c);
}

TEST(agent_enable_failed_has_handler_version_and_exit_code)
{
    Capture *c =
        run("agent_log", "WaAppAgent.log",
            STR(B("[ERROR] Enable failed for plugin (name: " VM ", version 1.0.70.0) with exception Command " EXE
                  " of " VM " has exited with Exit code: 1")));
    assert_int_equal(only(c)->mark, MARK_ENABLE_FAILED);
    assert_int_equal(only(c)->trust, TRUST_STAMPED);
    assert_field(only(c), "Handler", VM);
    assert_field(only(c), "Version", "1.0.70.0");
    assert_field(only(c), "ExitCode", "1");
    capture_close(c);
}

TEST(agent_life_cycle_is_marked)
{
    static const struct {
        const char *text;
        Mark mark;
    } lines[] = {
        {"[INFO]  Driving to new goal state ..", MARK_GOAL_STATE},
        {"[INFO]  Beginning enable of plugin " VM ".", MARK_ENABLE_BEGIN},
        {"[WARN]  Enabling plugin (handler name: " VM ", extension name: , version: 1.0.70.0)., Code: 0",
         MARK_ENABLE_BEGIN},
        {"[INFO]  Successfully enabled plugin " VM, MARK_ENABLE_OK},
        {"[INFO]  Successfully enabled plugin (name: " VM ", version: 1.0.70.0), Code: 0", MARK_ENABLE_OK},
        {"[ERROR] Enable failed for plugin " VM " with exception", MARK_ENABLE_FAILED},
        {"[WARN]  Installing plugin (name: " VM ", version: 1.0.70.0), Code: 0", MARK_INSTALL_BEGIN},
        {"[WARN]  Installed plugin (name: " VM ", version: 1.0.70.0), Code: 0", MARK_INSTALL_OK},
        {"[ERROR] Install failed for plugin (name: " VM ", version 1.0.70.0) with exception", MARK_INSTALL_FAILED},
        {"[INFO]  Started a process with the launch command " EXE ", params:enable", MARK_COMMAND_BEGIN},
        {"[INFO]  Command " EXE " of " VM " has exited with Exit code: 0", MARK_COMMAND_EXIT},
        {"[HEART] WindowsAzureGuestAgent Heartbeat.", MARK_NONE},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        Arena a = {0};
        Str text = arena_join(&a, (Str[]){STR("[00000010] 2023-05-11T21:38:35Z "), str_of(lines[i].text)}, 2);
        Capture *c = run("agent_log", "WaAppAgent.log", text);
        assert_int_equal(only(c)->mark, lines[i].mark);
        if (lines[i].mark != MARK_NONE && lines[i].mark != MARK_GOAL_STATE) {
            assert_field(only(c), "Handler", VM);
        }
        capture_close(c);
        arena_free(&a);
    }
}

TEST(agent_hresult_comes_from_a_continuation_line)
{
    Capture *c = run(
        "agent_log", "WaAppAgent.log",
        STR(B("[ERROR] InstallPlugins() failed with exception: System.AggregateException") " ---> inner\r\n"
                                                                                           " (Exception from HRESULT: "
                                                                                           "0x8007000B)\r\n"));
    assert_int_equal(only(c)->mark, MARK_INSTALL_FAILED);
    assert_field(only(c), "HResult", "0x8007000b");
    assert_null(event_field(only(c), STR("Handler")).at);
    assert_int_equal(str_find_byte(only(c)->message, '\r', 0), STR_NOT_FOUND);
    capture_close(c);
}

TEST(agent_undated_line_inherits_the_time_before)
{
    Capture *c = run("agent_log", "WaAppAgent.log", STR("[INFO] first\r\n" B("[INFO]  x") "[ERROR] later\r\n"));
    assert_int_equal(c->events.count, 3);
    assert_int_equal(c->events.at[0].time_ns, TIME_NONE);
    assert_int_equal(c->events.at[2].trust, TRUST_INHERITED);
    assert_int_equal(c->events.at[2].time_ns, c->events.at[1].time_ns);
    assert_int_equal(c->events.at[2].record, 3);
    capture_close(c);
}

TEST(agent_line_glued_to_a_redaction_is_a_record)
{
    Capture *c = run("agent_log", "WaAppAgent.log",
                     STR(B("[INFO]  x") "***REDACTED***" B("[WARN]  WindowsAzureGuestAgent stopping.")));
    assert_int_equal(c->events.count, 2);
    assert_int_equal(c->events.at[1].mark, MARK_AGENT_STOP);
    capture_close(c);
}

TEST(agent_file_cut_in_a_line_is_partial)
{
    Capture *c = run("agent_log", "WaAppAgent.log", STR(B("[INFO]  x") "[00000010] 2023-05"));
    assert_int_equal(c->status, ST_PARTIAL);
    assert_int_equal(c->events.count, 2);
    capture_close(c);
}

TEST(installer_health_line_is_an_event_of_its_own)
{
    Capture *c = run("installer_log", "TransparentInstaller.log",
                     STR("[00000018] [11/11/2022 05:44:01.57] [TRACE] "
                         "Going\r\n{\"reportTime\":\"2022-11-11T05:44:02Z\",\"services\":[]}\r\n"
                         "{\"reportTime\":\"2022-11-11T05:44:02Z\",\"services\":[]}\r\n"));
    assert_int_equal(c->events.count, 3);
    assert_int_equal(c->events.at[1].trust, TRUST_STAMPED);
    assert_int_equal(c->events.at[1].service, SERVICE_TRANSPARENTINSTALLER);
    capture_close(c);
}

TEST(agent_logs_are_told_apart_by_name_then_content)
{
    Str agent = STR(B("[INFO]  Beginning enable of plugin " VM ".")),
        installer = STR(B("[TRACE] Going to check for new NetAgent Target version."));
    assert_picked("x/WaAppAgent.log", agent, "agent_log");
    assert_picked("x/WaAppAgent (2).log", installer, "agent_log");
    assert_picked("sys.log", installer, "installer_log");
    assert_picked("sys.log", agent, "agent_log");
    assert_picked("Logs/Telemetry.log", agent, "plain_text");
}

/* --- the extension's log ----------------------------------------------------------------------------------------- */

#define E(level, text) "2018-12-04T07:52:28.8611188Z [" level "]: " text "\r\n"
#define CONFIG                                                                                                         \
    E("Information",                                                                                                   \
      "Loading configuration {ConfigFile = C:\\Packages\\Plugins\\" VM "\\1.0.57.0\\RuntimeSettings\\12.settings}")

TEST(extension_stage_is_marked_when_it_is_entered)
{
    Capture *c = run("extension_log", "IaaSBcdrExtension12.log",
                     STR(CONFIG E("Information", "Service is not stopped") E("Information", "Service is running now")));
    assert_int_equal(c->events.count, 3);
    assert_int_equal(c->events.at[0].mark, MARK_RUN_STAGE);
    assert_field(&c->events.at[0], "Stage", "1");
    assert_field(&c->events.at[0], "Sequence", "12");
    assert_field(&c->events.at[0], "Version", "1.0.57.0");
    assert_field(&c->events.at[1], "Stage", "3");
    assert_int_equal(c->events.at[2].mark, MARK_NONE);
    capture_close(c);
}

TEST(extension_error_has_stage_of_its_step_and_hresult)
{
    Capture *c = run("extension_log", "IaaSBcdrExtension12.log",
                     STR(E("Error", "Install provider failed {Exception = System.Runtime.InteropServices.COMException "
                                    "(0x80110401): Errors") "   at x}\r\n"));
    assert_int_equal(only(c)->mark, MARK_RUN_ERROR);
    assert_field(only(c), "Stage", "4");
    assert_field(only(c), "HResult", "0x80110401");
    capture_close(c);
}

TEST(extension_summary_decides_the_run)
{
    static const struct {
        const char *text;
        Mark mark;
    } ends[] = {
        {"DoSnapshot=complete. WaitResult:True, AnySnapshotFailed:False, AllSnapshotFailed:False, ReturnValue:True, x",
         MARK_RUN_OK},
        {"DoSnapshot=complete. WaitResult:True, AnySnapshotFailed:True, AllSnapshotFailed:False, ReturnValue:True, x",
         MARK_RUN_FAILED},
        {"DoSnapshot=complete. WaitResult:True, AnySnapshotFailed:False, AllSnapshotFailed:False, ReturnValue:False",
         MARK_RUN_FAILED},
        {"DoSnapshot=complete. WaitResult:True, AnySnapsh", MARK_RUN_STAGE},
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        Capture *c = run("extension_log", "IaaSBcdrExtension12.log", str_of(ends[i].text));
        assert_int_equal(only(c)->mark, ends[i].mark);
        capture_close(c);
    }
}

TEST(extension_tells_the_machine)
{
    Capture *c =
        run("extension_log", "a.log",
            STR(E("Information", "Process started {ProcessId = 1}{Version = 1.0.70.0}{MachineName = vm-example-1}")));
    assert_int_equal(only(c)->mark, MARK_MACHINE);
    assert_str(only(c)->computer, STR("vm-example-1"));
    assert_field(only(c), "Version", "1.0.70.0");
    capture_close(c);
}

TEST(extension_log_without_stamps_or_name_is_known_by_its_lines)
{
    assert_picked("page.txt", STR("[Information]:\tWaiting for GatherWriterMetadata\n"), "extension_log");
    assert_picked("page.txt", STR("[Information]:\tnothing of the kind\n"), "plain_text");
}

/* --- commands ---------------------------------------------------------------------------------------------------- */

TEST(command_record_spans_its_output)
{
    Capture *c =
        run("command_log", "CommandExecution.log",
            STR("2023-05-08 21:39:58Z\tExecuting command: " EXE " enable\r\nStandard output:\r\nExit code: 1\r\n"));
    assert_int_equal(only(c)->mark, MARK_COMMAND_EXIT);
    assert_int_equal(only(c)->record, 1);
    assert_int_equal(only(c)->trust, TRUST_STAMPED);
    assert_field(only(c), "Handler", VM);
    assert_field(only(c), "ExitCode", "1");
    capture_close(c);
}

static void assert_exit(const char *text, const char *expected)
{
    size_t from = 0;
    assert_str(text_exit_code(str_of(text), &from), str_of(expected));
}

TEST(exit_code_is_decimal_or_hexadecimal_and_nought_is_0)
{
    assert_exit("exited with Exit code: 1603", "1603");
    assert_exit("ExitCode=-1", "-1");
    assert_exit("Exit code: 0x80070643.", "0x80070643");
    assert_exit("Exit code: 0x00000000", "0");
    assert_exit("Exit code: 0x0", "0");
    assert_exit("Exit code: 0", "0");
    assert_exit("Exit code: 0x", "");
    assert_exit("Exit code: 99999999999", "");
}

TEST(command_handler_comes_from_the_path)
{
    Capture *c = run("command_log", VM "/1.0.70.0/CommandExecution.log",
                     STR("2023-05-08 21:39:58Z\tExecuting command: enable.cmd\nExit code: 0\n"));
    assert_field(only(c), "Handler", VM);
    assert_field(only(c), "Version", "1.0.70.0");
    capture_close(c);
}

TEST(plugin_log_is_known_by_its_folder)
{
    assert_picked("Logs/Plugins/Contoso.Tools/1.2/Install.log", STR("done\n"), "plugin_log");
    assert_picked("Install.log", STR("done\n"), "plain_text");
}

/* --- the disk inspection ----------------------------------------------------------------------------------------- */

TEST(results_tell_mode_and_listing)
{
    Capture *c = run(
        "inspect_results", "results.txt",
        STR("Manifest requested: agents:2.1\r\nUsing manifest: agents  [windows]\r\n15:52:59  Listing contents of "
            "/WindowsAzure:\r\n"
            "total 84\r\n-rw-r--r--  1    0    0  3134 Jun 13  2016 a b.txt\r\nExecution end time: 15:53:40  [x]\r\n"));
    assert_int_equal(c->status, ST_OK);
    assert_field(&c->events.at[0], "Manifest", "agents");
    assert_int_equal(c->events.at[2].service, SERVICE_FILE_LISTING);
    assert_field(&c->events.at[2], "TargetFilename", "\\WindowsAzure\\a b.txt");
    assert_field(&c->events.at[2], "Modified", "2016-06-13T00:00:00Z");
    capture_close(c);
}

TEST(results_mode_asked_for_stands_in_for_the_one_used)
{
    Capture *c = run("inspect_results", "results.txt",
                     STR("Manifest requested: agents:2.1\r\nExecution end time: 15:53:40\r\n"));
    assert_field(&c->events.at[1], "Manifest", "agents");
    capture_close(c);
}

TEST(results_redacted_and_removed_files_are_events)
{
    Capture *c = run("inspect_results", "results.txt",
                     STR("CredentialScanner: Statistics - Redacted File List: ['/output/1/device_0/a/b.log'], Removed "
                         "File List: [/output/1/device_0/c, d]\r\n"
                         "Execution end time: 15:53:40\r\n"));
    assert_field(&c->events.at[0], "Path", "/a/b.log");
    assert_field(&c->events.at[0], "Result", "Redacted");
    assert_field(&c->events.at[1], "Result", "Removed");
    assert_field(&c->events.at[2], "Path", "d");
    capture_close(c);
}

TEST(disk_free_space_is_in_bytes)
{
    Capture *c = run("disk_info", "diskinfo.txt",
                     STR("C: /dev/sda2\r\r\n[Device: /dev/sda2, mountpoint: / ]\r\r\nfrsize: 4096\r\r\nblocks: "
                         "10\r\r\nbavail: 3\r\r\n"));
    assert_field(only(c), "Path", "/");
    assert_field(only(c), "Drive", "C:");
    assert_field(only(c), "Free", "12288");
    assert_field(only(c), "Size", "40960");
    capture_close(c);
}

/* --- listings and the rest --------------------------------------------------------------------------------------- */

#define HEADER " Directory of C:\\Windows\\System32\r\n\r\n"

TEST(listing_order_of_dates_is_seen_in_the_file)
{
    Capture *c = run("folder_listing", "dir.txt",
                     STR(HEADER "10/05/2013  02:38 PM  660,128 a.dll\r\n10/25/2013  02:38 AM  1 b.dll\r\n"));
    assert_field(&c->events.at[0], "Modified", "2013-10-05T14:38:00Z");
    assert_field(&c->events.at[0], "Size", "660128");
    assert_field(&c->events.at[0], "TargetFilename", "C:\\Windows\\System32\\a.dll");
    capture_close(c);
}

TEST(listing_order_of_dates_is_not_guessed)
{
    Capture *c = run("folder_listing", "dir.txt", STR(HEADER "10/05/2013  02:38 PM  660,128 a.dll\r\n"));
    assert_field(only(c), "Modified", "10/05/2013  02:38 PM");
    assert_int_equal(only(c)->trust, TRUST_NONE);
    capture_close(c);
}

TEST(listing_needs_a_header_and_a_row)
{
    assert_picked("a.txt", STR(HEADER "10/05/2013  02:38 PM  660,128 a.dll\r\n"), "folder_listing");
    assert_picked("a.txt", STR("10/05/2013  02:38 PM  660,128 a.dll\r\n"), "plain_text");
}

TEST(text_secret_of_the_scanner_is_not_taken)
{
    Capture *c = run("plain_text", "credscan-matches.tsv", STR("id\tfile\tkind\tvalue\n1\ta.log\tKey\tSECRET\n"));
    assert_str(only(c)->message, STR("a.log\tKey"));
    assert_false(str_has(c->analysis.row->note, STR("SECRET")));
    capture_close(c);
}

TEST(unread_disk_has_a_note)
{
    Capture *c = run("unread", "c.vhd", STR("conectix\0\0\0\2"));
    assert_int_equal(c->status, ST_FAILED);
    assert_true(str_starts(c->analysis.row->note, STR("virtual disk")));
    capture_close(c);
}

TEST(hresult_needs_eight_digits_and_the_failure_bit)
{
    char room[11];
    assert_int_equal(text_hresult(STR("0x00000000 0x80070 0x800700050"), false, room).len, 0);
    assert_str(text_hresult(STR("0x0 (0x8000FFFF)"), false, room), STR("0x8000ffff"));
    assert_str(text_hresult(STR("HResult=-2147024891"), true, room), STR("0x80070005"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agent_month_first_stamp_is_assumed_utc),
        cmocka_unit_test(agent_enable_failed_has_handler_version_and_exit_code),
        cmocka_unit_test(agent_life_cycle_is_marked),
        cmocka_unit_test(agent_hresult_comes_from_a_continuation_line),
        cmocka_unit_test(agent_undated_line_inherits_the_time_before),
        cmocka_unit_test(agent_line_glued_to_a_redaction_is_a_record),
        cmocka_unit_test(agent_file_cut_in_a_line_is_partial),
        cmocka_unit_test(installer_health_line_is_an_event_of_its_own),
        cmocka_unit_test(agent_logs_are_told_apart_by_name_then_content),
        cmocka_unit_test(extension_stage_is_marked_when_it_is_entered),
        cmocka_unit_test(extension_error_has_stage_of_its_step_and_hresult),
        cmocka_unit_test(extension_summary_decides_the_run),
        cmocka_unit_test(extension_tells_the_machine),
        cmocka_unit_test(extension_log_without_stamps_or_name_is_known_by_its_lines),
        cmocka_unit_test(command_record_spans_its_output),
        cmocka_unit_test(exit_code_is_decimal_or_hexadecimal_and_nought_is_0),
        cmocka_unit_test(command_handler_comes_from_the_path),
        cmocka_unit_test(plugin_log_is_known_by_its_folder),
        cmocka_unit_test(results_tell_mode_and_listing),
        cmocka_unit_test(results_mode_asked_for_stands_in_for_the_one_used),
        cmocka_unit_test(results_redacted_and_removed_files_are_events),
        cmocka_unit_test(disk_free_space_is_in_bytes),
        cmocka_unit_test(listing_order_of_dates_is_seen_in_the_file),
        cmocka_unit_test(listing_order_of_dates_is_not_guessed),
        cmocka_unit_test(listing_needs_a_header_and_a_row),
        cmocka_unit_test(text_secret_of_the_scanner_is_not_taken),
        cmocka_unit_test(unread_disk_has_a_note),
        cmocka_unit_test(hresult_needs_eight_digits_and_the_failure_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
