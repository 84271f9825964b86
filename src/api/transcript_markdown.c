/* A conversation to be kept and read, as Markdown. */
#include "api/transcript.h"

#include <json-c/json.h>

/* ---- texts of others ---- */

/*
 * Bytes of the line end at the start of text; 0: there is none. CommonMark knows LF and CR; editors that show the plain
 * text know the rest of Unicode's: VT, FF, NEL, and the separators of lines and paragraphs.
 */
static size_t line_end(const char *text)
{
    static const char *const ends[] = {"\r\n", "\n", "\r", "\v", "\f", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"};

    for (size_t i = 0; i < LEN(ends); i++)
        if (str_starts(text, ends[i]))
            return strlen(ends[i]);
    return 0;
}

static bool begins_tag(const char *text)
{
    char letter = (char)(text[0] == '<' ? text[1] | 0x20 : 0);

    return (letter >= 'a' && letter <= 'z') || (text[0] == '<' && text[1] && strchr("/!?", text[1]));
}

/* One line; gives what stands behind it. */
static const char *quote_line(struct buf *out, const char *text)
{
    buf_str(out, *text && !line_end(text) ? "> " : ">");
    for (; *text && !line_end(text); text++) {
        if (begins_tag(text))
            buf_str(out, "&lt;");
        else
            buf_char(out, *text);
    }
    buf_char(out, '\n');
    return text + line_end(text);
}

void markdown_quote(struct buf *out, const char *text)
{
    do {
        text = quote_line(out, text);
    } while (*text);
}

void markdown_plain(struct buf *out, const char *text)
{
    while (*text) {
        size_t n = line_end(text);

        if (n) {
            buf_char(out, ' ');
            text += n;
            continue;
        }
        if (strchr("\\`*_[]<>#|~$&", *text))
            buf_char(out, '\\');
        buf_char(out, *text++);
    }
}

/* ---- the transcript ---- */

static void write_time(struct buf *out, int64_t unix_ms)
{
    char text[CLOCK_TEXT_BYTES];

    clock_text(unix_ms, text);
    buf_printf(out, "%.10s %.8s UTC", text, text + 11);
}

static void write_about(struct buf *out, const struct transcript *t)
{
    static const char *const states[STUDENT_STATE_COUNT] = {
        [STUDENT_IN_PROGRESS] = "in progress", [STUDENT_ENDED] = "ended", [STUDENT_COMPLETED] = "completed"};

    buf_str(out, "# ");
    markdown_plain(out, t->experience->title);
    buf_str(out, "\n\n- Course: ");
    markdown_plain(out, t->course.name);
    buf_str(out, " (");
    markdown_plain(out, t->course.code);
    buf_str(out, ")\n- Student: ");
    markdown_plain(out, t->student.name);
    buf_str(out, "\n- Begun: ");
    write_time(out, t->conversation->created_at_ms);
    buf_str(out, "\n- Last activity: ");
    write_time(out, t->conversation->updated_at_ms);
    buf_printf(out, "\n- State: %s\n", states[engine_student_state(t->conversation)]);
}

/* Our words stand first, so that no objective can begin a list or a heading of its own. */
static void write_objectives(struct buf *out, const struct progress *progress)
{
    buf_printf(out, "\n## Learning objectives: %zu of %zu met\n\n", progress->n_met, progress->n);
    for (size_t i = 0; i < progress->n; i++) {
        const struct objective *o = &progress->objectives[i];

        if (o->is_met)
            buf_printf(out, "%zu. (met in message %u) ", i + 1, o->met_at);
        else
            buf_printf(out, "%zu. (not met) ", i + 1);
        markdown_plain(out, o->text);
        buf_char(out, '\n');
    }
}

static const char *remark_on(const struct message_row *m)
{
    if (m->is_stopped)
        return " (stopped)";
    return m->status == MESSAGE_FAILED ? " (not answered)" : m->status == MESSAGE_PENDING ? " (being answered)" : "";
}

static enum cq_status write_sources(struct cq_ctx *ctx, struct buf *out, const char *citations)
{
    struct json_object *all = NULL;

    enum cq_status st = citations ? json_read(ctx, citations, strlen(citations), &all) : CQ_OK;
    size_t n = st || !all ? 0 : json_object_array_length(all);

    if (n)
        buf_str(out, "\nSources:\n\n");
    for (size_t i = 0; i < n; i++) {
        struct json_object *citation = json_object_array_get_idx(all, i);
        const char *name = json_get_text(citation, "display_name", NULL);
        uint64_t page = json_get_u64(citation, "page");

        buf_printf(out, "- \\[^%llu\\] ", (unsigned long long)json_get_u64(citation, "number"));
        markdown_plain(out, name ? name : "");
        if (page)
            buf_printf(out, ", page %llu", (unsigned long long)page);
        buf_char(out, '\n');
    }
    return st;
}

static enum cq_status write_said(struct cq_ctx *ctx, struct buf *out, const struct message_row *m, const char *student)
{
    buf_printf(out, "\n### %u. ", m->seq);
    markdown_plain(out, m->is_assistant ? "Assistant" : student);
    buf_str(out, ", ");
    write_time(out, m->created_at_ms);
    buf_str(out, remark_on(m));
    buf_str(out, "\n\n");
    markdown_quote(out, m->text);
    return write_sources(ctx, out, m->citations);
}

enum cq_status write_transcript_markdown(struct cq_ctx *ctx, struct buf *out, const struct transcript *t)
{
    enum cq_status st = CQ_OK;

    write_about(out, t);
    write_objectives(out, &t->progress);
    buf_str(out, "\n## Messages\n");
    for (size_t i = 0; !st && i < t->messages.n; i++)
        if (!t->messages.rows[i].is_initial)
            st = write_said(ctx, out, &t->messages.rows[i], t->student.name);
    return st;
}
