// cuda_fp16.h: arithmetic, comparisons, conversions and functions of halves and pairs, against doubles that are rounded once.
#include <cuda_fp16.h>

#include "../check.h"

/// A half's value by its bits, without the header.
static double value_of(unsigned short bits) {
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double size = exponent == 31 ? (fraction ? NAN : INFINITY) : exponent ? std::ldexp(1024 + fraction, exponent - 25) : std::ldexp(fraction, -24);
    return bits >> 15 ? -size : size;
}

/// The nearest half, ties to even.
static unsigned short nearest(double value) {
    if (std::isnan(value))
        return 0x7fff;
    unsigned short sign = std::signbit(value) ? 0x8000 : 0;
    double size = std::fabs(value);
    if (size >= 65520)
        return sign | 0x7c00;
    int exponent = std::max(std::ilogb(std::max(size, 0x1p-30)), -14);
    double steps = std::nearbyint(std::ldexp(size, 10 - exponent));
    // Steps of 1024 and more belong to the exponent, also where rounding has reached the next one.
    return sign | (unsigned short)((exponent + 14) * 1024 + steps);
}

static std::vector<unsigned short> some_bits(uint64_t seed) {
    auto bits = check::integers<unsigned short>(4096, seed);
    for (size_t index = 0; index < bits.size(); index += 3)
        bits[index] = (bits[index] & 0x83ff) | (13 + index % 5) << 10;
    return bits;
}

/// NaNs are one value here: which bits they have is the hardware's matter.
static std::vector<unsigned short> without_nan_bits(std::vector<unsigned short> values) {
    for (auto &value : values)
        value = (value & 0x7fff) > 0x7c00 ? 0x7fff : value;
    return values;
}

#define TWO(what, expression, wanted)                                                                                  \
    check::equal(what,                                                                                                 \
                 without_nan_bits(check::map<unsigned short>(                                                          \
                     [] __device__(unsigned short a, unsigned short b) {                                               \
                         __half x = __ushort_as_half(a), y = __ushort_as_half(b);                                      \
                         return __half_as_ushort(expression);                                                          \
                     },                                                                                                \
                     a, b)),                                                                                           \
                 check::on_host<unsigned short>(                                                                       \
                     [](unsigned short a, unsigned short b) {                                                          \
                         double x = value_of(a), y = value_of(b);                                                      \
                         return nearest(wanted);                                                                       \
                     },                                                                                                \
                     a, b));

static std::vector<unsigned short> a, b;

/// Of two zeros, the positive one is the larger.
static void arithmetic() {
    TWO("sum", x + y, x + y)
    TWO("difference", __hsub(x, y), x - y)
    TWO("product", x * y, x * y)
    TWO("fused", __hfma(x, y, x), std::fma(x, y, x))
    TWO("negative", -x, -x)
    TWO("size", __habs(x), std::fabs(x))
    TWO("saturated sum", __hadd_sat(x, y), std::isnan(x + y) ? 0 : std::min(1.0, std::max(0.0, x + y)))
    TWO("larger one", __hmax(x, y), std::isnan(x) ? y : std::isnan(y) ? x : x > y || (x == y && std::signbit(y)) ? x : y)
    TWO("smaller one, or NaN", __hmin_nan(x, y), std::isnan(x) || std::isnan(y) ? NAN : x < y || (x == y && std::signbit(x)) ? x : y)
    TWO("floor", hfloor(x), std::floor(x))
    TWO("nearest", hrint(x), std::nearbyint(x))
    TWO("toward zero", htrunc(x), std::trunc(x))
}

static void pairs() {
    auto pair = [](unsigned short low, unsigned short high) { return unsigned(high) << 16 | low; };
    auto one_each = check::map<unsigned>(
        [] __device__(unsigned short a, unsigned short b) {
            __half2 x = __halves2half2(__ushort_as_half(a), __ushort_as_half(b));
            return __hgt2_mask(x, __lowhigh2highlow(x));
        },
        a, b);
    auto wanted = check::on_host<unsigned>(
        [=](unsigned short a, unsigned short b) {
            double x = value_of(a), y = value_of(b);
            return pair(x > y ? 0xffff : 0, y > x ? 0xffff : 0);
        },
        a, b);
    check::equal("comparison of pairs", one_each, wanted);

    for (bool is_high : {false, true}) {
        auto got = check::map<unsigned short>(
            [=] __device__(unsigned short a, unsigned short b) {
                __half2 x = __halves2half2(__ushort_as_half(a), __ushort_as_half(b));
                __half2 z = __hfma2(x, __lowhigh2highlow(x), __floats2half2_rn(0.5f, -2));
                return __half_as_ushort(is_high ? __high2half(z) : __low2half(z));
            },
            a, b);
        check::equal("fused pairs", without_nan_bits(got),
                     check::on_host<unsigned short>([=](unsigned short a, unsigned short b) { return nearest(std::fma(value_of(a), value_of(b), is_high ? -2 : 0.5)); }, a, b));
    }
}

static void comparisons() {
    check::equal("comparisons",
                 check::map<int>(
                     [] __device__(unsigned short a, unsigned short b) {
                         __half x = __ushort_as_half(a), y = __ushort_as_half(b);
                         return (x < y) | (x <= y) << 1 | (x == y) << 2 | (x != y) << 3 | __hgtu(x, y) << 4 | __hisnan(x) << 5 | (__hisinf(x) != 0) << 6;
                     },
                     a, b),
                 check::on_host<int>(
                     [](unsigned short a, unsigned short b) {
                         double x = value_of(a), y = value_of(b);
                         return (x < y) | (x <= y) << 1 | (x == y) << 2 | (x != y) << 3 | !(x <= y) << 4 |
                                std::isnan(x) << 5 | std::isinf(x) << 6;
                     },
                     a, b));
}

static void conversions() {
    check::equal("to float", check::map<float>([] __device__(unsigned short a) { return __half2float(__ushort_as_half(a)); }, a),
                 check::on_host<float>([](unsigned short a) { return float(value_of(a)); }, a));
    std::vector<float> floats;
    check::Random random;
    for (int index = 0; index < 4000; index++)
        floats.push_back(float(std::ldexp(random.between(-2, 2), int(random.below(45)) - 28)));
    check::equal("of float", check::map<unsigned short>([] __device__(float x) { return __half_as_ushort(__float2half(x)); }, floats),
                 check::on_host<unsigned short>([](float x) { return nearest(x); }, floats));
    check::equal("of double", check::map<unsigned short>([] __device__(float x) { return __half_as_ushort(__double2half(x * 1.000000001)); }, floats),
                 check::on_host<unsigned short>([](float x) { return nearest(x * 1.000000001); }, floats));
    auto ints = check::integers<int>(2000);
    check::equal("of int", check::map<unsigned short>([] __device__(int x) { return __half_as_ushort(__int2half_rn(x)); }, ints),
                 check::on_host<unsigned short>([](int x) { return nearest(x); }, ints));
    check::equal("to int", check::map<int>([] __device__(unsigned short a) { return __half2int_rd(__ushort_as_half(a)); }, a),
                 check::on_host<int>(
                     [](unsigned short a) {
                         double x = std::floor(value_of(a));
                         return std::isnan(x) ? 0 : x > 2147483647.0 ? 2147483647 : x < -2147483648.0 ? -2147483648 : int(x);
                     },
                     a));
}

/// Within a unit of the last place, as the header's functions are.
static void functions() {
    auto near = [](const char *name, const std::vector<unsigned short> &got, auto function) {
        for (size_t index = 0; index < got.size(); index++) {
            double wanted = function(value_of(a[index])), found = value_of(got[index]);
            if (std::isnan(wanted) ? std::isnan(found) : found == value_of(nearest(wanted)))
                continue;
            double unit = std::ldexp(1, std::max(std::ilogb(wanted), -14) - 10);
            if (!(std::fabs(found - wanted) <= 2 * unit))
                check::differs(name, index, check::text(found), check::text(wanted));
        }
    };
    near("hexp", check::map<unsigned short>([] __device__(unsigned short a) { return __half_as_ushort(hexp(__ushort_as_half(a))); }, a),
         [](double x) { return std::exp(x); });
    near("hlog2", check::map<unsigned short>([] __device__(unsigned short a) { return __half_as_ushort(hlog2(__ushort_as_half(a))); }, a),
         [](double x) { return std::log2(x); });
    near("hsqrt", check::map<unsigned short>([] __device__(unsigned short a) { return __half_as_ushort(hsqrt(__ushort_as_half(a))); }, a),
         [](double x) { return std::sqrt(x); });
    near("hrcp", check::map<unsigned short>([] __device__(unsigned short a) { return __half_as_ushort(hrcp(__ushort_as_half(a))); }, a),
         [](double x) { return 1 / x; });
}

int main() {
    a = some_bits(1);
    b = some_bits(2);
    arithmetic();
    pairs();
    comparisons();
    conversions();
    functions();
    return check::status();
}
