/* Verdicts of people, beside those of an evaluation's model (doc/api-pages.md 5). */
#include "api/evaluation_override.h"

#include <json-c/json.h>
#include <string.h>

#include "api/fields.h"
#include "api/route.h"

enum { REASON_MAX_CHARS = 2000 };

static const char VERDICTS[] = "learning_objectives_evaluation";

/* ---- writing ---- */

static void write_override(struct json_out *out, const struct evaluation_override *o)
{
    if (!o) {
        json_null(out);
        return;
    }
    json_open_object(out);
    json_key(out, "met");
    json_boolean(out, o->is_met);
    json_key(out, "reason");
    json_text(out, o->reason);
    json_key(out, "user_id");
    json_id(out, o->user_id);
    json_key(out, "user_name");
    json_text(out, o->user_name);
    json_key(out, "created_at");
    json_time(out, o->created_at_ms);
    json_key(out, "updated_at");
    json_time(out, o->updated_at_ms);
    json_close_object(out);
}

static void write_stored(struct json_out *out, const char *key, struct json_object *value)
{
    json_key(out, key);
    json_raw(out, json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* As it is stored, and the override behind it. */
static void write_verdict(struct json_out *out, struct json_object *verdict, const struct evaluation_override *o)
{
    json_open_object(out);
    if (json_object_is_type(verdict, json_type_object)) {
        json_object_object_foreach(verdict, key, value) write_stored(out, key, value);
    }
    json_key(out, "override");
    write_override(out, o);
    json_close_object(out);
}

static bool hash_objective(struct json_object *verdict, uint8_t hash[SHA256_BYTES])
{
    size_t len = 0;
    const char *objective = json_get_text(verdict, "objective", &len);

    return objective && sha256(objective, len, hash);
}

static const struct evaluation_override *override_of(struct json_object *verdict,
                                                     const struct evaluation_override_list *overrides)
{
    uint8_t hash[SHA256_BYTES];

    if (!overrides->n || !hash_objective(verdict, hash))
        return NULL;
    for (size_t i = 0; i < overrides->n; i++)
        if (!memcmp(overrides->rows[i].objective_hash, hash, SHA256_BYTES))
            return &overrides->rows[i];
    return NULL;
}

static void write_verdicts(struct json_out *out, struct json_object *verdicts,
                           const struct evaluation_override_list *overrides)
{
    size_t n = json_object_is_type(verdicts, json_type_array) ? json_object_array_length(verdicts) : 0;

    json_key(out, VERDICTS);
    json_open_array(out);
    for (size_t i = 0; i < n; i++) {
        struct json_object *verdict = json_object_array_get_idx(verdicts, i);

        write_verdict(out, verdict, override_of(verdict, overrides));
    }
    json_close_array(out);
}

static enum cq_status read_stored(struct request *req, const char *answer, struct json_object **out)
{
    enum cq_status st = json_read(&req->ctx, answer, strlen(answer), out);

    if (!st && json_object_is_type(*out, json_type_object))
        return CQ_OK;
    return cq_fail(&req->ctx, CQ_INTERNAL, "a stored evaluation cannot be read");
}

enum cq_status write_evaluation_answer(struct request *req, struct json_out *out, const char *answer,
                                       const struct evaluation_override_list *overrides)
{
    struct json_object *evaluation = NULL;
    enum cq_status st = answer ? read_stored(req, answer, &evaluation) : CQ_OK;

    if (st || !answer) {
        json_null(out);
        return st;
    }
    json_open_object(out);
    json_object_object_foreach(evaluation, key, value)
    {
        if (str_eq(key, VERDICTS))
            write_verdicts(out, value, overrides);
        else
            write_stored(out, key, value);
    }
    json_close_object(out);
    return CQ_OK;
}

/* ---- which verdict ---- */

/* The one at that place in the stored evaluation, whatever that still covers; CQ_RESOURCE_NOT_FOUND: there is none. */
static enum cq_status find_verdict(struct request *req, struct json_object **out, uint8_t hash[SHA256_BYTES])
{
    static const uint8_t any_basis[SHA256_BYTES];
    uint64_t number = path_param_id(req, "number");
    struct json_object *evaluation = NULL;
    struct evaluation_row row;

    enum cq_status st = store_evaluation_read(&req->ctx, req->db, req->loaded->conversation.id, any_basis, &row);
    if (!st && !row.answer)
        st = CQ_RESOURCE_NOT_FOUND;
    if (!st)
        st = read_stored(req, row.answer, &evaluation);
    if (st)
        return st;
    struct json_object *verdicts = json_get(evaluation, VERDICTS);

    if (!json_object_is_type(verdicts, json_type_array) || !number || number > json_object_array_length(verdicts))
        return CQ_RESOURCE_NOT_FOUND;
    *out = json_object_array_get_idx(verdicts, number - 1);
    return hash_objective(*out, hash) ? CQ_OK : cq_fail(&req->ctx, CQ_INTERNAL, "a stored verdict has no objective");
}

static void answer_verdict(struct request *req, struct json_object *verdict, const struct evaluation_override *o)
{
    struct json_out out = response_json(req, 200);

    write_verdict(&out, verdict, o);
}

/* ---- what is said of it ---- */

/* As JSON has it; in a form, a word for it. */
static const char *met_fault(const struct request *req, bool *is_met)
{
    struct param p = param_any(req, NULL, "met");
    const char *text = p.state == PARAM_VALUE ? json_object_get_string(p.json) : "";

    if (p.state == PARAM_WRONG)
        return "is invalid";
    if (p.state != PARAM_VALUE || !*text)
        return "can't be blank";
    if (json_object_is_type(p.json, json_type_boolean)) {
        *is_met = json_object_get_boolean(p.json);
        return NULL;
    }
    bool is_word = json_object_is_type(p.json, json_type_string) && parse_bool(text, strlen(text), is_met);

    return is_word ? NULL : "is invalid";
}

static const char *reason_fault(const struct request *req, const char **reason)
{
    struct param p = param_text(req, NULL, "reason");

    if (p.state == PARAM_WRONG)
        return "is invalid";
    if (p.state != PARAM_VALUE || utf8_blank(p.text, p.len))
        return "can't be blank";
    if (utf8_count(p.text, p.len) > REASON_MAX_CHARS)
        return "is too long (maximum is 2000 characters)";
    *reason = p.text;
    return NULL;
}

/* PUT …/evaluation/verdicts/:number: 200 and the verdict, with what was said beside it. */
enum cq_status evaluation_override_update(struct request *req)
{
    uint8_t hash[SHA256_BYTES];
    struct new_override new = {.conversation_id = req->loaded->conversation.id,
                               .user_id = req->loaded->access.user_id,
                               .objective_hash = hash};
    struct field_errors errors = {.n = 0};
    struct json_object *verdict = NULL;
    struct evaluation_override row;
    const char *fault;

    enum cq_status st = find_verdict(req, &verdict, hash);
    if (st)
        return st;
    if ((fault = met_fault(req, &new.is_met)))
        field_error(&errors, "met", fault);
    if ((fault = reason_fault(req, &new.reason)))
        field_error(&errors, "reason", fault);
    if (has_field_errors(&errors)) {
        answer_field_errors(req, &errors);
        return CQ_OK;
    }
    st = store_override_put(&req->ctx, req->db, &new, &row);
    if (!st)
        answer_verdict(req, verdict, &row);
    return st;
}

/* DELETE …/evaluation/verdicts/:number: 200 and the verdict, with nothing beside it. */
enum cq_status evaluation_override_delete(struct request *req)
{
    uint8_t hash[SHA256_BYTES];
    struct json_object *verdict = NULL;

    enum cq_status st = find_verdict(req, &verdict, hash);
    if (!st)
        st = store_override_remove(&req->ctx, req->db, req->loaded->conversation.id, hash);
    if (!st)
        answer_verdict(req, verdict, NULL);
    return st;
}
