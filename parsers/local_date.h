/* Dates as people of all countries write them, without a zone: `3/07/2023 10:25:59 AM`, `07.03.2023 10:25:59`,
 * `2023/03/07 10:25:59`. Whether day or month comes first is found from all dates of a file. */
#ifndef LOCAL_DATE_H
#define LOCAL_DATE_H

#include "base/timestamp.h"

typedef struct LocalDate { /* its parts, in the order in which they stand there */
    int part[3];
    uint8_t width[3]; /* digits */
    int hour, minute, second;
    int64_t fraction_ns;
    uint8_t digits; /* of the fraction */
    uint8_t separator;
    bool twelve; /* a clock of twelve hours */
} LocalDate;

typedef enum DateOrder { ORDER_UNKNOWN, ORDER_YEAR_FIRST, ORDER_DAY_FIRST, ORDER_MONTH_FIRST } DateOrder;
typedef enum DateLanguage { LANGUAGE_UNKNOWN, LANGUAGE_ENGLISH, LANGUAGE_OTHER } DateLanguage;

/* The whole text is a date with a time. */
bool local_date(Str text, LocalDate *out);
/* False if the date does not exist, or if the order is not known and makes a difference. */
bool local_date_time(const LocalDate *date, DateOrder order, int64_t *ns);

typedef struct DateVotes {
    size_t count;
    bool year_first, year_last, first_above, second_above, dotted, dashed;
    bool first_bare, first_padded, second_bare, second_padded, twelve;
    int64_t last[2], newest[2]; /* read day first, read month first */
    size_t rises[2], falls[2];  /* from one date to the next */
    size_t broken[2];           /* dates that do not exist in this reading */
} DateVotes;
void date_vote(DateVotes *votes, const LocalDate *date);
/* written_ns: when the file was written, or TIME_NONE. *how: by what it was found; a static text. */
DateOrder date_order(const DateVotes *votes, DateLanguage language, int64_t written_ns, const char **how);

#endif
