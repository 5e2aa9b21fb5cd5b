// What the programs of this folder share: memory of the device, and a count of the values that differed.
//
// Each computes something on the device and once more on the host, in another way. It ends with 0 when all values were equal, and
// with 1 behind lines that say which were not.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

namespace check {

/// Lines of differences beyond these are counted and not printed.
constexpr int LINES_MAX = 20;

inline int differences = 0;

/// A value as text that says all of it.
template <class T> std::string text(const T &value) {
    char line[64];
    if constexpr (std::is_floating_point_v<T>)
        snprintf(line, sizeof line, "%.20g (%a)", double(value), double(value));
    else if constexpr (sizeof(T) == 16)
        snprintf(line, sizeof line, "0x%016llx%016llx", (unsigned long long)(value >> 64), (unsigned long long)value);
    else if constexpr (std::is_signed_v<T>)
        snprintf(line, sizeof line, "%lld", (long long)value);
    else
        snprintf(line, sizeof line, "%llu (0x%llx)", (unsigned long long)value, (unsigned long long)value);
    return line;
}

inline void differs(const char *what, size_t index, const std::string &got, const std::string &wanted) {
    if (++differences <= LINES_MAX)
        printf("%s [%zu]: %s, not %s\n", what, index, got.c_str(), wanted.c_str());
}

/// Two values of one type are equal; NaNs are.
template <class T> void equal(const char *what, const T &got, const std::common_type_t<T> &wanted, size_t index = 0) {
    if (got == wanted || (got != got && wanted != wanted))
        return;
    differs(what, index, text(got), text(wanted));
}

template <class T> void equal(const char *what, const std::vector<T> &got, const std::vector<T> &wanted) {
    equal("number of values", got.size(), wanted.size());
    for (size_t index = 0; index < std::min(got.size(), wanted.size()); index++)
        equal<T>(what, got[index], wanted[index], index);
}

inline void that(const char *what, bool is_so) {
    equal<bool>(what, is_so, true);
}

/// A call of the runtime gives this.
inline void result(const char *what, cudaError_t got, cudaError_t wanted) {
    if (got != wanted)
        differs(what, 0, cudaGetErrorName(got), cudaGetErrorName(wanted));
}

/// A call of the runtime succeeds, or nothing behind it has a meaning.
inline void succeeds(const char *call, int line, cudaError_t got) {
    if (got == cudaSuccess)
        return;
    printf("line %d: %s: %s: %s\n", line, call, cudaGetErrorName(got), cudaGetErrorString(got));
    exit(1);
}

#define CUDA(call) check::succeeds(#call, __LINE__, call)

/// The program's exit status.
inline int status() {
    if (differences > LINES_MAX)
        printf("... and %d more\n", differences - LINES_MAX);
    return differences != 0;
}

/// Memory of the device for so many values.
template <class T> class Device {
    T *first = nullptr;
    size_t count;

public:
    /// Of zeros.
    explicit Device(size_t count) : count(count) {
        CUDA(cudaMalloc(&first, count * sizeof(T)));
        CUDA(cudaMemset(first, 0, count * sizeof(T)));
    }

    Device(const std::vector<T> &values) : Device(values.size()) {
        CUDA(cudaMemcpy(first, values.data(), count * sizeof(T), cudaMemcpyHostToDevice));
    }

    Device(const Device &) = delete;

    ~Device() {
        cudaFree(first);
    }

    operator T *() const {
        return first;
    }

    /// The values, once all that was launched is done.
    std::vector<T> read() const {
        CUDA(cudaGetLastError());
        CUDA(cudaDeviceSynchronize());
        std::vector<T> values(count);
        CUDA(cudaMemcpy(values.data(), first, count * sizeof(T), cudaMemcpyDeviceToHost));
        return values;
    }
};

template <class Result, class Function, class... Inputs>
__global__ void map_each(size_t count, Function function, Result *results, const Inputs *...inputs) {
    size_t index = blockIdx.x * size_t(blockDim.x) + threadIdx.x;
    if (index < count)
        results[index] = function(inputs[index]...);
}

/// What a `__device__` function gives for each row of the inputs.
template <class Result, class Function, class First, class... Rest>
std::vector<Result> map(Function function, const std::vector<First> &first, const std::vector<Rest> &...rest) {
    Device<Result> results(first.size());
    Device<First> first_there(first);
    auto launch = [&](const auto &...rest_there) {
        map_each<Result><<<(first.size() + 127) / 128, 128>>>(first.size(), function, (Result *)results,
                                                              (const First *)first_there, (const Rest *)rest_there...);
    };
    launch(Device<Rest>(rest)...);
    return results.read();
}

/// Numbers that are the same in each run.
class Random {
    uint64_t state;

public:
    explicit Random(uint64_t seed = 1) : state(seed * 0x9e3779b97f4a7c15u + 1) {}

    uint64_t bits() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state * 0x2545f4914f6cdd1du;
    }

    /// From 0 to below `limit`.
    unsigned below(unsigned limit) {
        return unsigned((bits() >> 32) * limit >> 32);
    }

    /// From `low` to `high`.
    double between(double low, double high) {
        return low + (high - low) * double(bits() >> 11) * 0x1p-53;
    }
};

/// So many random values of an integer's type, among which its extremes, zero and their neighbours are frequent.
template <class T> std::vector<T> integers(size_t count, uint64_t seed = 1) {
    Random random(seed);
    constexpr T HIGHEST = T(~T(0)) < T(0) ? T(~(T(1) << (8 * sizeof(T) - 1))) : T(~T(0));
    const T edges[] = {0, 1, T(-1), 2, HIGHEST, T(HIGHEST - 1), T(~HIGHEST), T(HIGHEST / 2), T(HIGHEST / 2 + 1), 7};
    std::vector<T> values(count);
    for (T &value : values) {
        value = T(random.bits());
        if (sizeof(T) > 8)
            value = T(value << (sizeof(T) * 4)) | T(random.bits());
        if (random.below(4) == 0)
            value = edges[random.below(std::size(edges))];
        else if (random.below(3) == 0)
            value >>= random.below(8 * sizeof(T));
    }
    return values;
}

/// A host's function of the same rows.
template <class Result, class Function, class First, class... Rest>
std::vector<Result> on_host(Function function, const std::vector<First> &first, const std::vector<Rest> &...rest) {
    std::vector<Result> results(first.size());
    for (size_t index = 0; index < first.size(); index++)
        results[index] = function(first[index], rest[index]...);
    return results;
}

} // namespace check
