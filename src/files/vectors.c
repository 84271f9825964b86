/* Vectors of passages: written as 16-bit floats of length 1, and all compared with that of a question. */
#include "files/vectors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "files/beside.h"
#include "files/half.h"

static const char magic[8] = "CqVecto";

enum { VERSION = 1, ORDER = 0x01020304, MODEL_DIGITS = 16 };

struct head {
    char magic[8];
    uint32_t version, order;
    uint32_t n, n_dimensions;
    uint8_t pad[8];
};

static size_t stride_of(size_t n_dimensions)
{
    return (n_dimensions + HALF_LANES - 1) / HALF_LANES * HALF_LANES;
}

/* What the file is called behind the document's hash. */
static bool what_of(const char *model, char out[BESIDE_WHAT_BYTES])
{
    uint8_t hash[SHA256_BYTES];
    char digits[2 * SHA256_BYTES + 1];

    if (!sha256(model, strlen(model), hash))
        return false;
    hex_encode(hash, SHA256_BYTES, digits);
    snprintf(out, BESIDE_WHAT_BYTES, "vectors-%.*s", MODEL_DIGITS, digits);
    return true;
}

/* ---- writing ---- */

/* What a vector is multiplied with to be of length 1; 0: it has none. */
static double scale_of(const float *vector, size_t n)
{
    double squares = 0;

    for (size_t i = 0; i < n; i++)
        squares += (double)vector[i] * (double)vector[i];
    return isfinite(squares) && squares > 0 ? 1 / sqrt(squares) : 0;
}

static void put_row(const float *vector, size_t n_dimensions, uint16_t *row)
{
    double scale = scale_of(vector, n_dimensions);

    for (size_t i = 0; i < n_dimensions; i++)
        row[i] = scale > 0 ? half_of((float)((double)vector[i] * scale)) : 0;
}

enum cq_status vectors_write(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                             const char *model, const float *vectors, size_t n, size_t n_dimensions)
{
    struct head head = {.version = VERSION, .order = ORDER, .n = (uint32_t)n, .n_dimensions = (uint32_t)n_dimensions};
    size_t stride = stride_of(n_dimensions);
    char what[BESIDE_WHAT_BYTES];

    if (n > UINT32_MAX || !n_dimensions || n_dimensions > VECTOR_MAX_DIMENSIONS)
        return cq_fail(ctx, CQ_INVALID_REQUEST, "files: %zu vectors of %zu dimensions", n, n_dimensions);
    uint16_t *rows = arena_zalloc(ctx->arena, n * stride, sizeof(*rows));

    if (!rows || !what_of(model, what))
        return cq_fail(ctx, CQ_INTERNAL, "files: no memory for vectors");
    memcpy(head.magic, magic, sizeof(magic));
    for (size_t i = 0; i < n; i++)
        put_row(vectors + i * n_dimensions, n_dimensions, rows + i * stride);
    const struct part parts[] = {{&head, sizeof(head)}, {rows, n * stride * sizeof(*rows)}};

    return beside_write(ctx, config, hash, what, parts, LEN(parts));
}

/* ---- reading ---- */

static bool is_good_head(const struct head *head, uint64_t file_bytes)
{
    return memcmp(head->magic, magic, sizeof(magic)) == 0 && head->version == VERSION && head->order == ORDER &&
           head->n_dimensions > 0 && head->n_dimensions <= VECTOR_MAX_DIMENSIONS &&
           file_bytes == sizeof(*head) + (uint64_t)head->n * stride_of(head->n_dimensions) * sizeof(uint16_t);
}

bool vectors_are_there(const struct config *config, const uint8_t hash[SHA256_BYTES], const char *model)
{
    char what[BESIDE_WHAT_BYTES];
    struct head head;
    uint64_t file_bytes;

    return what_of(model, what) && beside_head(config, hash, what, &head, sizeof(head), &file_bytes) &&
           is_good_head(&head, file_bytes);
}

enum cq_status vectors_open(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                            const char *model, struct vectors *out)
{
    char what[BESIDE_WHAT_BYTES];
    struct head head;
    const void *data;
    size_t len;

    if (!what_of(model, what))
        return cq_fail(ctx, CQ_INTERNAL, "files: no memory for the name of vectors");
    enum cq_status st = beside_map(ctx, config, hash, what, &data, &len);
    if (st)
        return st;
    if (len >= sizeof(head))
        memcpy(&head, data, sizeof(head));
    if (len < sizeof(head) || !is_good_head(&head, len))
        return cq_fail(ctx, CQ_SOURCE_GONE, "files: the vectors of a file are damaged, or of another version");
    *out = (struct vectors){.rows = (const uint16_t *)(const void *)((const char *)data + sizeof(head)),
                            .n = head.n,
                            .n_dimensions = head.n_dimensions};
    return CQ_OK;
}

const float *vector_unit(struct cq_ctx *ctx, const float *vector, size_t n_dimensions)
{
    float *unit = arena_zalloc(ctx->arena, stride_of(n_dimensions), sizeof(*unit));
    double scale = scale_of(vector, n_dimensions);

    for (size_t i = 0; unit && scale > 0 && i < n_dimensions; i++)
        unit[i] = (float)((double)vector[i] * scale);
    return unit;
}

/* Not a number, too, becomes 0. */
static float clamp(float cosine)
{
    if (cosine > 1)
        return 1;
    if (cosine < -1)
        return -1;
    return cosine >= -1 ? cosine : 0;
}

void vectors_cosines(const struct vectors *v, const float *unit, float *out)
{
    half_products(v->rows, v->n, stride_of(v->n_dimensions), unit, out);
    for (size_t i = 0; i < v->n; i++)
        out[i] = clamp(out[i]);
}
