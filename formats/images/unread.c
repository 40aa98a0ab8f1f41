/* unread.c - images and packed files of formats that are known but not read here: named, and never taken for raw
 * without --format raw. By the formats' own documents, and the signatures of PRONOM (The National Archives). */
#include "formats/images/image.h"

#include <string.h>

#define SIGN(text) text, sizeof(text) - 1
#define TAIL 0x1000 /* offsets from here on lie in the last sector of the file */
#define QEMU_IMG "convert it: qemu-img convert -O raw"
#define UNPACK "unpack it"
#define MAKER "restore it to a disk with the program that made it, and image that"
#define FLUX "convert it to a raw image"
#define PARTS "join the parts, or unpack them"

static const struct {
    const char *name;
    uint16_t offset;
    const char *bytes;
    uint8_t length;
    const char *remedy;
} formats[] = {
    {"VHDX image", 0, SIGN("vhdxfile"), QEMU_IMG},
    {"qcow image, version 1", 0, SIGN("QFI\xFB\0\0\0\1"), QEMU_IMG},
    {"QED image", 0, SIGN("QED\0"), QEMU_IMG},
    {"Parallels image", 0, SIGN("WithoutFreeSpace"), QEMU_IMG},
    {"Parallels image", 0, SIGN("WithouFreSpacExt"), QEMU_IMG},
    {"Bochs image", 0, SIGN("Bochs Virtual HD Image"), QEMU_IMG},
    {"Apple disk image", TAIL, SIGN("koly"), QEMU_IMG},
    {"Apple disk image, encrypted", 0, SIGN("encrcdsa"), MAKER},
    {"EnCase 7 image (Ex01)", 0, SIGN("EVF2\r\n\x81\0"), "convert it: ewfexport"},
    {"EnCase 7 logical evidence (Lx01)", 0, SIGN("LEF2\r\n\x81\0"), "it holds files, and no disk"},
    {"EnCase logical evidence (L01)", 0, SIGN("LVF\t\r\n\xFF\0"), "it holds files, and no disk"},
    {"AFF image", 0, SIGN("AFF10\r\n\0"), "convert it: affconvert -r"},
    {"Nero disc image", TAIL + SECTOR_SIZE - 12, SIGN("NER5"), "convert it to a cue sheet"},
    {"Nero disc image", TAIL + SECTOR_SIZE - 8, SIGN("NERO"), "convert it to a cue sheet"},
    {"media descriptor (MDS)", 0, SIGN("MEDIA DESCRIPTOR"), "convert it to a cue sheet"},
    {"Norton Ghost image", 0, SIGN("\xFE\xEF\1"), MAKER},
    {"Acronis True Image backup", 0, SIGN("\xB4\x6E\x68\x44"), MAKER},
    {"NTBackup file (Microsoft Tape Format)", 0, SIGN("TAPE"), MAKER},
    {"Windows image (WIM)", 0, SIGN("MSWIM\0\0\0"), "it holds files, and no disk"},
    {"partclone image", 0, SIGN("partclone-image"), MAKER},
    {"Partimage image", 0, SIGN("PaRtImAgE-VoLuMe"), MAKER},
    {"ntfsclone image", 0, SIGN("\0ntfsclone-image"), MAKER},
    {"SaveDskF image", 0, SIGN("\xAA\x58\xF0\0\0\2"), MAKER},
    {"SaveDskF image", 0, SIGN("\xAA\x59\xF0\0\0\2"), MAKER},
    {"SaveDskF image", 0, SIGN("\xAA\x5A\xF0\0\0\2"), MAKER},
    {"HxC floppy image (HFE)", 0, SIGN("HXCPICFE"), FLUX},
    {"HxC floppy image (HFE)", 0, SIGN("HXCHFEV3"), FLUX},
    {"floppy image of MAME (MFI)", 0, SIGN("MESSFLOPPYIMAGE"), FLUX},
    {"floppy image of MAME (MFI)", 0, SIGN("MAMEFLOPPYIMAGE"), FLUX},
    {"floppy image of 86Box (86F)", 0, SIGN("86BF"), FLUX},
    {"Interchangeable Preservation Format image (IPF)", 0, SIGN("CAPS\0\0\0\x0C"), FLUX},
    {"Applesauce flux image (A2R)", 0, SIGN("A2R2\xFF\n\r\n"), FLUX},
    {"Applesauce flux image (A2R)", 0, SIGN("A2R3\xFF\n\r\n"), FLUX},
    {"CPC floppy image", 0, SIGN("EXTENDED CPC DSK"), FLUX},
    {"CPC floppy image", 0, SIGN("MV - CPC"), FLUX},
    {"zip file in several parts", 0, SIGN("PK\7\x08"), PARTS},
    {"RAR file", 0, SIGN("Rar!\x1A\7"), UNPACK},
    {"cabinet", 0, SIGN("MSCF\0\0\0\0"), UNPACK},
    {"LHA file", 2, SIGN("-lh"), UNPACK},
    {"compress file", 0, SIGN("\x1F\x9D\x90"), UNPACK},
    {"lzip file", 0, SIGN("LZIP\1"), UNPACK},
    {"lzop file", 0, SIGN("\x89LZO\0\r\n\x1A\n"), UNPACK},
    {"LZ4 file", 0, SIGN("\x04\x22\x4D\x18"), UNPACK},
};

bool unread_refuse(struct image *image, const struct probe *probe, struct error *error)
{
    char remedy[128];

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        const uint8_t *at = formats[i].offset < TAIL ? probe->head + formats[i].offset
                                                     : probe->tail + (formats[i].offset - TAIL);

        if (memcmp(at, formats[i].bytes, formats[i].length) != 0)
            continue;
        snprintf(image->info.title, sizeof image->info.title, "%s", formats[i].name);
        snprintf(remedy, sizeof remedy, "%s; --format raw takes the file as it is", formats[i].remedy);
        return error_set(error, STATUS_INPUT, image_path(image), NULL, remedy, "is of a format that is not read: %s",
                         formats[i].name);
    }
    return true;
}
