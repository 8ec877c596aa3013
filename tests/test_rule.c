#include <string.h>

#include "rule_case.h"
#include "timestamp.h"

#define RULE(detection) "title: T\nname: r\nlogsource: {product: windows, service: system}\ndetection:\n" detection
#define GOOD            RULE("  s: {EventID: 1}\n  condition: s\n")

static void assert_error(const char *text, const char *expected)
{
    RuleCase c;
    rule_case_open(&c, "x.yml", text);
    if (c.status != ST_FATAL || !strstr(c.errors, expected)) {
        print_error("expected: %s\nactual:   %s\n", expected, c.errors);
    }
    assert_int_equal(c.status, ST_FATAL);
    assert_non_null(strstr(c.errors, expected));
    rule_case_close(&c);
}

/* A file of log sources, with one good mode and one good file. */
#define SOURCES(list)                                                                                                  \
    "disk_inspection: {title: d, made: [m], modes: [agents, normal]}\nfiles:\n  - {title: f, vm_path: 'C:\\f'}\n"      \
    "sources:\n" list
#define SOURCE "  - {product: p, kind: waappagent, title: t, "

static void assert_sources_error(const char *text, const char *expected)
{
    RuleCase c;
    rule_case_open(&c, "logsources.yml", text);
    if (c.status != ST_FATAL || !strstr(c.errors, expected)) {
        print_error("expected: %s\nactual:   %s\n", expected, c.errors);
    }
    assert_int_equal(c.status, ST_FATAL);
    assert_non_null(strstr(c.errors, expected));
    rule_case_close(&c);
}

TEST(logsources_errors_name_the_place_and_what_would_be_right)
{
    assert_sources_error(SOURCES(SOURCE "modes: [agents, nromal]}\n"),
                         "logsources.yml:5:62: unknown mode 'nromal'; did you mean 'normal'?");
    assert_sources_error(SOURCES(SOURCE "modes: agents, lesser: {modes: [agents], lacks: x}}\n"),
                         "logsources.yml:5:5: a mode stands in two of");
    assert_sources_error(SOURCES(SOURCE "lesser: {modes: [agents]}, vm_path: 'C:\\x'}\n"),
                         "'lacks' is missing; add 'lacks: …'");
    assert_sources_error(SOURCES(SOURCE "partly: {holds: x}, vm_path: 'C:\\x'}\n"), "'modes' is missing");
    assert_sources_error(SOURCES(SOURCE "dropped: {modes: [agents], sincc: x}, vm_path: 'C:\\x'}\n"),
                         "unknown key 'sincc'; did you mean 'since'?");
    assert_sources_error(SOURCES(SOURCE "modes: []}\n"), "nobody can collect it");
    assert_sources_error(SOURCES(SOURCE "vm_path: 'C:\\x', in_use: maybe}\n"),
                         "logsources.yml:5:71: 'in_use' must be true or false");
    assert_sources_error(SOURCES(SOURCE "vm_path: 'C:\\x', collect: [a]}\n"), "unknown key 'collect'");
    assert_sources_error("files: []\nsources: []\n", "'disk_inspection' must say what one is");
    assert_sources_error("disk_inspection: {title: d, made: m}\nfiles: {}\nsources: []\n",
                         "logsources.yml:2:8: 'files' must be a list of files");
}

TEST(logsources_event_log_has_the_file_and_the_export_of_its_channel)
{
    RuleCase c;
    rule_case_good(&c, "title: T\nname: r\nlogsource: {product: windows, service: applocker}\n"
                       "detection: {s: {EventID: 1}, condition: s}\n");
    const LogSource *s = c.set.rules[0].source;
    assert_str(s->vm_path[0],
               STR("C:\\Windows\\System32\\winevt\\Logs\\Microsoft-Windows-AppLocker%4EXE and DLL.evtx"));
    assert_str(s->command[0], STR("wevtutil epl \"Microsoft-Windows-AppLocker/EXE and DLL\" "
                                  "C:\\Microsoft-Windows-AppLocker-EXE-and-DLL.evtx"));
    assert_int_equal(s->modes, 1 << inspection_mode(&c.set.inspection, STR("Diagnostic")));
    rule_case_close(&c);
}

/* The modes table (which mode of the disk inspection holds what), at the places that matter most. */
TEST(logsources_know_which_mode_holds_what)
{
    RuleCase c;
    rule_case_good(&c, GOOD);
    static const struct {
        const char *service, *category, *mode;
        int held; /* 2 in full, 1 without something, 0 not */
    } rows[] = {
        {"vmsnapshot", "", "agents", 2},
        {"vmsnapshot", "", "diagnostic", 0},
        {"vmsnapshot", "", "workloadbackup", 2},
        {"vmsnapshot", "", "vmdiagnostic", 0},
        {"status", "", "windowsupdate", 2},
        {"status", "", "diagnostic", 0},
        {"status", "", "workloadbackup", 0},
        {"system", "", "min-diagnostic", 2},
        {"system", "", "asc-vmhealth", 0},
        {"security", "", "agents", 0},
        {"security", "", "eg", 2},
        {"capi2", "", "agents", 2},
        {"capi2", "", "normal", 0},
        {"", "registry_state", "diagnostic", 2},
        {"", "registry_state", "agents", 0},
        {"", "registry_state", "windowsupdate", 1},
        {"", "service_state", "vmdiagnostic", 1},
        {"", "file_listing", "agents", 0},
        {"aggregatestatus", "", "site-recovery", 0},
        {"commandexecution", "", "min-diagnostic", 0},
        {"diskinfo", "", "agents", 0},
        {"waappagent", "", "asc-vmhealth", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const LogSource *found = NULL;
        int bit = inspection_mode(&c.set.inspection, str_of(rows[i].mode));
        for (size_t k = 0; k < c.set.source_count && !found; k++) {
            const LogSource *s = &c.set.sources[k];
            bool same = str_eq(s->service, str_of(rows[i].service)) && str_eq(s->category, str_of(rows[i].category));
            found = same ? s : NULL;
        }
        assert_non_null(found);
        assert_true(bit >= 0);
        int held = found->modes >> bit & 1 ? 2 : found->lesser >> bit & 1 ? 1 : 0;
        if (held != rows[i].held) {
            print_error("%s%s in mode %s\n", rows[i].service, rows[i].category, rows[i].mode);
        }
        assert_int_equal(held, rows[i].held);
    }
    rule_case_close(&c);
}

TEST(yaml_refuses_what_signatures_do_not_have)
{
    assert_error("title: &a T\n", "x.yml:1:8: anchors are not supported");
    assert_error("title: !!str T\n", "x.yml:1:8: tags are not supported");
    assert_error("a: 1\nb: *x\n", "x.yml:2:4: aliases are not supported");
    assert_error("a: 1\n<<: {b: 1}\n", "x.yml:2:1: merge keys are not supported");
    assert_error("title: T\ntitle: U\n", "x.yml:2:1: key 'title' stands here twice; first in line 1");
    assert_error("? [a]\n: 1\n", "a list or a map as a key");
    assert_error("a: [1\n", "not YAML");
    assert_error("- 1\n", "x.yml:1:1: a signature is a map");
    assert_error("", "x.yml:1:1: is empty");
    assert_error("a: [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n", "nested too deeply");
}

TEST(rule_errors_name_the_place_and_what_would_be_right)
{
    assert_error(RULE("  s: {EventID|contians: 1}\n  condition: s\n"),
                 "x.yml:5:15: unknown modifier 'contians'; did you mean 'contains'?");
    assert_error(RULE("  s: {EventID: 1}\n  condition: s and sel\n"), "x.yml:6:20: unknown selection 'sel'");
    assert_error(RULE("  s: {EventID: 1}\n  condition: s and\n"), "a name is missing here");
    assert_error(RULE("  s: {EventID: 1}\n  condition: (s\n"), "')' is missing here");
    assert_error(RULE("  s: {EventID: 1}\n  condition: s | count() > 5\n"), "aggregation with '|' is not supported");
    assert_error(RULE("  s: {EventID: 1}\n  condition: 2 of s*\n"), "only '1 of', 'any of' and 'all of'");
    assert_error(RULE("  s: {EventID: 1}\n  condition: 1 of x*\n"), "x.yml:6:19: no selection is named like 'x*'; check the letters before '*'");
    assert_error(RULE("  s: {EventID: 1}\n  _h: {EventID: 2}\n  condition: s or 1 of *h\n"),
                 "x.yml:7:24: names that begin with '_' do not count here");
    assert_error(RULE("  s: {EventID: 1}\n  timeframe: 5m\n  condition: s\n"), "'timeframe' is not supported");
    assert_error(RULE("  s: {A|expand: '%x%'}\n  condition: s\n"), "modifier 'expand' is not supported");
    assert_error(RULE("  s: {A|hour: 3}\n  condition: s\n"), "modifier 'hour' is not supported");
    assert_error(RULE("  s: {A|re: '('}\n  condition: s\n"), "regular expression: missing closing parenthesis");
    assert_error(RULE("  s: {A|cidr: 10.0.0.0}\n  condition: s\n"), "not a network");
    assert_error(RULE("  s: {A|gt: x}\n  condition: s\n"), "'x' is not a number");
    assert_error(RULE("  s: {A|base64offset: x}\n  condition: s\n"), "add '|contains'");
    assert_error(RULE("  s: {A|base64: 'a*'}\n  condition: s\n"), "wildcards");
    assert_error(RULE("  s: {A: []}\n  condition: s\n"), "an empty list");
    assert_error(RULE("  s: {Security_UserID: 1}\n  condition: s\n"), "field 'Security_UserID' is not supported");
    assert_error("title: T\nlogsource: {product: windows, service: sytem}\ndetection: {s: {A: 1}, condition: s}\n",
                 "x.yml:2:40: unknown service 'sytem'; did you mean 'system'?");
    assert_error("levle: high\n" GOOD, "unknown key 'levle'; did you mean 'level'?");
    assert_error("title: T\nfilter: {}\n", "'filter' is not supported");
}

TEST(rule_errors_are_all_told_not_only_the_first)
{
    assert_error(GOOD "---\n" GOOD, "'name: r' stands here a second time; first in x.yml:1");
    assert_error(RULE("  s: {A|x: 1, B|y: 1}\n  condition: s\n"), "unknown modifier 'x'");
    assert_error(RULE("  s: {A|x: 1, B|y: 1}\n  condition: s\n"), "unknown modifier 'y'");
}

TEST(rule_keys_of_ones_own_are_accepted)
{
    RuleCase c;
    rule_case_good(&c, "simulation: [1]\nregression_tests_path: x\n" GOOD);
    assert_int_equal(c.set.rule_count, 1);
    assert_str(c.set.rules[0].name, STR("r"));
    rule_case_close(&c);
}

TEST(rule_without_a_name_takes_that_of_its_file)
{
    RuleCase c;
    rule_case_good(&c, "title: T\nlogsource: {category: process_creation}\ndetection: {s: {Image: a}, condition: s}\n");
    assert_str(c.set.rules[0].name, STR("case"));
    const LogSource *sources[4];
    assert_int_equal(rule_sources(&c.set, &c.set.rules[0], sources, 4), 2); /* Sysmon 1, Security 4688 */
    assert_str(sources[1]->channel, STR("Security"));
    assert_int_equal(sources[1]->event_ids[0], 4688);
    rule_case_close(&c);
}

#define CORRELATION(body) "title: C\nname: c\ncorrelation: {" body "}\n---\n"

TEST(correlation_may_name_what_stands_behind_it_and_comes_after_its_parts)
{
    RuleCase c;
    rule_case_good(&c,
                   "title: D\nname: d\ncorrelation: {type: temporal, rules: [c, r], timespan: 2h}\n---\n" CORRELATION(
                       "type: event_count, rules: r, timespan: 1h, condition: {gte: 2}") GOOD);
    const Rule *outer = rule_find(&c.set, STR("d")), *inner = rule_find(&c.set, STR("c"));
    assert_true(inner->index < outer->index);
    assert_int_equal(outer->parts[0], inner->index);
    assert_int_equal(inner->timespan_ns, NS_HOUR);
    const LogSource *sources[4];
    assert_int_equal(rule_sources(&c.set, outer, sources, 4), 1);
    rule_case_close(&c);
}

TEST(correlation_errors)
{
    assert_error(CORRELATION("type: temporal, rules: [r, c], timespan: 1h") GOOD, "is made of itself");
    assert_error(CORRELATION("type: value_sum, rules: [r], timespan: 1h") GOOD, "correlation type 'value_sum' is not supported; there are event_count");
    assert_error(CORRELATION("type: event_count, rules: [r], timespan: 1h") GOOD, "'condition' is missing");
    assert_error(CORRELATION("type: event_count, rules: [r], timespan: 1M, condition: {gte: 1}") GOOD, "time span");
    assert_error(CORRELATION("type: value_count, rules: [r], timespan: 1h, condition: {gte: 1}") GOOD,
                 "'field' is missing");
    assert_error(CORRELATION("type: temporal, rules: [q], timespan: 1h") GOOD, "unknown rule 'q'");
    static const struct {
        const char *body, *told;
    } cases[] = {
        {"type: temporal_ordered, rules: [r, r], timespan: 1h, condition: r or r", "joins rules by 'and'"},
        {"type: value_percentile, rules: [r], timespan: 1h", "'value_percentile' is not supported"},
        {"type: temporal_order, rules: [r], timespan: 1h", "did you mean 'temporal_ordered'?"},
        {"type: temporal, rules: [r, r], timespan: 1h", "'r' stands here twice; only temporal_ordered"},
        {"type: temporal, rules: [], timespan: 1h", "at least one rule"},
        {"type: temporal, rules: [r], timespan: 0s", "longer than nothing"},
        {"type: temporal, rules: [r], timespan: 1h, group-by: ['']", "'group-by' has no text"},
        {"type: temporal, rules: [r], timespan: 1h, generate: maybe", "true or false"},
        {"type: temporal, rules: [r], timespan: 1h, condition: not r", "at least one rule must"},
        {"type: temporal, rules: [r, s], timespan: 1h, condition: r", "rule 's' is not in the condition"},
        {"type: temporal, rules: [r, s], timespan: 1h, condition: r and t", "x.yml:3:77: unknown rule 't'"},
        {"type: temporal_ordered, rules: [r, s], timespan: 1h, condition: {gte: 1}", "a count does not go with"},
        {"type: event_count, rules: [r], timespan: 1h, condition: r", "this type counts"},
        {"type: event_count, rules: [r], timespan: 1h, condition: {}", "a count is missing"},
        {"type: event_count, rules: [r], timespan: 1h, condition: {gte: 1.5}", "whole number"},
        {"type: event_count, rules: [r], timespan: 1h, condition: {gte: -1}", "whole number"},
        {"type: event_count, rules: [r], timespan: 1h, condition: {eq: 0}", "there is always one"},
        {"type: event_count, rules: [r], timespan: 1h, condition: {lt: 1}", "there is always one"},
        {"type: event_count, rules: [r], timespan: 1h, condition: {gte: 1, field: F}", "unknown key 'field'"},
        {"type: event_count, rules: [r], timespan: 1h, condition: {gtt: 1}", "did you mean 'gt'?"},
        {"type: value_count, rules: [r], timespan: 1h, condition: {gte: 1, field: []}", "'field' must name"},
        {"type: temporal, rules: [r, s], timespan: 1h, group-by: u, aliases: {u: {r: F}}", "nothing of rule 's'"},
        {"type: temporal, rules: [r], timespan: 1h, group-by: u, aliases: {u: {r: F, s: F}}", "'s' is none of"},
        {"type: temporal, rules: [r], timespan: 1h, aliases: {u: {r: F}}", "alias 'u' is not used"},
        {"type: temporal, rules: [r], timespan: 1h, group_by: u", "did you mean 'group-by'?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        snprintf(text, sizeof text, "title: C\nname: c\ncorrelation: {%s}\n---\n" GOOD "---\n%s", cases[i].body,
                 "title: S\nname: s\nlogsource: {product: windows}\ndetection: {s: {A: 1}, condition: s}\n");
        assert_error(text, cases[i].told);
    }
}

#define CAUSE(block) GOOD "---\ntitle: X\nname: x\nlevel: high\nvmsift:\n  cause: It broke.\n" block

TEST(cause_block_is_read_whole)
{
    RuleCase c;
    rule_case_open(&c, "a/x.yml",
                   CAUSE("  applies_to: [E1, E2]\n"
                         "  conditions:\n"
                         "    seen: {rule: r, says: it was seen, distinguishing: true, basis: inferred,\n"
                         "           window: {before: 24h, same_uptime: true}, verify: [{do: look, decides: it}]}\n"
                         "    ever: {rule: r, says: at all, window: bundle, absent: unknown, false_if: r, until: r}\n"
                         "    files: {says: they differ, compare: {left: r, right: r, field: Modified, differ: 2s}}\n"
                         "    told: {ask: {name: reboot-helps, question: Did it help?}}\n"
                         "  when: seen and (ever or not files) and told\n"
                         "  supports: [r]\n  refutes: [r]\n"
                         "  remedy: [{do: fix it, command: fix, reboot: true, if_fails: weep}]\n"
                         "  references: [{document: D, section: S, url: U}]\n"));
    assert_string_equal(c.errors, "");
    const Cause *x = cause_find(&c.set, STR("x"));
    assert_non_null(x);
    assert_int_equal(x->condition_count, 4);
    assert_true(x->conditions[0].distinguishing && x->conditions[0].inferred && x->conditions[0].window.same_uptime);
    assert_int_equal(x->conditions[0].window.before_ns, NS_DAY);
    assert_int_equal(x->conditions[0].window.after_ns, 5 * NS_MINUTE);
    assert_str(x->conditions[0].verify[0].decides, STR("it"));
    assert_true(x->conditions[1].window.bundle && x->conditions[1].absent_unknown && x->conditions[1].false_if);
    assert_true(x->conditions[1].until && !x->conditions[0].until);
    assert_int_equal(x->conditions[2].differ_ns, 2 * NS_SECOND);
    assert_null(x->conditions[3].rule);
    assert_str(x->conditions[3].ask_name, STR("reboot-helps"));
    assert_int_equal(expression_truth(x->when, (const Truth[]){YES, NO, NO, UNKNOWN}), UNKNOWN);
    assert_int_equal(expression_truth(x->when, (const Truth[]){YES, NO, YES, UNKNOWN}), NO);
    assert_true(x->remedy[0].reboot);
    assert_str(x->references[0].url, STR("U"));
    rule_case_close(&c);
}

TEST(cause_errors)
{
    assert_error(CAUSE("  conditions: {a: {rule: r, says: x, windwo: bundle}}\n  when: a\n"),
                 "unknown key 'windwo'; did you mean 'window'?");
    assert_error(CAUSE("  conditions: {a: {rule: r, says: x, until: r}}\n  when: a\n"),
                 "'until' goes with 'window: bundle'");
    assert_error(CAUSE("  conditions: {a: {rule: rr, says: x}}\n  when: a\n"), "unknown rule 'rr'; did you mean 'r'?");
    assert_error(CAUSE("  conditions: {a: {rule: r, says: x}}\n  when: b\n"), "unknown condition 'b'");
    assert_error(CAUSE("  conditions: {a-b: {rule: r, says: x}}\n  when: a-b\n"), "is no name of a condition");
    assert_error(CAUSE("  conditions: {a: {says: x}}\n  when: a\n"), "needs 'rule', 'compare' or 'ask'");
    assert_error(CAUSE("  conditions: {a: {rule: r, says: x, distinguishing: 'true'}}\n  when: a\n"),
                 "true or false, without quotes");
    assert_error(GOOD "---\ntitle: X\nname: y\nvmsift: {cause: c, conditions: {a: {rule: r, says: x}}, when: a}\n",
                 "a cause is named as its file: 'name: x'");
}

TEST(builtin_signatures_load)
{
    Arena run = {0};
    RuleSet set;
    Sink errors = sink_file(stderr);
    assert_int_equal(rule_set_load(&set, NULL, false, &run, &errors), ST_OK);
    assert_true(set.cause_count >= 5);
    rule_set_free(&set);
    sink_close(&errors);
    arena_free(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yaml_refuses_what_signatures_do_not_have),
        cmocka_unit_test(logsources_errors_name_the_place_and_what_would_be_right),
        cmocka_unit_test(logsources_event_log_has_the_file_and_the_export_of_its_channel),
        cmocka_unit_test(logsources_know_which_mode_holds_what),
        cmocka_unit_test(rule_errors_name_the_place_and_what_would_be_right),
        cmocka_unit_test(rule_errors_are_all_told_not_only_the_first),
        cmocka_unit_test(rule_keys_of_ones_own_are_accepted),
        cmocka_unit_test(rule_without_a_name_takes_that_of_its_file),
        cmocka_unit_test(correlation_may_name_what_stands_behind_it_and_comes_after_its_parts),
        cmocka_unit_test(correlation_errors),
        cmocka_unit_test(cause_block_is_read_whole),
        cmocka_unit_test(cause_errors),
        cmocka_unit_test(builtin_signatures_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
