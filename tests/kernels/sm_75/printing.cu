// What kernels print comes out of the program's standard output, in one piece for each call, when the device is waited for.
#include <unistd.h>

#include "../check.h"

__global__ void print_each() {
    printf("thread %d of block %u: %s, %5.2f%%, %c, %-6x|\n", threadIdx.x, blockIdx.x, threadIdx.x ? "odd" : "even", threadIdx.x * 12.5, 'A' + threadIdx.x,
           255 * threadIdx.x);
}

__global__ void print_types() {
    long long big = -(1ll << 40);
    printf("%lld %llu %ld %hd %e %g %o %+d %08.3f %p|", big, 1ull << 63, 5l, short(-3), 12345.678, 1e-10, 8, 7, 3.14159, (void *)16);
    printf("%s|%.3s|%10s|%-10s|%*d|%%\n", "whole", "truncated", "right", "left", 6, 42);
}

__global__ void returned(int *results) {
    results[0] = printf("");
    results[1] = printf("%d %d\n", 1, 2);
    results[2] = printf("no arguments\n");
}

/// What is written to standard output while `launch` runs and is waited for.
template <class Launch> std::string printed(Launch launch) {
    char name[] = "/tmp/printed.XXXXXX";
    int file = mkstemp(name), kept = dup(1);
    unlink(name);
    fflush(stdout);
    dup2(file, 1);
    launch();
    CUDA(cudaDeviceSynchronize());
    fflush(stdout);
    dup2(kept, 1);
    close(kept);
    std::string text(lseek(file, 0, SEEK_END), '\0');
    pread(file, text.data(), text.size(), 0);
    close(file);
    return text;
}

static void same_text(const char *what, const std::string &got, const std::string &wanted) {
    if (got != wanted)
        check::differs(what, 0, "\"" + got + "\"", "\"" + wanted + "\"");
}

int main() {
    std::string text = printed([] { print_each<<<2, 2>>>(); });
    std::vector<std::string> lines, wanted;
    for (size_t from = 0, to; (to = text.find('\n', from)) != std::string::npos; from = to + 1)
        lines.push_back(text.substr(from, to - from));
    for (int block = 0; block < 2; block++)
        for (int thread = 0; thread < 2; thread++) {
            char line[200];
            snprintf(line, sizeof line, "thread %d of block %u: %s, %5.2f%%, %c, %-6x|", thread, block, thread ? "odd" : "even", thread * 12.5, 'A' + thread,
                     255 * thread);
            wanted.push_back(line);
        }
    // Lines are whole; their order is not promised.
    std::sort(lines.begin(), lines.end());
    std::sort(wanted.begin(), wanted.end());
    check::equal("lines", lines.size(), wanted.size());
    for (size_t index = 0; index < std::min(lines.size(), wanted.size()); index++)
        same_text("line", lines[index], wanted[index]);

    char line[400];
    snprintf(line, sizeof line, "%lld %llu %ld %hd %e %g %o %+d %08.3f %p|", -(1ll << 40), 1ull << 63, 5l, short(-3), 12345.678, 1e-10, 8, 7, 3.14159, (void *)16);
    same_text("types", printed([] { print_types<<<1, 1>>>(); }), std::string(line) + "whole|tru|     right|left      |    42|%\n");

    check::Device<int> results(3);
    same_text("of a kernel with results", printed([&] { returned<<<1, 1>>>(results); }), "1 2\nno arguments\n");
    // The number of arguments, unlike C's.
    check::equal("results of printf", results.read(), {0, 2, 0});
    return check::status();
}
