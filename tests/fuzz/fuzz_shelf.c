/* fuzz_shelf.c - libFuzzer harness of desk/shelf.c: a table is refused with an error that has a text, or its rows are
 * judged, and those that come back to be mended are a table with the same fields. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "desk/shelf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void write_to(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    require(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

/* What is written for people to mend is read again as it was. */
static void check_errors(const struct shelf *shelf, const char *path)
{
    struct text errors = {.bytes = NULL};
    struct shelf again;
    struct error error;

    shelf_print_header(shelf, &errors);
    for (size_t row = 0; row < shelf->table.rows; row++)
        shelf_print_row(shelf, row, "wrong, \"because\"\r\nof this", &errors);
    require(!errors.failed);
    write_to(path, errors.bytes, errors.length);
    require(shelf_open(&again, path, NULL, &error));
    require(again.table.rows == shelf->table.rows);
    for (size_t row = 0; row < shelf->table.rows; row++)
        for (unsigned column = 0; column < SHELF_ERROR; column++)
            require(!strcmp(shelf_field(shelf, row, (enum shelf_column)column),
                            shelf_field(&again, row, (enum shelf_column)column)));
    shelf_close(&again);
    text_free(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct shelf_row row;
    struct error error = {.status = STATUS_OK};
    struct shelf shelf;
    char path[64], other[64];

    snprintf(path, sizeof path, "/tmp/fuzz-shelf-%ld.csv", (long)getpid());
    snprintf(other, sizeof other, "/tmp/fuzz-shelf-%ld-errors.csv", (long)getpid());
    write_to(path, data, size);
    if (shelf_open(&shelf, path, "/nonexistent", &error)) {
        for (size_t i = 0; i < shelf.table.rows && i < 64; i++) {
            require(!shelf_row(&shelf, i, false, &row, &error)); /* there are no images */
            require(error.status != STATUS_OK && *error.what && *error.object);
            shelf_row_free(&row);
        }
        check_errors(&shelf, other);
    } else {
        require(error.status == STATUS_INPUT && *error.what);
    }
    shelf_close(&shelf);
    unlink(path);
    unlink(other);
    return 0;
}
