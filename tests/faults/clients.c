#include "faults.h"
const struct fault_table client_faults = {0, 0};
