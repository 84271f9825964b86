/* What went wrong with a try, in words: tables of statuses, of the providers' own errors, and of curl's codes. */
#include <errno.h>
#include <fnmatch.h>
#include <json-c/json.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>

#include "llm/explain.h"

enum {
    WORD_BYTES = 64,
    MESSAGE_MAX_BYTES = 400, /* of a provider's message; what it complains of stands at its beginning */
    HOST_BYTES = 80,
    ADDRESS_BYTES = HOST_BYTES + 8,
    ANY = -1,
};

#define NO_MODEL     "no such model"
#define NO_ACCESS    "the key may not use this model"
#define BAD_KEY      "the key was refused"
#define TOO_LONG     "the conversation is longer than the model's context"
#define NO_CREDIT    "the account is out of credit"
#define WRONG_PLACE  "the provider lets nobody in from this network"
#define NO_AUTHORITY "the certificate's authority is not known; SSL_CERT_FILE names others"

/* ---- a response ---- */

/* What a status means by itself; the first row that has it counts. */
static const struct {
    long first, last;
    bool has_word; /* what the provider calls the error says more */
    const char *words;
} statuses[] = {
    // clang-format off
    {200, 299, false, "a success without a reply"},
    {300, 399, false, "a redirect, which is not followed: is base_url right?"},
    {401, 401, false, BAD_KEY},
    {402, 402, false, NO_CREDIT},
    {403, 403, true,  "the key was refused, or may not do this"},
    {404, 404, true,  "no such model, or base_url is wrong"},
    {405, 405, false, "nobody takes a conversation there: is base_url right?"},
    {408, 408, false, "the provider waited too long for the request"},
    {413, 413, false, "the conversation is too large for the provider"},
    {422, 422, true,  "the request was not understood"},
    {429, 429, false, "limited"},
    {400, 499, true,  "the request was refused"},
    {502, 504, false, "the provider is down"},
    {529, 529, false, "the provider is overloaded"},
    {500, 599, true,  "the provider has failed"},
    // clang-format on
};

/*
 * What a provider may mean by a 4xx, whichever it is: told by a word of its own, or by how its message goes (fnmatch(3),
 * whatever the case). The first row that fits counts. Source: the error pages of OpenAI, Azure OpenAI, Anthropic, Amazon
 * Bedrock and Gemini; what vLLM, llama.cpp, Ollama, Mistral and LiteLLM answer.
 */
static const struct {
    const char *word, *message; /* NULL: there is none */
    const char *words;
} errors[] = {
    // clang-format off
    {"context_length_exceeded",              "*maximum context length*",          TOO_LONG},
    {"exceed_context_size_error",            "*exceed*context*",                  TOO_LONG},
    {NULL,                                   "*prompt is too long*",              TOO_LONG},
    {NULL,                                   "*input is too long*",               TOO_LONG},
    {NULL,                                   "*not have access to model*",        NO_ACCESS},
    {NULL,                                   "*have access to the model*",        NO_ACCESS},
    {"model_not_found",                      "*model*does not exist*",            NO_MODEL},
    {"DeploymentNotFound",                   "*model*not found*",                 NO_MODEL},
    {"invalid_model",                        "*model identifier*",                NO_MODEL},
    {NULL,                                   "*invalid model name*",              NO_MODEL},
    {NULL,                                   "model: *",                          NO_MODEL},
    {NULL,                                   "*with on-demand throughput*",       "the model is to be named by an inference profile"},
    {"invalid_api_key",                      "*api key not valid*",               BAD_KEY},
    {"UnrecognizedClientException",          "*api key is valid*",                BAD_KEY},
    {"InvalidSignatureException",            NULL,                                "the signature was refused: a wrong secret, or a wrong clock here"},
    {"ExpiredTokenException",                NULL,                                "the key has expired"},
    {"insufficient_quota",                   NULL,                                "the account's quota is used up"},
    {"billing_hard_limit_reached",           "*credit balance*",                  NO_CREDIT},
    {"unsupported_country_region_territory", "*firewall rules*",                  WRONG_PLACE},
    {"ip_not_authorized",                    "*public access is disabled*",       WRONG_PLACE},
    // clang-format on
};

/* What the error says of itself. */
struct error_words {
    char code[WORD_BYTES], type[WORD_BYTES], param[WORD_BYTES]; /* "": none that may be repeated */
    char message[MESSAGE_MAX_BYTES];                            /* only to be looked into */
};

static bool is_of_key(const struct config_model *model, const char *word)
{
    const char *const keys[] = {model->api_key, model->access_key_id, model->secret_access_key, model->session_token};

    for (size_t i = 0; i < LEN(keys); i++)
        if (keys[i] && *keys[i] && (strstr(keys[i], word) || strstr(word, keys[i])))
            return true;
    return false;
}

/* Up to end, if it is a word; else "". */
static void take_word(const struct config_model *model, const char *text, const char *end, char out[WORD_BYTES])
{
    size_t len = text ? strcspn(text, end) : 0;

    if (!len || len >= WORD_BYTES || strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.-") < len)
        return;
    memcpy(out, text, len);
    out[len] = '\0';
    if (is_of_key(model, out))
        *out = '\0';
}

/* {"error":{"code","type","param","message"}}, or these without "error", or one text alone; Gemini puts it into an array. */
static void read_body(struct cq_ctx *ctx, const struct config_model *model, const struct llm_refusal *refusal,
                      struct error_words *out)
{
    static const char *const texts[] = {"message", "Message", "error", "detail"};
    struct json_object *body = NULL, *error;
    const char *message = NULL;

    if (json_read(ctx, refusal->body, refusal->len, &body))
        return;
    if (json_object_is_type(body, json_type_array))
        body = json_object_array_get_idx(body, 0);
    error = json_get(body, "error");
    if (json_get_text(body, "error", NULL) || !error)
        error = body;
    take_word(model, json_get_text(error, "code", NULL), "", out->code);
    take_word(model, json_get_text(error, "type", NULL), "", out->type);
    take_word(model, json_get_text(error, "param", NULL), "", out->param);
    for (size_t i = 0; i < LEN(texts) && !message; i++)
        message = json_get_text(error, texts[i], NULL);
    snprintf(out->message, sizeof(out->message), "%s", message ? message : "");
}

static const char *find_error(const struct error_words *said)
{
    for (size_t i = 0; i < LEN(errors); i++)
        if ((errors[i].word && (str_eq(errors[i].word, said->code) || str_eq(errors[i].word, said->type))) ||
            (errors[i].message && fnmatch(errors[i].message, said->message, FNM_CASEFOLD) == 0))
            return errors[i].words;
    return NULL;
}

/* The words for a status; *word stays what it is only if it says more than they do. */
static const char *find_status(long http_status, const char **word)
{
    for (size_t i = 0; i < LEN(statuses); i++)
        if (http_status >= statuses[i].first && http_status <= statuses[i].last) {
            if (!statuses[i].has_word)
                *word = "";
            return statuses[i].words;
        }
    return "no status of HTTP";
}

void llm_explain_refusal(struct cq_ctx *ctx, const struct config_model *model, const struct llm_refusal *refusal,
                         char out[LLM_WORDS_BYTES])
{
    struct error_words said = {0};
    char after[32] = "";

    read_body(ctx, model, refusal, &said);
    take_word(model, refusal->type, ":", said.type);
    const char *word = *said.code ? said.code : said.type;
    const char *words = refusal->http_status / 100 == 4 ? find_error(&said) : NULL;

    if (words)
        word = "";
    else
        words = find_status(refusal->http_status, &word);
    const char *param = *word ? said.param : "";

    if (refusal->retry_after_s)
        snprintf(after, sizeof(after), ", again in %u s", refusal->retry_after_s);
    snprintf(out, LLM_WORDS_BYTES, "%s (status %ld%s%s%s%s)%s", words, refusal->http_status, *word ? ", " : "", word,
             *param ? ": " : "", param, after);
}

/* ---- no response ---- */

/*
 * The words before and after what they name; the first row that fits counts. Names are curl's to compare: when one is wrong it has
 * not asked OpenSSL yet what became of the rest, or knows that it is well.
 */
static const struct {
    CURLcode code;
    long detail; /* errno of a connection, OpenSSL's X509_V_ERR_ of a certificate */
    const char *before;
    enum { NOTHING, HOST, ADDRESS } what;
    const char *after;
} silences[] = {
    // clang-format off
    {CURLE_COULDNT_RESOLVE_HOST,     ANY,                                          "the host name ", HOST, " is not known"},
    {CURLE_COULDNT_CONNECT,          ECONNREFUSED,                                 "nobody listens at ", ADDRESS, " (connection refused)"},
    {CURLE_COULDNT_CONNECT,          EHOSTUNREACH,                                 "there is no way from here to ", ADDRESS, " (no route)"},
    {CURLE_COULDNT_CONNECT,          ENETUNREACH,                                  "there is no way from here to ", ADDRESS, " (no route)"},
    {CURLE_COULDNT_CONNECT,          EMFILE,                                       "no file descriptor is left here to reach ", ADDRESS, ""},
    {CURLE_COULDNT_CONNECT,          ENFILE,                                       "no file descriptor is left here to reach ", ADDRESS, ""},
    {CURLE_COULDNT_CONNECT,          EADDRNOTAVAIL,                                "no address or port is left here to reach ", ADDRESS, ""},
    {CURLE_COULDNT_CONNECT,          ENOBUFS,                                      "memory is short", NOTHING, ""},
    {CURLE_COULDNT_CONNECT,          ENOMEM,                                       "memory is short", NOTHING, ""},
    {CURLE_COULDNT_CONNECT,          ANY,                                          "no connection to ", ADDRESS, ""},
    {CURLE_OPERATION_TIMEDOUT,       ANY,                                          "no connection to ", ADDRESS, " in time"},
    {CURLE_SSL_CONNECT_ERROR,        ANY,                                          "no TLS with ", ADDRESS, ": is it https there?"},
    {CURLE_SSL_CACERT_BADFILE,       ANY,                                          "the file of trusted certificates cannot be read: see SSL_CERT_FILE", NOTHING, ""},
    {CURLE_PEER_FAILED_VERIFICATION, X509_V_OK,                                    "the certificate is not for ", HOST, ""},
    {CURLE_PEER_FAILED_VERIFICATION, X509_V_ERR_UNSPECIFIED,                       "the certificate is not for ", HOST, ""},
    {CURLE_PEER_FAILED_VERIFICATION, X509_V_ERR_CERT_HAS_EXPIRED,                  "the certificate of ", HOST, " has expired"},
    {CURLE_PEER_FAILED_VERIFICATION, X509_V_ERR_CERT_NOT_YET_VALID,                "the certificate of ", HOST, " is not valid yet"},
    {CURLE_PEER_FAILED_VERIFICATION, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,         NO_AUTHORITY, NOTHING, ""},
    {CURLE_PEER_FAILED_VERIFICATION, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, NO_AUTHORITY, NOTHING, ""},
    {CURLE_PEER_FAILED_VERIFICATION, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,   NO_AUTHORITY, NOTHING, ""},
    {CURLE_PEER_FAILED_VERIFICATION, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,       NO_AUTHORITY, NOTHING, ""},
    {CURLE_PEER_FAILED_VERIFICATION, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,         NO_AUTHORITY, NOTHING, ""},
    {CURLE_PEER_FAILED_VERIFICATION, ANY,                                          "the certificate of ", HOST, " is not valid"},
    {CURLE_OK,                       ANY,                                          "", ADDRESS, " closes without an answer"},
    {CURLE_GOT_NOTHING,              ANY,                                          "", ADDRESS, " closes without an answer"},
    {CURLE_ABORTED_BY_CALLBACK,      ANY,                                          "", ADDRESS, " closes without an answer"},
    {CURLE_RECV_ERROR,               ANY,                                          "the connection to ", ADDRESS, " broke"},
    {CURLE_SEND_ERROR,               ANY,                                          "the connection to ", ADDRESS, " broke"},
    {CURLE_WEIRD_SERVER_REPLY,       ANY,                                          "", ADDRESS, " does not speak HTTP"},
    {CURLE_UNSUPPORTED_PROTOCOL,     ANY,                                          "", ADDRESS, " does not speak HTTP"},
    {CURLE_URL_MALFORMAT,            ANY,                                          "base_url is no address", NOTHING, ""},
    {CURLE_OUT_OF_MEMORY,            ANY,                                          "memory is short", NOTHING, ""},
    {CURLE_FAILED_INIT,              ANY,                                          "memory is short", NOTHING, ""},
    // clang-format on
};

/* Of an address that is none: "the provider". */
static void read_url(const char *text, char host[HOST_BYTES], char address[ADDRESS_BYTES])
{
    CURLU *url = curl_url();
    char *name = NULL, *port = NULL;
    bool is_read = url && !curl_url_set(url, CURLUPART_URL, text, 0) && !curl_url_get(url, CURLUPART_HOST, &name, 0) &&
                   !curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);

    snprintf(host, HOST_BYTES, "%s", is_read ? name : "the provider");
    snprintf(address, ADDRESS_BYTES, "%s%s%s", host, is_read ? ":" : "", is_read ? port : "");
    curl_free(name);
    curl_free(port);
    curl_url_cleanup(url);
}

void llm_explain_silence(const struct llm_silence *silence, char out[LLM_WORDS_BYTES])
{
    long detail = silence->code == CURLE_COULDNT_CONNECT ? silence->os_error : silence->verify_result;
    char host[HOST_BYTES], address[ADDRESS_BYTES];

    read_url(silence->url, host, address);
    for (size_t i = 0; i < LEN(silences); i++) {
        if (silences[i].code != silence->code || (silences[i].detail != ANY && silences[i].detail != detail))
            continue;
        const char *const named[] = {[NOTHING] = "", [HOST] = host, [ADDRESS] = address};

        snprintf(out, LLM_WORDS_BYTES, "%s%s%s", silences[i].before, named[silences[i].what], silences[i].after);
        return;
    }
    snprintf(out, LLM_WORDS_BYTES, "%s", curl_easy_strerror(silence->code));
}
