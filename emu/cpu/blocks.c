/* blocks.c - decoded code, kept by physical address and mode.
 *
 * The page that a block was decoded from is marked PAGE_CODE, and a bit for each of its 16-byte lines says whether it
 * holds code, so that data beside code costs little. A write to such a line drops the blocks that it touches; their
 * memory is taken back when the whole arena is emptied, which only happens between blocks. An instruction that crosses
 * a page is decoded anew each time.
 *
 * A relative jump, and the end of a block, remembers the block of its page that it led to. In flat code of 32 bits that
 * is the right one as long as it lives: both lie at the same distance wherever the page is mapped. In other code a jump
 * may wrap, and the distance is compared. Elsewhere the address is that of the translation that is kept of the page. */
#include "emu/cpu/blocks.h"

#include <stdlib.h>

#include "emu/cpu/interpret.h"
#include "emu/cpu/mmu.h"
#include "emu/cpu/tlb.h"
#include "emu/cpu/waits.h"
#include "emu/cpu/translate/hooks.h"

#define ARENA_SIZE (24u << 20)
#define LINE_SIZE 16u
#define MANY \
    32u /* blocks of a page: to look through more at each write into code would cost more than to decode anew what \
           still runs */
#define BLOCK_BYTES(instructions) (sizeof(struct code_block) + ((instructions) + 1) * sizeof(struct insn))
#define NOTHING BLOCK_BYTES(0) /* what the block at 0 takes of the arena */
#define FETCH_LIMIT 15

struct lines {
    uint64_t bits[PAGE_SIZE / LINE_SIZE / 64];
};

struct code_cache {
    struct code_block *bucket[1 << BUCKET_BITS];
    struct code_block **page; /* per page of RAM: its blocks */
    struct lines *lines;      /* per page of RAM: which lines hold code */
    uint32_t pages;
    uint8_t *arena;
    size_t used;
    struct code_block *scratch; /* a block that is not kept: shortened, crossing a page, or outside of plain memory */
};

bool blocks_init(struct cpu *cpu)
{
    struct code_cache *c = calloc(1, sizeof *c);

    cpu->blocks = c;
    if (!c)
        return false;
    cpu->buckets = c->bucket;
    c->used = NOTHING;
    c->pages = cpu->memory->ram_size / PAGE_SIZE;
    c->page = calloc(c->pages, sizeof *c->page);
    c->lines = calloc(c->pages, sizeof *c->lines);
    c->arena = malloc(ARENA_SIZE);
    c->scratch = malloc(BLOCK_BYTES(BLOCK_LIMIT));
    if (!c->page || !c->lines || !c->arena || !c->scratch)
        return false;
    cpu->code = c->arena;
    *code_block_at(cpu, 0) = (struct code_block){.needs = NO_TICKS, .physical = BLOCK_DROPPED};
    return true;
}

void blocks_free(struct cpu *cpu)
{
    struct code_cache *c = cpu->blocks;

    if (!c)
        return;
    free(c->page);
    free(c->lines);
    free(c->arena);
    free(c->scratch);
    free(c);
    cpu->blocks = NULL;
}

/* Empties the arena. What was translated stays, and with it the marks of its pages. */
static void drop_all(struct cpu *cpu)
{
    struct code_cache *c = cpu->blocks;

    if (c->used > NOTHING)
        memset(c->bucket, 0, sizeof c->bucket);
    for (uint32_t page = 0; page < c->pages; page++) {
        c->page[page] = NULL;
        c->lines[page] = (struct lines){{0}};
        if (!translator_holds_page(cpu, page))
            cpu->memory->flags[page] &= (uint8_t)~PAGE_CODE;
    }
    c->used = NOTHING;
    tlb_forget_jumps(cpu);
}

void blocks_flush(struct cpu *cpu)
{
    translator_flush(cpu);
    drop_all(cpu);
}

static struct code_block *look_up(const struct cpu *cpu, uint32_t physical, unsigned mode)
{
    struct code_block *block = *code_bucket(cpu, physical, mode);

    while (block && !(block->physical == physical && block->mode == mode))
        block = block->next_hash;
    return block;
}

/* The lines of a range of bytes within one page. */
static unsigned first_line(uint32_t address)
{
    return (address & PAGE_MASK) / LINE_SIZE;
}

static bool any_line(const struct lines *lines, uint32_t address, uint32_t length)
{
    for (unsigned line = first_line(address); line <= first_line(address + length - 1); line++)
        if (lines->bits[line / 64] >> line % 64 & 1)
            return true;
    return false;
}

static void set_lines(struct lines *lines, const struct code_block *block)
{
    for (unsigned line = first_line(block->physical); line <= first_line(block->physical + block->bytes - 1); line++)
        lines->bits[line / 64] |= UINT64_C(1) << line % 64;
}

static bool touches(const struct code_block *block, uint32_t address, uint32_t length)
{
    return block->physical < address + length && address < block->physical + block->bytes;
}

static void forget(const struct cpu *cpu, struct code_block *block)
{
    struct code_block **link = code_bucket(cpu, block->physical, block->mode);

    while (*link != block)
        link = &(*link)->next_hash;
    *link = block->next_hash;
    block->physical = BLOCK_DROPPED;
    block->needs = NO_TICKS;
}

void blocks_code_changed(struct cpu *cpu, uint32_t address, uint32_t length)
{
    struct code_cache *c = cpu->blocks;
    uint32_t page = address / PAGE_SIZE;
    struct code_block **link = &c->page[page];
    bool touched = false, all;
    unsigned count = 0;

    translator_code_changed(cpu, address, length);
    if (!any_line(&c->lines[page], address, length)) {
        if (!*link && !translator_holds_page(cpu, page))
            cpu->memory->flags[page] &= (uint8_t)~PAGE_CODE;
        return;
    }
    for (const struct code_block *block = *link; block; block = block->next_in_page, count++)
        touched |= touches(block, address, length);
    if (!touched)
        return;
    cpu->leave = true; /* it may be the one that runs */
    all = count > MANY;
    c->lines[page] = (struct lines){{0}};
    while (*link) {
        struct code_block *block = *link;
        if (all || touches(block, address, length)) {
            forget(cpu, block);
            *link = block->next_in_page;
        } else {
            set_lines(&c->lines[page], block);
            link = &block->next_in_page;
        }
    }
    if (!c->page[page] && !translator_holds_page(cpu, page))
        cpu->memory->flags[page] &= (uint8_t)~PAGE_CODE;
}

bool blocks_are_elsewhere(const struct cpu *cpu, uint32_t address, uint32_t length)
{
    uint32_t page = address / PAGE_SIZE;

    return (cpu->blocks->page[page] || translator_holds_page(cpu, page)) &&
           !any_line(&cpu->blocks->lines[page], address, length);
}

static void keep(struct cpu *cpu, struct code_block *block)
{
    struct code_cache *c = cpu->blocks;
    struct code_block **bucket = code_bucket(cpu, block->physical, block->mode);
    int64_t page = memory_page(cpu->memory, block->physical);

    block->next_hash = *bucket;
    *bucket = block;
    if (page < 0)
        return; /* ROM */
    block->next_in_page = c->page[page];
    c->page[page] = block;
    set_lines(&c->lines[page], block);
    if (!(cpu->memory->flags[page] & PAGE_CODE)) {
        cpu->memory->flags[page] |= PAGE_CODE;
        mmu_protect(cpu, (uint32_t)page * PAGE_SIZE);
    }
}

static void close_block(struct code_block *block, unsigned count, uint32_t bytes)
{
    struct insn *end = &block->insn[count];

    block->wait = 0;
    block->needs = count;
    block->runs = 0;
    block->count = (uint8_t)count;
    block->bytes = (uint16_t)bytes;
    *end = (struct insn){.offset = (uint16_t)bytes};
    interpreter_handlers(block);
}

/* Whether a block goes on where this instruction does not jump: it does after a jump that leads ahead, as one back most
 * often closes a loop, and then the block that is the loop may be known to wait. */
static bool goes_on(const struct insn *insn)
{
    return insn->operation >= OP_JO && insn->operation <= OP_JNLE && insn->immediate <= INT32_MAX;
}

/* Decodes up to `limit` instructions from `available` bytes into block. Returns what stopped it: DECODE_OK for an
 * instruction that ends a block or the limit. The count may be 0. */
static enum decode_result fill(const struct cpu *cpu, struct code_block *block, const uint8_t *bytes,
                               uint32_t available, unsigned limit)
{
    enum decode_result result = DECODE_OK;
    unsigned count = 0;
    uint32_t offset = 0;

    while (count < limit && result == DECODE_OK) {
        struct insn *insn = &block->insn[count];
        result = decode(bytes + offset, available - offset, block->mode & DECODE_MODES, cpu->model, insn);
        if (result != DECODE_OK)
            break;
        insn->offset = (uint16_t)offset;
        offset += insn->length;
        count++;
        if (opcode_rows[insn->row].attributes & ROW_BRANCH) {
            insn->displacement = offset + insn->immediate;
            insn->number = (uint8_t)count;
            insn->taken = 0;
            insn->link = 0;
        }
        if (opcode_rows[insn->row].attributes & ROW_ENDS_BLOCK && !goes_on(insn))
            break;
    }
    close_block(block, count, offset);
    return result;
}

/* One instruction gathered page by page, or byte by byte: across a page, out of device memory, or at the limit of CS.
 * `room` bytes lie within the limit. */
static struct code_block *gather(struct cpu *cpu, uint32_t linear, uint64_t room, unsigned mode)
{
    struct code_block *block = cpu->blocks->scratch;
    uint8_t bytes[FETCH_LIMIT + 1];
    uint32_t physical = 0;
    enum decode_result result = DECODE_MORE;

    block->mode = (uint8_t)mode;
    for (uint32_t n = 0, count; result == DECODE_MORE; n += count) {
        const uint8_t *host;
        if (n == room) {
            fault(cpu, EXC_GP, 0);
            return NULL;
        }
        if (mmu_fetch(cpu, linear + n, &physical, &host))
            return NULL;
        count = host ? PAGE_SIZE - ((linear + n) & PAGE_MASK) : 1;
        count = count < sizeof bytes - n ? count : (uint32_t)sizeof bytes - n;
        count = count < room - n ? count : (uint32_t)(room - n);
        if (host)
            memcpy(&bytes[n], host, count);
        else
            bytes[n] = (uint8_t)memory_read(cpu->memory, physical, 1);
        if (!n)
            block->physical = physical;
        result = fill(cpu, block, bytes, n + count, 1);
    }
    if (result == DECODE_OK) {
        /* Nothing reports that it changed: between two iterations it is fetched again. */
        cpu->leave |= (opcode_rows[block->insn[0].row].attributes & ROW_STRING) != 0;
        return block;
    }
    if (result == DECODE_TOO_LONG)
        fault(cpu, EXC_GP, 0);
    else
        fault_plain(cpu, EXC_UD);
    return NULL;
}

/* The first `limit` instructions of a block, as a block of their own. */
static struct code_block *shorten(struct code_cache *c, const struct code_block *block, uint32_t limit)
{
    struct code_block *s = c->scratch;

    *s = *block;
    memcpy(s->insn, block->insn, limit * sizeof *s->insn);
    close_block(s, limit, block->insn[limit].offset);
    return s;
}

static struct code_block *build(struct cpu *cpu, uint32_t linear, uint32_t physical, const uint8_t *host, uint64_t room,
                                unsigned mode)
{
    struct code_cache *c = cpu->blocks;
    struct code_block *block;
    uint32_t available = PAGE_SIZE - (linear & PAGE_MASK);
    enum decode_result result;

    if (c->used + BLOCK_BYTES(BLOCK_LIMIT) > ARENA_SIZE)
        drop_all(cpu);
    block = (struct code_block *)(void *)(c->arena + c->used);
    block->physical = physical;
    block->mode = (uint8_t)mode;
    result = fill(cpu, block, host, available < room ? available : (uint32_t)room, BLOCK_LIMIT);
    if (!block->count) {
        if (result == DECODE_MORE)
            return gather(cpu, linear, room, mode);
        if (result == DECODE_TOO_LONG)
            fault(cpu, EXC_GP, 0);
        else
            fault_plain(cpu, EXC_UD);
        return NULL;
    }
    c->used += BLOCK_BYTES(block->count);
    keep(cpu, block);
    return block;
}

struct code_block *code_block_find(struct cpu *cpu, uint32_t limit)
{
    const struct segment *cs = &cpu->seg[SEG_CS];
    struct code_block *block;
    uint32_t linear = cs->base + cpu->eip, physical;
    unsigned mode = block_mode(cpu);
    uint64_t room = (uint64_t)cs->limit - cpu->eip + 1; /* bytes up to the limit */
    const uint8_t *host;

    if (cpu->eip > cs->limit) {
        fault(cpu, EXC_GP, 0);
        return NULL;
    }
    if (mmu_fetch(cpu, linear, &physical, &host))
        return NULL;
    if (!host)
        return gather(cpu, linear, room, mode);
    block = look_up(cpu, physical, mode);
    if (!block)
        block = build(cpu, linear, physical, host, room, mode);
    if (!block)
        return NULL;
    if (block->bytes > room) { /* decoded under another CS, with a higher limit */
        unsigned fit = 0;
        while (block->insn[fit + 1].offset <= room)
            fit++;
        if (!fit)
            return gather(cpu, linear, room, mode);
        limit = limit < fit ? limit : fit;
    }
    return limit < block->count ? shorten(cpu->blocks, block, limit) : block;
}

/* Whether a block may be entered by a link from another one: that lies in its page, as far from it as in the linear
 * address space, where two pages may be one in memory. The last page of all has none, as BLOCK_DROPPED lies there. */
static bool may_link(const struct code_block *from, const struct code_block *to, uint32_t distance)
{
    return !((from->physical ^ to->physical) & ~PAGE_MASK) && to->physical - from->physical == distance &&
           to->physical < BLOCK_DROPPED - PAGE_MASK;
}

/* Remembers that a block led to another one: in the record that did, or with the translation of its page. */
static void note(struct cpu *cpu, struct code_block *from, const struct code_block *to)
{
    struct insn *exit = &from->insn[cpu->exit - from->insn];
    bool end = exit == &from->insn[from->count], branch = opcode_rows[exit->row].attributes & ROW_BRANCH;
    uint32_t link = (uint32_t)((const uint8_t *)to - cpu->code);

    if ((end || branch) && may_link(from, to, end ? from->bytes : exit->displacement))
        exit->link = link;
    else if (from->mode & BLOCK_FLAT_CODE)
        tlb_note_jump(cpu, cpu->eip, link);
}

/* Counts for the translator that a block ran, and by which of its jumps it was left. */
static void count_run(const struct cpu *cpu, struct code_block *block)
{
    struct insn *exit = cpu->exit ? &block->insn[cpu->exit - block->insn] : NULL;

    if (block->runs == UINT8_MAX)
        return;
    block->runs++;
    if (exit && opcode_rows[exit->row].attributes & ROW_BRANCH && exit < &block->insn[block->count])
        exit->taken++;
}

/* One that may be a wait does not follow itself without the loop, which counts its laps. */
struct code_block *code_block_next(struct cpu *cpu, struct code_block *from)
{
    uint32_t linear = cpu->seg[SEG_CS].base + cpu->eip, physical;
    const struct tlb_entry *e = &cpu->tlb[TLB_SLOT(linear)];
    struct code_block *block;

    if (cpu->view.enabled)
        count_run(cpu, from);
    if (e->execute != (linear & ~PAGE_MASK))
        return NULL;
    physical = e->physical | (linear & PAGE_MASK);
    block = look_up(cpu, physical, from->mode);
    if (!block)
        return NULL;
    if (cpu->exit && (from != block || from->wait == WAIT_NONE))
        note(cpu, from, block);
    return block->needs <= cpu->left && code_block_within(cpu, block, cpu->eip) ? block : NULL;
}

bool code_block_waits(struct cpu *cpu, uint32_t physical)
{
    const struct code_block *block = look_up(cpu, physical, block_mode(cpu));

    return block && (block->wait == WAIT_REPEATS || block->wait == WAIT_COUNTS);
}

const struct code_block *code_block_kept(const struct cpu *cpu, uint32_t physical, unsigned mode)
{
    return look_up(cpu, physical, mode | (block_mode(cpu) & ~DECODE_MODES));
}
