/* A synchronous form returns when the host sees its effect: the target is written where the host can look at it, and the
 * source may be changed where the host can write to it.
 *
 * Each call comes after work that takes a while, so that one that does not wait is caught.
 *
 * Source: "API synchronization behavior" in NVIDIA's driver API reference. Left out is what it leaves open: between device
 * memories nothing is waited for.
 */
#include "driver.h"

enum { BYTES = 1 << 20, ROW = 1 << 10, BALLAST = 32 << 20, ROUNDS = 8 };
enum { IN_DEVICE, IN_MANAGED, IN_PINNED, IN_REGISTERED, IN_PAGEABLE, KINDS };

static const char *const KIND[KINDS] = {"device", "managed", "pinned", "registered", "pageable"};
static CUdeviceptr target[KINDS], source[KINDS], ballast;
static CUcontext context;

static unsigned char *host(CUdeviceptr address) { return (unsigned char *)(size_t)address; }
static int on_host(int kind) { return kind >= IN_PINNED; }
/* Not every device reaches registered memory. */
static int for_device(int kind) { return kind <= IN_PINNED; }

static CUresult busy(void) { return cuMemsetD8Async(ballast, 1, BALLAST, NULL); }

/* Has memory of that kind hold a value, for certain. */
static void put(int kind, CUdeviceptr address, unsigned char value) {
    if (kind == IN_DEVICE) {
        OK(cuMemsetD8_v2(address, value, BYTES));
        OK(cuCtxSynchronize());
    } else {
        memset(host(address), value, BYTES);
    }
}

/* The last byte there. */
static unsigned char last(int kind, CUdeviceptr address) {
    unsigned char byte = 0;
    if (kind != IN_DEVICE)
        return ((volatile unsigned char *)host(address))[BYTES - 1];
    cuMemcpyDtoH_v2(&byte, address + BYTES - 1, 1);
    return byte;
}

typedef CUresult Copy(int to, int from);

static CUresult linear(int to, int from) { return cuMemcpy(target[to], source[from], BYTES); }
static CUresult linear_async(int to, int from) { return cuMemcpyAsync(target[to], source[from], BYTES, NULL); }
static CUresult to_device(int to, int from) { return cuMemcpyHtoD_v2(target[to], host(source[from]), BYTES); }
static CUresult to_host(int to, int from) { return cuMemcpyDtoH_v2(host(target[to]), source[from], BYTES); }
static CUresult within_device(int to, int from) { return cuMemcpyDtoD_v2(target[to], source[from], BYTES); }
static CUresult peer(int to, int from) { return cuMemcpyPeer(target[to], context, source[from], context, BYTES); }

static CUresult rows(int to, int from) {
    CUDA_MEMCPY2D copy = {0};
    copy.srcMemoryType = on_host(from) ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE;
    copy.srcHost = host(source[from]), copy.srcDevice = source[from], copy.srcPitch = ROW;
    copy.dstMemoryType = on_host(to) ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE;
    copy.dstHost = host(target[to]), copy.dstDevice = target[to], copy.dstPitch = ROW;
    copy.WidthInBytes = ROW, copy.Height = BYTES / ROW;
    return cuMemcpy2D_v2(&copy);
}

static CUresult box(int to, int from) {
    CUDA_MEMCPY3D copy = {0};
    copy.srcMemoryType = on_host(from) ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE;
    copy.srcHost = host(source[from]), copy.srcDevice = source[from], copy.srcPitch = ROW, copy.srcHeight = 32;
    copy.dstMemoryType = on_host(to) ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE;
    copy.dstHost = host(target[to]), copy.dstDevice = target[to], copy.dstPitch = ROW, copy.dstHeight = 32;
    copy.WidthInBytes = ROW, copy.Height = 32, copy.Depth = BYTES / ROW / 32;
    return cuMemcpy3D_v2(&copy);
}

/* Copies, looks at the target at once, changes the source at once, and looks what the target was left with. */
static void check_copy(const char *name, Copy *copy, int to, int from) {
    int late = 0, torn = 0;
    for (int round = 1; round <= ROUNDS; round++) {
        put(from, source[from], round);
        put(to, target[to], 0);
        OK(busy());
        OK(copy(to, from));
        if (to != IN_DEVICE)
            late += last(to, target[to]) != round;
        if (from != IN_DEVICE)
            memset(host(source[from]), 0xee, BYTES);
        OK(cuCtxSynchronize());
        torn += last(to, target[to]) != round;
    }
    printf("%s, %s from %s: %d late, %d torn\n", name, KIND[to], KIND[from], late, torn);
}

typedef CUresult Fill(CUdeviceptr address, unsigned value);

static CUresult bytes(CUdeviceptr address, unsigned value) { return cuMemsetD8_v2(address, value, BYTES); }
static CUresult halves(CUdeviceptr address, unsigned value) { return cuMemsetD16_v2(address, value << 8, BYTES / 2); }
static CUresult words(CUdeviceptr address, unsigned value) { return cuMemsetD32_v2(address, value << 24, BYTES / 4); }
static CUresult byte_rows(CUdeviceptr address, unsigned value) {
    return cuMemsetD2D8_v2(address, ROW, value, ROW, BYTES / ROW);
}
static CUresult half_rows(CUdeviceptr address, unsigned value) {
    return cuMemsetD2D16_v2(address, ROW, value << 8, ROW / 2, BYTES / ROW);
}
static CUresult word_rows(CUdeviceptr address, unsigned value) {
    return cuMemsetD2D32_v2(address, ROW, value << 24, ROW / 4, BYTES / ROW);
}

static void check_fill(const char *name, Fill *fill, int to) {
    int late = 0;
    for (int round = 1; round <= ROUNDS; round++) {
        put(to, target[to], 0);
        OK(busy());
        OK(fill(target[to], round));
        late += last(to, target[to]) != round;
    }
    printf("%s, %s: %d late\n", name, KIND[to], late);
}

static void allocate(CUdeviceptr place[KINDS]) {
    void *pinned = NULL;
    OK(cuMemAlloc_v2(&place[IN_DEVICE], BYTES));
    OK(cuMemAllocManaged(&place[IN_MANAGED], BYTES, 1));
    OK(cuMemHostAlloc(&pinned, BYTES, 0));
    place[IN_PINNED] = (size_t)pinned;
    place[IN_PAGEABLE] = (size_t)malloc(BYTES);
    place[IN_REGISTERED] = (size_t)aligned_alloc(4096, BYTES);
    OK(cuMemHostRegister_v2(host(place[IN_REGISTERED]), BYTES, 0));
}

int main(void) {
    start();
    OK(cuCtxGetCurrent(&context));
    OK(cuMemAlloc_v2(&ballast, BALLAST));
    allocate(target);
    allocate(source);
    for (int to = IN_MANAGED; to <= IN_PINNED; to++) {
        check_fill("bytes", bytes, to);
        check_fill("halves", halves, to);
        check_fill("words", words, to);
        check_fill("rows of bytes", byte_rows, to);
        check_fill("rows of halves", half_rows, to);
        check_fill("rows of words", word_rows, to);
    }
    for (int to = 0; to < KINDS; to++) {
        for (int from = 0; from < KINDS; from++) {
            if (to == IN_DEVICE && from == IN_DEVICE)
                continue;
            check_copy("cuMemcpy", linear, to, from);
            if (on_host(to) && on_host(from))
                check_copy("cuMemcpyAsync", linear_async, to, from);
            if (for_device(to) && on_host(from))
                check_copy("cuMemcpyHtoD", to_device, to, from);
            if (on_host(to) && for_device(from))
                check_copy("cuMemcpyDtoH", to_host, to, from);
            if (for_device(to) && for_device(from))
                check_copy("cuMemcpyDtoD", within_device, to, from);
            if (!on_host(to) && !on_host(from))
                check_copy("cuMemcpyPeer", peer, to, from);
            check_copy("cuMemcpy2D", rows, to, from);
            check_copy("cuMemcpy3D", box, to, from);
        }
    }
    return 0;
}
