/* tsk_files.c - see tsk_files.h. Nothing else uses libtsk. */
#include "formats/volumes/tsk_files.h"

#ifdef HAVE_tsk

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tsk/libtsk.h>

#include "formats/loaded.h"
#include "formats/volumes/disk.h"
#include "formats/volumes/ext_map.h"

#define NTFS_OWN 24                /* records of NTFS itself: $MFT and so on */
#define NOWHERE UINT64_MAX         /* no place of the disk */
#define ABSURD (UINT64_C(1) << 30) /* bytes that a sparse file may have more than its disk */
#define FOLDER_LIMIT (64u << 20)   /* bytes of a folder of ext: a million names */

/* The functions of libtsk that are used. */
struct functions {
    __typeof__(tsk_img_open_external) *img_open;
    __typeof__(tsk_img_close) *img_close;
    __typeof__(tsk_fs_open_img) *fs_open;
    __typeof__(tsk_fs_close) *fs_close;
    __typeof__(tsk_fs_dir_open_meta) *dir_open;
    __typeof__(tsk_fs_dir_getsize) *dir_size;
    __typeof__(tsk_fs_dir_get) *dir_get;
    __typeof__(tsk_fs_dir_close) *dir_close;
    __typeof__(tsk_fs_file_open_meta) *file_open;
    __typeof__(tsk_fs_file_close) *file_close;
    __typeof__(tsk_fs_file_attr_getsize) *attributes;
    __typeof__(tsk_fs_file_attr_get_idx) *attribute;
    __typeof__(tsk_fs_attr_read) *read;
    __typeof__(tsk_error_get) *reason;
    __typeof__(tsk_error_reset) *forget;
};

static const struct loaded_function names[] = {
    {"tsk_img_open_external", offsetof(struct functions, img_open)},
    {"tsk_img_close", offsetof(struct functions, img_close)},
    {"tsk_fs_open_img", offsetof(struct functions, fs_open)},
    {"tsk_fs_close", offsetof(struct functions, fs_close)},
    {"tsk_fs_dir_open_meta", offsetof(struct functions, dir_open)},
    {"tsk_fs_dir_getsize", offsetof(struct functions, dir_size)},
    {"tsk_fs_dir_get", offsetof(struct functions, dir_get)},
    {"tsk_fs_dir_close", offsetof(struct functions, dir_close)},
    {"tsk_fs_file_open_meta", offsetof(struct functions, file_open)},
    {"tsk_fs_file_close", offsetof(struct functions, file_close)},
    {"tsk_fs_file_attr_getsize", offsetof(struct functions, attributes)},
    {"tsk_fs_file_attr_get_idx", offsetof(struct functions, attribute)},
    {"tsk_fs_attr_read", offsetof(struct functions, read)},
    {"tsk_error_get", offsetof(struct functions, reason)},
    {"tsk_error_reset", offsetof(struct functions, forget)},
};

/* An image of libtsk that is one of our disks. */
struct image {
    TSK_IMG_INFO info; /* the first member: libtsk hands it back */
    const struct block *disk;
    uint64_t end;   /* bytes of the disk */
    uint64_t tried; /* where the last read began, if it failed; NOWHERE: it did not */
    bool lost;      /* what was asked for could not be read: libtsk may go on with zeros */
};

struct tsk_files {
    struct functions call;
    struct image image;
    TSK_FS_INFO *fs;
    TSK_FS_FILE *file;  /* that was opened last; its record */
    struct ext_map map; /* of ext: where its blocks are */
    const char *name;   /* of the file system */
    uint64_t precision;
    bool with_deleted;
};

/* --- The disk --- */

/* A read failed. libtsk reads more than is asked for into its cache; if that fails, it reads again what is. */
static ssize_t fails(struct image *image, uint64_t at, size_t size)
{
    const bool ahead = size == TSK_IMG_INFO_CACHE_LEN || (size < TSK_IMG_INFO_CACHE_LEN && at + size == image->end);
    const bool again = image->tried == at;

    image->lost |= !ahead || again;
    image->tried = again ? NOWHERE : at;
    return -1;
}

/* Bytes that need not begin or end with a sector. */
static ssize_t read_image(TSK_IMG_INFO *info, TSK_OFF_T offset, char *buffer, size_t size)
{
    struct image *image = (struct image *)info;
    uint8_t sectors[64 * SECTOR_SIZE];
    uint64_t at = (uint64_t)offset;
    size_t got = 0;

    if (offset < 0 || at >= image->end)
        return -1;
    if (size > image->end - at)
        size = (size_t)(image->end - at);
    while (got < size) {
        uint64_t first = (at + got) / SECTOR_SIZE;
        size_t within = (at + got) % SECTOR_SIZE, wanted = within + size - got;
        uint32_t count = (uint32_t)((wanted + SECTOR_SIZE - 1) / SECTOR_SIZE), done;
        count = count > 64 ? 64 : count;
        if (image->disk->read(image->disk->context, first, count, sectors, &done) != BLOCK_OK)
            return fails(image, at, size);
        size_t part = count * SECTOR_SIZE - within < size - got ? count * SECTOR_SIZE - within : size - got;
        memcpy(buffer + got, sectors + within, part);
        got += part;
    }
    image->tried = NOWHERE;
    return (ssize_t)got;
}

static void close_image(TSK_IMG_INFO *info)
{
    (void)info;
}

static void show_image(TSK_IMG_INFO *info, FILE *to)
{
    (void)info, (void)to;
}

/* --- Opening --- */

static bool failed(const struct tsk_files *t, struct error *error)
{
    const char *reason = t->call.reason();

    error_set(error, STATUS_WRONG, t->name, NULL, NULL, "%s", reason && *reason ? reason : "is damaged");
    t->call.forget();
    return false;
}

static bool load(struct functions *call, struct error *error)
{
    return library_load(TSK_LIBRARY, names, sizeof names / sizeof *names, call, error);
}

bool tsk_files_prepare(struct error *error)
{
    struct functions ignored;

    return load(&ignored, error);
}

static void close_files(void *context)
{
    struct tsk_files *t = context;

    ext_map_close(&t->map);
    if (t->file)
        t->call.file_close(t->file);
    if (t->fs)
        t->call.fs_close(t->fs);
    free(t);
}

/* What was lost counts from here on. */
static void lose_nothing(struct tsk_files *t)
{
    t->image.lost = false;
    t->image.tried = NOWHERE;
}

/* Whether there are zeros in place of what could not be read: a record that was opened may be made of them, too. */
static bool is_lost(struct tsk_files *t, struct error *error)
{
    if (!t->image.lost)
        return false;
    if (t->file)
        t->call.file_close(t->file);
    t->file = NULL;
    t->call.forget();
    error_set(error, STATUS_WRONG, t->name, NULL, NULL, "cannot be read");
    return true;
}

/* --- Entries --- */

/* Opens a record, unless it is the one that was opened last. */
static bool open_record(struct tsk_files *t, uint64_t id, struct error *error)
{
    if (t->file && t->file->meta && t->file->meta->addr == id)
        return true;
    if (t->file)
        t->call.file_close(t->file);
    t->file = t->call.file_open(t->fs, NULL, id);
    return (t->file && t->file->meta) || failed(t, error);
}

static struct file_time time_of(const struct tsk_files *t, time_t seconds, uint32_t nanoseconds)
{
    return file_time_of(seconds, nanoseconds, FILE_UTC, t->precision);
}

static bool is_data(const struct tsk_files *t, const TSK_FS_ATTR *a)
{
    return TSK_FS_TYPE_ISNTFS(t->fs->ftype) ? a->type == TSK_FS_ATTR_TYPE_NTFS_DATA
                                            : a->type == TSK_FS_ATTR_TYPE_DEFAULT;
}

static bool is_named(const TSK_FS_ATTR *a)
{
    return a->type == TSK_FS_ATTR_TYPE_NTFS_DATA && a->name && *a->name && strcmp(a->name, "$Data") != 0;
}

static enum file_kind kind_of(const TSK_FS_FILE *file)
{
    switch (file->meta->type) {
    case TSK_FS_META_TYPE_REG: return FILE_REGULAR;
    case TSK_FS_META_TYPE_DIR: return FILE_FOLDER;
    case TSK_FS_META_TYPE_LNK: return FILE_LINK;
    default: return FILE_SPECIAL;
    }
}

/* Whether a name was deleted whose record nobody else has by now. */
static bool is_deleted(const TSK_FS_FILE *file)
{
    return file->name->flags & TSK_FS_NAME_FLAG_UNALLOC && file->name->meta_addr && file->meta &&
           file->meta->flags & TSK_FS_META_FLAG_UNALLOC;
}

/* How many attributes a record has; none if it claims far more than its disk has, because libtsk goes over all of that
 * to find them. */
static int attribute_count(const struct tsk_files *t, TSK_FS_FILE *file)
{
    const bool absurd = file->meta && (uint64_t)file->meta->size > t->image.end + ABSURD;

    return absurd && !TSK_FS_TYPE_ISNTFS(t->fs->ftype) ? 0 : t->call.attributes(file);
}

/* What belongs to the file system, or to libtsk, and not to who used it; and what is deleted, unless it is wanted. */
static bool is_left_out(const struct tsk_files *t, const TSK_FS_FILE *file)
{
    const TSK_FS_NAME *n = file->name;

    return !n || !n->name || !*n->name || !strcmp(n->name, ".") || !strcmp(n->name, "..") ||
           (n->flags & TSK_FS_NAME_FLAG_UNALLOC && !(t->with_deleted && is_deleted(file))) ||
           n->type == TSK_FS_NAME_TYPE_VIRT || n->type == TSK_FS_NAME_TYPE_VIRT_DIR ||
           (TSK_FS_TYPE_ISNTFS(t->fs->ftype) && n->meta_addr < NTFS_OWN);
}

/* The attributes of DOS in the standard information of a record of NTFS: 32 bits after four times. */
static uint8_t dos_attributes(const struct tsk_files *t, TSK_FS_FILE *file, int count)
{
    for (int i = 0; i < count; i++) {
        const TSK_FS_ATTR *a = t->call.attribute(file, i);
        if (a && a->type == TSK_FS_ATTR_TYPE_NTFS_SI && a->flags & TSK_FS_ATTR_RES && a->rd.buf && a->size >= 36 &&
            a->rd.buf_size >= 36)
            return a->rd.buf[32] & (FILE_READ_ONLY | FILE_HIDDEN | FILE_SYSTEM | FILE_ARCHIVE);
    }
    return 0;
}

/* The name of DOS that a record of NTFS has in this folder, if it has one besides: an attribute of 66 bytes and the
 * units of UTF-16, with the folder's record at 0, the length at 64 and the name space at 65. */
static void dos_name(const struct tsk_files *t, TSK_FS_FILE *file, int count, char to[FILE_SHORT_SIZE])
{
    enum { LENGTH = 64, SPACE = 65, NAME = 66, DOS = 2 };

    for (int i = 0; i < count; i++) {
        const TSK_FS_ATTR *a = t->call.attribute(file, i);
        const uint8_t *b = a && a->type == TSK_FS_ATTR_TYPE_NTFS_FNAME && a->flags & TSK_FS_ATTR_RES ? a->rd.buf : NULL;
        if (b && a->size > NAME && a->size <= (int64_t)a->rd.buf_size && b[SPACE] == DOS && b[LENGTH] <= 12 &&
            NAME + 2 * b[LENGTH] <= a->size && (TSK_INUM_T)get_le32(b) == file->name->par_addr)
            utf16_copy(to, b + NAME, b[LENGTH]);
    }
}

/* A file as it is seen, and its streams. */
static bool show(struct tsk_files *t, TSK_FS_FILE *file, struct file_entry *e, file_each *each, void *context)
{
    const TSK_FS_META *m = file->meta;
    const int count = TSK_FS_TYPE_ISNTFS(t->fs->ftype) ? t->call.attributes(file) : 0; /* others have none with names */

    memset(e, 0, sizeof *e);
    e->id = file->name->meta_addr;
    e->deleted = (file->name->flags & TSK_FS_NAME_FLAG_UNALLOC) != 0;
    snprintf(e->name, sizeof e->name, "%s", file->name->name);
    if (file->name->shrt_name)
        snprintf(e->short_name, sizeof e->short_name, "%s", file->name->shrt_name);
    e->kind = FILE_SPECIAL;
    if (m) {
        e->kind = (uint8_t)kind_of(file);
        e->created = time_of(t, m->crtime, m->crtime_nano);
        e->modified = time_of(t, m->mtime, m->mtime_nano);
        e->accessed = time_of(t, m->atime, m->atime_nano);
        e->size = e->kind == FILE_REGULAR && m->size > 0 ? (uint64_t)m->size : 0;
        if (e->kind == FILE_LINK)
            e->size = m->link ? strlen(m->link) : m->size > 0 ? (uint64_t)m->size : 0;
        if (TSK_FS_TYPE_ISNTFS(t->fs->ftype)) {
            e->attributes = dos_attributes(t, file, count);
            dos_name(t, file, count, e->short_name);
        } else {
            e->posix = 1;
            e->mode = (uint16_t)(m->mode & 07777);
            e->owner = (uint32_t)m->uid;
            e->group = (uint32_t)m->gid;
        }
    }
    struct file_entry main = *e;
    for (int i = 0; i < count; i++) {
        const TSK_FS_ATTR *a = t->call.attribute(file, i);
        if (a && is_data(t, a) && !is_named(a) && a->size >= 0 && main.kind == FILE_REGULAR)
            main.size = (uint64_t)a->size;
    }
    if (!each(context, &main))
        return false;
    for (int i = 0; i < count; i++) {
        const TSK_FS_ATTR *a = t->call.attribute(file, i);
        if (!a || !is_data(t, a) || !is_named(a) || a->size < 0)
            continue;
        *e = main;
        e->kind = FILE_REGULAR;
        e->size = (uint64_t)a->size;
        e->stream = a->id + 1u;
        e->short_name[0] = '\0';
        snprintf(e->name, sizeof e->name, "%.700s:%.800s", file->name->name, a->name);
        if (!each(context, e))
            return false;
    }
    return true;
}

/* The data of an entry; null with *error. */
static const TSK_FS_ATTR *data_of(struct tsk_files *t, const struct file_entry *e, struct error *error)
{
    if (!open_record(t, e->id, error))
        return NULL;
    const int count = attribute_count(t, t->file);
    if (is_lost(t, error))
        return NULL;
    for (int i = 0; i < count; i++) {
        const TSK_FS_ATTR *a = t->call.attribute(t->file, i);
        if (a && is_data(t, a) && (e->stream ? a->id + 1u == e->stream : !is_named(a)))
            return a;
    }
    error_set(error, STATUS_WRONG, t->name, NULL, NULL, "record %llu has no data", (unsigned long long)e->id);
    return NULL;
}

/* Whether an entry is a file of ext with blocks of its own, or a link. Opens its record, and says where they are. */
static bool map_blocks(struct tsk_files *t, const struct file_entry *e)
{
    struct ext_map *m = &t->map;
    struct error ignored;

    if (!TSK_FS_TYPE_ISEXT(t->fs->ftype) || (e->kind != FILE_REGULAR && e->kind != FILE_LINK) ||
        e->size > t->image.end + ABSURD || !open_record(t, e->id, &ignored) || t->image.lost ||
        t->file->meta->content_type == TSK_FS_META_CONTENT_TYPE_EXT4_INLINE || t->fs->block_size < SECTOR_SIZE ||
        t->fs->block_size % SECTOR_SIZE || t->fs->offset % SECTOR_SIZE)
        return false;
    m->disk = t->image.disk;
    m->start = (uint64_t)t->fs->offset;
    m->blocks = t->fs->block_count < t->image.end / t->fs->block_size ? t->fs->block_count
                                                                      : t->image.end / t->fs->block_size;
    m->block_size = t->fs->block_size;
    m->extents = t->file->meta->content_type == TSK_FS_META_CONTENT_TYPE_EXT4_EXTENTS;
    for (unsigned i = 0; i < EXT_ROOT / 4; i++) {
        const uint64_t value = m->extents ? ((const uint32_t *)t->file->meta->content_ptr)[i]
                                          : ((const TSK_DADDR_T *)t->file->meta->content_ptr)[i];
        put_le(m->root + 4 * i, value, 4);
    }
    return true;
}

/* Whether the folder whose record is open may have so many blocks: none of ext has holes. */
static bool is_believable(struct tsk_files *t, struct error *error)
{
    const struct file_entry e = {
        .kind = FILE_REGULAR, .id = t->file->meta->addr, .size = (uint64_t)t->file->meta->size};
    struct error ignored;
    struct ext_piece piece;

    if (e.size > t->image.end)
        return error_set(error, STATUS_WRONG, t->name, NULL, NULL, "a folder claims more than its disk has");
    if (TSK_FS_TYPE_ISEXT(t->fs->ftype) && e.size > FOLDER_LIMIT)
        return error_set(error, STATUS_WRONG, t->name, NULL, NULL,
                         "a folder claims %llu MiB, which is more than is listed", (unsigned long long)e.size >> 20);
    if (!map_blocks(t, &e))
        return true;
    for (uint64_t n = 0, blocks = e.size / t->map.block_size; n < blocks; n += piece.count) {
        if (ext_map_find(&t->map, n, &piece, &ignored) && !piece.block)
            return error_set(error, STATUS_WRONG, t->name, NULL, NULL, "a folder has holes");
        if (piece.count > blocks - n)
            break;
    }
    return true;
}

static bool list(void *context, uint64_t id, file_each *each, void *each_context, struct error *error)
{
    struct tsk_files *t = context;

    id = id ? id : t->fs->root_inum;
    lose_nothing(t);
    if (open_record(t, id, error) && !is_believable(t, error)) /* libtsk would read all of it */
        return false;
    TSK_FS_DIR *folder = t->call.dir_open(t->fs, id);
    struct file_entry *entry = malloc(sizeof *entry);
    bool going = folder && entry;

    for (size_t i = 0; going && i < t->call.dir_size(folder); i++) {
        TSK_FS_FILE *file = t->call.dir_get(folder, i);
        if (file && !is_left_out(t, file))
            going = show(t, file, entry, each, each_context);
        if (file)
            t->call.file_close(file);
    }
    free(entry);
    if (!folder)
        return failed(t, error);
    t->call.dir_close(folder);
    if (is_lost(t, error))
        return false;
    t->call.forget();
    return entry || error_set(error, STATUS_HOST, t->name, NULL, NULL, "out of memory");
}

/* --- Bytes --- */

/* Bytes of a file with blocks of its own. */
static bool read_blocks(struct tsk_files *t, const struct file_entry *e, uint64_t offset, uint8_t *buffer, size_t size,
                        size_t *got, struct error *error)
{
    const uint64_t block = t->map.block_size, left = e->size - offset;
    struct ext_piece piece;

    if (size > left)
        size = (size_t)left;
    while (*got < size) {
        const uint64_t at = offset + *got, within = at % block;
        if (!ext_map_find(&t->map, at / block, &piece, error))
            return false;
        size_t part = size - *got;
        if (piece.count <= (within + part) / block)
            part = (size_t)(piece.count * block - within);
        if (!piece.block)
            memset(buffer + *got, 0, part);
        else if (read_image(&t->image.info, (TSK_OFF_T)(t->map.start + piece.block * block + within),
                            (char *)buffer + *got, part) != (ssize_t)part)
            return error_set(error, STATUS_WRONG, t->name, NULL, NULL, "cannot be read");
        *got += part;
    }
    return true;
}

static bool read_file(void *context, const struct file_entry *e, uint64_t offset, void *buffer, size_t size,
                      size_t *got, struct error *error)
{
    struct tsk_files *t = context;

    *got = 0;
    lose_nothing(t);
    if (offset >= e->size)
        return true;
    if (e->kind == FILE_LINK && !open_record(t, e->id, error))
        return false;
    if (e->kind == FILE_LINK && t->file->meta->link) { /* where ext4 keeps it in an extent libtsk has none */
        const char *target = t->file->meta->link;
        if (offset < strlen(target)) {
            *got = size < strlen(target) - offset ? size : strlen(target) - (size_t)offset;
            memcpy(buffer, target + offset, *got);
        }
        return true;
    }
    if (map_blocks(t, e))
        return read_blocks(t, e, offset, buffer, size, got, error);
    const TSK_FS_ATTR *a = data_of(t, e, error);
    uint64_t left = a && a->size > 0 && offset < (uint64_t)a->size ? (uint64_t)a->size - offset : 0;

    if (!a)
        return false;
    if (a->flags & TSK_FS_ATTR_ENC)
        return error_set(error, STATUS_WRONG, t->name, NULL, NULL, "is encrypted by the file system");
    if (left == 0)
        return true;
    ssize_t count = t->call.read(a, (TSK_OFF_T)offset, buffer, size < left ? size : (size_t)left,
                                 TSK_FS_FILE_READ_FLAG_NONE);
    if (is_lost(t, error))
        return false;
    if (count < 0)
        return failed(t, error);
    *got = (size_t)count;
    return true;
}

/* The runs of a file with blocks of its own; after what is wrong, too. */
static bool block_runs(struct tsk_files *t, const struct file_entry *e, file_each_run *each, void *each_context,
                       struct error *error)
{
    const uint64_t block = t->map.block_size, blocks = e->size / block + (e->size % block > 0);
    struct ext_piece piece;
    struct error found;
    bool good = true;

    for (uint64_t n = 0; n < blocks; n += piece.count) {
        const bool known = ext_map_find(&t->map, n, &piece, good ? error : &found);
        good = good && known;
        if (piece.count > blocks - n)
            piece.count = blocks - n;
        struct file_run run = {n * block, t->map.start + piece.block * block, piece.count * block};
        if (run.length > e->size - run.at)
            run.length = e->size - run.at;
        if (known && piece.block && !each(each_context, &run))
            break;
    }
    return good;
}

static bool runs(void *context, const struct file_entry *e, file_each_run *each, void *each_context,
                 struct error *error)
{
    struct tsk_files *t = context;

    lose_nothing(t);
    if (e->size && e->kind == FILE_REGULAR && map_blocks(t, e))
        return block_runs(t, e, each, each_context, error);
    const TSK_FS_ATTR *a = e->size ? data_of(t, e, error) : NULL;
    const uint64_t block = t->fs->block_size;
    uint64_t at = 0, length;

    if (!a)
        return e->size == 0;
    if (!(a->flags & TSK_FS_ATTR_NONRES) || a->flags & (TSK_FS_ATTR_COMP | TSK_FS_ATTR_ENC) || a->nrd.skiplen)
        return true;
    for (const TSK_FS_ATTR_RUN *run = a->nrd.run; run && at < e->size; run = run->next, at += length) {
        length = run->len <= e->size / block ? run->len * block : e->size;
        if (run->flags || run->offset != at / block || run->addr > UINT64_MAX / block - 1)
            return true; /* a hole, or what libtsk fills in */
        if (length > e->size - at)
            length = e->size - at;
        const struct file_run one = {
            .at = at,
            .place = (uint64_t)t->fs->offset + run->addr * block,
            .length = at + length > (uint64_t)a->nrd.initsize && (uint64_t)a->nrd.initsize > at
                          ? (uint64_t)a->nrd.initsize - at
                          : length,
        };
        if (at >= (uint64_t)a->nrd.initsize || !each(each_context, &one))
            return true;
    }
    return true;
}

static const struct file_system system_tsk = {.close = close_files, .list = list, .read = read_file, .runs = runs};

bool tsk_files_open(const struct block *disk, const struct volume *volume, struct files *files, struct error *error)
{
    static const struct {
        const char *name;
        TSK_FS_TYPE_ENUM type;
        uint64_t precision;
    } kinds[] = {{"NTFS", TSK_FS_TYPE_NTFS, 100},
                 {"ext4", TSK_FS_TYPE_EXT_DETECT, 1},
                 {"ext", TSK_FS_TYPE_EXT_DETECT, 1000000000}};
    struct tsk_files *t = calloc(1, sizeof *t);
    size_t kind = 0;

    if (!t)
        return error_set(error, STATUS_HOST, volume->file_system, NULL, NULL, "out of memory");
    while (kind + 1 < sizeof kinds / sizeof *kinds &&
           strncmp(volume->file_system, kinds[kind].name, strlen(kinds[kind].name)))
        kind++;
    t->name = kinds[kind].name;
    t->precision = kinds[kind].precision;
    t->with_deleted = volume->with_deleted;
    t->image.disk = disk;
    t->image.end = disk->sectors * SECTOR_SIZE;
    if (!load(&t->call, error)) {
        free(t);
        return false;
    }
    if (t->call.img_open(&t->image, (TSK_OFF_T)t->image.end, SECTOR_SIZE, read_image, close_image, show_image))
        t->fs = t->call.fs_open(&t->image.info, (TSK_OFF_T)(volume->first * SECTOR_SIZE), kinds[kind].type);
    if (!t->fs) {
        failed(t, error);
        close_files(t);
        return false;
    }
    *files = (struct files){&system_tsk, t};
    return true;
}

#else

bool tsk_files_prepare(struct error *error)
{
    return error_set(error, STATUS_HOST, "libtsk", NULL, "build it with libtsk-dev",
                     "is needed for this file system, and this program was built without it");
}

bool tsk_files_open(const struct block *disk, const struct volume *volume, struct files *files, struct error *error)
{
    (void)disk, (void)volume, (void)files;
    return tsk_files_prepare(error);
}

#endif
