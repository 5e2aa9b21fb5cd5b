/* What nvcc -rdc=true makes of two objects: a wrapper of version 2, whose own image has nothing for the device, and a list of the
 * objects' fatbins, which the runtime has linked when a kernel of theirs is first used.
 *
 * Source: the start-up code that nvcc writes (link.stub of its package: __cudaPrelinkedFatbins, FATBINC_LINK_VERSION), and what
 * `nvcc -rdc=true -dlink` puts into a program that holds PTX alone: an empty fatbin. A container's fields are as fatbinary writes
 * them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#include "driver.h"

#define HEAD ".version 6.4\n.target sm_70\n.address_size 64\n"

typedef struct {
    unsigned x, y, z;
} dim3;

typedef struct {
    uint32_t magic, version;
    const void *data;
    const void *list;
} Wrapper;

static const char *const KERNEL = HEAD
    ".extern .func (.param .b32 result) twice(.param .b32 x);\n"
    ".visible .entry k(.param .u64 out, .param .u32 x) {\n"
    "  .reg .b32 %r<4>; .reg .b64 %rd<2>;\n"
    "  ld.param.u64 %rd1, [out]; ld.param.u32 %r1, [x];\n"
    "  { .param .b32 param0; .param .b32 retval0;\n"
    "    st.param.b32 [param0], %r1;\n"
    "    call.uni (retval0), twice, (param0);\n"
    "    ld.param.b32 %r2, [retval0]; }\n"
    "  cvta.to.global.u64 %rd1, %rd1; st.global.u32 [%rd1], %r2; ret;\n}\n";

static const char *const FUNCTION = HEAD
    ".visible .func (.param .b32 result) twice(.param .b32 x) {\n"
    "  .reg .b32 %r<3>; ld.param.b32 %r1, [x]; add.u32 %r2, %r1, %r1; st.param.b32 [result], %r2; ret;\n}\n";

/* A container of one entry of PTX, or of none. */
static void *fatbin(const char *text) {
    size_t len = text ? strlen(text) + 1 : 0, padded = (len + 7) / 8 * 8, body = text ? 64 + padded : 0;
    unsigned char *bytes = calloc(1, 16 + body);
    *(uint32_t *)bytes = 0xba55ed50;
    *(uint16_t *)(bytes + 4) = 1;
    *(uint16_t *)(bytes + 6) = 16;
    *(uint64_t *)(bytes + 8) = body;
    if (text) {
        unsigned char *entry = bytes + 16;
        *(uint16_t *)entry = 1;
        *(uint16_t *)(entry + 2) = 0x101;
        *(uint32_t *)(entry + 4) = 64;
        *(uint64_t *)(entry + 8) = padded;
        *(uint16_t *)(entry + 24) = 4;
        *(uint16_t *)(entry + 26) = 6;
        *(uint32_t *)(entry + 28) = 70;
        *(uint64_t *)(entry + 40) = 0x11;
        memcpy(entry + 64, text, len);
    }
    return bytes;
}

static void stub(void) {}
static void stub_of_none(void) {}

static int (*launch)(const void *, dim3, dim3, void **, size_t, void *);
static int (*synchronize)(void);
static void **(*register_fatbin)(void *);
static void (*register_function)(void **, const char *, char *, const char *, int, void *, void *, void *, void *, int *);

static int run(void (*host)(void), CUdeviceptr memory, unsigned x) {
    dim3 one = {1, 1, 1};
    void *params[] = {&memory, &x};
    int result = launch((void *)host, one, one, params, 0, NULL);
    return result ? result : synchronize();
}

int main(void) {
    enum { NO_KERNEL_IMAGE = 209 };
    CUdeviceptr memory;
    unsigned seen = 0;
    void *runtime = dlopen("libcudart.so.12", RTLD_NOW);
    if (!runtime) {
        printf("%s\n", dlerror());
        return 77; /* skipped */
    }
    *(void **)&launch = dlsym(runtime, "cudaLaunchKernel");
    *(void **)&synchronize = dlsym(runtime, "cudaDeviceSynchronize");
    *(void **)&register_fatbin = dlsym(runtime, "__cudaRegisterFatBinary");
    *(void **)&register_function = dlsym(runtime, "__cudaRegisterFunction");
    start();
    OK(cuMemAlloc_v2(&memory, sizeof seen));

    const void *list[] = {fatbin(KERNEL), fatbin(FUNCTION), NULL};
    static Wrapper linked = {0x466243b1, 2, NULL, NULL};
    linked.data = fatbin(NULL);
    linked.list = list;
    void **handle = register_fatbin(&linked);
    register_function(handle, (char *)stub, "k", "k", -1, NULL, NULL, NULL, NULL, NULL);
    printf("launched: %d\n", run(stub, memory, 21));
    OK(cuMemcpyDtoH_v2(&seen, memory, sizeof seen));
    printf("twice 21: %u\n", seen);

    /* Without the list there is nothing to link. */
    static Wrapper alone = {0x466243b1, 1, NULL, NULL};
    alone.data = fatbin(NULL);
    handle = register_fatbin(&alone);
    register_function(handle, (char *)stub_of_none, "k", "k", -1, NULL, NULL, NULL, NULL, NULL);
    printf("not for this device: %d\n", run(stub_of_none, memory, 21) == NO_KERNEL_IMAGE);
    return 0;
}
