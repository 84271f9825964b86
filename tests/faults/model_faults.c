#include "faults.h"
const struct fault_table model_faults = {0, 0};
