// The file that defines.
#include "other.h"

__device__ int shared_number = 5;
__constant__ int constants[4] = {1, 2, 3, 4};

__device__ int twice(int x) {
    return 2 * x;
}

static __device__ int squared(int x) {
    return x * x;
}

static __device__ int (*table[])(int) = {twice, squared};

__device__ int by_table(int which, int x) {
    return table[which](x);
}

__device__ __noinline__ int calls_back(int x) {
    return called_back(x) + 1;
}

static __device__ int own_name() {
    return 200;
}

__device__ int of_the_other() {
    return own_name() + shared_number;
}

__device__ int Counter::add(int x) {
    return count += x;
}

__global__ void kernel(int *result) {
    *result = shared_number;
}

void launch_other(int *result) {
    kernel<<<1, 1>>>(result);
}
