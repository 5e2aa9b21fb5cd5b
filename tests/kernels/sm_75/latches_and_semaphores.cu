// Threads that wait for each other by the C++ library: cuda::barrier of a device and of a block, cuda::latch, cuda::counting_semaphore.
#include <cuda/barrier>
#include <cuda/latch>
#include <cuda/semaphore>

#include "../check.h"

const int BLOCKS = 4, THREADS = 64;

typedef cuda::latch<cuda::thread_scope_device> Latch;
typedef cuda::counting_semaphore<cuda::thread_scope_device, 3> Semaphore;
typedef cuda::barrier<cuda::thread_scope_device> Barrier;

__global__ void make(Latch *latch, Semaphore *semaphore, Barrier *barrier) {
    new (latch) Latch(BLOCKS);
    new (semaphore) Semaphore(3);
    new (barrier) Barrier(BLOCKS);
}

/// Each block's first thread waits for those of all blocks; then its value is there.
__global__ void by_latch(Latch *latch, int *values, int *sums) {
    if (threadIdx.x != 0)
        return;
    values[blockIdx.x] = blockIdx.x + 1;
    latch->arrive_and_wait();
    int sum = 0;
    for (int block = 0; block < BLOCKS; block++)
        sum += ((volatile int *)values)[block];
    sums[blockIdx.x] = sum;
}

/// At most three are inside at a time.
__global__ void by_semaphore(Semaphore *semaphore, int *inside, int *most) {
    if (threadIdx.x % 32 != 0)
        return;
    semaphore->acquire();
    atomicMax(most, atomicAdd(inside, 1) + 1);
    __nanosleep(100);
    atomicSub(inside, 1);
    semaphore->release();
}

__global__ void by_barrier(Barrier *barrier, int *values, int *wrong) {
    if (threadIdx.x != 0)
        return;
    for (int round = 1; round <= 5; round++) {
        values[blockIdx.x] = round;
        barrier->arrive_and_wait();
        if (((volatile int *)values)[(blockIdx.x + 1) % BLOCKS] != round)
            atomicAdd(wrong, 1);
        barrier->wait(barrier->arrive());
    }
}

int main() {
    check::Device<char> memory(sizeof(Latch) + sizeof(Semaphore) + sizeof(Barrier) + 192);
    char *at = memory;
    auto *latch = (Latch *)at;
    auto *semaphore = (Semaphore *)(at + 64);
    auto *barrier = (Barrier *)(at + 128);
    make<<<1, 1>>>(latch, semaphore, barrier);

    check::Device<int> values(BLOCKS), sums(BLOCKS), inside(1), most(1), wrong(1);
    by_latch<<<BLOCKS, THREADS>>>(latch, values, sums);
    check::equal("latch", sums.read(), std::vector<int>(BLOCKS, BLOCKS * (BLOCKS + 1) / 2));
    by_semaphore<<<BLOCKS, THREADS>>>(semaphore, inside, most);
    check::equal("all have left", inside.read(), {0});
    check::that("not more than three", most.read()[0] >= 1 && most.read()[0] <= 3);
    by_barrier<<<BLOCKS, THREADS>>>(barrier, values, wrong);
    check::equal("barrier", wrong.read(), {0});
    return check::status();
}
