/* opening.c - see opening.h. */
#include "desk/opening.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "archive/archive.h"
#include "desk/jobs.h"
#include "desk/seat.h"

static const struct {
    const char *made, *kept; /* in the folder of who makes it; after its name among the openings */
} opening_files[] = {{"journal", ".journal"}, {"checkpoint.0", ".snapshot"}, {"picture.png", ".png"}};

bool opening_name(const char *state, const char *path, char name[PATH_MAX])
{
    struct stat status, program;
    uint8_t digest[DIGEST_SIZE];
    char text[PATH_MAX + 128], hex[65];

    if (stat(path, &status))
        return false;
    if (stat("/proc/self/exe", &program))
        memset(&program, 0, sizeof program);
    snprintf(text, sizeof text, "%s %lld %lld %ld %lld %lld", path, (long long)status.st_size,
             (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec, (long long)program.st_size,
             (long long)program.st_mtim.tv_sec);
    sha256(text, strlen(text), digest);
    hex_encode(digest, hex);
    snprintf(name, PATH_MAX, "%.3900s/openings/%.32s", state, hex);
    return true;
}

void opening_path(const char *name, enum opening_file file, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%.4000s%s", name, opening_files[file].kept);
}

void opening_made(const char *folder, enum opening_file file, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%.4000s/%s", folder, opening_files[file].made);
}

bool opening_keep(const char *folder, const char *name)
{
    char from[PATH_MAX], to[PATH_MAX];
    bool good = true;

    for (unsigned i = 0; i < OPENING_FILES && good; i++) {
        opening_made(folder, i, from);
        opening_path(name, i, to);
        good = rename(from, to) == 0;
    }
    return good;
}

void opening_use(const char *name, const char *folder)
{
    char path[PATH_MAX], from[PATH_MAX], journal[PATH_MAX];
    int out = -1;

    snprintf(journal, sizeof journal, "%.4000s/" SEAT_JOURNAL, folder);
    snprintf(path, sizeof path, "%.4000s/%s", folder, seat_checkpoints[SEAT_CHECKPOINTS - 1]);
    opening_path(name, OPENING_SNAPSHOT, from);
    if (link(from, path) == 0)
        out = open(journal, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    opening_path(name, OPENING_JOURNAL, from);
    if (out >= 0 && !job_copy(from, out))
        unlink(journal); /* from power-on, then */
    if (out >= 0)
        close(out);
}

void opening_forget(const char *state)
{
    const time_t oldest = time(NULL) - OPENING_DAYS * 86400;
    char folder[PATH_MAX], path[PATH_MAX];
    struct dirent *entry;
    struct stat status;
    DIR *dir;

    snprintf(folder, sizeof folder, "%.3900s/openings", state);
    dir = opendir(folder);
    while (dir && (entry = readdir(dir))) {
        snprintf(path, sizeof path, "%.3900s/%.150s", folder, entry->d_name);
        if (lstat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_mtime < oldest)
            unlink(path);
    }
    if (dir)
        closedir(dir);
}
