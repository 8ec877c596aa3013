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

/* Sigma's taxonomy of Windows, specification 2.1: categories with their events, and services with their channels. */
TEST(logsources_hold_the_taxonomy_of_windows)
{
    static const struct {
        const char *category;
        uint32_t ids[4];
        const char *channel;
    } categories[] = {
#define SYSMON "Microsoft-Windows-Sysmon/Operational"
        {"process_creation", {1}, SYSMON},
        {"file_change", {2}, SYSMON},
        {"network_connection", {3}, SYSMON},
        {"sysmon_status", {4, 16}, SYSMON},
        {"process_termination", {5}, SYSMON},
        {"driver_load", {6}, SYSMON},
        {"image_load", {7}, SYSMON},
        {"create_remote_thread", {8}, SYSMON},
        {"raw_access_thread", {9}, SYSMON},
        {"process_access", {10}, SYSMON},
        {"file_event", {11}, SYSMON},
        {"registry_event", {12, 13, 14}, SYSMON},
        {"registry_add", {12}, SYSMON},
        {"registry_delete", {12}, SYSMON},
        {"registry_set", {13}, SYSMON},
        {"registry_rename", {14}, SYSMON},
        {"create_stream_hash", {15}, SYSMON},
        {"pipe_created", {17, 18}, SYSMON},
        {"wmi_event", {19, 20, 21}, SYSMON},
        {"dns_query", {22}, SYSMON},
        {"file_delete", {23}, SYSMON},
        {"clipboard_capture", {24}, SYSMON},
        {"process_tampering", {25}, SYSMON},
        {"file_delete_detected", {26}, SYSMON},
        {"file_block_executable", {27}, SYSMON},
        {"file_block_shredding", {28}, SYSMON},
        {"file_executable_detected", {29}, SYSMON},
        {"sysmon_error", {255}, SYSMON},
        {"ps_classic_start", {400}, "Windows PowerShell"},
        {"ps_classic_provider_start", {600}, "Windows PowerShell"},
        {"ps_classic_script", {800}, "Windows PowerShell"},
        {"ps_module", {4103}, "PowerShellCore/Operational"},
        {"ps_script", {4104}, "Microsoft-Windows-PowerShell/Operational"},
    };
    static const char *const services[][2] = {
        {"application", "Application"},
        {"application-experience", "Microsoft-Windows-Application-Experience/Program-Telemetry"},
        {"application-experience", "Microsoft-Windows-Application-Experience/Program-Compatibility-Assistant"},
        {"applocker", "Microsoft-Windows-AppLocker/MSI and Script"},
        {"applocker", "Microsoft-Windows-AppLocker/EXE and DLL"},
        {"applocker", "Microsoft-Windows-AppLocker/Packaged app-Deployment"},
        {"applocker", "Microsoft-Windows-AppLocker/Packaged app-Execution"},
        {"appmodel-runtime", "Microsoft-Windows-AppModel-Runtime/Admin"},
        {"appxdeployment-server", "Microsoft-Windows-AppXDeploymentServer/Operational"},
        {"appxpackaging-om", "Microsoft-Windows-AppxPackaging/Operational"},
        {"bitlocker", "Microsoft-Windows-BitLocker/BitLocker Management"},
        {"bits-client", "Microsoft-Windows-Bits-Client/Operational"},
        {"capi2", "Microsoft-Windows-CAPI2/Operational"},
        {"certificateservicesclient-lifecycle-system",
         "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational"},
        {"codeintegrity-operational", "Microsoft-Windows-CodeIntegrity/Operational"},
        {"dhcp", "Microsoft-Windows-DHCP-Server/Operational"},
        {"diagnosis-scripted", "Microsoft-Windows-Diagnosis-Scripted/Operational"},
        {"dns-client", "Microsoft-Windows-DNS Client Events/Operational"},
        {"dns-server", "DNS Server"},
        {"dns-server-analytic", "Microsoft-Windows-DNS-Server/Analytical"},
        {"dns-server-audit", "Microsoft-Windows-DNS-Server/Audit"},
        {"driver-framework", "Microsoft-Windows-DriverFrameworks-UserMode/Operational"},
        {"firewall-as", "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"},
        {"hyper-v-worker", "Microsoft-Windows-Hyper-V-Worker"},
        {"iis-configuration", "Microsoft-IIS-Configuration/Operational"},
        {"kernel-event-tracing", "Microsoft-Windows-Kernel-EventTracing"},
        {"kernel-shimengine", "Microsoft-Windows-Kernel-ShimEngine/Operational"},
        {"kernel-shimengine", "Microsoft-Windows-Kernel-ShimEngine/Diagnostic"},
        {"ldap", "Microsoft-Windows-LDAP-Client/Debug"},
        {"lsa-server", "Microsoft-Windows-LSA/Operational"},
        {"msexchange-management", "MSExchange Management"},
        {"ntfs", "Microsoft-Windows-Ntfs/Operational"},
        {"ntlm", "Microsoft-Windows-NTLM/Operational"},
        {"openssh", "OpenSSH/Operational"},
        {"powershell", "Microsoft-Windows-PowerShell/Operational"},
        {"powershell-classic", "Windows PowerShell"},
        {"printservice-admin", "Microsoft-Windows-PrintService/Admin"},
        {"printservice-operational", "Microsoft-Windows-PrintService/Operational"},
        {"security", "Security"},
        {"security-mitigations", "Microsoft-Windows-Security-Mitigations/Kernel Mode"},
        {"security-mitigations", "Microsoft-Windows-Security-Mitigations/User Mode"},
        {"sense", "Microsoft-Windows-SENSE/Operational"},
        {"servicebus-client", "Microsoft-ServiceBus-Client/Operational"},
        {"servicebus-client", "Microsoft-ServiceBus-Client/Admin"},
        {"shell-core", "Microsoft-Windows-Shell-Core/Operational"},
        {"smbclient-security", "Microsoft-Windows-SmbClient/Security"},
        {"sysmon", SYSMON},
        {"system", "System"},
        {"taskscheduler", "Microsoft-Windows-TaskScheduler/Operational"},
        {"terminalservices-localsessionmanager", "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"},
        {"vhdmp", "Microsoft-Windows-VHDMP/Operational"},
        {"windefend", "Microsoft-Windows-Windows Defender/Operational"},
        {"wmi", "Microsoft-Windows-WMI-Activity/Operational"},
    };
    size_t category_count = sizeof categories / sizeof *categories;
    RuleCase c;
    rule_case_good(&c, GOOD);
    for (size_t i = 0; i < category_count + sizeof services / sizeof *services; i++) {
        bool of_category = i < category_count, found = false;
        const char *word = of_category ? categories[i].category : services[i - category_count][0];
        const char *channel = of_category ? categories[i].channel : services[i - category_count][1];
        for (size_t k = 0; k < c.set.source_count && !found; k++) {
            const LogSource *s = &c.set.sources[k];
            size_t ids = 0;
            while (of_category && ids < 4 && categories[i].ids[ids]) {
                ids++;
            }
            found = str_eq(s->product, STR("windows")) &&
                    str_eq(of_category ? s->category : s->service, str_of(word)) &&
                    str_eq(s->channel, str_of(channel)) && s->event_id_count == ids &&
                    (!ids || memcmp(s->event_ids, categories[i].ids, ids * sizeof *s->event_ids) == 0);
        }
        if (!found) {
            fail_msg("%s: %s", word, channel);
        }
    }
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
    assert_error("a: 'x\nb: 1\n", "x.yml:3:1: not YAML: found unexpected end of stream while scanning a quoted scalar "
                                  "that begins in line 1; check indents");
    assert_error("a: %x%\n",
                 "x.yml:1:4: not YAML: found character that cannot start any token; indent with blanks, and put "
                 "a value that begins with '%', '@' or '`' in quotes");
    assert_error("a: *.exe\n", "put a value that begins with '*' or '&' in quotes");
    assert_error("\xFF\xFEt\0", "is UTF-16; save it as UTF-8");
    assert_error("a: \"C:\\Windows\"\n", "x.yml:1:7: not YAML: found unknown escape character; put a text with "
                                         "backslashes in single quotes");
    assert_error("a: \"C:\\xml\"\n", "put a text with backslashes in single quotes");
    assert_error("a: \xC0\xAF\n", "x.yml:1:4: not YAML: invalid length of a UTF-8 sequence; files are UTF-8");
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
    assert_error(RULE("  s: {EventID: 1}\n  condition: 1 of x*\n"),
                 "x.yml:6:19: no selection is named like 'x*'; check the letters before '*'");
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
    assert_error(CORRELATION("type: value_sum, rules: [r], timespan: 1h") GOOD,
                 "correlation type 'value_sum' is not supported; there are event_count");
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
                         "  references: [{document: D, section: S, url: https://u.example/}]\n"));
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
    assert_str(x->references[0].url, STR("https://u.example/"));
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
    static const struct {
        const char *block, *told;
    } cases[] = {
        {"when: a\n  conditions: {a: {rule: r, says: x}}\n  cause: []",
         "x.yml:15:3: key 'cause' stands here twice; first in line 12"},
        {"when: a and (not b)\n  conditions: {a: {rule: r, says: x}}", "x.yml:13:20: unknown condition 'b'"},
        {"when: [a]\n  conditions: {a: {rule: r, says: x}}", "'when' must be a text"},
        {"when: ''\n  conditions: {a: {rule: r, says: x}}", "'when' has no text"},
        {"conditions: {a: {rule: r, says: x}}", "needs 'conditions' and 'when'"},
        {"when: a\n  conditions: [a]", "'conditions' must be a map"},
        {"when: a\n  conditions: {a: r}", "'conditions' must be a map"},
        {"when: a\n  conditions: {a: {rule: r}}", "'says' is missing"},
        {"when: a\n  conditions: {a: {rule: r, says: ''}}", "'says' has no text"},
        {"when: a\n  conditions: {not: {rule: r, says: x}}", "'not' is no name of a condition"},
        {"when: a\n  conditions: {1a: {rule: r, says: x}}", "'1a' is no name of a condition"},
        {"when: a\n  conditions: {a: {rule: [r], says: x}}", "'rule' must be a text"},
        {"when: a\n  conditions: {a: {rule: r, says: x, window: bundl}}", "'window' must be {before"},
        {"when: a\n  conditions: {a: {rule: r, says: x, window: {}}}", "an empty window"},
        {"when: a\n  conditions: {a: {rule: r, says: x, window: {before: 5}}}", "'before' must be a time span"},
        {"when: a\n  conditions: {a: {rule: r, says: x, window: {befor: 5m}}}", "did you mean 'before'?"},
        {"when: a\n  conditions: {a: {rule: r, says: x, basis: guessed}}", "one word only: 'inferred'"},
        {"when: a\n  conditions: {a: {rule: r, says: x, absent: false}}", "one word only: 'unknown'"},
        {"when: a\n  conditions: {a: {ask: {name: q, question: x}, false_if: r}}", "'false_if' goes with 'rule' only"},
        {"when: a\n  conditions: {a: {ask: {name: 'a b', question: x}}}", "'a b' is typed as --assert"},
        {"when: a\n  conditions: {a: {ask: {name: q}}}", "'question' is missing"},
        {"when: a\n  conditions: {a: {rule: r, says: x, verify: look}}", "'verify' must be a list"},
        {"when: a\n  conditions: {a: {rule: r, says: x, verify: [{do: look}]}}", "'decides' is missing"},
        {"when: a\n  conditions: {a: {says: x, compare: {left: r, right: r, field: F}}}", "'compare' needs more"},
        {"when: a\n  conditions: {a: {says: x, rule: r, compare: {left: r, right: r, field: F, differ: 1s}}}",
         "exclude each other"},
        {"when: a\n  conditions: {a: {rule: r, says: x}}\n  supports: r", "'supports' must be a list of rules"},
        {"when: a\n  conditions: {a: {rule: r, says: x}}\n  refutes: [rr]", "x.yml:15:13: unknown rule 'rr'"},
        {"when: a\n  conditions: {a: {rule: r, says: x}}\n  explains: x", "does not explain itself"},
        {"when: a\n  conditions: {a: {rule: r, says: x}}\n  applies_to: [~]", "'applies_to' has no text"},
        {"when: a\n  conditions: {a: {rule: r, says: x}}\n  remedy: []", "'remedy' must be a list"},
        {"when: a\n  conditions: {a: {rule: r, says: x}}\n  remedy: [Run it.]",
         "each item of 'remedy' is a map: '- {do: …, command: …}'"},
        {"when: a\n  conditions: {a: {rule: r, says: x}}\n  remedy: [{command: x}]", "'do' is missing"},
        {"when: a\n  conditions: {a: {rule: r, says: x}}\n  remedy: [{do: x, reboot: 1}]", "'reboot' must be true"},
        {"when: a\n  conditions: {a: {rule: r, says: x}}\n  remedy: [{do: x, if_fail: y}]", "mean 'if_fails'?"},
        {"when: a\n  conditions: {a: {rule: r, says: x}}\n  references: [{document: D, url: 'x:y'}]",
         "begins with https"},
        {"when: a\n  conditions: {a: {rule: r, says: x}}\n  remedies: []", "did you mean 'remedy'?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        snprintf(text, sizeof text, CAUSE("  %s\n"), cases[i].block);
        assert_error(text, cases[i].told);
    }
}

TEST(head_errors)
{
    static const struct {
        const char *line, *told;
    } cases[] = {
        {"title: [T]", "'title' must be a text"},
        {"title: ''", "'title' has no text"},
        {"title: T\nid: 1234", "'id' must be a UUID"},
        {"title: T\nid: 5638f7c0-ac70-491d-8465-2a65075e0d8g", "x.yml:2:5: 'id' must be a UUID"},
        {"title: T\ndate: 2024/01/31", "'date' must be a day, as 2024-01-31"},
        {"title: T\ndate: 2023-02-29", "'date' must be a day"},
        {"title: T\nmodified: 2024-13-01", "'modified' must be a day"},
        {"title: T\nstatus: stabel", "unknown status 'stabel'; did you mean 'stable'?"},
        {"title: T\nlevel: error", "unknown level 'error'; known: informational, low"},
        {"title: T\ntaxonomy: ecs", "only the taxonomy 'sigma'"},
        {"title: T\nrelated: x", "'related' must be a list"},
        {"title: T\nrelated: [{id: 5638f7c0-ac70-491d-8465-2a65075e0d86, type: copied}]", "unknown type 'copied'"},
        {"title: T\nrelated: [{type: merged}]", "needs an 'id' and a 'type'"},
        {"title: T\ntags: [{a: b}]", "'tags' must be a text"},
        {"title: T\ndiscription: x", "did you mean 'description'?"},
        {"description: x", "'title' is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        snprintf(text, sizeof text, "%s\nlogsource: {product: windows}\ndetection: {s: {A: 1}, condition: s}\n",
                 cases[i].line);
        assert_error(text, cases[i].told);
    }
}

TEST(modifiers_that_do_not_go_together_are_refused)
{
    static const struct {
        const char *line, *told;
    } cases[] = {
        {"F|: 1", "x.yml:6:6: a modifier is missing behind '|'"},
        {"F||contains: a", "x.yml:6:6: a modifier is missing behind '|'"},
        {"F|Contains: a", "x.yml:6:7: unknown modifier 'Contains'; did you mean 'contains'?"},
        {"'F| contains': a", "did you mean 'contains'?"},
        {"'F |contains': a", "a blank beside the name of a field"},
        {"F|contains|startswith: a", "x.yml:6:16: modifier 'startswith' does not go with"},
        {"F|contains|contains: a", "modifier 'contains' does not go with"},
        {"F|re|contains: a", "modifier 'contains' does not go with"},
        {"F|contains|re: a", "modifier 're' does not go with"},
        {"F|re|cidr: a", "modifier 'cidr' does not go with"},
        {"F|re|cased: a", "'|i' makes it not"},
        {"F|cased|re: a", "minds case by itself"},
        {"F|i: a", "'i' is a flag of re"},
        {"F|contains|i: a", "'i' is a flag of re"},
        {"F|re|i|i: a", "'i' stands here twice"},
        {"F|cased|cased: a", "'cased' stands here twice"},
        {"F|contains|all|all: [a, b]", "'all' stands here twice"},
        {"F|neq|neq: a", "'neq' stands here twice"},
        {"F|contains|all: a", "'all' needs a list of two values"},
        {"F|contains|all: [a]", "'all' needs a list of two values"},
        {"F|exists: 1", "'exists' must be true or false"},
        {"F|exists: 'true'", "'exists' must be true or false"},
        {"F|exists: [true]", "'exists' is true or false, not a list"},
        {"F|exists|neq: true", "'neq' does not go with exists"},
        {"F|contains|exists: true", "'exists' does not go with"},
        {"F|all|exists: true", "'exists' does not go with"},
        {"'|exists': true", "needs a field before it"},
        {"'|fieldref': G", "needs a field before it"},
        {"F|fieldref: G*", "the name of a field, without wildcards"},
        {"F|fieldref: ''", "the name of a field, without wildcards"},
        {"F|fieldref: EventRecordID", "x.yml:6:17: field 'EventRecordID' is not supported"},
        {"F|cidr|cased: 10.0.0.0/8", "'cased' goes with texts only"},
        {"F|cidr: 10.0.0.0/33", "not a network"},
        {"F|cidr: 10.0.0.1/8", "x.yml:6:21: the address has bits beyond its mask"},
        {"F|cidr: '1::1/64'", "bits beyond its mask"},
        {"F|gt|cased: 1", "'cased' goes with texts only"},
        {"F|gt|lt: 1", "'lt' does not go with"},
        {"F|gt: '*'", "'*' is not a number"},
        {"F|contains|gt: 1", "'gt' does not go with"},
        {"F|contains|base64: ab", "'base64' encodes the text; write it before contains"},
        {"F|windash|base64: ab", "windash and an encoding exclude each other"},
        {"F|base64|windash: ab", "windash and an encoding exclude each other"},
        {"F|re|wide: ab", "'wide' does not go with"},
        {"F|wide: 'a*'", "wildcards (or windash) cannot be encoded"},
        {"F|base64offset|endswith: ab", "add '|contains'"},
        {"F|base64offset|contains: a", "too short to be found at every offset"},
        {"F|expand: '%a%'", "x.yml:6:7: modifier 'expand' is not supported"},
        {"F|contains|expand: '%a%'", "x.yml:6:16: modifier 'expand' is not supported"},
        {"F|minute: 1", "'minute' is not supported"},
        {"F|week: 1", "'week' is not supported"},
        {"F|year: 1", "'year' is not supported"},
        {"F|re: 'a(b'", "x.yml:6:15: regular expression: missing closing parenthesis"},
        {"F|re: '\\C'", "regular expression: "},
        {"F|contains: ''", "an empty text stands in every value"},
        {"F|contains: null", "null goes with no modifier but neq"},
        {"F|cased: null", "null goes with no modifier but neq"},
        {"F: [[a]]", "a flat list"},
        {"F: {a: b}", "a flat list"},
        {"'': a", "the name of a field is missing"},
        {"~: a", "the name of a field is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text, RULE("  s:\n    %s\n  condition: s\n"), cases[i].line);
        assert_error(text, cases[i].told);
    }
}

TEST(selections_that_could_not_be_meant_are_refused)
{
    static const struct {
        const char *detection, *told;
    } cases[] = {
        {"  s: null\n  condition: s\n", "an empty selection"},
        {"  s: {}\n  condition: s\n", "an empty selection"},
        {"  s: []\n  condition: s\n", "an empty list"},
        {"  s:\n    A:1\n  condition: s\n", "x.yml:6:6: a blank is missing behind ':'"},
        {"  s: {? [a] : 1}\n  condition: s\n", "a list or a map as a key"},
        {"  s: ['']\n  condition: s\n", "an empty text stands in every value"},
        {"  s: [~]\n  condition: s\n", "null is no keyword"},
        {"  s: [[a]]\n  condition: s\n", "a flat list"},
        {"  and: {A: 1}\n  condition: and\n", "'and' cannot be named in a condition"},
        {"  a.b: {A: 1}\n  condition: a\n", "'a.b' cannot be named in a condition"},
        {"  s: {A: 1}\n  conditon: s\n", "x.yml:6:3: unknown key 'conditon'; did you mean 'condition'?"},
        {"  s: {A: 1}\n", "'condition' is missing"},
        {"  s: {A: 1}\n  condition:\n", "'condition' has no text"},
        {"  s: {A: 1}\n  condition: []\n", "an empty condition"},
        {"  s: {A: 1}\n  condition: {s: 1}\n", "'condition' must be a text"},
        {"  s: {A: 1}\n  condition: s t\n", "x.yml:6:16: not understood; 'and', 'or' or the end"},
        {"  s: {A: 1}\n  condition: s or or s\n", "x.yml:6:19: a name is missing here"},
        {"  s: {A: 1}\n  condition: s )\n", "x.yml:6:16: not understood"},
        {"  s: {A: 1}\n  condition: ()\n", "x.yml:6:15: a name is missing here"},
        {"  s: {A: 1}\n  condition: 1 of\n", "x.yml:6:18: a name, a name with '*' or 'them' must follow"},
        {"  s: {A: 1}\n  condition: s & s\n", "x.yml:6:16: not understood"},
        {"  s: {A: 1}\n  condition: [s, t]\n", "x.yml:6:18: unknown selection 't'"},
        {"  sel: {A: 1}\n  condition: sle and els and sel\n", "x.yml:6:22: unknown selection 'els'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text, RULE("%s"), cases[i].detection);
        assert_error(text, cases[i].told);
    }
}

TEST(fields_of_sources_that_have_no_others_are_checked)
{
    static const struct {
        const char *source, *line, *told; /* NULL: right */
    } cases[] = {
        {"product: azurevm, service: vmsnapshot", "Mesage|contains: a",
         "x.yml:3:17: unknown field 'Mesage'; did you mean 'Message'?"},
        {"product: azurevm, service: vmsnapshot", "message: a", NULL},
        {"product: azurevm, service: episode", "Outcom: failure", "did you mean 'Outcome'?"},
        {"product: azurevm, service: status", "EventID: 1", "unknown field 'EventID'; known: Message"},
        {"product: windows, category: registry_state", "TargetObjekt: a", "did you mean 'TargetObject'?"},
        {"product: windows, category: service_state", "Account|fieldref: ServiceNam",
         "x.yml:3:35: unknown field 'ServiceNam'"},
        {"product: windows, category: file_listing", "Size|gt: 5", NULL},
        {"product: windows, service: system", "Whatever: 5", NULL},
        {"product: windows, service: systm", "A: 5", "x.yml:2:40: unknown service 'systm'; did you mean 'system'?"},
        {"product: window, service: system", "A: 5", "did you mean 'windows'?"},
        {"category: process_create", "A: 5", "did you mean"},
        {"product: windows, servise: system", "A: 5", "x.yml:2:31: unknown key 'servise'; did you mean 'service'?"},
        {"product: azurevm, service: system", "A: 5", "no log source is named by these words together"},
        {"product: linux", "A: 5", "unknown product 'linux'"},
        {"product: windows, category: file_access", "A: 5", "'file_access' is not supported: it is traced"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        RuleCase c;
        snprintf(text, sizeof text, "title: T\nlogsource: {%s}\ndetection: {s: {%s}, condition: s}\n", cases[i].source,
                 cases[i].line);
        rule_case_open(&c, "x.yml", text);
        if (cases[i].told ? !strstr(c.errors, cases[i].told) : c.errors[0]) {
            fail_msg("%s, %s: %s", cases[i].source, cases[i].line, c.errors);
        }
        rule_case_close(&c);
    }
}

/* What readers of YAML take differently, and what only looks like a mistake. */
TEST(values_that_yaml_is_not_sure_of_want_quotes)
{
    static const char *const unsure[] = {"yes",  "No",  "ON",    "off", "017",  "0o17",  "0b11", "1_000",
                                         "1:30", "1e3", "-1E+5", ".5",  ".inf", "-.Inf", ".NaN", "190:20:30"};
    static const char *const sure[] = {"true",  "y",          "n",     "0",     "10", "0x1F", "1.5",
                                       "-3",    "2022-03-08", "1.2.3", "1:2:x", "e3", "1e",   "_1",
                                       "0x1_F", "08",         "+",     ".",     "..", "''",   "'017'"};
    for (size_t i = 0; i < sizeof unsure / sizeof *unsure + sizeof sure / sizeof *sure; i++) {
        bool refused = i < sizeof unsure / sizeof *unsure;
        const char *value = refused ? unsure[i] : sure[i - sizeof unsure / sizeof *unsure];
        char text[512];
        RuleCase c;
        snprintf(text, sizeof text, RULE("  s:\n    A: %s\n  condition: s\n"), value);
        rule_case_open(&c, "x.yml", text);
        if (refused != (strstr(c.errors, "in quotes if it is a text") != NULL) || refused != (c.status == ST_FATAL)) {
            fail_msg("%s: %s", value, c.errors);
        }
        rule_case_close(&c);
    }
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
        cmocka_unit_test(logsources_hold_the_taxonomy_of_windows),
        cmocka_unit_test(logsources_know_which_mode_holds_what),
        cmocka_unit_test(rule_errors_name_the_place_and_what_would_be_right),
        cmocka_unit_test(rule_errors_are_all_told_not_only_the_first),
        cmocka_unit_test(rule_keys_of_ones_own_are_accepted),
        cmocka_unit_test(rule_without_a_name_takes_that_of_its_file),
        cmocka_unit_test(correlation_may_name_what_stands_behind_it_and_comes_after_its_parts),
        cmocka_unit_test(correlation_errors),
        cmocka_unit_test(cause_block_is_read_whole),
        cmocka_unit_test(cause_errors),
        cmocka_unit_test(head_errors),
        cmocka_unit_test(modifiers_that_do_not_go_together_are_refused),
        cmocka_unit_test(selections_that_could_not_be_meant_are_refused),
        cmocka_unit_test(fields_of_sources_that_have_no_others_are_checked),
        cmocka_unit_test(values_that_yaml_is_not_sure_of_want_quotes),
        cmocka_unit_test(builtin_signatures_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
