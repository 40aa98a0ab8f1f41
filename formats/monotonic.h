/* monotonic.h - how long something takes, or has yet to take: by a clock that only goes forward and that nobody sets.
 * What is a date comes from time(). */
#ifndef MUNIMENT_FORMATS_MONOTONIC_H
#define MUNIMENT_FORMATS_MONOTONIC_H

#include <stdint.h>

uint64_t monotonic_nanoseconds(void);
uint64_t monotonic_microseconds(void);
uint64_t monotonic_milliseconds(void);
uint64_t monotonic_seconds(void);

#endif
