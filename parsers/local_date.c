#include "local_date.h"

#define DATE_BYTES 64
#define RUNS       7

typedef struct Scan { /* the runs of digits of a text, and where what stands between them begins and ends */
    int number[RUNS];
    uint8_t width[RUNS];
    size_t from[RUNS], to[RUNS];
    size_t count;
    Str text;
} Scan;

static bool runs_of(Str text, Scan *scan)
{
    *scan = (Scan){.text = text};
    for (size_t i = 0; i < text.len;) {
        if (!byte_digit(text.at[i])) {
            i++;
            continue;
        }
        if (scan->count == RUNS) {
            return false;
        }
        size_t n = scan->count++;
        scan->from[n] = i;
        for (; i < text.len && byte_digit(text.at[i]) && i - scan->from[n] < 9; i++) {
            scan->number[n] = scan->number[n] * 10 + (text.at[i] - '0');
        }
        scan->to[n] = i;
        scan->width[n] = (uint8_t)(i - scan->from[n]);
    }
    return scan->count >= 5;
}

/* Between two parts of a date: one of `. / -` with blanks, or a word outside ASCII (year, month, day in CJK). */
static uint8_t separator(const Scan *scan, size_t before)
{
    Str gap = str_slice(scan->text, scan->to[before], scan->from[before + 1]);
    uint8_t found = 0;
    for (size_t i = 0; i < gap.len && i < 12; i++) {
        uint8_t c = gap.at[i];
        if (c == '.' || c == '/' || c == '-') {
            found = c;
        } else if (c >= 0x80) {
            found = found ? found : 'x';
        } else if (c != ' ') {
            return 0;
        }
    }
    return gap.len <= 12 ? found : 0;
}

/* The letters of a piece: small, without blanks, full stops and marks of direction. */
static Str letters(Str piece, uint8_t room[static DATE_BYTES])
{
    size_t len = 0;
    for (size_t i = 0; i < piece.len && len < DATE_BYTES; i++) {
        uint8_t c = piece.at[i];
        if (str_starts(str_from(piece, i), STR("\xE2\x80\x8E")) ||
            str_starts(str_from(piece, i), STR("\xE2\x80\x8F")) ||
            str_starts(str_from(piece, i), STR("\xE2\x80\xAF"))) {
            i += 2;
        } else if (str_starts(str_from(piece, i), STR("\xC2\xA0"))) {
            i++;
        } else if (c != ' ' && c != '.' && c != ',' && c != '\t' && c != 0xA0) {
            room[len++] = byte_lower(c);
        }
    }
    return (Str){room, len};
}

typedef enum Half { HALF_NONE, HALF_MORNING, HALF_AFTERNOON, HALF_UNKNOWN } Half;

/* Words for before and after noon, as display languages have them. */
static Half half_of(Str piece)
{
    static const struct {
        const char *morning, *afternoon;
    } words[] = {
        {"am", "pm"},
        {"vorm", "nachm"},
        {"fm", "em"},
        {"dop", "odp"},
        {"de", "du"},
        {"\xCF\x80\xCE\xBC", "\xCE\xBC\xCE\xBC"},
        {"\xE5\x8D\x88\xE5\x89\x8D", "\xE5\x8D\x88\xE5\xBE\x8C"},
        {"\xE4\xB8\x8A\xE5\x8D\x88", "\xE4\xB8\x8B\xE5\x8D\x88"},
        {"\xEC\x98\xA4\xEC\xA0\x84", "\xEC\x98\xA4\xED\x9B\x84"},
    };
    uint8_t room[DATE_BYTES];
    Str word = letters(piece, room);
    static const char *const idle[] = {"", "t", "\xD0\xB3", "\xD1\x87"}; /* ISO; year and hour in Bulgarian */
    for (size_t i = 0; i < sizeof idle / sizeof *idle; i++) {
        if (str_eq(word, str_of(idle[i]))) {
            return HALF_NONE;
        }
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (str_eq(word, str_of(words[i].morning))) {
            return HALF_MORNING;
        }
        if (str_eq(word, str_of(words[i].afternoon))) {
            return HALF_AFTERNOON;
        }
    }
    return HALF_UNKNOWN;
}

/* Between the day and the hour may stand the half of the day; in CJK with the word for day before it. */
static Half half_before(Str gap)
{
    static const char *const days[] = {"\xE6\x97\xA5", "\xEC\x9D\xBC"};
    gap = str_trim(gap);
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        gap = str_starts(gap, str_of(days[i])) ? str_from(gap, str_of(days[i]).len) : gap;
    }
    return half_of(gap);
}

static bool clock_of(const Scan *scan, LocalDate *d)
{
    Str colon = str_slice(scan->text, scan->to[3], scan->from[4]);
    bool plain = str_eq(colon, STR(":")) || str_eq(colon, STR("."));
    Str next = str_slice(scan->text, scan->to[4], scan->count > 5 ? scan->from[5] : 0);
    bool seconds = scan->count > 5 && str_eq(next, colon);
    size_t end = scan->to[seconds ? 5 : 4];
    bool fraction =
        scan->count == 7 && scan->from[6] == end + 1 && (scan->text.at[end] == '.' || scan->text.at[end] == ',');
    if (!plain || scan->count > 5 + (size_t)seconds + fraction || scan->width[4] != 2 || scan->width[3] > 2) {
        return false;
    }
    d->hour = scan->number[3];
    d->minute = scan->number[4];
    d->second = seconds ? scan->number[5] : 0;
    if (fraction) {
        d->digits = scan->width[6];
        d->fraction_ns = scan->number[6];
        for (unsigned i = d->digits; i < 9; i++) {
            d->fraction_ns *= 10;
        }
    }
    Half before = half_before(str_slice(scan->text, scan->to[2], scan->from[3]));
    Half half = before ? before : half_of(str_from(scan->text, scan->to[scan->count - 1]));
    d->twelve = half == HALF_MORNING || half == HALF_AFTERNOON;
    if (half == HALF_UNKNOWN || (d->twelve && (d->hour < 1 || d->hour > 12))) {
        return false;
    }
    d->hour = !d->twelve ? d->hour : d->hour % 12 + (half == HALF_AFTERNOON ? 12 : 0);
    return d->hour < 24 && d->minute < 60 && d->second <= 60;
}

bool local_date(Str text, LocalDate *out)
{
    uint8_t room[DATE_BYTES];
    size_t len = 0;
    Scan scan;
    text = str_trim(text);
    if (text.len < 12 || text.len > DATE_BYTES) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) { /* marks of direction stand between any two parts */
        bool mark =
            str_starts(str_from(text, i), STR("\xE2\x80\x8E")) || str_starts(str_from(text, i), STR("\xE2\x80\x8F"));
        if (mark) {
            i += 2;
        } else {
            room[len++] = text.at[i];
        }
    }
    *out = (LocalDate){0};
    if (!runs_of((Str){room, len}, &scan) || scan.from[0] != 0 || !clock_of(&scan, out)) {
        return false;
    }
    out->separator = separator(&scan, 0);
    for (size_t i = 0; i < 3; i++) {
        out->part[i] = scan.number[i];
        out->width[i] = scan.width[i];
    }
    bool year_first = scan.width[0] == 4, year_last = scan.width[2] == 4 || scan.width[2] == 2;
    if (!year_first && scan.width[2] == 2) {
        out->part[2] += 2000;
    }
    return out->separator && separator(&scan, 1) && scan.width[1] <= 2 &&
           (year_first ? scan.width[2] <= 2 : year_last && scan.width[0] <= 2);
}

bool local_date_time(const LocalDate *d, DateOrder order, int64_t *ns)
{
    int year = d->width[0] == 4 ? d->part[0] : d->part[2];
    int a = d->width[0] == 4 ? d->part[1] : d->part[0], b = d->width[0] == 4 ? d->part[2] : d->part[1];
    bool day_first = d->width[0] != 4 && order != ORDER_MONTH_FIRST;
    if (d->width[0] != 4 && order == ORDER_UNKNOWN && a != b) {
        return false;
    }
    if (!timestamp_civil(year, day_first ? b : a, day_first ? a : b, d->hour, d->minute, d->second, ns)) {
        return false;
    }
    *ns += d->fraction_ns;
    return true;
}

static void reading_vote(DateVotes *v, const LocalDate *d, DateOrder order, size_t reading)
{
    int64_t ns;
    if (!local_date_time(d, order, &ns)) {
        v->broken[reading]++;
        return;
    }
    v->rises[reading] += v->count && ns > v->last[reading];
    v->falls[reading] += v->count && ns < v->last[reading];
    v->last[reading] = ns;
    v->newest[reading] = v->newest[reading] > ns ? v->newest[reading] : ns;
}

void date_vote(DateVotes *v, const LocalDate *d)
{
    int64_t ns;
    if (!local_date_time(d, ORDER_DAY_FIRST, &ns) && !local_date_time(d, ORDER_MONTH_FIRST, &ns)) {
        return;
    }
    if (d->width[0] == 4) {
        v->year_first = true;
        return;
    }
    v->year_last = true;
    v->first_above = v->first_above || d->part[0] > 12;
    v->second_above = v->second_above || d->part[1] > 12;
    v->first_bare = v->first_bare || d->width[0] == 1;
    v->second_bare = v->second_bare || d->width[1] == 1;
    v->first_padded = v->first_padded || (d->width[0] == 2 && d->part[0] < 10);
    v->second_padded = v->second_padded || (d->width[1] == 2 && d->part[1] < 10);
    v->twelve = v->twelve || d->twelve;
    v->dotted = v->dotted || d->separator == '.';
    v->dashed = v->dashed || d->separator == '-';
    reading_vote(v, d, ORDER_DAY_FIRST, 0);
    reading_vote(v, d, ORDER_MONTH_FIRST, 1);
    v->count++;
}

/* Logs are saved newest first or oldest first: a reading in which time goes to and fro is the wrong one. */
static bool is_steady(const DateVotes *v, size_t reading)
{
    return v->broken[reading] == 0 && (v->rises[reading] == 0 || v->falls[reading] == 0);
}

/* In this reading something happened more than a day after the file was written. */
static bool is_ahead(const DateVotes *v, size_t reading, int64_t written_ns)
{
    return written_ns != TIME_NONE && v->newest[reading] > written_ns + NS_DAY;
}

DateOrder date_order(const DateVotes *v, DateLanguage language, int64_t written_ns, const char **how)
{
    bool bare_day = v->first_bare && v->second_padded, bare_month = v->first_padded && v->second_bare;
    *how = "the year comes first";
    if (v->year_first && !v->year_last) {
        return ORDER_YEAR_FIRST;
    }
    *how = "a number above 12 is a day";
    if (v->first_above != v->second_above) {
        return v->first_above ? ORDER_DAY_FIRST : ORDER_MONTH_FIRST;
    }
    *how = "its dates have the day first here and the month there";
    if (v->first_above) {
        return ORDER_UNKNOWN;
    }
    *how = "read so, time goes one way";
    if (v->count > 2 && is_steady(v, 0) != is_steady(v, 1)) {
        return is_steady(v, 0) ? ORDER_DAY_FIRST : ORDER_MONTH_FIRST;
    }
    *how = "read otherwise, events lie behind the time at which the file was written";
    if (v->count && is_ahead(v, 0, written_ns) != is_ahead(v, 1, written_ns)) {
        return is_ahead(v, 0, written_ns) ? ORDER_MONTH_FIRST : ORDER_DAY_FIRST;
    }
    *how = "with full stops between them";
    if (v->dotted) {
        return ORDER_DAY_FIRST;
    }
    *how = "by which of them has a leading zero";
    if (bare_day != bare_month) {
        return bare_day ? ORDER_DAY_FIRST : ORDER_MONTH_FIRST;
    }
    *how = "by the language of the file";
    if (language == LANGUAGE_OTHER) {
        return ORDER_DAY_FIRST;
    }
    *how = "in the form of the United States: a clock of twelve hours, no leading zero";
    if (v->twelve && !v->dashed && (v->first_bare || v->second_bare) && !v->first_padded && !v->second_padded) {
        return ORDER_MONTH_FIRST;
    }
    *how = "its dates do not show whether day or month comes first";
    return ORDER_UNKNOWN;
}
