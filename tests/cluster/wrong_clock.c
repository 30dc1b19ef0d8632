/* Moves the machine's clock for one process by the seconds that a file holds, which may change at any time. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

typedef int (*reading)(clockid_t, struct timespec *);

static const volatile int64_t *offset(void) {
    static const volatile int64_t *known;
    const char *path = getenv("WRONG_CLOCK");
    if (known == NULL && path != NULL) {
        int file = open(path, O_RDONLY | O_CLOEXEC);
        void *found = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *known, PROT_READ, MAP_SHARED, file, 0);
        if (found != MAP_FAILED) known = found;
    }
    return known;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    static reading real;
    if (real == NULL) real = (reading)dlsym(RTLD_NEXT, "clock_gettime");
    int outcome = real(clock, time);
    const volatile int64_t *seconds = offset();
    if (outcome == 0 && clock == CLOCK_REALTIME && seconds != NULL) time->tv_sec += *seconds;
    return outcome;
}
