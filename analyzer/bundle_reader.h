/* Between the parts of the first stage: bundle.c (the whole, its workers), member.c (one member: which parser, which
 * status), container.c (archives and folders) and container_zip.c. Members hold archives that hold members. */
#ifndef BUNDLE_READER_H
#define BUNDLE_READER_H

#include <stdio.h>

#include "bundle.h"
#include "password.h"
#include "zip.h"

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
    Password *password;
    Str bundle; /* its name, for whoever is asked for the password */
    Arena scratch;
    uint64_t order;
    uint64_t nested_room; /* bytes that archives inside the member being read may still give */
    VEC(Held) held;
    size_t held_bytes;
    bool together;           /* whom the member being read waits for, this worker reads too */
    bool early;              /* some that were held could not wait for all */
    bool alone;              /* no other worker holds members: of all of them, one at a time */
    bool stream;             /* members come one after the other, and how many is not known */
    const StrList *left_out; /* members of the bundle that are not read, by their paths; NULL: none */
} Reader;

/* --- member.c --- */

/* Begins the row of a member; `depth`: of archives around it. */
SourceRow *row_begin(Reader *r, Str path, int64_t mtime_ns, unsigned depth);
/* Reads one member through whoever bids best, or what is in it if it is an archive. */
void read_member(Reader *r, Source *src, unsigned depth);
/* Reads the members that were held, from that one on, with each other. */
void read_held(Reader *r, size_t from);
/* The row of a member that nobody can read, and why. */
void unread_member(Reader *r, Source *src, unsigned depth, Str note, const char *what);
/* `Microsoft.Azure.RecoveryServices.VMSnapshot_1.0.57.0.zip`: the extension's own package, which holds no logs. */
bool is_extension_package(Str name);
/* `logs.zip.001`, `logs.z01`: one of the files that an archive was split into. */
bool is_split_part(Str name);
#define SPLIT_PART "a part of an archive that was split into several files: put them together first"

/* --- container.c --- */

/* By the first bytes; BUNDLE_FILE: no archive. */
BundleKind archive_kind(Str head);
/* The same, and a zip behind something else (a mail's head, a program that unpacks itself) is one too. */
BundleKind archive_kind_behind(Str head);

typedef struct Load { /* one member of the bundle: what it weighs, who reads it, how much may be kept of it */
    uint64_t size;
    size_t room;
    uint8_t owner;
    bool together; /* one worker reads all of these */
} Load;
typedef VEC(Load) Loads;

typedef struct EntryBound { /* on what one member of an archive gives */
    uint64_t delivered;
    uint64_t *room; /* what all of them together may still give; NULL: no bound */
} EntryBound;
/* How much of `want` may be unpacked now, when so much of the archive was consumed for the member; 0 tells the trouble.
 */
size_t bound_entry(const EntryBound *b, uint64_t packed, size_t want, ReadTrouble *trouble);
void bound_delivered(EntryBound *b, size_t bytes);

/* Reads an archive on disk that is no zip. Returns NULL, or why it ended early (text in the run's arena). */
const char *read_archive(Reader *r, const char *path, BundleKind kind);
/* An archive that comes as a stream: inside another one, or on standard input. What must seek is held up to a limit.
 * *members: how many there were; *held: false if it was too large to be held. */
const char *read_archive_stream(Reader *r, Source *src, BundleKind kind, Str prefix, unsigned depth, size_t *members,
                                bool *held);

/* --- container_zip.c --- */

/* The directory of a zip on disk: NULL, or why there is none to go by. */
const char *list_zip(FILE *file, uint64_t size, Arena *a, ZipDirectory *to);
/* What its members weigh and which of them are read together, folders left out. NULL, or that there are too many. */
const char *weigh_zip(FILE *file, uint64_t size, const ZipDirectory *d, Arena *a, Loads *to);
/* Reads those members that are the worker's; several workers may read one file. */
void read_zip_share(Reader *r, FILE *file, uint64_t size, const ZipDirectory *d, const Loads *loads, uint8_t worker);
/* Reads all members of a zip on disk by their own headers. NULL, or what is lost. */
const char *walk_zip(Reader *r, FILE *file, uint64_t size);
/* The members of a zip inside another archive, or on standard input. */
const char *read_zip_input(Reader *r, const ZipInput *in, Str prefix, unsigned depth, size_t *members);

/* --- container.c: folders --- */

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
/* True if its parser reads members of its kind together: may, by name and size; does, by its first bytes. */
bool member_may_wait(Str path, uint64_t size);
bool member_waits(Str path, Str head);
bool listed_waits(const FileEntry *file);
size_t read_file(void *with, uint8_t *to, size_t room, ReadTrouble *trouble); /* with: FILE *; a SourceRead */

#endif
