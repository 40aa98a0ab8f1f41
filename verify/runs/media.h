/* media.h - what a machine is made of: its manifest, firmware and disks; opened from an archive, or from image
 * files. */
#ifndef MUNIMENT_VERIFY_MEDIA_H
#define MUNIMENT_VERIFY_MEDIA_H

#include "archive/archive.h"
#include "formats/images/images.h"
#include "formats/wave.h"

struct medium {
    bool present;
    const char *path;  /* the image file, the caller's; null: it comes from the archive */
    struct block disk; /* what the machine sees: the overlay, or the image itself if it is read-only */
};

/* What is connected to the line input of the sound card. */
struct recording {
    bool present;
    struct wave wave;
    struct seen_file *seen; /* by what it is known if it changes; owned */
    hex_digest sha256;      /* of the file */
};

struct media {
    struct machine_manifest manifest;
    struct archive *archive;                  /* null: not from one */
    struct image_request images[DRIVE_COUNT]; /* how image files are opened; set by the caller */
    struct medium drives[DRIVE_COUNT];
    struct recording line;
    struct firmware {
        uint8_t *bytes; /* owned */
        size_t size;
    } system, video;
};

/* Takes an open archive over. Writes are kept in OVERLAY.SLOT, or, if that is null, thrown away. files: null, or for
 * each slot the descriptor of overlay_file, or below 0: it is opened here; they are taken over. *media is zero before;
 * the caller calls media_close in any case. */
bool media_open_archive(struct media *media, struct archive *archive, const char *overlay, const int *files,
                        struct error *error);
/* The slots whose writes go into overlays, a bit each. */
uint32_t media_overlays(const struct archive *archive);
/* The same from a machine that is being sealed, which must outlive *media. */
bool media_open_sealed(struct media *media, const struct sealed_machine *machine, struct error *error);
void media_close(struct media *media);

/* overlay_sync of all drives. */
bool media_sync(const struct media *media, bool all, struct error *error);

/* Fills in why a disk returned BLOCK_FAILED. Returns false. */
bool media_failure(const struct media *media, struct error *error);

/* Opens an image file as the medium of a drive. request may be null. overlay as above; belongs_to, of an overlay that
 * is kept, is the SHA-256 of the image. */
bool medium_open(struct medium *medium, enum drive_slot slot, const struct drive_manifest *drive, const char *path,
                 const struct image_request *request, const char *overlay, const char *belongs_to, struct error *error);
void medium_close(struct medium *medium);

/* The same, for a drive of this machine and with an overlay that is thrown away. What is in a floppy drive can be
 * written to, whatever was sealed in it. */
bool media_open_image(const struct media *media, enum drive_slot slot, const char *path, struct medium *medium,
                      struct error *error);

/* The same in two steps, of which the second opens no file. A ready image that is not used is closed by
 * ready_image_close; media_use_image takes it over, also on failure. request may be null. */
struct ready_image {
    bool present;
    const char *path; /* the caller's */
    struct block base;
    int overlay; /* an anonymous file */
};
bool media_make_ready(const char *path, const struct image_request *request, struct ready_image *ready,
                      struct error *error);
bool media_use_image(const struct media *media, enum drive_slot slot, struct ready_image *ready, struct medium *medium,
                     struct error *error);
void ready_image_close(struct ready_image *ready);

/* Opens a WAV file for the line input of this machine. The digest is that of the bytes that the machine hears: where
 * the file changes later, it cannot be read any more. The path is the caller's. */
bool media_open_recording(const struct media *media, const char *path, struct recording *recording,
                          struct error *error);
/* The same whether the machine has a line input or not. */
bool recording_open(const char *path, struct recording *recording, struct error *error);
void recording_close(struct recording *recording);
/* What machine_line_in takes; null: nothing is connected. */
const struct wave *recording_wave(const struct recording *recording);

/* The SHA-256 of a WAV file. progress may be null. */
bool recording_digest(const char *path, hex_digest hex, progress_function *progress, void *context,
                      struct error *error);

/* The SHA-256 of the disk in an image, a last part of a sector filled up with zeros, and zeros for what could not be
 * read from the original. request and progress may be null. */
bool image_digest(const char *path, const struct image_request *request, hex_digest hex, progress_function *progress,
                  void *context, struct error *error);

#endif
