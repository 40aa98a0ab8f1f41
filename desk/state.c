/* state.c - the subcommand state: prints the text of a snapshot, or what differs between two. */
#include <inttypes.h>
#include <stdio.h>

#include "desk/desk.h"
#include "formats/plain.h"
#include "verify/runs/runs.h"

static void print_line(void *context, const char *text)
{
    (void)context;
    plain_print(stdout, text);
    putchar('\n');
}

enum status state_run(const struct arguments *arguments)
{
    struct snapshot snapshots[2] = {{.text = NULL}, {.text = NULL}};
    uint64_t differences = 0;
    struct error error;
    bool good = true;

    for (size_t i = 0; good && i < arguments->operand_count; i++)
        good = snapshot_read(arguments->operands[i], &snapshots[i], &error);
    if (good && arguments->operand_count == 1)
        plain_print_lines(stdout, snapshots[0].text);
    else if (good)
        good = snapshot_compare(&snapshots[0], &snapshots[1], print_line, NULL, &differences, &error);
    snapshot_free(&snapshots[0]);
    snapshot_free(&snapshots[1]);
    return !good ? desk_fail(&error) : differences ? STATUS_WRONG : STATUS_OK;
}
