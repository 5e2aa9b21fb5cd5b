// libnvidia-ml with the driver's device, unless a variable says otherwise.
#include <stdlib.h>
#include <string.h>

static const char *or(const char *name, const char *usual) { return getenv(name) ? getenv(name) : usual; }
static const char *uuid(void) { return or("TEST_NVML_UUID", "GPU-abababab-abab-abab-abab-abababababab"); }

int nvmlInit_v2(void) { return getenv("TEST_NVML_REFUSES") ? 9 : 0; }
int nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(int e) { return e == 9 ? "Driver Not Loaded" : "Not Found"; }
int nvmlSystemGetDriverVersion(char *s, unsigned n) { strncpy(s, or("TEST_DRIVER", "570.124.06"), n); return 0; }
int nvmlDeviceGetCount_v2(unsigned *n) { *n = 1; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **d) { *d = d; return 0; }
int nvmlDeviceGetUUID(void *d, char *s, unsigned n) { strncpy(s, uuid(), n); return 0; }
int nvmlDeviceGetHandleByUUID(const char *u, void **d) { *d = d; return strcmp(u, uuid()) ? 6 : 0; }
int nvmlDeviceGetName(void *d, char *s, unsigned n) { strncpy(s, "Test GPU", n); return 0; }
int nvmlDeviceGetMemoryInfo(void *d, unsigned long *m) {
    m[0] = m[1] = strtoul(or("TEST_NVML_MIB", "8192"), 0, 10) << 20;
    m[2] = 0;
    return 0;
}
