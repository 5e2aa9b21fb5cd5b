// Conversions between integers and floating point in each direction of rounding. Out of range, integers are the nearest there is; of NaN,
// the PTX reference ("cvt") says 0 from f32 to 32 bits, and otherwise the integer of which only the highest bit is set.
#include <cfenv>

#include "../check.h"
#include "../ulp.h"

template <class T> T rounded(int direction, T value) {
    fesetround(direction);
    volatile T result = std::nearbyint(value);
    fesetround(FE_TONEAREST);
    return result;
}

template <class Integer, class T> Integer saturated(int direction, T value) {
    constexpr bool IS_SIGNED = Integer(-1) < 0;
    constexpr int BITS = 8 * sizeof(Integer) - IS_SIGNED;
    const Integer highest = Integer(~0ull >> (64 - BITS)), lowest = IS_SIGNED ? ~highest : 0;
    if (std::isnan(value))
        return sizeof(T) == 8 || sizeof(Integer) == 8 ? Integer(1ull << (8 * sizeof(Integer) - 1)) : 0;
    T whole = rounded(direction, value);
    if (whole >= std::ldexp(T(1), BITS))
        return highest;
    if (whole <= T(lowest))
        return lowest;
    return Integer(whole);
}

#define TO_INTEGER(T, Integer, name)                                                                                   \
    TO_INTEGER_IN(T, Integer, name##_rn, FE_TONEAREST)                                                                 \
    TO_INTEGER_IN(T, Integer, name##_rz, FE_TOWARDZERO)                                                                \
    TO_INTEGER_IN(T, Integer, name##_ru, FE_UPWARD)                                                                    \
    TO_INTEGER_IN(T, Integer, name##_rd, FE_DOWNWARD)

#define TO_INTEGER_IN(T, Integer, name, direction)                                                                     \
    check::equal(#name, check::map<Integer>([] __device__(T x) -> Integer { return name(x); }, values),                \
                 check::on_host<Integer>([](T x) { return saturated<Integer>(direction, x); }, values));

/// The host converts in the direction that is set.
template <class T, class Integer> T converted(int direction, Integer value) {
    fesetround(direction);
    volatile Integer from = value;
    volatile T result = T(from);
    fesetround(FE_TONEAREST);
    return result;
}

#define FROM_INTEGER(T, Integer, name)                                                                                 \
    FROM_INTEGER_IN(T, Integer, name##_rn, FE_TONEAREST)                                                               \
    FROM_INTEGER_IN(T, Integer, name##_rz, FE_TOWARDZERO)                                                              \
    FROM_INTEGER_IN(T, Integer, name##_ru, FE_UPWARD)                                                                  \
    FROM_INTEGER_IN(T, Integer, name##_rd, FE_DOWNWARD)

#define FROM_INTEGER_IN(T, Integer, name, direction)                                                                   \
    {                                                                                                                  \
        auto values = check::integers<Integer>(4096);                                                                  \
        check::equal(#name, check::map<T>([] __device__(Integer x) { return name(x); }, values),                       \
                     check::on_host<T>([](Integer x) { return converted<T>(direction, x); }, values));                 \
    }

template <class T> std::vector<T> around_the_limits(uint64_t seed) {
    auto values = ulp::arguments<T>(-10, 10, 4096, seed);
    check::Random random(seed);
    for (size_t index = 100; index < values.size(); index += 2)
        values[index] = T(std::ldexp(random.between(-2, 2), random.below(66)));
    for (int power : {31, 32, 63, 64})
        for (T value : {std::ldexp(T(1), power), -std::ldexp(T(1), power)})
            for (T toward : {T(0), value, 2 * value})
                values.push_back(std::nextafter(value, toward));
    return values;
}

static void to_integers() {
    {
        auto values = around_the_limits<float>(1);
        TO_INTEGER(float, int, __float2int)
        TO_INTEGER(float, unsigned, __float2uint)
        TO_INTEGER(float, long long, __float2ll)
        TO_INTEGER(float, unsigned long long, __float2ull)
    }
    auto values = around_the_limits<double>(2);
    TO_INTEGER(double, int, __double2int)
    TO_INTEGER(double, unsigned, __double2uint)
    TO_INTEGER(double, long long, __double2ll)
    TO_INTEGER(double, unsigned long long, __double2ull)
}

static void from_integers() {
    FROM_INTEGER(float, int, __int2float)
    FROM_INTEGER(float, unsigned, __uint2float)
    FROM_INTEGER(float, long long, __ll2float)
    FROM_INTEGER(float, unsigned long long, __ull2float)
    FROM_INTEGER(double, long long, __ll2double)
    FROM_INTEGER(double, unsigned long long, __ull2double)
}

static void between_sizes_and_bits() {
    auto values = ulp::arguments<double>(-100, 100);
    check::equal("__double2float_rz", check::map<float>([] __device__(double x) { return __double2float_rz(x); }, values),
                 check::on_host<float>([](double x) { return converted<float>(FE_TOWARDZERO, x); }, values));
    check::equal("__double2float_ru", check::map<float>([] __device__(double x) { return __double2float_ru(x); }, values),
                 check::on_host<float>([](double x) { return converted<float>(FE_UPWARD, x); }, values));
    check::equal("float and back", check::map<double>([] __device__(double x) { return double(float(x)); }, values),
                 check::on_host<double>([](double x) { return double(float(x)); }, values));
    check::equal("halves of a double",
                 check::map<double>([] __device__(double x) { return __hiloint2double(__double2hiint(x), __double2loint(x)); }, values),
                 values);
    auto bits = check::integers<int>(1000);
    check::equal("bits of a float", check::map<int>([] __device__(int x) { return __float_as_int(__int_as_float(x)); }, bits), bits);
    // C++'s conversions of integers that a float holds.
    check::equal("int8 of a float", check::map<int>([] __device__(int x) -> int { return int8_t(float(x % 128)); }, bits),
                 check::on_host<int>([](int x) { return x % 128; }, bits));
}

int main() {
    to_integers();
    from_integers();
    between_sizes_and_bits();
    return check::status();
}
