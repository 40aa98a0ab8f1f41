/* text.c - see text.h. */
#include "formats/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/error.h"

static bool text_reserve(struct text *t, size_t size)
{
    if (t->failed || size > SIZE_MAX / 4 - t->length) {
        t->failed = true;
        return false;
    }
    if (t->length + size + 1 > t->capacity) {
        size_t capacity = (t->length + size + 1) * 2;
        char *bytes = realloc(t->bytes, capacity);

        if (!bytes) {
            t->failed = true;
            return false;
        }
        t->bytes = bytes;
        t->capacity = capacity;
    }
    return true;
}

void text_add(struct text *t, const void *bytes, size_t size)
{
    if (!text_reserve(t, size))
        return;
    if (size)
        memcpy(t->bytes + t->length, bytes, size);
    t->length += size;
    t->bytes[t->length] = '\0';
}

void text_print(struct text *t, const char *format, ...)
{
    char line[512];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0 || length >= (int)sizeof line)
        t->failed = true;
    else
        text_add(t, line, (size_t)length);
}

void text_free(struct text *t)
{
    free(t->bytes);
    *t = (struct text){0};
}

bool decimal_parse(const char *text, unsigned width, uint64_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < width; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *value = *value * 10 + (uint64_t)(text[i] - '0');
    }
    return true;
}

bool all_zero(const uint8_t *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

bool text_read(struct text *t, const char *path, uint32_t limit, const char *kind, struct error *error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    bool good;

    *t = (struct text){0};
    if (descriptor < 0)
        return error_set(error, errno == ENOENT ? STATUS_INPUT : STATUS_HOST, path, NULL, NULL, "cannot open: %s",
                         strerror(errno));
    good = text_read_in(t, descriptor, path, limit, kind, error);
    close(descriptor);
    return good;
}

bool text_read_in(struct text *t, int descriptor, const char *path, uint32_t limit, const char *kind,
                  struct error *error)
{
    char part[16384];
    ssize_t got = 0;

    *t = (struct text){0};
    while (!t->failed && t->length <= limit &&
           ((got = read(descriptor, part, sizeof part)) > 0 || (got < 0 && errno == EINTR)))
        text_add(t, part, got > 0 ? (size_t)got : 0);
    int failure = got < 0 ? errno : t->failed ? ENOMEM : 0;
    if (!failure && t->length <= limit && t->bytes)
        return true;
    if (failure)
        error_host(error, path, failure, "cannot read");
    else if (t->bytes)
        error_set(error, STATUS_INPUT, path, NULL, NULL, "%s is at most %u bytes long", kind, (unsigned)limit);
    else
        error_set(error, STATUS_INPUT, path, NULL, NULL, "is empty");
    text_free(t);
    return false;
}
