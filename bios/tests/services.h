/* services.h - what the parts of the firmware's test share (services.c).
 *
 * FACTS lists all facts in the order in which they are tried: the function that returns whether it holds, and what it
 * needs. */
#ifndef MUNIMENT_BIOS_TESTS_SERVICES_H
#define MUNIMENT_BIOS_TESTS_SERVICES_H

#include "../bda.h"

/* 1: a floppy, 2: two disks, 4: PCI, 8: a pointing device, 16: started from a CD, 32: VBE, 64: COM2, 128: VMware's
 * backdoor */
/* clang-format off */
#define FACTS(X) \
    X(memory_sizes, 0) \
    X(caches_are_on, 0) \
    X(control_registers_are_clean_when_a_system_starts, 0) \
    X(date_is_of_1999, 0) \
    X(no_joystick_answers, 0) \
    X(ports_without_a_card_read_ff, 0) \
    X(no_other_display_answers, 0) \
    X(cirrus_bios_names_its_chip, 0) \
    X(cirrus_bios_sets_its_modes, 0) \
    X(int13_returns_with_interrupts_on, 0) \
    X(floppy_types_are_those_of_cmos, 1) \
    X(disk_geometry_is_one_in_all_places, 2) \
    X(disk_registers_end_at_the_last_sector, 2) \
    X(both_units_hear_the_task_file, 2) \
    X(each_block_has_its_interrupt, 2) \
    X(a_software_reset_ends_ready, 2) \
    X(display_calls_touch_few_ports, 0) \
    X(vbe_calls_touch_few_ports, 32) \
    X(pnp_names_the_devices_of_the_board, 0) \
    X(pnp_does_so_in_protected_mode, 0) \
    X(upper_halves_and_registers_survive, 0) \
    X(ticks_pass_while_halted, 0) \
    X(clock_and_date_are_bcd, 0) \
    X(date_can_be_set, 0) \
    X(text_is_written_and_scrolled, 0) \
    X(teletype_obeys_controls, 0) \
    X(pages_keep_their_cursors, 0) \
    X(fifty_rows_with_the_small_font, 0) \
    X(pixels_in_each_graphics_mode, 0) \
    X(characters_in_each_graphics_mode, 0) \
    X(colours_read_back, 0) \
    X(display_is_vga, 0) \
    X(display_state_is_saved_and_restored, 0) \
    X(keys_become_codes, 0) \
    X(alt_and_digits_make_a_character, 0) \
    X(caps_lock_toggles_and_is_lit, 0) \
    X(num_lock_turns_the_keypad_to_digits, 0) \
    X(break_empties_the_buffer, 0) \
    X(pushed_key_comes_back, 0) \
    X(memory_map_adds_up, 0) \
    X(a20_switches, 0) \
    X(blocks_move_above_one_megabyte, 0) \
    X(waits_end, 0) \
    X(keyboard_waits_are_reported, 0) \
    X(floppy_waits_are_reported, 1) \
    X(configuration_is_an_at, 0) \
    X(tables_lie_where_the_at_had_them, 0) \
    X(memory_is_reported_alike, 0) \
    X(power_management_is_there, 0) \
    X(power_management_connects_once, 0) \
    X(power_management_by_32_bits, 0) \
    X(power_management_by_16_bits, 0) \
    X(floppy_reads_what_was_written, 1) \
    X(floppy_refuses_what_dma_cannot, 1) \
    X(floppy_sector_that_is_not_there, 1) \
    X(floppy_parameters, 1) \
    X(floppy_track_is_formatted, 1) \
    X(disk_cylinders_and_blocks_agree, 2) \
    X(disk_writes_by_cylinders, 2) \
    X(disk_limits, 2) \
    X(disk_extensions_are_announced, 2) \
    X(disk_geometry_is_as_cmos_says, 2) \
    X(printer_and_serial_answer, 0) \
    X(cd_reports_how_it_was_started, 16) \
    X(cd_blocks_are_read, 16) \
    X(cd_is_locked_and_unlocked, 16) \
    X(cd_image_is_a_write_protected_drive, 16) \
    X(cd_image_moves_the_others_up_until_it_ends, 16) \
    X(cd_catalog_is_read, 16) \
    X(cd_image_becomes_a_drive_again, 16) \
    X(cd_is_known_by_a_device_reset, 16) \
    X(cd_lead_out_and_seek_are_right, 16) \
    X(serial_mouse_identifies_itself, 64) \
    X(serial_mouse_reports_what_it_was_given, 64) \
    X(backdoor_knows_a_pointer, 128) \
    X(backdoor_reports_positions, 128) \
    X(vbe_lists_modes_that_it_describes, 32) \
    X(vbe_window_and_frame_buffer_are_one, 32) \
    X(vbe_lines_and_start_can_be_moved, 32) \
    X(vbe_palette_has_eight_bits_if_asked, 32) \
    X(vbe_planar_mode_has_planes, 32) \
    X(vbe_state_comes_back, 32) \
    X(vbe_serves_protected_mode, 32) \
    X(vbe_monitor_describes_itself, 32) \
    X(vbe_display_sleeps_and_wakes, 32) \
    X(pointing_device_obeys, 8) \
    X(pointing_device_reports, 8) \
    X(pci_functions_are_found, 4) \
    X(no_usb_controller_is_found, 4) \
    X(pci_addresses_and_interrupts_are_assigned, 4) \
    X(pci_interrupts_are_level_triggered, 4) \
    X(bus_master_knows_which_drives_have_dma, 4) \
    X(ultra_dma_is_set_in_drive_and_controller, 4) \
    X(pci_routing_is_published_twice, 4) \
    X(pci_interrupts_can_be_moved, 4) \
    X(pci_answers_in_protected_mode, 4) \
    X(rom_is_write_protected, 4) \
    X(acpi_tables_lead_to_each_other, 4) \
    X(apics_are_described_where_they_are, 4) \
    X(acpi_regions_are_in_the_memory_map, 4) \
    X(smbios_structures_are_whole, 4)
/* clang-format on */

#define DECLARE_FACT(f, needs) bool f(void);
FACTS(DECLARE_FACT)

/* Executes the interrupt with a pattern in every register; returns the bits that did not come back (start.S). */
uint32_t registers_changed(uint8_t vector, uint16_t ax);

enum { BUFFER = 0x3000, SECOND = 0x3020 }; /* segments of two 512-byte buffers, and 64 KiB above the first */

/* Calls a 32-bit or 16-bit entry far, in protected mode, with the registers of `call` (start.S). */
void call32(uint32_t base, uint32_t entry, struct call *call);
void call16(uint32_t base, uint32_t entry, struct call *call);
void call16_words(uint32_t base, uint32_t entry, struct call *call);

/* The same for a routine that returns near: by way of a far one in start.S. */
void call32near(uint32_t address, struct call *call);

/* --- services_common.c --- */

uint16_t call_ax(uint8_t vector, uint16_t ax);
void serial_print(const ROM char *s);
uint8_t cmos(uint8_t at);
/* Puts a scan code into the keyboard controller and lets its interrupt through. */
void scan(uint8_t code);
uint16_t key(uint16_t function);
void block_move(uint32_t from, uint32_t to, uint16_t words, struct call *c);
/* INT 13h with the buffer BUFFER:0000. */
uint8_t disk_call(uint16_t ax, uint16_t cx, uint16_t dx);
uint8_t sum(uint16_t segment, uint16_t at, uint16_t bytes);
/* The structure in F000 that begins with four letters at a multiple of 16; 0 if there is none. */
uint16_t find_structure(uint32_t letters);
uint32_t config(uint16_t function, uint16_t reg);
bool pci_is_there(void);
/* Words of IDENTIFY DEVICE or, for `packet`, IDENTIFY PACKET DEVICE come to BUFFER. The channel's interrupt is off
 * meanwhile. */
bool identify(uint16_t base, uint8_t select, bool packet);
/* The specification packet of El Torito, and whether the system was started from a CD at all. */
bool cd_packet(uint16_t ax, uint8_t drive, uint8_t *packet);
/* Copies from anywhere to SECOND and adds the bytes up. */
uint8_t sum_far_away(uint32_t from, uint16_t bytes);
uint32_t second32(uint16_t at);
uint32_t cpuid_features(void); /* leaf 1, EDX; 0 without CPUID */
uint16_t rsd_pointer(void);
uint16_t vbe(uint16_t ax, uint16_t bx, uint16_t cx, uint16_t dx);
bool vbe_is_there(void);
bool backdoor_is_there(void); /* services_probes.c */
void start_again_dirty(void);

#endif
