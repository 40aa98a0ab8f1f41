/* memory.h - physical memory: RAM, ROM, device memory, and the marks that keep caches honest.
 *
 * RAM is one private block. Every 4 KiB page of it has flags that send a write to the slow path: it holds decoded code,
 * it was read by a page walk, its digest is stale. One function, memory_changed, serves everybody who writes: CPU, DMA,
 * loader, snapshot. */
#ifndef MUNIMENT_EMU_MEMORY_H
#define MUNIMENT_EMU_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE 4096u
#define PAGE_MASK 0xFFFu

/* clang-format off */
enum page_flag {
    PAGE_CODE       = 1, /* decoded code was derived from it */
    PAGE_TABLE      = 2, /* a page walk read it */
    PAGE_CLEAN      = 4, /* its leaf in the digest tree is current, at first that of zeros; the first write clears this */
    PAGE_SAVED      = 8  /* the last snapshot holds it; the first write clears this */
};
/* clang-format on */

/* Device memory: one byte at a time, address physical. Wider accesses are split from the lowest byte up, unless the
 * device knows better. */
typedef uint8_t mmio_read_function(void *device, uint32_t address);
typedef void mmio_write_function(void *device, uint32_t address, uint8_t value);
/* 2 or 4 bytes at once, of any alignment within a page: the same as byte by byte from the lowest up. */
typedef uint32_t mmio_read_wide_function(void *device, uint32_t address, unsigned size);
typedef void mmio_write_wide_function(void *device, uint32_t address, uint32_t value, unsigned size);
/* The 32-bit register at an address that is a multiple of four. */
typedef uint32_t mmio_register_read_function(void *device, uint32_t address);
typedef void mmio_register_write_function(void *device, uint32_t address, uint32_t value);
/* The page of this address may be written to from now on, without further notice. */
typedef void mmio_writing_function(void *device, uint32_t address);

struct mmio {
    uint32_t first, last; /* addresses, inclusive; nowhere when first is after last */
    uint32_t length;
    mmio_read_function *read;
    mmio_write_function *write;
    void *device;
    /* null where the device has none; to be set after memory_map_mmio */
    mmio_read_wide_function *read_wide;
    mmio_write_wide_function *write_wide;
    /* While a region is bytes and nothing else: these. The functions above are not asked then, and `writing` before a
     * page's first write. The device calls memory_forget_pages when it changes `bytes`, or wants the notice again. */
    uint8_t *bytes;
    mmio_writing_function *writing;
    /* Of a region of registers, in place of all of the above. */
    mmio_register_read_function *register_read;
    mmio_register_write_function *register_write;
};

#define MMIO_REGIONS 12
#define ROM_START 0xC0000u
#define ROM_SIZE 0x40000u
#define LOW_PAGES 256u /* of the first MiB, where ROM and devices lie over RAM */

/* What keeps something derived from memory is notified here. */
struct memory_listener {
    void (*code_changed)(void *listener, uint32_t address, uint32_t length);  /* a write hit a PAGE_CODE page; may clear
                                                                                 the flag */
    void (*table_changed)(void *listener, uint32_t address, uint32_t length); /* a write hit a PAGE_TABLE page; may
                                                                                 clear the flag */
    void (*map_changed)(void *listener); /* A20 or the memory map moved: every translation is void */
    void *listener;
    void (*code_moved)(void *listener); /* the memory map moved: all decoded code is void; may be null */
};

struct memory {
    uint8_t *ram;
    uint32_t ram_size;
    uint8_t *flags; /* per page of RAM, enum page_flag */
    uint8_t *rom;   /* image of C0000h-FFFFFh; its last 128 KiB are seen at the end of the 4 GiB space as well */
    uint8_t low_kind[LOW_PAGES]; /* enum low_kind */
    struct mmio mmio[MMIO_REGIONS];
    unsigned mmio_count;
    uint32_t a20_mask; /* FFFFFFFFh, or FFEFFFFFh while the A20 gate is closed */
    struct memory_listener listener;
};

/* A page of the first MiB is a device's, or reads from RAM or ROM, and takes writes into RAM or loses them. */
enum low_kind { LOW_ROM = 0, LOW_READS_RAM = 1, LOW_WRITES_RAM = 2, LOW_RAM = 3, LOW_DEVICE = 4 };

bool memory_init(struct memory *m, uint64_t ram_size); /* false: no memory */
void memory_free(struct memory *m);

/* Copies a ROM to where it lies; address and length are whole pages within C0000h-FFFFFh. */
void memory_map_rom(struct memory *m, uint32_t address, const uint8_t *bytes, size_t length);
/* Device memory, whole pages; below 1 MiB it covers RAM. Elsewhere RAM and ROM cover it; of two devices the one that
 * came first answers. The region stays valid, for memory_move_mmio. */
struct mmio *memory_map_mmio(struct memory *m, uint32_t first, uint32_t length, mmio_read_function *read,
                             mmio_write_function *write, void *device);
/* Device memory that is 32-bit registers: a read of part of one reads all of it; a write that is not of one whole
 * register is lost. */
struct mmio *memory_map_registers(struct memory *m, uint32_t first, uint32_t length, mmio_register_read_function *read,
                                  mmio_register_write_function *write, void *device);
/* Moves device memory that was mapped at or above 1 MiB to another such place, or, when it is not `open`, to none. */
void memory_move_mmio(struct memory *m, struct mmio *region, uint32_t first, bool open);
/* To be called by a device whose region is bytes, or was: no address of them is kept, and `writing` is called again. */
void memory_forget_pages(struct memory *m);
void memory_set_a20(struct memory *m, bool open);
/* Shadowing of whole pages within C0000h-FFFFFh: what is read and written there is RAM, or ROM. */
void memory_shadow(struct memory *m, uint32_t first, uint32_t length, bool reads_ram, bool writes_ram);

/* Host address of a physical page if it is plain memory for reading (RAM or ROM), else null: device or nothing.
 * Addresses are after A20. */
const uint8_t *memory_readable_page(const struct memory *m, uint32_t address);
/* The same for writing; RAM only. */
uint8_t *memory_writable_page(const struct memory *m, uint32_t address);
/* Where nothing is readable: the page of a device that is bytes, for data only, as no flags record its changes. With
 * `write` set it may be written to. */
uint8_t *memory_device_page(const struct memory *m, uint32_t address, bool write);

/* Physical access of 1, 2 or 4 bytes, A20 applied, any alignment; device memory included. Nothing there: reads give all
 * ones. */
uint32_t memory_read(struct memory *m, uint32_t address, unsigned size);
void memory_write(struct memory *m, uint32_t address, uint32_t value, unsigned size);

/* DMA and loader: whole blocks, without A20 (DMA does not pass the gate). */
void memory_read_block(struct memory *m, uint32_t address, uint8_t *buffer, uint32_t length);
void memory_write_block(struct memory *m, uint32_t address, const uint8_t *buffer, uint32_t length);

/* Index of the page in `flags` for a physical address, or -1 where no RAM answers a read. */
int64_t memory_page(const struct memory *m, uint32_t address);

/* To be called after every write to RAM that did not find the page's flags clear: drops what was derived from these
 * bytes. */
void memory_changed(struct memory *m, uint32_t address, uint32_t length);

#endif
