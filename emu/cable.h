/* cable.h - machines on one Ethernet cable, stepped together (spec/set.md).
 *
 * The time of a set is counted in microseconds from its beginning; each machine is switched on at a time of its own and
 * has a speed of its own. A packet that leaves one station at some instant reaches every other one a latency later, so
 * that a machine may run so far ahead of the others, and no farther. How a run is cut into pieces, and in which order
 * the machines stand, changes nothing. */
#ifndef MUNIMENT_EMU_CABLE_H
#define MUNIMENT_EMU_CABLE_H

#include "emu/emu.h"

#define CABLE_STATIONS 16u
#define CABLE_NAME 16u /* bytes of a station's name, with its NUL */
#define CABLE_LATENCY_LEAST 10u
#define CABLE_LATENCY_MOST 10000u /* microseconds */

struct cable;

/* One of the machines, which the caller keeps. */
struct cable_station {
    char name[CABLE_NAME];
    struct machine *machine;
    uint64_t power_on; /* microseconds after the set's beginning */
    /* Runs the machine as machine_run does; null: machine_run. */
    enum machine_stop (*run)(void *context, uint64_t until);
    void *context;
    /* what the machine has said of itself */
    bool halted, off, failed;
};

/* The stations are in the ascending order of their names. Null: no memory. */
struct cable *cable_create(const struct cable_station *stations, unsigned count, uint32_t latency);
void cable_destroy(struct cable *c);

/* A packet leaves a station: to be called from its machine's packet_out. */
void cable_send(struct cable *c, unsigned station, const uint8_t *packet, size_t length);

/* Runs all machines to a time of the set. A machine that has gone off, or is not on yet, stands still. */
void cable_run(struct cable *c, uint64_t until);

uint64_t cable_now(const struct cable *c);
unsigned cable_count(const struct cable *c);
struct cable_station *cable_station(struct cable *c, unsigned station);
/* The tick at which a station's machine stands at a time, if it runs. */
uint64_t cable_tick(const struct cable *c, unsigned station, uint64_t time);
/* Packets that have reached other machines. */
uint64_t cable_delivered(const struct cable *c);

/* The digest of the set: of the states of all machines and of what is on the cable. False: there is no memory, or a
 * disk failed. */
bool cable_digest(struct cable *c,
                  void (*sha256)(void *context, const uint8_t *bytes, size_t length, uint8_t digest[32]), void *context,
                  uint8_t digest[32]);

/* The state of the cable itself, as bytes, little-endian: the time; of each station how many packets it has sent, 64
 * bits, whether it has gone off, one byte, and how many of its packets are under way, 32 bits; of each of those when it
 * left, in whole microseconds, 64 bits, and in ticks of the sender beyond, 32 bits, its length, 32 bits, and its bytes.
 * Returns how many bytes; more than size: nothing was written. */
size_t cable_save(const struct cable *c, uint8_t *bytes, size_t size);
/* To be called after the machines got their states. False: these bytes are no state of this cable. */
bool cable_load(struct cable *c, const uint8_t *bytes, size_t size);

#endif
