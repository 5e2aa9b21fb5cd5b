/* A kernel may read and write behind what was allocated, up to the next multiple of 512 bytes, and then goes on; far away it may not.
 * Source: driver API reference, cuMemAlloc: memory is given out in granules. That drivers give at least 512 bytes is observed;
 * programs rely on it, such as one of numba-cuda's own tests. */
#include "driver.h"

enum { WORDS = 128 };

static const char image[] =
    ".version 7.0\n.target sm_70\n.address_size 64\n"
    ".visible .entry add_up(.param .u64 from, .param .u64 to, .param .u64 distance) {\n"
    "  .reg .b32 %r<4>;\n"
    "  .reg .b64 %rd<7>;\n"
    "  ld.param.u64 %rd1, [from];\n"
    "  ld.param.u64 %rd2, [to];\n"
    "  ld.param.u64 %rd3, [distance];\n"
    "  mov.u32 %r1, %tid.x;\n"
    "  mul.wide.u32 %rd4, %r1, 4;\n"
    "  add.s64 %rd5, %rd1, %rd4;\n"
    "  add.s64 %rd5, %rd5, %rd3;\n"
    "  add.s64 %rd6, %rd2, %rd4;\n"
    "  ld.global.u32 %r2, [%rd5];\n"
    "  ld.global.u32 %r3, [%rd6];\n"
    "  add.u32 %r2, %r2, %r3;\n"
    "  st.global.u32 [%rd5], %r2;\n"
    "  st.global.u32 [%rd6], %r2;\n"
    "  ret;\n"
    "}\n";

int main(void) {
    CUcontext context;
    CUmodule module;
    CUfunction add_up;
    CUdeviceptr from, to;
    unsigned int words[10];
    OK(cuInit(0));
    OK(cuCtxCreate_v2(&context, 0, 0));
    OK(cuModuleLoadData(&module, image));
    OK(cuModuleGetFunction(&add_up, module, "add_up"));
    OK(cuMemAlloc_v2(&from, sizeof words));
    OK(cuMemAlloc_v2(&to, WORDS * 4 - 100));
    OK(cuMemsetD32_v2(from, 3, 10));
    OK(cuMemsetD32_v2(to, 4, WORDS - 25));

    size_t distance = 0;
    void *parameters[] = {&from, &to, &distance};
    OK(cuLaunchKernel(add_up, 1, 1, 1, WORDS, 1, 1, 0, NULL, parameters, NULL));
    printf("within the granule: %u\n", cuCtxSynchronize());
    OK(cuMemcpyDtoH_v2(words, to, sizeof words));
    printf("%u to %u\n", words[0], words[9]);

    distance = (size_t)1 << 46;
    OK(cuLaunchKernel(add_up, 1, 1, 1, WORDS, 1, 1, 0, NULL, parameters, NULL));
    printf("far away: %u\n", cuCtxSynchronize());
    return 0;
}
