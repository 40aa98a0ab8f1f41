fuzz_manifest.o: tests/fuzz/fuzz_manifest.c manifests/manifests.h \
  formats/error.h formats/formats.h formats/block.h

manifests/manifests.h:

formats/error.h:

formats/formats.h:

formats/block.h:
