// CUB within a block and a warp: reductions, scans, radix sorts, exchanges, histograms.
#include <cub/block/block_exchange.cuh>
#include <cub/block/block_histogram.cuh>
#include <cub/block/block_radix_sort.cuh>
#include <cub/block/block_reduce.cuh>
#include <cub/block/block_scan.cuh>
#include <cub/warp/warp_merge_sort.cuh>
#include <cub/warp/warp_reduce.cuh>

#include "../check.h"

const int THREADS = 128, EACH = 4, ALL = THREADS * EACH;

struct Results {
    int sum, most, before[ALL], sorted[ALL], descending[ALL], striped[ALL], warp_sums[THREADS / 32], warp_sorted[ALL];
    unsigned histogram[16];
};

__global__ void run(const int *values, Results *results) {
    typedef cub::BlockReduce<int, THREADS> Reduce;
    typedef cub::BlockScan<int, THREADS> Scan;
    typedef cub::BlockRadixSort<int, THREADS, EACH> Sort;
    typedef cub::BlockExchange<int, THREADS, EACH> Exchange;
    typedef cub::BlockHistogram<unsigned char, THREADS, EACH, 16> Histogram;
    typedef cub::WarpReduce<int> WarpReduce;
    typedef cub::WarpMergeSort<int, EACH> WarpSort;
    __shared__ union {
        typename Reduce::TempStorage reduce;
        typename Scan::TempStorage scan;
        typename Sort::TempStorage sort;
        typename Exchange::TempStorage exchange;
        typename Histogram::TempStorage histogram;
        typename WarpReduce::TempStorage warp_reduce[THREADS / 32];
        typename WarpSort::TempStorage warp_sort[THREADS / 32];
    } memory;
    int thread = threadIdx.x, warp = thread / 32;
    int own[EACH], copy[EACH];
    auto reload = [&](int *items) {
        __syncthreads();
        for (int item = 0; item < EACH; item++)
            items[item] = values[thread * EACH + item];
    };
    auto store = [&](int *to, const int *items) {
        for (int item = 0; item < EACH; item++)
            to[thread * EACH + item] = items[item];
    };

    reload(own);
    int sum = Reduce(memory.reduce).Sum(own);
    if (thread == 0)
        results->sum = sum;
    reload(own);
    int most = Reduce(memory.reduce).Reduce(own, cub::Max());
    if (thread == 0)
        results->most = most;
    reload(own);
    Scan(memory.scan).ExclusiveSum(own, copy);
    store(results->before, copy);
    reload(own);
    Sort(memory.sort).Sort(own);
    store(results->sorted, own);
    reload(own);
    Sort(memory.sort).SortDescending(own);
    store(results->descending, own);
    reload(own);
    Exchange(memory.exchange).BlockedToStriped(own, copy);
    store(results->striped, copy);
    reload(own);
    int warp_sum = WarpReduce(memory.warp_reduce[warp]).Sum(own[0]);
    if (thread % 32 == 0)
        results->warp_sums[warp] = warp_sum;
    reload(own);
    WarpSort(memory.warp_sort[warp]).Sort(own, [](int x, int y) { return x < y; });
    store(results->warp_sorted, own);
    reload(own);
    unsigned char bins[EACH];
    for (int item = 0; item < EACH; item++)
        bins[item] = own[item] & 15;
    Histogram(memory.histogram).Histogram(bins, results->histogram);
}

template <class T> std::vector<int> list(const T &values) {
    return std::vector<int>(std::begin(values), std::end(values));
}

int main() {
    check::Random random;
    std::vector<int> values;
    for (int index = 0; index < ALL; index++)
        values.push_back(int(random.below(100000)) - 50000);
    check::Device<Results> there(1);
    run<<<1, THREADS>>>(check::Device<int>(values), there);
    Results results = there.read()[0];

    std::vector<int> before, sorted = values, striped(ALL), warp_sums(THREADS / 32), warp_sorted = values, histogram(16);
    int sum = 0;
    for (int index = 0; index < ALL; index++) {
        before.push_back(sum);
        sum += values[index];
        // The thread's item i of the striped order is the value at i * THREADS + thread.
        striped[index] = values[index % EACH * THREADS + index / EACH];
        histogram[values[index] & 15]++;
        if (index % EACH == 0)
            warp_sums[index / (32 * EACH)] += values[index];
    }
    std::sort(sorted.begin(), sorted.end());
    for (int warp = 0; warp < THREADS / 32; warp++)
        std::sort(warp_sorted.begin() + warp * 32 * EACH, warp_sorted.begin() + (warp + 1) * 32 * EACH);
    check::equal("sum", results.sum, sum);
    check::equal("most", results.most, sorted.back());
    check::equal("sums before", list(results.before), before);
    check::equal("sorted", list(results.sorted), sorted);
    check::equal("striped", list(results.striped), striped);
    check::equal("sums of warps", list(results.warp_sums), warp_sums);
    check::equal("sorted by warps", list(results.warp_sorted), warp_sorted);
    check::equal("histogram", list(results.histogram), histogram);
    std::reverse(sorted.begin(), sorted.end());
    check::equal("descending", list(results.descending), sorted);
    return check::status();
}
