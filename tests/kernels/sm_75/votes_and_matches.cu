// What a warp's lanes, or a block's threads, know of each other: votes, matches, who is active, barriers that count.
#include "../check.h"

struct Seen {
    int all, any;
    unsigned ballot, active, same, same_64;
    unsigned all_same;
    int is_all_same;
};

__global__ void look(const int *values, unsigned mask, Seen *seen) {
    int lane = threadIdx.x % 32;
    if (!(mask >> lane & 1))
        return;
    int value = values[threadIdx.x];
    Seen &own = seen[threadIdx.x];
    own.all = __all_sync(mask, value > 0);
    own.any = __any_sync(mask, value > 8);
    own.ballot = __ballot_sync(mask, value % 3 == 1);
    own.same = __match_any_sync(mask, value);
    own.same_64 = __match_any_sync(mask, (long long)value << 32);
    own.all_same = __match_all_sync(mask, value / 100, &own.is_all_same);
    __syncwarp(mask);
}

/// Who takes a branch.
__global__ void branches(unsigned *results) {
    int lane = threadIdx.x;
    if (lane % 4 == 2) {
        results[lane] = __activemask();
        __syncwarp(0x44444444);
    } else {
        results[lane] = __activemask();
    }
}

__global__ void count(int *results) {
    int index = threadIdx.x;
    results[4 * index] = __syncthreads_count(index % 7 == 0);
    results[4 * index + 1] = __syncthreads_and(index < 500);
    results[4 * index + 2] = __syncthreads_or(index == 99) != 0;
    results[4 * index + 3] = __syncthreads_or(index == 300) != 0;
}

static Seen wanted_of(const std::vector<int> &values, unsigned mask, int thread) {
    Seen wanted{1, 0, 0, 0, 0, 0, mask, 1};
    for (int lane = 0; lane < 32; lane++) {
        if (!(mask >> lane & 1))
            continue;
        int value = values[thread / 32 * 32 + lane];
        wanted.all &= value > 0;
        wanted.any |= value > 8;
        wanted.ballot |= unsigned(value % 3 == 1) << lane;
        wanted.same |= unsigned(value == values[thread]) << lane;
        wanted.is_all_same &= value / 100 == values[thread] / 100;
    }
    wanted.same_64 = wanted.same;
    if (!wanted.is_all_same)
        wanted.all_same = 0;
    return wanted;
}

int main() {
    check::Random random;
    for (unsigned mask : {0xffffffffu, 0x0000ffffu, 0x80000001u, 0x55555555u, 0x00000100u}) {
        std::vector<int> values;
        for (int thread = 0; thread < 64; thread++)
            values.push_back(thread < 32 ? int(random.below(12)) : 1 + thread / 50);
        check::Device<Seen> there(64);
        look<<<1, 64>>>(check::Device<int>(values), mask, there);
        auto seen = there.read();
        for (int thread = 0; thread < 64; thread++) {
            if (!(mask >> thread % 32 & 1))
                continue;
            Seen wanted = wanted_of(values, mask, thread);
            check::equal("all", seen[thread].all, wanted.all, thread);
            check::equal("any", seen[thread].any, wanted.any, thread);
            check::equal("ballot", seen[thread].ballot, wanted.ballot, thread);
            check::equal("same", seen[thread].same, wanted.same, thread);
            check::equal("same of 64 bits", seen[thread].same_64, wanted.same_64, thread);
            check::equal("all are the same", seen[thread].is_all_same, wanted.is_all_same, thread);
            check::equal("who are the same", seen[thread].all_same, wanted.all_same, thread);
        }
    }

    check::Device<unsigned> active(32);
    branches<<<1, 32>>>(active);
    auto masks = active.read();
    // Which of a branch's lanes are active together is not promised; none of the other's is among them.
    for (int lane = 0; lane < 32; lane++) {
        unsigned branch = lane % 4 == 2 ? 0x44444444 : ~0x44444444u;
        check::equal("active besides the branch", masks[lane] & ~branch, 0u, lane);
        check::equal("active itself", masks[lane] >> lane & 1, 1u, lane);
    }

    check::Device<int> counts(4 * 256);
    count<<<1, 256>>>(counts);
    std::vector<int> wanted;
    for (int thread = 0; thread < 256; thread++)
        wanted.insert(wanted.end(), {37, 1, 1, 0});
    check::equal("counts of a block", counts.read(), wanted);
    return check::status();
}
