/* operations.h - every operation of the processor, by its mnemonic: the names that decoder, interpreter, disassembler and tests share.
 *
 * OPERATION(name, text). Where one mnemonic has forms that share nothing but the name, each has its own operation (MOV to CR0 is no MOV).
 * The sixteen conditions are consecutive and in the order of their encoding: condition = operation - OP_JO. */
#ifndef OPERATION
#error "define OPERATION(name, text) before including operations.h"
#endif

/* two operands, arithmetic; the first eight in the order of their encoding */
OPERATION(ADD, "add") OPERATION(OR, "or") OPERATION(ADC, "adc") OPERATION(SBB, "sbb")
OPERATION(AND, "and") OPERATION(SUB, "sub") OPERATION(XOR, "xor") OPERATION(CMP, "cmp")
OPERATION(TEST, "test")
OPERATION(INC, "inc") OPERATION(DEC, "dec") OPERATION(NOT, "not") OPERATION(NEG, "neg")
/* shifts, in the order of their encoding (6 is an alias of SHL) */
OPERATION(ROL, "rol") OPERATION(ROR, "ror") OPERATION(RCL, "rcl") OPERATION(RCR, "rcr")
OPERATION(SHL, "shl") OPERATION(SHR, "shr") OPERATION(SAL, "sal") OPERATION(SAR, "sar")
OPERATION(SHLD, "shld") OPERATION(SHRD, "shrd")
OPERATION(MUL, "mul") OPERATION(IMUL, "imul") OPERATION(DIV, "div") OPERATION(IDIV, "idiv")
OPERATION(IMUL2, "imul") /* two or three operands */
OPERATION(DAA, "daa") OPERATION(DAS, "das") OPERATION(AAA, "aaa") OPERATION(AAS, "aas") OPERATION(AAM, "aam") OPERATION(AAD, "aad")
OPERATION(BT, "bt") OPERATION(BTS, "bts") OPERATION(BTR, "btr") OPERATION(BTC, "btc")
OPERATION(BSF, "bsf") OPERATION(BSR, "bsr") OPERATION(BSWAP, "bswap")
OPERATION(XADD, "xadd") OPERATION(CMPXCHG, "cmpxchg") OPERATION(CMPXCHG8B, "cmpxchg8b")

/* data movement */
OPERATION(MOV, "mov") OPERATION(XCHG, "xchg") OPERATION(LEA, "lea")
OPERATION(MOVZX8, "movzx") OPERATION(MOVZX16, "movzx") OPERATION(MOVSX8, "movsx") OPERATION(MOVSX16, "movsx")
OPERATION(CBW, "cbw") OPERATION(CWD, "cwd") OPERATION(XLAT, "xlat") OPERATION(SALC, "salc")
OPERATION(LAHF, "lahf") OPERATION(SAHF, "sahf")
OPERATION(PUSH, "push") OPERATION(POP, "pop") OPERATION(PUSHA, "pusha") OPERATION(POPA, "popa")
OPERATION(PUSHF, "pushf") OPERATION(POPF, "popf")
OPERATION(PUSH_SREG, "push") OPERATION(POP_SREG, "pop")
OPERATION(ENTER, "enter") OPERATION(LEAVE, "leave")
OPERATION(MOV_FROM_SREG, "mov") OPERATION(MOV_TO_SREG, "mov")
OPERATION(LES, "les") OPERATION(LDS, "lds") OPERATION(LSS, "lss") OPERATION(LFS, "lfs") OPERATION(LGS, "lgs")
OPERATION(MOVS, "movs") OPERATION(CMPS, "cmps") OPERATION(STOS, "stos") OPERATION(LODS, "lods") OPERATION(SCAS, "scas")
OPERATION(IN, "in") OPERATION(OUT, "out") OPERATION(INS, "ins") OPERATION(OUTS, "outs")
OPERATION(CMOVO, "cmovo") OPERATION(CMOVNO, "cmovno") OPERATION(CMOVB, "cmovb") OPERATION(CMOVNB, "cmovnb")
OPERATION(CMOVZ, "cmovz") OPERATION(CMOVNZ, "cmovnz") OPERATION(CMOVBE, "cmovbe") OPERATION(CMOVNBE, "cmovnbe")
OPERATION(CMOVS, "cmovs") OPERATION(CMOVNS, "cmovns") OPERATION(CMOVP, "cmovp") OPERATION(CMOVNP, "cmovnp")
OPERATION(CMOVL, "cmovl") OPERATION(CMOVNL, "cmovnl") OPERATION(CMOVLE, "cmovle") OPERATION(CMOVNLE, "cmovnle")
OPERATION(SETO, "seto") OPERATION(SETNO, "setno") OPERATION(SETB, "setb") OPERATION(SETNB, "setnb")
OPERATION(SETZ, "setz") OPERATION(SETNZ, "setnz") OPERATION(SETBE, "setbe") OPERATION(SETNBE, "setnbe")
OPERATION(SETS, "sets") OPERATION(SETNS, "setns") OPERATION(SETP, "setp") OPERATION(SETNP, "setnp")
OPERATION(SETL, "setl") OPERATION(SETNL, "setnl") OPERATION(SETLE, "setle") OPERATION(SETNLE, "setnle")

/* flow */
OPERATION(JO, "jo") OPERATION(JNO, "jno") OPERATION(JB, "jb") OPERATION(JNB, "jnb")
OPERATION(JZ, "jz") OPERATION(JNZ, "jnz") OPERATION(JBE, "jbe") OPERATION(JNBE, "jnbe")
OPERATION(JS, "js") OPERATION(JNS, "jns") OPERATION(JP, "jp") OPERATION(JNP, "jnp")
OPERATION(JL, "jl") OPERATION(JNL, "jnl") OPERATION(JLE, "jle") OPERATION(JNLE, "jnle")
OPERATION(JCXZ, "jcxz") OPERATION(LOOP, "loop") OPERATION(LOOPE, "loope") OPERATION(LOOPNE, "loopne")
OPERATION(JMP, "jmp") OPERATION(CALL, "call")               /* relative (I), or absolute near (R, M) */
OPERATION(JMP_FAR, "jmp far") OPERATION(CALL_FAR, "call far")   /* pointer in the instruction (F) or in memory (M) */
OPERATION(RET, "ret") OPERATION(RETF, "retf")               /* immediate: bytes to release */
OPERATION(INT, "int") OPERATION(INT3, "int3") OPERATION(INTO, "into") OPERATION(ICEBP, "icebp") OPERATION(IRET, "iret")
OPERATION(BOUND, "bound") OPERATION(UD2, "ud2") OPERATION(HLT, "hlt") OPERATION(NOP, "nop")

/* flags and system */
OPERATION(CLC, "clc") OPERATION(STC, "stc") OPERATION(CMC, "cmc") OPERATION(CLD, "cld") OPERATION(STD, "std")
OPERATION(CLI, "cli") OPERATION(STI, "sti")
OPERATION(ARPL, "arpl") OPERATION(LAR, "lar") OPERATION(LSL, "lsl") OPERATION(VERR, "verr") OPERATION(VERW, "verw")
OPERATION(SLDT, "sldt") OPERATION(STR, "str") OPERATION(LLDT, "lldt") OPERATION(LTR, "ltr")
OPERATION(SGDT, "sgdt") OPERATION(SIDT, "sidt") OPERATION(LGDT, "lgdt") OPERATION(LIDT, "lidt")
OPERATION(SMSW, "smsw") OPERATION(LMSW, "lmsw") OPERATION(CLTS, "clts") OPERATION(INVLPG, "invlpg")
OPERATION(MOV_FROM_CR, "mov") OPERATION(MOV_TO_CR, "mov") OPERATION(MOV_FROM_DR, "mov") OPERATION(MOV_TO_DR, "mov")
OPERATION(MOV_FROM_TR, "mov") OPERATION(MOV_TO_TR, "mov")
OPERATION(INVD, "invd") OPERATION(WBINVD, "wbinvd") OPERATION(CPUID, "cpuid")
OPERATION(RDTSC, "rdtsc") OPERATION(RDPMC, "rdpmc") OPERATION(RDMSR, "rdmsr") OPERATION(WRMSR, "wrmsr")
OPERATION(SYSENTER, "sysenter") OPERATION(SYSEXIT, "sysexit") OPERATION(RSM, "rsm")
OPERATION(WAIT, "wait")
OPERATION(ESC, "esc") /* D8-DF, until the floating-point unit has rows of its own: immediate = opcode << 8 | ModRM */

/* MMX and SSE: one operation for each mnemonic. Where it is the same for MMX and XMM registers, the row says which (ROW_PREFIX_66: XMM). */
OPERATION(MOVD, "movd") OPERATION(MOVQ, "movq") OPERATION(MOVDQA, "movdqa") OPERATION(MOVDQU, "movdqu")
OPERATION(MOVQ2DQ, "movq2dq") OPERATION(MOVDQ2Q, "movdq2q") OPERATION(EMMS, "emms")
OPERATION(MOVUPS, "movups") OPERATION(MOVUPD, "movupd") OPERATION(MOVAPS, "movaps") OPERATION(MOVAPD, "movapd")
OPERATION(MOVSS, "movss") OPERATION(MOVSD, "movsd") OPERATION(MOVLPS, "movlps") OPERATION(MOVLPD, "movlpd")
OPERATION(MOVHPS, "movhps") OPERATION(MOVHPD, "movhpd") OPERATION(MOVHLPS, "movhlps") OPERATION(MOVLHPS, "movlhps")
OPERATION(MOVNTPS, "movntps") OPERATION(MOVNTPD, "movntpd") OPERATION(MOVNTDQ, "movntdq") OPERATION(MOVNTQ, "movntq") OPERATION(MOVNTI, "movnti")
OPERATION(MASKMOVQ, "maskmovq") OPERATION(MASKMOVDQU, "maskmovdqu")
OPERATION(MOVMSKPS, "movmskps") OPERATION(MOVMSKPD, "movmskpd") OPERATION(PMOVMSKB, "pmovmskb") OPERATION(PINSRW, "pinsrw") OPERATION(PEXTRW, "pextrw")
OPERATION(PADDB, "paddb") OPERATION(PADDW, "paddw") OPERATION(PADDD, "paddd") OPERATION(PADDQ, "paddq")
OPERATION(PADDSB, "paddsb") OPERATION(PADDSW, "paddsw") OPERATION(PADDUSB, "paddusb") OPERATION(PADDUSW, "paddusw")
OPERATION(PSUBB, "psubb") OPERATION(PSUBW, "psubw") OPERATION(PSUBD, "psubd") OPERATION(PSUBQ, "psubq")
OPERATION(PSUBSB, "psubsb") OPERATION(PSUBSW, "psubsw") OPERATION(PSUBUSB, "psubusb") OPERATION(PSUBUSW, "psubusw")
OPERATION(PCMPEQB, "pcmpeqb") OPERATION(PCMPEQW, "pcmpeqw") OPERATION(PCMPEQD, "pcmpeqd")
OPERATION(PCMPGTB, "pcmpgtb") OPERATION(PCMPGTW, "pcmpgtw") OPERATION(PCMPGTD, "pcmpgtd")
OPERATION(PMINUB, "pminub") OPERATION(PMAXUB, "pmaxub") OPERATION(PMINSW, "pminsw") OPERATION(PMAXSW, "pmaxsw")
OPERATION(PAVGB, "pavgb") OPERATION(PAVGW, "pavgw") OPERATION(PMULLW, "pmullw") OPERATION(PMULHW, "pmulhw") OPERATION(PMULHUW, "pmulhuw")
OPERATION(PMULUDQ, "pmuludq") OPERATION(PMADDWD, "pmaddwd") OPERATION(PSADBW, "psadbw")
OPERATION(PAND, "pand") OPERATION(PANDN, "pandn") OPERATION(POR, "por") OPERATION(PXOR, "pxor")
OPERATION(PSLLW, "psllw") OPERATION(PSLLD, "pslld") OPERATION(PSLLQ, "psllq") OPERATION(PSRLW, "psrlw") OPERATION(PSRLD, "psrld")
OPERATION(PSRLQ, "psrlq") OPERATION(PSRAW, "psraw") OPERATION(PSRAD, "psrad") OPERATION(PSLLDQ, "pslldq") OPERATION(PSRLDQ, "psrldq")
OPERATION(PACKSSWB, "packsswb") OPERATION(PACKSSDW, "packssdw") OPERATION(PACKUSWB, "packuswb")
OPERATION(PUNPCKLBW, "punpcklbw") OPERATION(PUNPCKLWD, "punpcklwd") OPERATION(PUNPCKLDQ, "punpckldq") OPERATION(PUNPCKLQDQ, "punpcklqdq")
OPERATION(PUNPCKHBW, "punpckhbw") OPERATION(PUNPCKHWD, "punpckhwd") OPERATION(PUNPCKHDQ, "punpckhdq") OPERATION(PUNPCKHQDQ, "punpckhqdq")
OPERATION(PSHUFW, "pshufw") OPERATION(PSHUFD, "pshufd") OPERATION(PSHUFHW, "pshufhw") OPERATION(PSHUFLW, "pshuflw")
OPERATION(UNPCKLPS, "unpcklps") OPERATION(UNPCKLPD, "unpcklpd") OPERATION(UNPCKHPS, "unpckhps") OPERATION(UNPCKHPD, "unpckhpd")
OPERATION(SHUFPS, "shufps") OPERATION(SHUFPD, "shufpd") OPERATION(ANDPS, "andps") OPERATION(ANDPD, "andpd") OPERATION(ANDNPS, "andnps")
OPERATION(ANDNPD, "andnpd") OPERATION(ORPS, "orps") OPERATION(ORPD, "orpd") OPERATION(XORPS, "xorps") OPERATION(XORPD, "xorpd")
OPERATION(ADDPS, "addps") OPERATION(ADDPD, "addpd") OPERATION(ADDSS, "addss") OPERATION(ADDSD, "addsd")
OPERATION(SUBPS, "subps") OPERATION(SUBPD, "subpd") OPERATION(SUBSS, "subss") OPERATION(SUBSD, "subsd")
OPERATION(MULPS, "mulps") OPERATION(MULPD, "mulpd") OPERATION(MULSS, "mulss") OPERATION(MULSD, "mulsd")
OPERATION(DIVPS, "divps") OPERATION(DIVPD, "divpd") OPERATION(DIVSS, "divss") OPERATION(DIVSD, "divsd")
OPERATION(MINPS, "minps") OPERATION(MINPD, "minpd") OPERATION(MINSS, "minss") OPERATION(MINSD, "minsd")
OPERATION(MAXPS, "maxps") OPERATION(MAXPD, "maxpd") OPERATION(MAXSS, "maxss") OPERATION(MAXSD, "maxsd")
OPERATION(SQRTPS, "sqrtps") OPERATION(SQRTPD, "sqrtpd") OPERATION(SQRTSS, "sqrtss") OPERATION(SQRTSD, "sqrtsd")
OPERATION(CMPPS, "cmpps") OPERATION(CMPPD, "cmppd") OPERATION(CMPSS, "cmpss") OPERATION(CMPSD, "cmpsd")
OPERATION(RCPPS, "rcpps") OPERATION(RCPSS, "rcpss") OPERATION(RSQRTPS, "rsqrtps") OPERATION(RSQRTSS, "rsqrtss")
OPERATION(COMISS, "comiss") OPERATION(COMISD, "comisd") OPERATION(UCOMISS, "ucomiss") OPERATION(UCOMISD, "ucomisd")
OPERATION(CVTPI2PS, "cvtpi2ps") OPERATION(CVTPI2PD, "cvtpi2pd") OPERATION(CVTSI2SS, "cvtsi2ss") OPERATION(CVTSI2SD, "cvtsi2sd")
OPERATION(CVTPS2PI, "cvtps2pi") OPERATION(CVTPD2PI, "cvtpd2pi") OPERATION(CVTSS2SI, "cvtss2si") OPERATION(CVTSD2SI, "cvtsd2si")
OPERATION(CVTTPS2PI, "cvttps2pi") OPERATION(CVTTPD2PI, "cvttpd2pi") OPERATION(CVTTSS2SI, "cvttss2si") OPERATION(CVTTSD2SI, "cvttsd2si")
OPERATION(CVTPS2PD, "cvtps2pd") OPERATION(CVTPD2PS, "cvtpd2ps") OPERATION(CVTSS2SD, "cvtss2sd") OPERATION(CVTSD2SS, "cvtsd2ss")
OPERATION(CVTDQ2PS, "cvtdq2ps") OPERATION(CVTDQ2PD, "cvtdq2pd") OPERATION(CVTPS2DQ, "cvtps2dq") OPERATION(CVTPD2DQ, "cvtpd2dq")
OPERATION(CVTTPS2DQ, "cvttps2dq") OPERATION(CVTTPD2DQ, "cvttpd2dq")
OPERATION(LDMXCSR, "ldmxcsr") OPERATION(STMXCSR, "stmxcsr") OPERATION(LFENCE, "lfence") OPERATION(MFENCE, "mfence") OPERATION(SFENCE, "sfence")
OPERATION(CLFLUSH, "clflush") OPERATION(PREFETCHNTA, "prefetchnta") OPERATION(PREFETCHT0, "prefetcht0") OPERATION(PREFETCHT1, "prefetcht1")
OPERATION(PREFETCHT2, "prefetcht2")
#undef OPERATION
