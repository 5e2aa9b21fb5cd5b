// Pointers to functions: tables, parameters of kernels, members, and lanes of a warp that call different ones.
#include "../check.h"

__host__ __device__ int plus_one(int x) {
    return x + 1;
}

__host__ __device__ int times_three(int x) {
    return x * 3;
}

__host__ __device__ int bits_turned(int x) {
    return ~x;
}

__host__ __device__ int collatz(int x) {
    int steps = 0;
    for (; x > 1; steps++)
        x = x % 2 ? 3 * x + 1 : x / 2;
    return steps;
}

typedef int (*Function)(int);

__device__ Function table[] = {plus_one, times_three, bits_turned, collatz};
static const Function on_host[] = {plus_one, times_three, bits_turned, collatz};

/// Each lane calls another one.
__global__ void by_table(int *results) {
    int index = threadIdx.x;
    results[index] = table[index % 4](index);
}

/// A chain of calls whose functions depend on the values.
__global__ void chained(int *results) {
    int value = threadIdx.x;
    for (int step = 0; step < 10; step++)
        value = table[unsigned(value + step) % 4](value & 0xffff);
    results[threadIdx.x] = value;
}

__global__ void by_parameter(Function function, int *results) {
    results[threadIdx.x] = function(threadIdx.x + 5);
}

struct Counter {
    int count;
    __host__ __device__ int add(int x) {
        return count += x;
    }
    __host__ __device__ int take(int x) {
        return count -= x;
    }
};

__host__ __device__ int by_member(int index) {
    Counter counter{index};
    int (Counter::*member)(int) = index % 2 ? &Counter::add : &Counter::take;
    return (counter.*member)(10) * 1000 + counter.count;
}

__global__ void members(int *results) {
    results[threadIdx.x] = by_member(threadIdx.x);
}

int main() {
    const int count = 64;
    check::Device<int> results(count);
    std::vector<int> wanted(count);

    by_table<<<1, count>>>(results);
    for (int index = 0; index < count; index++)
        wanted[index] = on_host[index % 4](index);
    check::equal("by table", results.read(), wanted);

    chained<<<1, count>>>(results);
    for (int index = 0; index < count; index++) {
        int value = index;
        for (int step = 0; step < 10; step++)
            value = on_host[unsigned(value + step) % 4](value & 0xffff);
        wanted[index] = value;
    }
    check::equal("chained", results.read(), wanted);

    for (int which = 0; which < 4; which++) {
        Function function;
        CUDA(cudaMemcpyFromSymbol(&function, table, sizeof function, which * sizeof function));
        by_parameter<<<1, count>>>(function, results);
        for (int index = 0; index < count; index++)
            wanted[index] = on_host[which](index + 5);
        check::equal("by parameter", results.read(), wanted);
    }

    members<<<1, count>>>(results);
    for (int index = 0; index < count; index++)
        wanted[index] = by_member(index);
    check::equal("by member", results.read(), wanted);
    return check::status();
}
