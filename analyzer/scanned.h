/* What the secret scanner of a disk inspection did to the files of a bundle: bundle-formats.md section 1.1.1. */
#ifndef SCANNED_H
#define SCANNED_H

#include "analysis.h"

/* Once all members are read: a row for each file that the scanner removed, or was given and that is not there, so that
 * its absence proves nothing; and a note on each whose lines it blanked. */
void scanned_files(Analysis *analysis);

#endif
