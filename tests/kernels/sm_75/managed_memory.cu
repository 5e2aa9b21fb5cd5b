// Managed memory: one address for the host and kernels, with pointers in it.
#include "../check.h"

struct Node {
    int value;
    Node *next;
};

/// Walks a list that the host made.
__global__ void walk(Node *list, int *sum) {
    for (; list; list = list->next) {
        *sum += list->value;
        list->value = -list->value;
    }
}

int main() {
    Node *nodes = nullptr;
    int *sum = nullptr;
    CUDA(cudaMallocManaged(&nodes, 100 * sizeof(Node)));
    CUDA(cudaMallocManaged(&sum, sizeof *sum));
    *sum = 0;
    for (int index = 0; index < 100; index++)
        nodes[index] = {index, index ? &nodes[index - 1] : nullptr};
    walk<<<1, 1>>>(&nodes[99], sum);
    CUDA(cudaDeviceSynchronize());
    check::equal("sum of a list", *sum, 4950);
    check::equal("changed by the kernel", nodes[42].value, -42);

    // Copies and fills take it as memory of either side.
    int copied[2] = {};
    CUDA(cudaMemcpy(copied, &nodes[7].value, sizeof(int), cudaMemcpyDefault));
    check::equal("copied", copied[0], -7);
    CUDA(cudaMemset(sum, 1, sizeof *sum));
    CUDA(cudaDeviceSynchronize());
    check::equal("filled", *sum, 0x01010101);

    cudaPointerAttributes attributes;
    CUDA(cudaPointerGetAttributes(&attributes, sum));
    check::equal("kind of memory", int(attributes.type), int(cudaMemoryTypeManaged));
    check::that("one address", attributes.devicePointer == sum && attributes.hostPointer == sum);
    CUDA(cudaFree(nodes));
    CUDA(cudaFree(sum));
    return check::status();
}
