/* Where the class stands (doc/api-pages.md 4.3). */
#include "api/route.h"

static void key_u64(struct json_out *out, const char *key, uint64_t n)
{
    json_key(out, key);
    json_u64(out, n);
}

static void write_objectives(struct json_out *out, const struct class_picture *picture)
{
    json_open_array(out);
    for (size_t i = 0; i < picture->n_objectives; i++) {
        json_open_object(out);
        json_key(out, "objective");
        json_text(out, picture->objectives[i].text);
        key_u64(out, "met_count", picture->objectives[i].n_met);
        key_u64(out, "count", picture->objectives[i].n);
        json_close_object(out);
    }
    json_close_array(out);
}

static void write_progress_of_all(struct json_out *out, const struct class_picture *picture)
{
    json_open_array(out);
    for (size_t i = 0; i <= picture->n_objectives; i++) {
        json_open_object(out);
        key_u64(out, "met", i);
        key_u64(out, "students", picture->n_having_met[i]);
        json_close_object(out);
    }
    json_close_array(out);
}

/* GET …/class_picture: 200 and the numbers. */
enum cq_status class_picture_show(struct request *req)
{
    struct class_picture picture;

    enum cq_status st = engine_class_picture(&req->ctx, req->db, &req->loaded->ai_experience, &picture);
    if (st)
        return st;
    struct json_out out = response_json(req, 200);

    json_open_object(&out);
    key_u64(&out, "total_students", picture.total_students);
    for (unsigned i = 0; i < STUDENT_STATE_COUNT; i++)
        key_u64(&out, engine_student_state_name(i), picture.n_in_state[i]);
    json_key(&out, "objectives");
    write_objectives(&out, &picture);
    json_key(&out, "progress");
    write_progress_of_all(&out, &picture);
    json_close_object(&out);
    return CQ_OK;
}
