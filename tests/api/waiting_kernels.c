/* Kernels that wait: for all blocks of their grid, for the block before each, for a kernel and a fill of other streams, for the host.
 * Source: "Hardware Multithreading" (blocks that are resident keep their state on the multiprocessor until they end), "Asynchronous
 * Concurrent Execution", "Independent Thread Scheduling" and "Mapped Memory" in NVIDIA's CUDA C++ Programming Guide; cuMemHostAlloc and
 * cuOccupancyMaxActiveBlocksPerMultiprocessor in the driver API reference.
 */
#include "driver.h"
#include <unistd.h>

enum { MULTIPROCESSOR_COUNT = 16, THREADS = 256, MEETINGS = 3, CHAIN = 2000, PASSES = 20 };

static const char image[] =
    ".version 7.0\n.target sm_70\n.address_size 64\n"
    /* The first thread of each block counts it in and waits until all have come, a few times; its fellows wait for it. */
    ".visible .entry meet(.param .u64 words, .param .u32 times) {\n"
    "  .reg .pred %p<4>; .reg .b32 %r<8>; .reg .b64 %rd<2>;\n"
    "  ld.param.u64 %rd1, [words];\n"
    "  ld.param.u32 %r1, [times];\n"
    "  mov.u32 %r2, %nctaid.x;\n"
    "  mov.u32 %r3, %tid.x;\n"
    "  setp.ne.u32 %p1, %r3, 0;\n"
    "  mov.u32 %r4, 0;\n"
    "MEETING:\n"
    "  add.u32 %r4, %r4, %r2;\n"
    "  @%p1 bra STAND;\n"
    "  membar.gl;\n"
    "  atom.global.add.u32 %r5, [%rd1], 1;\n"
    "WAIT:\n"
    "  ld.volatile.global.u32 %r5, [%rd1];\n"
    "  setp.lt.u32 %p2, %r5, %r4;\n"
    "  @%p2 bra WAIT;\n"
    "STAND:\n"
    "  bar.sync 0;\n"
    "  add.u32 %r1, %r1, -1;\n"
    "  setp.ne.u32 %p3, %r1, 0;\n"
    "  @%p3 bra MEETING;\n"
    "  ret;\n"
    "}\n"
    /* Each block adds one to what the block before it has left. */
    ".visible .entry chain(.param .u64 words) {\n"
    "  .reg .pred %p<3>; .reg .b32 %r<3>; .reg .b64 %rd<3>;\n"
    "  ld.param.u64 %rd1, [words];\n"
    "  mov.u32 %r1, %ctaid.x;\n"
    "  mad.wide.u32 %rd2, %r1, 4, %rd1;\n"
    "  mov.u32 %r2, 0;\n"
    "  setp.eq.u32 %p1, %r1, 0;\n"
    "  @%p1 bra PASS;\n"
    "WAIT:\n"
    "  ld.volatile.global.u32 %r2, [%rd2+-4];\n"
    "  setp.eq.u32 %p2, %r2, 0;\n"
    "  @%p2 bra WAIT;\n"
    "PASS:\n"
    "  add.u32 %r2, %r2, 1;\n"
    "  st.volatile.global.u32 [%rd2], %r2;\n"
    "  ret;\n"
    "}\n"
    /* Waits for a number, leaves the next one, then waits for the one after that. */
    ".visible .entry pass(.param .u64 words, .param .u32 from, .param .u32 times) {\n"
    "  .reg .pred %p<3>; .reg .b32 %r<5>; .reg .b64 %rd<2>;\n"
    "  ld.param.u64 %rd1, [words];\n"
    "  ld.param.u32 %r1, [from];\n"
    "  ld.param.u32 %r2, [times];\n"
    "WAIT:\n"
    "  ld.volatile.global.u32 %r3, [%rd1];\n"
    "  setp.ne.u32 %p1, %r3, %r1;\n"
    "  @%p1 bra WAIT;\n"
    "  add.u32 %r3, %r3, 1;\n"
    "  st.volatile.global.u32 [%rd1], %r3;\n"
    "  add.u32 %r1, %r1, 2;\n"
    "  add.u32 %r2, %r2, -1;\n"
    "  setp.ne.u32 %p2, %r2, 0;\n"
    "  @%p2 bra WAIT;\n"
    "  ret;\n"
    "}\n"
    /* Two warps hand a word to each other; their other lanes wait for the one that does it. */
    ".visible .entry warps(.param .u64 words, .param .u32 times) {\n"
    "  .reg .pred %p<5>; .reg .b32 %r<7>; .reg .b64 %rd<2>;\n"
    "  ld.param.u64 %rd1, [words];\n"
    "  ld.param.u32 %r1, [times];\n"
    "  mov.u32 %r2, %tid.x;\n"
    "  shr.u32 %r3, %r2, 5;\n"
    "  and.b32 %r4, %r2, 31;\n"
    "  setp.ne.u32 %p1, %r4, 0;\n"
    "  @%p1 bra END;\n"
    "WAIT:\n"
    "  ld.volatile.global.u32 %r5, [%rd1];\n"
    "  setp.ge.u32 %p2, %r5, %r1;\n"
    "  @%p2 bra END;\n"
    "  and.b32 %r6, %r5, 1;\n"
    "  setp.ne.u32 %p3, %r6, %r3;\n"
    "  @%p3 bra WAIT;\n"
    "  add.u32 %r5, %r5, 1;\n"
    "  st.volatile.global.u32 [%rd1], %r5;\n"
    "  bra WAIT;\n"
    "END:\n"
    "  bar.warp.sync -1;\n"
    "  ret;\n"
    "}\n";

static CUmodule module;
static CUdeviceptr words;
static CUstream one, other;

static CUfunction function(const char *name) {
    CUfunction function;
    OK(cuModuleGetFunction(&function, module, name));
    return function;
}

static void launch(const char *name, int blocks, int threads, CUstream stream, void **params) {
    OK(cuLaunchKernel(function(name), blocks, 1, 1, threads, 1, 1, 0, stream, params, NULL));
}

static void clear(void) {
    OK(cuMemsetD8_v2(words, 0, CHAIN * 4));
    OK(cuCtxSynchronize());
}

static int word(int index) {
    int value = 0;
    OK(cuCtxSynchronize());
    OK(cuMemcpyDtoH_v2(&value, words + 4 * index, 4));
    return value;
}

static void meet(void) {
    CUdevice device;
    int multiprocessors, each, times = MEETINGS;
    void *params[] = {&words, &times};
    clear();
    OK(cuDeviceGet(&device, 0));
    OK(cuDeviceGetAttribute(&multiprocessors, MULTIPROCESSOR_COUNT, device));
    OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&each, function("meet"), THREADS, 0));
    launch("meet", multiprocessors * each, THREADS, one, params);
    printf("blocks that fit the multiprocessors meet: %d times each\n", word(0) / (multiprocessors * each));
}

static void chain(void) {
    void *params[] = {&words};
    clear();
    launch("chain", CHAIN, 32, one, params);
    printf("each block waits for the one before it: %d of %d\n", word(CHAIN - 1), CHAIN);
}

static void warps(void) {
    int times = PASSES;
    void *params[] = {&words, &times};
    clear();
    launch("warps", 1, 64, one, params);
    printf("warps of a block wait for each other: %d\n", word(0));
}

static void streams(void) {
    int odd = 1, even = 0, times = PASSES / 2;
    void *late[] = {&words, &odd, &times}, *early[] = {&words, &even, &times};
    clear();
    launch("pass", 1, 1, one, late);
    launch("pass", 1, 1, other, early);
    printf("kernels of two streams wait for each other: %d\n", word(0));
}

static void fill(void) {
    int from = 7, times = 1;
    void *params[] = {&words, &from, &times};
    clear();
    launch("pass", 1, 1, one, params);
    OK(cuMemsetD32Async(words, 7, 1, other));
    printf("a kernel waits for a fill of another stream: %d\n", word(0));
}

static void host(void) {
    int from = 1, times = PASSES / 2;
    volatile int *mapped;
    CUdeviceptr address;
    void *params[] = {&address, &from, &times};
    OK(cuMemHostAlloc((void **)&mapped, 4096, 2));
    OK(cuMemHostGetDevicePointer_v2(&address, (void *)mapped, 0));
    *mapped = 0;
    launch("pass", 1, 1, one, params);
    for (int turn = 0; turn < PASSES / 2; turn++) {
        while (*mapped != 2 * turn) {
        }
        *mapped = 2 * turn + 1;
    }
    OK(cuCtxSynchronize());
    printf("a kernel and the host wait for each other: %d\n", *mapped);
}

int main(void) {
    start();
    alarm(100);
    OK(cuModuleLoadData(&module, image));
    OK(cuMemAlloc_v2(&words, CHAIN * 4));
    OK(cuStreamCreate(&one, CU_STREAM_NON_BLOCKING));
    OK(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING));
    meet();
    chain();
    warps();
    streams();
    fill();
    host();
    return 0;
}
