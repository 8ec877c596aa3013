/* fork, waitpid, socket */
#define _GNU_SOURCE
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/platform.h"

/* In a process of its own, for what it gives up it never gets back. 0: as expected; 77: not confined here; else the
 * line that was wrong. */
static int in_confinement(int (*body)(Confinement c))
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(body(platform_confine()));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect_refused(int (*body)(Confinement c))
{
    int line = in_confinement(body);
    if (line == 77) {
        skip();
    }
    assert_int_equal(line, 0);
}

#define REFUSED(call)                                                                                                  \
    if ((call) >= 0) {                                                                                                 \
        return __LINE__;                                                                                               \
    }

static int network(Confinement c)
{
    if (!c.calls) {
        return 77;
    }
    REFUSED(socket(AF_INET, SOCK_STREAM, 0));
    REFUSED(socket(AF_UNIX, SOCK_DGRAM, 0));
    return 0;
}

static int writing(Confinement c)
{
    if (!c.calls && !c.files) {
        return 77;
    }
    REFUSED(open("confine-test", O_WRONLY | O_CREAT, 0600));
    REFUSED(open("confine-test", O_RDWR | O_CREAT, 0600));
    REFUSED(open(".", O_TMPFILE | O_RDWR, 0600));
    REFUSED(open("/dev/null", O_WRONLY));
    REFUSED(mkdir("confine-test", 0700));
    return 0;
}

static int programs(Confinement c)
{
    if (!c.calls && !c.files) {
        return 77;
    }
    REFUSED(execl("/bin/true", "true", (char *)NULL));
    if (c.calls) {
        pid_t child = fork();
        if (child == 0) {
            _exit(0);
        }
        REFUSED(child);
    }
    return 0;
}

static void count(unsigned index, void *with)
{
    ((int *)with)[index]++;
}

static int reading(Confinement c)
{
    char bytes[16];
    int ran[3] = {0};
    (void)c;
    int fd = open("/proc/self/status", O_RDONLY);
    int other = fd < 0 ? open("/dev/null", O_RDONLY) : fd;
    if (other < 0 || read(other, bytes, sizeof bytes) < 0) {
        return __LINE__;
    }
    platform_parallel(3, count, ran);
    return ran[0] == 1 && ran[1] == 1 && ran[2] == 1 ? 0 : __LINE__;
}

TEST(confined_process_has_no_network)
{
    expect_refused(network);
}

TEST(confined_process_cannot_write_files)
{
    expect_refused(writing);
}

TEST(confined_process_cannot_run_programs)
{
    expect_refused(programs);
}

TEST(confined_process_still_reads_and_starts_threads)
{
    expect_refused(reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(confined_process_has_no_network),
        cmocka_unit_test(confined_process_cannot_write_files),
        cmocka_unit_test(confined_process_cannot_run_programs),
        cmocka_unit_test(confined_process_still_reads_and_starts_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
