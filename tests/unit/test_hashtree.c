/* test_hashtree.c - the incremental tree against the recursive definition of RFC 9162 §2.1.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>

#include "emu/hashtree.h"

static void count_and_hash(void *context, const uint8_t *bytes, size_t length, uint8_t digest[HASH_SIZE])
{
    ++*(unsigned *)context;
    SHA256(bytes, length, digest);
}

/* MTH(D[n]) by the letter: k is the largest power of two below n. */
static void recursive_root(uint8_t (*leaf)[HASH_SIZE], uint32_t n, uint8_t root[HASH_SIZE])
{
    uint8_t both[1 + 2 * HASH_SIZE] = {1};
    uint32_t k = 1;

    if (n == 1) {
        memcpy(root, leaf[0], HASH_SIZE);
        return;
    }
    while (k * 2 < n)
        k *= 2;
    recursive_root(leaf, k, both + 1);
    recursive_root(leaf + k, n - k, both + 1 + HASH_SIZE);
    SHA256(both, sizeof both, root);
}

static void make_leaf(const struct hasher *h, uint32_t n, uint32_t generation, uint8_t leaf[HASH_SIZE])
{
    uint8_t data[8] = {(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)generation, (uint8_t)(generation >> 8)};

    hash_leaf(h, data, sizeof data, leaf);
}

static void root_is_that_of_the_recursive_definition(void **state)
{
    unsigned hashes = 0;
    struct hasher h = {count_and_hash, &hashes};
    static uint8_t leaf[70][HASH_SIZE];
    uint8_t expected[HASH_SIZE];

    (void)state;
    for (uint32_t n = 1; n <= 70; n++) {
        struct hash_tree t;
        assert_true(hash_tree_init(&t, n));
        memset(leaf, 0, sizeof leaf);
        recursive_root(leaf, n, expected);
        assert_memory_equal(hash_tree_root(&t, &h), expected, HASH_SIZE);
        for (uint32_t i = 0; i < n; i++) {
            make_leaf(&h, i, 0, leaf[i]);
            hash_tree_set(&t, i, leaf[i]);
        }
        recursive_root(leaf, n, expected);
        assert_memory_equal(hash_tree_root(&t, &h), expected, HASH_SIZE);
        for (uint32_t i = 0; i < n; i++) {
            make_leaf(&h, i, 1, leaf[i]);
            hash_tree_set(&t, i, leaf[i]);
            recursive_root(leaf, n, expected);
            assert_memory_equal(hash_tree_root(&t, &h), expected, HASH_SIZE);
        }
        hash_tree_free(&t);
    }
}

/* The inputs and roots that implementations of certificate transparency publish. */
static void published_trees_have_their_published_roots(void **state)
{
    /* clang-format off */
    static const struct { uint8_t data[16]; size_t length; } inputs[8] = {
        { { 0 }, 0 }, { { 0x00 }, 1 }, { { 0x10 }, 1 }, { { 0x20, 0x21 }, 2 }, { { 0x30, 0x31 }, 2 }, { { 0x40, 0x41, 0x42, 0x43 }, 4 },
        { { 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57 }, 8 },
        { { 0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F }, 16 },
    };
    /* clang-format on */
    static const uint8_t beginnings[8][4] = {
        {0x6E, 0x34, 0x0B, 0x9C}, {0xFA, 0xC5, 0x42, 0x03}, {0xAE, 0xB6, 0xBC, 0xFE}, {0xD3, 0x7E, 0xE4, 0x18},
        {0x4E, 0x3B, 0xBB, 0x1F}, {0x76, 0xE6, 0x7D, 0xAD}, {0xDD, 0xB8, 0x9B, 0xE4}, {0x5D, 0xC9, 0xDA, 0x79},
    };
    unsigned hashes = 0;
    struct hasher h = {count_and_hash, &hashes};

    (void)state;
    for (uint32_t n = 1; n <= 8; n++) {
        struct hash_tree t;
        uint8_t leaf[HASH_SIZE];
        assert_true(hash_tree_init(&t, n));
        for (uint32_t i = 0; i < n; i++) {
            hash_leaf(&h, inputs[i].data, inputs[i].length, leaf);
            hash_tree_set(&t, i, leaf);
        }
        assert_memory_equal(hash_tree_root(&t, &h), beginnings[n - 1], 4);
        hash_tree_free(&t);
    }
}

static void leaves_that_are_alike_make_the_same_root(void **state)
{
    unsigned hashes = 0;
    struct hasher h = {count_and_hash, &hashes};
    static uint8_t leaf[70][HASH_SIZE];
    static const uint8_t zeros[4096];
    uint8_t expected[HASH_SIZE];
    struct hash_tree t;

    (void)state;
    for (uint32_t n = 1; n <= 70; n++) {
        assert_true(hash_tree_init(&t, n));
        hash_tree_zeros(&t, &h);
        for (uint32_t i = 0; i < n; i++)
            hash_leaf(&h, zeros, sizeof zeros, leaf[i]);
        for (uint32_t i = 0; i <= n; i++) { /* then some that differ among them */
            recursive_root(leaf, n, expected);
            assert_memory_equal(hash_tree_root(&t, &h), expected, HASH_SIZE);
            make_leaf(&h, i % 3, n, leaf[i * 5 % n]);
            hash_tree_set(&t, i * 5 % n, leaf[i * 5 % n]);
        }
        hash_tree_free(&t);
    }
}

static void a_root_costs_what_has_changed(void **state)
{
    unsigned hashes = 0;
    struct hasher h = {count_and_hash, &hashes};
    struct hash_tree t;
    uint8_t leaf[HASH_SIZE] = {7};

    (void)state;
    assert_true(hash_tree_init(&t, 1024));
    hash_tree_zeros(&t, &h);
    hashes = 0;
    hash_tree_root(&t, &h);
    assert_int_equal(hashes, 10); /* pairs that are alike are hashed once */
    for (uint32_t i = 0; i < 1024; i++) {
        make_leaf(&h, i, 0, leaf);
        hash_tree_set(&t, i, leaf);
    }
    hashes = 0;
    hash_tree_root(&t, &h);
    assert_int_equal(hashes, 1023);
    hashes = 0;
    hash_tree_root(&t, &h);
    assert_int_equal(hashes, 0);
    hash_tree_set(&t, 500, leaf);
    hash_tree_root(&t, &h);
    assert_int_equal(hashes, 10);
    hashes = 0;
    hash_tree_set(&t, 0, leaf);
    hash_tree_set(&t, 1, leaf);
    hash_tree_root(&t, &h);
    assert_int_equal(hashes, 10);
    hash_tree_free(&t);
}

static void whole_page_is_a_leaf(void **state)
{
    static uint8_t prefixed[1 + 4096];
    unsigned hashes = 0;
    struct hasher h = {count_and_hash, &hashes};
    uint8_t expected[HASH_SIZE], leaf[HASH_SIZE];

    (void)state;
    memset(prefixed + 1, 0xA5, 4096);
    SHA256(prefixed, sizeof prefixed, expected);
    hash_leaf(&h, prefixed + 1, 4096, leaf);
    assert_memory_equal(leaf, expected, HASH_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_is_that_of_the_recursive_definition),
        cmocka_unit_test(published_trees_have_their_published_roots),
        cmocka_unit_test(leaves_that_are_alike_make_the_same_root),
        cmocka_unit_test(a_root_costs_what_has_changed),
        cmocka_unit_test(whole_page_is_a_leaf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
