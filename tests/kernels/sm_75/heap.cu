// Memory that kernels allocate: malloc, free, new, delete, kept from one kernel to the next, and none left.
#include "../check.h"

struct Node {
    int value;
    Node *next;
};

/// A list of as many nodes as the thread's index says.
__global__ void build(Node **lists) {
    Node *list = nullptr;
    for (int value = 0; value < int(threadIdx.x); value++)
        list = new Node{value, list};
    lists[threadIdx.x] = list;
}

__global__ void take_apart(Node **lists, int *sums) {
    int sum = 0;
    for (Node *list = lists[threadIdx.x]; list;) {
        Node *next = list->next;
        sum = sum * 3 + list->value;
        delete list;
        list = next;
    }
    sums[threadIdx.x] = sum;
}

/// No two threads have the same memory at a time, and what is free is given again.
__global__ void again_and_again(int *wrong) {
    for (int round = 0; round < 50; round++) {
        int count = 1 + (threadIdx.x * 7 + round) % 60;
        int *values = (int *)malloc(count * sizeof(int));
        if (!values) {
            atomicAdd(wrong, 1000);
            return;
        }
        for (int at = 0; at < count; at++)
            values[at] = threadIdx.x * 1000 + at;
        __syncthreads();
        for (int at = 0; at < count; at++)
            if (values[at] != int(threadIdx.x) * 1000 + at)
                atomicAdd(wrong, 1);
        free(values);
    }
}

struct Counted {
    int *alive;
    __device__ Counted() : alive(nullptr) {}
    __device__ void live(int *count) {
        alive = count;
        ++*alive;
    }
    __device__ ~Counted() {
        --*alive;
    }
};

__global__ void arrays(int *alive, int *most) {
    auto *several = new Counted[5];
    for (int at = 0; at < 5; at++)
        several[at].live(alive);
    *most = *alive;
    delete[] several;
}

__global__ void too_much(size_t bytes, int *is_null) {
    void *memory = malloc(bytes);
    *is_null = memory == nullptr;
    free(memory);
    free(nullptr);
}

int main() {
    CUDA(cudaDeviceSetLimit(cudaLimitMallocHeapSize, 4 << 20));
    const int count = 64;
    check::Device<Node *> lists(count);
    check::Device<int> sums(count);
    build<<<1, count>>>(lists);
    take_apart<<<1, count>>>(lists, sums);
    std::vector<int> wanted(count);
    for (int index = 0; index < count; index++)
        for (int value = index - 1; value >= 0; value--)
            wanted[index] = int(unsigned(wanted[index]) * 3 + value);
    check::equal("lists", sums.read(), wanted);

    check::Device<int> wrong(1);
    again_and_again<<<2, 128>>>(wrong);
    check::equal("wrong values", wrong.read(), {0});

    check::Device<int> alive(1), most(1);
    arrays<<<1, 1>>>(alive, most);
    check::equal("alive", alive.read(), {0});
    check::equal("most alive", most.read(), {5});

    check::Device<int> is_null(1);
    too_much<<<1, 1>>>(5 << 20, is_null);
    check::equal("more than there is", is_null.read(), {1});
    too_much<<<1, 1>>>(1 << 20, is_null);
    check::equal("less than there is", is_null.read(), {0});
    return check::status();
}
