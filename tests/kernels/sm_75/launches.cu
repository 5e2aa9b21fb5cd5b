// Shapes of launches: grids and blocks of three dimensions, their limits, and what the runtime tells of kernels.
#include "../check.h"

__global__ void where(int *results) {
    int block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    int thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
    results[block * (blockDim.x * blockDim.y * blockDim.z) + thread] = block * 1000 + thread;
}

__global__ void __launch_bounds__(96, 2) bounded(int *results) {
    __shared__ int there[100];
    there[threadIdx.x] = threadIdx.x;
    __syncthreads();
    results[threadIdx.x] = there[blockDim.x - 1 - threadIdx.x] + warpSize;
}

__global__ void count(int *total) {
    if (threadIdx.z == 0)
        atomicAdd(total, 1);
}

int main() {
    check::Device<int> results(2 * 3 * 4 * 5 * 6 * 7);
    where<<<dim3(2, 3, 4), dim3(5, 6, 7)>>>(results);
    std::vector<int> wanted;
    for (int block = 0; block < 24; block++)
        for (int thread = 0; thread < 210; thread++)
            wanted.push_back(block * 1000 + thread);
    check::equal("three dimensions", results.read(), wanted);

    check::Device<int> total(1);
    count<<<dim3(1, 1, 60000), 1>>>(total);
    count<<<dim3(70000, 1, 1), dim3(1, 1, 2)>>>(total);
    check::equal("many blocks", total.read(), {130000});

    cudaFuncAttributes attributes;
    CUDA(cudaFuncGetAttributes(&attributes, bounded));
    check::equal("threads at most", attributes.maxThreadsPerBlock, 96);
    check::equal("shared memory", attributes.sharedSizeBytes, size_t(400));
    int blocks = 0, grid = 0, block = 0;
    CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, bounded, 96, 0));
    check::that("blocks that fit", blocks >= 2 && blocks <= 16);
    CUDA(cudaOccupancyMaxPotentialBlockSize(&grid, &block, where, 0, 0));
    check::that("a good shape", grid >= 1 && block >= 32 && block <= 1024 && block % 32 == 0);
    bounded<<<1, 96>>>(results);
    for (int thread = 0; thread < 96; thread++)
        check::equal("bounded", results.read()[thread], 95 - thread + 32, thread);

    bounded<<<1, 97>>>(results);
    check::that("more threads than its bound", cudaGetLastError() != cudaSuccess);
    where<<<1, dim3(1025)>>>(results);
    check::result("more threads than a block has", cudaGetLastError(), cudaErrorInvalidConfiguration);
    where<<<dim3(1, 65536), 1>>>(results);
    check::result("more blocks than a grid has", cudaGetLastError(), cudaErrorInvalidConfiguration);
    where<<<0, 1>>>(results);
    check::result("no blocks", cudaGetLastError(), cudaErrorInvalidConfiguration);

    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(3);
    config.blockDim = dim3(4);
    CUDA(cudaLaunchKernelEx(&config, where, (int *)results));
    auto seen = results.read();
    check::equal("by cudaLaunchKernelEx", std::vector<int>(seen.begin(), seen.begin() + 12), {0, 1, 2, 3, 1000, 1001, 1002, 1003, 2000, 2001, 2002, 2003});
    return check::status();
}
