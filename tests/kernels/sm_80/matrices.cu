// Products of matrices by warps (wmma): halves, bfloat16, tf32 and bytes, with both layouts. All values are small
// integers, so that every sum is exact in any order.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <mma.h>

#include "../check.h"

using namespace nvcuda;

template <class T> struct Stored {
    typedef T type;
};

template <> struct Stored<wmma::precision::tf32> {
    typedef float type;
};

/// D = A * B + C, of one warp; A by rows, B by columns or rows.
template <class Element, class Sum, int M, int N, int K, class LayoutB>
__global__ void multiply(const typename Stored<Element>::type *a, const typename Stored<Element>::type *b, const Sum *c, Sum *d) {
    wmma::fragment<wmma::matrix_a, M, N, K, Element, wmma::row_major> fragment_a;
    wmma::fragment<wmma::matrix_b, M, N, K, Element, LayoutB> fragment_b;
    wmma::fragment<wmma::accumulator, M, N, K, Sum> sum;
    wmma::load_matrix_sync(fragment_a, a, K);
    wmma::load_matrix_sync(fragment_b, b, std::is_same_v<LayoutB, wmma::col_major> ? K : N);
    wmma::load_matrix_sync(sum, c, N, wmma::mem_row_major);
    if constexpr (std::is_same_v<Element, wmma::precision::tf32>) {
        for (int at = 0; at < fragment_a.num_elements; at++)
            fragment_a.x[at] = wmma::__float_to_tf32(fragment_a.x[at]);
        for (int at = 0; at < fragment_b.num_elements; at++)
            fragment_b.x[at] = wmma::__float_to_tf32(fragment_b.x[at]);
    }
    wmma::mma_sync(sum, fragment_a, fragment_b, sum);
    for (int at = 0; at < sum.num_elements; at++)
        sum.x[at] = sum.x[at] * Sum(2);
    wmma::store_matrix_sync(d, sum, M, wmma::mem_col_major);
}

template <class Element, class Sum, int M, int N, int K, class LayoutB> void check_shape(const char *name) {
    typedef typename Stored<Element>::type Value;
    check::Random random;
    auto some = [&](size_t count) {
        std::vector<int> values(count);
        for (int &value : values)
            value = int(random.below(std::is_unsigned_v<Value> ? 8 : 15)) - (std::is_unsigned_v<Value> ? 0 : 7);
        return values;
    };
    auto a = some(M * K), b = some(K * N), c = some(M * N);
    auto as = [](const std::vector<int> &values, auto kind) {
        std::vector<decltype(kind)> converted;
        for (int value : values)
            converted.push_back(decltype(kind)(float(value)));
        return converted;
    };
    check::Device<Sum> d(M * N);
    multiply<Element, Sum, M, N, K, LayoutB>
        <<<1, 32>>>(check::Device<Value>(as(a, Value())), check::Device<Value>(as(b, Value())), check::Device<Sum>(as(c, Sum())), d);
    auto seen = d.read();
    for (int row = 0; row < M; row++)
        for (int column = 0; column < N; column++) {
            int sum = c[row * N + column];
            for (int step = 0; step < K; step++)
                sum += a[row * K + step] * b[std::is_same_v<LayoutB, wmma::col_major> ? column * K + step : step * N + column];
            check::equal(name, double(seen[column * M + row]), 2.0 * sum, row * N + column);
        }
}

int main() {
    check_shape<half, float, 16, 16, 16, wmma::col_major>("halves, 16 by 16");
    check_shape<half, float, 32, 8, 16, wmma::row_major>("halves, 32 by 8");
    check_shape<half, half, 8, 32, 16, wmma::col_major>("halves, sums of halves");
    check_shape<__nv_bfloat16, float, 16, 16, 16, wmma::row_major>("bfloat16");
    check_shape<wmma::precision::tf32, float, 16, 16, 8, wmma::col_major>("tf32");
    check_shape<signed char, int, 16, 16, 16, wmma::col_major>("signed bytes");
    check_shape<unsigned char, int, 32, 8, 16, wmma::row_major>("unsigned bytes");
    return check::status();
}
