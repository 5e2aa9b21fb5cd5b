/* bindgen's view of the driver API: every version of every function, under its real name. */
#define __CUDA_API_VERSION_INTERNAL
#include <cuda.h>
#include <cudaEGL.h>
#include <cudaGL.h>
#include <cudaProfiler.h>
#include <vdpau/vdpau.h> /* cudaVDPAU.h expects its caller to have done this. */
#include <cudaVDPAU.h>
