fuzz_repair.o: tests/fuzz/fuzz_repair.c formats/file.h formats/error.h \
  verify/fixity/keytext.h archive/archive.h archive/command.h \
  archive/digest.h archive/layout.h formats/text.h manifests/manifests.h \
  formats/formats.h formats/block.h archive/pack.h formats/output.h \
  archive/timestamp.h formats/images/images.h verify/repair/parity.h \
  verify/repair/worn.h verify/repair/sealed.h

formats/file.h:

formats/error.h:

verify/fixity/keytext.h:

archive/archive.h:

archive/command.h:

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

verify/repair/parity.h:

verify/repair/worn.h:

verify/repair/sealed.h:
