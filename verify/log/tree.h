/* tree.h - the hash tree over a log's lines, kept beside it (NAME.tree) so that one line is proved, and one more added,
 * without reading the rest. It follows from the log, and is made anew where it does not fit: it is no evidence. */
#ifndef MUNIMENT_VERIFY_LOG_TREE_H
#define MUNIMENT_VERIFY_LOG_TREE_H

#include "archive/archive.h"
#include "formats/error.h"

struct log_tree {
    int descriptor;
    char path[4096];
    uint64_t lines, bytes; /* of the log, that it covers */
};

/* Opens the tree of a log, or begins an empty one; in a file that vanishes where none can be written beside the log. */
bool log_tree_open(struct log_tree *tree, const char *log_path, struct error *error);
void log_tree_close(struct log_tree *tree);

/* Forgets everything. */
bool log_tree_reset(struct log_tree *tree, struct error *error);
/* Adds the next line, of `size` bytes with its line feed. It counts once log_tree_commit has returned. */
bool log_tree_add(struct log_tree *tree, uint64_t size, const uint8_t leaf[DIGEST_SIZE], struct error *error);
bool log_tree_commit(struct log_tree *tree, struct error *error);

/* Where a line begins in the log. */
bool log_tree_offset(const struct log_tree *tree, uint64_t line, uint64_t *offset, struct error *error);
/* The root of the lines from `first` up to `end` (RFC 9162 §2.1.1); first is a multiple of the least power of two that
 * is not less than end - first, as it is in every proof. */
bool log_tree_root(const struct log_tree *tree, uint64_t first, uint64_t end, uint8_t root[DIGEST_SIZE],
                   struct error *error);

/* SHA-256(00 | line). */
void log_leaf(const char *line, size_t length, uint8_t leaf[DIGEST_SIZE]);

#endif
