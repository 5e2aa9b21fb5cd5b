// Integers of 64 bits: division has no instruction of its own on a GPU, products of 128 bits and shifts do.
#include "../check.h"

#define TWO(what, T, expression)                                                                                       \
    {                                                                                                                  \
        auto a = check::integers<T>(4096, 1), b = check::integers<T>(4096, 2);                                         \
        for (T &value : b)                                                                                             \
            value = value ? value : 3;                                                                                 \
        /* The one quotient that there is not. */                                                                      \
        for (size_t index = 0; index < a.size(); index++)                                                              \
            a[index] = T(-1) < T(0) && b[index] == T(-1) ? a[index] / 2 : a[index];                                    \
        check::equal(what, check::map<T>([] __device__(T x, T y) -> T { return expression; }, a, b),                   \
                     check::on_host<T>([](T x, T y) -> T { return expression; }, a, b));                               \
    }

typedef long long Signed;
typedef unsigned long long Unsigned;

static void division() {
    TWO("signed quotient", Signed, x / y)
    TWO("signed remainder", Signed, x % y)
    TWO("unsigned quotient", Unsigned, x / y)
    TWO("unsigned remainder", Unsigned, x % y)
    TWO("quotient of 32 bits", int, x / y)
    TWO("unsigned remainder of 32 bits", unsigned, x % y)
    TWO("remainder of 16 bits", short, x % y)
    TWO("by a constant", Signed, x / 1000003 + y % 10)
    TWO("unsigned by a constant", Unsigned, x / 7 + y % 1000000007)
}

static void products_and_shifts() {
    TWO("product", Unsigned, x * y)
    TWO("product of halves", Signed, Signed(int(x)) * int(y))
    TWO("shift to the left", Unsigned, x << (y & 63))
    TWO("shift to the right", Signed, x >> (y & 63))
    TWO("unsigned shift to the right", Unsigned, x >> (y & 63))
    TWO("comparisons", Signed, (x < y) | (x <= y) << 1 | (Unsigned(x) < Unsigned(y)) << 2 | (x == y) << 3)
    TWO("smaller one", Signed, x < y ? x : y)
}

static void upper_halves() {
    auto a = check::integers<Unsigned>(4096, 3), b = check::integers<Unsigned>(4096, 4);
    check::equal("__umul64hi", check::map<Unsigned>([] __device__(Unsigned x, Unsigned y) { return __umul64hi(x, y); }, a, b),
                 check::on_host<Unsigned>([](Unsigned x, Unsigned y) -> Unsigned { return (unsigned __int128)x * y >> 64; }, a, b));
    check::equal("__mul64hi", check::map<Signed>([] __device__(Unsigned x, Unsigned y) { return __mul64hi(x, y); }, a, b),
                 check::on_host<Signed>([](Unsigned x, Unsigned y) -> Signed { return (__int128)Signed(x) * Signed(y) >> 64; }, a, b));
    check::equal("__umulhi", check::map<unsigned>([] __device__(Unsigned x, Unsigned y) { return __umulhi(x, y); }, a, b),
                 check::on_host<unsigned>([](Unsigned x, Unsigned y) -> unsigned { return Unsigned(unsigned(x)) * unsigned(y) >> 32; }, a, b));
    check::equal("__mul24", check::map<int>([] __device__(Unsigned x, Unsigned y) { return __mul24(x, y); }, a, b),
                 check::on_host<int>([](Unsigned x, Unsigned y) -> int { return unsigned(int(x << 8) >> 8) * unsigned(int(y << 8) >> 8); }, a, b));
}

int main() {
    division();
    products_and_shifts();
    upper_halves();
    return check::status();
}
