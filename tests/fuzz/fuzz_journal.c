/* fuzz_journal.c - libFuzzer harness of verify/runs/journal.c: any bytes are either refused with an error that names
 * the line, or give entries within their bounds and in order.
 *
 * Random bytes never have the right tags, so each input is read twice: as it is, and as texts of lines to which the
 * right tags are added. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "archive/layout.h"
#include "verify/runs/journal_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_entry(const struct journal *j, const struct journal_entry *e)
{
    switch (e->kind) {
    case JOURNAL_POINTER:
        require(e->pointer.dx != INT16_MIN && e->pointer.dy != INT16_MIN && e->pointer.wheel != INT16_MIN &&
                e->pointer.buttons <= 7);
        break;
    case JOURNAL_POSITION: require(e->position.wheel != INT16_MIN && e->position.buttons <= 7); break;
    case JOURNAL_CLIPBOARD: require(e->clipboard.count > 0 && e->clipboard.count <= JOURNAL_SERIAL_LIMIT); break;
    case JOURNAL_SERIAL:
        require(e->serial.port <= 1 && e->serial.count > 0 && e->serial.count <= JOURNAL_SERIAL_LIMIT);
        break;
    case JOURNAL_MEDIUM: require(e->medium.slot < DRIVE_COUNT); break;
    case JOURNAL_DIGEST:
        require(memchr(e->digest.parts, '\n', j->header.part_count * JOURNAL_PART_DIGITS) == NULL);
        break;
    case JOURNAL_POWER_OFF: require(j->ended && e == &j->entries[j->count - 1]); break;
    case JOURNAL_LINE_IN:
    case JOURNAL_KEY: break;
    }
}

static void read_one(const char *bytes, size_t size)
{
    struct error error = {.status = STATUS_OK};
    struct journal journal;
    char *text = malloc(size + 1);

    require(text != NULL);
    memcpy(text, bytes, size);
    text[size] = '\0';
    if (journal_parse(text, size, "fuzz", &journal, &error)) {
        require(journal.header.part_count > 0 && journal.header.part_count <= JOURNAL_PARTS_LIMIT &&
                strlen(journal.header.machine_root) == 64);
        for (uint32_t i = 0; i < journal.count; i++) {
            require(i == 0 || journal.entries[i - 1].tick <= journal.entries[i].tick);
            check_entry(&journal, &journal.entries[i]);
        }
    } else {
        require(error.status == STATUS_INPUT && error.what[0] && !strncmp(error.object, "fuzz:", 5));
    }
    journal_free(&journal);
}

static void read_tagged(const char *bytes, size_t size)
{
    struct text t = {.bytes = NULL};
    char tag[9] = "", next[9];

    for (const char *line = bytes, *end = bytes + size, *feed;
         line < end && (feed = memchr(line, '\n', (size_t)(end - line))); line = feed + 1) {
        journal_tag(tag, line, (size_t)(feed - line), next);
        memcpy(tag, next, sizeof(tag));
        text_add(&t, line, (size_t)(feed - line));
        text_print(&t, " %s\n", tag);
    }
    if (t.length > 0)
        read_one(t.bytes, t.length);
    text_free(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_one((const char *)data, size);
    read_tagged((const char *)data, size);
    return 0;
}
