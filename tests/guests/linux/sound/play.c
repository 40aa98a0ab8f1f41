/* play.c - what debian-sound.sh plays in the guest: 44,000 frames of 441 Hz by /dev/dsp, 16 bits, stereo, at 44,100 Hz,
 * the right side half as loud. A program of 32 bits without a library. */
static int call(int number, int a, int b, int c)
{
    __asm__ volatile("int $0x80" : "+a"(number) : "b"(a), "c"(b), "d"(c) : "memory");
    return number;
}

static short frames[4400][2];

static int run(void)
{
    int value, device = call(5, (int)"/dev/mixer", 2, 0); /* open */

    for (unsigned channel = 0; channel <= 4; channel += 4) { /* SOUND_MIXER_VOLUME and PCM, all the way up */
        value = 100 | 100 << 8;
        if (call(54, device, (int)(0xC0044D00u | channel), (int)&value) < 0)
            return 1;
    }
    device = call(5, (int)"/dev/dsp", 1, 0);
    value = 0x10; /* AFMT_S16_LE */
    if (call(54, device, (int)0xC0045005u, (int)&value) < 0 || value != 0x10)
        return 2;
    value = 2;
    if (call(54, device, (int)0xC0045006u, (int)&value) < 0 || value != 2)
        return 3;
    value = 44100;
    if (call(54, device, (int)0xC0045002u, (int)&value) < 0 || value != 44100)
        return 4;
    for (unsigned n = 0; n < 4400; n++) {
        frames[n][0] = n % 100 < 50 ? 12000 : -12000;
        frames[n][1] = frames[n][0] / 2;
    }
    for (unsigned n = 0; n < 10; n++)
        if (call(4, device, (int)frames, sizeof frames) != sizeof frames)
            return 5;
    return call(54, device, 0x5001, 0) < 0 ? 6 : 0; /* SNDCTL_DSP_SYNC */
}

void _start(void)
{
    call(1, run(), 0, 0);
}
