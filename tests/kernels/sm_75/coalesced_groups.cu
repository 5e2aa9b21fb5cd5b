// Cooperative groups of the lanes that happen to be together: coalesced, labelled and binary ones, and atomics that they share.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>

#include "../check.h"

namespace groups = cooperative_groups;

__global__ void coalesced(int *results) {
    int lane = threadIdx.x;
    results[lane] = -1;
    if (lane % 3 == 1) {
        auto group = groups::coalesced_threads();
        int third = group.shfl(lane, 2);
        results[lane] = group.thread_rank() + 100 * group.size() + 10000 * third + 1000000 * group.any(lane == 4);
    }
}

/// A group in a group.
__global__ void halved(int *results) {
    int lane = threadIdx.x;
    if (lane % 2) {
        auto odd = groups::coalesced_threads();
        if (odd.thread_rank() < 5) {
            auto few = groups::coalesced_threads();
            results[lane] = few.size() * 100 + few.thread_rank();
        } else {
            auto many = groups::tiled_partition(groups::coalesced_threads(), 4);
            results[lane] = 10000 + many.size() * 100 + many.thread_rank();
        }
    }
}

__global__ void labelled(int *results) {
    auto tile = groups::tiled_partition<32>(groups::this_thread_block());
    int lane = tile.thread_rank();
    auto group = groups::labeled_partition(tile, lane % 5);
    auto half = groups::binary_partition(tile, lane % 3 == 0);
    results[2 * lane] = group.size() * 1000 + groups::reduce(group, lane, groups::plus<int>());
    results[2 * lane + 1] = half.size() * 1000 + groups::reduce(half, lane, groups::greater<int>());
}

/// Lanes that pass share one atomic, and each gets a place of its own.
__global__ void filtered(const int *values, int count, int *places, int *kept) {
    int index = blockIdx.x * blockDim.x + threadIdx.x;
    if (index < count && values[index] % 7 == 0) {
        auto group = groups::coalesced_threads();
        int first = 0;
        if (group.thread_rank() == 0)
            first = atomicAdd(places, int(group.size()));
        kept[group.shfl(first, 0) + group.thread_rank()] = values[index];
    }
}

int main() {
    check::Device<int> results(64);
    std::vector<int> wanted(64);
    coalesced<<<1, 32>>>(results);
    for (int lane = 0; lane < 32; lane++)
        wanted[lane] = lane % 3 == 1 ? lane / 3 + 100 * 11 + 10000 * 7 + 1000000 : -1;
    auto seen = results.read();
    seen.resize(32);
    wanted.resize(32);
    check::equal("coalesced", seen, wanted);

    check::Device<int> halves(32);
    halved<<<1, 32>>>(halves);
    for (int lane = 0; lane < 32; lane++) {
        int rank = lane / 2, among_many = rank - 5;
        wanted[lane] = lane % 2 == 0 ? 0 : rank < 5 ? 500 + rank : 10000 + std::min(4, 11 - among_many / 4 * 4) * 100 + among_many % 4;
    }
    check::equal("groups of groups", halves.read(), wanted);

    labelled<<<1, 32>>>(results);
    wanted.clear();
    for (int lane = 0; lane < 32; lane++) {
        int size = 0, sum = 0, half_size = 0, half_most = 0;
        for (int other = 0; other < 32; other++) {
            if (other % 5 == lane % 5) {
                size++;
                sum += other;
            }
            if ((other % 3 == 0) == (lane % 3 == 0)) {
                half_size++;
                half_most = other;
            }
        }
        wanted.push_back(size * 1000 + sum);
        wanted.push_back(half_size * 1000 + half_most);
    }
    check::equal("labelled", results.read(), wanted);

    std::vector<int> values, passed;
    check::Random random;
    for (int index = 0; index < 1000; index++)
        values.push_back(random.below(10000));
    std::copy_if(values.begin(), values.end(), std::back_inserter(passed), [](int value) { return value % 7 == 0; });
    check::Device<int> places(1), kept(passed.size());
    filtered<<<8, 128>>>(check::Device<int>(values), values.size(), places, kept);
    auto found = kept.read();
    std::sort(found.begin(), found.end());
    std::sort(passed.begin(), passed.end());
    check::equal("how many pass", places.read(), {int(passed.size())});
    check::equal("those that pass", found, passed);
    return check::status();
}
