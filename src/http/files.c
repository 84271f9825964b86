/* Files in multipart bodies, as handlers ask for them. */
#include <string.h>

#include "colloquy/http.h"

const struct form_file *request_file(const struct request *req, const char *name, size_t i)
{
    for (size_t k = 0; k < req->n_files; k++)
        if (str_eq(req->files[k].name, name) && i-- == 0)
            return &req->files[k];
    return NULL;
}

const char *form_file_base_name(const struct form_file *file, size_t *len)
{
    size_t at = file->filename_len;

    while (at > 0 && file->filename[at - 1] != '/' && file->filename[at - 1] != '\\')
        at--;
    *len = file->filename_len - at;
    return file->filename + at;
}
