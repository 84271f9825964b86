/* Directives in a message become a script. */
#include "model_server.h"

#include <stdio.h>

enum kind { FLAG, NUMBER, TEXT, OPTION /* a text that may be left out */ };

static const struct {
    const char *name;
    enum kind kind;
    bool fault; /* [[times]] takes it back */
    uint64_t max;
} directives[D_COUNT] = {
    // clang-format off
    [D_TEXT]          = {"text",              TEXT,   false, 0},
    [D_WORDS]         = {"words",             NUMBER, false, 5000000},
    [D_CHUNK]         = {"chunk",             NUMBER, false, 1 << 20},
    [D_FINISH]        = {"finish",            TEXT,   false, 0},
    [D_REASONING]     = {"reasoning",         TEXT,   false, 0},
    [D_UNASKED]       = {"unasked_reasoning", TEXT,   false, 0},
    [D_TOOL]          = {"tool",              TEXT,   false, 0},
    [D_STOP_SEQUENCE] = {"stop_sequence",     FLAG,   false, 0},
    [D_DELAY]         = {"delay",             NUMBER, true,  3600000},
    [D_GAP]           = {"gap",               NUMBER, false, 3600000},
    [D_BYTEWISE]      = {"bytewise",          FLAG,   false, 0},
    [D_STATUS]        = {"status",            NUMBER, true,  599},
    [D_RETRY_AFTER]   = {"retry-after",       NUMBER, true,  UINT32_MAX},
    [D_REFUSE]        = {"refuse",            FLAG,   true,  0},
    [D_HTML]          = {"html",              FLAG,   true,  0},
    [D_CUT]           = {"cut",               NUMBER, true,  UINT32_MAX},
    [D_RESET]         = {"reset",             NUMBER, true,  UINT32_MAX},
    [D_HANG]          = {"hang",              NUMBER, true,  UINT32_MAX},
    [D_HOLD]          = {"hold",              FLAG,   false, 0},
    [D_BADJSON]       = {"badjson",           NUMBER, true,  UINT32_MAX},
    [D_BADUTF8]       = {"badutf8",           NUMBER, true,  UINT32_MAX},
    [D_BADCRC]        = {"badcrc",            NUMBER, true,  UINT32_MAX},
    [D_EMPTY]         = {"empty",             FLAG,   true,  0},
    [D_NODONE]        = {"nodone",            FLAG,   true,  0},
    [D_ERROR_EVENT]   = {"error_event",       OPTION, true,  0},
    [D_ENDLESS]       = {"endless",           FLAG,   true,  0},
    [D_BIGLINE]       = {"bigline",           NUMBER, true,  UINT32_MAX},
    [D_COMMENTS]      = {"comments",          NUMBER, true,  UINT32_MAX},
    [D_GZIP]          = {"gzip",              NUMBER, true,  100000},
    [D_TIMES]         = {"times",             NUMBER, false, UINT32_MAX},
    [D_COVERS]        = {"covers",            TEXT,   false, 0},
    [D_ITEMS]         = {"items",             NUMBER, true,  1000000},
    // clang-format on
};

static void script_init(struct script *script)
{
    *script = (struct script){.n[D_CHUNK] = 8};
    buf_init(&script->text, MAX_BODY_BYTES);
    buf_init(&script->reasoning, MAX_BODY_BYTES);
    buf_init(&script->tool_input, MAX_BODY_BYTES);
}

void script_release(struct script *script)
{
    buf_release(&script->text);
    buf_release(&script->reasoning);
    buf_release(&script->tool_input);
}

/* ---- directives ---- */

static void write_words(struct buf *out, uint64_t n)
{
    static const char *const words[] = {"so", "what", "do", "you", "think", "happens", "to", "the", "light", "then?"};

    buf_clear(out);
    for (uint64_t i = 0; i < n; i++) {
        buf_str(out, i ? " " : "");
        buf_str(out, words[i % LEN(words)]);
    }
}

static void set_buf(struct buf *out, const char *value, size_t len)
{
    buf_clear(out);
    buf_append(out, value, len);
}

/* The name, and what follows it. */
static void set_tool(struct script *script, const char *value, size_t len)
{
    const char *blank = memchr(value, ' ', len);
    size_t name_len = blank ? (size_t)(blank - value) : len;

    snprintf(script->tool, sizeof(script->tool), "%.*s", (int)name_len, value);
    set_buf(&script->tool_input, blank ? blank + 1 : "{}", blank ? len - name_len - 1 : 2);
}

static void set_value(struct script *script, enum directive d, const char *value, size_t len)
{
    switch (d) {
    case D_TEXT:
        set_buf(&script->text, value, len);
        break;
    case D_WORDS:
        write_words(&script->text, script->n[D_WORDS]);
        break;
    case D_REASONING:
    case D_UNASKED:
        set_buf(&script->reasoning, value, len);
        break;
    case D_TOOL:
        set_tool(script, value, len);
        break;
    case D_FINISH:
        snprintf(script->finish, sizeof(script->finish), "%.*s", (int)len, value);
        break;
    case D_ERROR_EVENT:
        snprintf(script->error, sizeof(script->error), "%.*s", (int)len, value);
        break;
    case D_COVERS:
        snprintf(script->covers, sizeof(script->covers), "%.*s", (int)len, value);
        break;
    default:
        break;
    }
}

/* What stands between the brackets, if it is a directive; nothing else is taken for one. */
static bool read_plain_directive(struct script *script, const char *inside, size_t len)
{
    const char *blank = memchr(inside, ' ', len);
    size_t name_len = blank ? (size_t)(blank - inside) : len;
    const char *value = blank ? blank + 1 : inside + len;
    size_t value_len = len - (size_t)(value - inside), d = 0;

    while (d < D_COUNT && (strlen(directives[d].name) != name_len || memcmp(directives[d].name, inside, name_len) != 0))
        d++;
    if (d == D_COUNT || (directives[d].kind != OPTION && (directives[d].kind == FLAG) != !blank))
        return false;
    if (directives[d].kind == NUMBER && !parse_u64(value, value_len, directives[d].max, &script->n[d]))
        return false;
    script->has[d] = true;
    set_value(script, (enum directive)d, value, value_len);
    return true;
}

/* One that has a task before it is for that task alone, one without is for replies; covers is for structured answers. */
static bool read_directive(struct script *script, const char *task, const char *inside, size_t len)
{
    static const char *const tasks[] = {"assess:", "evaluate:", "summarize:"};
    struct script nobodys;
    bool is_for_us = !task || (len > 6 && memcmp(inside, "covers", 6) == 0);
    const char *end = inside + len;

    for (size_t i = 0; i < LEN(tasks); i++)
        if (len > strlen(tasks[i]) && memcmp(inside, tasks[i], strlen(tasks[i])) == 0) {
            is_for_us = task && str_starts(tasks[i], task);
            inside += strlen(tasks[i]);
            break;
        }
    if (is_for_us)
        return read_plain_directive(script, inside, (size_t)(end - inside));
    script_init(&nobodys);
    bool is_directive = read_plain_directive(&nobodys, inside, (size_t)(end - inside));

    script_release(&nobodys);
    return is_directive;
}

/* Length of the directive at the head of text, brackets included; 0 when there is none. */
static size_t directive_length(const char *text, size_t len)
{
    if (len < 4 || memcmp(text, "[[", 2) != 0)
        return 0;

    const char *end = memmem(text + 2, len - 2, "]]", 2);

    if (!end)
        return 0;

    size_t n = (size_t)(end - text) + 2;

    while (n < len && text[n] == ']')
        n++;
    return n;
}

/* Carry out the directives; what is left of the message goes to rest. */
static void read_message(struct script *script, const char *task, const char *message, size_t len, struct buf *rest)
{
    for (size_t i = 0; i < len;) {
        size_t n = directive_length(message + i, len - i);

        if (n && read_directive(script, task, message + i + 2, n - 4))
            i += n;
        else
            buf_char(rest, message[i++]);
    }
}

/* ---- how often, and for whom ---- */

/* How often this very message came before; counts it. Full, the table calls every message new. */
static uint32_t times_count(struct times *times, const char *task, const char *message, size_t len)
{
    uint64_t hash = 14695981039346656037u + (task ? (unsigned char)task[0] : 0); /* FNV-1a */

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)message[i]) * 1099511628211u;
    hash += !hash; /* 0 is a free slot */
    for (size_t k = 0; k < MAX_TIMES; k++) {
        size_t slot = (hash + k) % MAX_TIMES;

        if (!times->message[slot])
            times->message[slot] = hash;
        if (times->message[slot] == hash)
            return times->requests[slot]++;
    }
    return 0;
}

void script_read(struct script *script, struct times *times, const char *task, const char *message, size_t len)
{
    struct buf rest;
    const char *trimmed;
    size_t trimmed_len;

    script_init(script);
    buf_init(&rest, MAX_BODY_BYTES);
    read_message(script, task, message, len, &rest);
    if (!task && !script->has[D_TEXT] && !script->has[D_WORDS]) {
        trimmed = rest.data;
        trimmed_len = rest.len;
        utf8_trim(&trimmed, &trimmed_len);
        buf_str(&script->text, "You said: ");
        buf_append(&script->text, trimmed, trimmed_len);
    }
    buf_release(&rest);

    if (script->has[D_TIMES] && times_count(times, task, message, len) >= script->n[D_TIMES])
        for (size_t d = 0; d < D_COUNT; d++)
            script->has[d] &= !directives[d].fault;
    if (script->has[D_EMPTY])
        buf_clear(&script->text);
}

static void set_number(struct script *script, enum directive d, uint64_t n)
{
    script->has[d] = true;
    script->n[d] = n;
}

void script_steer(struct script *script, const char *model, unsigned denied_status)
{
    if (str_starts(model, "down-"))
        set_number(script, D_STATUS, 503);
    if (str_starts(model, "slow-"))
        set_number(script, D_DELAY, directives[D_DELAY].max);
    if (str_starts(model, "limited-")) {
        set_number(script, D_STATUS, 429);
        set_number(script, D_RETRY_AFTER, 1);
    }
    if (str_starts(model, "denied-"))
        set_number(script, D_STATUS, denied_status);
    if (str_starts(model, "unknown-"))
        set_number(script, D_STATUS, 404);
}
