/* libarchive unpacks the rarer methods and decrypts. It is given an archive of one member: a header and a directory
 * made here, around the packed bytes where they lie. So one broken member is no other's trouble, and the password is
 * asked of libarchive only where there is one. */
#include "zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

#include "limits.h"

#define EXTRA_MOST 64

struct ZipForeign {
    struct archive *archive;
    const ZipInput *in;
    uint64_t data, packed, pos;
    uint8_t head[31 + EXTRA_MOST], tail[47 + EXTRA_MOST + 22];
    size_t head_len, tail_len;
    bool given; /* a password */
};

typedef struct Bytes {
    uint8_t *at;
    size_t len;
} Bytes;

static void put(Bytes *b, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        b->at[b->len++] = (uint8_t)(value >> 8 * i);
    }
}

/* What local header and directory have in common, from the version to the lengths of name and extra fields; the sizes
 * stand in a zip64 field. */
static void put_common(Bytes *b, const ZipEntry *e, size_t extra)
{
    put(b, 51, 2);
    put(b, e->flags, 2);
    put(b, e->method, 2);
    put(b, e->dos_time, 4);
    put(b, e->crc, 4);
    put(b, UINT32_MAX, 4);
    put(b, UINT32_MAX, 4);
    put(b, 1, 2);
    put(b, extra, 2);
}

static void put_name_and_extra(Bytes *b, const ZipEntry *e)
{
    put(b, 'x', 1);
    put(b, 1, 2);
    put(b, 16, 2);
    put(b, e->size, 8);
    put(b, e->packed, 8);
    for (size_t i = 0; i < e->aes.len; i++) {
        put(b, e->aes.at[i], 1);
    }
}

static void make_frame(ZipForeign *f, ZipEntry e)
{
    Bytes head = {f->head, 0}, tail = {f->tail, 0};
    e.aes = e.aes.len <= EXTRA_MOST - 20 ? e.aes : (Str){0};
    put(&head, 0x04034B50, 4);
    put_common(&head, &e, 20 + e.aes.len);
    put_name_and_extra(&head, &e);
    put(&tail, 0x02014B50, 4);
    put(&tail, 51, 2);
    put_common(&tail, &e, 20 + e.aes.len);
    put(&tail, 0, 6); /* comment, disk, attributes in the file */
    put(&tail, 0, 8); /* attributes, offset */
    put_name_and_extra(&tail, &e);
    size_t directory = tail.len;
    put(&tail, 0x06054B50, 4);
    put(&tail, 0, 4);
    put(&tail, 1, 2);
    put(&tail, 1, 2);
    put(&tail, directory, 4);
    put(&tail, head.len + e.packed, 4);
    put(&tail, 0, 2);
    f->head_len = head.len;
    f->tail_len = tail.len;
}

static la_ssize_t frame_read(struct archive *a, void *with, const void **bytes)
{
    (void)a;
    ZipForeign *f = with;
    uint64_t data_end = f->head_len + f->packed;
    Str part = {0};
    if (f->pos < f->head_len) {
        part = str_from((Str){f->head, f->head_len}, (size_t)f->pos);
    } else if (f->pos < data_end) {
        uint64_t left = data_end - f->pos;
        part = f->in->at(f->in->with, f->data + f->pos - f->head_len, left < 64 * KIB ? (size_t)left : 64 * KIB);
    } else {
        part = str_from((Str){f->tail, f->tail_len}, (size_t)(f->pos - data_end));
    }
    f->pos += part.len;
    *bytes = part.at;
    return (la_ssize_t)part.len;
}

static la_int64_t frame_seek(struct archive *a, void *with, la_int64_t offset, int whence)
{
    (void)a;
    ZipForeign *f = with;
    uint64_t all = f->head_len + f->packed + f->tail_len;
    int64_t to = offset + (int64_t)(whence == SEEK_END ? all : whence == SEEK_CUR ? f->pos : 0);
    f->pos = to < 0 ? 0 : (uint64_t)to < all ? (uint64_t)to : all;
    return (la_int64_t)f->pos;
}

ZipForeign *zip_foreign_open(const ZipInput *in, const ZipEntry *e, const char *password)
{
    ZipForeign *f = calloc(1, sizeof *f);
    struct archive_entry *entry;
    if (!f || !(f->archive = archive_read_new())) {
        abort();
    }
    f->in = in;
    f->data = e->data;
    f->packed = e->packed;
    f->given = password && zip_encrypted(e);
    make_frame(f, *e);
    archive_read_support_format_zip_seekable(f->archive);
    if (password) {
        archive_read_add_passphrase(f->archive, password); /* later than here, libarchive ends the read */
    }
    archive_read_set_callback_data(f->archive, f);
    archive_read_set_read_callback(f->archive, frame_read);
    archive_read_set_seek_callback(f->archive, frame_seek);
    if (archive_read_open1(f->archive) == ARCHIVE_OK) {
        archive_read_next_header(f->archive, &entry);
    }
    return f;
}

size_t zip_foreign_read(ZipForeign *f, uint8_t *to, size_t room, const char **why)
{
    la_ssize_t n = archive_read_data(f->archive, to, room);
    if (n >= 0) {
        return (size_t)n;
    }
    const char *said = archive_error_string(f->archive);
    Str text = str_of(said ? said : "it is damaged");
    *why = !f->given                                 ? said
           : str_has_nocase(text, STR("passphrase")) ? "encrypted, and the password is not its own"
                                                     : "damaged, or the password is not its own";
    *why = *why ? *why : "it is damaged";
    return 0;
}

void zip_foreign_close(ZipForeign *f)
{
    if (f) {
        archive_read_free(f->archive);
        free(f);
    }
}
