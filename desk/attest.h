/* attest.h - the reference boot that `seal --attest` performs. */
#ifndef MUNIMENT_DESK_ATTEST_H
#define MUNIMENT_DESK_ATTEST_H

#include "desk/options.h"
#include "desk/progress.h"
#include "archive/archive.h"

struct attesting {
    const struct arguments *arguments; /* of seal; --attest is given */
    struct progress *progress;         /* of the sealing, which waits */
};

/* The `attest` of a struct seal_request; context is a struct attesting. Boots the machine by the script, or for the
 * seconds, that --attest names, and repeats the boot to see that it is the same. */
bool attest_boot(void *context, const struct sealed_machine *machine, struct attestation *attestation,
                 struct error *error);

#endif
