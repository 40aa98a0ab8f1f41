/* store.h - a log and its tree, held together by the lock on the log. */
#ifndef MUNIMENT_VERIFY_LOG_STORE_H
#define MUNIMENT_VERIFY_LOG_STORE_H

#include "formats/text.h"
#include "verify/log/tree.h"

struct log_store {
    const char *path;
    int descriptor;
    uint64_t size; /* of the log, while it is locked */
    struct log_tree tree;
};

bool log_store_open(struct log_store *store, const char *path, bool write, struct error *error);
void log_store_close(struct log_store *store);

/* Locks the log, and brings its tree up to its last whole line. */
bool log_store_enter(struct log_store *store, struct error *error);
/* Makes the tree anew from the log. */
bool log_store_rebuild(struct log_store *store, struct error *error);
void log_store_leave(struct log_store *store);

/* Adds the text of a line, without line feed. */
bool log_store_line(const struct log_store *store, uint64_t number, struct text *text, struct error *error);

#endif
