/* command.h - runs a command of the host that gets bytes and prints bytes: one that signs, or asks for a time stamp. */
#ifndef MUNIMENT_COMMAND_H
#define MUNIMENT_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "formats/error.h"

/* Runs `command` by /bin/sh with `input` as standard input, and reads what it prints, at most `limit` bytes; *length is
 * how much it was. object is who names the command, for messages. seconds: how long it may take; it has no terminal
 * then, and of what it began nothing is left, in whatever group or session it is: the caller has no other children. 0:
 * as long as it likes, with the terminal of this process. False with *error (STATUS_HOST): it could not be run, failed,
 * prints more or takes longer, and was ended. */
bool command_run(const char *command, const char *object, const void *input, size_t size, unsigned seconds,
                 uint8_t *output, size_t limit, size_t *length, struct error *error);

#endif
