/* With unified addressing a number is the address of one byte, the host's or the device's, never of both.
 * Source: CUDA C++ Programming Guide, "Unified Virtual Address Space"; driver API reference, "Unified Addressing". */
#define _GNU_SOURCE
#include "driver.h"
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 1024

static const char image[] = ".version 7.0\n.target sm_70\n.address_size 64\n.visible .global .align 4 .u32 variable;\n";

static const char *place(CUdeviceptr address) {
    void *page = (void *)(uintptr_t)(address & ~(CUdeviceptr)4095);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    return mmap(page, 4096, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED ? "nobody's" : "the program's too";
}

static unsigned int first_word(CUdeviceptr address) {
    unsigned int word = 0;
    OK(cuMemcpyDtoH_v2(&word, address, sizeof word));
    return word;
}

/* Whether a program can copy from memory that is nobody's any more, or to it. Copies take what is not the device's for the
 * program's, and may reach for it in vain. */
static int can_copy(int to_it) {
    pid_t child = fork();
    if (child == 0) {
        CUdeviceptr device, freed;
        start();
        OK(cuMemAlloc_v2(&device, WORDS * 4));
        OK(cuMemAlloc_v2(&freed, 100 << 20));
        OK(cuMemFree_v2(freed));
        _exit((to_it ? cuMemcpy(freed, device, 4) : cuMemcpy(device, freed, 4)) != CUDA_SUCCESS);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(void) {
    /* In programs of their own, before this one knows of the device. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("-- what lies nowhere is nobody's\n");
    printf("a copy from it: %d\n", can_copy(0));
    printf("a copy to it: %d\n", can_copy(1));

    start();
    CUdeviceptr byte, device, large, variable;
    CUmodule module;
    CUstream stream;
    size_t bytes;
    OK(cuMemAlloc_v2(&byte, 1));
    OK(cuMemAlloc_v2(&device, WORDS * 4));
    OK(cuMemAlloc_v2(&large, 100 << 20));
    OK(cuModuleLoadData(&module, image));
    OK(cuModuleGetGlobal_v2(&variable, &bytes, module, "variable"));
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));

    printf("-- the addresses of device memory are\n");
    printf("a byte: %s\n", place(byte));
    printf("a page: %s\n", place(device));
    printf("the last page of much: %s\n", place(large + (100 << 20) - 1));
    printf("a variable: %s\n", place(variable));
    pid_t child = fork();
    if (child == 0) {
        printf("in a child: %s\n", place(device));
        _exit(0);
    }
    waitpid(child, NULL, 0);

    printf("-- the program's memory is the program's\n");
    unsigned int *mine = malloc(WORDS * 4);
    CUdeviceptr address = (CUdeviceptr)(uintptr_t)mine;
    mine[0] = 1;
    SAY(cuMemcpy(device, address, WORDS * 4));
    printf("%u\n", first_word(device));
    mine[0] = 2;
    SAY(cuMemcpyAsync(device, address, WORDS * 4, stream));
    OK(cuStreamSynchronize(stream));
    printf("%u\n", first_word(device));
    mine[0] = 3;
    CUDA_MEMCPY2D rows = {.srcMemoryType = CU_MEMORYTYPE_UNIFIED, .srcDevice = address, .srcPitch = 64,
                          .dstMemoryType = CU_MEMORYTYPE_UNIFIED, .dstDevice = device, .dstPitch = 64,
                          .WidthInBytes = 60, .Height = 8};
    SAY(cuMemcpy2D_v2(&rows));
    printf("%u\n", first_word(device));
    mine[0] = 4;
    CUDA_MEMCPY3D box = {.srcMemoryType = CU_MEMORYTYPE_UNIFIED, .srcDevice = address, .srcPitch = 64, .srcHeight = 8,
                         .dstMemoryType = CU_MEMORYTYPE_UNIFIED, .dstDevice = device, .dstPitch = 64, .dstHeight = 8,
                         .WidthInBytes = 60, .Height = 8, .Depth = 2};
    SAY(cuMemcpy3D_v2(&box));
    printf("%u\n", first_word(device));
    OK(cuMemsetD32_v2(device, 5, WORDS));
    SAY(cuMemcpy(address, device, WORDS * 4));
    printf("%u\n", mine[0]);
    rows.srcMemoryType = CU_MEMORYTYPE_DEVICE;
    SAY(cuMemcpy2D_v2(&rows));
    SAY(cuMemsetD32_v2(address, 6, WORDS));
    printf("%u\n", mine[0]);

    printf("-- and CUDA does not know it\n");
    unsigned int type = 77, types[2] = {77, 77};
    void *values[2] = {&types[0], &types[1]};
    int asked[2] = {CU_POINTER_ATTRIBUTE_MEMORY_TYPE, CU_POINTER_ATTRIBUTE_MEMORY_TYPE};
    SAY(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, address));
    SAY(cuPointerGetAttributes(2, asked, values, address));
    printf("%u %u\n", types[0], types[1]);
    SAY(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, device));
    printf("%u\n", type);

    printf("-- and what was freed is not the device's\n");
    OK(cuMemFree_v2(large));
    SAY(cuMemcpyHtoD_v2(large, mine, 4));
    SAY(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, large));
    SAY(cuCtxSynchronize());
    return 0;
}
