fuzz_shelf.o: tests/fuzz/fuzz_shelf.c desk/shelf.h archive/archive.h \
  archive/command.h formats/error.h archive/digest.h archive/layout.h \
  formats/text.h manifests/manifests.h formats/formats.h formats/block.h \
  archive/pack.h formats/output.h archive/timestamp.h \
  formats/images/images.h desk/suggest.h formats/volumes/volumes.h \
  desk/variables.h

desk/shelf.h:

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

desk/suggest.h:

formats/volumes/volumes.h:

desk/variables.h:
