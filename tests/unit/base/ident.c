#include <stdlib.h>

#include "unit.h"

static void test_uuid_form(void)
{
    char uuid[UUID_TEXT_BYTES], parsed[UUID_TEXT_BYTES];

    for (int i = 0; i < 1000; i++) {
        uuid_new(uuid);
        CU_ASSERT(uuid_parse(uuid, strlen(uuid), parsed));
        ASSERT_TEXT(parsed, uuid); /* lower case already */
        CU_ASSERT_EQUAL(uuid[14], '7');
        CU_ASSERT_PTR_NOT_NULL(strchr("89ab", uuid[19]));
    }
}

/* The first 48 bits are the milliseconds of now. */
static void test_uuid_time(void)
{
    char uuid[UUID_TEXT_BYTES], digits[13];
    int64_t before = clock_unix_ms();

    uuid_new(uuid);
    memcpy(digits, uuid, 8);
    memcpy(digits + 8, uuid + 9, 4);
    digits[12] = '\0';
    int64_t ms = strtoll(digits, NULL, 16);
    CU_ASSERT(ms >= before && ms <= clock_unix_ms());
}

static void test_uuid_order(void)
{
    char last[UUID_TEXT_BYTES], next[UUID_TEXT_BYTES];

    uuid_new(last);
    for (int i = 0; i < 20; i++) {
        int64_t at_ms = clock_unix_ms();

        while (clock_unix_ms() == at_ms)
            ;
        uuid_new(next);
        CU_ASSERT(strcmp(last, next) < 0);
        memcpy(last, next, sizeof(last));
    }
}

static void test_uuid_parse(void)
{
    static const struct {
        const char *text, *want; /* NULL: refused */
    } rows[] = {
        {"01890A5D-AC96-774B-BCCE-B302099A8057", "01890a5d-ac96-774b-bcce-b302099a8057"},
        {"00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"},
        {"01890a5dac96774bbcceb302099a8057", NULL},
        {"01890a5d-ac96-774b-bcce-b302099a805", NULL},
        {"01890a5d-ac96-774b-bcce-b302099a80577", NULL},
        {"01890a5d-ac96-774b-bcce-b302099a805g", NULL},
        {"01890a5d0ac96-774b-bcce-b302099a8057", NULL},
        {"{1890a5d-ac96-774b-bcce-b302099a805}", NULL},
        {"", NULL},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        char out[UUID_TEXT_BYTES] = "untouched";
        bool good = uuid_parse(rows[i].text, strlen(rows[i].text), out);

        ROW_ASSERT(rows[i].text, good == (rows[i].want != NULL));
        ROW_ASSERT(rows[i].text, str_eq(out, good ? rows[i].want : "untouched"));
    }
}

/* The examples of FIPS 180-2, appendix B, and the empty text. */
static void test_sha256(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        uint8_t hash[SHA256_BYTES];
        char hex[2 * SHA256_BYTES + 1];

        CU_ASSERT(sha256(rows[i].text, strlen(rows[i].text), hash));
        hex_encode(hash, sizeof(hash), hex);
        ASSERT_TEXT(hex, rows[i].want);
    }
}

/* The examples of RFC 4231, sections 4.3 and 4.7 (a key longer than a block). */
static void test_hmac(void)
{
    char long_key[131];
    const struct {
        const char *name, *key;
        size_t key_len;
        const char *data, *want;
    } rows[] = {
        {"short key", "Jefe", 4, "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"long key", long_key, sizeof(long_key), "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };

    memset(long_key, 0xaa, sizeof(long_key));
    for (size_t i = 0; i < LEN(rows); i++) {
        uint8_t hash[SHA256_BYTES];
        char hex[2 * SHA256_BYTES + 1];

        ROW_ASSERT(rows[i].name, hmac_sha256(rows[i].key, rows[i].key_len, rows[i].data, strlen(rows[i].data), hash));
        hex_encode(hash, sizeof(hash), hex);
        ASSERT_TEXT(hex, rows[i].want);
    }
}

static void test_secrets_compared(void)
{
    CU_ASSERT_TRUE(secret_eq("", "") && secret_eq("abc", "abc"));
    CU_ASSERT_FALSE(secret_eq("abc", "abd") || secret_eq("abc", "ab") || secret_eq("", "a") || secret_eq("abc", "Abc"));
}

/* 32 bytes that count up from 0, as `base64 | tr +/ -_` writes them. */
static void test_secret_text(void)
{
    uint8_t bytes[SHA256_BYTES];
    char text[ACCESS_TOKEN_TEXT_BYTES];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    secret_text(bytes, text);
    ASSERT_TEXT(text, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    memset(bytes, 0xfb, sizeof(bytes));
    secret_text(bytes, text);
    ASSERT_TEXT(text, "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s");
}

static void test_access_token(void)
{
    char tokens[64][ACCESS_TOKEN_TEXT_BYTES];

    for (size_t i = 0; i < LEN(tokens); i++) {
        access_token_new(tokens[i]);
        CU_ASSERT_EQUAL(strlen(tokens[i]), 43);
        CU_ASSERT_EQUAL(strspn(tokens[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
        /* 43 characters carry 258 bits, of which the last two are nothing. */
        CU_ASSERT_PTR_NOT_NULL(strchr("AEIMQUYcgkosw048", tokens[i][42]));
        for (size_t k = 0; k < i; k++)
            CU_ASSERT_FALSE(str_eq(tokens[i], tokens[k]));
    }
}

static const char ulid_digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* The time that the first ten characters stand for. */
static uint64_t ulid_ms(const char *ulid)
{
    uint64_t ms = 0;

    for (size_t i = 0; i < 10; i++)
        ms = ms << 5 | (uint64_t)(strchr(ulid_digits, ulid[i]) - ulid_digits);
    return ms;
}

static void test_ulid(void)
{
    char ids[64][ULID_TEXT_BYTES];

    for (size_t i = 0; i < LEN(ids); i++) {
        int64_t before = clock_unix_ms();

        ulid_new(ids[i]);
        CU_ASSERT_TRUE(strlen(ids[i]) == 26 && strspn(ids[i], ulid_digits) == 26);
        CU_ASSERT_TRUE(ids[i][0] <= '7'); /* 128 bits */
        CU_ASSERT_TRUE((int64_t)ulid_ms(ids[i]) >= before && (int64_t)ulid_ms(ids[i]) <= clock_unix_ms());
        for (size_t k = 0; k < i; k++)
            CU_ASSERT_FALSE(str_eq(ids[i], ids[k]));
        CU_ASSERT_TRUE(!i || memcmp(ids[i - 1], ids[i], 10) <= 0);
    }
}

/* All of its 80 random bits change: each of the last 16 characters is seen with many values. */
static void test_ulid_is_random(void)
{
    uint32_t seen[26] = {0};

    for (int i = 0; i < 256; i++) {
        char id[ULID_TEXT_BYTES];

        ulid_new(id);
        for (size_t k = 10; k < 26; k++)
            seen[k] |= 1u << (strchr(ulid_digits, id[k]) - ulid_digits);
    }
    for (size_t k = 10; k < 26; k++)
        CU_ASSERT_TRUE(__builtin_popcount(seen[k]) > 24);
}

/* Every byte of a long piece is written: over 64 draws none stays at one value. */
static void test_random(void)
{
    uint8_t seen[300] = {0}, bytes[300];

    for (int i = 0; i < 64; i++) {
        memset(bytes, 0, sizeof(bytes));
        random_bytes(bytes, sizeof(bytes));
        for (size_t k = 0; k < sizeof(bytes); k++)
            seen[k] |= bytes[k];
    }
    for (size_t k = 0; k < sizeof(seen); k++)
        CU_ASSERT_FATAL(seen[k] != 0);
    random_bytes(NULL, 0);
}

SUITE(ident, {"a UUID is of version 7", test_uuid_form}, {"a UUID holds its time", test_uuid_time},
      {"UUIDs sort by time", test_uuid_order}, {"reads UUIDs", test_uuid_parse}, {"SHA-256", test_sha256},
      {"HMAC", test_hmac}, {"secrets are compared", test_secrets_compared}, {"secrets as text", test_secret_text},
      {"access tokens", test_access_token}, {"random bytes", test_random}, {"ULIDs", test_ulid},
      {"ULIDs are random", test_ulid_is_random});
