/* gzip.c - random access to what is in a gzip file (RFC 1952), or in bare deflate (RFC 1951), without unpacking it to a
 * disk.
 *
 * At opening the whole is unpacked once, which checks it. Of some places, at most 256 and evenly apart, the input's
 * offset and the 32 KiB before them are kept: decompression resumes at the last one before what is asked for. A few
 * pages of what was read are kept. */
#include "formats/images/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#define WINDOW 32768u
#define POINTS 256u
#define SPACING (1u << 20) /* bytes of contents between points, at first */
#define INPUT 65536u
#define PAGES 16u
#define GZIP 31 /* window bits: a gzip stream, a raw one */
#define BARE -15

struct point {
    uint64_t out, in; /* offsets of the contents and of the file */
    unsigned bits;    /* of the byte before `in` that are still to be read */
    uint8_t *window;  /* null: all begins here */
};

struct unpacker {
    z_stream z;
    uint64_t at, in; /* where the stream stands in the contents; the next input byte that is to be loaded */
    uint64_t end;    /* of the input, in the file */
    uint32_t crc;    /* of the contents, where there are no gzip headers */
    bool headless, bare, ended;
    uint8_t input[INPUT], window[WINDOW];
    struct point points[POINTS];
    unsigned count;
    struct {
        uint64_t number, used; /* used 0: empty */
        uint8_t bytes[WINDOW];
    } pages[PAGES];
    uint64_t clock;
};

static const char *format_of(const struct unpacker *u)
{
    return u->headless ? "zip" : "gzip";
}

static bool load_input(const struct source *source, struct unpacker *u, struct error *error)
{
    uint64_t left = u->end - u->in;
    size_t size = left < INPUT ? (size_t)left : INPUT;

    if (size == 0)
        return error_set(error, STATUS_INPUT, source->path, NULL, "get a complete copy", "ends within its %s data",
                         format_of(u));
    if (!source_read_file(source, u->in, u->input, size, error))
        return false;
    u->in += size;
    u->z.next_in = u->input;
    u->z.avail_in = (uInt)size;
    return true;
}

static bool damaged(const struct source *source, const struct unpacker *u, struct error *error)
{
    char place[64];

    snprintf(place, sizeof place, "offset %llu", (unsigned long long)(u->in - u->z.avail_in));
    return error_set(error, STATUS_INPUT, source->path, place, "get a sound copy", "has damaged %s data", format_of(u));
}

static bool next_byte(const struct source *source, struct unpacker *u, uint8_t *byte, struct error *error)
{
    if (u->z.avail_in == 0 && !load_input(source, u, error))
        return false;
    *byte = *u->z.next_in++;
    u->z.avail_in--;
    return true;
}

/* After the end of a member: another one, or the end. Zeros may fill the file up. */
static bool next_member(const struct source *source, struct unpacker *u, struct error *error)
{
    uint8_t byte = 0;

    if (u->headless)
        return u->ended = true;
    for (int i = 0; u->bare && i < 8; i++) /* CRC-32 and length */
        if (!next_byte(source, u, &byte, error))
            return false;
    while ((u->z.avail_in > 0 || u->in < u->end) && !u->ended) {
        if (u->z.avail_in == 0 && !load_input(source, u, error))
            return false;
        if (*u->z.next_in == 0x1f) {
            u->bare = false;
            return inflateReset2(&u->z, GZIP) == Z_OK;
        }
        if (*u->z.next_in != 0)
            return damaged(source, u, error);
        next_byte(source, u, &byte, error);
    }
    u->ended = true;
    return true;
}

/* One step of decompression, up to `size` bytes. Stops at ends of blocks where flush is Z_BLOCK. */
static bool step(const struct source *source, struct unpacker *u, uint8_t *to, uint32_t size, int flush, uint32_t *got,
                 struct error *error)
{
    int result;

    *got = 0;
    if (u->z.avail_in == 0 && !(u->headless && u->in == u->end) && !load_input(source, u, error))
        return false;
    u->z.next_out = to;
    u->z.avail_out = size;
    result = inflate(&u->z, flush);
    *got = size - u->z.avail_out;
    u->at += *got;
    if (result == Z_STREAM_END)
        return next_member(source, u, error);
    if (result == Z_BUF_ERROR && u->z.avail_in == 0 && *got == 0)
        return load_input(source, u, error);
    return result == Z_OK || result == Z_BUF_ERROR || damaged(source, u, error);
}

static bool resume(const struct source *source, struct unpacker *u, const struct point *p, struct error *error)
{
    uint8_t byte;

    u->at = p->out;
    u->in = p->in - (p->bits ? 1 : 0);
    u->z.avail_in = 0;
    u->ended = false;
    u->bare = p->window || u->headless;
    if (inflateReset2(&u->z, u->bare ? BARE : GZIP) != Z_OK)
        return damaged(source, u, error);
    if (!p->window)
        return true;
    if (p->bits) {
        if (!next_byte(source, u, &byte, error))
            return false;
        inflatePrime(&u->z, (int)p->bits, byte >> (8 - p->bits));
    }
    return inflateSetDictionary(&u->z, p->window, WINDOW) == Z_OK || damaged(source, u, error);
}

/* Keeps every other point. */
static void thin_out(struct unpacker *u)
{
    for (unsigned i = 0; i < u->count; i++) {
        if (i % 2)
            free(u->points[i].window);
        else
            u->points[i / 2] = u->points[i];
    }
    u->count = (u->count + 1) / 2;
}

/* The window is a ring that ends at `end`. */
static bool add_point(const struct source *source, struct unpacker *u, uint32_t end, uint64_t *spacing,
                      struct error *error)
{
    uint8_t *window = malloc(WINDOW);

    if (!window)
        return error_host(error, source->path, ENOMEM, "cannot open");
    if (u->count == POINTS) {
        thin_out(u);
        *spacing *= 2;
    }
    memcpy(window, u->window + end, WINDOW - end);
    memcpy(window + WINDOW - end, u->window, end);
    u->points[u->count++] = (struct point){u->at, u->in - u->z.avail_in, (unsigned)u->z.data_type & 7, window};
    return true;
}

/* Unpacks everything once. */
static bool build(struct source *source, struct unpacker *u, const struct image_request *request, struct error *error)
{
    uint64_t spacing = SPACING, shown = 0;
    uint32_t end = 0, got;

    u->points[u->count++] = (struct point){.in = u->in};
    if (!resume(source, u, &u->points[0], error))
        return false;
    while (!u->ended) {
        if (!step(source, u, u->window + end, WINDOW - end, Z_BLOCK, &got, error))
            return false;
        if (u->headless)
            u->crc = (uint32_t)crc32(u->crc, u->window + end, got);
        end = (end + got) % WINDOW;
        if (u->at > IMAGE_LIMIT)
            return error_set(error, STATUS_INPUT, source->path, NULL, NULL, "holds more than 2^47 bytes");
        if (u->in != shown && request->progress &&
            !request->progress(request->progress_context, shown = u->in, source->file_size))
            return error_set(error, STATUS_HOST, source->path, NULL, NULL, "interrupted");
        if (!u->ended && u->z.data_type & 128 && !(u->z.data_type & 64) && u->at >= WINDOW &&
            u->at - u->points[u->count - 1].out >= spacing && !add_point(source, u, end, &spacing, error))
            return false;
    }
    return true;
}

static bool open_at(struct source *source, uint64_t begin, uint64_t end, bool headless,
                    const struct image_request *request, struct error *error)
{
    struct unpacker *u = calloc(1, sizeof *u);

    if (!u || inflateInit2(&u->z, GZIP) != Z_OK) {
        free(u);
        return error_host(error, source->path, ENOMEM, "cannot open");
    }
    u->in = begin;
    u->end = end;
    u->headless = headless;
    source->unpacker = u;
    if (!build(source, u, request, error))
        return false;
    source->size = u->at;
    return true;
}

bool gzip_open(struct source *source, const struct image_request *request, struct error *error)
{
    return open_at(source, 0, source->file_size, false, request, error);
}

bool gzip_open_bare(struct source *source, uint64_t at, uint64_t packed, uint64_t size, uint32_t crc,
                    const struct image_request *request, struct error *error)
{
    return open_at(source, at, at + packed, true, request, error) &&
           ((source->size == size && source->unpacker->crc == crc) ||
            error_set(error, STATUS_INPUT, source->path, NULL, "get a sound copy",
                      "has a member whose checksum is wrong"));
}

void gzip_close(struct unpacker *u)
{
    if (!u)
        return;
    inflateEnd(&u->z);
    while (u->count > 0)
        free(u->points[--u->count].window);
    free(u);
}

/* Decompresses one page, from the nearest place before it. */
static bool load_page(const struct source *source, struct unpacker *u, uint64_t number, uint8_t *page,
                      struct error *error)
{
    uint64_t target = number * WINDOW;
    unsigned best = 0;
    uint32_t got;

    for (unsigned i = 1; i < u->count && u->points[i].out <= target; i++)
        best = i;
    if ((u->at > target || u->at < u->points[best].out) && !resume(source, u, &u->points[best], error))
        return false;
    while (u->at < target) {
        uint64_t left = target - u->at;

        if (u->ended || !step(source, u, page, left < WINDOW ? (uint32_t)left : WINDOW, Z_NO_FLUSH, &got, error))
            return u->ended ? damaged(source, u, error) : false;
    }
    for (uint32_t filled = 0; filled < WINDOW && !u->ended; filled += got)
        if (!step(source, u, page + filled, WINDOW - filled, Z_NO_FLUSH, &got, error))
            return false;
    return true;
}

bool gzip_read(const struct source *source, uint64_t offset, uint8_t *buffer, size_t size, struct error *error)
{
    struct unpacker *u = source->unpacker;

    while (size > 0) {
        uint64_t number = offset / WINDOW;
        uint32_t inside = (uint32_t)(offset % WINDOW);
        size_t part = WINDOW - inside < size ? WINDOW - inside : size;
        unsigned oldest = 0, i = 0;

        for (; i < PAGES && !(u->pages[i].used && u->pages[i].number == number); i++)
            if (u->pages[i].used < u->pages[oldest].used)
                oldest = i;
        if (i == PAGES) {
            i = oldest;
            u->pages[i].used = 0;
            if (!load_page(source, u, number, u->pages[i].bytes, error))
                return false;
            u->pages[i].number = number;
        }
        u->pages[i].used = ++u->clock;
        memcpy(buffer, u->pages[i].bytes + inside, part);
        offset += part;
        buffer += part;
        size -= part;
    }
    return true;
}

bool gzip_holds_tar(const uint8_t *head, size_t size)
{
    z_stream z = {.next_in = (Bytef *)head, .avail_in = (uInt)size};
    uint8_t block[512] = {0};

    z.next_out = block;
    z.avail_out = sizeof block;
    if (inflateInit2(&z, GZIP) != Z_OK)
        return false;
    inflate(&z, Z_SYNC_FLUSH);
    inflateEnd(&z);
    return !memcmp(block + 257, "ustar", 5);
}
