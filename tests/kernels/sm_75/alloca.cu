// Memory of a thread's stack whose size is known when it runs.
#include <alloca.h>

#include "../check.h"

/// The sum of the multiples of `step` that are written to memory of the stack and read again in another order.
__device__ __noinline__ int sum_by_stack(int count, int step) {
    int *values = (int *)alloca(count * sizeof(int));
    for (int at = 0; at < count; at++)
        values[at] = at * step;
    int sum = 0;
    for (int at = count - 1; at >= 0; at--)
        sum += values[at * 7 % count];
    return sum;
}

/// Each frame has memory of its own, which those below leave alone.
__device__ int nested(int depth, const int *above) {
    if (depth == 0)
        return *above;
    int *own = (int *)alloca(depth * sizeof(int));
    for (int at = 0; at < depth; at++)
        own[at] = depth * 100 + at;
    int below = nested(depth - 1, &own[depth - 1]);
    int sum = below + *above;
    for (int at = 0; at < depth; at++)
        sum += own[at] - (depth * 100 + at);
    return sum;
}

__global__ void run(int *sums, int *nests) {
    int index = threadIdx.x, start = 1;
    // 7 and the count have no common factor.
    sums[index] = sum_by_stack(index % 5 + 1, index) + sum_by_stack(30, 2);
    nests[index] = nested(index % 6, &start);
}

int main() {
    const int count = 64;
    check::Device<int> sums(count), nests(count);
    run<<<1, count>>>(sums, nests);
    std::vector<int> wanted_sums, wanted_nests;
    for (int index = 0; index < count; index++) {
        int few = index % 5 + 1, depth = index % 6;
        wanted_sums.push_back(few * (few - 1) / 2 * index + 30 * 29 / 2 * 2);
        // What each frame is given: 1, then the last value of the frame above.
        int given = 1, sum = 0;
        for (int left = depth; left > 0; left--) {
            sum += given;
            given = left * 100 + left - 1;
        }
        wanted_nests.push_back(sum + given);
    }
    check::equal("sums", sums.read(), wanted_sums);
    check::equal("nested", nests.read(), wanted_nests);
    return check::status();
}
