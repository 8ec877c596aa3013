#define _GNU_SOURCE
#include "platform.h"

#include <dirent.h>
#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "timestamp.h"

void platform_begin(void)
{
    if (!setlocale(LC_CTYPE, "C.UTF-8") && !setlocale(LC_CTYPE, "en_US.UTF-8")) {
        setlocale(LC_CTYPE, "UTF-8");
    }
    /* Zip entry times carry no zone, and libarchive reads them in ours: without this the same bundle would give other
     * times in another country. */
    setenv("TZ", "UTC", 1);
    tzset();
}

unsigned platform_cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (unsigned)n : 1;
}

uint64_t platform_clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_SECOND + (uint64_t)t.tv_nsec;
}

bool platform_is_terminal(int fd)
{
    return isatty(fd) == 1;
}

unsigned platform_columns(void)
{
    struct winsize size;
    return isatty(1) && ioctl(1, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

FileKind platform_file(const char *path, bool follow, uint64_t *size, int64_t *mtime_ns)
{
    struct stat st;
    if ((follow ? stat(path, &st) : lstat(path, &st)) != 0) {
        return FILE_NONE;
    }
    if (size) {
        *size = st.st_size > 0 ? (uint64_t)st.st_size : 0;
    }
    if (mtime_ns) {
        *mtime_ns = (int64_t)st.st_mtime * NS_SECOND;
    }
    return S_ISREG(st.st_mode) ? FILE_REGULAR : S_ISDIR(st.st_mode) ? FILE_FOLDER : FILE_OTHER;
}

size_t platform_read_at(FILE *file, uint64_t offset, uint8_t *to, size_t room)
{
    size_t len = 0;
    while (len < room && offset + len <= INT64_MAX) {
        ssize_t n = pread(fileno(file), to + len, room - len, (off_t)(offset + len));
        if (n <= 0 && !(n < 0 && errno == EINTR)) {
            break;
        }
        len += n > 0 ? (size_t)n : 0;
    }
    return len;
}

static struct termios shown; /* the terminal as it was */

/* Whoever breaks off at the prompt gets his terminal back. */
static void on_break(int number)
{
    tcsetattr(0, TCSANOW, &shown);
    signal(number, SIG_DFL);
    raise(number);
}

bool platform_ask(const char *prompt, char *to, size_t room)
{
    static const int breaks[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    void (*before[sizeof breaks / sizeof *breaks])(int);
    if (!isatty(0) || !isatty(2) || tcgetattr(0, &shown) != 0) {
        return false;
    }
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    hidden.c_lflag |= ECHONL;
    for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
        before[i] = signal(breaks[i], on_break);
    }
    /* What was typed before the prompt is dropped, and nothing of what is typed behind it. */
    bool answered = tcsetattr(0, TCSAFLUSH, &hidden) == 0 && fputs(prompt, stderr) >= 0 && fgets(to, (int)room, stdin);
    tcsetattr(0, TCSAFLUSH, &shown);
    for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
        signal(breaks[i], before[i]);
    }
    to[answered ? strcspn(to, "\r\n") : 0] = 0;
    return to[0] != 0;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void platform_lock(void)
{
    pthread_mutex_lock(&lock);
}

void platform_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

static int by_name(const void *a, const void *b)
{
    return str_order(*(const Str *)a, *(const Str *)b);
}

bool platform_folder(Arena *a, const char *path, Str **names, size_t *count)
{
    VEC(Str) found = {0};
    DIR *dir = opendir(path);
    if (!dir) {
        return false;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        Str name = str_of(entry->d_name);
        if (!str_eq(name, STR(".")) && !str_eq(name, STR(".."))) {
            *VEC_ADD(a, &found) = arena_str(a, name);
        }
    }
    closedir(dir);
    if (found.count) {
        qsort(found.at, found.count, sizeof *found.at, by_name);
    }
    *names = found.at;
    *count = found.count;
    return true;
}

bool platform_truncate(FILE *file, uint64_t size)
{
    return ftruncate(fileno(file), (off_t)size) == 0;
}

void platform_open_more(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static pthread_mutex_t alone = PTHREAD_MUTEX_INITIALIZER;

void platform_alone_begin(void)
{
    pthread_mutex_lock(&alone);
}

void platform_alone_end(void)
{
    pthread_mutex_unlock(&alone);
}

typedef struct Worker {
    void (*work)(unsigned index, void *with);
    void *with;
    unsigned index;
    pthread_t thread;
    bool started;
} Worker;

static void *worker_main(void *arg)
{
    Worker *w = arg;
    w->work(w->index, w->with);
    return NULL;
}

void platform_parallel(unsigned count, void (*work)(unsigned index, void *with), void *with)
{
    Arena a = {0};
    Worker *workers = ARENA_NEW(&a, Worker, count);
    for (unsigned i = 1; i < count; i++) {
        workers[i] = (Worker){.work = work, .with = with, .index = i};
        workers[i].started = pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]) == 0;
    }
    work(0, with);
    for (unsigned i = 1; i < count; i++) {
        if (workers[i].started) {
            pthread_join(workers[i].thread, NULL);
        } else {
            work(i, with);
        }
    }
    arena_free(&a);
}

static Str read_all(FILE *in, Arena *a)
{
    VEC(Str) parts = {0};
    uint8_t bytes[4096];
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, in)) > 0;) {
        *VEC_ADD(a, &parts) = arena_str(a, (Str){bytes, n});
    }
    return arena_join(a, parts.at, parts.count);
}

/* The child: what it was told to do, and nothing else. */
static void apart_child(int (*work)(void *with, FILE *out), void *with, int to)
{
    FILE *out = fdopen(to, "wb");
    int status = -1;
    if (out) {
        platform_confine();
        status = work(with, out);
        status = fclose(out) == 0 ? status : -1;
    }
    fflush(stderr);
    _exit(status & 0xFF);
}

int platform_apart(int (*work)(void *with, FILE *out), void *with, Arena *a, Str *said)
{
    int ends[2], status = -1;
    fflush(NULL);
    if (pipe(ends) != 0) {
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        apart_child(work, with, ends[1]);
    }
    close(ends[1]);
    FILE *in = fdopen(ends[0], "rb");
    *said = in ? read_all(in, a) : (Str){0};
    if (in) {
        fclose(in);
    }
    bool ended = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) != 0xFF;
    return ended ? WEXITSTATUS(status) : -1;
}

bool platform_folder_make(Arena *a, Str path)
{
    for (size_t cut = 1; cut <= path.len; cut++) {
        if (cut == path.len || path.at[cut] == '/') {
            Str part = arena_join(a, (Str[]){str_slice(path, 0, cut), STR("\0")}, 2);
            if (mkdir((const char *)part.at, 0777) != 0 && errno != EEXIST) {
                return false;
            }
        }
    }
    return true;
}
