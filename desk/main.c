/* main.c - the command `muniment`: finds the subcommand, reads its arguments, runs it. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "desk/act.h"
#include "desk/desk.h"
#include "desk/set.h"
#include "desk/layouts.h"
#include "desk/progress.h"
#include "desk/rights.h"

#define MANY 100000 /* operands of a command that takes any number */

/* clang-format off */
#define LIBRARY_OPTION \
    { "--library", "FOLDER", "where the parents of a derived archive lie, if not beside it (may be repeated)", true, false }
#define TRUST_OPTIONS \
    { "--trust", "PUB", "public key, root, certificate, revocation or folder of these, for signers to trust (may be repeated);\nan archive for which none of them vouches is refused", true, false }, \
    LIBRARY_OPTION, EVIDENCE_OPTIONS
#define FOLLOW_OPTION \
    { "--follow", NULL, "open the files that an image names (backing file, extent, parent), in its own folder", false, false }
#define MEMBER_OPTIONS \
    { "--member", "NAME", "which file of a zip, 7z or tar file is the image", false, false }, \
    FOLLOW_OPTION
#define IMAGE_OPTIONS \
    { "--format", "FORMAT", "the image is in this format, whatever it looks like: raw, qcow2 ...", false, false }, \
    MEMBER_OPTIONS
#define SLOT_OPTIONS \
    { "--format", "[SLOT:]FORMAT", "the images are (fd0, hd0 ...: this one is) in this format, whatever they look like: raw, qcow2 ... (may be repeated)", true, false }, \
    MEMBER_OPTIONS
/* clang-format on */

static const struct option no_options[] = {{.name = NULL}};

/* clang-format off */
static const struct option derive_options[] = {
    { "-o", "FILE.mun", "the archive to write", false, true },
    { "--key", "KEY", "private key that signs it (muniment key new)", false, true },
    { "--set", "KEY=VALUE", "change the hardware: a key of machine.yaml, as memory=\"32 MiB\" or cpu.model=pentium; without a value\nthe key goes (may be repeated)", true, false },
    { "--overlay", "FILE", "with what a session wrote (boot --overlay)", false, false },
    { "--snapshot", "FILE", "with what the disks held when this snapshot was taken; memory is not kept", false, false },
    { "--description", "FILE", "another description.yaml than the parent's; the strictest rights of both hold", false, false },
    { "--attest", "SCRIPT|SECONDS", "boot the new machine by this script, or for this long, and seal what it did", false, false },
    TRUST_OPTIONS,
    { "--force", NULL, "replace existing files", false, false },
    ACT_OPTIONS,
    { .name = NULL },
};

static const struct option decide_options[] = {
    { "--close-until", "DATE", "closed until this date: YYYY-MM-DD", false, false },
    { "--open", NULL, "open; of what was closed, this takes two (--second)", false, false },
    { "--redact", NULL, "never to be shown", false, false },
    { "--permit-until", "DATE", "until this day what is closed may be seen for a reason (--override); this takes two", false, false },
    { "--drive", "SLOT", "of this drive, not of all of the machine: fd0, hd0 ...", false, false },
    { "--path", "PATH", "of this file or folder of the drive", false, false },
    { "--reason", "REASON", "why", false, true },
    { "--review", "DATE", "when this is to be looked at again (muniment ls --due)", false, false },
    { "--key", "KEY", "the private key of who decides", false, true },
    { "--second", "KEY", "the private key of a second person, whom the office's root certified (--office)", false, false },
    TRUST_OPTIONS,
    ACT_OPTIONS,
    { .name = NULL },
};

static const struct option countersign_options[] = {
    { "--key", "KEY", "the private key of who vouches for the archive as well", false, true },
    TRUST_OPTIONS,
    ACT_OPTIONS,
    { .name = NULL },
};

static const struct option stamp_options[] = {
    { "--tsa", "URL|COMMAND", "a time stamp authority (RFC 3161): an address, asked by the host's curl, or a command that gets the request\nand prints the response", false, true },
    { "--timeout", "SECONDS", "how long the authority may take to answer (60); a command that takes longer is ended", false, false },
    { "--policy", "OID", "the policy that the stamp must have (1.2.3.4); without it, any", false, false },
    { "--about", "BATCH", "stamp this batch of evidence, not the signature of the archive", false, false },
    { "--crl", "FILE", "keep this list of revoked certificates with the stamp (may be repeated); without it, those are fetched that the\ncertificates name, if --tsa-trust vouches for them", true, false },
    { "--key", "KEY", "sign what is kept with the stamp, the file's digests among it", false, false },
    TRUST_OPTIONS,
    ACT_OPTIONS,
    { .name = NULL },
};

static const struct option flatten_options[] = {
    { "-o", "FILE.mun", "the archive to write", false, true },
    { "--key", "KEY", "private key that signs it", false, true },
    TRUST_OPTIONS,
    { "--force", NULL, "replace existing files", false, false },
    ACT_OPTIONS,
    { .name = NULL },
};

static const struct option diff_options[] = {
    { "--override", "REASON", "compare what is closed, for this reason", false, false },
    TRUST_OPTIONS,
    ACT_OPTIONS,
    { .name = NULL },
};
/* clang-format on */

static const struct option manifest_options[] = {
    {"--canonical", NULL, "print the canonical form instead", false, false},
    {.name = NULL},
};

/* clang-format off */
static const struct option seal_options[] = {
    { "-o", "FILE.mun", "the archive to write", false, true },
    { "--key", "KEY", "private key that signs it (muniment key new)", false, true },
    { "--attest", "SCRIPT|SECONDS", "boot the machine by this script, or for this long, and seal what it did (muniment verify --reboot)", false, false },
    { "--threads", "N", "compress on so many processors (default: all); the archive is the same", false, false },
    { "--description", "FILE", "description.yaml: title, identifiers, provenance, rights", false, false },
    SLOT_OPTIONS,
    { "--force", NULL, "replace existing files", false, false },
    ACT_OPTIONS,
    { .name = NULL },
};
/* clang-format on */

static const struct option verify_options[] = {
    {"--trust", "PUB",
     "public key, root, certificate, revocation or folder of these, for signers to trust (may be repeated)", true,
     false},
    LIBRARY_OPTION,
    EVIDENCE_OPTIONS,
    {"--integrity-only", NULL, "do not judge who signed: only whether every byte is as it was sealed", false, false},
    {"--quick", NULL, "compare the stored bytes with their digests, without unpacking the disks", false, false},
    {"--sample", "PERCENT", "of the chunks of each extent, chosen at random; says sampled, exit status 5", false,
     false},
    {"--max-time", "SECONDS", "stop after this time; the next run resumes there", false, false},
    {"--state", "FOLDER", "remember there how far the verification came", false, false},
    {"--rate", "MIB", "read at most so many MiB a second, of all archives together", false, false},
    {"--threads", "N", "use so many processors (default: all)", false, false},
    {"--reboot", NULL, "repeat the reference boot that was sealed, and compare", false, false},
    {"--archive", "FILE.mun", "with a receipt: the archive from which its files were taken", false, false},
    {"--shown", "FILE", "with a receipt: lines of what was withheld and is shown now", false, false},
    {"--due", "DAYS",
     "of libraries: only the archives that the log does not record as found good in the last DAYS days", false, false},
    {"--mail", "ADDRESS", "print a message for this address, for sendmail -t", false, false},
    {"--json", NULL, "one JSON object on a line for each archive", false, false},
    ACT_OPTIONS,
    {.name = NULL},
};

/* clang-format off */
static const struct option info_options[] = {
    TRUST_OPTIONS,
    { "--root", NULL, "print only the machine-root", false, false },
    { "--log", "LOG", "print also the checks of this archive that the office's log records", false, false },
    { "--json", NULL, "print a JSON object", false, false },
    { .name = NULL },
};

static const struct option ingest_options[] = {
    { "--library", "FOLDER", "where the archives go; it is made if it is not there", false, true },
    { "--key", "KEY", "private key that signs them (muniment key new)", false, true },
    { "--dry-run", NULL, "check all rows, and seal none", false, false },
    { "--from", "FOLDER", "where the files of the table are (default: the folder of the table)", false, false },
    { "--archivist", "PEM", "certificate of one who may read the passwords (may be repeated); openssl cms -decrypt opens them", true, false },
    { "--scan", "COMMAND", "run this scanner on each image; a row with which it ends with status 1 is held", false, false },
    { "--scan-files", NULL, "and on the files in it, of all volumes that can be read", false, false },
    { "--attest", "SCRIPT|SECONDS", "boot each machine by this script, or for this long, and seal what it did", false, false },
    FOLLOW_OPTION,
    { "--report", "FILE", "what became of each row (default: TABLE-report.csv); replaced", false, false },
    { "--errors", "FILE", "the rows to be mended, as a table (default: TABLE-errors.csv); replaced", false, false },
    ACT_OPTIONS,
    { .name = NULL },
};

static const struct option premis_options[] = {
    { "--log", "LOG", "with the events that the office's log records of this machine", false, false },
    TRUST_OPTIONS,
    { "-o", "FILE", "write it there, not to standard output", false, false },
    { "--force", NULL, "replace an existing file", false, false },
    { .name = NULL },
};

static const struct option bag_options[] = {
    { "-o", "FOLDER", "the bag to make", false, true },
    TRUST_OPTIONS,
    ACT_OPTIONS,
    { .name = NULL },
};

static const struct option dispose_options[] = {
    { "--reason", "REASON", "why; the certificate says it", false, true },
    { "--key", "KEY", "private key that signs the certificate", false, true },
    { "--second", "KEY", "the private key of a second person, who signs it, too", false, true },
    { "--replica", "FOLDER", "count in the certificate the archives of this machine there (may be repeated)", true, false },
    ACT_OPTIONS,
    { .name = NULL },
};

static const struct option ls_options[] = {
    { "--log", "LOG", "show when each was last checked, and what is missing, by the office's log", false, false },
    { "--due", "DAYS", "only those that were not found good in the last DAYS days", false, false },
    { "--replica", "FOLDER", "count the archives of the same machines there as well (may be repeated)", true, false },
    { "--html", NULL, "print a page of all archives with verdicts, next steps and the checks that the log records", false, false },
    { "--json", NULL, "one JSON object on a line for each archive", false, false },
    { "--trust", "PUB", "whose decisions on rights count, if not those of the archive's own signer (may be repeated);\nan archive for which none of them vouches has undecided rights", true, false },
    LIBRARY_OPTION, EVIDENCE_OPTIONS,
    { .name = NULL },
};

static const struct option set_seal_options[] = {
    { "-o", "FILE.set", "the set file to write", false, true },
    { "--key", "KEY", "private key to sign with (muniment key new)", false, true },
    { "--attest", "SCRIPT|SECONDS", "run the set by this script, or for so long, and put what it did into the file, for verify --reboot", false, false },
    TRUST_OPTIONS,
    { "--engine", "ENGINE", "as with boot", false, false },
    { "--slice", "N|random:SEED", "for tests: cut the run into slices of N microseconds, or of random length", false, false },
    { "--force", NULL, "replace existing files", false, false },
    { .name = NULL },
};

static const struct option identify_options[] = {
    IMAGE_OPTIONS,
    { "--json", NULL, "one JSON object on a line for each image", false, false },
    { .name = NULL },
};

static const struct option suggest_options[] = {
    { "--machine", "NAME", "print this ready-made machine with the image in its drive, whatever is in it", false, false },
    IMAGE_OPTIONS,
    { .name = NULL },
};

static const struct option boot_options[] = {
    { "--machine", "NAME", "boot a disk image on this ready-made machine (muniment machines), not on the one that suits it", false, false },
    TRUST_OPTIONS,
    { "--until", "CONDITION", "run until the condition holds (may be repeated; the first that holds ends the run):\n"
      "tick:N  time:SECONDS  screen:TEXT  serial:TEXT  sound  silence  halt  poweroff  reset[:N]", true, false },
    { "--limit", "SECONDS", "of guest time, at most; exceeded: exit status 1 (default 3600)", false, false },
    { "--script", "FILE", "follow this script first (see muniment(1))", false, false },
    { "--retrieve", "FOLDER", "make a bag of what the script retrieves; the same command resumes a run that was interrupted", false, false },
    { "--as", "folder|zip|tar", "with --retrieve: the bag is a folder (the default), or one file", false, false },
    { "--drive", "[SLOT][:N]", "the disk and the partition from which it retrieves, where there are several", false, false },
    { "--override", "REASON", "retrieve from what is closed, for this reason", false, false },
    { "--key", "KEY", "put a receipt into the bag, signed with this private key", false, false },
    { "--display", "text|vnc:PATH|vnc:ADDRESS:PORT", "text: show the text screen in this terminal, and type on its keyboard; Ctrl-] leaves. vnc:\nshow the machine to VNC viewers, and do what they do, until it goes off or a signal comes (may be\nrepeated; with \",view\" after it they only look). A path is a Unix socket for its owner; a port asks for a\npassword, and for TLS where other hosts reach it", true, false },
    { "--speed", "real|max", "with --display: no faster than it was, or as fast as it can (default: real; max while a script runs and\nnobody watches)", false, false },
    { "--layout", "NAME", "with --display: the keyboard layout that the guest is set to: " LAYOUT_NAMES " (default us)", false, false },
    { "--password-file", "FILE", "with --display: the password, and on a second line one for viewers that only look (default: one is made up)", false, false },
    { "--certificate", "FILE.pem", "with --display: certificate and private key for TLS (default: a new one)", false, false },
    { "--digest", NULL, "print at the end: tick N sha256:HEX", false, false },
    { "--digest-every", "SECONDS", "print it during the run as well: at power-on, and each time this much guest time has passed", false, false },
    { "--text", NULL, "print the text screen at the end", false, false },
    { "--screenshot", "FILE.png", "write the picture at the end", false, false },
    { "--serial", "FILE", "write what COM1 sends; - is standard output", false, false },
    { "--parallel", "FILE", "write what LPT1 prints; - is standard output", false, false },
    { "--print", "FOLDER", "write what the guest prints there, job by job: the bytes, and a PDF beside them", false, false },
    { "--print-port", "lpt1|com1|com2", "the port that the printer is on (default lpt1)", false, false },
    { "--printer", "escp9|escp24|raw", "which printer that is: ESC/P with 9 pins (the default) or 24, set to a code page (escp24:850), or no PDF is made", false, false },
    { "--clipboard", "FILE", "write what the guest copies to the clipboard (pointer: absolute); - is standard output", false, false },
    { "--sound", "FILE.wav", "write what the machine plays (sound in the manifest); - is standard output", false, false },
    { "--midi", "FILE.mid", "write what the machine sends to its MIDI port (card: sb16) as a standard MIDI file", false, false },
    { "--floppy", "IMAGE", "insert this medium into fd0", false, false },
    { "--cd", "IMAGE", "insert this CD into the first CD-ROM drive, which is added if there is none", false, false },
    { "--disk", "IMAGE", "add this disk at the first free place of hd0 to hd3", false, false },
    { "--line-in", "[NAME:]FILE.wav", "connect this recording to the line input (line-in under sound in the manifest); in a set, that of the machine\nNAME (may be repeated)", true, false },
    { "--give", "FOLDER", "show this folder of the host to the guest as a CD, or floppy:FOLDER as a floppy", false, false },
    { "--take", "SIZE", "add a blank disk (32M, 1G) on which the guest can leave files; --retrieve makes a bag of them", false, false },
    SLOT_OPTIONS,
    { "--record", "JOURNAL", "record everything that enters the machine (an archive's), so that muniment replay can repeat it", false, false },
    { "--checkpoints", "DIR", "take snapshots in this folder while the machine runs", false, false },
    { "--checkpoint-every", "SECONDS", "of guest time, between two of them (default 60)", false, false },
    { "--keep", "N", "keep this many, the last ones; 0: all (default 3)", false, false },
    { "--resume", "SNAPSHOT", "resume from there, not from power-on; everything else as it was when it was taken", false, false },
    { "--overlay", "FILE", "keep what the machine writes, in FILE.hd0 and so on; continue what is there", false, false },
    { "--trace", "FILE", "write each instruction, and the registers and memory that it changed; - is standard output", false, false },
    { "--from", "tick:N", "begin the trace there, not at power-on", false, false },
    { "--to", "tick:N", "end the trace there", false, false },
    { "--engine", "ENGINE", "translator (the default; interprets where this host has none), interpreter, or for tests\nrandom:SEED, now the one and now the other; the state does not show it", false, false },
    { "--code-cache", "MIB", "memory for translated code (default 32); records of it take as much again", false, false },
    { "--statistics", NULL, "print at the end how the time went by, and what was translated", false, false },
    { "--trace-translation", "FILE", "write each piece of translated code: instructions, and bytes of the host's", false, false },
    { "--perf-map", NULL, "write /tmp/perf-PID.map, so that perf report names translated code", false, false },
    { "--slice", "N|random:SEED", "for tests: cut the run into slices of N ticks, or of random length", false, false },
    { "--force", NULL, "replace existing files", false, false },
    ACT_OPTIONS,
    { .name = NULL },
};

static const struct option export_options[] = {
    { "-o", "FILE", "the image to write", false, true },
    { "--as", "FORMAT", "raw (default), qcow2 or vhd", false, false },
    { "--drive", "SLOT", "the disk of an archive that has several: fd0, hd0 ...", false, false },
    TRUST_OPTIONS,
    SLOT_OPTIONS,
    { "--force", NULL, "replace existing files", false, false },
    { "--override", "REASON", "see what is closed, for this reason; it goes to --log", false, false },
    ACT_OPTIONS,
    { .name = NULL },
};

static const struct option replay_options[] = {
    { "--override", "REASON", "see what is closed, for this reason; it goes to --log", false, false },
    TRUST_OPTIONS,
    { "--until", "CONDITION", "end before the journal does, when the condition holds (may be repeated), as with boot", true, false },
    { "--to", "tick:N", "end at this tick", false, false },
    { "--back", "SECONDS", "at the end, go back by this much guest time, and show the state there", false, false },
    { "--media", "IMAGE", "the file of an image, the folder (--give) or blank:SIZE (--take) that was inserted while recording (may be\nrepeated)", true, false },
    { "--against", "PROGRAM", "if the state differs: another muniment, such as the one that recorded, to find the difference from", false, false },
    { "--checkpoints", "FOLDER", "if the state differs: what the recorder kept (boot --checkpoint-every), to compare with", false, false },
    { "--lockstep", NULL, "be the program of --against: lines on standard input and output (spec/journal.md)", false, false },
    { "--digest", NULL, "print at the end: tick N sha256:HEX", false, false },
    { "--text", NULL, "print the text screen at the end", false, false },
    { "--screenshot", "FILE.png", "write the picture at the end", false, false },
    { "--serial", "FILE", "write what COM1 sends; - is standard output", false, false },
    { "--parallel", "FILE", "write what LPT1 prints; - is standard output", false, false },
    { "--engine", "ENGINE", "as with boot", false, false },
    { "--slice", "N|random:SEED", "for tests: cut the run into slices of N ticks, or of random length", false, false },
    { "--force", NULL, "replace existing files", false, false },
    ACT_OPTIONS,
    { .name = NULL },
};

#define WATCH_OPTIONS \
    TRUST_OPTIONS, \
    { "--media", "IMAGE", "as with replay (may be repeated)", true, false }, \
    { "--engine", "ENGINE", "as with boot", false, false }, \
    { "--force", NULL, "replace an existing file", false, false }

static const struct option text_options[] = {
    { "-o", "FILE", "write it there, not to standard output", false, false },
    { "--ansi", NULL, "each screen that rests, with its colours, for a terminal", false, false },
    { "--html", NULL, "each screen that rests, with its colours, as a page", false, false },
    WATCH_OPTIONS,
    { .name = NULL },
};

static const struct option film_options[] = {
    { "-o", "FOLDER|FILE", "PNG files there; or one film, such as session.mp4, which ffmpeg makes", false, true },
    { "--every", "SECONDS", "of guest time: how often to look (default 0.1)", false, false },
    WATCH_OPTIONS,
    { .name = NULL },
};

#define VOLUME_OPTIONS \
    { "--drive", "[SLOT][:N]", "the disk (fd0, hd0 ...) and its partition, where there are several", false, false }, \
    { "--overlay", "FILE", "with what a session wrote (boot --overlay)", false, false }, \
    { "--snapshot", "FILE", "with what a session had written by then (snapshot FILE in a script, boot --checkpoints)", false, false }, \
    { "--override", "REASON", "read what is closed, for this reason", false, false }, \
    TRUST_OPTIONS, \
    IMAGE_OPTIONS

#define FILE_KINDS \
    "text, html, xml, rtf, pdf, postscript, wordperfect,\nwrite, word, ole, excel, lotus, dbase, access, bmp, pcx, tiff, gif, png, jpeg, wmf, wav, avi, midi, zip,\narj, lzh, rar, cab, gzip, program, help"

#define FILTER_OPTIONS \
    { "--code-page", "N", "names that are not in Unicode are in this code page: 437, 720, 737, 775, 850, 851, 852, 855,\n857, 858, 860 to 866, 869, 874, 932, 936, 949, 950, 1250 to 1258", false, false }, \
    { "--newer", "DATE", "only files that were modified then or later, as the disk has it: 1998, 1998-03-02", false, false }, \
    { "--type", "KIND", "only files of this kind, by their first bytes: " FILE_KINDS, false, false }

#define DELETED_OPTION \
    { "--deleted", NULL, "also what was deleted, as far as it is still there; of an archive only with --log", false, false }

static const struct option files_options[] = {
    VOLUME_OPTIONS,
    FILTER_OPTIONS,
    DELETED_OPTION,
    { "--changed", NULL, "with --overlay or --snapshot: what the session changed, made and removed", false, false },
    { "--volumes", NULL, "list the volumes whose files can be read, each as --drive names it", false, false },
    { "--json", NULL, "one JSON object on a line for each file and folder", false, false },
    ACT_OPTIONS,
    { .name = NULL },
};

static const struct option retrieve_options[] = {
    { "-o", "FOLDER", "the bag to make", false, true },
    { "--as", "folder|zip|tar", "the bag is a folder (the default), or one file", false, false },
    { "--journal", "FILE", "put the journal of the session into it (boot --record)", false, false },
    { "--key", "KEY", "put a receipt into it, signed with this private key (muniment verify FOLDER/receipt.txt)", false, false },
    { "--prove", NULL, "add a proof that leads the files to the machine-root; it discloses pieces of 64 KiB around them", false, false },
    { "--withhold", "PATH", "leave this out; the receipt commits to it (may be repeated)", true, false },
    VOLUME_OPTIONS,
    FILTER_OPTIONS,
    DELETED_OPTION,
    ACT_OPTIONS,
    { .name = NULL },
};

static const struct option key_new_options[] = {
    { "--encrypt", NULL, "with a pass phrase: asked for, or the first line of the file that MUNIMENT_PASSPHRASE_FILE names", false, false },
    { .name = NULL },
};

static const struct option key_root_options[] = {
    { "--name", "NAME", "of the office", false, true },
    { "-o", "FILE.root", "the root to write", false, true },
    { "--force", NULL, "replace an existing file", false, false },
    { .name = NULL },
};

static const struct option key_certify_options[] = {
    { "--root", "FILE.root", "the office's root (muniment key root)", false, true },
    { "--key", "KEY", "the root's private key; without it, only what it must sign is written", false, false },
    { "--name", "NAME", "of the key", false, true },
    { "--from", "DATE", "the first day on which it may sign: YYYY-MM-DD", false, true },
    { "--until", "DATE", "the last day", false, true },
    { "--office", NULL, "the key seconds acts that need two people; it signs no archives", false, false },
    { "-o", "FILE.cert", "the certificate to write", false, true },
    { "--force", NULL, "replace an existing file", false, false },
    { .name = NULL },
};

static const struct option key_revoke_options[] = {
    { "--root", "FILE.root", "the office's root", false, true },
    { "--key", "KEY", "the root's private key", false, false },
    { "--second", "KEY", "the private key of a second person, whom the root certified (--office)", false, false },
    { "--since", "DATE", "since when: YYYY-MM-DD", false, true },
    { "--reason", "REASON", "lost, compromised or superseded", false, true },
    { "-o", "FILE.revoked", "the revocation to write", false, true },
    { "--force", NULL, "replace an existing file", false, false },
    { .name = NULL },
};

static const struct option parity_new_options[] = {
    { "-o", "FILE", "write it there, not to FILE.mun.parity", false, false },
    { "--amount", "1/N", "how much may be lost: 1/2 to 1/64 of the archive (default 1/8)", false, false },
    { "--force", NULL, "replace an existing file", false, false },
    ACT_OPTIONS,
    { .name = NULL },
};

static const struct option parity_check_options[] = {
    { "--parity", "FILE", "the parity file, if it is not FILE.mun.parity", false, false },
    { .name = NULL },
};

static const struct option repair_options[] = {
    { "-o", "NEW.mun", "the archive to write; the damaged one is left as it is", false, true },
    { "--from", "OTHER.mun", "a replica to take from, damaged or not (may be repeated)", true, false },
    { "--parity", "FILE", "the parity file, if it is not FILE.mun.parity", false, false },
    { "--partial", NULL, "write what could be mended even if that is not all", false, false },
    { "--force", NULL, "replace an existing file", false, false },
    ACT_OPTIONS,
    { .name = NULL },
};

static const struct option serve_options[] = {
    { "--listen", "ADDRESS:PORT", "an address of this host alone (default 127.0.0.1:8620; port 0: any that is free)", false, false },
    { "--host", "NAME", "it is behind a proxy, which people reach as https://NAME (may be repeated)", true, false },
    { "--certificate", "PEM", "speak TLS by this certificate; --listen may be any address of this host then", false, false },
    { "--certificate-key", "PEM", "its private key, if that is in another file", false, false },
    { "--state", "FOLDER", "where sessions are kept (default: a folder in ~/.local/state/muniment)", false, false },
    { "--idle", "MINUTES", "suspend a session in which nobody did anything for so long; 0: never (default 30)", false, false },
    { "--longest", "MINUTES", "suspend a session that has run for so long; 0: never (default 720)", false, false },
    { "--engine", "ENGINE", "what runs the machines of sessions: translator (the default), or interpreter, which is slower and takes less memory", false, false },
    TRUST_OPTIONS,
    { "--key", "KEY", "sign a receipt into everything that is retrieved, with this private key", false, false },
    { "--log", "LOG", "record everything in the office's log (muniment log new)", false, false },
    { .name = NULL },
};

static const struct option log_new_options[] = {
    { "--origin", "NAME", "a name that nobody else's log has, such as archive.example/log", false, true },
    { .name = NULL },
};

static const struct option log_verify_options[] = {
    { "--head", "HEAD", "a head of an earlier day (muniment log head): the log must still begin so (may be repeated)", true, false },
    { "--trust", "PUB", "the office's public key, which must have signed each head (may be repeated)", true, false },
    { "--witness", "PUB", "the public key of a witness, who must have cosigned each head (may be repeated)", true, false },
    { .name = NULL },
};

static const struct option log_head_options[] = {
    { "--key", "KEY", "sign it with this private key", false, false },
    { "--paper", NULL, "print it for a paper register instead", false, false },
    { "-o", "FILE", "write it there, not to standard output", false, false },
    { "--force", NULL, "replace an existing file", false, false },
    { .name = NULL },
};

static const struct option log_prove_options[] = {
    { "--head", "HEAD", "the head (muniment log head) that the proof leads to", false, true },
    { "--from", "HEAD", "prove to a witness that the log has only grown since this earlier head, instead of a line", false, false },
    { "-o", "FILE", "write it there, not to standard output", false, false },
    { "--force", NULL, "replace an existing file", false, false },
    { .name = NULL },
};

/* These take sets as well. */
static enum status boot_command(const struct arguments *a)
{
    return set_recognise(a->operands[0]) ? set_boot_run(a) : boot_run(a);
}

static enum status replay_command(const struct arguments *a)
{
    return set_recognise(a->operands[0]) ? set_replay_run(a) : replay_run(a);
}

static enum status verify_command(const struct arguments *a)
{
    return a->operand_count == 1 && set_recognise(a->operands[0]) ? set_verify_run(a) : verify_run(a);
}

static enum status info_command(const struct arguments *a)
{
    return set_recognise(a->operands[0]) ? set_info_run(a) : info_run(a);
}

static const struct command commands[] = {
    { "key new", "FILE", 1, 1, "Make a signing key: FILE (private, PEM, mode 0600) and FILE.pub (public).", key_new_options, key_new_run },
    { "key root", "PUB", 1, 1, "Make the root of an office from its public key, to be published.", key_root_options, key_root_run },
    { "key certify", "PUB", 1, 1, "Certify a working key by the office's root, for a time.", key_certify_options, key_certify_run },
    { "key revoke", "PUB", 1, 1, "Revoke a working key: the root and a second person sign.", key_revoke_options, key_revoke_run },
    { "derive", "FILE.mun", 1, 1, "Make an archive of a machine with other hardware, or of what a session left; it holds what differs.", derive_options, derive_run },
    { "decide", "FILE.mun", 1, 1, "Decide on the rights of an archive, a drive or a path: a signed batch beside the archive.", decide_options, decide_run },
    { "stamp", "FILE.mun", 1, 1, "Have the signature of an archive stamped by a time stamp authority.", stamp_options, stamp_run },
    { "countersign", "FILE.mun", 1, 1, "Sign an archive that others signed: a signed batch beside it. Verify it first.", countersign_options, countersign_run },
    { "flatten", "FILE.mun", 1, 1, "Make an archive that needs no parent from a derived one.", flatten_options, flatten_run },
    { "diff", "A.mun B.mun", 2, 2, "Say what differs between two archives: members, sectors, files.", diff_options, diff_run },
    { "manifest check", "FILE", 1, 1, "Check a machine.yaml or description.yaml and print the digest of its canonical form.", manifest_options,
      manifest_check_run },
    { "seal", "MACHINE.yaml", 1, 1, "Freeze a machine, its firmware and disks into one signed file.", seal_options, seal_run },
    { "set seal", "SET.yaml", 1, 1, "Name the archives of machines that stood on one cable in a signed file.", set_seal_options, set_seal_run },
    { "verify", "FILE.mun|FOLDER|FILE.set|receipt.txt ...", 1, MANY, "Check every byte and the signature of archives, or of all in a library; or receipts.", verify_options, verify_command },
    { "info", "FILE.mun|FILE.set", 1, 1, "Say what is in an archive or a set, without checking all of it.", info_options, info_command },
    { "ingest", "SHELF.csv", 1, 1, "Take in a shelf of machines: seal each row of a table into a library.", ingest_options, ingest_run },
    { "premis", "FILE.mun", 1, 1, "Print what is known of an archive as PREMIS 3 XML: objects, events, agents, rights.", premis_options, premis_run },
    { "bag", "FILE.mun ...", 1, MANY, "Put archives into a BagIt bag for transfer, each with its PREMIS.", bag_options, bag_run },
    { "dispose", "FILE.mun", 1, 1, "Remove an archive, with its parity file, and leave a signed certificate of disposal.", dispose_options, dispose_run },
    { "ls", "FOLDER [WORD ...]", 1, 50, "List the archives of a folder, by title, identifier, rights, signer, last check.", ls_options, ls_run },
    { "identify", "IMAGE ...", 1, MANY, "Say what is on disk images: format, partitions, file systems, systems, geometry, damage.", identify_options,
      identify_run },
    { "suggest", "IMAGE", 1, 1, "Print the manifest of the machine that suits a disk image, with reasons.", suggest_options, suggest_run },
    { "machines", "[NAME]", 0, 1, "List the ready-made machines, or print the manifest of one.", no_options, machines_run },
    { "boot", "FILE.mun|FILE.set|MACHINE.yaml|SET.yaml|DISK-IMAGE", 1, 1,
      "Run a machine. What it writes goes to an overlay and is thrown away unless --overlay names it.", boot_options, boot_command },
    { "files", "FILE.mun|DISK-IMAGE [PATH ...]", 1, MANY, "List the files of a disk.", files_options, files_run },
    { "retrieve", "FILE.mun|DISK-IMAGE [PATH ...]", 1, MANY, "Take files out of a disk, with their digests, into a BagIt bag.", retrieve_options, retrieve_run },
    { "export", "FILE.mun|DISK-IMAGE", 1, 1, "Write the disk of an archive or an image as an image of another program.", export_options, export_run },
    { "replay", "FILE.mun|FILE.set JOURNAL", 2, 2, "Repeat a run that was recorded, and compare the machine's state with what was recorded of it.", replay_options,
      replay_command },
    { "text", "FILE.mun JOURNAL", 2, 2, "Repeat a recorded run, and print everything that stood on the text screen.", text_options, text_run },
    { "film", "FILE.mun JOURNAL", 2, 2, "Repeat a recorded run, and keep its picture.", film_options, film_run },
    { "state", "SNAPSHOT [SNAPSHOT]", 1, 2, "Print what a snapshot says, or what differs between two.", no_options, state_run },
    { "serve", "LIBRARY", 1, 1, "Open a folder of archives in the browser: its library, sessions at its machines, retrieval.", serve_options, serve_run },
    { "parity new", "FILE.mun", 1, 1, "Write the parity file of an archive, by which it can be mended.", parity_new_options, parity_new_run },
    { "parity check", "FILE.mun", 1, 1, "Check an archive and its parity file against each other.", parity_check_options, parity_check_run },
    { "repair", "FILE.mun", 1, 1, "Mend a damaged archive by its parity file, by replicas, or by both.", repair_options, repair_run },
    { "log new", "LOG", 1, 1, "Begin an office's log, to which --log records acts.", log_new_options, log_new_run },
    { "log show", "LOG", 1, 1, "Print a log for people to read.", no_options, log_show_run },
    { "log verify", "LOG|PROOF", 1, 1, "Check the lines of a log against heads of earlier days, or a proof of one line.", log_verify_options,
      log_verify_run },
    { "log head", "LOG", 1, 1, "Print the head of a log: its length and root, signed.", log_head_options, log_head_run },
    { "log prove", "LOG [LINE]", 1, 2, "Prove one line of a log without the others.", log_prove_options, log_prove_run },
    { "log pseudonym", "NAMES NAME", 2, 2, "Print the pseudonym of a person, from a file of names that is kept apart from the log.", no_options,
      log_pseudonym_run },
};
/* clang-format on */

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(FILE *to)
{
    fputs("Usage: muniment COMMAND [ARGUMENT ...]\n"
          "Freezes PCs of the 1985-2005 era into signed files and boots them to the same bits.\n\n",
          to);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-16s%s\n", commands[i].name, commands[i].summary);
    fputs("\nmuniment COMMAND --help says more, muniment(1) most.\n"
          "Exit status: 0 done, 1 the check found something wrong, 2 usage, 3 bad input, 4 the host failed,\n"
          "5 undecided, 6 closed.\n",
          to);
}

/* The command named by the first arguments; *used of them. */
static const struct command *find_command(int argc, char **argv, int *used)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        size_t first = strcspn(commands[i].name, " ");
        const char *second = commands[i].name[first] ? commands[i].name + first + 1 : NULL;
        if (argc < 1 || strlen(argv[0]) != first || strncmp(argv[0], commands[i].name, first))
            continue;
        *used = second ? 2 : 1;
        if (!second || (argc > 1 && !strcmp(argv[1], second)))
            return &commands[i];
    }
    return NULL;
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--"); i++)
        if (!strcmp(argv[i], "--help"))
            return true;
    return false;
}

/* Commands that take an archive say of a set whose archives they take. */
static bool takes_operand(const struct command *command, const struct arguments *a, struct error *error)
{
    bool archive = strstr(command->operands, ".mun") && !strstr(command->operands, "FILE.set");

    return !archive || !set_recognise(a->operands[0]) ||
           error_set(error, STATUS_INPUT, a->operands[0], NULL, "name one of its archives: muniment info lists them",
                     "is a set of machines, and %s is for one", command->name);
}

static enum status run_command(const struct command *command, int argc, char **argv)
{
    struct arguments arguments;
    struct error error;
    enum status status;

    if (arguments_parse(command, argc, argv, &arguments, &error) && takes_operand(command, &arguments, &error))
        status = command->run(&arguments);
    else
        status = desk_fail(&error);
    arguments_free(&arguments);
    return status;
}

/* What was printed counts only if it arrived. */
static enum status flush_output(enum status status)
{
    struct pollfd reader = {.fd = STDOUT_FILENO, .events = POLLOUT};
    struct error error;

    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    if (poll(&reader, 1, 0) == 1 && reader.revents & POLLERR)
        return STATUS_HOST; /* who read it has seen enough, such as head */
    error_set(&error, STATUS_HOST, "standard output", NULL, NULL, "cannot write");
    return desk_fail(&error);
}

/* A descriptor of standard input, output or error that is closed stays so: no file that is opened later may take its
 * place, and what is printed. */
static void hold_descriptors(void)
{
    for (int descriptor = 0; descriptor < 3; descriptor++)
        if (fcntl(descriptor, F_GETFD) < 0)
            open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY); /* the other way: reading and writing fail */
}

int main(int argc, char **argv)
{
    const struct command *command;
    int used = 0;

    hold_descriptors();
    setvbuf(stdout, NULL, _IOFBF, BUFSIZ); /* its buffer is made now: for that glibc asks what no jail permits */
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* what is printed appears at once, also through a pipe */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that grows too large is an error of write, not the end */
    interrupt_watch();
    if (argc > 1 && !strcmp(argv[1], "--version")) {
        puts("muniment " MUNIMENT_VERSION);
        return flush_output(STATUS_OK);
    }
    command = find_command(argc - 1, argv + 1, &used);
    if (command && !wants_help(argc - 1 - used, argv + 1 + used))
        return flush_output(run_command(command, argc - 1 - used, argv + 1 + used));
    if (command) {
        command_help(command, stdout);
        return flush_output(STATUS_OK);
    }
    if (wants_help(argc - 1, argv + 1)) {
        help(stdout);
        return flush_output(STATUS_OK);
    }
    if (argc > 1) {
        struct error error;
        error_set(&error, STATUS_USAGE, argv[1], NULL, "see muniment --help", "no such command");
        return desk_fail(&error);
    }
    help(stderr);
    return STATUS_USAGE;
}
