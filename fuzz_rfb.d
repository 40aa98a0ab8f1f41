fuzz_rfb.o: tests/fuzz/fuzz_rfb.c desk/rfb/rfb.h desk/layouts.h emu/emu.h \
  formats/block.h formats/wave.h manifests/manifests.h formats/error.h \
  formats/formats.h

desk/rfb/rfb.h:

desk/layouts.h:

emu/emu.h:

formats/block.h:

formats/wave.h:

manifests/manifests.h:

formats/error.h:

formats/formats.h:
