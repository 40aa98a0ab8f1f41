/* host_verdict.c - the closing words of a script that compares outputs with those of this host's processor (host.h).
 *
 * usage: host_verdict PASSED DIFFER FIRST     exits with 0, 1, or 77: not judged */
#include <stdio.h>
#include <stdlib.h>

#include "tests/host.h"

int main(int argc, char **argv)
{
    struct host host;
    const char *problem = host_identify(&host);

    if (argc != 4)
        return fprintf(stderr, "usage: host_verdict PASSED DIFFER FIRST\n"), 2;
    if (problem)
        return printf("%s\n", problem), 77;
    return host_verdict(&host, strtoul(argv[1], NULL, 10), strtoul(argv[2], NULL, 10), argv[3]);
}
