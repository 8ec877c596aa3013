#include "lint.h"

#include <string.h>

#include "rule_case.h"

typedef struct Linted {
    RuleCase rules;
    LintCount count;
    char text[8192];
} Linted;

static void lint_open(Linted *l, const char *text)
{
    FILE *to = tmpfile();
    assert_non_null(to);
    rule_case_good(&l->rules, text);
    Sink out = sink_file(to);
    const Str own = STR("case.yml");
    l->count = lint(&l->rules.set, &(LintScope){.paths = &own, .path_count = 1}, &out);
    sink_close(&out);
    rewind(to);
    l->text[fread(l->text, 1, sizeof l->text - 1, to)] = 0;
    fclose(to);
}

/* One piece of advice, with its place and its code. */
static void assert_advice(const char *text, const char *expected)
{
    Linted l;
    lint_open(&l, text);
    if (!strstr(l.text, expected) || l.count.advice != 1) {
        print_error("expected: %s\nactual:   %s\n", expected, l.text);
    }
    assert_int_equal(l.count.advice, 1);
    assert_non_null(strstr(l.text, expected));
    rule_case_close(&l.rules);
}

static void assert_silence(const char *text)
{
    Linted l;
    lint_open(&l, text);
    assert_string_equal(l.text, "");
    assert_int_equal(l.count.files, 1);
    rule_case_close(&l.rules);
}

/* A rule of which the detection is told: its first line is line 5. */
#define SYSTEM(detection) "title: T\nname: r\nlogsource: {product: windows, service: system}\ndetection:\n" detection
#define AGENT(detection)  "title: T\nname: r\nlogsource: {product: azurevm, service: waappagent}\ndetection:\n" detection
#define REGISTRY(detection)                                                                                            \
    "title: T\nname: r\nlogsource: {product: windows, category: registry_state}\ndetection:\n" detection
#define EPISODE(detection) "title: T\nname: r\nlogsource: {product: azurevm, service: episode}\ndetection:\n" detection

TEST(literal_none_in_one_alternative_is_told)
{
    assert_advice(
        AGENT("  a: {Message|contains: Install failed}\n  b: {Message|re: '[0-9]{5}'}\n  condition: a or b\n"),
        "case.yml:7:14: [no-literal] the rule is tried on every event of the log of the VM agent");
    assert_advice(SYSTEM("  a: {param1: abc}\n  condition: a\n"), "case.yml:6:14: [no-literal]");
    assert_silence(
        AGENT("  a: {Message|contains: Install failed}\n  b: {Message|re: '[0-9]{5}'}\n  condition: a and b\n"));
    assert_silence(SYSTEM("  a: {EventID: 7, param1: abc}\n  condition: a\n"));
    assert_silence(AGENT("  a: {Level: error, ExitCode: 5}\n  condition: a\n"));
    assert_silence(EPISODE("  a: {Stage: 5}\n  condition: a\n"));
}

TEST(short_word_without_ends_is_told)
{
    assert_advice(SYSTEM("  a: {EventID: 7, param1|contains: vss}\n  condition: a\n"),
                  "case.yml:5:36: [short-word] 'vss'");
    assert_advice(SYSTEM("  a: {EventID: 7, param1: '*vss*'}\n  condition: a\n"), "[short-word] '*vss*'");
    assert_silence(SYSTEM("  a: {EventID: 7, param1: vss}\n  condition: a\n"));
    assert_silence(SYSTEM("  a: {EventID: 7, param1|startswith: vss}\n  condition: a\n"));
    assert_silence(SYSTEM("  a: {EventID: 7, param1|contains: '\\vs\\'}\n  condition: a\n"));
    assert_silence(SYSTEM("  a: {EventID: 7, param1|contains|all: [vss, writer]}\n  condition: a\n"));
}

static void assert_regex(const char *regex, const char *expected)
{
    char text[400];
    snprintf(text, sizeof text, SYSTEM("  a: {EventID: 7, param1|re: '%s'}\n  condition: a\n"), regex);
    if (expected) {
        assert_advice(text, expected);
    } else {
        assert_silence(text);
    }
}

TEST(regex_beyond_the_specification_is_told)
{
    assert_regex("id=\\d+", "case.yml:5:30: [regex] Sigma's regular expressions have no \\d; write [0-9] (at byte 4)");
    assert_regex("(a+)\\1", "a back-reference");
    assert_regex("5(?!6)", "look-around");
    assert_regex("(?<=x)5[0-9]", "look-around");
    assert_regex("(?>a+)b", "an atomic group");
    assert_regex("(?:ab)+", "(?: ); write ( )");
    assert_regex("(a(?R)?b)", "recursion");
    assert_regex("(?<n>a+)b", "a named group");
    assert_regex("a++b", "a possessive repetition");
    assert_regex("a.*?b", "a lazy repetition");
    assert_regex("ab\\Kc+", "\\K");
    assert_regex("[[:digit:]]+", "a class by name");
    assert_regex("^a\\.b[0-9]{2,3}(x|y)?[^]?+]$", NULL);
}

TEST(regex_of_a_plain_text_is_told)
{
    assert_regex("Start", "write 'param1|contains|cased: Start'");
    assert_regex("^C:\\\\Temp", "write 'param1|startswith|cased: C:\\Temp'");
    assert_regex("^.*\\.dll$", "write 'param1|endswith|cased: .dll'");
    assert_regex("^a\\*$", "write 'param1|cased: a\\*'");
    assert_advice(SYSTEM("  a: {EventID: 7, param1|re|i: Start}\n  condition: a\n"), "write 'param1|contains: Start'");
    assert_regex("a.b", NULL);
    assert_regex("a|b", NULL);
}

TEST(selection_that_is_not_used_is_told)
{
    assert_advice(SYSTEM("  a: {EventID: 7}\n  b: {EventID: 8}\n  condition: a\n"), "case.yml:6:3: [unused]");
    assert_silence(SYSTEM("  a: {EventID: 7}\n  b: {EventID: 8}\n  condition: 1 of them\n"));
}

TEST(condition_that_decides_nothing_is_told)
{
    assert_advice(SYSTEM("  a: {EventID: 7}\n  b: {x: why}\n  condition: a and (b or not b)\n"),
                  "case.yml:7:14: [no-effect] 'b' makes no difference");
    assert_advice(SYSTEM("  a: {EventID: 7}\n  condition: a and not a\n"), "case.yml:6:14: [constant] this is false");
    assert_silence(SYSTEM("  a: {EventID: 7}\n  b: {x: why}\n  condition: a and not b\n"));
}

TEST(selection_that_cannot_hold_is_told)
{
    assert_advice(SYSTEM("  a: {EventID: 7}\n  b: {EventID: [8, 9]}\n  condition: a and b\n"),
                  "case.yml:6:7: [never-true] 'EventID' is to be something else in line 5");
    assert_advice(SYSTEM("  a: {EventID: 7, x: one, x|startswith: two}\n  condition: a\n"), "[never-true] 'x'");
    assert_advice(SYSTEM("  a: {EventID: 7, x|all: [one, two]}\n  condition: a\n"), "several values at once");
    assert_advice(SYSTEM("  a: {EventID: 7, Channel: Security}\n  condition: a\n"), "does not occur in the System");
    assert_advice(SYSTEM("  a: {EventID: 70000}\n  condition: a\n"), "[never-true] '70000'");
    assert_advice(EPISODE("  a: {Kind: reboot}\n  condition: a\n"), "one of backup, install, enable, boot, shutdown");
    assert_silence(SYSTEM("  a: {EventID: 7}\n  b: {EventID: [8, 9]}\n  condition: a or b\n"));
    assert_silence(SYSTEM("  a: {EventID: 7}\n  b: {EventID: [7, 9]}\n  condition: a and b\n"));
    assert_silence(SYSTEM("  a: {EventID: 7, x: one, x|endswith: ne}\n  condition: a\n"));
    assert_silence(SYSTEM("  a: {EventID: 7, Data|all: [one, two]}\n  condition: a\n"));
    assert_silence(EPISODE("  a: {Kind: boot}\n  condition: a\n"));
}

TEST(registry_rule_that_is_too_wide_or_not_read_is_told)
{
    assert_advice(REGISTRY("  a: {TargetObject|endswith: '\\Start', Number: 4}\n  condition: a\n"),
                  "case.yml:6:14: [registry-target]");
    assert_advice(REGISTRY("  a: {TargetObject: 'HKLM\\SOFTWARE\\Nobody\\Reads'}\n  condition: a\n"),
                  "case.yml:6:14: [registry-unread]");
    assert_silence(REGISTRY(
        "  a: {TargetObject: 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\VSS\\Start', Number: 4}\n  condition: a\n"));
    assert_silence(REGISTRY("  a: {TargetObject|endswith: '\\VSS\\Start', Number: 4}\n  condition: a\n"));
    assert_silence(
        REGISTRY("  a: {TargetObject|endswith: ['\\VSS\\Start', '\\swprv\\Start'], Number: 4}\n  condition: a\n"));
}

TEST(words_of_a_localised_log_without_an_id_are_told)
{
    assert_advice(SYSTEM("  a: {Message|contains: service could not be started}\n  condition: a\n"),
                  "case.yml:6:14: [localised-text]");
    assert_silence(SYSTEM("  a: {Message|contains: 'C:\\Windows\\System32\\vssvc.exe'}\n  condition: a\n"));
    assert_silence(SYSTEM("  a: {EventID: 7, Message|contains: service could not be started}\n  condition: a\n"));
    assert_silence(AGENT("  a: {Message|contains: service could not be started}\n  condition: a\n"));
}

TEST(rule_without_a_log_of_its_own_is_told)
{
    assert_advice("title: T\nname: r\nlogsource: {product: windows}\ndetection: {a: {EventID: 7}, condition: a}\n",
                  "case.yml:3:12: [any-log] the rule is tried on every event log, and never false");
}

TEST(escape_in_double_quotes_that_nobody_means_is_told)
{
    assert_advice(
        SYSTEM("  a: {EventID: 7, param1|contains: \"\\Packages\\Plugins\"}\n  condition: a\n"),
        "case.yml:5:36: [escape] '\\P' in double quotes is the character U+2029; a backslash stands for itself "
        "in single quotes: '\\Packages\\Plugins'");
    assert_advice(SYSTEM("  a: {EventID: 7, param1: \"C:\\temp\\new\"}\n  condition: a\n"),
                  "'\\t' in double quotes is the character U+0009; a backslash stands for itself in single quotes: "
                  "'C:\\temp\\new'");
    assert_advice(SYSTEM("  a: {EventID: 7, param1: \"a\\bin\"}\n  condition: a\n"), "'\\b' in double quotes");
    assert_advice(SYSTEM("  a: {EventID: 7, param1: \"a\\x86\"}\n  condition: a\n"), "'\\x86' in double quotes");
    assert_advice(SYSTEM("  a: {EventID: 7, param1: \"\\\\x\\new\"}\n  condition: a\n"), "'\\n' in double quotes");
    assert_silence(SYSTEM("  a: {EventID: 7, param1: \"C:\\\\temp\"}\n  condition: a\n"));
    assert_silence(SYSTEM("  a: {EventID: 7, param1: \"one:\\ttwo\\nthree\"}\n  condition: a\n"));
    assert_silence(SYSTEM("  a: {EventID: 7, param1: \"\\u00e4 \\u2026\"}\n  condition: a\n"));
    assert_silence(SYSTEM("  a: {EventID: 7, param1: '\\Packages\\Plugins'}\n  condition: a\n"));
}

TEST(name_that_other_programs_give_to_a_field_is_told)
{
    assert_advice(SYSTEM("  a: {EventID: 7, Provider: Ntfs}\n  condition: a\n"),
                  "case.yml:5:19: [field-name] 'Provider' is taken for the name of a datum; what every event has is "
                  "'Provider_Name'");
    assert_silence(SYSTEM("  a: {EventID: 7, Provider_Name: Ntfs, param1: x}\n  condition: a\n"));
}

TEST(empty_value_of_what_every_event_has_is_told)
{
    assert_advice(SYSTEM("  a: {Provider_Name: Ntfs, EventID: }\n  condition: a\n"),
                  "case.yml:5:28: [never-true] an empty value asks for events without 'EventID'");
    assert_silence(SYSTEM("  a: {EventID: 7, param1: }\n  condition: a\n"));
}

TEST(number_in_words_is_told)
{
    assert_advice(EPISODE("  a: {Stage: ten}\n  condition: a\n"),
                  "case.yml:5:14: [never-true] 'Stage' is a number, and never 'ten'");
    assert_advice(AGENT("  a: {Message|contains: alpha, ExitCode: five}\n  condition: a\n"), "never 'five'");
    assert_silence(EPISODE("  a: {Stage: '10'}\n  condition: a\n"));
    assert_silence(EPISODE("  a: {Stage|gte: 6}\n  condition: a\n"));
}

TEST(message_that_is_compared_whole_is_told)
{
    assert_advice(
        AGENT("  a: {Message: '0x80070020'}\n  condition: a\n"),
        "case.yml:5:16: [whole-message] the whole message is compared, so it must be '0x80070020' and nothing "
        "else; write 'Message|contains'");
    assert_advice(SYSTEM("  a: {EventID: 7, Message: failed to start}\n  condition: a\n"), "[whole-message]");
    assert_silence(AGENT("  a: {Message: '*0x80070020*'}\n  condition: a\n"));
    assert_silence(AGENT("  a: {Message|startswith: alpha}\n  condition: a\n"));
    assert_silence(AGENT("  a: {Level: error, Message: ''}\n  condition: a\n"));
}

TEST(rule_name_that_says_nothing_is_told)
{
    assert_advice("title: T\nname: error\nlogsource: {product: windows, service: system}\n"
                  "detection: {a: {EventID: 7}, condition: a}\n",
                  "case.yml:2:7: [vague-name]");
}

/* A cause whose rules are good: what is told of stands in its parts. the cause begins in line 11, its conditions in
 * line 16. */
#define RULES                                                                                                          \
    "title: A\nname: rule_a\nlogsource: {product: azurevm, service: waappagent}\n"                                     \
    "detection: {a: {Message|contains: alpha}, condition: a}\n---\n"                                                   \
    "title: B\nname: rule_b\nlogsource: {product: windows, service: system}\n"                                         \
    "detection: {a: {EventID: 7, Message|contains: could not be started}, condition: a}\n---\n"
#define HEAD   "title: C\nname: case\nvmsift:\n  cause: Something.\n"
#define A      "    a: {rule: rule_a, says: alpha was seen, distinguishing: true}\n"
#define B      "    b: {rule: rule_b, says: beta was seen, basis: inferred}\n"
#define BOTH   RULES HEAD "  conditions:\n" A B
#define REMEDY "  remedy: [{do: Repair it., reboot: false}]\n"
#define TAIL   REMEDY "  references: [{document: D}]\n"

TEST(cause_good_has_no_advice)
{
    assert_silence(BOTH "  when: a and b\n" TAIL);
    assert_silence(BOTH "  when: a or b\n" TAIL);
}

TEST(cause_condition_that_when_does_not_ask_for_is_told)
{
    assert_advice(BOTH "  when: a\n" TAIL, "case.yml:17:5: [unused] 'when' never asks for the condition 'b'");
    assert_advice(BOTH "  when: a or (a and b)\n" TAIL, "case.yml:18:9: [no-effect] 'b'");
    assert_advice(BOTH "  when: a and not a or b and not b\n" TAIL, "case.yml:18:9: [constant] this is false");
}

TEST(cause_rule_that_nobody_asks_for_is_told)
{
    assert_advice(RULES HEAD "  conditions:\n" A "  when: a\n" TAIL, "case.yml:6:1: [unreferenced]");
    assert_silence(RULES HEAD "  conditions:\n" A "  when: a\n  supports: [rule_b]\n" TAIL);
}

TEST(cause_asks_for_the_rule_behind_until)
{
    assert_silence(RULES HEAD
                   "  conditions:\n    a: {rule: rule_a, says: alpha was seen, distinguishing: true, window: bundle, "
                   "until: rule_b}\n  when: a\n" TAIL);
}

TEST(cause_without_a_distinguishing_condition_is_told)
{
#define PLAIN "    a: {rule: rule_a, says: alpha was seen}\n"
    assert_advice(RULES HEAD "  conditions:\n" PLAIN B "  when: a and b\n" TAIL, "case.yml:16:5: [no-distinguishing]");
    assert_silence(RULES HEAD "  conditions:\n" PLAIN B "  when: a or b\n" TAIL);
}

TEST(cause_condition_on_words_without_a_basis_is_told)
{
#define WORDS "    b: {rule: rule_b, says: beta was seen"
    assert_advice(RULES HEAD "  conditions:\n" A WORDS "}\n  when: a and b\n" TAIL, "case.yml:17:15: [localised-text]");
    assert_silence(RULES HEAD "  conditions:\n" A WORDS ", absent: unknown}\n  when: a and b\n" TAIL);
    assert_silence(RULES HEAD "  conditions:\n" A WORDS "}\n  when: a or b\n" TAIL);
}

TEST(cause_says_that_is_no_piece_of_a_sentence_is_told)
{
#define SAYS(text)                                                                                                     \
    RULES HEAD "  conditions:\n    a: {rule: rule_a, says: " text ", distinguishing: true}\n" B "  when: a and "       \
               "b\n" TAIL
    assert_advice(SAYS("Alpha was seen."), "case.yml:16:29: [says]");
    assert_advice(SAYS("alpha"), "not one word");
    assert_advice(RULES HEAD
                  "  conditions:\n    a: {rule: rule_a, ask: {name: n, question: Is it?}, distinguishing: true}\n" B
                  "  when: a and b\n" TAIL,
                  "case.yml:16:8: [says] the report shows this condition without a word");
}

static void assert_command(const char *command, const char *rest, const char *expected)
{
    char text[2000];
    snprintf(text, sizeof text,
             "%s  when: a and b\n  remedy: [{do: Do it., command: '%s'%s}]\n  references: [{document: D}]\n", BOTH,
             command, rest);
    if (expected) {
        assert_advice(text, expected);
    } else {
        assert_silence(text);
    }
}

TEST(remedy_that_changes_something_says_so)
{
    assert_command("REG ADD HKLM\\x /v y /d 1", ", reboot: false",
                   "case.yml:19:34: [remedy] the command changes a setting");
    assert_command("net stop vss", ", reboot: false", "stops or removes something");
    assert_command("shutdown /r /t 0", ", risk: It is down.", "takes the machine down");
    assert_command("net stop vss", ", risk: No snapshots.", "say whether this needs a reboot");
    assert_command("REG ADD HKLM\\x /v y /d 1", ", undo: Take it back., reboot: false", NULL);
    assert_command("shutdown /r /t 0", ", risk: It is down., reboot: true", NULL);
    assert_command("icacls C:\\x /save C:\\y /t", "", NULL);
    assert_command("icacls C:\\x /grant SYSTEM:F", ", reboot: false", "changes a setting");
    assert_command("net stop vss; net start vss", ", reboot: false", NULL);
    assert_command("reg query HKLM\\x", "", NULL);
    assert_command("reg query HKLM\\x", ", if_fails: no-such-cause", "[unknown-cause]");
}

TEST(cause_without_remedy_or_reference_is_told)
{
    assert_advice(BOTH "  when: a and b\n  references: [{document: D}]\n", "case.yml:14:3: [no-remedy]");
    assert_advice(BOTH "  when: a and b\n" REMEDY, "case.yml:14:3: [no-reference]");
    assert_silence(
        RULES HEAD
        "  conditions:\n    a: {rule: rule_a, says: alpha was seen, distinguishing: true, basis: inferred}\n" B
        "  when: a and b\n" REMEDY);
}

TEST(cause_error_that_no_document_names_is_told)
{
#define APPLIES(names) RULES HEAD "  applies_to: " names "\n  conditions:\n" A B "  when: a and b\n" TAIL
    assert_advice(
        APPLIES("[ExtensionInstallationFailedCOM, ExtensionInstalationFailure]"),
        "case.yml:15:48: [unknown-error] no document is known to name the error 'ExtensionInstalationFailure'; "
        "did you mean 'ExtensionInstallationFailure'?");
    assert_advice(APPLIES("Nothing"), "case.yml:15:15: [unknown-error]");
    assert_silence(APPLIES("[ExtensionInstallationFailedMSDTC, extensioninstallationfailure]"));
}

TEST(cause_id_that_a_rule_has_too_is_told)
{
#define UUID "id: 929a690e-bef0-4204-a928-ef5e620d6fcc\n"
    assert_advice(UUID RULES UUID HEAD "  conditions:\n" A B "  when: a and b\n" TAIL,
                  "case.yml:12:5: [id-twice] this 'id' stands in case.yml:1");
}

TEST(place_that_is_still_to_be_filled_in_is_told)
{
    assert_advice(BOTH
                  "  when: a and b\n  remedy: [{do: TODO what to do, reboot: false}]\n  references: [{document: D}]\n",
                  "case.yml:19:17: [todo] still to be written: TODO what to do");
    assert_silence(
        BOTH "  when: a and b\n  remedy: [{do: Delete TODOS.txt., reboot: false}]\n  references: [{document: D}]\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literal_none_in_one_alternative_is_told),
        cmocka_unit_test(short_word_without_ends_is_told),
        cmocka_unit_test(regex_beyond_the_specification_is_told),
        cmocka_unit_test(regex_of_a_plain_text_is_told),
        cmocka_unit_test(selection_that_is_not_used_is_told),
        cmocka_unit_test(condition_that_decides_nothing_is_told),
        cmocka_unit_test(selection_that_cannot_hold_is_told),
        cmocka_unit_test(registry_rule_that_is_too_wide_or_not_read_is_told),
        cmocka_unit_test(words_of_a_localised_log_without_an_id_are_told),
        cmocka_unit_test(rule_without_a_log_of_its_own_is_told),
        cmocka_unit_test(escape_in_double_quotes_that_nobody_means_is_told),
        cmocka_unit_test(name_that_other_programs_give_to_a_field_is_told),
        cmocka_unit_test(empty_value_of_what_every_event_has_is_told),
        cmocka_unit_test(number_in_words_is_told),
        cmocka_unit_test(message_that_is_compared_whole_is_told),
        cmocka_unit_test(rule_name_that_says_nothing_is_told),
        cmocka_unit_test(cause_good_has_no_advice),
        cmocka_unit_test(cause_condition_that_when_does_not_ask_for_is_told),
        cmocka_unit_test(cause_rule_that_nobody_asks_for_is_told),
        cmocka_unit_test(cause_asks_for_the_rule_behind_until),
        cmocka_unit_test(cause_without_a_distinguishing_condition_is_told),
        cmocka_unit_test(cause_condition_on_words_without_a_basis_is_told),
        cmocka_unit_test(cause_says_that_is_no_piece_of_a_sentence_is_told),
        cmocka_unit_test(remedy_that_changes_something_says_so),
        cmocka_unit_test(cause_without_remedy_or_reference_is_told),
        cmocka_unit_test(cause_error_that_no_document_names_is_told),
        cmocka_unit_test(cause_id_that_a_rule_has_too_is_told),
        cmocka_unit_test(place_that_is_still_to_be_filled_in_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
