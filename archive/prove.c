/* prove.c - what shows that a chunk belongs to a sealed disk, without the rest of the archive. */
#include "archive/open.h"

#include <stdlib.h>
#include <string.h>

/* The largest power of two below count, which is above 1 (RFC 9162, section 2.1.1). */
static uint32_t split_of(uint32_t count)
{
    uint32_t half = 1;

    while (half < count - half)
        half *= 2;
    return half;
}

/* The root of a tree over `count` nodes, and, where index lies in it, the path from that node to it, the lowest first.
 */
static void path_of(const uint8_t (*nodes)[DIGEST_SIZE], uint32_t count, uint32_t index, struct chunk_proof *proof,
                    uint8_t root[DIGEST_SIZE])
{
    uint8_t left[DIGEST_SIZE], right[DIGEST_SIZE];
    uint32_t half;

    if (count == 1) {
        memcpy(root, nodes[0], DIGEST_SIZE);
        return;
    }
    half = split_of(count);
    path_of(nodes, half, index, index < half ? proof : NULL, left);
    path_of(nodes + half, count - half, index - half, proof && index >= half ? proof : NULL, right);
    if (proof && proof->length < PROOF_LIMIT)
        memcpy(proof->path[proof->length++], index < half ? right : left, DIGEST_SIZE);
    tree_node(left, right, root);
}

/* The digests of the chunks of an extent. */
static bool digests_of(struct opened_disk *disk, uint32_t extent, uint32_t count, uint8_t (*digests)[DIGEST_SIZE])
{
    static const uint8_t zeros[CHUNK_SIZE];
    const struct chunk_place *map = disk->top[extent].zero ? NULL : disk_map(disk, extent);

    if (!map && !disk->top[extent].zero)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (map)
            memcpy(digests[i], map[i].digest, DIGEST_SIZE);
        else if (i == 0 || i == count - 1)
            sha256(zeros, chunk_length(disk->size, extent, i), digests[i]);
        else
            memcpy(digests[i], digests[0], DIGEST_SIZE);
    return true;
}

bool archive_prove(struct archive *a, enum drive_slot slot, uint64_t chunk, struct chunk_proof *proof,
                   struct error *error)
{
    struct opened_disk *disk = &a->disks[slot];
    uint32_t extent = (uint32_t)(chunk / EXTENT_CHUNKS), index = (uint32_t)(chunk % EXTENT_CHUNKS);
    uint32_t extents = disk_extents(disk->size), count;
    uint8_t root[DIGEST_SIZE];
    uint8_t(*nodes)[DIGEST_SIZE];

    memset(proof, 0, sizeof *proof);
    if (extent >= extents || index >= (count = extent_chunks(disk->size, extent)))
        return error_set(error, STATUS_INPUT, a->path, drive_slot_names[slot], NULL, "has no such chunk");
    if (!(nodes = malloc(sizeof *nodes * (extents > EXTENT_CHUNKS ? extents : EXTENT_CHUNKS))))
        return error_set(error, STATUS_HOST, a->path, NULL, NULL, "out of memory");
    bool good = digests_of(disk, extent, count, nodes) || (error && (*error = a->failure, false));
    if (good) {
        memcpy(proof->digest, nodes[index], DIGEST_SIZE);
        for (uint32_t i = 0; i < count; i++)
            tree_leaf(nodes[i], nodes[i]);
        path_of(nodes, count, index, proof, root);
        for (uint32_t i = 0; i < extents; i++)
            memcpy(nodes[i], disk->top[i].root, DIGEST_SIZE);
        path_of(nodes, extents, extent, proof, root);
    }
    free(nodes);
    return good;
}

uint64_t archive_chunks(const struct archive *a, enum drive_slot slot)
{
    return (a->disks[slot].size + CHUNK_SIZE - 1) / CHUNK_SIZE;
}

void archive_content(const struct archive *a, struct text *to)
{
    uint8_t root[DIGEST_SIZE];

    content_print(to, &a->seal, root);
}

bool chunk_proof_holds(const struct chunk_proof *proof, uint64_t chunk, uint64_t chunks,
                       const uint8_t root[DIGEST_SIZE])
{
    uint8_t reached[DIGEST_SIZE];

    tree_leaf(proof->digest, reached);
    return chunk < chunks && tree_climb(chunk, chunks - 1, proof->path, proof->length, NULL, reached) &&
           !memcmp(reached, root, DIGEST_SIZE);
}
