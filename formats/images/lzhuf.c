/* lzhuf.c - LZHUF: LZSS with a window of 4,096 bytes whose literals and lengths go through an adaptive Huffman code,
 * and whose distances have a fixed one for their upper six bits (the published program of Yoshizaki and Okumura, 1988).
 */
#include "formats/images/floppy.h"

#include <string.h>

enum {
    WINDOW = 4096,
    LONGEST = 60,                /* of a repetition; the shortest is 3 */
    SYMBOLS = 256 - 2 + LONGEST, /* bytes, and lengths from 3 on */
    NODES = 2 * SYMBOLS - 1,     /* of the tree, by rising frequency; the root is the last */
    ROOT = NODES - 1,
    MOST = 0x8000 /* frequency of the root at which all are halved */
};

struct lzhuf {
    const uint8_t *from, *end;
    unsigned bits, left; /* of the last byte that was taken */
    bool ended;          /* more was asked for than there is */
    uint16_t frequency[NODES + 1];
    uint16_t parent[NODES + SYMBOLS]; /* of nodes, then of symbols */
    uint16_t child[NODES];            /* the left one, the right one is after it; from NODES on: a symbol */
};

static unsigned take_bit(struct lzhuf *z)
{
    if (z->left == 0) {
        z->ended = z->from == z->end;
        z->bits = z->ended ? 0 : *z->from++;
        z->left = 8;
    }
    return z->bits >> --z->left & 1;
}

static void set_children(struct lzhuf *z, unsigned node, unsigned child)
{
    z->child[node] = (uint16_t)child;
    z->parent[child] = (uint16_t)node;
    if (child < NODES)
        z->parent[child + 1] = (uint16_t)node;
}

static void begin_tree(struct lzhuf *z)
{
    for (unsigned n = 0; n < SYMBOLS; n++) {
        z->frequency[n] = 1;
        set_children(z, n, NODES + n);
    }
    for (unsigned n = SYMBOLS, pair = 0; n < NODES; n++, pair += 2) {
        z->frequency[n] = (uint16_t)(z->frequency[pair] + z->frequency[pair + 1]);
        set_children(z, n, pair);
    }
    z->frequency[NODES] = UINT16_MAX;
    z->parent[ROOT] = 0;
}

/* Halves the frequencies of all symbols, and builds the tree anew above them. */
static void halve(struct lzhuf *z)
{
    unsigned leaves = 0;

    for (unsigned n = 0; n < NODES; n++)
        if (z->child[n] >= NODES) {
            z->frequency[leaves] = (uint16_t)((z->frequency[n] + 1) / 2);
            z->child[leaves++] = z->child[n];
        }
    for (unsigned n = SYMBOLS, pair = 0; n < NODES; n++, pair += 2) {
        unsigned sum = z->frequency[pair] + z->frequency[pair + 1], at = n;
        while (sum < z->frequency[at - 1])
            at--;
        memmove(&z->frequency[at + 1], &z->frequency[at], (n - at) * sizeof *z->frequency);
        memmove(&z->child[at + 1], &z->child[at], (n - at) * sizeof *z->child);
        z->frequency[at] = (uint16_t)sum;
        z->child[at] = (uint16_t)pair;
    }
    for (unsigned n = 0; n < NODES; n++)
        set_children(z, n, z->child[n]);
}

/* Counts a symbol; nodes change places so that they stay in order. */
static void count(struct lzhuf *z, unsigned symbol)
{
    if (z->frequency[ROOT] == MOST)
        halve(z);
    for (unsigned node = z->parent[NODES + symbol];; node = z->parent[node]) {
        unsigned now = ++z->frequency[node], other = node;
        while (now > z->frequency[other + 1])
            other++;
        if (other != node) {
            unsigned child = z->child[node];
            z->frequency[node] = z->frequency[other];
            z->frequency[other] = (uint16_t)now;
            set_children(z, node, z->child[other]);
            set_children(z, other, child);
            node = other;
        }
        if (node == ROOT)
            return;
    }
}

static unsigned take_symbol(struct lzhuf *z)
{
    unsigned node = z->child[ROOT];

    while (node < NODES)
        node = z->child[node + take_bit(z)];
    count(z, node - NODES);
    return node - NODES;
}

/* The upper six bits have codes of 3 to 8 bits in the order of their values, the lower six follow. */
static unsigned take_distance(struct lzhuf *z)
{
    static const uint8_t codes[] = {1, 3, 8, 12, 24, 16}; /* how many of 3, 4 ... bits */
    unsigned length = 3, code = 0, first = 0, value = 0;

    for (unsigned n = 0; n < 3; n++)
        code = code << 1 | take_bit(z);
    while (code - first >= codes[length - 3] && length < 8) {
        value += codes[length - 3];
        first = (first + codes[length - 3]) << 1;
        code = code << 1 | take_bit(z);
        length++;
    }
    value = (value + code - first) & 63;
    for (unsigned n = 0; n < 6; n++)
        value = value << 1 | take_bit(z);
    return value;
}

size_t lzhuf_unpack(const uint8_t *from, size_t size, uint8_t *to, size_t room)
{
    struct lzhuf z = {.from = from, .end = from + size};
    size_t done = 0;

    begin_tree(&z);
    while (done < room) {
        unsigned symbol = take_symbol(&z);
        if (symbol < 256) {
            if (!z.ended)
                to[done++] = (uint8_t)symbol;
        } else {
            size_t distance = take_distance(&z) + 1;
            for (unsigned n = symbol - 253; n > 0 && done < room && !z.ended; n--, done++)
                to[done] = distance > done ? ' ' : to[done - distance]; /* before its beginning the window is blank */
        }
        if (z.ended)
            break;
    }
    return done;
}
