/* Whoever waits for a stream sees what came before on it, and before it on others, even if it ends with a copy of the program's
 * memory, whose bytes may be taken at once; and what such a copy has written is there for whatever comes next, wherever it runs.
 * A copy of pinned memory finds what is written there before it in its stream's order.
 *
 * Source: cuStreamSynchronize, cuStreamQuery and "Stream synchronization behavior" in NVIDIA's driver API reference.
 */
#include "driver.h"
#include <unistd.h>

enum { SHORT = 64, MIDDLE = 48 << 10, LONG = 3 << 20, NAP_US = 20000, ROUNDS = 20 };

static CUdeviceptr target, seen;
static unsigned char *source, *pageable, *pinned;
static CUstream apart, blocking, other;
static volatile int is_done;

static void be_late(void *unused) {
    (void)unused;
    usleep(NAP_US);
    is_done = 1;
}

static void begin(CUstream late) {
    is_done = 0;
    OK(cuLaunchHostFunc(late, be_late, NULL));
}

static void copy(CUstream stream, size_t bytes) { OK(cuMemcpyHtoDAsync_v2(target, source, bytes, stream)); }

static void end(const char *what, CUstream stream) {
    OK(cuStreamSynchronize(stream));
    printf("%s: %s\n", what, is_done ? "done" : "left behind");
    OK(cuCtxSynchronize());
}

/* What the stream has not come to when it is waited for, for all sizes of the copy behind it. */
static void waited_for(size_t bytes) {
    CUevent event;
    begin(apart), copy(apart, bytes), end("before the copy on its stream", apart);
    begin(NULL), copy(blocking, bytes), end("before it on the default stream", blocking);
    begin(blocking), copy(NULL, bytes), end("before it on a stream that the default stream waits for", NULL);
    OK(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING));
    begin(apart);
    OK(cuEventRecord(event, apart));
    OK(cuStreamWaitEvent(other, event, 0));
    copy(other, bytes), end("before an event that its stream waits for", other);
    begin(apart), copy(apart, bytes);
    OK(cuEventRecord(event, apart));
    end("before an event behind it", apart);
    printf("that event: %s\n", name_of(cuEventQuery(event)));
    OK(cuEventDestroy_v2(event));
    copy(apart, bytes);
    begin(apart), end("behind the copy on its stream", apart);
}

/* Another stream reads the last byte after the copy's stream has been waited for. */
static void arrived(const char *what, CUstream writer, CUstream reader, size_t bytes) {
    int late = 0, not_ready = 0;
    for (int round = 1; round <= ROUNDS; round++) {
        unsigned char byte = 0;
        memset(source, round, bytes);
        copy(writer, bytes);
        OK(cuStreamSynchronize(writer));
        not_ready += cuStreamQuery(writer) != CUDA_SUCCESS;
        /* Whether the reader is waited for, too, makes no difference. */
        if (round % 2) OK(cuStreamSynchronize(reader));
        memset(source, 0xff, bytes);
        OK(cuMemcpyDtoDAsync_v2(seen, target + bytes - 1, 1, reader));
        OK(cuStreamSynchronize(reader));
        OK(cuMemcpyDtoH_v2(&byte, seen, 1));
        late += byte != round;
    }
    printf("%s, %zu bytes: %d late, %d not ready\n", what, bytes, late, not_ready);
}

/* The same among streams that keep order with the default stream alone, while there are no others. */
static void arrived_among_blocking(size_t bytes) {
    CUstream first, second;
    OK(cuStreamCreate(&first, 0));
    OK(cuStreamCreate(&second, 0));
    arrived("from one blocking stream to another", first, second, bytes);
    arrived("from a blocking stream to the default stream", first, NULL, bytes);
    arrived("from the default stream to a blocking stream", NULL, second, bytes);
    OK(cuStreamDestroy_v2(first));
    OK(cuStreamDestroy_v2(second));
}

/* The host reads managed memory after the copy's stream has been waited for. */
static void managed(size_t bytes) {
    CUdeviceptr shared;
    int late = 0;
    OK(cuMemAllocManaged(&shared, bytes, 1));
    volatile unsigned char *there = (void *)(size_t)shared;
    for (int round = 1; round <= ROUNDS; round++) {
        memset(source, round, bytes);
        OK(cuMemcpyHtoDAsync_v2(shared, source, bytes, apart));
        OK(cuStreamSynchronize(apart));
        late += there[0] != round || there[bytes - 1] != round;
    }
    printf("%d late in managed memory\n", late);
    OK(cuMemFree_v2(shared));
}

/* Pinned memory is written behind something late on one stream, and copied from on another that comes after it. */
static void written_before(const char *what, CUstream writer, CUstream reader, size_t bytes) {
    unsigned char byte = 0;
    CUevent event;
    OK(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING));
    OK(cuMemsetD8_v2(seen, 7, 1));
    memset(pinned, 1, bytes);
    begin(writer);
    OK(cuMemcpyDtoHAsync_v2(pinned + bytes - 1, seen, 1, writer));
    if (reader == other) {
        OK(cuEventRecord(event, writer));
        OK(cuStreamWaitEvent(reader, event, 0));
    }
    OK(cuMemcpyHtoDAsync_v2(target, pinned, bytes, reader));
    OK(cuMemcpyHtoDAsync_v2(target, pinned, bytes - 1, reader));
    OK(cuStreamSynchronize(reader));
    OK(cuMemcpyDtoH_v2(&byte, target + bytes - 1, 1));
    printf("%s, %zu bytes: %d\n", what, bytes, byte);
    OK(cuEventDestroy_v2(event));
}

int main(void) {
    start();
    OK(cuMemAlloc_v2(&target, LONG));
    OK(cuMemAlloc_v2(&seen, 1));
    pageable = malloc(LONG);
    OK(cuMemHostAlloc((void **)&pinned, LONG, 0));
    memset(pageable, 1, LONG);
    memset(pinned, 1, LONG);
    for (int is_pinned = 0; is_pinned < 2; is_pinned++) {
        source = is_pinned ? pinned : pageable;
        printf("%s memory\n", is_pinned ? "pinned" : "pageable");
        arrived_among_blocking(SHORT);
        arrived_among_blocking(LONG);
    }
    OK(cuStreamCreate(&apart, CU_STREAM_NON_BLOCKING));
    OK(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING));
    OK(cuStreamCreate(&blocking, 0));
    size_t sizes[] = {SHORT, MIDDLE, LONG};
    for (int turn = 0; turn < 6; turn++) {
        size_t bytes = sizes[turn % 3];
        source = turn < 3 ? pageable : pinned;
        printf("%zu bytes of %s memory\n", bytes, turn < 3 ? "pageable" : "pinned");
        waited_for(bytes);
        arrived("from one stream to another", apart, other, bytes);
        arrived("from a stream to a blocking one", apart, blocking, bytes);
        arrived("from a blocking stream to one that is not", blocking, apart, bytes);
        arrived("from a stream to the default stream", apart, NULL, bytes);
        managed(bytes);
    }
    for (int size = 0; size < 3; size++) written_before("written on the same stream", apart, apart, sizes[size]);
    /* Short ones a driver takes sooner, whatever other streams do. */
    written_before("written on the default stream", NULL, blocking, LONG);
    written_before("written on a stream that the default stream waits for", blocking, NULL, LONG);
    written_before("written before an event that the stream waits for", apart, other, LONG);
    return 0;
}
