// Copies and fills of the runtime: rows, boxes, within the device, of all kinds of memory, and their refusals.
#include "../check.h"

__global__ void transpose(const char *from, size_t from_pitch, char *to, size_t to_pitch, int width, int height) {
    int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x < width && y < height)
        ((int *)(to + x * to_pitch))[y] = ((const int *)(from + y * from_pitch))[x];
}

static void rows() {
    const int width = 50, height = 37;
    std::vector<int> values(width * height), turned(width * height), wanted(width * height);
    for (int at = 0; at < width * height; at++) {
        values[at] = at * 7;
        wanted[at % width * height + at / width] = at * 7;
    }
    char *from = nullptr, *to = nullptr;
    size_t from_pitch = 0, to_pitch = 0;
    CUDA(cudaMallocPitch((void **)&from, &from_pitch, width * sizeof(int), height));
    CUDA(cudaMallocPitch((void **)&to, &to_pitch, height * sizeof(int), width));
    check::that("rows are aligned", from_pitch >= width * sizeof(int) && from_pitch % 32 == 0);
    CUDA(cudaMemcpy2D(from, from_pitch, values.data(), width * sizeof(int), width * sizeof(int), height, cudaMemcpyHostToDevice));
    transpose<<<dim3(4, 4), dim3(16, 16)>>>(from, from_pitch, to, to_pitch, width, height);
    CUDA(cudaMemcpy2D(turned.data(), height * sizeof(int), to, to_pitch, height * sizeof(int), width, cudaMemcpyDeviceToHost));
    check::equal("transposed", turned, wanted);

    CUDA(cudaMemset2D(from, from_pitch, 0x11, 10 * sizeof(int), 5));
    CUDA(cudaMemcpy2D(values.data(), width * sizeof(int), from, from_pitch, width * sizeof(int), height, cudaMemcpyDeviceToHost));
    check::equal("filled", values[4 * width + 9], 0x11111111);
    check::equal("beside the filled", values[4 * width + 10], (4 * width + 10) * 7);
    check::equal("below the filled", values[5 * width], 5 * width * 7);
    CUDA(cudaFree(from));
    CUDA(cudaFree(to));
}

static void boxes() {
    const int width = 6, height = 5, depth = 4;
    std::vector<int> values(width * height * depth);
    for (size_t at = 0; at < values.size(); at++)
        values[at] = int(at);
    cudaExtent extent = make_cudaExtent(width * sizeof(int), height, depth);
    cudaPitchedPtr there;
    CUDA(cudaMalloc3D(&there, extent));
    cudaMemcpy3DParms copy = {};
    copy.srcPtr = make_cudaPitchedPtr(values.data(), width * sizeof(int), width, height);
    copy.dstPtr = there;
    copy.extent = extent;
    copy.kind = cudaMemcpyHostToDevice;
    CUDA(cudaMemcpy3D(&copy));
    // A box of 2 by 3 by 2 from its middle.
    std::vector<int> middle(12), wanted;
    copy = {};
    copy.srcPtr = there;
    copy.srcPos = make_cudaPos(3 * sizeof(int), 1, 2);
    copy.dstPtr = make_cudaPitchedPtr(middle.data(), 2 * sizeof(int), 2, 3);
    copy.extent = make_cudaExtent(2 * sizeof(int), 3, 2);
    copy.kind = cudaMemcpyDeviceToHost;
    CUDA(cudaMemcpy3D(&copy));
    for (int z = 2; z < 4; z++)
        for (int y = 1; y < 4; y++)
            for (int x = 3; x < 5; x++)
                wanted.push_back((z * height + y) * width + x);
    check::equal("a box", middle, wanted);
    CUDA(cudaFree(there.ptr));
}

static void kinds() {
    const size_t count = 100000;
    std::vector<int> values(count);
    for (size_t at = 0; at < count; at++)
        values[at] = int(at * 3);
    check::Device<int> first(values), second(count);
    CUDA(cudaMemcpy(second, first, count * sizeof(int), cudaMemcpyDeviceToDevice));
    check::equal("device to device", second.read(), values);
    CUDA(cudaMemcpy((int *)second + 10, first, 90 * sizeof(int), cudaMemcpyDefault));
    check::equal("direction by the addresses", second.read()[99], 89 * 3);

    int *pinned = nullptr;
    CUDA(cudaHostAlloc(&pinned, count * sizeof(int), cudaHostAllocDefault));
    CUDA(cudaMemcpyAsync(pinned, first, count * sizeof(int), cudaMemcpyDeviceToHost, nullptr));
    CUDA(cudaMemsetAsync(first, 0xff, count * sizeof(int), nullptr));
    CUDA(cudaMemcpyAsync(second, pinned, count * sizeof(int), cudaMemcpyHostToDevice, nullptr));
    check::equal("through pinned memory", second.read(), values);
    check::equal("filled", first.read()[count - 1], -1);
    CUDA(cudaFreeHost(pinned));

    std::vector<int> on_host(10, 5), other(10);
    CUDA(cudaMemcpy(other.data(), on_host.data(), 40, cudaMemcpyHostToHost));
    check::equal("host to host", other, on_host);
    check::result("beyond the memory", cudaMemcpy(second, first, (count << 20) * sizeof(int), cudaMemcpyDeviceToDevice), cudaErrorInvalidValue);
    check::result("of what is no start", cudaFree((int *)second + 1), cudaErrorInvalidValue);
    cudaGetLastError();
}

int main() {
    rows();
    boxes();
    kinds();
    return check::status();
}
