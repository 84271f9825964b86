#include "tongues.h"

const struct tongue tongues[N_TONGUES] = {
    {.name = "openai",
     .told = told_openai,
     .headers = {"Authorization: Bearer good"},
     .path = {"/v1/chat/completions", "/v1/chat/completions"},
     .body = {"{\"model\":\"$1\",\"messages\":[$2]$3}",
              "{\"model\":\"$1\",\"messages\":[$2]$3,\"stream\":true,\"stream_options\":{\"include_usage\":true}}"},
     .said = "{\"role\":\"user\",\"content\":\"$1\"}",
     .reasons = ",\"reasoning_effort\":\"low\"",
     .offers = ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"$1\",\"parameters\":{}}}]",
     .must_fit = ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"$1\",\"schema\":$2}}"},
    {.name = "anthropic",
     .told = told_anthropic,
     .headers = {"x-api-key: good", "anthropic-version: 2023-06-01"},
     .path = {"/v1/messages", "/v1/messages"},
     .body = {"{\"model\":\"$1\",\"max_tokens\":4096,\"messages\":[$2]$3}",
              "{\"model\":\"$1\",\"max_tokens\":4096,\"messages\":[$2]$3,\"stream\":true}"},
     .said = "{\"role\":\"user\",\"content\":\"$1\"}",
     .reasons = ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024}",
     .offers = ",\"tools\":[{\"name\":\"$1\",\"input_schema\":{}}]",
     .must_fit = ",\"tool_choice\":{\"type\":\"tool\",\"name\":\"$1\"},"
                 "\"tools\":[{\"name\":\"$1\",\"input_schema\":$2}]"},
    {.name = "bedrock",
     .told = told_bedrock,
     .headers = {"Authorization: Bearer good"},
     .path = {"/model/$1/converse", "/model/$1/converse-stream"},
     .body = {"{\"messages\":[$2]$3}", "{\"messages\":[$2]$3}"},
     .said = "{\"role\":\"user\",\"content\":[{\"text\":\"$1\"}]}",
     .reasons = ",\"additionalModelRequestFields\":{\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024}}",
     .offers = ",\"toolConfig\":{\"tools\":[{\"toolSpec\":{\"name\":\"$1\",\"inputSchema\":{\"json\":{}}}}]}",
     .must_fit = ",\"toolConfig\":{\"toolChoice\":{\"tool\":{\"name\":\"$1\"}},"
                 "\"tools\":[{\"toolSpec\":{\"name\":\"$1\",\"inputSchema\":{\"json\":$2}}}]}"},
};

char *fill(const char *text, const char *one, const char *two, const char *three)
{
    const char *const parts[] = {one, two, three};
    struct buf *out = new_buf();

    for (const char *at = text; *at; at++) {
        bool is_place = at[0] == '$' && at[1] >= '1' && at[1] <= '3';

        if (is_place)
            buf_str(out, parts[*++at - '1']);
        else
            buf_char(out, *at);
    }
    return out->data;
}

struct answer say_all(const struct tongue *tongue, bool is_stream, const char *model, const char *messages,
                      const char *more)
{
    return ASK(.path = fill(tongue->path[is_stream], model, "", ""),
               .body = fill(tongue->body[is_stream], model, messages, more),
               .headers = {tongue->headers[0], tongue->headers[1]});
}

struct answer say(const struct tongue *tongue, bool is_stream, const char *text)
{
    return say_all(tongue, is_stream, "m", fill(tongue->said, text, "", ""), "");
}
