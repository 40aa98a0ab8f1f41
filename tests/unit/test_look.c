/* test_look.c - what is looked for in a picture that changes a little at a time is found as in a picture seen for the
 * first time, and a picture is still when no dot has changed. The display is one of this test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "desk/look.h"

enum { WIDTH = 90, HEIGHT = 40, PART = 5, ROUNDS = 20000 };

static uint32_t pixels[WIDTH * HEIGHT];
static struct frame_span changed[HEIGHT];
static uint64_t number;

void machine_frame(struct machine *m, struct frame *frame)
{
    (void)m;
    *frame = (struct frame){WIDTH, HEIGHT, pixels, changed, number};
}

void machine_text(const struct machine *m, struct text_screen *screen)
{
    (void)m;
    screen->columns = 0;
}

static uint32_t *wrong; /* the one dot by which the part that was painted last differs; null: none */

static void mend(void)
{
    const unsigned at = (unsigned)(wrong - pixels);

    *wrong ^= 0x800000;
    wrong = NULL;
    changed[at / WIDTH] = (struct frame_span){(uint16_t)(at % WIDTH), (uint16_t)(at % WIDTH + 1)};
}

/* Paints a rectangle in few colours, or the part that is looked for: but for one dot, which the next call mends. */
static void paint(const uint32_t *part)
{
    const bool stamps = rand() % 3 == 0;
    const unsigned width = stamps ? PART : 1 + (unsigned)rand() % 20, height = stamps ? PART : 1 + (unsigned)rand() % 9;
    const unsigned x = (unsigned)rand() % (WIDTH - width + 1), y = (unsigned)rand() % (HEIGHT - height + 1);
    const uint32_t colour = (uint32_t)rand() % 3;

    for (unsigned row = 0; row < height; row++) {
        changed[y + row] = (struct frame_span){(uint16_t)x, (uint16_t)(x + width)};
        for (unsigned i = 0; i < width; i++)
            pixels[(y + row) * WIDTH + x + i] = stamps ? part[row * PART + i] & 0xFFFFFF : colour;
    }
    if (stamps) {
        wrong = &pixels[(y + (unsigned)rand() % PART) * WIDTH + x + (unsigned)rand() % PART];
        *wrong ^= 0x800000;
    }
}

/* The next frame. */
static void change(const uint32_t *part)
{
    number++;
    memset(changed, 0, sizeof changed);
    if (wrong)
        mend();
    else if (rand() % 4)
        paint(part);
}

static bool differs(const uint32_t *before, const struct look_region *region)
{
    bool found = false;

    for (unsigned y = region->y; y < region->y + region->height; y++)
        found |= memcmp(before + y * WIDTH + region->x, pixels + y * WIDTH + region->x, region->width * 4) != 0;
    return found;
}

static void it_is_found_when_it_appears(void **state)
{
    uint32_t part[PART * PART];
    unsigned found = 0;

    (void)state;
    srand(17);
    for (unsigned i = 0; i < PART * PART; i++)
        part[i] = 0xFF000000u | (uint32_t)rand() % 4;
    struct picture picture = {.width = PART, .height = PART, .pixels = part};
    for (unsigned tolerance = 0; tolerance < 2; tolerance++)
        for (unsigned cut = 0; cut < 2; cut++) {
            struct look_for wanted = {.picture = &picture,
                                      .region = cut ? (struct look_region){7, 3, 60, 20} : (struct look_region){0},
                                      .tolerance = (uint8_t)tolerance};
            struct look_memory memory = {.seen = false};
            part[0] = tolerance ? 0xFF000009 : part[0];
            assert_true(look_prepare(&picture, &wanted.anchor_x, &wanted.anchor_y));
            for (unsigned round = 0; round < ROUNDS; round++) {
                unsigned x, y, other_x, other_y;
                change(part);
                number += rand() % 50 == 0; /* somebody else has looked */
                const bool is_there = look_find(&wanted, NULL, NULL, &x, &y);
                assert_int_equal(look_find(&wanted, NULL, &memory, &other_x, &other_y), is_there);
                if (!is_there)
                    continue;
                assert_int_equal(x, other_x);
                assert_int_equal(y, other_y);
                memset(pixels, 0, sizeof pixels);
                wrong = NULL;
                memory.seen = false;
                found++;
            }
        }
    assert_in_range(found, 1000, 4 * ROUNDS);
}

static void a_picture_is_still_where_no_dot_has_changed(void **state)
{
    static const struct look_region region = {11, 5, 50, 30};
    const uint32_t part[PART * PART] = {1};
    struct look_memory memory = {.seen = false};
    uint32_t before[WIDTH * HEIGHT];

    (void)state;
    wrong = NULL;
    assert_true(look_changed(&memory, NULL, &region));
    memcpy(before, pixels, sizeof before);
    for (unsigned round = 0; round < ROUNDS; round++) {
        change(part);
        if (rand() % 20 == 0)
            continue; /* which only somebody else has seen */
        assert_int_equal(look_changed(&memory, NULL, &region), differs(before, &region));
        memcpy(before, pixels, sizeof before);
    }
    look_forget(&memory);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_found_when_it_appears),
        cmocka_unit_test(a_picture_is_still_where_no_dot_has_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
