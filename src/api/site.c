/* What this site is and allows, for pages that fit themselves to it (doc/api-pages.md 2.1). */
#include "api/route.h"

/* The tutor's. */
static void write_model(struct json_out *out, struct request *req)
{
    const char *notice = llm_notice(req->config);

    json_open_object(out);
    json_key(out, "name");
    json_text(out, notice ? NULL : llm_reply_model(req->ctx.arena, req->config));
    json_key(out, "is_builtin");
    json_boolean(out, notice != NULL);
    json_key(out, "notice");
    json_text(out, notice);
    json_close_object(out);
}

static void write_features(struct json_out *out, const struct config_features *features)
{
    json_open_object(out);
    json_key(out, "ai_experiences");
    json_boolean(out, features->ai_experiences);
    json_key(out, "evaluation");
    json_boolean(out, features->evaluation);
    json_key(out, "context_files");
    json_boolean(out, features->context_files);
    json_key(out, "streaming");
    json_boolean(out, features->streaming);
    json_close_object(out);
}

static void write_limits(struct json_out *out, const struct config_limits *limits)
{
    json_open_object(out);
    json_key(out, "message_max_chars");
    json_u64(out, limits->message_max_chars);
    json_key(out, "context_files_max");
    json_u64(out, limits->context_files_max);
    json_key(out, "context_file_max_bytes");
    json_u64(out, limits->context_file_max_bytes);
    json_close_object(out);
}

/* GET /site: 200. */
enum cq_status site_show(struct request *req)
{
    struct json_out out = response_json(req, 200);

    json_open_object(&out);
    json_key(&out, "model");
    write_model(&out, req);
    json_key(&out, "features");
    write_features(&out, &req->config->features);
    json_key(&out, "limits");
    write_limits(&out, &req->config->limits);
    json_close_object(&out);
    return CQ_OK;
}
