/* monotonic.c - see monotonic.h. */
#include "formats/monotonic.h"

#include <time.h>

uint64_t monotonic_nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t monotonic_microseconds(void)
{
    return monotonic_nanoseconds() / 1000;
}

uint64_t monotonic_milliseconds(void)
{
    return monotonic_nanoseconds() / 1000000;
}

uint64_t monotonic_seconds(void)
{
    return monotonic_nanoseconds() / 1000000000;
}
