/* sealing.h - sealing with what the program brings: recover.py, specifications, its source, the built-in firmware. */
#ifndef MUNIMENT_DESK_SEALING_H
#define MUNIMENT_DESK_SEALING_H

#include "archive/archive.h"

/* As archive_seal; the request's own files, documents for example, are sealed beside those of the program. */
bool desk_seal(struct seal_request *request, hex_digest machine_root, struct error *error);

#endif
