/* embedded.h - files that the build puts into the program as bytes: what is sealed with every machine, and the built-in
 * firmware.
 *
 * desk/embed.sh generates the table. Names are paths as below, relative to the repository; tests/runner has the
 * firmware only:
 *
 *   spec/NAME.md           each normative document
 *   docs/..., recover.py   what else travels in every archive
 *   source/muniment.tar    the program's own source
 *   machines/NAME.yaml     a ready-made machine (manifests/machines/)
 *   web/...                the desk's pages (desk/web/), and noVNC in web/novnc/
 *   fonts/font8x16.hex     the letters of a printer (bios/)
 *   package/check.py       what checks a package of retrieval
 *   firmware/system-0.bin  the system BIOS, built-in version 0 (bios/versions/)
 *   firmware/video-0.bin   the VGA BIOS, built-in version 0
 *   firmware/video-cirrus-0.bin   the same for a Cirrus chip */
#ifndef MUNIMENT_DESK_EMBEDDED_H
#define MUNIMENT_DESK_EMBEDDED_H

#include <stddef.h>
#include <stdint.h>

struct embedded_file {
    const char *name;
    const uint8_t *bytes;
    size_t size;
};

extern const struct embedded_file embedded_files[]; /* ends with a null name */

/* One of them by its name; null when the program was built without it. */
const struct embedded_file *embedded_file(const char *name);

#endif
