/* iso.c - a folder of this host as a CD: ISO 9660 (ECMA-119, level 1, for whoever knows no more) and Joliet (long names
 * in UCS-2) over the same files.
 *
 * The image is a function of names and bytes: every date is 1980-01-01. Blocks 0 to 15 are empty, 16 to 18 hold the
 * descriptors; then come path tables and folders of the one and of the other, then the files. */
#define _DEFAULT_SOURCE /* S_IF* of dirent */
#include "formats/images/made.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/file.h"
#include "formats/images/given.h"
#include "formats/numbers.h"
#include "formats/plain.h"

#define BLOCK 2048u
#define NODES 20000u /* files and folders */
#define DEPTH 8u     /* folders within folders (ECMA-119 6.8.2.1) */
#define FIRST 19u    /* block after the descriptors */

/* --- The folder --- */

static bool out_of_memory(const struct given *iso, struct error *error)
{
    return error_host(error, iso->folder, ENOMEM, "cannot give");
}

static struct node *add_node(struct given *iso, uint32_t parent)
{
    if (iso->count == iso->capacity) {
        uint32_t capacity = iso->capacity * 2 + 64;
        struct node *nodes = realloc(iso->nodes, capacity * sizeof *nodes);
        if (!nodes)
            return NULL;
        iso->nodes = nodes;
        iso->capacity = capacity;
    }
    struct node *node = &iso->nodes[iso->count++];
    memset(node, 0, sizeof *node);
    node->parent = parent;
    node->depth = iso->count == 1 ? 1 : iso->nodes[parent].depth + 1;
    return node;
}

static bool examine(struct node *node, struct error *error)
{
    struct stat status;

    if (lstat(node->path, &status))
        return error_host(error, node->path, errno, "cannot examine");
    node->folder = S_ISDIR(status.st_mode);
    if (!node->folder && !S_ISREG(status.st_mode))
        return error_set(error, STATUS_INPUT, node->path, NULL, "leave it out, or copy what it leads to",
                         "is neither a file nor a folder");
    node->size = node->folder ? 0 : (uint64_t)status.st_size;
    if (node->size > UINT32_MAX)
        return error_set(error, STATUS_INPUT, node->path, NULL, NULL, "is longer than a file that is given can be");
    return node->depth <= DEPTH || !node->folder ||
           error_set(error, STATUS_INPUT, node->path, NULL, NULL, "lies in more folders than can be given");
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder, in the order of their bytes; *count of them. To be freed, each too. */
static char **names_in(const char *path, uint32_t *count, struct error *error)
{
    char **names = NULL;
    uint32_t capacity = 0;
    struct dirent *e;
    DIR *d = opendir(path);

    *count = 0;
    if (!d) {
        error_host(error, path, errno, "cannot read the folder");
        return NULL;
    }
    bool good = true;
    while (good && (errno = 0, e = readdir(d))) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        if (*count == capacity) {
            char **larger = realloc(names, (capacity = capacity * 2 + 16) * sizeof *names);
            names = larger ? larger : names;
            good = larger;
        }
        good = good && *count < NODES && (names[*count] = strdup(e->d_name));
        *count += good;
    }
    if (!good)
        error_set(error, STATUS_INPUT, path, NULL, NULL, "holds too many files to be given");
    else if (errno)
        good = error_host(error, path, errno, "cannot read the folder");
    closedir(d);
    if (good && *count)
        qsort(names, *count, sizeof *names, by_text);
    if (good)
        return names ? names : calloc(1, sizeof *names);
    for (uint32_t i = 0; i < *count; i++)
        free(names[i]);
    free(names);
    return NULL;
}

/* Adds what is in a folder, one level after the other, so that children follow each other. */
static bool add_children(struct given *iso, uint32_t parent, struct error *error)
{
    uint32_t count;
    char **names = names_in(iso->nodes[parent].path, &count, error);
    bool good = names;

    if (!names)
        return false;
    iso->nodes[parent].first = iso->count;
    iso->nodes[parent].count = count;
    for (uint32_t i = 0; i < count; i++) {
        size_t size = strlen(iso->nodes[parent].path) + strlen(names[i]) + 2;
        struct node *node = good ? add_node(iso, parent) : NULL;
        if (node && (node->path = malloc(size))) {
            snprintf(node->path, size, "%s/%s", iso->nodes[parent].path, names[i]);
            good = examine(node, error);
        } else if (good) {
            good = out_of_memory(iso, error);
        }
        free(names[i]);
    }
    free(names);
    if (good && iso->count > NODES)
        good = error_set(error, STATUS_INPUT, iso->folder, NULL, NULL, "holds more than %u files", NODES);
    return good;
}

/* --- Names --- */

/* A name as ISO 9660 has it at level 1: eight and three of A to Z, 0 to 9 and _. n above 0 takes the last places. */
static void primary_name(struct node *node, const char *name, uint32_t n)
{
    const char *dot = node->folder ? NULL : strrchr(name, '.');
    char base[9] = "", extension[4] = "", digits[12] = "";
    size_t length = 0;

    for (const char *at = name; *at && at != dot && length < 8; at++)
        if ((*at & 0xC0) != 0x80) /* one for each character */
            base[length++] = *at;
    for (size_t i = 0; dot && i < 3 && dot[i + 1]; i++)
        extension[i] = dot[i + 1];
    for (char *at = base, *part = base; part; part = part == base ? extension : NULL, at = part)
        for (; at && *at; at++)
            *at = *at >= 'a' && *at <= 'z'                                   ? (char)(*at - 'a' + 'A')
                  : (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ? *at
                                                                             : '_';
    if (n > 0) {
        snprintf(digits, sizeof digits, "%u", (unsigned)n);
        length = length + strlen(digits) > 8 ? 8 - strlen(digits) : length;
    }
    if (!length && !n)
        base[length++] = '_';
    node->length[PRIMARY] = (uint8_t)snprintf((char *)node->name[PRIMARY], sizeof node->name[PRIMARY], "%.*s%s%s%s%s",
                                              (int)length, base, digits, node->folder ? "" : ".", extension,
                                              node->folder ? "" : ";1");
}

/* A name as Joliet has it: up to 64 units of UCS-2. */
static void long_name(struct node *node, const char *name, uint32_t n)
{
    char digits[12] = "";
    uint8_t *to = node->name[LONG];
    unsigned units = 0, most;
    uint32_t code;

    if (n > 0)
        snprintf(digits, sizeof digits, "~%u", (unsigned)n);
    most = JOLIET - (unsigned)strlen(digits);
    while (*name && units < most) {
        if (!utf8_next(&name, &code) || code < ' ' || code > 0xFFFF ||
            strchr("*/:;?\\", (int)(code < 128 ? code : 'a')))
            code = '_';
        put_be(to + 2 * units++, code, 2);
    }
    for (const char *at = digits; *at; at++)
        put_be(to + 2 * units++, (uint8_t)*at, 2);
    node->length[LONG] = (uint8_t)(2 * units);
}

/* Name, then extension, each as if filled up with spaces (ECMA-119 9.3); of Joliet its bytes. */
static int compare_names(const struct node *a, const struct node *b, int naming)
{
    size_t length = a->length[naming] < b->length[naming] ? a->length[naming] : b->length[naming];
    const uint8_t *p = a->name[naming], *q = b->name[naming];

    for (size_t i = 0; i < length; i++)
        if (p[i] != q[i]) {
            int left = naming == PRIMARY && (p[i] == '.' || p[i] == ';') ? 0 : p[i];
            int right = naming == PRIMARY && (q[i] == '.' || q[i] == ';') ? 0 : q[i];
            return left - right;
        }
    return a->length[naming] - b->length[naming];
}

uint32_t given_name_length(const struct node *node, int naming)
{
    uint32_t length = node->length[naming];

    if (naming == PRIMARY && !node->folder) {
        length -= 2; /* ;1 */
        length -= node->name[naming][length - 1] == '.';
    }
    return length;
}

/* A file and a folder are not of one name either: a floppy has neither version nor lone full stop. */
static bool is_taken(const struct given *iso, uint32_t first, uint32_t index, int naming)
{
    const uint32_t length = given_name_length(&iso->nodes[index], naming);

    for (uint32_t i = first; i < index; i++)
        if (given_name_length(&iso->nodes[i], naming) == length &&
            !memcmp(iso->nodes[i].name[naming], iso->nodes[index].name[naming], length))
            return true;
    return false;
}

static void name_children(struct given *iso, const struct node *folder)
{
    uint32_t numbers[NAMINGS] = {0};

    for (uint32_t i = folder->first; i < folder->first + folder->count; i++) {
        struct node *node = &iso->nodes[i];
        const char *name = strrchr(node->path, '/') + 1;

        primary_name(node, name, 0);
        while (is_taken(iso, folder->first, i, PRIMARY))
            primary_name(node, name, ++numbers[PRIMARY]);
        long_name(node, name, 0);
        while (is_taken(iso, folder->first, i, LONG))
            long_name(node, name, ++numbers[LONG]);
    }
}

/* Sorts the children of a folder by insertion: a folder of a host comes sorted nearly as it is needed. */
static void sort_children(struct given *iso, const struct node *folder, int naming)
{
    uint32_t *order = iso->order[naming];

    for (uint32_t i = folder->first; i < folder->first + folder->count; i++) {
        uint32_t at = i;
        for (; at > folder->first && compare_names(&iso->nodes[i], &iso->nodes[order[at - 1]], naming) < 0; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

/* --- Layout --- */

static uint32_t blocks_of(uint64_t bytes)
{
    return (uint32_t)((bytes + BLOCK - 1) / BLOCK);
}

static uint32_t record_length(uint32_t name)
{
    return (33 + name + 1) & ~1u;
}

/* Bytes of a folder; no record goes over the end of a block. */
static uint32_t folder_length(const struct given *iso, const struct node *folder, int naming)
{
    uint32_t at = 2 * record_length(1);

    for (uint32_t i = folder->first; i < folder->first + folder->count; i++) {
        uint32_t length = record_length(iso->nodes[iso->order[naming][i]].length[naming]);
        at = at % BLOCK + length > BLOCK ? (at / BLOCK + 1) * BLOCK + length : at + length;
    }
    return blocks_of(at) * BLOCK;
}

/* Numbers the folders level by level, as the path table has them; list receives them. */
static uint32_t number_folders(struct given *iso, int naming, uint32_t *list)
{
    uint32_t count = 1;

    list[0] = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct node *folder = &iso->nodes[list[i]];
        folder->number[naming] = i + 1;
        for (uint32_t k = folder->first; k < folder->first + folder->count; k++)
            if (iso->nodes[iso->order[naming][k]].folder)
                list[count++] = iso->order[naming][k];
    }
    return count;
}

static uint32_t table_length(const struct given *iso, int naming, const uint32_t *list, uint32_t count)
{
    uint32_t length = 10;

    for (uint32_t i = 1; i < count; i++)
        length += (8 + iso->nodes[list[i]].length[naming] + 1) & ~1u;
    return length;
}

static bool lay_out(struct given *iso, uint32_t *list, uint32_t counts[NAMINGS], struct error *error)
{
    uint64_t at = FIRST;

    for (int naming = 0; naming < NAMINGS; naming++) {
        counts[naming] = number_folders(iso, naming, list);
        iso->table_size[naming] = table_length(iso, naming, list, counts[naming]);
        iso->table[naming] = (uint32_t)at;
        at += 2 * (uint64_t)blocks_of(iso->table_size[naming]);
        for (uint32_t i = 0; i < counts[naming]; i++) {
            struct node *folder = &iso->nodes[list[i]];
            folder->block[naming] = (uint32_t)at;
            folder->length_of[naming] = folder_length(iso, folder, naming);
            at += folder->length_of[naming] / BLOCK;
        }
    }
    if (counts[PRIMARY] > UINT16_MAX)
        return error_set(error, STATUS_INPUT, iso->folder, NULL, NULL, "holds too many folders for a CD");
    for (uint32_t i = 0; i < iso->count && at < INT32_MAX; i++) {
        struct node *node = &iso->nodes[i];
        if (node->folder)
            continue;
        node->block[PRIMARY] = node->block[LONG] = (uint32_t)at;
        node->length_of[PRIMARY] = node->length_of[LONG] = (uint32_t)node->size;
        at += blocks_of(node->size);
    }
    iso->blocks = (uint32_t)at;
    return at < INT32_MAX || error_set(error, STATUS_INPUT, iso->folder, NULL, NULL, "holds too much for a CD");
}

/* --- Writing --- */

static bool put(const struct given *iso, uint64_t block, const void *bytes, size_t size, struct error *error)
{
    return file_write(iso->descriptor, "CD", block * BLOCK, bytes, size, error);
}

static void put_both(uint8_t *to, uint32_t value, unsigned size)
{
    put_le(to, value, size);
    put_be(to + size, value, size);
}

static uint32_t put_record(uint8_t *to, const struct node *node, int naming, const uint8_t *name, uint32_t length)
{
    static const uint8_t date[7] = {80, 1, 1};

    to[0] = (uint8_t)record_length(length);
    put_both(to + 2, node->block[naming], 4);
    put_both(to + 10, node->length_of[naming], 4);
    memcpy(to + 18, date, sizeof date);
    to[25] = node->folder ? 2 : 0;
    put_both(to + 28, 1, 2);
    to[32] = (uint8_t)length;
    memcpy(to + 33, name, length);
    return to[0];
}

static bool write_folder(struct given *iso, const struct node *folder, int naming, struct error *error)
{
    static const uint8_t self = 0, above = 1;
    uint8_t *bytes = calloc(1, folder->length_of[naming]);
    uint32_t at;

    if (!bytes)
        return out_of_memory(iso, error);
    at = put_record(bytes, folder, naming, &self, 1);
    at += put_record(bytes + at, &iso->nodes[folder->parent], naming, &above, 1);
    for (uint32_t i = folder->first; i < folder->first + folder->count; i++) {
        const struct node *node = &iso->nodes[iso->order[naming][i]];
        if (at % BLOCK + record_length(node->length[naming]) > BLOCK)
            at = (at / BLOCK + 1) * BLOCK;
        at += put_record(bytes + at, node, naming, node->name[naming], node->length[naming]);
    }
    bool good = put(iso, folder->block[naming], bytes, folder->length_of[naming], error);
    free(bytes);
    return good;
}

/* Both path tables of a naming: numbers little-endian, then big-endian. */
static bool write_tables(struct given *iso, int naming, const uint32_t *list, uint32_t count, struct error *error)
{
    uint32_t blocks = blocks_of(iso->table_size[naming]), at = 0;
    uint8_t *bytes = calloc(2 * blocks, BLOCK), *other = bytes + blocks * BLOCK;

    if (!bytes)
        return out_of_memory(iso, error);
    for (uint32_t i = 0; i < count; i++) {
        const struct node *folder = &iso->nodes[list[i]];
        uint32_t length = i ? folder->length[naming] : 1, parent = i ? iso->nodes[folder->parent].number[naming] : 1;
        bytes[at] = other[at] = (uint8_t)length;
        put_le(bytes + at + 2, folder->block[naming], 4);
        put_be(other + at + 2, folder->block[naming], 4);
        put_le(bytes + at + 6, parent, 2);
        put_be(other + at + 6, parent, 2);
        if (i) {
            memcpy(bytes + at + 8, folder->name[naming], length);
            memcpy(other + at + 8, folder->name[naming], length);
        }
        at += (8 + length + 1) & ~1u;
    }
    bool good = put(iso, iso->table[naming], bytes, 2 * (size_t)blocks * BLOCK, error);
    free(bytes);
    return good;
}

static void put_text(uint8_t *to, size_t size, int naming, const char *text)
{
    for (size_t i = 0; i < size; i++)
        if (naming == PRIMARY)
            to[i] = *text ? (uint8_t)*text++ : ' ';
        else if (i % 2)
            to[i] = *text ? (uint8_t)*text++ : ' ';
}

static bool write_descriptor(struct given *iso, int naming, struct error *error)
{
    static const char date[17] = "1980010100000000"; /* and 0 for Greenwich */
    static const uint8_t none[7] = {0};
    uint8_t d[BLOCK] = {0};
    uint32_t blocks = blocks_of(iso->table_size[naming]);

    d[0] = naming == PRIMARY ? 1 : 2;
    memcpy(d + 1, "CD001\1", 6);
    put_text(d + 8, 32, naming, "");
    put_text(d + 40, 32, naming, "GIVEN");
    put_both(d + 80, iso->blocks, 4);
    if (naming == LONG)
        memcpy(d + 88, "%/E", 3);
    put_both(d + 120, 1, 2);
    put_both(d + 124, 1, 2);
    put_both(d + 128, BLOCK, 2);
    put_both(d + 132, iso->table_size[naming], 4);
    put_le(d + 140, iso->table[naming], 4);
    put_be(d + 148, iso->table[naming] + blocks, 4);
    put_record(d + 156, &iso->nodes[0], naming, none, 1);
    put_text(d + 190, 623, naming, ""); /* who made it, of which nobody is named */
    memcpy(d + 813, date, 17);
    memcpy(d + 830, date, 17);
    memset(d + 847, '0', 16);
    memset(d + 864, '0', 16);
    d[881] = 1;
    return put(iso, 16u + (unsigned)naming, d, sizeof d, error);
}

int given_open(const struct node *node, struct file_state *state, struct error *error)
{
    int from = open(node->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (from < 0) {
        error_host(error, node->path, errno, "cannot open");
        return -1;
    }
    bool good = file_state(from, node->path, state, error);
    if (good && state->size != node->size)
        good = error_set(error, STATUS_INPUT, node->path, NULL, "try again", "was changed while it was read");
    if (good)
        return from;
    close(from);
    return -1;
}

static bool copy_file(struct given *iso, const struct node *node, struct error *error)
{
    uint8_t piece[32 * BLOCK];
    struct file_state state;
    int from = given_open(node, &state, error);
    bool good = from >= 0;

    for (uint64_t at = 0; good && at < node->size; at += sizeof piece) {
        size_t part = node->size - at < sizeof piece ? (size_t)(node->size - at) : sizeof piece;
        good = file_read(from, node->path, at, piece, part, error) &&
               file_write(iso->descriptor, "CD", (uint64_t)node->block[PRIMARY] * BLOCK + at, piece, part, error);
    }
    if (from < 0)
        return false;
    good = good && file_unchanged(from, node->path, &state, error);
    close(from);
    return good;
}

static bool write_all(struct given *iso, uint32_t *list, struct error *error)
{
    static const uint8_t end[7] = {255, 'C', 'D', '0', '0', '1', 1};
    uint32_t counts[NAMINGS];
    bool good = lay_out(iso, list, counts, error);

    for (int naming = 0; good && naming < NAMINGS; naming++) {
        number_folders(iso, naming, list);
        good = write_descriptor(iso, naming, error) && write_tables(iso, naming, list, counts[naming], error);
        for (uint32_t i = 0; good && i < counts[naming]; i++)
            good = write_folder(iso, &iso->nodes[list[i]], naming, error);
    }
    good = good && put(iso, 18, end, sizeof end, error);
    for (uint32_t i = 0; good && i < iso->count; i++)
        good = iso->nodes[i].folder || copy_file(iso, &iso->nodes[i], error);
    return good && (ftruncate(iso->descriptor, (off_t)iso->blocks * BLOCK) == 0 ||
                    error_host(error, iso->folder, errno, "cannot give"));
}

bool given_read(struct given *iso, struct error *error)
{
    struct node *root = add_node(iso, 0);

    if (!root || !(root->path = strdup(iso->folder)))
        return out_of_memory(iso, error);
    root->folder = true;
    for (uint32_t i = 0; i < iso->count; i++)
        if (iso->nodes[i].folder && !add_children(iso, i, error))
            return false;
    for (uint32_t i = 0; i < iso->count; i++)
        if (iso->nodes[i].folder)
            name_children(iso, &iso->nodes[i]);
    return true;
}

void given_free(struct given *iso)
{
    for (uint32_t i = 0; i < iso->count; i++)
        free(iso->nodes[i].path);
    free(iso->nodes);
    free(iso->order[PRIMARY]);
    free(iso->order[LONG]);
}

bool iso_make(const char *folder, int descriptor, uint64_t *size, struct error *error)
{
    struct given iso = {.folder = folder, .descriptor = descriptor};
    uint32_t *list = NULL;
    bool good = given_read(&iso, error);

    if (good) {
        iso.order[PRIMARY] = calloc(iso.count, sizeof *iso.order[PRIMARY]);
        iso.order[LONG] = calloc(iso.count, sizeof *iso.order[LONG]);
        list = calloc(iso.count, sizeof *list);
        good = (iso.order[PRIMARY] && iso.order[LONG] && list) || out_of_memory(&iso, error);
    }
    for (uint32_t i = 0; good && i < iso.count; i++)
        if (iso.nodes[i].folder) {
            sort_children(&iso, &iso.nodes[i], PRIMARY);
            sort_children(&iso, &iso.nodes[i], LONG);
        }
    good = good && write_all(&iso, list, error);
    *size = (uint64_t)iso.blocks * BLOCK;
    given_free(&iso);
    free(list);
    return good;
}
