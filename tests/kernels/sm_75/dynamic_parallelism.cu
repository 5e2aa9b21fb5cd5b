// A kernel that launches kernels. The device's own runtime, which that needs, is not linked: such a kernel is refused when its
// module is loaded, the program is told so, and goes on.
// nvcc: -rdc=true
#include "../check.h"

__global__ void child(int *result) {
    *result = 1;
}

__global__ void parent(int *result) {
    child<<<1, 1>>>(result);
}

int main() {
    check::Device<int> result(1);
    parent<<<1, 1>>>(result);
    check::that("its launch is refused", cudaGetLastError() != cudaSuccess);
    check::equal("nothing was launched", result.read(), {0});
    return check::status();
}
