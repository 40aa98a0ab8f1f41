/* fuzz_rfb.c - libFuzzer harness of desk/rfb/: whatever a viewer sends, in whatever pieces, while the picture changes
 * and is resized, what comes out of it are keys, movements and texts within their bounds, and a bounded output. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "desk/rfb/rfb.h"

#define WIDTH 96u /* of the widest picture: small, so that runs are many; more than one tile and cell each way */
#define HEIGHT 72u
#define PIXELS (WIDTH * HEIGHT)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

struct desk_state {
    bool down[256];
};

static void key(void *context, uint8_t code, bool down)
{
    struct desk_state *s = context;

    require(code != 0 && (down || s->down[code]));
    s->down[code] = down;
}

static void pointer(void *context, const struct rfb_pointer *p)
{
    (void)context;
    require(p->buttons < 8 && abs(p->dx) <= 65535 && abs(p->dy) <= 65535 && abs(p->wheel) <= 1);
}

static void cut(void *context, const uint8_t *text, size_t length)
{
    (void)context;
    require(length <= RFB_CUT_TEXT && (length == 0 || text[length - 1] + 1));
}

static void random_bytes(void *context, uint8_t *bytes, size_t count)
{
    (void)context;
    memset(bytes, 0x5A, count);
}

/* The picture of a step: its size and what is on it follow from the byte. */
static void draw(uint8_t step, uint32_t *pixels, struct frame_span *changed, struct frame *frame)
{
    static const uint16_t sizes[4][2] = {{WIDTH, 64}, {80, HEIGHT}, {0, 0}, {33, 61}};
    unsigned width = sizes[step & 3][0], height = sizes[step & 3][1];

    for (unsigned y = 0; y < height; y++) {
        changed[y] = (struct frame_span){0, (uint16_t)width};
        for (unsigned x = 0; x < width; x++)
            pixels[y * width + x] = step & 4    ? (y + (step >> 3)) * 0x10307
                                    : step & 8  ? (x * y * (step | 1u)) & 0xFFFFFF
                                    : step & 16 ? (x >> (step >> 6)) * 0x505
                                                : 0;
    }
    *frame = (struct frame){width, height, pixels, changed, 0};
}

/* The first byte chooses the settings. Then each step is a byte for the picture, the number of bytes that come, and
 * those. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct desk_state state = {{false}};
    const struct rfb_desk desk = {&state, key, pointer, cut, random_bytes};
    struct rfb_settings settings = {.name = "fuzz", .layout = layout_find("fr")};
    struct rfb_viewer *v;
    uint32_t *pixels = malloc(PIXELS * sizeof *pixels);
    struct frame_span changed[HEIGHT];
    struct frame frame;
    size_t waiting;
    bool open = true;

    if (!size || !pixels) {
        free(pixels);
        return 0;
    }
    settings.password = *data & 1 ? "secret" : NULL;
    settings.viewer_password = *data & 2 ? "look" : NULL;
    settings.tls = *data & 4;
    settings.tls_only = *data & 8 && settings.tls;
    settings.view_only = *data & 16;
    v = rfb_open(&settings, &desk, *data & 32 ? WIDTH : 33, *data & 32 ? 64 : 61);
    require(v != NULL);
    for (data++, size--; open && size >= 2;) {
        const struct machine_indicators indicators = {data[0] & 7, data[0] & 8};
        size_t count = data[1] < size - 2 ? data[1] : size - 2;
        draw(data[0], pixels, changed, &frame);
        rfb_indicate(v, &indicators);
        rfb_frame_changed(v, &frame, data[0] & 128);
        rfb_heard(v, (const int16_t *)pixels, data[0]);
        open = rfb_take(v, data + 2, count);
        require(open || rfb_reason(v));
        if (open && rfb_wants_tls(v))
            rfb_tls_begun(v);
        if (open && rfb_wants_update(v))
            require(rfb_update(v, &frame));
        rfb_output(v, &waiting);
        require(waiting < 4 << 20);
        rfb_sent(v, data[0] & 64 ? waiting : waiting / 2);
        data += 2 + count;
        size -= 2 + count;
    }
    rfb_close(v);
    for (unsigned i = 0; i < 256; i++)
        require(!state.down[i]);
    free(pixels);
    return 0;
}
