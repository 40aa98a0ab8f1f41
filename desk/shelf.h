/* shelf.h - the table of a shelf: a row for each machine that is to be taken in (muniment(1), "ingest").
 *
 * A table is comma-separated values with a header (desk/variables.h). Files are named below one folder; a list in a
 * field is separated by semicolons or line feeds. */
#ifndef MUNIMENT_DESK_SHELF_H
#define MUNIMENT_DESK_SHELF_H

#include <limits.h>

#include "archive/archive.h"
#include "desk/suggest.h"
#include "desk/variables.h"
#include "formats/text.h"

#define SHELF_DOCUMENTS 256 /* of a row, at most */

/* clang-format off */
enum shelf_column {
    SHELF_ACCESSION, SHELF_REFERENCE, SHELF_TITLE, SHELF_CREATOR, SHELF_CUSTODIAN, SHELF_LANGUAGES, SHELF_PROVENANCE,
    SHELF_RIGHTS, SHELF_REASON, SHELF_REVIEW, SHELF_IMAGES, SHELF_FORMAT, SHELF_MEMBER, SHELF_MACHINE, SHELF_SOFTWARE,
    SHELF_DOCUMENTS_COLUMN, SHELF_PASSWORDS, SHELF_FINDINGS, SHELF_ERROR, SHELF_COLUMNS
};
/* clang-format on */

struct shelf {
    const char *path, *folder; /* of the table; in which the files lie */
    struct table table;
    size_t column[SHELF_COLUMNS]; /* of the table; SIZE_MAX: it has none */
};

/* A row that was found good. */
struct shelf_row {
    char file[NAME_MAX + 1]; /* of its archive */
    struct description_manifest description;
    char machine_name[MACHINE_NAME_SIZE];          /* the ready-made machine; or "manifest" */
    struct machine_manifest machine;               /* drives with a medium have an image */
    char *images[DRIVE_COUNT];                     /* paths, owned; null: none */
    const char *format, *member;                   /* of all images; or null */
    struct sealed_file documents[SHELF_DOCUMENTS]; /* name and path are owned */
    size_t document_count;
    char *passwords;        /* path, owned; or null */
    bool findings_accepted; /* what the scanner finds is sealed with the machine */
};

/* Reads the table. folder may be null: the table's own. The caller calls shelf_close in any case. */
bool shelf_open(struct shelf *shelf, const char *path, const char *folder, struct error *error);
void shelf_close(struct shelf *shelf);

/* A field of a row, counted from 0; empty if the table has no such column. */
const char *shelf_field(const struct shelf *shelf, size_t row, enum shelf_column column);

/* Checks a row: what it says, its images, its documents. follow: as of struct image_request. The caller calls
 * shelf_row_free in any case. An error's place is the row, its object the table or a file. */
bool shelf_row(const struct shelf *shelf, size_t row, bool follow, struct shelf_row *to, struct error *error);
void shelf_row_free(struct shelf_row *row);

/* Writes the header of the table and one row as comma-separated values, with `message` in a column "error". */
void shelf_print_header(const struct shelf *shelf, struct text *to);
void shelf_print_row(const struct shelf *shelf, size_t row, const char *message, struct text *to);

/* Writes a field of comma-separated values (RFC 4180) in quotes. */
void csv_field(struct text *to, const char *value);

#endif
