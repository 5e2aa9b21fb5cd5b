// CUB over the whole device: reductions, scans by decoupled look-back, radix sorts of pairs, selections.
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_reduce.cuh>
#include <cub/device/device_scan.cuh>
#include <cub/device/device_select.cuh>

#include "../check.h"

/// Calls twice, as CUB wants it: for the size of its memory, and with it.
template <class Call> void with_memory(Call call) {
    size_t bytes = 0;
    CUDA(call(nullptr, bytes));
    check::Device<char> memory(std::max<size_t>(bytes, 1));
    CUDA(call((void *)(char *)memory, bytes));
    CUDA(cudaDeviceSynchronize());
}

struct IsOdd {
    __host__ __device__ bool operator()(int x) const {
        return x & 1;
    }
};

int main() {
    const int count = 50000;
    check::Random random;
    std::vector<int> values, keys;
    std::vector<float> floats;
    for (int index = 0; index < count; index++) {
        values.push_back(index);
        keys.push_back(int(random.bits() >> 40));
        floats.push_back(float(random.between(-1000, 1000)));
    }
    check::Device<int> values_there(values), keys_there(keys), results(count), other_results(count), number(1);
    check::Device<float> floats_there(floats), float_results(count);

    with_memory([&](void *memory, size_t &bytes) { return cub::DeviceReduce::Sum(memory, bytes, (int *)keys_there, (int *)number, count); });
    int sum = 0;
    for (int key : keys)
        sum = int(unsigned(sum) + key);
    check::equal("sum", number.read(), {sum});

    with_memory([&](void *memory, size_t &bytes) { return cub::DeviceScan::InclusiveSum(memory, bytes, (int *)values_there, (int *)results, count); });
    std::vector<int> wanted(count);
    for (unsigned index = 0, so_far = 0; index < count; index++)
        wanted[index] = int(so_far += index);
    check::equal("scan", results.read(), wanted);

    with_memory([&](void *memory, size_t &bytes) {
        return cub::DeviceRadixSort::SortPairs(memory, bytes, (int *)keys_there, (int *)results, (int *)values_there, (int *)other_results, count);
    });
    std::vector<int> order = values;
    std::stable_sort(order.begin(), order.end(), [&](int x, int y) { return keys[x] < keys[y]; });
    check::equal("values of sorted pairs", other_results.read(), order);
    for (int index = 0; index < count; index++)
        wanted[index] = keys[order[index]];
    check::equal("keys of sorted pairs", results.read(), wanted);

    with_memory([&](void *memory, size_t &bytes) {
        return cub::DeviceRadixSort::SortKeysDescending(memory, bytes, (float *)floats_there, (float *)float_results, count);
    });
    std::sort(floats.begin(), floats.end(), std::greater<float>());
    check::equal("sorted floats", float_results.read(), floats);

    with_memory([&](void *memory, size_t &bytes) {
        return cub::DeviceSelect::If(memory, bytes, (int *)keys_there, (int *)results, (int *)number, count, IsOdd());
    });
    std::vector<int> odd;
    std::copy_if(keys.begin(), keys.end(), std::back_inserter(odd), IsOdd());
    check::equal("how many are odd", number.read(), {int(odd.size())});
    auto selected = results.read();
    selected.resize(odd.size());
    check::equal("odd ones", selected, odd);
    return check::status();
}
