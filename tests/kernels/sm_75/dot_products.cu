// Sums of products and of distances that are one instruction: __dp4a, __dp2a, __sad, averages.
#include "../check.h"

template <class Part> int part(unsigned word, int index) {
    return Part(word >> 8 * sizeof(Part) * index);
}

template <class Part> unsigned four(unsigned x, unsigned y, unsigned sum) {
    for (int index = 0; index < 4; index++)
        sum += part<Part>(x, index) * part<Part>(y, index);
    return sum;
}

/// Two halves by the lower or the upper two bytes.
template <class Half, class Byte> unsigned two(unsigned x, unsigned y, unsigned sum, int first) {
    for (int index = 0; index < 2; index++)
        sum += part<Half>(x, index) * part<Byte>(y, first + index);
    return sum;
}

#define THREE(name, T, wanted)                                                                                         \
    check::equal(#name, check::map<unsigned>([] __device__(unsigned x, unsigned y, unsigned z) -> unsigned { return name(T(x), T(y), T(z)); }, a, b, c), \
                 check::on_host<unsigned>([](unsigned x, unsigned y, unsigned z) -> unsigned { return wanted; }, a, b, c));

int main() {
    auto a = check::integers<unsigned>(4096, 1), b = check::integers<unsigned>(4096, 2), c = check::integers<unsigned>(4096, 3);
    THREE(__dp4a, int, four<int8_t>(x, y, z))
    THREE(__dp4a, unsigned, four<uint8_t>(x, y, z))
    THREE(__dp2a_lo, int, (two<int16_t, int8_t>(x, y, z, 0)))
    THREE(__dp2a_hi, int, (two<int16_t, int8_t>(x, y, z, 2)))
    THREE(__dp2a_lo, unsigned, (two<uint16_t, uint8_t>(x, y, z, 0)))
    THREE(__dp2a_hi, unsigned, (two<uint16_t, uint8_t>(x, y, z, 2)))
    THREE(__sad, int, unsigned(llabs((long long)int(x) - int(y))) + z)
    THREE(__usad, unsigned, std::max(x, y) - std::min(x, y) + z)

    auto rounded_up = check::map<int>([] __device__(unsigned x, unsigned y) { return __rhadd(int(x), int(y)); }, a, b);
    check::equal("__rhadd", rounded_up, check::on_host<int>([](unsigned x, unsigned y) -> int { return ((long long)int(x) + int(y) + 1) >> 1; }, a, b));
    auto down = check::map<unsigned>([] __device__(unsigned x, unsigned y) { return __uhadd(x, y); }, a, b);
    check::equal("__uhadd", down, check::on_host<unsigned>([](unsigned x, unsigned y) -> unsigned { return ((unsigned long long)x + y) >> 1; }, a, b));
    return check::status();
}
