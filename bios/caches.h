/* caches.h - memory types and caches, as far as the processor has them. */
#ifndef BIOS_CACHES_H
#define BIOS_CACHES_H

void caches_on(void);

#endif
