/* What one process holds of a device, its calls and NVML tell alike. */
#include "driver.h"
#include <dlfcn.h>
#include <unistd.h>

typedef struct { unsigned long long total, free, used; } memory_t;

int main(void) {
    void *nvml = dlopen("libnvidia-ml.so.1", RTLD_NOW);
    int (*init)(void) = (int (*)(void))dlsym(nvml, "nvmlInit_v2");
    int (*by_index)(unsigned, void **) = (int (*)(unsigned, void **))dlsym(nvml, "nvmlDeviceGetHandleByIndex_v2");
    int (*memory_of)(void *, memory_t *) = (int (*)(void *, memory_t *))dlsym(nvml, "nvmlDeviceGetMemoryInfo");
    void *device;
    memory_t before, during, after;
    size_t free_before, free_during, total;
    CUdeviceptr memory;
    start();
    printf("nvml: %d", init());
    printf(" %d\n", by_index(0, &device));
    OK(cuMemGetInfo_v2(&free_before, &total));
    memory_of(device, &before);
    OK(cuMemAlloc_v2(&memory, 256 << 20));
    OK(cuMemGetInfo_v2(&free_during, &total));
    memory_of(device, &during);
    OK(cuMemFree_v2(memory));
    /* NVML may hear of it a moment later. */
    for (int tries = 0; tries < 1000; tries++) {
        memory_of(device, &after);
        if (after.free >= before.free) break;
        usleep(1000);
    }
    printf("calls: %zu MiB\n", (free_before - free_during) >> 20);
    printf("nvml: %llu MiB, then %llu\n", (before.free - during.free) >> 20, (before.free - after.free) >> 20);
    printf("used: %llu MiB\n", (during.used - before.used) >> 20);
    return 0;
}
