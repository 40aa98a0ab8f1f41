/* hashtree.h - an incremental SHA-256 tree: leaf = SHA-256(00 || data), node = SHA-256(01 || left || right), shape of
 * RFC 9162 §2.1.
 *
 * Setting a leaf costs nothing but a mark; asking for the root hashes what changed. RAM has one over its pages, every
 * disk one over what was written to it. */
#ifndef MUNIMENT_EMU_HASHTREE_H
#define MUNIMENT_EMU_HASHTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_SIZE 32

struct hasher { /* the SHA-256 that the host gave */
    void (*sha256)(void *context, const uint8_t *bytes, size_t length, uint8_t digest[HASH_SIZE]);
    void *context;
};

struct hash_tree {
    uint32_t leaves;
    uint8_t (*node)[HASH_SIZE]; /* level 0: leaves; then each level above, down to one */
    uint8_t *stale;             /* one per node */
};

/* All leaves begin as zeros, which are no hash of anything. False: no memory. */
bool hash_tree_init(struct hash_tree *t, uint32_t leaves);
void hash_tree_free(struct hash_tree *t);
void hash_tree_set(struct hash_tree *t, uint32_t leaf, const uint8_t hash[HASH_SIZE]);
/* All leaves become pages of zeros. */
void hash_tree_zeros(struct hash_tree *t, const struct hasher *h);
/* Valid until the next change. */
const uint8_t *hash_tree_root(struct hash_tree *t, const struct hasher *h);
/* The hash of a leaf's data, at most 4096 bytes. */
void hash_leaf(const struct hasher *h, const uint8_t *data, size_t length, uint8_t hash[HASH_SIZE]);

#endif
