/* Do two collections of one machine tell the same where both tell of the same time? Of event logs a record both have
 * read, of text logs a line well inside what both cover. What is damaged, redacted or was too much to keep is no
 * witness. */
#ifndef AGREEMENT_H
#define AGREEMENT_H

#include "holding.h"

typedef struct Agreement {
    bool differ[LIMIT_GATHERINGS][LIMIT_GATHERINGS]; /* by Root.gathering */
} Agreement;

/* More than can be compared is taken for different. */
const Agreement *agreement_find(const Analysis *analysis, const RootList *roots, const uint32_t *of,
                                const Holdings *holdings, Arena *scratch);

#endif
