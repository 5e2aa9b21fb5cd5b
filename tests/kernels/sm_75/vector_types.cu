// Vector types: loads and stores of 2 to 32 bytes at once, from global, shared and constant memory.
#include "../check.h"

template <class T> struct Parts;
#define PARTS(Vector, Part, number)                                                                                    \
    template <> struct Parts<Vector> {                                                                                 \
        typedef Part type;                                                                                             \
        static const int count = number;                                                                               \
    };
PARTS(char2, signed char, 2)
PARTS(uchar4, unsigned char, 4)
PARTS(short2, short, 2)
PARTS(ushort4, unsigned short, 4)
PARTS(int2, int, 2)
PARTS(uint4, unsigned, 4)
PARTS(longlong2, long long, 2)
PARTS(float2, float, 2)
PARTS(float4, float, 4)
PARTS(double2, double, 2)
PARTS(double4, double, 4)
PARTS(int3, int, 3)

__constant__ float4 constants[4] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}, {13, 14, 15, 16}};

/// Each thread's vector goes through shared memory to its neighbour, which adds to the first and the last part.
template <class T> __global__ void pass(const T *values, T *results) {
    __shared__ T there[64];
    there[threadIdx.x] = values[threadIdx.x];
    __syncthreads();
    T value = there[(threadIdx.x + 1) % 64];
    typedef typename Parts<T>::type Part;
    Part *parts = reinterpret_cast<Part *>(&value);
    parts[0] += 1;
    parts[Parts<T>::count - 1] *= 2;
    results[threadIdx.x] = value;
}

__global__ void of_constants(float4 *results) {
    float4 value = constants[threadIdx.x];
    results[threadIdx.x] = make_float4(value.w, value.z, value.y, value.x + constants[3].z);
}

template <class T> void check_type(const char *name) {
    typedef typename Parts<T>::type Part;
    const int count = Parts<T>::count;
    std::vector<T> values(64);
    std::vector<Part> got, wanted;
    Part *parts = reinterpret_cast<Part *>(values.data());
    const size_t stride = sizeof(T) / sizeof(Part);
    for (int index = 0; index < 64; index++)
        for (int part = 0; part < count; part++)
            parts[index * stride + part] = Part((index * 3 + part * 5) % 50 - (Part(-1) < Part(0) ? 20 : 0));
    check::Device<T> results(64);
    pass<T><<<1, 64>>>(check::Device<T>(values), results);
    auto there = results.read();
    for (int index = 0; index < 64; index++)
        for (int part = 0; part < count; part++) {
            Part from = parts[(index + 1) % 64 * stride + part];
            got.push_back(reinterpret_cast<Part *>(&there[index])[part]);
            wanted.push_back(Part(part == 0 ? from + 1 : part == count - 1 ? from * 2 : from));
        }
    check::equal(name, got, wanted);
}

int main() {
    check_type<char2>("char2");
    check_type<uchar4>("uchar4");
    check_type<short2>("short2");
    check_type<ushort4>("ushort4");
    check_type<int2>("int2");
    check_type<int3>("int3");
    check_type<uint4>("uint4");
    check_type<longlong2>("longlong2");
    check_type<float2>("float2");
    check_type<float4>("float4");
    check_type<double2>("double2");
    check_type<double4>("double4");

    check::Device<float4> results(4);
    of_constants<<<1, 4>>>(results);
    auto seen = results.read();
    for (int index = 0; index < 4; index++) {
        check::equal("constants, first", seen[index].x, float(4 * index + 4), index);
        check::equal("constants, last", seen[index].w, float(4 * index + 1 + 15), index);
    }
    return check::status();
}
