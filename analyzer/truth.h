/* Three-valued logic: absent evidence is not evidence of absence. */
#ifndef TRUTH_H
#define TRUTH_H

typedef enum Truth { NO, UNKNOWN, YES } Truth; /* in this order: and is the least, or the greatest */

static inline Truth truth_and(Truth a, Truth b)
{
    return a < b ? a : b;
}
static inline Truth truth_or(Truth a, Truth b)
{
    return a > b ? a : b;
}
static inline Truth truth_not(Truth a)
{
    return (Truth)(YES - a);
}
static inline Truth truth_of(int yes)
{
    return yes ? YES : NO;
}
const char *truth_name(Truth t); /* true, false, unknown */

#endif
