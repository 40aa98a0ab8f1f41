/* proof_check.c - checks the proof of a bag (spec/receipt.md, R-15 to R-20). */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "desk/proof.h"
#include "desk/receipt_text.h"
#include "formats/file.h"

enum { TEXT_LIMIT = 1 << 30, CONTENT_LIMIT = 1 << 24 };

#define PROOF "proof/proof.txt"
#define CONTENT "proof/content.txt"

struct known_chunk {
    uint64_t number;
    uint8_t digest[DIGEST_SIZE];
};

struct checking {
    struct proof_check *p;
    char slot[8];
    uint64_t count;            /* chunks of the disk */
    uint8_t root[DIGEST_SIZE]; /* of the disk, by content.txt */
    struct text chunks;        /* struct known_chunk each, in order */
    uint8_t bytes[CHUNK_SIZE]; /* of the chunk that was read last */
    uint64_t loaded;           /* its number + 1 */
    size_t length;
    struct text lined; /* char * to the name of each file that has a line */
    /* The file of the last run: */
    char *name;
    int descriptor;
    uint64_t at, size;
    bool good;
};

/* --- What leads a chunk to the machine-root --- */

/* R-15, and the line of the disk. */
static bool check_content(struct checking *c, char *content, const char *root)
{
    char *end = strncmp(content, "machine-root: ", 14) ? strstr(content, "\nmachine-root: ") : content, *at = content;
    uint8_t digest[DIGEST_SIZE];
    hex_digest hex;

    sha256(content, strlen(content), digest);
    hex_encode(digest, hex);
    if (!end || strcmp(hex, c->p->content))
        return false;
    end += *end == '\n';
    sha256(content, (size_t)(end - content), digest);
    hex_encode(digest, hex);
    if (strcmp(hex, root) || strcmp(root, c->p->machine_root))
        return false;
    *end = '\0';
    for (char *line, *value; (line = receipt_next_line(&at));) {
        const size_t length = strlen(c->slot);
        if (!(value = receipt_value(line, "disk")) || strncmp(value, c->slot, length) || value[length] != ' ')
            continue;
        value += length + 1;
        value += strspn(value, "0123456789");
        if (*value != ' ' || strlen(value) < 66 || value[65] != ' ')
            return false;
        value[65] = '\0';
        return hex_decode(value + 1, c->root);
    }
    return false;
}

/* Reads the nodes of a chunk's line: false, they are none, or more than there ever are. */
static bool read_path(char *nodes, struct chunk_proof *proof)
{
    for (proof->length = 0; *nodes; nodes += 65) {
        if (*nodes != ' ' || strlen(nodes) < 65 || (nodes[65] && nodes[65] != ' ') || proof->length == PROOF_LIMIT)
            return false;
        const char after = nodes[65];
        nodes[65] = '\0';
        const bool is_node = hex_decode(nodes + 1, proof->path[proof->length++]);
        nodes[65] = after;
        if (!is_node)
            return false;
    }
    return true;
}

/* Reads a chunk and compares its digest. */
static bool load(struct checking *c, const struct known_chunk *chunk)
{
    char path[PATH_MAX + 48];
    uint8_t digest[DIGEST_SIZE];
    struct stat status;
    struct error ignored;

    if (c->loaded == chunk->number + 1)
        return true;
    c->loaded = 0;
    snprintf(path, sizeof path, "%sproof/%" PRIu64 ".chunk", c->p->folder, chunk->number);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    if (descriptor < 0)
        return false;
    bool good = !fstat(descriptor, &status) && S_ISREG(status.st_mode) && (uint64_t)status.st_size <= CHUNK_SIZE &&
                file_read(descriptor, path, 0, c->bytes, (size_t)status.st_size, &ignored);
    close(descriptor);
    if (!good)
        return false;
    c->length = (size_t)status.st_size;
    sha256(c->bytes, c->length, digest);
    good = !memcmp(digest, chunk->digest, DIGEST_SIZE);
    c->loaded = good ? chunk->number + 1 : 0;
    return good;
}

/* "NUMBER SHA256 NODE ...". False: it is no such line. */
static bool check_chunk(struct checking *c, char *value)
{
    const size_t known = c->chunks.length / sizeof(struct known_chunk);
    struct known_chunk chunk;
    struct chunk_proof proof;
    char object[64], *end;

    chunk.number = strtoull(value, &end, 10);
    if (end == value || *value < '0' || *value > '9' || *end != ' ' || strlen(end) < 65 ||
        (end[65] && end[65] != ' ') || chunk.number >= c->count ||
        (known && chunk.number <= ((const struct known_chunk *)c->chunks.bytes)[known - 1].number))
        return false;
    char *nodes = end + 65;
    const char after = *nodes;
    *nodes = '\0';
    if (!hex_decode(end + 1, chunk.digest))
        return false;
    *nodes = after;
    text_add(&c->chunks, (const char *)&chunk, sizeof chunk);
    snprintf(object, sizeof object, "proof/%" PRIu64 ".chunk", chunk.number);
    memcpy(proof.digest, chunk.digest, DIGEST_SIZE);
    if (!read_path(nodes, &proof) || !chunk_proof_holds(&proof, chunk.number, c->count, c->root))
        c->p->wrong(c->p->context, object, "does not lead to the root of the disk");
    else if (!load(c, &chunk))
        c->p->wrong(c->p->context, object, "is not there with its digest");
    else
        c->p->chunks++;
    return true;
}

/* --- Files --- */

static int by_number(const void *a, const void *b)
{
    const struct known_chunk *x = a, *y = b;

    return x->number < y->number ? -1 : x->number > y->number;
}

/* Whether the bytes of the file from `at` on are those of the disk from `place` on. */
static bool lies_there(struct checking *c, uint64_t at, uint64_t place, uint64_t length)
{
    uint8_t piece[CHUNK_SIZE];

    while (length > 0) {
        const struct known_chunk key = {.number = place / CHUNK_SIZE},
                                 *chunk = c->chunks.length
                                              ? bsearch(&key, c->chunks.bytes, c->chunks.length / sizeof key,
                                                        sizeof key, by_number)
                                              : NULL;
        const size_t from = place % CHUNK_SIZE;
        size_t count = CHUNK_SIZE - from;
        struct error ignored;

        count = count < length ? count : (size_t)length;
        if (!chunk || !load(c, chunk) || from + count > c->length ||
            !file_read(c->descriptor, c->name, at, piece, count, &ignored) || memcmp(piece, c->bytes + from, count))
            return false;
        at += count;
        place += count;
        length -= count;
    }
    return true;
}

/* The runs of a file are over. */
static void end_file(struct checking *c)
{
    if (!c->name)
        return;
    if (c->descriptor >= 0 && (!c->good || c->at != c->size))
        c->p->wrong(c->p->context, c->name, "has a gap in its proof, or other bytes on the disk");
    else
        c->p->files += c->descriptor >= 0;
    if (c->descriptor >= 0)
        close(c->descriptor);
    c->name = NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A line is of a file of the receipt. */
static void add_line(struct checking *c, char *name)
{
    if (!c->p->count || !bsearch(&name, c->p->names, c->p->count, sizeof name, by_name))
        c->p->wrong(c->p->context, name, "is in the proof, and the receipt does not name it");
    text_add(&c->lined, (const char *)&name, sizeof name);
}

/* Each file that is here, and not empty, has a line. */
static void check_lined(struct checking *c)
{
    const size_t count = c->lined.length / sizeof(char *);
    char path[2 * PATH_MAX];
    struct stat status;

    if (count)
        qsort(c->lined.bytes, count, sizeof(char *), by_name);
    for (size_t i = 0; i < c->p->count; i++) {
        snprintf(path, sizeof path, "%s%s", c->p->folder, c->p->names[i]);
        if (!(count && bsearch(&c->p->names[i], c->lined.bytes, count, sizeof(char *), by_name)) &&
            !lstat(path, &status) && status.st_size > 0)
            c->p->wrong(c->p->context, c->p->names[i], "has no line in the proof");
    }
}

/* A file that is not here is not looked at, as its digest is not. */
static void begin_file(struct checking *c, char *name)
{
    char path[2 * PATH_MAX];
    struct stat status;

    c->name = name;
    c->at = c->size = 0;
    c->good = true;
    snprintf(path, sizeof path, "%s%s", c->p->folder, name);
    c->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    if (c->descriptor >= 0 && !fstat(c->descriptor, &status))
        c->size = (uint64_t)status.st_size;
}

/* "BAG-NAME AT PLACE LENGTH": R-18. False: it is no such line. */
static bool check_run(struct checking *c, char *value)
{
    char *end = strchr(value, ' '), after;
    uint64_t at, place, length;

    if (!end || sscanf(end, " %" SCNu64 " %" SCNu64 " %" SCNu64 "%c", &at, &place, &length, &after) != 3)
        return false;
    *end = '\0';
    if (!receipt_read_name(value) || !receipt_name_is_inside(value) || place > UINT64_MAX / 2 ||
        length > UINT64_MAX / 4)
        return false;
    if (!c->name || strcmp(c->name, value)) {
        end_file(c);
        add_line(c, value);
        begin_file(c, value);
    }
    if (c->descriptor >= 0 && c->good)
        c->good = at == c->at && length <= c->size - at && lies_there(c, at, place, length);
    c->at = at + length;
    return true;
}

/* --- The proof --- */

static bool check_lines(struct checking *c, char *text, char *content)
{
    char *at = text, *line = receipt_next_line(&at), *value, *chunks, *runs;
    hex_digest root;
    int used = 0;

    if (!line || strcmp(line, "muniment-proof: 0") ||
        !receipt_read_digest(receipt_value(receipt_next_line(&at), "machine-root"), root) ||
        !(value = receipt_value(receipt_next_line(&at), "disk")) ||
        sscanf(value, "%7[a-z0-9] %" SCNu64 "%n", c->slot, &c->count, &used) != 2 || value[used] || !c->count)
        return false;
    if (!check_content(c, content, root)) {
        c->p->wrong(c->p->context, CONTENT, "is that of another machine");
        return true;
    }
    /* Runs come first, and are of the chunks that follow. */
    runs = at;
    chunks = !strncmp(runs, "chunk: ", 7) ? runs : strstr(runs, "\nchunk: ");
    chunks = chunks ? chunks + (*chunks == '\n') : runs + strlen(runs);
    for (at = chunks; *at;)
        if (!(value = receipt_value(receipt_next_line(&at), "chunk")) || !check_chunk(c, value))
            return false;
    if (c->chunks.failed)
        return true;
    for (at = runs; at < chunks;) {
        line = receipt_next_line(&at);
        if ((value = receipt_value(line, "run"))) {
            if (!check_run(c, value))
                return false;
        } else if ((value = receipt_value(line, "unproved")) && receipt_read_name(value)) {
            add_line(c, value);
        } else {
            return false;
        }
    }
    end_file(c);
    if (!c->lined.failed)
        check_lined(c);
    return true;
}

bool proof_check(struct proof_check *p, struct error *error)
{
    struct checking *c = calloc(1, sizeof *c);
    char path[PATH_MAX + 32], *text = NULL, *content = NULL;
    size_t size, content_size;

    snprintf(path, sizeof path, "%s" PROOF, p->folder);
    p->present = access(path, F_OK) == 0;
    if (!p->present) {
        free(c);
        return true;
    }
    bool good = (c || error_host(error, path, ENOMEM, "cannot verify")) &&
                receipt_read_file(path, TEXT_LIMIT, &text, &size, error);
    snprintf(path, sizeof path, "%s" CONTENT, p->folder);
    good = good && receipt_read_file(path, CONTENT_LIMIT, &content, &content_size, error);
    if (good) {
        c->p = p;
        if (strlen(text) != size || strlen(content) != content_size || !check_lines(c, text, content))
            p->wrong(p->context, PROOF, "is no proof of version 0");
        end_file(c);
        good = !(c->chunks.failed || c->lined.failed) || error_host(error, path, ENOMEM, "cannot verify");
        text_free(&c->chunks);
        text_free(&c->lined);
    }
    free(content);
    free(text);
    free(c);
    return good;
}
