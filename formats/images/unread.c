/* unread.c - images and packed files of formats that are known but not read here: named, and never taken for raw
 * without --format raw. By the formats' own documents, the signatures of PRONOM (The National Archives), and those of
 * file(1). A signature with which a boot sector might begin counts only where more of the header agrees. */
#include "formats/images/image.h"

#include <string.h>

#include <zlib.h>

#define SIGN(text) text, sizeof(text) - 1
#define TAIL 0x1000 /* offsets from here on lie in the last sector of the file */
#define QEMU_IMG "convert it: qemu-img convert -O raw"
#define UNPACK "unpack it"
#define MAKER "restore it to a disk with the program that made it, and image that"
#define RAW "convert it to a raw image"
#define PARTS "join the parts, or unpack them"
#define CUE "convert it to a cue sheet"
#define ISO "convert it to an ISO image"

/* --- What else a header has --- */

/* ARJ's technical information (R. Jung): the main header, and its CRC-32. */
static bool is_arj(const struct probe *probe)
{
    uint16_t size = get_le16(probe->head + 2);

    return size >= 30 && size <= 2600 && crc32(0, probe->head + 4, size) == get_le32(probe->head + 4 + size);
}

/* ARC (System Enhancement Associates): a method, a name as DOS has it, and a length that the file can hold. */
static bool is_arc(const struct probe *probe)
{
    const uint8_t *head = probe->head;
    size_t length = 0;

    while (length < 13 && head[2 + length] > ' ' && head[2 + length] <= '~')
        length++;
    return head[1] >= 1 && head[1] <= 11 && length >= 1 && length <= 12 && head[2 + length] == 0 &&
           get_le32(head + 15) < probe->size;
}

/* SuperCard Pro image file specification 2.5 (J. Drew): tracks, heads, and the header of the first track. */
static bool is_scp(const struct probe *probe)
{
    const uint8_t *head = probe->head;
    uint32_t first = get_le32(head + 0x10 + 4 * head[6]);

    return head[5] >= 1 && head[6] <= head[7] && head[7] < 168 && head[10] <= 2 && first >= 0x10 && first < 0x400 &&
           !memcmp(head + first, "TRK", 3) && head[first + 3] == head[6];
}

/* KryoFlux stream protocol (Software Preservation Society): blocks out of band with their lengths, first and last. */
static bool is_kryoflux(const struct probe *probe)
{
    static const uint8_t lengths[] = {[1] = 8, [2] = 12, [3] = 8};
    uint8_t type = probe->head[1];
    uint16_t length = get_le16(probe->head + 2);

    return (type == 4 ? length > 0 && length < 2048 : type >= 1 && type <= 3 && length == lengths[type]) &&
           !memcmp(probe->tail + SECTOR_SIZE - 4, "\r\r\r\r", 4);
}

/* Central Point's TransCopy 5: kind of disk, first and last cylinder, sides. */
static bool is_transcopy(const struct probe *probe)
{
    const uint8_t *at = probe->head + 0x100;

    return ((at[0] >= 2 && at[0] <= 8) || at[0] == 0xFF) && at[1] <= at[2] && at[2] < 100 &&
           (at[3] == 1 || at[3] == 2) && at[4] >= 1 && at[4] <= 4;
}

/* D. Keil's DMK: as long as its tracks are, and the first one begins with a mark of a sector. */
static bool is_dmk(const struct probe *probe)
{
    const uint8_t *head = probe->head;
    uint16_t track = get_le16(head + 2), mark = get_le16(head + 16) & 0x3FFF;

    return (head[0] == 0 || head[0] == 0xFF) && head[1] > 0 && mark >= 128 && mark < track && track < 0x4000 &&
           16u + mark < probe->head_size && head[16 + mark] == 0xFE &&
           probe->size == 16 + (uint64_t)head[1] * track * (head[4] & 0x10 ? 1 : 2);
}

/* D88 of the PC-88's emulators: kind of disk, its length, and where its first track is. */
static bool is_d88(const struct probe *probe)
{
    const uint8_t *head = probe->head;
    uint32_t first = get_le32(head + 0x20);

    return (head[0x1A] == 0 || head[0x1A] == 0x10) && head[0x1B] % 16 == 0 && head[0x1B] <= 0x40 &&
           (first == 0x2A0 || first == 0x2B0) && get_le32(head + 0x1C) > first && get_le32(head + 0x1C) <= probe->size;
}

/* HDI and FDI of Anex86: the file is as long as header and disk, and the disk as its geometry. */
static bool is_anex86(const struct probe *probe)
{
    const uint8_t *head = probe->head;
    uint64_t header = get_le32(head + 8), size = get_le32(head + 12);

    return header >= 32 && size > 0 && header + size == probe->size && get_le32(head + 20) < 256 &&
           get_le32(head + 24) < 256 &&
           (uint64_t)get_le32(head + 16) * get_le32(head + 20) * get_le32(head + 24) * get_le32(head + 28) == size;
}

/* Magic Shadow Archiver: sectors, sides, first and last track. */
static bool is_msa(const struct probe *probe)
{
    const uint8_t *head = probe->head;
    uint16_t sectors = get_be16(head + 2), length = get_be16(head + 10);

    return sectors >= 8 && sectors <= 40 && get_be16(head + 4) <= 1 && get_be16(head + 6) <= get_be16(head + 8) &&
           get_be16(head + 8) < 100 && length > 0 && length <= sectors * SECTOR_SIZE;
}

/* DiskCopy 4.2 (Apple II file type note $E0/8005): a name, and the file is as long as its data and tags. */
static bool is_diskcopy(const struct probe *probe)
{
    uint64_t data = get_be32(probe->head + 64), tags = get_be32(probe->head + 68);

    return probe->head[0] >= 1 && probe->head[0] < 64 && data >= SECTOR_SIZE && 84 + data + tags == probe->size;
}

/* The length of ProDOS' 2IMG header, and its version. */
static bool is_2img(const struct probe *probe)
{
    return get_le16(probe->head + 8) == 64 && get_le16(probe->head + 10) <= 1;
}

/* DiscJuggler: where its table of contents is. */
static bool is_cdi(const struct probe *probe)
{
    uint32_t version = get_le32(probe->tail + SECTOR_SIZE - 8), offset = get_le32(probe->tail + SECTOR_SIZE - 4);

    return version >= 0x80000004 && version <= 0x80000006 && offset > 0 && offset < probe->size;
}

/* --- The formats --- */

struct signature {
    const char *name;
    uint16_t offset;
    const char *bytes;
    uint8_t length;
    const char *remedy;
};

static const struct signature sure[] = {
    {"VHDX image", 0, SIGN("vhdxfile"), QEMU_IMG},
    {"qcow image, version 1", 0, SIGN("QFI\xFB\0\0\0\1"), QEMU_IMG},
    {"QED image", 0, SIGN("QED\0"), QEMU_IMG},
    {"Parallels image", 0, SIGN("WithoutFreeSpace"), QEMU_IMG},
    {"Parallels image", 0, SIGN("WithouFreSpacExt"), QEMU_IMG},
    {"Bochs image", 0, SIGN("Bochs Virtual HD Image"), QEMU_IMG},
    {"Bochs image, sparse", 0, SIGN("\xCE\x8A\x46\2"), QEMU_IMG}, /* Bochs' hdimage.h */
    {"cloop image", 0, SIGN("#!/bin/sh\n#V2.0 Format\n"), QEMU_IMG},
    {"squashfs file", 0, SIGN("hsqs"), UNPACK},
    {"MAME disk image (CHD)", 0, SIGN("MComprHD"), "convert it: chdman"},
    {"PC-98 disk image (NHD)", 0, SIGN("T98HDDIMAGE.R0\0"), RAW},
    {"PC-98 floppy image (NFD)", 0, SIGN("T98FDDIMAGE.R"), RAW},
    {"Apple disk image", TAIL, SIGN("koly"), QEMU_IMG},
    {"Apple disk image, encrypted", 0, SIGN("encrcdsa"), MAKER},
    {"Apple disk image, sparse", 0, SIGN("sprs"), MAKER},
    {"EnCase 7 image (Ex01)", 0, SIGN("EVF2\r\n\x81\0"), "convert it: ewfexport"},
    {"EnCase 7 logical evidence (Lx01)", 0, SIGN("LEF2\r\n\x81\0"), "it holds files, and no disk"},
    {"EnCase logical evidence (L01)", 0, SIGN("LVF\t\r\n\xFF\0"), "it holds files, and no disk"},
    {"AFF image", 0, SIGN("AFF10\r\n\0"), "convert it: affconvert -r"},
    {"Nero disc image", TAIL + SECTOR_SIZE - 12, SIGN("NER5"), CUE},
    {"Nero disc image", TAIL + SECTOR_SIZE - 8, SIGN("NERO"), CUE},
    {"media descriptor (MDS)", 0, SIGN("MEDIA DESCRIPTOR"), CUE},
    {"BlindWrite disc image", 0, SIGN("BWT4 STREAM SIGN"), CUE},
    {"BlindWrite disc image", 0, SIGN("BWT5 STREAM SIGN"), CUE},
    {"compressed ISO image (CSO)", 0, SIGN("CISO"), ISO},
    {"compressed ISO image (ZSO)", 0, SIGN("ZISO"), ISO},
    {"compressed ISO image (JSO)", 0, SIGN("JISO"), ISO},
    {"compressed ISO image (DAX)", 0, SIGN("DAX\0"), ISO},
    {"compressed ISO image (ISZ)", 0, SIGN("IsZ!"), ISO},
    {"compressed disc image (ECM)", 0, SIGN("ECM\0"), "unpack it: unecm"},
    {"PowerISO disc image (DAA)", 0, SIGN("DAA\0\0\0\0\0"), ISO},
    {"PowerQuest Drive Image", 0, SIGN("\x77\x89\x26\x12"), MAKER}, /* versions 2 and 3, by PQdi 1.30 (2002) */
    {"PowerQuest Drive Image", 0, SIGN("\x78\x89\x26\x12"), MAKER}, /* versions 4 to 7 */
    {"Norton Ghost image", 0, SIGN("\xFE\xEF\1"), MAKER},
    {"Acronis True Image backup", 0, SIGN("\xB4\x6E\x68\x44"), MAKER},
    {"Acronis True Image backup", 0, SIGN("\xCE\x24\xB9\xA2\x20\0\0\0"), MAKER},
    {"NTBackup file (Microsoft Tape Format)", 0, SIGN("TAPE"), MAKER},
    {"Windows image (WIM)", 0, SIGN("MSWIM\0\0\0"), "it holds files, and no disk"},
    {"partclone image", 0, SIGN("partclone-image"), MAKER},
    {"Partimage image", 0, SIGN("PaRtImAgE-VoLuMe"), MAKER},
    {"ntfsclone image", 0, SIGN("\0ntfsclone-image"), MAKER},
    {"FSArchiver file", 0, SIGN("FsA0"), "it holds files, and no disk"},
    {"SaveDskF image", 0, SIGN("\xAA\x58\xF0\0\0\2"), MAKER},
    {"SaveDskF image", 0, SIGN("\xAA\x59\xF0\0\0\2"), MAKER},
    {"SaveDskF image", 0, SIGN("\xAA\x5A\xF0\0\0\2"), MAKER},
    {"Compaq floppy image (QRST)", 0, SIGN("QRST\0\0"), RAW}, /* LibDsk's documents */
    {"HxC floppy image (HFE)", 0, SIGN("HXCPICFE"), RAW},
    {"HxC floppy image (HFE)", 0, SIGN("HXCHFEV3"), RAW},
    {"floppy image of MAME (MFI)", 0, SIGN("MESSFLOPPYIMAGE"), RAW},
    {"floppy image of MAME (MFI)", 0, SIGN("MAMEFLOPPYIMAGE"), RAW},
    {"floppy image of 86Box (86F)", 0, SIGN("86BF"), RAW},
    {"Interchangeable Preservation Format image (IPF)", 0, SIGN("CAPS\0\0\0\x0C"), RAW},
    {"Applesauce flux image (A2R)", 0, SIGN("A2R2\xFF\n\r\n"), RAW},
    {"Applesauce flux image (A2R)", 0, SIGN("A2R3\xFF\n\r\n"), RAW},
    {"Applesauce floppy image (WOZ)", 0, SIGN("WOZ1\xFF\n\r\n"), RAW},
    {"Applesauce floppy image (WOZ)", 0, SIGN("WOZ2\xFF\n\r\n"), RAW},
    {"Applesauce floppy image (MOOF)", 0, SIGN("MOOF\xFF\n\r\n"), RAW},
    {"DiscFerret flux image (DFI)", 0, SIGN("DFE2"), RAW},
    {"PCE floppy image (PSI)", 0, SIGN("PSI \0\0\0"), RAW},
    {"PCE floppy image (PRI)", 0, SIGN("PRI \0\0\0"), RAW},
    {"PCE flux image (PFI)", 0, SIGN("PFI \0\0\0"), RAW},
    {"Formatted Disk Image (FDI)", 0, SIGN("Formatted Disk Image file\r\n"), RAW},
    {"Atari ST floppy image (Pasti)", 0, SIGN("RSY\0"), RAW},
    {"CPC floppy image", 0, SIGN("EXTENDED CPC DSK"), RAW},
    {"CPC floppy image", 0, SIGN("MV - CPC"), RAW},
    {"zip file in several parts", 0, SIGN("PK\7\x08"), PARTS},
    {"RAR file", 0, SIGN("Rar!\x1A\7"), UNPACK},
    {"cabinet", 0, SIGN("MSCF\0\0\0\0"), UNPACK},
    {"ZOO file", 20, SIGN("\xDC\xA7\xC4\xFD"), UNPACK},
    {"ACE file", 7, SIGN("**ACE**"), UNPACK},
    {"StuffIt file", 10, SIGN("rLau"), UNPACK},
    {"StuffIt file", 0, SIGN("StuffIt (c)1997-"), UNPACK},
    {"LHA file", 2, SIGN("-lh"), UNPACK},
    {"compress file", 0, SIGN("\x1F\x9D\x90"), UNPACK},
    {"lzip file", 0, SIGN("LZIP\1"), UNPACK},
    {"lzop file", 0, SIGN("\x89LZO\0\r\n\x1A\n"), UNPACK},
    {"LZ4 file", 0, SIGN("\x04\x22\x4D\x18"), UNPACK},
};

static const struct {
    struct signature signature;
    bool (*agrees)(const struct probe *probe);
} with_more[] = {
    {{"PC-98 disk image (HDI, FDI)", 0, SIGN("\0\0\0\0"), RAW}, is_anex86},
    {{"Apple DiskCopy image", 82, SIGN("\1\0"), RAW}, is_diskcopy},
    {{"Apple II disk image (2IMG)", 0, SIGN("2IMG"), RAW}, is_2img},
    {{"DiscJuggler disc image", TAIL + SECTOR_SIZE - 5, SIGN("\x80"), CUE}, is_cdi}, /* libmirage */
    {{"SuperCard Pro flux image (SCP)", 0, SIGN("SCP"), RAW}, is_scp},
    {{"KryoFlux stream of one track", 0, SIGN("\r"), "convert all tracks to one raw image"}, is_kryoflux},
    {{"TransCopy floppy image", 0, SIGN("\x5A\xA5"), RAW}, is_transcopy},
    {{"TRS-80 floppy image (DMK)", 5, SIGN("\0\0\0\0\0\0\0"), RAW}, is_dmk},
    {{"PC-88 floppy image (D88)", 17, SIGN("\0\0\0\0\0\0\0\0\0"), RAW}, is_d88},
    {{"Atari ST floppy image (MSA)", 0, SIGN("\x0E\x0F"), RAW}, is_msa},
    {{"ARJ file", 0, SIGN("\x60\xEA"), UNPACK}, is_arj},
    {{"ARC file", 0, SIGN("\x1A"), UNPACK}, is_arc},
};

static bool has(const struct probe *probe, const struct signature *s)
{
    const uint8_t *at = s->offset < TAIL ? probe->head + s->offset : probe->tail + (s->offset - TAIL);

    return memcmp(at, s->bytes, s->length) == 0;
}

static const struct signature *find(const struct probe *probe)
{
    for (size_t i = 0; i < sizeof sure / sizeof sure[0]; i++)
        if (has(probe, &sure[i]))
            return &sure[i];
    for (size_t i = 0; i < sizeof with_more / sizeof with_more[0]; i++)
        if (has(probe, &with_more[i].signature) && with_more[i].agrees(probe))
            return &with_more[i].signature;
    return NULL;
}

bool unread_refuse(struct image *image, const struct probe *probe, struct error *error)
{
    const struct signature *format = find(probe);
    char remedy[128];

    if (!format)
        return true;
    snprintf(image->info.title, sizeof image->info.title, "%s", format->name);
    snprintf(remedy, sizeof remedy, "%s; --format raw takes the file as it is", format->remedy);
    return error_set(error, STATUS_INPUT, image_path(image), NULL, remedy, "is of a format that is not read: %s",
                     format->name);
}
