/* Textures and surfaces in kernels: of linear memory, of rows of it, of arrays and of mip maps.
 * Source: "Texture Object Management" and "Surface Object Management" in NVIDIA's driver API reference; "Texture Fetching" in the
 * CUDA C++ Programming Guide, by whose formulas the values are. */
#include "textures.h"

/* Each thread has two floats to look at, and four to write. */
#define BEGIN(name) \
    ".visible .entry " name "(.param .u64 out, .param .u64 texture, .param .u64 places)\n" \
    "{ .reg .b32 %r<8>; .reg .f32 %f<12>; .reg .b64 %rd<8>; .reg .pred %p;\n" \
    "  ld.param.u64 %rd1, [out]; ld.param.u64 %rd2, [texture]; ld.param.u64 %rd3, [places];\n" \
    "  mov.u32 %r1, %tid.x; mul.wide.u32 %rd4, %r1, 8; add.s64 %rd5, %rd3, %rd4; ld.global.v2.f32 {%f1, %f2}, [%rd5];\n" \
    "  mul.wide.u32 %rd4, %r1, 16; add.s64 %rd6, %rd1, %rd4; mov.f32 %f3, 0f3F000000; cvt.rni.s32.f32 %r2, %f1;\n" \
    "  cvt.rni.s32.f32 %r3, %f2; mov.u32 %r4, 1;\n"
#define END "  st.global.v4.f32 [%rd6], {%f4, %f5, %f6, %f7}; ret; }\n"

static const char *KERNELS =
    ".version 7.0\n.target sm_60\n.address_size 64\n"
    BEGIN("line_fetch") "  tex.1d.v4.f32.s32 {%f4, %f5, %f6, %f7}, [%rd2, {%r2}];\n" END
    BEGIN("plane") "  tex.2d.v4.f32.f32 {%f4, %f5, %f6, %f7}, [%rd2, {%f1, %f2}];\n" END
    BEGIN("planes") "  tex.a2d.v4.f32.f32 {%f4, %f5, %f6, %f7}, [%rd2, {%r4, %f1, %f2, %f2}];\n" END
    BEGIN("space") "  tex.3d.v4.f32.f32 {%f4, %f5, %f6, %f7}, [%rd2, {%f1, %f2, %f3, %f3}];\n" END
    BEGIN("cube") "  tex.cube.v4.f32.f32 {%f4, %f5, %f6, %f7}, [%rd2, {%f1, %f2, %f3, %f3}];\n" END
    BEGIN("level") "  tex.level.2d.v4.f32.f32 {%f4, %f5, %f6, %f7}, [%rd2, {%f3, %f3}], %f1;\n" END
    BEGIN("shape")
    "  txq.width.b32 %r5, [%rd2]; txq.height.b32 %r6, [%rd2]; cvt.rn.f32.u32 %f4, %r5; cvt.rn.f32.u32 %f5, %r6;\n"
    "  mov.f32 %f6, %f4; mov.f32 %f7, %f5;\n" END
    BEGIN("surface")
    "  shl.b32 %r5, %r2, 2; suld.b.2d.b32.zero {%r6}, [%rd2, {%r5, %r3}]; mov.b32 %f4, %r6;\n"
    "  add.f32 %f5, %f4, 0f42C80000; mov.b32 %r7, %f5; sust.b.2d.b32.zero [%rd2, {%r5, %r3}], {%r7};\n"
    "  suq.width.b32 %r6, [%rd2]; cvt.rn.f32.u32 %f6, %r6; mov.f32 %f7, 0f00000000;\n" END;

static CUmodule module;
static CUdeviceptr out, places;

/* Launches a kernel for so many places, and prints the first channel of each; -1 prints all four of the first. */
static void look(const char *what, const char *kernel, CUtexObject object, int count, const float *at) {
    CUfunction function;
    float values[4 * 16];
    void *params[] = {&out, &object, &places};
    OK(cuModuleGetFunction(&function, module, kernel));
    OK(cuMemcpyHtoD_v2(places, at, (count < 0 ? 1 : count) * 8));
    OK(cuLaunchKernel(function, 1, 1, 1, count < 0 ? 1 : count, 1, 1, 0, NULL, params, NULL));
    OK(cuMemcpyDtoH_v2(values, out, sizeof values));
    printf("%s:", what);
    for (int i = 0; i < (count < 0 ? 4 : count); i++) {
        printf(" %g", values[count < 0 ? i : 4 * i]);
    }
    printf("\n");
}

static CUtexObject texture_of(CUDA_RESOURCE_DESC resource, int mode, int filter, unsigned int flags) {
    CUtexObject texture;
    CUDA_TEXTURE_DESC sampling = {{mode, mode, mode}, filter, flags, 0, CU_TR_FILTER_MODE_LINEAR, 0, 0, 8, {9, 9, 9, 9}, {0}};
    OK(cuTexObjectCreate(&texture, &resource, &sampling, NULL));
    return texture;
}

static CUDA_RESOURCE_DESC of_array(CUarray array) {
    return (CUDA_RESOURCE_DESC){.resType = CU_RESOURCE_TYPE_ARRAY, .res.array = array};
}

/* An array of floats that count up from a number on. */
static CUarray counting(size_t width, size_t height, size_t depth, unsigned int flags, float from) {
    CUarray array;
    float texels[64];
    for (int i = 0; i < 64; i++) {
        texels[i] = from + i;
    }
    CUDA_ARRAY3D_DESCRIPTOR descriptor = {width, height, depth, CU_AD_FORMAT_FLOAT, 1, flags};
    OK(cuArray3DCreate_v2(&array, &descriptor));
    CUDA_MEMCPY3D copy = {.srcMemoryType = CU_MEMORYTYPE_HOST, .srcHost = texels, .srcPitch = width * 4, .srcHeight = height,
                          .dstMemoryType = CU_MEMORYTYPE_ARRAY, .dstArray = array, .WidthInBytes = width * 4, .Height = height,
                          .Depth = depth ? depth : 1};
    OK(cuMemcpy3D_v2(&copy));
    return array;
}

static void linear_memory(void) {
    CUdeviceptr memory;
    unsigned char bytes[64 * 2];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = i;
    }
    OK(cuMemAlloc_v2(&memory, sizeof bytes));
    OK(cuMemcpyHtoD_v2(memory, bytes, sizeof bytes));
    CUDA_RESOURCE_DESC line = {.resType = CU_RESOURCE_TYPE_LINEAR,
                               .res.linear = {memory, CU_AD_FORMAT_UNSIGNED_INT8, 4, sizeof bytes}};
    CUtexObject texture = texture_of(line, CU_TR_ADDRESS_MODE_CLAMP, CU_TR_FILTER_MODE_POINT, 0);
    float at[] = {17, 0, -1, 0, 32, 0};
    look("bytes as parts of 255", "line_fetch", texture, -1, at);
    look("within, before and behind linear memory", "line_fetch", texture, 3, at);
    OK(cuTexObjectDestroy(texture));
    CUDA_RESOURCE_DESC rows = {.resType = CU_RESOURCE_TYPE_PITCH2D,
                               .res.pitch2D = {memory, CU_AD_FORMAT_UNSIGNED_INT8, 1, 51, 2, 64}};
    texture = texture_of(rows, CU_TR_ADDRESS_MODE_CLAMP, CU_TR_FILTER_MODE_LINEAR, 0);
    float between[] = {51, 0.5, 51, 9, 1, 1};
    look("rows of bytes, mixed", "plane", texture, 3, between);
    look("their extents", "shape", texture, -1, at);
    OK(cuTexObjectDestroy(texture));
    OK(cuMemFree_v2(memory));
}

static void arrays(void) {
    CUarray plane = counting(4, 2, 0, 0, 0);
    float at[] = {1.5, 0.5, 1, 0.5, 2, 1, -3, 0.5, 9, 9, 0.25, 0.25};
    CUtexObject texture = texture_of(of_array(plane), CU_TR_ADDRESS_MODE_CLAMP, CU_TR_FILTER_MODE_POINT, 0);
    look("the nearest", "plane", texture, 6, at);
    OK(cuTexObjectDestroy(texture));
    texture = texture_of(of_array(plane), CU_TR_ADDRESS_MODE_CLAMP, CU_TR_FILTER_MODE_LINEAR, 0);
    look("mixed", "plane", texture, 6, at);
    OK(cuTexObjectDestroy(texture));
    texture = texture_of(of_array(plane), CU_TR_ADDRESS_MODE_BORDER, CU_TR_FILTER_MODE_POINT, 0);
    look("with a border", "plane", texture, 6, at);
    OK(cuTexObjectDestroy(texture));
    float parts[] = {0.125, 0.25, 1.125, 0.25, -0.125, 0.25, 1.375, 1.25, 0.875, 0.25, -2.375, 0.75};
    texture = texture_of(of_array(plane), CU_TR_ADDRESS_MODE_WRAP, CU_TR_FILTER_MODE_POINT, CU_TRSF_NORMALIZED_COORDINATES);
    look("wrapped", "plane", texture, 6, parts);
    OK(cuTexObjectDestroy(texture));
    texture = texture_of(of_array(plane), CU_TR_ADDRESS_MODE_MIRROR, CU_TR_FILTER_MODE_POINT, CU_TRSF_NORMALIZED_COORDINATES);
    look("mirrored", "plane", texture, 6, parts);
    OK(cuTexObjectDestroy(texture));
    OK(cuArrayDestroy(plane));

    CUarray planes = counting(4, 2, 3, CUDA_ARRAY3D_LAYERED, 0), space = counting(4, 2, 2, 0, 0);
    CUarray cube = counting(2, 2, 6, CUDA_ARRAY3D_CUBEMAP, 0);
    texture = texture_of(of_array(planes), CU_TR_ADDRESS_MODE_CLAMP, CU_TR_FILTER_MODE_POINT, 0);
    look("the second layer", "planes", texture, 2, at);
    OK(cuTexObjectDestroy(texture));
    float middle[] = {1.5, 1, 0.5, 0.5};
    texture = texture_of(of_array(space), CU_TR_ADDRESS_MODE_CLAMP, CU_TR_FILTER_MODE_LINEAR, 0);
    look("in space", "space", texture, 2, middle);
    OK(cuTexObjectDestroy(texture));
    float directions[] = {1, 0.25, -1, 0.25, 0.25, 1, 0.25, -1, 0.25, 0.125};
    texture = texture_of(of_array(cube), CU_TR_ADDRESS_MODE_CLAMP, CU_TR_FILTER_MODE_POINT, CU_TRSF_NORMALIZED_COORDINATES);
    look("in a cube", "cube", texture, 5, directions);
    OK(cuTexObjectDestroy(texture));
    OK(cuArrayDestroy(planes));
    OK(cuArrayDestroy(space));
    OK(cuArrayDestroy(cube));
}

static void mip_maps(void) {
    CUmipmappedArray mipmap;
    CUDA_ARRAY3D_DESCRIPTOR descriptor = {4, 4, 0, CU_AD_FORMAT_FLOAT, 1, 0};
    OK(cuMipmappedArrayCreate(&mipmap, &descriptor, 3));
    for (unsigned int i = 0; i < 3; i++) {
        CUarray level;
        float texels[16];
        for (int k = 0; k < 16; k++) {
            texels[k] = 10 * (i + 1);
        }
        OK(cuMipmappedArrayGetLevel(&level, mipmap, i));
        CUDA_MEMCPY2D copy = {.srcMemoryType = CU_MEMORYTYPE_HOST, .srcHost = texels, .srcPitch = (4 >> i) * 4,
                              .dstMemoryType = CU_MEMORYTYPE_ARRAY, .dstArray = level, .WidthInBytes = (4 >> i) * 4, .Height = 4 >> i};
        OK(cuMemcpy2D_v2(&copy));
    }
    CUDA_RESOURCE_DESC resource = {.resType = CU_RESOURCE_TYPE_MIPMAPPED_ARRAY, .res.mipmap = mipmap};
    CUtexObject texture =
        texture_of(resource, CU_TR_ADDRESS_MODE_CLAMP, CU_TR_FILTER_MODE_LINEAR, CU_TRSF_NORMALIZED_COORDINATES);
    float details[] = {0, 0, 1, 0, 0.5, 0, 1.25, 0, 7, 0, -3, 0};
    look("levels", "level", texture, 6, details);
    OK(cuTexObjectDestroy(texture));
    OK(cuMipmappedArrayDestroy(mipmap));
}

static void surfaces(void) {
    CUarray array = counting(4, 2, 0, CUDA_ARRAY3D_SURFACE_LDST, 0);
    CUDA_RESOURCE_DESC resource = of_array(array);
    CUsurfObject surface;
    OK(cuSurfObjectCreate(&surface, &resource));
    float at[] = {1, 1, 3, 0, 4, 0, 0, 2};
    look("a surface, and zeros outside", "surface", surface, 4, at);
    look("what has been stored", "surface", surface, 4, at);
    OK(cuSurfObjectDestroy(surface));
    OK(cuArrayDestroy(array));
    CUarray plain = counting(4, 2, 0, 0, 0);
    resource = of_array(plain);
    printf("a surface of what is not for it: %s\n", name_of(cuSurfObjectCreate(&surface, &resource)));
    OK(cuArrayDestroy(plain));
}

static void descriptions(void) {
    CUarray array = counting(4, 2, 0, 0, 0);
    CUDA_RESOURCE_DESC resource = of_array(array), back;
    CUDA_TEXTURE_DESC sampling;
    CUtexObject texture = texture_of(resource, CU_TR_ADDRESS_MODE_WRAP, CU_TR_FILTER_MODE_LINEAR, CU_TRSF_NORMALIZED_COORDINATES);
    OK(cuTexObjectGetResourceDesc(&back, texture));
    OK(cuTexObjectGetTextureDesc(&sampling, texture));
    printf("a texture of an array: %s, mode %d, filter %d, flags %u\n", back.res.array == array ? "that one" : "another",
           sampling.addressMode[0], sampling.filterMode, sampling.flags);
    OK(cuTexObjectDestroy(texture));
    printf("ended twice: %s\n", name_of(cuTexObjectDestroy(texture)));
    sampling.filterMode = 7;
    printf("a filter that there is not: %s\n", name_of(cuTexObjectCreate(&texture, &resource, &sampling, NULL)));
    OK(cuArrayDestroy(array));
}

int main(void) {
    CUdevice device;
    CUcontext context;
    OK(cuInit(0));
    OK(cuDeviceGet(&device, 0));
    OK(cuCtxCreate_v2(&context, 0, device));
    OK(cuModuleLoadData(&module, KERNELS));
    OK(cuMemAlloc_v2(&out, 16 * 16));
    OK(cuMemAlloc_v2(&places, 16 * 8));
    linear_memory();
    arrays();
    mip_maps();
    surfaces();
    descriptions();
    OK(cuCtxDestroy_v2(context));
    return 0;
}
