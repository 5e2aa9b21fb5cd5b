/* Blocks that form clusters: their ranks, what a launch and a captured one ask for, and what is refused. For compute capability 9.0.
 *
 * Source: "Thread Block Clusters" in NVIDIA's CUDA C++ Programming Guide; CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION,
 * CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED and cuOccupancyMaxPotentialClusterSize in its driver API reference.
 */
#include "driver.h"

/* Each block puts the rank that the next one of its cluster has stored at its own place. */
static const char *const PTX =
    ".version 8.0\n.target sm_90\n.address_size 64\n"
    ".visible .entry next(.param .u64 ranks) {\n"
    "  .reg .b32 %r<8>; .reg .b64 %rd<3>; .shared .align 4 .b8 cell[4];\n"
    "  ld.param.u64 %rd1, [ranks]; mov.u32 %r1, %cluster_ctarank; mov.u32 %r2, %cluster_nctarank;\n"
    "  st.shared.u32 [cell], %r1;\n"
    "  barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;\n"
    "  add.u32 %r3, %r1, 1; rem.u32 %r3, %r3, %r2; mov.u32 %r4, cell;\n"
    "  mapa.shared::cluster.u32 %r4, %r4, %r3; ld.shared::cluster.u32 %r5, [%r4];\n"
    "  mov.u32 %r6, %ctaid.x; mul.wide.u32 %rd2, %r6, 4; add.u64 %rd2, %rd1, %rd2; st.global.u32 [%rd2], %r5;\n"
    "  barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned; ret;\n}\n";

static CUfunction next;
static CUdeviceptr memory;
static CUstream stream;

static CUlaunchConfig describe(unsigned blocks, unsigned size, CUlaunchAttribute *attribute) {
    unsigned cluster[3] = {size, 1, 1};
    CUlaunchConfig config = {blocks, 1, 1, 32, 1, 1, 0, stream, attribute, 1};
    *attribute = (CUlaunchAttribute){.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION};
    memcpy(attribute->value.bytes, cluster, sizeof cluster);
    return config;
}

static CUresult launch(unsigned blocks, unsigned size) {
    CUlaunchAttribute attribute;
    CUlaunchConfig config = describe(blocks, size, &attribute);
    void *params[] = {&memory};
    return cuLaunchKernelEx(&config, next, params, NULL);
}

static void print_ranks(void) {
    unsigned ranks[8];
    OK(cuStreamSynchronize(stream));
    OK(cuMemcpyDtoH_v2(ranks, memory, sizeof ranks));
    for (int block = 0; block < 8; block++)
        printf("%u%s", ranks[block], block < 7 ? " " : "\n");
    OK(cuMemsetD32_v2(memory, 99, 8));
    OK(cuCtxSynchronize());
}

int main(void) {
    CUmodule module;
    CUgraph graph;
    CUgraphExec exec;
    CUlaunchAttribute attribute;
    int has_clusters, most;
    start();
    OK(cuDeviceGetAttribute(&has_clusters, CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH, 0));
    if (!has_clusters) {
        printf("the device has no clusters\n");
        return 77; /* skipped */
    }
    OK(cuModuleLoadData(&module, PTX));
    OK(cuModuleGetFunction(&next, module, "next"));
    OK(cuMemAlloc_v2(&memory, 64));
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    SAY(launch(8, 2));
    print_ranks();
    SAY(launch(8, 8));
    print_ranks();
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
    SAY(launch(8, 4));
    OK(cuStreamEndCapture(stream, &graph));
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    SAY(cuGraphLaunch(exec, stream));
    print_ranks();
    /* A grid that does not fall into such clusters, and clusters that not every GPU has. Nothing stays of it. */
    SAY(launch(8, 3));
    SAY(launch(16, 16));
    SAY(cuCtxSynchronize());
    CUlaunchConfig config = describe(8, 1, &attribute);
    config.numAttrs = 0;
    OK(cuOccupancyMaxPotentialClusterSize(&most, next, &config));
    printf("largest cluster: %d\n", most);
    return 0;
}
