/* leaps.c - a host whose clock is set ahead by an hour at each look at it, to be preloaded (LD_PRELOAD): whatever
 * measures a duration by it finds that it is over. Clocks that nobody sets go on as they do. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

static int (*real)(clockid_t, struct timespec *);
static time_t ahead;

__attribute__((constructor)) static void find_real(void)
{
    real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    const int result = real(clock, now);

    if (clock == CLOCK_REALTIME)
        now->tv_sec += ahead += 3600;
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec then;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &then);
    *now = (struct timeval){then.tv_sec, then.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *now)
{
    struct timespec then;

    clock_gettime(CLOCK_REALTIME, &then);
    if (now)
        *now = then.tv_sec;
    return then.tv_sec;
}
