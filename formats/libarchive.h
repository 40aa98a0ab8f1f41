/* libarchive.h - libarchive, which is loaded when it is needed: with it come libraries that take longer to load than
 * most commands take to run. Its `struct archive` is not ours of archive/archive.h: no file needs both. */
#ifndef MUNIMENT_FORMATS_LIBARCHIVE_H
#define MUNIMENT_FORMATS_LIBARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

#include "formats/error.h"

/* The functions that are used. */
#define LIBARCHIVE_FUNCTIONS(X) \
    X(archive_errno) \
    X(archive_error_string) \
    X(archive_filter_bytes) \
    X(archive_read_new) \
    X(archive_read_support_filter_gzip) \
    X(archive_read_support_filter_xz) \
    X(archive_read_support_filter_bzip2) \
    X(archive_read_support_filter_zstd) \
    X(archive_read_support_format_raw) \
    X(archive_read_support_format_zip) \
    X(archive_read_support_format_7zip) \
    X(archive_read_support_format_tar) \
    X(archive_read_open_fd) \
    X(archive_read_next_header) \
    X(archive_read_data) \
    X(archive_read_data_block) \
    X(archive_read_free) \
    X(archive_write_new) \
    X(archive_write_set_format_zip) \
    X(archive_write_set_format_pax_restricted) \
    X(archive_write_set_options) \
    X(archive_write_open_FILE) \
    X(archive_write_header) \
    X(archive_write_data) \
    X(archive_write_close) \
    X(archive_write_free) \
    X(archive_entry_new) \
    X(archive_entry_clear) \
    X(archive_entry_free) \
    X(archive_entry_pathname) \
    X(archive_entry_filetype) \
    X(archive_entry_hardlink) \
    X(archive_entry_is_encrypted) \
    X(archive_entry_size) \
    X(archive_entry_set_pathname_utf8) \
    X(archive_entry_set_filetype) \
    X(archive_entry_set_perm) \
    X(archive_entry_set_mtime) \
    X(archive_entry_set_size)

struct libarchive {
#define X(name) __typeof__(name) *name;
    LIBARCHIVE_FUNCTIONS(X)
#undef X
};

/* Sets the functions, and loads the library unless it is loaded. False with *error (STATUS_HOST): it is not there. */
bool libarchive_load(struct libarchive *to, struct error *error);
/* Loads it if it is there. To be called before the fork of a process that cannot open files and may need it. */
void libarchive_prepare(void);

#endif
