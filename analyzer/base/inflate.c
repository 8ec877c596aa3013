/* A block's codes become two tables: the first LITERAL_BITS or DISTANCE_BITS of what comes next say what it is, or
 * which further table says so. Up to three literals are taken before the bits are refilled; the window has room for the
 * longest match behind the place where it counts as full, so that only one bound is checked for all that a turn of the
 * loop writes. */
#include "inflate.h"

#include <stdio.h>
#include <stdlib.h>

#define HISTORY   ((size_t)64 << 10) /* how far a match reaches back: Deflate64; plain Deflate half of it */
#define CHUNK     ((size_t)128 << 10)
#define MATCH_MAX ((size_t)65538) /* Deflate64 */
#define SLACK     (MATCH_MAX + 16)
/* What one turn of the loop reads ahead at most: three times eight bytes. */
#define TURN_BYTES 24

#define CODE_MAX      15
#define LITERALS      288
#define DISTANCES     32
#define LENGTHS       19 /* of codes */
#define LITERAL_BITS  11
#define DISTANCE_BITS 8
#define LENGTH_BITS   7
/* A complete code has at least two symbols behind each place that leads to a further table. */
#define TABLE_ROOM(symbols, bits) (((size_t)1 << (bits)) + (symbols) / 2 * ((size_t)1 << (CODE_MAX - (bits))))

/* What a place of a table says: bits 0 to 5 how many bits are taken (the code and what it adds), 8 to 11 of which the
 * code itself, 16 to 31 a value: the literal, what the added bits are added to, or where the further table begins. */
#define IS_LITERAL   0x80u
#define IS_TABLE     0x40u
#define IS_END       0x4000u
#define IS_NONE      0x8000u
#define TAKES(entry) ((entry)&63u)
#define CODE(entry)  ((entry) >> 8 & 15u)
#define VALUE(entry) ((entry) >> 16)

typedef struct Bits { /* what is read next: the low `count` bits of `ahead`, then the bytes at `in` */
    const uint8_t *in, *end;
    uint64_t ahead;
    unsigned count;
} Bits;

typedef enum State { AT_BLOCK, IN_STORED, IN_CODES, AT_END } State;

struct Inflate {
    InflateFeed *feed;
    void *with;
    const char *error;
    Bits bits;
    uint64_t fed;
    unsigned borrowed; /* zero bytes behind the end of the input that were put into the bits */
    State state;
    bool wide, last, fixed; /* fixed: the tables are those of the fixed codes */
    size_t stored;          /* bytes left of a stored block */
    size_t given, filled;   /* of the window */
    uint32_t literals[TABLE_ROOM(LITERALS, LITERAL_BITS)];
    uint32_t distances[TABLE_ROOM(DISTANCES, DISTANCE_BITS)];
    uint8_t window[HISTORY + CHUNK + SLACK];
};

static const char cut[] = "the packed bytes end too early", broken[] = "the packed bytes are damaged";

Inflate *inflate_open(void)
{
    Inflate *s = malloc(sizeof *s);
    if (!s) {
        fputs("vmsift: out of memory\n", stderr);
        exit(1);
    }
    return s;
}

void inflate_close(Inflate *s)
{
    free(s);
}

void inflate_begin(Inflate *s, bool wide, InflateFeed *feed, void *with)
{
    s->feed = feed;
    s->with = with;
    s->error = NULL;
    s->bits = (Bits){.in = s->window, .end = s->window};
    s->fed = s->borrowed = 0;
    s->state = AT_BLOCK;
    s->wide = wide;
    s->last = s->fixed = false;
    s->stored = s->given = s->filled = 0;
}

const char *inflate_error(const Inflate *s)
{
    return s->error;
}

uint64_t inflate_used(const Inflate *s)
{
    return s->fed - (uint64_t)(s->bits.end - s->bits.in) - (s->bits.count / 8 - s->borrowed);
}

/* --- bits ------------------------------------------------------------------------------------------------------- */

static inline uint64_t load_u64(const uint8_t *at)
{
    return at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 | (uint64_t)at[4] << 32 |
           (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56;
}

static bool next_piece(Inflate *s, Bits *b)
{
    if (b->in == b->end && !s->borrowed) {
        Str piece = s->feed(s->with);
        b->in = piece.len ? piece.at : b->in;
        b->end = b->in + piece.len;
        s->fed += piece.len;
    }
    return b->in < b->end;
}

/* Byte by byte across the end of a piece; behind the end of all, zeros are borrowed, and whoever takes one is cut. */
static Bits refill(Inflate *s, Bits b)
{
    while (b.count < 56) {
        if (next_piece(s, &b)) {
            b.ahead |= (uint64_t)*b.in++ << b.count;
        } else {
            s->borrowed++;
        }
        b.count += 8;
    }
    return b;
}

/* The same where eight bytes are there. Above `count`, bits of the bytes at `in` are left: the next refill puts the
 * same bits there again. */
static inline Bits refill_at_once(Bits b)
{
    b.ahead |= load_u64(b.in) << b.count;
    b.in += (63 - b.count) >> 3;
    b.count |= 56;
    return b;
}

static inline Bits drop(Bits b, unsigned count)
{
    b.ahead >>= count;
    b.count -= count;
    return b;
}

/* True if more was taken than there was. */
static inline bool is_cut(const Inflate *s, Bits b)
{
    return s->borrowed && b.count < 8 * s->borrowed;
}

static uint32_t take(Inflate *s, unsigned count)
{
    s->bits = refill(s, s->bits);
    uint32_t value = (uint32_t)(s->bits.ahead & (((uint64_t)1 << count) - 1));
    s->bits = drop(s->bits, count);
    return value;
}

/* --- tables ----------------------------------------------------------------------------------------------------- */

static uint32_t added(unsigned base, unsigned bits)
{
    return (uint32_t)base << 16 | bits;
}

static uint32_t literal_entry(unsigned symbol, bool wide)
{
    if (symbol < 256) {
        return (uint32_t)symbol << 16 | IS_LITERAL;
    }
    if (symbol == 256) {
        return IS_END;
    }
    if (symbol >= 285) {
        return symbol > 285 ? IS_NONE : wide ? added(3, 16) : added(258, 0);
    }
    unsigned n = symbol - 257, bits = n < 8 ? 0 : n / 4 - 1;
    return added(3 + (n < 8 ? n : (4 + n % 4) << bits), bits);
}

static uint32_t distance_entry(unsigned symbol, bool wide)
{
    unsigned bits = symbol < 4 ? 0 : symbol / 2 - 1;
    return symbol >= 30 && !wide ? IS_NONE : added(1 + (symbol < 4 ? symbol : (2 + symbol % 2) << bits), bits);
}

static uint32_t length_entry(unsigned symbol, bool wide)
{
    (void)wide;
    return added(symbol, 0);
}

/* Codes are numbered from the first bit on, and read from the lowest. */
static unsigned reversed(unsigned code, unsigned len)
{
    unsigned r = 0;
    for (unsigned i = 0; i < len; i++) {
        r |= (code >> i & 1) << (len - 1 - i);
    }
    return r;
}

/* True if the lengths make a whole code, or one of a single symbol or none, which leaves places empty. */
static bool lengths_fit(const unsigned *count, bool *whole)
{
    int left = 1;
    unsigned codes = 0;
    for (unsigned len = 1; len <= CODE_MAX; len++) {
        left = left * 2 - (int)count[len];
        codes += count[len];
        if (left < 0) {
            return false;
        }
    }
    *whole = left == 0;
    return *whole || codes == 0 || (codes == 1 && count[1] == 1);
}

typedef struct Table { /* being built */
    uint32_t *at;
    unsigned bits;    /* of the first table */
    unsigned further; /* of those behind it: what the longest code has more */
    unsigned free_at; /* where the next of them begins */
} Table;

/* Every place whose low bits are the code says the same. */
static void place(Table *t, unsigned code, unsigned len, uint32_t entry)
{
    uint32_t *to = t->at;
    unsigned bits = t->bits, used = len, from = code;
    if (len > bits) {
        uint32_t *first = &t->at[code & ((1u << bits) - 1)];
        if (*first == IS_NONE) {
            *first = t->free_at << 16 | IS_TABLE | t->further << 8;
            t->free_at += 1u << t->further;
        }
        to = t->at + VALUE(*first);
        from = code >> bits;
        used = len - bits;
        bits = t->further;
    }
    for (; from < 1u << bits; from += 1u << used) {
        to[from] = entry;
    }
}

typedef uint32_t EntryOf(unsigned symbol, bool wide);

static bool build(uint32_t *table, unsigned bits, const uint8_t *lens, unsigned symbols, EntryOf *entry_of, bool wide)
{
    unsigned count[CODE_MAX + 1] = {0}, next[CODE_MAX + 1] = {0}, longest = 1;
    bool whole = false;
    for (unsigned i = 0; i < symbols; i++) {
        count[lens[i]] += lens[i] > 0;
        longest = lens[i] > longest ? lens[i] : longest;
    }
    if (!lengths_fit(count, &whole)) {
        return false;
    }
    for (unsigned len = 1; len < CODE_MAX; len++) {
        next[len + 1] = (next[len] + count[len]) << 1;
    }
    Table t = {table, bits, longest > bits ? longest - bits : 0, 1u << bits};
    for (unsigned i = 0; i < 1u << bits && (!whole || t.further); i++) {
        table[i] = IS_NONE;
    }
    for (unsigned i = 0; i < symbols; i++) {
        unsigned len = lens[i];
        if (len) {
            place(&t, reversed(next[len]++, len), len, (entry_of(i, wide) + len) | len << 8);
        }
    }
    return true;
}

static bool fixed_tables(Inflate *s)
{
    uint8_t lens[LITERALS + DISTANCES];
    if (!s->fixed) {
        for (unsigned i = 0; i < LITERALS + DISTANCES; i++) {
            lens[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : i < LITERALS ? 8 : 5;
        }
        build(s->literals, LITERAL_BITS, lens, LITERALS, literal_entry, s->wide);
        build(s->distances, DISTANCE_BITS, lens + LITERALS, DISTANCES, distance_entry, s->wide);
    }
    s->fixed = true;
    return true;
}

/* The lengths of both codes in one row, themselves packed: 16 repeats the last one, 17 and 18 are rows of zeros. */
static bool read_lengths(Inflate *s, const uint32_t *table, uint8_t *lens, unsigned count)
{
    for (unsigned i = 0; i < count;) {
        s->bits = refill(s, s->bits);
        uint32_t entry = table[s->bits.ahead & ((1u << LENGTH_BITS) - 1)];
        if (entry == IS_NONE) {
            return false;
        }
        s->bits = drop(s->bits, TAKES(entry));
        unsigned symbol = VALUE(entry);
        if (symbol < 16) {
            lens[i++] = (uint8_t)symbol;
            continue;
        }
        unsigned times = symbol == 16 ? 3 + take(s, 2) : symbol == 17 ? 3 + take(s, 3) : 11 + take(s, 7);
        if (times > count - i || (symbol == 16 && i == 0)) {
            return false;
        }
        memset(lens + i, symbol == 16 ? lens[i - 1] : 0, times);
        i += times;
    }
    return true;
}

static bool dynamic_tables(Inflate *s)
{
    static const uint8_t order[LENGTHS] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    uint8_t lens[LITERALS + DISTANCES] = {0}, of_lengths[LENGTHS] = {0};
    uint32_t table[TABLE_ROOM(0, LENGTH_BITS)];
    unsigned literals = 257 + take(s, 5), distances = 1 + take(s, 5), count = 4 + take(s, 4);
    for (unsigned i = 0; i < count; i++) {
        of_lengths[order[i]] = (uint8_t)take(s, 3);
    }
    s->fixed = false;
    return literals <= 286 && (s->wide || distances <= 30) &&
           build(table, LENGTH_BITS, of_lengths, LENGTHS, length_entry, false) &&
           read_lengths(s, table, lens, literals + distances) && lens[256] &&
           build(s->literals, LITERAL_BITS, lens, literals, literal_entry, s->wide) &&
           build(s->distances, DISTANCE_BITS, lens + literals, distances, distance_entry, s->wide);
}

/* --- blocks ----------------------------------------------------------------------------------------------------- */

static bool stored_begin(Inflate *s)
{
    s->bits = drop(s->bits, s->bits.count & 7);
    uint32_t len = take(s, 16), check = take(s, 16);
    s->stored = len;
    return (len ^ check) == 0xFFFF;
}

static void block_begin(Inflate *s)
{
    s->last = take(s, 1);
    uint32_t kind = take(s, 2);
    bool good = kind == 0 ? stored_begin(s) : kind == 1 ? fixed_tables(s) : kind == 2 && dynamic_tables(s);
    s->state = kind == 0 ? IN_STORED : IN_CODES;
    s->error = is_cut(s, s->bits) ? cut : good ? NULL : broken;
}

static void block_end(Inflate *s)
{
    s->state = s->last ? AT_END : AT_BLOCK;
}

/* Bytes that were read ahead come first. */
static void copy_stored(Inflate *s)
{
    Bits *b = &s->bits;
    while (s->stored && s->filled < HISTORY + CHUNK) {
        if (b->count >= 8) {
            s->window[s->filled++] = (uint8_t)b->ahead;
            *b = drop(*b, 8);
            s->stored--;
            if (is_cut(s, *b)) {
                s->filled--;
                s->error = cut;
                return;
            }
            continue;
        }
        b->ahead = 0;
        if (!next_piece(s, b)) {
            s->error = cut;
            return;
        }
        size_t room = HISTORY + CHUNK - s->filled, there = (size_t)(b->end - b->in);
        size_t n = s->stored < room ? s->stored : room;
        n = n < there ? n : there;
        memcpy(s->window + s->filled, b->in, n);
        b->in += n;
        s->filled += n;
        s->stored -= n;
    }
    if (!s->stored) {
        block_end(s);
    }
}

/* Writes up to seven bytes too many. */
static inline uint8_t *copy_match(uint8_t *out, size_t distance, size_t len)
{
    const uint8_t *from = out - distance;
    uint8_t *end = out + len;
    if (distance >= 8) {
        do {
            memcpy(out, from, 8);
            out += 8;
            from += 8;
        } while (out < end);
    } else if (distance == 1) {
        memset(out, *from, len);
    } else {
        while (out < end) {
            *out++ = *from++;
        }
    }
    return end;
}

static inline uint32_t added_bits(Bits b, uint32_t entry)
{
    return (uint32_t)((b.ahead & (((uint64_t)1 << TAKES(entry)) - 1)) >> CODE(entry));
}

/* The entry for what comes next; it may lead through a further table. */
static inline uint32_t entry_at(const uint32_t *table, unsigned bits, Bits b)
{
    uint32_t entry = table[b.ahead & ((1u << bits) - 1)];
    return entry & IS_TABLE ? table[VALUE(entry) + (b.ahead >> bits & ((1u << CODE(entry)) - 1))] : entry;
}

/* Until the window is full, the block ends, or the bytes make no sense. `inside`: only as long as a piece has bytes for
 * all that one turn takes; the other way goes on across its end. */
static inline void decode(Inflate *s, const bool wide, const bool inside)
{
    Bits b = s->bits;
    uint8_t *out = s->window + s->filled, *turn = out, *const full = s->window + HISTORY + CHUNK;
    while (out < full && (inside ? b.end - b.in >= TURN_BYTES : b.end - b.in < TURN_BYTES)) {
        b = inside ? refill_at_once(b) : refill(s, b);
        if (!inside && is_cut(s, b)) {
            break;
        }
        turn = out;
        uint32_t entry = entry_at(s->literals, LITERAL_BITS, b);
        if (entry & IS_LITERAL) {
            b = drop(b, TAKES(entry));
            *out++ = (uint8_t)VALUE(entry);
            entry = entry_at(s->literals, LITERAL_BITS, b);
            if (entry & IS_LITERAL) {
                b = drop(b, TAKES(entry));
                *out++ = (uint8_t)VALUE(entry);
                continue;
            }
            b = inside ? refill_at_once(b) : refill(s, b);
        }
        if (entry & (IS_END | IS_NONE)) {
            b = drop(b, TAKES(entry));
            s->error = entry & IS_NONE ? broken : NULL;
            block_end(s);
            break;
        }
        size_t len = VALUE(entry) + added_bits(b, entry);
        b = drop(b, TAKES(entry));
        if (wide) {
            b = inside ? refill_at_once(b) : refill(s, b);
        }
        entry = entry_at(s->distances, DISTANCE_BITS, b);
        size_t distance = VALUE(entry) + added_bits(b, entry);
        b = drop(b, TAKES(entry));
        if (entry & IS_NONE || distance > (size_t)(out - s->window)) {
            s->error = broken;
            break;
        }
        out = copy_match(out, distance, len);
    }
    if (!inside && is_cut(s, b)) {
        s->error = cut;
        out = turn;
    }
    s->bits = b;
    s->filled = (size_t)(out - s->window);
}

static void decode_codes(Inflate *s)
{
    if (s->bits.end - s->bits.in < TURN_BYTES) {
        s->wide ? decode(s, true, false) : decode(s, false, false);
    } else {
        s->wide ? decode(s, true, true) : decode(s, false, true);
    }
}

/* What was given goes, but for as much as a match may reach back to. */
static void slide(Inflate *s)
{
    size_t history = s->wide ? HISTORY : HISTORY / 2;
    if (s->filled >= HISTORY + CHUNK) {
        memmove(s->window, s->window + s->filled - history, history);
        s->filled = s->given = history;
    }
}

static void fill(Inflate *s)
{
    slide(s);
    while (s->state != AT_END && !s->error && s->filled < HISTORY + CHUNK) {
        if (s->state == AT_BLOCK) {
            block_begin(s);
        } else if (s->state == IN_STORED) {
            copy_stored(s);
        } else {
            decode_codes(s);
        }
    }
}

size_t inflate_read(Inflate *s, uint8_t *to, size_t room)
{
    if (s->given == s->filled) {
        fill(s);
    }
    size_t n = s->filled - s->given < room ? s->filled - s->given : room;
    if (n) {
        memcpy(to, s->window + s->given, n);
        s->given += n;
    }
    return n;
}
