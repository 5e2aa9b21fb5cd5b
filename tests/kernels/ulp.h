// How far a floating-point result may be from the true one: as the tables of the CUDA C++ Programming Guide, "Mathematical Functions",
// state it, in units of the last place of the type.
//
// The true value is the host's in long double, whose own errors are below a thousandth of a double's last place.
#pragma once

#include <limits>

#include "check.h"

namespace ulp {

/// The distance between neighbours of the type around `value`.
template <class T> long double unit(long double value) {
    using Limits = std::numeric_limits<T>;
    int exponent = 0;
    if (value != 0)
        frexpl(value, &exponent);
    return ldexpl(1, std::max(exponent, Limits::min_exponent) - Limits::digits);
}

/// What each function's worst result was, in units of the last place. True values beyond the type's range are infinite there.
template <class T> void compare(const char *function, const std::vector<T> &got, const std::vector<long double> &wanted, double bound) {
    for (size_t index = 0; index < got.size(); index++) {
        long double exact = wanted[index];
        T nearest = T(exact);
        if (got[index] == nearest || (std::isnan(got[index]) && std::isnan(exact)))
            continue;
        // The largest number is as near to a true value beyond it as infinity is.
        if (std::isinf(nearest) && !std::isinf(exact))
            nearest = std::copysign(std::numeric_limits<T>::max(), nearest);
        bool is_finite = std::isfinite(got[index]) && std::isfinite(nearest);
        // A correctly rounded result is half a unit off already; the tables count from it.
        if (!is_finite || fabsl((long double)got[index] - nearest) > bound * unit<T>(nearest))
            check::differs(function, index, check::text(got[index]), check::text(nearest));
    }
}

/// Arguments of a function: its range's ends and special values, evenly spread ones, and ones of all magnitudes.
template <class T> std::vector<T> arguments(double low, double high, size_t count = 4096, uint64_t seed = 1) {
    using Limits = std::numeric_limits<T>;
    const double special[] = {0.0, -0.0, 1, -1, 0.5, -0.5, 2, 3, low, high, (low + high) / 2, INFINITY, -INFINITY, NAN,
                              Limits::min(), -Limits::min(), Limits::denorm_min(), Limits::max(), -Limits::max(), Limits::epsilon()};
    check::Random random(seed);
    std::vector<T> values(special, special + std::size(special));
    values.reserve(count);
    while (values.size() < count) {
        double value = random.between(low, high);
        if (random.below(3) == 0)
            value *= ldexp(1, -int(random.below(30)));
        if (random.below(8) == 0)
            value = ldexp(random.between(-2, 2), int(random.below(2 * Limits::max_exponent)) - Limits::max_exponent);
        values.push_back(T(value));
    }
    return values;
}

/// The arguments that do not lie between these.
template <class T> std::vector<T> without(std::vector<T> values, double from, double to) {
    auto lies_there = [=](T value) { return value >= from && value <= to; };
    values.erase(std::remove_if(values.begin(), values.end(), lies_there), values.end());
    return values;
}

} // namespace ulp
