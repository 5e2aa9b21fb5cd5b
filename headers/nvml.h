/* bindgen's view of NVML: unversioned names mean the first version of each function. */
#define NVML_NO_UNVERSIONED_FUNC_DEFS
#include <nvml.h>

/* Exported by the real library, in no header. */
nvmlReturn_t nvmlInternalGetExportTable(const void **table, const void *id);
nvmlReturn_t nvmlGetBlacklistDeviceCount(unsigned int *deviceCount);
nvmlReturn_t nvmlGetBlacklistDeviceInfoByIndex(unsigned int index, nvmlExcludedDeviceInfo_t *info);
