/* output.c - writing whole files or none. */
#include "desk/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool output_open(struct output *output, const char *path, struct error *error)
{
    struct stat status;

    *output = (struct output){ .path = path };
    if (!strcmp(path, "-")) {
        output->file = stdout;
        return true;
    }
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        output->file = fopen(path, "wb");
        return output->file || error_host(error, path, errno, "cannot open");
    }
    int length = snprintf(output->temporary, sizeof(output->temporary), "%s.%ld.tmp", path, (long)getpid());
    if (length < 0 || (size_t)length >= sizeof(output->temporary))
        return error_host(error, path, ENAMETOOLONG, "cannot create");
    int descriptor = open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0)
        return error_host(error, path, errno, "cannot create");
    output->file = fdopen(descriptor, "wb");
    if (output->file)
        return true;
    int reason = errno;
    close(descriptor);
    unlink(output->temporary);
    return error_host(error, path, reason, "cannot create");
}

bool output_commit(struct output *output, struct error *error)
{
    bool good = fflush(output->file) == 0 && !ferror(output->file);
    int reason = errno;

    if (output->file == stdout) {
        output->file = NULL;
        return good || error_host(error, "standard output", reason, "cannot write");
    }
    if (good && output->temporary[0] && fsync(fileno(output->file)) != 0) {
        good = false;
        reason = errno;
    }
    if (fclose(output->file) != 0 && good) {
        good = false;
        reason = errno;
    }
    output->file = NULL;
    if (good && output->temporary[0] && rename(output->temporary, output->path) != 0) {
        good = false;
        reason = errno;
    }
    if (good)
        return true;
    if (output->temporary[0])
        unlink(output->temporary);
    return error_host(error, output->path, reason, "cannot write");
}

void output_abort(struct output *output)
{
    if (!output->file)
        return;
    if (output->file != stdout)
        fclose(output->file);
    if (output->temporary[0])
        unlink(output->temporary);
    output->file = NULL;
}
