/* The fewest modes of collection that together hold what is wanted. */
#ifndef COVER_H
#define COVER_H

#include <stddef.h>
#include <stdint.h>

typedef struct Want {       /* one thing that is wanted, and the modes that hold it, a bit each */
    uint32_t whole, lesser; /* in full; without something */
} Want;

/* A set of as few of the first `modes` bits as will do; of such sets the one that holds the most things in full, then
 * the one whose last bit is lowest. What no mode holds is left out. */
uint32_t cover_find(const Want *wants, size_t count, unsigned modes);

#endif
