// A driver with one device, unless a variable hides it.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_visible(void) {
    const char *v = getenv("CUDA_VISIBLE_DEVICES");
    return !v || !strcmp(v, "0") || !strncmp(v, "GPU-ab", 6);
}
static int is_lazy(void) { return getenv("TEST_NO_WORK") != 0; }

int cuInit(unsigned f) { return getenv("TEST_NO_DEVICE") ? 100 : 0; }
int cuDriverGetVersion(int *v) { *v = 12080; return 0; }
int cuDeviceGetCount(int *n) { *n = is_visible(); return 0; }
int cuDeviceGet(int *d, int n) { *d = n; return 0; }
int cuDeviceGetName(char *s, int n, int d) { strncpy(s, "Test GPU", n); return 0; }
int cuDeviceGetAttribute(int *v, int a, int d) {
    const char *old = getenv("TEST_CAPABILITY_MAJOR");
    *v = a == 75 ? (old ? atoi(old) : 7) : a == 76 ? 5 : 0;
    return 0;
}
int cuDeviceTotalMem_v2(unsigned long *b, int d) {
    const char *mib = getenv("TEST_MIB");
    *b = (mib ? strtoul(mib, 0, 10) : 8192) << 20;
    return 0;
}
int cuDeviceGetUuid_v2(char *u, int d) { memset(u, 0xab, 16); return 0; }
int cuDeviceGetUuid(char *u, int d) { return cuDeviceGetUuid_v2(u, d); }
int cuDeviceGetPCIBusId(char *s, int n, int d) { strncpy(s, "0000:0A:00.0", n); return 0; }
#ifndef TEST_WITHOUT_CONTEXTS
int cuCtxCreate_v3(void **c, void *p, int n, unsigned f, int d) { return 0; }
#endif
int cuCtxDestroy(void *c) { return 0; }
int cuDevicePrimaryCtxRetain(void **c, int d) { *c = c; return 0; }
int cuCtxSetCurrent(void *c) { return 0; }
int cuCtxSynchronize(void) { return 0; }
int cuMemGetInfo_v2(unsigned long *f, unsigned long *t) {
    if (getenv("TEST_SLOW")) usleep(3000);
    *f = *t = 8ul << 30;
    return is_lazy() ? 719 : 0;
}
int cuMemAlloc_v2(unsigned long *a, unsigned long n) { *a = 4096; return 0; }
int cuMemcpyHtoD_v2(unsigned long a, const void *p, unsigned long n) { return 0; }
int cuMemFree_v2(unsigned long a) { return 0; }
