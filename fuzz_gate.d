fuzz_gate.o: tests/fuzz/fuzz_gate.c desk/gate.h archive/archive.h \
  archive/command.h formats/error.h archive/digest.h archive/layout.h \
  formats/text.h manifests/manifests.h formats/formats.h formats/block.h \
  archive/pack.h formats/output.h archive/timestamp.h \
  formats/images/images.h desk/http.h

desk/gate.h:

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

desk/http.h:
