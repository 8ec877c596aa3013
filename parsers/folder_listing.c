/* A saved listing of a Windows folder: dir, Get-ChildItem (table and Format-List), ls -l:
 *    Directory of C:\Windows\System32
 *   10/05/2013  02:38 AM           660,128 msvcp120.dll
 *   -a----        05.10.2013     02:38         660128 msvcp120.dll
 * Words and the order of day and month are those of the machine's language; an order that the file does not show is
 * not guessed. */
#include "folder_listing.h"

#include "text_stamp.h"

typedef enum DateOrder { ORDER_UNKNOWN, ORDER_MONTH_FIRST, ORDER_DAY_FIRST } DateOrder;

typedef struct Date {
    int part[3];
    uint8_t separator;
    bool year_first;
} Date;

typedef struct Listing { /* what the lines before say */
    DateOrder order;
    Arena keep; /* holds folder */
    Str folder;
    Arena item; /* Format-List: the properties of one file; holds the next four */
    Str full_name, name, length, written;
    Line first; /* line of the name */
} Listing;

/* --- pieces of a line ------------------------------------------------------------------------------------------- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool take_word(Str *rest, Str *word)
{
    size_t from = 0;
    while (from < rest->len && is_blank(rest->at[from])) {
        from++;
    }
    size_t to = from;
    while (to < rest->len && !is_blank(rest->at[to])) {
        to++;
    }
    *word = str_slice(*rest, from, to);
    *rest = str_from(*rest, to);
    return word->len > 0;
}

static bool read_number(Str text, size_t *at, int *value)
{
    size_t from = *at;
    *value = 0;
    while (*at < text.len && *at - from < 4 && byte_digit(text.at[*at])) {
        *value = *value * 10 + (text.at[(*at)++] - '0');
    }
    return *at > from;
}

/* `10/05/2013`, `05.10.2013`, `2013-10-05` */
static bool read_date(Str word, Date *date)
{
    size_t at = 0;
    if (!read_number(word, &at, &date->part[0]) || at >= word.len) {
        return false;
    }
    date->year_first = at == 4;
    date->separator = word.at[at];
    if (date->separator != '/' && date->separator != '.' && date->separator != '-') {
        return false;
    }
    for (int i = 1; i < 3; i++) {
        if (at >= word.len || word.at[at++] != date->separator || !read_number(word, &at, &date->part[i])) {
            return false;
        }
    }
    return at == word.len || (at + 1 == word.len && word.at[at] == '.');
}

/* `02:38`, `14:38:05`, with or without `AM` or `PM` behind it; *rest moves on. */
static bool read_clock(Str *rest, int *hour, int *minute, int *second)
{
    Str word, after;
    size_t at = 0;
    *second = 0;
    if (!take_word(rest, &word) || !read_number(word, &at, hour) || at >= word.len || word.at[at++] != ':' ||
        !read_number(word, &at, minute) ||
        (at < word.len && word.at[at] == ':' && (at++, !read_number(word, &at, second)))) {
        return false;
    }
    Str half = str_from(word, at), next = *rest;
    if (!half.len && take_word(&next, &after) && after.len == 2 && byte_lower(after.at[1]) == 'm') {
        half = after;
        *rest = next;
    }
    if (half.len && byte_lower(half.at[0]) == 'p' && *hour < 12) {
        *hour += 12;
    } else if (half.len && byte_lower(half.at[0]) == 'a' && *hour == 12) {
        *hour = 0;
    }
    return true;
}

static int64_t meaning(const Date *d, DateOrder order, int hour, int minute, int second)
{
    int64_t ns = TIME_NONE;
    if (d->year_first) {
        timestamp_civil(d->part[0], d->part[1], d->part[2], hour, minute, second, &ns);
        return ns;
    }
    order = d->separator == '.' ? ORDER_DAY_FIRST : order; /* nobody writes the month first with dots */
    if (order != ORDER_UNKNOWN) {
        int month = order == ORDER_MONTH_FIRST ? 0 : 1;
        timestamp_civil(d->part[2] < 100 ? d->part[2] + 2000 : d->part[2], d->part[month], d->part[1 - month], hour,
                        minute, second, &ns);
    }
    return ns;
}

/* Date and clock at the start of *rest, which moves behind them. */
static bool read_moment(Str *rest, DateOrder order, ListRow *row, Date *date)
{
    Str word, text = *rest;
    int hour, minute, second;
    if (!take_word(rest, &word) || !read_date(word, date) || !read_clock(rest, &hour, &minute, &second)) {
        return false;
    }
    row->modified = str_trim(str_slice(text, 0, text.len - rest->len));
    row->ns = meaning(date, order, hour, minute, second);
    return true;
}

/* --- rows ------------------------------------------------------------------------------------------------------- */

static bool is_size(Str word)
{
    for (size_t i = 0; i < word.len; i++) {
        if (!byte_digit(word.at[i]) && word.at[i] != ',' && word.at[i] != '.' && word.at[i] != '\'' &&
            word.at[i] < 0x80) {
            return false;
        }
    }
    return word.len > 0 && byte_digit(word.at[0]);
}

/* `10/05/2013  02:38 AM           660,128 msvcp120.dll`, `…    <DIR>          drivers` */
static bool row_dir(Str line, DateOrder order, ListRow *row, Date *date)
{
    Str word;
    *row = (ListRow){.ns = TIME_NONE};
    if (!line.len || !byte_digit(line.at[0]) || !read_moment(&line, order, row, date) || !take_word(&line, &word)) {
        return false;
    }
    row->is_folder = word.at[0] == '<';
    if (!row->is_folder && !is_size(word)) {
        return false;
    }
    row->size = row->is_folder ? (Str){0} : word;
    row->name = str_trim(line);
    return row->name.len > 0;
}

static bool is_mode(Str word)
{
    for (size_t i = 0; i < word.len; i++) {
        if (!str_has(STR("-darhslcei"), str_slice(word, i, i + 1))) {
            return false;
        }
    }
    return (word.len == 5 || word.len == 6) && (word.at[0] == '-' || word.at[0] == 'd' || word.at[0] == 'l') &&
           str_find_byte(word, '-', 0) != STR_NOT_FOUND;
}

/* `-a----         10/5/2013   2:38 AM         660128 msvcp120.dll` */
static bool row_table(Str line, DateOrder order, ListRow *row, Date *date)
{
    Str word;
    *row = (ListRow){.ns = TIME_NONE};
    if (!take_word(&line, &word) || !is_mode(word)) {
        return false;
    }
    row->is_folder = word.at[0] == 'd';
    if (!read_moment(&line, order, row, date)) {
        return false;
    }
    if (!row->is_folder) {
        if (!take_word(&line, &row->size) || !is_size(row->size)) {
            return false;
        }
    }
    row->name = str_trim(line);
    return row->name.len > 0;
}

static bool is_permissions(Str word)
{
    if (word.len < 10 || word.len > 11 || !str_has(STR("-dlbcps"), str_slice(word, 0, 1))) {
        return false;
    }
    for (size_t i = 1; i < 10; i++) {
        if (!str_has(STR("-rwxsStT?"), str_slice(word, i, i + 1))) {
            return false;
        }
    }
    return true;
}

static int month_of(Str word)
{
    static const Str names = {(const uint8_t *)"janfebmaraprmayjunjulaugsepoctnovdec", 36};
    for (size_t i = 0; word.len == 3 && i < 36; i += 3) {
        if (str_eq_nocase(word, str_slice(names, i, i + 3))) {
            return (int)(i / 3) + 1;
        }
    }
    return 0;
}

/* Behind the month: `13  2016` or `21 15:53`. */
static void ls_time(Str *rest, int month, ListRow *row)
{
    Str word;
    int day = 0, year = 0;
    size_t at = 0;
    take_word(rest, &word);
    read_number(word, &at, &day);
    take_word(rest, &word);
    at = 0;
    if (read_number(word, &at, &year) && at == 4 && at == word.len) {
        timestamp_civil(year, month, day, 0, 0, 0, &row->ns);
    }
}

bool list_row_ls(Str line, ListRow *row)
{
    Str word, rest = line, before;
    Date date;
    *row = (ListRow){.ns = TIME_NONE};
    if (!take_word(&rest, &word) || !is_permissions(word)) {
        return false;
    }
    row->is_folder = word.at[0] == 'd';
    /* Owners may have blanks in their names: the time is found by its shape. */
    for (int i = 1; before = rest, take_word(&rest, &word); i++) {
        if (i >= 4 && month_of(word)) {
            ls_time(&rest, month_of(word), row);
            row->modified = str_trim(str_slice(before, 0, before.len - rest.len));
            break;
        }
        Str moment = before;
        if (i >= 4 && byte_digit(word.at[0]) && read_moment(&moment, ORDER_UNKNOWN, row, &date)) {
            rest = moment;
            break;
        }
        row->size = word;
    }
    size_t arrow = str_find(rest, STR(" -> "), 0);
    row->name = str_trim(str_slice(rest, 0, arrow == STR_NOT_FOUND ? rest.len : arrow));
    return row->modified.len && row->name.len && is_size(row->size);
}

/* --- events ----------------------------------------------------------------------------------------------------- */

static Str backslashed(Arena *a, const Str *parts, size_t count)
{
    Str path = arena_join(a, parts, count);
    for (size_t i = 0; i < path.len; i++) {
        ((uint8_t *)path.at)[i] = path.at[i] == '/' ? '\\' : path.at[i];
    }
    return path;
}

static Str digits_only(Arena *a, Str text)
{
    uint8_t *to = ARENA_NEW(a, uint8_t, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (byte_digit(text.at[i])) {
            to[len++] = text.at[i];
        }
    }
    return (Str){to, len};
}

void list_row_add(const ListRow *row, Str folder, const Line *line, Source *src, Arena *scratch, Analysis *out)
{
    if (str_eq(row->name, STR(".")) || str_eq(row->name, STR(".."))) {
        return;
    }
    char when[TIMESTAMP_ROOM];
    size_t len = row->ns == TIME_NONE ? 0 : timestamp_format(when, row->ns, 0);
    bool slash = !folder.len || folder.at[folder.len - 1] == '\\' || folder.at[folder.len - 1] == '/';
    TextEvent t = {.ev = {.time_ns = row->ns,
                          .time_text = row->modified,
                          .trust = row->ns == TIME_NONE ? TRUST_NONE : TRUST_ASSUMED,
                          .service = SERVICE_FILE_LISTING,
                          .level = LEVEL_INFO,
                          .is_line = true,
                          .record = line->number,
                          .offset = line->offset,
                          .message = line->text}};
    text_field(&t, STR("TargetFilename"),
               backslashed(scratch, (Str[]){folder, slash ? (Str){0} : STR("\\"), row->name}, 3));
    text_field(&t, STR("Folder"), backslashed(scratch, &folder, 1));
    text_field(&t, STR("Size"), row->is_folder ? (Str){0} : digits_only(scratch, row->size));
    text_field(&t, STR("Modified"), len ? (Str){(const uint8_t *)when, len} : row->modified);
    text_add(&t, src, out);
}

/* --- headers ---------------------------------------------------------------------------------------------------- */

static bool is_drive_path(Str text)
{
    return text.len >= 3 && byte_lower(text.at[0]) >= 'a' && byte_lower(text.at[0]) <= 'z' && text.at[1] == ':' &&
           text.at[2] == '\\';
}

/* ` Directory of C:\Windows`, ` Verzeichnis von C:\Windows`, ` C:\Windows` and Japanese words behind it, ` Directory:
 * C:\Windows`: an indented line with a path, which only words in another script may follow. */
static bool header_folder(Str line, Str *folder)
{
    Str text = str_trim(line);
    if (!line.len || !is_blank(line.at[0]) || text.len > LIMIT_NAME) {
        return false;
    }
    for (size_t at = 0; at + 3 <= text.len; at++) {
        if ((at == 0 || is_blank(text.at[at - 1]) || text.at[at - 1] == ':') && is_drive_path(str_from(text, at))) {
            size_t end = at;
            while (end < text.len && !(is_blank(text.at[end]) && end + 1 < text.len && text.at[end + 1] >= 0x80)) {
                end++;
            }
            *folder = str_slice(text, at, end);
            return at < 64;
        }
    }
    return false;
}

/* `FullName      : C:\…` of Format-List. */
static bool property(Str line, Str name, Str *value)
{
    if (!str_starts_nocase(line, name)) {
        return false;
    }
    Str rest = str_trim(str_from(line, name.len));
    *value = str_trim(str_from(rest, 1));
    return rest.len > 0 && rest.at[0] == ':';
}

/* --- the whole -------------------------------------------------------------------------------------------------- */

static void item_end(Listing *l, Source *src, Arena *scratch, Analysis *out)
{
    size_t cut = str_rfind_byte(l->full_name, '\\');
    bool full = cut != STR_NOT_FOUND;
    Str name = full ? str_from(l->full_name, cut + 1) : l->name;
    if (name.len && l->written.len) {
        Date date;
        ListRow row = {.name = name, .size = l->length, .ns = TIME_NONE};
        Str rest = l->written;
        read_moment(&rest, l->order, &row, &date);
        row.modified = l->written;
        list_row_add(&row, full ? str_slice(l->full_name, 0, cut + (cut < 3)) : l->folder, &l->first, src, scratch,
                     out);
    }
    arena_reset(&l->item);
    l->full_name = l->name = l->length = l->written = (Str){0};
}

static bool item_line(Listing *l, const Line *line, Source *src, Arena *scratch, Analysis *out)
{
    Str value;
    bool full = property(line->text, STR("FullName"), &value);
    if (full || property(line->text, STR("Name"), &value)) {
        Str *name = full ? &l->full_name : &l->name;
        if (name->len) {
            item_end(l, src, scratch, out);
        }
        *name = arena_str(&l->item, str_slice(value, 0, LIMIT_NAME));
        l->first = (Line){arena_str(&l->item, str_slice(line->text, 0, LIMIT_NAME)), line->number, line->offset, false};
    } else if (property(line->text, STR("LastWriteTime"), &value)) {
        l->written = arena_str(&l->item, str_slice(value, 0, 64));
    } else if (property(line->text, STR("Length"), &value)) {
        l->length = arena_str(&l->item, str_slice(value, 0, 64));
    } else if (str_trim(line->text).len) {
        return false;
    } else if (l->written.len) {
        item_end(l, src, scratch, out);
    }
    return true;
}

static void listing_line(Listing *l, const Line *line, Source *src, Arena *scratch, Analysis *out)
{
    ListRow row;
    Date date;
    Str folder;
    arena_reset(scratch);
    if (item_line(l, line, src, scratch, out)) {
        return;
    }
    if (row_dir(line->text, l->order, &row, &date) || row_table(line->text, l->order, &row, &date) ||
        list_row_ls(line->text, &row)) {
        list_row_add(&row, l->folder, line, src, scratch, out);
    } else if (header_folder(line->text, &folder) || (str_ends(line->text, STR(":")) && line->text.at[0] == '/' &&
                                                      (folder = str_slice(line->text, 0, line->text.len - 1)).len)) {
        arena_reset(&l->keep);
        l->folder = arena_str(&l->keep, str_slice(folder, 0, LIMIT_NAME));
    }
}

static Str date_words(Str line)
{
    Str value;
    return property(line, STR("LastWriteTime"), &value) ? value : line;
}

/* A number beyond twelve tells which is the day. Both ways in one file tell nothing. */
static DateOrder order_of(Str text)
{
    bool day_first = false, month_first = false;
    for (Str line; text_next(&text, &line);) {
        ListRow row;
        Date date;
        Str moment = date_words(line);
        if ((row_dir(line, ORDER_UNKNOWN, &row, &date) || row_table(line, ORDER_UNKNOWN, &row, &date) ||
             (moment.at != line.at && read_moment(&moment, ORDER_UNKNOWN, &row, &date))) &&
            !date.year_first) {
            day_first = day_first || date.part[0] > 12;
            month_first = month_first || date.part[1] > 12;
        }
    }
    return day_first == month_first ? ORDER_UNKNOWN : day_first ? ORDER_DAY_FIRST : ORDER_MONTH_FIRST;
}

static Status listing_parse(Source *src, Arena *scratch, Analysis *out)
{
    Listing l = {.order = order_of(source_peek_text(src, 1 * MIB))};
    for (Line line; source_line(src, &line);) {
        listing_line(&l, &line, src, scratch, out);
    }
    item_end(&l, src, scratch, out);
    arena_free(&l.keep);
    arena_free(&l.item);
    return ST_OK;
}

/* A header and a row, or two rows of ls: one line alone may be anything. */
static bool is_listing(Str head)
{
    size_t headers = 0, rows = 0, full_names = 0, written = 0, unix_rows = 0;
    for (Str line; text_next(&head, &line);) {
        ListRow row;
        Date date;
        Str value;
        headers += header_folder(line, &value);
        rows += row_dir(line, ORDER_UNKNOWN, &row, &date) || row_table(line, ORDER_UNKNOWN, &row, &date);
        full_names += property(line, STR("FullName"), &value) && is_drive_path(value);
        written += property(line, STR("LastWriteTime"), &value);
        unix_rows += list_row_ls(line, &row);
    }
    return (headers && (rows || written)) || (full_names && written) || unix_rows >= 2;
}

static Bid listing_bid(Str path, Str head)
{
    (void)path;
    TextHead room;
    head = text_head(head, &room);
    return text_looking(head) && is_listing(head) ? BID_SHAPE : BID_NO;
}

const Parser parser_folder_listing = {
    .name = "folder_listing",
    .reads = "a saved folder listing: dir, Get-ChildItem, ls -l",
    .kind = "other",
    .service = SERVICE_FILE_LISTING,
    .bid = listing_bid,
    .parse = listing_parse,
};
