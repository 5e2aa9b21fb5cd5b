// Branches of all kinds, where each lane goes its own way: switches, nested loops with break and continue, goto, early returns.
#include "../check.h"

__host__ __device__ int switched(int x) {
    switch (x % 11) {
    case 0:
        return 5;
    case 1:
        x *= 2;
        break;
    case 3:
        x ^= 3;
        [[fallthrough]];
    case 4:
        x += 1000;
        break;
    case 5:
    case 6:
        return x * x;
    case 9: {
        int y = x;
        while (y > 3)
            y -= 3;
        x = y * 100;
    } break;
    default:
        x = -x;
    }
    return x + 1;
}

__host__ __device__ int looped(int x) {
    int sum = 0;
    for (int i = 0; i < x % 17; i++) {
        for (int j = i;; j++) {
            if (j * i > x)
                break;
            if ((i + j) % 3 == 0)
                continue;
            if (j > 20)
                goto done;
            sum += i * j;
        }
        if (sum > 5000)
            return -sum;
    }
done:
    do
        sum = sum / 2 + 1;
    while (sum > 1000);
    return sum;
}

/// A state machine whose states jump into each other.
__host__ __device__ unsigned jumped(unsigned x) {
    unsigned steps = 0;
first:
    if (++steps > 50)
        return x;
    if (x % 3 == 0)
        goto second;
    x = x * 5 + 1;
    if (x % 2)
        goto third;
    goto first;
second:
    x /= 3;
    if (x == 0)
        return steps;
third:
    x ^= x >> 3;
    if (x & 4 || ++steps > 40)
        goto first;
    x += steps;
    goto second;
}

__host__ __device__ int short_circuits(int x) {
    int calls = 0;
    auto count = [&](bool result) {
        calls++;
        return result;
    };
    bool first = count(x % 2 == 0) && count(x % 3 == 0) && count(x % 5 == 0);
    bool second = count(x % 7 == 0) || count(x % 2 == 1) || count(true);
    return calls * 4 + first * 2 + second + (x % 4 ? x % 5 ? 100 : 200 : 300);
}

int main() {
    std::vector<int> values;
    for (int index = 0; index < 2000; index++)
        values.push_back(index);
    check::equal("switch", check::map<int>([] __device__(int x) { return switched(x); }, values), check::on_host<int>(switched, values));
    check::equal("loops", check::map<int>([] __device__(int x) { return looped(x); }, values), check::on_host<int>(looped, values));
    auto numbers = check::integers<unsigned>(2000);
    check::equal("jumps", check::map<unsigned>([] __device__(unsigned x) { return jumped(x); }, numbers), check::on_host<unsigned>(jumped, numbers));
    check::equal("conditions", check::map<int>([] __device__(int x) { return short_circuits(x); }, values), check::on_host<int>(short_circuits, values));
    return check::status();
}
