/* source.h - opening and closing the sources of reader.h. */
#ifndef MUNIMENT_IMAGES_SOURCE_H
#define MUNIMENT_IMAGES_SOURCE_H

#include "formats/images/reader.h"

/* What a file is opened as: the image that was given, which a symbolic link may name; another file of it; or one that
 * lies beside it and is only looked at, which may be empty and may change. */
enum source_use { SOURCE_GIVEN, SOURCE_OF_IMAGE, SOURCE_LOOK };

/* How a process that can open no file has them opened. */
struct image_opener {
    int (*open)(void *context, const char *path, enum source_use use, struct error *error); /* as source_descriptor */
    bool (*has)(void *context, const char *path);                                           /* as source_exists */
    int (*temporary)(void *context, struct error *error);                                   /* as file_temporary */
    void *context;
};

/* The descriptor of a regular file, opened for reading. Below 0: error says why. */
int source_descriptor(const char *path, enum source_use use, struct error *error);
/* Whether a path names a regular file. */
bool source_exists(const char *path);
/* Opens a file, by the opener if there is one. To be closed in any case. */
bool source_open(struct source *source, const struct image_opener *opener, const char *path, enum source_use use,
                 struct error *error);
void source_close(struct source *source);
/* Reads the file itself, whatever is in it. */
bool source_read_file(const struct source *source, uint64_t offset, void *buffer, size_t size, struct error *error);
/* How many bytes from offset on are a hole; 0: they are to be read. */
uint64_t source_hole(struct source *source, uint64_t offset);

/* --- Packed files --- */

/* Makes the source what is in the gzip file that it is. */
bool gzip_open(struct source *source, const struct image_request *request, struct error *error);
/* The same of bare deflate (RFC 1951) in a file, and what must come out of it. */
bool gzip_open_bare(struct source *source, uint64_t at, uint64_t packed, uint64_t size, uint32_t crc,
                    const struct image_request *request, struct error *error);
void gzip_close(struct unpacker *unpacker);
bool gzip_read(const struct source *source, uint64_t offset, uint8_t *buffer, size_t size, struct error *error);
/* Whether the beginning of a gzip file unpacks to that of a tar file. */
bool gzip_holds_tar(const uint8_t *head, size_t size);

/* Makes the source a member of the zip file that it is, where it lies. *done is false if that cannot be. */
bool zip_open(struct source *source, const char *name, const struct image_request *request, bool *done,
              struct error *error);

/* "zip", "7z" ...; null for what packed.c does not unpack. */
const char *packed_kind(const struct probe *probe);
/* Makes source 0 the image that is packed in it. */
bool packed_open(struct image *image, const char *kind, struct error *error);

/* The length of a file's name without its ending; of IMAGE.img.gz, and what else is packed, without both. */
size_t source_stem(const char *name);

#endif
