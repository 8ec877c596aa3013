/* Times: nanoseconds since 1970-01-01 UTC, proleptic Gregorian, no leap seconds. */
#ifndef TIMESTAMP_H
#define TIMESTAMP_H

#include "str.h"

#define TIME_NONE INT64_MIN
#define NS_SECOND INT64_C(1000000000)
#define NS_MINUTE (60 * NS_SECOND)
#define NS_HOUR   (60 * NS_MINUTE)
#define NS_DAY    (24 * NS_HOUR)

typedef struct Timestamp {
    int64_t ns;     /* TIME_NONE if there was none, or it lies outside 1900 to 2149: then no difference overflows */
    uint8_t digits; /* of the fraction, as the source wrote it: 0 to 9 */
    bool zoned;     /* the text named its zone (Z or an offset), so ns is certain */
} Timestamp;

/* `2023-05-11T21:38:47.9531601Z`, `2023-05-11 21:38:47`, `…+02:00` at the start of text. *used: bytes taken. */
bool timestamp_iso(Str text, Timestamp *out, size_t *used);
/* `05/31/2023 09:30:20.12` (month first, no zone) at the start of text. */
bool timestamp_us(Str text, Timestamp *out, size_t *used);
/* A whole calendar moment; false when a part is out of range. */
bool timestamp_civil(int year, int month, int day, int hour, int minute, int second, int64_t *ns);
/* 100 ns units since 1601-01-01 UTC; TIME_NONE for 0 and for what does not fit. */
int64_t timestamp_filetime(uint64_t filetime);
/* .NET ticks: 100 ns units since 0001-01-01 UTC. */
int64_t timestamp_ticks(uint64_t ticks);
/* `90s`, `5m`, `24h`, `30d`, `2w` as Sigma writes time spans (M and y are refused: they have no fixed length). */
bool timespan_parse(Str text, int64_t *ns);

/* RFC 3339 in UTC with `digits` of fraction, at most TIMESTAMP_ROOM bytes with the NUL. Returns the length. */
#define TIMESTAMP_ROOM 40
size_t timestamp_format(char *to, int64_t ns, unsigned digits);

#endif
