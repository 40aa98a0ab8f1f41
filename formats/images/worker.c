/* worker.c - see worker.h.
 *
 * A question is a struct question, its answer a struct answer; bytes of the disk lie in memory that both share. When
 * the image has been opened, the arrays of its image_info come after the answer. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "formats/images/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/images/reader.h"
#include "formats/plain.h"

#define SHARED (1u << 20) /* bytes that are asked for at once, at most */

enum { CHANNEL = 3 }; /* of the process */

enum operation { READ, ZEROS, UNCHANGED, FILE_READ };

struct question {
    uint32_t operation, file;
    uint64_t at, length; /* sectors; or, of a file, bytes */
};

struct answer {
    uint32_t good; /* 0: error says why */
    uint32_t result, done;
    uint64_t value;
    uint32_t format; /* of the opened image: format_name */
    struct error error;
};

/* The static texts of image_info.format: those that --format takes, and two more. Null after the last. */
static const char *format_name(const char *const *formats, uint32_t n)
{
    static const char *const more[] = {"split", "ddrescue", NULL};
    uint32_t known = 0;

    while (known < n && formats[known])
        known++;
    return formats[known] ? formats[known] : n - known < 2 ? more[n - known] : NULL;
}

/* --- Lists of an image_info --- */

/* The lists, and the texts in them, which are made fit and are ended when they come in. */
struct list {
    size_t place, count_place, size; /* of the pointer and of the number in struct image_info; of an element */
    uint32_t most;
    struct {
        size_t place, size;
    } texts[3];
};

#define LIST(member, count, type, most) \
    offsetof(struct image_info, member), offsetof(struct image_info, count), sizeof(struct type), most
#define TEXT(type, member) \
    { \
        offsetof(struct type, member), sizeof(((struct type *)0)->member) \
    }

static const struct list lists[] = {
    {LIST(files, file_count, image_file, FILES_LIMIT), {TEXT(image_file, name), TEXT(image_file, role)}},
    {LIST(digests, digest_count, image_digest, 256),
     {TEXT(image_digest, algorithm), TEXT(image_digest, hex), TEXT(image_digest, of)}},
    {LIST(notes, note_count, image_note, 4096), {TEXT(image_note, key), TEXT(image_note, text)}},
    {LIST(unreadable, unreadable_count, sector_range, UNREADABLE_LIMIT), {{0, 0}}},
};
static const struct list texts_of_info = {
    .texts = {TEXT(image_info, title), TEXT(image_info, version), TEXT(image_info, compression)}};
static const struct list more_of_info = {
    .texts = {TEXT(image_info, encryption), TEXT(image_info, container), TEXT(image_info, temporary)}};

enum { LISTS = sizeof lists / sizeof lists[0] };

static void make_fit(char *text, size_t size)
{
    char plain[512];

    text[size - 1] = '\0';
    plain_copy(plain, size < sizeof plain ? size : sizeof plain, text);
    memcpy(text, plain, strlen(plain) + 1);
}

static void make_texts_fit(void *element, const struct list *list)
{
    for (size_t i = 0; i < sizeof list->texts / sizeof list->texts[0] && list->texts[i].size; i++)
        make_fit((char *)element + list->texts[i].place, list->texts[i].size);
}

static void make_error_fit(struct error *error, const char *path)
{
    make_fit(error->object, sizeof error->object);
    make_fit(error->what, sizeof error->what);
    make_fit(error->place, sizeof error->place);
    make_fit(error->remedy, sizeof error->remedy);
    if (error->status != STATUS_USAGE && error->status != STATUS_HOST)
        error->status = STATUS_INPUT;
    if (!*error->object)
        error_set(error, STATUS_INPUT, path, NULL, NULL, "cannot be read");
}

static bool send_info(int channel, struct image_info *info)
{
    bool good = stream_write(channel, info, sizeof *info);

    for (size_t i = 0; good && i < LISTS; i++) {
        void *elements;
        uint32_t count;
        memcpy(&elements, (char *)info + lists[i].place, sizeof elements);
        memcpy(&count, (char *)info + lists[i].count_place, sizeof count);
        good = count == 0 || stream_write(channel, elements, count * lists[i].size);
    }
    return good;
}

/* Takes the lists in; *info is whole, whatever comes. */
static bool receive_info(int channel, struct image_info *info)
{
    struct image_info came;
    bool good = stream_read(channel, &came, sizeof came);

    *info = (struct image_info){.format = NULL};
    if (!good)
        return false;
    make_texts_fit(&came, &texts_of_info);
    make_texts_fit(&came, &more_of_info);
    memcpy(info->title, came.title, sizeof info->title);
    memcpy(info->version, came.version, sizeof info->version);
    memcpy(info->compression, came.compression, sizeof info->compression);
    memcpy(info->encryption, came.encryption, sizeof info->encryption);
    memcpy(info->container, came.container, sizeof info->container);
    memcpy(info->temporary, came.temporary, sizeof info->temporary);
    info->size = came.size;
    info->padding = (uint32_t)(-came.size % SECTOR_SIZE);
    for (size_t i = 0; good && i < LISTS; i++) {
        uint32_t count;
        void *elements;

        memcpy(&count, (char *)&came + lists[i].count_place, sizeof count);
        if (count == 0)
            continue;
        elements = count <= lists[i].most ? calloc(count, lists[i].size) : NULL;
        good = elements && stream_read(channel, elements, count * lists[i].size);
        if (!good) {
            free(elements);
            break;
        }
        for (uint32_t k = 0; k < count; k++)
            make_texts_fit((char *)elements + k * lists[i].size, &lists[i]);
        memcpy((char *)info + lists[i].place, &elements, sizeof elements);
        memcpy((char *)info + lists[i].count_place, &count, sizeof count);
    }
    return good;
}

/* --- The process --- */

/* Leaves standard input, output and error, and the channel as 3. */
static void close_all_but(int channel)
{
    long most = sysconf(_SC_OPEN_MAX);

    dup2(channel, CHANNEL);
#ifdef SYS_close_range
    if (syscall(SYS_close_range, CHANNEL + 1, ~0U, 0) == 0)
        return;
#endif
    for (int i = CHANNEL + 1; i < (most > 0 && most < 65536 ? most : 65536); i++)
        close(i);
}

static void reply_to(const struct worker_calls *calls, const struct question *q, const struct block *disk,
                     uint8_t *shared, struct answer *a)
{
    uint32_t count = (uint32_t)q->length;

    a->good = 1;
    switch (q->operation) {
    case READ:
        a->result = disk->read(disk->context, q->at, count, shared, &a->done);
        if (a->result == BLOCK_FAILED)
            a->error = *disk->failure(disk->context);
        break;
    case ZEROS: a->value = disk->zeros(disk->context, q->at); break;
    case UNCHANGED: a->good = calls->unchanged(disk, &a->error); break;
    default: a->good = calls->file_read(disk, q->file, q->at, shared, (size_t)q->length, &a->error);
    }
}

/* The folder of a path; both may lie in the same place. */
static const char *folder_of(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t length = slash == path ? 1 : slash ? (size_t)(slash - path) : 1;

    memmove(folder, slash ? path : ".", length);
    folder[length] = '\0';
    return folder;
}

static void serve(const struct worker_calls *calls, int channel, uint8_t *shared, const char *path,
                  const struct image_request *request)
{
    struct image_request inner = *request;
    struct answer *a = calloc(1, sizeof *a);
    struct image_info info = {.format = NULL};
    struct question q;
    struct block disk;
    char beside[PATH_MAX], target[PATH_MAX];
    const char *const folders[] = {folder_of(path, beside), folder_of(realpath(path, target) ? target : path, target)};

    if (!a)
        _exit(1);
    close_all_but(channel);
    channel = CHANNEL;
    inner.lock_in = NULL;
    a->good = request->lock_in(folders, 2, &a->error) && calls->open(path, &inner, &disk, &info, &a->error);
    a->value = a->good ? disk.sectors : 0;
    a->format = info.format ? 0 : UINT32_MAX;
    while (info.format && format_name(calls->formats, a->format) &&
           strcmp(format_name(calls->formats, a->format), info.format) != 0)
        a->format++;
    if (!stream_write(channel, a, sizeof *a) || !send_info(channel, &info) || !a->good)
        _exit(0);
    while (stream_read(channel, &q, sizeof q)) {
        *a = (struct answer){.good = 0};
        reply_to(calls, &q, &disk, shared, a);
        if (!stream_write(channel, a, sizeof *a))
            break;
    }
    _exit(0);
}

/* --- Its customer --- */

struct worker {
    pid_t process;
    int channel; /* below 0: it has ended */
    uint8_t *shared;
    uint64_t size, sectors;
    uint64_t ahead, ahead_count; /* sectors that `shared` holds */
    uint64_t next;               /* sector after the last one that was read */
    char path[PATH_MAX];
    struct error failure;
    struct answer answer; /* the last one */
};

/* The process sees the end of its questions, whatever becomes of the descriptor. */
static void hang_up(struct worker *w)
{
    if (w->channel < 0)
        return;
    shutdown(w->channel, SHUT_RDWR);
    close(w->channel);
}

/* What is said when the process answers no more. */
static bool has_ended(struct worker *w, struct error *error)
{
    int status = 0;

    hang_up(w);
    w->channel = -1;
    if (w->process > 0)
        while (waitpid(w->process, &status, 0) < 0 && errno == EINTR)
            continue;
    w->process = 0;
    return error_set(error, STATUS_INPUT, w->path, NULL, "do not trust the image",
                     WIFSIGNALED(status) ? "made its reader do what no reader does: signal %d ended it"
                                         : "made its reader end (%d)",
                     WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

static bool ask(struct worker *w, const struct question *q, struct error *error)
{
    if (w->channel < 0 || !stream_write(w->channel, q, sizeof *q) ||
        !stream_read(w->channel, &w->answer, sizeof w->answer))
        return has_ended(w, error);
    return true;
}

static bool is_ahead(const struct worker *w, uint64_t sector, uint32_t count)
{
    return sector >= w->ahead && sector - w->ahead <= w->ahead_count && count <= w->ahead_count - (sector - w->ahead);
}

/* Reads what comes after it as well, for one who reads in order: as far as it is good. */
static void read_ahead(struct worker *w, uint64_t sector)
{
    uint64_t left = w->sectors - sector, count = left < SHARED / SECTOR_SIZE ? left : SHARED / SECTOR_SIZE;
    struct error ignored;

    if (ask(w, &(struct question){.operation = READ, .at = sector, .length = count}, &ignored) &&
        w->answer.result == BLOCK_OK && w->answer.done == count) {
        w->ahead = sector;
        w->ahead_count = count;
    }
}

static enum block_result worker_read(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    struct worker *w = context;

    if (!is_ahead(w, sector, count)) {
        w->ahead_count = 0;
        if (sector == w->next && count < SHARED / SECTOR_SIZE)
            read_ahead(w, sector);
    }
    w->next = sector + count;
    if (is_ahead(w, sector, count)) {
        memcpy(buffer, w->shared + (sector - w->ahead) * SECTOR_SIZE, (size_t)count * SECTOR_SIZE);
        *done = count;
        return BLOCK_OK;
    }
    for (*done = 0; *done < count;) {
        uint32_t part = count - *done < SHARED / SECTOR_SIZE ? count - *done : SHARED / SECTOR_SIZE;

        if (!ask(w, &(struct question){.operation = READ, .at = sector + *done, .length = part}, &w->failure))
            return BLOCK_FAILED;
        if (w->answer.result == BLOCK_FAILED || w->answer.done > part) {
            w->failure = w->answer.error;
            make_error_fit(&w->failure, w->path);
            return BLOCK_FAILED;
        }
        memcpy(buffer + (size_t)*done * SECTOR_SIZE, w->shared, (size_t)w->answer.done * SECTOR_SIZE);
        *done += w->answer.done;
        if (w->answer.result != BLOCK_OK || w->answer.done < part)
            return BLOCK_UNREADABLE;
    }
    return BLOCK_OK;
}

static uint64_t worker_zeros(void *context, uint64_t sector)
{
    struct worker *w = context;

    if (is_ahead(w, sector, 1))
        return 0; /* it is read already */
    if (!ask(w, &(struct question){.operation = ZEROS, .at = sector}, &w->failure))
        return 0;
    return w->answer.value < w->sectors - sector ? w->answer.value : w->sectors - sector;
}

static const struct error *worker_failure(void *context)
{
    return &((struct worker *)context)->failure;
}

static void worker_close(void *context)
{
    struct worker *w = context;

    hang_up(w);
    if (w->process > 0)
        while (waitpid(w->process, NULL, 0) < 0 && errno == EINTR)
            continue;
    munmap(w->shared, SHARED);
    free(w);
}

static bool begin(struct worker *w, const struct worker_calls *calls, const char *path,
                  const struct image_request *request, struct error *error)
{
    int ends[2];

    w->shared = mmap(NULL, SHARED, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (w->shared == MAP_FAILED)
        return error_host(error, path, errno, "cannot share memory with a reader");
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
        return error_host(error, path, errno, "cannot begin a reader");
    fflush(stdout);
    w->process = fork();
    if (w->process == 0)
        serve(calls, ends[1], w->shared, path, request);
    close(ends[1]);
    w->channel = ends[0];
    return w->process > 0 || error_host(error, path, errno, "cannot begin a reader");
}

/* Hears how the image was opened. */
static bool hear(struct worker *w, const struct worker_calls *calls, struct image_info *info, struct error *error)
{
    if (!stream_read(w->channel, &w->answer, sizeof w->answer) || !receive_info(w->channel, info))
        return has_ended(w, error);
    info->format = format_name(calls->formats, w->answer.format);
    if (!w->answer.good) {
        *error = w->answer.error;
        make_error_fit(error, w->path);
        return false;
    }
    w->size = info->size;
    w->sectors = w->answer.value;
    return (info->format && w->size > 0 && w->size <= IMAGE_LIMIT &&
            w->sectors == (w->size + SECTOR_SIZE - 1) / SECTOR_SIZE) ||
           error_set(error, STATUS_INPUT, w->path, NULL, "do not trust the image", "made its reader lie");
}

bool worker_open(const struct worker_calls *calls, const char *path, const struct image_request *request,
                 struct block *disk, struct image_info *info, struct error *error)
{
    struct worker *w = calloc(1, sizeof *w);
    struct image_info own = {.format = NULL};

    if (info)
        *info = own;
    if (!w || strlen(path) >= sizeof w->path) {
        free(w);
        return error_host(error, path, w ? ENAMETOOLONG : ENOMEM, "cannot open");
    }
    w->channel = -1;
    w->shared = MAP_FAILED;
    snprintf(w->path, sizeof w->path, "%s", path);
    bool good = begin(w, calls, path, request, error) && hear(w, calls, &own, error);
    if (info)
        *info = own;
    else
        calls->free_info(&own);
    if (!good) {
        worker_close(w);
        return false;
    }
    *disk = (struct block){
        .context = w,
        .sectors = w->sectors,
        .read_only = true,
        .read = worker_read,
        .zeros = worker_zeros,
        .close = worker_close,
        .failure = worker_failure,
    };
    return true;
}

bool is_worker(const struct block *disk)
{
    return disk->read == worker_read;
}

uint64_t worker_size(const struct block *disk)
{
    return ((const struct worker *)disk->context)->size;
}

static bool ask_good(struct worker *w, const struct question *q, struct error *error)
{
    if (!ask(w, q, error))
        return false;
    if (w->answer.good)
        return true;
    *error = w->answer.error;
    make_error_fit(error, w->path);
    return false;
}

bool worker_unchanged(const struct block *disk, struct error *error)
{
    return ask_good(disk->context, &(struct question){.operation = UNCHANGED}, error);
}

bool worker_file_read(const struct block *disk, uint32_t file, uint64_t offset, void *buffer, size_t size,
                      struct error *error)
{
    struct worker *w = disk->context;

    w->ahead_count = 0;
    for (size_t done = 0; done < size;) {
        size_t part = size - done < SHARED ? size - done : SHARED;
        const struct question q = {.operation = FILE_READ, .file = file, .at = offset + done, .length = part};

        if (!ask_good(w, &q, error))
            return false;
        memcpy((char *)buffer + done, w->shared, part);
        done += part;
    }
    return true;
}
