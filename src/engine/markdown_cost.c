/*
 * What a text would cost md4c, estimated in one pass before it is parsed.
 *
 * md4c 0.4.8 is linear but for five products, each of one thing in the text times another. Each was seen to take
 * seconds, or to make a hundred times the text, at 256 KiB without its limit here; within it, milliseconds.
 */
#include <string.h>

#include "engine/markdown_cost.h"

enum {
    /* A table is filled up to the width of its head in every row, also in those that are empty. */
    MAX_TABLE_PIPES = 40,
    MAX_TABLE_CELLS = 20000,

    /* What md4c does for each of one thing times each of another, so that a text can make it take seconds. */
    MAX_BLOCK_STEPS = 2000000,      /* every line, a blank one too, passes through all blocks that are open */
    MAX_LINK_STEPS = 20000000,      /* every "[" walks over the lines of its paragraph */
    MAX_DEFINITION_STEPS = 8000000, /* every use of a reference copies its address and title, however long */
    MAX_TILDE_STEPS = 50000000,     /* every "~" that closes goes back over all its paragraph */
};

size_t markdown_line_end(const char *text, size_t len, size_t i, size_t *next)
{
    while (i < len && text[i] != '\n' && text[i] != '\r')
        i++;
    *next = i + 1 < len && text[i] == '\r' && text[i + 1] == '\n' ? i + 2 : i + 1;
    return i;
}

bool markdown_line_blank(const char *line, size_t len)
{
    size_t i = 0;

    while (i < len && (line[i] == ' ' || line[i] == '\t'))
        i++;
    return i == len;
}

/* Of the whole text. */
struct shape {
    size_t lines;
    size_t blocks;          /* at most so many are open at once */
    size_t brackets;        /* '[': no more links than these are tried, and no more references used */
    size_t tildes;          /* runs of one or two: what may begin or end a strikethrough */
    size_t paragraph_lines; /* of the longest run */
    size_t paragraph_bytes;
    size_t definition; /* bytes of the longest run that may define a reference */
    size_t pipes;      /* in the line that has most */
    size_t cells;      /* all tables together have at most so many */
};

/* Of a run of lines that are not blank: no paragraph, table or definition is longer. */
struct run {
    size_t lines, bytes, pipes; /* pipes in the line that has most */
    bool defines;               /* it may define a reference */
};

/* Blocks that one line may be in: each costs it a mark or two columns. */
static size_t line_blocks(const char *line, size_t len)
{
    size_t marks = 0, columns = 0;

    for (size_t i = 0; i < len && memchr(" \t>-+*.)0123456789", line[i], 18); i++) {
        if (line[i] == ' ' || line[i] == '\t')
            columns += line[i] == '\t' ? 4 : 1;
        else if (line[i] == '>' || i + 1 == len || line[i + 1] == ' ' || line[i + 1] == '\t')
            marks++;
    }
    return marks + columns / 2;
}

static void raise_to(size_t *most, size_t n)
{
    if (n > *most)
        *most = n;
}

static void add_line(struct shape *shape, struct run *run, const char *line, size_t len)
{
    size_t pipes = 0;

    for (size_t i = 0; i < len; i++) {
        char next = i + 1 < len ? line[i + 1] : '\0';
        bool third = i > 1 && line[i - 1] == '~' && line[i - 2] == '~';

        pipes += line[i] == '|';
        shape->brackets += line[i] == '[';
        shape->tildes += line[i] == '~' && next != '~' && !third;
        run->defines |= line[i] == ']' && next == ':';
    }
    shape->lines++;
    raise_to(&shape->blocks, line_blocks(line, len));
    run->lines++;
    run->bytes += len + 1;
    raise_to(&run->pipes, pipes);
}

static void add_run(struct shape *shape, const struct run *run)
{
    raise_to(&shape->paragraph_lines, run->lines);
    raise_to(&shape->paragraph_bytes, run->bytes);
    raise_to(&shape->definition, run->defines ? run->bytes : 0);
    raise_to(&shape->pipes, run->pipes);
    shape->cells += run->pipes * run->lines;
}

static struct shape shape_read(const char *text, size_t len)
{
    struct shape shape = {0};
    struct run run = {0};

    for (size_t i = 0, next; i < len; i = next) {
        size_t end = markdown_line_end(text, len, i, &next);

        add_line(&shape, &run, text + i, end - i);
        if (markdown_line_blank(text + i, end - i)) {
            add_run(&shape, &run);
            run = (struct run){0};
        }
    }
    add_run(&shape, &run);
    return shape;
}

struct markdown_cost markdown_cost(const char *text, size_t len)
{
    struct shape shape = shape_read(text, len);

    return (struct markdown_cost){
        .parse = shape.blocks * shape.lines <= MAX_BLOCK_STEPS &&
                 shape.brackets * shape.paragraph_lines <= MAX_LINK_STEPS &&
                 shape.definition * shape.brackets <= MAX_DEFINITION_STEPS,
        .strikethrough = shape.tildes * shape.paragraph_bytes <= MAX_TILDE_STEPS,
        .tables = shape.pipes <= MAX_TABLE_PIPES && shape.cells <= MAX_TABLE_CELLS,
    };
}
