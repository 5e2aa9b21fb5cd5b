/* A kernel's assertion that fails is printed by the program, and ends the context.
 * Source: CUDA C++ Programming Guide, "Assertion": what is printed, where, and when. */
#include "driver.h"
#include <unistd.h>

static const char image[] =
    ".version 7.0\n.target sm_70\n.address_size 64\n"
    ".extern .func __assertfail (.param .b64 a, .param .b64 b, .param .b32 c, .param .b64 d, .param .b64 e);\n"
    /* "x < 1", "kernel.cu", "void check()" */
    ".global .align 1 .b8 condition[6] = {120, 32, 60, 32, 49, 0};\n"
    ".global .align 1 .b8 file[10] = {107, 101, 114, 110, 101, 108, 46, 99, 117, 0};\n"
    ".global .align 1 .b8 function[13] = {118, 111, 105, 100, 32, 99, 104, 101, 99, 107, 40, 41, 0};\n"
    ".visible .entry check()\n"
    "{ .reg .pred %fine; .reg .b64 %m, %f, %u; .reg .b32 %x; mov.u32 %x, %tid.x; setp.lt.u32 %fine, %x, 1; @%fine bra END;\n"
    "mov.u64 %m, condition; cvta.global.u64 %m, %m; mov.u64 %f, file; cvta.global.u64 %f, %f;\n"
    "mov.u64 %u, function; cvta.global.u64 %u, %u;\n"
    "{ .param .b64 p0; st.param.b64 [p0], %m; .param .b64 p1; st.param.b64 [p1], %f; .param .b32 p2; st.param.b32 [p2], 12;\n"
    ".param .b64 p3; st.param.b64 [p3], %u; .param .b64 p4; st.param.b64 [p4], 1;\n"
    "call.uni __assertfail, (p0, p1, p2, p3, p4); }\n"
    "END: ret; }\n";

int main(void) {
    CUmodule module;
    CUfunction check;
    start();
    OK(cuModuleLoadData(&module, image));
    OK(cuModuleGetFunction(&check, module, "check"));
    printf("-- before\n");
    fflush(stdout);
    dup2(1, 2);
    OK(cuLaunchKernel(check, 1, 1, 1, 3, 1, 1, 0, NULL, NULL, NULL));
    CUresult result = cuCtxSynchronize();
    printf("-- after: %s\n", name_of(result));
    SAY(cuCtxSynchronize());
    return 0;
}
