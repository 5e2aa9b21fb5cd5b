/* A synchronous copy from the program's memory comes before all that any stream is given once it has returned.
 *
 * Each copy comes after work of its own stream that takes a while, so that a stream which does not wait for it reads too early.
 *
 * Source: "API synchronization behavior" in NVIDIA's driver API reference: such a copy waits for its stream first. What it leaves
 * open, the way of the bytes from there to the device, is so short that programs rely on their having arrived.
 */
#include "driver.h"
#include <pthread.h>
#include <unistd.h>

#define PER_THREAD ((CUstream)2)
enum { SHORT = 256, LONG = 3 << 20, ROW = 1 << 10, NAP_US = 20000, MANY = 100 };

static CUcontext context, other_context;
static CUdeviceptr target, seen, seen_there;
static unsigned char *pageable, *registered;
static CUstream apart;
static int value;

static void nap(void *unused) {
    (void)unused;
    usleep(NAP_US);
}

/* ---- copies ---- */

typedef struct {
    const char *name;
    CUresult (*copy)(const unsigned char *source, size_t bytes);
    size_t bytes;
    int is_registered;
    CUstream stream;
} Form;

static CUresult to_device(const unsigned char *source, size_t bytes) { return cuMemcpyHtoD_v2(target, source, bytes); }
static CUresult of_thread(const unsigned char *source, size_t bytes) {
    return cuMemcpyHtoD_v2_ptds(target, source, bytes);
}
static CUresult unified(const unsigned char *source, size_t bytes) {
    return cuMemcpy(target, (CUdeviceptr)(size_t)source, bytes);
}
static CUresult rows(const unsigned char *source, size_t bytes) {
    CUDA_MEMCPY2D copy = {0};
    copy.srcMemoryType = CU_MEMORYTYPE_HOST, copy.srcHost = source, copy.srcPitch = ROW;
    copy.dstMemoryType = CU_MEMORYTYPE_DEVICE, copy.dstDevice = target, copy.dstPitch = ROW;
    copy.WidthInBytes = ROW, copy.Height = bytes / ROW;
    return cuMemcpy2D_v2(&copy);
}
static CUresult box(const unsigned char *source, size_t bytes) {
    CUDA_MEMCPY3D copy = {0};
    copy.srcMemoryType = CU_MEMORYTYPE_HOST, copy.srcHost = source, copy.srcPitch = ROW, copy.srcHeight = 32;
    copy.dstMemoryType = CU_MEMORYTYPE_DEVICE, copy.dstDevice = target, copy.dstPitch = ROW, copy.dstHeight = 32;
    copy.WidthInBytes = ROW, copy.Height = 32, copy.Depth = bytes / ROW / 32;
    return cuMemcpy3D_v2(&copy);
}

static const Form FORMS[] = {
    {"cuMemcpyHtoD", to_device, LONG, 0, NULL},
    {"cuMemcpyHtoD of few bytes", to_device, SHORT, 0, NULL},
    {"cuMemcpyHtoD of registered memory", to_device, LONG, 1, NULL},
    {"cuMemcpy", unified, LONG, 0, NULL},
    {"cuMemcpy2D", rows, LONG, 0, NULL},
    {"cuMemcpy3D", box, LONG, 0, NULL},
    {"cuMemcpyHtoD on the thread's stream", of_thread, LONG, 0, PER_THREAD},
};

/* Copies another value than ever before, behind work that takes a while. */
static void copy(const Form *form) {
    unsigned char *source = form->is_registered ? registered : pageable;
    memset(source, ++value, form->bytes);
    OK(cuLaunchHostFunc(form->stream, nap, NULL));
    OK(form->copy(source, form->bytes));
}

/* ---- readers ---- */

/* Reads the last byte that was copied. */
static CUresult read_on(CUstream stream, const Form *form) {
    return cuMemcpyDtoDAsync_v2(seen, target + form->bytes - 1, 1, stream);
}

static void on_open(const Form *form) {
    copy(form);
    OK(read_on(apart, form));
    OK(cuStreamSynchronize(apart));
}

static void on_blocking(const Form *form) {
    CUstream stream;
    OK(cuStreamCreate(&stream, 0));
    copy(form);
    OK(read_on(stream, form));
    OK(cuStreamSynchronize(stream));
    OK(cuStreamDestroy_v2(stream));
}

static void on_new(const Form *form) {
    CUstream stream;
    copy(form);
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    OK(read_on(stream, form));
    OK(cuStreamSynchronize(stream));
    OK(cuStreamDestroy_v2(stream));
}

static void on_captured(const Form *form) {
    CUgraph graph;
    CUgraphExec exec;
    OK(cuStreamBeginCapture_v2(apart, CU_STREAM_CAPTURE_MODE_RELAXED));
    OK(read_on(apart, form));
    copy(form);
    OK(cuStreamEndCapture(apart, &graph));
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    OK(cuGraphLaunch(exec, apart));
    OK(cuStreamSynchronize(apart));
    OK(cuGraphExecDestroy(exec));
    OK(cuGraphDestroy(graph));
}

static void on_many(const Form *form) {
    CUstream streams[MANY];
    for (int i = 0; i < MANY; i++)
        OK(cuStreamCreate(&streams[i], CU_STREAM_NON_BLOCKING));
    copy(form);
    OK(read_on(streams[MANY - 1], form));
    OK(cuStreamSynchronize(streams[MANY - 1]));
    for (int i = 0; i < MANY; i++)
        OK(cuStreamDestroy_v2(streams[i]));
}

static void *of_other_thread(void *form) {
    OK(cuCtxSetCurrent(context));
    OK(read_on(PER_THREAD, form));
    OK(cuStreamSynchronize(PER_THREAD));
    return NULL;
}

static void on_other_threads(const Form *form) {
    pthread_t thread;
    copy(form);
    pthread_create(&thread, NULL, of_other_thread, (void *)form);
    pthread_join(thread, NULL);
}

static void *copy_of_thread(void *form) {
    OK(cuCtxSetCurrent(context));
    copy(form);
    return NULL;
}

static void after_thread(const Form *form) {
    CUstream stream;
    pthread_t thread;
    pthread_create(&thread, NULL, copy_of_thread, (void *)form);
    pthread_join(thread, NULL);
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    OK(read_on(stream, form));
    OK(cuStreamSynchronize(stream));
    OK(cuStreamDestroy_v2(stream));
}

static void in_other_context(const Form *form) {
    unsigned char byte;
    copy(form);
    OK(cuCtxSetCurrent(other_context));
    OK(cuMemcpyPeerAsync(seen_there, other_context, target + form->bytes - 1, context, 1, NULL));
    OK(cuMemcpyDtoH_v2(&byte, seen_there, 1));
    OK(cuCtxSetCurrent(context));
    OK(cuMemsetD8_v2(seen, byte, 1));
}

typedef struct {
    const char *name;
    void (*run)(const Form *form);
} Reader;

static const Reader READERS[] = {
    {"a stream that was open", on_open},
    {"a blocking stream", on_blocking},
    {"a new stream", on_new},
    {"a stream that was captured", on_captured},
    {"the last of many streams", on_many},
    {"another thread's stream", on_other_threads},
    {"a new stream after the copy's thread", after_thread},
    {"another context", in_other_context},
};

static void check(const Form *form, const Reader *reader) {
    unsigned char byte = 0;
    reader->run(form);
    OK(cuCtxSynchronize());
    OK(cuMemcpyDtoH_v2(&byte, seen, 1));
    printf("%s, %s: %s\n", form->name, reader->name, byte == value ? "arrived" : "late");
}

int main(void) {
    start();
    OK(cuCtxGetCurrent(&context));
    OK(cuCtxCreate_v2(&other_context, 0, 0));
    OK(cuMemAlloc_v2(&seen_there, 1));
    OK(cuCtxSetCurrent(context));
    OK(cuMemAlloc_v2(&target, LONG));
    OK(cuMemAlloc_v2(&seen, 1));
    pageable = malloc(LONG);
    registered = aligned_alloc(4096, LONG);
    OK(cuMemHostRegister_v2(registered, LONG, 0));
    OK(cuStreamCreate(&apart, CU_STREAM_NON_BLOCKING));
    for (size_t form = 0; form < sizeof FORMS / sizeof *FORMS; form++)
        for (size_t reader = 0; reader < sizeof READERS / sizeof *READERS; reader++)
            check(&FORMS[form], &READERS[reader]);
    return 0;
}
