// Variables that host and device reach by name: what one writes the other reads, also through their addresses.
#include "../check.h"

struct Node {
    int value;
    Node *next;
};

__managed__ int counter = 3;
__managed__ double table[64];
__managed__ Node first = {1, nullptr}, second = {2, nullptr};
__device__ int plain = 7;

__global__ void count(int by) {
    atomicAdd(&counter, by * plain);
}

/// By its name, and through the address that the host has for it.
__global__ void square(const double *at) {
    table[threadIdx.x] *= at[threadIdx.x];
}

__global__ void walk(const Node *node) {
    for (; node; node = node->next)
        atomicAdd(&counter, node->value);
}

int main() {
    check::equal("before any kernel", counter, 3);
    count<<<4, 32>>>(2);
    CUDA(cudaDeviceSynchronize());
    check::equal("counted on the device", counter, 3 + 128 * 2 * 7);

    counter = 10;
    for (int index = 0; index < 64; index++)
        table[index] = index - 8;
    second.next = &first;
    square<<<1, 64>>>(table);
    walk<<<1, 1>>>(&second);
    CUDA(cudaDeviceSynchronize());
    for (int index = 0; index < 64; index++)
        check::equal("square", table[index], double((index - 8) * (index - 8)), index);
    check::equal("sum of a list", counter, 13);

    second = {40, nullptr};
    walk<<<1, 1>>>(&second);
    CUDA(cudaDeviceSynchronize());
    check::equal("the list as the host changed it", counter, 53);

    cudaPointerAttributes attributes;
    CUDA(cudaPointerGetAttributes(&attributes, &counter));
    check::equal("kind of memory", int(attributes.type), int(cudaMemoryTypeManaged));
    return check::status();
}
