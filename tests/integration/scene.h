/*
 * The route table as `colloquy routes --json` prints it, and scenes in which each of its rows can be called: a path
 * is made of the row's pattern and of what there is in the scene.
 */
#ifndef TESTS_INTEGRATION_SCENE_H
#define TESTS_INTEGRATION_SCENE_H

#include "harness.h"

/* ---- the table ---- */

struct row {
    const char *key; /* "METHOD pattern" */
    const char *method, *pattern, *pool, *role;
    const char *scope; /* NULL: no credentials are asked for */
};

struct rows {
    const struct row *all;
    size_t n;
};

struct rows read_rows(void); /* until the test ends */
bool is_read_row(const struct row *row);
bool is_api_row(const struct row *row);  /* under /api/: its errors are JSON, and it takes .json */
bool is_json_row(const struct row *row); /* unless another form is asked for */
bool is_chat_row(const struct row *row); /* of the chat API, whose errors have a form of their own */
bool has_part(const struct row *row, const char *part);

/* ---- what a row is called upon ---- */

/* Of an experience and a conversation; the STUDENT's, with the STUDENT's vote on the greeting, where nothing else is said. */
enum state {
    PUBLISHED,
    DRAFT,   /* the experience was taken back */
    DELETED, /* the experience was */
    ENDED,   /* the conversation is */
    OWN,     /* conversation and vote are the caller's */
    OWN_DRAFT,
    OWN_ENDED,
    OWN_VOTE, /* the vote is the caller's */
    OWN_VOTE_ENDED,
    N_STATES
};

const char *state_name(enum state state);

/* The parameters of patterns, as texts that stand in a path. */
struct scene {
    const char *course, *experience, *conversation, *message, *feedback;
    const char *document;     /* of the bot */
    const char *bot;          /* shared with all; whose the conversation is, the bot is too */
    const char *chat, *reply; /* of the chat API, theirs too, and a reply in it that was given a passage */
    const char *file;         /* of the experience; NULL: made when it is asked for */
    enum person owner;        /* of the conversation */
};

/* For this caller. Who can have no conversation, or no vote, of their own gets the STUDENT's. Something was said in it. */
struct scene make_scene(enum state state, enum person caller);

char *row_path(const struct row *row, const struct scene *scene);

/* A call of the row with a body that is right; a token and headers may be added. */
struct call row_call(const struct row *row, const struct scene *scene);

/* The line "Cookie: …" of a session of theirs; for the program's life. */
const char *cookie_of(enum person who);

#endif
