/*
 * base: what every room stands on, and which knows none of them.
 *
 *   status   outcomes of a call and their meaning to a client; the context that travels with a request
 *   arena    memory released all at once
 *   buf      a growing buffer with a maximum
 *   text     UTF-8, numbers, header lists
 *   words    words of a text, however they are written
 *   fold     the same without accents, as a search compares them
 *   json     JSON in (json-c within bounds) and out (a writer)
 *   html     text within HTML
 *   clock    time
 *   ident    random numbers, UUIDs, access tokens, hashes
 *   password passwords, hashed and verified
 *   log      one line an event
 *   config   the INI file and the environment
 */
#ifndef COLLOQUY_BASE_H
#define COLLOQUY_BASE_H

#include "colloquy/base/arena.h"
#include "colloquy/base/buf.h"
#include "colloquy/base/clock.h"
#include "colloquy/base/config.h"
#include "colloquy/base/fold.h"
#include "colloquy/base/html.h"
#include "colloquy/base/ident.h"
#include "colloquy/base/json.h"
#include "colloquy/base/log.h"
#include "colloquy/base/password.h"
#include "colloquy/base/status.h"
#include "colloquy/base/text.h"
#include "colloquy/base/words.h"

#endif
