#include "faults.h"
const struct fault_table soak_faults = {0, 0};
