/*
 * Bots with documents, and what is asked of them: for the suites that follow a file through all its parts. They have an
 * instance of their own, whose tables and folder hold nothing but what they put there.
 */
#ifndef TESTS_INTEGRATION_DOCUMENTS_H
#define TESTS_INTEGRATION_DOCUMENTS_H

#include "chat.h"

/* Made when first used. The model server is that of all. */
void documents_use_instance(void);

/* ---- bots and their files ---- */

const char *make_bot(enum person owner, bool shows_chunks);
char *bot_path(const char *bot, const char *what);
void share_bot(const char *bot, enum person owner, enum person with); /* with N_PEOPLE: nobody */

struct file {
    const char *name, *data;
    size_t len;              /* 0: strlen */
    const char *description; /* NULL: none */
};

/* As one part of a form; the answer is [Document], or a refusal. */
const struct answer *upload_file(const char *bot, enum person who, const struct file *file);
/* To an address that was signed for it: whether it was taken. */
const struct answer *put_file(const char *bot, enum person who, const struct file *file);

/* Wait until all of the bot's documents are read: the Bot, as its owner sees it. */
struct json_object *wait_for_sync(const char *bot, enum person owner);
/* A bot with that one text, which is read; it must succeed. */
const char *bot_with(enum person owner, const char *filename, const char *text);
/* The document of that name as `GET …/documents` shows it; NULL: none. */
struct json_object *document_of(const char *bot, enum person owner, const char *filename);
void remove_document(const char *bot, enum person owner, const char *filename);

/* ---- asking ---- */

struct question {
    enum person who; /* TEACHER, where nothing is said */
    const char *chat, *text;
    const char *bot;    /* NULL: the conversation's */
    const char *parent; /* NULL: the last message */
    const char *more;   /* contents before the text: JSON, each with a comma behind it; NULL: none */
    const char *accept; /* NULL: any */
    bool is_streaming, is_camel, is_continuing;
};

struct transfer *ask_start(const struct question *question);
const struct answer *ask_bot(const struct question *question); /* the turn must succeed */
#define ASK(...) ask_bot(&(struct question){__VA_ARGS__})

/* A content of a message: base64 of the bytes. Each with a comma behind it. */
char *attachment(const char *file_name, const void *data, size_t len);
char *image(const void *data, size_t len); /* a PNG */

/* The last thing that the model server was asked: the system text, and message i's text, its parts joined. */
const char *told_system(void);
const char *told_message(size_t i);
size_t count_told(void);           /* messages, the system text not among them */
bool was_told(const char *needle); /* in any of it */

char *related_path(const char *chat, const char *what);
struct json_object *related_of(const char *chat, enum person who);
char *preview_path(const char *chat, const char *source_id);

/* The path and query of a link, without what stands behind '#'. */
char *link_path(const char *url);

/* ---- what is there ---- */

/* How much there is of all that comes with files and chats. */
enum {
    LEFT_FILE,
    LEFT_FILE_HOLD,
    LEFT_DOCUMENT,
    LEFT_UPLOAD,
    LEFT_CHAT,
    LEFT_CHAT_MESSAGE,
    LEFT_CHAT_FILE,
    LEFT_CHAT_WORD,
    LEFT_RELATED,
    LEFT_TABLES
};

struct left {
    uint64_t rows[LEFT_TABLES];
    size_t files;
};

size_t files_on_disk(void); /* whatever lies in the folder of files */
uint64_t rows_of(const char *table);
struct left documents_left(void);
/* As much as before, and `colloquy check --files` says nothing. */
void expect_left(const char *row, const struct left *before);
const char *check_said(void); /* "": all is well */

extern const char PNG_BYTES[];
extern const size_t PNG_LEN;

#endif
