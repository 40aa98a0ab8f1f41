/* cvf_files.c - the files of a compressed volume, as files.h offers them: those of the FAT volume that is in it. None
 * lies on the disk as it is, also where its clusters are not compressed. */
#include "formats/volumes/cvf_files.h"

#include <stdlib.h>

#include "formats/volumes/cvf.h"
#include "formats/volumes/fat_files.h"

struct cvf_files {
    struct cvf *cvf;
    struct files inner;
};

static void close_files(void *context)
{
    struct cvf_files *f = context;

    files_close(&f->inner);
    cvf_close(f->cvf);
    free(f);
}

/* The volume in it calls a cluster that cannot be unpacked unreadable: what is wrong with it is said instead. */
static bool explain(struct cvf_files *f, bool good, struct error *error)
{
    struct error ignored;

    cvf_failure(f->cvf, good ? &ignored : error);
    return good;
}

static bool list(void *context, uint64_t id, file_each *each, void *each_context, struct error *error)
{
    struct cvf_files *f = context;

    return explain(f, f->inner.system->list(f->inner.context, id, each, each_context, error), error);
}

static bool read_file(void *context, const struct file_entry *e, uint64_t offset, void *buffer, size_t size,
                      size_t *got, struct error *error)
{
    struct cvf_files *f = context;

    return explain(f, f->inner.system->read(f->inner.context, e, offset, buffer, size, got, error), error);
}

static bool runs(void *context, const struct file_entry *e, file_each_run *each, void *each_context,
                 struct error *error)
{
    (void)context, (void)e, (void)each, (void)each_context, (void)error;
    return true;
}

static const struct file_system system_cvf = {.close = close_files, .list = list, .read = read_file, .runs = runs};

bool cvf_files_open(const struct block *disk, const struct volume *volume, struct files *files, struct error *error)
{
    struct cvf_files *f = calloc(1, sizeof *f);
    struct volume inner = *volume;

    if (!f)
        return error_set(error, STATUS_HOST, volume->file_system, NULL, NULL, "out of memory");
    f->cvf = cvf_open(disk, volume, error);
    inner.first = 0;
    inner.sectors = f->cvf ? cvf_block(f->cvf)->sectors : 0;
    if (!f->cvf || !fat_files_open(cvf_block(f->cvf), &inner, &f->inner, error)) {
        if (f->cvf)
            cvf_close(f->cvf);
        free(f);
        return false;
    }
    *files = (struct files){&system_cvf, f};
    return true;
}
