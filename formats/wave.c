/* wave.c - see wave.h. What is in a file is hostile: sizes are compared with the file's before anything is read. It may
 * change meanwhile as well: it is read in whole blocks, which the caller knows again. */
#include "formats/wave.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "formats/error.h"
#include "formats/numbers.h"

enum { HEAD = 12, CHUNK_HEAD = 8, FORMAT_LEAST = 16, FORMAT_MOST = 40, CHUNKS = 1000, PART = 512 };
enum { TAG_PCM = 1, TAG_EXTENSIBLE = 0xFFFE };
#define NO_BLOCK UINT64_MAX

struct file {
    int descriptor;
    const char *path;
    struct wave_watch watch;
    uint64_t size, samples;   /* of the file; where its samples begin */
    unsigned channels, bytes; /* of a sample */
    uint64_t held;            /* the block that is in `block`, or NO_BLOCK */
    uint8_t block[WAVE_BLOCK];
    struct error error;
};

static bool load_block(struct file *f, uint64_t number)
{
    uint64_t at = number * WAVE_BLOCK;
    size_t length = f->size - at < WAVE_BLOCK ? (size_t)(f->size - at) : WAVE_BLOCK;

    f->held = NO_BLOCK;
    for (size_t done = 0; done < length;) {
        ssize_t part = pread(f->descriptor, f->block + done, length - done, (off_t)(at + done));
        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return error_host(&f->error, f->path, errno, "cannot read");
        if (!part)
            return error_set(&f->error, STATUS_HOST, f->path, NULL, NULL, "became shorter while it was read");
        done += (size_t)part;
    }
    if (f->watch.block && !f->watch.block(f->watch.context, number, f->block, length, f->path, &f->error))
        return false;
    f->held = number;
    return true;
}

static bool read_at(struct file *f, uint64_t at, uint8_t *bytes, size_t length)
{
    if (at > f->size || length > f->size - at)
        return error_host(&f->error, f->path, EIO, "cannot read");
    while (length) {
        size_t offset = at % WAVE_BLOCK, part = length < WAVE_BLOCK - offset ? length : WAVE_BLOCK - offset;
        if (f->held != at / WAVE_BLOCK && !load_block(f, at / WAVE_BLOCK))
            return false;
        memcpy(bytes, f->block + offset, part);
        at += part;
        bytes += part;
        length -= part;
    }
    return true;
}

/* Shows all of the file to who watches. */
static bool read_whole(struct file *f)
{
    for (uint64_t number = 0; f->watch.block && number * WAVE_BLOCK < f->size; number++)
        if (!load_block(f, number))
            return false;
    return true;
}

static bool refuse(const struct file *f, const char *what, struct error *error)
{
    return error_set(error, STATUS_INPUT, f->path, NULL, "give a WAV file of PCM, 8, 16 or 24 bits, mono or stereo",
                     "%s", what);
}

/* --- Reading frames --- */

/* The upper 16 bits of a sample. Those of 8 bits have no sign. */
static int16_t sample(const uint8_t *at, unsigned bytes)
{
    return bytes == 1 ? (int16_t)((at[0] ^ 0x80) << 8) : (int16_t)get_le16(at + bytes - 2);
}

static bool read_frames(void *context, uint64_t first, uint32_t count, int16_t (*frames)[2])
{
    struct file *f = context;
    uint32_t size = f->channels * f->bytes, part;
    uint8_t bytes[PART * 2 * 3];

    for (uint32_t at = 0; at < count; at += part) {
        part = count - at < PART ? count - at : PART;
        if (!read_at(f, f->samples + (first + at) * size, bytes, (size_t)part * size))
            return false;
        for (uint32_t i = 0; i < part; i++)
            for (unsigned side = 0; side < 2; side++)
                frames[at + i][side] = sample(bytes + i * size + (side && f->channels == 2 ? f->bytes : 0), f->bytes);
    }
    return true;
}

static const struct error *failure(void *context)
{
    return &((struct file *)context)->error;
}

static void close_file(void *context)
{
    struct file *f = context;

    if (f->descriptor >= 0)
        close(f->descriptor);
    free(f);
}

/* --- The head --- */

static bool read_format(struct file *f, uint64_t at, uint32_t length, struct wave *wave, struct error *error)
{
    static const uint8_t pcm[16] = {1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71};
    uint8_t format[FORMAT_MOST] = {0};
    unsigned tag, bits;

    if (length < FORMAT_LEAST)
        return refuse(f, "has a format that is cut short", error);
    if (!read_at(f, at, format, length < sizeof format ? length : sizeof format))
        return *error = f->error, false;
    tag = get_le16(format);
    if (tag == TAG_EXTENSIBLE && length >= FORMAT_MOST && !memcmp(format + 24, pcm, sizeof pcm))
        tag = TAG_PCM;
    f->channels = get_le16(format + 2);
    wave->rate = get_le32(format + 4);
    bits = get_le16(format + 14);
    f->bytes = bits / 8;
    if (tag != TAG_PCM || (bits != 8 && bits != 16 && bits != 24))
        return refuse(f, "has samples that are no PCM of 8, 16 or 24 bits", error);
    if (f->channels != 1 && f->channels != 2)
        return refuse(f, "has neither one channel nor two", error);
    if (get_le16(format + 12) != f->channels * f->bytes)
        return refuse(f, "has frames of a size that does not follow from channels and bits", error);
    if (wave->rate < WAVE_RATE_LEAST || wave->rate > WAVE_RATE_MOST)
        return error_set(error, STATUS_INPUT, f->path, NULL, NULL, "has a rate that is not from %u to %u Hz",
                         WAVE_RATE_LEAST, WAVE_RATE_MOST);
    return true;
}

/* A length of FFFFFFFFh reaches to the end of the file, as programs write it that cannot know it. */
static bool read_data(struct file *f, uint64_t at, uint32_t length, struct wave *wave, struct error *error)
{
    uint64_t bytes = length == UINT32_MAX ? f->size - at : length;

    if (bytes > f->size - at)
        return refuse(f, "ends within its samples", error);
    f->samples = at;
    wave->frames = bytes / (f->channels * f->bytes);
    return wave->frames || refuse(f, "has no samples", error);
}

static bool read_chunks(struct file *f, struct wave *wave, struct error *error)
{
    uint8_t head[HEAD];
    uint64_t at = HEAD;

    if (f->size < HEAD)
        return refuse(f, "is no WAV file", error);
    if (!read_at(f, 0, head, HEAD))
        return *error = f->error, false;
    if (memcmp(head, "RIFF", 4) || memcmp(head + 8, "WAVE", 4))
        return refuse(f, "is no WAV file", error);
    for (unsigned n = 0; n < CHUNKS && f->size - at >= CHUNK_HEAD; n++) {
        if (!read_at(f, at, head, CHUNK_HEAD))
            return *error = f->error, false;
        uint32_t length = get_le32(head + 4);
        at += CHUNK_HEAD;
        if (!memcmp(head, "data", 4))
            return f->channels ? read_data(f, at, length, wave, error)
                               : refuse(f, "has samples before their format", error);
        if (length > f->size - at)
            return refuse(f, "ends within a chunk", error);
        if (!memcmp(head, "fmt ", 4) && !read_format(f, at, length, wave, error))
            return false;
        at += length + (length & 1 && length < f->size - at);
    }
    return refuse(f, "has no samples", error);
}

/* Does not wait for who writes to a FIFO: nothing comes from one, and it has no size. */
static int open_now(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

bool wave_open(const char *path, const struct wave_watch *watch, struct wave *wave, struct error *error)
{
    struct file *f = calloc(1, sizeof *f);
    off_t size;

    *wave = (struct wave){.context = f, .read = read_frames, .failure = failure, .close = close_file};
    if (!f)
        return error_host(error, path, ENOMEM, "cannot open");
    f->path = path;
    f->held = NO_BLOCK;
    if (watch)
        f->watch = *watch;
    f->descriptor = open_now(path);
    if (f->descriptor < 0 || (size = lseek(f->descriptor, 0, SEEK_END)) < 0) {
        error_host(error, path, errno, "cannot open");
        close_file(f);
        return false;
    }
    f->size = (uint64_t)size;
    bool good = f->size > WAVE_SIZE_MOST ? refuse(f, "is longer than 64 GiB", error)
                : !read_whole(f)         ? (*error = f->error, false)
                                         : read_chunks(f, wave, error);
    if (!good)
        close_file(f);
    return good;
}

bool wave_is(const char *path)
{
    uint8_t head[HEAD];
    int descriptor = open_now(path);
    bool is = descriptor >= 0 && pread(descriptor, head, HEAD, 0) == HEAD && !memcmp(head, "RIFF", 4) &&
              !memcmp(head + 8, "WAVE", 4);

    if (descriptor >= 0)
        close(descriptor);
    return is;
}
