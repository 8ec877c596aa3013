/* Calls that only one operating system has, and nothing else. */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdio.h>

#include "arena.h"

/* Once, first of all: UTF-8 names, UTC as the zone of zip entry times, binary standard output. */
void platform_begin(void);
unsigned platform_cores(void);
uint64_t platform_clock_ns(void); /* never goes back; since some moment */
bool platform_is_terminal(int fd);
/* Columns of the terminal on standard output; 0 if it is none. */
unsigned platform_columns(void);

typedef enum FileKind { FILE_NONE, FILE_REGULAR, FILE_FOLDER, FILE_OTHER } FileKind;
/* Symbolic links are not followed below a folder that was given. */
FileKind platform_file(const char *path, bool follow, uint64_t *size, int64_t *mtime_ns);
/* Names in a folder, sorted bytewise, "." and ".." left out; false with errno set. */
bool platform_folder(Arena *a, const char *path, Str **names, size_t *count);

/* Up to `room` bytes of an open file from that place; 0 at its end and on trouble. Leaves the file's own position
 * alone. */
size_t platform_read_at(FILE *file, uint64_t offset, uint8_t *to, size_t room);

/* The length of a file that is open for writing; false with errno set. */
bool platform_truncate(FILE *file, uint64_t size);
/* From now on as many files may be open as the system lets this process have. */
void platform_open_more(void);

/* Asks on the terminal, without showing what is typed. False if standard input or standard error is no terminal, or if
 * nothing was answered; else `to` holds a line without its end. */
bool platform_ask(const char *prompt, char *to, size_t room);

/* One lock for the whole process: for what is asked or found out once, by whoever needs it first. */
void platform_lock(void);
void platform_unlock(void);

typedef struct Confinement { /* what the process gave up; false: this system cannot, or not in this build */
    bool calls;              /* system calls are refused: no network, no new files, no other programs (seccomp) */
    bool files;              /* nothing may be written or run (Landlock) */
} Confinement;
/* For good, and for all threads begun afterwards. What is open stays open. Once per process, before untrusted bytes are
 * read. */
Confinement platform_confine(void);

/* Runs work in a process of its own, which is confined and whose `out` is read into `said`. Its result (0 to
 * 254), or -1 if it did not come to its end. Before any thread is begun. */
int platform_apart(int (*work)(void *with, FILE *out), void *with, Arena *a, Str *said);

/* Makes a folder and those above it; false with errno set. One that is there already will do. */
bool platform_folder_make(Arena *a, Str path);

/* Only one thread at a time is between these two. */
void platform_alone_begin(void);
void platform_alone_end(void);

/* Runs work(0) … work(count - 1) on threads of their own and waits for all. */
void platform_parallel(unsigned count, void (*work)(unsigned index, void *with), void *with);

#endif
