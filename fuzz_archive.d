fuzz_archive.o: tests/fuzz/fuzz_archive.c tests/unit/archive_sample.h \
  archive/layout.h archive/digest.h formats/error.h formats/text.h \
  manifests/manifests.h formats/formats.h formats/block.h \
  archive/writer.h formats/output.h verify/fixity/fixity.h \
  archive/archive.h archive/command.h archive/pack.h archive/timestamp.h \
  formats/images/images.h

tests/unit/archive_sample.h:

archive/layout.h:

archive/digest.h:

formats/error.h:

formats/text.h:

manifests/manifests.h:

formats/formats.h:

formats/block.h:

archive/writer.h:

formats/output.h:

verify/fixity/fixity.h:

archive/archive.h:

archive/command.h:

archive/pack.h:

archive/timestamp.h:

formats/images/images.h:
