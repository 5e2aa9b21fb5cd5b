/* What a launch asks for besides a shape: blocks that meet, permissions, events; and what a kernel node keeps of it.
 *
 * Source: CUlaunchAttributeID in NVIDIA's driver API reference, and cuLaunchCooperativeKernel, cuGraphKernelNodeGetAttribute.
 */
#include "driver.h"

static const char *const PTX =
    ".version 6.4\n.target sm_70\n.address_size 64\n"
    /* Waits until all threads of the grid have come, and then counts itself. */
    ".visible .entry meet(.param .u64 counts, .param .u32 all) {\n"
    "  .reg .pred %p<2>; .reg .b32 %r<5>; .reg .b64 %rd<2>;\n"
    "  ld.param.u64 %rd1, [counts]; ld.param.u32 %r1, [all];\n"
    "  atom.global.add.u32 %r2, [%rd1], 1;\n"
    "WAIT: ld.volatile.global.u32 %r3, [%rd1]; setp.lt.u32 %p1, %r3, %r1; @%p1 bra WAIT;\n"
    "  atom.global.add.u32 %r4, [%rd1 + 4], 1; ret;\n}\n"
    /* Doubles a number and adds one. */
    ".visible .entry step(.param .u64 number) {\n"
    "  .reg .b32 %r<3>; .reg .b64 %rd<2>;\n"
    "  ld.param.u64 %rd1, [number]; ld.global.u32 %r1, [%rd1];\n"
    "  mad.lo.u32 %r2, %r1, 2, 1; st.global.u32 [%rd1], %r2; ret;\n}\n";

static CUfunction meet, step;
static CUdeviceptr memory;
static CUstream stream;

static CUlaunchAttribute attribute(int id, int value) {
    CUlaunchAttribute attribute = {.id = id};
    memcpy(attribute.value.bytes, &value, sizeof value);
    return attribute;
}

static CUresult launch(CUfunction function, unsigned blocks, unsigned threads, CUlaunchAttribute *attributes, unsigned count,
                       void **params) {
    CUlaunchConfig config = {blocks, 1, 1, threads, 1, 1, 0, stream, attributes, count};
    return cuLaunchKernelEx(&config, function, params, NULL);
}

static void fill(unsigned value) {
    OK(cuMemsetD32_v2(memory, value, 4));
    OK(cuCtxSynchronize());
}

static unsigned read(unsigned at) {
    unsigned value = 0;
    OK(cuStreamSynchronize(stream));
    OK(cuMemcpyDtoH_v2(&value, memory + 4 * at, sizeof value));
    return value;
}

static void cooperative(void) {
    unsigned all = 4 * 64;
    void *params[] = {&memory, &all};
    CUlaunchAttribute together = attribute(CU_LAUNCH_ATTRIBUTE_COOPERATIVE, 1);
    fill(0);
    SAY(launch(meet, 4, 64, &together, 1, params));
    printf("%u of %u threads have met\n", read(1), all);
    fill(0);
    SAY(cuLaunchCooperativeKernel(meet, 4, 1, 1, 64, 1, 1, 0, stream, params));
    printf("%u of %u threads have met\n", read(1), all);
    /* No such grid could be resident at once, and nothing stays of the refusals. */
    SAY(cuLaunchCooperativeKernel(meet, 1 << 24, 1, 1, 1024, 1, 1, 0, stream, params));
    SAY(launch(meet, 1 << 24, 1024, &together, 1, params));
    SAY(cuCtxSynchronize());
}

static void permissions(void) {
    void *params[] = {&memory};
    CUlaunchAttribute some[] = {
        attribute(CU_LAUNCH_ATTRIBUTE_IGNORE, 7),
        attribute(CU_LAUNCH_ATTRIBUTE_COOPERATIVE, 0),
        attribute(CU_LAUNCH_ATTRIBUTE_PRIORITY, 0),
    };
    fill(1);
    SAY(launch(step, 1, 1, NULL, 0, params));
    SAY(launch(step, 1, 1, some, 3, params));
    printf("1 has become %u\n", read(0));
}

static void node(void) {
    void *params[] = {&memory};
    CUgraph graph;
    CUgraphExec exec;
    CUgraphNode kernel;
    size_t count = 1;
    CUlaunchAttributeValue value;
    CUlaunchAttribute together = attribute(CU_LAUNCH_ATTRIBUTE_COOPERATIVE, 1), apart = attribute(0, 0);
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
    SAY(launch(step, 1, 1, &together, 1, params));
    OK(cuStreamEndCapture(stream, &graph));
    OK(cuGraphGetNodes(graph, &kernel, &count));
    memset(&value, 0xff, sizeof value);
    SAY(cuGraphKernelNodeGetAttribute(kernel, CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &value));
    printf("the node is cooperative: %d\n", value.cooperative);
    SAY(cuGraphKernelNodeSetAttribute(kernel, CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &apart.value));
    SAY(cuGraphKernelNodeGetAttribute(kernel, CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &value));
    printf("the node is cooperative: %d\n", value.cooperative);
    SAY(cuGraphKernelNodeSetAttribute(kernel, CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &together.value));
    fill(1);
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    SAY(cuGraphLaunch(exec, stream));
    SAY(cuGraphLaunch(exec, stream));
    printf("1 has become %u\n", read(0));
    OK(cuGraphExecDestroy(exec));
    OK(cuGraphDestroy(graph));
}

int main(void) {
    CUmodule module;
    start();
    OK(cuModuleLoadData(&module, PTX));
    OK(cuModuleGetFunction(&meet, module, "meet"));
    OK(cuModuleGetFunction(&step, module, "step"));
    OK(cuMemAlloc_v2(&memory, 64));
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    cooperative();
    permissions();
    node();
    return 0;
}
