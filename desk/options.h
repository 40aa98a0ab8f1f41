/* options.h - the command line: one table for each subcommand, from which parsing, help and (through the help)
 * completion follow. */
#ifndef MUNIMENT_DESK_OPTIONS_H
#define MUNIMENT_DESK_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "formats/error.h"

struct option {
    const char *name;  /* "--until", "-o" */
    const char *value; /* what it takes, for the help: "FILE"; null for a switch */
    const char *help;  /* lines are separated by '\n' */
    bool repeatable;
    bool required;
};

struct arguments;

struct command {
    const char *name;             /* "seal", "key new" */
    const char *operands;         /* for the help: "FILE.mun ..." */
    size_t least, most;           /* how many of them */
    const char *summary;          /* one line */
    const struct option *options; /* ends with a null name */
    enum status (*run)(const struct arguments *arguments);
};

/* What was given. Texts belong to argv. */
struct arguments {
    const struct command *command;
    const char **operands;
    size_t operand_count;
    struct given {
        const struct option *option;
        const char *value; /* "" for a switch */
    } * given;
    size_t given_count;
    struct kept *kept; /* what the command keeps for later; owned, made by arguments_parse */
};

/* Something that is read once for a command: released with the arguments. */
struct kept {
    void *value;
    void (*release)(void *value);
};

/* Reads argv[0 .. argc-1], which follows the command's name. False with *error for a usage error. The caller calls
 * arguments_free in any case. */
bool arguments_parse(const struct command *command, int argc, char **argv, struct arguments *arguments,
                     struct error *error);
void arguments_free(struct arguments *arguments);

/* The value of an option; null when it was not given. */
const char *argument_value(const struct arguments *arguments, const char *option);

/* The next value of a repeatable option from *position on (begin with 0), or null. */
const char *argument_next(const struct arguments *arguments, const char *option, size_t *position);

/* All values of a repeatable option, and a null at the end, to be freed; null: out of memory. */
const char **argument_values(const struct arguments *arguments, const char *option, size_t *count);

/* Prints the help of one command. */
void command_help(const struct command *command, FILE *to);

#endif
