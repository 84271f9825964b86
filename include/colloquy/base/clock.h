/* Time. Deadlines count on the monotonic clock; what is stored or shown is UTC. */
#ifndef COLLOQUY_BASE_CLOCK_H
#define COLLOQUY_BASE_CLOCK_H

#include "colloquy/base/status.h"

int64_t clock_mono_ms(void); /* since an arbitrary start; never goes back */
int64_t clock_mono_us(void); /* the same, in microseconds */
int64_t clock_unix_ms(void); /* since 1970 UTC */

enum { CLOCK_TEXT_BYTES = 21 };

/* "YYYY-MM-DDTHH:MM:SSZ" and a NUL; years 1970 to 9999, milliseconds cut off. */
void clock_text(int64_t unix_ms, char out[CLOCK_TEXT_BYTES]);

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar; month 1 to 12, day 1 to 31. */
int64_t clock_days(int year, unsigned month, unsigned day);

#endif
