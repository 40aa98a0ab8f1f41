/* lockstep.c - the command, in lockstep with another run of itself (lockstep.h): linked in place of `muniment` with
 * machine_run, machine_run_near and machine_set_engine wrapped. The one that writes translates, the one that reads
 * interprets. */
#include "emu/cpu/translate/translate.h"
#include "emu/machine.h"
#include "tests/lockstep.h"

enum machine_stop __real_machine_run(struct machine *m, uint64_t until);
enum machine_stop __wrap_machine_run(struct machine *m, uint64_t until);
enum machine_stop __wrap_machine_run_near(struct machine *m, uint64_t until);
void __real_machine_set_engine(struct machine *m, enum machine_engine engine, uint32_t seed);
void __wrap_machine_set_engine(struct machine *m, enum machine_engine engine, uint32_t seed);

static uint64_t tick(void *machine)
{
    return machine_tick(machine);
}

static int run(void *machine, uint64_t until)
{
    return __real_machine_run(machine, until);
}

static uint64_t hash(void *machine, bool whole)
{
    struct machine *m = machine;
    uint64_t hash = 0;

    if (whole) {
        uint8_t digest[32];
        if (!machine_digest(m, digest))
            exit(4);
        memcpy(&hash, digest, sizeof hash);
        return hash;
    }
    cpu_canonical(&m->cpu);
    for (const struct part *part = machine_part_table; part->name; part++)
        if (machine_has_part(m, part))
            state_serialize(part->table, (const uint8_t *)m + part->offset, lockstep_hash, &hash);
    lockstep_hash_pages(&hash, &m->memory, false); /* that changed since the last whole one */
    return hash;
}

static void put(void *to, const char *text, size_t length)
{
    fwrite(text, 1, length, to);
}

static void dump(void *machine, FILE *to)
{
    struct machine *m = machine;

    machine_save(m, put, to);
    for (uint32_t at = 0; at < m->memory.ram_size; at += 16) {
        uint64_t word[2];
        memcpy(word, m->memory.ram + at, sizeof word);
        if (word[0] | word[1])
            fprintf(to, "%08" PRIx32 " %016" PRIx64 " %016" PRIx64 "\n", at, word[0], word[1]);
    }
}

static void watch(void *machine, bool on)
{
    translator_watch(&((struct machine *)machine)->cpu, on ? lockstep_unit_ended : NULL, NULL);
}

enum machine_stop __wrap_machine_run(struct machine *m, uint64_t until)
{
    const struct lockstep_subject subject = {m, tick, run, hash, dump, watch};

    if (until <= machine_tick(m) || !lockstep_begin(&subject))
        return __real_machine_run(m, until);
    return (enum machine_stop)lockstep_run(until);
}

/* Where it ends may differ between the engines. */
enum machine_stop __wrap_machine_run_near(struct machine *m, uint64_t until)
{
    return __wrap_machine_run(m, until);
}

void __wrap_machine_set_engine(struct machine *m, enum machine_engine engine, uint32_t seed)
{
    if (lockstep_open()) /* before the command locks itself in */
        engine = lockstep.reads ? ENGINE_INTERPRETER : ENGINE_TRANSLATOR;
    __real_machine_set_engine(m, engine, seed);
}
