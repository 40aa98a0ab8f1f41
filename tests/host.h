/* host.h - the processor that a test compares ours with: which it is, and what a difference from it means.
 *
 * Processors of different makers and generations differ where manuals leave a choice. The tests list what was seen to
 * differ, on the families in host.c. A family that nobody has tried may differ elsewhere: what differs there is
 * reported and not judged. */
#ifndef MUNIMENT_TESTS_HOST_H
#define MUNIMENT_TESTS_HOST_H

#include <stdbool.h>

struct host {
    char vendor[13]; /* as CPUID 0 gives it */
    unsigned family, model;
    bool hypervisor; /* CPUID 1 says that there is one */
};

/* Fills *host. Returns null, or why there is no processor here to compare with: another architecture or system, or an
 * emulator (QEMU without hardware, Valgrind), which is no silicon. */
const char *host_identify(struct host *host);

/* Takes another processor's name for the one that is here, to see how the test judges: VENDOR/FAMILY/MODEL in decimal.
 * False: the text is something else. */
bool host_pretend(struct host *host, const char *text);

/* The closing words of a comparison: which processor it was, and how many cases passed and differed. `first` says what
 * differs, and is not used where nothing does. Returns the exit status: 0 if nothing differs, 1 if something does, 77
 * (not judged) if it does on a family that nobody has tried. */
int host_verdict(const struct host *host, unsigned long passed, unsigned long differ, const char *first);

#endif
