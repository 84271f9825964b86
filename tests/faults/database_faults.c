#include "faults.h"
const struct fault_table database_faults = {0, 0};
