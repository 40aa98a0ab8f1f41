/* tree.c - nodes of perfect subtrees, in the order in which they become complete: line 0, line 1, the node over both,
 * line 2, ... A line's node follows the place of the line in the log. So the file only grows, and the place of each
 * node follows from its level and number. */
#include "verify/log/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/archive.h"
#include "formats/file.h"

#define MAGIC "muniment-tree-0\n"

enum { HEADER = 32, MAGIC_SIZE = 16, OFFSET_SIZE = 8 };

void log_leaf(const char *line, size_t length, uint8_t leaf[DIGEST_SIZE])
{
    static const uint8_t prefix[1] = {0};
    struct sha256 s;

    sha256_begin(&s);
    sha256_add(&s, prefix, sizeof prefix);
    sha256_add(&s, line, length);
    sha256_end(&s, leaf);
}

static uint64_t get64(const uint8_t *p)
{
    uint64_t v = 0;

    for (int i = 7; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

static void put64(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++, v >>= 8)
        p[i] = (uint8_t)v;
}

/* --- Places --- */

/* How many nodes are complete with the first `lines` lines: a line and a node for each carry of the count. */
static uint64_t nodes_of(uint64_t lines)
{
    uint64_t nodes = 0;

    for (; lines; lines >>= 1)
        nodes += lines;
    return nodes;
}

/* The node over the lines [number << level, (number + 1) << level) is complete with the last of them, `level` nodes
 * after it. */
static uint64_t node_place(unsigned level, uint64_t number)
{
    uint64_t last = ((number + 1) << level) - 1;

    return HEADER + (nodes_of(last) + level) * DIGEST_SIZE + (last + 1) * OFFSET_SIZE;
}

static uint64_t offset_place(uint64_t line)
{
    return node_place(0, line) - OFFSET_SIZE;
}

/* --- The file --- */

static bool header_read(struct log_tree *t)
{
    uint8_t header[HEADER];
    struct stat status;

    if (pread(t->descriptor, header, sizeof header, 0) != HEADER || memcmp(header, MAGIC, MAGIC_SIZE) ||
        fstat(t->descriptor, &status))
        return false;
    t->lines = get64(header + MAGIC_SIZE);
    t->bytes = get64(header + MAGIC_SIZE + 8);
    return t->lines < (uint64_t)1 << 48 && (uint64_t)status.st_size >= offset_place(t->lines);
}

bool log_tree_open(struct log_tree *t, const char *log_path, struct error *error)
{
    *t = (struct log_tree){.descriptor = -1};
    if (snprintf(t->path, sizeof t->path, "%s.tree", log_path) >= (int)sizeof t->path)
        return error_set(error, STATUS_INPUT, log_path, NULL, NULL, "the path is too long");
    t->descriptor = open(t->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (t->descriptor < 0) {
        FILE *file = tmpfile();
        if (file) {
            t->descriptor = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);
            fclose(file);
        }
    }
    if (t->descriptor < 0)
        return error_host(error, t->path, errno, "cannot open");
    return header_read(t) || log_tree_reset(t, error);
}

void log_tree_close(struct log_tree *t)
{
    if (t->descriptor >= 0)
        close(t->descriptor);
    t->descriptor = -1;
}

bool log_tree_commit(struct log_tree *t, struct error *error)
{
    uint8_t header[HEADER] = MAGIC;

    put64(header + MAGIC_SIZE, t->lines);
    put64(header + MAGIC_SIZE + 8, t->bytes);
    return file_write(t->descriptor, t->path, 0, header, sizeof header, error);
}

bool log_tree_reset(struct log_tree *t, struct error *error)
{
    t->lines = t->bytes = 0;
    if (ftruncate(t->descriptor, 0))
        return error_host(error, t->path, errno, "cannot write");
    return log_tree_commit(t, error);
}

/* --- Nodes --- */

static bool node(const struct log_tree *t, unsigned level, uint64_t number, uint8_t out[DIGEST_SIZE],
                 struct error *error)
{
    return file_read(t->descriptor, t->path, node_place(level, number), out, DIGEST_SIZE, error);
}

bool log_tree_add(struct log_tree *t, uint64_t size, const uint8_t leaf[DIGEST_SIZE], struct error *error)
{
    uint8_t bytes[OFFSET_SIZE + 64 * DIGEST_SIZE], left[DIGEST_SIZE], *top = bytes + OFFSET_SIZE;
    uint64_t number = t->lines;

    put64(bytes, t->bytes);
    memcpy(top, leaf, DIGEST_SIZE);
    for (unsigned level = 0; number & 1; level++, number >>= 1, top += DIGEST_SIZE) {
        if (!node(t, level, number - 1, left, error))
            return false;
        tree_node(left, top, top + DIGEST_SIZE);
    }
    if (!file_write(t->descriptor, t->path, offset_place(t->lines), bytes, (size_t)(top + DIGEST_SIZE - bytes), error))
        return false;
    t->lines++;
    t->bytes += size;
    return true;
}

bool log_tree_offset(const struct log_tree *t, uint64_t line, uint64_t *offset, struct error *error)
{
    uint8_t bytes[OFFSET_SIZE];

    if (!file_read(t->descriptor, t->path, offset_place(line), bytes, sizeof bytes, error))
        return false;
    *offset = get64(bytes);
    return true;
}

/* The perfect subtrees of a range, from the last and smallest to the first. */
bool log_tree_root(const struct log_tree *t, uint64_t first, uint64_t end, uint8_t root[DIGEST_SIZE],
                   struct error *error)
{
    uint8_t left[DIGEST_SIZE];
    bool begun = false;

    if (first == end)
        sha256(NULL, 0, root);
    for (unsigned level = 0; first < end; level++) {
        if (!((end - first) >> level & 1))
            continue;
        end -= (uint64_t)1 << level;
        if (!node(t, level, end >> level, left, error))
            return false;
        if (begun)
            tree_node(left, root, root);
        else
            memcpy(root, left, DIGEST_SIZE);
        begun = true;
    }
    return true;
}
