/* open.c - recognises images and opens them as disks (images.h). */
#include "formats/images/image.h"
#include "formats/file.h"
#include "formats/images/made.h"
#include "formats/images/raw.h"
#include "formats/images/worker.h"
#include "formats/formats.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* In the order in which they are asked; raw takes everything. */
static const struct reader *const readers[] = {&qcow2_reader, &vhd_reader, &vmdk_reader,     &vdi_reader,
                                               &ewf_reader,   &imd_reader, &teledisk_reader, &copyqm_reader,
                                               &cue_reader,   &raw_reader};
const char *const image_format_names[] = {"qcow2",    "vhd",    "vmdk", "vdi", "ewf", "imd",
                                          "teledisk", "copyqm", "cue",  "raw", NULL};

/* --- Recognising --- */

static bool read_probe(const struct source *source, struct probe *probe, struct error *error)
{
    *probe = (struct probe){.size = source->size};
    snprintf(probe->name, sizeof probe->name, "%s", path_name(source->path));
    probe->head_size = probe->size < sizeof probe->head ? (size_t)probe->size : sizeof probe->head;
    return source_read(source, 0, probe->head, probe->head_size, error) &&
           (probe->size < sizeof probe->tail ||
            source_read(source, probe->size - sizeof probe->tail, probe->tail, sizeof probe->tail, error));
}

/* The reader of a format, or of what the content says. */
static const struct reader *choose(const struct probe *probe, const char *format)
{
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++)
        if (format ? !strcmp(readers[i]->name, format) : readers[i]->recognise(probe))
            return readers[i];
    return NULL;
}

/* Names of files that a raw image does not have. */
static const char *format_of_name(const char *name)
{
    static const char *const endings[][2] = {{"qcow2", "qcow2"},     {"vhd", "vhd"},       {"vpc", "vhd"},
                                             {"vmdk", "vmdk"},       {"vdi", "vdi"},       {"gz", "gzip"},
                                             {"tgz", "gzip"},        {"e01", "ewf"},       {"s01", "ewf"},
                                             {"zip", "zip"},         {"7z", "7z"},         {"xz", "xz"},
                                             {"bz2", "bzip2"},       {"zst", "zstd"},      {"imd", "imd"},
                                             {"td0", "teledisk"},    {"cqm", "copyqm"},    {"cue", "cue"},
                                             {"vhdx", "VHDX"},       {"ex01", "EnCase 7"}, {"gho", "Norton Ghost"},
                                             {"pqi", "Drive Image"}, {"v2i", "V2i"},       {"tib", "True Image"},
                                             {"uif", "UIF"},         {"mrimg", "Macrium"}, {"rar", "RAR"},
                                             {"arj", "ARJ"},         {NULL, NULL}};
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && endings[i][0]; i++)
        if (!strcasecmp(dot + 1, endings[i][0]))
            return endings[i][1];
    return NULL;
}

/* A damaged image must not become a raw one. */
static bool may_be_raw(const struct image *image, const struct probe *probe, struct error *error)
{
    const char *named = format_of_name(probe->name);

    return !named || error_set(error, STATUS_INPUT, image_path(image), NULL, "if it is raw, say --format raw",
                               "has the name of a %s file, but not its content", named);
}

/* Makes source 0 what is packed in it, if anything is. */
static bool unwrap(struct image *image, struct probe *probe, struct error *error)
{
    const char *kind = packed_kind(probe);
    bool gzip = !kind && get_le16(probe->head) == 0x8b1f && probe->head[2] == 8;

    if (!kind && !gzip)
        return true;
    snprintf(image->info.container, sizeof image->info.container, "%s", kind ? kind : "gzip");
    snprintf(image->info.title, sizeof image->info.title, "%s", image->info.container);
    if (split_has_more(image, probe->name))
        return error_set(error, STATUS_INPUT, image_path(image), NULL, "join the parts into one file",
                         "is the first part of a %s file", image->info.container);
    if (!(kind ? packed_open(image, kind, error) : gzip_open(&image->sources[0], image->request, error)))
        return false;
    if (image->sources[0].size == 0)
        return image_wrong(image, NULL, error, "holds an empty file");
    if (!read_probe(&image->sources[0], probe, error))
        return false;
    return (!packed_kind(probe) && get_le16(probe->head) != 0x8b1f) ||
           error_set(error, STATUS_INPUT, image_path(image), NULL, "unpack it once", "is packed twice");
}

/* Opens image->sources[0] by its reader. */
static bool open_by_reader(struct image *image, const char *format, struct error *error)
{
    bool raw = format && !strcmp(format, raw_reader.name);
    struct probe probe;

    if (!read_probe(&image->sources[0], &probe, error) || (!raw && !unwrap(image, &probe, error)))
        return false;
    image->plain = raw;
    image->reader = choose(&probe, format);
    if (!image->reader)
        return error_set(error, STATUS_USAGE, format, NULL, "see muniment --help", "no such format of images");
    if (!format && image->reader == &raw_reader &&
        (!unread_refuse(image, &probe, error) || (!*image->info.container && !may_be_raw(image, &probe, error))))
        return false;
    image->info.format = image->reader->name;
    snprintf(image->info.title, sizeof image->info.title, "%s", image->reader->name);
    if (!image->reader->open(image, &probe, error))
        return false;
    if (image->size == 0 || image->size > IMAGE_LIMIT)
        return image_wrong(image, NULL, error, image->size ? "holds a disk of more than 2^47 bytes" : "holds no disk");
    if (image->cluster_size > CLUSTER_LIMIT)
        return image_wrong(image, NULL, error, "has clusters that are too large");
    image->info.size = image->size;
    image->info.padding = (uint32_t)(-image->size % SECTOR_SIZE);
    return true;
}

/* --- Opening --- */

/* The caller's copy of what is known; what it holds is the caller's from now on. */
static bool hand_over(struct image *image, struct image_info *info, struct error *error)
{
    *info = image->info;
    image->info = (struct image_info){.format = NULL};
    if (image->bad_count == 0)
        return true;
    info->unreadable = malloc(image->bad_count * sizeof *info->unreadable);
    if (!info->unreadable)
        return image_no_memory(image, error);
    memcpy(info->unreadable, image->bad, image->bad_count * sizeof *info->unreadable);
    info->unreadable_count = image->bad_count;
    return true;
}

static void close_disk(void *context)
{
    image_close(context);
}

bool image_is_made(const char *path)
{
    return made_is_named(path);
}

bool image_open(const char *path, const struct image_request *request, struct block *disk, struct image_info *info,
                struct error *error)
{
    static const struct worker_calls calls = {image_open, image_file_read, image_info_free, image_format_names};
    static const struct image_request plain;

    bool made = !(request && request->opener) && made_is_named(path);
    if (request && request->lock_in && !made)
        return worker_open(&calls, path, request, disk, info, error);
    struct image *image = image_new(request ? request : &plain, path, error);
    bool done;

    if (info)
        *info = (struct image_info){.format = NULL};
    if (!image)
        return false;
    image->open_by_reader = open_by_reader;
    if (made)
        done = image_add_made(image, path, error) && open_by_reader(image, raw_reader.name, error);
    else
        done = image_add_path(image, path, path_name(path), "image", true, error) &&
               open_by_reader(image, image->request->format, error);
    if (info)
        done = hand_over(image, info, error) && done;
    if (!done) {
        image_close(image);
        return false;
    }
    image->request = NULL;
    *disk = (struct block){
        .context = image,
        .sectors = image_sectors(image),
        .read_only = true,
        .read = image_read,
        .zeros = image_zeros,
        .close = close_disk,
        .failure = image_failure,
    };
    disk->session = disk_last_session(disk, image->bad, image->bad_count);
    return true;
}
