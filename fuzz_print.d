fuzz_print.o: tests/fuzz/fuzz_print.c desk/escp.h desk/pdf.h \
  formats/text.h

desk/escp.h:

desk/pdf.h:

formats/text.h:
