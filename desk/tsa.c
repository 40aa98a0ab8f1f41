/* tsa.c - see tsa.h. */
#include "desk/tsa.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLY_TYPE "application/timestamp-reply" /* RFC 3161, section 3.4 */
#define REPLY_LINE (TSA_ROOM - STAMP_LIMIT)      /* for what curl adds to a response */
#define LATE 10u                                 /* seconds after which a curl that should have ended is ended */

static bool is_address(const char *tsa)
{
    return strncmp(tsa, "http://", 7) == 0 || strncmp(tsa, "https://", 8) == 0;
}

#define CURL "exec curl -q -sSf --globoff --proto =http,https --max-time %u "

static bool read_timeout(const struct arguments *a, unsigned *seconds, struct error *error)
{
    const char *given = argument_value(a, "--timeout") ? argument_value(a, "--timeout") : "60";

    *seconds = (unsigned)strtoul(given, NULL, 10);
    return (strspn(given, "0123456789") == strlen(given) && strlen(given) <= 5 && *seconds > 0) ||
           error_set(error, STATUS_USAGE, "stamp", NULL, NULL, "--timeout takes a number of seconds");
}

/* The command that asks an authority: the one that is given, or the host's curl for an address, which follows nothing
 * to another address and closes with a line that says what it got. */
static bool tsa_command(const char *tsa, unsigned seconds, char *command, size_t size, struct error *error)
{
    int length;

    length = is_address(tsa) ? snprintf(command, size,
                                        CURL "-H 'Content-Type: application/timestamp-query' -H 'Accept: " REPLY_TYPE
                                             "' -H 'Expect:' "
                                             "--data-binary @- -w '\\n%%{http_code} %%{content_type}' --url '%s'",
                                        seconds, tsa)
                             : snprintf(command, size, "%s", tsa);
    return (length < (int)size && !(is_address(tsa) && strchr(tsa, '\''))) ||
           error_set(error, STATUS_USAGE, "--tsa", NULL, NULL, "is no address and no command that can be run");
}

/* Takes the closing line off a response that curl brought: it must have come from there, as a time stamp. */
static bool take_reply(const uint8_t *response, size_t *length, struct error *error)
{
    size_t end = *length;
    char line[REPLY_LINE];
    unsigned code = 0;
    int used = 0;

    while (end > 0 && response[end - 1] != '\n')
        end--;
    snprintf(line, sizeof line, "%.*s", (int)(*length - end), (const char *)response + end);
    *length = end ? end - 1 : 0;
    if (sscanf(line, "%u %n", &code, &used) == 1 && code == 200 &&
        strncmp(line + used, REPLY_TYPE, strlen(REPLY_TYPE)) == 0 && strchr("; ", line[used + strlen(REPLY_TYPE)]))
        return true;
    return error_set(error, STATUS_HOST, "--tsa", NULL, NULL, "answered %.100s, not 200 " REPLY_TYPE, line);
}

bool tsa_ask(const struct arguments *a, struct stamp_bytes over, uint8_t *response, size_t *length, struct error *error)
{
    const char *tsa = argument_value(a, "--tsa"), *policy = argument_value(a, "--policy");
    struct text query = {.bytes = NULL};
    struct stamp_verdict verdict;
    char command[4096];
    unsigned seconds;
    bool good;

    good = read_timeout(a, &seconds, error) && tsa_command(tsa, seconds, command, sizeof command, error) &&
           timestamp_request(over.bytes, over.size, policy, &query, error) &&
           command_run(command, "--tsa", query.bytes, query.length, seconds + (is_address(tsa) ? LATE : 0), response,
                       TSA_ROOM, length, error) &&
           (!is_address(tsa) || take_reply(response, length, error));
    text_free(&query);
    if (!good)
        return false;
    stamp_judge((struct stamp_bytes){response, *length}, over, &(struct stamp_trust){.anchors = NULL}, &verdict);
    if (verdict.state == STAMP_WRONG || verdict.ahead)
        return error_set(error, STATUS_HOST, "--tsa", NULL, NULL, "gave what is no stamp: it %s", verdict.why);
    return !policy || strcmp(verdict.policy, policy) == 0 ||
           error_set(error, STATUS_HOST, "--tsa", NULL, NULL, "gave a stamp of policy %s, not %.60s", verdict.policy,
                     policy);
}

/* Fetches one list; false with *error: there is none. */
static bool fetch(const char *address, unsigned seconds, struct stamp_bytes *list, struct error *error)
{
    uint8_t *bytes = malloc(STAMP_LIMIT);
    char command[STAMP_ADDRESS + 128];
    size_t length;
    bool good = bytes || error_host(error, address, ENOMEM, "cannot fetch");

    snprintf(command, sizeof command, CURL "--url '%s'", seconds, address);
    good = good && command_run(command, address, "", 0, seconds + LATE, bytes, STAMP_LIMIT, &length, error) &&
           (stamp_is_crl((struct stamp_bytes){bytes, length}) ||
            error_set(error, STATUS_HOST, address, NULL, NULL, "gave no list of revoked certificates"));
    if (good)
        *list = (struct stamp_bytes){bytes, length};
    else
        free(bytes);
    return good;
}

bool tsa_lists(const struct arguments *a, struct stamp_bytes over, struct stamp_bytes response,
               struct stamp_bytes *lists, size_t *count, struct error *error)
{
    char addresses[TSA_LISTS][STAMP_ADDRESS];
    size_t path_count, address_count;
    const char **paths = argument_values(a, "--tsa-trust", &path_count);
    struct stamp_anchors *anchors;
    struct stamp_verdict verdict;
    unsigned seconds;
    bool good;

    if (!paths)
        return error_host(error, "--tsa-trust", ENOMEM, "cannot judge");
    anchors = stamp_anchors_load(paths, path_count, error);
    free(paths);
    good = anchors && read_timeout(a, &seconds, error);
    struct stamp_trust trust = {.anchors = anchors, .crls = lists};
    address_count = good ? stamp_lists(response, over, &trust, addresses, TSA_LISTS) : 0;
    for (size_t i = 0; i < address_count; i++) {
        struct error warning;

        if (fetch(addresses[i], seconds, &lists[*count], &warning))
            ++*count;
        else
            error_print(stderr, &warning);
    }
    trust.crl_count = *count;
    if (good && *count > 0) {
        stamp_judge(response, over, &trust, &verdict);
        good = verdict.state != STAMP_WRONG ||
               error_set(error, STATUS_HOST, "--tsa", NULL, NULL, "gave what is no stamp: %s", verdict.why);
    }
    stamp_anchors_free(anchors);
    return good;
}
