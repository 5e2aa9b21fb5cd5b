// A cooperative launch: all blocks of a grid wait for each other.
#include <cooperative_groups.h>

#include "../check.h"

namespace groups = cooperative_groups;

/// Each round, each thread takes its right neighbour's value of the round before, across blocks.
__global__ void rotate(int *values, int *next, int rounds) {
    auto grid = groups::this_grid();
    int at = grid.thread_rank(), count = grid.size();
    for (int round = 0; round < rounds; round++) {
        next[at] = values[(at + 1) % count] + 1;
        grid.sync();
        int *kept = values;
        values = next;
        next = kept;
    }
}

/// A sum that each block adds a part to, and that all see whole.
__global__ void sum(const int *values, int count, int *parts, int *results) {
    auto grid = groups::this_grid();
    __shared__ int part;
    if (threadIdx.x == 0)
        part = 0;
    __syncthreads();
    for (int at = grid.thread_rank(); at < count; at += grid.size())
        atomicAdd(&part, values[at]);
    __syncthreads();
    if (threadIdx.x == 0)
        parts[blockIdx.x] = part;
    groups::sync(grid);
    int whole = 0;
    for (int block = 0; block < int(gridDim.x); block++)
        whole += parts[block];
    results[grid.thread_rank()] = grid.is_valid() ? whole : -1;
}

int main() {
    int is_supported = 0, blocks_per_sm = 0, multiprocessors = 0;
    CUDA(cudaDeviceGetAttribute(&is_supported, cudaDevAttrCooperativeLaunch, 0));
    CUDA(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, 0));
    CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks_per_sm, rotate, 64, 0));
    check::equal("cooperative launches", is_supported, 1);
    check::that("blocks fit", blocks_per_sm >= 1);

    const int blocks = 8, threads = 64, count = blocks * threads;
    std::vector<int> values, wanted;
    for (int index = 0; index < count; index++)
        values.push_back(index * 10);
    check::Device<int> there(values), next(count);
    int *from = there, *to = next;
    for (int rounds : {5, 6}) {
        CUDA(cudaMemcpy(there, values.data(), count * sizeof(int), cudaMemcpyHostToDevice));
        void *arguments[] = {&from, &to, &rounds};
        CUDA(cudaLaunchCooperativeKernel((void *)rotate, dim3(blocks), dim3(threads), arguments, 0, nullptr));
        wanted.clear();
        for (int index = 0; index < count; index++)
            wanted.push_back((index + rounds) % count * 10 + rounds);
        check::equal("rotated", rounds % 2 ? next.read() : there.read(), wanted);
    }

    check::Device<int> numbers(values), parts(blocks), results(count);
    int *numbers_there = numbers, *parts_there = parts, *results_there = results, length = count;
    void *arguments[] = {&numbers_there, &length, &parts_there, &results_there};
    CUDA(cudaLaunchCooperativeKernel((void *)sum, dim3(blocks), dim3(threads), arguments, 0, nullptr));
    check::equal("sum", results.read(), std::vector<int>(count, count * (count - 1) / 2 * 10));

    // More blocks than can be there at once would wait for ever.
    cudaError_t refused = cudaLaunchCooperativeKernel((void *)sum, dim3(blocks_per_sm * multiprocessors * 64), dim3(threads), arguments, 0, nullptr);
    check::result("too many blocks", refused, cudaErrorCooperativeLaunchTooLarge);
    cudaGetLastError();
    return check::status();
}
