#include "faults.h"
const struct fault_table master_faults = {0, 0};
