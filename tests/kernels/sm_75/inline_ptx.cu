// PTX in the source: carry chains, predicates, fields, logic of three operands, special registers, packing.
#include "../check.h"

typedef unsigned long long u64;

__device__ uint4 sum_of_128_bits(uint4 x, uint4 y) {
    uint4 sum;
    asm("add.cc.u32 %0, %4, %8;\n\t"
        "addc.cc.u32 %1, %5, %9;\n\t"
        "addc.cc.u32 %2, %6, %10;\n\t"
        "addc.u32 %3, %7, %11;"
        : "=r"(sum.x), "=r"(sum.y), "=r"(sum.z), "=r"(sum.w)
        : "r"(x.x), "r"(x.y), "r"(x.z), "r"(x.w), "r"(y.x), "r"(y.y), "r"(y.z), "r"(y.w));
    return sum;
}

__device__ u64 product_by_parts(u64 x, u64 y) {
    unsigned low, high;
    asm("{\n\t"
        ".reg .u32 a0, a1, b0, b1;\n\t"
        "mov.b64 {a0, a1}, %2;\n\t"
        "mov.b64 {b0, b1}, %3;\n\t"
        "mul.lo.u32 %0, a0, b0;\n\t"
        "mul.hi.u32 %1, a0, b0;\n\t"
        "mad.lo.u32 %1, a0, b1, %1;\n\t"
        "mad.lo.u32 %1, a1, b0, %1;\n\t"
        "}"
        : "=r"(low), "=&r"(high)
        : "l"(x), "l"(y));
    return u64(high) << 32 | low;
}

__global__ void run(const uint4 *values, uint4 *sums, u64 *products, unsigned *others) {
    unsigned at = threadIdx.x;
    uint4 x = values[at], y = values[(at + 1) % blockDim.x];
    sums[at] = sum_of_128_bits(x, y);
    products[at] = product_by_parts(u64(x.x) << 32 | x.y, u64(y.x) << 32 | y.y);
    unsigned *own = others + 8 * at;
    asm("bfe.u32 %0, %1, 5, 11;" : "=r"(own[0]) : "r"(x.x));
    asm("bfi.b32 %0, %1, %2, 7, 9;" : "=r"(own[1]) : "r"(x.x), "r"(x.y));
    // The table of (a & b) | ~c.
    asm("lop3.b32 %0, %1, %2, %3, 0xd5;" : "=r"(own[2]) : "r"(x.x), "r"(x.y), "r"(x.z));
    asm("{ .reg .pred p, q; setp.lt.u32 p, %1, %2; setp.gt.or.u32 q, %1, %3, p; selp.u32 %0, 10, 20, q; }" : "=r"(own[3]) : "r"(x.x), "r"(x.y), "r"(x.z));
    asm volatile("mov.u32 %0, %%laneid;" : "=r"(own[4]));
    asm volatile("mov.u32 %0, %%lanemask_le;" : "=r"(own[5]));
    asm("prmt.b32 %0, %1, %2, 0x0426;" : "=r"(own[6]) : "r"(x.x), "r"(x.y));
    asm("{ .reg .pred p; setp.ne.u32 p, %1, 0; @p add.u32 %0, %1, 1; @!p mov.u32 %0, 77; }" : "=&r"(own[7]) : "r"(x.w % 2));
}

int main() {
    const int count = 64;
    check::Random random;
    std::vector<uint4> values(count);
    for (uint4 &value : values)
        value = {unsigned(random.bits()), random.below(3) ? ~0u : 5, random.below(2) ? ~0u : 0, unsigned(random.bits())};
    check::Device<uint4> sums(count);
    check::Device<u64> products(count);
    check::Device<unsigned> others(8 * count);
    run<<<1, count>>>(check::Device<uint4>(values), sums, products, others);

    auto whole = [](uint4 x) { return (unsigned __int128)(u64(x.w) << 32 | x.z) << 64 | (u64(x.y) << 32 | x.x); };
    std::vector<unsigned __int128> got_sums, wanted_sums;
    std::vector<u64> wanted_products;
    std::vector<unsigned> wanted;
    for (int at = 0; at < count; at++) {
        uint4 x = values[at], y = values[(at + 1) % count];
        wanted_sums.push_back(whole(x) + whole(y));
        got_sums.push_back(whole(sums.read()[at]));
        wanted_products.push_back((u64(x.x) << 32 | x.y) * (u64(y.x) << 32 | y.y));
        unsigned bytes[8];
        for (int byte = 0; byte < 8; byte++)
            bytes[byte] = (byte < 4 ? x.x : x.y) >> 8 * (byte % 4) & 255;
        wanted.insert(wanted.end(), {x.x >> 5 & 0x7ff, (x.x & 0x1ff) << 7 | (x.y & ~(0x1ffu << 7)), (x.x & x.y) | ~x.z,
                                     x.x > x.z || x.x < x.y ? 10u : 20u, unsigned(at % 32), unsigned((2ull << at % 32) - 1),
                                     bytes[6] | bytes[2] << 8 | bytes[4] << 16 | bytes[0] << 24, x.w % 2 ? 2u : 77u});
    }
    check::equal("sums", got_sums, wanted_sums);
    check::equal("products", products.read(), wanted_products);
    check::equal("others", others.read(), wanted);
    return check::status();
}
