/* Paragraphs for a terminal: text is gathered, then wrapped by display columns. Private to the reports. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "base/sink.h"

typedef enum Style { PLAIN, BOLD, DIM, RED, GREEN, YELLOW, CYAN, BAD, GOOD } Style;

typedef struct Page {
    Sink *out;
    Sink gathered; /* the paragraph so far, in the form of the output */
    unsigned columns;
    bool colour;
} Page;

void page_open(Page *p, Sink *out, unsigned columns, bool colour);
void page_close(Page *p);

void page_style(Page *p, Style style);    /* until the next one; a paragraph begins plain */
void page_put(Page *p, const char *text); /* our own words */
void page_say(Page *p, Str untrusted);    /* somebody else's words, made harmless; very long ones are cut */
void page_number(Page *p, uint64_t n);    /* how many: 12,345 */
void page_id(Page *p, uint64_t n);        /* which one: 12345 */
void page_pad(Page *p, unsigned column);  /* blanks up to that column of the paragraph */
unsigned page_width(const Page *p);       /* columns gathered so far */

typedef struct Frame {
    unsigned first, rest; /* indent of the first line, and of those that follow */
    const char *mark;     /* before the text of every line; NULL: nothing */
    unsigned most;        /* lines; 0: no bound */
} Frame;
/* Writes the paragraph and forgets it; nothing when it is empty. Returns the lines written. */
unsigned page_flow(Page *p, Frame frame);
/* On one line, never wrapped: what somebody copies. */
void page_line(Page *p, unsigned indent);
void page_gap(Page *p); /* an empty line */

#endif
