// The fast functions of floats, within the bounds of the programming guide's table of intrinsics: units of the last place for some
// arguments, absolute errors for others.
#include "../check.h"

static double unit(double value) {
    return std::ldexp(1, std::max(std::ilogb(value), -126) - 23);
}

/// Compares with doubles; `bound` is an absolute error, of the argument and the true value.
template <class Function, class Reference, class Bound>
void within(const char *name, Function function, Reference reference, Bound bound, double low, double high) {
    check::Random random;
    std::vector<float> x;
    for (int index = 0; index < 5000; index++)
        x.push_back(float(random.between(low, high)));
    auto got = check::map<float>(function, x);
    for (size_t index = 0; index < x.size(); index++) {
        double wanted = reference(double(x[index]));
        // The reference itself is rounded to the float that is compared with it.
        if (!(std::fabs(got[index] - wanted) <= bound(x[index], wanted) + unit(wanted) / 2))
            check::differs(name, index, check::text(got[index]), check::text(wanted));
    }
}

static auto units(double count) {
    return [=](double, double value) { return count * unit(value); };
}

static auto at_most(double power) {
    return [=](double, double) { return std::exp2(power); };
}

int main() {
    within("__expf", [] __device__(float x) { return __expf(x); }, [](double x) { return std::exp(x); },
           [](double x, double value) { return (2 + std::floor(std::fabs(1.173 * x))) * unit(value); }, -80, 80);
    within("__exp10f", [] __device__(float x) { return __exp10f(x); }, [](double x) { return std::pow(10, x); },
           [](double x, double value) { return (2 + std::floor(std::fabs(2.97 * x))) * unit(value); }, -35, 35);
    within("__logf near 1", [] __device__(float x) { return __logf(x); }, [](double x) { return std::log(x); }, at_most(-21.41), 0.5, 2);
    within("__logf", [] __device__(float x) { return __logf(x); }, [](double x) { return std::log(x); }, units(3), 2, 1e30);
    within("__log2f near 1", [] __device__(float x) { return __log2f(x); }, [](double x) { return std::log2(x); }, at_most(-22), 0.5, 2);
    within("__log2f", [] __device__(float x) { return __log2f(x); }, [](double x) { return std::log2(x); }, units(2), 2, 1e30);
    within("__log10f", [] __device__(float x) { return __log10f(x); }, [](double x) { return std::log10(x); }, units(3), 2, 1e30);
    within("__sinf", [] __device__(float x) { return __sinf(x); }, [](double x) { return std::sin(x); }, at_most(-21.41), -3.14159, 3.14159);
    within("__cosf", [] __device__(float x) { return __cosf(x); }, [](double x) { return std::cos(x); }, at_most(-21.19), -3.14159, 3.14159);
    within("__fdividef", [] __device__(float x) { return __fdividef(7, x); }, [](double x) { return 7 / x; }, units(2), 3, 1000);
    within("__frsqrt_rn", [] __device__(float x) { return __frsqrt_rn(x); }, [](double x) { return 1 / std::sqrt(x); }, units(0), 1e-30, 1e30);
    within("__saturatef", [] __device__(float x) { return __saturatef(x); }, [](double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }, units(0), -2, 3);
    return check::status();
}
