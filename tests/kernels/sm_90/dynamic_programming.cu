// The intrinsics for dynamic programming ("DPX"): extremes of sums and of three, whole and in halves.
#include "../check.h"

static int wrapped(int x, int y) {
    return int(unsigned(x) + unsigned(y));
}

static short half(unsigned word, int index) {
    return short(word >> 16 * index);
}

/// A word of what `function` gives for both halves.
template <class Function> unsigned each(unsigned x, unsigned y, unsigned z, Function function) {
    unsigned result = 0;
    for (int index = 0; index < 2; index++)
        result |= unsigned((unsigned short)function(half(x, index), half(y, index), half(z, index))) << 16 * index;
    return result;
}

#define THREE(name, T, wanted)                                                                                         \
    check::equal(#name, check::map<T>([] __device__(T x, T y, T z) -> T { return name(x, y, z); }, a, b, c),           \
                 check::on_host<T>([](T x, T y, T z) -> T { return wanted; }, a, b, c));

static void whole() {
    auto a = check::integers<int>(4096, 1), b = check::integers<int>(4096, 2), c = check::integers<int>(4096, 3);
    THREE(__vimax3_s32, int, std::max({x, y, z}))
    THREE(__vimin3_s32, int, std::min({x, y, z}))
    THREE(__vimax3_s32_relu, int, std::max({x, y, z, 0}))
    THREE(__viaddmax_s32, int, std::max(wrapped(x, y), z))
    THREE(__viaddmin_s32, int, std::min(wrapped(x, y), z))
    THREE(__viaddmax_s32_relu, int, std::max({wrapped(x, y), z, 0}))
}

static void of_unsigned() {
    auto a = check::integers<unsigned>(4096, 1), b = check::integers<unsigned>(4096, 2), c = check::integers<unsigned>(4096, 3);
    THREE(__vimax3_u32, unsigned, std::max({x, y, z}))
    THREE(__viaddmin_u32, unsigned, std::min(x + y, z))
    THREE(__vimax3_s16x2, unsigned, each(x, y, z, [](short p, short q, short r) { return std::max({p, q, r}); }))
    THREE(__vimin3_s16x2_relu, unsigned, each(x, y, z, [](short p, short q, short r) { return std::max(std::min({p, q, r}), short(0)); }))
    THREE(__viaddmax_s16x2, unsigned, each(x, y, z, [](short p, short q, short r) { return std::max(short(p + q), r); }))
}

__global__ void with_predicates(const int *values, int *results) {
    bool is_first = false;
    int x = values[threadIdx.x], y = values[threadIdx.x + 1];
    results[2 * threadIdx.x] = __vibmax_s32(x, y, &is_first);
    results[2 * threadIdx.x + 1] = is_first;
}

int main() {
    whole();
    of_unsigned();
    auto values = check::integers<int>(65, 4);
    check::Device<int> results(128);
    with_predicates<<<1, 64>>>(check::Device<int>(values), results);
    std::vector<int> wanted;
    for (int at = 0; at < 64; at++) {
        wanted.push_back(std::max(values[at], values[at + 1]));
        wanted.push_back(values[at] >= values[at + 1]);
    }
    check::equal("which one", results.read(), wanted);
    return check::status();
}
