/*
 * How a call gets to the system's iphlpapi.dll: each function that is passed through is a jump to where its
 * entry says (struct facade_entry in facade.h). At first that is code which looks the function up, and then goes
 * on to it. Arguments, in registers and on the stack, and the place to return to stay as the program left them.
 *
 * Included by the generated list of functions (cmake/facade.cmake), which uses the macro
 *
 *     system_function SYMBOL, "NAME", BYTES, LACKING
 *
 * SYMBOL is NAME with only letters, digits and _; BYTES and LACKING are the columns of def/iphlpapi.list.
 */

#ifdef __x86_64__

    .macro  system_function symbol:req, name:req, bytes:req, lacking:req
    .text
    .balign 16
    .globl  system_\symbol
system_\symbol:
    jmp     *entry_\symbol(%rip)
find_\symbol:
    leaq    entry_\symbol(%rip), %rax      /* holds no argument, and need not be kept */
    jmp     find_and_go_on

    .data
entry_\symbol:
    .quad   find_\symbol
    .quad   name_\symbol
    .quad   facade_lacks_\lacking

    .section .rdata, "dr"
name_\symbol:
    .asciz  "\name"
    .endm

/* From find_...: rax has the entry. The frame: 32 bytes for facade_find to use as it likes, the four registers with
 * integer arguments, the four with floating-point ones, and 8 that align the stack to 16. */
    .text
    .seh_proc find_and_go_on
find_and_go_on:
    subq    $0x88, %rsp
    .seh_stackalloc 0x88
    .seh_endprologue
    movq    %rcx, 0x20(%rsp)
    movq    %rdx, 0x28(%rsp)
    movq    %r8, 0x30(%rsp)
    movq    %r9, 0x38(%rsp)
    movaps  %xmm0, 0x40(%rsp)
    movaps  %xmm1, 0x50(%rsp)
    movaps  %xmm2, 0x60(%rsp)
    movaps  %xmm3, 0x70(%rsp)
    movq    %rax, %rcx
    call    facade_find
    movq    0x20(%rsp), %rcx
    movq    0x28(%rsp), %rdx
    movq    0x30(%rsp), %r8
    movq    0x38(%rsp), %r9
    movaps  0x40(%rsp), %xmm0
    movaps  0x50(%rsp), %xmm1
    movaps  0x60(%rsp), %xmm2
    movaps  0x70(%rsp), %xmm3
    addq    $0x88, %rsp
    rex.w jmp *%rax                         /* rex.w: unwinders know an epilogue by it */
    .seh_endproc

#else /* x86: C names have an underscore in front */

    .macro  system_function symbol:req, name:req, bytes:req, lacking:req
    .text
    .balign 16
    .globl  _system_\symbol
_system_\symbol:
    jmp     *entry_\symbol
find_\symbol:
    pushl   $entry_\symbol
    jmp     find_and_go_on
lacks_\symbol:
    .ifc    \bytes, ?
    pushl   $entry_\symbol
    call    _facade_cannot_return
    .else
    call    _facade_lacks_\lacking
    ret     $\bytes
    .endif

    .data
    .balign 4
entry_\symbol:
    .long   find_\symbol
    .long   name_\symbol
    .long   lacks_\symbol

    .section .rdata, "dr"
name_\symbol:
    .asciz  "\name"
    .endm

/* From find_...: the entry is on the stack, above it the place to return to. No argument is in a register. */
    .text
find_and_go_on:
    call    _facade_find                    /* as cdecl: the entry stays on the stack */
    addl    $4, %esp
    jmp     *%eax

#endif
