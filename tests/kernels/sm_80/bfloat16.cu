// cuda_bf16.h: arithmetic, comparisons and conversions, against floats that are rounded once.
#include <cuda_bf16.h>

#include "../check.h"

static double value_of(unsigned short bits) {
    unsigned word = unsigned(bits) << 16;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

/// The nearest one, ties to even: of 24 digits of a double, the first 8.
static unsigned short nearest(double value) {
    if (std::isnan(value))
        return 0x7fff;
    unsigned short sign = std::signbit(value) ? 0x8000 : 0;
    double size = std::fabs(value);
    if (std::isinf(size))
        return sign | 0x7f80;
    int exponent = std::max(std::ilogb(std::max(size, 0x1p-200)), -126);
    double steps = std::nearbyint(std::ldexp(size, 7 - exponent));
    double bits = (exponent + 126) * 128 + steps;
    return sign | (unsigned short)std::min(bits, double(0x7f80));
}

static std::vector<unsigned short> without_nan_bits(std::vector<unsigned short> values) {
    for (auto &value : values)
        value = (value & 0x7fff) > 0x7f80 ? 0x7fff : value;
    return values;
}

#define TWO(what, expression, wanted)                                                                                  \
    check::equal(what,                                                                                                 \
                 without_nan_bits(check::map<unsigned short>(                                                          \
                     [] __device__(unsigned short a, unsigned short b) {                                               \
                         __nv_bfloat16 x = __ushort_as_bfloat16(a), y = __ushort_as_bfloat16(b);                       \
                         return __bfloat16_as_ushort(expression);                                                      \
                     },                                                                                                \
                     a, b)),                                                                                           \
                 check::on_host<unsigned short>(                                                                       \
                     [](unsigned short a, unsigned short b) {                                                          \
                         double x = value_of(a), y = value_of(b);                                                      \
                         return nearest(wanted);                                                                       \
                     },                                                                                                \
                     a, b));

int main() {
    // Exponents near each other, so that digits meet; beyond that doubles would round twice.
    auto a = check::integers<unsigned short>(4096, 1), b = check::integers<unsigned short>(4096, 2);
    for (size_t index = 0; index < a.size(); index++) {
        a[index] = (a[index] & 0x807f) | (118 + index % 16) << 7;
        b[index] = (b[index] & 0x807f) | (120 + index * 7 % 13) << 7;
    }
    a[0] = 0x7f80, a[1] = 0xff80, a[2] = 0x7fc0, b[3] = 0, a[4] = 0x8000;
    TWO("sum", x + y, x + y)
    TWO("difference", x - y, x - y)
    TWO("product", x * y, x * y)
    TWO("fused", __hfma(x, y, x), std::fma(x, y, x))
    TWO("negative", -x, -x)
    TWO("larger one", __hmax(x, y), std::isnan(x) ? y : std::isnan(y) ? x : std::max(x, y))
    TWO("size", __habs(x), std::fabs(x))
    TWO("greater", __float2bfloat16(x > y ? 1.0f : 0.0f), x > y)
    TWO("of a sum of floats", __float2bfloat16(__bfloat162float(x) + 0.001f * __bfloat162float(y)), float(float(x) + float(0.001f * float(y))))

    std::vector<float> floats;
    check::Random random;
    for (int index = 0; index < 4000; index++)
        floats.push_back(float(std::ldexp(random.between(-2, 2), int(random.below(80)) - 40)));
    check::equal("of float", check::map<unsigned short>([] __device__(float x) { return __bfloat16_as_ushort(__float2bfloat16(x)); }, floats),
                 check::on_host<unsigned short>([](float x) { return nearest(x); }, floats));
    check::equal("toward zero", check::map<unsigned short>([] __device__(float x) { return __bfloat16_as_ushort(__float2bfloat16_rz(x)); }, floats),
                 check::on_host<unsigned short>(
                     [](float x) {
                         unsigned bits;
                         memcpy(&bits, &x, sizeof bits);
                         return (unsigned short)(bits >> 16);
                     },
                     floats));
    std::vector<unsigned> pairs = check::map<unsigned>(
        [] __device__(unsigned short a, unsigned short b) {
            __nv_bfloat162 x = __halves2bfloat162(__ushort_as_bfloat16(a), __ushort_as_bfloat16(b));
            __nv_bfloat162 sum = __hadd2(x, __float2bfloat162_rn(1.0f));
            return unsigned(__bfloat16_as_ushort(__high2bfloat16(sum))) << 16 | __bfloat16_as_ushort(__low2bfloat16(sum));
        },
        a, b);
    for (size_t index = 5; index < pairs.size(); index++) {
        check::equal("lower of a pair", (unsigned short)pairs[index], nearest(value_of(a[index]) + 1), index);
        check::equal("upper of a pair", (unsigned short)(pairs[index] >> 16), nearest(value_of(b[index]) + 1), index);
    }
    return check::status();
}
