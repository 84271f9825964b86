/* Files from the command line: read whole, and made documents of a bot. */
#ifndef CLI_BOT_DOCUMENT_H
#define CLI_BOT_DOCUMENT_H

#include "cli/cli.h"

/* Append the whole file, which is not empty. EXIT_DONE, or a fault that was reported: more than its maximum is one. */
int cli_file_read(struct cli *cli, const char *path, struct buf *out) MUST_USE;

struct cli_documents {
    const char *paths[DOCUMENTS_PER_BOT], *names[DOCUMENTS_PER_BOT];
    size_t n;
};

cli_take_fn
    cli_take_document; /* struct cli_documents: called in the bot as the last part of its path; one more each time */

/* Documents whose content is on disk, and held there until a bot names it. */
struct cli_held {
    struct new_document documents[DOCUMENTS_PER_BOT];
    size_t n;
};

/* Hold them all, or none. EXIT_DONE, or a fault that was reported. */
int cli_documents_hold(struct cli *cli, const struct cli_documents *documents, struct cli_held *out) MUST_USE;

/* Give up what is held still. */
void cli_documents_forget(struct cli *cli, struct cli_held *held);

/*
 * Have the bot name them, each in the place of one of the same name; one with the very same content stays as it is. Then none is
 * held any more. CQ_INVALID_REQUEST: there would be more than DOCUMENTS_PER_BOT.
 */
enum cq_status cli_documents_add(struct cli *cli, const struct bot_row *bot, struct cli_held *held) MUST_USE;

#endif
