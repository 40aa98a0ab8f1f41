/* paper.c - see paper.h. */
#include "desk/paper.h"

#include <string.h>
#include <unistd.h>

#include "formats/numbers.h"

enum { HEAD = 8, RECORD_HEAD = 12 };

/* Reads the head of the record at *at, and skips the record. False: there is no whole one. */
static bool next_record(int descriptor, uint64_t *at, uint64_t *tick, uint32_t *length)
{
    uint8_t head[RECORD_HEAD], last;

    if (pread(descriptor, head, sizeof head, (off_t)*at) != (ssize_t)sizeof head)
        return false;
    *tick = get_le64(head);
    *length = get_le32(head + 8);
    *at += sizeof head + *length;
    return *length > 0 && *length <= PAPER_RECORD && pread(descriptor, &last, 1, (off_t)*at - 1) == 1;
}

void paper_begin(struct paper *p, int descriptor, uint64_t ticks_per_second, uint64_t tick)
{
    uint8_t head[HEAD];
    uint64_t at = HEAD, then;
    uint32_t length;

    *p = (struct paper){.descriptor = descriptor, .length = HEAD};
    put_le(head, ticks_per_second, sizeof head);
    while (tick && next_record(descriptor, &at, &then, &length) && then <= tick && at <= PAPER_MOST)
        p->length = at;
    p->failed = descriptor < 0 || pwrite(descriptor, head, sizeof head, 0) != (ssize_t)sizeof head ||
                ftruncate(descriptor, (off_t)p->length) != 0;
}

bool paper_flush(struct paper *p, bool sync)
{
    uint8_t record[RECORD_HEAD + PAPER_RECORD];
    const size_t size = RECORD_HEAD + p->count;

    if (p->count && !p->failed && p->length + size <= PAPER_MOST) {
        put_le(record, p->tick, 8);
        put_le(record + 8, p->count, 4);
        memcpy(record + RECORD_HEAD, p->bytes, p->count);
        p->failed = pwrite(p->descriptor, record, size, (off_t)p->length) != (ssize_t)size;
        p->length += size;
        p->unsynced = true;
    }
    p->count = 0;
    if (sync && p->unsynced && !p->failed) {
        p->failed = fdatasync(p->descriptor) != 0;
        p->unsynced = false;
    }
    return !p->failed;
}

void paper_byte(struct paper *p, uint8_t byte, uint64_t tick)
{
    if (p->count == PAPER_RECORD)
        paper_flush(p, false);
    if (!p->count)
        p->tick = tick;
    p->bytes[p->count++] = byte;
}

bool paper_read(int descriptor, const struct paper_reader *reader)
{
    uint8_t bytes[PAPER_RECORD], head[HEAD];
    uint64_t at = HEAD, tick, rate;
    uint32_t length;

    if (pread(descriptor, head, sizeof head, 0) != (ssize_t)sizeof head)
        return false;
    rate = get_le64(head);
    while (next_record(descriptor, &at, &tick, &length) &&
           pread(descriptor, bytes, length, (off_t)(at - length)) == (ssize_t)length) {
        reader->look(reader->context, tick, rate);
        for (uint32_t i = 0; i < length; i++)
            reader->byte(reader->context, bytes[i], tick);
    }
    return true;
}
