fuzz_images.o: tests/fuzz/fuzz_images.c formats/images/images.h \
  formats/block.h formats/error.h

formats/images/images.h:

formats/block.h:

formats/error.h:
