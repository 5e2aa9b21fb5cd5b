// Copies to shared memory that go on beside the threads: the pipeline's primitives, cooperative groups, cuda::barrier and cuda::pipeline.
// A barrier in shared memory is initialised by `init`.
#pragma nv_diag_suppress static_var_with_dynamic_init
#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cuda/barrier>
#include <cuda/pipeline>
#include <cuda_pipeline_primitives.h>

#include "../check.h"

namespace groups = cooperative_groups;

const int THREADS = 64, STEPS = 6;

/// Two buffers: one is filled while the other is read.
__global__ void by_primitives(const int4 *values, int *sums) {
    __shared__ int4 there[2][THREADS];
    int thread = threadIdx.x, sum = 0;
    __pipeline_memcpy_async(&there[0][thread], &values[thread], sizeof(int4));
    __pipeline_commit();
    for (int step = 0; step < STEPS; step++) {
        if (step + 1 < STEPS)
            __pipeline_memcpy_async(&there[(step + 1) % 2][thread], &values[(step + 1) * THREADS + thread], sizeof(int4));
        __pipeline_commit();
        __pipeline_wait_prior(1);
        __syncthreads();
        int4 value = there[step % 2][THREADS - 1 - thread];
        sum = sum * 3 + value.x + value.w;
        __syncthreads();
    }
    sums[thread] = sum;
}

/// The last of what is copied is filled with zeros.
__global__ void with_zeros(const int *values, int *results) {
    __shared__ int4 there[4];
    if (threadIdx.x < 4) {
        there[threadIdx.x] = make_int4(-1, -1, -1, -1);
        __pipeline_memcpy_async(&there[threadIdx.x], values + 4 * threadIdx.x, sizeof(int4), 4 * threadIdx.x);
        __pipeline_commit();
        __pipeline_wait_prior(0);
    }
    __syncthreads();
    results[threadIdx.x] = ((int *)there)[threadIdx.x];
}

__global__ void by_groups(const int *values, int *results) {
    __shared__ int there[STEPS * THREADS];
    auto block = groups::this_thread_block();
    groups::memcpy_async(block, there, values, sizeof there);
    groups::wait(block);
    for (int at = threadIdx.x; at < STEPS * THREADS; at += THREADS)
        results[at] = there[STEPS * THREADS - 1 - at];
}

__global__ void by_barrier(const int *values, int *results) {
    __shared__ int there[THREADS];
    __shared__ cuda::barrier<cuda::thread_scope_block> barrier;
    auto block = groups::this_thread_block();
    if (block.thread_rank() == 0)
        init(&barrier, block.size());
    block.sync();
    int sum = 0;
    for (int step = 0; step < STEPS; step++) {
        cuda::memcpy_async(block, there, values + step * THREADS, cuda::aligned_size_t<16>(sizeof there), barrier);
        barrier.arrive_and_wait();
        sum = sum * 3 + there[THREADS - 1 - threadIdx.x];
        auto token = barrier.arrive();
        barrier.wait(std::move(token));
    }
    results[threadIdx.x] = sum;
}

/// Half of the block fetches, the other half reads.
__global__ void by_pipeline(const int *values, int *results) {
    const int stages = 2;
    __shared__ int there[stages][THREADS];
    __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, stages> state;
    auto block = groups::this_thread_block();
    bool fetches = threadIdx.x < THREADS;
    auto pipeline = cuda::make_pipeline(block, &state, fetches ? cuda::pipeline_role::producer : cuda::pipeline_role::consumer);
    int thread = threadIdx.x % THREADS, sum = 0;
    for (int step = 0; step < STEPS; step++) {
        if (fetches) {
            pipeline.producer_acquire();
            cuda::memcpy_async(&there[step % stages][thread], &values[step * THREADS + thread], sizeof(int), pipeline);
            pipeline.producer_commit();
        } else {
            pipeline.consumer_wait();
            sum = sum * 3 + there[step % stages][THREADS - 1 - thread];
            pipeline.consumer_release();
        }
    }
    if (!fetches)
        results[thread] = sum;
}

/// What each thread's sum is of the values that it sees.
template <class Value> std::vector<int> wanted_of(Value value) {
    std::vector<int> wanted;
    for (int thread = 0; thread < THREADS; thread++) {
        int sum = 0;
        for (int step = 0; step < STEPS; step++)
            sum = sum * 3 + value(step * THREADS + THREADS - 1 - thread);
        wanted.push_back(sum);
    }
    return wanted;
}

int main() {
    std::vector<int> values;
    for (int at = 0; at < STEPS * THREADS; at++)
        values.push_back(at * 11 % 1009);
    std::vector<int4> wide;
    for (int value : values)
        wide.push_back(make_int4(value, 1, 2, -3 * value));
    check::Device<int> there(values), sums(THREADS), all(STEPS * THREADS), few(16);
    auto wanted = wanted_of([&](int at) { return values[at]; });

    by_primitives<<<1, THREADS>>>(check::Device<int4>(wide), sums);
    check::equal("primitives", sums.read(), wanted_of([&](int at) { return -2 * values[at]; }));
    with_zeros<<<1, 16>>>(there, few);
    std::vector<int> partly;
    for (int at = 0; at < 16; at++)
        partly.push_back(at % 4 < 4 - at / 4 ? values[at] : 0);
    check::equal("zeros", few.read(), partly);
    by_groups<<<1, THREADS>>>(there, all);
    auto reversed = values;
    std::reverse(reversed.begin(), reversed.end());
    check::equal("groups", all.read(), reversed);
    by_barrier<<<1, THREADS>>>(there, sums);
    check::equal("barrier", sums.read(), wanted);
    by_pipeline<<<1, 2 * THREADS>>>(there, sums);
    check::equal("pipeline", sums.read(), wanted);
    return check::status();
}
