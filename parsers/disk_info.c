/* diskinfo.txt of the disk inspection: drive letters, df -h, statvfs of every mount (bundle-formats.md section 1.1.3):
 *   C: /dev/sda2
 *   [Device: /dev/sda2, mountpoint: / ]
 *   frsize: 4096 … bavail: 9000000 */
#include "text_stamp.h"

#define DRIVES_ROOM (2 * KIB) /* 26 short lines; they are looked through for every mount */

typedef struct Drives { /* lines `C: /dev/sda2` */
    Str lines;
} Drives;

static bool mount_starts(Str line)
{
    return str_starts(str_trim(line), STR("[Device:"));
}

static bool number_of(Str text, Str name, uint64_t *value)
{
    for (Str line, rest = text; text_next(&rest, &line);) {
        line = str_trim(line);
        if (str_starts(line, name)) {
            return str_u64(str_trim(str_from(line, name.len)), 10, value);
        }
    }
    return false;
}

/* Empty if one of the two is not there (nothing has blocks of no bytes), or the product does not fit. */
static Str product(Arena *a, Str text, Str name, Str unit)
{
    uint64_t count, size;
    bool known = number_of(text, name, &count) && number_of(text, unit, &size);
    return known && size > 0 && count <= UINT64_MAX / size ? arena_format(a, "%llu", (unsigned long long)(count * size))
                                                           : (Str){0};
}

/* `none` where the letters are listed and it has no part in them; empty where they are not. */
static Str drive_of(Drives drives, Str device)
{
    bool listed = false;
    for (Str line; text_next(&drives.lines, &line);) {
        line = str_trim(line);
        bool letter = line.len > 3 && line.at[1] == ':';
        if (letter && str_eq(str_trim(str_from(line, 2)), device)) {
            return str_slice(line, 0, 2);
        }
        listed = listed || letter;
    }
    return listed ? STR("none") : (Str){0};
}

static Status mount_event(const TextRecord *record, Drives drives, Source *src, Arena *scratch, Analysis *out)
{
    TextEvent t = {.ev = {.time_ns = TIME_NONE,
                          .trust = TRUST_NONE,
                          .service = SERVICE_DISKINFO,
                          .level = LEVEL_INFO,
                          .is_line = true,
                          .record = record->line,
                          .offset = record->offset}};
    t.ev.message = str_trim(text_message(scratch, record));
    Str device = str_trim(str_between(record->first, STR("[Device:"), STR(",")));
    Str free_bytes = product(scratch, t.ev.message, STR("bavail:"), STR("frsize:"));
    text_field(&t, STR("Path"), str_trim(str_between(record->first, STR("mountpoint:"), STR("]"))));
    text_field(&t, STR("Drive"), drive_of(drives, device));
    text_field(&t, STR("Device"), device);
    text_field(&t, STR("Free"), free_bytes);
    text_field(&t, STR("Size"), product(scratch, t.ev.message, STR("blocks:"), STR("frsize:")));
    text_add(&t, src, out);
    return free_bytes.len ? ST_OK : analysis_diag_line(out, src, record->line, "a mount without its free space");
}

static Status disk_parse(Source *src, Arena *scratch, Analysis *out)
{
    Status status = ST_OK;
    Arena keep = {0};
    Drives drives = {0};
    for (TextRecord record; source_text_record(src, mount_starts, &record);) {
        if (record.headless) {
            drives.lines = arena_str(&keep, str_slice(record.text, 0, DRIVES_ROOM));
        } else {
            status = status_worse(status, mount_event(&record, drives, src, scratch, out));
        }
        status = status_worse(status, text_cut(&record, src, out));
    }
    arena_free(&keep);
    return status;
}

static Bid disk_bid(Str path, Str head)
{
    TextHead room;
    head = text_head(head, &room);
    bool mount = str_has(head, STR("[Device:")) && str_has(head, STR("mountpoint:"));
    if (!text_looking(head)) {
        return BID_NO;
    }
    return mount || str_starts(head, STR("Windows drive letter mappings")) ? BID_SHAPE
           : str_starts_nocase(text_name(path), STR("diskinfo"))           ? BID_NAME
                                                                           : BID_NO;
}

const Parser parser_disk_info = {
    .name = "disk_info",
    .reads = "diskinfo.txt of the disk inspection: free space",
    .kind = "diskinspect",
    .service = SERVICE_DISKINFO,
    .bid = disk_bid,
    .parse = disk_parse,
};
