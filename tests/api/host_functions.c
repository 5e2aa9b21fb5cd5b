/* Host functions run in their stream's order, on a thread of CUDA's, after the call that asked for them has returned.
 * Source: driver API reference, cuLaunchHostFunc and cuStreamAddCallback. */
#include "driver.h"
#include <stdatomic.h>
#include <unistd.h>

static CUstream stream, other;
static CUdeviceptr device;
static volatile unsigned int *pinned;
static atomic_int go, waited;
static char order[8];
static unsigned int seen;

static void wait_for_go(void *unused) {
    (void)unused;
    while (!go) usleep(100);
    waited++;
}

static void append(void *letter) { strncat(order, letter, 1); }

static void read_and_write(void *unused) {
    (void)unused;
    seen = pinned[0];
    pinned[0] = 22;
}

static void wait_for_pinned(void *unused) {
    (void)unused;
    while (pinned[1] != 33) usleep(100);
    waited++;
}

static void sleep_a_little(void *unused) {
    (void)unused;
    usleep(200000);
    waited++;
}

static void called_back(CUstream at, CUresult status, void *data) {
    printf("called back with the %s stream, %s, %s\n", at == stream ? "right" : "wrong", name_of(status), (char *)data);
}

static unsigned int on_device(void) {
    unsigned int word = 0;
    OK(cuMemcpyDtoH_v2(&word, device, sizeof word));
    return word;
}

int main(void) {
    CUevent event;
    void *memory;
    start();
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    OK(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING));
    OK(cuMemAlloc_v2(&device, 1 << 20));
    OK(cuMemHostAlloc(&memory, 4096, 0));
    OK(cuEventCreate(&event, 0));
    pinned = memory;

    printf("-- a function waits for what its caller does next\n");
    SAY(cuLaunchHostFunc(stream, wait_for_go, NULL));
    SAY(cuStreamQuery(stream));
    go = 1;
    SAY(cuStreamSynchronize(stream));
    printf("it has waited: %d\n", waited);

    printf("-- work before it is done, work after it waits\n");
    OK(cuMemsetD32Async(device, 11, 1, stream));
    OK(cuMemcpyDtoHAsync_v2(memory, device, 4, stream));
    OK(cuLaunchHostFunc(stream, read_and_write, NULL));
    OK(cuMemcpyHtoDAsync_v2(device, memory, 4, stream));
    OK(cuStreamSynchronize(stream));
    printf("the function saw %u, the copy after it %u\n", seen, on_device());

    printf("-- functions of a stream in order\n");
    OK(cuLaunchHostFunc(stream, append, "a"));
    OK(cuLaunchHostFunc(stream, append, "b"));
    OK(cuMemsetD32Async(device, 0, 1024, stream));
    OK(cuLaunchHostFunc(stream, append, "c"));
    OK(cuStreamSynchronize(stream));
    printf("%s\n", order);

    printf("-- a function waits for another stream's work\n");
    OK(cuMemsetD32_v2(device, 33, 1));
    OK(cuCtxSynchronize());
    OK(cuLaunchHostFunc(stream, wait_for_pinned, NULL));
    OK(cuMemcpyDtoHAsync_v2((void *)&pinned[1], device, 4, other));
    OK(cuStreamSynchronize(stream));
    printf("it has waited: %d\n", waited);

    printf("-- another stream waits for a function\n");
    OK(cuMemsetD32_v2(device, 44, 1));
    OK(cuCtxSynchronize());
    go = 0;
    OK(cuLaunchHostFunc(stream, wait_for_go, NULL));
    OK(cuEventRecord(event, stream));
    OK(cuStreamWaitEvent(other, event, 0));
    OK(cuMemsetD32Async(device, 55, 1, other));
    SAY(cuStreamQuery(other));
    printf("meanwhile %u\n", on_device());
    go = 1;
    OK(cuStreamSynchronize(other));
    printf("then %u\n", on_device());

    printf("-- the default stream has functions too\n");
    OK(cuLaunchHostFunc(NULL, append, "d"));
    OK(cuStreamSynchronize(NULL));
    printf("%s\n", order);

    printf("-- a callback\n");
    OK(cuStreamAddCallback(stream, called_back, "with data", 0));
    OK(cuStreamSynchronize(stream));

    printf("-- much work behind a function\n");
    OK(cuLaunchHostFunc(stream, sleep_a_little, NULL));
    for (unsigned int at = 0; at < 40000; at++) OK(cuMemsetD32Async(device, at, 1, stream));
    OK(cuStreamSynchronize(stream));
    printf("%u, and it has waited: %d\n", on_device(), waited);

    printf("-- what is no function\n");
    SAY(cuLaunchHostFunc(stream, NULL, NULL));
    SAY(cuStreamAddCallback(stream, NULL, NULL, 0));
    SAY(cuStreamAddCallback(stream, called_back, NULL, 1));
    return 0;
}
