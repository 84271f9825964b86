/*
 * Rows of 16-bit floats (IEEE 754 binary16) and their products with one of 32 bits.
 *
 * Only finite numbers are made and read right; whatever the bytes are, what is read is a number or infinite, never a fault.
 */
#ifndef COLLOQUY_FILES_HALF_H
#define COLLOQUY_FILES_HALF_H

#include <stddef.h>
#include <stdint.h>

enum { HALF_LANES = 32 }; /* rows are a multiple of that long, padded with zeros: no product has a rest */

uint16_t half_of(float number); /* the nearest, ties to even; beyond 65504: infinite */
float half_value(uint16_t half);

/* out[i] = row i · query, for n rows of `stride` halves each, one after the other. query: of stride floats. */
void half_products(const uint16_t *rows, size_t n, size_t stride, const float *query, float *out);

/* The same without what this processor has beyond the least, for tests. */
void half_products_plain(const uint16_t *rows, size_t n, size_t stride, const float *query, float *out);

#endif
