/* pages.c - see pages.h. */
#include "desk/pages.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "formats/message.h"

#define PATIENCE_MS 50 /* for a chunk: to read and verify it takes a few milliseconds */
#define REST_SECONDS 2 /* without questions, after one that was not answered in time */
#define FULL_SECONDS 5 /* the same, after one for which there was no room: others may have made some */
#define MAP_ROUND UINT64_C(65536)

/* --- Where what is --- */

uint64_t pages_before(const struct archive *archive, unsigned slot)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < slot; i++)
        count += archive_chunks(archive, i);
    return count;
}

uint64_t pages_place(const struct archive *archive, uint64_t chunk)
{
    return (pages_before(archive, DRIVE_COUNT) + MAP_ROUND - 1) / MAP_ROUND * MAP_ROUND + chunk * CHUNK_SIZE;
}

/* --- Chunks --- */

static bool is_there(const struct pages *pages, uint64_t chunk)
{
    uint8_t there = 0;

    return pread(pages->file, &there, 1, (off_t)chunk) == 1 && there;
}

static uint64_t seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec;
}

/* Asks, and waits for a moment. An answer to an earlier question may come before. */
static void ask(struct pages *pages, uint64_t chunk)
{
    struct pages_message m = {.chunk = chunk, .kind = PAGES_ASK};
    struct pollfd polled = {.fd = pages->socket, .events = POLLIN};
    ssize_t got = write(pages->socket, &m, sizeof m);

    while (got == sizeof m && poll(&polled, 1, PATIENCE_MS) > 0) {
        got = read(pages->socket, &m, sizeof m);
        if (got == sizeof m && m.kind == PAGES_FULL)
            pages->asks_from = seconds() + FULL_SECONDS;
        if (got == sizeof m && m.chunk == chunk)
            return;
    }
    pages->asks = pages->asks && got == sizeof m; /* else the other end is gone */
    pages->asks_from = seconds() + REST_SECONDS;
}

static bool read_shared(void *context, enum drive_slot slot, uint64_t chunk, uint8_t *bytes)
{
    struct pages *pages = context;

    chunk += pages_before(pages->archive, slot);
    if (!is_there(pages, chunk) && pages->asks && seconds() >= pages->asks_from)
        ask(pages, chunk);
    return is_there(pages, chunk) &&
           pread(pages->file, bytes, CHUNK_SIZE, (off_t)pages_place(pages->archive, chunk)) == CHUNK_SIZE;
}

/* --- The offer --- */

/* Receives it, of which `got` bytes came, with `count` descriptors. False: it is none. */
static bool receive(int socket, char *bytes, size_t *got, int *descriptors, size_t *count)
{
    ssize_t size;

    *count = PAGES_DESCRIPTORS;
    size = message_receive(socket, bytes, PAGES_OFFER, descriptors, count, 0);
    *got = size > 0 ? (size_t)size : 0;
    return *got >= sizeof(struct pages_offer);
}

/* The names after an offer. False: they are not as many as it says. */
static bool find_files(const char *bytes, size_t got, uint32_t count, const char **files)
{
    size_t at = sizeof(struct pages_offer);

    for (uint32_t i = 0; i < count; i++) {
        const char *end = memchr(bytes + at, '\0', got - at);
        if (!end)
            return false;
        files[i] = bytes + at;
        at = (size_t)(end - bytes) + 1;
    }
    return true;
}

/* Opens what an offer has. The descriptors of the files are closed by the caller. */
static struct archive *accept_offer(const char *bytes, size_t got, const int *descriptors, size_t count,
                                    struct pages *pages, struct error *error)
{
    const char *files[CHAIN_LIMIT];
    struct pages_offer offer;

    memcpy(&offer, bytes, sizeof offer);
    if (offer.why.status != STATUS_OK) {
        *error = offer.why;
        error_tame(error, STATUS_HOST);
        return NULL;
    }
    if (!offer.files || offer.files > CHAIN_LIMIT || count != offer.files + (offer.pages ? 1u : 0u) ||
        !find_files(bytes, got, offer.files, files)) {
        error_set(error, STATUS_HOST, "storage", NULL, NULL, "makes an offer that is not right");
        return NULL;
    }
    pages->archive = archive_open_chain(descriptors, files, offer.files, error);
    if (pages->archive && offer.pages) {
        pages->file = dup(descriptors[offer.files]);
        pages->asks = true;
        if (pages->file >= 0)
            archive_share(pages->archive, &(struct archive_pages){pages, read_shared});
    }
    return pages->archive;
}

struct archive *pages_receive(int socket, struct pages *pages, struct error *error)
{
    char *bytes = calloc(1, PAGES_OFFER);
    int descriptors[PAGES_DESCRIPTORS + 1]; /* the room for an odd number has one more */
    size_t got = 0, count = 0;

    *pages = (struct pages){.socket = socket, .file = -1};
    error_set(error, STATUS_HOST, "storage", NULL, "try again", "the storage process has ended");
    if (bytes && receive(socket, bytes, &got, descriptors, &count))
        accept_offer(bytes, got, descriptors, count, pages, error);
    for (size_t i = 0; i < count; i++)
        close(descriptors[i]);
    free(bytes);
    return pages->archive;
}
