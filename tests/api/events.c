/* What waits for an event waits for what came before it and for nothing else; times are between events.
 * Source: CUDA Driver API, cuEventRecord ("captures in hEvent the contents of hStream at the time of this call"),
 * cuStreamWaitEvent, cuEventElapsedTime. */
#include "driver.h"
#include <pthread.h>
#include <unistd.h>

static volatile int go;

static void wait_for_go(void *unused) {
    (void)unused;
    while (!go) usleep(100);
}

/* Another stream waits for an event that was recorded before a function, which waits for this thread. */
static void early(unsigned int flags, const char *kind) {
    CUstream stream, other;
    CUevent event;
    go = 0;
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    OK(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING));
    OK(cuEventCreate(&event, flags));
    OK(cuEventRecord(event, stream));
    OK(cuLaunchHostFunc(stream, wait_for_go, NULL));
    OK(cuStreamWaitEvent(other, event, 0));
    OK(cuStreamSynchronize(other));
    OK(cuEventSynchronize(event));
    printf("%s: the other stream is done, this one is %s\n", kind, name_of(cuStreamQuery(stream)));
    OK(cuEventRecord(event, stream));
    OK(cuStreamWaitEvent(other, event, 0));
    printf("recorded anew it is %s", name_of(cuEventQuery(event)));
    printf(", the other stream is %s\n", name_of(cuStreamQuery(other)));
    go = 1;
    OK(cuStreamSynchronize(other));
    printf("then the event is %s\n", name_of(cuEventQuery(event)));
    OK(cuEventDestroy_v2(event));
    OK(cuStreamDestroy_v2(stream));
    OK(cuStreamDestroy_v2(other));
}

static void nap(void *us) { usleep(*(unsigned int *)us); }

static void times(void) {
    CUstream stream;
    CUevent from, to, never, untimed;
    unsigned int us = 20000;
    float ms = -1, back = -1;
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    OK(cuEventCreate(&from, 0));
    OK(cuEventCreate(&to, 0));
    OK(cuEventCreate(&never, 0));
    OK(cuEventCreate(&untimed, CU_EVENT_DISABLE_TIMING));
    OK(cuEventRecord(from, stream));
    OK(cuLaunchHostFunc(stream, nap, &us));
    OK(cuEventRecord(to, stream));
    OK(cuEventRecord(untimed, stream));
    OK(cuStreamSynchronize(stream));
    OK(cuEventElapsedTime(&ms, from, to));
    OK(cuEventElapsedTime(&back, to, from));
    printf("at least as long as the work between them: %d\n", ms >= 19);
    printf("and as long the other way: %d\n", back == -ms);
    SAY(cuEventElapsedTime(&ms, from, never));
    SAY(cuEventElapsedTime(&ms, never, to));
    SAY(cuEventElapsedTime(&ms, from, untimed));
    go = 0;
    OK(cuLaunchHostFunc(stream, wait_for_go, NULL));
    OK(cuEventRecord(to, stream));
    SAY(cuEventElapsedTime(&ms, from, to));
    go = 1;
    OK(cuEventSynchronize(to));
    SAY(cuEventElapsedTime(&ms, from, to));
}

int main(void) {
    start();
    early(CU_EVENT_DISABLE_TIMING, "without a time");
    early(0, "with a time");
    times();
    return 0;
}
