// The C++ standard library on the device (cuda::std): arrays, tuples, optionals, complex numbers, limits, bits, functional.
#include <cuda/std/array>
#include <cuda/std/bit>
#include <cuda/std/complex>
#include <cuda/std/functional>
#include <cuda/std/limits>
#include <cuda/std/optional>
#include <cuda/std/tuple>
#include <cuda/std/utility>

#include "../check.h"

namespace std_there = cuda::std;

__host__ __device__ std_there::optional<int> root(int x) {
    for (int candidate = 0; candidate <= x; candidate++)
        if (candidate * candidate == x)
            return candidate;
    return std_there::nullopt;
}

__host__ __device__ int containers(int x) {
    std_there::array<int, 5> values{x, x + 1, x + 2, x + 3, x + 4};
    int sum = 0;
    for (int value : values)
        sum += value;
    values.fill(2);
    sum += values.back() * int(values.size());
    auto [low, high, letter] = std_there::make_tuple(x % 7, x / 7.0, 'a');
    auto pair = std_there::make_pair(low, letter);
    std_there::swap(pair.first, low);
    sum += std_there::get<0>(std_there::tuple<int, float>(x, 2.5f)) + low + int(high) + pair.second;
    sum += root(x).value_or(-5) + (root(x) ? 1000 : 0);
    return std_there::plus<int>()(sum, std_there::exchange(low, 7));
}

__host__ __device__ long long bits_and_limits(int x) {
    unsigned bits = unsigned(x) * 2654435761u;
    long long result = std_there::popcount(bits) + 100 * std_there::countl_zero(bits);
    result += std_there::rotl(bits, 5) + std_there::has_single_bit(bits);
    return result + std_there::numeric_limits<short>::max() + std_there::numeric_limits<double>::digits;
}

__global__ void run(int *sums, long long *bits, double *parts) {
    int x = threadIdx.x;
    sums[x] = containers(x);
    bits[x] = bits_and_limits(x);
    std_there::complex<double> number(x, -2), squared = number * number + std_there::conj(number) / 2.0;
    parts[3 * x] = squared.real();
    parts[3 * x + 1] = squared.imag();
    parts[3 * x + 2] = std_there::norm(number);
}

int main() {
    const int count = 64;
    check::Device<int> sums(count);
    check::Device<long long> bits(count);
    check::Device<double> parts(3 * count);
    run<<<1, count>>>(sums, bits, parts);
    std::vector<int> wanted;
    std::vector<long long> wanted_bits;
    std::vector<double> wanted_parts;
    for (int x = 0; x < count; x++) {
        int whole = int(std::lround(std::sqrt(double(x))));
        bool is_square = whole * whole == x;
        int sum = 5 * x + 10 + 2 * 5;
        sum += x + x % 7 + x / 7 + 'a' + (is_square ? whole + 1000 : -5);
        wanted.push_back(sum + x % 7);

        unsigned value = unsigned(x) * 2654435761u;
        long long result = __builtin_popcount(value) + 100 * (value ? __builtin_clz(value) : 32);
        result += (value << 5 | value >> 27) + (__builtin_popcount(value) == 1);
        wanted_bits.push_back(result + 32767 + 53);

        double real = x;
        wanted_parts.insert(wanted_parts.end(), {real * real - 4 + real / 2, -4 * real + 1, real * real + 4});
    }
    check::equal("containers", sums.read(), wanted);
    check::equal("bits and limits", bits.read(), wanted_bits);
    check::equal("complex numbers", parts.read(), wanted_parts);
    return check::status();
}
