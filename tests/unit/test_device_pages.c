/* test_device_pages.c - device memory that is bytes and nothing else, as frame buffers are (emu/memory.h): the CPU
 * reaches it without asking, and yet nobody misses a write, and neither page tables nor code in it are kept. */
#include "tests/unit/processor.h"

#define DEVICE 0xE0000000u
#define PAGES 4

struct fixture {
    struct processor *p;
    struct mmio *region;
    uint8_t bytes[PAGES * PAGE_SIZE];
    unsigned told[PAGES];
};

static void writing(void *device, uint32_t address)
{
    struct fixture *f = device;

    assert_in_range(address, DEVICE, DEVICE + sizeof f->bytes - 1);
    f->told[(address - DEVICE) / PAGE_SIZE]++;
}

static int setup(void **state)
{
    static struct fixture f;

    memset(&f, 0, sizeof f);
    f.p = processor_protected(CPU_I486, 0);
    f.region = memory_map_mmio(&f.p->memory, DEVICE, sizeof f.bytes, NULL, NULL, &f);
    f.region->bytes = f.bytes;
    f.region->writing = writing;
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    processor_free(((struct fixture *)*state)->p);
    return 0;
}

static void restart(struct fixture *f)
{
    f->p->cpu.eip = AT_CODE;
}

static void stores_are_told_at_first_and_again_when_asked(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 3; i++) {
        restart(f);
        f->told[1] = 0;
        RUN(f->p, 0xA1, D(DEVICE + 0x1000), 0xBF, D(DEVICE + 0x1000), 0xB8, D(0x11223344), 0xB9, D(400), 0xFC, 0xAB,
            0xE2, 0xFD); /* LOOP STOSD */
        assert_int_equal(f->told[0], 0);
        assert_in_range(f->told[1], 1, 2); /* the first store, and the translation that is kept */
        assert_memory_equal(f->bytes + 0x1000, ((const uint8_t[]){0x44, 0x33, 0x22, 0x11}), 4);
        assert_memory_equal(f->bytes + 0x1000, f->bytes + 0x1004, 1596);
        assert_int_equal(f->bytes[0x1000 + 1600], 0);
        memory_forget_pages(&f->p->memory);
    }
}

static void every_width_and_alignment_is_stored_and_loaded(void **state)
{
    struct fixture *f = *state;

    for (uint32_t at = DEVICE + 0xFFA; at < DEVICE + 0x1003; at++)
        for (unsigned size = 1; size <= 4; size *= 2) {
            uint32_t value = (at * 0x01234567u) >> (32 - 8 * size);
            uint8_t expected[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                                   (uint8_t)(value >> 24)};
            memory_write(&f->p->memory, at, value, size);
            assert_memory_equal(f->bytes + (at - DEVICE), expected, size);
            assert_int_equal(memory_read(&f->p->memory, at, size), value);
        }
}

static void repeated_copies_and_dma_are_told(void **state)
{
    struct fixture *f = *state;
    uint8_t block[0x1800], back[sizeof block];

    for (unsigned i = 0; i < sizeof block; i++)
        block[i] = (uint8_t)(i * 7 + (i >> 8));
    memory_write_block(&f->p->memory, DEVICE + 0x800, block, sizeof block);
    assert_memory_equal(f->bytes + 0x800, block, sizeof block);
    assert_true(f->told[0] && f->told[1] && !f->told[2]);
    memory_read_block(&f->p->memory, DEVICE + 0x800, back, sizeof back);
    assert_memory_equal(back, block, sizeof block);
    RUN(f->p, 0xFC, 0xBE, D(DEVICE + 0x800), 0xBF, D(DEVICE + 0x2C00), 0xB9, D(0x180), 0xF3, 0xA5); /* REP MOVSD */
    assert_memory_equal(f->bytes + 0x2C00, block, 0x600);
    assert_true(f->told[2] && f->told[3]);
}

static void bytes_that_go_elsewhere_are_found(void **state)
{
    struct fixture *f = *state;

    f->bytes[0x10] = 0xAA;
    f->bytes[0x1010] = 0xBB;
    RUN(f->p, 0xA0, D(DEVICE + 0x10), 0xC6, 0x05, D(DEVICE + 0x11), 0x01);
    assert_int_equal(f->p->cpu.reg[EAX] & 0xFF, 0xAA);
    f->region->bytes = f->bytes + PAGE_SIZE; /* another bank */
    memory_forget_pages(&f->p->memory);
    restart(f);
    RUN(f->p, 0xA0, D(DEVICE + 0x10), 0xC6, 0x05, D(DEVICE + 0x11), 0x02);
    assert_int_equal(f->p->cpu.reg[EAX] & 0xFF, 0xBB);
    assert_int_equal(f->bytes[0x11], 1);
    assert_int_equal(f->bytes[0x1011], 2);
}

/* The table at the device's first page maps the MiB where it is, but 30000h, and itself at 31000h. */
static void a_page_table_in_device_memory_takes_effect_at_once(void **state)
{
    struct fixture *f = *state;
    struct processor *p = f->p;

    for (uint32_t page = 0; page < 256; page++)
        poke(p, DEVICE + 4 * page, page == 0x30 ? 0x20000 + 7 : page == 0x31 ? DEVICE + 7 : page * PAGE_SIZE + 7, 4);
    poke(p, AT_CR3, DEVICE + 7, 4);
    poke(p, 0x20000, 1, 1);
    poke(p, 0x21000, 2, 1);
    p->cpu.cr3 = AT_CR3;
    p->cpu.cr0 |= CR0_PG;
    mmu_flush(&p->cpu);
    /* read 30000h; entry 30h becomes 21000h; read again; entry not present */
    RUN(p, 0xA0, D(0x30000), 0xC7, 0x05, D(0x310C0), D(0x21007), 0x8A, 0x1D, D(0x30000), 0xC7, 0x05, D(0x310C0), D(0),
        0x8A, 0x0D, D(0x30000));
    expect_vector(p, 14);
    assert_int_equal(p->cpu.reg[EAX] & 0xFF, 1);
    assert_int_equal(p->cpu.reg[EBX] & 0xFF, 2);
    assert_int_equal(p->cpu.cr2, 0x30000);
}

/* It changes the instruction behind it: INC becomes DEC. */
static void code_in_device_memory_takes_effect_at_once(void **state)
{
    struct fixture *f = *state;

    f->p->cpu.eip = DEVICE;
    f->p->cpu.reg[EBX] = 5;
    RUN(f->p, 0xC6, 0x05, D(DEVICE + 7), 0x4B, 0x43);
    assert_int_equal(f->p->cpu.reg[EBX], 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stores_are_told_at_first_and_again_when_asked),
        TEST(every_width_and_alignment_is_stored_and_loaded),
        TEST(repeated_copies_and_dma_are_told),
        TEST(bytes_that_go_elsewhere_are_found),
        TEST(a_page_table_in_device_memory_takes_effect_at_once),
        TEST(code_in_device_memory_takes_effect_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
