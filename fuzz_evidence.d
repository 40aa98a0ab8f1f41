fuzz_evidence.o: tests/fuzz/fuzz_evidence.c verify/evidence/batch.h \
  verify/evidence/evidence.h archive/archive.h archive/command.h \
  formats/error.h archive/digest.h archive/layout.h formats/text.h \
  manifests/manifests.h formats/formats.h formats/block.h archive/pack.h \
  formats/output.h archive/timestamp.h formats/images/images.h \
  verify/fixity/fixity.h verify/fixity/keytext.h

verify/evidence/batch.h:

verify/evidence/evidence.h:

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

verify/fixity/fixity.h:

verify/fixity/keytext.h:
