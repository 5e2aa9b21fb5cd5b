// Streams: work in the order of each, events between them, host functions, pinned memory, and the default stream that joins them.
#include "../check.h"

__global__ void step(int *value, int factor, int addend) {
    *value = *value * factor + addend;
}

__global__ void fill(int *values, int count, int value) {
    for (int at = blockIdx.x * blockDim.x + threadIdx.x; at < count; at += gridDim.x * blockDim.x)
        values[at] = value;
}

__global__ void wait_for(volatile int *flag, int *seen) {
    while (*flag == 0)
        ;
    *seen = *flag;
}

static void in_order() {
    const int streams = 4, steps = 20;
    cudaStream_t stream[streams];
    check::Device<int> values(streams);
    for (int index = 0; index < streams; index++)
        CUDA(cudaStreamCreateWithFlags(&stream[index], cudaStreamNonBlocking));
    for (int number = 1; number <= steps; number++)
        for (int index = 0; index < streams; index++)
            step<<<1, 1, 0, stream[index]>>>(values + index, 2 + index % 2, number);
    std::vector<int> wanted(streams);
    for (int index = 0; index < streams; index++) {
        CUDA(cudaStreamSynchronize(stream[index]));
        check::result("done", cudaStreamQuery(stream[index]), cudaSuccess);
        CUDA(cudaStreamDestroy(stream[index]));
        unsigned value = 0;
        for (int number = 1; number <= steps; number++)
            value = value * (2 + index % 2) + number;
        wanted[index] = int(value);
    }
    check::equal("in order", values.read(), wanted);
}

static void across_streams() {
    cudaStream_t first, second;
    cudaEvent_t begun, done;
    CUDA(cudaStreamCreate(&first));
    CUDA(cudaStreamCreateWithPriority(&second, cudaStreamNonBlocking, -1));
    CUDA(cudaEventCreate(&begun));
    CUDA(cudaEventCreateWithFlags(&done, cudaEventDisableTiming));
    const int count = 1 << 20;
    check::Device<int> values(count);
    int *host = nullptr;
    CUDA(cudaMallocHost(&host, count * sizeof(int)));

    CUDA(cudaEventRecord(begun, first));
    fill<<<4, 128, 0, first>>>(values, count, 5);
    CUDA(cudaEventRecord(done, first));
    CUDA(cudaStreamWaitEvent(second, done, 0));
    CUDA(cudaMemcpyAsync(host, values, count * sizeof(int), cudaMemcpyDeviceToHost, second));
    CUDA(cudaStreamSynchronize(second));
    check::equal("first of the copy", host[0], 5);
    check::equal("last of the copy", host[count - 1], 5);
    cudaEvent_t ended;
    CUDA(cudaEventCreate(&ended));
    CUDA(cudaEventRecord(ended, first));
    CUDA(cudaEventSynchronize(ended));
    float milliseconds = -1;
    CUDA(cudaEventElapsedTime(&milliseconds, begun, ended));
    check::that("time has passed", milliseconds > 0 && milliseconds < 60000);
    check::result("without times", cudaEventElapsedTime(&milliseconds, begun, done), cudaErrorInvalidResourceHandle);
    cudaGetLastError();
    for (cudaEvent_t event : {begun, done, ended})
        CUDA(cudaEventDestroy(event));
    CUDA(cudaStreamDestroy(first));
    CUDA(cudaStreamDestroy(second));
    CUDA(cudaFreeHost(host));
}

static void host_functions() {
    cudaStream_t stream;
    CUDA(cudaStreamCreate(&stream));
    check::Device<int> value(1);
    static int seen[3];
    int *host = nullptr;
    CUDA(cudaMallocHost(&host, sizeof *host));
    for (int round = 0; round < 3; round++) {
        step<<<1, 1, 0, stream>>>(value, 10, round + 1);
        CUDA(cudaMemcpyAsync(host, value, sizeof *host, cudaMemcpyDeviceToHost, stream));
        static int *from;
        from = host;
        CUDA(cudaLaunchHostFunc(stream, [](void *to) { *(int *)to = *from; }, &seen[round]));
    }
    CUDA(cudaStreamSynchronize(stream));
    check::equal("host functions", std::vector<int>(seen, seen + 3), {1, 12, 123});
    CUDA(cudaFreeHost(host));
    CUDA(cudaStreamDestroy(stream));
}

/// A kernel that runs is told something by the host and by another stream.
static void while_a_kernel_runs() {
    cudaStream_t waiting, other;
    CUDA(cudaStreamCreateWithFlags(&waiting, cudaStreamNonBlocking));
    CUDA(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
    check::Device<int> flag(1), seen(1);
    wait_for<<<1, 1, 0, waiting>>>(flag, seen);
    check::result("it waits", cudaStreamQuery(waiting), cudaErrorNotReady);
    cudaGetLastError();
    step<<<1, 1, 0, other>>>(flag, 0, 9);
    CUDA(cudaStreamSynchronize(waiting));
    check::equal("what it saw", seen.read(), {9});
    CUDA(cudaStreamDestroy(waiting));
    CUDA(cudaStreamDestroy(other));
}

/// The legacy default stream waits for blocking streams, and they for it.
static void default_stream() {
    cudaStream_t stream;
    CUDA(cudaStreamCreate(&stream));
    check::Device<int> value(1);
    for (int round = 0; round < 10; round++) {
        step<<<1, 1, 0, stream>>>(value, 2, 1);
        step<<<1, 1>>>(value, 3, 0);
    }
    int wanted = 0;
    for (int round = 0; round < 10; round++)
        wanted = (wanted * 2 + 1) * 3;
    check::equal("default stream", value.read(), {wanted});
    CUDA(cudaStreamDestroy(stream));
}

int main() {
    in_order();
    across_streams();
    host_functions();
    while_a_kernel_runs();
    default_stream();
    return check::status();
}
