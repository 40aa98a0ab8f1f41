/* journal_write.c - writes journals, line by line, so that what was recorded is there even if the recorder is killed.
 *
 * A line reaches the file with one write when its input has been given, and the disk by a sync at once, or, if there
 * was one a moment ago, at most SYNC_AFTER later. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/archive.h"
#include "formats/monotonic.h"
#include "formats/output.h"
#include "verify/runs/journal_line.h"

#define SYNC_AFTER 40 /* milliseconds */

/* Returns false. */
static bool error_copy(struct error *to, const struct error *from)
{
    *to = *from;
    return false;
}

static bool sync_now(struct journal_writer *w)
{
    if (w->error.status != STATUS_OK)
        return false;
    if (w->into && !sync_now(w->into))
        return error_copy(&w->error, &w->into->error);
    if (w->descriptor >= 0 && fdatasync(w->descriptor) != 0 && errno != EINVAL) /* EINVAL: a file that knows no sync,
                                                                                   such as a pipe */
        return error_host(&w->error, w->path, errno, "cannot sync");
    w->synced_at = monotonic_milliseconds();
    w->unsynced = false;
    return true;
}

bool journal_sync_due(struct journal_writer *w)
{
    return !w->unsynced || monotonic_milliseconds() - w->synced_at < SYNC_AFTER || sync_now(w);
}

/* A line that could be written only in part is taken back. */
static bool put(struct journal_writer *w, const char *bytes, size_t length)
{
    size_t done = 0;

    if (w->error.status != STATUS_OK)
        return false;
    if (w->descriptor < 0) {
        text_add(w->memory, bytes, length);
        return !w->memory->failed || error_host(&w->error, w->path, ENOMEM, "cannot write");
    }
    while (done < length) {
        ssize_t n = write(w->descriptor, bytes + done, length - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            int failure = n < 0 ? errno : ENOSPC;
            if (ftruncate(w->descriptor, (off_t)w->length) != 0)
                w->unsynced = true; /* a torn line is left, which a reader passes over */
            return error_host(&w->error, w->path, failure, "cannot write");
        }
        done += (size_t)n;
    }
    w->length += length;
    w->unsynced = true;
    return true;
}

/* Writes a line and its tag. The text is known to be shorter than the limit. */
static bool put_line(struct journal_writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool put_line(struct journal_writer *w, const char *format, ...)
{
    char line[JOURNAL_LINE_LIMIT + 32], tag[9];
    va_list arguments;

    va_start(arguments, format);
    size_t length = (size_t)vsnprintf(line, JOURNAL_LINE_LIMIT, format, arguments);
    va_end(arguments);
    if (w->into) {
        w->unsynced = true;
        return put_line(w->into, "%s %s", w->prefix, line) || error_copy(&w->error, &w->into->error);
    }
    journal_tag(w->tag, line, length, tag);
    int tail = snprintf(line + length, sizeof(line) - length, " %s\n", tag);
    if (!put(w, line, length + (size_t)tail))
        return false;
    memcpy(w->tag, tag, sizeof(tag));
    return true;
}

static bool put_header(struct journal_writer *w, const struct journal_header *h)
{
    char hex[65];

    put_line(w, "muniment-journal: 0");
    put_line(w, "machine: %" PRIu32, h->machine);
    put_line(w, "machine-root: %s%s%s", h->machine_root, *h->content ? " " : "", h->content);
    put_line(w, "parts: %s", h->parts);
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        if (h->media[slot].kind) {
            hex_encode(h->media[slot].sha256, hex);
            put_line(w, "medium: %s %s %s", drive_slot_names[slot], journal_drive_kinds[h->media[slot].kind], hex);
        }
    return w->error.status == STATUS_OK;
}

void journal_create_into(struct journal_writer *w, struct journal_writer *into, const char *prefix,
                         const struct journal_header *header)
{
    *w = (struct journal_writer){.path = into->path, .descriptor = -1, .into = into, .prefix = prefix};
    put_header(w, header);
}

bool journal_write_line(struct journal_writer *w, const char *text)
{
    return put_line(w, "%s", text);
}

/* Creates the file of a journal. */
static bool create_file(struct journal_writer *w, const char *path, struct error *error)
{
    *w = (struct journal_writer){.path = path};
    w->descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (w->descriptor >= 0)
        return true;
    return errno == EEXIST ? error_set(error, STATUS_INPUT, path, NULL, "choose another name",
                                       "is there already; a journal is not written over")
                           : error_host(error, path, errno, "cannot create");
}

/* Puts its head onto the disk. */
static bool begin_file(struct journal_writer *w, bool good, struct error *error)
{
    if (good && sync_now(w) && output_sync_folder(w->path, &w->error))
        return true;
    *error = w->error;
    close(w->descriptor);
    unlink(w->path);
    w->descriptor = -1;
    return false;
}

bool journal_begin(struct journal_writer *w, const char *path, struct text *memory, const char *title,
                   struct error *error)
{
    if (memory) {
        *w = (struct journal_writer){.descriptor = -1, .path = path, .memory = memory};
        return put_line(w, "%s", title) || (*error = w->error, false);
    }
    return create_file(w, path, error) && begin_file(w, put_line(w, "%s", title), error);
}

bool journal_create(struct journal_writer *w, const char *path, const struct journal_header *header,
                    struct error *error)
{
    return create_file(w, path, error) && begin_file(w, put_header(w, header), error);
}

bool journal_create_in(struct journal_writer *w, int descriptor, const char *path, const struct journal_header *header,
                       struct error *error)
{
    *w = (struct journal_writer){.path = path, .descriptor = descriptor};
    if (put_header(w, header) && sync_now(w))
        return true;
    *error = w->error;
    return false;
}

bool journal_continue(struct journal_writer *w, int descriptor, const char *path, struct error *error)
{
    char tail[2 * JOURNAL_LINE_LIMIT];
    ssize_t got = -1;
    off_t size, from;

    *w = (struct journal_writer){.path = path, .descriptor = descriptor};
    size = lseek(w->descriptor, 0, SEEK_END);
    from = size > (off_t)sizeof tail ? size - (off_t)sizeof tail : 0;
    if (size >= 0)
        got = pread(w->descriptor, tail, sizeof tail, from);
    while (got > 9 && tail[got - 1] != '\n')
        got--;
    if (got > 9) {
        memcpy(w->tag, tail + got - 9, 8);
        w->length = (uint64_t)(from + got);
        if (ftruncate(w->descriptor, (off_t)w->length) == 0 && sync_now(w))
            return true;
    }
    close(w->descriptor);
    return error_host(error, path, errno, "cannot continue");
}

void journal_create_in_memory(struct journal_writer *w, struct text *memory, const struct journal_header *header)
{
    *w = (struct journal_writer){.path = "journal", .descriptor = -1, .memory = memory};
    put_header(w, header);
}

bool journal_write_key(struct journal_writer *w, uint64_t tick, uint8_t code, bool down)
{
    return put_line(w, "%" PRIu64 " key %02x %s", tick, code, down ? "down" : "up") && journal_sync_due(w);
}

bool journal_write_pointer(struct journal_writer *w, uint64_t tick, int dx, int dy, int wheel, unsigned buttons)
{
    return put_line(w, "%" PRIu64 " pointer %d %d %d %u", tick, dx, dy, wheel, buttons) && journal_sync_due(w);
}

bool journal_write_position(struct journal_writer *w, uint64_t tick, unsigned x, unsigned y, int wheel,
                            unsigned buttons)
{
    return put_line(w, "%" PRIu64 " position %u %u %d %u", tick, x, y, wheel, buttons) && journal_sync_due(w);
}

/* Bytes, in as many lines as they take: the first begins with one word, the others with another. */
static bool write_bytes(struct journal_writer *w, uint64_t tick, const char *first, const char *others,
                        const uint8_t *bytes, size_t count)
{
    char hex[2 * JOURNAL_SERIAL_LIMIT + 1];

    for (size_t part; count > 0; bytes += part, count -= part, first = others) {
        part = count < JOURNAL_SERIAL_LIMIT ? count : JOURNAL_SERIAL_LIMIT;
        for (size_t i = 0; i < part; i++)
            snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
        if (!put_line(w, "%" PRIu64 " %s %s", tick, first, hex))
            return false;
    }
    return journal_sync_due(w);
}

bool journal_write_serial(struct journal_writer *w, uint64_t tick, unsigned port, const uint8_t *bytes, size_t count)
{
    const char *word = port ? "serial 1" : "serial 0";

    return write_bytes(w, tick, word, word, bytes, count);
}

bool journal_write_clipboard(struct journal_writer *w, uint64_t tick, const uint8_t *bytes, size_t count)
{
    return write_bytes(w, tick, "clipboard", "clipboard more", bytes, count);
}

bool journal_write_medium(struct journal_writer *w, uint64_t tick, enum drive_slot slot, const char *sha256)
{
    return put_line(w, "%" PRIu64 " medium %s %s", tick, drive_slot_names[slot], sha256 ? sha256 : "none") &&
           journal_sync_due(w);
}

bool journal_write_line_in(struct journal_writer *w, uint64_t tick, const char *sha256)
{
    return put_line(w, "%" PRIu64 " line-in %s", tick, sha256 ? sha256 : "none") && journal_sync_due(w);
}

bool journal_write_digest(struct journal_writer *w, uint64_t tick, const struct journal_state *state)
{
    char hex[65];

    hex_encode(state->digest, hex);
    return put_line(w, "%" PRIu64 " digest %s %s", tick, hex, state->parts) && journal_sync_due(w);
}

bool journal_write_power_off(struct journal_writer *w, uint64_t tick)
{
    return put_line(w, "%" PRIu64 " power off", tick);
}

bool journal_close(struct journal_writer *w, struct error *error)
{
    bool good = sync_now(w);

    if (!good)
        *error = w->error;
    if (w->descriptor >= 0 && close(w->descriptor) != 0 && good)
        good = error_host(error, w->path, errno, "cannot write");
    w->descriptor = -1;
    return good;
}
