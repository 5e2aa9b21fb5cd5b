/* The EGL extension names that CUDA's interop prototypes use: opaque handles. */
typedef void *EGLImageKHR;
typedef void *EGLStreamKHR;
typedef void *EGLSyncKHR;
