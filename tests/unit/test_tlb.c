/* test_tlb.c - translations that are kept are never wrong: a processor under random tables, writes and loads of CR3
 * does what one does that walks the tables at each access (design, law 5). */
#include "tests/unit/processor.h"

#include "emu/cpu/access.h"
#include "emu/cpu/control.h"
#include "tests/unit/random.h"

enum { P = 1, WRITABLE = 2, USER = 4, ACCESSED = 0x20, DIRTY = 0x40, LARGE = 0x80 };

#define TABLES_AT 0x40000u /* sixteen pages that serve as directories, as tables and as data, in turns and at once */
#define TABLE_PAGES 16u

/* The same machine in the plain: memory, and the control registers that matter. */
struct model {
    uint8_t *ram;
    uint32_t cr3;
    bool pae, write_protect;
    uint64_t pdpte[4];
};

static uint32_t model_load(const struct model *m, uint32_t address)
{
    return address + 4 <= MACHINE_RAM ? load32(m->ram + address) : UINT32_MAX;
}

static void model_or(struct model *m, uint32_t address, uint32_t bits)
{
    if (address + 4 <= MACHINE_RAM)
        store32(m->ram + address, load32(m->ram + address) | bits);
}

/* SDM vol. 3 section 4.3 and 4.4, one access: its physical address, or false for a page fault. */
static bool model_translate(struct model *m, uint32_t linear, bool user, bool write, uint32_t *physical)
{
    uint32_t address[2], frame, rights = WRITABLE | USER, mask = PAGE_MASK;
    unsigned levels = 0, bits = m->pae ? 9 : 10, width = m->pae ? 8 : 4;
    uint32_t table = m->cr3 & ~PAGE_MASK;

    if (m->pae) {
        if (!(m->pdpte[linear >> 30] & P))
            return false;
        table = (uint32_t)m->pdpte[linear >> 30] & ~PAGE_MASK;
    }
    for (unsigned shift = 12 + bits;; shift = 12) {
        uint32_t at = table + (linear >> shift & ((1u << bits) - 1)) * width, entry = model_load(m, at);
        if (!(entry & P) || (m->pae && model_load(m, at + 4)))
            return false;
        address[levels++] = at;
        rights &= entry;
        if (shift == 12 || entry & LARGE) {
            if (shift != 12) {
                mask = (1u << shift) - 1;
                if (entry & mask & ~0x1FFFu)
                    return false;
            }
            frame = entry & ~(shift == 12 ? PAGE_MASK : mask);
            break;
        }
        table = entry & ~PAGE_MASK;
    }
    if (user && !(rights & USER))
        return false;
    if (write && !(rights & WRITABLE) && (user || m->write_protect))
        return false;
    for (unsigned n = 0; n < levels; n++)
        model_or(m, address[n], ACCESSED | (write && n + 1 == levels ? DIRTY : 0));
    *physical = frame | (linear & mask);
    return true;
}

static uint32_t random_table(uint32_t *seed)
{
    return TABLES_AT + random_below(seed, TABLE_PAGES) * PAGE_SIZE;
}

/* An address that few tables are enough for, aligned so that no access crosses a page. */
static uint32_t random_linear(uint32_t *seed)
{
    static const uint32_t region[] = {0, 0x00200000, 0x00400000, 0x40000000, 0xC0000000, 0xC0300000, 0xFFC00000};
    uint32_t linear = region[random_below(seed, 7)] + random_below(seed, 6) * PAGE_SIZE;

    if (!random_below(seed, 4)) /* another that falls into the same entry */
        linear ^= (TLB_ENTRIES + 1) * PAGE_SIZE;
    return linear + random_below(seed, 64) * 4;
}

static uint32_t random_entry(uint32_t *seed)
{
    uint32_t frame = random_below(seed, 2) ? random_table(seed) : random_below(seed, 128) * PAGE_SIZE;
    uint32_t entry = frame | random_below(seed, 128);

    if (random_below(seed, 8))
        entry |= P;
    if (!random_below(seed, 16))
        entry = (entry & PAGE_MASK) | LARGE;
    return entry;
}

/* Where in a table: what random_linear leads to, so that entries are hit. */
static uint32_t random_slot(uint32_t *seed, const struct model *m)
{
    uint32_t linear = random_linear(seed);
    unsigned bits = m->pae ? 9 : 10, shift = random_below(seed, 2) ? 12 : 12 + bits;

    return (linear >> shift & ((1u << bits) - 1)) * (m->pae ? 8 : 4) + (m->pae && !random_below(seed, 16) ? 4 : 0);
}

static void become(struct processor *p, bool user)
{
    p->cpu.cpl = user ? 3 : 0;
    cpu_mode_changed(&p->cpu);
}

static void load_cr3(struct processor *p, struct model *m, uint32_t cr3)
{
    struct cpu *cpu = &p->cpu;

    if (m->pae)
        for (unsigned n = 0; n < 4; n++) {
            uint32_t at = cr3 + 8 * n, entry = (model_load(m, at) & ~0x1E6u);
            poke(p, at, entry, 4);
            poke(p, at + 4, 0, 4);
            store32(m->ram + at, entry);
            store32(m->ram + at + 4, 0);
            m->pdpte[n] = entry;
        }
    m->cr3 = cr3;
    assert_int_equal(cr3_write(cpu, cr3), ACCESS_DONE);
}

static void access_once(struct processor *p, struct model *m, uint32_t *seed)
{
    struct cpu *cpu = &p->cpu;
    uint32_t linear = random_linear(seed), physical = 0, value = 0, at = 0, written = random_entry(seed);
    bool user = random_below(seed, 2), write = random_below(seed, 3) == 0, fetch = !write && random_below(seed, 3) == 0;
    bool fine = model_translate(m, linear, user, write, &physical);
    const uint8_t *host = NULL;
    unsigned status;

    become(p, user);
    if (fetch)
        status = mmu_fetch(cpu, linear, &at, &host);
    else if (write)
        status = linear_write(cpu, NULL, linear, 4, written);
    else
        status = linear_read(cpu, NULL, linear, 4, &value);
    assert_int_equal(status & ACCESS_FAULT ? 0 : 1, fine);
    if (!fine)
        return;
    if (fetch)
        assert_int_equal(at, physical);
    else if (!write)
        assert_int_equal(value, model_load(m, physical));
    else if (physical + 4 <= MACHINE_RAM)
        store32(m->ram + physical, written);
}

static void change_once(struct processor *p, struct model *m, uint32_t *seed)
{
    uint32_t at = random_table(seed) + random_slot(seed, m), entry = random_entry(seed);
    uint8_t block[64];

    switch (random_below(seed, 10)) {
    case 0: /* DMA */
        at = (at & ~63u) + (random_below(seed, 4) ? 0 : 4);
        at = (at & PAGE_MASK) + sizeof block > PAGE_SIZE ? at & ~PAGE_MASK : at;
        for (unsigned n = 0; n < sizeof block; n += 4)
            store32(block + n, m->pae && n & 4 ? 0 : random_entry(seed));
        memory_write_block(&p->memory, at, block, sizeof block);
        memcpy(m->ram + at, block, sizeof block);
        return;
    case 1:
    case 2: load_cr3(p, m, TABLES_AT + random_below(seed, 12) * PAGE_SIZE); return;
    case 3:
        m->write_protect = !m->write_protect;
        p->cpu.cr0 ^= CR0_WP;
        mmu_flush(&p->cpu);
        return;
    case 4: /* one byte: of the flags, of the frame */
        at += random_below(seed, 2);
        poke(p, at, entry & 0xFF, 1);
        m->ram[at] = (uint8_t)entry;
        return;
    default:
        if (m->pae && at & 4)
            entry = 0;
        poke(p, at, entry, 4);
        store32(m->ram + at, entry);
    }
}

static void hammer(bool pae, unsigned steps)
{
    struct processor *p = processor_protected(CPU_PENTIUM2, 0);
    struct model m = {.ram = malloc(MACHINE_RAM), .pae = pae};
    uint32_t seed = pae ? 7777 : 4711;
    unsigned faults = 0;

    assert_non_null(m.ram);
    for (uint32_t at = TABLES_AT; at < TABLES_AT + TABLE_PAGES * PAGE_SIZE; at += 4)
        if (!(pae && at & 4))
            poke(p, at, random_entry(&seed), 4);
    memcpy(m.ram, p->memory.ram, MACHINE_RAM);
    p->cpu.cr4 |= CR4_PSE | (pae ? CR4_PAE : 0);
    p->cpu.cr0 |= CR0_PG;
    load_cr3(p, &m, TABLES_AT);
    mmu_flush(&p->cpu);
    for (unsigned n = 0; n < steps; n++) {
        access_once(p, &m, &seed);
        faults += p->cpu.fault_vector == EXC_PF;
        if (!random_below(&seed, 4))
            change_once(p, &m, &seed);
        if (n % 256 == 0)
            assert_memory_equal(m.ram, p->memory.ram, MACHINE_RAM);
    }
    assert_true(faults > 0);
    assert_memory_equal(m.ram, p->memory.ram, MACHINE_RAM);
    free(m.ram);
    processor_free(p);
}

static void random_tables_of_32_bits_are_as_if_walked_each_time(void **state)
{
    (void)state;
    hammer(false, 400000);
}

static void random_tables_with_pae_are_as_if_walked_each_time(void **state)
{
    (void)state;
    hammer(true, 400000);
}

/* The tables of page_all_but, a page of which is read: its translation is kept. */
static struct processor *paged(void)
{
    struct processor *p = processor_protected(CPU_PENTIUM, 0);
    uint32_t value;

    page_all_but(p, 1);
    linear_read(&p->cpu, NULL, AT_DATA, 4, &value);
    p->cpu.leave = false;
    return p;
}

static bool kept(struct processor *p, uint32_t linear)
{
    return tlb_slot(&p->cpu, linear)->read == (linear & ~PAGE_MASK);
}

static void a_write_to_an_entry_that_no_walk_used_drops_nothing(void **state)
{
    (void)state;
    struct processor *p = paged();

    poke(p, AT_CR3 + PAGE_SIZE + 4 * (AT_DATA / PAGE_SIZE + 1), 0, 4);
    assert_true(kept(p, AT_DATA));
    assert_false(p->cpu.leave);
    poke(p, AT_CR3 + PAGE_SIZE + 4 * (AT_DATA / PAGE_SIZE), 0, 4);
    assert_false(kept(p, AT_DATA));
    assert_true(p->cpu.leave);
    processor_free(p);
}

static void translations_outlive_other_address_spaces(void **state)
{
    (void)state;
    struct processor *p = paged();
    uint32_t value, other = AT_CR3 + 2 * PAGE_SIZE;

    poke(p, other, AT_CR3 + PAGE_SIZE + 7, 4);
    assert_int_equal(cr3_write(&p->cpu, other), ACCESS_DONE);
    assert_false(kept(p, AT_DATA));
    linear_read(&p->cpu, NULL, AT_DATA, 4, &value);
    assert_true(kept(p, AT_DATA));
    assert_int_equal(cr3_write(&p->cpu, AT_CR3), ACCESS_DONE);
    assert_true(kept(p, AT_DATA));
    poke(p, AT_CR3 + PAGE_SIZE + 4 * (AT_DATA / PAGE_SIZE), 0, 4); /* both spaces use this table */
    assert_false(kept(p, AT_DATA));
    assert_int_equal(cr3_write(&p->cpu, other), ACCESS_DONE);
    assert_false(kept(p, AT_DATA));
    processor_free(p);
}

static void a_page_that_is_no_table_any_more_is_written_at_full_speed(void **state)
{
    (void)state;
    struct processor *p = paged();
    uint32_t table = AT_CR3 + PAGE_SIZE, value;

    assert_true(p->memory.flags[table / PAGE_SIZE] & PAGE_TABLE);
    assert_int_equal(cr3_write(&p->cpu, AT_CR3 + 2 * PAGE_SIZE), ACCESS_DONE);
    for (unsigned n = 0; n < 1000; n++)
        poke(p, table + 0x800 + 4 * (n % 512), n, 4);
    assert_false(p->memory.flags[table / PAGE_SIZE] & PAGE_TABLE);
    assert_int_equal(cr3_write(&p->cpu, AT_CR3), ACCESS_DONE);
    assert_false(kept(p, AT_DATA));
    assert_false(linear_read(&p->cpu, NULL, AT_DATA, 4, &value) & ACCESS_FAULT);
    processor_free(p);
}

/* So many writes to its page table drop nothing that the table is no longer watched, and then one maps the page of the
 * code elsewhere: what comes next is from there. The first run, which changes nothing, decodes the code. The table is
 * written by way of a large page, or of itself. */
static void code_notices_that_it_is_mapped_elsewhere_once_its_table_is_not_watched(void **state)
{
    (void)state;
    for (uint32_t window = 0; window <= 0x400000; window += 0x400000) {
        struct processor *p = processor_protected(CPU_PENTIUM, 0);
        uint32_t table = window + AT_CR3 + PAGE_SIZE;
        uint8_t code[] = {0xB9, D(1000),                                       /* mov ecx, 1000 */
                          0x89, 0x0D,    D(table + 0x800),                     /* mov [table + 800h], ecx */
                          0x49,                                                /* dec ecx */
                          0x75, 0xF7,                                          /* jnz: back to the MOV */
                          0x89, 0x35,    D(table + 4 * (AT_CODE / PAGE_SIZE)), /* mov [entry of this page], esi */
                          0xB0, 0xAA,    0xF4};                                /* mov al, AAh; hlt */

        page_all_but(p, 1);
        poke(p, AT_CR3 + 4, LARGE | USER | WRITABLE | P, 4);
        p->cpu.cr4 |= CR4_PSE;
        mmu_flush(&p->cpu);
        code_put(p, AT_CODE, code, sizeof code);
        code[sizeof code - 2] = 0xBB;
        code_put(p, AT_CODE_B, code, sizeof code);
        for (unsigned n = 0; n < 2; n++) {
            p->cpu.reg[ESI] = (n ? AT_CODE_B : AT_CODE) | USER | WRITABLE | P;
            p->cpu.eip = AT_CODE;
            run(p, 10000);
            assert_true(p->cpu.halted_dead);
            assert_int_equal(p->cpu.reg[EAX] & 0xFF, n ? 0xBB : 0xAA);
        }
        processor_free(p);
    }
}

static void a_flush_asks_to_leave(void **state)
{
    (void)state;
    struct processor *p = paged();

    mmu_flush(&p->cpu);
    assert_true(p->cpu.leave);
    assert_false(kept(p, AT_DATA));
    processor_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_tables_of_32_bits_are_as_if_walked_each_time),
        cmocka_unit_test(random_tables_with_pae_are_as_if_walked_each_time),
        cmocka_unit_test(a_write_to_an_entry_that_no_walk_used_drops_nothing),
        cmocka_unit_test(translations_outlive_other_address_spaces),
        cmocka_unit_test(a_page_that_is_no_table_any_more_is_written_at_full_speed),
        cmocka_unit_test(code_notices_that_it_is_mapped_elsewhere_once_its_table_is_not_watched),
        cmocka_unit_test(a_flush_asks_to_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
