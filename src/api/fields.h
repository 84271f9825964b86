/* Faults of fields, gathered so that all of them are told at once: {"title":["can't be blank"], …}. */
#ifndef API_FIELDS_H
#define API_FIELDS_H

#include "colloquy/http.h"

enum { MAX_FIELD_ERRORS = 16 };

/* What is said of them, under context_file_ids. */
#define UNUSABLE_FILES "One or more selected files cannot be accessed"

struct field_errors {
    struct {
        const char *field, *message;
    } list[MAX_FIELD_ERRORS];
    size_t n;
    bool has_unusable_files; /* told only when no field is wrong */
};

/* Note a fault; both strings must live as long as the request. */
void field_error(struct field_errors *errors, const char *field, const char *message);

/* Whether there is anything to tell. */
bool has_field_errors(const struct field_errors *errors);

/* Answer 400 with all of them, or 422 when only the files are at fault. */
void answer_field_errors(struct request *req, const struct field_errors *errors);

#endif
