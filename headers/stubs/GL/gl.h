/* The two OpenGL names that CUDA's interop prototypes use. */
typedef unsigned int GLenum;
typedef unsigned int GLuint;
