/* A bundle out of a readable folder, in memory. Every file goes in as it is, in the bytewise order of names, except:
 *
 *   NAME.evtx.xml   becomes NAME.evtx (evtx_writer.h)
 *   NAME.hive.txt   becomes NAME and its logs NAME.LOG1 … (hive_writer.h)
 *   NAME.zip.d/     becomes the archive NAME.zip; likewise .7z.d, .tar.gz.d, .tar.d
 *   NAME.events     becomes NAME.evtx, too: events, one a line, that join those of NAME.evtx.xml, if there is one
 *                   (fixture_merge.h); their channel is NAME, with / for %4
 *   NAME.add        lines that join those of NAME by their stamps
 *   bundle.txt      at the top (of a folder that becomes an archive, too) holds directives, one a line; # begins a
 *                   comment
 *
 * PATH is that of a member in the bundle, in double quotes if it has blanks; with * at its end it stands for all that
 * begin so.
 *
 *   mtime PATH 2018-12-04T07:52:28Z     entry time, of the later of two lines; without any 2024-01-01T00:00:00Z
 *   eol PATH crlf|crcrlf                line feeds become these
 *   encoding PATH utf8bom|utf16le|utf16be|utf16le-nobom|utf16be-nobom|cp1252      of a file that is UTF-8 here
 *   cut PATH BYTES                      only so much of it (after eol and encoding)
 *   store PATH                          not compressed (zip)
 *   name PATH => NAME                   its name in the bundle; {5C} in NAME is the byte 0x5C
 *   base FOLDER                         another folder, whose files and directives this one adds to; files here win
 *   drop PATH                           a file of the base that is left out
 *   computer NAME                       of the events in a NAME.events that has no base
 *   password TEXT                       encrypts what comes into this archive (zip)
 *
 * The same folder makes the same bytes, unless there is a password. */
#ifndef FIXTURE_BUNDLE_H
#define FIXTURE_BUNDLE_H

#include "base/arena.h"

typedef struct FixtureMember {
    Str name, bytes;
    int64_t mtime_ns;
    bool stored; /* not compressed */
} FixtureMember;

typedef struct FixtureBundle {
    VEC(FixtureMember) members; /* in their order */
    Str password;               /* empty: none */
    Str trouble;                /* empty, or what is wrong: then there is no bundle */
    Str trouble_file;           /* … with which file */
    unsigned trouble_line;      /* … in which line of it; 0: as a whole */
} FixtureBundle;

typedef struct FixtureInclude { /* files of another folder, as if they lay in this one, bundle.txt left out */
    Str folder;                 /* empty: none */
    const Str *drop;            /* beginnings of names that are left out */
    size_t drop_count;
    const Str (*rename)[2]; /* beginnings of names that become others; the first that fits counts */
    size_t rename_count;
} FixtureInclude;

/* `folder` may be missing where others are included. include: NULL, or what is added. */
FixtureBundle fixture_bundle(Arena *a, Str folder, const FixtureInclude *include);

/* As an archive; the ending of `name` says of which kind: .zip .7z .tar .tar.gz. Empty, with bundle->trouble set, where
 * that cannot be made. */
Str fixture_archive(Arena *a, FixtureBundle *bundle, Str name);

#endif
