/* The set of questions, read from its files. */
#include "set.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *read_file(struct cq_ctx *ctx, const char *path, size_t *len)
{
    FILE *file = fopen(path, "r");
    char *text = arena_alloc(ctx->arena, 1 << 17);

    if (!file || !text)
        return NULL;
    *len = fread(text, 1, (1 << 17) - 1, file);
    text[*len] = '\0';
    fclose(file);
    return text;
}

static bool add_document(struct cq_ctx *ctx, const struct config *config, const char *folder, const char *name,
                         struct set *set)
{
    struct extracted_text text = {0};
    struct extraction extraction = {.texts = &text, .n_texts = 1};
    struct retrieval_document *document = &set->documents[set->n_documents];

    text.text = read_file(ctx, arena_printf(ctx->arena, "%s/documents/%s", folder, name), &text.len);
    if (!text.text || file_put(ctx, config, text.text, text.len, document->hash))
        return false;
    document->filename = arena_strdup(ctx->arena, name);
    document->description = "";
    set->n_documents++;
    return !passages_write(ctx, config, document->hash, &extraction);
}

static bool add_documents(struct cq_ctx *ctx, const struct config *config, const char *folder, struct set *set)
{
    struct dirent **entries;
    int n = scandir(arena_printf(ctx->arena, "%s/documents", folder), &entries, NULL, alphasort);
    bool is_good = n > 2;

    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.')
            is_good = is_good && set->n_documents < SET_MAX_DOCUMENTS &&
                      add_document(ctx, config, folder, entries[i]->d_name, set);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return is_good;
}

/* A line: the question and its phrases, with tabs between them. */
static void add_question(char *line, struct set *set)
{
    struct set_question *question = &set->questions[set->n_questions++];

    question->text = strsep(&line, "\t");
    while (line && question->n_phrases < SET_MAX_PHRASES)
        question->phrases[question->n_phrases++] = strsep(&line, "\t");
}

bool set_load(struct cq_ctx *ctx, const struct config *config, const char *folder, struct set *out)
{
    size_t len;
    const char *text = read_file(ctx, arena_printf(ctx->arena, "%s/questions.tsv", folder), &len);
    char *lines = text ? arena_strdup(ctx->arena, text) : NULL, *line;

    *out = (struct set){0};
    while ((line = strsep(&lines, "\n")))
        if (*line && out->n_questions < SET_MAX_QUESTIONS)
            add_question(line, out);
    return out->n_questions > 0 && add_documents(ctx, config, folder, out);
}

size_t set_rank(const struct set_question *question, const struct retrieval_answer *answer)
{
    for (size_t i = 0; i < answer->n; i++)
        for (size_t k = 0; k < question->n_phrases; k++)
            if (strstr(answer->passages[i].text, question->phrases[k]))
                return i + 1;
    return 0;
}
