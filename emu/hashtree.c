/* hashtree.c - hash trees that recompute what changed (hashtree.h).
 *
 * A level is paired from the left; a last node without a partner is the node of the next level as it is. That is the
 * shape of RFC 9162. */
#include "emu/hashtree.h"

#include <stdlib.h>
#include <string.h>

#define LEAF_LIMIT 4096

/* Nodes of all levels. */
static size_t node_count(uint32_t leaves)
{
    size_t total = leaves;

    while (leaves > 1)
        total += leaves = leaves / 2 + leaves % 2;
    return total;
}

bool hash_tree_init(struct hash_tree *t, uint32_t leaves)
{
    size_t nodes = node_count(leaves);

    t->leaves = leaves;
    t->node = calloc(nodes, HASH_SIZE);
    t->stale = malloc(nodes);
    if (!t->node || !t->stale) {
        hash_tree_free(t);
        return false;
    }
    memset(t->stale, 1, nodes);
    return true;
}

void hash_tree_free(struct hash_tree *t)
{
    free(t->node);
    free(t->stale);
    t->node = NULL;
    t->stale = NULL;
}

void hash_tree_set(struct hash_tree *t, uint32_t leaf, const uint8_t hash[HASH_SIZE])
{
    memcpy(t->node[leaf], hash, HASH_SIZE);
    t->stale[leaf] = 1;
}

void hash_tree_zeros(struct hash_tree *t, const struct hasher *h)
{
    static const uint8_t zeros[LEAF_LIMIT];
    uint8_t hash[HASH_SIZE];

    hash_leaf(h, zeros, sizeof zeros, hash);
    for (uint32_t leaf = 0; leaf < t->leaves; leaf++)
        hash_tree_set(t, leaf, hash);
}

const uint8_t *hash_tree_root(struct hash_tree *t, const struct hasher *h)
{
    const uint8_t *pair_before = NULL, *hash_before = NULL;
    uint32_t count = t->leaves;
    size_t below = 0;

    while (count > 1) {
        size_t above = below + count;
        for (uint32_t i = 0; i < count; i += 2) {
            uint8_t both[1 + 2 * HASH_SIZE] = {1};
            bool pair = i + 1 < count;
            if (!t->stale[below + i] && !(pair && t->stale[below + i + 1]))
                continue;
            t->stale[below + i] = 0;
            t->stale[above + i / 2] = 1;
            if (!pair) {
                memcpy(t->node[above + i / 2], t->node[below + i], HASH_SIZE);
                continue;
            }
            t->stale[below + i + 1] = 0;
            if (pair_before && !memcmp(t->node[below + i], pair_before, 2 * HASH_SIZE)) { /* as with many pages of zeros
                                                                                           */
                memcpy(t->node[above + i / 2], hash_before, HASH_SIZE);
                continue;
            }
            memcpy(both + 1, t->node[below + i], 2 * HASH_SIZE);
            h->sha256(h->context, both, sizeof both, t->node[above + i / 2]);
            pair_before = t->node[below + i];
            hash_before = t->node[above + i / 2];
        }
        below = above;
        count = count / 2 + count % 2;
    }
    return t->node[below];
}

void hash_leaf(const struct hasher *h, const uint8_t *data, size_t length, uint8_t hash[HASH_SIZE])
{
    uint8_t prefixed[1 + LEAF_LIMIT] = {0};

    memcpy(prefixed + 1, data, length);
    h->sha256(h->context, prefixed, 1 + length, hash);
}
