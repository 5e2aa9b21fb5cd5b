// __reduce_*_sync: sums, extremes and logic of a warp's lanes, for each mask.
#include "../check.h"

struct Reduced {
    unsigned sum, least, most, ands, ors, xors;
    int signed_sum, signed_least, signed_most;
};

__global__ void reduce(const unsigned *values, unsigned mask, Reduced *results) {
    int lane = threadIdx.x;
    if (!(mask >> lane & 1))
        return;
    unsigned value = values[lane];
    Reduced &own = results[lane];
    own.sum = __reduce_add_sync(mask, value);
    own.least = __reduce_min_sync(mask, value);
    own.most = __reduce_max_sync(mask, value);
    own.ands = __reduce_and_sync(mask, value);
    own.ors = __reduce_or_sync(mask, value);
    own.xors = __reduce_xor_sync(mask, value);
    own.signed_sum = __reduce_add_sync(mask, int(value));
    own.signed_least = __reduce_min_sync(mask, int(value));
    own.signed_most = __reduce_max_sync(mask, int(value));
}

int main() {
    auto values = check::integers<unsigned>(32, 5);
    for (unsigned mask : {0xffffffffu, 0x1u, 0xf0f0f0f0u, 0x80000001u}) {
        check::Device<Reduced> there(32);
        reduce<<<1, 32>>>(check::Device<unsigned>(values), mask, there);
        Reduced wanted{0, ~0u, 0, ~0u, 0, 0, 0, 0x7fffffff, int(0x80000000)};
        for (int lane = 0; lane < 32; lane++) {
            if (!(mask >> lane & 1))
                continue;
            unsigned value = values[lane];
            wanted.sum += value;
            wanted.least = std::min(wanted.least, value);
            wanted.most = std::max(wanted.most, value);
            wanted.ands &= value;
            wanted.ors |= value;
            wanted.xors ^= value;
            wanted.signed_least = std::min(wanted.signed_least, int(value));
            wanted.signed_most = std::max(wanted.signed_most, int(value));
        }
        auto seen = there.read();
        for (int lane = 0; lane < 32; lane++) {
            if (!(mask >> lane & 1))
                continue;
            const Reduced &own = seen[lane];
            check::equal("sum", own.sum, wanted.sum, lane);
            check::equal("least", own.least, wanted.least, lane);
            check::equal("most", own.most, wanted.most, lane);
            check::equal("and", own.ands, wanted.ands, lane);
            check::equal("or", own.ors, wanted.ors, lane);
            check::equal("xor", own.xors, wanted.xors, lane);
            check::equal("signed sum", own.signed_sum, int(wanted.sum), lane);
            check::equal("signed least", own.signed_least, wanted.signed_least, lane);
            check::equal("signed most", own.signed_most, wanted.signed_most, lane);
        }
    }
    return check::status();
}
