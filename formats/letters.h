/* letters.h - names in which the case of letters does not count. */
#ifndef MUNIMENT_LETTERS_H
#define MUNIMENT_LETTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The letter that stands for all that differ from it in nothing but case, in whichever of the tables of the guests'
 * systems: the capital, as Unicode has it. */
uint32_t letter_folded(uint32_t code);

/* What comes next in a name, folded; a byte that is no UTF-8 is like no letter. */
uint32_t letter_next(const char **name);

/* How many bytes of a name are the `length` bytes of `like`, but for case; 0: it does not begin so. bare: a letter with
 * an accent may also be the one without in the name, as DOS writes it whose code page has no such capital. */
size_t letters_alike(const char *name, const char *like, size_t length, bool bare);

#endif
