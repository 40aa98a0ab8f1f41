/* update.c - what a viewer is sent: the rectangles in which the picture differs from what it shows (RFC 6143, 7.6.1).
 *
 * For each viewer there is a copy of what it shows. So nothing is sent twice, however often the guest draws it, and a
 * viewer that is slow gets the newest picture and none of those between. */
#include <stdlib.h>
#include <string.h>

#include "desk/rfb/viewer.h"

#define BAND 16u /* rows, and */
#define CELL 64u /* dots: where nothing differs in one, rectangles end */
#define BANDS (FRAME_MAX_HEIGHT / BAND + 1)
#define CELLS (FRAME_MAX_WIDTH / CELL + 1)
#define AREAS (BANDS * CELLS)
#define MERGE_WASTE 512u  /* dots that may be sent in vain to save a rectangle */
#define SCROLL_LEAST 16u  /* rows that a copy must put right */
#define SCROLL_AREA 4096u /* dots that must have changed before a copy is looked for */
#define ROW_TABLE 4096u   /* more than twice the rows */
#define PSEUDO(number) ((uint32_t)(int32_t)(number))

static void put16(struct text *t, unsigned value)
{
    const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

    text_add(t, bytes, sizeof bytes);
}

static void put_header(struct text *t, unsigned x, unsigned y, unsigned width, unsigned height, uint32_t encoding)
{
    put16(t, x);
    put16(t, y);
    put16(t, width);
    put16(t, height);
    put16(t, encoding >> 16);
    put16(t, encoding & 0xFFFF);
}

static void area_add(struct rfb_area *a, unsigned x0, unsigned y0, unsigned x1, unsigned y1)
{
    if (a->x0 == a->x1) {
        *a = (struct rfb_area){x0, y0, x1, y1};
        return;
    }
    a->x0 = x0 < a->x0 ? x0 : a->x0;
    a->y0 = y0 < a->y0 ? y0 : a->y0;
    a->x1 = x1 > a->x1 ? x1 : a->x1;
    a->y1 = y1 > a->y1 ? y1 : a->y1;
}

static size_t area_size(const struct rfb_area *a)
{
    return (size_t)(a->x1 - a->x0) * (a->y1 - a->y0);
}

/* --- What changed --- */

bool viewer_resize(struct rfb_viewer *v, unsigned width, unsigned height)
{
    uint32_t *shadow = calloc((size_t)width * height + 1, sizeof *shadow);
    struct frame_span *changed = calloc(height + 1, sizeof *changed);

    if (!shadow || !changed) {
        free(shadow);
        free(changed);
        return false;
    }
    free(v->shadow);
    free(v->changed);
    v->shadow = shadow;
    v->changed = changed;
    v->width = width;
    v->height = height;
    v->forced = (struct rfb_area){0, 0, width, height}; /* what the viewer shows there is not known */
    viewer_all_changed(v);
    return true;
}

void viewer_all_changed(struct rfb_viewer *v)
{
    for (unsigned y = 0; y < v->height; y++)
        v->changed[y] = (struct frame_span){0, (uint16_t)v->width};
    v->dirty = true;
}

static bool follows_size(const struct rfb_viewer *v, const struct frame *frame)
{
    return (frame->width != v->width || frame->height != v->height) && frame->width && frame->height &&
           v->features & (CAN_RESIZE | CAN_RESIZE_EXTENDED);
}

void rfb_frame_changed(struct rfb_viewer *v, const struct frame *frame, bool anywhere)
{
    if (follows_size(v, frame)) {
        v->dirty = true;
        return;
    }
    if (anywhere || frame->width < v->width) {
        viewer_all_changed(v);
        return;
    }
    for (unsigned y = 0; y < v->height && y < frame->height; y++) {
        struct frame_span *s = &v->changed[y], n = frame->changed[y];
        n.end = n.end < v->width ? n.end : (uint16_t)v->width;
        if (n.first >= n.end)
            continue;
        *s = s->first == s->end
                 ? n
                 : (struct frame_span){n.first < s->first ? n.first : s->first, n.end > s->end ? n.end : s->end};
        v->dirty = true;
    }
}

bool rfb_asks(const struct rfb_viewer *v)
{
    return rfb_watches(v) && v->sent == v->output.length && (v->requested || v->continuous);
}

bool rfb_wants_update(const struct rfb_viewer *v)
{
    return rfb_asks(v) && (v->dirty || v->forced.x0 < v->forced.x1 || v->resized || v->features & ~v->announced ||
                           (v->features & CAN_LEDS && v->shown.leds != v->indicators.leds) ||
                           (v->features & CAN_MOTION && v->shown.positions != v->indicators.positions) ||
                           (v->features & CAN_LAYOUT && v->typist.lost));
}

/* --- Scrolling --- */

/* A row of the picture as wide as the viewer's: black where the picture has none. spare has v->width pixels. */
static const uint32_t *row_of(const struct rfb_viewer *v, const struct frame *frame, unsigned y, uint32_t *spare)
{
    if (y < frame->height && frame->width >= v->width)
        return frame->pixels + (size_t)y * frame->width;
    memset(spare, 0, v->width * sizeof *spare);
    if (y < frame->height)
        memcpy(spare, frame->pixels + (size_t)y * frame->width, frame->width * sizeof *spare);
    return spare;
}

static uint64_t row_hash(const uint32_t *row, size_t count)
{
    uint64_t hash = count;

    for (size_t i = 0; i < count; i++)
        hash = (hash ^ row[i]) * 0x9E3779B97F4A7C15u + (hash >> 29);
    return hash;
}

/* The part of the picture in which it differs from what the viewer shows. */
static struct rfb_area differing(const struct rfb_viewer *v, const struct frame *frame)
{
    struct rfb_area area = {0, 0, 0, 0};

    for (unsigned y = 0; y < v->height; y++) {
        const uint32_t *old = v->shadow + (size_t)y * v->width, *now = frame->pixels + (size_t)y * frame->width;
        unsigned x0 = v->changed[y].first, x1 = v->changed[y].end;
        if (x0 == x1 || !memcmp(old + x0, now + x0, (x1 - x0) * sizeof *old))
            continue;
        while (old[x0] == now[x0])
            x0++;
        while (old[x1 - 1] == now[x1 - 1])
            x1--;
        area_add(&area, x0, y, x1, y + 1);
    }
    return area;
}

struct scroll {
    struct rfb_area to;
    int by; /* rows that the source is below */
};

/* By how much most rows moved: rows that are unlike the one above them vote. */
static int commonest_shift(const uint64_t *old, const uint64_t *now, unsigned y0, unsigned y1)
{
    uint16_t votes[2 * FRAME_MAX_HEIGHT] = {0}, table[ROW_TABLE] = {0}; /* table: 1 above the row; 0: none */
    int best = 0;

    for (unsigned y = y0; y < y1; y++)
        if (y == y0 || old[y] != old[y - 1])
            table[old[y] % ROW_TABLE] = (uint16_t)(y + 1);
    for (unsigned y = y0; y < y1; y++) {
        unsigned from = table[now[y] % ROW_TABLE];
        if (!from || old[from - 1] != now[y] || (y > y0 && now[y] == now[y - 1]) || from - 1 == y)
            continue;
        int by = (int)from - 1 - (int)y;
        if (++votes[by + FRAME_MAX_HEIGHT] > votes[best + FRAME_MAX_HEIGHT] || !best)
            best = by;
    }
    return best;
}

/* Whether much of the picture is what was elsewhere in the same columns, above or below. */
static bool find_scroll(const struct rfb_viewer *v, const struct frame *frame, struct scroll *scroll)
{
    uint64_t old[FRAME_MAX_HEIGHT], now[FRAME_MAX_HEIGHT];
    struct rfb_area a = differing(v, frame);
    unsigned begin = 0, gain = 0, most = 0;

    if (area_size(&a) < SCROLL_AREA || v->height > FRAME_MAX_HEIGHT)
        return false;
    for (unsigned y = a.y0; y < a.y1; y++) {
        old[y] = row_hash(v->shadow + (size_t)y * v->width + a.x0, a.x1 - a.x0);
        now[y] = row_hash(frame->pixels + (size_t)y * frame->width + a.x0, a.x1 - a.x0);
    }
    scroll->by = commonest_shift(old, now, a.y0, a.y1);
    if (!scroll->by)
        return false;
    for (unsigned y = a.y0; y <= a.y1; y++) {
        int from = (int)y + scroll->by;
        bool moved = y < a.y1 && from >= (int)a.y0 && from < (int)a.y1 && now[y] == old[from] &&
                     !memcmp(v->shadow + (size_t)from * v->width + a.x0,
                             frame->pixels + (size_t)y * frame->width + a.x0, (a.x1 - a.x0) * sizeof *v->shadow);
        if (moved) {
            gain += now[y] != old[y];
            continue;
        }
        if (gain > most) {
            most = gain;
            scroll->to = (struct rfb_area){a.x0, begin, a.x1, y};
        }
        begin = y + 1;
        gain = 0;
    }
    return most >= SCROLL_LEAST;
}

/* Does in the shadow what the viewer will do. */
static void copy_rows(struct rfb_viewer *v, const struct scroll *s)
{
    unsigned rows = s->to.y1 - s->to.y0;

    for (unsigned i = 0; i < rows; i++) {
        size_t y = s->by > 0 ? s->to.y0 + i : s->to.y1 - 1 - i;
        uint32_t *to = v->shadow + y * v->width + s->to.x0;
        memmove(to, to + (int64_t)s->by * v->width, (s->to.x1 - s->to.x0) * sizeof *to);
    }
}

/* --- Rectangles --- */

struct areas {
    size_t count;
    struct rfb_area list[AREAS];
};

/* Adds a rectangle, or widens the one above it if that costs little. */
static void areas_add(struct areas *areas, const struct rfb_area *a, size_t from)
{
    for (size_t i = areas->count; i-- > from;) {
        struct rfb_area whole = areas->list[i];
        if (whole.y1 > a->y0 || whole.y1 + BAND < a->y0)
            continue;
        area_add(&whole, a->x0, a->y0, a->x1, a->y1);
        if (area_size(&whole) <= area_size(&areas->list[i]) + area_size(a) + MERGE_WASTE) {
            areas->list[i] = whole;
            return;
        }
    }
    areas->list[areas->count++] = *a;
}

/* What differs in a row, by cells; the shadow takes it over. */
static void take_row(struct rfb_viewer *v, unsigned y, const uint32_t *now, struct rfb_area cells[CELLS])
{
    uint32_t *old = v->shadow + (size_t)y * v->width;
    unsigned end = v->changed[y].end;

    for (unsigned x = v->changed[y].first, next; x < end; x = next) {
        unsigned x1 = next = (x / CELL + 1) * CELL < end ? (x / CELL + 1) * CELL : end;
        if (!memcmp(old + x, now + x, (x1 - x) * sizeof *old))
            continue;
        unsigned x0 = x;
        while (old[x0] == now[x0])
            x0++;
        while (old[x1 - 1] == now[x1 - 1])
            x1--;
        memcpy(old + x0, now + x0, (x1 - x0) * sizeof *old);
        area_add(&cells[x / CELL], x0, y, x1, y + 1);
    }
    v->changed[y] = (struct frame_span){0, 0};
}

static void find_areas(struct rfb_viewer *v, const struct frame *frame, uint32_t *spare, struct areas *areas)
{
    const struct rfb_area forced = v->forced;
    size_t before = 0;

    for (unsigned y0 = 0; y0 < v->height; y0 += BAND) {
        struct rfb_area cells[CELLS] = {{0, 0, 0, 0}}, run = {0, 0, 0, 0};
        unsigned y1 = y0 + BAND < v->height ? y0 + BAND : v->height;
        size_t first = areas->count;
        for (unsigned y = y0; y < y1; y++) {
            if (v->changed[y].first < v->changed[y].end)
                take_row(v, y, row_of(v, frame, y, spare), cells);
            for (unsigned x = forced.x0, next; x < forced.x1 && y >= forced.y0 && y < forced.y1; x = next) {
                next = (x / CELL + 1) * CELL < forced.x1 ? (x / CELL + 1) * CELL : forced.x1;
                area_add(&cells[x / CELL], x, y, next, y + 1);
            }
        }
        for (unsigned cell = 0; cell <= (v->width - 1) / CELL + 1; cell++) {
            if (cell <= (v->width - 1) / CELL && cells[cell].x0 < cells[cell].x1) {
                area_add(&run, cells[cell].x0, cells[cell].y0, cells[cell].x1, cells[cell].y1);
                continue;
            }
            if (run.x0 < run.x1)
                areas_add(areas, &run, before);
            run = (struct rfb_area){0, 0, 0, 0};
        }
        before = areas->count > first ? before : areas->count;
    }
    v->forced = (struct rfb_area){0, 0, 0, 0};
}

/* --- The message --- */

static void put_size(struct rfb_viewer *v, unsigned *count)
{
    static const uint8_t one_screen[4] = {1, 0, 0, 0}, no_flags[4] = {0};
    struct text *t = &v->output;

    v->resized = false;
    ++*count;
    if (!(v->features & CAN_RESIZE_EXTENDED)) {
        put_header(t, 0, 0, v->width, v->height, PSEUDO(-223));
        return;
    }
    put_header(t, v->size_reason, v->size_result, v->width, v->height, PSEUDO(-308));
    v->size_reason = v->size_result = 0;
    text_add(t, one_screen, sizeof one_screen);
    text_add(t, no_flags, sizeof no_flags); /* its number */
    put16(t, 0);
    put16(t, 0);
    put16(t, v->width);
    put16(t, v->height);
    text_add(t, no_flags, sizeof no_flags);
}

/* Rectangles that are none: what the server can, and what changed beside the picture. */
static void put_pseudo(struct rfb_viewer *v, unsigned *count)
{
    struct text *t = &v->output;
    unsigned news = v->features & ~v->announced;

    v->announced |= v->features;
    if (v->resized || news & CAN_RESIZE_EXTENDED)
        put_size(v, count);
    if (news & CAN_CURSOR && ++*count) /* of no size: the guest draws its own */
        put_header(t, 0, 0, 0, 0, PSEUDO(-239));
    if (news & CAN_KEYS && ++*count)
        put_header(t, 0, 0, 0, 0, PSEUDO(-258));
    if (news & CAN_HEAR && ++*count)
        put_header(t, 0, 0, 0, 0, PSEUDO(-259));
    if (v->features & CAN_MOTION && (news & CAN_MOTION || v->shown.positions != v->indicators.positions) && ++*count) {
        v->shown.positions = v->indicators.positions;
        put_header(t, v->shown.positions, 0, 0, 0, PSEUDO(-257));
    }
    if (v->features & CAN_LAYOUT && v->typist.lost && ++*count) {
        put_header(t, v->typist.lost < 0xFFFF ? v->typist.lost : 0xFFFF, 0, 0, 0, RFB_LAYOUT);
        v->typist.lost = 0;
    }
    if (v->features & CAN_LEDS && (news & CAN_LEDS || v->shown.leds != v->indicators.leds) && ++*count) {
        v->shown.leds = v->indicators.leds;
        put_header(t, 0, 0, 1, 1, PSEUDO(-261));
        text_add(t, &v->shown.leds, 1);
    }
}

static bool put_areas(struct rfb_viewer *v, const struct areas *areas)
{
    for (size_t i = 0; i < areas->count; i++) {
        const struct rfb_area *a = &areas->list[i];
        put_header(&v->output, a->x0, a->y0, a->x1 - a->x0, a->y1 - a->y0, (uint32_t)v->encoder.encoding);
        if (!encoder_pixels(&v->encoder, v->shadow + (size_t)a->y0 * v->width + a->x0, v->width, a->x1 - a->x0,
                            a->y1 - a->y0, &v->output))
            return false;
    }
    return true;
}

bool rfb_update(struct rfb_viewer *v, const struct frame *frame)
{
    struct areas *areas = malloc(sizeof *areas);
    uint32_t *spare;
    struct scroll scroll;
    unsigned count = 0;
    size_t begin = v->output.length;
    bool good = true;

    if (follows_size(v, frame)) {
        good = viewer_resize(v, frame->width, frame->height);
        v->resized = true;
    }
    spare = malloc(v->width * sizeof *spare);
    if (!good || !areas || !spare) {
        free(areas);
        free(spare);
        return false;
    }
    areas->count = 0;
    text_add(&v->output, "\0\0\0\0", 4); /* FramebufferUpdate, and how many rectangles */
    put_pseudo(v, &count);
    if (v->features & CAN_COPY && frame->width == v->width && frame->height == v->height &&
        v->forced.x0 == v->forced.x1 && find_scroll(v, frame, &scroll)) {
        put_header(&v->output, scroll.to.x0, scroll.to.y0, scroll.to.x1 - scroll.to.x0, scroll.to.y1 - scroll.to.y0,
                   ENCODING_COPY);
        put16(&v->output, scroll.to.x0);
        put16(&v->output, (unsigned)((int)scroll.to.y0 + scroll.by));
        copy_rows(v, &scroll);
        count++;
    }
    find_areas(v, frame, spare, areas);
    v->dirty = false;
    good = put_areas(v, areas) && !v->output.failed;
    count += (unsigned)areas->count;
    free(areas);
    free(spare);
    if (!good)
        return false;
    v->output.bytes[begin + 2] = (char)(count >> 8);
    v->output.bytes[begin + 3] = (char)count;
    if (count)
        v->requested = false;
    else
        v->output.length = begin;
    return true;
}
