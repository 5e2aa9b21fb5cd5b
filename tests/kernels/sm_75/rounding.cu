// Arithmetic with a direction of rounding, against the host's under fesetround.
#include <cfenv>

#include "../check.h"
#include "../ulp.h"

#pragma STDC FENV_ACCESS ON

/// The host's operation in one direction. Volatile: the compiler must neither compute it earlier nor move it.
template <class T, class Function> std::vector<T> rounded(int direction, Function function, const std::vector<T> &a, const std::vector<T> &b) {
    fesetround(direction);
    std::vector<T> results;
    for (size_t index = 0; index < a.size(); index++) {
        volatile T x = a[index], y = b[index];
        volatile T result = function(x, y);
        results.push_back(T(result));
    }
    fesetround(FE_TONEAREST);
    return results;
}

#define ALL_DIRECTIONS(T, prefix, arguments, expression)                                                               \
    ONE_DIRECTION(T, prefix##_rn, FE_TONEAREST, arguments, expression)                                                 \
    ONE_DIRECTION(T, prefix##_rz, FE_TOWARDZERO, arguments, expression)                                                \
    ONE_DIRECTION(T, prefix##_ru, FE_UPWARD, arguments, expression)                                                    \
    ONE_DIRECTION(T, prefix##_rd, FE_DOWNWARD, arguments, expression)

#define ONE_DIRECTION(T, name, direction, arguments, expression)                                                       \
    {                                                                                                                  \
        auto got = check::map<T>([] __device__(T x, T y) { return name arguments; }, a, b);                            \
        auto wanted = rounded<T>(direction, [](volatile T &x, volatile T &y) -> T { return expression; }, a, b);       \
        check::equal(#name, got, wanted);                                                                              \
    }

static void floats() {
    auto a = ulp::arguments<float>(-100, 100), b = ulp::arguments<float>(-1, 1, a.size(), 2);
    std::reverse(b.begin(), b.end());
    ALL_DIRECTIONS(float, __fadd, (x, y), x + y)
    ALL_DIRECTIONS(float, __fsub, (x, y), x - y)
    ALL_DIRECTIONS(float, __fmul, (x, y), x * y)
    ALL_DIRECTIONS(float, __fdiv, (x, y), x / y)
    ALL_DIRECTIONS(float, __frcp, (x), 1 / x)
    ALL_DIRECTIONS(float, __fsqrt, (x), sqrtf(x))
    ALL_DIRECTIONS(float, __fmaf, (x, y, x), fmaf(x, y, x))
}

static void doubles() {
    auto a = ulp::arguments<double>(-100, 100), b = ulp::arguments<double>(-1, 1, a.size(), 2);
    std::reverse(b.begin(), b.end());
    ALL_DIRECTIONS(double, __dadd, (x, y), x + y)
    ALL_DIRECTIONS(double, __dsub, (x, y), x - y)
    ALL_DIRECTIONS(double, __dmul, (x, y), x * y)
    ALL_DIRECTIONS(double, __ddiv, (x, y), x / y)
    ALL_DIRECTIONS(double, __drcp, (x), 1 / x)
    ALL_DIRECTIONS(double, __dsqrt, (x), sqrt(x))
    ALL_DIRECTIONS(double, __fma, (x, y, x), fma(x, y, x))
}

int main() {
    floats();
    doubles();
    return check::status();
}
