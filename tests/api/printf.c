/* What kernels print is printed by the program, in the place of its output where it waits for them.
 * Source: CUDA C++ Programming Guide, "Formatted Output": "Limitations" lists what prints, and what is lost. */
#include "driver.h"
#include <unistd.h>

static const char image[] =
    ".version 7.0\n.target sm_70\n.address_size 64\n"
    ".extern .func (.param .b32 r) vprintf (.param .b64 a, .param .b64 b);\n"
    /* "kernel %d, thread %d\n" and "line %d\n" */
    ".global .align 1 .b8 said[22] = {107, 101, 114, 110, 101, 108, 32, 37, 100, 44, 32, 116, 104, 114, 101, 97, 100, 32, 37, 100, 10, 0};\n"
    ".global .align 1 .b8 line[9] = {108, 105, 110, 101, 32, 37, 100, 10, 0};\n"
    ".visible .entry say(.param .u32 number)\n"
    "{ .reg .b64 %a, %t; .reg .b32 %n, %x; .local .align 8 .b8 args[8];\n"
    "ld.param.u32 %n, [number]; mov.u32 %x, %tid.x; mov.u64 %t, args; cvta.local.u64 %a, %t;\n"
    "st.local.u32 [%t], %n; st.local.u32 [%t+4], %x; mov.u64 %t, said; cvta.global.u64 %t, %t;\n"
    "{ .param .b64 p0; st.param.b64 [p0], %t; .param .b64 p1; st.param.b64 [p1], %a; .param .b32 r;\n"
    "call.uni (r), vprintf, (p0, p1); } ret; }\n"
    ".visible .entry count(.param .u32 number)\n"
    "{ .reg .pred %more; .reg .b64 %a, %t, %f; .reg .b32 %n, %x; .local .align 8 .b8 args[8];\n"
    "ld.param.u32 %n, [number]; mov.u32 %x, 0; mov.u64 %t, args; cvta.local.u64 %a, %t;\n"
    "mov.u64 %f, line; cvta.global.u64 %f, %f;\n"
    "NEXT: st.local.u32 [%t], %x;\n"
    "{ .param .b64 p0; st.param.b64 [p0], %f; .param .b64 p1; st.param.b64 [p1], %a; .param .b32 r;\n"
    "call.uni (r), vprintf, (p0, p1); }\n"
    "add.u32 %x, %x, 1; setp.lt.u32 %more, %x, %n; @%more bra NEXT; ret; }\n";

static CUmodule module;
static CUfunction say, count;
static CUstream stream;
static int number;

static void launch(CUfunction function, unsigned int threads, int argument) {
    void *params[] = {&argument};
    OK(cuLaunchKernel(function, 1, 1, 1, threads, 1, 1, 0, stream, params, NULL));
}

/* Launches a kernel that prints, and lets it end. Asking whether it has ended prints nothing. */
static void let_print(void) {
    launch(say, 2, ++number);
    CUresult result;
    while ((result = cuStreamQuery(stream)) != 0)
        if (result != CUDA_ERROR_NOT_READY) OK(result);
}

/* Whether the last of so many lines that one kernel prints is there, and all before it, where there is room for them. */
static void print_lines(int wanted, int is_room) {
    fflush(stdout);
    FILE *file = tmpfile();
    int real = dup(1);
    dup2(fileno(file), 1);
    launch(count, 1, wanted);
    OK(cuStreamSynchronize(stream));
    fflush(stdout);
    dup2(real, 1);
    int last = -1, at, lines = 0;
    rewind(file);
    while (fscanf(file, "line %d\n", &at) == 1) {
        last = at;
        lines++;
    }
    printf("the last line is %s\n", last == wanted - 1 ? "there" : "lost");
    /* Of what runs over, as much is lost as nobody has taken meanwhile: a driver takes some while it waits. */
    if (is_room) printf("%d are lost\n", wanted - lines);
}

/* Into the current context. */
static void load(void) {
    OK(cuModuleLoadData(&module, image));
    OK(cuModuleGetFunction(&say, module, "say"));
    OK(cuModuleGetFunction(&count, module, "count"));
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
}

int main(void) {
    CUdeviceptr memory;
    CUevent event;
    CUcontext other;
    unsigned int word = 0;
    start();
    /* A large device's own size takes more than half a minute to fill from one thread. */
    OK(cuCtxSetLimit(CU_LIMIT_PRINTF_FIFO_SIZE, 1 << 20));
    load();
    OK(cuMemAlloc_v2(&memory, 4));
    OK(cuEventCreate(&event, 0));

#define PRINTS(call) \
    let_print(); \
    printf("-- before %s\n", #call); \
    OK(call); \
    printf("-- after\n");

    PRINTS(cuCtxSynchronize());
    PRINTS(cuStreamSynchronize(stream));
    OK(cuEventRecord(event, stream));
    PRINTS(cuEventSynchronize(event));
    PRINTS(cuMemcpyHtoD_v2(memory, &word, 4));
    PRINTS(cuMemcpyDtoH_v2(&word, memory, 4));
    PRINTS(cuMemcpy(memory, (CUdeviceptr)&word, 4));
    CUmodule again;
    PRINTS(cuModuleLoadData(&again, image));
    PRINTS(cuModuleUnload(again));
    OK(cuCtxCreate_v2(&other, 0, 0));
    OK(cuCtxPopCurrent_v2(NULL));
    PRINTS(cuCtxDestroy_v2(other));

    printf("-- two launches in order\n");
    launch(say, 1, 101);
    launch(say, 1, 102);
    OK(cuStreamSynchronize(stream));

    printf("-- a buffer that runs over\n");
    size_t bytes = 0, after = 0;
    OK(cuCtxGetLimit(&bytes, CU_LIMIT_PRINTF_FIFO_SIZE));
    /* Of each line at least the address of its format is kept, which is 8 bytes. */
    int lines = bytes / 8 + 1;
    print_lines(lines, 0);
    OK(cuCtxGetLimit(&after, CU_LIMIT_PRINTF_FIFO_SIZE));
    printf("its size is what it was: %d\n", after == bytes);
    /* Another size is for a context in which nothing has been printed yet. */
    printf("-- a buffer that holds as much\n");
    OK(cuCtxCreate_v2(&other, 0, 0));
    OK(cuCtxSetLimit(CU_LIMIT_PRINTF_FIFO_SIZE, 8 * bytes));
    load();
    print_lines(lines, 1);

    printf("-- nothing is printed at exit\n");
    let_print();
    return 0;
}
