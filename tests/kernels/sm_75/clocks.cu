// Clocks of the device: they run forward, a sleep takes its time, and all threads see one global time.
#include "../check.h"

__device__ unsigned long long global_nanoseconds() {
    unsigned long long time;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(time));
    return time;
}

__global__ void read(long long *clocks, unsigned long long *times, int rounds) {
    long long cycles = clock64();
    unsigned low = clock();
    unsigned long long time = global_nanoseconds();
    int backwards = 0;
    for (int round = 0; round < rounds; round++) {
        long long next = clock64();
        unsigned long long next_time = global_nanoseconds();
        backwards += next < cycles || next_time < time;
        cycles = next;
        time = next_time;
    }
    clocks[2 * threadIdx.x] = backwards;
    // The short clock is the lower half of the long one, which went on meanwhile.
    clocks[2 * threadIdx.x + 1] = unsigned(clock64()) - low;
    times[threadIdx.x] = time;
}

__global__ void sleep(unsigned long long *slept) {
    unsigned long long begun = global_nanoseconds();
    for (int round = 0; round < 100; round++)
        __nanosleep(50000);
    *slept = global_nanoseconds() - begun;
}

int main() {
    check::Device<long long> clocks(128);
    check::Device<unsigned long long> times(64), slept(1);
    read<<<1, 64>>>(clocks, times, 100);
    auto seen = clocks.read();
    auto at = times.read();
    for (int thread = 0; thread < 64; thread++) {
        check::equal("times that went backwards", seen[2 * thread], 0ll, thread);
        check::that("clock and clock64 are one", seen[2 * thread + 1] > 0 && seen[2 * thread + 1] < 1ll << 31);
    }
    check::that("one global time", *std::max_element(at.begin(), at.end()) - *std::min_element(at.begin(), at.end()) < 10000000000ull);

    // The duration of a sleep is between nothing and twice what it is asked for; a busy machine adds to it.
    sleep<<<1, 1>>>(slept);
    check::that("sleeps end", slept.read()[0] < 10000000000ull);
    return check::status();
}
