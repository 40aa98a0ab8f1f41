/* look.c - see look.h. */
#include "desk/look.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static bool is_opaque(uint32_t pixel)
{
    return pixel >> 31;
}

static int compare_pixels(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

bool look_prepare(const struct picture *p, unsigned *anchor_x, unsigned *anchor_y)
{
    size_t size = (size_t)p->width * p->height, count = 0, fewest = SIZE_MAX;
    uint32_t *sorted = malloc(size * sizeof *sorted), rarest = 0;

    *anchor_x = *anchor_y = 0;
    if (!sorted)
        return false;
    for (size_t i = 0; i < size; i++)
        if (is_opaque(p->pixels[i]))
            sorted[count++] = p->pixels[i] & 0xFFFFFFu;
    qsort(sorted, count, sizeof *sorted, compare_pixels);
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && sorted[next] == sorted[i]; next++)
            continue;
        if (next - i < fewest) {
            fewest = next - i;
            rarest = sorted[i];
        }
    }
    free(sorted);
    for (size_t i = 0; i < size; i++)
        if (is_opaque(p->pixels[i]) && (p->pixels[i] & 0xFFFFFFu) == rarest) {
            *anchor_x = (unsigned)(i % p->width);
            *anchor_y = (unsigned)(i / p->width);
            break;
        }
    return true;
}

static bool is_near(uint32_t a, uint32_t b, int tolerance)
{
    for (int shift = 0; shift < 24; shift += 8)
        if (abs((int)(a >> shift & 0xFF) - (int)(b >> shift & 0xFF)) > tolerance)
            return false;
    return true;
}

static bool stands_at(const struct look_for *w, const uint32_t *at, unsigned stride)
{
    const struct picture *p = w->picture;

    for (unsigned y = 0; y < p->height; y++)
        for (unsigned x = 0; x < p->width; x++) {
            uint32_t pixel = p->pixels[(size_t)y * p->width + x];
            if (is_opaque(pixel) && !is_near(pixel, at[(size_t)y * stride + x], w->tolerance))
                return false;
        }
    return true;
}

/* The part of the region that the picture has. */
static struct look_region clip(const struct look_region *r, unsigned width, unsigned height)
{
    struct look_region all = {0, 0, width, height}, part;

    if (!r->width)
        return all;
    part.x = r->x < width ? r->x : width;
    part.y = r->y < height ? r->y : height;
    part.width = r->width < width - part.x ? r->width : width - part.x;
    part.height = r->height < height - part.y ? r->height : height - part.y;
    return part;
}

/* Whether the frame is the next one after the one that was seen, so that its spans say what has changed since. */
static bool follows(const struct look_memory *m, const struct frame *frame)
{
    return m && m->seen && frame->number == m->number + 1 && frame->width == m->width && frame->height == m->height;
}

static void remember(struct look_memory *m, const struct frame *frame)
{
    m->seen = true;
    m->number = frame->number;
    m->width = frame->width;
    m->height = frame->height;
}

/* The part of a region where the upper left corner of what has this size can be, if it has a dot that has changed. */
static struct look_region around_changes(const struct frame *frame, const struct look_region *r, unsigned width,
                                         unsigned height)
{
    unsigned left = frame->width, right = 0, top = frame->height, bottom = 0;

    for (unsigned y = 0; y < frame->height; y++) {
        const struct frame_span *span = &frame->changed[y];
        if (span->first == span->end)
            continue;
        left = span->first < left ? span->first : left;
        right = span->end > right ? span->end : right;
        top = y < top ? y : top;
        bottom = y + 1;
    }
    left = left + 1 > r->x + width ? left + 1 - width : r->x;
    top = top + 1 > r->y + height ? top + 1 - height : r->y;
    right = right < r->x + r->width - width + 1 ? right : r->x + r->width - width + 1;
    bottom = bottom < r->y + r->height - height + 1 ? bottom : r->y + r->height - height + 1;
    if (left >= right || top >= bottom)
        return (struct look_region){0, 0, 0, 0};
    return (struct look_region){left, top, right - left, bottom - top};
}

/* Where a row first has a colour, from x on; end: nowhere. C libraries look for a wide character with all that the
 * processor has. */
static unsigned find_colour(const uint32_t *row, unsigned x, unsigned end, uint32_t colour)
{
#if WCHAR_MAX >> 16 >> 14 >= 1 && WCHAR_MAX >> 16 >> 14 <= 3 /* of 32 bits */
    const wchar_t *at = wmemchr((const wchar_t *)row + x, (wchar_t)colour, end - x);
    return at ? (unsigned)(at - (const wchar_t *)row) : end;
#else
    while (x < end && row[x] != colour)
        x++;
    return x;
#endif
}

bool look_find(const struct look_for *w, struct machine *machine, struct look_memory *m, unsigned *x, unsigned *y)
{
    const struct picture *p = w->picture;
    struct frame frame;

    machine_frame(machine, &frame);
    struct look_region r = clip(&w->region, frame.width, frame.height);
    const bool known = follows(m, &frame);
    if (m)
        remember(m, &frame);
    if (p->width > r.width || p->height > r.height)
        return false;
    if (known)
        r = around_changes(&frame, &r, p->width, p->height);
    else
        r.width -= p->width - 1, r.height -= p->height - 1;
    uint32_t rarest = p->pixels[(size_t)w->anchor_y * p->width + w->anchor_x];
    const bool exact = is_opaque(rarest) && !w->tolerance;
    for (*y = r.y; *y < r.y + r.height; ++*y) {
        const uint32_t *row = frame.pixels + (size_t)*y * frame.width;
        const uint32_t *anchors = row + (size_t)w->anchor_y * frame.width + w->anchor_x;
        for (*x = r.x; *x < r.x + r.width; ++*x) {
            if (exact && (*x = find_colour(anchors, *x, r.x + r.width, rarest & 0xFFFFFF)) == r.x + r.width)
                break;
            if (is_opaque(rarest) && !exact && !is_near(anchors[*x], rarest, w->tolerance))
                continue;
            if (stands_at(w, row + *x, frame.width)) {
                *x += p->width / 2;
                *y += p->height / 2;
                return true;
            }
        }
    }
    return false;
}

/* Keeps a row of dots; whether it was another. */
static bool keep_row(struct look_memory *m, size_t at, const uint32_t *row, size_t count)
{
    bool differs = memcmp(m->pixels + at, row, count * sizeof *row);

    if (differs)
        memcpy(m->pixels + at, row, count * sizeof *row);
    return differs;
}

static bool picture_changed(struct look_memory *m, struct machine *machine, const struct look_region *region)
{
    struct frame frame;

    machine_frame(machine, &frame);
    struct look_region r = clip(region, frame.width, frame.height);
    size_t count = (size_t)r.width * r.height;
    const bool known = !m->text.columns && follows(m, &frame);
    const struct look_region was = clip(region, m->width, m->height);
    bool changed = !m->seen || m->text.columns || was.width != r.width || was.height != r.height;
    if (count > m->room) {
        uint32_t *larger = realloc(m->pixels, count * sizeof *larger);
        m->failed |= !larger;
        if (!larger)
            return true;
        memset(larger + m->room, 0, (count - m->room) * sizeof *larger);
        m->pixels = larger;
        m->room = count;
    }
    for (unsigned y = 0; y < r.height; y++)
        if (!known || frame.changed[r.y + y].first < frame.changed[r.y + y].end)
            changed |= keep_row(m, (size_t)y * r.width, frame.pixels + (size_t)(r.y + y) * frame.width + r.x, r.width);
    remember(m, &frame);
    m->text.columns = 0;
    return changed;
}

static bool text_changed(struct look_memory *m, const struct text_screen *now)
{
    struct text_screen *was = &m->text;
    bool changed = !m->seen || was->columns != now->columns || was->rows != now->rows;

    for (unsigned row = 0; !changed && row < now->rows; row++)
        changed = memcmp(was->character[row], now->character[row], now->columns) ||
                  memcmp(was->attribute[row], now->attribute[row], now->columns);
    *was = *now;
    return changed;
}

bool look_changed(struct look_memory *m, struct machine *machine, const struct look_region *region)
{
    struct text_screen text = {.columns = 0};

    if (!region->width)
        machine_text(machine, &text);
    bool changed = text.columns ? text_changed(m, &text) : picture_changed(m, machine, region);
    m->seen = true;
    return changed;
}

void look_forget(struct look_memory *m)
{
    free(m->pixels);
    memset(m, 0, sizeof *m);
}
