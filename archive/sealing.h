/* sealing.h - an archive on its way into its file: what seal_input.c, seal_disk.c and seal.c share. */
#ifndef MUNIMENT_ARCHIVE_SEALING_H
#define MUNIMENT_ARCHIVE_SEALING_H

#include "archive/archive.h"
#include "archive/layout.h"
#include "archive/workers.h"
#include "archive/writer.h"

#define SEALED_SOURCE "source/muniment.tar"

struct sealing_image {
    bool present;
    struct block block;
    struct image_info info;
    char path[4096];
};

struct sealing {
    const struct seal_request *request;
    struct error *error;
    struct machine_manifest machine;
    struct text machine_text, description_text;
    struct text firmware[2]; /* system, video */
    struct key *key;
    char public_pem[PUBLIC_PEM_SIZE];
    struct sealing_image images[DRIVE_COUNT];
    const struct sealed_file **files; /* of the request, in the order of the archive */
    size_t file_count;

    struct writer writer;
    struct workers *workers; /* while disks are sealed */
    struct seal seal;
    struct text sums;
    uint64_t done, total; /* bytes of disks, for progress */
    uint8_t machine_root[DIGEST_SIZE];
};

/* seal_input.c: reads manifests, firmware and what describes the images, and opens these. */
bool sealing_take_input(struct sealing *sealing);
/* seal_disk.c: writes the extents, maps and top of a drive that is present, by `workers`. */
bool sealing_write_disk(struct sealing *sealing, enum drive_slot slot);

/* seal.c: what the others say and write with. */
bool sealing_out_of_memory(struct sealing *sealing); /* false, with the error */
/* Enters the member that was just written into SHA256SUMS and, if it belongs there, into the seal. */
bool sealing_enter(struct sealing *sealing);
bool sealing_add_text(struct sealing *sealing, enum member_kind kind, enum drive_slot slot, uint32_t extent,
                      const struct text *text);

#endif
