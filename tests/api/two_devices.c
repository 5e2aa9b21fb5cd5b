/* Two devices: what tells them apart, contexts and memory of each, copies between them with and without their contexts' names, and
 * what needs access between peers, which is refused where cuDeviceCanAccessPeer says 0. With one device it is skipped: it exits
 * with 77.
 * Source: CUDA driver API, "Device Management", "Peer Context Memory Access", "Unified Addressing", "Memory Management". */
#include "driver.h"

static const char image[] =
    ".version 7.0\n.target sm_70\n.address_size 64\n"
    ".visible .global .align 4 .u32 word = 5;\n"
    ".visible .entry put(.param .u64 at, .param .u32 value)\n"
    "{ .reg .b64 %a; .reg .b32 %v; ld.param.u64 %a, [at]; ld.param.u32 %v, [value]; st.global.u32 [%a], %v; ret; }\n";

static CUfunction put[2];
static CUdeviceptr word[2];

static void launch(int device, CUdeviceptr at, unsigned value, CUstream stream) {
    void *params[] = {&at, &value};
    OK(cuLaunchKernel(put[device], 1, 1, 1, 1, 1, 1, 0, stream, params, NULL));
}

static unsigned read_word(CUdeviceptr at) {
    unsigned value;
    OK(cuMemcpyDtoH_v2(&value, at, 4));
    return value;
}

static size_t free_now(void) {
    size_t free_bytes, total;
    OK(cuMemGetInfo_v2(&free_bytes, &total));
    return free_bytes;
}

int main(void) {
    int count;
    CUdevice devices[2], found;
    CUuuid uuids[2];
    char addresses[2][32];
    CUcontext contexts[2];
    CUdeviceptr memory[2];
    OK(cuInit(0));
    OK(cuDeviceGetCount(&count));
    printf("at least two: %d\n", count >= 2);
    if (count < 2) {
        printf("skipped\n");
        return 77;
    }
    for (int i = 0; i < 2; i++) {
        OK(cuDeviceGet(&devices[i], i));
        OK(cuDeviceGetUuid_v2(&uuids[i], devices[i]));
        OK(cuDeviceGetPCIBusId(addresses[i], 32, devices[i]));
    }
    printf("same uuid: %d, same address: %d\n", !memcmp(&uuids[0], &uuids[1], 16), !strcmp(addresses[0], addresses[1]));
    OK(cuDeviceGetByPCIBusId(&found, addresses[1]));
    printf("the second's address leads to it: %d\n", found == devices[1]);

    size_t before[2];
    for (int i = 0; i < 2; i++) {
        CUmodule module;
        size_t bytes;
        OK(cuCtxCreate_v2(&contexts[i], 0, devices[i]));
        OK(cuModuleLoadData(&module, image));
        OK(cuModuleGetFunction(&put[i], module, "put"));
        OK(cuModuleGetGlobal_v2(&word[i], &bytes, module, "word"));
        before[i] = free_now();
    }
    for (int i = 0; i < 2; i++) {
        OK(cuCtxSetCurrent(contexts[i]));
        OK(cuMemAlloc_v2(&memory[i], 64 << 20));
    }
    for (int i = 0; i < 2; i++) {
        CUcontext owner;
        int ordinal;
        OK(cuCtxSetCurrent(contexts[i]));
        printf("device %d has less: %d\n", i, before[i] - free_now() == 64 << 20);
        OK(cuPointerGetAttribute(&owner, CU_POINTER_ATTRIBUTE_CONTEXT, memory[i]));
        OK(cuPointerGetAttribute(&ordinal, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, memory[i]));
        printf("its memory is its own: %d %d\n", owner == contexts[i], ordinal == i);
    }

    /* The second is current. Kernels and variables of each. */
    launch(1, memory[1], 21, NULL);
    OK(cuCtxSetCurrent(contexts[0]));
    launch(0, memory[0], 20, NULL);
    printf("kernels wrote %u and %u\n", read_word(memory[0]), read_word(memory[1]));
    printf("variables: %u and %u\n", read_word(word[0]), read_word(word[1]));

    /* Copies, with the first current. */
    OK(cuMemcpyPeer(memory[1] + 4, contexts[1], memory[0], contexts[0], 4));
    printf("to the second by name: %u\n", read_word(memory[1] + 4));
    OK(cuMemcpy(memory[0] + 8, memory[1], 4));
    printf("from it by address: %u\n", read_word(memory[0] + 8));
    CUstream stream;
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    launch(0, memory[0], 30, stream);
    OK(cuMemcpyPeerAsync(memory[1] + 12, contexts[1], memory[0], contexts[0], 4, stream));
    OK(cuStreamSynchronize(stream));
    printf("in a stream's order: %u\n", read_word(memory[1] + 12));
    OK(cuMemcpyDtoD_v2(memory[1] + 16, memory[0], 4));
    OK(cuCtxSynchronize());
    printf("between devices: %u\n", read_word(memory[1] + 16));

    /* A stream of the second waits for an event of the first. */
    CUevent event;
    CUstream other;
    OK(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING));
    launch(0, memory[0], 40, stream);
    OK(cuMemcpyPeerAsync(memory[1] + 20, contexts[1], memory[0], contexts[0], 4, stream));
    OK(cuEventRecord(event, stream));
    OK(cuCtxSetCurrent(contexts[1]));
    OK(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING));
    OK(cuStreamWaitEvent(other, event, 0));
    OK(cuMemcpyDtoDAsync_v2(memory[1] + 24, memory[1] + 20, 4, other));
    OK(cuStreamSynchronize(other));
    printf("after the other's event: %u\n", read_word(memory[1] + 24));
    OK(cuCtxSetCurrent(contexts[0]));

    /* Peers. */
    int can;
    OK(cuDeviceCanAccessPeer(&can, devices[0], devices[1]));
    CUresult enabled = cuCtxEnablePeerAccess(contexts[1], 0);
    printf("access is as announced: %d\n", enabled == (can ? CUDA_SUCCESS : CUDA_ERROR_PEER_ACCESS_UNSUPPORTED));
    if (can) OK(cuCtxDisablePeerAccess(contexts[1]));
    SAY(cuCtxDisablePeerAccess(contexts[1]));
    SAY(cuCtxEnablePeerAccess(contexts[0], 0));
    SAY(cuCtxEnablePeerAccess(contexts[1], 1));
    SAY(cuDeviceCanAccessPeer(&can, devices[0], 1000));

    /* A kernel of the first does not reach the second's memory. */
    launch(0, memory[1], 50, stream);
    SAY(cuStreamSynchronize(stream));
    return 0;
}
