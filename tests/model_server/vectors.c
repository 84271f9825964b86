/* Embeddings: what no model made, and what is near all the same when words are shared. */
#include "model_server.h"

#include <json-c/json.h>
#include <math.h>
#include <stdio.h>

enum { SHORT_WORD_BYTES = 3, STEM_BYTES = 5 };

static bool is_text(struct json_object *text)
{
    return json_object_is_type(text, json_type_string) && json_object_get_string_len(text) > 0 &&
           utf8_valid(json_object_get_string(text), (size_t)json_object_get_string_len(text));
}

bool inputs_read(struct inputs *inputs, struct json_object *texts, struct json_object *dimensions, size_t max)
{
    bool is_array = json_object_is_type(texts, json_type_array);
    int64_t wanted = dimensions ? json_object_get_int64(dimensions) : VECTOR_DIMENSIONS;

    inputs->texts = texts;
    inputs->n = is_array ? json_object_array_length(texts) : 1;
    inputs->dimensions = (size_t)wanted;
    if (wanted < 1 || wanted > VECTOR_MAX_DIMENSIONS || inputs->n < 1 || inputs->n > max)
        return false;
    for (size_t i = 0; is_array && i < inputs->n; i++)
        if (!is_text(json_object_array_get_idx(texts, i)))
            return false;
    return is_array || is_text(texts);
}

const char *inputs_text(const struct inputs *inputs, size_t i)
{
    struct json_object *texts = inputs->texts;

    return json_object_get_string(json_object_is_type(texts, json_type_array) ? json_object_array_get_idx(texts, i)
                                                                              : texts);
}

size_t inputs_tokens(const struct inputs *inputs)
{
    size_t n = 0;

    for (size_t i = 0; i < inputs->n; i++)
        n += strlen(inputs_text(inputs, i)) / 4 + 1;
    return n;
}

/*
 * Words count by their first letters, so that "boils" is near "boiling", and short ones, which say little, only when
 * there are no others. The sign, a bit of the hash too, lets words that share a dimension by chance cancel out.
 */
static bool add_words(double *sums, size_t n, const char *text, bool with_short)
{
    struct word word;
    const char *end = text + strlen(text);
    bool is_any = false;

    while (word_next(&text, end, &word)) {
        if (word.folded_len <= SHORT_WORD_BYTES && !with_short)
            continue;
        size_t len = word.folded_len < STEM_BYTES ? word.folded_len : STEM_BYTES;
        uint64_t hash = word_hash(word.folded, len);

        sums[(hash >> 1) % n] += hash & 1 ? 1 : -1;
        is_any = true;
    }
    return is_any;
}

void vector_write(struct json_out *out, const char *text, size_t dimensions)
{
    double sums[VECTOR_MAX_DIMENSIONS] = {0}, square = 0;
    struct buf vector;

    if (!add_words(sums, dimensions, text, false))
        add_words(sums, dimensions, text, true);
    for (size_t i = 0; i < dimensions; i++)
        square += sums[i] * sums[i];
    if (square == 0)
        square = sums[0] = 1; /* no words: still a direction */
    buf_init(&vector, MAX_BODY_BYTES);
    for (size_t i = 0; i < dimensions; i++)
        buf_printf(&vector, "%s%.7g", i ? "," : "[", sums[i] / sqrt(square));
    buf_str(&vector, "]");
    json_raw(out, vector.data);
    buf_release(&vector);
}
