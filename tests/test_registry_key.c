/* Which keys are wanted, and what a source tells of them. */
#include "registry_key.h"
#include "unit.h"

#include <stdio.h>

#define SERVICES  "HKLM\\SYSTEM\\CurrentControlSet\\Services\\"
#define UNINSTALL "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall"

static bool tells(const RegistrySet *set, const char *key, const char *name)
{
    size_t number;
    assert_true(registry_value_find(str_of(key), str_of(name), &number));
    return registry_set_has(set, number);
}

TEST(key_leads_from_the_root_to_what_is_wanted)
{
    assert_true(registry_key_leads(STR("HKLM")));
    assert_true(registry_key_leads(STR("hklm\\system\\currentcontrolset\\SERVICES")));
    assert_true(registry_key_leads(STR(SERVICES "MSDTC")));
    assert_false(registry_key_leads(STR(SERVICES "MSDTC\\Security")));
    assert_false(registry_key_leads(STR("HKLM\\SYSTEM\\ControlSet001")));
    assert_true(registry_key_leads(STR(UNINSTALL)));
    assert_false(registry_key_leads(STR("HKLM\\SAM")));
}

TEST(key_is_wanted_without_case_and_below_a_list)
{
    assert_true(registry_key_wanted(STR("HKLM\\Software\\Microsoft\\bcdragent")));
    assert_true(registry_key_wanted(STR(UNINSTALL "\\A b")));
    assert_false(registry_key_wanted(STR(UNINSTALL)));
    assert_false(registry_key_wanted(STR(UNINSTALL "\\A\\B")));
    assert_true(registry_key_wanted(STR("HKLM\\SOFTWARE\\WOW6432NODE\\Microsoft\\.NETFramework\\v4.0.30319")));
    assert_false(registry_key_wanted(STR("HKLM\\SOFTWARE\\Microsoft\\.NETFramework\\Policy")));
}

TEST(key_part_with_a_star_inside_needs_what_stands_beside_it)
{
    const char *const handlers = "HKLM\\SOFTWARE\\Microsoft\\WindowsAzure\\HandlerState\\";
    char key[128];
    static const struct {
        const char *name;
        bool wanted;
    } cases[] = {{"Vendor.A_1.0", true}, {"_", true}, {"a__b", true}, {"Vendor.A", false}, {"", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(key, sizeof key, "%s%s", handlers, cases[i].name);
        assert_int_equal(registry_key_wanted(str_of(key)), cases[i].wanted);
    }
}

TEST(value_numbers_name_each_target_once)
{
    uint8_t a[REGISTRY_TARGET], b[REGISTRY_TARGET];
    size_t count = 0;
    for (Str target; (target = registry_value_target(count, a)).len; count++) {
        for (size_t i = 0; i < count; i++) {
            assert_false(str_eq_nocase(target, registry_value_target(i, b)));
        }
    }
    assert_in_range(count, 80, REGISTRY_VALUES);
    size_t number;
    assert_true(registry_value_find(STR(UNINSTALL "\\{1}"), STR("displayversion"), &number));
    assert_str(registry_value_target(number, a), STR(UNINSTALL "\\*\\DisplayVersion"));
    assert_false(registry_value_find(STR(SERVICES "MSDTC"), STR("DisplayName"), &number));
}

TEST(set_value_seen_tells_only_of_itself)
{
    RegistrySet set = {0};
    registry_set_value(&set, STR(SERVICES "msdtc"), STR("START"));
    registry_set_value(&set, STR(UNINSTALL "\\{1}"), STR("DisplayName"));
    registry_set_value(&set, STR("HKLM\\SOFTWARE\\Microsoft\\GuestAgent"), STR("Incarnation"));
    assert_true(tells(&set, SERVICES "MSDTC", "Start"));
    assert_false(tells(&set, SERVICES "MSDTC", "ObjectName"));
    assert_false(tells(&set, SERVICES "VSS", "Start"));
    assert_false(tells(&set, UNINSTALL "\\{1}", "DisplayName"));
    assert_false(tells(&set, "HKLM\\SOFTWARE\\Microsoft\\GuestAgent", "Incarnation"));
}

TEST(set_key_tells_its_values_and_the_list_below_it)
{
    RegistrySet set = {0};
    registry_set_key(&set, STR(SERVICES "swprv"), false);
    registry_set_key(&set, STR(UNINSTALL), false);
    registry_set_key(&set, STR(SERVICES "Tcpip\\Parameters\\Interfaces\\{1}"), false);
    assert_true(tells(&set, SERVICES "swprv", "ImagePath"));
    assert_false(tells(&set, SERVICES "swprv\\Parameters", "ServiceDll"));
    assert_true(tells(&set, UNINSTALL "\\{1}", "DisplayName"));
    assert_false(tells(&set, SERVICES "Tcpip\\Parameters\\Interfaces\\{2}", "EnableDHCP"));
}

TEST(set_branch_tells_all_below_and_nothing_beside)
{
    RegistrySet set = {0};
    registry_set_key(&set, STR("HKLM\\SYSTEM"), true);
    assert_true(tells(&set, SERVICES "swprv\\Parameters", "ServiceDll"));
    assert_true(tells(&set, SERVICES "Tcpip\\Parameters\\Interfaces\\{2}", "EnableDHCP"));
    assert_false(tells(&set, "HKLM\\SOFTWARE\\Microsoft\\BcdrAgent", "IsProviderInstalled"));
    registry_set_key(&set, STR(UNINSTALL "\\{1}"), true);
    assert_false(tells(&set, UNINSTALL "\\{2}", "DisplayName"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_leads_from_the_root_to_what_is_wanted),
        cmocka_unit_test(key_is_wanted_without_case_and_below_a_list),
        cmocka_unit_test(key_part_with_a_star_inside_needs_what_stands_beside_it),
        cmocka_unit_test(value_numbers_name_each_target_once),
        cmocka_unit_test(set_value_seen_tells_only_of_itself),
        cmocka_unit_test(set_key_tells_its_values_and_the_list_below_it),
        cmocka_unit_test(set_branch_tells_all_below_and_nothing_beside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
