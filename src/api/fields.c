/* Faults of fields, and the answer that lists them. */
#include "api/fields.h"

void field_error(struct field_errors *errors, const char *field, const char *message)
{
    if (errors->n < MAX_FIELD_ERRORS) {
        errors->list[errors->n].field = field;
        errors->list[errors->n++].message = message;
    }
}

static bool is_first_of_field(const struct field_errors *errors, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (str_eq(errors->list[k].field, errors->list[i].field))
            return false;
    return true;
}

bool has_field_errors(const struct field_errors *errors)
{
    return errors->n || errors->has_unusable_files;
}

static void answer_unusable_files(struct request *req)
{
    struct json_out out = response_json(req, 422);

    json_raw(&out, "{\"errors\":{\"context_file_ids\":[\"" UNUSABLE_FILES "\"]}}");
}

void answer_field_errors(struct request *req, const struct field_errors *errors)
{
    if (!errors->n) {
        answer_unusable_files(req);
        return;
    }
    struct json_out out = response_json(req, 400);

    json_open_object(&out);
    for (size_t i = 0; i < errors->n; i++) {
        if (!is_first_of_field(errors, i))
            continue;
        json_key(&out, errors->list[i].field);
        json_open_array(&out);
        for (size_t k = i; k < errors->n; k++)
            if (str_eq(errors->list[k].field, errors->list[i].field))
                json_text(&out, errors->list[k].message);
        json_close_array(&out);
    }
    json_close_object(&out);
}
