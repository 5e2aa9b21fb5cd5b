/* Graphs call host functions, and copy pageable memory as it is when they run.
 * Source: driver API reference, cuGraphAddHostNode and cuGraphAddMemcpyNode; NVIDIA's sample simpleCudaGraphs captures copies
 * from and to variables on its stack. */
#include "driver.h"

enum { WORDS = 2 << 20 };

static CUstream stream;
static CUdeviceptr device;
static int calls;
static char order[16];

static void count(void *by) { calls += *(int *)by; }

static void append(void *letter) { strncat(order, letter, 1); }

static unsigned int on_device(CUdeviceptr address) {
    unsigned int word = 0;
    OK(cuMemcpyDtoH_v2(&word, address, sizeof word));
    return word;
}

static CUgraphExec captured(void) {
    CUgraph graph;
    CUgraphExec exec;
    OK(cuStreamEndCapture(stream, &graph));
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    OK(cuGraphDestroy(graph));
    return exec;
}

static void run(CUgraphExec exec) {
    OK(cuGraphLaunch(exec, stream));
    OK(cuStreamSynchronize(stream));
}

static void host_functions(void) {
    int one = 1, ten = 10;
    printf("-- a function that was captured, launched twice\n");
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
    SAY(cuLaunchHostFunc(stream, count, &one));
    OK(cuMemsetD32Async(device, 5, 1, stream));
    OK(cuLaunchHostFunc(stream, append, "a"));
    CUgraphExec exec = captured();
    printf("%d calls\n", calls);
    run(exec);
    run(exec);
    printf("%d calls, %s, %u\n", calls, order, on_device(device));
    OK(cuGraphExecDestroy(exec));

    printf("-- nodes\n");
    CUgraph graph, child;
    CUgraphNode node, second, inner, parent, nodes[2];
    CUDA_HOST_NODE_PARAMS by_one = {count, &one}, by_ten = {count, &ten}, letter = {append, "b"}, got, none = {NULL, NULL};
    OK(cuGraphCreate(&graph, 0));
    SAY(cuGraphAddHostNode(&node, graph, NULL, 0, &by_one));
    SAY(cuGraphAddHostNode(&second, graph, &node, 1, &letter));
    SAY(cuGraphAddHostNode(&second, graph, NULL, 0, &none));
    int type = -1;
    size_t number = 2;
    OK(cuGraphGetNodes(graph, nodes, &number));
    OK(cuGraphNodeGetType(node, &type));
    OK(cuGraphHostNodeGetParams(node, &got));
    printf("%zu nodes, type %d, the function is %s\n", number, type, got.fn == count && got.userData == &one ? "known" : "lost");
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    calls = 0;
    run(exec);
    printf("%d calls, %s\n", calls, order);
    SAY(cuGraphExecHostNodeSetParams(exec, node, &by_ten));
    run(exec);
    printf("%d calls, %s\n", calls, order);
    SAY(cuGraphHostNodeSetParams(node, &by_ten));
    OK(cuGraphCreate(&child, 0));
    OK(cuGraphAddHostNode(&inner, child, NULL, 0, &by_ten));
    OK(cuGraphAddChildGraphNode(&parent, graph, &second, 0, child));
    CUgraphExec both;
    OK(cuGraphInstantiateWithFlags(&both, graph, 0));
    calls = 0;
    run(both);
    printf("%d calls with a child\n", calls);
    OK(cuGraphLaunch(both, stream));
    OK(cuGraphExecDestroy(both));
    OK(cuStreamSynchronize(stream));
    printf("%d calls, the last by one that was destroyed before\n", calls);
}

static void pageable_copies(void) {
    unsigned int in = 1, out = 0, there = 0;
    printf("-- copies that were captured\n");
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
    SAY(cuMemcpyHtoDAsync_v2(device, &in, 4, stream));
    SAY(cuMemcpyDtoHAsync_v2(&out, device, 4, stream));
    SAY(cuMemcpyAsync((CUdeviceptr)&there, (CUdeviceptr)&out, 4, stream));
    CUgraphExec exec = captured();
    in = 2;
    run(exec);
    printf("%u %u\n", out, there);
    in = 3;
    run(exec);
    printf("%u %u\n", out, there);
    OK(cuGraphExecDestroy(exec));

    printf("-- rows\n");
    unsigned char from[64], to[64] = {0};
    for (int at = 0; at < 64; at++) from[at] = (unsigned char)at;
    CUDA_MEMCPY2D rows = {.srcMemoryType = CU_MEMORYTYPE_HOST, .srcHost = from, .srcPitch = 16,
                          .dstMemoryType = CU_MEMORYTYPE_DEVICE, .dstDevice = device, .dstPitch = 512,
                          .WidthInBytes = 3, .Height = 4};
    CUDA_MEMCPY2D back = {.srcMemoryType = CU_MEMORYTYPE_DEVICE, .srcDevice = device, .srcPitch = 512,
                          .dstMemoryType = CU_MEMORYTYPE_UNIFIED, .dstDevice = (CUdeviceptr)to, .dstPitch = 8,
                          .WidthInBytes = 3, .Height = 4};
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
    SAY(cuMemcpy2DAsync_v2(&rows, stream));
    SAY(cuMemcpy2DAsync_v2(&back, stream));
    exec = captured();
    run(exec);
    for (int at = 0; at < 28; at++) printf("%d ", to[at]);
    printf("\n");
    OK(cuGraphExecDestroy(exec));

    printf("-- much\n");
    unsigned int *many = malloc(WORDS * 4), *copy = calloc(WORDS, 4);
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
    OK(cuMemcpyHtoDAsync_v2(device, many, WORDS * 4, stream));
    OK(cuMemcpyDtoHAsync_v2(copy, device, WORDS * 4, stream));
    exec = captured();
    for (unsigned int at = 0; at < WORDS; at++) many[at] = at * 2654435761u;
    run(exec);
    printf("%s\n", memcmp(many, copy, WORDS * 4) ? "not the same" : "the same");
    OK(cuGraphExecDestroy(exec));

    printf("-- a node whose memory changes its kind\n");
    CUgraph graph;
    CUgraphNode node;
    unsigned int *pinned;
    OK(cuMemHostAlloc((void **)&pinned, 4, 0));
    pinned[0] = 8;
    in = 7;
    CUDA_MEMCPY3D word = {.srcMemoryType = CU_MEMORYTYPE_HOST, .srcHost = &in, .dstMemoryType = CU_MEMORYTYPE_DEVICE,
                          .dstDevice = device, .WidthInBytes = 4, .Height = 1, .Depth = 1};
    OK(cuGraphCreate(&graph, 0));
    SAY(cuGraphAddMemcpyNode(&node, graph, NULL, 0, &word, NULL));
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    run(exec);
    printf("%u\n", on_device(device));
    word.srcHost = pinned;
    SAY(cuGraphExecMemcpyNodeSetParams(exec, node, &word, NULL));
    run(exec);
    printf("%u\n", on_device(device));
}

int main(void) {
    start();
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    OK(cuMemAlloc_v2(&device, WORDS * 4));
    host_functions();
    pageable_copies();
    return 0;
}
