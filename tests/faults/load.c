/*
 * The crowd: students who open conversations and talk, and readers beside them.
 *
 * A student's life is three steps: open a conversation, say something in each of its rounds, read it back; then the
 * next one. Each step is sent again, with the same key, until it is acknowledged. Rounds are asked for as JSON and as
 * a stream in turn.
 */
#include <stdio.h>
#include <stdlib.h>

#include "faults.h"

enum {
    N_STUDENTS = 6,
    USUAL_SPEAKERS = 24,
    USUAL_READERS = 4,
    MAX_SPEAKERS = 240,
    MAX_READERS = 32,
    USUAL_READ_PAUSE_MS = 25,
    AGAIN_MS = 150,
    POST_LIMIT_MS = 60000,
    FINISH_LIMIT_MS = 60000,
    UNDER_WAY_MS = 250, /* until then a request may not have reached a worker; and the machine must have gone on */
    UNDER_WAY_STEPS = 40,
    MAX_TIMES = 1 << 18,
    MAX_SHOWN = 5,
};

static const char USUAL_SAYS[] = "[[delay 150]][[gap 20]][[chunk 30]]";

enum step { STEP_OPEN, STEP_SAY, STEP_READ_BACK };

struct speaker {
    const char *token, *list_path;
    enum step step;
    struct page *page;
    unsigned n_opened;
    bool is_streamed, must_finish;
    unsigned n_failed; /* tries of this step */
    struct transfer *transfer;
    int64_t began_ms, not_before_ms;
};

struct reader {
    struct transfer *transfer;
    unsigned nth;
    int64_t began_ms, not_before_ms;
};

static struct {
    struct load_plan plan;
    unsigned run; /* distinguishes the keys of one load from those of another */
    bool is_ending;
    int64_t mark_ms;
    struct speaker speakers[MAX_SPEAKERS];
    struct reader readers[MAX_READERS];
    struct load_figures figures;
} load;

static struct {
    char token[64];
} students[N_STUDENTS];
static uint64_t experiences[MAX_SPEAKERS / N_STUDENTS];

/* ---- times ---- */

static struct {
    int32_t us[MAX_TIMES];
    size_t n;
} times[N_TIMES];

void times_clear(void)
{
    for (size_t i = 0; i < N_TIMES; i++)
        times[i].n = 0;
}

static void times_note(enum times_of of, int64_t us)
{
    if (times[of].n < MAX_TIMES)
        times[of].us[times[of].n++] = (int32_t)us;
}

static int by_number(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

    return (x > y) - (x < y);
}

int64_t times_percentile(enum times_of of, unsigned percent)
{
    if (!times[of].n)
        return -1;
    qsort(times[of].us, times[of].n, sizeof(*times[of].us), by_number);
    return times[of].us[(times[of].n - 1) * percent / 100];
}

/* ---- students ---- */

static void enroll_students(void)
{
    for (size_t i = 0; i < N_STUDENTS; i++) {
        const char *login = textf("it-crowd-%zu", i);

        make_user(login);
        enroll(main_course(), login, "student", "active");
        snprintf(students[i].token, sizeof(students[i].token), "%s", make_token(login, NULL));
    }
}

const char *student_token(size_t i)
{
    if (!*students[0].token)
        enroll_students();
    return students[i % N_STUDENTS].token;
}

/* A student has one active conversation in each: the i-th speaker is student i % N_STUDENTS. */
uint64_t crowd_experience(size_t i)
{
    uint64_t *id = &experiences[i / N_STUDENTS % LEN(experiences)];

    if (!*id)
        *id = make_experience("published");
    return *id;
}

/* ---- answers ---- */

static void show_unfair(const struct answer *answer)
{
    static unsigned n_shown;

    if (n_shown++ < MAX_SHOWN)
        fprintf(stderr, "\n    unfair: %ld (%s) Retry-After \"%s\": %.300s", answer->status,
                header(answer, "X-Client-Error"), header(answer, "Retry-After"), answer->body ? answer->body : "");
}

bool refusal_is_fair(const struct answer *answer)
{
    bool is_repeatable = answer->status == 409 || answer->status == 429 || answer->status == 502 ||
                         answer->status == 503 || answer->status == 504;
    struct json_object *retryable = json_at(answer->json, "/retryable");
    bool is_json = answer->json && *text_at(answer->json, "/errors/0/message") &&
                   str_starts(header(answer, "Content-Type"), "application/json");
    bool is_fair = is_repeatable && is_json && strtol(header(answer, "Retry-After"), NULL, 10) > 0 &&
                   (!retryable || json_object_get_boolean(retryable));

    if (!is_fair)
        show_unfair(answer);
    return is_fair;
}

static enum post_end stream_end(const struct answer *answer)
{
    const struct event *last = answer->n_events ? &answer->events[answer->n_events - 1] : NULL;

    if (last && str_eq(last->name, "message.done"))
        return POST_DONE;
    if (!last || !str_eq(last->name, "error"))
        return POST_BROKEN;
    if (str_eq(text_at(last->data, "/code"), "internal_error"))
        return POST_FAILED;
    if (*text_at(last->data, "/code") && json_object_get_boolean(json_at(last->data, "/retryable")))
        return POST_REFUSED;
    show_unfair(answer);
    return POST_UNFAIR;
}

enum post_end post_end(const struct answer *answer)
{
    if (answer->is_stale)
        return POST_STALE;
    if (answer->status == 200 && str_starts(header(answer, "Content-Type"), "text/event-stream"))
        return stream_end(answer);
    if (answer->status == 200 || answer->status == 201)
        return answer->json ? POST_DONE : POST_UNFAIR;
    if (answer->status == 500 && *text_at(answer->json, "/errors/0/message"))
        return POST_FAILED;
    if (!refusal_is_fair(answer))
        return POST_UNFAIR;
    return answer->status == 409 ? POST_IN_PROGRESS : answer->status == 502 ? POST_BROKEN : POST_REFUSED;
}

const struct answer *post_until_done(const struct talk *talk, const char *text, const char *key, int64_t limit_ms)
{
    int64_t end_ms = clock_mono_ms() + limit_ms;
    const struct answer *answer;

    while (post_end(answer = say_with_key(talk, text, key)) != POST_DONE && clock_mono_ms() < end_ms)
        calls_run(AGAIN_MS);
    return answer;
}

static void note_bad(int64_t began_ms)
{
    if (began_ms > load.figures.last_bad_ms)
        load.figures.last_bad_ms = began_ms;
}

/* ---- a student's steps ---- */

static const char *key_of(const struct speaker *s)
{
    size_t i = (size_t)(s - load.speakers);

    return s->step == STEP_OPEN ? textf("open-%u-%zu-%u", load.run, i, s->n_opened)
                                : textf("say-%lu-%zu", s->page->conversation_id, s->page->n);
}

static struct transfer *send_step(struct speaker *s)
{
    const char *key = textf("Idempotency-Key: %s", s->step == STEP_READ_BACK ? "" : key_of(s));

    switch (s->step) {
    case STEP_OPEN:
        return START("POST", s->list_path, s->token, .headers = {key}, .limit_ms = POST_LIMIT_MS);
    case STEP_SAY:
        s->is_streamed = (s->page->n + (size_t)(s - load.speakers)) % 2;
        return START("POST", textf("%s/%lu/messages", s->list_path, s->page->conversation_id), s->token,
                     .body = message_body(ledger_text(s->page, s->page->n)), .headers = {key},
                     .accept = s->is_streamed ? "text/event-stream" : NULL, .limit_ms = POST_LIMIT_MS);
    default:
        return START("GET", s->list_path, s->token, .limit_ms = POST_LIMIT_MS);
    }
}

static const char *says_of(const struct speaker *s)
{
    bool is_other = (size_t)(s - load.speakers) / 2 % 2;

    return is_other && load.plan.others_say ? load.plan.others_say : load.plan.says;
}

static void keep_said(struct speaker *s, const struct answer *answer)
{
    struct said *said = &s->page->said[s->page->n++];
    struct json_object *last = answer->n_events ? answer->events[answer->n_events - 1].data : NULL;
    const char *id = last ? text_at(answer->events[0].data, "/user_message/id")
                          : text_at(answer->json, textf("/messages/%zu/id", 2 * s->page->n));

    snprintf(said->id, sizeof(said->id), "%s", id);
    snprintf(said->reply_id, sizeof(said->reply_id), "%s",
             last ? text_at(last, "/message/id") : text_at(last_message(answer->json), "/id"));
}

/* The step is acknowledged: on to the next one. */
static void take_step(struct speaker *s, const struct answer *answer)
{
    struct load_figures *f = &load.figures;

    if (s->step == STEP_OPEN) {
        s->page = ledger_page(json_get_u64(answer->json, "id"), says_of(s));
        s->n_opened++;
        f->n_opened++;
        s->step = STEP_SAY;
    } else if (s->step == STEP_SAY) {
        keep_said(s, answer);
        f->n_acknowledged++;
        s->step = s->page->n == ROUNDS ? STEP_READ_BACK : STEP_SAY;
    } else {
        ledger_compare(s->page, answer->json);
        s->step = STEP_OPEN;
        s->page = NULL;
    }
    if (s->step != STEP_OPEN && !f->first_post_ms && load.mark_ms && s->began_ms >= load.mark_ms)
        f->first_post_ms = clock_mono_ms();
    s->n_failed = 0;
}

static void repeat_step(struct speaker *s, enum post_end end)
{
    struct load_figures *f = &load.figures;

    f->n_unfinished += s->must_finish;
    f->n_broken += end == POST_BROKEN;
    f->n_refused += end == POST_REFUSED;
    f->n_failed += end == POST_FAILED;
    if (end == POST_IN_PROGRESS && s->n_failed)
        f->n_waited++;
    else if (end == POST_IN_PROGRESS || end == POST_UNFAIR)
        f->n_unfair++;
    if (s->step == STEP_READ_BACK)
        f->n_reads_failed++;
    if (end != POST_IN_PROGRESS)
        note_bad(s->began_ms);
    s->n_failed++;
    s->not_before_ms = clock_mono_ms() + load.plan.again_ms * (50 + (unsigned)rand() % 100) / 100; /* not all at once */
}

static bool is_at_rest(const struct speaker *s)
{
    return !s->transfer && !s->n_failed && s->step == STEP_OPEN && load.is_ending;
}

static void move_speaker(struct speaker *s)
{
    if (s->transfer && call_is_done(s->transfer)) {
        const struct answer *answer = call_finish(s->transfer);
        enum post_end end = post_end(answer);

        s->transfer = NULL;
        if (end == POST_DONE || end == POST_REFUSED)
            times_note(end == POST_REFUSED   ? TIME_REFUSAL
                       : s->step == STEP_SAY ? TIME_TURN
                                             : TIME_OTHER,
                       answer->took_us);
        if (end == POST_DONE)
            take_step(s, answer);
        else if (end == POST_STALE)
            load.figures.n_stale++;
        else
            repeat_step(s, end);
        s->must_finish &= end == POST_STALE;
    }
    if (s->transfer || is_at_rest(s) || clock_mono_ms() < s->not_before_ms)
        return;
    if (load.is_ending && s->step == STEP_SAY && !s->n_failed)
        s->step = STEP_READ_BACK;
    s->began_ms = clock_mono_ms();
    s->transfer = send_step(s);
}

/* ---- readers ---- */

static struct transfer *send_read(const struct reader *r)
{
    size_t i = ((size_t)(r - load.readers) + r->nth / 3) % load.plan.speakers;
    const struct speaker *s = &load.speakers[i];
    const char *const paths[] = {s->list_path, experience_path(main_course(), crowd_experience(i)),
                                 experiences_path(main_course())};

    return START("GET", paths[r->nth % LEN(paths)], s->token, .limit_ms = POST_LIMIT_MS);
}

static void take_read(const struct reader *r, const struct answer *answer)
{
    struct load_figures *f = &load.figures;

    if (answer->is_stale) {
        f->n_stale++;
        return;
    }
    f->n_reads++;
    if (answer->status == 200) {
        times_note(TIME_READ, answer->took_us);
        if (!f->first_read_ms && load.mark_ms && r->began_ms >= load.mark_ms)
            f->first_read_ms = clock_mono_ms();
        return;
    }
    bool is_500 = post_end(answer) == POST_FAILED;

    f->n_reads_failed++;
    f->n_failed += is_500;
    f->n_unfair += !is_500 && !refusal_is_fair(answer);
    note_bad(r->began_ms);
}

static void move_reader(struct reader *r)
{
    if (r->transfer && call_is_done(r->transfer)) {
        take_read(r, call_finish(r->transfer));
        r->transfer = NULL;
        r->nth++;
        r->not_before_ms = clock_mono_ms() + load.plan.read_pause_ms;
    }
    if (!r->transfer && !load.is_ending && clock_mono_ms() >= r->not_before_ms) {
        r->began_ms = clock_mono_ms();
        r->transfer = send_read(r);
    }
}

/* ---- the crowd ---- */

void load_start(const struct load_plan *plan)
{
    unsigned run = load.run + 1;

    memset(&load, 0, sizeof(load));
    load.run = run;
    load.plan = *plan;
    load.plan.says = plan->says ? plan->says : USUAL_SAYS;
    load.plan.speakers = plan->speakers ? plan->speakers : USUAL_SPEAKERS;
    load.plan.readers = plan->readers ? plan->readers : USUAL_READERS;
    load.plan.again_ms = plan->again_ms ? plan->again_ms : AGAIN_MS;
    load.plan.read_pause_ms = plan->read_pause_ms ? plan->read_pause_ms : USUAL_READ_PAUSE_MS;
    ledger_clear();
    times_clear();
    for (size_t i = 0; i < load.plan.speakers; i++)
        load.speakers[i] = (struct speaker){
            .token = student_token(i),
            .list_path = textf("%s/conversations", experience_path(main_course(), crowd_experience(i)))};
}

void load_step(int wait_ms)
{
    calls_run(wait_ms);
    for (size_t i = 0; i < load.plan.speakers; i++)
        move_speaker(&load.speakers[i]);
    for (size_t i = 0; i < load.plan.readers; i++)
        move_reader(&load.readers[i]);
}

void load_for(int64_t for_ms, unsigned every_ms, void (*disturb)(unsigned nth))
{
    int64_t end_ms = clock_mono_ms() + for_ms, next_ms = clock_mono_ms();
    unsigned nth = 0;

    while (clock_mono_ms() < end_ms) {
        if (disturb && clock_mono_ms() >= next_ms) {
            next_ms = clock_mono_ms() + every_ms;
            disturb(nth++);
        }
        load_step(5);
    }
}

bool wait_under_load(bool (*is_done)(void *arg), void *arg, int64_t limit_ms)
{
    int64_t end_ms = clock_mono_ms() + limit_ms;

    while (!is_done(arg)) {
        if (clock_mono_ms() >= end_ms)
            return false;
        load_step(5);
        pause_ms(2);
    }
    return true;
}

void load_mark(void)
{
    load.mark_ms = clock_mono_ms();
    load.figures.first_post_ms = load.figures.first_read_ms = 0;
}

bool load_is_good(void *unused)
{
    (void)unused;
    return load.figures.first_post_ms && load.figures.first_read_ms;
}

void load_must_finish(void)
{
    int64_t from_ms = clock_mono_ms();

    for (unsigned n = 0; n < UNDER_WAY_STEPS || clock_mono_ms() < from_ms + UNDER_WAY_MS; n++)
        load_step(5);
    for (size_t i = 0; i < load.plan.speakers; i++) {
        struct speaker *s = &load.speakers[i];

        s->must_finish = s->transfer && s->step == STEP_SAY && s->began_ms < from_ms;
    }
}

static bool is_all_at_rest(void)
{
    for (size_t i = 0; i < load.plan.speakers; i++)
        if (!is_at_rest(&load.speakers[i]))
            return false;
    for (size_t i = 0; i < load.plan.readers; i++)
        if (load.readers[i].transfer)
            return false;
    return true;
}

void load_finish(void)
{
    int64_t end_ms = clock_mono_ms() + FINISH_LIMIT_MS;

    load.is_ending = true;
    while (!is_all_at_rest() && clock_mono_ms() < end_ms)
        load_step(10);
    ROW_ASSERT("all was acknowledged in the end, and read back", is_all_at_rest());
    ledger_check();
}

const struct load_figures *load_figures(void)
{
    return &load.figures;
}

void load_check(unsigned may)
{
    const struct load_figures *f = &load.figures;

    figure("%zu messages, %zu openings, %zu reads", f->n_acknowledged, f->n_opened, f->n_reads);
    if (f->n_broken + f->n_refused + f->n_failed + f->n_reads_failed)
        figure("%zu broken, %zu refused, %zu failed, %zu reads failed", f->n_broken, f->n_refused, f->n_failed,
               f->n_reads_failed);
    if (f->n_stale)
        figure("%zu sent again because nginx had closed their kept connection", f->n_stale);
    ROW_ASSERT(textf("%zu answers are not as an answer must be", f->n_unfair), f->n_unfair == 0);
    ROW_ASSERT(textf("%zu requests broken", f->n_broken), (may & MAY_BREAK) || f->n_broken == 0);
    ROW_ASSERT(textf("%zu requests refused", f->n_refused), (may & MAY_REFUSE) || f->n_refused == 0);
    ROW_ASSERT(textf("%zu requests failed with 500", f->n_failed), (may & MAY_FAIL) || f->n_failed == 0);
    ROW_ASSERT(textf("%zu reads failed", f->n_reads_failed), (may & MAY_FAIL_READS) || f->n_reads_failed == 0);
    ROW_ASSERT(textf("%zu turns that were under way did not end well", f->n_unfinished), f->n_unfinished == 0);
    ROW_ASSERT("something was said and read, else this shows nothing", f->n_acknowledged > 0 && f->n_reads > 0);
}
