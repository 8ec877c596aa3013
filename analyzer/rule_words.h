/* The tests of a rule in words: what it wants, and how an event missed it. */
#ifndef RULE_WORDS_H
#define RULE_WORDS_H

#include "match.h"

/* `Message contains '8000ffff'`: what held. */
Str test_held(const TestResult *r, Arena *a);
/* `Message does not contain '8000ffff'; it has 0x80040206`: what did not, or cannot be known, or should not have. */
Str test_missed(const TestResult *r, Arena *a);

#endif
