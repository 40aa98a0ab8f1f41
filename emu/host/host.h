/* host.h - the public header of emu/host/: what the machine needs of the operating system, obtained before it is built.
 * The machine calls nothing here but what is handed to it (code_memory.forget). */
#ifndef MUNIMENT_EMU_HOST_H
#define MUNIMENT_EMU_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "emu/emu.h"

#define CODE_MEMORY_SIZE ((size_t)32 << 20)
#define CODE_MEMORY_LIMIT ((size_t)1024 << 20) /* a jump reaches 2 GiB */

/* Memory for translated code: anonymous, mapped twice; and for its tables, which take what is touched of
 * them and no huge pages. A process that is forked off does not have it (machine_forked). False: this host has no back
 * end, or gives no such memory; *memory is zeros then. The caller releases it with code_memory_free, after the machine.
 */
bool code_memory_init(struct code_memory *memory, size_t size);
void code_memory_free(struct code_memory *memory);

#endif
