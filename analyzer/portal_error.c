#include "portal_error.h"

#include "error_code.h"

#define VM_BACKUP              "Troubleshoot backup failures on Azure virtual machines"
#define AGENT_EXTENSION        "Troubleshoot Azure Backup failure: issues with the agent or extension"
#define RESTORE_POINT          "Troubleshoot restore point failures"
#define SELF_HELP              "Azure Backup self-help articles"
#define EXTENSION_CERTIFICATES "Troubleshoot extension certificate issues on Windows VMs"

static const PortalError errors[] = {
#define PORTAL(name, number, where, message, meaning, action, source)                                                  \
    {name, number, PORTAL_##where, message, meaning, action, source},
#include "portal_error.def"
#undef PORTAL
};

/* The service spells it MDTC, and everybody else MSDTC. */
bool portal_name_is(Str a, Str b)
{
    size_t at = str_find_nocase(a, STR("MSDTC"), 0), other = str_find_nocase(b, STR("MSDTC"), 0);
    if ((at == STR_NOT_FOUND) == (other == STR_NOT_FOUND)) {
        return str_eq_nocase(a, b);
    }
    Str longer = at == STR_NOT_FOUND ? b : a, shorter = at == STR_NOT_FOUND ? a : b;
    at = at == STR_NOT_FOUND ? other : at;
    return str_eq_nocase(str_slice(longer, 0, at + 1), str_slice(shorter, 0, at + 1)) &&
           str_eq_nocase(str_from(longer, at + 2), str_from(shorter, at + 1));
}

const PortalError *portal_error_find(Str word)
{
    uint64_t number;
    bool is_number = str_u64(word, 10, &number) && number > 0;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (is_number ? errors[i].number == number : portal_name_is(word, str_of(errors[i].name))) {
            return &errors[i];
        }
    }
    return NULL;
}

const PortalError *portal_error_all(size_t *count)
{
    *count = sizeof errors / sizeof *errors;
    return errors;
}

bool cause_applies(const Cause *cause, Str name)
{
    for (size_t i = 0; i < cause->applies_to_count; i++) {
        if (portal_name_is(cause->applies_to[i], name)) {
            return true;
        }
    }
    return false;
}

const Str *portal_names(const RuleSet *rules, size_t *count, Arena *a)
{
    VEC(Str) names = {0};
    size_t codes;
    const ErrorCode *all = error_code_all(&codes);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        *VEC_ADD(a, &names) = str_of(errors[i].name);
    }
    for (size_t i = 0; i < rules->cause_count; i++) {
        for (size_t n = 0; n < rules->causes[i].applies_to_count; n++) {
            *VEC_ADD(a, &names) = rules->causes[i].applies_to[n];
        }
    }
    for (size_t i = 0; i < codes; i++) {
        if (all[i].family == CODE_EXTENSION && all[i].symbol) {
            *VEC_ADD(a, &names) = str_of(all[i].symbol);
        }
    }
    *count = names.count;
    return names.at;
}

bool asked_code_find(Str word, const RuleSet *rules, AskedCode *to)
{
    word = str_starts_nocase(word, STR("StatusCode.")) ? str_from(word, 11) : word;
    const PortalError *known = portal_error_find(word);
    const ErrorCode *status = known ? NULL : error_code_named(word);
    status = status && status->family == CODE_EXTENSION ? status : NULL;
    *to = (AskedCode){.name = known    ? str_of(known->name)
                              : status ? str_of(status->symbol)
                                       : word,
                      .known = known,
                      .meaning = known    ? str_of(known->meaning)
                                 : status ? str_of(status->meaning)
                                          : (Str){0}};
    for (size_t i = 0; i < rules->cause_count; i++) {
        to->applies = to->applies || cause_applies(&rules->causes[i], to->name);
    }
    return known || status || to->applies;
}

bool asked_code_tells(const AskedCode *code)
{
    return code->applies || (code->known && code->known->where != PORTAL_GUEST);
}
