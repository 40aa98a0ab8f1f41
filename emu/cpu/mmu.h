/* mmu.h - linear to physical, and the accesses that the fast path (access.h) does not settle. Functions return enum
 * access. */
#ifndef MUNIMENT_EMU_CPU_MMU_H
#define MUNIMENT_EMU_CPU_MMU_H

#include "emu/cpu/state.h"

/* Linear accesses that missed the fast path: any alignment, page crossing, device memory, page walks, marks. size 1, 2,
 * 4 or 8. insn is null outside of instructions. `privilege`: 0 supervisor (implicit system accesses and CPL 0-2), 1
 * user. A write is checked whole before any byte changes. */
unsigned mmu_read(struct cpu *cpu, const struct insn *insn, uint32_t linear, unsigned size, unsigned privilege,
                  uint64_t *value);
unsigned mmu_write(struct cpu *cpu, const struct insn *insn, uint32_t linear, unsigned size, unsigned privilege,
                   uint64_t value);
/* The same with sixteen bytes: the lower eight in value[0]. */
unsigned mmu_read16(struct cpu *cpu, const struct insn *insn, uint32_t linear, unsigned privilege, uint64_t value[2]);
unsigned mmu_write16(struct cpu *cpu, const struct insn *insn, uint32_t linear, unsigned privilege,
                     const uint64_t value[2]);
/* Fails as a read (write) of these bytes would, and does nothing else but the accessed and dirty bits. length up to
 * 4096. */
unsigned mmu_probe(struct cpu *cpu, const struct insn *insn, uint32_t linear, uint32_t length, unsigned privilege,
                   bool write);
/* Entry for execution at a linear address: fills *physical and *host (null: not plain memory). */
unsigned mmu_fetch(struct cpu *cpu, uint32_t linear, uint32_t *physical, const uint8_t **host);
/* Whether the translation that a fetch used last is kept: what is derived from it is dropped when it changes. */
bool mmu_keeps_fetch(const struct cpu *cpu, uint32_t linear);
/* Drops every translation, and asks to leave: a control bit, A20, or what lies where has changed. */
void mmu_flush(struct cpu *cpu);
/* CR3 was loaded: takes up the context that belongs to it. */
void mmu_switch(struct cpu *cpu);
/* Bytes of a page marked PAGE_TABLE were written to: drops what followed from the entries there, and asks to leave if
 * anything did. */
void mmu_table_changed(struct cpu *cpu, uint32_t address, uint32_t length);
/* The byte at a linear address as the CPU would read it now, if it is plain memory; changes nothing. */
bool mmu_peek(struct cpu *cpu, uint32_t linear, uint8_t *byte);
/* A physical page got a mark: writes to it must take the slow path from now on. */
void mmu_protect(struct cpu *cpu, uint32_t page);

#endif
