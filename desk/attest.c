/* attest.c - see attest.h. */
#include "desk/attest.h"

#include <stdlib.h>

#include "archive/archive.h"
#include "desk/boot.h"
#include "desk/engine.h"
#include "desk/script_run.h"
#include "desk/snapshots.h"
#include "verify/runs/runs.h"

#define DEFAULT_LIMIT 3600 /* seconds of guest time for a script */

static bool create(struct boot *b, struct error *error)
{
    return boot_create_machine(b, "--attest", error) &&
           boot_begin_session(b, DEFAULT_LIMIT * machine_ticks_per_second(b->machine), error) &&
           snapshots_begin(b, error);
}

/* Records into memory. Its digests are one a second, so that a difference is found soon. */
static bool record(struct boot *b, const struct sealed_machine *sealed, struct text *journal, struct error *error)
{
    struct journal_header header;

    if (!record_header(b->machine, b->media.manifest.version, sealed->machine_root, &header))
        return error_set(error, STATUS_HOST, "--attest", NULL, NULL, "out of memory");
    return recorder_create_in_memory(&b->session.recorder, b->machine, &header, journal,
                                     machine_ticks_per_second(b->machine), error);
}

static bool run(struct boot *b, uint64_t microseconds, struct error *error)
{
    struct condition passed = {.kind = WHEN_TICK,
                               .tick = microseconds * (machine_ticks_per_second(b->machine) / 1000000)};
    struct condition off = {.kind = WHEN_POWEROFF}, conditions[] = {passed, off};

    if (b->script_path)
        return script_run(b, error);
    return boot_ended(b, session_wait(&b->session, conditions, 2), "--attest", "the time had passed", error);
}

bool attest_boot(void *context, const struct sealed_machine *machine, struct attestation *attestation,
                 struct error *error)
{
    struct attesting *attesting = context;
    const char *value = argument_value(attesting->arguments, "--attest");
    struct boot b = {.arguments = attesting->arguments};
    struct text journal = {.bytes = NULL};
    uint64_t microseconds = 0;

    progress_end(attesting->progress);
    if (!session_read_seconds(value, &microseconds))
        b.script_path = value;
    if (microseconds > DEFAULT_LIMIT * UINT64_C(1000000))
        return error_set(error, STATUS_USAGE, "seal", NULL, "see muniment seal --help",
                         "--attest takes at most %u seconds", DEFAULT_LIMIT);
    bool good = boot_read_script(&b, error) && boot_check_outputs(&b, error) &&
                media_open_sealed(&b.media, machine, error) && create(&b, error) &&
                record(&b, machine, &journal, error) && run(&b, microseconds, error) &&
                record_end(&b.session.recorder, true, error);
    boot_release(&b);
    if (good && attest_make(machine, journal.bytes, journal.length, attestation, error))
        return true;
    if (!good)
        text_free(&journal);
    return false;
}
