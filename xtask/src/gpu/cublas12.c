// libcublas.so.12 on top of libcublas.so.13: what the client calls has the same signatures in both. names.h lists it.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

// Where there is no libcublas.so.13, either, the client may still do what needs none.
static void missing(void) {
    fprintf(stderr, "libcublas.so.12 stands in for 13 here, and that is not there\n");
    _Exit(1);
}

#define FORWARD(name)                                                                                                  \
    __attribute__((visibility("hidden"), used)) void *to_##name;                                                       \
    __asm__(".globl " #name "\n.type " #name ",@function\n" #name ":\n\tjmp *to_" #name "(%rip)\n");
#include "names.h"
#undef FORWARD

__attribute__((constructor)) static void find(void) {
    void *library = dlopen("libcublas.so.13", RTLD_NOW | RTLD_LOCAL);
#define FORWARD(name)                                                                                                  \
    to_##name = library == NULL ? NULL : dlsym(library, #name);                                                        \
    if (to_##name == NULL) to_##name = (void *)missing;
#include "names.h"
#undef FORWARD
}
