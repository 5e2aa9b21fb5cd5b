// Barriers of a block: after threads have ended, named ones for some warps, in loops and branches that all take, and fences.
#include "../check.h"

/// Threads that have ended are not waited for.
__global__ void after_an_early_end(int *values) {
    if (threadIdx.x >= 40)
        return;
    values[threadIdx.x] = threadIdx.x;
    __syncthreads();
    if (threadIdx.x == 0)
        for (int at = 0; at < 40; at++)
            values[100] += values[at];
}

/// Producers arrive and go on, consumers wait: two named barriers for 64 threads each.
__global__ void named(int *results) {
    __shared__ int there[32];
    int lane = threadIdx.x % 32;
    if (threadIdx.x < 32) {
        for (int round = 0; round < 5; round++) {
            there[lane] = lane * 10 + round;
            asm volatile("bar.arrive 1, 64;" ::: "memory");
            asm volatile("bar.sync 2, 64;" ::: "memory");
        }
    } else {
        int sum = 0;
        for (int round = 0; round < 5; round++) {
            asm volatile("bar.sync 1, 64;" ::: "memory");
            sum = sum * 3 + there[31 - lane];
            asm volatile("bar.arrive 2, 64;" ::: "memory");
        }
        results[lane] = sum;
    }
}

/// Sums in halves, with a barrier in each round; the block's size is no power of two.
__global__ void in_a_loop(const int *values, int *sum) {
    __shared__ int there[192];
    there[threadIdx.x] = values[threadIdx.x];
    __syncthreads();
    for (int left = blockDim.x; left > 1;) {
        int half = (left + 1) / 2;
        if (threadIdx.x + half < left)
            there[threadIdx.x] += there[threadIdx.x + half];
        left = half;
        __syncthreads();
    }
    if (threadIdx.x == 0)
        *sum = there[0];
}

/// The branch depends on the block, not on the thread.
__global__ void in_a_branch(int *results) {
    __shared__ int there[64];
    there[threadIdx.x] = threadIdx.x;
    if (blockIdx.x % 2) {
        __syncthreads();
        results[blockIdx.x * 64 + threadIdx.x] = there[63 - threadIdx.x];
    } else {
        results[blockIdx.x * 64 + threadIdx.x] = -1;
    }
}

/// The last block to come, by a counter behind a fence, sees all others' values.
__global__ void last_one_sums(int *parts, unsigned *arrived, int *sum) {
    __shared__ bool is_last;
    if (threadIdx.x == 0) {
        parts[blockIdx.x] = blockIdx.x + 1;
        __threadfence();
        is_last = atomicInc(arrived, gridDim.x) == gridDim.x - 1;
    }
    __syncthreads();
    if (is_last && threadIdx.x == 0) {
        int whole = 0;
        for (int block = 0; block < int(gridDim.x); block++)
            whole += ((volatile int *)parts)[block];
        *sum = whole;
    }
}

int main() {
    check::Device<int> values(101);
    after_an_early_end<<<1, 64>>>(values);
    check::equal("after an early end", values.read()[100], 780);

    check::Device<int> results(32);
    named<<<1, 64>>>(results);
    std::vector<int> wanted;
    for (int lane = 0; lane < 32; lane++) {
        int sum = 0;
        for (int round = 0; round < 5; round++)
            sum = sum * 3 + (31 - lane) * 10 + round;
        wanted.push_back(sum);
    }
    check::equal("named", results.read(), wanted);

    std::vector<int> numbers;
    int whole = 0;
    for (int index = 0; index < 192; index++) {
        numbers.push_back(index * index % 31);
        whole += numbers.back();
    }
    check::Device<int> sum(1);
    in_a_loop<<<1, 192>>>(check::Device<int>(numbers), sum);
    check::equal("in a loop", sum.read(), {whole});

    check::Device<int> branches(256);
    in_a_branch<<<4, 64>>>(branches);
    wanted.clear();
    for (int index = 0; index < 256; index++)
        wanted.push_back(index / 64 % 2 ? 63 - index % 64 : -1);
    check::equal("in a branch", branches.read(), wanted);

    check::Device<int> parts(50);
    check::Device<unsigned> arrived(1);
    last_one_sums<<<50, 64>>>(parts, arrived, sum);
    check::equal("the last one sums", sum.read(), {50 * 51 / 2});
    return check::status();
}
