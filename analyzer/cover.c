/* By trying: there are less than twenty modes, and two or three of them hold everything, so all sets of one, then all
 * of two, and so on are looked at until one will do. That none smaller does is thereby shown. */
#include "cover.h"

#include <stdbool.h>

/* How many things the set holds only in part; SIZE_MAX: it does not hold them all. */
static size_t in_part(const Want *wants, size_t count, uint32_t set)
{
    size_t lesser = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(wants[i].whole & set) && (wants[i].whole | wants[i].lesser)) {
            if (!(wants[i].lesser & set)) {
                return SIZE_MAX;
            }
            lesser++;
        }
    }
    return lesser;
}

/* The next greater number with as many bits; 0 at the end. */
static uint32_t next_set(uint32_t set)
{
    uint32_t lowest = set & (~set + 1), carried = set + lowest;
    return carried ? carried | (((set ^ carried) >> 2) / lowest) : 0;
}

uint32_t cover_find(const Want *wants, size_t count, unsigned modes)
{
    uint32_t end = (uint32_t)1 << modes;
    size_t best = in_part(wants, count, 0);
    uint32_t found = 0;
    for (unsigned size = 1; best == SIZE_MAX && size <= modes; size++) {
        for (uint32_t set = ((uint32_t)1 << size) - 1; set && set < end; set = next_set(set)) {
            size_t lesser = in_part(wants, count, set);
            if (lesser < best) {
                best = lesser;
                found = set;
            }
        }
    }
    return found;
}
