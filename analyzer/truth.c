#include "truth.h"

const char *truth_name(Truth t)
{
    static const char *const names[] = {[NO] = "false", [UNKNOWN] = "unknown", [YES] = "true"};
    return names[t];
}
