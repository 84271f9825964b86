/* One's courses (doc/api-pages.md 2.2 and 2.3). */
#include "api/route.h"

static void write_enrollments(struct json_out *out, uint32_t roles)
{
    static const struct {
        enum role role;
        const char *type;
    } types[ROLE_COUNT] = {{ROLE_TEACHER, "teacher"},
                           {ROLE_TA, "ta"},
                           {ROLE_DESIGNER, "designer"},
                           {ROLE_STUDENT, "student"},
                           {ROLE_OBSERVER, "observer"}};

    json_open_array(out);
    for (size_t i = 0; i < LEN(types); i++) {
        if (!(roles & 1u << types[i].role))
            continue;
        json_open_object(out);
        json_key(out, "type");
        json_text(out, types[i].type);
        json_key(out, "enrollment_state");
        json_text(out, "active");
        json_close_object(out);
    }
    json_close_array(out);
}

static void write_course(struct json_out *out, const struct request *req, const struct course_row *course)
{
    json_open_object(out);
    json_key(out, "id");
    json_id(out, course->id);
    json_key(out, "name");
    json_text(out, course->name);
    json_key(out, "course_code");
    json_text(out, course->code);
    json_key(out, "can_manage");
    json_boolean(out, can_manage(req, course->roles));
    json_key(out, "enrollments");
    write_enrollments(out, course->roles);
    json_close_object(out);
}

/* GET /courses: 200 and a page of them, by name. */
enum cq_status course_index(struct request *req)
{
    const struct access_row *access = &req->loaded->access;
    struct course_list list;
    struct page page;

    enum cq_status st = page_read(req, 10, 100, &page);
    if (!st)
        st = store_course_list(&req->ctx, req->db, access->user_id, access->is_admin, page.per_page,
                               (page.number - 1) * page.per_page, &list);
    if (st)
        return st;
    struct json_out out = response_json(req, 200);

    json_open_array(&out);
    for (size_t i = 0; i < list.n; i++)
        write_course(&out, req, &list.rows[i]);
    json_close_array(&out);
    page_link(req, &page, list.total);
    return CQ_OK;
}

/* GET /courses/:course_id: 200 and the course. */
enum cq_status course_show(struct request *req)
{
    struct course_row course;

    enum cq_status st = store_course(&req->ctx, req->db, req->loaded->access.course_id, &course);
    if (st)
        return st;
    struct json_out out = response_json(req, 200);

    course.roles = req->loaded->access.roles;
    write_course(&out, req, &course);
    return CQ_OK;
}
