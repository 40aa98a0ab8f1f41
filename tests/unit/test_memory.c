/* test_memory.c - physical memory: A20, ROM, device memory, and the flags of pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "emu/memory.h"

#define RAM (4u << 20)

struct fixture {
    struct memory memory;
    uint32_t read_at[16], written_at[16];
    uint8_t written[16];
    unsigned reads, writes;
    uint32_t code_address[8], code_length[8], table_address[8], table_length[8];
    unsigned codes, tables, maps, moves;
};

static uint8_t device_read(void *device, uint32_t address)
{
    struct fixture *f = device;

    f->read_at[f->reads++ & 15] = address;
    return (uint8_t)(address ^ 0x5A);
}

static void device_write(void *device, uint32_t address, uint8_t value)
{
    struct fixture *f = device;

    f->written_at[f->writes & 15] = address;
    f->written[f->writes++ & 15] = value;
}

static void code_changed(void *listener, uint32_t address, uint32_t length)
{
    struct fixture *f = listener;

    f->code_address[f->codes & 7] = address;
    f->code_length[f->codes++ & 7] = length;
}

static void table_changed(void *listener, uint32_t address, uint32_t length)
{
    struct fixture *f = listener;

    f->table_address[f->tables & 7] = address;
    f->table_length[f->tables++ & 7] = length;
}

static void map_changed(void *listener)
{
    ((struct fixture *)listener)->maps++;
}

static void code_moved(void *listener)
{
    ((struct fixture *)listener)->moves++;
}

static int setup(void **state)
{
    static struct fixture f;
    static uint8_t rom[0x20000];

    memset(&f, 0, sizeof f);
    assert_true(memory_init(&f.memory, RAM));
    f.memory.listener = (struct memory_listener){code_changed, table_changed, map_changed, &f, code_moved};
    for (unsigned i = 0; i < sizeof rom; i++)
        rom[i] = (uint8_t)(i * 7 + (i >> 8));
    memory_map_rom(&f.memory, 0xE0000, rom, sizeof rom);
    memory_map_mmio(&f.memory, 0xA0000, 0x20000, device_read, device_write, &f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    memory_free(&((struct fixture *)*state)->memory);
    return 0;
}

static void every_width_and_alignment_reads_back(void **state)
{
    struct memory *m = &((struct fixture *)*state)->memory;

    for (uint32_t address = 0x1FF0; address < 0x2010; address++) {
        memory_write(m, address, 0x44332211, 4);
        assert_int_equal(memory_read(m, address, 4), 0x44332211);
        assert_int_equal(memory_read(m, address, 2), 0x2211);
        assert_int_equal(memory_read(m, address + 3, 1), 0x44);
        memory_write(m, address + 1, 0xBBAA, 2);
        assert_int_equal(memory_read(m, address, 4), 0x44BBAA11);
    }
}

static void closed_gate_folds_the_odd_megabytes_down(void **state)
{
    struct fixture *f = *state;
    struct memory *m = &f->memory;

    m->ram[0x500] = 0x11;
    m->ram[0x100500] = 0x22;
    m->ram[0x300500] = 0x33;
    m->ram[0x200500] = 0x44;
    memory_set_a20(m, true);
    assert_int_equal(f->maps, 0);
    memory_set_a20(m, false);
    assert_int_equal(f->maps, 1);
    memory_set_a20(m, false);
    assert_int_equal(f->maps, 1);
    assert_int_equal(memory_read(m, 0x100500, 1), 0x11);
    assert_int_equal(memory_read(m, 0x300500, 1), 0x44);
    memory_write(m, 0x100500, 0x99, 1);
    assert_int_equal(m->ram[0x500], 0x99);
    assert_int_equal(m->ram[0x100500], 0x22);
    memory_set_a20(m, true);
    assert_int_equal(memory_read(m, 0x100500, 1), 0x22);
}

static void an_access_across_one_megabyte_wraps_behind_the_closed_gate(void **state)
{
    struct fixture *f = *state;
    struct memory *m = &f->memory;

    m->ram[0] = 0xAB;
    m->ram[0x100000] = 0xCD;
    assert_int_equal(memory_read(m, 0xFFFFF, 2) >> 8, 0xCD);
    memory_set_a20(m, false);
    assert_int_equal(memory_read(m, 0xFFFFF, 2) >> 8, 0xAB);
    m->ram[0x200000] = 0x77;
    memory_write(m, 0x1FFFFF, 0x1234, 2); /* 0FFFFFh is ROM; 200000h does not fold */
    assert_int_equal(m->ram[0x200000], 0x12);
}

static void dma_does_not_pass_the_gate(void **state)
{
    struct memory *m = &((struct fixture *)*state)->memory;
    uint8_t buffer[4] = {1, 2, 3, 4};

    memory_set_a20(m, false);
    memory_write_block(m, 0x100100, buffer, 4);
    assert_memory_equal(m->ram + 0x100100, buffer, 4);
    assert_int_equal(m->ram[0x100], 0);
    memset(buffer, 0, sizeof buffer);
    memory_read_block(m, 0x100100, buffer, 4);
    assert_int_equal(buffer[3], 4);
}

static void rom_cannot_be_written_and_hides_the_ram_below(void **state)
{
    struct memory *m = &((struct fixture *)*state)->memory;
    uint8_t bytes[2] = {9, 9};
    uint32_t was = memory_read(m, 0xE0010, 4);

    memory_write(m, 0xE0010, ~was, 4);
    memory_write_block(m, 0xE0010, bytes, 2);
    assert_int_equal(memory_read(m, 0xE0010, 4), was);
    assert_int_equal(m->ram[0xE0010], 0);
    assert_null(memory_writable_page(m, 0xE0010));
    assert_non_null(memory_readable_page(m, 0xE0010));
    assert_int_equal(memory_page(m, 0xE0010), -1);
    assert_int_equal(memory_read(m, 0xC0000, 4), 0xFFFFFFFF); /* an empty socket */
}

static void system_rom_is_seen_below_four_gigabytes_as_well(void **state)
{
    struct memory *m = &((struct fixture *)*state)->memory;

    for (uint32_t offset = 0; offset < 0x20000; offset += 0x1237)
        assert_int_equal(memory_read(m, 0xFFFE0000 + offset, 1), memory_read(m, 0xE0000 + offset, 1));
    assert_int_equal(memory_read(m, 0xFFFFFFF0, 4), memory_read(m, 0xFFFF0, 4));
    assert_int_equal(memory_read(m, 0xFFFDFFFF, 1), 0xFF);
    memory_write(m, 0xFFFFFFF0, 0, 4);
    assert_int_equal(memory_read(m, 0xFFFFFFF0, 4), memory_read(m, 0xFFFF0, 4));
    m->ram[0] = 0x3C;
    assert_int_equal(memory_read(m, 0xFFFFFFFF, 2) >> 8, 0x3C); /* addresses wrap at 4 GiB */
}

/* A processor that is reset while the gate is closed fetches from FFEFFFF0h. */
static void system_rom_answers_the_reset_vector_behind_the_closed_gate(void **state)
{
    struct memory *m = &((struct fixture *)*state)->memory;
    uint32_t vector = memory_read(m, 0xFFFFFFF0, 4);

    assert_int_equal(memory_read(m, 0xFFEFFFF0, 4), vector);
    memory_set_a20(m, false);
    assert_int_equal(memory_read(m, 0xFFFFFFF0, 4), vector);
    assert_int_equal(memory_read(m, 0xFFFE0000, 2), memory_read(m, 0xE0000, 2));
    assert_int_equal(memory_read(m, 0xFFEDFFFF, 1), 0xFF);
}

static void shadow_ram_is_read_and_written_as_the_page_says(void **state)
{
    struct fixture *f = *state;
    struct memory *m = &f->memory;
    uint32_t rom = memory_read(m, 0xF0000, 4);

    for (unsigned kind = 0; kind < 4; kind++) {
        bool reads = kind & 1, writes = kind & 2;
        memory_shadow(m, 0xF0000, 0x2000, reads, writes);
        memset(m->ram + 0xF0000, 0x11, 4);
        memory_write(m, 0xF0000, 0x22222222, 4);
        assert_int_equal(m->ram[0xF0000], writes ? 0x22 : 0x11);
        memory_write(m, 0xF1FFF, 0x3333, 2); /* and a byte of ROM after it */
        assert_int_equal(m->ram[0xF2000], 0);
        assert_int_equal(memory_read(m, 0xF0000, 4), !reads ? rom : writes ? 0x22222222 : 0x11111111);
        assert_int_equal(memory_page(m, 0xF0000), reads ? 0xF0 : -1);
        assert_true((memory_writable_page(m, 0xF0000) != NULL) == writes);
        assert_int_equal(memory_read(m, 0xFFFF0000, 4), rom); /* the top of memory is not shadowed */
    }
}

static void shadowing_voids_what_was_derived_and_only_when_it_moves_something(void **state)
{
    struct fixture *f = *state;
    struct memory *m = &f->memory;

    memory_shadow(m, 0xF0000, 0x10000, false, false);
    assert_int_equal(f->maps + f->moves, 0);
    memory_shadow(m, 0xF0000, 0x10000, false, true);
    assert_int_equal(f->maps, 1);
    assert_int_equal(f->moves, 1);
    m->flags[0xF0] = PAGE_CLEAN | PAGE_CODE;
    memory_write(m, 0xF0000, 1, 1); /* it is read as ROM, but its bytes are state */
    assert_int_equal(m->flags[0xF0] & PAGE_CLEAN, 0);
    assert_int_equal(f->codes, 1);
}

static void absent_reads_as_ones_and_swallows_writes(void **state)
{
    struct fixture *f = *state;
    struct memory *m = &f->memory;

    assert_int_equal(memory_read(m, RAM, 4), 0xFFFFFFFF);
    assert_int_equal(memory_read(m, 0x80000000, 2), 0xFFFF);
    memory_write(m, RAM, 0, 4);
    memory_write(m, RAM - 1, 0x1122, 2);
    assert_int_equal(m->ram[RAM - 1], 0x22);
    assert_int_equal(memory_read(m, RAM - 2, 4), 0xFFFF2200);
    assert_int_equal(memory_page(m, RAM), -1);
    assert_int_equal(memory_page(m, RAM - 1), RAM / PAGE_SIZE - 1);
    assert_null(memory_readable_page(m, RAM));
}

static void device_memory_is_reached_byte_by_byte_from_the_lowest_up(void **state)
{
    struct fixture *f = *state;
    struct memory *m = &f->memory;

    assert_int_equal(memory_read(m, 0xA1000, 4), 0x59585B5Au);
    assert_int_equal(f->reads, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(f->read_at[i], 0xA1000 + i);
    memory_write(m, 0xBFFFE, 0x44332211, 2);
    assert_int_equal(f->writes, 2);
    assert_int_equal(f->written_at[1], 0xBFFFF);
    assert_int_equal(f->written[1], 0x22);
    assert_int_equal(m->ram[0xBFFFE], 0);
}

static void an_access_is_split_between_ram_device_and_rom(void **state)
{
    struct fixture *f = *state;
    struct memory *m = &f->memory;

    m->ram[0x9FFFF] = 0x12;
    assert_int_equal(memory_read(m, 0x9FFFF, 2), 0x5A12);
    memory_write(m, 0x9FFFF, 0x7766, 2);
    assert_int_equal(m->ram[0x9FFFF], 0x66);
    assert_int_equal(f->writes, 1);
    assert_int_equal(f->written_at[0], 0xA0000);
    assert_int_equal(f->written[0], 0x77);
    memory_write(m, 0xBFFFF, 0x8899, 2); /* the second byte falls on ROM */
    assert_int_equal(f->writes, 2);
    assert_int_equal(memory_read(m, 0xBFFFF, 2), 0xFF00 | (0xFF ^ 0x5A));
}

static void blocks_cross_ram_device_and_rom(void **state)
{
    struct fixture *f = *state;
    struct memory *m = &f->memory;
    static uint8_t buffer[0x20000 + 8];

    memset(m->ram + 0x9FFFC, 0x21, 4);
    memory_read_block(m, 0x9FFFC, buffer, sizeof buffer);
    assert_int_equal(buffer[3], 0x21);
    assert_int_equal(buffer[4], 0x5A);
    assert_int_equal(buffer[0x20003], 0xFF ^ 0x5A);
    assert_int_equal(buffer[0x20004], 0xFF);
    memset(buffer, 0x42, sizeof buffer);
    memory_write_block(m, 0x9FFFC, buffer, sizeof buffer);
    assert_int_equal(f->writes, 0x20000);
    assert_int_equal(m->ram[0x9FFFF], 0x42);
    assert_int_equal(m->ram[0xC0000], 0);
}

static void a_write_clears_what_says_that_a_page_is_unchanged(void **state)
{
    struct memory *m = &((struct fixture *)*state)->memory;

    memset(m->flags, PAGE_CLEAN | PAGE_SAVED, 8);
    memory_write(m, 0x1004, 1, 4);
    memory_write(m, 0x2FFF, 0, 2); /* reaches into the next page */
    memory_write_block(m, 0x5FFF, (const uint8_t *)"ab", 2);
    assert_int_equal(m->flags[0], PAGE_CLEAN | PAGE_SAVED);
    for (unsigned page = 1; page < 4; page++)
        assert_int_equal(m->flags[page], 0);
    assert_int_equal(m->flags[4], PAGE_CLEAN | PAGE_SAVED);
    assert_int_equal(m->flags[5], 0);
    assert_int_equal(m->flags[6], 0);
    memory_read(m, 0x7000, 4);
    assert_int_equal(m->flags[7], PAGE_CLEAN | PAGE_SAVED);
}

static void writes_to_code_are_told_with_place_and_length(void **state)
{
    struct fixture *f = *state;
    struct memory *m = &f->memory;
    static uint8_t buffer[0x3000];

    m->flags[1] = m->flags[2] = m->flags[3] = PAGE_CODE;
    memory_write(m, 0x1234, 0, 2);
    assert_int_equal(f->codes, 1);
    assert_int_equal(f->code_address[0], 0x1234);
    assert_int_equal(f->code_length[0], 2);
    assert_int_equal(m->flags[1], PAGE_CODE); /* the listener's to clear */
    memory_write_block(m, 0x1800, buffer, 0x2000);
    assert_int_equal(f->codes, 4);
    assert_int_equal(f->code_address[1], 0x1800);
    assert_int_equal(f->code_length[1], 0x800);
    assert_int_equal(f->code_address[2], 0x2000);
    assert_int_equal(f->code_length[2], 0x1000);
    assert_int_equal(f->code_address[3], 0x3000);
    assert_int_equal(f->code_length[3], 0x800);
    memory_write(m, 0x1FFF, 0, 4);
    assert_int_equal(f->codes, 8);
    assert_int_equal(f->code_address[4], 0x1FFF);
    assert_int_equal(f->code_address[7], 0x2002);
}

static void each_write_to_a_page_table_is_reported(void **state)
{
    struct fixture *f = *state;
    struct memory *m = &f->memory;

    m->flags[2] = PAGE_TABLE | PAGE_CLEAN;
    memory_write(m, 0x2004, 0, 4);
    memory_write(m, 0x2004, 1, 4);
    assert_int_equal(f->tables, 2);
    assert_int_equal(f->table_address[1], 0x2004);
    assert_int_equal(f->table_length[1], 4);
    assert_int_equal(m->flags[2], PAGE_TABLE);
}

static void the_gate_does_not_hide_a_changed_page(void **state)
{
    struct fixture *f = *state;
    struct memory *m = &f->memory;

    m->flags[1] = PAGE_CODE;
    m->flags[0x101] = PAGE_CODE;
    memory_set_a20(m, false);
    memory_write(m, 0x101010, 0, 1);
    assert_int_equal(f->codes, 1);
    assert_int_equal(f->code_address[0], 0x1010);
}

static void device_memory_moves(void **state)
{
    struct fixture *f = *state;
    struct mmio *region = memory_map_mmio(&f->memory, 0xE0000000, 0x10000, device_read, device_write, f);

    assert_int_equal(memory_read(&f->memory, 0xE0000000, 1), device_read(f, 0xE0000000));
    memory_move_mmio(&f->memory, region, 0xFE000000, true);
    assert_int_equal(f->maps, 1);
    assert_int_equal(memory_read(&f->memory, 0xE0000000, 1), 0xFF);
    assert_int_equal(memory_read(&f->memory, 0xFE00FFFF, 1), device_read(f, 0xFE00FFFF));
    memory_move_mmio(&f->memory, region, 0, true); /* behind RAM */
    memory_write(&f->memory, 0x1000, 0x5A, 1);
    assert_int_equal(f->memory.ram[0x1000], 0x5A);
    memory_move_mmio(&f->memory, region, 0xFE000000, false);
    assert_int_equal(memory_read(&f->memory, 0xFE000000, 1), 0xFF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_width_and_alignment_reads_back, setup, teardown),
        cmocka_unit_test_setup_teardown(closed_gate_folds_the_odd_megabytes_down, setup, teardown),
        cmocka_unit_test_setup_teardown(an_access_across_one_megabyte_wraps_behind_the_closed_gate, setup, teardown),
        cmocka_unit_test_setup_teardown(dma_does_not_pass_the_gate, setup, teardown),
        cmocka_unit_test_setup_teardown(rom_cannot_be_written_and_hides_the_ram_below, setup, teardown),
        cmocka_unit_test_setup_teardown(system_rom_is_seen_below_four_gigabytes_as_well, setup, teardown),
        cmocka_unit_test_setup_teardown(system_rom_answers_the_reset_vector_behind_the_closed_gate, setup, teardown),
        cmocka_unit_test_setup_teardown(shadow_ram_is_read_and_written_as_the_page_says, setup, teardown),
        cmocka_unit_test_setup_teardown(shadowing_voids_what_was_derived_and_only_when_it_moves_something, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(absent_reads_as_ones_and_swallows_writes, setup, teardown),
        cmocka_unit_test_setup_teardown(device_memory_is_reached_byte_by_byte_from_the_lowest_up, setup, teardown),
        cmocka_unit_test_setup_teardown(an_access_is_split_between_ram_device_and_rom, setup, teardown),
        cmocka_unit_test_setup_teardown(blocks_cross_ram_device_and_rom, setup, teardown),
        cmocka_unit_test_setup_teardown(a_write_clears_what_says_that_a_page_is_unchanged, setup, teardown),
        cmocka_unit_test_setup_teardown(writes_to_code_are_told_with_place_and_length, setup, teardown),
        cmocka_unit_test_setup_teardown(each_write_to_a_page_table_is_reported, setup, teardown),
        cmocka_unit_test_setup_teardown(device_memory_moves, setup, teardown),
        cmocka_unit_test_setup_teardown(the_gate_does_not_hide_a_changed_page, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
