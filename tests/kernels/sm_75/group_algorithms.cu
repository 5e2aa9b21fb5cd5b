// Reductions and scans of cooperative groups, over tiles of a warp, of several, and over types of several words.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>

#include "../check.h"

namespace groups = cooperative_groups;

struct Sums {
    int sum, least, most, ands, xors, before, up_to, most_so_far;
    double doubles;
    long long longs;
};

template <int SIZE> __global__ void reduce(const int *values, Sums *sums) {
    __shared__ groups::block_tile_memory<128> memory;
    auto block = groups::this_thread_block(memory);
    auto tile = groups::tiled_partition<SIZE>(block);
    int thread = block.thread_rank(), value = values[thread];
    Sums &own = sums[thread];
    own.sum = groups::reduce(tile, value, groups::plus<int>());
    own.least = groups::reduce(tile, value, groups::less<int>());
    own.most = groups::reduce(tile, value, groups::greater<int>());
    own.ands = groups::reduce(tile, value, groups::bit_and<int>());
    own.xors = groups::reduce(tile, value, groups::bit_xor<int>());
    own.before = groups::exclusive_scan(tile, value);
    own.up_to = groups::inclusive_scan(tile, value, groups::plus<int>());
    own.most_so_far = groups::inclusive_scan(tile, value, groups::greater<int>());
    own.doubles = groups::reduce(tile, value * 0.5, groups::plus<double>());
    own.longs = groups::reduce(tile, (long long)value << 40, [](long long x, long long y) { return x > y ? x : y; });
}

template <int SIZE> void check_size(const std::vector<int> &values) {
    check::Device<Sums> there(values.size());
    reduce<SIZE><<<1, values.size()>>>(check::Device<int>(values), there);
    auto sums = there.read();
    for (size_t thread = 0; thread < values.size(); thread++) {
        size_t first = thread / SIZE * SIZE;
        Sums wanted{0, 1 << 30, -(1 << 30), -1, 0, 0, 0, -(1 << 30), 0, 0};
        for (size_t other = first; other < first + SIZE; other++) {
            int value = values[other];
            wanted.sum += value;
            wanted.least = std::min(wanted.least, value);
            wanted.most = std::max(wanted.most, value);
            wanted.ands &= value;
            wanted.xors ^= value;
            wanted.before += other < thread ? value : 0;
            wanted.up_to += other <= thread ? value : 0;
            if (other <= thread)
                wanted.most_so_far = std::max(wanted.most_so_far, value);
        }
        const Sums &own = sums[thread];
        check::equal("sum", own.sum, wanted.sum, thread);
        check::equal("least", own.least, wanted.least, thread);
        check::equal("most", own.most, wanted.most, thread);
        check::equal("and", own.ands, wanted.ands, thread);
        check::equal("xor", own.xors, wanted.xors, thread);
        check::equal("before", own.before, wanted.before, thread);
        check::equal("up to", own.up_to, wanted.up_to, thread);
        check::equal("most so far", own.most_so_far, wanted.most_so_far, thread);
        check::equal("of doubles", own.doubles, wanted.sum * 0.5, thread);
        check::equal("of longs", own.longs, (long long)wanted.most << 40, thread);
    }
}

int main() {
    check::Random random;
    std::vector<int> values;
    for (int index = 0; index < 128; index++)
        values.push_back(int(random.below(2000)) - 1000);
    check_size<4>(values);
    check_size<16>(values);
    check_size<32>(values);
    check_size<64>(values);
    check_size<128>(values);
    return check::status();
}
