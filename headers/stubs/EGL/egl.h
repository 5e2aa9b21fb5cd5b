/* The EGL names that CUDA's interop prototypes use. */
typedef int EGLint;
