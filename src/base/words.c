/* Words of a text: a table of what is no letter, and one of what is the same letter in another case. */
#include <string.h>

#include "colloquy/base/words.h"

enum kind {
    LETTER,
    SEPARATOR,
    SKIPPED, /* within a word it is as if it were not there */
    ALONE,   /* a word by itself */
};

struct range {
    uint32_t first, last;
    enum kind kind;
};

/* In order. What is not here is a letter. */
static const struct range kinds[] = {
    // clang-format off
    {0x00, 0x24, SEPARATOR},       {0x25, 0x25, ALONE},           {0x26, 0x26, SEPARATOR},
    {0x27, 0x27, SKIPPED},         {0x28, 0x2A, SEPARATOR},       {0x2B, 0x2B, ALONE},
    {0x2C, 0x2F, SEPARATOR},       {0x3A, 0x3B, SEPARATOR},       {0x3C, 0x3D, ALONE},
    {0x3E, 0x40, SEPARATOR},       {0x5B, 0x60, SEPARATOR},       {0x7B, 0xA9, SEPARATOR},
    {0xAB, 0xAC, SEPARATOR},       {0xAD, 0xAD, SKIPPED},         {0xAE, 0xB0, SEPARATOR},
    {0xB1, 0xB1, ALONE},           {0xB4, 0xB4, SEPARATOR},       {0xB6, 0xB8, SEPARATOR},
    {0xBB, 0xBB, SEPARATOR},       {0xBF, 0xBF, SEPARATOR},       {0xD7, 0xD7, ALONE},
    {0xF7, 0xF7, ALONE},           {0x2BC, 0x2BC, SKIPPED},       {0x37E, 0x37E, SEPARATOR},
    {0x387, 0x387, SEPARATOR},     {0x55A, 0x55F, SEPARATOR},     {0x589, 0x58A, SEPARATOR},
    {0x5BE, 0x5BE, SEPARATOR},     {0x5C0, 0x5C0, SEPARATOR},     {0x5C3, 0x5C3, SEPARATOR},
    {0x5F3, 0x5F4, SKIPPED},       {0x60C, 0x60D, SEPARATOR},     {0x61B, 0x61F, SEPARATOR},
    {0x640, 0x640, SKIPPED},       {0x66A, 0x66D, SEPARATOR},     {0x6D4, 0x6D4, SEPARATOR},
    {0x964, 0x965, SEPARATOR},     {0xE00, 0xEFF, ALONE},         {0x1000, 0x109F, ALONE},
    {0x1361, 0x1368, SEPARATOR},   {0x1680, 0x1680, SEPARATOR},   {0x1780, 0x17FF, ALONE},
    {0x180E, 0x180E, SKIPPED},     {0x2000, 0x200A, SEPARATOR},   {0x200B, 0x200F, SKIPPED},
    {0x2010, 0x2017, SEPARATOR},   {0x2018, 0x2019, SKIPPED},     {0x201A, 0x2029, SEPARATOR},
    {0x202A, 0x202E, SKIPPED},     {0x202F, 0x205F, SEPARATOR},   {0x2060, 0x206F, SKIPPED},
    {0x20A0, 0x20CF, SEPARATOR},   {0x2190, 0x22FF, ALONE},       {0x2300, 0x2BFF, SEPARATOR},
    {0x2E00, 0x2E7F, SEPARATOR},   {0x3000, 0x3004, SEPARATOR},   {0x3005, 0x3007, ALONE},
    {0x3008, 0x3030, SEPARATOR},   {0x3040, 0x30FA, ALONE},       {0x30FB, 0x30FB, SEPARATOR},
    {0x30FC, 0x30FF, ALONE},       {0x31F0, 0x31FF, ALONE},       {0x3400, 0x4DBF, ALONE},
    {0x4E00, 0x9FFF, ALONE},       {0xE000, 0xF8FF, SEPARATOR},   {0xF900, 0xFAFF, ALONE},
    {0xFE00, 0xFE0F, SKIPPED},     {0xFE10, 0xFE6F, SEPARATOR},   {0xFEFF, 0xFEFF, SKIPPED},
    {0xFF61, 0xFF65, SEPARATOR},   {0xFF66, 0xFF9F, ALONE},       {0xFFE0, 0xFFFF, SEPARATOR},
    {0x1F000, 0x1FAFF, SEPARATOR}, {0x20000, 0x3FFFF, ALONE},     {0xE0000, 0xE0FFF, SKIPPED},
    // clang-format on
};

static enum kind kind_of(uint32_t c)
{
    size_t low = 0, high = LEN(kinds);

    if (c >= 'a' && c <= 'z') /* most of what is read */
        return LETTER;
    while (low < high) {
        size_t middle = (low + high) / 2;

        if (c > kinds[middle].last)
            low = middle + 1;
        else if (c < kinds[middle].first)
            high = middle;
        else
            return kinds[middle].kind;
    }
    return LETTER;
}

/* Of the capitals from first to last, every step-th one; delta leads to the small letter. */
static const struct {
    uint32_t first, last, step;
    int32_t delta;
} capitals[] = {
    // clang-format off
    {'A', 'Z', 1, 32},         {0xC0, 0xD6, 1, 32},       {0xD8, 0xDE, 1, 32},       {0x100, 0x12E, 2, 1},
    {0x130, 0x130, 1, 'i' - 0x130}, {0x132, 0x136, 2, 1}, {0x139, 0x147, 2, 1},      {0x14A, 0x176, 2, 1},
    {0x178, 0x178, 1, -121},   {0x179, 0x17D, 2, 1},      {0x17F, 0x17F, 1, 's' - 0x17F}, {0x1A0, 0x1A4, 2, 1},
    {0x1AF, 0x1AF, 1, 1},      {0x1CD, 0x1DB, 2, 1},      {0x1F8, 0x21E, 2, 1},      {0x222, 0x232, 2, 1},
    {0x386, 0x386, 1, 38},     {0x388, 0x38A, 1, 37},     {0x38C, 0x38C, 1, 64},     {0x38E, 0x38F, 1, 63},
    {0x391, 0x3A1, 1, 32},     {0x3A3, 0x3AB, 1, 32},     {0x3C2, 0x3C2, 1, 1},      {0x400, 0x40F, 1, 80},
    {0x410, 0x42F, 1, 32},     {0x460, 0x480, 2, 1},      {0x48A, 0x4BE, 2, 1},      {0x4D0, 0x52E, 2, 1},
    {0x531, 0x556, 1, 48},     {0x1E00, 0x1E94, 2, 1},    {0x1E9E, 0x1E9E, 1, 0xDF - 0x1E9E}, {0x1EA0, 0x1EFE, 2, 1},
    // clang-format on
};

static uint32_t fold(uint32_t c)
{
    if (c >= 0xFF01 && c <= 0xFF5E) /* a full-width form of ASCII */
        c -= 0xFEE0;
    for (size_t i = 0; i < LEN(capitals) && c >= capitals[i].first; i++)
        if (c <= capitals[i].last && (c - capitals[i].first) % capitals[i].step == 0)
            return (uint32_t)((int32_t)c + capitals[i].delta);
    return c;
}

uint64_t word_hash(const char *bytes, size_t len)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* Whether the character belongs to the word; *ends: nothing can follow it. */
static bool word_take(struct word *word, uint32_t c, enum kind kind, bool *ends)
{
    if (kind == SKIPPED)
        return true;
    *ends = kind == ALONE;
    if (kind == SEPARATOR || (kind == ALONE && word->folded_len) || word->folded_len + 5 > sizeof(word->folded))
        return false;
    word->folded_len += utf8_put(word->folded + word->folded_len, c);
    return true;
}

bool word_next(const char **at, const char *end, struct word *out)
{
    bool ends = false;

    out->text = *at;
    out->len = out->folded_len = 0;
    while (*at < end && !ends) {
        size_t n;
        uint32_t c = fold(utf8_decode(*at, (size_t)(end - *at), &n));
        enum kind kind = kind_of(c);

        if (!out->folded_len)
            out->text = *at;
        if (!word_take(out, c, kind, &ends)) {
            ends = false;
            if (out->folded_len)
                break;
        }
        *at += n;
        if (out->folded_len && kind != SKIPPED)
            out->len = (size_t)(*at - out->text);
    }
    out->is_alone = ends;
    out->folded[out->folded_len] = '\0';
    out->hash = word_hash(out->folded, out->folded_len);
    return out->folded_len > 0;
}
