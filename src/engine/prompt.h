/*
 * Prompts: what a model is told, in the words of src/engine/prompts/.
 *
 * They are constants: what teachers, students and models have written is given beside them, as sections of the tutor's
 * system prompt if it is a teacher's, else as data (material.h). PROMPT_VERSION in colloquy/engine.h counts their changes.
 */
#ifndef COLLOQUY_ENGINE_PROMPT_H
#define COLLOQUY_ENGINE_PROMPT_H

#include "colloquy/engine.h"

extern const char PROMPT_TUTOR[], PROMPT_TUTOR_LEFT_OUT[], PROMPT_ASSESSMENT[], PROMPT_EVALUATION[], PROMPT_SUMMARY[],
    PROMPT_CHAT_CONTINUE[], PROMPT_CHAT_ATTACHMENT[], PROMPT_CHAT_TITLE[];
extern const char PROMPT_PASSAGES[], PROMPT_PASSAGES_CITED[], PROMPT_PASSAGES_UNCITED[];

struct prompt {
    const char *name, *text;
};
extern const struct prompt prompts[];
extern const size_t n_prompts;

#endif
