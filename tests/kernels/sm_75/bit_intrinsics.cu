// Intrinsics on bits against loops over the bits.
#include "../check.h"

typedef unsigned long long u64;

#define ONE(name, T, wanted)                                                                                           \
    {                                                                                                                  \
        auto values = check::integers<T>(2048);                                                                        \
        check::equal(#name, check::map<T>([] __device__(T x) -> T { return name(x); }, values),                        \
                     check::on_host<T>([](T x) -> T { return wanted; }, values));                                      \
    }

template <class T> int bit(T value, int at) {
    return int(value >> at & 1);
}

template <class T> T reversed(T value) {
    T result = 0;
    for (int at = 0; at < int(8 * sizeof(T)); at++)
        result |= T(bit(value, at)) << (8 * sizeof(T) - 1 - at);
    return result;
}

template <class T> int ones(T value) {
    int count = 0;
    for (int at = 0; at < int(8 * sizeof(T)); at++)
        count += bit(value, at);
    return count;
}

/// Zeros above the highest bit that is set.
template <class T> int leading(T value) {
    int count = 0;
    while (count < int(8 * sizeof(T)) && !bit(value, 8 * sizeof(T) - 1 - count))
        count++;
    return count;
}

/// The lowest bit that is set, counted from 1, or 0.
template <class T> int first(T value) {
    for (int at = 0; at < int(8 * sizeof(T)); at++)
        if (bit(value, at))
            return at + 1;
    return 0;
}

/// The n-th bit that is set from `base` on, upwards for n > 0 and downwards for n < 0; n = 0 asks whether the one there is.
static unsigned nth_set(unsigned mask, unsigned base, int n) {
    int step = n < 0 ? -1 : 1, left = n == 0 ? 1 : abs(n);
    for (int at = base; at >= 0 && at < 32; at += step) {
        left -= bit(mask, at);
        if (left == 0)
            return at;
        if (n == 0)
            break;
    }
    return 0xffffffff;
}

/// Bytes of the two words, chosen by the selector's nibbles.
static unsigned permuted(unsigned x, unsigned y, unsigned selector) {
    u64 both = u64(y) << 32 | x;
    unsigned result = 0;
    for (int byte = 0; byte < 4; byte++)
        result |= unsigned(both >> 8 * (selector >> 4 * byte & 7) & 0xff) << 8 * byte;
    return result;
}

int main() {
    ONE(__brev, unsigned, reversed(x))
    ONE(__brevll, u64, reversed(x))
    ONE(__popc, unsigned, ones(x))
    ONE(__popcll, u64, ones(x))
    ONE(__clz, unsigned, leading(x))
    ONE(__clzll, u64, leading(x))
    ONE(__ffs, unsigned, first(x))
    ONE(__ffsll, u64, first(x))

    auto a = check::integers<unsigned>(2048, 1), b = check::integers<unsigned>(2048, 2), c = check::integers<unsigned>(2048, 3);
    check::equal("__byte_perm", check::map<unsigned>([] __device__(unsigned x, unsigned y, unsigned s) { return __byte_perm(x, y, s & 0x7777); }, a, b, c),
                 check::on_host<unsigned>(permuted, a, b, c));
    check::equal("__funnelshift_l", check::map<unsigned>([] __device__(unsigned x, unsigned y, unsigned s) { return __funnelshift_l(x, y, s); }, a, b, c),
                 check::on_host<unsigned>([](unsigned x, unsigned y, unsigned s) -> unsigned { return ((u64(y) << 32 | x) << (s & 31)) >> 32; }, a, b, c));
    check::equal("__funnelshift_rc", check::map<unsigned>([] __device__(unsigned x, unsigned y, unsigned s) { return __funnelshift_rc(x, y, s); }, a, b, c),
                 check::on_host<unsigned>([](unsigned x, unsigned y, unsigned s) -> unsigned { return (u64(y) << 32 | x) >> std::min(s, 32u); }, a, b, c));
    std::vector<int> counts;
    for (unsigned value : c)
        counts.push_back(int(value % 41) - 20);
    check::equal("__fns", check::map<unsigned>([] __device__(unsigned x, unsigned y, int n) { return __fns(x, y & 31, n); }, a, b, counts),
                 check::on_host<unsigned>([](unsigned x, unsigned y, int n) { return nth_set(x, y & 31, n); }, a, b, counts));
    return check::status();
}
