/* backwards.c - a host's clock that goes back an hour with each look at it, to be preloaded (LD_PRELOAD): no clock of
 * the host reaches the machine. */
#include <time.h>

static time_t hours;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    (void)clock;
    *now = (struct timespec){.tv_sec = 1000000000 - 3600 * hours++};
    return 0;
}

time_t time(time_t *now)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    if (now)
        *now = t.tv_sec;
    return t.tv_sec;
}
