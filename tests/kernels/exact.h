// Functions of CUDA that the host's library lacks, in long double.
#pragma once

#include <cmath>

namespace exact {

constexpr long double PI = 3.14159265358979323846264338327950288L;

/// Of x * pi: the argument is reduced where that is exact.
inline long double sinpi(long double x) {
    long double rest = remainderl(x, 2);
    if (rest == truncl(rest))
        return copysignl(0, x);
    if (fabsl(rest) > 0.5L)
        rest = copysignl(1, rest) - rest;
    return sinl(rest * PI);
}

inline long double cospi(long double x) {
    long double rest = fabsl(remainderl(x, 2));
    if (rest == 0.5L)
        return 0;
    return rest < 0.25L ? cosl(rest * PI) : sinl((0.5L - rest) * PI);
}

inline long double rsqrt(long double x) {
    return 1 / sqrtl(x);
}

inline long double rcbrt(long double x) {
    return 1 / cbrtl(x);
}

inline long double rhypot(long double x, long double y) {
    return 1 / hypotl(x, y);
}

/// exp(x * x) * erfc(x). For large x, where one factor is beyond any range, by its continued fraction.
inline long double erfcx(long double x) {
    if (x < 10)
        return expl(x * x) * erfcl(x);
    long double tail = x;
    for (int term = 60; term > 0; term--)
        tail = x + term / 2.0L / tail;
    return 1 / (tail * sqrtl(PI));
}

/// The x of an increasing function's value, by halving an interval.
template <class Function> long double inverse(Function function, long double value, long double low, long double high) {
    for (int step = 0; step < 200; step++) {
        long double middle = low + (high - low) / 2;
        (function(middle) < value ? low : high) = middle;
    }
    return low + (high - low) / 2;
}

/// Of a complement from 0 to 0.5, which knows more digits than what it is the complement of.
inline long double erfcinv_of_small(long double y) {
    return y == 0 ? INFINITY : inverse([](long double x) { return -erfcl(x); }, -y, 0, 110);
}

inline long double erfinv(long double y) {
    long double size = fabsl(y);
    if (!(size <= 1))
        return NAN;
    // Near 0 the function is linear.
    if (size < 1e-10L)
        return y * sqrtl(PI) / 2;
    return copysignl(size < 0.5L ? inverse([](long double x) { return erfl(x); }, size, 0, 1) : erfcinv_of_small(1 - size), y);
}

inline long double erfcinv(long double y) {
    if (y < 0.5L || y > 1.5L)
        return y < 0 || y > 2 ? NAN : y < 1 ? erfcinv_of_small(y) : -erfcinv_of_small(2 - y);
    return erfinv(1 - y);
}

inline long double normcdf(long double x) {
    return erfcl(-x / sqrtl(2)) / 2;
}

inline long double normcdfinv(long double y) {
    return -sqrtl(2) * erfcinv(2 * y);
}

/// The modified Bessel functions' series, whose terms are all positive.
inline long double bessel_i(int order, long double x) {
    if (std::isinf(x))
        return order == 0 ? INFINITY : x;
    long double term = order == 0 ? 1 : x / 2, sum = 0;
    for (int step = 1; std::isfinite(term) && fabsl(term) > fabsl(sum) * 1e-22L; step++) {
        sum += term;
        term *= x * x / 4 / step / (step + order);
    }
    return std::isfinite(term) ? sum : term;
}

} // namespace exact
