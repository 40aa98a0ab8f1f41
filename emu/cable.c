/* cable.c - see cable.h.
 *
 * The machine that stands farthest back runs, to a latency beyond the next one at most. What arrives until then has
 * left before, when every machine had got there: so all of it is known. Each station keeps what it has sent until every
 * machine has passed the time at which it arrives. */
#include "emu/cable.h"

#include <stdlib.h>
#include <string.h>

#include "emu/endian.h"

#define PACKET_LEAST_US 19u /* the time of the shortest packet on the cable */
#define PACKETS_SPARE 16u
#define NEAR_LEAST (16 * MACHINE_NEAR) /* ticks of a step */
#define CABLE_TIME_LIMIT (UINT64_C(1) << 48)

/* When a packet arrives: microseconds, and ticks of the sender beyond. */
struct arrival {
    uint64_t time;
    uint32_t ticks;
};

struct packet {
    struct arrival at;
    uint32_t length;
    uint8_t bytes[MACHINE_PACKET];
};

struct sender {
    struct packet *packets; /* ring, by sequence number */
    uint64_t sent, first;   /* sequence numbers: of the next one, and of the first that is kept */
};

struct cable {
    struct cable_station stations[CABLE_STATIONS];
    struct sender senders[CABLE_STATIONS];
    unsigned count;
    uint32_t latency;
    uint32_t capacity; /* packets of a sender's ring */
    uint64_t now, delivered;
    /* Of a run that is under way: where each machine stands, in microseconds, rounded down; and the sequence number of
     * the first packet of each other station that it has not been given. */
    uint64_t at[CABLE_STATIONS], next[CABLE_STATIONS][CABLE_STATIONS];
};

static uint64_t ticks_per_microsecond(const struct cable *c, unsigned station)
{
    return machine_ticks_per_second(c->stations[station].machine) / 1000000;
}

struct cable *cable_create(const struct cable_station *stations, unsigned count, uint32_t latency)
{
    struct cable *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->count = count;
    c->latency = latency;
    c->capacity = 2 * latency / PACKET_LEAST_US + PACKETS_SPARE;
    for (unsigned i = 0; i < count; i++) {
        c->stations[i] = stations[i];
        c->senders[i].packets = calloc(c->capacity, sizeof *c->senders[i].packets);
        if (!c->senders[i].packets) {
            cable_destroy(c);
            return NULL;
        }
    }
    return c;
}

void cable_destroy(struct cable *c)
{
    for (unsigned i = 0; c && i < c->count; i++)
        free(c->senders[i].packets);
    free(c);
}

uint64_t cable_now(const struct cable *c)
{
    return c->now;
}

unsigned cable_count(const struct cable *c)
{
    return c->count;
}

struct cable_station *cable_station(struct cable *c, unsigned station)
{
    return &c->stations[station];
}

uint64_t cable_delivered(const struct cable *c)
{
    return c->delivered;
}

uint64_t cable_tick(const struct cable *c, unsigned station, uint64_t time)
{
    uint64_t on = c->stations[station].power_on;

    return time > on ? (time - on) * ticks_per_microsecond(c, station) : 0;
}

static struct packet *packet_of(const struct cable *c, unsigned station, uint64_t sequence)
{
    return &c->senders[station].packets[sequence % c->capacity];
}

void cable_send(struct cable *c, unsigned station, const uint8_t *packet, size_t length)
{
    struct sender *s = &c->senders[station];
    struct packet *p = packet_of(c, station, s->sent);
    uint64_t tick = machine_tick(c->stations[station].machine), speed = ticks_per_microsecond(c, station);

    if (s->sent - s->first == c->capacity || length > sizeof p->bytes)
        return; /* no cable is that fast */
    p->at.time = c->stations[station].power_on + tick / speed + c->latency;
    p->at.ticks = (uint32_t)(tick % speed);
    p->length = (uint32_t)length;
    memcpy(p->bytes, packet, length);
    s->sent++;
}

/* --- Running --- */

/* Whether a packet of sender a arrives before one of sender b: by time, then by the order of the stations. */
static bool is_before(const struct cable *c, unsigned a, const struct arrival *of_a, unsigned b,
                      const struct arrival *of_b)
{
    uint64_t left, right;

    if (of_a->time != of_b->time)
        return of_a->time < of_b->time;
    left = of_a->ticks * ticks_per_microsecond(c, b);
    right = of_b->ticks * ticks_per_microsecond(c, a);
    return left != right ? left < right : a < b;
}

static bool is_by(const struct arrival *at, uint64_t time)
{
    return at->time < time || (at->time == time && !at->ticks);
}

/* The first instant of a station's clock that is not before an arrival. */
static uint64_t arrival_tick(const struct cable *c, unsigned station, unsigned sender, const struct arrival *at)
{
    uint64_t own = ticks_per_microsecond(c, station), its = ticks_per_microsecond(c, sender);

    return cable_tick(c, station, at->time) + (at->ticks * own + its - 1) / its;
}

/* Runs a machine to a tick, whatever it says on the way. near: it may stop a little earlier, once it has moved. */
static void run_to(struct cable_station *s, uint64_t tick, bool near)
{
    while (!s->off && !s->failed && machine_tick(s->machine) + (near ? MACHINE_NEAR : 0) < tick) {
        uint64_t before = machine_tick(s->machine);
        enum machine_stop stop = s->run ? s->run(s->context, tick)
                                 : near ? machine_run_near(s->machine, tick)
                                        : machine_run(s->machine, tick);
        s->halted |= stop == MACHINE_HALTED;
        s->off |= stop == MACHINE_POWERED_OFF;
        s->failed |= stop == MACHINE_HOST_FAILED;
        if (machine_tick(s->machine) == before)
            return; /* its replay is over */
    }
}

/* Gives a station what arrives up to a time, one after the other, and runs it to there; not quite if it is to go on
 * from there within this run anyway, and so far that it does move. */
static void step(struct cable *c, unsigned station, uint64_t until, bool last)
{
    struct cable_station *s = &c->stations[station];
    uint64_t *next = c->next[station], speed = ticks_per_microsecond(c, station), stands;
    bool near = !last && !s->run && (until - c->at[station]) * speed > NEAR_LEAST;

    for (;;) {
        unsigned from = c->count;
        for (unsigned i = 0; i < c->count; i++)
            if (i != station && next[i] < c->senders[i].sent &&
                (from == c->count ||
                 is_before(c, i, &packet_of(c, i, next[i])->at, from, &packet_of(c, from, next[from])->at)))
                from = i;
        if (from == c->count || !is_by(&packet_of(c, from, next[from])->at, until))
            break;
        const struct packet *p = packet_of(c, from, next[from]++);
        if (p->at.time < s->power_on)
            continue;
        run_to(s, arrival_tick(c, station, from, &p->at), false);
        if (s->off || s->failed)
            continue;
        machine_packet_in(s->machine, p->bytes, p->length);
        c->delivered++;
    }
    run_to(s, cable_tick(c, station, until), near);
    stands = s->power_on + machine_tick(s->machine) / speed;
    c->at[station] = near && !s->off && !s->failed && stands < until ? stands : until;
}

/* What every machine has had is not kept. */
static void forget(struct cable *c, uint64_t passed)
{
    for (unsigned i = 0; i < c->count; i++)
        while (c->senders[i].first < c->senders[i].sent && is_by(&packet_of(c, i, c->senders[i].first)->at, passed))
            c->senders[i].first++;
}

/* The machine that stands farthest back, and where the next one stands. */
static unsigned last_one(const struct cable *c, uint64_t *next)
{
    unsigned last = 0;

    for (unsigned i = 1; i < c->count; i++)
        if (c->at[i] < c->at[last])
            last = i;
    *next = UINT64_MAX;
    for (unsigned i = 0; i < c->count; i++)
        if (i != last && c->at[i] < *next)
            *next = c->at[i];
    return last;
}

void cable_run(struct cable *c, uint64_t until)
{
    uint64_t next;

    if (until <= c->now)
        return;
    for (unsigned i = 0; i < c->count; i++) {
        c->at[i] = c->now;
        for (unsigned j = 0; j < c->count; j++)
            c->next[i][j] = c->senders[j].first;
    }
    for (;;) {
        unsigned i = last_one(c, &next);
        if (c->at[i] >= until)
            break;
        next = next < until && until - next > c->latency ? next + c->latency : until;
        step(c, i, next, next == until);
        forget(c, c->at[last_one(c, &next)]);
    }
    c->now = until;
}

/* --- State --- */

struct bytes {
    uint8_t *at;
    size_t used, size;
};

static void put(struct bytes *b, uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; i++, b->used++)
        if (b->used < b->size)
            b->at[b->used] = (uint8_t)(value >> 8 * i);
}

static void put_bytes(struct bytes *b, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put(b, bytes[i], 1);
}

size_t cable_save(const struct cable *c, uint8_t *bytes, size_t size)
{
    struct bytes b = {bytes, 0, size};

    put(&b, c->now, 8);
    for (unsigned i = 0; i < c->count; i++) {
        const struct sender *s = &c->senders[i];
        put(&b, s->sent, 8);
        put(&b, c->stations[i].off, 1);
        put(&b, s->sent - s->first, 4);
        for (uint64_t n = s->first; n < s->sent; n++) {
            const struct packet *p = packet_of(c, i, n);
            put(&b, p->at.time - c->latency, 8);
            put(&b, p->at.ticks, 4);
            put(&b, p->length, 4);
            put_bytes(&b, p->bytes, p->length);
        }
    }
    return b.used;
}

struct reading {
    const uint8_t *at;
    size_t left;
    bool failed; /* it ended too soon */
};

static uint64_t get(struct reading *r, unsigned width)
{
    uint64_t value = 0;

    r->failed |= width > r->left;
    for (unsigned i = 0; !r->failed && i < width; i++, r->left--)
        value |= (uint64_t)*r->at++ << 8 * i;
    return value;
}

/* One packet of a station, which arrives later than now, and than the one before it. */
static bool load_packet(struct cable *c, unsigned station, struct reading *r, uint64_t sequence)
{
    struct packet *p = packet_of(c, station, sequence);

    p->at.time = get(r, 8) + c->latency;
    p->at.ticks = (uint32_t)get(r, 4);
    p->length = (uint32_t)get(r, 4);
    if (r->failed || p->length > sizeof p->bytes || p->length > r->left || is_by(&p->at, c->now) ||
        p->at.time > CABLE_TIME_LIMIT || p->at.ticks >= ticks_per_microsecond(c, station))
        return false;
    if (sequence > c->senders[station].first &&
        !is_before(c, station, &packet_of(c, station, sequence - 1)->at, station, &p->at))
        return false;
    memcpy(p->bytes, r->at, p->length);
    r->at += p->length;
    r->left -= p->length;
    return true;
}

bool cable_load(struct cable *c, const uint8_t *bytes, size_t size)
{
    struct reading r = {bytes, size, false};

    c->now = get(&r, 8);
    if (r.failed || c->now > CABLE_TIME_LIMIT)
        return false;
    for (unsigned i = 0; i < c->count; i++) {
        struct sender *s = &c->senders[i];
        uint64_t off, kept;
        s->sent = get(&r, 8);
        off = get(&r, 1);
        kept = get(&r, 4);
        if (r.failed || off > 1 || kept > c->capacity || kept > s->sent)
            return false;
        c->stations[i].off = off;
        s->first = s->sent - kept;
        for (uint64_t n = s->first; n < s->sent; n++)
            if (!load_packet(c, i, &r, n))
                return false;
    }
    return r.left == 0;
}

bool cable_digest(struct cable *c,
                  void (*sha256)(void *context, const uint8_t *bytes, size_t length, uint8_t digest[32]), void *context,
                  uint8_t digest[32])
{
    static const uint8_t title[] = "muniment set 0";
    size_t size = sizeof title + 4 + CABLE_STATIONS * (CABLE_NAME + 8 + 32) + cable_save(c, NULL, 0);
    struct bytes b = {malloc(size), 0, size};
    bool good = true;

    if (!b.at)
        return false;
    put_bytes(&b, title, sizeof title);
    put(&b, c->latency, 4);
    for (unsigned i = 0; good && i < c->count; i++) {
        const struct cable_station *s = &c->stations[i];
        uint8_t state[32];
        good = machine_digest(s->machine, state);
        put_bytes(&b, (const uint8_t *)s->name, strlen(s->name) + 1);
        put(&b, s->power_on, 8);
        put_bytes(&b, state, sizeof state);
    }
    if (good) {
        b.used += cable_save(c, b.at + b.used, size - b.used);
        sha256(context, b.at, b.used, digest);
    }
    free(b.at);
    return good;
}
