// Device code of several files (`nvcc -rdc=true`): functions, variables, constants and tables of one that the other uses.
#include "../../check.h"
#include "other.h"

__device__ int called_back(int x) {
    return x * 7;
}

/// Of this file alone; the other has one of the same name.
static __device__ int own_name() {
    return 100;
}

__global__ void run(int *results) {
    results[0] = twice(21) + shared_number;
    results[1] = constants[2] * 10 + own_name();
    results[2] = by_table(1, 5) + by_table(0, 5);
    results[3] = calls_back(6);
    results[4] = of_the_other();
    Counter counter;
    results[5] = counter.add(3) + counter.add(4);
    shared_number += 1;
}

int main() {
    check::Device<int> results(6);
    run<<<1, 1>>>(results);
    check::equal("first", results.read(), {47, 130, 10 + 25, 43, 205, 3 + 7});
    launch_other(results);
    // The other file's kernel sees what this one's has written.
    check::equal("of the other file's kernel", results.read()[0], 6);
    int number = 0;
    CUDA(cudaMemcpyFromSymbol(&number, shared_number, sizeof number));
    check::equal("number", number, 6);
    return check::status();
}
