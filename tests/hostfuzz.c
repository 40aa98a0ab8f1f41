/* hostfuzz.c - instructions in ring 3, on our processor and on the one that this program runs on: all that comes out must be equal.
 *
 *     hostfuzz [--count N] [--seed S] [--row OPCODE] [--mode 16|32]
 *
 * Trials are made from the rows of the decoder's table (hostfuzz/generate.c), in batches, for a 32-bit or a 16-bit code segment. Compared are general and
 * segment registers, flags save those that the row leaves undefined, EIP, the vector with error code and CR2, and memory. Memory runs on from trial to
 * trial and from batch to batch; when it differs behind a batch, or a trial does, the batch is repeated trial by trial, and only what differs then counts. */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "tests/hostfuzz/hostfuzz.h"

#define ENOUGH  1000000u /* trials that must reach every row */
#define SECONDS 120u     /* for PERIOD batches: a host that is led astray may not come back */
#define PERIOD  64u      /* batches with one choice of segments */
#define SHOWN   20u      /* failures */

#define FLAGS_COMPARED (FLAGS_ARITHMETIC | FLAG_TF | FLAG_IF | FLAG_DF | FLAG_IOPL | FLAG_NT | FLAG_VM | FLAG_AC | FLAG_ID)

/* What may differ: each is a choice that the manual leaves open, or the host's own. */
enum difference { UNEXPLAINED, CALL_ORDER, ENTER_ORDER, RETURN_ORDER, POPA_REGISTERS, ICEBP_ADDRESS, DIFFERENCES };
static const char *const differences[DIFFERENCES] = {
    [CALL_ORDER] = "CALL to beyond the limit: #GP here, as in the manual's operation section; there what the push faults with, if it does",
    [ENTER_ORDER] = "ENTER with two faults: here that of the last write, there that of the first push",
    [RETURN_ORDER] = "RETF and IRET to a selector that faults: the host asks first for SS:ESP of an outer level on the stack",
    [POPA_REGISTERS] = "POPA that faults: the host keeps the registers that were popped before; here an instruction that faults changes nothing",
    [ICEBP_ADDRESS] = "ICEBP: under the host's hypervisor it is reported as a fault, at its own address",
};

struct tally {
    unsigned long passed, failed, discarded, repeated, different[DIFFERENCES];
    unsigned long *tried;  /* by row */
    uint8_t *saved;        /* the data before the batch */
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

static uint32_t undefined_flags(const struct trial *t)
{
    const struct opcode_row *row = &opcode_rows[t->row];
    const struct insn *insn = &t->insn;
    bool by_cl = insn->form == FORM_RC || insn->form == FORM_MC || insn->form == FORM_RRC || insn->form == FORM_MRC;
    unsigned count = (by_cl ? t->before.reg[ECX] : insn->immediate) & 31;

    if (t->decoded != DECODE_OK)
        return 0;
    switch (row->operation) {
    case OP_SHL: case OP_SHR: case OP_SAR: case OP_ROL: case OP_ROR: case OP_RCL: case OP_RCR: case OP_SHLD: case OP_SHRD:
        return !count ? 0 : count == 1 ? row->undefined & ~(uint32_t)FLAG_OF : row->undefined;
    default:
        return row->undefined;
    }
}

static bool is_equal(const struct trial *t)
{
    const struct outcome *a = &t->ours, *b = &t->host;
    bool equal = a->vector == b->vector && a->error == b->error && a->cr2 == b->cr2 && a->after.eip == b->after.eip
              && !((a->after.flags ^ b->after.flags) & FLAGS_COMPARED & ~undefined_flags(t)) && !memcmp(a->after.reg, b->after.reg, sizeof a->after.reg);

    for (unsigned n = 0; n < SEG_COUNT; n++) {
        uint16_t x = a->after.selector[n], y = b->after.selector[n];
        equal &= x == y || (x < 4 && y < 4); /* the return to ring 3 may clear the RPL of a null selector */
    }
    return equal;
}

static bool is_stack_fault(const struct outcome *o)
{
    return o->vector == EXC_PF || o->vector == EXC_AC || (o->vector == EXC_SS && !o->error);
}

static enum difference difference_of(const struct trial *t)
{
    const struct outcome *a = &t->ours, *b = &t->host;
    struct trial like = *t;

    if (t->decoded != DECODE_OK)
        return UNEXPLAINED;
    switch (t->insn.operation) {
    case OP_CALL:
        return a->vector == EXC_GP && !a->error && is_stack_fault(b) ? CALL_ORDER : UNEXPLAINED;
    case OP_ENTER:
        return is_stack_fault(a) && is_stack_fault(b) ? ENTER_ORDER : UNEXPLAINED;
    case OP_RETF: case OP_IRET:
        return a->vector == EXC_GP && is_stack_fault(b) ? RETURN_ORDER : UNEXPLAINED;
    case OP_POPA:
        memcpy(like.host.after.reg, a->after.reg, sizeof a->after.reg);
        return a->vector != VECTOR_NONE && b->after.reg[ESP] == t->before.reg[ESP] && is_equal(&like) ? POPA_REGISTERS : UNEXPLAINED;
    case OP_ICEBP:
        like.host.after.eip += t->length;
        return is_equal(&like) ? ICEBP_ADDRESS : UNEXPLAINED;
    default:
        return UNEXPLAINED;
    }
}

/* Of an instruction that pushes more than once and faults, the host keeps what was pushed before; ours has changed nothing, and takes it over. */
static void pushes_copy(struct fuzz *f, const struct trial *t)
{
    uint32_t esp = t->before.reg[ESP], mask = stack_is_wide(f, t) ? UINT32_MAX : 0xFFFF;

    if (t->ours.vector == VECTOR_NONE || t->host.vector == VECTOR_NONE || !pushes_often(&opcode_rows[t->row]))
        return;
    for (uint32_t n = 1; n < 160 + 4; n++) { /* ENTER 31 pushes most; and what a word at offset FFFFh reaches */
        uint32_t at = linear_of(f, t, SEG_SS, ((esp - n) & mask) + 3) - ARENA - DATA_AT;
        for (unsigned byte = 0; byte < 4; byte++)
            if (at - byte < DATA_SIZE)
                our_data(f)[at - byte] = host_data(f)[at - byte];
    }
}

static bool is_right(struct fuzz *f, struct tally *y, const struct trial *t)
{
    enum difference difference;

    pushes_copy(f, t);
    if (is_equal(t))
        return true;
    difference = difference_of(t);
    y->different[difference]++;
    return difference != UNEXPLAINED;
}

/* --- What is printed --- */

static void state_print(const char *title, const struct state *s)
{
    static const char *const names[8] = { "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi" };

    printf("    %-7s", title);
    for (unsigned n = 0; n < 8; n++)
        printf("%s %08x ", names[n], s->reg[n]);
    printf("eip %08x flags %06x", s->eip, s->flags);
    for (unsigned n = 0; n < SEG_COUNT; n++)
        printf(" %cs %x", "ecsdfg"[n], s->selector[n]);
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
    unsigned shown = 0;

    if (t->decoded == DECODE_OK)
        disassemble(&t->insn, t->before.eip, text);
    printf("FAILED opcode %X, %u-bit: %s |", opcode_rows[t->row].opcode, f->wide ? 32 : 16, text);
    for (unsigned n = 0; n < t->length; n++)
        printf(" %02x", t->bytes[n]);
    printf("\n");
    state_print("before", &t->before);
    printf("\n");
    outcome_print("ours", &t->ours);
    outcome_print("host", &t->host);
    for (uint32_t n = 0; n < DATA_SIZE && shown < 16; n++)
        if (our_data(f)[n] != host_data(f)[n] && ++shown)
            printf("    %08x: %02x, ours %02x, host %02x\n", ARENA + DATA_AT + n, y->saved[n], our_data(f)[n], host_data(f)[n]);
    for (unsigned n = 0; n < SEG_COUNT; n++) {
        const struct segment *s = &f->segment[t->before.selector[n] >> 3];
        if (t->before.selector[n])
            printf("    %cs base %08x limit %08x rights %04x\n", "ecsdfg"[n], s->base, s->limit, s->rights);
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

/* Returns the exit status. */
static int report(const struct fuzz *f, const struct tally *y, unsigned long count)
{
    unsigned tried = 0;

    for (unsigned n = UNEXPLAINED + 1; n < DIFFERENCES; n++)
        if (y->different[n])
            printf("%lu differ: %s\n", y->different[n], differences[n]);
    left_out_print();
    for (unsigned n = 0; n < f->row_count; n++) {
        const struct opcode_row *row = &opcode_rows[f->rows[n]];
        tried += y->tried[f->rows[n]] != 0;
        if (!y->tried[f->rows[n]])
            printf("not tried: %s, opcode %X\n", operation_names[row->operation], row->opcode);
    }
    printf("%u of %u rows tried; of batches of %u, %lu were repeated trial by trial and %lu discarded\n", tried, f->row_count, SLOTS, y->repeated, y->discarded);
    printf("%lu passed, %lu failed\n", y->passed, y->failed);
    return y->failed || (count >= ENOUGH && tried < f->row_count);
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

/* Once more from the start, one by one. */
static void batch_repeat(struct fuzz *f, struct tally *y)
{
    y->repeated++;
    memcpy(host_data(f), y->saved, DATA_SIZE);
    memcpy(our_data(f), y->saved, DATA_SIZE);
    for (unsigned k = 0; k < SLOTS; k++) {
        const struct trial *t = &f->trial[k];
        enum run run = both_run(f, k, k < f->fast ? k + 1 : k, k + 1);
        bool right = run == RUN_DONE && is_right(f, y, t) && !memcmp(our_data(f), host_data(f), DATA_SIZE);
        if (right)
            y->passed++;
        else if (run != RUN_ELSEWHERE && y->failed++ < SHOWN)
            failure_print(f, y, t);
        if (!right)
            memcpy(our_data(f), host_data(f), DATA_SIZE);
        memcpy(y->saved, host_data(f), DATA_SIZE);
        y->tried[t->row]++;
    }
}

static void batch_run(struct fuzz *f, struct tally *y, bool wide)
{
    enum run run;
    bool right;

    batch_make(f, wide);
    memcpy(y->saved, host_data(f), DATA_SIZE);
    run = both_run(f, 0, f->fast, SLOTS);
    if (run == RUN_ELSEWHERE) {
        memcpy(our_data(f), host_data(f), DATA_SIZE);
        y->discarded++;
        return;
    }
    right = run == RUN_DONE;
    for (unsigned k = 0; k < SLOTS && right; k++)
        right = is_right(f, y, &f->trial[k]);
    if (!right || memcmp(our_data(f), host_data(f), DATA_SIZE)) {
        batch_repeat(f, y);
        return;
    }
    y->passed += SLOTS;
    for (unsigned k = 0; k < SLOTS; k++)
        y->tried[f->trial[k].row]++;
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
    f->entry[ENTRY_CODE32] = (struct entry){.base = ARENA + CODE_SIZE, .limit = CODE_LIMIT, .kind = KIND_CODE, .wide = true};
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
    fprintf(stderr, "usage: hostfuzz [--count N] [--seed S] [--row OPCODE] [--mode 16|32]\n");
    return 2;
}

int main(int argc, char **argv)
{
    static struct fuzz f;
    struct tally y = {.tried = calloc(opcode_row_count, sizeof *y.tried), .saved = malloc(DATA_SIZE)};
    unsigned long count = ENOUGH, mode = 0, opcode = ULONG_MAX;
    const char *problem;

    for (int n = 1; n < argc; n += 2) {
        bool row = !strcmp(argv[n], "--row");
        unsigned long *option = row ? &opcode : !strcmp(argv[n], "--count") ? &count : !strcmp(argv[n], "--seed") ? &f.random
                              : !strcmp(argv[n], "--mode") ? &mode : NULL;
        char *end = "?";
        if (option && n + 1 < argc)
            *option = strtoul(argv[n + 1], &end, row ? 16 : 10);
        if (*end || (mode && mode != 16 && mode != 32))
            return usage();
    }
    f.rows = calloc(opcode_row_count, sizeof *f.rows);
    if (!f.rows || !y.tried || !y.saved)
        return 4;
    for (unsigned row = 0; row < opcode_row_count; row++)
        if (!reason_left_out(&opcode_rows[row]) && (opcode == ULONG_MAX || opcode_rows[row].opcode == opcode))
            f.rows[f.row_count++] = row;
    if (!f.row_count)
        return usage();
    problem = init(&f);
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
