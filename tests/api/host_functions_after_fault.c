/* After a fault a callback is called with it, a host function is not called.
 * Source: driver API reference, cuLaunchHostFunc: "the function will not be called in the event of an error in the CUDA context";
 * cuStreamAddCallback: "all subsequently executed callbacks will receive an appropriate CUresult". */
#include "driver.h"
#include <stdatomic.h>
#include <unistd.h>

static const char image[] =
    ".version 7.0\n.target sm_70\n.address_size 64\n"
    ".visible .entry wild() { .reg .b64 %a; .reg .b32 %v; mov.u64 %a, 64; mov.u32 %v, 1; st.global.u32 [%a], %v; ret; }\n";

static atomic_int go, calls, status = -1;

static void wait_for_go(void *unused) {
    (void)unused;
    while (!go) usleep(100);
}

static void count(void *unused) {
    (void)unused;
    calls++;
}

static void called_back(CUstream stream, CUresult result, void *unused) {
    (void)stream, (void)unused;
    status = (int)result;
}

int main(void) {
    CUmodule module;
    CUfunction wild;
    CUstream stream;
    start();
    OK(cuModuleLoadData(&module, image));
    OK(cuModuleGetFunction(&wild, module, "wild"));
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    OK(cuLaunchHostFunc(stream, wait_for_go, NULL));
    OK(cuLaunchKernel(wild, 1, 1, 1, 1, 1, 1, 0, stream, NULL, NULL));
    OK(cuLaunchHostFunc(stream, count, NULL));
    OK(cuStreamAddCallback(stream, called_back, NULL, 0));
    go = 1;
    SAY(cuStreamSynchronize(stream));
    while (status == -1) usleep(1000);
    printf("the callback got %s, the function was called %d times\n", name_of((CUresult)status), calls);
    return 0;
}
