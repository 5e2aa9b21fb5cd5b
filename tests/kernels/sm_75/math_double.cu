// Functions of one and two doubles against the host's library, within the bounds of the programming guide's table.
// References compute in long double, which only the host has and which the compiler warns of.
// nvcc: -diag-suppress=20208
#include "../exact.h"
#include "../ulp.h"

/// Compares `name` with `reference` for arguments from `low` to `high`, and for special ones.
#define ONE(name, reference, bound, low, high)                                                                         \
    {                                                                                                                  \
        auto x = ulp::arguments<double>(low, high);                                                                    \
        auto got = check::map<double>([] __device__(double x) { return name(x); }, x);                                 \
        auto wanted = check::on_host<long double>([](double x) { return reference((long double)x); }, x);               \
        ulp::compare(#name, got, wanted, bound);                                                                       \
    }

#define TWO(name, reference, bound, low, high)                                                                         \
    {                                                                                                                  \
        auto x = ulp::arguments<double>(low, high), y = ulp::arguments<double>(low, high, 4096, 2);                    \
        std::reverse(y.begin() + 100, y.end());                                                                        \
        auto got = check::map<double>([] __device__(double x, double y) { return name(x, y); }, x, y);                 \
        auto wanted = check::on_host<long double>(                                                                      \
            [](double x, double y) { return reference((long double)x, (long double)y); }, x, y);                       \
        ulp::compare(#name, got, wanted, bound);                                                                       \
    }

static void exponentials() {
    ONE(exp, expl, 1, -750, 710);
    ONE(exp2, exp2l, 1, -1080, 1024);
    ONE(exp10, exp10l, 1, -325, 309);
    ONE(expm1, expm1l, 1, -50, 710);
    ONE(log, logl, 1, 0, 1000);
    ONE(log2, log2l, 1, 0, 1000);
    ONE(log10, log10l, 1, 0, 1000);
    ONE(log1p, log1pl, 1, -1, 1000);
    TWO(pow, powl, 2, -30, 30);
}

/// Rounded once: a root of more digits may lie in the middle of two.
static long double root(long double x) {
    return std::sqrt(double(x));
}

static void roots() {
    ONE(sqrt, root, 0, 0, 1e6);
    ONE(rsqrt, exact::rsqrt, 1, 0, 1e6);
    ONE(cbrt, cbrtl, 1, -1e6, 1e6);
    ONE(rcbrt, exact::rcbrt, 1, -1e6, 1e6);
    TWO(hypot, hypotl, 2, -1e6, 1e6);
    TWO(rhypot, exact::rhypot, 1, -1e6, 1e6);
}

static void trigonometric() {
    ONE(sin, sinl, 2, -1e6, 1e6);
    ONE(cos, cosl, 2, -1e6, 1e6);
    ONE(tan, tanl, 2, -1e6, 1e6);
    ONE(sinpi, exact::sinpi, 2, -100, 100);
    ONE(cospi, exact::cospi, 2, -100, 100);
    ONE(asin, asinl, 2, -1, 1);
    ONE(acos, acosl, 2, -1, 1);
    ONE(atan, atanl, 2, -100, 100);
    TWO(atan2, atan2l, 2, -100, 100);
}

static void hyperbolic() {
    ONE(sinh, sinhl, 2, -711, 711);
    ONE(cosh, coshl, 1, -711, 711);
    ONE(tanh, tanhl, 1, -30, 30);
    ONE(asinh, asinhl, 3, -1e6, 1e6);
    ONE(acosh, acoshl, 3, 1, 1e6);
    ONE(atanh, atanhl, 2, -1, 1);
}

static void error_functions() {
    ONE(erf, erfl, 2, -6, 6);
    ONE(erfc, erfcl, 5, -6, 27);
    ONE(erfcx, exact::erfcx, 4, -20, 100);
    ONE(erfinv, exact::erfinv, 5, -1, 1);
    ONE(erfcinv, exact::erfcinv, 6, 0, 2);
    ONE(normcdf, exact::normcdf, 5, -38, 9);
    ONE(normcdfinv, exact::normcdfinv, 8, 0, 1);
    ONE(tgamma, tgammal, 10, -170, 171);
}

static long double i0(long double x) {
    return exact::bessel_i(0, x);
}

static long double i1(long double x) {
    return exact::bessel_i(1, x);
}

static void others() {
    ONE(cyl_bessel_i0, i0, 6, -100, 100);
    ONE(cyl_bessel_i1, i1, 6, -100, 100);
    // Between -24 and 0 the function has zeros, and the table another bound.
    auto x = ulp::without(ulp::arguments<double>(0, 1e6), -24, -0.0);
    ulp::compare("lgamma", check::map<double>([] __device__(double x) { return lgamma(x); }, x),
                 check::on_host<long double>([](double x) { return lgammal(x); }, x), 4);
    // Beyond 8 the table bounds the absolute error.
    x = ulp::without(ulp::without(ulp::arguments<double>(0, 8), -INFINITY, 0x1p-20), 8, INFINITY);
    ulp::compare("j0", check::map<double>([] __device__(double x) { return j0(x); }, x),
                 check::on_host<long double>([](double x) { return j0l(x); }, x), 7);
    ulp::compare("y1", check::map<double>([] __device__(double x) { return y1(x); }, x),
                 check::on_host<long double>([](double x) { return y1l(x); }, x), 7);
}

static long double next(long double x, long double y) {
    return nextafter(double(x), double(y));
}

/// These have no error at all.
static void exact_ones() {
    ONE(floor, floorl, 0, -1e6, 1e6);
    ONE(ceil, ceill, 0, -1e6, 1e6);
    ONE(trunc, truncl, 0, -1e6, 1e6);
    ONE(round, roundl, 0, -1e3, 1e3);
    ONE(rint, rintl, 0, -1e3, 1e3);
    ONE(nearbyint, nearbyintl, 0, -1e3, 1e3);
    ONE(fabs, fabsl, 0, -1e3, 1e3);
    ONE(logb, logbl, 0, -1e3, 1e3);
    TWO(fmod, fmodl, 0, -1e6, 1e6);
    TWO(remainder, remainderl, 0, -1e6, 1e6);
    TWO(fmax, fmaxl, 0, -1e6, 1e6);
    TWO(fmin, fminl, 0, -1e6, 1e6);
    TWO(fdim, fdiml, 0, -1e6, 1e6);
    TWO(copysign, copysignl, 0, -1e6, 1e6);
    TWO(nextafter, next, 0, -1e6, 1e6);
}

int main() {
    exponentials();
    roots();
    trigonometric();
    hyperbolic();
    error_functions();
    others();
    exact_ones();
    return check::status();
}
