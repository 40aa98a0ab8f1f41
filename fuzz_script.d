fuzz_script.o: tests/fuzz/fuzz_script.c desk/script.h archive/archive.h \
  archive/command.h formats/error.h archive/digest.h archive/layout.h \
  formats/text.h manifests/manifests.h formats/formats.h formats/block.h \
  archive/pack.h formats/output.h archive/timestamp.h \
  formats/images/images.h desk/keys.h desk/layouts.h desk/look.h \
  desk/png.h emu/emu.h formats/wave.h

desk/script.h:

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

desk/keys.h:

desk/layouts.h:

desk/look.h:

desk/png.h:

emu/emu.h:

formats/wave.h:
