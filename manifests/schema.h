/* schema.h - how the language of manifests is written down, inside manifests/.
 *
 * A manifest is a tree of rules (schema.c). The same rules drive the parser (parser.c), the canonical form (printer.c)
 * and the texts of errors, so that the three cannot disagree. A rule says where its value lies in the structure of its
 * parent. */
#ifndef MUNIMENT_MANIFESTS_SCHEMA_H
#define MUNIMENT_MANIFESTS_SCHEMA_H

#include "manifests/manifests.h"

#define SCALAR_LIMIT 4096 /* bytes of one value, with its NUL; provenance needs the most */
#define EXPECT_LIMIT 256  /* bytes of the description of a legal value */

struct rule;

/* How a scalar is written in the canonical form. */
enum scalar_style { STYLE_PLAIN, STYLE_QUOTED, STYLE_BLOCK };

/* A kind of value. */
struct scalar_type {
    /* Checks text and stores what it says in *field; false when the text is not what `expect` describes. */
    bool (*parse)(const struct rule *rule, const char *text, void *field);
    /* Writes the canonical spelling into text (SCALAR_LIMIT bytes); false when *field holds nothing that this type can
     * write. */
    bool (*print)(const struct rule *rule, const void *field, char *text);
    /* Writes what a legal value is, to follow "must be". */
    void (*expect)(const struct rule *rule, char *text);
    enum scalar_style style;
};

struct unit {
    const char *name; /* "" for a bare number */
    uint64_t factor;
};

/* One key, or one element of a sequence. Which of scalar, keys, names and items are present says which shapes it may
 * take. */
struct rule {
    const char *key;
    size_t offset, size; /* of the value, in the structure of the parent */
    bool required;
    const struct scalar_type *scalar; /* a single value, */
    const struct rule *keys;          /* a mapping with these keys, */
    const struct rule *names;         /* a sequence of some of these keys, each of which sets a bool, */
    const struct rule *items; /* or a sequence of at most max_items values; it ends at the first empty element */
    uint32_t max_items;
    /* For a mapping: derives what follows from its values and returns what is wrong with their combination, or null.
     * seen: a bit for each of the mapping's keys, the first one lowest, that is there. */
    const char *(*check)(void *field, const struct rule *keys, uint32_t seen);
    /* For the types of scalars.c: */
    const char *const *words; /* the words of a choice; the first one means value `first` */
    uint32_t first;
    const struct unit *units; /* of a quantity, ascending; each is a multiple of the one before it */
    uint64_t minimum, maximum, step;
    uint64_t absent; /* the value that stands for a quantity that is not given */
};

/* The languages: rules whose mapping is the document. */
extern const struct rule machine_rules, description_rules, set_rules;

/* The kinds of value (scalars.c). */
extern const struct scalar_type type_choice, type_flag, type_quantity, type_geometry, type_time, type_sha256, type_path,
    type_text, type_lines, type_built_in, type_rights, type_inside, type_date, type_language, type_none, type_station,
    type_name;

/* True when nothing is stored below the rule: the key is left out of the canonical form. */
bool rule_is_empty(const struct rule *rule, const void *parent);

/* Parses text by a rule into *parent, which the caller has cleared. */
bool manifest_parse(const struct rule *rule, const char *text, size_t length, const char *name, void *parent,
                    struct error *error);

/* Writes the canonical form; as machine_manifest_print. */
size_t manifest_print(const struct rule *rule, const void *parent, char *buffer, size_t size);

#endif
