#include "faults.h"
const struct fault_table limit_faults = {0, 0};
