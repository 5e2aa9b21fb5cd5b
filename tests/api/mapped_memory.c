/* Kernels, copies and fills reach pinned and managed memory in place, however long it is.
 * Source: driver API reference, cuMemHostAlloc, cuMemHostGetDevicePointer, cuMemAllocManaged, cuMemHostRegister and
 * cuMemHostUnregister. The codes of registering twice and of ending what was not registered there, the flags of memory that was
 * allocated without any, and that no bytes can be allocated: observed on driver 590.48.01. */
#include "driver.h"

enum { WORDS = 1024, LONG = 160 << 20 };

static const char image[] =
    ".version 7.0\n.target sm_70\n.address_size 64\n"
    ".visible .entry count_up(.param .u64 words) {\n"
    "  .reg .b32 %r<6>;\n"
    "  .reg .b64 %rd<4>;\n"
    "  ld.param.u64 %rd1, [words];\n"
    "  mov.u32 %r1, %ctaid.x;\n"
    "  mov.u32 %r2, %ntid.x;\n"
    "  mov.u32 %r3, %tid.x;\n"
    "  mad.lo.u32 %r4, %r1, %r2, %r3;\n"
    "  mad.wide.u32 %rd2, %r4, 4, %rd1;\n"
    "  ld.global.u32 %r5, [%rd2];\n"
    "  add.u32 %r5, %r5, %r4;\n"
    "  st.global.u32 [%rd2], %r5;\n"
    "  ret;\n"
    "}\n";

static CUfunction count_up;

/* Adds its index to each of WORDS words. */
static void launch(CUdeviceptr words) {
    void *parameters[] = {&words};
    OK(cuLaunchKernel(count_up, WORDS / 128, 1, 1, 128, 1, 1, 0, NULL, parameters, NULL));
    OK(cuCtxSynchronize());
}

static int sum(const unsigned int *words) {
    int sum = 0;
    for (int at = 0; at < WORDS; at++) sum += words[at];
    return sum;
}

static CUdeviceptr of_device(void *host) {
    CUdeviceptr address = 0;
    OK(cuMemHostGetDevicePointer_v2(&address, host, 0));
    return address;
}

/* What a kernel makes of memory that the host has set to 1, 2, 3, ... */
static void check(const char *what, unsigned int *host, CUdeviceptr device) {
    for (int at = 0; at < WORDS; at++) host[at] = 1;
    launch(device);
    printf("%s: %d", what, sum(host));
    OK(cuMemsetD32_v2(device, 7, WORDS));
    OK(cuCtxSynchronize());
    launch(device);
    printf(", %d\n", sum(host));
}

static void check_long(unsigned char *host, CUdeviceptr device) {
    unsigned char *copied = malloc(LONG);
    CUdeviceptr mirror;
    int wrong = 0;
    OK(cuMemAlloc_v2(&mirror, LONG));
    for (size_t at = 0; at < LONG; at++) host[at] = at % 251;
    OK(cuMemcpyHtoD_v2(mirror, host, LONG));
    OK(cuMemcpyDtoH_v2(copied, mirror, LONG));
    wrong += memcmp(host, copied, LONG) != 0;
    OK(cuMemsetD8_v2(device, 9, LONG));
    OK(cuCtxSynchronize());
    for (size_t at = 0; at < LONG; at++) wrong += host[at] != 9;
    OK(cuMemcpyDtoH_v2(host, mirror, LONG));
    wrong += memcmp(host, copied, LONG) != 0;
    /* Rows of 1 MiB, every other one. */
    CUDA_MEMCPY2D rows = {.srcMemoryType = CU_MEMORYTYPE_HOST, .srcHost = host, .srcPitch = 2 << 20,
                          .dstMemoryType = CU_MEMORYTYPE_DEVICE, .dstDevice = mirror, .dstPitch = 1 << 20,
                          .WidthInBytes = 1 << 20, .Height = LONG >> 21};
    OK(cuMemcpy2D_v2(&rows));
    OK(cuMemcpyDtoH_v2(copied, mirror, LONG / 2));
    for (size_t row = 0; row < LONG >> 21; row++)
        wrong += memcmp(copied + (row << 20), host + (row << 21), 1 << 20) != 0;
    for (size_t at = 0; at + WORDS * 4 <= LONG; at += 16 << 20) {
        memset(host + at, 0, WORDS * 4);
        launch(device + at);
        wrong += sum((unsigned int *)(host + at)) != WORDS * (WORDS - 1) / 2;
    }
    printf("long: %d wrong\n", wrong);
    OK(cuMemFree_v2(mirror));
    free(copied);
}

int main(void) {
    CUmodule module;
    CUdeviceptr managed, address;
    void *pinned, *whole, *nothing = "something";
    unsigned int flags;
    start();
    OK(cuModuleLoadData(&module, image));
    OK(cuModuleGetFunction(&count_up, module, "count_up"));

    printf("-- reached in place\n");
    OK(cuMemHostAlloc(&pinned, WORDS * 4, 0));
    check("pinned", pinned, of_device(pinned));
    OK(cuMemAllocManaged(&managed, WORDS * 4, 1));
    check("managed", (unsigned int *)(size_t)managed, managed);
    OK(cuMemHostAlloc(&whole, LONG, 0));
    check_long(whole, of_device(whole));
    printf("inside: %d\n", (int)(of_device((char *)whole + 100) - of_device(whole)));
    OK(cuMemFreeHost(whole));
    OK(cuMemHostAlloc(&whole, LONG, 0));
    check_long(whole, of_device(whole));
    check("pinned again", pinned, of_device(pinned));

    printf("-- what is asked of it\n");
    OK(cuMemHostGetFlags(&flags, pinned));
    printf("flags %u\n", flags);
    SAY(cuMemHostGetDevicePointer_v2(&address, pinned, 1));
    SAY(cuMemHostGetDevicePointer_v2(&address, &flags, 0));
    SAY(cuMemHostAlloc(&nothing, 0, 0));
    SAY(cuMemHostAlloc(&nothing, 4, 8));
    SAY(cuMemHostUnregister(pinned));

    printf("-- registered memory\n");
    char *own = aligned_alloc(4096, 1 << 20);
    SAY(cuMemHostRegister_v2(own + 100, 50000, 0));
    SAY(cuMemHostRegister_v2(own + 8192, 4096, 0));
    SAY(cuMemHostRegister_v2(own, 1 << 20, 0));
    SAY(cuMemHostUnregister(own + 8192));
    SAY(cuMemHostUnregister(own + 100));
    SAY(cuMemHostUnregister(own + 100));
    SAY(cuMemHostRegister_v2(own, 0, 0));
    SAY(cuMemHostRegister_v2(NULL, 4096, 0));
    SAY(cuMemHostRegister_v2(own, 4096, 16));
    SAY(cuCtxSynchronize());
    return 0;
}
