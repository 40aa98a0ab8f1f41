/* stream.c - reads members from front to back and compares each byte with what it must be: content is hashed, headers
 * and padding have one legal value. */
#include "verify/fixity/check.h"

#include <string.h>

#define HOST_BLOCK 4096u /* what is given up at a place that the host cannot read */

/* Where the host cannot read, there are zeros, and a finding. */
static void fill(struct stream *s)
{
    uint64_t from;
    size_t wanted, got = 0;

    memmove(s->bytes, s->bytes + s->at, s->filled - s->at);
    s->filled -= s->at;
    s->at = 0;
    from = s->offset + s->filled;
    wanted = sizeof s->bytes - s->filled;
    if (wanted > s->end - from)
        wanted = (size_t)(s->end - from);
    while ((got += read_some(s->c, from + got, s->bytes + s->filled + got, wanted - got)) < wanted) {
        size_t lost = wanted - got < HOST_BLOCK ? wanted - got : HOST_BLOCK;

        report_place(s->c, "file", NULL, from + got, lost, "cannot be read here");
        got += lost;
    }
    s->filled += wanted;
    s->c->cancelled = !crew_read(s->c->crew, wanted);
}

const uint8_t *stream_peek(struct stream *s, size_t size, size_t *there)
{
    if (s->filled - s->at < size)
        fill(s);
    *there = s->filled - s->at < size ? s->filled - s->at : size;
    return s->bytes + s->at;
}

static void take(struct stream *s, size_t size, bool hashed)
{
    if (hashed)
        sha256_add(&s->digest, s->bytes + s->at, size);
    s->at += size;
    s->offset += size;
}

void stream_take(struct stream *s, uint64_t end, bool hashed)
{
    while (s->offset < end && !s->c->cancelled) {
        size_t there;

        stream_peek(s, end - s->offset < CHUNK_GZ_MAX ? (size_t)(end - s->offset) : CHUNK_GZ_MAX, &there);
        take(s, there, hashed);
    }
}

void stream_skip(struct stream *s, uint64_t offset)
{
    if (offset >= s->offset && offset - s->offset <= s->filled - s->at)
        s->at += (size_t)(offset - s->offset);
    else
        s->at = s->filled = 0;
    s->offset = offset;
}

static void check_header(struct stream *s, const struct member *m)
{
    uint8_t expected[TAR_BLOCK];
    size_t there;
    const uint8_t *actual = stream_peek(s, TAR_BLOCK, &there);

    tar_header(m->name, m->size, expected);
    report_difference(s->c, m->name, "header", s->offset, actual, expected, there);
    take(s, there, false);
}

static void check_padding(struct stream *s, const struct member *m)
{
    static const uint8_t zeros[TAR_BLOCK];
    size_t padding = (size_t)(tar_padded(m->size) - m->size), there;
    const uint8_t *actual = stream_peek(s, padding, &there);

    report_difference(s->c, m->name, "padding", s->offset, actual, zeros, there);
    take(s, there, false);
}

static void check_plain(struct stream *s, struct part *part)
{
    struct check *c = s->c;

    sha256_begin(&s->digest);
    stream_take(s, part->member.offset + part->member.size, true);
    sha256_end(&s->digest, part->member.digest);
    if (part->id.kind != MEMBER_UNKNOWN && !c->cancelled && !claims_allow(c, part))
        report_part(c, part, "does not match its digest");
}

void check_members(struct stream *s, struct extent_check *x, uint32_t first, uint32_t end, bool thorough)
{
    struct check *c = s->c;
    const struct member *last = &c->parts[end - 1].member;

    s->end = last->offset + tar_padded(last->size);
    if (s->end > c->size)
        s->end = c->size;
    s->at = s->filled = 0;
    s->offset = 0;
    for (uint32_t i = first; i < end && !c->cancelled; i++) {
        struct part *part = &c->parts[i], *next = i + 1 < end ? part + 1 : NULL;
        bool mapped = next && next->id.kind == MEMBER_MAP && next->id.slot == part->id.slot &&
                      next->id.extent == part->id.extent;

        stream_skip(s, part->member.offset - TAR_BLOCK); /* what lies between was reported by the plan */
        check_header(s, &part->member);
        if (part->id.kind == MEMBER_EXTENT)
            check_extent(x, s, part, mapped ? next : NULL, thorough);
        else if (part->id.kind == MEMBER_MAP)
            check_map(x, s, part);
        else
            check_plain(s, part);
        check_padding(s, &part->member);
    }
}
