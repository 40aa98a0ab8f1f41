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
#undef OPERATION
