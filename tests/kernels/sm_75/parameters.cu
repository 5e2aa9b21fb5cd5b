// What kernels and functions are given and return by value: structures of all alignments, references, nothing, and 4 KiB of it.
#include "../check.h"

struct Small {
    char first;
    short second;
    char third[3];
};

struct alignas(16) Wide {
    double x, y;
    int tag;
};

struct Large {
    int values[1000];
};

struct Empty {};

struct Mixed {
    bool flag;
    long long long_one;
    float3 vector;
    Small small;
    Wide wide;
    unsigned bits : 5, more_bits : 27;
};

__host__ __device__ double digest(const Mixed &mixed) {
    return mixed.flag + mixed.long_one * 2.0 + mixed.vector.x + mixed.vector.y * 10 + mixed.vector.z * 100 + mixed.small.first + mixed.small.second +
           mixed.small.third[2] + mixed.wide.x + mixed.wide.y + mixed.wide.tag + mixed.bits * 1000 + mixed.more_bits;
}

__global__ void of_all_kinds(char c, Small small, Empty, Wide wide, short s, Mixed mixed, bool flag, double3 vector, double *results) {
    results[0] = c + small.first + small.second + small.third[1] + s + flag;
    results[1] = wide.x * wide.tag + wide.y;
    results[2] = digest(mixed);
    results[3] = vector.x + vector.y * 2 + vector.z * 3;
    // A parameter may be changed, by each thread for itself.
    mixed.wide.x += threadIdx.x;
    mixed.small.third[threadIdx.x % 3] += 1;
    results[4 + threadIdx.x] = digest(mixed);
}

__global__ void large(Large given, int *results) {
    results[threadIdx.x] = given.values[threadIdx.x * 3 % 1000] + given.values[999];
}

__device__ __noinline__ Large made(int from) {
    Large large;
    for (int at = 0; at < 1000; at++)
        large.values[at] = from + at;
    return large;
}

__device__ __noinline__ void swapped(Small &first, Small &second) {
    Small kept = first;
    first = second;
    second = kept;
}

__global__ void returned(int *results) {
    Large large = made(threadIdx.x);
    Small first = {1, 2, {3, 4, 5}}, second = {10, 20, {30, 40, char(threadIdx.x)}};
    swapped(first, second);
    results[threadIdx.x] = large.values[threadIdx.x * 5] + first.third[2] * 1000 + second.second * 100000;
}

int main() {
    Small small = {1, -2, {3, 4, 5}};
    Wide wide = {2.5, 3.5, 7};
    Mixed mixed = {true, 1ll << 40, {1, 2, 3}, small, wide, 21, 123456};
    check::Device<double> results(4 + 32);
    of_all_kinds<<<1, 32>>>('c', small, {}, wide, short(-300), mixed, true, {1, 2, 3}, results);
    std::vector<double> wanted = {'c' + 1 - 2 + 4 - 300 + 1, 2.5 * 7 + 3.5, digest(mixed), 14};
    for (int thread = 0; thread < 32; thread++)
        wanted.push_back(digest(mixed) + thread + (thread % 3 == 2));
    check::equal("of all kinds", results.read(), wanted);

    static Large given;
    for (int at = 0; at < 1000; at++)
        given.values[at] = at * at;
    check::Device<int> sums(512), numbers(64);
    large<<<1, 512>>>(given, sums);
    std::vector<int> wanted_sums, wanted_numbers;
    for (int thread = 0; thread < 512; thread++)
        wanted_sums.push_back(given.values[thread * 3 % 1000] + 999 * 999);
    check::equal("4 KiB", sums.read(), wanted_sums);

    returned<<<1, 64>>>(numbers);
    for (int thread = 0; thread < 64; thread++)
        wanted_numbers.push_back(thread + thread * 5 + thread * 1000 + 2 * 100000);
    check::equal("returned", numbers.read(), wanted_numbers);
    return check::status();
}
