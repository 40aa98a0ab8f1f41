/* signatures.c - see signatures.h. From the formats' own documents, and the signatures of PRONOM (The National
 * Archives). */
#include "formats/volumes/signatures.h"

#include <stdbool.h>
#include <string.h>

#define SIGN(text) text, sizeof(text) - 1

/* clang-format off */
/* The kinds; more than one signature may lead to one. */
enum kind {
    KIND_TEXT, KIND_HTML, KIND_XML, KIND_RTF, KIND_PDF, KIND_POSTSCRIPT, KIND_WORDPERFECT, KIND_WRITE, KIND_WORD,
    KIND_OLE, KIND_EXCEL, KIND_LOTUS, KIND_DBASE, KIND_ACCESS, KIND_BMP, KIND_PCX, KIND_TIFF, KIND_GIF, KIND_PNG,
    KIND_JPEG, KIND_WMF, KIND_WAV, KIND_AVI, KIND_MIDI, KIND_ZIP, KIND_ARJ, KIND_LZH, KIND_RAR, KIND_CAB, KIND_GZIP,
    KIND_PROGRAM, KIND_HELP, KIND_COUNT
};

static const struct file_signature kinds[KIND_COUNT] = {
    [KIND_TEXT]        = { "text",        "plain text",                              "text/plain" },
    [KIND_HTML]        = { "html",        "HTML",                                    "text/html" },
    [KIND_XML]         = { "xml",         "XML",                                     "text/xml" },
    [KIND_RTF]         = { "rtf",         "Rich Text Format",                        "text/rtf" },
    [KIND_PDF]         = { "pdf",         "PDF",                                     "application/pdf" },
    [KIND_POSTSCRIPT]  = { "postscript",  "PostScript",                              "application/postscript" },
    [KIND_WORDPERFECT] = { "wordperfect", "WordPerfect",                             "application/vnd.wordperfect" },
    [KIND_WRITE]       = { "write",       "Windows Write",                           "application/x-mswrite" },
    [KIND_WORD]        = { "word",        "Microsoft Word 1 or 2",                   "application/msword" },
    [KIND_OLE]         = { "ole",         "OLE document: Word, Excel, and others",   "application/x-ole-storage" },
    [KIND_EXCEL]       = { "excel",       "Microsoft Excel 2 to 4",                  "application/vnd.ms-excel" },
    [KIND_LOTUS]       = { "lotus",       "Lotus 1-2-3 worksheet",                   "application/vnd.lotus-1-2-3" },
    [KIND_DBASE]       = { "dbase",       "dBASE table",                             "application/x-dbf" },
    [KIND_ACCESS]      = { "access",      "Microsoft Access database",               "application/x-msaccess" },
    [KIND_BMP]         = { "bmp",         "Windows bitmap",                          "image/bmp" },
    [KIND_PCX]         = { "pcx",         "PCX picture",                             "image/x-pcx" },
    [KIND_TIFF]        = { "tiff",        "TIFF picture",                            "image/tiff" },
    [KIND_GIF]         = { "gif",         "GIF picture",                             "image/gif" },
    [KIND_PNG]         = { "png",         "PNG picture",                             "image/png" },
    [KIND_JPEG]        = { "jpeg",        "JPEG picture",                            "image/jpeg" },
    [KIND_WMF]         = { "wmf",         "Windows metafile",                        "image/wmf" },
    [KIND_WAV]         = { "wav",         "WAVE sound",                              "audio/x-wav" },
    [KIND_AVI]         = { "avi",         "AVI film",                                "video/x-msvideo" },
    [KIND_MIDI]        = { "midi",        "MIDI file",                               "audio/midi" },
    [KIND_ZIP]         = { "zip",         "ZIP archive",                             "application/zip" },
    [KIND_ARJ]         = { "arj",         "ARJ archive",                             "application/x-arj" },
    [KIND_LZH]         = { "lzh",         "LHA archive",                             "application/x-lzh" },
    [KIND_RAR]         = { "rar",         "RAR archive",                             "application/vnd.rar" },
    [KIND_CAB]         = { "cab",         "cabinet",                                 "application/vnd.ms-cab-compressed" },
    [KIND_GZIP]        = { "gzip",        "gzip file",                               "application/gzip" },
    [KIND_PROGRAM]     = { "program",     "program for DOS or Windows",              "application/x-dosexec" },
    [KIND_HELP]        = { "help",        "Windows help",                            "application/winhlp" },
};

/* Which bytes stand where, the most telling first. */
static const struct {
    uint16_t at;
    const char *bytes;
    uint8_t size, kind;
} signatures[] = {
    { 0, SIGN("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), KIND_OLE },
    { 4, SIGN("Standard Jet DB"), KIND_ACCESS },
    { 0, SIGN("\x89PNG\r\n\x1A\n"), KIND_PNG },
    { 0, SIGN("%PDF-"), KIND_PDF },
    { 0, SIGN("%!PS"), KIND_POSTSCRIPT },
    { 0, SIGN("\xC5\xD0\xD3\xC6"), KIND_POSTSCRIPT },
    { 0, SIGN("{\\rtf"), KIND_RTF },
    { 0, SIGN("\xFFWPC"), KIND_WORDPERFECT },
    { 0, SIGN("\x31\xBE\0\0\0\xAB"), KIND_WRITE },
    { 0, SIGN("\x32\xBE\0\0\0\xAB"), KIND_WRITE },
    { 0, SIGN("\x9B\xA5"), KIND_WORD },
    { 0, SIGN("\xDB\xA5"), KIND_WORD },
    { 0, SIGN("\x09\0\x04\0"), KIND_EXCEL },
    { 0, SIGN("\x09\x02\x06\0"), KIND_EXCEL },
    { 0, SIGN("\x09\x04\x06\0"), KIND_EXCEL },
    { 0, SIGN("\0\0\x02\0\x04\x04"), KIND_LOTUS },
    { 0, SIGN("\0\0\x02\0\x06\x04"), KIND_LOTUS },
    { 0, SIGN("\0\0\x1A\0"), KIND_LOTUS },
    { 0, SIGN("GIF8"), KIND_GIF },
    { 0, SIGN("\xFF\xD8\xFF"), KIND_JPEG },
    { 0, SIGN("II*\0"), KIND_TIFF },
    { 0, SIGN("MM\0*"), KIND_TIFF },
    { 0, SIGN("\xD7\xCD\xC6\x9A"), KIND_WMF },
    { 0, SIGN("\x01\0\x09\0\0\x03"), KIND_WMF },
    { 8, SIGN("WAVE"), KIND_WAV },
    { 8, SIGN("AVI "), KIND_AVI },
    { 0, SIGN("MThd"), KIND_MIDI },
    { 0, SIGN("PK\x03\x04"), KIND_ZIP },
    { 0, SIGN("PK\x05\x06"), KIND_ZIP },
    { 0, SIGN("\x60\xEA"), KIND_ARJ },
    { 2, SIGN("-lh"), KIND_LZH },
    { 2, SIGN("-lz"), KIND_LZH },
    { 0, SIGN("Rar!\x1A\x07"), KIND_RAR },
    { 0, SIGN("MSCF\0\0\0\0"), KIND_CAB },
    { 0, SIGN("\x1F\x8B\x08"), KIND_GZIP },
    { 0, SIGN("\x3F\x5F\x03\0"), KIND_HELP },
    { 0, SIGN("<?xml"), KIND_XML },
    { 0, SIGN("<!DOCTYPE HTML"), KIND_HTML },
    { 0, SIGN("<!DOCTYPE html"), KIND_HTML },
    { 0, SIGN("<HTML"), KIND_HTML },
    { 0, SIGN("<html"), KIND_HTML },
    { 0, SIGN("MZ"), KIND_PROGRAM },
};
/* clang-format on */

/* A bitmap states its own length or 0 in bytes 6 to 9, which two letters alone do not show. */
static bool is_bitmap(const uint8_t *h, size_t size)
{
    return size >= 18 && h[0] == 'B' && h[1] == 'M' && !h[6] && !h[7] && !h[8] && !h[9] && (h[14] == 12 || h[14] == 40);
}

static bool is_pcx(const uint8_t *h, size_t size)
{
    return size >= 128 && h[0] == 10 && h[1] <= 5 && h[2] <= 1 && (h[3] == 1 || h[3] == 2 || h[3] == 4 || h[3] == 8) &&
           h[64] == 0;
}

/* A table: version, a date that can be one, lengths of header and record that go together, and zeros. */
static bool is_dbase(const uint8_t *h, size_t size)
{
    return size >= 65 && (h[0] == 0x02 || h[0] == 0x03 || h[0] == 0x83 || h[0] == 0x8B || h[0] == 0xF5) && h[2] >= 1 &&
           h[2] <= 12 && h[3] >= 1 && h[3] <= 31 && (h[8] | h[9] << 8) >= 65 && (h[10] | h[11] << 8) >= 2 && !h[12] &&
           !h[13];
}

/* Text of DOS or Windows: no controls but those of a printer and the end of the file, of whatever code page. */
static bool is_text(const uint8_t *h, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((h[i] < ' ' && !strchr("\t\n\v\f\r\x1A\x1B\b", h[i])) || h[i] == 0 || h[i] == 0x7F)
            return false;
    return size > 0;
}

const struct file_signature *signature_of(const uint8_t *head, size_t size)
{
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++)
        if (signatures[i].at + (size_t)signatures[i].size <= size &&
            !memcmp(head + signatures[i].at, signatures[i].bytes, signatures[i].size))
            return &kinds[signatures[i].kind];
    return is_bitmap(head, size)  ? &kinds[KIND_BMP]
           : is_dbase(head, size) ? &kinds[KIND_DBASE]
           : is_pcx(head, size)   ? &kinds[KIND_PCX]
           : is_text(head, size)  ? &kinds[KIND_TEXT]
                                  : NULL;
}

const struct file_signature *signature_named(const char *name)
{
    for (int i = 0; i < KIND_COUNT; i++)
        if (!strcmp(kinds[i].name, name))
            return &kinds[i];
    return NULL;
}
