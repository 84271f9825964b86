/*
 * What every fuzz target stands on.
 *
 * A target is one file with LLVMFuzzerTestOneInput(): it takes bytes as they may come from outside, and CHECKs what
 * must hold whatever they are. libFuzzer looks for bytes that break it (tests/fuzz/run); replay.c runs the corpus
 * through it in the suite, where neither clang nor libFuzzer is needed.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "colloquy/base.h"

/* Always 0: libFuzzer asks for it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold; else the process says so and aborts, in every build. */
#define CHECK(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_fail(const char *condition, const char *file, int line);

/* A context on an arena of 16 MiB, emptied for each use; one at a time. */
struct cq_ctx *fuzz_ctx(void);

/* Bytes that are taken apart from the front. */
struct input {
    const char *at, *end;
};

struct input input_of(const uint8_t *data, size_t size);

/*
 * What comes before the next separator (or the end), which is passed over; a NUL ends the text. In the context's
 * arena.
 */
const char *input_until(struct input *in, struct cq_ctx *ctx, char separator);
const char *input_line(struct input *in, struct cq_ctx *ctx);

/* All that is left, with a NUL behind it. In the context's arena. */
const char *input_rest(struct input *in, struct cq_ctx *ctx, size_t *len);

/* A tree of parameters or of JSON: every text and key is UTF-8, and nothing is nested deeper than JSON_MAX_DEPTH. */
void check_tree(struct json_object *tree);

/* A text of ours: UTF-8 that its terminator ends. */
void check_text(const char *text, size_t len);

#endif
