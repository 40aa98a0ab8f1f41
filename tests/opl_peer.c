/* opl_peer.c - our OPL3 beside another opinion on it, Nuked-OPL3, which is not part of Muniment: the file opl3.c that
 * opl.sh compiles with this. Both get the same patterns of writes (opl_patterns.h), and each sample must be the same
 * until ours is at rest, where the other's is the sign of nothing, within OPL_OPERATORS of 0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opl3.h" /* theirs: its types, and nothing else of it, stand apart from ours */

#include "tests/opl_patterns.h"

/* opl_ours.c */
void ours_begin(void);
void ours_write(unsigned address, uint8_t value);
void ours_sample(int16_t *left, int16_t *right, int *resting);

static opl3_chip theirs;

static void both_write(unsigned address, uint8_t value)
{
    ours_write(address, value);
    OPL3_WriteReg(&theirs, (uint16_t)address, value);
}

static int compare(unsigned number, int verbose)
{
    struct opl_pattern p = opl_pattern_begin(number);
    uint64_t hash = OPL_HASH_BEGIN;
    unsigned wait = 0, rested = 0;
    int16_t right_before = 0;
    int resting_before = 1;

    ours_begin();
    OPL3_Reset(&theirs, 49716);
    both_write(0x105, opl_pattern_first(&p, 0x105));
    for (unsigned address = 0; address < (opl_pattern_first(&p, 0x105) ? 0x200u : 0x100u); address++)
        if (address != 0x105 && opl_pattern_first(&p, address))
            both_write(address, opl_pattern_first(&p, address));
    for (unsigned n = 0; n < OPL_PATTERN_SAMPLES; n++) {
        int16_t left, right, other[2];
        int resting;
        for (; wait == 0; wait = opl_pattern_wait(&p)) {
            uint8_t value;
            uint16_t address = opl_pattern_write(&p, &value);
            if (address < 0x100 || opl_pattern_first(&p, 0x105))
                both_write(address, value);
        }
        wait--;
        ours_sample(&left, &right, &resting);
        OPL3_Generate(&theirs, other);
        hash = opl_hash(hash, left, right);
        rested += (unsigned)resting;
        /* Theirs has each right sample in the frame after its left one. */
        if ((other[0] != left && !(resting && abs(other[0]) <= 36)) ||
            (other[1] != right_before && !(resting_before && abs(other[1]) <= 36))) {
            printf("pattern %u: sample %u is %d %d, theirs %d %d\n", number, n, left, right_before, other[0], other[1]);
            return 0;
        }
        right_before = right;
        resting_before = resting;
    }
    if (verbose)
        printf("0x%016llXu, /* %u at rest %u */\n", (unsigned long long)hash, number, rested);
    return 1;
}

int main(int argc, char **argv)
{
    unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 100, equal = 0;

    for (unsigned number = 0; number < count; number++)
        equal += (unsigned)compare(number, argc > 2);
    printf("%u of %u patterns equal, %u samples each\n", equal, count, OPL_PATTERN_SAMPLES);
    return equal != count;
}
