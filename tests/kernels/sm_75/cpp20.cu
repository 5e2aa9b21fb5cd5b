// C++20 in kernels: concepts, comparisons, designated initialisers, lambdas with template parameters, consteval, class values as arguments.
#include <compare>
#include <concepts>

#include "../check.h"

template <class T>
concept Number = std::integral<T> || std::floating_point<T>;

template <Number T> __host__ __device__ T clamped(T value, T low, T high) {
    return value < low ? low : value > high ? high : value;
}

template <class T>
    requires(!Number<T>)
__host__ __device__ int clamped(T value, T, T) {
    return value.number;
}

struct Version {
    int number = 1;
    int patch = 0;
    __host__ __device__ constexpr auto operator<=>(const Version &) const = default;
};

consteval int at_compile_time(int x) {
    return x * x + 1;
}

template <Version VERSION> __host__ __device__ int of_version() {
    return VERSION.number * 10 + VERSION.patch;
}

__host__ __device__ int mixture(int x) {
    Version own{.number = x % 4, .patch = x % 3}, other{.number = 2};
    int result = own < other ? 1 : own == other ? 2 : 4;
    result += clamped(x, 10, 20) * 10 + int(clamped(x * 0.5, 3.0, 4.5) * 2) + clamped(own, own, own) * 1000;
    auto doubled = []<class T>(T value) { return sizeof(T) * 100000 + value * 2; };
    result += doubled(short(x)) + doubled((long long)x);
    constexpr int number = at_compile_time(6);
    if (x % 2 == 0) [[likely]]
        result += number;
    for (int step = 0; auto value : {1, 2, x})
        result += value * step++;
    return result + of_version<Version{3, 4}>();
}

__global__ void run(int *results) {
    results[threadIdx.x] = mixture(threadIdx.x);
}

int main() {
    check::Device<int> results(64);
    run<<<1, 64>>>(results);
    std::vector<int> wanted;
    for (int x = 0; x < 64; x++)
        wanted.push_back(mixture(x));
    check::equal("a mixture", results.read(), wanted);
    return check::status();
}
