// Variables of a program on the device: constants, tables, pointers to each other, and copies to and from them by name.
#include "../check.h"

struct Setting {
    char kind;
    double scale;
    short counts[3];
};

__constant__ int table[] = {3, 1, 4, 1, 5, 9, 2, 6};
__constant__ Setting setting = {'k', 2.5, {10, 20, 30}};
__constant__ char text[] = "constant text";
__device__ int counter = 5;
__device__ float zeros[100];
__device__ long long primes[] = {2, 3, 5, 7, 11, 13};
__device__ long long *to_primes = primes + 2;
__device__ const char *words[] = {"alpha", "beta", "gamma"};
static __device__ unsigned char bytes[7] = {1, 2, 3};
namespace inner {
__device__ int counter = 50;
}

template <class T> __device__ T of_a_template = T(9) / T(2);

__device__ int next_number() {
    static int number = 100;
    return atomicAdd(&number, 1);
}

__global__ void read(int *results) {
    results[0] = table[threadIdx.x % 8] + table[7];
    results[1] = setting.kind + int(setting.scale * 2) + setting.counts[2];
    results[2] = text[9];
    results[3] = counter + inner::counter;
    results[4] = int(to_primes[1]);
    results[5] = words[threadIdx.x + 1][1] - 'a';
    results[6] = int(of_a_template<int> * 10 + of_a_template<double> * 2);
    results[7] = bytes[2] + bytes[6];
    results[8] = next_number();
    results[9] = int(zeros[99]);
    counter += 1;
    zeros[99] = 8;
}

int main() {
    check::Device<int> results(10);
    read<<<1, 1>>>(results);
    check::equal("as initialised", results.read(), {9, 'k' + 5 + 30, 't', 55, 7, 4, 40 + 9, 3, 100, 0});

    const int new_table[] = {7, 8};
    CUDA(cudaMemcpyToSymbol(table, new_table, sizeof new_table, 6 * sizeof(int)));
    int first = 40;
    CUDA(cudaMemcpyToSymbol(table, &first, sizeof first));
    Setting new_setting = {'x', 0.5, {0, 0, 7}};
    CUDA(cudaMemcpyToSymbol(setting, &new_setting, sizeof setting));
    int seen = 0;
    CUDA(cudaMemcpyFromSymbol(&seen, counter, sizeof seen));
    check::equal("counter", seen, 6);
    CUDA(cudaMemcpyToSymbolAsync(inner::counter, &first, sizeof first, 0, cudaMemcpyHostToDevice, nullptr));
    float last = 0;
    CUDA(cudaMemcpyFromSymbol(&last, zeros, sizeof last, 99 * sizeof last));
    check::equal("last of the zeros", last, 8.0f);
    read<<<1, 1>>>(results);
    check::equal("as written", results.read(), {48, 'x' + 1 + 7, 't', 46, 7, 4, 49, 3, 101, 8});

    size_t size = 0;
    void *address = nullptr;
    CUDA(cudaGetSymbolSize(&size, zeros));
    check::equal("size", size, sizeof zeros);
    CUDA(cudaGetSymbolAddress(&address, primes));
    long long prime = 0;
    CUDA(cudaMemcpy(&prime, (long long *)address + 5, sizeof prime, cudaMemcpyDeviceToHost));
    check::equal("by address", prime, 13ll);

    check::result("beyond a symbol", cudaMemcpyToSymbol(table, new_table, sizeof new_table, 7 * sizeof(int)), cudaErrorInvalidValue);
    static int not_a_symbol;
    check::result("no symbol", cudaGetSymbolSize(&size, &not_a_symbol), cudaErrorInvalidSymbol);
    cudaGetLastError();
    return check::status();
}
