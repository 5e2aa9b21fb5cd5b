// Cooperative groups: a block, its tiles of each size, and tiles of several warps.
#include <cooperative_groups.h>

#include "../check.h"

namespace groups = cooperative_groups;

struct Tile {
    int rank, size, index, count, next, turned, any, all;
    unsigned ballot, same;
};

template <int SIZE> __global__ void look(Tile *tiles) {
    auto block = groups::this_thread_block();
    auto tile = groups::tiled_partition<SIZE>(block);
    int thread = block.thread_rank();
    Tile &own = tiles[thread];
    own.rank = tile.thread_rank();
    own.size = tile.size();
    own.index = tile.meta_group_rank();
    own.count = tile.meta_group_size();
    own.next = tile.shfl_down(thread * 10, 1);
    own.turned = tile.shfl_xor(thread, SIZE - 1);
    own.any = tile.any(thread == 5);
    own.all = tile.all(thread < 64);
    own.ballot = tile.ballot(thread % 3 == 0);
    own.same = tile.match_any(thread % 2);
    tile.sync();
}

template <int SIZE> void check_size() {
    const int count = 128;
    check::Device<Tile> there(count);
    look<SIZE><<<1, count>>>(there);
    auto tiles = there.read();
    for (int thread = 0; thread < count; thread++) {
        const Tile &own = tiles[thread];
        int first = thread / SIZE * SIZE;
        unsigned ballot = 0, same = 0;
        for (int rank = 0; rank < SIZE; rank++) {
            ballot |= unsigned((first + rank) % 3 == 0) << rank;
            same |= unsigned((first + rank) % 2 == thread % 2) << rank;
        }
        check::equal("rank", own.rank, thread % SIZE, thread);
        check::equal("size", own.size, SIZE, thread);
        check::equal("index", own.index, thread / SIZE, thread);
        check::equal("count", own.count, count / SIZE, thread);
        check::equal("next", own.next, (thread % SIZE == SIZE - 1 ? thread : thread + 1) * 10, thread);
        check::equal("turned", own.turned, first + (SIZE - 1 - thread % SIZE), thread);
        check::equal("any", own.any != 0, thread / SIZE == 5 / SIZE, thread);
        check::equal("all", own.all != 0, first + SIZE <= 64, thread);
        check::equal("ballot", own.ballot, ballot, thread);
        check::equal("same", own.same, same, thread);
    }
}

/// Tiles of more than a warp talk through memory that the block gives them.
template <int SIZE> __global__ void several_warps(int *results) {
    __shared__ groups::block_tile_memory<256> memory;
    auto block = groups::this_thread_block(memory);
    auto tile = groups::tiled_partition<SIZE>(block);
    int thread = block.thread_rank();
    int from_third = tile.shfl(thread, 3);
    tile.sync();
    results[thread] = from_third * 10 + (tile.any(thread == 200) ? 1 : 0) + (tile.all(thread >= 128) ? 2 : 0);
}

template <int SIZE> void check_several_warps() {
    check::Device<int> results(256);
    several_warps<SIZE><<<1, 256>>>(results);
    std::vector<int> wanted;
    for (int thread = 0; thread < 256; thread++) {
        int first = thread / SIZE * SIZE;
        wanted.push_back((first + 3) * 10 + (first <= 200 && 200 < first + SIZE) + 2 * (first >= 128));
    }
    check::equal("several warps", results.read(), wanted);
}

/// What a block says of itself.
__global__ void block_of_three_dimensions(int *results) {
    auto block = groups::this_thread_block();
    int at = block.group_index().x * block.size() + block.thread_rank();
    dim3 thread = block.thread_index(), dim = block.dim_threads();
    results[at] = thread.x + 10 * thread.y + 100 * thread.z + 1000 * (dim.x + dim.y + dim.z);
    block.sync();
}

int main() {
    check_size<1>();
    check_size<2>();
    check_size<4>();
    check_size<8>();
    check_size<16>();
    check_size<32>();
    check_several_warps<64>();
    check_several_warps<128>();

    check::Device<int> results(2 * 2 * 3 * 4);
    block_of_three_dimensions<<<2, dim3(2, 3, 4)>>>(results);
    std::vector<int> wanted;
    for (int block = 0; block < 2; block++)
        for (int z = 0; z < 4; z++)
            for (int y = 0; y < 3; y++)
                for (int x = 0; x < 2; x++)
                    wanted.push_back(x + 10 * y + 100 * z + 9000);
    check::equal("three dimensions", results.read(), wanted);
    return check::status();
}
