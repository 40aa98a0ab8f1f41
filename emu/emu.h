/* emu.h - the public header of emu/: a deterministic PC.
 *
 * A machine is created from a manifest and from functions of the host, and is run tick by tick. The same manifest,
 * firmware, media and inputs at the same ticks give the same state at every tick, on any host: nothing here reads a
 * clock, a random source, a file, or the environment. One tick is one retired instruction; spec/machine.md says what
 * else costs ticks. All calls on one machine come from one thread; machines share nothing. */
#ifndef MUNIMENT_EMU_H
#define MUNIMENT_EMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/block.h"
#include "formats/wave.h"
#include "manifests/manifests.h"

struct machine;
/* Memory for code, as emu/host/ maps it: the same bytes writable at one address and executable at another; and
 * CODE_TABLES_SIZE bytes for tables that are touched sparsely. Given at creation; null: the host has no back end. */
#define CODE_TABLES_SIZE ((size_t)384 << 20)
struct code_memory {
    uint8_t *write;
    uint8_t *run;
    size_t size;
    void *tables;
    void (*forget)(void *at, size_t size); /* makes whole pages of the tables zeros, and gives back what they took */
};

/* What the machine needs from outside. The functions get `context`; those for output may be null. */
struct machine_host {
    void *context;
    const uint8_t *system_rom; /* ends at the 1 MiB line and, again, at 4 GiB; a multiple of 4 KiB, at most 128 KiB;
                                  copied */
    size_t system_rom_size;
    const uint8_t *video_rom; /* from C0000h; at most 64 KiB; copied */
    size_t video_rom_size;
    const struct block *drives[DRIVE_COUNT]; /* null: no medium; must outlive the machine or its removal */
    void (*sha256)(void *context, const uint8_t *bytes, size_t length, uint8_t digest[32]);
    void (*serial_out)(void *context, unsigned port, uint8_t byte); /* port 0: COM1 */
    void (*parallel_out)(void *context, uint8_t byte);
    void (*copied)(void *context, const uint8_t *text, size_t length); /* the guest copied text to the clipboard */
    /* What the machine plays, 48,000 frames a second from power-on: left and right, one after the other; null frames
     * are `count` of silence. Those of a call to machine_run are complete when it returns: a frame that stands at its
     * end is among them. Null: nobody listens. */
    void (*sound)(void *context, const int16_t *frames, size_t count);
    void (*midi_out)(void *context, uint8_t byte); /* at the tick at which the machine stands */
    /* A packet has left for the cable, with its frame check sequence: at most MACHINE_PACKET bytes. */
    void (*packet_out)(void *context, const uint8_t *packet, size_t length);
    const struct code_memory *code; /* for translated code (emu/host/host.h); must outlive the machine. null: everything
                                       is interpreted */
    void (*was_reset)(void *context); /* the processor was reset, at the tick at which the machine stands; null: not
                                         reported */
};

enum machine_stop {
    MACHINE_SLICE_END,   /* the tick that was asked for is reached */
    MACHINE_HALTED,      /* the CPU has just executed HLT with interrupts off; running on is allowed */
    MACHINE_POWERED_OFF, /* the guest switched the power off: nothing runs any more */
    MACHINE_HOST_FAILED  /* a disk returned BLOCK_FAILED: the state is that of the instant before, and must not be used
                          */
};

/* Builds a machine and turns it on. Returns null when the manifest asks for what this version cannot build, with
 * *reason set to a static string; and when memory is short, with *reason null. The caller releases it with
 * machine_destroy. */
struct machine *machine_create(const struct machine_manifest *manifest, const struct machine_host *host,
                               const char **reason);
void machine_destroy(struct machine *m);

/* Runs until tick `until` (absolute) or an earlier stop. Slicing a run differently changes nothing in it. */
enum machine_stop machine_run(struct machine *m, uint64_t until);
/* As machine_run, but it may end up to MACHINE_NEAR ticks early, where an instruction ends at which that costs less. */
#define MACHINE_NEAR 64u
enum machine_stop machine_run_near(struct machine *m, uint64_t until);

/* How instructions are executed. The state does not show it. A machine begins with the first. */
enum machine_engine {
    ENGINE_TRANSLATOR, /* where the host gave memory for code; else as the interpreter */
    ENGINE_INTERPRETER,
    ENGINE_RANDOM /* for tests: now the one, now the other */
};
void machine_set_engine(struct machine *m, enum machine_engine engine, uint32_t seed);
/* To be called in a process that was forked off, before anything else is done with the machine there. The memory for
 * code stays the other process's: this one interprets, whatever machine_set_engine says. */
void machine_forked(struct machine *m);

/* Why translated code was left. */
enum translator_exit {
    TRANSLATOR_EXIT_UNLINKED,  /* it leads to code at a known address, but not directly yet */
    TRANSLATOR_EXIT_LOOKUP,    /* to an address that is not in the table of jumps; an instruction that leaves */
    TRANSLATOR_EXIT_ATTENTION, /* something waits: an interrupt, an exception, a device */
    TRANSLATOR_EXIT_DEADLINE,
    TRANSLATOR_EXIT_DROPPED, /* all code was */
    TRANSLATOR_EXITS
};

/* What has been translated, for tuning; zeros where nothing is. */
struct machine_statistics {
    uint64_t ticks_translated;           /* that went by in translated code */
    uint64_t ticks_waited, ticks_halted; /* in waits that were advanced, and in HLT; the others were interpreted */
    uint64_t blocks, instructions, host_bytes; /* translated */
    uint64_t entries, links, slow; /* entries into translated code, blocks that lead to others directly, instructions
                                      that were interpreted in the midst of a block */
    uint64_t software_rows; /* instructions whose results this host's floating point has otherwise: they are interpreted
                             */
    uint64_t dropped, flushes; /* blocks whose code was written to, and how often all were thrown away */
    uint64_t code_size;        /* bytes of the memory for code */
    struct {
        uint64_t blocks, bytes; /* blocks that may run, bytes of code */
    } nursery, tenured;         /* where blocks are made, and where those move that are still used when it is full */
    uint64_t promoted, evicted; /* blocks that moved there, or again, and that were dropped then */
    uint64_t exits[TRANSLATOR_EXITS]; /* of the entries */
};
struct machine_statistics machine_statistics(const struct machine *m);
/* The ticks that the processor was halted or waited in loops, since the machine was created. Costs nothing. */
uint64_t machine_ticks_idle(const struct machine *m);

/* Gives every block that is translated from now on: as lines of text (without their ends, valid during the call), guest
 * instructions and the host's bytes after each; and where its code runs, with the EIP that it is for. Both functions
 * are needed. */
struct translation_watch {
    void *context;
    void (*line)(void *context, const char *text);
    void (*code)(void *context, const uint8_t *at, size_t size, uint32_t eip);
};
void machine_watch_translation(struct machine *m, const struct translation_watch *watch);

/* Whether no chip has anything on its way out for which it needs no program: bytes to COM and LPT, sectors to a
 * medium. */
bool machine_is_quiet(const struct machine *m);

uint64_t machine_tick(const struct machine *m);
uint64_t machine_ticks_per_second(const struct machine *m);

/* SHA-256 of the whole state (spec/digest.md). Costs what changed since the last call. False: there is no memory for it
 * on this host, or a disk failed. */
bool machine_digest(struct machine *m, uint8_t digest[32]);
/* Gives the name of each part that machine_digest covers, in its order, and the SHA-256 of the part's bytes: the chips'
 * tables, "ram", "video", for each drive what was written to it, "rom". False as above, and then nothing was given. */
bool machine_parts(struct machine *m, void (*part)(void *context, const char *name, const uint8_t digest[32]),
                   void *context);

/* --- Inputs: they take effect at the tick at which the machine stands. --- */

/* A key goes down or up. key is the set 1 make code; bit 7 marks the keys that send an E0 prefix (right Ctrl is 9Dh, Up
 * C8h); E1h is Pause. False: the keyboard's buffer is full, try again later. */
bool machine_key(struct machine *m, uint8_t key, bool down);
#define POINTER_LEFT 1u
#define POINTER_RIGHT 2u
#define POINTER_MIDDLE 4u
/* The mouse moves by so many counts to the right and down, its wheel by so many steps towards the user, each within
 * 32767 of 0, and these buttons are down now. False: the last change of the buttons is not reported yet, nothing has
 * happened; try again later. */
bool machine_pointer(struct machine *m, int dx, int dy, int wheel, unsigned buttons);
/* The pointer goes to a position, given in 65,536ths of the width and of the height of the screen; the rest is as
 * above. It takes `pointer: absolute` in the manifest, and a driver in the guest that asks for positions. False: no
 * driver has asked yet, or the last change of the buttons was not read yet. */
bool machine_pointer_at(struct machine *m, uint16_t x, uint16_t y, int wheel, unsigned buttons);
/* Puts text on the clipboard from which a driver in the guest pastes (`pointer: absolute`), or adds to what is there.
 * False: the clipboard would hold more than MACHINE_CLIPBOARD bytes, or there is none. */
#define MACHINE_CLIPBOARD 4096u
bool machine_paste(struct machine *m, const uint8_t *text, size_t length, bool more);
/* A byte arrives on a serial port. False: the receiver has no room; try again later. */
bool machine_serial_in(struct machine *m, unsigned port, uint8_t byte);
/* The last bit of a packet arrives by the cable, which the machine must have; with its frame check sequence, at most
 * MACHINE_PACKET bytes. Whether the card takes it is the card's business. */
#define MACHINE_PACKET 1536u
void machine_packet_in(struct machine *m, const uint8_t *packet, size_t length);
/* Connects a recording to the line input, which the manifest must have: it plays from now on, and its end is followed
 * by silence. null: nothing is connected. Like a medium, it must outlive the machine or its removal. */
void machine_line_in(struct machine *m, const struct wave *recording);
/* Changes the medium of a floppy or CD-ROM drive; null takes it out. Other drives keep theirs. */
void machine_insert(struct machine *m, enum drive_slot slot, const struct block *medium);

/* --- State out and in: what a snapshot is made of (spec/snapshot.md). ---
 *
 * The state is a text, which has every field of the chips by name, and pages of 4 KiB: RAM, display memory, and of each
 * drive what was written to its medium. ROM and what was not written follow from the machine: it is built anew with the
 * same manifest, firmware and media, and then loaded. */

enum machine_area { AREA_RAM, AREA_VIDEO, AREA_DRIVES /* + enum drive_slot */, AREA_COUNT = AREA_DRIVES + DRIVE_COUNT };
extern const char *const machine_area_names[AREA_COUNT]; /* "ram", "video", "fd0" ... */
#define MACHINE_PAGE 4096u

/* Gives the text: lines, from `tick = N` on, in the order of spec/state.md. */
void machine_save(struct machine *m, void (*sink)(void *context, const char *text, size_t length), void *context);

/* How many pages an area has. */
uint64_t machine_pages(const struct machine *m, enum machine_area area);
/* The first page from *page on that belongs to a snapshot: of RAM and display memory every one, of a drive those that
 * were written to. With `unsaved`, only those that changed since machine_page_mark said that they are saved. False:
 * there is none. */
bool machine_page_next(const struct machine *m, enum machine_area area, bool unsaved, uint64_t *page);
/* A page's bytes, and which eighths of it can be read, one bit each: of memory FFh, of a drive less where its medium
 * has an unreadable sector or ends. What cannot be read is zeros. Of a machine just built, memory is zeros. False: the
 * host failed. */
bool machine_page_get(struct machine *m, enum machine_area area, uint64_t page, uint8_t bytes[MACHINE_PAGE],
                      uint8_t *readable);
/* Marks a page that machine_page_next gave as saved, or as not: the first write takes the mark away. */
void machine_page_mark(struct machine *m, enum machine_area area, uint64_t page, bool saved);

struct machine_fault { /* what is wrong with a state that was given */
    char name[96];     /* of the field or page */
    const char *what;
};

/* To be called on a machine that was just built: every page in any order, then the text. A page that is not given is as
 * in a machine just built. The text is taken in one form only; fields that are unknown, missing, there twice, out of
 * range or contradictory are refused. False: *fault says why, and the machine is to be destroyed. */
bool machine_page_put(struct machine *m, enum machine_area area, uint64_t page, const uint8_t bytes[MACHINE_PAGE],
                      uint8_t readable, struct machine_fault *fault);
bool machine_load(struct machine *m, const char *text, size_t length, struct machine_fault *fault);

/* --- Looking at it; nothing here changes the state. --- */

/* Runs as machine_run does, and gives a line of text (without its end, valid during the call) for each instruction,
 * interrupt and exception: tick, CS:EIP, the instruction, and after a semicolon the registers that changed, the memory
 * written as [linear address]=value, and "vector NNh" for what was delivered. Time that passes in HLT has no lines.
 * Slow. */
enum machine_stop machine_trace(struct machine *m, uint64_t until, void (*line)(void *context, const char *text),
                                void *context);

#define TEXT_MAX_COLUMNS 132
#define TEXT_MAX_ROWS 60

struct text_screen {
    unsigned columns, rows;                             /* 0 when the display shows graphics or is off */
    uint8_t character[TEXT_MAX_ROWS][TEXT_MAX_COLUMNS]; /* code page 437 */
    uint8_t attribute[TEXT_MAX_ROWS][TEXT_MAX_COLUMNS];
    unsigned cursor_column, cursor_row;
    bool cursor_visible;
};
void machine_text(const struct machine *m, struct text_screen *screen);

/* What shows beside the picture. */
struct machine_indicators {
    uint8_t leds;   /* of the keyboard, bits 0 to 2: scroll, num, caps lock */
    bool positions; /* a driver asks where the pointer is (machine_pointer_at), not how it moves */
};
void machine_indicators(const struct machine *m, struct machine_indicators *indicators);

/* The dots from `first` up to `end`, which is not of them; none: both 0. */
struct frame_span {
    uint16_t first, end;
};

struct frame {
    unsigned width, height;           /* at most FRAME_MAX_WIDTH x FRAME_MAX_HEIGHT */
    const uint32_t *pixels;           /* 00RRGGBB, rows without gaps; valid until the next call on the machine */
    const struct frame_span *changed; /* one for each row: outside of them all is as in the last frame; as long valid.
                                         With another size all has changed */
    uint64_t number;                  /* of such calls on this machine: who sees a gap knows that others looked */
};
#define FRAME_MAX_WIDTH 1600
#define FRAME_MAX_HEIGHT 1200
/* What the display shows now. Costs what changed since the last call. */
void machine_frame(struct machine *m, struct frame *frame);

#endif
