/* The versions at which driver functions changed, as PFN_<base>_v<version>[_ptds|_ptsz] type names. */
#define __CUDA_API_VERSION_INTERNAL
#include <cudaTypedefs.h>
#include <cudaEGLTypedefs.h>
#include <cudaGLTypedefs.h>
#include <cudaProfilerTypedefs.h>
#include <vdpau/vdpau.h>
#include <cudaVDPAUTypedefs.h>
