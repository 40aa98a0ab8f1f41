fuzz_log.o: tests/fuzz/fuzz_log.c verify/log/lines.h verify/log/log.h \
  archive/archive.h archive/command.h formats/error.h archive/digest.h \
  archive/layout.h formats/text.h manifests/manifests.h \
  formats/formats.h formats/block.h archive/pack.h formats/output.h \
  archive/timestamp.h formats/images/images.h

verify/log/lines.h:

verify/log/log.h:

archive/archive.h:

archive/command.h:

formats/error.h:

archive/digest.h:

archive/layout.h:

formats/text.h:

manifests/manifests.h:

formats/formats.h:

formats/block.h:

archive/pack.h:

formats/output.h:

archive/timestamp.h:

formats/images/images.h:
