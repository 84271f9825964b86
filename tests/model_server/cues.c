/* Cues: how a message is answered whose own words say nothing of it, as those of people do not. */
#include "model_server.h"

#include <json-c/json.h>
#include <stdlib.h>

struct cue *cues_find(struct cues *cues, const char *message, size_t len)
{
    utf8_trim(&message, &len);
    for (size_t i = 0; i < cues->n; i++)
        if (strlen(cues->all[i].message) == len && memcmp(cues->all[i].message, message, len) == 0)
            return &cues->all[i];
    return NULL;
}

void cues_forget(struct cues *cues)
{
    while (cues->n > 0) {
        cues->n--;
        free(cues->all[cues->n].message);
        free(cues->all[cues->n].script);
    }
}

/* The place of a message's cue, or a free one; NULL: there is none left. */
static struct cue *place_of(struct cues *cues, const char *message)
{
    size_t i = 0;

    while (i < cues->n && !str_eq(cues->all[i].message, message))
        i++;
    if (i == MAX_CUES)
        return NULL;
    if (i == cues->n)
        cues->all[cues->n++] = (struct cue){.message = strdup(message)};
    return &cues->all[i];
}

bool cues_set(struct cues *cues, struct json_object *wish)
{
    const char *message = json_get_text(wish, "message", NULL), *script = json_get_text(wish, "script", NULL);
    struct cue *cue = message && script ? place_of(cues, message) : NULL;

    if (!cue)
        return false;
    free(cue->script);
    cue->script = strdup(script);
    cue->is_free = false;
    return cue->message && cue->script;
}
