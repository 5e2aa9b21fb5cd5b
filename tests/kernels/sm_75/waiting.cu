// Threads that wait for each other in loops: lanes of a warp, warps of a block, blocks of a grid, locks.
#include "../check.h"

/// One lane waits for another of its own warp.
__global__ void lanes(volatile int *flag, int *result) {
    if (threadIdx.x == 0) {
        while (flag[0] == 0)
            ;
        *result = flag[1];
    } else if (threadIdx.x == 1) {
        flag[1] = 77;
        __threadfence();
        flag[0] = 1;
    }
}

/// Warps hand a turn around.
__global__ void warps(int *order) {
    __shared__ volatile int turn;
    __shared__ int place;
    int warp = threadIdx.x / 32, count = blockDim.x / 32;
    if (threadIdx.x == 0) {
        turn = count - 1;
        place = 0;
    }
    __syncthreads();
    if (threadIdx.x % 32 == 0) {
        while (turn != warp)
            ;
        order[place++] = warp;
        __threadfence_block();
        turn = warp - 1;
    }
}

/// The first block waits for the last.
__global__ void blocks(volatile int *flag, int *result) {
    if (threadIdx.x != 0)
        return;
    if (blockIdx.x == 0) {
        while (*flag == 0)
            ;
        *result = *flag;
    } else if (blockIdx.x == gridDim.x - 1) {
        *flag = 5;
    }
}

/// A barrier of all blocks, of one counter, several times.
__global__ void barriers(int *counter, int *values, int *wrong, int rounds) {
    for (int round = 1; round <= rounds; round++) {
        if (threadIdx.x == 0) {
            values[blockIdx.x] = round;
            __threadfence();
            atomicAdd(counter, 1);
            while (*(volatile int *)counter < round * int(gridDim.x))
                ;
            __threadfence();
        }
        __syncthreads();
        int seen = ((volatile int *)values)[(blockIdx.x + 1) % gridDim.x];
        if (seen != round && seen != round + 1)
            atomicAdd(wrong, 1);
    }
}

/// Every lane takes the same lock: whoever has it must get on while its warp's others try.
__global__ void locked(int *lock, int *count) {
    for (int round = 0; round < 4; round++) {
        bool is_done = false;
        while (!is_done)
            if (atomicCAS(lock, 0, 1) == 0) {
                *(volatile int *)count = *(volatile int *)count + 1;
                __threadfence();
                atomicExch(lock, 0);
                is_done = true;
            }
    }
}

/// A lock with tickets, first come, first served.
__global__ void with_tickets(unsigned *lock, int *count) {
    if (threadIdx.x % 32 == 0) {
        unsigned ticket = atomicAdd(&lock[0], 1);
        while (*(volatile unsigned *)&lock[1] != ticket)
            __nanosleep(20);
        *(volatile int *)count = *(volatile int *)count + 1;
        __threadfence();
        atomicAdd(&lock[1], 1);
    }
}

int main() {
    check::Device<int> flags(2), result(1);
    lanes<<<1, 32>>>(flags, result);
    check::equal("lanes", result.read(), {77});

    check::Device<int> order(8);
    warps<<<1, 256>>>(order);
    check::equal("warps", order.read(), {7, 6, 5, 4, 3, 2, 1, 0});

    check::Device<int> flag(1);
    blocks<<<12, 32>>>(flag, result);
    check::equal("blocks", result.read(), {5});

    check::Device<int> counter(1), values(8), wrong(1);
    barriers<<<8, 64>>>(counter, values, wrong, 10);
    check::equal("barriers", wrong.read(), {0});

    check::Device<int> lock(1), count(1);
    locked<<<4, 64>>>(lock, count);
    check::equal("lock", count.read(), {4 * 64 * 4});

    check::Device<unsigned> tickets(2);
    check::Device<int> served(1);
    with_tickets<<<6, 128>>>(tickets, served);
    check::equal("tickets", served.read(), {24});
    return check::status();
}
