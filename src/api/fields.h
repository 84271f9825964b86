/* Faults of fields, gathered so that all of them are told at once: {"title":["can't be blank"], …}. */
#ifndef API_FIELDS_H
#define API_FIELDS_H

#include "colloquy/http.h"

enum { MAX_FIELD_ERRORS = 16 };

struct field_errors {
    struct {
        const char *field, *message;
    } list[MAX_FIELD_ERRORS];
    size_t n;
};

/* Note a fault; both strings must live as long as the request. */
void field_error(struct field_errors *errors, const char *field, const char *message);

/* Answer 400 with all of them. */
void answer_field_errors(struct request *req, const struct field_errors *errors);

#endif
