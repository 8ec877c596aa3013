/* What one machine's sources hold more than once – two collections of it, a log and its export, a copied file – counts
 * once. The same event is that of one computer, channel, record id and time; the same line of a log is one of the same
 * words at the same stamp. A log that says something twice by itself says it twice. */
#ifndef DUPLICATE_H
#define DUPLICATE_H

#include "analysis.h"

/* Equal for the same event or line, whichever source holds it. */
uint64_t duplicate_hash(const Kept *k);

/* Takes out of a machine's part what a newer copy of the log tells as well, and off the codes met in the whole; says so
 * beside the sources. */
void duplicate_drop(Analysis *part, Analysis *whole);

#endif
