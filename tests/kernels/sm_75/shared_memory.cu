// Shared memory: arrays of a kernel, of a function, of a template, and of the launch, up to more than 48 KiB.
#include "../check.h"

__global__ void reversed(int *values) {
    __shared__ int there[256];
    there[threadIdx.x] = values[threadIdx.x];
    __syncthreads();
    values[threadIdx.x] = there[blockDim.x - 1 - threadIdx.x];
}

/// Of a function: one for the block, whoever calls.
__device__ int rotated(int value, int by) {
    __shared__ int there[128];
    __syncthreads();
    there[threadIdx.x] = value;
    __syncthreads();
    return there[(threadIdx.x + by) % blockDim.x];
}

__global__ void rotate_twice(int *values) {
    values[threadIdx.x] = rotated(rotated(values[threadIdx.x], 3), 5);
}

template <class T, int COUNT> __global__ void of_a_type(T *values) {
    __shared__ struct {
        T first[COUNT];
        char gap;
        T second[COUNT];
    } there;
    there.first[threadIdx.x] = values[threadIdx.x];
    there.second[COUNT - 1 - threadIdx.x] = values[threadIdx.x] * T(2);
    __syncthreads();
    values[threadIdx.x] = there.first[(threadIdx.x + 1) % COUNT] + there.second[threadIdx.x];
}

extern __shared__ char of_the_launch[];

/// Two arrays in the launch's memory, behind one of the kernel's own.
__global__ void two_arrays(long long *results, int count) {
    __shared__ int own[32];
    int *ints = (int *)of_the_launch;
    double *doubles = (double *)(of_the_launch + count * sizeof(int));
    own[threadIdx.x % 32] = -1;
    for (int at = threadIdx.x; at < count; at += blockDim.x) {
        ints[at] = at;
        doubles[at] = at * 0.5;
    }
    __syncthreads();
    long long sum = own[threadIdx.x % 32];
    for (int at = threadIdx.x; at < count; at += blockDim.x)
        sum += ints[count - 1 - at] + (long long)(2 * doubles[count - 1 - at]);
    results[threadIdx.x] = sum;
}

__shared__ int of_the_module;

__global__ void uses_the_modules(int *result) {
    if (threadIdx.x == 0)
        of_the_module = 17;
    __syncthreads();
    atomicAdd(&of_the_module, 1);
    __syncthreads();
    result[threadIdx.x] = of_the_module;
}

static long long sum_of(int thread, int threads, int count) {
    long long sum = -1;
    for (int at = thread; at < count; at += threads)
        sum += 2 * (count - 1 - at);
    return sum;
}

template <class T> void check_of_a_type(const char *name) {
    std::vector<T> values, wanted;
    for (int index = 0; index < 64; index++)
        values.push_back(T(index));
    check::Device<T> there(values);
    of_a_type<T, 64><<<1, 64>>>(there);
    for (int index = 0; index < 64; index++)
        wanted.push_back(T((index + 1) % 64) + T(2 * (63 - index)));
    check::equal(name, there.read(), wanted);
}

int main() {
    std::vector<int> values(256), wanted(256);
    for (int index = 0; index < 256; index++) {
        values[index] = index * index;
        wanted[index] = (255 - index) * (255 - index);
    }
    check::Device<int> there(values);
    reversed<<<1, 256>>>(there);
    check::equal("reversed", there.read(), wanted);

    values.resize(128);
    wanted.resize(128);
    check::Device<int> turned(values);
    rotate_twice<<<1, 128>>>(turned);
    for (int index = 0; index < 128; index++)
        wanted[index] = values[(index + 8) % 128];
    check::equal("rotated", turned.read(), wanted);

    check_of_a_type<short>("of shorts");
    check_of_a_type<double>("of doubles");

    check::Device<long long> sums(96);
    for (int bytes : {1200, 48000, 64000}) {
        // An even number: doubles lie behind so many ints.
        int count = bytes / 24 * 2;
        if (bytes > 48 << 10)
            CUDA(cudaFuncSetAttribute(two_arrays, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes));
        two_arrays<<<1, 96, bytes>>>(sums, count);
        std::vector<long long> wanted_sums;
        for (int thread = 0; thread < 96; thread++)
            wanted_sums.push_back(sum_of(thread, 96, count));
        check::equal("of the launch", sums.read(), wanted_sums);
    }
    // More than the kernel was allowed to have is refused, and nothing runs.
    two_arrays<<<1, 96, 65000>>>(sums, 1);
    check::result("more than allowed", cudaGetLastError(), cudaErrorInvalidValue);

    check::Device<int> of_module(64);
    uses_the_modules<<<1, 64>>>(of_module);
    check::equal("of the module", of_module.read(), std::vector<int>(64, 17 + 64));
    return check::status();
}
