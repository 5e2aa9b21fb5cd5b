// Linked into llama.cpp's program: loads the backend that is under test before any other, and says what its devices are called.
// It also sees to it that the program's last words are heard: they are printed by a thread that nobody waits for.
#include "ggml-backend.h"
#include "log.h"

#include <cstdio>
#include <cstdlib>

__attribute__((constructor)) static void load_backend() {
    const char * path = std::getenv("GGML_BACKEND_PATH");
    ggml_backend_reg_t backend = path == nullptr ? nullptr : ggml_backend_load(path);
    if (backend == nullptr || ggml_backend_reg_dev_count(backend) == 0) {
        std::fprintf(stderr, "no device by the backend %s\n", path == nullptr ? "that GGML_BACKEND_PATH should name" : path);
        std::_Exit(1);
    }
    for (size_t i = 0; i < ggml_backend_reg_dev_count(backend); i++) {
        std::printf("under test: %s\n", ggml_backend_dev_description(ggml_backend_reg_dev_get(backend, i)));
    }
    std::fflush(stdout);
    // It would be loaded once more.
    unsetenv("GGML_BACKEND_PATH");
    ggml_backend_load_all();
    std::atexit([] { common_log_pause(common_log_main()); });
}
