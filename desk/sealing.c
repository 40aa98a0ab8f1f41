/* sealing.c - see sealing.h. */
#include "desk/sealing.h"

#include <stdlib.h>
#include <string.h>

#include "bios/bios.h"
#include "desk/embedded.h"

static struct sealed_file sealed_file(const struct embedded_file *file)
{
    return file ? (struct sealed_file){.name = file->name, .bytes = file->bytes, .size = file->size}
                : (struct sealed_file){.name = NULL};
}

/* Whether the program keeps a file for itself: the firmware goes where the manifest names it, ready-made machines, the
 * desk's pages, the printer's font and a package's checker nowhere. */
static bool is_kept(const struct embedded_file *file)
{
    static const char *const kept[] = {"firmware/", "fonts/", "machines/", "package/", "web/"};

    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (!strncmp(file->name, kept[i], strlen(kept[i])))
            return true;
    return false;
}

bool desk_seal(struct seal_request *request, hex_digest machine_root, struct error *error)
{
    const struct sealed_file *own = request->files;
    size_t own_count = request->file_count, count = own_count;

    while (embedded_files[count - own_count].name)
        count++;
    struct sealed_file *files = calloc(count + 1, sizeof *files);
    if (!files)
        return error_set(error, STATUS_HOST, request->output_path, NULL, NULL, "out of memory");
    if (own_count)
        memcpy(files, own, own_count * sizeof *files);
    for (const struct embedded_file *file = embedded_files; file->name; file++)
        if (!is_kept(file))
            files[request->file_count++] = sealed_file(file);
    request->files = files;
    request->built_in_system = sealed_file(embedded_file(FIRMWARE_SYSTEM));
    request->built_in_video = sealed_file(embedded_file(FIRMWARE_VIDEO));
    request->built_in_cirrus = sealed_file(embedded_file(FIRMWARE_VIDEO_CIRRUS));
    bool good = archive_seal(request, machine_root, error);
    request->files = own;
    request->file_count = own_count;
    free(files);
    return good;
}
