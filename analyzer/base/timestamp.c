#include "timestamp.h"

#include <stdio.h>
#include <string.h>

#define FILETIME_1970 UINT64_C(116444736000000000) /* 1601 to 1970 in 100 ns */
#define YEAR_1900     INT64_C(-22089888000000000)  /* 1970 to 1900 in 100 ns */
#define YEAR_2150     INT64_C(56802816000000000)   /* 1970 to 2150 in 100 ns */
#define TICKS_1601    UINT64_C(504911232000000000) /* 0001 to 1601 in 100 ns */

/* Days since 1970-01-01, with years that begin in March so that the leap day comes last. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

bool timestamp_civil(int year, int month, int day, int hour, int minute, int second, int64_t *ns)
{
    if (year < 1900 || year > 2149 || month < 1 || month > 12 || day < 1 || day > days_in(year, month) || hour < 0 ||
        hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
        return false;
    }
    *ns = (days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) * NS_SECOND;
    return true;
}

/* `count` digits at `from`, or -1. */
static int number(Str text, size_t from, size_t count)
{
    int n = 0;
    for (size_t i = from; i < from + count; i++) {
        if (!byte_digit(text.at[i])) {
            return -1;
        }
        n = n * 10 + (text.at[i] - '0');
    }
    return n;
}

/* `hh:mm:ss` at `from` with the date before it; false when a part is missing or out of range. */
static bool moment(Str text, size_t from, int year, int month, int day, int64_t *ns)
{
    return text.at[from + 2] == ':' && text.at[from + 5] == ':' &&
           timestamp_civil(year, month, day, number(text, from, 2), number(text, from + 3, 2),
                           number(text, from + 6, 2), ns);
}

/* `.1234567` at `from`: added to *ns, at most nine digits count. Returns where it ended. */
static size_t fraction(Str text, size_t from, int64_t *ns, uint8_t *digits)
{
    size_t i = from;
    int64_t unit = NS_SECOND;
    *digits = 0;
    if (i + 1 < text.len && text.at[i] == '.' && byte_digit(text.at[i + 1])) {
        for (i++; i < text.len && byte_digit(text.at[i]); i++) {
            if (*digits < 9) {
                unit /= 10;
                *ns += (text.at[i] - '0') * unit;
                ++*digits;
            }
        }
    }
    return i;
}

static size_t zone(Str text, size_t from, Timestamp *out)
{
    if (from < text.len && text.at[from] == 'Z') {
        out->zoned = true;
        return from + 1;
    }
    if (text.len >= from + 6 && (text.at[from] == '+' || text.at[from] == '-') && text.at[from + 3] == ':') {
        int hours = number(text, from + 1, 2), minutes = number(text, from + 4, 2);
        if (hours >= 0 && hours <= 14 && minutes >= 0 && minutes <= 59) {
            int64_t offset = hours * NS_HOUR + minutes * NS_MINUTE;
            out->ns += text.at[from] == '+' ? -offset : offset;
            out->zoned = true;
            return from + 6;
        }
    }
    return from;
}

bool timestamp_iso(Str text, Timestamp *out, size_t *used)
{
    Timestamp t = {0};
    if (text.len < 19 || text.at[4] != '-' || text.at[7] != '-' || (text.at[10] != 'T' && text.at[10] != ' ') ||
        !moment(text, 11, number(text, 0, 4), number(text, 5, 2), number(text, 8, 2), &t.ns)) {
        return false;
    }
    size_t end = zone(text, fraction(text, 19, &t.ns, &t.digits), &t);
    *out = t;
    if (used) {
        *used = end;
    }
    return true;
}

bool timestamp_us(Str text, Timestamp *out, size_t *used)
{
    Timestamp t = {0};
    if (text.len < 19 || text.at[2] != '/' || text.at[5] != '/' || text.at[10] != ' ' ||
        !moment(text, 11, number(text, 6, 4), number(text, 0, 2), number(text, 3, 2), &t.ns)) {
        return false;
    }
    size_t end = fraction(text, 19, &t.ns, &t.digits);
    *out = t;
    if (used) {
        *used = end;
    }
    return true;
}

int64_t timestamp_filetime(uint64_t filetime)
{
    int64_t since = (int64_t)(filetime - FILETIME_1970); /* wraps for times before 1970, which is what we want */
    if (filetime == 0 || filetime > INT64_MAX || since < YEAR_1900 || since >= YEAR_2150) {
        return TIME_NONE;
    }
    return since * 100;
}

int64_t timestamp_ticks(uint64_t ticks)
{
    return ticks <= TICKS_1601 ? TIME_NONE : timestamp_filetime(ticks - TICKS_1601);
}

bool timespan_parse(Str text, int64_t *ns)
{
    static const struct {
        uint8_t unit;
        int64_t ns;
    } units[] = {{'s', NS_SECOND}, {'m', NS_MINUTE}, {'h', NS_HOUR}, {'d', NS_DAY}, {'w', 7 * NS_DAY}};
    uint64_t n;
    if (text.len < 2 || !str_u64(str_slice(text, 0, text.len - 1), 10, &n)) {
        return false;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (text.at[text.len - 1] == units[i].unit && n <= (uint64_t)(INT64_MAX / 4 / units[i].ns)) {
            *ns = (int64_t)n * units[i].ns;
            return true;
        }
    }
    return false;
}

size_t timestamp_format(char *to, int64_t ns, unsigned digits)
{
    int64_t seconds = ns / NS_SECOND, rest = ns % NS_SECOND;
    if (rest < 0) {
        seconds--;
        rest += NS_SECOND;
    }
    int64_t days = seconds / 86400, of_day = seconds % 86400;
    if (of_day < 0) {
        days--;
        of_day += 86400;
    }
    int64_t z = days + 719468; /* days_of, backwards */
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t of_era = z - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * of_year + 2) / 153;
    int day = (int)(of_year - (153 * shifted + 2) / 5 + 1);
    int month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    int year = (int)(year_of_era + era * 400 + (month <= 2));
    int n = snprintf(to, TIMESTAMP_ROOM, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day, (int)(of_day / 3600),
                     (int)(of_day / 60 % 60), (int)(of_day % 60));
    if (digits > 0) {
        char nine[16];
        snprintf(nine, sizeof nine, "%09d", (int)rest);
        to[n++] = '.';
        memcpy(to + n, nine, digits > 9 ? 9 : digits);
        n += digits > 9 ? 9 : (int)digits;
    }
    to[n++] = 'Z';
    to[n] = 0;
    return (size_t)n;
}
