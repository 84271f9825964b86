/* What went wrong, in words: a table of what providers and curl say, and what is made of it. */
#include <errno.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>

#include "unit.h"

#include "llm/explain.h"

static const struct config_model model = {.name = "m", .api_key = "sk-key", .secret_access_key = "aws-secret"};

static void check_refusal(const char *name, const struct llm_refusal *refusal, const char *want)
{
    char got[LLM_WORDS_BYTES];

    llm_explain_refusal(unit_ctx(), &model, refusal, got);
    ROW_ASSERT(name, str_eq(got, want));
    if (!str_eq(got, want))
        printf("\n    %s: %s", name, got);
}

/* By the status alone. */
static void test_statuses(void)
{
    static const struct {
        long http_status;
        const char *want;
    } rows[] = {
        // clang-format off
        {204, "a success without a reply (status 204)"},
        {302, "a redirect, which is not followed: is base_url right? (status 302)"},
        {400, "the request was refused (status 400)"},
        {401, "the key was refused (status 401)"},
        {402, "the account is out of credit (status 402)"},
        {403, "the key was refused, or may not do this (status 403)"},
        {404, "no such model, or base_url is wrong (status 404)"},
        {405, "nobody takes a conversation there: is base_url right? (status 405)"},
        {408, "the provider waited too long for the request (status 408)"},
        {413, "the conversation is too large for the provider (status 413)"},
        {418, "the request was refused (status 418)"},
        {422, "the request was not understood (status 422)"},
        {429, "limited (status 429)"},
        {500, "the provider has failed (status 500)"},
        {502, "the provider is down (status 502)"},
        {503, "the provider is down (status 503)"},
        {504, "the provider is down (status 504)"},
        {529, "the provider is overloaded (status 529)"},
        {599, "the provider has failed (status 599)"},
        {999, "no status of HTTP (status 999)"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++)
        check_refusal(rows[i].want, &(const struct llm_refusal){.http_status = rows[i].http_status, .body = ""},
                      rows[i].want);
}

static void test_retry_after(void)
{
    check_refusal("retry after", &(const struct llm_refusal){.http_status = 429, .body = "", .retry_after_s = 3},
                  "limited (status 429), again in 3 s");
}

/* By what the provider says of it. */
static void test_bodies(void)
{
    static const struct {
        const char *name;
        long http_status;
        const char *body, *type, *want;
    } rows[] = {
        // clang-format off
        {"openai, model", 404, "{\"error\":{\"message\":\"x\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"model_not_found\"}}", NULL,
         "no such model (status 404)"},
        {"openai, path", 404, "{\"error\":{\"message\":\"Invalid URL\",\"type\":\"invalid_request_error\",\"code\":null}}", NULL,
         "no such model, or base_url is wrong (status 404, invalid_request_error)"},
        {"openai, model of another project", 403, "{\"error\":{\"message\":\"Project `p` does not have access to model `m`\",\"code\":\"model_not_found\"}}", NULL,
         "the key may not use this model (status 403)"},
        {"openai, context", 400, "{\"error\":{\"message\":\"x\",\"code\":\"context_length_exceeded\"}}", NULL,
         "the conversation is longer than the model's context (status 400)"},
        {"openai, quota", 429, "{\"error\":{\"message\":\"x\",\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\"}}", NULL,
         "the account's quota is used up (status 429)"},
        {"openai, parameter", 400, "{\"error\":{\"message\":\"x\",\"type\":\"invalid_request_error\",\"param\":\"max_tokens\",\"code\":\"unsupported_parameter\"}}", NULL,
         "the request was refused (status 400, unsupported_parameter: max_tokens)"},
        {"openai, country", 403, "{\"error\":{\"code\":\"unsupported_country_region_territory\"}}", NULL,
         "the provider lets nobody in from this network (status 403)"},
        {"azure, deployment", 404, "{\"error\":{\"code\":\"DeploymentNotFound\",\"message\":\"x\"}}", NULL, "no such model (status 404)"},
        {"azure, key", 401, "{\"error\":{\"code\":\"401\",\"message\":\"Access denied\"}}", NULL, "the key was refused (status 401)"},
        {"azure, network", 403, "{\"error\":{\"code\":\"403\",\"message\":\"Public access is disabled.\"}}", NULL,
         "the provider lets nobody in from this network (status 403)"},
        {"anthropic, model", 404, "{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\",\"message\":\"model: claude\"}}", NULL,
         "no such model (status 404)"},
        {"anthropic, path", 404, "{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\",\"message\":\"Not Found\"}}", NULL,
         "no such model, or base_url is wrong (status 404, not_found_error)"},
        {"anthropic, credit", 400, "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"Your credit balance is too low\"}}", NULL,
         "the account is out of credit (status 400)"},
        {"anthropic, context", 400, "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"Prompt is too long: 9 tokens\"}}", NULL,
         "the conversation is longer than the model's context (status 400)"},
        {"anthropic, rights", 403, "{\"error\":{\"type\":\"permission_error\",\"message\":\"x\"}}", NULL,
         "the key was refused, or may not do this (status 403, permission_error)"},
        {"bedrock, access", 403, "{\"message\":\"You don't have access to the model with the specified model ID.\"}", "AccessDeniedException",
         "the key may not use this model (status 403)"},
        {"bedrock, rights", 403, "{\"Message\":\"User: arn is not authorized to perform: bedrock:InvokeModel\"}", "AccessDeniedException:http://internal.amazon.com/",
         "the key was refused, or may not do this (status 403, AccessDeniedException)"},
        {"bedrock, key id", 403, "{\"message\":\"The security token is invalid.\"}", "UnrecognizedClientException", "the key was refused (status 403)"},
        {"bedrock, secret", 403, "{\"message\":\"x\"}", "InvalidSignatureException",
         "the signature was refused: a wrong secret, or a wrong clock here (status 403)"},
        {"bedrock, model", 400, "{\"message\":\"The provided model identifier is invalid.\"}", "ValidationException", "no such model (status 400)"},
        {"bedrock, context", 400, "{\"message\":\"Input is too long for requested model.\"}", "ValidationException",
         "the conversation is longer than the model's context (status 400)"},
        {"bedrock, profile", 400, "{\"message\":\"Invocation of model ID m with on-demand throughput isn't supported.\"}", "ValidationException",
         "the model is to be named by an inference profile (status 400)"},
        {"gemini, key", 400, "[{\"error\":{\"code\":400,\"message\":\"API key not valid.\",\"status\":\"INVALID_ARGUMENT\"}}]", NULL,
         "the key was refused (status 400)"},
        {"vllm, model", 404, "{\"object\":\"error\",\"message\":\"The model `m` does not exist.\",\"type\":\"NotFoundError\",\"code\":404}", NULL,
         "no such model (status 404)"},
        {"ollama, model", 404, "{\"error\":\"model 'm' not found\"}", NULL, "no such model (status 404)"},
        {"llama.cpp, context", 400, "{\"error\":{\"code\":400,\"message\":\"x\",\"type\":\"exceed_context_size_error\"}}", NULL,
         "the conversation is longer than the model's context (status 400)"},
        {"5xx is no 4xx", 500, "{\"error\":{\"message\":\"maximum context length\",\"type\":\"server_error\"}}", NULL,
         "the provider has failed (status 500, server_error)"},
        {"HTML", 404, "<h1>Not found</h1>", NULL, "no such model, or base_url is wrong (status 404)"},
        {"no object", 400, "[]", NULL, "the request was refused (status 400)"},
        {"an error that is a number", 400, "{\"error\":7}", NULL, "the request was refused (status 400)"},
        {"cut", 400, "{\"error\":{\"code\":\"model_not", NULL, "the request was refused (status 400)"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++)
        check_refusal(rows[i].name,
                      &(const struct llm_refusal){.http_status = rows[i].http_status,
                                                  .type = rows[i].type,
                                                  .body = rows[i].body,
                                                  .len = strlen(rows[i].body)},
                      rows[i].want);
}

/* Whatever else stands where a word is expected is not repeated, and never a part of a key. */
static void test_words_that_are_not_repeated(void)
{
    static const char *const codes[] = {
        "sk-key",    "sk-",        "Bearer-sk-key",
        "secret",    "aws-secret", "two words",
        "AKIA1234",  "sk-9",       "line\\nbreak",
        "a(b)",      "\xC3\xA4",   "\\u0000model",
        "a\\u001b[", "",           "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij",
    };

    static const struct {
        const char *around[2], *want;
    } places[] = {
        {{"{\"error\":{\"code\":\"", "\",\"message\":\"sk-key\"}}"}, "the request was refused (status 400)"},
        {{"{\"error\":{\"type\":\"", "\",\"message\":\"sk-key\"}}"}, "the request was refused (status 400)"},
        {{"{\"error\":{\"code\":\"bad\",\"param\":\"", "\"}}"}, "the request was refused (status 400, bad)"},
    };

    for (size_t i = 0; i < LEN(codes); i++)
        for (size_t k = 0; k < LEN(places); k++) {
            char body[200];
            int len = snprintf(body, sizeof(body), "%s%s%s", places[k].around[0], codes[i], places[k].around[1]);

            check_refusal(codes[i], &(const struct llm_refusal){.http_status = 400, .body = body, .len = (size_t)len},
                          places[k].want);
        }
}

static void test_silences(void)
{
    static const struct {
        CURLcode code;
        long os_error, verify_result;
        const char *url, *want;
    } rows[] = {
        // clang-format off
        {CURLE_COULDNT_RESOLVE_HOST, 0, 0, "https://model.example/v1/x", "the host name model.example is not known"},
        {CURLE_COULDNT_CONNECT, ECONNREFUSED, 0, "http://127.0.0.1:9/v1", "nobody listens at 127.0.0.1:9 (connection refused)"},
        {CURLE_COULDNT_CONNECT, ECONNREFUSED, 0, "https://model.example/v1", "nobody listens at model.example:443 (connection refused)"},
        {CURLE_COULDNT_CONNECT, ECONNREFUSED, 0, "http://[::1]:9/v1", "nobody listens at [::1]:9 (connection refused)"},
        {CURLE_COULDNT_CONNECT, ENETUNREACH, 0, "https://a/", "there is no way from here to a:443 (no route)"},
        {CURLE_COULDNT_CONNECT, EMFILE, 0, "https://a/", "no file descriptor is left here to reach a:443"},
        {CURLE_COULDNT_CONNECT, EADDRNOTAVAIL, 0, "https://a/", "no address or port is left here to reach a:443"},
        {CURLE_COULDNT_CONNECT, EACCES, 0, "https://a/", "no connection to a:443"},
        {CURLE_OPERATION_TIMEDOUT, 0, 0, "https://a/", "no connection to a:443 in time"},
        {CURLE_SSL_CONNECT_ERROR, 0, 0, "https://a/", "no TLS with a:443: is it https there?"},
        {CURLE_SSL_CACERT_BADFILE, 0, 0, "https://a/", "the file of trusted certificates cannot be read: see SSL_CERT_FILE"},
        {CURLE_PEER_FAILED_VERIFICATION, 0, X509_V_OK, "https://a/", "the certificate is not for a"},
        {CURLE_PEER_FAILED_VERIFICATION, 0, X509_V_ERR_UNSPECIFIED, "https://a/", "the certificate is not for a"},
        {CURLE_PEER_FAILED_VERIFICATION, 0, X509_V_ERR_CERT_HAS_EXPIRED, "https://a/", "the certificate of a has expired"},
        {CURLE_PEER_FAILED_VERIFICATION, 0, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "https://a/",
         "the certificate's authority is not known; SSL_CERT_FILE names others"},
        {CURLE_PEER_FAILED_VERIFICATION, 0, X509_V_ERR_CERT_REVOKED, "https://a/", "the certificate of a is not valid"},
        {CURLE_GOT_NOTHING, 0, 0, "https://a/", "a:443 closes without an answer"},
        {CURLE_RECV_ERROR, 0, 0, "https://a/", "the connection to a:443 broke"},
        {CURLE_WEIRD_SERVER_REPLY, 0, 0, "https://a/", "a:443 does not speak HTTP"},
        {CURLE_OUT_OF_MEMORY, 0, 0, "https://a/", "memory is short"},
        {CURLE_COULDNT_CONNECT, ECONNREFUSED, 0, "no address", "nobody listens at the provider (connection refused)"},
        {CURLE_TOO_MANY_REDIRECTS, 0, 0, "https://a/", "Number of redirects hit maximum amount"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct llm_silence silence = {rows[i].code, rows[i].os_error, rows[i].verify_result, rows[i].url};
        char got[LLM_WORDS_BYTES];

        llm_explain_silence(&silence, got);
        ROW_ASSERT(rows[i].want, str_eq(got, rows[i].want));
    }
}

SUITE(explain, {"statuses", test_statuses}, {"Retry-After", test_retry_after}, {"what providers say", test_bodies},
      {"words that are not repeated", test_words_that_are_not_repeated}, {"no response", test_silences});
