/* Several collections of one machine read as one bundle. */
#ifndef CASE_H
#define CASE_H

#include "bundle.h"

/* Reads all of them, one after the other, each with its share of the room. Their paths begin with the name of their
 * bundle, the shortest end of its path that no other one has: `agents.zip!/WindowsAzure/…`; a loose file is that name.
 * count <= LIMIT_GATHERINGS. */
void case_read(Bundle *bundle, const char *const *paths, size_t count, Password *password, Analysis *analysis,
               unsigned threads);

/* Of every input what bundle_conclude says of a bundle; before that says it of the case. */
void case_conclude(Bundle *bundle, const Analysis *analysis);

#endif
