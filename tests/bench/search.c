/*
 * How fast chats are searched: by a user with 10,000 messages among 100 who have as many.
 *
 *   bench_search CONFIG fill USERS    fills the database; prints what the words of a message cost
 *   bench_search CONFIG ask ROUNDS    prints how long searches take that are asked of the engine
 *   bench_search CONFIG urls ROUNDS   prints the same queries as URLs have them
 *
 * Words are drawn as often as in real texts (Zipf's law), half of them from those that the chat is about; in every tenth chat they are
 * characters of Chinese. The first user's texts are stored as the program stores them, the others' copied from those within the
 * database.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "colloquy/engine.h"
#include "store/chat_word.h"

enum {
    FIRST_USER = 1000000,
    FIRST_CHAT = 1000000,
    CHATS = 500,
    MESSAGES = 20, /* of a chat */
    QUESTION_WORDS = 25,
    REPLY_WORDS = 120,
    VOCABULARY = 30000,
    CHARACTERS = 3000,
    COMMON_WORDS = 1000,
    TOPIC_WORDS = 300,    /* of a chat */
    PATIENCE_MS = 600000, /* a copy is one statement */
    TURNS = 200,
    MAX_TEXT = 16 << 10,
    MAX_SQL = 8 << 10,
    LIMIT = 20,
};

static struct cq_ctx ctx = {.request_id = "-"};
static struct db *db;

_Noreturn static void give_up(const char *what)
{
    fprintf(stderr, "bench_search: %s: %s\n", what, ctx.error);
    exit(1);
}

/* ---- texts ---- */

static uint64_t seed = 1;

/* xorshift64* */
static double draw(void)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (double)((seed * UINT64_C(2685821657736338717)) >> 11) / 9007199254740992.0;
}

/* The rank of a word, of n: the r-th is drawn a share of 1/r as often as the first. */
static unsigned draw_rank(unsigned n)
{
    static double sums[VOCABULARY];

    if (sums[0] <= 0)
        for (unsigned i = 0; i < VOCABULARY; i++)
            sums[i] = (i ? sums[i - 1] : 0) + 1 / (i + 2.7);
    double at = draw() * sums[n - 1];
    unsigned low = 0, high = n - 1;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (sums[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void write_word(struct buf *out, unsigned rank)
{
    static const char *const first[] = {"the", "of",   "and", "to", "a",  "in",   "is",   "that", "it",  "for",
                                        "as",  "with", "on",  "be", "by", "this", "cell", "from", "are", "which"};
    static const char consonants[] = "bcdfghjklmnprstvwxyz", vowels[] = "aeiou";
    uint64_t bits = (rank + 1) * UINT64_C(0x9E3779B97F4A7C15);

    if (rank < LEN(first)) {
        buf_str(out, first[rank]);
        return;
    }
    for (uint64_t n = 2 + (bits >> 60) % 3; n; n--) {
        buf_char(out, consonants[bits % 20]);
        buf_char(out, vowels[bits / 20 % 5]);
        bits /= 100;
    }
    if (bits % 2)
        buf_char(out, "nrst"[bits / 2 % 4]);
}

static void write_character(struct buf *out, unsigned rank)
{
    char bytes[4];

    buf_append(out, bytes, utf8_put(bytes, 0x4E00 + rank * 7 % 20000));
}

static unsigned topic[TOPIC_WORDS];

static void draw_topic(void)
{
    for (unsigned i = 0; i < TOPIC_WORDS; i++)
        topic[i] = draw_rank(VOCABULARY);
}

static void write_text(struct buf *out, bool is_chinese, unsigned n)
{
    buf_clear(out);
    for (unsigned i = 0; i < n; i++) {
        if (is_chinese) {
            write_character(out, draw_rank(CHARACTERS));
            buf_str(out, i % 12 == 11 ? "。" : "");
        } else {
            write_word(out, draw() < 0.5 ? draw_rank(COMMON_WORDS) : topic[draw_rank(TOPIC_WORDS)]);
            buf_str(out, i % 12 == 11 ? ". " : " ");
        }
    }
}

/* ---- filling ---- */

static void sql(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void sql(const char *fmt, ...)
{
    char text[MAX_SQL];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (db_run_text(&ctx, db, text, NULL))
        give_up(text);
}

struct filled {
    uint64_t chat;
    unsigned first, last; /* messages; 0 first: the title too */
    bool with_words;
    struct buf text;
    int64_t words_us;
    uint64_t n, bytes;
};

static void add_words(struct filled *f, unsigned seq, const char *text)
{
    int64_t began_us = clock_mono_us();

    if (f->with_words && chat_words_add(&ctx, db, FIRST_USER, f->chat, seq, text))
        give_up("words");
    f->words_us += clock_mono_us() - began_us;
}

static enum cq_status fill_messages(struct cq_ctx *unused, struct db *same, void *arg, bool is_rerun)
{
    static const char INSERT_MESSAGE[] = "INSERT INTO message (conversation_id, seq, uuid, role, text, created_at)"
                                         " VALUES (?, ?, UUID(), ?, ?, UTC_TIMESTAMP(3))";
    struct filled *f = arg;
    bool is_chinese = f->chat % 10 == 3;

    (void)unused, (void)is_rerun;
    for (unsigned seq = f->first; seq <= f->last; seq++) {
        unsigned n = !seq ? 5 : seq % 2 ? QUESTION_WORDS : REPLY_WORDS;

        write_text(&f->text, is_chinese, n / 2 + (unsigned)(draw() * n));
        const struct db_in in[] = {IN_U64(f->chat), IN_U64(seq), IN_U64(seq % 2 == 0), IN_TEXT(f->text.data)};

        if (!seq)
            sql("UPDATE chat SET title = '%s' WHERE conversation_id = %ju", f->text.data, (uintmax_t)f->chat);
        else if (db_execute(&ctx, same, INSERT_MESSAGE, in, LEN(in), NULL))
            give_up("message");
        add_words(f, seq, f->text.data);
        f->n++;
        f->bytes += f->text.len;
    }
    return CQ_OK;
}

static void fill_chat(struct filled *f)
{
    draw_topic();
    sql("INSERT INTO conversation (id, uuid, user_id, workflow_state, learning_objective, met_at, next_seq, "
        "created_at, updated_at)"
        " VALUES (%ju, UUID(), %u, 'active', '', '', %u, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
        (uintmax_t)f->chat, FIRST_USER, MESSAGES + 1);
    sql("INSERT INTO chat (conversation_id, user_id, name, title, model, last_seq, created_at, updated_at)"
        " VALUES (%ju, %u, 'chat-%ju', '', 'm', %u, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) - INTERVAL %u MINUTE)",
        (uintmax_t)f->chat, FIRST_USER, (uintmax_t)f->chat, MESSAGES, (unsigned)(draw() * 500000));
    if (db_tx(&ctx, db, fill_messages, f))
        give_up("chat");
}

/* Another user's, from the first one's. */
static void copy_user(unsigned k)
{
    unsigned from = FIRST_CHAT, to = FIRST_CHAT + CHATS, shift = k * CHATS;

    sql("INSERT INTO user (id, login, name, sortable_name, short_name, created_at)"
        " VALUES (%u, 'bench-search-%u', 's', 's', 's', UTC_TIMESTAMP(3))",
        FIRST_USER + k, k);
    if (!k)
        return;
    sql("INSERT INTO conversation (id, uuid, user_id, workflow_state, learning_objective, met_at, next_seq, "
        "created_at, updated_at)"
        " SELECT id + %u, UUID(), %u, workflow_state, '', '', next_seq, created_at, updated_at FROM conversation"
        " WHERE id >= %u AND id < %u",
        shift, FIRST_USER + k, from, to);
    sql("INSERT INTO chat (conversation_id, user_id, name, title, model, last_seq, created_at, updated_at)"
        " SELECT conversation_id + %u, %u, name, title, model, last_seq, created_at, updated_at FROM chat"
        " WHERE conversation_id >= %u AND conversation_id < %u",
        shift, FIRST_USER + k, from, to);
    sql("INSERT INTO message (conversation_id, seq, uuid, role, text, created_at)"
        " SELECT conversation_id + %u, seq, UUID(), role, text, created_at FROM message"
        " WHERE conversation_id >= %u AND conversation_id < %u",
        shift, from, to);
    sql("INSERT INTO chat_word (user_id, word, conversation_id, part, places)"
        " SELECT %u, word, conversation_id + %u, part, places FROM chat_word WHERE user_id = %u ORDER BY word, "
        "conversation_id",
        FIRST_USER + k, shift, FIRST_USER);
}

/* A transaction with a question and its reply, behind what is there, in a database that is full. */
static double turn_us(unsigned first, bool with_words)
{
    struct filled f = {.with_words = with_words};
    int64_t began_us = clock_mono_us();

    buf_init(&f.text, MAX_TEXT);
    for (unsigned i = 0; i < TURNS; i++) {
        f.chat = FIRST_CHAT + 1 + i % CHATS;
        f.first = first;
        f.last = f.first + 1;
        if (f.chat % 10 == 3)
            continue;
        if (db_tx(&ctx, db, fill_messages, &f))
            give_up("turn");
    }
    buf_release(&f.text);
    return (double)(clock_mono_us() - began_us) / ((double)f.n / 2);
}

static void fill(unsigned n_users)
{
    struct filled f = {.last = MESSAGES, .with_words = true};

    buf_init(&f.text, MAX_TEXT);
    copy_user(0);
    sql("INSERT INTO access_token (user_id, token_hash, created_at)"
        " VALUES (%u, UNHEX(SHA2('bench-search', 256)), UTC_TIMESTAMP(3))",
        FIRST_USER);
    for (unsigned i = 0; i < CHATS; i++) {
        f.chat = FIRST_CHAT + i;
        fill_chat(&f);
        arena_reset(ctx.arena);
    }
    printf("words messages=%ju text_bytes=%ju us_per_message=%.0f\n", (uintmax_t)f.n, (uintmax_t)(f.bytes / f.n),
           (double)f.words_us / (double)f.n);
    buf_release(&f.text);
    sql("ALTER TABLE chat_word DROP KEY chat_word_of_conversation"); /* made again at once it takes less time */
    for (unsigned k = 1; k < n_users; k++) {
        copy_user(k);
        fprintf(stderr, "\r%u users of %u", k + 1, n_users);
    }
    sql("ALTER TABLE chat_word ADD KEY chat_word_of_conversation (conversation_id, part)");
    sql("ANALYZE TABLE conversation, chat, message, chat_word");
    double cold = turn_us(MESSAGES + 1, true), without = turn_us(MESSAGES + 3, false),
           with = turn_us(MESSAGES + 5, true);

    printf("\nturn without_words_us=%.0f with_words_us=%.0f and_not_in_memory_us=%.0f\n", without, with, cold);
}

/* ---- asking ---- */

static const char *const kinds[] = {"rare word",  "common word", "two words", "two common words", "phrase", "beginning",
                                    "five words", "Chinese 1",   "Chinese 2", "Chinese 4",        "no word"};

enum { N_KINDS = LEN(kinds) };

/* Some words of a text of the user's, from a random place on. */
static void write_phrase(struct buf *out, bool is_chinese, unsigned n)
{
    static const char SELECT_TEXT[] = "SELECT text FROM message WHERE conversation_id = ? AND seq = ?";
    unsigned chat = 10 * (unsigned)(draw() * CHATS / 10) + (is_chinese ? 3 : 4), seq = 2 + 2 * (unsigned)(draw() * 9);
    const struct db_in in[] = {IN_U64(FIRST_CHAT + chat), IN_U64(seq)};
    const char *at = "";
    const struct db_out to[] = {OUT_TEXT(at)};
    struct term term = {0};

    if (db_query_one(&ctx, db, SELECT_TEXT, in, LEN(in), to, LEN(to)))
        give_up("text");
    unsigned skip = (unsigned)(draw() * 20);
    const char *end = at + strlen(at);

    for (unsigned i = 0; i < skip + n && term_next(&at, end, &term); i++) {
        if (i >= skip)
            buf_append(out, term.text, term.len);
        if (i >= skip && !is_chinese)
            buf_char(out, ' ');
    }
}

static void write_query(struct buf *out, unsigned kind)
{
    buf_clear(out);
    switch (kind) {
    case 0:
        write_word(out, 5000 + (unsigned)(draw() * 20000));
        break;
    case 1:
        write_word(out, (unsigned)(draw() * 10));
        break;
    case 2:
        write_word(out, 50 + (unsigned)(draw() * 500));
        buf_char(out, ' ');
        write_word(out, 50 + (unsigned)(draw() * 500));
        break;
    case 3:
        buf_str(out, draw() < 0.5 ? "the of" : "and to");
        break;
    case 4:
        write_phrase(out, false, 3);
        break;
    case 5:
        write_word(out, 100 + (unsigned)(draw() * 1000));
        buf_truncate(out, 3);
        break;
    case 6:
        for (unsigned i = 0; i < 5; i++) {
            write_word(out, draw_rank(VOCABULARY));
            buf_char(out, ' ');
        }
        break;
    case 7:
    case 8:
        for (unsigned i = 6; i < kind; i++)
            write_character(out, draw_rank(CHARACTERS));
        break;
    case 9:
        write_phrase(out, true, 4);
        break;
    default:
        buf_str(out, "qqq% qqx");
    }
}

static void ask(unsigned rounds)
{
    struct samples all = {0};
    struct buf query;

    buf_init(&query, MAX_TEXT);
    seed = 7;
    for (unsigned kind = 0; kind < N_KINDS; kind++) {
        struct samples samples = {0};
        size_t n_found = 0;

        for (unsigned i = 0; i < rounds; i++) {
            struct chat_found_list list = {0};

            write_query(&query, kind);
            int64_t began_us = clock_mono_us();

            if (engine_chat_search(&ctx, db, FIRST_USER, query.data, query.len, LIMIT, &list))
                give_up(query.data);
            double ms = (double)(clock_mono_us() - began_us) / 1000;

            samples_add(&samples, ms, true);
            samples_add(&all, ms, true);
            n_found += list.n;
            arena_reset(ctx.arena);
        }
        printf("| %s | %.1f | %.2f | %.2f | %.2f |\n", kinds[kind], (double)n_found / rounds, samples_at(&samples, 0.5),
               samples_at(&samples, 0.95), samples_at(&samples, 1));
    }
    printf("all p50_ms=%.2f p95_ms=%.2f max_ms=%.2f\n", samples_at(&all, 0.5), samples_at(&all, 0.95),
           samples_at(&all, 1));
}

static void urls(unsigned rounds)
{
    struct buf query;

    buf_init(&query, MAX_TEXT);
    seed = 7;
    for (unsigned i = 0; i < rounds; i++)
        for (unsigned kind = 0; kind < N_KINDS; kind++) {
            write_query(&query, kind);
            for (size_t k = 0; k < query.len; k++)
                printf("%%%02X", (unsigned char)query.data[k]);
            putchar('\n');
        }
    buf_release(&query);
}

int main(int argc, char **argv)
{
    struct buf problems;
    unsigned n = argc == 4 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;

    buf_init(&problems, 1 << 16);
    struct config *config = n ? config_load(argv[1], &problems) : NULL;

    ctx.arena = arena_create(64 << 10, 512 << 20);
    if (!config || !ctx.arena || db_library_init() || !(db = db_create(config))) {
        fprintf(stderr, "usage: bench_search CONFIG fill|ask|urls N\n%s", problems.data);
        return 2;
    }
    config->database.timeout_ms = PATIENCE_MS;
    if (strcmp(argv[2], "fill") == 0)
        fill(n);
    else if (strcmp(argv[2], "ask") == 0)
        ask(n);
    else
        urls(n);
    db_destroy(db);
    return 0;
}
