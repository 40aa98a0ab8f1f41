/* runner.h - what the files of the runner share (runner.c). */
#ifndef MUNIMENT_TESTS_RUNNER_H
#define MUNIMENT_TESTS_RUNNER_H

#include <stddef.h>
#include <stdint.h>

/* SHA-256 of one piece. */
void runner_sha256(const uint8_t *bytes, size_t length, uint8_t digest[32]);

#endif
