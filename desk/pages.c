/* pages.c - see pages.h. */
#include "desk/pages.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "formats/message.h"
#include "formats/monotonic.h"

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

/* Asks, and waits for a moment. An answer to an earlier question may come before. */
static void ask(struct pages *pages, uint64_t chunk)
{
    struct pages_message m = {.chunk = chunk, .kind = PAGES_ASK};
    struct pollfd polled = {.fd = pages->socket, .events = POLLIN};
    ssize_t got = write(pages->socket, &m, sizeof m);

    while (got == sizeof m && poll(&polled, 1, PATIENCE_MS) > 0) {
        got = read(pages->socket, &m, sizeof m);
        if (got == sizeof m && m.kind == PAGES_FULL)
            pages->asks_from = monotonic_seconds() + FULL_SECONDS;
        if (got == sizeof m && m.chunk == chunk)
            return;
    }
    pages->asks = pages->asks && got == sizeof m; /* else the other end is gone */
    pages->asks_from = monotonic_seconds() + REST_SECONDS;
}

static bool read_shared(void *context, enum drive_slot slot, uint64_t chunk, uint8_t *bytes)
{
    struct pages *pages = context;

    chunk += pages_before(pages->archive, slot);
    if (!is_there(pages, chunk) && pages->asks && monotonic_seconds() >= pages->asks_from)
        ask(pages, chunk);
    return is_there(pages, chunk) &&
           pread(pages->file, bytes, CHUNK_SIZE, (off_t)pages_place(pages->archive, chunk)) == CHUNK_SIZE;
}

/* --- The offer --- */

/* The names after an offer. False: they are not as many as it says. */
static bool find_files(const char *names, size_t size, uint32_t count, const char **files)
{
    size_t at = 0;

    for (uint32_t i = 0; i < count; i++) {
        const char *end = memchr(names + at, '\0', size - at);
        if (!end)
            return false;
        files[i] = names + at;
        at = (size_t)(end - names) + 1;
    }
    return true;
}

/* Takes an offer, whose head and names these are. False: it is none, and its descriptors are the caller's. */
static bool take_offer(struct pages *pages, size_t names, const int *descriptors, size_t count, struct error *error)
{
    const struct pages_offer *offer = &pages->offer;
    const char *files[CHAIN_LIMIT];

    if (offer->why.status != STATUS_OK) {
        *error = offer->why;
        error_tame(error, STATUS_HOST);
        return false;
    }
    if (!offer->files || offer->files > CHAIN_LIMIT || count != offer->files + (offer->pages ? 1u : 0u) ||
        !find_files(pages->names, names, offer->files, files))
        return error_set(error, STATUS_HOST, "storage", NULL, NULL, "makes an offer that is not right");
    memcpy(pages->descriptors, descriptors, offer->files * sizeof *descriptors);
    if (offer->pages)
        pages->file = descriptors[offer->files];
    return true;
}

bool pages_receive(int socket, struct pages *pages, struct error *error)
{
    char *bytes = calloc(1, PAGES_OFFER);
    int descriptors[PAGES_DESCRIPTORS + 1]; /* the room for an odd number has one more */
    size_t count = PAGES_DESCRIPTORS;
    ssize_t got = bytes ? message_receive(socket, bytes, PAGES_OFFER, descriptors, &count, 0) : -1;
    bool good = false;

    *pages = (struct pages){.socket = socket, .file = -1, .names = bytes};
    error_set(error, STATUS_HOST, "storage", NULL, "try again", "the storage process has ended");
    if (got >= (ssize_t)sizeof pages->offer) {
        const size_t names = (size_t)got - sizeof pages->offer;
        memcpy(&pages->offer, bytes, sizeof pages->offer);
        memmove(bytes, bytes + sizeof pages->offer, names);
        good = take_offer(pages, names, descriptors, count, error);
    }
    for (size_t i = 0; bytes && !good && i < count; i++)
        close(descriptors[i]);
    return good;
}

struct archive *pages_open(struct pages *pages, struct error *error)
{
    const char *files[CHAIN_LIMIT], *name = pages->names;

    for (uint32_t i = 0; i < pages->offer.files; i++, name += strlen(name) + 1)
        files[i] = name;
    pages->archive = archive_open_chain(pages->descriptors, files, pages->offer.files, error);
    free(pages->names);
    pages->names = NULL;
    pages->asks = pages->file >= 0;
    if (pages->archive && pages->file >= 0)
        archive_share(pages->archive, &(struct archive_pages){pages, read_shared});
    return pages->archive;
}
