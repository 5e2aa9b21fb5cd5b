// Graphs: captured from streams that join, made of nodes, launched again with other parameters.
#include "../check.h"

__global__ void step(int *value, int factor, int addend) {
    *value = *value * factor + addend;
}

__global__ void sum(const int *first, const int *second, int *result) {
    *result = *first * 1000 + *second;
}

static cudaGraphExec_t instantiate(cudaGraph_t graph) {
    cudaGraphExec_t instance;
    CUDA(cudaGraphInstantiate(&instance, graph, 0));
    return instance;
}

/// Two streams branch off and join.
static void captured() {
    cudaStream_t stream, branch;
    cudaEvent_t forked, joined;
    CUDA(cudaStreamCreate(&stream));
    CUDA(cudaStreamCreate(&branch));
    CUDA(cudaEventCreateWithFlags(&forked, cudaEventDisableTiming));
    CUDA(cudaEventCreateWithFlags(&joined, cudaEventDisableTiming));
    check::Device<int> first(1), second(1), result(1);

    cudaGraph_t graph;
    CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    step<<<1, 1, 0, stream>>>(first, 1, 1);
    CUDA(cudaEventRecord(forked, stream));
    CUDA(cudaStreamWaitEvent(branch, forked, 0));
    step<<<1, 1, 0, branch>>>(second, 1, 10);
    step<<<1, 1, 0, stream>>>(first, 2, 0);
    CUDA(cudaEventRecord(joined, branch));
    CUDA(cudaStreamWaitEvent(stream, joined, 0));
    sum<<<1, 1, 0, stream>>>(first, second, result);
    cudaStreamCaptureStatus status;
    CUDA(cudaStreamIsCapturing(branch, &status));
    check::equal("the branch is captured", int(status), int(cudaStreamCaptureStatusActive));
    CUDA(cudaStreamEndCapture(stream, &graph));
    size_t nodes = 0;
    CUDA(cudaGraphGetNodes(graph, nullptr, &nodes));
    check::equal("nodes", nodes, size_t(4));
    check::equal("nothing has run", first.read(), {0});

    cudaGraphExec_t instance = instantiate(graph);
    for (int round = 0; round < 3; round++)
        CUDA(cudaGraphLaunch(instance, stream));
    CUDA(cudaStreamSynchronize(stream));
    // ((0 + 1) * 2 + 1) * 2 ...
    check::equal("launched three times", result.read(), {14 * 1000 + 30});
    CUDA(cudaGraphExecDestroy(instance));
    CUDA(cudaGraphDestroy(graph));
    CUDA(cudaStreamDestroy(branch));
    CUDA(cudaStreamDestroy(stream));
}

static cudaKernelNodeParams step_of(void **arguments) {
    cudaKernelNodeParams params = {};
    params.func = (void *)step;
    params.gridDim = params.blockDim = dim3(1);
    params.kernelParams = arguments;
    return params;
}

/// A fill, a copy to the device, kernels and a copy back; then with other arguments.
static void made_of_nodes() {
    check::Device<int> value(1);
    int *there = value, factor = 3, addend = 4, from = 100, to = 0;
    cudaGraph_t graph;
    CUDA(cudaGraphCreate(&graph, 0));
    cudaGraphNode_t copied, kernel, after, returned;
    CUDA(cudaGraphAddMemcpyNode1D(&copied, graph, nullptr, 0, there, &from, sizeof from, cudaMemcpyHostToDevice));
    void *arguments[] = {&there, &factor, &addend};
    cudaKernelNodeParams params = step_of(arguments);
    CUDA(cudaGraphAddKernelNode(&kernel, graph, &copied, 1, &params));
    int one = 1;
    void *other_arguments[] = {&there, &one, &one};
    cudaKernelNodeParams other_params = step_of(other_arguments);
    CUDA(cudaGraphAddKernelNode(&after, graph, &kernel, 1, &other_params));
    CUDA(cudaGraphAddMemcpyNode1D(&returned, graph, &after, 1, &to, there, sizeof to, cudaMemcpyDeviceToHost));

    cudaGraphExec_t instance = instantiate(graph);
    // The arguments were taken when the node was made.
    factor = 50;
    CUDA(cudaGraphLaunch(instance, nullptr));
    CUDA(cudaDeviceSynchronize());
    check::equal("first launch", to, 305);

    addend = 7;
    params = step_of(arguments);
    CUDA(cudaGraphExecKernelNodeSetParams(instance, kernel, &params));
    from = 2;
    CUDA(cudaGraphLaunch(instance, nullptr));
    CUDA(cudaDeviceSynchronize());
    check::equal("with other arguments", to, 108);
    CUDA(cudaGraphExecDestroy(instance));
    CUDA(cudaGraphDestroy(graph));
}

static void call_host(void *count) {
    ++*(int *)count;
}

static void with_a_host_function() {
    cudaGraph_t graph;
    CUDA(cudaGraphCreate(&graph, 0));
    int count = 0;
    cudaHostNodeParams params = {call_host, &count};
    cudaGraphNode_t first, second;
    CUDA(cudaGraphAddHostNode(&first, graph, nullptr, 0, &params));
    CUDA(cudaGraphAddHostNode(&second, graph, &first, 1, &params));
    cudaGraphExec_t instance = instantiate(graph);
    CUDA(cudaGraphLaunch(instance, nullptr));
    CUDA(cudaGraphLaunch(instance, nullptr));
    CUDA(cudaDeviceSynchronize());
    check::equal("host functions", count, 4);
    CUDA(cudaGraphExecDestroy(instance));
    CUDA(cudaGraphDestroy(graph));
}

int main() {
    captured();
    made_of_nodes();
    with_a_host_function();
    return check::status();
}
