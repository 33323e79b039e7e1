/* probe.h's functions. */
#include "facade/system_function.S"

    system_function Probe, "Probe", 24, error

#ifdef __x86_64__

    .bss
    .globl  probe_got
    .balign 16
probe_got:
    .space  96 + 64

    .text
    .globl  probe_target
probe_target:
    leaq    probe_got(%rip), %rax
    movq    %rcx, (%rax)
    movq    %rdx, 8(%rax)
    movq    %r8, 16(%rax)
    movq    %r9, 24(%rax)
    movups  %xmm0, 32(%rax)
    movups  %xmm1, 48(%rax)
    movups  %xmm2, 64(%rax)
    movups  %xmm3, 80(%rax)
    .set    argument, 0
    .rept   6
    movq    0x28 + argument(%rsp), %r10
    movq    %r10, 96 + argument(%rax)
    .set    argument, argument + 8
    .endr
    movq    (%rsp), %r10
    movq    %r10, 144(%rax)
    movq    %rsp, 152(%rax)
    movl    $0x51ab1e, %eax
    ret

    .globl  probe_call
    .seh_proc probe_call
probe_call:
    pushq   %rbx
    .seh_pushreg %rbx
    subq    $0x50, %rsp                     /* 32 bytes for the function, and six arguments */
    .seh_stackalloc 0x50
    .seh_endprologue
    movq    %rcx, %rbx
    movq    %rdx, %rax
    .set    argument, 0
    .rept   6
    movq    96 + argument(%rbx), %r10
    movq    %r10, 0x20 + argument(%rsp)
    .set    argument, argument + 8
    .endr
    leaq    1f(%rip), %r10
    movq    %r10, 144(%rbx)
    leaq    -8(%rsp), %r10
    movq    %r10, 152(%rbx)
    movq    (%rbx), %rcx
    movq    8(%rbx), %rdx
    movq    16(%rbx), %r8
    movq    24(%rbx), %r9
    movups  32(%rbx), %xmm0
    movups  48(%rbx), %xmm1
    movups  64(%rbx), %xmm2
    movups  80(%rbx), %xmm3
    call    *%rax
1:
    addq    $0x50, %rsp
    popq    %rbx
    ret
    .seh_endproc

#else

    .bss
    .globl  _probe_got
    .balign 4
_probe_got:
    .space  32

    .text
    .globl  _probe_target
_probe_target:
    .set    argument, 0
    .rept   6
    movl    4 + argument(%esp), %eax
    movl    %eax, _probe_got + argument
    .set    argument, argument + 4
    .endr
    movl    (%esp), %eax
    movl    %eax, _probe_got + 24
    movl    %esp, _probe_got + 28
    movl    $0x51ab1e, %eax
    ret     $24

    .globl  _probe_call
_probe_call:
    pushl   %ebx
    movl    8(%esp), %ebx
    movl    12(%esp), %eax
    .set    argument, 20
    .rept   6
    pushl   argument(%ebx)
    .set    argument, argument - 4
    .endr
    movl    $1f, 24(%ebx)
    leal    -4(%esp), %ecx
    movl    %ecx, 28(%ebx)
    call    *%eax
1:
    popl    %ebx
    ret

#endif
