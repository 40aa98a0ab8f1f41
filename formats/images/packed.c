/* packed.c - images in zip, 7z and tar files, and in files of xz, bzip2 or zstd, through libarchive.
 *
 * But for what zip.c reads where it lies, these allow no random access, so that the image is unpacked into an anonymous
 * temporary file; image_info says so.
 * Only formats and filters that libarchive handles itself are asked for: none that runs a program. */
#include "formats/images/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/images/image.h"
#include "formats/libarchive.h"
#include "formats/text.h"

#define MEMBERS_LIMIT 1000
#define BUFFER (1u << 16)

static const struct {
    const char *name, *magic;
    size_t offset, length;
} kinds[] = {
    {"zip", "PK\3\4", 0, 4},
    {"7z", "7z\xbc\xaf\x27\x1c", 0, 6},
    {"tar", "ustar", 257, 5},
    {"xz",
     "\xfd"
     "7zXZ\0",
     0, 6},
    {"bzip2", "BZh", 0, 3},
    {"zstd", "\x28\xb5\x2f\xfd", 0, 4},
    {"tar.gz", "\x1f\x8b", 0, 2},
};

const char *packed_kind(const struct probe *probe)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (!memcmp(probe->head + kinds[i].offset, kinds[i].magic, kinds[i].length) &&
            (strcmp(kinds[i].name, "tar.gz") != 0 || gzip_holds_tar(probe->head, probe->head_size)))
            return kinds[i].name;
    return NULL;
}

struct library {
    struct libarchive call;
    struct archive *a; /* that is read */
};

static bool failed(const struct image *image, struct library *l, struct error *error)
{
    return error_set(error, STATUS_INPUT, image_path(image), NULL, "unpack it to see what is wrong",
                     "cannot be unpacked: %s",
                     !l->a                                ? "out of memory"
                     : l->call.archive_error_string(l->a) ? l->call.archive_error_string(l->a)
                                                          : "it ends too early, or is damaged");
}

/* l->a is to be freed in any case. alone: what is packed is one file without a name. */
static bool open_archive(struct image *image, struct library *l, bool alone, struct error *error)
{
    int descriptor = image->sources[0].descriptor;

    l->a = l->call.archive_read_new();
    return (l->a && l->call.archive_read_support_filter_gzip(l->a) == ARCHIVE_OK &&
            l->call.archive_read_support_filter_xz(l->a) == ARCHIVE_OK &&
            l->call.archive_read_support_filter_bzip2(l->a) == ARCHIVE_OK &&
            l->call.archive_read_support_filter_zstd(l->a) == ARCHIVE_OK &&
            (alone ? l->call.archive_read_support_format_raw(l->a) == ARCHIVE_OK
                   : l->call.archive_read_support_format_zip(l->a) == ARCHIVE_OK &&
                         l->call.archive_read_support_format_7zip(l->a) == ARCHIVE_OK &&
                         l->call.archive_read_support_format_tar(l->a) == ARCHIVE_OK) &&
            lseek(descriptor, 0, SEEK_SET) == 0 &&
            l->call.archive_read_open_fd(l->a, descriptor, BUFFER) == ARCHIVE_OK) ||
           failed(image, l, error);
}

/* The next regular file; *entry is null at the end. */
static bool next_entry(const struct image *image, struct library *l, struct archive_entry **entry, struct error *error)
{
    for (;;) {
        int result = l->call.archive_read_next_header(l->a, entry);

        if (result == ARCHIVE_EOF) {
            *entry = NULL;
            return true;
        }
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
            return failed(image, l, error);
        if (l->call.archive_entry_filetype(*entry) == AE_IFREG && !l->call.archive_entry_hardlink(*entry))
            return true;
    }
}

static const char *name_of(const struct library *l, struct archive_entry *entry)
{
    const char *name = l->call.archive_entry_pathname(entry);

    return name ? name : "?";
}

/* Lists the members, and finds which of them is wanted: the one that is named, or the only one. */
static bool choose(struct image *image, struct library *l, char wanted[256], struct error *error)
{
    const char *named = image->request->member;
    struct archive_entry *entry;
    unsigned count = 0;

    *wanted = '\0';
    for (;;) {
        if (!next_entry(image, l, &entry, error))
            return false;
        if (!entry)
            break;
        if (l->call.archive_entry_is_encrypted(entry) > 0) {
            snprintf(image->info.encryption, sizeof image->info.encryption, "password");
            return image_wrong(image, name_of(l, entry), error, "is encrypted");
        }
        if (++count > MEMBERS_LIMIT)
            return image_wrong(image, NULL, error, "holds more than 1,000 files");
        if (!image_note_file(image, name_of(l, entry), "member", (uint64_t)l->call.archive_entry_size(entry), error))
            return false;
        if (!named || !strcmp(named, name_of(l, entry)))
            snprintf(wanted, 256, "%s", name_of(l, entry));
    }
    if (count > 1 && !named)
        return error_set(error, STATUS_INPUT, image_path(image), NULL, "say which is the image with --member",
                         "holds %u files, among them %.150s", count, wanted);
    return *wanted || error_set(error, STATUS_INPUT, image_path(image), named, NULL, "holds no such file");
}

/* Writes the data of the entry, zeros as holes. */
static bool unpack(struct image *image, struct library *l, struct error *error)
{
    struct source *source = &image->sources[0];
    const struct image_request *r = image->request;
    const void *bytes;
    size_t size;
    la_int64_t at;
    int result;

    source->size = 0;
    while ((result = l->call.archive_read_data_block(l->a, &bytes, &size, &at)) == ARCHIVE_OK) {
        if (at < 0 || (uint64_t)at + size > IMAGE_LIMIT)
            return image_wrong(image, NULL, error, "holds more than 2^47 bytes");
        if (r->progress &&
            !r->progress(r->progress_context, (uint64_t)l->call.archive_filter_bytes(l->a, -1), source->file_size))
            return error_set(error, STATUS_HOST, source->path, NULL, NULL, "interrupted");
        if (!all_zero(bytes, size) &&
            !file_write(source->temporary, "temporary file", (uint64_t)at, bytes, size, error))
            return false;
        if ((uint64_t)at + size > source->size)
            source->size = (uint64_t)at + size;
    }
    if (result != ARCHIVE_EOF)
        return failed(image, l, error);
    return ftruncate(source->temporary, (off_t)source->size) == 0 ||
           error_host(error, "temporary file", errno, "cannot write");
}

static bool unpack_member(struct image *image, struct library *l, const char *wanted, struct error *error)
{
    struct archive_entry *entry;

    do {
        if (!next_entry(image, l, &entry, error))
            return false;
        if (!entry)
            return image_wrong(image, wanted, error, "holds no such file");
    } while (strcmp(name_of(l, entry), wanted) != 0);
    return unpack(image, l, error);
}

/* Whether what is compressed is no tar file. */
static bool is_alone(struct image *image, struct library *l, const char *kind, bool *alone, struct error *error)
{
    struct archive_entry *entry = NULL;
    uint8_t head[512] = {0};
    bool good;

    *alone = !strcmp(kind, "xz") || !strcmp(kind, "bzip2") || !strcmp(kind, "zstd");
    if (!*alone)
        return true;
    good = open_archive(image, l, true, error) && next_entry(image, l, &entry, error);
    if (good && entry && l->call.archive_read_data(l->a, head, sizeof head) < 0)
        good = failed(image, l, error);
    l->call.archive_read_free(l->a);
    *alone = memcmp(head + 257, "ustar", 5) != 0;
    return good;
}

bool packed_open(struct image *image, const char *kind, struct error *error)
{
    const struct image_opener *opener;
    struct library library, *l = &library;
    char wanted[256];
    bool good, alone, there = false;

    if (!libarchive_load(&l->call, error) || !is_alone(image, l, kind, &alone, error))
        return false;
    good = open_archive(image, l, alone, error) && choose(image, l, wanted, error) &&
           (alone || image_add_note(image, "member", wanted, error));
    l->call.archive_read_free(l->a);
    good = good && (strcmp(kind, "zip") != 0 || zip_open(&image->sources[0], wanted, image->request, &there, error));
    if (!good || there)
        return good;
    opener = image->request->opener;
    image->sources[0].temporary = opener ? opener->temporary(opener->context, error) : file_temporary(error);
    if (image->sources[0].temporary < 0)
        return false;
    good = open_archive(image, l, alone, error) && unpack_member(image, l, wanted, error);
    l->call.archive_read_free(l->a);
    snprintf(image->info.temporary, sizeof image->info.temporary, "%s allows no random access",
             strcmp(kind, "zip") ? kind : "how the zip file has it");
    return good;
}
