/* The catalogue of message texts, and strings put into them. */
#include "unit.h"

#include <stdio.h>

#include "analysis.h"
#include "event_message.h"
#include "rule_case.h"

static const EventMessage in_file_order[] = {
#define MESSAGE(provider, alias, id, text) {provider, alias, id, text},
#include "event_message.def"
#undef MESSAGE
};
#define COUNT (sizeof in_file_order / sizeof *in_file_order)

TEST(event_message_catalogue_is_sorted_and_found)
{
    for (size_t i = 0; i < COUNT; i++) {
        const EventMessage *m = &in_file_order[i];
        int order = i ? str_order_nocase(str_of(m[-1].provider), str_of(m->provider)) : -1;
        if (order > 0 || (order == 0 && m[-1].id >= m->id)) {
            fail_msg("%s %u is not in its place", m->provider, (unsigned)m->id);
        }
        assert_string_equal(event_message_find(str_of(m->provider), (Str){0}, m->id)->text, m->text);
    }
}

/* Marks are complete, braces are in pairs and hold a mark each. */
static bool well_formed(Str text)
{
    bool inside = false, mark = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i], next = i + 1 < text.len ? text.at[i + 1] : 0;
        if ((c == '{') == inside && (c == '{' || c == '}')) {
            return false;
        }
        if (c == '}' && !mark) {
            return false;
        }
        inside = c == '{' || (inside && c != '}');
        mark = c == '%' || (mark && c != '{');
        if (c == '%' && !byte_digit(next) && !(next == '(' && str_find_byte(text, ')', i) != STR_NOT_FOUND)) {
            return false;
        }
        if (c == '!') {
            size_t end = str_find_byte(text, '!', i + 1);
            if (end == STR_NOT_FOUND || !(byte_digit(text.at[i - 1]) || text.at[i - 1] == ')')) {
                return false;
            }
            i = end;
        }
    }
    return !inside;
}

TEST(event_message_catalogue_is_well_formed)
{
    assert_false(well_formed(STR("a {b} c")));
    assert_false(well_formed(STR("a {%1")));
    assert_false(well_formed(STR("%2!code")));
    for (size_t i = 0; i < COUNT; i++) {
        if (!well_formed(str_of(in_file_order[i].text))) {
            fail_msg("%s %u: %s", in_file_order[i].provider, (unsigned)in_file_order[i].id, in_file_order[i].text);
        }
    }
}

#define NAMED(name, value)                                                                                             \
    {                                                                                                                  \
        {(const uint8_t *)"" name "", sizeof(name) - 1},                                                               \
        {                                                                                                              \
            (const uint8_t *)"" value "", sizeof(value) - 1                                                            \
        }                                                                                                              \
    }
#define UNNAMED(value) NAMED("", value)
#define SAYS(provider, id, fields, text)                                                                               \
    says(STR(provider), (Str){0}, id, fields, sizeof fields / sizeof *fields, STR(text))

static void says(Str provider, Str alias, uint32_t id, const Field *fields, size_t count, Str text)
{
    Arena a = {0};
    Event ev = {.provider = provider, .provider_alias = alias, .id = id, .fields = fields, .field_count = count};
    assert_str(event_message(&a, &ev), text);
    arena_free(&a);
}

TEST(event_message_holds_the_strings_by_position)
{
    static const Field state[] = {NAMED("param1", "Windows Installer"), NAMED("param2", "stopped"),
                                  NAMED("Binary", "6D0073006900")};
    SAYS("Service Control Manager", 7036, state, "The Windows Installer service entered the stopped state.");
    SAYS("SERVICE CONTROL MANAGER", 7036, state, "The Windows Installer service entered the stopped state.");
    SAYS("Service Control Manager", 7999, state, "");
    SAYS("Someone else", 7036, state, "");
}

TEST(event_message_is_found_by_the_older_source_name)
{
    static const Field text[] = {NAMED("param1", "Error Code = 0x8000ffff : Catastrophic failure")};
    const Str said = STR("The run-time environment has detected an inconsistency in its internal state. Error Code = "
                         "0x8000ffff : Catastrophic failure");
    says(STR("Microsoft-Windows-Complus"), STR("COM+"), 4689, text, 1, said);
    says(STR("COM+"), (Str){0}, 4689, text, 1, said);
}

TEST(event_message_decodes_error_codes_and_keeps_them)
{
    static const Field win32[] = {NAMED("param1", "sig1"), NAMED("param2", "%%1053")};
    static const Field hresult[] = {NAMED("param1", "Spooler"), NAMED("param2", "%%2147942405")};
    static const Field unknown[] = {NAMED("param1", "Spooler"), NAMED("param2", "%%64999")};
    static const Field nameless[] = {NAMED("param1", "Spooler"), NAMED("param2", "%%2147549694")};
    static const Field words[] = {NAMED("param1", "Spooler"), NAMED("param2", "no number")};
    SAYS("Service Control Manager", 7000, win32,
         "The sig1 service failed to start: The service did not answer in time (%%1053, "
         "ERROR_SERVICE_REQUEST_TIMEOUT).");
    SAYS(
        "Service Control Manager", 7023, hresult,
        "The Spooler service terminated with an error: Access was denied (%%2147942405 = 0x80070005, E_ACCESSDENIED).");
    SAYS("Service Control Manager", 7023, unknown, "The Spooler service terminated with an error: %%64999.");
    SAYS("Service Control Manager", 7023, nameless,
         "The Spooler service terminated with an error: %%2147549694 = 0x800101fe.");
    SAYS("Service Control Manager", 7023, words, "The Spooler service terminated with an error: no number.");
}

TEST(event_message_decodes_the_status_of_an_installation)
{
    static const Field good[] = {UNNAMED("Tool"), UNNAMED("1.0"),    UNNAMED("1033"), UNNAMED("0"),
                                 UNNAMED("Acme"), UNNAMED("(NULL)"), UNNAMED("")};
    static const Field bad[] = {UNNAMED("Tool"), UNNAMED("1.0"), UNNAMED("1033"), UNNAMED("1603"), UNNAMED("Acme")};
    static const Field patch[] = {UNNAMED("Tool"), UNNAMED("1.0"),  UNNAMED("0"),
                                  UNNAMED("KB1"),  UNNAMED("1603"), UNNAMED("Acme")};
    SAYS("MsiInstaller", 1033, good,
         "Windows Installer installed the product: Tool, version 1.0, language 1033, of Acme. Status: success (0).");
    SAYS("MsiInstaller", 1033, bad,
         "Windows Installer installed the product: Tool, version 1.0, language 1033, of Acme. Status: The installation "
         "failed fatally (1603, ERROR_INSTALL_FAILURE).");
    SAYS("MsiInstaller", 1036, patch,
         "Windows Installer installed an update: KB1, of Tool, version 1.0, language 0, of Acme. Status: The "
         "installation "
         "failed fatally (1603, ERROR_INSTALL_FAILURE).");
}

TEST(event_installer_status_of_an_update_stands_behind_its_name)
{
    static const Field data[] = {UNNAMED("Tool"), UNNAMED("1.0"), UNNAMED("0"), UNNAMED("7"), UNNAMED("1603")};
    Event ev = {.provider = STR("MsiInstaller"), .id = 1036, .fields = data, .field_count = 5};
    assert_str(event_installer_status(&ev), STR("1603"));
    ev.id = 1033;
    assert_str(event_installer_status(&ev), STR("7"));
    ev.id = 11707;
    assert_int_equal(event_installer_status(&ev).len, 0);
    ev = (Event){.provider = STR("MsiInstaller"), .id = 1036, .fields = data, .field_count = 4};
    assert_int_equal(event_installer_status(&ev).len, 0);
}

TEST(event_message_decodes_an_exception)
{
    static const Field crash[] = {UNNAMED("a.exe"), UNNAMED("1"), UNNAMED("4a5bc637"), UNNAMED("b.dll"),
                                  UNNAMED("2"),     UNNAMED(""),  UNNAMED("c0000005"), UNNAMED("00000003")};
    SAYS("Application Error", 1000, crash,
         "Faulting application: a.exe, version 1, time stamp 4a5bc637. Faulting module: b.dll, version 2. Exception: "
         "The "
         "process touched memory that is not its own (c0000005, STATUS_ACCESS_VIOLATION), at offset 00000003.");
}

TEST(event_message_says_what_a_value_means)
{
    static const Field restart[] = {NAMED("ShutdownActionType", "5"), NAMED("ShutdownEventCode", "0")};
    static const Field other[] = {NAMED("ShutdownActionType", "77"), NAMED("ShutdownEventCode", "0")};
    SAYS("Microsoft-Windows-Kernel-Power", 109, restart,
         "The kernel power manager has initiated a shutdown transition: restart (5). [ShutdownEventCode=0]");
    SAYS("Microsoft-Windows-Kernel-Power", 109, other,
         "The kernel power manager has initiated a shutdown transition: 77. [ShutdownEventCode=0]");
}

TEST(event_message_leaves_out_the_parts_that_lack_a_string)
{
    static const Field all[] = {UNNAMED("a.exe"),   UNNAMED("vm"),      UNNAMED("Other"), UNNAMED("0x0"),
                                UNNAMED("restart"), UNNAMED("by hand"), UNNAMED("admin")};
    static const Field few[] = {UNNAMED("a.exe"), UNNAMED("vm"), UNNAMED("Other"), UNNAMED(""), UNNAMED("restart")};
    SAYS("USER32", 1074, all,
         "The process a.exe has initiated the restart of computer vm on behalf of user admin. Reason: Other (0x0). "
         "Comment: by hand");
    SAYS("User32", 1074, few, "The process a.exe has initiated the restart of computer vm. Reason: Other.");
}

TEST(event_message_that_does_not_fit_is_not_used)
{
    static const Field one[] = {NAMED("param1", "Windows Installer")};
    static const Field empty[] = {NAMED("param1", ""), NAMED("param2", "stopped")};
    static const Field without_names[] = {UNNAMED("2023-05-13T13:40:17Z")};
    SAYS("Service Control Manager", 7036, one, "");
    SAYS("Service Control Manager", 7036, empty, "");
    SAYS("Microsoft-Windows-Kernel-General", 13, without_names, "");
}

TEST(event_message_lists_the_strings_that_its_text_leaves_out)
{
    static const Field uptime[] = {UNNAMED(""),   UNNAMED(""),   UNNAMED(""), UNNAMED(""),
                                   UNNAMED("14"), UNNAMED("60"), UNNAMED(""), NAMED("Binary", "31")};
    static const Field crash[] = {NAMED("param1", "Spooler"), NAMED("param2", "3"), NAMED("extra", "x"),
                                  NAMED("param4", "1")};
    SAYS("EventLog", 6013, uptime, "The system uptime is 14 seconds. [Data6=60]");
    SAYS("Service Control Manager", 7034, crash,
         "The Spooler service terminated unexpectedly. It has done this 3 time(s). [extra=x; param4=1]");
}

TEST(event_message_of_a_date_is_free_of_direction_marks)
{
    static const Field date[] = {UNNAMED("1:34:44 PM"), UNNAMED("\xE2\x80\x8E"
                                                                "8/\xE2\x80\x8E"
                                                                "25/\xE2\x80\x8E"
                                                                "2015")};
    SAYS("EventLog", 6008, date, "The previous system shutdown at 1:34:44 PM on 8/25/2015 was unexpected.");
}

/* Strings come from input: none of the marks in them means anything. */
TEST(event_message_does_not_read_marks_in_strings)
{
    static const Field hostile[] = {NAMED("param1", "%2 {%(x)!code!}"), NAMED("param2", "100% {")};
    SAYS("Service Control Manager", 7036, hostile, "The %2 {%(x)!code!} service entered the 100% { state.");
}

/* How many hits a rule for COM+ 4689 has that asks for this text, and the quote of the event. */
static size_t hits(const char *text, Arena *run, Str *quote)
{
    static const Field param = {{(const uint8_t *)"param1", 6}, {(const uint8_t *)"Catastrophic failure", 20}};
    const Event ev = {.service = SERVICE_EVENT_LOG,
                      .level = LEVEL_ERROR,
                      .id = 4689,
                      .channel = STR("Application"),
                      .provider = STR("COM+"),
                      .fields = &param,
                      .field_count = 1};
    char rule[512];
    RuleCase c;
    Analysis analysis;
    Source src = {0};
    snprintf(rule, sizeof rule,
             "title: T\nname: r\nlogsource: {product: windows, service: application}\ndetection:\n"
             "  s: {EventID: 4689, Message|contains: %s}\n  condition: s\n",
             text);
    rule_case_good(&c, rule);
    analysis_open(&analysis, &c.set, run);
    analysis_row(&analysis, STR("a.evtx"), 0, TIME_NONE, 1);
    analysis_add(&analysis, &src, &ev);
    *quote = analysis.kept.at[0]->quote;
    size_t count = 0;
    for (size_t i = 0; i < analysis.matches.count; i++) {
        count += analysis.matches.at[i].truth == YES;
    }
    analysis_close(&analysis);
    rule_case_close(&c);
    return count;
}

TEST(event_message_is_quoted_and_never_matched)
{
    Arena run = {0};
    Str quote;
    assert_int_equal(hits("Catastrophic", &run, &quote), 1);
    assert_int_equal(hits("inconsistency", &run, &quote), 0);
    assert_str(quote, STR("COM+ 4689: The run-time environment has detected an inconsistency in its internal state. "
                          "Catastrophic failure"));
    arena_free(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_message_catalogue_is_sorted_and_found),
        cmocka_unit_test(event_message_catalogue_is_well_formed),
        cmocka_unit_test(event_message_holds_the_strings_by_position),
        cmocka_unit_test(event_message_is_found_by_the_older_source_name),
        cmocka_unit_test(event_message_decodes_error_codes_and_keeps_them),
        cmocka_unit_test(event_message_decodes_the_status_of_an_installation),
        cmocka_unit_test(event_installer_status_of_an_update_stands_behind_its_name),
        cmocka_unit_test(event_message_decodes_an_exception),
        cmocka_unit_test(event_message_says_what_a_value_means),
        cmocka_unit_test(event_message_leaves_out_the_parts_that_lack_a_string),
        cmocka_unit_test(event_message_that_does_not_fit_is_not_used),
        cmocka_unit_test(event_message_lists_the_strings_that_its_text_leaves_out),
        cmocka_unit_test(event_message_of_a_date_is_free_of_direction_marks),
        cmocka_unit_test(event_message_does_not_read_marks_in_strings),
        cmocka_unit_test(event_message_is_quoted_and_never_matched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
