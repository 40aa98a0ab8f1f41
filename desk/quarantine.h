/* quarantine.h - what a scanner says of a file before it is taken in. */
#ifndef MUNIMENT_DESK_QUARANTINE_H
#define MUNIMENT_DESK_QUARANTINE_H

#include "formats/images/images.h"

/* Runs a command, whose words are separated by blanks, with a path as its last word, and nothing as its input. Exit
 * status 0: *found is false; 1: *found is true; any other one is an error (STATUS_HOST). says, of `size` bytes, gets
 * the command and its last line, for people. */
bool quarantine_scan(const char *command, const char *path, bool *found, char *says, size_t size, struct error *error);

/* The same of a temporary folder, with the files of the image's volumes that can be read (formats/volumes/files.h),
 * each as NUMBER_PATH; what is damaged is left out. *files: how many they were; 0: nothing was scanned, and says is
 * empty. */
bool quarantine_scan_files(const char *command, const char *path, const struct image_request *request, bool *found,
                           char *says, size_t size, uint64_t *files, struct error *error);

#endif
