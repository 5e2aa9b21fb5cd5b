/* Several inputs become one image, and what does not fit together is named.
 *
 * Source: CUDA Driver API, cuLinkCreate ("optionValues must remain valid for the life of the CUlinkState if output options are
 * used"), cuLinkAddData ("no reference is retained to any inputs after this call returns"), cuLinkComplete ("cubinOut ... is
 * owned by state", "sizeOut: optional"), CUjit_option (what is written back; CU_JIT_THREADS_PER_BLOCK "cannot be combined with
 * CU_JIT_TARGET"); PTX ISA, "Linking Directives"; for the words about symbols, what nvlink prints.
 */
#include "driver.h"

#define HEAD ".version 6.4\n.target sm_70\n.address_size 64\n"

/* factor is this unit's own. */
static const char *const CALLER = HEAD
    ".extern .func (.param .b32 result) twice(.param .b32 x);\n"
    ".extern .global .align 4 .u32 seven;\n"
    ".global .align 4 .u32 factor = 1000;\n"
    ".visible .entry k(.param .u64 out) {\n"
    "  .reg .b32 %r<6>; .reg .b64 %rd<5>;\n"
    "  ld.param.u64 %rd1, [out];\n"
    "  { .param .b32 param0; .param .b32 retval0;\n"
    "    st.param.b32 [param0], 21;\n"
    "    call.uni (retval0), twice, (param0);\n"
    "    ld.param.b32 %r1, [retval0]; }\n"
    "  mov.u64 %rd2, seven; ld.global.u32 %r2, [%rd2];\n"
    "  mov.u64 %rd3, factor; ld.global.u32 %r3, [%rd3];\n"
    "  mad.lo.u32 %r4, %r2, %r3, %r1;\n"
    "  cvta.to.global.u64 %rd1, %rd1; st.global.u32 [%rd1], %r4; ret;\n}\n";

static const char *const CALLEE = HEAD
    ".visible .global .align 4 .u32 seven = 7;\n"
    ".global .align 4 .u32 factor = 2;\n"
    ".visible .func (.param .b32 result) twice(.param .b32 x) {\n"
    "  .reg .b32 %r<4>; .reg .b64 %rd<2>;\n"
    "  ld.param.b32 %r1, [x];\n"
    "  mov.u64 %rd1, factor; ld.global.u32 %r2, [%rd1];\n"
    "  mul.lo.u32 %r3, %r1, %r2; st.param.b32 [result], %r3; ret;\n}\n";

static const char *const WEAK = HEAD ".weak .global .align 4 .u32 seven = 9;\n";
static const char *const BAD = HEAD ".visible .entry bad() { .reg .b32 r; add.u33 r, r, 1; ret; }\n";
/* No instruction is called so. */
static const char *const WORSE = HEAD ".visible .entry worse() { .reg .b32 r; addition.u32 r, r, 1; ret; }\n";

static char log_text[4096];
static int log_options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, CU_JIT_WALL_TIME};
static void *log_values[3];

static CUlinkState start_link(void) {
    CUlinkState link;
    memset(log_text, 'x', sizeof log_text);
    log_values[0] = log_text;
    log_values[1] = (void *)sizeof log_text;
    log_values[2] = NULL;
    OK(cuLinkCreate_v2(3, log_options, log_values, &link));
    return link;
}

static CUresult add(CUlinkState link, const char *name, const char *text) {
    CUresult result;
    char *copy = strdup(text);
    result = cuLinkAddData_v2(link, CU_JIT_INPUT_PTX, copy, strlen(text) + 1, name, 0, NULL, NULL);
    memset(copy, '!', strlen(text));
    free(copy);
    return result;
}

/* Loads an image and runs its kernel. */
static void run(const char *what, const void *image) {
    CUmodule module;
    CUfunction function;
    CUdeviceptr memory;
    unsigned seen = 0;
    void *params[] = {&memory};
    OK(cuModuleLoadData(&module, image));
    OK(cuModuleGetFunction(&function, module, "k"));
    OK(cuMemAlloc_v2(&memory, sizeof seen));
    OK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, params, NULL));
    OK(cuMemcpyDtoH_v2(&seen, memory, sizeof seen));
    OK(cuMemFree_v2(memory));
    OK(cuModuleUnload(module));
    printf("%s: %u\n", what, seen);
}

/* Links two inputs that do not fit together, and says whether the log has these words. */
static void misfit(const char *what, const char *first, const char *second, const char *words, const char *symbol) {
    void *image;
    CUlinkState link = start_link();
    CUresult result = add(link, "first.ptx", first);
    if (!result)
        result = add(link, "second.ptx", second);
    if (!result)
        result = cuLinkComplete(link, &image, NULL);
    printf("%s: refused: %d, in these words: %d, by name: %d, with the log's length: %d\n", what, result != CUDA_SUCCESS,
           strstr(log_text, words) != NULL, strstr(log_text, symbol) != NULL,
           (size_t)log_values[1] > strlen(words) && (size_t)log_values[1] <= sizeof log_text);
    OK(cuLinkDestroy(link));
}

int main(void) {
    enum { NO_OPTION = 4711, NO_INPUT = 77 };
    CUlinkState link, second;
    CUmodule module;
    void *image, *again, *copy;
    size_t size = 0;
    float ms = -1;
    start();

    link = start_link();
    OK(add(link, "caller.ptx", CALLER));
    OK(add(link, "weak.ptx", WEAK));
    OK(add(link, "callee.ptx", CALLEE));
    OK(cuLinkComplete(link, &image, &size));
    memcpy(&ms, &log_values[2], sizeof ms);
    printf("nothing to complain of: %d, time was measured: %d\n", (size_t)log_values[1] == 0, ms > 0);
    run("42 of the function, 7 of the variable times 1000 of its own", image);
    copy = malloc(size);
    memcpy(copy, image, size);
    OK(cuLinkComplete(link, &again, NULL));
    printf("completed again, it is the same: %d\n", again == image);
    OK(cuLinkDestroy(link));
    run("the same, of a copy", copy);
    free(copy);

    misfit("nobody has it", CALLER, WEAK, "Undefined reference", "twice");
    misfit("two have it", CALLEE, CALLEE, "Multiple definition", "twice");

    link = start_link();
    SAY(add(link, "worse.ptx", WORSE));
    printf("a text about it: %d\n", log_text[0] != 0 && (size_t)log_values[1] > 1);
    SAY(cuLinkAddData_v2(link, CU_JIT_INPUT_PTX, NULL, 1, "none", 0, NULL, NULL));
    SAY(cuLinkAddData_v2(link, NO_INPUT, (void *)CALLEE, strlen(CALLEE), "none", 0, NULL, NULL));
    SAY(cuLinkAddFile_v2(link, CU_JIT_INPUT_PTX, "/there/is/no/such.ptx", 0, NULL, NULL));
    OK(cuLinkDestroy(link));

    int unknown[] = {NO_OPTION};
    void *nothing[] = {NULL};
    SAY(cuLinkCreate_v2(1, unknown, nothing, &second));
    int both[] = {CU_JIT_THREADS_PER_BLOCK, CU_JIT_TARGET};
    void *both_values[] = {(void *)128, (void *)70};
    SAY(cuLinkCreate_v2(2, both, both_values, &second));
    SAY(cuLinkCreate_v2(1, NULL, NULL, &second));
    SAY(cuLinkCreate_v2(0, NULL, NULL, NULL));

    log_values[1] = (void *)sizeof log_text;
    log_text[0] = 0;
    SAY(cuModuleLoadDataEx(&module, BAD, 2, log_options, log_values));
    printf("a text about it: %d\n", log_text[0] != 0 && (size_t)log_values[1] > 1);
    return 0;
}
