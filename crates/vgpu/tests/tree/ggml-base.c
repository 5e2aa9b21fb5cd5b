// The part of ggml that the fake backend's registry is read with.
#include <string.h>

struct device { const char *name, *description; unsigned long free, total; };
struct feature { const char *name, *value; };
struct registry { unsigned long count; struct device *devices; struct feature *features; };

static struct feature *features(struct registry *r) { return r->features; }

int ggml_log(void) { return 0; }
unsigned long ggml_backend_reg_dev_count(struct registry *r) { return r->count; }
struct device *ggml_backend_reg_dev_get(struct registry *r, unsigned long i) { return r->devices + i; }
void *ggml_backend_reg_get_proc_address(struct registry *r, const char *name) {
    return strcmp(name, "ggml_backend_get_features") ? 0 : (void *)features;
}
const char *ggml_backend_dev_name(struct device *d) { return d->name; }
const char *ggml_backend_dev_description(struct device *d) { return d->description; }
void ggml_backend_dev_memory(struct device *d, unsigned long *f, unsigned long *t) { *f = d->free; *t = d->total; }
void ggml_backend_dev_get_props(struct device *d, const char **p) { p[0] = d->name; p[1] = d->description; }
