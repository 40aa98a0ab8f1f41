fuzz_set.o: tests/fuzz/fuzz_set.c bios/bios.h desk/embedded.h emu/cable.h \
  emu/emu.h formats/block.h formats/wave.h manifests/manifests.h \
  formats/error.h formats/formats.h verify/fixity/set_file.h \
  verify/fixity/keytext.h archive/archive.h archive/command.h \
  archive/digest.h archive/layout.h formats/text.h archive/pack.h \
  formats/output.h archive/timestamp.h formats/images/images.h \
  verify/runs/journal.h verify/runs/journal_line.h \
  verify/runs/set_journal.h

bios/bios.h:

desk/embedded.h:

emu/cable.h:

emu/emu.h:

formats/block.h:

formats/wave.h:

manifests/manifests.h:

formats/error.h:

formats/formats.h:

verify/fixity/set_file.h:

verify/fixity/keytext.h:

archive/archive.h:

archive/command.h:

archive/digest.h:

archive/layout.h:

formats/text.h:

archive/pack.h:

formats/output.h:

archive/timestamp.h:

formats/images/images.h:

verify/runs/journal.h:

verify/runs/journal_line.h:

verify/runs/set_journal.h:
