/* The schema as it was built into this program: one file a row, in the order of their names. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include <stddef.h>

struct migration {
    unsigned version;
    const char *name; /* "001_user" */
    const char *sql;  /* one DDL statement */
};

extern const struct migration migrations[]; /* generated from schema/ by CMake */
extern const size_t n_migrations;

#endif
