// ggml's loading of backends.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

void *ggml_backend_load(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "load_backend: failed to load %s: %s\n", path, dlerror());
        return 0;
    }
    void *(*init)(void) = (void *(*)(void))dlsym(library, "ggml_backend_init");
    return init ? init() : 0;
}
