/* Zip archives: by their directory, and where that is lost by the members' own headers. Knows nothing of bundles.
 * zip_directory.c finds members, zip_member.c gives their bytes, zip_foreign.c those that libarchive has to unpack. */
#ifndef ZIP_H
#define ZIP_H

#include "base/arena.h"
#include "base/crc32.h"
#include "base/inflate.h"
#include "base/timestamp.h"

#define ZIP_SIZE_UNKNOWN    UINT64_MAX
#define ZIP_LOCAL_BYTES     30 /* of a member's header, without its name */
#define ZIP_DESCRIPTOR_MOST 24 /* of what follows a member whose header has no sizes */
/* What is asked of ZipInput at once, at most: a record of the directory with its three texts. */
#define ZIP_WANT ((size_t)256 << 10)

typedef struct ZipInput { /* the bytes of an archive */
    /* Up to `want` bytes from there, fewer only at the end; valid until the next call. */
    Str (*at)(void *with, uint64_t offset, size_t want);
    void *with;
    uint64_t size; /* ZIP_SIZE_UNKNOWN: a stream, which can only go forward */
} ZipInput;

typedef struct ZipEntry {
    Str name;      /* UTF-8 where that could be told, else the bytes as they are */
    uint64_t at;   /* its local header */
    uint64_t data; /* its first packed byte; 0: as the local header says */
    uint64_t end;  /* from here on, bytes belong to others; ZIP_SIZE_UNKNOWN: it ends where its data say */
    uint64_t packed, size;
    uint32_t crc;
    uint32_t dos_time; /* as it stands: encryption needs it */
    uint16_t flags, method;
    Str aes;         /* extra field of WinZip's encryption, with its head; empty if none */
    bool open_ended; /* sizes and checksum follow the data */
    bool is_folder;
    int64_t mtime_ns; /* UTC; a DOS time has no zone and is taken for UTC */
} ZipEntry;

static inline bool zip_encrypted(const ZipEntry *e)
{
    return e->flags & 1;
}

/* --- zip_directory.c --- */

typedef struct ZipDirectory {
    VEC(ZipEntry) entries;
    bool part; /* of an archive that was split into several files */
} ZipDirectory;

/* NULL, or why there is no directory to go by. Bytes before the archive and behind it do no harm. */
const char *zip_directory(const ZipInput *in, Arena *a, ZipDirectory *to);

typedef struct ZipWalk { /* from member to member, forward only */
    const ZipInput *in;
    uint64_t pos;
    uint64_t strayed; /* bytes between members that belong to none */
    uint64_t reread;  /* behind damage, bytes were looked at again */
    bool ended;       /* the end of the directory was seen, and nothing behind it */
    bool part;
} ZipWalk;

/* The next member by its local header; false at the end of the archive. */
bool zip_walk(ZipWalk *w, Arena *a, ZipEntry *e);
/* The first member's header in bytes that begin with something else; STR_NOT_FOUND: there is none. */
size_t zip_header_find(Str bytes);
/* Sizes and checksum of a member whose header does not have them, by what stands behind it; false: not found. */
bool zip_find_descriptor(const ZipInput *in, ZipEntry *e);

/* --- zip_member.c --- */

typedef struct ZipReader { /* one member after the other, through the same buffers; zeroed: none yet */
    const ZipInput *in;
    ZipEntry entry;
    uint64_t pos, left; /* of the packed bytes: what is fed next, how many are left */
    uint64_t delivered;
    uint32_t sum;
    bool ended;
    const char *why; /* NULL, or what is wrong with the member; valid until the next is opened */
    char told[120];  /* room for it */
    struct ZipForeign *foreign;
    Inflate *inflate;
    Crc crc;
} ZipReader;

/* Begins a member; password: NULL if there is none. Trouble shows in r->why, and then nothing is delivered. */
void zip_member_open(ZipReader *r, const ZipInput *in, const ZipEntry *e, const char *password);
/* Up to `room` bytes; 0 at the end, be it the real one or told by r->why. */
size_t zip_member_read(ZipReader *r, uint8_t *to, size_t room);
/* Walking: goes to behind the member, which is read to its end if only that tells where it is. */
void zip_member_leave(ZipReader *r, ZipWalk *w);
void zip_member_close(ZipReader *r);
void zip_reader_close(ZipReader *r);

/* --- zip_foreign.c --- */

typedef struct ZipForeign ZipForeign;
/* The member (e->data is known) as an archive of its own through libarchive. */
ZipForeign *zip_foreign_open(const ZipInput *in, const ZipEntry *e, const char *password);
/* 0 at the end; *why: NULL, or what went wrong, valid until it is closed. */
size_t zip_foreign_read(ZipForeign *f, uint8_t *to, size_t room, const char **why);
void zip_foreign_close(ZipForeign *f);

#endif
