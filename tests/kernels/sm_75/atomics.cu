// Atomic functions on integers: each operation, for each type and scope, and the values that they return.
#include "../check.h"

typedef unsigned long long u64;

const int THREADS = 256, BLOCKS = 4, ALL = THREADS * BLOCKS;

template <class T> __global__ void combine(T *values) {
    T own = T(blockIdx.x * blockDim.x + threadIdx.x);
    atomicAdd(&values[0], own);
    atomicMax(&values[1], own * 3);
    atomicMin(&values[2], T(5000) - own);
    atomicAnd(&values[3], ~(T(1) << (own % 16)));
    atomicOr(&values[4], T(1) << (own % 20));
    atomicXor(&values[5], own);
    atomicExch(&values[6], T(77));
}

__global__ void of_words(int *values, unsigned *counters, long long *signed_longs) {
    long long own = (long long)(blockIdx.x * blockDim.x + threadIdx.x) << 35;
    atomicMin(&signed_longs[0], 5 - own);
    atomicMax(&signed_longs[1], own - 5);
    atomicSub(&values[0], 2);
    atomicInc(&counters[0], 9);
    atomicDec(&counters[1], 9);
    // Whoever finds the old value is the only one.
    if (atomicCAS(&values[1], 0, 1 + int(blockIdx.x * blockDim.x + threadIdx.x)) == 0)
        atomicAdd(&values[2], 1);
}

/// What is returned was the value before: the tickets are all different.
__global__ void tickets(int *counter, int *taken) {
    taken[atomicAdd(counter, 1)] = 1;
}

__global__ void of_scopes(int *values) {
    atomicAdd_block(&values[blockIdx.x], 1);
    atomicAdd_system(&values[BLOCKS], 1);
    atomicMax_block(&values[BLOCKS + 1 + blockIdx.x], int(threadIdx.x));
    atomicCAS_system(&values[2 * BLOCKS + 1], 0, 9);
}

__global__ void in_shared_memory(int *values, u64 *longs) {
    __shared__ int there[8];
    __shared__ u64 long_there;
    if (threadIdx.x < 8)
        there[threadIdx.x] = 0;
    if (threadIdx.x == 0)
        long_there = 1ull << 40;
    __syncthreads();
    atomicAdd(&there[threadIdx.x % 8], int(threadIdx.x));
    atomicAdd(&long_there, u64(threadIdx.x) << 33);
    __syncthreads();
    if (threadIdx.x < 8)
        atomicAdd(&values[threadIdx.x], there[threadIdx.x]);
    if (threadIdx.x == 0)
        atomicMax(longs, long_there);
}

/// Half a word: its neighbour is left alone.
__global__ void of_halves(unsigned short *values) {
    unsigned short seen = values[1], assumed;
    do {
        assumed = seen;
        seen = atomicCAS(&values[1], assumed, (unsigned short)(assumed + 1));
    } while (seen != assumed);
}

template <class T> void check_type(const char *name) {
    check::Device<T> there(std::vector<T>{0, 0, T(1 << 20), T(~T(0)), 0, 0, 0});
    combine<T><<<BLOCKS, THREADS>>>(there);
    T xored = 0;
    for (int own = 0; own < ALL; own++)
        xored ^= T(own);
    check::equal(name, there.read(),
                 {T(ALL / 2 * (ALL - 1)), T(3 * (ALL - 1)), T(5000 - ALL + 1), T(~T(0xffff)), T(0xfffff), xored, T(77)});
}

int main() {
    check_type<int>("int");
    check_type<unsigned>("unsigned");
    check_type<u64>("unsigned long long");

    check::Device<int> words(3);
    check::Device<unsigned> counters(2);
    check::Device<long long> signed_longs(2);
    of_words<<<BLOCKS, THREADS>>>(words, counters, signed_longs);
    check::equal("signed, 64 bits", signed_longs.read(), {5 - ((ALL - 1ll) << 35), ((ALL - 1ll) << 35) - 5});
    auto seen = words.read();
    check::equal("atomicSub", seen[0], -2 * ALL);
    check::that("atomicCAS stores one", seen[1] >= 1 && seen[1] <= ALL);
    check::equal("who finds the old value", seen[2], 1);
    // From 0 to 9 and around; from 0 to 9 at once, and down.
    check::equal("atomicInc and atomicDec", counters.read(), {unsigned(ALL % 10), unsigned((10 - ALL % 10) % 10)});

    check::Device<int> counter(1), taken(ALL);
    tickets<<<BLOCKS, THREADS>>>(counter, taken);
    check::equal("tickets", taken.read(), std::vector<int>(ALL, 1));

    check::Device<int> scopes(2 * BLOCKS + 2);
    of_scopes<<<BLOCKS, THREADS>>>(scopes);
    check::equal("scopes", scopes.read(), {256, 256, 256, 256, ALL, 255, 255, 255, 255, 9});

    check::Device<int> shared(8);
    check::Device<u64> longs(1);
    in_shared_memory<<<BLOCKS, THREADS>>>(shared, longs);
    std::vector<int> wanted;
    for (int first = 0; first < 8; first++)
        wanted.push_back(BLOCKS * (32 * first + 8 * 31 * 32 / 2));
    check::equal("shared memory", shared.read(), wanted);
    check::equal("shared memory, 64 bits", longs.read(), {(1ull << 40) + (u64(THREADS / 2 * (THREADS - 1)) << 33)});

    check::Device<unsigned short> halves(std::vector<unsigned short>{11, 0, 22, 33});
    of_halves<<<2, 96>>>(halves);
    check::equal("16 bits", halves.read(), std::vector<unsigned short>{11, 192, 22, 33});
    return check::status();
}
