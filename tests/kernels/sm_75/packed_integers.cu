// Intrinsics on two halves or four bytes of a word ("SIMD intrinsics" of the math library) against loops over the parts.
#include <climits>

#include "../check.h"

/// One part of a word, as the signed or unsigned number that it is.
template <class Part> int part(unsigned word, int index) {
    return Part(word >> 8 * sizeof(Part) * index);
}

/// A word of what `function` gives for each part.
template <class Part, class Function> unsigned each(unsigned x, unsigned y, Function function) {
    unsigned result = 0;
    for (int index = 0; index < int(4 / sizeof(Part)); index++) {
        unsigned mask = (1u << 8 * sizeof(Part)) - 1;
        result |= (unsigned(function(part<Part>(x, index), part<Part>(y, index))) & mask) << 8 * sizeof(Part) * index;
    }
    return result;
}

template <class Part, class Function> unsigned sum_of_each(unsigned x, unsigned y, Function function) {
    unsigned sum = 0;
    for (int index = 0; index < int(4 / sizeof(Part)); index++)
        sum += function(part<Part>(x, index), part<Part>(y, index));
    return sum;
}

template <class Part> int saturated(int value) {
    const int lowest = Part(-1) < 0 ? -(1 << (8 * sizeof(Part) - 1)) : 0;
    const int highest = lowest + (1 << 8 * sizeof(Part)) - 1;
    return std::max(lowest, std::min(highest, value));
}

#define PARTS(name, over, Part, expression)                                                                            \
    check::equal(#name, check::map<unsigned>([] __device__(unsigned x, unsigned y) -> unsigned { return name(x, y); }, a, b), \
                 check::on_host<unsigned>([](unsigned x, unsigned y) { return over<Part>(x, y, [](int p, int q) -> int { return expression; }); }, a, b));

static std::vector<unsigned> a, b;

static void arithmetic() {
    PARTS(__vadd2, each, int16_t, p + q)
    PARTS(__vadd4, each, int8_t, p + q)
    PARTS(__vsub2, each, int16_t, p - q)
    PARTS(__vsub4, each, int8_t, p - q)
    PARTS(__vaddss2, each, int16_t, saturated<int16_t>(p + q))
    PARTS(__vaddss4, each, int8_t, saturated<int8_t>(p + q))
    PARTS(__vaddus2, each, uint16_t, saturated<uint16_t>(p + q))
    PARTS(__vaddus4, each, uint8_t, saturated<uint8_t>(p + q))
    PARTS(__vsubss2, each, int16_t, saturated<int16_t>(p - q))
    PARTS(__vsubss4, each, int8_t, saturated<int8_t>(p - q))
    PARTS(__vsubus2, each, uint16_t, saturated<uint16_t>(p - q))
    PARTS(__vsubus4, each, uint8_t, saturated<uint8_t>(p - q))
}

static void middles_and_distances() {
    PARTS(__vavgs2, each, int16_t, (p + q + (p + q >= 0)) >> 1)
    PARTS(__vavgs4, each, int8_t, (p + q + (p + q >= 0)) >> 1)
    PARTS(__vavgu2, each, uint16_t, (p + q + 1) >> 1)
    PARTS(__vavgu4, each, uint8_t, (p + q + 1) >> 1)
    PARTS(__vhaddu2, each, uint16_t, (p + q) >> 1)
    PARTS(__vhaddu4, each, uint8_t, (p + q) >> 1)
    PARTS(__vabsdiffs2, each, int16_t, abs(p - q))
    PARTS(__vabsdiffs4, each, int8_t, abs(p - q))
    PARTS(__vabsdiffu2, each, uint16_t, abs(p - q))
    PARTS(__vabsdiffu4, each, uint8_t, abs(p - q))
    PARTS(__vsads2, sum_of_each, int16_t, abs(p - q))
    PARTS(__vsads4, sum_of_each, int8_t, abs(p - q))
    PARTS(__vsadu2, sum_of_each, uint16_t, abs(p - q))
    PARTS(__vsadu4, sum_of_each, uint8_t, abs(p - q))
    PARTS(__vmaxs2, each, int16_t, std::max(p, q))
    PARTS(__vmaxs4, each, int8_t, std::max(p, q))
    PARTS(__vmaxu2, each, uint16_t, std::max(p, q))
    PARTS(__vmaxu4, each, uint8_t, std::max(p, q))
    PARTS(__vmins2, each, int16_t, std::min(p, q))
    PARTS(__vmins4, each, int8_t, std::min(p, q))
    PARTS(__vminu2, each, uint16_t, std::min(p, q))
    PARTS(__vminu4, each, uint8_t, std::min(p, q))
}

/// `__vcmp` gives parts of ones, `__vset` parts of 1.
static void comparisons() {
    PARTS(__vcmpeq2, each, uint16_t, p == q ? -1 : 0)
    PARTS(__vcmpeq4, each, uint8_t, p == q ? -1 : 0)
    PARTS(__vcmpne4, each, uint8_t, p != q ? -1 : 0)
    PARTS(__vcmpgts2, each, int16_t, p > q ? -1 : 0)
    PARTS(__vcmpgts4, each, int8_t, p > q ? -1 : 0)
    PARTS(__vcmpgtu4, each, uint8_t, p > q ? -1 : 0)
    PARTS(__vcmpges4, each, int8_t, p >= q ? -1 : 0)
    PARTS(__vcmpltu2, each, uint16_t, p < q ? -1 : 0)
    PARTS(__vcmples4, each, int8_t, p <= q ? -1 : 0)
    PARTS(__vseteq4, each, uint8_t, p == q)
    PARTS(__vsetgts2, each, int16_t, p > q)
    PARTS(__vsetltu4, each, uint8_t, p < q)
    PARTS(__vsetges2, each, int16_t, p >= q)
}

static void of_one_word() {
    auto one = [](const char *name, auto function, auto wanted) {
        check::equal(name, check::map<unsigned>(function, a), check::on_host<unsigned>(wanted, a));
    };
    one("__vabs4", [] __device__(unsigned x) { return __vabs4(x); },
        [](unsigned x) { return each<int8_t>(x, 0, [](int p, int) { return abs(p); }); });
    one("__vabsss2", [] __device__(unsigned x) { return __vabsss2(x); },
        [](unsigned x) { return each<int16_t>(x, 0, [](int p, int) { return saturated<int16_t>(abs(p)); }); });
    one("__vneg2", [] __device__(unsigned x) { return __vneg2(x); },
        [](unsigned x) { return each<int16_t>(x, 0, [](int p, int) { return -p; }); });
    one("__vnegss4", [] __device__(unsigned x) { return __vnegss4(x); },
        [](unsigned x) { return each<int8_t>(x, 0, [](int p, int) { return saturated<int8_t>(-p); }); });
}

int main() {
    a = check::integers<unsigned>(4096, 1);
    b = check::integers<unsigned>(4096, 2);
    arithmetic();
    middles_and_distances();
    comparisons();
    of_one_word();
    return check::status();
}
