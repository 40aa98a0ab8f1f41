fuzz_volumes.o: tests/fuzz/fuzz_volumes.c formats/volumes/files.h \
  formats/formats.h formats/block.h formats/error.h \
  formats/volumes/volumes.h formats/volumes/registry.h

formats/volumes/files.h:

formats/formats.h:

formats/block.h:

formats/error.h:

formats/volumes/volumes.h:

formats/volumes/registry.h:
