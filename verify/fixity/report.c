/* report.c - what was found, and where; and reading what may be cut off. See check.h. */
#include "verify/fixity/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void report_place(struct check *c, const char *member, const char *place, uint64_t offset, uint64_t length,
                  const char *what, ...)
{
    struct finding f = {.offset = offset, .length = length};
    va_list arguments;

    c->result->findings++;
    if (!c->request->found)
        return;
    snprintf(f.member, sizeof f.member, "%s", member);
    snprintf(f.place, sizeof f.place, "%s", place ? place : "");
    va_start(arguments, what);
    vsnprintf(f.what, sizeof f.what, what, arguments);
    va_end(arguments);
    c->request->found(c->request->found_context, &f);
}

void report_part(struct check *c, struct part *part, const char *what)
{
    if (!part->damaged)
        report_place(c, part->member.name, NULL, part->member.offset, part->member.size, "%s", what);
    part->damaged = true;
}

bool report_difference(struct check *c, const char *member, const char *place, uint64_t offset, const void *actual,
                       const void *expected, size_t size)
{
    const uint8_t *a = actual, *e = expected;
    size_t first = 0, end = size;

    if (memcmp(a, e, size) == 0)
        return true;
    while (a[first] == e[first])
        first++;
    while (a[end - 1] == e[end - 1])
        end--;
    if (end - first == 1)
        report_place(c, member, place, offset + first, 1, "has byte %02x where %02x must be", a[first], e[first]);
    else
        report_place(c, member, place, offset + first, end - first, "is not what it must be");
    return false;
}

size_t read_some(struct check *c, uint64_t offset, void *buffer, size_t size)
{
    size_t got = 0;

    while (got < size) {
        ssize_t n = pread(c->descriptor, (char *)buffer + got, size - got, (off_t)(offset + got));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    memset((char *)buffer + got, 0, size - got);
    return got;
}

char *read_part(struct check *c, const struct part *part, uint64_t limit)
{
    char *bytes = part->member.size <= limit ? malloc((size_t)part->member.size + 1) : NULL;

    if (bytes) {
        read_some(c, part->member.offset, bytes, (size_t)part->member.size);
        bytes[part->member.size] = '\0';
    }
    return bytes;
}
