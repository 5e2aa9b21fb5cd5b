// Generic addresses of all spaces, conversions between them, loads and stores with hints, and pointers that lanes choose.
#include "../check.h"

__device__ int global_one = 1;
__constant__ int constant_one = 2;

__global__ void ask(int *memory, int *results) {
    __shared__ int shared_one;
    int local_one = 4;
    const void *pointers[] = {memory, &global_one, &shared_one, &local_one, &constant_one};
    for (int at = 0; at < 5; at++)
        results[at] = __isGlobal(pointers[at]) | __isShared(pointers[at]) << 1 | __isLocal(pointers[at]) << 2 | __isConstant(pointers[at]) << 3;
    size_t offset = __cvta_generic_to_shared(&shared_one);
    results[5] = __cvta_shared_to_generic(offset) == &shared_one;
    results[6] = __cvta_global_to_generic(__cvta_generic_to_global(memory)) == memory;
    results[7] = __cvta_local_to_generic(__cvta_generic_to_local(&local_one)) == &local_one;
}

/// Each lane's pointer leads to another space.
__global__ void mixed(int *memory, int *results) {
    __shared__ int shared_ones[32];
    int local_ones[4] = {40, 41, 42, int(threadIdx.x)};
    int lane = threadIdx.x;
    shared_ones[lane] = 300 + lane;
    memory[lane] = 500 + lane;
    __syncwarp();
    int *pointer = lane % 3 == 0 ? &memory[31 - lane] : lane % 3 == 1 ? &shared_ones[31 - lane] : &local_ones[lane % 4];
    int value = *pointer;
    *pointer = value + 1000;
    atomicAdd(pointer, 10);
    results[lane] = *pointer + value;
}

__global__ void with_hints(const int *__restrict__ from, int *to) {
    int at = threadIdx.x;
    int sum = __ldg(&from[at]) + __ldcg(&from[at + 1]) * 2 + __ldca(&from[at + 2]) * 3 + __ldcs(&from[at + 3]) * 4 + __ldlu(&from[at + 4]) * 5 +
              __ldcv(&from[at + 5]) * 6;
    __stwb(&to[4 * at], sum);
    __stcg(&to[4 * at + 1], sum + 1);
    __stcs(&to[4 * at + 2], sum + 2);
    __stwt(&to[4 * at + 3], sum + 3);
}

int main() {
    check::Device<int> memory(32), asked(8), results(32);
    ask<<<1, 1>>>(memory, asked);
    check::equal("spaces", asked.read(), {1, 1, 2, 4, 8, 1, 1, 1});

    mixed<<<1, 32>>>(memory, results);
    std::vector<int> wanted;
    for (int lane = 0; lane < 32; lane++) {
        int local_ones[] = {40, 41, 42, lane};
        int value = lane % 3 == 0 ? 500 + 31 - lane : lane % 3 == 1 ? 300 + 31 - lane : local_ones[lane % 4];
        wanted.push_back(2 * value + 1010);
    }
    check::equal("mixed", results.read(), wanted);

    std::vector<int> from, wanted_sums;
    for (int index = 0; index < 40; index++)
        from.push_back(index * index);
    for (int at = 0; at < 32; at++) {
        int sum = 0;
        for (int step = 0; step < 6; step++)
            sum += from[at + step] * (step + 1);
        for (int more = 0; more < 4; more++)
            wanted_sums.push_back(sum + more);
    }
    check::Device<int> to(128);
    with_hints<<<1, 32>>>(check::Device<int>(from), to);
    check::equal("hints", to.read(), wanted_sums);
    return check::status();
}
