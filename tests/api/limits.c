/* Limits of a context, and the priorities that its streams have.
 * Source: CUDA C++ Programming Guide, "Associated Host-Side API" of printf (1 MB by default; newer devices have more);
 * CUDA Driver API, cuCtxGetLimit, cuCtxSetLimit ("free to modify the requested value to meet h/w requirements"),
 * cuCtxGetStreamPriorityRange, cuStreamCreateWithPriority ("if priority is outside the allowed numerical range ..., it will
 * automatically be clamped"). */
#include "driver.h"

static size_t limit(int which) {
    size_t value = 0;
    OK(cuCtxGetLimit(&value, which));
    return value;
}

static int priority_of(int wanted) {
    CUstream stream;
    int priority = 77;
    OK(cuStreamCreateWithPriority(&stream, CU_STREAM_NON_BLOCKING, wanted));
    OK(cuStreamGetPriority(stream, &priority));
    OK(cuStreamDestroy_v2(stream));
    return priority;
}

int main(void) {
    enum { NO_LIMIT = 99 };
    CUcontext first, second;
    size_t value = 0;
    int least = 77, greatest = 77;
    start();
    OK(cuCtxGetCurrent(&first));
    size_t stack = limit(CU_LIMIT_STACK_SIZE), fifo = limit(CU_LIMIT_PRINTF_FIFO_SIZE);
    printf("a stack of at least 1 KiB: %d\n", stack >= 1024);
    printf("a buffer of at least 1 MiB: %d\n", fifo >= 1 << 20);
    OK(cuCtxSetLimit(CU_LIMIT_STACK_SIZE, 3 * stack));
    OK(cuCtxSetLimit(CU_LIMIT_PRINTF_FIFO_SIZE, 8 * fifo));
    printf("as much as was asked for: %d, %d\n", limit(CU_LIMIT_STACK_SIZE) >= 3 * stack, limit(CU_LIMIT_PRINTF_FIFO_SIZE) >= 8 * fifo);
    SAY(cuCtxGetLimit(&value, NO_LIMIT));
    SAY(cuCtxSetLimit(NO_LIMIT, 1));
    SAY(cuCtxGetLimit(NULL, CU_LIMIT_STACK_SIZE));
    OK(cuCtxCreate_v2(&second, 0, 0));
    printf("another context's stack is its own: %d\n", limit(CU_LIMIT_STACK_SIZE) == stack);
    OK(cuCtxDestroy_v2(second));
    OK(cuCtxSetCurrent(first));

    OK(cuCtxGetStreamPriorityRange(&least, &greatest));
    printf("the least is %d, the greatest is no greater a number: %d\n", least, greatest <= least);
    OK(cuCtxGetStreamPriorityRange(NULL, &greatest));
    OK(cuCtxGetStreamPriorityRange(&least, NULL));
    printf("0 stays: %d\n", priority_of(0) == 0);
    printf("both ends stay: %d, %d\n", priority_of(least) == least, priority_of(greatest) == greatest);
    printf("what is beyond them does not: %d, %d\n", priority_of(least + 7) == least, priority_of(greatest - 7) == greatest);
    return 0;
}
