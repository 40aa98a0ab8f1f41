/* readme.c - 000-README.txt, the first thing that a stranger sees of an archive. tests/unit/test_archive.c runs the
 * commands in it. */
#include "archive/layout.h"

/* Commands that always apply are indented by four spaces, anything else by two, so that they can be cut out and run. */
static const char before[] =
    "This is a Muniment archive: a PC of the years 1985 to 2005 - hardware, firmware and disks - sealed into one signed\n"
    "file. Nothing but ordinary tools is needed to check it and to get everything out of it again. The format is laid\n"
    "down in spec/archive.md, in this archive; the program that starts the machine is in source/muniment.tar.\n"
    "\n"
    "WHAT IS IN IT\n"
    "\n"
    "  000-README.txt        this text\n"
    "  recover.py            checks and restores everything; needs nothing but Python 3: python3 recover.py FILE FOLDER\n"
    "  spec/ source/ docs/   specification; the program; manuals and notes\n"
    "  machine.yaml          the hardware\n"
    "  description.yaml      what this machine was, where the images came from, who may use them\n"
    "  firmware/             the ROMs\n"
    "  disk/hd0/00000042.gz  64 MiB of the disk hd0, beginning at 42 * 64 MiB; one that is missing is all zeros\n"
    "  disk/hd0/00000042.map one line for each 64 KiB of it: number, kind, place in the .gz, length, SHA-256\n"
    "  disk/hd0.top          one line for each 64 MiB: number, kind (z: zeros), place in this file, length, digests\n"
    "  disk/hd0.unreadable   sectors that could not be read from the original: first, count\n"
    "  content.txt           the machine-root, which names exactly this machine, and what it is computed from\n"
    "  SHA256SUMS            the digest of every member above it\n"
    "  seal.txt              where every member is, and its digest; the size and the hash tree root of every disk\n"
    "  evidence/             the signature (Ed25519) over a statement that holds the digests of content.txt and seal.txt\n"
    "\n"
    "WITHOUT UNPACKING\n"
    "\n"
    "The file is this many bytes long, and the header of seal.txt is at this offset:\n"
    "\n";

static const char after[] =
    "\n"
    "TO CHECK IT\n"
    "\n"
    "With Python 3, this checks everything and puts all of it into FOLDER:\n"
    "\n"
    "  tar -xf \"$FILE\" recover.py\n"
    "  python3 recover.py \"$FILE\" FOLDER\n"
    "\n"
    "Without Python: in an empty folder, with FILE set to the path of this file. Each command must succeed.\n"
    "\n"
    "    tar -xf \"$FILE\"\n"
    "    sha256sum -c SHA256SUMS\n"
    "    sed -n 's/^member: \\([0-9a-f]*\\) [0-9]* [0-9]* /\\1  /p' seal.txt | sha256sum -c -\n"
    "    sed -n 's/^member: \\([0-9a-f]*\\) /\\1  /p' evidence/00000000/statement.txt | sha256sum -c -\n"
    "    cd evidence/00000000\n"
    "    openssl pkeyutl -verify -rawin -pubin -inkey key.pub -in statement.txt -sigfile statement.sig\n"
    "    cd ../..\n"
    "\n"
    "Who signed is named by the SHA-256 of the key; compare it with what the institution has published:\n"
    "\n"
    "    openssl pkey -pubin -in evidence/00000000/key.pub -outform DER | sha256sum\n"
    "\n"
    "The machine-root in content.txt is the SHA-256 of the lines before it:\n"
    "\n"
    "    root=$(sed '/^machine-root: /,$d' content.txt | sha256sum | cut -d ' ' -f 1)\n"
    "    grep \"^machine-root: $root\\$\" content.txt\n"
    "\n"
    "TO GET THE DISKS BACK\n"
    "\n"
    "In the same folder. The disk fd0 becomes fd0.img, hd0 becomes hd0.img, and so on.\n"
    "\n"
    "    sed -n 's/^disk: \\([a-z0-9]*\\) 0*\\([1-9][0-9]*\\) .*/\\1 \\2/p' seal.txt | while read -r disk size; do\n"
    "      : > \"$disk.img\"\n"
    "      for extent in disk/\"$disk\"/*.gz; do\n"
    "        [ -f \"$extent\" ] || continue\n"
    "        number=$(basename \"$extent\" .gz)\n"
    "        gunzip -c \"$extent\" | dd of=\"$disk.img\" bs=65536 seek=$(expr \"$number\" \\* 1024) conv=notrunc\n"
    "      done\n"
    "      truncate -s \"$size\" \"$disk.img\"\n"
    "    done\n"
    "\n"
    "To see that one 64 KiB piece is what was sealed, here piece 5 of extent 42 of hd0, compare the last column of\n"
    "\n"
    "  sed -n 6p disk/hd0/00000042.map\n"
    "  dd if=hd0.img bs=65536 skip=$(expr 42 \\* 1024 + 5) count=1 | sha256sum\n"
    "\n"
    "The tree above these digests (leaf: SHA-256 of a zero byte and the digest; node: SHA-256 of a one byte and both\n"
    "children; shape of RFC 9162) leads to the roots in disk/hd0.top, seal.txt and content.txt; recover.py computes it.\n";

void readme_print(struct text *t, uint64_t sealed_bytes, uint64_t seal_at)
{
    text_add(t, before, sizeof before - 1);
    text_print(t, "sealed-bytes: %015llu\nseal-at: %015llu\n", (unsigned long long)sealed_bytes,
               (unsigned long long)seal_at);
    text_add(t, after, sizeof after - 1);
}
