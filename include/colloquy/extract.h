/*
 * extract: the program colloquy-extract, which alone looks into files of others, and what it says.
 *
 *   colloquy-extract type SECONDS SIZE   what kind of file it is, of which there are SIZE bytes in all
 *   colloquy-extract text SECONDS TYPE   the text of a file of that MIME type
 *
 * The file, or the beginning of it, is descriptor 0; the answer goes to descriptor 1. SECONDS of CPU is what it may take.
 * Before it reads the first byte it gives up whatever it does not need: memory, time, other files, other processes, the
 * network.
 *
 * The answer is EXTRACT_BEGIN and then frames. A frame is one byte of enum extract_frame, a page and a length, four bytes
 * each, the lowest first, as many bytes as the length says, and a NUL. Whoever reads it believes none of that.
 */
#ifndef COLLOQUY_EXTRACT_H
#define COLLOQUY_EXTRACT_H

#define EXTRACT_BEGIN "colloquy-extract 1\n"

enum extract_frame {
    EXTRACT_TYPE = 'K',    /* its MIME type; then EXTRACT_END */
    EXTRACT_PAGES = 'N',   /* page: how many it has; before its texts */
    EXTRACT_TEXT = 'T',    /* UTF-8 of a page, from 1; page 0: it has none */
    EXTRACT_FAILURE = 'F', /* why there is nothing, in a word of files.h; or "unsupported" */
    EXTRACT_END = 'E',     /* nothing comes after it */
};

enum {
    EXTRACT_FRAME_BYTES = 1 + 4 + 4 + 1, /* of a frame without its text */
    EXTRACT_MAX_PAGES = 2000,
    EXTRACT_MAX_TEXT_BYTES = 20000000, /* of all texts */
    EXTRACT_MEMORY_BYTES = 512 << 20,
    EXTRACT_EXIT_UNABLE = 70, /* the program could not begin: nothing is said about the file */
};

#endif
