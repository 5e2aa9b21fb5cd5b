// A backend with the device that the runtime has, unless a variable makes it fail in one of the real one's ways.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct device { const char *name, *description; unsigned long free, total; };
struct feature { const char *name, *value; };
struct registry { unsigned long count; struct device *devices; struct feature *features; };

int cudaMalloc(void), cudaGraphLaunch(void), cudaGetDeviceCount(int *), cublasCreate_v2(void), cuInit(unsigned), ggml_log(void);

static const char *variable(const char *name) { return getenv(name) ? getenv(name) : "none"; }

static void end(void) {
    for (int i = 0; i < 4; i++) {
        static const char *names[] = {"LD_LIBRARY_PATH", "OLLAMA_LIBRARY_PATH", "GGML_BACKEND_PATH", "GGML_CUDA_INIT"};
        fprintf(stderr, "%s is %s\n", names[i], variable(names[i]));
    }
    fprintf(stderr, "ggml_cuda_init: looking\n/ggml/src/ggml-cuda.cu:99: GGML_ASSERT(cc) failed\nbye\n");
    abort();
}

struct registry *ggml_backend_init(void) {
    static struct device device = {"CUDA0", "Test GPU", 4ul << 30, 8ul << 30};
    static struct feature features[3] = {{"USE_GRAPHS", "1"}, {0, 0}, {0, 0}};
    static struct registry registry = {0, &device, features};
    cudaMalloc() + cudaGraphLaunch() + cublasCreate_v2() + cuInit(0) + ggml_log();
    if (getenv("TEST_ABORT") || (getenv("TEST_ABORT_LATER") && getenv("GGML_CUDA_INIT"))) end();
    if (getenv("TEST_HANG")) for (;;) pause();
    if (getenv("TEST_ARCHS")) features[1] = (struct feature){"ARCHS", getenv("TEST_ARCHS")};
    if (getenv("TEST_NO_MEMORY")) device.free = device.total = 0;
    int count = 0;
    if (cudaGetDeviceCount(&count) || getenv("TEST_EMPTY")) {
        fprintf(stderr, "ggml_cuda_init: failed to initialize CUDA: no CUDA-capable device is detected\n");
        count = 0;
    }
    registry.count = getenv("TEST_NONE_LATER") && getenv("GGML_CUDA_INIT") ? 0 : count;
    return &registry;
}
