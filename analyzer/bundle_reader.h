/* Between the three parts of the first stage: bundle.c (the whole, its workers), member.c (one member: which parser,
 * which status) and container.c (archives and folders). Members hold archives that hold members. */
#ifndef BUNDLE_READER_H
#define BUNDLE_READER_H

#include <stdio.h>

#include "bundle.h"

/* The order of a source in the bundle: the member's number, then counted on inside a nested archive. */
#define ORDER_MEMBER(index) ((uint64_t)(index) << 32)

typedef struct Held { /* a member that waits for others; its bytes are in memory */
    Source src;
    SourceRow *row;
    const struct Parser *parser;
    size_t size;
} Held;

typedef struct Reader { /* what one worker reads with */
    Analysis *analysis;
    Arena scratch;
    uint64_t order;
    uint64_t nested_room; /* bytes that archives inside the member being read may still give */
    VEC(Held) held;
    size_t held_bytes;
    bool together; /* whom the member being read waits for, this worker reads too */
    bool alone;    /* no other worker holds members: of all of them, one at a time */
    bool stream;   /* members come one after the other, and how many is not known */
} Reader;

/* --- member.c --- */

/* Begins the row of a member; `depth`: of archives around it. */
SourceRow *row_begin(Reader *r, Str path, int64_t mtime_ns, unsigned depth);
/* Reads one member through whoever bids best, or what is in it if it is an archive. */
void read_member(Reader *r, Source *src, unsigned depth);
/* Reads the members that were held, from that one on, with each other; `early`: more of them may follow. */
void read_held(Reader *r, size_t from, bool early);
/* `Microsoft.Azure.RecoveryServices.VMSnapshot_1.0.57.0.zip`: the extension's own package, which holds no logs. */
bool is_extension_package(Str name);

/* --- container.c --- */

/* By the first bytes; BUNDLE_FILE: no archive. */
BundleKind archive_kind(Str head);
/* NULL, or why the last bytes of a zip are not its end. ZIP_TAIL of them are enough. */
#define ZIP_TAIL (66 * KIB)
const char *zip_trouble(Str tail);

typedef struct Load { /* one member of the bundle: what it weighs, who reads it, how much may be kept of it */
    uint64_t size;
    size_t room;
    uint8_t owner;
    bool together; /* one worker reads all of these */
} Load;
typedef VEC(Load) Loads;

/* Reads those members of an archive on disk that are the worker's; loads->count == 0: all of them, by worker 0. Returns
 * NULL, or why it ended early (text in the run's arena). */
const char *read_archive(Reader *r, const char *path, BundleKind kind, const Loads *loads, uint8_t worker);
/* The sizes of its members, as its directory tells them. */
void list_archive(const char *path, BundleKind kind, Arena *a, Loads *to);
/* An archive that comes as a stream: inside another one, or on standard input. What must seek is held up to a limit.
 * *members: how many there were; *held: false if it was too large to be held. */
const char *read_archive_stream(Reader *r, Source *src, BundleKind kind, Str prefix, unsigned depth, size_t *members,
                                bool *held);

typedef struct FileEntry { /* of a folder */
    Str path;              /* below the folder */
    const char *full;
    uint64_t size;
    int64_t mtime_ns;
    const char *trouble;
} FileEntry;
typedef struct FileList {
    VEC(FileEntry) files;
    bool full; /* there are more */
} FileList;
void list_folder(Arena *a, const char *full, Str below, unsigned depth, FileList *to);
void read_listed(Reader *r, const FileEntry *file);
/* True if its parser reads members of its kind together. */
bool listed_waits(const FileEntry *file);
size_t read_file(void *with, uint8_t *to, size_t room, ReadTrouble *trouble); /* with: FILE *; a SourceRead */

#endif
