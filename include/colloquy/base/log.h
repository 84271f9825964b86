/*
 * The log: one line an event on standard error, for the journal or a file.
 *
 * Control characters are written as \xNN, so one event is always one line. With a journal behind standard error
 * (JOURNAL_STREAM) each line begins with its level as <N>; else with the time, the level and the process id. No line
 * ever holds a secret or the text of a message.
 */
#ifndef COLLOQUY_BASE_LOG_H
#define COLLOQUY_BASE_LOG_H

#include "colloquy/base/status.h"

enum log_level { LOG_SILENT = -1, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVEL_COUNT };

void log_set_level(enum log_level level);                    /* LOG_SILENT: no line at all */
bool log_level_parse(const char *text, enum log_level *out); /* error, warn, info, debug */

/* A word that stands in each line after the level: "master", "api/3". Copied, at most 31 bytes. */
void log_set_name(const char *name);

void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

#endif
