// C++17 in kernels: lambdas that capture, variadic templates, folds, structured bindings, if constexpr, deduction, type erasure.
#include <tuple>

#include "../check.h"

template <class... Functions> struct Chain;

template <> struct Chain<> {
    __host__ __device__ int operator()(int x) const {
        return x;
    }
};

template <class First, class... Rest> struct Chain<First, Rest...> {
    First first;
    Chain<Rest...> rest;
    __host__ __device__ int operator()(int x) const {
        return rest(first(x));
    }
};

template <class Function> __global__ void run(int *results, Function function) {
    results[threadIdx.x] = function(int(threadIdx.x));
}

template <class... Ts> __host__ __device__ auto summed(Ts... values) {
    return (values + ... + 0);
}

template <class... Ts> __host__ __device__ bool ordered(int first, Ts... rest) {
    int before = first;
    return ((before <= rest ? (before = rest, true) : false) && ...);
}

struct Pair {
    int low;
    double high;
};

__host__ __device__ Pair split(int x) {
    return {x % 10, x / 10 * 0.5};
}

template <class T> __host__ __device__ int kind() {
    if constexpr (std::is_pointer_v<T>)
        return 1000 + kind<std::remove_pointer_t<T>>();
    else if constexpr (std::is_floating_point_v<T>)
        return 100 + sizeof(T);
    else
        return sizeof(T);
}

/// A fixed number of values, with what range loops need.
template <class T, int COUNT> struct Array {
    T values[COUNT];
    __host__ __device__ T *begin() {
        return values;
    }
    __host__ __device__ T *end() {
        return values + COUNT;
    }
};

template <class First, class... Rest> Array(First, Rest...) -> Array<First, 1 + sizeof...(Rest)>;

constexpr int power(int base, int exponent) {
    return exponent == 0 ? 1 : base * power(base, exponent - 1);
}

template <int... BASES> __host__ __device__ int powers(int which) {
    constexpr int table[] = {power(BASES, 5)...};
    return table[which % sizeof...(BASES)];
}

__host__ __device__ int mixture(int x) {
    auto [low, high] = split(x);
    Array several{x, x * 2, x * 3};
    int sum = 0;
    for (int &value : several) {
        value += low;
        sum += value;
    }
    auto add = [&sum, high](auto value) {
        sum += int(value * high);
        return sum;
    };
    add(2);
    add(0.5);
    auto recursive = [](auto self, int n) -> int { return n == 0 ? 1 : n * self(self, n - 1); };
    if (int more = recursive(recursive, x % 7); more > 20)
        sum -= more;
    return sum + summed(1, x, 3) + ordered(x, 10, 20) * 7 + kind<double **>() + kind<char>() + powers<2, 3, 5>(x);
}

/// Kernels are templates of a class's static members, of values and of types.
template <int FACTOR> struct Scaler {
    static __device__ int scaled(int x) {
        return x * FACTOR;
    }
};

template <class... Scalers> __global__ void all_of(int *results) {
    int x = threadIdx.x, place = 0;
    ((results[threadIdx.x * sizeof...(Scalers) + place++] = Scalers::scaled(x)), ...);
}

int main() {
    const int count = 50;
    check::Device<int> results(count);
    std::vector<int> wanted(count);

    int base = 7;
    double scale = 1.5;
    run<<<1, count>>>(results, [=] __device__(int x) { return int(x * scale) + base; });
    for (int x = 0; x < count; x++)
        wanted[x] = int(x * 1.5) + 7;
    check::equal("captures", results.read(), wanted);

    auto plus = [=] __host__ __device__(int x) { return x + base; };
    auto square = [] __host__ __device__(int x) { return x * x; };
    Chain<decltype(plus), decltype(square), decltype(plus)> chain{plus, {square, {plus, {}}}};
    run<<<1, count>>>(results, chain);
    for (int x = 0; x < count; x++)
        wanted[x] = (x + 7) * (x + 7) + 7;
    check::equal("a chain of functions", results.read(), wanted);

    run<<<1, count>>>(results, [] __device__(int x) { return mixture(x); });
    for (int x = 0; x < count; x++)
        wanted[x] = mixture(x);
    check::equal("a mixture", results.read(), wanted);

    check::Device<int> scaled(3 * count);
    all_of<Scaler<2>, Scaler<-3>, Scaler<1000>><<<1, count>>>(scaled);
    wanted.clear();
    for (int x = 0; x < count; x++)
        wanted.insert(wanted.end(), {2 * x, -3 * x, 1000 * x});
    check::equal("of types", scaled.read(), wanted);
    return check::status();
}
