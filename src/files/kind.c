/* Kinds of documents and their names. */
#include <string.h>

#include "colloquy/files.h"

static const char *const names[DOCUMENT_KIND_COUNT] = {
    [DOCUMENT_TEXT] = "text", [DOCUMENT_PDF] = "pdf", [DOCUMENT_IMAGE] = "image", [DOCUMENT_BINARY] = "binary"};

const char *document_kind_name(enum document_kind kind)
{
    return names[kind];
}

bool document_kind_parse(const char *name, enum document_kind *out)
{
    for (enum document_kind k = 0; k < DOCUMENT_KIND_COUNT; k++) {
        if (str_eq(name, names[k])) {
            *out = k;
            return true;
        }
    }
    return false;
}
