// Kernels that go wrong, each in a process of its own: the error that the program is told, which stays.
#include <cassert>
#include <sys/wait.h>
#include <unistd.h>

#include "../check.h"

__global__ void fails_an_assertion(int value) {
    assert(value == 5);
}

__global__ void traps(int value) {
    if (value != 5)
        __trap();
}

__global__ void writes_to_null(int value) {
    if (value != 5)
        *(volatile int *)nullptr = value;
}

__global__ void writes_beyond(int *memory, size_t at) {
    memory[at] = 1;
}

__global__ void writes_misaligned(char *memory) {
    *(volatile int *)(memory + 2) = 1;
}

__global__ void calls_nothing(void (*function)()) {
    function();
}

__device__ __noinline__ int deep(int depth) {
    volatile int frame[256];
    frame[depth & 255] = depth;
    return depth == 0 ? 0 : deep(depth - 1) + frame[depth & 255];
}

__global__ void overflows_its_stack(int *result, int depth) {
    *result = deep(depth);
}

__global__ void is_fine(int *result) {
    *result = 1;
}

/// Runs `launch` in a child, which tells whether the error was this, twice, and nothing else works any more.
template <class Launch> void check_fault(const char *name, cudaError_t wanted, Launch launch) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        // An assertion's message.
        freopen("/dev/null", "w", stderr);
        int *memory = nullptr;
        CUDA(cudaMalloc(&memory, 4096));
        launch(memory);
        check::result(name, cudaDeviceSynchronize(), wanted);
        check::result(name, cudaMemset(memory, 0, 4), wanted);
        is_fine<<<1, 1>>>(memory);
        check::result(name, cudaGetLastError(), wanted);
        fflush(stdout);
        _exit(check::status());
    }
    int status = 0;
    waitpid(child, &status, 0);
    check::equal(name, status, 0);
}

int main() {
    check_fault("nothing wrong", cudaSuccess, [](int *) { fails_an_assertion<<<1, 1>>>(5); });
    check_fault("assertion", cudaErrorAssert, [](int *) { fails_an_assertion<<<1, 32>>>(6); });
    check_fault("trap", cudaErrorLaunchFailure, [](int *) { traps<<<1, 1>>>(6); });
    check_fault("null", cudaErrorIllegalAddress, [](int *) { writes_to_null<<<1, 1>>>(6); });
    check_fault("beyond", cudaErrorIllegalAddress, [](int *memory) { writes_beyond<<<1, 1>>>(memory, 1ull << 30); });
    check_fault("misaligned", cudaErrorMisalignedAddress, [](int *memory) { writes_misaligned<<<1, 1>>>((char *)memory); });
    check_fault("no function", cudaErrorInvalidPc, [](int *) { calls_nothing<<<1, 1>>>((void (*)())0x10); });
    check_fault("stack", cudaErrorHardwareStackError, [](int *memory) { overflows_its_stack<<<1, 1>>>(memory, 100000); });
    return check::status();
}
