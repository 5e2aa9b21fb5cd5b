/* Arrays: what they are made of, and copies to and from them, at once, in stream order, captured and as nodes of graphs.
 * Source: "Memory Management" in NVIDIA's driver API reference, from cuArrayCreate to cuMemcpyHtoA. */
#include "textures.h"

static CUarray array_of(size_t width, size_t height, size_t depth, unsigned int flags) {
    CUarray array;
    CUDA_ARRAY3D_DESCRIPTOR descriptor = {width, height, depth, CU_AD_FORMAT_UNSIGNED_INT8, 1, flags};
    OK(cuArray3DCreate_v2(&array, &descriptor));
    return array;
}

static void show(const char *what, const unsigned char *bytes, size_t count) {
    printf("%s:", what);
    for (size_t i = 0; i < count; i++) {
        printf(" %d", bytes[i]);
    }
    printf("\n");
}

static void descriptors(void) {
    CUarray array = array_of(8, 4, 3, CUDA_ARRAY3D_LAYERED);
    CUDA_ARRAY3D_DESCRIPTOR whole;
    CUDA_ARRAY_DESCRIPTOR flat;
    OK(cuArray3DGetDescriptor_v2(&whole, array));
    OK(cuArrayGetDescriptor_v2(&flat, array));
    printf("an array of %zux%zux%zu, format %d, %u channel, flags %u\n", whole.Width, whole.Height, whole.Depth, whole.Format,
           whole.NumChannels, whole.Flags);
    printf("without its layers: %zux%zu\n", flat.Width, flat.Height);
    OK(cuArrayDestroy(array));
    printf("ended twice: %s\n", name_of(cuArrayDestroy(array)));

    CUDA_ARRAY3D_DESCRIPTOR three = {8, 8, 0, CU_AD_FORMAT_FLOAT, 3, 0};
    CUDA_ARRAY3D_DESCRIPTOR no_cube = {8, 4, 6, CU_AD_FORMAT_FLOAT, 1, CUDA_ARRAY3D_CUBEMAP};
    CUDA_ARRAY3D_DESCRIPTOR empty = {0, 0, 0, CU_AD_FORMAT_FLOAT, 1, 0};
    CUDA_ARRAY3D_DESCRIPTOR huge = {1 << 20, 1, 0, CU_AD_FORMAT_FLOAT, 1, 0};
    printf("three channels: %s\n", name_of(cuArray3DCreate_v2(&array, &three)));
    printf("a cube that is none: %s\n", name_of(cuArray3DCreate_v2(&array, &no_cube)));
    printf("no texels: %s\n", name_of(cuArray3DCreate_v2(&array, &empty)));
    printf("too long a line: %s\n", name_of(cuArray3DCreate_v2(&array, &huge)));
}

static void lines(void) {
    unsigned char bytes[16], back[16] = {0};
    for (int i = 0; i < 16; i++) {
        bytes[i] = i;
    }
    CUarray line = array_of(16, 0, 0, 0), other = array_of(16, 0, 0, 0);
    CUdeviceptr memory;
    OK(cuMemAlloc_v2(&memory, 16));
    OK(cuMemsetD8_v2(memory, 99, 16));
    OK(cuMemcpyHtoA_v2(line, 0, bytes, 16));
    OK(cuMemcpyAtoA_v2(other, 4, line, 8, 8));
    OK(cuMemcpyDtoA_v2(other, 0, memory, 3));
    OK(cuMemcpyAtoD_v2(memory, other, 2, 6));
    OK(cuMemcpyAtoH_v2(back, other, 0, 16));
    show("a line of two others", back, 16);
    OK(cuMemcpyDtoH_v2(back, memory, 8));
    show("a part of it in memory", back, 8);
    printf("past its end: %s\n", name_of(cuMemcpyHtoA_v2(line, 1, bytes, 16)));
    OK(cuArrayDestroy(line));
    printf("from one that has ended: %s\n", name_of(cuMemcpyAtoH_v2(back, line, 0, 16)));
    OK(cuArrayDestroy(other));
    OK(cuMemFree_v2(memory));
}

static void boxes(void) {
    unsigned char bytes[4 * 3 * 2], back[4 * 3 * 2];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = i;
    }
    CUarray array = array_of(4, 3, 2, 0);
    CUDA_MEMCPY3D in = {.srcMemoryType = CU_MEMORYTYPE_HOST, .srcHost = bytes, .srcPitch = 4, .srcHeight = 3,
                        .dstMemoryType = CU_MEMORYTYPE_ARRAY, .dstArray = array, .WidthInBytes = 4, .Height = 3, .Depth = 2};
    OK(cuMemcpy3D_v2(&in));
    CUDA_MEMCPY3D out = {.srcMemoryType = CU_MEMORYTYPE_ARRAY, .srcArray = array, .srcXInBytes = 1, .srcY = 1, .srcZ = 0,
                         .dstMemoryType = CU_MEMORYTYPE_HOST, .dstHost = back, .dstPitch = 2, .dstHeight = 2,
                         .WidthInBytes = 2, .Height = 2, .Depth = 2};
    OK(cuMemcpy3D_v2(&out));
    show("a box in a box", back, 8);
    CUDA_MEMCPY2D row = {.srcMemoryType = CU_MEMORYTYPE_ARRAY, .srcArray = array, .srcY = 2, .dstMemoryType = CU_MEMORYTYPE_HOST,
                         .dstHost = back, .dstPitch = 4, .WidthInBytes = 4, .Height = 1};
    OK(cuMemcpy2D_v2(&row));
    show("the last row of the first slice", back, 4);
    row.Height = 2;
    printf("a row more: %s\n", name_of(cuMemcpy2D_v2(&row)));

    /* Captured, then as a node; then the array is gone. */
    CUstream stream;
    CUgraph graph;
    CUgraphExec exec;
    CUgraphNode node;
    unsigned char *pinned;
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    OK(cuMemHostAlloc((void **)&pinned, 64, 0));
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
    CUDA_MEMCPY2D captured = {.srcMemoryType = CU_MEMORYTYPE_ARRAY, .srcArray = array, .srcXInBytes = 1,
                              .dstMemoryType = CU_MEMORYTYPE_HOST, .dstHost = pinned, .dstPitch = 3, .WidthInBytes = 3, .Height = 3};
    OK(cuMemcpy2DAsync_v2(&captured, stream));
    OK(cuStreamEndCapture(stream, &graph));
    in.srcHost = back;
    OK(cuGraphAddMemcpyNode(&node, graph, NULL, 0, &in, NULL));
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    OK(cuGraphLaunch(exec, stream));
    OK(cuStreamSynchronize(stream));
    memset(back, 7, sizeof back);
    OK(cuGraphLaunch(exec, stream));
    OK(cuStreamSynchronize(stream));
    OK(cuMemcpy3D_v2(&out));
    show("as a node", back, 8);
    OK(cuGraphExecDestroy(exec));
    OK(cuGraphDestroy(graph));
    OK(cuStreamDestroy_v2(stream));
    OK(cuMemFreeHost(pinned));
    OK(cuArrayDestroy(array));
}

static void mip_maps(void) {
    CUmipmappedArray mipmap;
    CUarray level;
    CUDA_ARRAY3D_DESCRIPTOR descriptor = {8, 4, 0, CU_AD_FORMAT_UNSIGNED_INT8, 1, 0};
    OK(cuMipmappedArrayCreate(&mipmap, &descriptor, 99));
    for (unsigned int i = 0; i < 4; i++) {
        OK(cuMipmappedArrayGetLevel(&level, mipmap, i));
        OK(cuArray3DGetDescriptor_v2(&descriptor, level));
        printf("level %u: %zux%zu\n", i, descriptor.Width, descriptor.Height);
    }
    printf("level 4: %s\n", name_of(cuMipmappedArrayGetLevel(&level, mipmap, 4)));
    OK(cuMipmappedArrayDestroy(mipmap));
    printf("a level of what has ended: %s\n", name_of(cuArray3DGetDescriptor_v2(&descriptor, level)));
}

/* A row of 2 MiB, from memory of the program's own and back, and to pinned memory. */
static void long_rows(void) {
    size_t bytes = 131072 * 16;
    unsigned int *texels = malloc(bytes), *back = malloc(bytes), *pinned;
    CUarray array;
    CUDA_ARRAY_DESCRIPTOR descriptor = {131072, 0, CU_AD_FORMAT_FLOAT, 4};
    OK(cuArrayCreate_v2(&array, &descriptor));
    OK(cuMemHostAlloc((void **)&pinned, bytes, 0));
    for (size_t i = 0; i < bytes / 4; i++) {
        texels[i] = (unsigned int)(i * 2654435761u);
    }
    OK(cuMemcpyHtoA_v2(array, 0, texels, bytes));
    OK(cuMemcpyAtoH_v2(back, array, 0, bytes));
    OK(cuMemcpyAtoH_v2(pinned, array, 16, bytes - 16));
    printf("a long row comes back: %s, and to pinned memory: %s\n", memcmp(texels, back, bytes) ? "no" : "yes",
           memcmp(texels + 4, pinned, bytes - 16) ? "no" : "yes");
    OK(cuMemFreeHost(pinned));
    OK(cuArrayDestroy(array));
    free(texels);
    free(back);
}

static void ledger(void) {
    size_t before, during, after, total;
    OK(cuMemGetInfo_v2(&before, &total));
    CUarray array = array_of(4096, 4096, 0, 0);
    OK(cuMemGetInfo_v2(&during, &total));
    OK(cuArrayDestroy(array));
    OK(cuMemGetInfo_v2(&after, &total));
    printf("an array takes memory: %s, and gives it back: %s\n", before - during >= 16 << 20 ? "yes" : "no",
           before == after ? "yes" : "no");
}

int main(void) {
    CUdevice device;
    CUcontext context;
    OK(cuInit(0));
    OK(cuDeviceGet(&device, 0));
    OK(cuCtxCreate_v2(&context, 0, device));
    descriptors();
    lines();
    boxes();
    mip_maps();
    long_rows();
    ledger();
    OK(cuCtxDestroy_v2(context));
    return 0;
}
