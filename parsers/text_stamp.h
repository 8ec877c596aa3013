/* What the readers of text logs have in common: stamps, levels, codes and handler names as Azure agents write them. */
#ifndef TEXT_STAMP_H
#define TEXT_STAMP_H

#include "parser.h"

typedef struct TextStamp {
    Timestamp time;
    Str text;   /* as the source wrote it, without brackets */
    size_t end; /* of the line: behind the stamp and the blanks that follow */
} TextStamp;

/* At the start of a line: `[00000011] [12/11/2018 06:27:55.66] `, `[00000004] 2024-04-17T07:19:26.812Z `, either of
 * them without the thread. A `***REDACTED***` that was glued before it is passed over. */
bool text_stamp(Str line, TextStamp *stamp);
/* The line without `***REDACTED***` before it: the secret scanner takes the line end away with the secret. */
Str text_unglued(Str line);
/* Length of `[00000011] ` at the start of a line, 0 if there is none. */
size_t text_thread(Str line);
/* `[ERROR]`, `[Information]:` and their kin at the start of a text: taken off with the blanks behind it. */
bool text_level(Str *text, Level *level);

/* The first bytes of a member as text, for bids: UTF-16 decoded into *room, a BOM taken off. */
typedef struct TextHead {
    uint8_t room[LIMIT_HEAD / 2 * 3 + 8];
} TextHead;
Str text_head(Str head, TextHead *room);
/* True if it is text rather than bytes of a program or database; not for an empty one. */
bool text_looking(Str head);
/* The next line of a text, without its line end; false once *rest is used up. */
bool text_next(Str *rest, Str *line);
/* `/output/<id>/device_0/WindowsAzure/x.log`, as a disk inspection names files to its secret scanner, as the zip names
 * it; empty if it is no such path. */
Str text_scanned_member(Str path);
/* The last part of a member's path. */
Str text_name(Str path);

/* The first failure code of a text as `0x` and eight lower-case digits, written to `room`; empty if there is none.
 * `decimals`: signed ones (`-2147024891`) count, too. */
Str text_hresult(Str text, bool decimals, char room[static 11]);
/* The number in `Exit code: 1`, `ExitCode=0x80070643`, `exited with 1603` at or behind *from, which moves on; else
 * empty. Nought is `0`. */
Str text_exit_code(Str text, size_t *from);
/* Handler and version of `(name: X, version: V)`, `plugin X version V`, `handler X_V`; empty where not told. */
void text_handler(Str text, Str *handler, Str *version);
/* The same of a path `…\Plugins\<handler>\<version>\…`, with either kind of slash. */
void text_plugin_path(Str text, Str *handler, Str *version);
/* The same of a member's path; what is left of it may begin with the handler. */
void text_member_handler(Str path, Str *handler, Str *version);
/* True for `1.0.70.0`: digits and dots, a digit first. */
bool text_is_version(Str s);
/* The word of digits and dots behind `version`. */
Str text_version(Str text);

/* An event with room for its fields. */
#define TEXT_FIELDS 12
typedef struct TextEvent {
    Event ev;
    Field fields[TEXT_FIELDS];
    char hresult[11];
} TextEvent;
/* Leaves out a field without a value. */
void text_field(TextEvent *t, Str name, Str value);
/* HResult, and ExitCode unless there is one. */
void text_codes(TextEvent *t, Str text);
void text_add(TextEvent *t, Source *src, Analysis *out);
/* The record's text with plain line feeds; memory of the arena only where line ends had to go. */
Str text_message(Arena *scratch, const TextRecord *record);
/* Time and trust of a record: its stamp, else those of the record before it. */
void text_time(TextEvent *t, const TextStamp *stamp, const Event *before);
/* ST_PARTIAL, and said so, if the record was longer than is read. */
Status text_cut(const TextRecord *record, Source *src, Analysis *out);
/* ST_PARTIAL, and said so, if the file ends inside a line. */
Status text_end(Source *src, Analysis *out);

#endif
