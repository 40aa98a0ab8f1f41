/* vectors386.c - runs captured cases of single instructions in real mode on an 80386 against the processor.
 *
 *     vectors386 DIR
 *
 * DIR holds NAME.MOO or NAME.MOO.gz files of SingleStepTests/80386 (the MOO format, version 1.1), captured with a
 * 386EX, and perhaps revocation_list.txt: cases of these hashes are not run. The code ends in HLT, or what it jumps to
 * does. A case holds when all registers and every byte of memory are as captured: bytes that the case does not name
 * must not change. Not compared are flags that the file or the decoder's table calls undefined, in the register and
 * where an exception pushed them. */
#include <dirent.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include <zlib.h>

#include "tests/captured.h"
#include "tests/undefined.h"

#define FILE_SIZE (256u << 20) /* what a file may hold */
#define SHOWN 20               /* failures that are printed */
#define FLAGS_386 0x37FD7u     /* the others are not there, or differ in what a capture shows of them */

/* The order of registers in the chunks RG32 and RM32. */
/* clang-format off */
enum {
    R_CR0, R_CR3, R_EAX, R_EBX, R_ECX, R_EDX, R_ESI, R_EDI, R_EBP, R_ESP,
    R_CS, R_DS, R_ES, R_FS, R_GS, R_SS, R_EIP, R_EFLAGS, R_DR6, R_DR7,
    R_COUNT
};
static const char *const register_names[R_COUNT] = {
    "cr0", "cr3", "eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp",
    "cs", "ds", "es", "fs", "gs", "ss", "eip", "eflags", "dr6", "dr7"
};
/* clang-format on */
static const uint8_t general[8] = {R_EAX, R_ECX, R_EDX, R_EBX, R_ESP, R_EBP, R_ESI, R_EDI};
static const uint8_t segments[SEG_COUNT] = {R_ES, R_CS, R_SS, R_DS, R_FS, R_GS};

/* Cases that another machine must do otherwise; each is counted as skipped under its reason. */
enum skip { SKIP_NONE, SKIP_REVOKED, SKIP_PORT, SKIP_PREFETCH, SKIP_COUNT };
static const char *const skip_reasons[SKIP_COUNT] = {
    [SKIP_REVOKED] = "the suite has revoked it (revocation_list.txt)",
    [SKIP_PORT] = "ports 22h and 23h are the 386EX's own (REMAPCFG)",
    [SKIP_PREFETCH] = "a string instruction writes over the HLT, which the 80386 has prefetched; here modified code "
                      "takes effect at once",
};

/* --- Chunks --- */

struct bytes {
    const uint8_t *at;
    size_t length;
};

static const char *file_name;

static void malformed(const char *what)
{
    fprintf(stderr, "vectors386: %s: malformed %s\n", file_name, what);
    exit(3);
}

/* Takes so many bytes off the front. */
static const uint8_t *take(struct bytes *b, size_t length, const char *what)
{
    const uint8_t *at = b->at;

    if (b->length < length)
        malformed(what);
    b->at += length;
    b->length -= length;
    return at;
}

static uint32_t take32(struct bytes *b, const char *what)
{
    return load32(take(b, 4, what));
}

/* The next chunk: its name, and its bytes in *chunk. Null at the end. */
static const char *next_chunk(struct bytes *b, struct bytes *chunk)
{
    const uint8_t *name;

    if (!b->length)
        return NULL;
    name = take(b, 4, "chunk");
    chunk->length = take32(b, "chunk");
    chunk->at = take(b, chunk->length, "chunk");
    return (const char *)name;
}

static bool is_chunk(const char *name, const char *expected)
{
    return !memcmp(name, expected, 4);
}

/* The registers that an RG32 or RM32 chunk names. */
static void take_registers(struct bytes b, uint32_t registers[R_COUNT])
{
    uint32_t present = take32(&b, "registers");

    for (unsigned n = 0; n < R_COUNT; n++)
        if (present >> n & 1)
            registers[n] = take32(&b, "registers");
}

/* --- Cases --- */

struct vector {
    struct bytes name, code, memory_before, memory_after; /* of memory: 5 bytes each, address and value */
    uint32_t before[R_COUNT], after[R_COUNT], mask[R_COUNT];
    int exception;     /* or -1 */
    uint32_t flags_at; /* where it pushed the flags */
    const uint8_t *hash;
};

struct suite {
    struct captured bench;
    uint8_t (*revoked)[20];
    size_t revoked_count;
    unsigned long passed, failed, skipped[SKIP_COUNT];
};

static struct bytes take_counted(struct bytes b, size_t size, const char *what)
{
    uint64_t length = (uint64_t)take32(&b, what) * size;

    if (length > b.length)
        malformed(what);
    b.length = (size_t)length;
    return b;
}

static void take_state(struct bytes b, uint32_t registers[R_COUNT], uint32_t mask[R_COUNT], struct bytes *memory)
{
    struct bytes chunk;
    const char *name;

    while ((name = next_chunk(&b, &chunk))) {
        if (is_chunk(name, "RG32"))
            take_registers(chunk, registers);
        else if (is_chunk(name, "RM32"))
            take_registers(chunk, mask);
        else if (is_chunk(name, "RAM "))
            *memory = take_counted(chunk, 5, "memory");
    }
}

/* A TEST chunk. FINA holds only what changes, and follows INIT. */
static void take_vector(struct bytes b, struct vector *v)
{
    struct bytes chunk;
    const char *name;

    take32(&b, "case");
    v->exception = -1;
    while ((name = next_chunk(&b, &chunk))) {
        if (is_chunk(name, "NAME"))
            v->name = take_counted(chunk, 1, "name");
        else if (is_chunk(name, "BYTS"))
            v->code = take_counted(chunk, 1, "code");
        else if (is_chunk(name, "INIT")) {
            take_state(chunk, v->before, v->mask, &v->memory_before);
            memcpy(v->after, v->before, sizeof v->after);
        } else if (is_chunk(name, "FINA"))
            take_state(chunk, v->after, v->mask, &v->memory_after);
        else if (is_chunk(name, "EXCP")) {
            v->exception = *take(&chunk, 1, "exception");
            v->flags_at = take32(&chunk, "exception");
        } else if (is_chunk(name, "HASH"))
            v->hash = take(&chunk, 20, "hash");
    }
    if (!v->code.length || !v->memory_before.length || !v->hash)
        malformed("case");
}

static bool is_revoked(const struct suite *s, const struct vector *v)
{
    for (size_t n = 0; n < s->revoked_count; n++)
        if (!memcmp(s->revoked[n], v->hash, 20))
            return true;
    return false;
}

/* Whether the case leaves another byte than HLT after its instruction. */
static bool is_overwritten(const struct vector *v, const struct insn *insn)
{
    uint32_t end = (v->before[R_CS] & 0xFFFF) * 16 + v->before[R_EIP] + insn->length;

    for (size_t n = 0; n < v->memory_after.length; n += 5)
        if (load32(v->memory_after.at + n) == end && v->memory_after.at[n + 4] != 0xF4)
            return true;
    return false;
}

static enum skip skip_reason(const struct suite *s, const struct vector *v, const struct insn *insn)
{
    uint32_t port = insn->form == FORM_RI || insn->form == FORM_I ? insn->immediate & 0xFF : v->before[R_EDX] & 0xFFFF;

    if (is_revoked(s, v))
        return SKIP_REVOKED;
    if ((insn->operation == OP_IN || insn->operation == OP_INS) && port <= 0x23 && port + insn->size > 0x22)
        return SKIP_PORT;
    if (opcode_rows[insn->row].attributes & ROW_STRING && is_overwritten(v, insn))
        return SKIP_PREFETCH;
    return SKIP_NONE;
}

/* --- Running --- */

static void put_bytes(struct suite *s, struct bytes b, bool before)
{
    for (size_t n = 0; n < b.length; n += 5)
        if (!captured_put(&s->bench, load32(b.at + n), b.at[n + 4], before))
            malformed("address");
}

static void load(struct suite *s, const struct vector *v)
{
    struct cpu *cpu = &s->bench.bare.cpu;

    put_bytes(s, v->memory_before, true);
    put_bytes(s, v->memory_after, false);
    captured_begin(&s->bench);
    for (unsigned n = 0; n < 8; n++)
        cpu->reg[n] = v->before[general[n]];
    for (unsigned n = 0; n < SEG_COUNT; n++)
        segment_set_real(cpu, n, (uint16_t)v->before[segments[n]]);
    cpu->eip = v->before[R_EIP];
    flags_write(cpu, v->before[R_EFLAGS], FLAGS_386);
}

struct report {
    char text[512];
    size_t used;
};

static void differs(struct report *r, const char *name, uint32_t ours, uint32_t captured)
{
    if (r->used < sizeof r->text - 48)
        r->used += (size_t)snprintf(r->text + r->used, sizeof r->text - r->used, " %s=%" PRIx32 "(%" PRIx32 ")", name,
                                    ours, captured);
}

static void compare_memory(struct suite *s, const struct vector *v, uint32_t undefined, struct report *r)
{
    const struct captured *c = &s->bench;

    for (uint32_t a = captured_difference(c, 0); a < CAPTURED_RAM; a = captured_difference(c, a + 1)) {
        uint32_t at = v->exception < 0 ? UINT32_MAX : a - v->flags_at;
        uint8_t ignored = at < 2 ? (uint8_t)(undefined >> 8 * at) : 0, ours = c->bare.memory.ram[a];
        char name[16];
        snprintf(name, sizeof name, "[%06" PRIx32 "]", a);
        if ((ours ^ c->expected[a]) & ~ignored)
            differs(r, name, ours, c->expected[a]);
    }
}

/* What differs, as text, or an empty one. */
static void compare(struct suite *s, const struct vector *v, uint32_t undefined, bool halted, struct report *r)
{
    const struct cpu *cpu = &s->bench.bare.cpu;
    uint32_t flags = flags_read(cpu);

    if (!halted)
        differs(r, "HLT", 0, 1);
    for (unsigned n = 0; n < 8; n++)
        if ((cpu->reg[n] ^ v->after[general[n]]) & v->mask[general[n]])
            differs(r, register_names[general[n]], cpu->reg[n], v->after[general[n]]);
    for (unsigned n = 0; n < SEG_COUNT; n++)
        if ((cpu->seg[n].selector ^ v->after[segments[n]]) & 0xFFFF)
            differs(r, register_names[segments[n]], cpu->seg[n].selector, v->after[segments[n]]);
    if (cpu->eip != v->after[R_EIP])
        differs(r, register_names[R_EIP], cpu->eip, v->after[R_EIP]);
    if ((flags ^ v->after[R_EFLAGS]) & FLAGS_386 & ~undefined)
        differs(r, register_names[R_EFLAGS], flags, v->after[R_EFLAGS]);
    compare_memory(s, v, undefined, r);
}

static void run_vector(struct suite *s, struct bytes chunk, const uint32_t mask[R_COUNT])
{
    struct vector v = {.exception = -1};
    struct insn insn;
    struct report r = {.used = 0};

    memcpy(v.mask, mask, sizeof v.mask);
    take_vector(chunk, &v);
    if (decode(v.code.at, v.code.length, 0, CPU_I386, &insn) != DECODE_OK)
        insn = (struct insn){.operation = OP_NOP, .row = opcode_first_row[OPCODE_INDEX(0x90)]};
    enum skip skip = skip_reason(s, &v, &insn);
    if (skip != SKIP_NONE) {
        s->skipped[skip]++;
        return;
    }
    load(s, &v);
    bool halted = captured_run(&s->bench);
    compare(s, &v, ~v.mask[R_EFLAGS] | undefined_flags(&insn, v.before[R_ECX]), halted, &r);
    captured_clear(&s->bench);
    if (!r.used) {
        s->passed++;
        return;
    }
    if (s->failed++ >= SHOWN)
        return;
    printf("%s: %.*s |", file_name, (int)v.name.length, (const char *)v.name.at);
    for (size_t n = 0; n < v.code.length; n++)
        printf(" %02x", v.code.at[n]);
    printf(" | exception %d | ours(captured):%s\n", v.exception, r.text);
}

static void run_file(struct suite *s, struct bytes file)
{
    uint32_t mask[R_COUNT];
    unsigned long failed = s->failed;
    struct bytes chunk;
    const char *name = next_chunk(&file, &chunk);

    if (!name || !is_chunk(name, "MOO ") || chunk.length < 12 || chunk.at[0] != 1 || memcmp(chunk.at + 8, "386E", 4))
        malformed("header: not MOO version 1 of a 386EX");
    memset(mask, 0xFF, sizeof mask);
    while ((name = next_chunk(&file, &chunk))) {
        if (is_chunk(name, "RM32"))
            take_registers(chunk, mask);
        else if (is_chunk(name, "TEST"))
            run_vector(s, chunk, mask);
    }
    if (s->failed != failed)
        printf("%s: %lu failed\n", file_name, s->failed - failed);
}

/* --- Files --- */

static struct bytes read_whole(const char *path, uint8_t *buffer)
{
    gzFile file = gzopen(path, "rb");
    size_t length = 0;
    int part = 0;

    while (file && length < FILE_SIZE && (part = gzread(file, buffer + length, 1 << 20)) > 0)
        length += (size_t)part;
    if (!file || part < 0 || gzclose(file) != Z_OK || length >= FILE_SIZE) {
        fprintf(stderr, "vectors386: %s: cannot be read, or holds %u MiB or more\n", path, FILE_SIZE >> 20);
        exit(4);
    }
    return (struct bytes){buffer, length};
}

static bool hash_parse(const char *line, uint8_t hash[20])
{
    for (unsigned n = 0; n < 20; n++)
        if (sscanf(line + 2 * n, "%2hhx", &hash[n]) != 1)
            return false;
    return true;
}

/* Lines that begin with "#" are comments. */
static void read_revoked(struct suite *s, const char *directory)
{
    char path[4096], line[256];

    snprintf(path, sizeof path, "%s/revocation_list.txt", directory);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        uint8_t hash[20];
        if (line[0] == '#' || strcspn(line, "\r\n") != 40 || !hash_parse(line, hash))
            continue;
        s->revoked = realloc(s->revoked, (s->revoked_count + 1) * sizeof *s->revoked);
        if (!s->revoked)
            exit(4);
        memcpy(s->revoked[s->revoked_count++], hash, sizeof hash);
    }
    if (file)
        fclose(file);
}

static int is_vector_file(const struct dirent *entry)
{
    const char *end = strstr(entry->d_name, ".MOO");

    return end && (!strcmp(end, ".MOO") || !strcmp(end, ".MOO.gz"));
}

int main(int argc, char **argv)
{
    static struct suite s;
    struct dirent **files;
    uint8_t *buffer = malloc(FILE_SIZE + (1 << 20));
    int count = argc == 2 ? scandir(argv[1], &files, is_vector_file, alphasort) : 0;

    if (argc != 2) {
        fprintf(stderr, "usage: vectors386 DIR\n");
        return 2;
    }
    if (count <= 0) {
        fprintf(stderr, "vectors386: %s: no .MOO files in it\n", argv[1]);
        return 3;
    }
    if (!buffer || !captured_init(&s.bench, CPU_I386))
        return 4;
    read_revoked(&s, argv[1]);
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", argv[1], file_name = files[i]->d_name);
        run_file(&s, read_whole(path, buffer));
        free(files[i]);
    }
    free(files);
    free(buffer);
    free(s.revoked);
    captured_free(&s.bench);
    for (unsigned skip = 1; skip < SKIP_COUNT; skip++)
        if (s.skipped[skip])
            printf("%lu skipped: %s\n", s.skipped[skip], skip_reasons[skip]);
    printf("%lu passed, %lu failed\n", s.passed, s.failed);
    return s.failed ? 1 : 0;
}
