/* options.c - reading the command line by the tables of options.h. Options and operands may be mixed; "--" ends the
 * options; a value follows its option as the next argument or after "=". */
#include "desk/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool usage(struct error *error, const struct command *command, const char *what, const char *argument)
{
    char remedy[96];

    snprintf(remedy, sizeof(remedy), "see muniment %s --help", command->name);
    return error_set(error, STATUS_USAGE, command->name, NULL, remedy, "%s%s", what, argument);
}

/* The option that an argument names, with or without "=value" after it. */
static const struct option *find_option(const struct command *command, const char *argument)
{
    size_t length = strncmp(argument, "--", 2) ? strlen(argument) : strcspn(argument, "=");

    for (const struct option *option = command->options; option->name; option++)
        if (strlen(option->name) == length && !strncmp(option->name, argument, length))
            return option;
    return NULL;
}

/* Takes the option at argv[*i], and its value. */
static bool take_option(struct arguments *a, int argc, char **argv, int *i, struct error *error)
{
    const struct option *option = find_option(a->command, argv[*i]);
    const char *value = strncmp(argv[*i], "--", 2) ? NULL : strchr(argv[*i], '=');

    if (!option)
        return usage(error, a->command, "unknown option ", argv[*i]);
    if (!option->repeatable && argument_value(a, option->name))
        return usage(error, a->command, "given twice: ", option->name);
    if (value && !option->value)
        return usage(error, a->command, "takes no value: ", option->name);
    if (value)
        value++;
    else if (option->value && *i + 1 >= argc)
        return usage(error, a->command, "needs a value: ", option->name);
    else
        value = option->value ? argv[++*i] : "";
    a->given[a->given_count++] = (struct given){option, value};
    return true;
}

bool arguments_parse(const struct command *command, int argc, char **argv, struct arguments *a, struct error *error)
{
    bool options = true;

    *a = (struct arguments){.command = command};
    a->operands = calloc((size_t)argc + 1, sizeof(*a->operands));
    a->given = calloc((size_t)argc + 1, sizeof(*a->given));
    a->kept = calloc(1, sizeof *a->kept);
    if (!a->operands || !a->given || !a->kept)
        return error_host(error, command->name, ENOMEM, "cannot read the command line");
    for (int i = 0; i < argc; i++) {
        if (options && !strcmp(argv[i], "--"))
            options = false;
        else if (!options || argv[i][0] != '-' || !argv[i][1])
            a->operands[a->operand_count++] = argv[i];
        else if (!take_option(a, argc, argv, &i, error))
            return false;
    }
    if (a->operand_count < command->least)
        return usage(error, command, "too few arguments: expected ", command->operands);
    if (a->operand_count > command->most)
        return usage(error, command, "too many arguments: expected ", command->operands);
    for (const struct option *option = command->options; option->name; option++)
        if (option->required && !argument_value(a, option->name))
            return usage(error, command, "missing option ", option->name);
    return true;
}

void arguments_free(struct arguments *a)
{
    if (a->kept && a->kept->release)
        a->kept->release(a->kept->value);
    free(a->kept);
    free(a->operands);
    free(a->given);
}

const char *argument_next(const struct arguments *a, const char *option, size_t *position)
{
    while (*position < a->given_count) {
        const struct given *given = &a->given[(*position)++];
        if (!strcmp(given->option->name, option))
            return given->value;
    }
    return NULL;
}

const char **argument_values(const struct arguments *a, const char *option, size_t *count)
{
    const char **values = calloc(a->given_count + 1, sizeof *values);
    size_t position = 0;

    *count = 0;
    while (values && (values[*count] = argument_next(a, option, &position)))
        ++*count;
    return values;
}

const char *argument_value(const struct arguments *a, const char *option)
{
    size_t position = 0;

    return argument_next(a, option, &position);
}

/* One entry of the help: the option on a line of its own width, its explanation beside or below it. */
static void help_entry(FILE *to, const char *left, const char *help)
{
    int width = 24;

    fprintf(to, "  %-*s", width, left);
    if (strlen(left) >= (size_t)width)
        fprintf(to, "\n  %-*s", width, "");
    for (; *help; help++) {
        fputc(*help, to);
        if (*help == '\n')
            fprintf(to, "  %-*s", width, "");
    }
    fputc('\n', to);
}

void command_help(const struct command *command, FILE *to)
{
    char left[64];

    fprintf(to, "Usage: muniment %s %s%s\n%s\n\n", command->name, command->operands,
            command->options->name ? " [OPTION ...]" : "", command->summary);
    for (const struct option *option = command->options; option->name; option++) {
        snprintf(left, sizeof(left), "%s%s%s", option->name, option->value ? " " : "",
                 option->value ? option->value : "");
        help_entry(to, left, option->help);
    }
    help_entry(to, "--help", "print this text");
}
