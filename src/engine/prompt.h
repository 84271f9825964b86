/* The prompts of structured answers: constants, since whatever is judged is given as data beside them (material.h). */
#ifndef COLLOQUY_ENGINE_PROMPT_H
#define COLLOQUY_ENGINE_PROMPT_H

extern const char PROMPT_ASSESSMENT[], PROMPT_EVALUATION[];

#endif
