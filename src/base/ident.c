/* Random numbers from the kernel, and what is made of them. */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "colloquy/base/ident.h"
#include "colloquy/base/log.h"
#include "colloquy/base/text.h"

enum { UUID_BYTES = 16 };

void random_bytes(void *out, size_t len)
{
    char *at = out;

    while (len > 0) {
        ssize_t n = getrandom(at, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            log_error("no random numbers from the kernel: %s", strerror(errno));
            _exit(1); /* going on would hand out secrets that can be guessed */
        }
        at += n;
        len -= (size_t)n;
    }
}

static void uuid_text(const uint8_t bytes[UUID_BYTES], char out[UUID_TEXT_BYTES])
{
    static const uint8_t group_bytes[] = {4, 2, 2, 2, 6};

    for (size_t i = 0; i < LEN(group_bytes); i++) {
        hex_encode(bytes, group_bytes[i], out);
        bytes += group_bytes[i];
        out += (size_t)group_bytes[i] * 2;
        *out++ = '-';
    }
    out[-1] = '\0';
}

/*
 * 48 bits of milliseconds, then 12 bits of the fraction of the present one (RFC 9562 section 6.2, method 3), which
 * keeps the order within a millisecond without a counter to share; the rest is random.
 */
void uuid_new(char out[UUID_TEXT_BYTES])
{
    struct timespec now;
    uint8_t bytes[UUID_BYTES];

    random_bytes(bytes, sizeof(bytes));
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    uint64_t fraction = ((uint64_t)now.tv_nsec % 1000000 << 12) / 1000000;

    for (size_t i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    bytes[6] = (uint8_t)(0x70 | fraction >> 8); /* version 7 */
    bytes[7] = (uint8_t)fraction;
    bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3F)); /* the variant of RFC 9562 */
    uuid_text(bytes, out);
}

/* 130 bits of text hold the 128: the first character stands for three bits only. */
void ulid_new(char out[ULID_TEXT_BYTES])
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint8_t bytes[16];
    struct timespec now;
    unsigned value = 0, n_bits = 2;
    size_t n = 0;

    random_bytes(bytes, sizeof(bytes));
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;

    for (size_t i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        value = (value << 8 | bytes[i]) & 0xFFFF;
        for (n_bits += 8; n_bits >= 5; n_bits -= 5)
            out[n++] = digits[value >> (n_bits - 5) & 31];
    }
    out[n] = '\0';
}

bool uuid_parse(const char *text, size_t len, char out[UUID_TEXT_BYTES])
{
    char lower[UUID_TEXT_BYTES];

    if (len != UUID_TEXT_BYTES - 1)
        return false;
    for (size_t i = 0; i < len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? text[i] != '-' : hex_digit(text[i]) < 0)
            return false;
        lower[i] = (char)(dash ? '-' : "0123456789abcdef"[hex_digit(text[i])]);
    }
    lower[len] = '\0';
    memcpy(out, lower, sizeof(lower));
    return true;
}

/* Looked up once in a process: EVP_sha256() stands for a search by name, which takes longer than hashing a token. */
static const EVP_MD *sha256_method(void)
{
    static _Atomic(EVP_MD *) known;
    EVP_MD *method = known, *none = NULL;

    if (method)
        return method;
    method = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (atomic_compare_exchange_strong(&known, &none, method))
        return method;
    EVP_MD_free(method); /* another thread was faster */
    return none;
}

bool sha256(const void *data, size_t len, uint8_t out[SHA256_BYTES])
{
    const EVP_MD *method = sha256_method();

    return method && EVP_Digest(data, len, out, NULL, method, NULL) == 1;
}

bool hmac_sha256(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[SHA256_BYTES])
{
    const EVP_MD *method = sha256_method();

    return method && key_len <= INT32_MAX && HMAC(method, key, (int)key_len, data, len, out, NULL) != NULL;
}

bool secret_eq(const char *a, const char *b)
{
    size_t len = strlen(a);

    return strlen(b) == len && CRYPTO_memcmp(a, b, len) == 0;
}

void secret_text(const uint8_t bytes[SHA256_BYTES], char out[ACCESS_TOKEN_TEXT_BYTES])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    for (size_t i = 0; i < SHA256_BYTES; i += 3) {
        /* The last group is two bytes and four bits of nothing. */
        uint8_t last = i + 2 < SHA256_BYTES ? bytes[i + 2] : 0;
        uint32_t group = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | last;

        for (unsigned shift = 18, k = 0; k < 4; k++, shift -= 6)
            *out++ = alphabet[group >> shift & 63];
    }
    out[-1] = '\0'; /* 11 groups are 44 characters, and the last one holds no bits of ours */
}

void access_token_new(char out[ACCESS_TOKEN_TEXT_BYTES])
{
    uint8_t bytes[SHA256_BYTES];

    random_bytes(bytes, sizeof(bytes));
    secret_text(bytes, out);
    explicit_bzero(bytes, sizeof(bytes));
}
