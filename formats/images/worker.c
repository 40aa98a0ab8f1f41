/* worker.c - see worker.h.
 *
 * While the image is opened, the process sends wishes, each of which is granted or refused. When it has been opened, an
 * answer comes, and the arrays of its image_info. From then on the process gets questions, and answers them; bytes of
 * the disk lie in memory that both share. Customers of one process take turns by a lock that the process does not see,
 * and know by a number which answer is theirs: one that was killed may have left his. */
#define _GNU_SOURCE /* MAP_ANONYMOUS, SOCK_CLOEXEC, robust mutexes */
#include "formats/images/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "formats/file.h"
#include "formats/images/source.h"
#include "formats/libarchive.h"
#include "formats/message.h"
#include "formats/plain.h"

#define SHARED (1u << 20) /* bytes that are asked for at once, at most */
#define PIECE 65536u      /* bytes that are sent at once */
#define ANSWER_SECONDS 300
#define ENDING_MS 2000 /* that a process may take to end */

enum { CHANNEL = 3 }; /* of the process */

enum desire { NOTHING, OPEN, LOOK, HAS, TEMPORARY };

struct wish {
    uint32_t desire;
    char name[NAME_MAX + 1]; /* of a file beside the image; empty: the image itself */
};

struct grant {
    uint32_t good; /* and the descriptor comes with it, unless it was asked whether there is a file */
    struct error error;
};

enum operation { READ, ZEROS, FILE_READ, LEAVE };

struct question {
    uint32_t operation, file;
    uint64_t number, at, length; /* of the question; sectors; or, of a file, bytes */
};

struct answer {
    uint32_t good; /* 0: error says why */
    uint32_t result, done;
    uint64_t number, value;
    uint32_t format; /* of the opened image: format_name */
    uint64_t session;
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
    error_tame(error, STATUS_INPUT);
    if (error->status != STATUS_USAGE && error->status != STATUS_HOST)
        error->status = STATUS_INPUT;
    if (!*error->object)
        error_set(error, STATUS_INPUT, path, NULL, NULL, "cannot be read");
}

/* Messages keep their bounds, and have a length that both sides know. */
static bool send_all(int channel, const void *bytes, size_t size)
{
    for (size_t done = 0, part; done < size; done += part) {
        part = size - done < PIECE ? size - done : PIECE;
        if (!stream_write(channel, (const char *)bytes + done, part))
            return false;
    }
    return true;
}

static bool receive_all(int channel, void *bytes, size_t size)
{
    for (size_t done = 0, part; done < size; done += part) {
        ssize_t count;

        part = size - done < PIECE ? size - done : PIECE;
        do {
            errno = 0;
            count = read(channel, (char *)bytes + done, part);
        } while (count < 0 && errno == EINTR);
        if (count != (ssize_t)part)
            return false;
    }
    return true;
}

static bool send_info(int channel, struct image_info *info)
{
    bool good = send_all(channel, info, sizeof *info);

    for (size_t i = 0; good && i < LISTS; i++) {
        void *elements;
        uint32_t count;
        memcpy(&elements, (char *)info + lists[i].place, sizeof elements);
        memcpy(&count, (char *)info + lists[i].count_place, sizeof count);
        good = count == 0 || send_all(channel, elements, count * lists[i].size);
    }
    return good;
}

/* Takes the lists in; *info is whole, whatever comes. */
static bool receive_info(int channel, struct image_info *info, bool *out_of_memory)
{
    struct image_info came;
    bool good = receive_all(channel, &came, sizeof came);

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
        *out_of_memory = !elements && count <= lists[i].most;
        good = elements && receive_all(channel, elements, count * lists[i].size);
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

/* Leaves standard error, and the channel as 3. */
static void close_all_but(int channel)
{
    long most = sysconf(_SC_OPEN_MAX);

    dup2(channel, CHANNEL);
    for (int i = 0; i < 2; i++)
        close(i), open("/dev/null", O_RDONLY);
#ifdef SYS_close_range
    if (syscall(SYS_close_range, CHANNEL + 1, ~0U, 0) == 0)
        return;
#endif
    for (int i = CHANNEL + 1; i < (most > 0 && most < 65536 ? most : 65536); i++)
        close(i);
}

/* What the process has of its customer's. */
struct link {
    int channel;
    const char *path; /* of the image */
};

static bool wish(const struct link *link, enum desire desire, const char *name, int *descriptor, struct error *error)
{
    struct wish w = {.desire = desire};
    struct grant grant;
    size_t count = 1;

    snprintf(w.name, sizeof w.name, "%s", name);
    *descriptor = -1;
    if (!send_all(link->channel, &w, sizeof w) ||
        message_receive(link->channel, &grant, sizeof grant, descriptor, &count, 0) != (ssize_t)sizeof grant)
        _exit(0);
    if (!grant.good && error)
        *error = grant.error;
    return grant.good;
}

/* Links are allowed of the image alone. */
static int wish_open(void *context, const char *path, enum source_use use, struct error *error)
{
    int descriptor;

    return wish(context, use == SOURCE_LOOK ? LOOK : OPEN, use == SOURCE_GIVEN ? "" : path_name(path), &descriptor,
                error)
               ? descriptor
               : -1;
}

static bool wish_has(void *context, const char *path)
{
    int none;

    return wish(context, HAS, path_name(path), &none, NULL);
}

static int wish_temporary(void *context, struct error *error)
{
    int descriptor;

    return wish(context, TEMPORARY, "", &descriptor, error) ? descriptor : -1;
}

/* Who asks may be a process that a hostile volume has taken over. */
static bool fits(const struct question *q, const struct block *disk)
{
    switch (q->operation) {
    case READ: return q->length <= SHARED / SECTOR_SIZE && q->at <= disk->sectors && q->length <= disk->sectors - q->at;
    case ZEROS: return q->at < disk->sectors;
    default: return q->length <= SHARED;
    }
}

static void reply_to(const struct worker_calls *calls, const struct question *q, const struct block *disk,
                     uint8_t *shared, struct answer *a)
{
    if (!fits(q, disk)) {
        a->result = BLOCK_FAILED;
        error_set(&a->error, STATUS_INPUT, "image", NULL, NULL, "is not so long");
        return;
    }
    a->good = 1;
    switch (q->operation) {
    case READ:
        a->result = disk->read(disk->context, q->at, (uint32_t)q->length, shared, &a->done);
        if (a->result == BLOCK_FAILED)
            a->error = *disk->failure(disk->context);
        break;
    case ZEROS: a->value = disk->zeros(disk->context, q->at); break;
    default: a->good = calls->file_read(disk, q->file, q->at, shared, (size_t)q->length, &a->error);
    }
}

static void serve(const struct worker_calls *calls, pid_t customer, int channel, uint8_t *shared, const char *path,
                  const struct image_request *request)
{
    struct link link = {CHANNEL, path};
    const struct image_opener opener = {wish_open, wish_has, wish_temporary, &link};
    struct image_request inner = *request;
    struct answer here = {.good = 0}, *a = &here;
    struct image_info info = {.format = NULL};
    const struct wish no_more = {.desire = NOTHING};
    struct question q;
    struct block disk;

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* it may not end when its customer does */
    if (getppid() != customer)
        _exit(1);
    close_all_but(channel);
    inner.lock_in = NULL;
    inner.opener = &opener;
    a->good = request->lock_in(&a->error) && calls->open(path, &inner, &disk, &info, &a->error);
    a->value = a->good ? disk.sectors : 0;
    a->session = a->good ? disk.session : 0;
    a->format = info.format ? 0 : UINT32_MAX;
    while (info.format && format_name(calls->formats, a->format) &&
           strcmp(format_name(calls->formats, a->format), info.format) != 0)
        a->format++;
    if (!send_all(CHANNEL, &no_more, sizeof no_more) || !send_all(CHANNEL, a, sizeof *a) ||
        !send_info(CHANNEL, &info) || !a->good)
        _exit(0);
    while (receive_all(CHANNEL, &q, sizeof q) && q.operation != LEAVE) {
        *a = (struct answer){.number = q.number};
        reply_to(calls, &q, &disk, shared, a);
        if (!send_all(CHANNEL, a, sizeof *a))
            break;
    }
    _exit(0);
}

/* --- Its customer --- */

/* What customers share, and the process does not see. One of them may be hostile: what is here is checked. */
struct common {
    pthread_mutex_t lock;
    uint64_t number;             /* of the last question */
    uint64_t ahead, ahead_count; /* sectors that the shared bytes hold */
    uint64_t next;               /* sector after the last one that was read */
};

struct opened_file {
    char *path;
    struct file_state state;
};

struct worker {
    pid_t process; /* ended by who began it */
    int channel;   /* below 0: it has ended */
    uint8_t *shared;
    struct common *common;
    uint64_t size, sectors;
    struct opened_file *files;
    size_t file_count;
    bool follow;
    char path[PATH_MAX];
    struct error failure;
    struct answer answer; /* the last one */
};

/* The process is to end, whatever becomes of the descriptor: its status, or 0 if another process began it. One that
 * does not end in time is left: it is killed when this one ends. */
static int hang_up(struct worker *w)
{
    static const struct question last = {.operation = LEAVE};
    int status = 0;
    pid_t ended = w->process > 0 ? waitpid(w->process, &status, WNOHANG) : -1; /* and if it is another's child */

    if (w->channel >= 0 && ended == 0)
        send_all(w->channel, &last, sizeof last);
    for (unsigned i = 0; i < ENDING_MS && ended == 0; i++) {
        poll(NULL, 0, 1); /* a call that sessions have */
        ended = waitpid(w->process, &status, WNOHANG);
    }
    if (w->channel >= 0)
        close(w->channel);
    w->channel = -1;
    w->process = 0;
    return ended > 0 ? status : 0;
}

/* What is said when the process answers no more. */
static bool has_ended(struct worker *w, struct error *error)
{
    const bool endless = errno == EAGAIN;
    const int status = hang_up(w);

    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) /* which nothing in its jail sends */
        return error_set(error, STATUS_HOST, w->path, NULL, "see whether memory ran out", "its reader was killed");
    if (WIFSIGNALED(status))
        return error_set(error, STATUS_INPUT, w->path, NULL, "do not trust the image",
                         "made its reader do what no reader does: signal %d ended it", WTERMSIG(status));
    return error_set(error, STATUS_INPUT, w->path, NULL,
                     endless ? "do not trust the image" : "do not trust the image, unless the reader was killed",
                     "made its reader %s", endless ? "work without an end" : "end");
}

/* The next turn; the one before may have ended within his. */
static bool begin_turn(struct worker *w)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ANSWER_SECONDS;
    switch (pthread_mutex_clocklock(&w->common->lock, CLOCK_MONOTONIC, &until)) {
    case 0: return true;
    case EOWNERDEAD: w->common->ahead_count = 0; return pthread_mutex_consistent(&w->common->lock) == 0;
    default: return error_set(&w->failure, STATUS_HOST, w->path, NULL, NULL, "another process keeps its reader");
    }
}

static void end_turn(struct worker *w)
{
    pthread_mutex_unlock(&w->common->lock);
}

/* Within a turn. */
static bool ask(struct worker *w, struct question q, struct error *error)
{
    q.number = ++w->common->number;
    w->common->ahead_count = 0;
    if (w->channel < 0 || !send_all(w->channel, &q, sizeof q))
        return has_ended(w, error);
    do
        if (!receive_all(w->channel, &w->answer, sizeof w->answer))
            return has_ended(w, error);
    while (w->answer.number != q.number);
    return true;
}

static bool is_ahead(const struct worker *w, uint64_t sector, uint32_t count)
{
    const struct common c = *w->common;

    return c.ahead_count <= SHARED / SECTOR_SIZE && sector >= c.ahead && sector - c.ahead <= c.ahead_count &&
           count <= c.ahead_count - (sector - c.ahead);
}

/* Reads what comes after it as well, for one who reads in order: as far as it is good. */
static void read_ahead(struct worker *w, uint64_t sector)
{
    uint64_t left = w->sectors - sector, count = left < SHARED / SECTOR_SIZE ? left : SHARED / SECTOR_SIZE;
    struct error ignored;

    if (ask(w, (struct question){.operation = READ, .at = sector, .length = count}, &ignored) &&
        w->answer.result == BLOCK_OK && w->answer.done == count) {
        w->common->ahead = sector;
        w->common->ahead_count = count;
    }
}

/* Within a turn. */
static enum block_result read_sectors(struct worker *w, uint64_t sector, uint32_t count, uint8_t *buffer,
                                      uint32_t *done)
{
    if (!is_ahead(w, sector, count) && sector == w->common->next && sector < w->sectors && count < SHARED / SECTOR_SIZE)
        read_ahead(w, sector);
    w->common->next = sector + count;
    if (is_ahead(w, sector, count)) {
        memcpy(buffer, w->shared + (sector - w->common->ahead) * SECTOR_SIZE, (size_t)count * SECTOR_SIZE);
        *done = count;
        return BLOCK_OK;
    }
    for (*done = 0; *done < count;) {
        uint32_t part = count - *done < SHARED / SECTOR_SIZE ? count - *done : SHARED / SECTOR_SIZE;

        if (!ask(w, (struct question){.operation = READ, .at = sector + *done, .length = part}, &w->failure))
            return BLOCK_FAILED;
        if (w->answer.result == BLOCK_FAILED || w->answer.done > part) {
            w->failure = w->answer.error;
            make_error_fit(&w->failure, w->path);
            return BLOCK_FAILED;
        }
        memcpy(buffer + (size_t)*done * SECTOR_SIZE, w->shared, (size_t)w->answer.done * SECTOR_SIZE);
        *done += w->answer.done;
        if (w->answer.done < part)
            return BLOCK_UNREADABLE;
    }
    return BLOCK_OK;
}

static enum block_result worker_read(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    struct worker *w = context;
    enum block_result result;

    *done = 0;
    if (!begin_turn(w))
        return BLOCK_FAILED;
    result = read_sectors(w, sector, count, buffer, done);
    end_turn(w);
    return result;
}

static uint64_t worker_zeros(void *context, uint64_t sector)
{
    struct worker *w = context;
    uint64_t zeros = 0;

    if (!begin_turn(w))
        return 0;
    if (!is_ahead(w, sector, 1) && /* it is read already */
        ask(w, (struct question){.operation = ZEROS, .at = sector}, &w->failure))
        zeros = w->answer.value < w->sectors - sector ? w->answer.value : w->sectors - sector;
    end_turn(w);
    return zeros;
}

static const struct error *worker_failure(void *context)
{
    return &((struct worker *)context)->failure;
}

static void worker_close(void *context)
{
    struct worker *w = context;

    hang_up(w);
    if (w->shared != MAP_FAILED)
        munmap(w->shared, SHARED);
    if (w->common != MAP_FAILED)
        munmap(w->common, sizeof *w->common);
    for (size_t i = 0; i < w->file_count; i++)
        free(w->files[i].path);
    free(w->files);
    free(w);
}

/* --- Beginning --- */

static bool make_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t shared;

    return pthread_mutexattr_init(&shared) == 0 && pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED) == 0 &&
           pthread_mutexattr_setrobust(&shared, PTHREAD_MUTEX_ROBUST) == 0 && pthread_mutex_init(lock, &shared) == 0;
}

static void *share(size_t size)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static bool begin(struct worker *w, const struct worker_calls *calls, const char *path,
                  const struct image_request *request, struct error *error)
{
    const pid_t customer = getpid();
    int ends[2];

    w->shared = share(SHARED);
    w->common = share(sizeof *w->common);
    if (w->shared == MAP_FAILED || w->common == MAP_FAILED || !make_lock(&w->common->lock))
        return error_host(error, path, errno, "cannot share memory with a reader");
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return error_host(error, path, errno, "cannot begin a reader");
    fflush(stdout);
    libarchive_prepare();
    w->process = fork();
    if (w->process == 0) {
        munmap(w->common, sizeof *w->common);
        serve(calls, customer, ends[1], w->shared, path, request);
    }
    close(ends[1]);
    w->channel = ends[0];
    return w->process > 0 || error_host(error, path, errno, "cannot begin a reader");
}

/* Whether a file beside the image may be opened: it may be followed, or has the image's name but for the ending. */
static bool may_open(const struct worker *w, const char *name)
{
    const char *own = path_name(w->path);

    return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
           (w->follow || !strncmp(name, own, source_stem(own)));
}

/* Remembers a file as it is now. */
static bool remember(struct worker *w, int descriptor, const char *path, struct error *error)
{
    struct opened_file *more = realloc(w->files, (w->file_count + 1) * sizeof *more);

    if (!more)
        return error_host(error, path, ENOMEM, "cannot open");
    w->files = more;
    more += w->file_count;
    more->path = strdup(path);
    if (!more->path)
        return error_host(error, path, ENOMEM, "cannot open");
    w->file_count++;
    return file_state(descriptor, path, &more->state, error);
}

static int open_for(struct worker *w, const char *path, enum source_use use, struct error *error)
{
    int descriptor = w->file_count < FILES_LIMIT ? source_descriptor(path, use, error) : -1;

    if (descriptor < 0 || use == SOURCE_LOOK || remember(w, descriptor, path, error))
        return descriptor;
    close(descriptor);
    return -1;
}

/* Does what the process wishes; the descriptor is to be closed. */
static int fulfil(struct worker *w, struct wish *wish, struct grant *grant)
{
    char path[PATH_MAX];
    int folder = (int)(path_name(w->path) - w->path), descriptor = -1;

    error_set(&grant->error, STATUS_INPUT, w->path, NULL, "do not trust the image",
              "made its reader ask for what is not its own");
    wish->name[sizeof wish->name - 1] = '\0';
    if (wish->desire == TEMPORARY)
        descriptor = file_temporary(&grant->error);
    else if (wish->desire == OPEN && !*wish->name)
        descriptor = open_for(w, w->path, SOURCE_GIVEN, &grant->error);
    else if (!may_open(w, wish->name) ||
             snprintf(path, sizeof path, "%.*s%s", folder, w->path, wish->name) >= (int)sizeof path)
        return -1;
    else if (wish->desire == OPEN || wish->desire == LOOK)
        descriptor = open_for(w, path, wish->desire == LOOK ? SOURCE_LOOK : SOURCE_OF_IMAGE, &grant->error);
    else
        grant->good = source_exists(path);
    grant->good = grant->good || descriptor >= 0;
    return descriptor;
}

/* Until it has opened its image. */
static bool grant_wishes(struct worker *w)
{
    struct wish wish;

    for (unsigned temporaries = 0; temporaries <= DEPTH_LIMIT;) {
        struct grant grant = {.good = 0};
        int descriptor;
        bool sent;

        if (!receive_all(w->channel, &wish, sizeof wish))
            return false;
        if (wish.desire == NOTHING)
            return true;
        temporaries += wish.desire == TEMPORARY;
        descriptor = fulfil(w, &wish, &grant);
        sent = message_send(w->channel, &(struct iovec){&grant, sizeof grant}, 1, &descriptor, descriptor >= 0, 0) ==
               (ssize_t)sizeof grant;
        if (descriptor >= 0)
            close(descriptor);
        if (!sent)
            return false;
    }
    return false;
}

/* Whether the unreadable ranges follow each other within the disk. */
static bool are_in_order(const struct image_info *info, uint64_t sectors)
{
    uint64_t end = 0;

    for (uint32_t i = 0; i < info->unreadable_count; i++) {
        const struct sector_range *range = &info->unreadable[i];
        if (range->first < end || range->first >= sectors || !range->count || range->count > sectors - range->first)
            return false;
        end = range->first + range->count;
    }
    return true;
}

/* Hears how the image was opened. */
static bool hear(struct worker *w, const struct worker_calls *calls, struct image_info *info, struct error *error)
{
    const struct timeval patience = {.tv_sec = ANSWER_SECONDS};
    bool out_of_memory = false;

    if (!grant_wishes(w) || !receive_all(w->channel, &w->answer, sizeof w->answer) ||
        !receive_info(w->channel, info, &out_of_memory))
        return out_of_memory ? error_host(error, w->path, ENOMEM, "cannot open") : has_ended(w, error);
    info->format = format_name(calls->formats, w->answer.format);
    if (!w->answer.good) {
        *error = w->answer.error;
        make_error_fit(error, w->path);
        return false;
    }
    w->size = info->size;
    w->sectors = w->answer.value;
    if (setsockopt(w->channel, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) ||
        setsockopt(w->channel, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience))
        return error_host(error, w->path, errno, "cannot begin a reader");
    return (info->format && w->size > 0 && w->size <= IMAGE_LIMIT &&
            w->sectors == (w->size + SECTOR_SIZE - 1) / SECTOR_SIZE && are_in_order(info, w->sectors)) ||
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
    w->common = MAP_FAILED;
    w->follow = request->follow;
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
        .session = w->answer.session < w->sectors ? w->answer.session : 0,
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

int worker_channel(const struct block *disk)
{
    return ((const struct worker *)disk->context)->channel;
}

bool worker_unchanged(const struct block *disk, struct error *error)
{
    const struct worker *w = disk->context;

    for (size_t i = 0; i < w->file_count; i++)
        if (!file_still(w->files[i].path, &w->files[i].state, error))
            return false;
    return true;
}

static bool file_part(struct worker *w, const struct question *q, void *to, struct error *error)
{
    bool good = begin_turn(w) || (*error = w->failure, false);

    if (!good)
        return false;
    good = ask(w, *q, error);
    if (good && !w->answer.good) {
        *error = w->answer.error;
        make_error_fit(error, w->path);
        good = false;
    }
    if (good)
        memcpy(to, w->shared, (size_t)q->length);
    end_turn(w);
    return good;
}

bool worker_file_read(const struct block *disk, uint32_t file, uint64_t offset, void *buffer, size_t size,
                      struct error *error)
{
    struct worker *w = disk->context;

    for (size_t done = 0; done < size;) {
        size_t part = size - done < SHARED ? size - done : SHARED;
        const struct question q = {.operation = FILE_READ, .file = file, .at = offset + done, .length = part};

        if (!file_part(w, &q, (char *)buffer + done, error))
            return false;
        done += part;
    }
    return true;
}
