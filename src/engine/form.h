/*
 * Form: a model's JSON answer, read strictly.
 *
 * An answer that is not exactly of its schema is no answer: nothing is guessed, coerced or left out. Each of these
 * returns false for a value that is not of the form; texts live as long as the answer, in ctx->arena.
 */
#ifndef COLLOQUY_ENGINE_FORM_H
#define COLLOQUY_ENGINE_FORM_H

#include "colloquy/base.h"

enum { FORM_TEXT_MAX_CHARS = 4000, FORM_LIST_MAX_ITEMS = 50 };

/*
 * Read an object out of at most max_bytes. White space around it and one Markdown code fence are passed over, since
 * models like to add them. CQ_MODEL_INVALID_RESPONSE: anything else.
 */
enum cq_status form_parse(struct cq_ctx *ctx, const char *text, size_t len, size_t max_bytes,
                          struct json_object **out) MUST_USE;

/* Whether value is an object with exactly these n members. */
bool form_has_exactly(struct json_object *value, const char *const *names, size_t n) MUST_USE;

/* An integer (90.0 is none) within the bounds. */
bool form_integer(struct json_object *object, const char *name, int64_t min, int64_t max, int64_t *out) MUST_USE;
bool form_boolean(struct json_object *object, const char *name, bool *out) MUST_USE;

/* A string of at most FORM_TEXT_MAX_CHARS characters, without U+0000. */
bool form_text(struct json_object *object, const char *name, const char **out) MUST_USE;
bool form_text_value(struct json_object *value, const char **out) MUST_USE;

/* An array of at most FORM_LIST_MAX_ITEMS items. */
bool form_list(struct json_object *object, const char *name, struct json_object **out, size_t *n) MUST_USE;

/* ---- writing the schema of such an answer ---- */

/* {"type":"object", …} with these properties, all required; between the two come n_names pairs of key and schema. */
void form_open_object(struct json_out *out, const char *const *names, size_t n);
void form_close_object(struct json_out *out);

/* {"type":"array","items":…}; between the two comes the schema of an item. */
void form_open_list(struct json_out *out);
void form_close_list(struct json_out *out);

void form_type(struct json_out *out, const char *type, const char *description); /* description: NULL for none */
void form_numbers(struct json_out *out, size_t n);                               /* an integer of 1…n */

#endif
