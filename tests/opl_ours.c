/* opl_ours.c - our side of opl_peer.c. */
#include <string.h>

#include "emu/bus.h"
#include "emu/devices/opl.h"
#include "emu/endian.h"

void ours_begin(void);
void ours_write(unsigned address, uint8_t value);
void ours_sample(int16_t *left, int16_t *right, int *resting);

static struct bus bus;
static struct clock clock;
static struct sound sound;
static struct opl opl;
static struct sound_source *source;
static int64_t left_ticks;

void ours_begin(void)
{
    clock.left = &left_ticks;
    clock.ticks_per_microsecond = 1;
    bus_init(&bus);
    sound_init(&sound, &clock, NULL, NULL);
    source = opl_init(&opl, &sound, &bus, false);
}

/* No time passes for the clock: samples are asked for. */
void ours_write(unsigned address, uint8_t value)
{
    bus_write(&bus, address & 0x100 ? 0x38A : 0x388, address & 0xFF, 1);
    bus_write(&bus, 0x389, value, 1);
}

void ours_sample(int16_t *left, int16_t *right, int *resting)
{
    const uint8_t *kept;

    *resting = source->silent(&opl);
    source->make(&opl, 1);
    kept = opl.stream.kept + (opl.stream.made - 1) % SOUND_KEPT * 4;
    *left = (int16_t)load16(kept);
    *right = (int16_t)load16(kept + 2);
}
