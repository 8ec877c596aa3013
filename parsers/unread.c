/* Takes what nobody else reads, and says what it is by its first bytes. */
#include "text_stamp.h"

typedef struct Magic {
    const char *bytes;
    size_t len, at;
    const char *what;
} Magic;

#define MAGIC(bytes, at, what)                                                                                         \
    {                                                                                                                  \
        bytes, sizeof(bytes) - 1, at, what                                                                             \
    }
static const Magic magics[] = {
    MAGIC("ElfFile\0", 0, "event log whose form is not known"),
    MAGIC("ElfChnk\0", 0, "part of an event log without its head"),
    MAGIC("\x30\0\0\0LfLe", 0, "event log of Windows XP or 2003 (.evt)"),
    MAGIC("PK\3\4", 0, "zip archive that was not opened"),
    MAGIC("PK\5\6", 0, "empty zip archive"),
    MAGIC("7z\xBC\xAF\x27\x1C", 0, "7z archive that was not opened"),
    MAGIC("\x1F\x8B", 0, "gzip archive that was not opened"),
    MAGIC("BZh", 0, "bzip2 archive that was not opened"),
    MAGIC("\xFD"
          "7zXZ\0",
          0, "xz archive that was not opened"),
    MAGIC("\x28\xB5\x2F\xFD", 0, "zstd archive that was not opened"),
    MAGIC("MSCF", 0, "cabinet that was not opened"),
    MAGIC("Rar!\x1A\x07", 0, "rar archive: not read by this version, unpack it first"),
    MAGIC("ustar", 257, "tar archive that was not opened"),
    MAGIC("SQLite format 3\0", 0, "SQLite database"),
    MAGIC("%PDF-", 0, "PDF document"),
    MAGIC("\x89PNG\r\n\x1A\n", 0, "image (PNG)"),
    MAGIC("\xFF\xD8\xFF", 0, "image (JPEG)"),
    MAGIC("GIF8", 0, "image (GIF)"),
    MAGIC("MDMP", 0, "memory dump of a process"),
    MAGIC("PAGEDU", 0, "memory dump of the system"),
    MAGIC("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 0, "compound file (Office document, MSI or MSC)"),
    MAGIC("\xEF\xCD\xAB\x89", 4, "ESE database"),
    MAGIC("conectix", 0, "virtual disk (VHD)"),
    MAGIC("vhdxfile", 0, "virtual disk (VHDX)"),
    MAGIC("MAM\x04", 0, "compressed prefetch file"),
    MAGIC("\x7F"
          "ELF",
          0, "program (ELF)"),
    MAGIC("MZ", 0, "program or library"),
    MAGIC("BM", 0, "image (BMP)"),
};

static bool all_zero(Str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.at[i]) {
            return false;
        }
    }
    return true;
}

static const Magic *magic_of(Str head)
{
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        const Magic *m = &magics[i];
        if (str_eq(str_slice(head, m->at, m->at + m->len), (Str){(const uint8_t *)m->bytes, m->len})) {
            return m;
        }
    }
    return NULL;
}

static const char *what_is(Str head)
{
    const Magic *m = magic_of(head);
    if (m || !head.len) {
        return m ? m->what : "empty file";
    }
    return all_zero(head) ? "zero bytes: lost in a crash, or never written" : "nothing that is known here";
}

static Bid unread_bid(Str path, Str head)
{
    (void)path;
    const Magic *m = magic_of(head);
    return m && m->len >= 4 ? BID_NAME : BID_ANY; /* short ones begin many a text */
}

static Status unread_parse(Source *src, Arena *scratch, Analysis *out)
{
    (void)scratch;
    analysis_note(out, str_of(what_is(source_peek(src, LIMIT_HEAD))));
    return ST_FAILED;
}

const Parser parser_unread = {
    .name = "unread",
    .reads = "nothing: says what a file is that nobody reads",
    .kind = "other",
    .service = SERVICE_OTHER,
    .bid = unread_bid,
    .parse = unread_parse,
};
