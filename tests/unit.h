/* What every unit test needs. TEST(unit_situation_outcome) { … } and one line in the list of main. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

#define TEST(name) static void name(void **state_of_test __attribute__((unused)))

/* Prints both sides when they differ. */
static inline void assert_str(Str actual, Str expected)
{
    assert_int_equal(actual.len, expected.len);
    assert_memory_equal(actual.at, expected.at, expected.len);
}

#endif
