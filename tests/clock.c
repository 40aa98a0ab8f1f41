/* clock.c - a host whose clock stands at CLOCK, in seconds since 1970, to be preloaded (LD_PRELOAD): what is made or
 * judged on another day. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static time_t today(void)
{
    const char *text = getenv("CLOCK");

    return text ? (time_t)strtoll(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int (*real)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT,
                                                                                             "clock_gettime");

    if (clock != CLOCK_REALTIME)
        return real(clock, now);
    *now = (struct timespec){.tv_sec = today()};
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    (void)zone;
    *now = (struct timeval){.tv_sec = today()};
    return 0;
}

time_t time(time_t *now)
{
    if (now)
        *now = today();
    return today();
}
