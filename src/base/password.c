/* Passwords by crypt(3). */
#include <crypt.h>
#include <string.h>

#include "colloquy/base/ident.h"
#include "colloquy/base/password.h"

_Static_assert(PASSWORD_MAX_BYTES < CRYPT_MAX_PASSPHRASE_SIZE, "what we take, crypt(3) takes");
_Static_assert(PASSWORD_HASH_BYTES >= CRYPT_OUTPUT_SIZE, "a hash fits");

static bool fits(const char *password)
{
    return strlen(password) <= PASSWORD_MAX_BYTES;
}

/* A new salt, with which crypt(3) costs what it costs to verify a hash of ours. */
static bool new_setting(char out[CRYPT_GENSALT_OUTPUT_SIZE])
{
    return crypt_gensalt_rn("$y$", 0, NULL, 0, out, CRYPT_GENSALT_OUTPUT_SIZE) != NULL;
}

/* setting: a salt, or a hash made with it. */
static bool hash_with(const char *password, const char *setting, char out[PASSWORD_HASH_BYTES])
{
    struct crypt_data data = {0};
    const char *hash = crypt_r(password, setting, &data);
    bool done = hash && hash[0] == '$';

    if (done)
        memcpy(out, hash, strlen(hash) + 1);
    explicit_bzero(&data, sizeof(data));
    return done;
}

bool password_hash(const char *password, char out[PASSWORD_HASH_BYTES])
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];

    return fits(password) && new_setting(setting) && hash_with(password, setting, out);
}

bool password_verify(const char *password, const char *hash)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE], made[PASSWORD_HASH_BYTES];

    if (!hash && !new_setting(setting))
        return false;
    bool done = hash_with(fits(password) ? password : "", hash ? hash : setting, made);
    return done && hash && fits(password) && secret_eq(made, hash);
}
