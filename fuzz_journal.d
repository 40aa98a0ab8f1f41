fuzz_journal.o: tests/fuzz/fuzz_journal.c archive/layout.h \
  archive/digest.h formats/error.h formats/text.h manifests/manifests.h \
  formats/formats.h formats/block.h verify/runs/journal_line.h \
  archive/archive.h archive/command.h archive/pack.h formats/output.h \
  archive/timestamp.h formats/images/images.h verify/runs/journal.h

archive/layout.h:

archive/digest.h:

formats/error.h:

formats/text.h:

manifests/manifests.h:

formats/formats.h:

formats/block.h:

verify/runs/journal_line.h:

archive/archive.h:

archive/command.h:

archive/pack.h:

formats/output.h:

archive/timestamp.h:

formats/images/images.h:

verify/runs/journal.h:
