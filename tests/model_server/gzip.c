/* Compressed data that grows on and on, bit by bit: what unpacks to very much. */
#include "model_server.h"

/*
 * A last block of fixed codes, the letter x, and then again and again the code of "258 bytes, as the one before".
 * Source: RFC 1951 sections 3.2.3 to 3.2.6.
 */
static bool deflate_bit(uint64_t at)
{
    static const char head[] = "110" /* last, fixed */ "10101000" /* x */, copy[] = "11000101"
                                                                                    "00000";
    uint64_t n_head = sizeof(head) - 1, n_copy = sizeof(copy) - 1;

    return (at < n_head ? head[at] : copy[(at - n_head) % n_copy]) == '1';
}

char gzip_byte(uint64_t at)
{
    static const char head[10] = "\x1f\x8b\x08\0\0\0\0\0\0\xff"; /* RFC 1952 section 2.3 */
    unsigned byte = 0;

    if (at < sizeof(head))
        return head[at];
    for (unsigned i = 0; i < 8; i++)
        byte |= (unsigned)deflate_bit((at - sizeof(head)) * 8 + i) << i;
    return (char)byte;
}
