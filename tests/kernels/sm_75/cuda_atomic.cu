// The C++ library's atomics on the device: cuda::atomic and cuda::atomic_ref, of each size and scope, with waits and notifications.
#include <cuda/atomic>

#include "../check.h"

const int THREADS = 128, BLOCKS = 4, ALL = THREADS * BLOCKS;

template <class T, cuda::thread_scope SCOPE> __global__ void combine(cuda::atomic<T, SCOPE> *values, int *winners) {
    T own = T(blockIdx.x * blockDim.x + threadIdx.x);
    values[0].fetch_add(1, cuda::memory_order_relaxed);
    values[1].fetch_max(own);
    values[2].fetch_xor(own);
    values[3].fetch_or(T(1) << (own % 7));
    T seen = values[4].load(cuda::memory_order_acquire);
    while (!values[4].compare_exchange_weak(seen, T(seen + 3)))
        ;
    T expected = 0;
    if (values[5].compare_exchange_strong(expected, 9))
        atomicAdd(winners, 1);
    else if (expected != 9)
        atomicAdd(winners, 1000);
    ++values[6];
    values[6] -= 2;
}

template <class T, cuda::thread_scope SCOPE> __global__ void take(const cuda::atomic<T, SCOPE> *values, T *results) {
    results[threadIdx.x] = values[threadIdx.x];
}

template <class T, cuda::thread_scope SCOPE> void check_type(const char *name) {
    // Small ones may take more room than their values.
    typedef cuda::atomic<T, SCOPE> Atomic;
    check::Device<char> there(7 * sizeof(Atomic));
    check::Device<T> results(7);
    check::Device<int> winners(1);
    combine<<<BLOCKS, THREADS>>>((Atomic *)(char *)there, winners);
    take<<<1, 7>>>((const Atomic *)(char *)there, (T *)results);
    T most = 0, xored = 0;
    for (int own = 0; own < ALL; own++) {
        most = std::max(most, T(own));
        xored ^= T(own);
    }
    check::equal(name, results.read(), {T(ALL), most, xored, T(0x7f), T(3 * ALL), T(9), T(-ALL)});
    check::equal(name, winners.read(), {1});
}

__global__ void sums(float *single, double *twice) {
    cuda::atomic_ref<float, cuda::thread_scope_device>(*single).fetch_add(0.5f);
    cuda::atomic_ref<double, cuda::thread_scope_system> sum(*twice);
    sum.fetch_sub(0.25);
}

/// One block's message to another: what was written before a release is seen behind an acquire.
__global__ void message(int *data, cuda::atomic<int, cuda::thread_scope_device> *flag, int *received) {
    if (blockIdx.x == 1 && threadIdx.x == 0) {
        data[0] = 42;
        data[1] = 43;
        flag->store(1, cuda::memory_order_release);
        flag->notify_all();
    }
    if (blockIdx.x == 0 && threadIdx.x == 0) {
        flag->wait(0, cuda::memory_order_acquire);
        received[0] = data[0] * 100 + data[1];
    }
}

__global__ void fences(volatile int *values, int *both_missed) {
    int other = 1 - threadIdx.x / 32;
    if (threadIdx.x % 32 == 0) {
        values[1 - other] = 1;
        cuda::atomic_thread_fence(cuda::memory_order_seq_cst, cuda::thread_scope_block);
        if (values[other] == 0)
            atomicAdd(both_missed, 1);
    }
}

int main() {
    check_type<int, cuda::thread_scope_device>("int, device");
    check_type<unsigned, cuda::thread_scope_system>("unsigned, system");
    check_type<long long, cuda::thread_scope_device>("long long, device");
    check_type<unsigned long long, cuda::thread_scope_system>("unsigned long long, system");
    check_type<short, cuda::thread_scope_device>("short, device");
    check_type<unsigned char, cuda::thread_scope_device>("unsigned char, device");

    check::Device<float> single(1);
    check::Device<double> twice(1);
    sums<<<BLOCKS, THREADS>>>(single, twice);
    check::equal("float", single.read(), {0.5f * ALL});
    check::equal("double", twice.read(), {-0.25 * ALL});

    check::Device<int> data(2), flag(1), received(1);
    message<<<2, 32>>>(data, (cuda::atomic<int, cuda::thread_scope_device> *)(int *)flag, received);
    check::equal("message", received.read(), {4243});

    check::Device<int> values(2), both_missed(1);
    fences<<<1, 64>>>(values, both_missed);
    check::that("one sees the other", both_missed.read()[0] <= 1);
    return check::status();
}
