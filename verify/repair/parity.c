/* parity.c - see parity.h.
 *
 * A group of columns is worked on at a time: WIDTH bytes of each row, read from as many places of the file. So memory
 * stays the same however long the file is. A writer has as many rows at once as are transformed together, so that they
 * and their sums stay in the cache. */
#define _GNU_SOURCE /* memmem */
#include "verify/repair/parity.h"

#include <stdlib.h>
#include <string.h>

#include "formats/file.h"
#include "formats/output.h"
#include "verify/repair/galois.h"

#define WIDTH PARITY_BLOCK_MAX
#define COLUMNS_MOST 2048u /* beyond these, blocks get longer, while they can */
#define LIMIT 256u         /* rows and check rows together are fewer */
#define STEP 1024u         /* bytes of all check rows at once, so that they stay in the first cache */
#define SLICE 512u         /* the same, of the rows of a transform and their sums */
#define RECORD_HEAD 64u
#define TRIES 65536u /* places that look like a record, before it is no parity file */

/* --- Shape --- */

static void derive(struct parity_shape *s)
{
    uint64_t stripe = (uint64_t)s->rows * s->block;

    s->columns = (s->size + stripe - 1) / stripe;
    s->shares = (s->checks + 1) / 2;
    s->share = (s->rows * PARITY_DIGEST + s->shares - 1) / s->shares;
    s->record = RECORD_HEAD + s->share + s->block;
}

void parity_shape(struct parity_shape *shape, uint64_t size, uint32_t amount, const uint8_t identity[PARITY_DIGEST])
{
    uint32_t checks = (LIMIT - 1) / (amount + 1);

    *shape = (struct parity_shape){.size = size, .rows = checks * amount, .checks = checks, .block = PARITY_BLOCK_MIN};
    memcpy(shape->identity, identity, PARITY_DIGEST);
    derive(shape);
    while (shape->columns > COLUMNS_MOST && shape->block < PARITY_BLOCK_MAX) {
        shape->block *= 2;
        derive(shape);
    }
}

uint64_t parity_size(const struct parity_shape *shape)
{
    return PARITY_HEAD + shape->checks * shape->columns * shape->record;
}

static uint64_t record_offset(const struct parity_shape *s, uint32_t check, uint64_t column)
{
    return PARITY_HEAD + (check * s->columns + column) * s->record;
}

/* The text that a parity file begins with. */
static void print_head(const struct parity_shape *s, char head[PARITY_HEAD])
{
    char identity[2 * PARITY_DIGEST + 1];

    for (unsigned i = 0; i < PARITY_DIGEST; i++)
        snprintf(identity + 2 * i, 3, "%02x", s->identity[i]);
    memset(head, 0, PARITY_HEAD);
    snprintf(head, PARITY_HEAD,
             "muniment-parity: 0\n"
             "statement: %s\n"
             "size: %015llu\n"
             "rows: %u\nchecks: %u\nblock: %u\ncolumns: %llu\nshare: %u\nrecord: %u\n\n"
             "Reed-Solomon parity of a Muniment archive, which holds its specification: spec/parity.md.\n"
             "Repair with: muniment repair FILE.mun --parity FILE.mun.parity -o NEW.mun\n",
             identity, (unsigned long long)s->size, s->rows, s->checks, s->block, (unsigned long long)s->columns,
             s->share, s->record);
}

/* --- Records --- */

static void put(uint8_t *bytes, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

static void short_digest(const void *bytes, size_t size, uint8_t out[PARITY_DIGEST])
{
    uint8_t digest[DIGEST_SIZE];

    sha256(bytes, size, digest);
    memcpy(out, digest, PARITY_DIGEST);
}

static void record_digest(const uint8_t *record, uint32_t size, uint8_t out[PARITY_DIGEST])
{
    uint8_t digest[DIGEST_SIZE];
    struct sha256 s;

    sha256_begin(&s);
    sha256_add(&s, record, RECORD_HEAD - PARITY_DIGEST);
    sha256_add(&s, record + RECORD_HEAD, size - RECORD_HEAD);
    sha256_end(&s, digest);
    memcpy(out, digest, PARITY_DIGEST);
}

static void record_head(const struct parity_shape *s, uint32_t check, uint64_t column, uint8_t head[RECORD_HEAD])
{
    unsigned shift = 0;

    while (1u << shift < s->block)
        shift++;
    memcpy(head, PARITY_MARK, 8);
    put(head + 8, s->rows, 1);
    put(head + 9, s->checks, 1);
    put(head + 10, shift, 1);
    put(head + 11, 0, 1);
    put(head + 12, check, 4);
    put(head + 16, s->size, 8);
    put(head + 24, column, 8);
    memcpy(head + 32, s->identity, PARITY_DIGEST);
}

static bool record_is_good(const struct parity_shape *s, uint32_t check, uint64_t column, const uint8_t *record)
{
    uint8_t head[RECORD_HEAD], digest[PARITY_DIGEST];

    record_head(s, check, column, head);
    if (memcmp(record, head, RECORD_HEAD - PARITY_DIGEST) != 0)
        return false;
    record_digest(record, s->record, digest);
    return memcmp(record + RECORD_HEAD - PARITY_DIGEST, digest, PARITY_DIGEST) == 0;
}

/* The shape that a record claims; false unless there can be such a record at that offset. */
static bool shape_from(const uint8_t head[RECORD_HEAD], uint64_t offset, struct parity_shape *s, uint32_t *check,
                       uint64_t *column)
{
    *s = (struct parity_shape){.size = get(head + 16, 8), .rows = head[8], .checks = head[9]};
    if (memcmp(head, PARITY_MARK, 8) != 0 || head[10] < 12 || head[10] > 17 || !s->rows || !s->checks ||
        s->rows + s->checks >= LIMIT || s->checks > s->rows || !s->size || s->size > FILE_LIMIT)
        return false;
    s->block = 1u << head[10];
    memcpy(s->identity, head + 32, PARITY_DIGEST);
    derive(s);
    *check = (uint32_t)get(head + 12, 4);
    *column = get(head + 24, 8);
    return *check < s->checks && *column < s->columns && record_offset(s, *check, *column) == offset;
}

/* --- What both directions share --- */

struct work {
    struct galois galois;
    const struct parity_shape *shape;
    uint32_t group;   /* columns of a group */
    uint8_t *rows;    /* WIDTH bytes of each row; a writer: of those of a coset */
    uint8_t *checks;  /* the records of each check row */
    uint8_t *tables;  /* the digests of each column of the group, in shares, padded with zeros */
    uint8_t *sums;    /* STEP bytes of each check row; a writer: WIDTH of each row of their cosets, by SLICEs of all */
    uint8_t *found;   /* a block for each check row: what was computed */
    uint8_t *factors; /* LIMIT * LIMIT, and two matrices more */
    progress_function *progress;
    void *progress_context;
};

/* With room for so many rows, and bytes of sums. */
static bool work_begin(struct work *w, const struct parity_shape *s, uint32_t rows, size_t sums, struct error *error)
{
    size_t table = (size_t)s->shares * s->share;

    galois_init(&w->galois);
    w->shape = s;
    w->group = s->block < WIDTH ? WIDTH / s->block : 1;
    if (w->group > s->columns)
        w->group = (uint32_t)s->columns;
    /* Where a row does not begin with a line of the cache, the host takes twice as long to read into it. */
    w->rows = aligned_alloc(64, (size_t)rows * w->group * s->block);
    w->checks = malloc((size_t)s->checks * w->group * s->record);
    w->tables = malloc(w->group * table);
    w->sums = aligned_alloc(64, sums);
    w->found = malloc((size_t)s->checks * (s->block > s->share ? s->block : s->share));
    w->factors = malloc(3 * LIMIT * LIMIT);
    return (w->rows && w->checks && w->tables && w->sums && w->found && w->factors) ||
           error_set(error, STATUS_HOST, "parity", NULL, NULL, "out of memory");
}

static void work_end(struct work *w)
{
    free(w->rows);
    free(w->checks);
    free(w->tables);
    free(w->sums);
    free(w->found);
    free(w->factors);
}

/* The columns of the group that begins at `first`. */
static uint32_t group_columns(const struct work *w, uint64_t first)
{
    uint64_t rest = w->shape->columns - first;

    return rest < w->group ? (uint32_t)rest : w->group;
}

static uint8_t *row_at(const struct work *w, uint32_t row, uint32_t column)
{
    return w->rows + ((size_t)row * w->group + column) * w->shape->block;
}

static uint8_t *record_at(const struct work *w, uint32_t check, uint32_t column)
{
    return w->checks + ((size_t)check * w->group + column) * w->shape->record;
}

static uint8_t *table_at(const struct work *w, uint32_t column)
{
    return w->tables + (size_t)column * w->shape->shares * w->shape->share;
}

/* What of a row's part in a group lies in the file. */
static size_t row_part(const struct work *w, uint32_t row, uint64_t first, uint32_t columns, uint64_t *offset)
{
    const struct parity_shape *s = w->shape;
    size_t size = (size_t)columns * s->block;

    *offset = (row * s->columns + first) * s->block;
    return *offset >= s->size ? 0 : s->size - *offset < size ? (size_t)(s->size - *offset) : size;
}

static bool show_progress(const struct work *w, uint64_t column, const char *path, struct error *error)
{
    const struct parity_shape *s = w->shape;

    return !w->progress ||
           w->progress(w->progress_context, (uint64_t)((double)s->size * (double)column / (double)s->columns),
                       s->size) ||
           error_set(error, STATUS_HOST, path, NULL, NULL, "cancelled");
}

/* What a row counts in a check row: part of a Cauchy matrix, of which every square part can be inverted. */
static uint8_t factor(const struct work *w, uint32_t check, uint32_t row)
{
    return w->galois.inverse[(LIMIT - 1 - check) ^ row];
}

/* --- Writing --- */

/* The first coset with a check row. */
static uint32_t lowest_coset(const struct parity_shape *s)
{
    return (LIMIT - s->checks) / GALOIS_COSET;
}

/* Reads a row's part of a group; it is hashed at once, while it is in the cache. */
static bool take_row(struct work *w, const struct worn *source, uint32_t row, uint64_t first, uint32_t columns,
                     struct error *error)
{
    const uint32_t block = w->shape->block;
    uint8_t *bytes = row_at(w, row % GALOIS_COSET, 0);
    uint64_t offset;
    size_t size = row_part(w, row, first, columns, &offset);

    memset(bytes + size, 0, (size_t)columns * block - size);
    if (size && !file_read(source->descriptor, source->path, offset, bytes, size, error))
        return false;
    for (uint32_t column = 0; column < columns; column++)
        short_digest(bytes + (size_t)column * block, block, table_at(w, column) + row * PARITY_DIGEST);
    return true;
}

/* Adds the coset of rows that begins with `first` to the sums. */
static void add_coset(struct work *w, uint32_t first, uint32_t columns)
{
    _Alignas(64) uint8_t rows[GALOIS_COSET * SLICE];
    uint8_t *sum = w->sums, scales[LIMIT / GALOIS_COSET];

    for (uint32_t n = lowest_coset(w->shape); n < LIMIT / GALOIS_COSET; n++)
        scales[n] = galois_scale(&w->galois, first, n * GALOIS_COSET);
    for (size_t at = 0; at < (size_t)columns * w->shape->block; at += SLICE) {
        galois_coefficients(&w->galois, row_at(w, 0, 0) + at, (size_t)w->group * w->shape->block, rows, SLICE, first);
        for (uint32_t n = lowest_coset(w->shape); n < LIMIT / GALOIS_COSET; n++, sum += sizeof rows)
            galois_add(&w->galois, &sum, scales + n, 1, rows, sizeof rows);
    }
}

/* Makes check blocks of the sums. */
static void take_sums(struct work *w, uint32_t columns)
{
    const struct parity_shape *s = w->shape;
    uint8_t *sum = w->sums;

    for (uint32_t column = 0; column < columns; column++)
        for (size_t at = 0; at < s->block; at += SLICE)
            for (uint32_t n = lowest_coset(s); n < LIMIT / GALOIS_COSET; n++, sum += GALOIS_COSET * SLICE) {
                galois_values(&w->galois, sum, SLICE, n * GALOIS_COSET);
                for (uint32_t i = 0; i < GALOIS_COSET; i++) {
                    const uint32_t check = LIMIT - 1 - n * GALOIS_COSET - i;
                    if (check < s->checks)
                        memcpy(record_at(w, check, column) + RECORD_HEAD + s->share + at, sum + i * SLICE, SLICE);
                }
            }
}

/* Adds a row by itself to the check blocks. */
static void add_row(struct work *w, uint32_t row, uint32_t columns)
{
    const struct parity_shape *s = w->shape;
    uint8_t *outputs[LIMIT];

    for (uint32_t column = 0; column < columns; column++)
        for (size_t at = 0; at < s->block; at += STEP) {
            for (uint32_t i = 0; i < s->checks; i++)
                outputs[i] = record_at(w, i, column) + RECORD_HEAD + s->share + at;
            galois_add(&w->galois, outputs, w->factors + row * s->checks, s->checks,
                       row_at(w, row % GALOIS_COSET, column) + at, STEP);
        }
}

/* The shares of the digests of a column. */
static void encode_shares(struct work *w, uint32_t column)
{
    const struct parity_shape *s = w->shape;
    uint8_t *table = table_at(w, column), *outputs[LIMIT];

    for (uint32_t i = 0; i < s->shares; i++)
        memcpy(record_at(w, i, column) + RECORD_HEAD, table + i * s->share, s->share);
    for (uint32_t i = s->shares; i < s->checks; i++)
        outputs[i - s->shares] = memset(record_at(w, i, column) + RECORD_HEAD, 0, s->share);
    for (uint32_t i = 0; i < s->shares; i++)
        galois_add(&w->galois, outputs, w->factors + i * s->checks + s->shares, s->checks - s->shares,
                   table + i * s->share, s->share);
}

/* Rows are transformed a coset at a time; those that are left over are added one by one. */
static bool write_group(struct work *w, const struct worn *source, uint64_t first, struct output *output,
                        struct error *error)
{
    const struct parity_shape *s = w->shape;
    const uint32_t columns = group_columns(w, first), end = s->rows / GALOIS_COSET * GALOIS_COSET;

    memset(w->tables, 0, (size_t)columns * s->shares * s->share);
    memset(w->sums, 0, (size_t)columns * s->block * (LIMIT - lowest_coset(s) * GALOIS_COSET));
    for (uint32_t row = 0; row < end; row++) {
        if (!take_row(w, source, row, first, columns, error))
            return false;
        if ((row + 1) % GALOIS_COSET == 0)
            add_coset(w, row + 1 - GALOIS_COSET, columns);
    }
    take_sums(w, columns);
    for (uint32_t row = end; row < s->rows; row++) {
        if (!take_row(w, source, row, first, columns, error))
            return false;
        add_row(w, row, columns);
    }
    for (uint32_t column = 0; column < columns; column++)
        encode_shares(w, column);
    for (uint32_t i = 0; i < s->checks; i++) {
        for (uint32_t column = 0; column < columns; column++) {
            uint8_t *record = record_at(w, i, column);

            record_head(s, i, first + column, record);
            record_digest(record, s->record, record + RECORD_HEAD - PARITY_DIGEST);
        }
        if (!file_write(fileno(output->file), output->path, record_offset(s, i, first), record_at(w, i, 0),
                        (size_t)columns * s->record, error))
            return false;
    }
    return true;
}

bool parity_write(const struct parity_writing *request, struct error *error)
{
    const struct parity_shape *s = request->shape;
    struct work w = {.progress = request->progress, .progress_context = request->progress_context};
    char head[PARITY_HEAD];
    struct output output = {.file = NULL};
    bool good = work_begin(&w, s, GALOIS_COSET, (size_t)WIDTH * (LIMIT - lowest_coset(s) * GALOIS_COSET), error) &&
                output_whole(&output, request->path, 0644, request->replace, error);

    print_head(s, head);
    good = good && file_write(fileno(output.file), output.path, 0, head, PARITY_HEAD, error);
    for (uint32_t row = 0; good && row < s->rows; row++)
        for (uint32_t i = 0; i < s->checks; i++)
            w.factors[row * s->checks + i] = factor(&w, i, row);
    for (uint64_t column = 0; good && column < s->columns; column += w.group)
        good = show_progress(&w, column, request->path, error) &&
               write_group(&w, request->source, column, &output, error);
    good = good && output_commit(&output, error);
    output_abort(&output);
    work_end(&w);
    return good;
}

/* --- Mending --- */

/* Rows of which some are lost, and check rows. */
struct erasures {
    uint32_t rows, lost; /* how many there are; are lost */
    uint8_t *row[LIMIT]; /* in order */
    bool is_lost[LIMIT];
    uint32_t checks; /* those that are there */
    const uint8_t *check[LIMIT];
    uint32_t number[LIMIT]; /* of a check row */
    size_t size;            /* of each row */
};

/* Computes the rows that are lost, in order, to `found`, from as many check rows. False: those do not suffice. */
static bool solve(struct work *w, const struct erasures *e, uint8_t *found)
{
    uint8_t *matrix = w->factors + LIMIT * LIMIT, *inverse = matrix + LIMIT * LIMIT, *sums[LIMIT], *outputs[LIMIT];
    uint32_t n = e->lost;

    if (n > e->checks)
        return false;
    for (uint32_t row = 0, lost = 0; row < e->rows; row++) {
        for (uint32_t i = 0; i < n; i++) {
            w->factors[row * n + i] = factor(w, e->number[i], row);
            if (e->is_lost[row])
                matrix[i * n + lost] = w->factors[row * n + i];
        }
        lost += e->is_lost[row];
    }
    if (!galois_invert(&w->galois, matrix, inverse, n))
        return false;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t lost = 0; lost < n; lost++)
            inverse[i * n + lost] = matrix[lost * n + i];
    memset(found, 0, n * e->size);
    for (size_t at = 0; at < e->size; at += STEP) {
        size_t size = e->size - at < STEP ? e->size - at : STEP;

        for (uint32_t i = 0; i < n; i++) {
            sums[i] = memcpy(w->sums + i * STEP, e->check[i] + at, size);
            outputs[i] = found + i * e->size + at;
        }
        for (uint32_t row = 0; row < e->rows; row++)
            if (!e->is_lost[row])
                galois_add(&w->galois, sums, w->factors + row * n, n, e->row[row] + at, size);
        for (uint32_t i = 0; i < n; i++)
            galois_add(&w->galois, outputs, inverse + i * n, n, sums[i], size);
    }
    return true;
}

/* Puts together the digests of a column from the records that are there. */
static bool load_table(struct work *w, uint32_t column, const bool *there)
{
    const struct parity_shape *s = w->shape;
    uint8_t *table = table_at(w, column);
    struct erasures e = {.rows = s->shares, .size = s->share};

    for (uint32_t i = 0; i < s->checks; i++) {
        const uint8_t *share = record_at(w, i, column) + RECORD_HEAD;

        if (i < s->shares) {
            e.row[i] = memcpy(table + i * s->share, share, s->share);
            e.is_lost[i] = !there[i];
            e.lost += !there[i];
        } else if (there[i]) {
            e.check[e.checks] = share;
            e.number[e.checks++] = i;
        }
    }
    if (e.lost && !solve(w, &e, w->found))
        return false;
    for (uint32_t i = 0, lost = 0; i < s->shares; i++)
        if (e.is_lost[i])
            memcpy(e.row[i], w->found + lost++ * s->share, s->share);
    return true;
}

/* Whether a block is the one of a row. */
static bool fits(const struct work *w, uint32_t row, uint32_t column, const uint8_t *block)
{
    uint8_t digest[PARITY_DIGEST];

    short_digest(block, w->shape->block, digest);
    return memcmp(digest, table_at(w, column) + row * PARITY_DIGEST, PARITY_DIGEST) == 0;
}

/* Looks for a block in the other sources. */
static bool replace_block(struct work *w, const struct parity_mending *request, uint32_t row, uint64_t first,
                          uint32_t column)
{
    uint64_t offset;
    size_t size = row_part(w, row, first + column, 1, &offset);

    for (size_t i = 1; i < request->count; i++) {
        memset(w->found, 0, w->shape->block);
        worn_read(&request->sources[i], offset, w->found, size);
        if (fits(w, row, column, w->found)) {
            memcpy(row_at(w, row, column), w->found, w->shape->block);
            return true;
        }
    }
    return false;
}

static void mend_column(struct work *w, const struct parity_mending *request, uint64_t first, uint32_t column,
                        const bool *there, struct parity_result *r)
{
    const struct parity_shape *s = w->shape;
    struct erasures e = {.rows = s->rows, .size = s->block};

    if (!load_table(w, column, there)) {
        r->unknown++;
        return;
    }
    for (uint32_t row = 0; row < s->rows; row++) {
        e.row[row] = row_at(w, row, column);
        if (fits(w, row, column, e.row[row]))
            continue;
        r->lost++;
        e.is_lost[row] = !replace_block(w, request, row, first, column);
        e.lost += e.is_lost[row];
        r->replaced += !e.is_lost[row];
    }
    for (uint32_t i = 0; i < s->checks; i++)
        if (there[i]) {
            e.check[e.checks] = record_at(w, i, column) + RECORD_HEAD + s->share;
            e.number[e.checks++] = i;
        }
    if (e.lost && !solve(w, &e, w->found)) {
        r->kept += e.lost;
        return;
    }
    for (uint32_t row = 0, lost = 0; e.lost && row < s->rows; row++) {
        const uint8_t *found = w->found + (size_t)lost * s->block;

        if (!e.is_lost[row])
            continue;
        lost++;
        if (fits(w, row, column, found)) {
            memcpy(e.row[row], found, s->block);
            r->computed++;
        } else {
            r->kept++;
        }
    }
}

static bool mend_group(struct work *w, const struct parity_mending *request, uint64_t first, struct parity_result *r,
                       struct error *error)
{
    const struct parity_shape *s = w->shape;
    uint32_t columns = group_columns(w, first);
    uint64_t offset;

    for (uint32_t i = 0; i < s->checks; i++)
        worn_read(request->parity, record_offset(s, i, first), record_at(w, i, 0), (size_t)columns * s->record);
    for (uint32_t row = 0; row < s->rows; row++) {
        size_t size = row_part(w, row, first, columns, &offset);

        memset(row_at(w, row, 0) + size, 0, (size_t)columns * s->block - size);
        worn_read(&request->sources[0], offset, row_at(w, row, 0), size);
    }
    for (uint32_t column = 0; column < columns; column++) {
        bool there[LIMIT];

        for (uint32_t i = 0; i < s->checks; i++) {
            there[i] = record_is_good(s, i, first + column, record_at(w, i, column));
            r->lost_records += !there[i];
        }
        mend_column(w, request, first, column, there, r);
    }
    for (uint32_t row = 0; request->output >= 0 && row < s->rows; row++) {
        size_t size = row_part(w, row, first, columns, &offset);

        if (size && !file_write(request->output, request->sources[0].path, offset, row_at(w, row, 0), size, error))
            return false;
    }
    return true;
}

/* Whether a whole record is at this place; its shape is that of the file. */
static bool try_record(const struct worn *parity, uint64_t offset, struct parity_shape *s)
{
    uint8_t head[RECORD_HEAD], *record;
    uint64_t column;
    uint32_t check;
    bool good;

    if (!worn_read(parity, offset, head, sizeof head) || !shape_from(head, offset, s, &check, &column))
        return false;
    record = malloc(s->record);
    good = record && worn_read(parity, offset, record, s->record) && record_is_good(s, check, column, record);
    free(record);
    return good;
}

/* Finds the first whole record. */
static bool find_shape(const struct worn *parity, struct parity_shape *s, struct error *error)
{
    enum { WINDOW = 1 << 20 };
    uint8_t *window = malloc(WINDOW);
    unsigned tries = 0;
    bool found = false;

    for (uint64_t from = 0; window && !found && from < parity->size; from += WINDOW - 7) {
        size_t size = parity->size - from < WINDOW ? (size_t)(parity->size - from) : WINDOW;
        const uint8_t *at = window, *end = window + size;

        worn_read(parity, from, window, size);
        while (!found && tries < TRIES && (at = memmem(at, (size_t)(end - at), PARITY_MARK, 8)) != NULL) {
            found = try_record(parity, from + (uint64_t)(at - window), s);
            at++;
            tries++;
        }
    }
    if (!window)
        return error_set(error, STATUS_HOST, parity->path, NULL, NULL, "out of memory");
    free(window);
    return found || error_set(error, STATUS_INPUT, parity->path, NULL, "name the one that was made for the archive",
                              "has not one whole record of a parity file");
}

bool parity_mend(const struct parity_mending *request, struct parity_result *result, struct error *error)
{
    struct parity_shape *s = &result->shape;
    struct work w = {.progress = request->progress, .progress_context = request->progress_context};
    char head[PARITY_HEAD], actual[PARITY_HEAD];
    uint64_t longest = 0;
    bool good;

    memset(result, 0, sizeof *result);
    if (!find_shape(request->parity, s, error))
        return false;
    for (size_t i = 0; i < request->count; i++)
        longest = request->sources[i].size > longest ? request->sources[i].size : longest;
    if (s->size > longest + request->parity->size)
        return error_set(error, STATUS_INPUT, request->parity->path, NULL, "name the one that was made for the archive",
                         "is for a file of %llu bytes, of which more is missing than it could mend",
                         (unsigned long long)s->size);
    print_head(s, head);
    result->head_lost = !worn_read(request->parity, 0, actual, PARITY_HEAD) || memcmp(head, actual, PARITY_HEAD) != 0 ||
                        request->parity->size != parity_size(s);
    result->records = s->checks * s->columns;
    good = work_begin(&w, s, s->rows, (size_t)s->checks * STEP, error);
    for (uint64_t column = 0; good && column < s->columns; column += w.group)
        good = show_progress(&w, column, request->sources[0].path, error) &&
               mend_group(&w, request, column, result, error);
    work_end(&w);
    return good;
}
