/* serialize.h - a folder as one file: zip, or tar (RFC 8493, section 4.1). */
#ifndef MUNIMENT_DESK_SERIALIZE_H
#define MUNIMENT_DESK_SERIALIZE_H

#include <stdbool.h>

#include "formats/error.h"

enum serialization { SERIALIZE_NOT, SERIALIZE_ZIP, SERIALIZE_TAR };

/* Writes the files of a folder, under the name that the file has without its ending, to a file that was not there. The
 * same files give the same bytes: they are in the order of their names, without times, owners or modes of the host. */
bool folder_serialize(const char *folder, const char *path, enum serialization as, struct error *error);

#endif
