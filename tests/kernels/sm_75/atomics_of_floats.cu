// Atomic sums and exchanges of floating point, in global and shared memory. All sums here are exact, whatever the order.
#include <cuda_fp16.h>

#include "../check.h"

const int THREADS = 128, BLOCKS = 4, ALL = THREADS * BLOCKS;

template <class T> __global__ void add(T *sums, T *olds) {
    __shared__ T part;
    if (threadIdx.x == 0)
        part = T(0);
    __syncthreads();
    atomicAdd(&part, T(0.25));
    olds[blockIdx.x * blockDim.x + threadIdx.x] = atomicAdd(&sums[0], T(1.5));
    __syncthreads();
    if (threadIdx.x == 0)
        atomicAdd(&sums[1], part);
}

__global__ void add_pairs(__half2 *sums) {
    atomicAdd(&sums[0], __floats2half2_rn(1, 2));
    if (blockIdx.x == 0)
        atomicAdd((__half *)&sums[1] + 1, __float2half(0.5f));
}

__global__ void exchange(float *value, float *kept) {
    int index = threadIdx.x;
    kept[index] = atomicExch(value, float(index + 1));
}

/// A function that there is no instruction for, by compare and swap of its bits.
__device__ double atomic_product(double *address, double factor) {
    auto *bits = (unsigned long long *)address;
    unsigned long long seen = *bits, assumed;
    do {
        assumed = seen;
        seen = atomicCAS(bits, assumed, __double_as_longlong(__longlong_as_double(assumed) * factor));
    } while (seen != assumed);
    return __longlong_as_double(seen);
}

__global__ void multiply(double *product) {
    atomic_product(product, threadIdx.x % 2 ? 2 : 0.5);
}

template <class T> void check_type(const char *name) {
    check::Device<T> sums(2), olds(ALL);
    add<T><<<BLOCKS, THREADS>>>(sums, olds);
    check::equal(name, sums.read(), {T(1.5 * ALL), T(0.25 * ALL)});
    // Each was returned once.
    auto returned = olds.read();
    std::sort(returned.begin(), returned.end());
    std::vector<T> wanted;
    for (int index = 0; index < ALL; index++)
        wanted.push_back(T(1.5 * index));
    check::equal(name, returned, wanted);
}

int main() {
    check_type<float>("float");
    check_type<double>("double");

    check::Device<__half2> pairs(2);
    add_pairs<<<BLOCKS, THREADS>>>(pairs);
    auto sums = pairs.read();
    check::equal("lower halves", __low2float(sums[0]), float(ALL));
    check::equal("upper halves", __high2float(sums[0]), float(2 * ALL));
    check::equal("a half's neighbour", __low2float(sums[1]), 0.0f);
    check::equal("a half", __high2float(sums[1]), 0.5f * THREADS);

    check::Device<float> value(1), kept(THREADS);
    exchange<<<1, THREADS>>>(value, kept);
    auto values = kept.read();
    values.push_back(value.read()[0]);
    std::sort(values.begin(), values.end());
    std::vector<float> wanted;
    for (int index = 0; index <= THREADS; index++)
        wanted.push_back(index);
    check::equal("exchanged", values, wanted);

    check::Device<double> product(std::vector<double>{3});
    multiply<<<BLOCKS, THREADS>>>(product);
    check::equal("product", product.read(), {3.0});
    return check::status();
}
