/* hostfuzz.c - instructions in ring 3, on our processor and on the one that this program runs on: all that comes out
 * must be equal.
 *
 *     hostfuzz [--count N] [--seed S] [--row OPCODE] [--mode 16|32] [--show N]
 *     hostfuzz --alter N [--host VENDOR/FAMILY/MODEL] ...     tests the comparison: what the host did is altered in one
 * trial of N
 *
 * Trials are made from the rows of the decoder's table (hostfuzz/generate.c), in batches, for a 32-bit or a 16-bit code
 * segment. Compared are general and segment registers, flags save those that the row leaves undefined, EIP, the vector
 * with error code and CR2, and memory. Memory runs on from trial to trial and from batch to batch; when it differs
 * after a batch, or a trial does, the batch is repeated in parts, down to the trial that differs. Where processors
 * differ, hostfuzz/permitted.c lists the outcomes: ours must be the first, the host's one of them. On a family that
 * nobody has tried, differences are reported and not judged (host.h). */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "tests/hostfuzz/hostfuzz.h"
#include "tests/undefined.h"

#define ENOUGH 1000000u /* trials that must reach every row */
#define SECONDS 120u    /* for PERIOD batches: a host that is led astray may not come back */
#define PERIOD 64u      /* batches with one choice of segments */

#define FLAGS_COMPARED \
    (FLAGS_ARITHMETIC | FLAG_TF | FLAG_IF | FLAG_DF | FLAG_IOPL | FLAG_NT | FLAG_VM | FLAG_AC | FLAG_ID)

/* What --alter changes in what the host did: none of it is permitted, so that each alteration must be found. */
enum alteration {
    ALTER_REGISTER,
    ALTER_FLAG,
    ALTER_EIP,
    ALTER_SELECTOR,
    ALTER_VECTOR,
    ALTER_ERROR,
    ALTER_CR2,
    ALTER_MEMORY,
    ALTERATIONS
};

struct tally {
    unsigned long passed, failed, discarded, split, shown;
    unsigned long *tried, *differ; /* by row */
    unsigned long *met, *other;    /* by permit: where it holds, and where the host's outcome is not ours */
    uint8_t *saved;                /* the data before what runs now */
    unsigned long alter, altered, found, *altered_permit; /* one trial in `alter` is altered; of these, by permit */
    uint32_t random;
};

static uint8_t *our_data(struct fuzz *f)
{
    return our_image(f) + DATA_AT;
}

static uint8_t *host_data(struct fuzz *f)
{
    return f->image + DATA_AT;
}

/* --- Comparison --- */

static bool is_equal(const struct trial *t, const struct outcome *a, const struct outcome *b)
{
    uint32_t undefined = t->decoded == DECODE_OK ? undefined_flags(&t->insn, t->before.reg[ECX]) : 0;
    bool equal = a->vector == b->vector && a->error == b->error && a->cr2 == b->cr2 && a->after.eip == b->after.eip &&
                 !((a->after.flags ^ b->after.flags) & FLAGS_COMPARED & ~undefined) &&
                 !memcmp(a->after.reg, b->after.reg, sizeof a->after.reg);

    return equal && !memcmp(a->after.selector, b->after.selector, sizeof a->after.selector);
}

static const struct permit *permit_of(const struct fuzz *f, const struct tally *y, const struct trial *t,
                                      struct permitted set[OUTCOMES], unsigned *count)
{
    const struct situation situation = {f, t, y->saved};

    for (unsigned n = 0; n < permit_count; n++) {
        for (unsigned k = 0; k < OUTCOMES; k++)
            set[k].stores = 0;
        *count = permits[n].outcomes(&situation, set);
        if (*count)
            return &permits[n];
    }
    return NULL;
}

/* Whether ours has made the stores of an outcome. */
static bool stores_made(struct fuzz *f, const struct permitted *p)
{
    bool made = true;

    for (unsigned n = 0; n < p->stores; n++)
        for (unsigned k = 0; k < p->store[n].size; k++)
            made &= our_data(f)[p->store[n].linear - ARENA - DATA_AT + k] == (uint8_t)(p->store[n].value >> 8 * k);
    return made;
}

/* Makes an outcome's stores in our memory, if that makes it equal to the host's. */
static bool memory_agrees(struct fuzz *f, const struct permitted *p)
{
    uint8_t *data = our_data(f);
    uint8_t old[STORES][4];

    for (unsigned n = 0; n < p->stores; n++) {
        memcpy(old[n], data + (p->store[n].linear - ARENA - DATA_AT), 4);
        for (unsigned k = 0; k < p->store[n].size; k++)
            data[p->store[n].linear - ARENA - DATA_AT + k] = (uint8_t)(p->store[n].value >> 8 * k);
    }
    if (!memcmp(data, host_data(f), DATA_SIZE))
        return true;
    for (unsigned n = p->stores; n-- > 0;)
        memcpy(data + (p->store[n].linear - ARENA - DATA_AT), old[n], 4);
    return false;
}

/* What is permitted may depend on memory, which the trials after it change. */
static bool reaches_memory(const struct trial *t)
{
    return insn_has_memory(&t->insn) || opcode_rows[t->row].attributes & ROW_STACK;
}

/* Of a trial among others: false if it must run alone to be judged. Their memory is compared when all have run. */
static bool is_right_among(struct fuzz *f, struct tally *y, const struct trial *t, const struct permit **other)
{
    struct permitted set[OUTCOMES];
    unsigned count;

    *other = NULL;
    if (pushes_often(&opcode_rows[t->row]) && t->host.vector != VECTOR_NONE)
        return false;
    if (is_equal(t, &t->ours, &t->host))
        return true;
    *other = permit_of(f, y, t, set, &count);
    return *other && !reaches_memory(t) && is_equal(t, &t->ours, &set[0].outcome) &&
           is_equal(t, &t->host, &set[1].outcome);
}

/* Of a trial that ran alone. */
static bool is_right_alone(struct fuzz *f, struct tally *y, const struct trial *t)
{
    const struct permitted as_ours = {.outcome = t->ours};
    struct permitted set[OUTCOMES];
    unsigned count;
    const struct permit *p = permit_of(f, y, t, set, &count);

    if (!p)
        return is_equal(t, &t->ours, &t->host) && memory_agrees(f, &as_ours);
    y->met[p - permits]++;
    if (!is_equal(t, &t->ours, &set[0].outcome) || !stores_made(f, &set[0]))
        return false;
    for (unsigned k = 0; k < count; k++)
        if (is_equal(t, &t->host, &set[k].outcome) && memory_agrees(f, &set[k])) {
            y->other[p - permits] += k != 0;
            return true;
        }
    return false;
}

/* --- Alterations --- */

static void host_alter(struct fuzz *f, struct tally *y, struct trial *t)
{
    struct outcome *o = &t->host;

    /* clang-format off */
    /* clang-format off */
    switch ((enum alteration)(y->altered++ % ALTERATIONS)) {
    case ALTER_REGISTER: o->after.reg[y->random >> 8 & 7] ^= 0x10000000; break;
    case ALTER_FLAG:     o->after.flags ^= FLAG_DF; break;
    case ALTER_EIP:      o->after.eip ^= 0x10000000; break;
    case ALTER_SELECTOR: o->after.selector[(y->random >> 8) % SEG_COUNT] ^= 0x100; break;
    case ALTER_VECTOR:   o->vector ^= 0x20; break;
    case ALTER_ERROR:    o->error ^= 0x10000; break;
    case ALTER_CR2:      o->cr2 ^= 0x10000; break;
    case ALTER_MEMORY:   host_data(f)[(y->random >> 8) % DATA_SIZE] ^= 0xFF; break;
    default: break;
    }
    /* clang-format on */
    /* clang-format on */
}

/* Alters one in so many, and all where a permit holds. Trials run alone then. */
static bool alter_now(struct fuzz *f, struct tally *y, struct trial *t)
{
    struct permitted set[OUTCOMES];
    unsigned count;
    const struct permit *p = permit_of(f, y, t, set, &count);

    y->random = y->random * 1664525 + 1013904223;
    if (!p && (y->random >> 8) % y->alter)
        return false;
    if (p)
        y->altered_permit[p - permits]++;
    host_alter(f, y, t);
    return true;
}

/* --- What is printed --- */

static void state_print(const char *title, const struct state *s)
{
    static const char *const names[8] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};

    printf("    %-7s ", title);
    for (unsigned n = 0; n < 8; n++)
        printf("%s %08x ", names[n], s->reg[n]);
    printf("eip %08x flags %06x", s->eip, s->flags);
    for (unsigned n = 0; n < SEG_COUNT; n++)
        printf(" %cs %x", "ecsdfg"[n], s -> selector[n]);
}

static void outcome_print(const char *title, const struct outcome *o)
{
    state_print(title, &o->after);
    if (o->vector != VECTOR_NONE)
        printf(" vector %u error %x cr2 %08x", o->vector, o->error, o->cr2);
    printf("\n");
}

static void failure_print(struct fuzz *f, const struct tally *y, const struct trial *t)
{
    char text[DISASSEMBLY_SIZE] = "undefined";
    struct permitted set[OUTCOMES];
    unsigned shown = 0, count;
    const struct permit *p = permit_of(f, y, t, set, &count);

    if (t->decoded == DECODE_OK || t->unlocked)
        disassemble(&t->insn, t->before.eip, text);
    printf("DIFFERS opcode %X, %u-bit: %s |", opcode_rows[t->row].opcode, f->wide ? 32 : 16, text);
    for (unsigned n = 0; n < t->length; n++)
        printf(" %02x", t->bytes[n]);
    printf("\n");
    state_print("before", &t->before);
    printf("\n");
    outcome_print("ours", &t->ours);
    outcome_print("host", &t->host);
    for (unsigned k = 0; p && k < count; k++)
        outcome_print(p->name, &set[k].outcome);
    for (uint32_t n = 0; n < DATA_SIZE && shown < 16; n++)
        if (our_data(f)[n] != host_data(f)[n] && ++shown)
            printf("    %08x: %02x, ours %02x, host %02x\n", ARENA + DATA_AT + n, y->saved[n], our_data(f)[n],
                   host_data(f)[n]);
    for (unsigned n = 0; n < SEG_COUNT; n++) {
        const struct segment *s = &f->segment[t->before.selector[n] >> 3];
        if (t->before.selector[n])
            printf("    %cs base %08x limit %08x rights %04x\n", "ecsdfg"[n], s -> base, s -> limit, s -> rights);
    }
}

/* Each reason once, with the rows that it keeps out. */
static void left_out_print(void)
{
    for (unsigned row = 0; row < opcode_row_count; row++) {
        const char *reason = reason_left_out(&opcode_rows[row]), *name = NULL;
        unsigned first = 0, count = 0;
        while (reason_left_out(&opcode_rows[first]) != reason)
            first++;
        if (!reason || first != row)
            continue;
        printf("left out: %s:", reason);
        for (unsigned n = row; n < opcode_row_count; n++) {
            if (reason_left_out(&opcode_rows[n]) != reason)
                continue;
            if (count++ < 12 && operation_names[opcode_rows[n].operation] != name)
                printf(" %s", name = operation_names[opcode_rows[n].operation]);
        }
        printf("%s (rows: %u)\n", count > 12 ? " ..." : "", count);
    }
}

static void permits_print(const struct tally *y)
{
    for (unsigned n = 0; n < permit_count; n++)
        if (y->met[n] || y->other[n] || y->alter)
            printf("%-16s %8lu differ: %s (%s)\n", permits[n].name, y->other[n], permits[n].reason, permits[n].seen);
    if (!y->alter)
        return;
    for (unsigned n = 0; n < permit_count; n++)
        printf("altered: %s %lu\n", permits[n].name, y->altered_permit[n]);
    printf("%lu altered, %lu found\n", y->altered, y->found);
}

/* The operations that differ most. */
static void first_print(const struct tally *y, char *text, size_t size)
{
    unsigned long last = ULONG_MAX;
    size_t used = 0;

    *text = 0;
    for (unsigned shown = 0; shown < 5; shown++) {
        unsigned most = opcode_row_count;
        for (unsigned row = 0; row < opcode_row_count; row++)
            if (y->differ[row] && y->differ[row] < last &&
                (most == opcode_row_count || y->differ[row] > y->differ[most]))
                most = row;
        if (most == opcode_row_count || used + 40 > size)
            return;
        last = y->differ[most];
        used += (size_t)snprintf(text + used, size - used, "%s%s (%X) %lu", used ? ", " : "",
                                 operation_names[opcode_rows[most].operation], opcode_rows[most].opcode, last);
    }
}

/* Returns the exit status. */
static int report(const struct fuzz *f, const struct tally *y, unsigned long count)
{
    unsigned tried = 0;
    char first[256];
    int status;

    permits_print(y);
    left_out_print();
    for (unsigned n = 0; n < f->row_count; n++) {
        const struct opcode_row *row = &opcode_rows[f->rows[n]];
        tried += y->tried[f->rows[n]] != 0;
        if (!y->tried[f->rows[n]])
            printf("not tried: %s, opcode %X\n", operation_names[row->operation], row->opcode);
    }
    printf("%u of %u rows tried; batches of %u: %lu trials discarded, %lu run alone\n", tried, f->row_count, SLOTS,
           y->discarded, y->split);
    first_print(y, first, sizeof first);
    status = host_verdict(&f->host, y->passed, y->failed, first);
    return !status && count >= ENOUGH && tried < f->row_count ? 1 : status;
}

/* --- Batches --- */

/* HLT where a slot begins, or what is there else. */
static void slot_close(struct fuzz *f, unsigned slot, bool close)
{
    uint8_t byte = close ? 0xF4 : f->wide ? 0xBC : 0x66;

    image_put(f, (f->wide ? CODE_SIZE : 0) + slot * SLOT_SIZE, &byte, 1);
}

enum run { RUN_DONE, RUN_ELSEWHERE, RUN_LOST };

static enum run both_run(struct fuzz *f, unsigned begin, unsigned fast_end, unsigned trap_end)
{
    enum run run = RUN_DONE;

    slot_close(f, fast_end, true);
    for (unsigned k = begin; k < trap_end && run == RUN_DONE; k++) {
        ours_run(f, &f->trial[k]);
        if (is_elsewhere(&f->trial[k]))
            run = RUN_ELSEWHERE;
    }
    if (run == RUN_DONE && !host_run(f, begin, fast_end, trap_end))
        run = RUN_LOST;
    slot_close(f, fast_end, false);
    return run;
}

/* Of trials that ran together: the first that must run alone (the middle one if only memory differs), or `end` if all
 * are right. */
static unsigned first_alone(struct fuzz *f, struct tally *y, unsigned begin, unsigned end)
{
    const struct permit *other[SLOTS];

    for (unsigned k = begin; k < end; k++)
        if (!is_right_among(f, y, &f->trial[k], &other[k]))
            return k;
    if (memcmp(our_data(f), host_data(f), DATA_SIZE))
        return begin + (end - begin) / 2;
    for (unsigned k = begin; k < end; k++)
        if (other[k]) {
            y->met[other[k] - permits]++;
            y->other[other[k] - permits]++;
        }
    return end;
}

static void count_alone(struct fuzz *f, struct tally *y, unsigned k, bool ran)
{
    struct trial *t = &f->trial[k];
    bool altered = ran && y->alter && alter_now(f, y, t), right = ran && is_right_alone(f, y, t);

    y->passed += right;
    y->found += altered && !right;
    if (!right) {
        y->differ[t->row]++;
        if (y->failed++ < y->shown)
            failure_print(f, y, t);
        memcpy(our_data(f), host_data(f), DATA_SIZE);
    }
}

/* Runs trials, and counts them. Where one of them must run alone, it does, between those before it and those after
 * it. */
static void trials_run(struct fuzz *f, struct tally *y, unsigned begin, unsigned end)
{
    unsigned fast_end = f->fast < begin ? begin : f->fast < end ? f->fast : end, alone = begin + (end - begin) / 2;
    enum run run = RUN_DONE;

    if (begin == end)
        return;
    run = both_run(f, begin, fast_end, end);
    if (run == RUN_ELSEWHERE) {
        memcpy(our_data(f), y->saved, DATA_SIZE);
        y->discarded += end - begin;
        return;
    }
    if (run == RUN_DONE && end - begin > 1 && !y->alter)
        alone = first_alone(f, y, begin, end);
    if (end - begin == 1) {
        count_alone(f, y, begin, run == RUN_DONE);
    } else if (alone == end) {
        y->passed += end - begin;
    } else {
        y->split++;
        memcpy(host_data(f), y->saved, DATA_SIZE);
        memcpy(our_data(f), y->saved, DATA_SIZE);
        trials_run(f, y, begin, alone);
        trials_run(f, y, alone, alone + 1);
        trials_run(f, y, alone + 1, end);
        return;
    }
    memcpy(y->saved, host_data(f), DATA_SIZE);
    for (unsigned k = begin; k < end; k++)
        y->tried[f->trial[k].row]++;
}

static void batch_run(struct fuzz *f, struct tally *y, bool wide)
{
    batch_make(f, wide);
    memcpy(y->saved, host_data(f), DATA_SIZE);
    trials_run(f, y, 0, SLOTS);
}

static void segments_change(struct fuzz *f)
{
    segments_choose(f);
    for (unsigned n = ENTRY_RANDOM; n < ENTRIES; n++) {
        ours_set_entry(f, n);
        if (!host_set_entry(f, n)) {
            fprintf(stderr, "hostfuzz: modify_ldt refuses a segment\n");
            exit(4);
        }
    }
    data_choose(f);
}

/* --- The command --- */

static const char *init(struct fuzz *f)
{
    f->entry[ENTRY_CODE32] = (struct entry){
        .base = ARENA + CODE_SIZE, .limit = CODE_LIMIT, .kind = KIND_CODE, .wide = true};
    f->entry[ENTRY_CODE16] = (struct entry){.base = ARENA, .limit = CODE_LIMIT, .kind = KIND_CODE};
    f->entry[ENTRY_CHANNEL] = (struct entry){.base = ARENA + CONTROL_AT, .limit = 0xFFFF, .wide = true};
    f->entry[ENTRY_DATA32] = (struct entry){.base = ARENA + DATA_AT, .limit = 0xFFFF, .wide = true};
    f->entry[ENTRY_DATA16] = (struct entry){.base = ARENA + DATA_AT + 0x8000, .limit = 0xFFFF};
    if (!ours_init(f))
        return "there is no memory";
    for (unsigned n = 0; n < ENTRY_RANDOM; n++)
        ours_set_entry(f, n);
    return host_init(f);
}

static int usage(void)
{
    fprintf(stderr, "usage: hostfuzz [--count N] [--seed S] [--row OPCODE] [--mode 16|32] [--show N] [--alter N] "
                    "[--host VENDOR/FAMILY/MODEL]\n");
    return 2;
}

static bool tally_init(struct tally *y)
{
    *y = (struct tally){.shown = 20,
                        .tried = calloc(opcode_row_count, sizeof *y->tried),
                        .differ = calloc(opcode_row_count, sizeof *y->differ),
                        .met = calloc(permit_count, sizeof *y->met),
                        .other = calloc(permit_count, sizeof *y->other),
                        .altered_permit = calloc(permit_count, sizeof *y->altered_permit),
                        .saved = malloc(DATA_SIZE)};
    return y->tried && y->differ && y->met && y->other && y->altered_permit && y->saved;
}

int main(int argc, char **argv)
{
    static struct fuzz f;
    struct tally y;
    unsigned long count = ENOUGH, mode = 0, opcode = ULONG_MAX;
    const char *problem = host_identify(&f.host), *pretended = NULL;

    if (!tally_init(&y))
        return 4;
    for (int n = 1; n < argc; n += 2) {
        bool row = !strcmp(argv[n], "--row");
        unsigned long *option = row                           ? &opcode
                                : !strcmp(argv[n], "--count") ? &count
                                : !strcmp(argv[n], "--seed")  ? &f.random
                                : !strcmp(argv[n], "--mode")  ? &mode
                                : !strcmp(argv[n], "--alter") ? &y.alter
                                : !strcmp(argv[n], "--show")  ? &y.shown
                                                              : NULL;
        char *end = "?";
        if (option && n + 1 < argc)
            *option = strtoul(argv[n + 1], &end, row ? 16 : 10);
        else if (!strcmp(argv[n], "--host") && n + 1 < argc && host_pretend(&f.host, pretended = argv[n + 1]))
            end = "";
        if (*end || (mode && mode != 16 && mode != 32))
            return usage();
    }
    f.rows = calloc(opcode_row_count, sizeof *f.rows);
    if (!f.rows)
        return 4;
    for (unsigned row = 0; row < opcode_row_count; row++)
        if (!reason_left_out(&opcode_rows[row]) && (opcode == ULONG_MAX || opcode_rows[row].opcode == opcode))
            f.rows[f.row_count++] = row;
    if (!f.row_count)
        return usage();
    problem = problem ? problem : init(&f);
    if (problem) {
        printf("32-bit and 16-bit code cannot run here: %s\n", problem);
        return 77;
    }
    for (unsigned long batch = 0; y.passed + y.failed < count; batch++) {
        if (batch % PERIOD == 0) {
            alarm(SECONDS);
            segments_change(&f);
        }
        batch_run(&f, &y, mode ? mode == 32 : batch & 1);
    }
    return report(&f, &y, count);
}
