/* uploads.h - images that archivists bring to the desk, piece by piece, to be put into drives. They are kept in a
 * folder by their SHA-256; a file beside each has its name. */
#ifndef MUNIMENT_DESK_UPLOADS_H
#define MUNIMENT_DESK_UPLOADS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "archive/archive.h"

#define UPLOADS_MOST 4u                        /* under way at a time */
#define UPLOAD_SIZE_MOST (UINT64_C(900) << 20) /* bytes of one: a CD */
#define UPLOADS_SIZE_MOST (UINT64_C(16) << 30) /* of all that are kept */
#define UPLOAD_NAME 128u
#define UPLOAD_IDLE 3600 /* seconds without a piece, after which one is given up */
#define UPLOAD_DAYS 90   /* that an image is kept which no session has and nobody put in */

struct upload {
    char id[17]; /* empty: none */
    char owner[17], name[UPLOAD_NAME];
    uint64_t size, have;
    uint64_t touched; /* seconds of a clock that nobody sets: when its last piece came */
    int file;
    struct sha256 hash;
};

struct uploads {
    const char *folder;
    struct upload under_way[UPLOADS_MOST];
};

/* Makes the folder, and removes what was not finished. folder must outlive it. */
bool uploads_open(struct uploads *u, const char *folder, struct error *error);

/* Begins one; the oldest of the same person's that is under way is given up for it if there is no place. Null with
 * *error. */
struct upload *upload_begin(struct uploads *u, const char *owner, const char *name, uint64_t size, struct error *error);
struct upload *upload_find(struct uploads *u, const char *id, const char *owner);
/* Adds a piece (Base64, RFC 4648). False with *error: it is given up. When upload->have is its size, upload_keep or
 * upload_abandon follows. */
bool upload_add(struct uploads *u, struct upload *upload, const char *piece, struct error *error);
/* Keeps the image by its digest. False with *error: it is given up. */
bool upload_keep(const struct uploads *u, struct upload *upload, hex_digest digest, struct error *error);
void upload_abandon(const struct uploads *u, struct upload *upload);
/* Removes what is old: is_used says whether a session has an image. */
void uploads_forget(struct uploads *u, bool (*is_used)(void *context, const char *path), void *context);
/* An image was put in: it is kept as if it had come now. */
void upload_use(const char *path);

/* The path of an image that is kept. False: there is none. */
bool upload_path(const struct uploads *u, const char *digest, char path[PATH_MAX]);
/* Writes a line of JSON for each that is kept. */
void uploads_print(const struct uploads *u, FILE *to);

#endif
