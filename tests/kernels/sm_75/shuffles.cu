// Values from other lanes of a warp: each kind of shuffle, with each width, for types of one, two and four words.
#include <cuda_fp16.h>

#include "../check.h"

enum Kind { INDEXED, UP, DOWN, XOR };

/// Which lane a lane gets its value from; its own where there is none in its part of the warp.
static int source(Kind kind, int lane, int by, int width) {
    int base = lane / width * width, own = lane % width;
    switch (kind) {
    case INDEXED:
        return base + by % width;
    case UP:
        return own - by >= 0 ? lane - by : lane;
    case DOWN:
        return own + by < width ? lane + by : lane;
    default:
        // Lower parts may be read, higher ones not.
        return (lane ^ by) < base + width ? lane ^ by : lane;
    }
}

template <class T> __global__ void shuffle(const T *values, T *results, int kind, int by, int width) {
    T value = values[threadIdx.x];
    switch (kind) {
    case INDEXED:
        value = __shfl_sync(0xffffffff, value, by, width);
        break;
    case UP:
        value = __shfl_up_sync(0xffffffff, value, by, width);
        break;
    case DOWN:
        value = __shfl_down_sync(0xffffffff, value, by, width);
        break;
    default:
        value = __shfl_xor_sync(0xffffffff, value, by, width);
    }
    results[threadIdx.x] = value;
}

template <class T> void check_type(const char *name) {
    std::vector<T> values;
    for (int lane = 0; lane < 64; lane++)
        values.push_back(T(lane * 1000003.25 - 7));
    check::Device<T> there(values), results(64);
    for (int kind = INDEXED; kind <= XOR; kind++)
        for (int width = 2; width <= 32; width *= 2)
            for (int by : {0, 1, 3, 15, 31}) {
                shuffle<T><<<1, 64>>>(there, results, kind, by, width);
                std::vector<T> wanted;
                for (int lane = 0; lane < 64; lane++)
                    wanted.push_back(values[lane / 32 * 32 + source(Kind(kind), lane % 32, by, width)]);
                check::equal(name, results.read(), wanted);
            }
}

/// Lanes in two branches shuffle among themselves, at the same time and with masks of their own.
__global__ void diverged(int *results) {
    int lane = threadIdx.x;
    results[lane] = lane & 1 ? __shfl_xor_sync(0xaaaaaaaa, lane, 2) : __shfl_xor_sync(0x55555555, lane * 100, 4);
}

/// Each lane names the lane that it reads: a permutation.
__global__ void permuted(int *results) {
    int lane = threadIdx.x;
    results[lane] = __shfl_sync(0xffffffff, lane * lane, lane * 5 + 3);
}

__global__ void halves(__half2 *values) {
    values[threadIdx.x] = __shfl_down_sync(0xffffffff, values[threadIdx.x], 4);
}

int main() {
    check_type<int>("int");
    check_type<unsigned>("unsigned");
    check_type<float>("float");
    check_type<long long>("long long");
    check_type<double>("double");

    check::Device<int> results(32);
    std::vector<int> wanted(32);
    diverged<<<1, 32>>>(results);
    for (int lane = 0; lane < 32; lane++)
        wanted[lane] = lane & 1 ? lane ^ 2 : (lane ^ 4) * 100;
    check::equal("diverged", results.read(), wanted);

    permuted<<<1, 32>>>(results);
    for (int lane = 0; lane < 32; lane++)
        wanted[lane] = (lane * 5 + 3) % 32 * ((lane * 5 + 3) % 32);
    check::equal("permuted", results.read(), wanted);

    std::vector<__half2> pairs;
    for (int lane = 0; lane < 32; lane++)
        pairs.push_back(__floats2half2_rn(lane, lane + 0.5f));
    check::Device<__half2> there(pairs);
    halves<<<1, 32>>>(there);
    auto moved = there.read();
    for (int lane = 0; lane < 32; lane++)
        check::equal<float>("__half2", __high2float(moved[lane]), (lane < 28 ? lane + 4 : lane) + 0.5f, lane);
    return check::status();
}
