/* images.h - the public header of formats/images/: the disk images of other programs, in and out.
 *
 * image_open recognises a format by its content, reads what the image says about itself, and offers the disk that is in
 * it as a struct block. Every reader is written from the published description of its format, which it names, and takes
 * everything for hostile: lengths are bounded before memory is taken, files that name each other in a circle are
 * refused, and no file is opened but the one that was given, its numbered companions (IMAGE.002, IMAGE.E02, a ddrescue
 * map), and, where the caller allows it, files in its own folder that it names. What is a known format is never taken
 * for raw unless the caller says so. */
#ifndef MUNIMENT_IMAGES_H
#define MUNIMENT_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/block.h"
#include "formats/error.h"

/* --- What an image says about itself --- */

/* A checksum that the image records, of the whole disk in it unless `of` says otherwise. */
struct image_digest {
    char algorithm[16]; /* "md5", "sha1", "crc32" */
    char hex[129];      /* as recorded, in lower case */
    char of[32];        /* empty: the disk, image_info.size bytes */
};

/* A file that belongs to the image. The first one is the file that was given. */
struct image_file {
    char name[256]; /* without folder, or as the image names it if it was not found */
    char role[32];  /* "image", "segment", "map", "backing file", "extent", "parent", "track", "member" */
    uint64_t size;  /* bytes; 0 if it was not opened */
    bool opened;
};

/* Something that the image records about its making: "tool", "date", "examiner", "case", "comment"; or a file that has
 * a name as if it belonged to it, but not the content: "ignored". */
struct image_note {
    char key[24];
    char text[232]; /* escaped for a terminal (plain.h), cut off if longer */
};

struct image_info {
    const char *format; /* as --format takes it: "raw", "qcow2"; null: not recognised. A static text */
    char title[96];     /* for people: "qcow2, version 3" */
    char version[32];   /* as the format counts it; may be empty */
    char compression[24], encryption[24]; /* "zlib"; "LUKS"; empty: none. An encrypted image is recognised and refused
                                           */
    uint64_t size;                        /* of the disk in it, in bytes; may end within a sector */
    uint32_t padding;                     /* zeros that fill the last sector up */
    char container[16];                   /* what it is packed in: "gzip", "zip"; empty: nothing */
    char temporary[96]; /* why it had to be unpacked into an anonymous temporary file; empty: it was not */
    struct image_file *files;
    struct image_digest *digests;
    struct image_note *notes;
    struct sector_range *unreadable; /* sectors that could not be read from the original: in order, apart */
    uint32_t file_count, digest_count, note_count, unreadable_count;
};

/* Releases what *info owns. Does nothing to one that is all zeros. */
void image_info_free(struct image_info *info);

/* --- Opening --- */

struct image_request {
    const char *format; /* --format: a name of image_format_names; null: what the content says */
    bool follow;        /* files that the image names may be opened, in its own folder. Without it such an image is
                           refused; the message names the first of them, and info->files lists them */
    const char *member; /* --member: which file of a zip, 7z or tar file is the image; null: the only one */
    bool (*progress)(void *context, uint64_t done, uint64_t total); /* while an image is unpacked or indexed at opening;
                                                                       false cancels. May be null */
    void *progress_context;
    /* Or null. The image is then opened and read by a process of its own, which calls this first: it locks itself in,
     * so that it can do no more than read and write descriptors and receive them. Each file is opened for it, and is
     * the image's, or lies beside it and has its name but for the ending, or may be followed. A disk that is read so
     * may be read by processes that this one begins, too. */
    bool (*lock_in)(struct error *error);
    const struct image_opener *opener; /* how that process has files opened; of others, null */
};

/* The descriptor by which the process is asked that reads a disk of image_open, which whoever reads the disk must keep
 * open; below 0: the disk has none. */
int image_channel(const struct block *disk);

/* The names that --format takes; a null at the end. */
extern const char *const image_format_names[];

/* Opens the disk in an image, read-only. request may be null. On success *disk is to be released with
 * disk->close(disk->context). Its read function gives BLOCK_UNREADABLE for the sectors of info->unreadable; what is
 * damaged is BLOCK_FAILED, with a reason that names file and place. Its zeros function knows holes.
 *
 * *info is filled in as far as the image could be read, also on failure, and is to be released with image_info_free in
 * any case. It may be null. Errors are STATUS_INPUT for what is wrong with a file, STATUS_HOST for the rest. The files
 * must not change while the disk is open. */
bool image_open(const char *path, const struct image_request *request, struct block *disk, struct image_info *info,
                struct error *error);

/* Whether a path stands for an image that is made when it is opened: "blank:SIZE", a blank disk with FAT ("1440K" is a
 * floppy, "32M" a disk with one partition); or a folder of this host, as a CD (ISO 9660 with Joliet). It follows from
 * the size, or from the names and bytes in the folder, and from nothing else. */
bool image_is_made(const char *path);

/* The functions that follow take a disk of image_open, not one that was made of it. */

/* The length in bytes of the disk in the image, which may end within the last sector: info->size. */
uint64_t image_size(const struct block *disk);
/* Refuses (STATUS_INPUT) an image of whose files one was changed or replaced since it was opened. */
bool image_unchanged(const struct block *disk, struct error *error);
/* Reads a file of info->files as the donor gave it, for its digest: size bytes at offset. `file` counts, from 0, those
 * that were opened. Refuses what is beyond its end. */
bool image_file_read(const struct block *disk, uint32_t file, uint64_t offset, void *buffer, size_t size,
                     struct error *error);

/* --- Writing --- */

struct image_export {
    struct block *disk;
    uint64_t size;      /* bytes of it that count: the last sector may be cut off; at most those of its sectors */
    const char *format; /* "raw", "qcow2", "vhd" */
    const char *path;
    bool replace; /* it may be there already (formats/output.h) */
    /* Hears of each sector that could not be read from the original: it is zeros in the image. May be null. */
    void (*unreadable)(void *context, uint64_t sector);
    void *unreadable_context;
    bool (*progress)(void *context, uint64_t done, uint64_t total); /* false cancels. May be null */
    void *progress_context;
};

/* Writes a disk as an image: a function of the disk, in which zeros take no room. qcow2 is filled up to whole sectors,
 * VHD to whole cylinders. Whatever goes wrong, path is as it was. */
bool image_export(const struct image_export *request, struct error *error);

#endif
