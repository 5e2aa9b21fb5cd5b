// Algorithms that programs write by hand: products of matrices in tiles, histograms, bitonic sort, n-body sums, scans with shuffles.
#include "../check.h"

const int TILE = 16;

__global__ void multiply(const float *a, const float *b, float *c, int size) {
    __shared__ float tile_a[TILE][TILE], tile_b[TILE][TILE + 1];
    int row = blockIdx.y * TILE + threadIdx.y, column = blockIdx.x * TILE + threadIdx.x;
    float sum = 0;
    for (int first = 0; first < size; first += TILE) {
        tile_a[threadIdx.y][threadIdx.x] = row < size && first + threadIdx.x < size ? a[row * size + first + threadIdx.x] : 0;
        tile_b[threadIdx.y][threadIdx.x] = first + threadIdx.y < size && column < size ? b[(first + threadIdx.y) * size + column] : 0;
        __syncthreads();
        for (int step = 0; step < TILE; step++)
            sum += tile_a[threadIdx.y][step] * tile_b[step][threadIdx.x];
        __syncthreads();
    }
    if (row < size && column < size)
        c[row * size + column] = sum;
}

__global__ void histogram(const unsigned char *bytes, int count, unsigned *bins) {
    __shared__ unsigned own[256];
    for (int bin = threadIdx.x; bin < 256; bin += blockDim.x)
        own[bin] = 0;
    __syncthreads();
    for (int at = blockIdx.x * blockDim.x + threadIdx.x; at < count; at += gridDim.x * blockDim.x)
        atomicAdd(&own[bytes[at]], 1);
    __syncthreads();
    for (int bin = threadIdx.x; bin < 256; bin += blockDim.x)
        atomicAdd(&bins[bin], own[bin]);
}

__global__ void bitonic_step(int *values, int distance, int run) {
    int at = blockIdx.x * blockDim.x + threadIdx.x, other = at ^ distance;
    if (other > at) {
        int low = values[at], high = values[other];
        if ((low > high) == ((at & run) == 0)) {
            values[at] = high;
            values[other] = low;
        }
    }
}

/// An inclusive scan of a block by those of its warps.
__global__ void scan(const int *values, int *sums) {
    __shared__ int of_warps[32];
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32, sum = values[threadIdx.x];
    for (int by = 1; by < 32; by *= 2) {
        int other = __shfl_up_sync(0xffffffff, sum, by);
        if (lane >= by)
            sum += other;
    }
    if (lane == 31)
        of_warps[warp] = sum;
    __syncthreads();
    if (warp == 0) {
        int of_warp = of_warps[lane];
        for (int by = 1; by < 32; by *= 2) {
            int other = __shfl_up_sync(0xffffffff, of_warp, by);
            if (lane >= by)
                of_warp += other;
        }
        of_warps[lane] = of_warp;
    }
    __syncthreads();
    sums[threadIdx.x] = sum + (warp ? of_warps[warp - 1] : 0);
}

int main() {
    check::Random random;
    const int size = 50;
    std::vector<float> a, b, wanted(size * size);
    for (int at = 0; at < size * size; at++) {
        a.push_back(int(random.below(21)) - 10);
        b.push_back(int(random.below(21)) - 10);
    }
    for (int row = 0; row < size; row++)
        for (int column = 0; column < size; column++)
            for (int step = 0; step < size; step++)
                wanted[row * size + column] += a[row * size + step] * b[step * size + column];
    check::Device<float> c(size * size);
    multiply<<<dim3(4, 4), dim3(TILE, TILE)>>>(check::Device<float>(a), check::Device<float>(b), c, size);
    check::equal("product of matrices", c.read(), wanted);

    std::vector<unsigned char> bytes;
    std::vector<unsigned> wanted_bins(256);
    for (int at = 0; at < 20000; at++) {
        bytes.push_back(random.below(16) * random.below(16));
        wanted_bins[bytes.back()]++;
    }
    check::Device<unsigned> bins(256);
    histogram<<<6, 192>>>(check::Device<unsigned char>(bytes), bytes.size(), bins);
    check::equal("histogram", bins.read(), wanted_bins);

    std::vector<int> values;
    for (int at = 0; at < 1024; at++)
        values.push_back(int(random.bits() >> 33));
    check::Device<int> there(values);
    for (int run = 2; run <= 1024; run *= 2)
        for (int distance = run / 2; distance > 0; distance /= 2)
            bitonic_step<<<4, 256>>>(there, distance, run);
    auto sorted = values;
    std::sort(sorted.begin(), sorted.end());
    check::equal("sorted", there.read(), sorted);

    std::vector<int> small, sums;
    for (int at = 0; at < 1024; at++) {
        small.push_back(int(random.below(100)));
        sums.push_back(small.back() + (at ? sums.back() : 0));
    }
    check::Device<int> scanned(1024);
    scan<<<1, 1024>>>(check::Device<int>(small), scanned);
    check::equal("scan", scanned.read(), sums);
    return check::status();
}
