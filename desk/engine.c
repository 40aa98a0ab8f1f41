/* engine.c - see engine.h. */
#include "desk/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "desk/desk.h"

#define RANDOM "random:"

bool engine_read_option(struct boot *b, struct error *error)
{
    const char *text = argument_value(b->arguments, "--engine");

    if (!text || !strcmp(text, "translator"))
        b->engine = ENGINE_TRANSLATOR;
    else if (!strcmp(text, "interpreter"))
        b->engine = ENGINE_INTERPRETER;
    else if (!strncmp(text, RANDOM, strlen(RANDOM)) && boot_read_number(text + strlen(RANDOM), &b->engine_seed))
        b->engine = ENGINE_RANDOM;
    else
        return boot_bad_option(b, "--engine", text, error);
    text = argument_value(b->arguments, "--code-cache");
    if (text && (!boot_read_number(text, &b->code_size) || !b->code_size || b->code_size > CODE_MEMORY_LIMIT >> 20))
        return boot_bad_option(b, "--code-cache", text, error);
    return true;
}

void engine_host(struct boot *b, struct machine_host *host)
{
    size_t size = b->code_size ? (size_t)b->code_size << 20 : CODE_MEMORY_SIZE;

    if (b->engine != ENGINE_INTERPRETER && code_memory_init(&b->code, size))
        host->code = &b->code;
}

/* --- Looking inside --- */

static void write_line(void *context, const char *text)
{
    struct boot *b = context;

    if (b->translation.file)
        fprintf(b->translation.file, "%s\n", text);
}

/* A line of the map in which perf finds names for code that no file has: start, size, name. */
static void map_code(void *context, const uint8_t *at, size_t size, uint32_t eip)
{
    struct boot *b = context;

    if (b->perf_map)
        fprintf(b->perf_map, "%" PRIxPTR " %zx guest_%08" PRIX32 "\n", (uintptr_t)at, size, eip);
}

/* perf looks for it under this name; a file or link that is there already is somebody else's. */
static bool open_perf_map(struct boot *b, struct error *error)
{
    char path[64];
    int fd;

    if (!argument_value(b->arguments, "--perf-map"))
        return true;
    snprintf(path, sizeof path, "/tmp/perf-%ld.map", (long)getpid());
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    b->perf_map = fd < 0 ? NULL : fdopen(fd, "w");
    return b->perf_map || error_host(error, path, errno, "cannot write the map for perf");
}

/* The state is the same without it; the run takes longer, and whoever asked for the translator wants to know. */
static void say_what_is_interpreted(const struct boot *b)
{
    struct machine_statistics s = machine_statistics(b->machine);

    if (b->engine == ENGINE_INTERPRETER)
        return;
    if (s.software_rows)
        fprintf(stderr, "muniment: this host computes %" PRIu64 " instructions otherwise: they are interpreted\n",
                s.software_rows);
    else if (!s.code_size && argument_value(b->arguments, "--engine"))
        fprintf(stderr, "muniment: nothing can be translated on this host: the interpreter runs the machine\n");
}

bool engine_begin(struct boot *b, struct error *error)
{
    const char *trace = argument_value(b->arguments, "--trace-translation");

    machine_set_engine(b->machine, b->engine, (uint32_t)b->engine_seed);
    if (!open_perf_map(b, error) || (trace && !output_growing(&b->translation, trace, boot_replaces(b), error)))
        return false;
    if (b->perf_map || trace)
        machine_watch_translation(b->machine, &(struct translation_watch){b, write_line, map_code});
    say_what_is_interpreted(b);
    return true;
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

void engine_print_statistics(const struct boot *b)
{
    static const char *const exits[TRANSLATOR_EXITS] = {
        [TRANSLATOR_EXIT_UNLINKED] = "to code that was not linked",
        [TRANSLATOR_EXIT_LOOKUP] = "to an address that was not known, or by an instruction that leaves",
        [TRANSLATOR_EXIT_ATTENTION] = "for an interrupt, an exception or a device",
        [TRANSLATOR_EXIT_DEADLINE] = "at an event or the end of a slice",
        [TRANSLATOR_EXIT_DROPPED] = "because all code was dropped",
    };
    struct machine_statistics s = machine_statistics(b->machine);
    uint64_t ticks = machine_tick(b->machine), run = s.ticks_translated + s.ticks_waited + s.ticks_halted;
    const struct {
        const char *name;
        uint64_t ticks;
    } kinds[] = {{"translated", s.ticks_translated},
                 {"interpreted", ticks > run ? ticks - run : 0},
                 {"waits", s.ticks_waited},
                 {"halted", s.ticks_halted}};

    printf("ticks           %" PRIu64 "\n", ticks);
    for (unsigned n = 0; n < sizeof kinds / sizeof *kinds; n++)
        printf("%-15s %" PRIu64 " (%.1f %%)\n", kinds[n].name, kinds[n].ticks, percent(kinds[n].ticks, ticks));
    printf("blocks          %" PRIu64 " of %" PRIu64 " instructions, %" PRIu64 " bytes of code\n", s.blocks,
           s.instructions, s.host_bytes);
    printf("cache           %" PRIu64 " of %" PRIu64 " bytes in use, emptied %" PRIu64 " times\n",
           s.nursery.bytes + s.tenured.bytes, s.code_size, s.flushes);
    printf("  nursery       %" PRIu64 " blocks, %" PRIu64 " bytes\n", s.nursery.blocks, s.nursery.bytes);
    printf("  tenured       %" PRIu64 " blocks, %" PRIu64 " bytes\n", s.tenured.blocks, s.tenured.bytes);
    printf("  made room     %" PRIu64 " blocks moved, %" PRIu64 " dropped\n", s.promoted, s.evicted);
    printf("dropped         %" PRIu64 " blocks whose code was written to\n", s.dropped);
    printf("links           %" PRIu64 "\nentries         %" PRIu64 "\n", s.links, s.entries);
    for (unsigned n = 0; n < TRANSLATOR_EXITS; n++)
        printf("  left          %" PRIu64 " %s\n", s.exits[n], exits[n]);
    printf("in the midst    %" PRIu64 " instructions of a block that were interpreted\n", s.slow);
    if (s.software_rows)
        printf("not this host   %" PRIu64 " instructions that it computes otherwise\n", s.software_rows);
}

void engine_release(struct boot *b)
{
    code_memory_free(&b->code);
    output_abort(&b->translation);
    if (b->perf_map)
        fclose(b->perf_map);
}
