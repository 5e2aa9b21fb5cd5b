// Functions that call themselves, each other, and through pointers; each lane to its own depth.
#include "../check.h"

__host__ __device__ int fibonacci(int n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

__host__ __device__ int ackermann(int m, int n) {
    return m == 0 ? n + 1 : ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

__host__ __device__ bool is_odd(int n);

__host__ __device__ bool is_even(int n) {
    return n == 0 || is_odd(n - 1);
}

__host__ __device__ bool is_odd(int n) {
    return n != 0 && is_even(n - 1);
}

/// Sorts in place, with the array of each frame's caller.
__host__ __device__ void quicksort(int *values, int low, int high) {
    if (low >= high)
        return;
    int pivot = values[(low + high) / 2], left = low, right = high;
    while (left <= right) {
        while (values[left] < pivot)
            left++;
        while (values[right] > pivot)
            right--;
        if (left <= right) {
            int kept = values[left];
            values[left++] = values[right];
            values[right--] = kept;
        }
    }
    quicksort(values, low, right);
    quicksort(values, left, high);
}

typedef long long (*Step)(int, long long);

__device__ Step steps[2];

__device__ long long through_a_pointer(int depth, long long sum) {
    return depth == 0 ? sum : steps[depth % 2](depth - 1, sum * 3 + depth);
}

__device__ long long and_another(int depth, long long sum) {
    return depth == 0 ? -sum : steps[depth % 2](depth - 1, sum + 7 * depth);
}

__global__ void set_up() {
    steps[0] = through_a_pointer;
    steps[1] = and_another;
}

__global__ void recurse(int *results, long long *through_pointers) {
    int index = threadIdx.x, values[16];
    for (int at = 0; at < 16; at++)
        values[at] = (index * 37 + at * 101) % 59;
    quicksort(values, 0, 15);
    int digest = 0;
    for (int at = 0; at < 16; at++)
        digest = digest * 5 + values[at];
    results[4 * index] = fibonacci(index % 13);
    results[4 * index + 1] = ackermann(index % 3, index % 5);
    results[4 * index + 2] = is_even(index) * 2 + is_odd(index);
    results[4 * index + 3] = digest;
    through_pointers[index] = through_a_pointer(index, 1);
}

int main() {
    const int count = 48;
    check::Device<int> results(4 * count);
    check::Device<long long> through_pointers(count);
    set_up<<<1, 1>>>();
    recurse<<<1, count>>>(results, through_pointers);
    std::vector<int> wanted;
    std::vector<long long> wanted_through_pointers;
    for (int index = 0; index < count; index++) {
        int values[16], digest = 0, previous = 0, current = 1;
        for (int at = 0; at < 16; at++)
            values[at] = (index * 37 + at * 101) % 59;
        std::sort(values, values + 16);
        for (int value : values)
            digest = digest * 5 + value;
        for (int step = 0; step < index % 13; step++) {
            int next = previous + current;
            previous = current;
            current = next;
        }
        int m = index % 3, n = index % 5;
        wanted.push_back(previous);
        wanted.push_back(m == 0 ? n + 1 : m == 1 ? n + 2 : 2 * n + 3);
        wanted.push_back(index % 2 ? 1 : 2);
        wanted.push_back(digest);
        long long sum = 1;
        bool second = false;
        for (int depth = index; depth > 0; depth--) {
            bool next = depth % 2;
            sum = second ? sum + 7 * depth : sum * 3 + depth;
            second = next;
        }
        wanted_through_pointers.push_back(second ? -sum : sum);
    }
    check::equal("fibonacci, ackermann, parity, sorted", results.read(), wanted);
    check::equal("through pointers", through_pointers.read(), wanted_through_pointers);
    return check::status();
}
