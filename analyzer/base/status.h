/* How well something went. The worse one wins; see docs in each header for what a status means there. */
#ifndef STATUS_H
#define STATUS_H

typedef enum Status {
    ST_OK,
    ST_PARTIAL, /* something was lost, the rest is good */
    ST_FAILED,  /* this source gave nothing usable */
    ST_FATAL,   /* the run cannot go on: our own I/O, bad options, a broken signature */
} Status;

static inline Status status_worse(Status a, Status b)
{
    return a > b ? a : b;
}

#endif
