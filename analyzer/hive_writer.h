/* Makes a real registry hive, and its transaction logs, out of a readable text: fixtures stay readable, and the reader
 * is tested on binary files.
 *
 *   # a comment
 *   file \SystemRoot\System32\Config\SYSTEM     name in the base block
 *   version 1.5      lists lf|lh|li|ri    leaf 2     (ri: so many keys to a list; 1.3 knows no large data)
 *   written 2023-05-03T09:30:00Z     sequence 41
 *   [ControlSet001\Services\MSDTC]              keys in between are made; [] is the root
 *   time 2023-05-01T07:00:00.1234567Z           last write of this key; else that of the key before
 *   "Start"=dword:00000003                      also qword:…, hex:de,ad, hex(7):…, "text", expand:"…", multi:"a","b"
 *   @="the default value"                       \\ and \" in texts
 *   "Long"=fill:40000:5a                        REG_BINARY, so many bytes
 *   -"Start"                                    not any more;  -[Key] likewise
 *
 *   === LOG1        What follows was written after the hive was last flushed, and stands in this log as one entry (new
 *                   form). Each such line begins another entry.
 *   === LOG1 old    The same in the old form (one, and all that follows is in it).
 *   torn            The hive was being flushed: every other page is new already.
 *
 * Damage, done to the finished files (file: the hive, else log, log1, log2):
 *   cut log1 1000                               only so many bytes of it
 *   poke file 508 00,00,00,00                   bytes at an offset of the file
 *   poke key:A\B 0 6e,00                        at an offset of a cell of the hive (one without logs); -4 is its size
 *   poke list:A\B 4 @key:A                      the offset of another cell
 *   sum                                         the checksum of the hive's base block is made anew
 *
 * Cells are key:KEY, value:KEY\NAME, list:KEY (of subkeys), values:KEY (the list) and data:KEY\NAME. */
#ifndef HIVE_WRITER_H
#define HIVE_WRITER_H

#include "base/arena.h"

typedef struct HiveFile {
    Str suffix; /* behind the name of the hive: empty, .LOG, .LOG1, .LOG2 */
    Str bytes;
} HiveFile;

#define HIVE_FILES 4
typedef struct HiveFiles {
    HiveFile at[HIVE_FILES];
    size_t count;
} HiveFiles;

/* The hive first. No files, with *why set (`line 3: …`), when it cannot be made. */
HiveFiles hive_write(Str text, Arena *a, const char **why);

#endif
