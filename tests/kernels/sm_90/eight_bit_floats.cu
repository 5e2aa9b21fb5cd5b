// cuda_fp8.h: conversions of both formats, with saturation and without, against a table of all their values.
#include <cuda_fp8.h>

#include "../check.h"

/// A value by its bits: `digits` of fraction, and infinities if the format has them.
static double value_of(unsigned char bits, int digits, int bias, bool has_infinity) {
    int exponent_bits = 7 - digits, exponent = bits >> digits & ((1 << exponent_bits) - 1), fraction = bits & ((1 << digits) - 1);
    double size;
    if (has_infinity ? exponent == 31 : (bits & 0x7f) == 0x7f)
        size = has_infinity && fraction == 0 ? INFINITY : NAN;
    else if (exponent == 0)
        size = std::ldexp(fraction, 1 - bias - digits);
    else
        size = std::ldexp((1 << digits) + fraction, exponent - bias - digits);
    return bits >> 7 ? -size : size;
}

static double e4m3(unsigned char bits) {
    return value_of(bits, 3, 7, false);
}

static double e5m2(unsigned char bits) {
    return value_of(bits, 2, 15, true);
}

/// The nearest finite value, even bits first: what saturation gives.
template <class Value> unsigned char nearest(double x, Value value, unsigned char largest) {
    if (std::isnan(x))
        return 0x7f;
    unsigned char best = 0;
    for (int bits = 1; bits <= largest; bits++) {
        double distance = std::fabs(std::fabs(x) - value(bits)), least = std::fabs(std::fabs(x) - value(best));
        if (distance < least || (distance == least && bits % 2 == 0))
            best = bits;
    }
    return best | (std::signbit(x) ? 0x80 : 0);
}

int main() {
    std::vector<unsigned char> all;
    for (int bits = 0; bits < 256; bits++)
        all.push_back(bits);
    auto of_bits = [&](const char *name, const std::vector<float> &got, auto value) {
        check::equal(name, got, check::on_host<float>([=](unsigned char bits) { return float(value(bits)); }, all));
    };
    of_bits("e4m3 to float",
            check::map<float>(
                [] __device__(unsigned char bits) {
                    __nv_fp8_e4m3 value;
                    value.__x = bits;
                    return float(value);
                },
                all),
            e4m3);
    of_bits("e5m2 to float",
            check::map<float>(
                [] __device__(unsigned char bits) {
                    __nv_fp8_e5m2 value;
                    value.__x = bits;
                    return float(value);
                },
                all),
            e5m2);

    std::vector<float> floats = {0, -0.0f, 448, 464, 465, 1e9f, -1e9f, 57344, 61440, 0x1p-9f, 0x1p-10f, 0x1.8p-10f, 0x1p-17f, NAN};
    check::Random random;
    while (floats.size() < 4000)
        floats.push_back(float(std::ldexp(random.between(-2, 2), int(random.below(36)) - 19)));
    check::equal("float to e4m3", check::map<unsigned char>([] __device__(float x) { return __nv_fp8_e4m3(x).__x; }, floats),
                 check::on_host<unsigned char>([](float x) { return nearest(x, e4m3, 0x7e); }, floats));
    check::equal("float to e5m2", check::map<unsigned char>([] __device__(float x) { return __nv_fp8_e5m2(x).__x; }, floats),
                 check::on_host<unsigned char>([](float x) { return nearest(x, e5m2, 0x7b); }, floats));
    auto unsaturated = check::map<unsigned char>([] __device__(float x) { return __nv_cvt_float_to_fp8(x, __NV_NOSAT, __NV_E5M2); }, floats);
    check::equal("too large, without saturation", int(unsaturated[5]), 0x7c);
    check::equal("too small, without saturation", int(unsaturated[6]), 0xfc);
    auto pairs = check::map<unsigned short>([] __device__(float x) { return __nv_fp8x2_e4m3(make_float2(x, -x)).__x; }, floats);
    for (size_t index = 0; index < floats.size(); index++)
        if (!std::isnan(floats[index]))
            check::equal("pairs", int(pairs[index]), nearest(floats[index], e4m3, 0x7e) | nearest(-floats[index], e4m3, 0x7e) << 8, index);
    return check::status();
}
