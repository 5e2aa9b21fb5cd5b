// Functions of one and two floats against the host's library, within the bounds of the programming guide's table.
// References compute in long double, which only the host has and which the compiler warns of.
// nvcc: -diag-suppress=20208
#include "../exact.h"
#include "../ulp.h"

/// Compares `name` with `reference` for arguments from `low` to `high`, and for special ones.
#define ONE(name, reference, bound, low, high)                                                                         \
    {                                                                                                                  \
        auto x = ulp::arguments<float>(low, high);                                                                     \
        auto got = check::map<float>([] __device__(float x) { return name(x); }, x);                                   \
        auto wanted = check::on_host<long double>([](float x) { return reference((long double)x); }, x);                \
        ulp::compare(#name, got, wanted, bound);                                                                       \
    }

#define TWO(name, reference, bound, low, high)                                                                         \
    {                                                                                                                  \
        auto x = ulp::arguments<float>(low, high), y = ulp::arguments<float>(low, high, 4096, 2);                      \
        std::reverse(y.begin() + 100, y.end());                                                                        \
        auto got = check::map<float>([] __device__(float x, float y) { return name(x, y); }, x, y);                    \
        auto wanted = check::on_host<long double>(                                                                      \
            [](float x, float y) { return reference((long double)x, (long double)y); }, x, y);                         \
        ulp::compare(#name, got, wanted, bound);                                                                       \
    }

static void elementary() {
    ONE(expf, expl, 2, -104, 89);
    ONE(exp2f, exp2l, 2, -150, 128);
    ONE(exp10f, exp10l, 2, -46, 39);
    ONE(expm1f, expm1l, 1, -30, 89);
    ONE(logf, logl, 1, 0, 1000);
    ONE(log2f, log2l, 1, 0, 1000);
    ONE(log10f, log10l, 2, 0, 1000);
    ONE(log1pf, log1pl, 1, -1, 1000);
    TWO(powf, powl, 9, -30, 30);
    ONE(sqrtf, sqrtl, 0, 0, 1e6);
    ONE(rsqrtf, exact::rsqrt, 2, 0, 1e6);
    ONE(cbrtf, cbrtl, 1, -1e6, 1e6);
    ONE(rcbrtf, exact::rcbrt, 1, -1e6, 1e6);
    TWO(hypotf, hypotl, 3, -1e6, 1e6);
    TWO(rhypotf, exact::rhypot, 2, -1e6, 1e6);
}

static void trigonometric() {
    ONE(sinf, sinl, 2, -1e6, 1e6);
    ONE(cosf, cosl, 2, -1e6, 1e6);
    ONE(tanf, tanl, 4, -1e6, 1e6);
    ONE(sinpif, exact::sinpi, 2, -100, 100);
    ONE(cospif, exact::cospi, 2, -100, 100);
    ONE(asinf, asinl, 4, -1, 1);
    ONE(acosf, acosl, 3, -1, 1);
    ONE(atanf, atanl, 2, -100, 100);
    TWO(atan2f, atan2l, 3, -100, 100);
    ONE(sinhf, sinhl, 3, -90, 90);
    ONE(coshf, coshl, 2, -90, 90);
    ONE(tanhf, tanhl, 2, -10, 10);
    ONE(asinhf, asinhl, 3, -1e6, 1e6);
    ONE(acoshf, acoshl, 4, 1, 1e6);
    ONE(atanhf, atanhl, 3, -1, 1);
}

static long double i0(long double x) {
    return exact::bessel_i(0, x);
}

static long double i1(long double x) {
    return exact::bessel_i(1, x);
}

static void higher() {
    ONE(erff, erfl, 2, -4, 4);
    ONE(erfcf, erfcl, 4, -4, 10);
    ONE(erfcxf, exact::erfcx, 4, -9, 100);
    ONE(erfinvf, exact::erfinv, 2, -1, 1);
    ONE(erfcinvf, exact::erfcinv, 4, 0, 2);
    ONE(normcdff, exact::normcdf, 5, -14, 6);
    ONE(normcdfinvf, exact::normcdfinv, 5, 0, 1);
    ONE(tgammaf, tgammal, 11, -35, 35);
    ONE(cyl_bessel_i0f, i0, 6, -80, 80);
    ONE(cyl_bessel_i1f, i1, 6, -80, 80);
    // Between -11 and 0 the function has zeros, and the table another bound.
    auto x = ulp::without(ulp::arguments<float>(0, 1e6), -11, -0.0);
    ulp::compare("lgammaf", check::map<float>([] __device__(float x) { return lgammaf(x); }, x),
                 check::on_host<long double>([](float x) { return lgammal(x); }, x), 6);
}

static long double next(long double x, long double y) {
    return nextafterf(float(x), float(y));
}

/// These have no error at all.
static void exact_ones() {
    ONE(floorf, floorl, 0, -1e6, 1e6);
    ONE(ceilf, ceill, 0, -1e6, 1e6);
    ONE(truncf, truncl, 0, -1e6, 1e6);
    ONE(roundf, roundl, 0, -1e3, 1e3);
    ONE(rintf, rintl, 0, -1e3, 1e3);
    ONE(fabsf, fabsl, 0, -1e3, 1e3);
    ONE(logbf, logbl, 0, -1e3, 1e3);
    TWO(fmodf, fmodl, 0, -1e6, 1e6);
    TWO(remainderf, remainderl, 0, -1e6, 1e6);
    TWO(fmaxf, fmaxl, 0, -1e6, 1e6);
    TWO(fminf, fminl, 0, -1e6, 1e6);
    TWO(fdimf, fdiml, 0, -1e6, 1e6);
    TWO(copysignf, copysignl, 0, -1e6, 1e6);
    TWO(nextafterf, next, 0, -1e6, 1e6);
    ONE(1 /, 1 /, 0, -1e6, 1e6);
}

int main() {
    elementary();
    trigonometric();
    higher();
    exact_ones();
    return check::status();
}
