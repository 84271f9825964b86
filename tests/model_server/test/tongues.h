/* The three protocols as a client has to speak them. In these texts, $1 to $3 stand for what is put in. */
#ifndef TESTS_MODEL_SERVER_TONGUES_H
#define TESTS_MODEL_SERVER_TONGUES_H

#include "ask.h"

enum { N_TONGUES = 3, OPENAI_TONGUE = 0, ANTHROPIC_TONGUE, BEDROCK_TONGUE };

struct tongue {
    const char *name;
    struct told (*told)(const struct answer *answer);
    const char *headers[2];
    const char *path[2];  /* of a reply that is not streamed, and of one that is; the model */
    const char *body[2];  /* the model, messages, members that follow */
    const char *said;     /* one message of the user; its text */
    const char *reasons;  /* members that let the model reason */
    const char *offers;   /* members that offer a tool; its name */
    const char *must_fit; /* members that ask for a structured answer; its name, its schema */
};

extern const struct tongue tongues[N_TONGUES];

char *fill(const char *text, const char *one, const char *two, const char *three);

/* Ask model "m". text: JSON without its quotation marks. */
struct answer say(const struct tongue *tongue, bool is_stream, const char *text);

/* The same of any model, with messages as they are, and with other members of the body. */
struct answer say_all(const struct tongue *tongue, bool is_stream, const char *model, const char *messages,
                      const char *more);

#endif
