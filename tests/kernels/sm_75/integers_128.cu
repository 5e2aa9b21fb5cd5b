// Integers of 128 bits, which the compiler makes of carry chains and calls.
#include "../check.h"

typedef __int128 Signed;
typedef unsigned __int128 Unsigned;

#define TWO(what, T, expression)                                                                                       \
    {                                                                                                                  \
        auto a = check::integers<T>(2048, 1), b = check::integers<T>(2048, 2);                                         \
        for (T &value : b)                                                                                             \
            value = value == 0 || value == T(-1) ? 3 : value;                                                          \
        check::equal(what, check::map<T>([] __device__(T x, T y) -> T { return expression; }, a, b),                   \
                     check::on_host<T>([](T x, T y) -> T { return expression; }, a, b));                               \
    }

int main() {
    TWO("sum", Unsigned, x + y)
    TWO("difference", Unsigned, x - y)
    TWO("negation", Unsigned, -x ^ ~y)
    TWO("product", Unsigned, x * y)
    TWO("unsigned quotient", Unsigned, x / y)
    TWO("unsigned remainder", Unsigned, x % y)
    TWO("signed quotient", Signed, x / y)
    TWO("signed remainder", Signed, x % y)
    TWO("shift to the left", Unsigned, x << int(y & 127))
    TWO("shift to the right", Signed, x >> int(y & 127))
    TWO("comparisons", Signed, (x < y) | (x <= y) << 1 | (Unsigned(x) < Unsigned(y)) << 2)
    TWO("of a double", Signed, Signed(double((long long)x)) + (y != 0))
    return check::status();
}
