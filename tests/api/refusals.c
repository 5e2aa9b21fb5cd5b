/* What a call is refused for is that call's result and nothing else: the context goes on.
 *
 * Source: the errors of each function in NVIDIA's driver API reference; for the block, PTX ISA's .reqntid, "if the
 * specified dimensions differ the launch fails". Only faults stay.
 */
#include "driver.h"

static const char *const PTX =
    ".version 6.4\n.target sm_70\n.address_size 64\n"
    ".global .align 4 .u32 runs;\n"
    ".visible .entry fixed() .reqntid 32, 2, 1 { ret; }\n"
    ".visible .entry count(.param .u64 unused) {\n"
    "  .reg .b32 %r<2>; .reg .b64 %rd<2>;\n"
    "  mov.u64 %rd1, runs; atom.global.add.u32 %r1, [%rd1], 1; ret;\n}\n";

static CUfunction fixed, count;
static CUdeviceptr runs;
static unsigned good;

/* Says what a call came to, and whether work goes on: a launch after it runs, and nothing is left to report. */
static void after(const char *what, CUresult result) {
    unsigned seen = 0;
    unsigned long long unused = 0;
    void *params[] = {&unused};
    CUresult synced = cuCtxSynchronize();
    CUresult launched = cuLaunchKernel(count, 1, 1, 1, 1, 1, 1, 0, NULL, params, NULL);
    CUresult copied = cuMemcpyDtoH_v2(&seen, runs, sizeof seen);
    good++;
    printf("%s: %s", what, name_of(result));
    if (synced || launched || copied || seen != good)
        printf(", then %s, %s, %s, %u of %u", name_of(synced), name_of(launched), name_of(copied), seen, good);
    printf("\n");
}

int main(void) {
    const CUdeviceptr nowhere = 0x10;
    CUmodule module;
    CUdeviceptr memory;
    char host[64] = {0};
    unsigned long long unused = 0;
    void *params[] = {&unused};
    start();
    OK(cuModuleLoadData(&module, PTX));
    OK(cuModuleGetFunction(&fixed, module, "fixed"));
    OK(cuModuleGetFunction(&count, module, "count"));
    OK(cuModuleGetGlobal_v2(&runs, NULL, module, "runs"));
    OK(cuMemsetD32_v2(runs, 0, 1));
    OK(cuMemAlloc_v2(&memory, 64));

    after("the block that a kernel requires", cuLaunchKernel(fixed, 1, 1, 1, 32, 2, 1, 0, NULL, NULL, NULL));
    after("as many threads in another shape", cuLaunchKernel(fixed, 1, 1, 1, 64, 1, 1, 0, NULL, NULL, NULL));
    after("a smaller block", cuLaunchKernel(fixed, 1, 1, 1, 32, 1, 1, 0, NULL, NULL, NULL));
    after("no threads", cuLaunchKernel(count, 1, 1, 1, 0, 1, 1, 0, NULL, params, NULL));
    after("no blocks", cuLaunchKernel(count, 1, 0, 1, 1, 1, 1, 0, NULL, params, NULL));
    after("more threads than any block has", cuLaunchKernel(count, 1, 1, 1, 1024, 2, 1, 0, NULL, params, NULL));
    after("more rows of blocks than any grid has", cuLaunchKernel(count, 1, 65536, 1, 1, 1, 1, 0, NULL, params, NULL));
    after("more shared memory than any block has", cuLaunchKernel(count, 1, 1, 1, 1, 1, 1, 1 << 20, NULL, params, NULL));
    after("a raised limit of shared memory", cuFuncSetAttribute(count, 8, 1 << 24));
    after("a copy to nowhere", cuMemcpyHtoD_v2(nowhere, host, sizeof host));
    after("a copy from nowhere", cuMemcpyDtoH_v2(host, nowhere, sizeof host));
    after("a copy from nowhere to nowhere", cuMemcpyDtoD_v2(nowhere, nowhere, sizeof host));
    after("a fill of nowhere", cuMemsetD8_v2(nowhere, 0, 1));
    after("a queued fill of nowhere", cuMemsetD8Async(nowhere, 0, 1, NULL));
    after("a fill of halves of an element", cuMemsetD32_v2(memory + 2, 0, 1));
    after("freeing what was not allocated", cuMemFree_v2(memory + 4));
    return 0;
}
