/* What every transfer of ours keeps to, whoever is asked. */
#ifndef COLLOQUY_LLM_TRANSFER_H
#define COLLOQUY_LLM_TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>

#include "colloquy/base.h"

/*
 * Only HTTP, only the host that the URL names, never by way of a proxy, and certificates always verified. ca_file: what
 * is trusted instead of the system's; NULL: that. False: memory.
 */
bool llm_transfer_bind(CURL *easy, const char *ca_file) MUST_USE;

#endif
