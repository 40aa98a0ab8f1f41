/* given.h - a folder of this host whose files a guest is given, as it is read for a CD (iso.c) or a floppy
 * (given_floppy.c). Private to these two. */
#ifndef MUNIMENT_IMAGES_GIVEN_H
#define MUNIMENT_IMAGES_GIVEN_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/error.h"

#define JOLIET 64u /* units of a name */

enum { PRIMARY, LONG, NAMINGS };

struct node {
    char *path; /* owned; of this host */
    uint32_t parent, depth;
    uint32_t first, count; /* of a folder: its children, which follow each other */
    bool folder;
    uint64_t size;
    uint8_t name[NAMINGS][2 * JOLIET]; /* NAME.EXT;1 in ASCII; UCS-2, big-endian */
    uint8_t length[NAMINGS];
    uint32_t block[NAMINGS], length_of[NAMINGS]; /* of a folder in each; of a file the same */
    uint32_t number[NAMINGS];                    /* of a folder, in the path table */
};

struct given {
    const char *folder;
    struct node *nodes; /* the folder itself, then what is in it, level by level */
    uint32_t count, capacity;
    uint32_t *order[NAMINGS];                     /* nodes, as each naming sorts the children of a folder */
    uint32_t table[NAMINGS], table_size[NAMINGS]; /* block of the path table, little-endian; bytes */
    uint32_t blocks;
    int descriptor;
};

/* Reads folder and names into nodes; given_free in any case. */
bool given_read(struct given *given, struct error *error);
void given_free(struct given *given);
/* Bytes of a name without ";1", and the full stop of a file without an extension. */
uint32_t given_name_length(const struct node *node, int naming);
/* Opens a file of it. Below 0 with *error: it is no longer as it was read. */
struct file_state;
int given_open(const struct node *node, struct file_state *state, struct error *error);

#endif
