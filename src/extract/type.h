/*
 * What kind of file bytes are.
 *
 *   image.c   images by their heads, without decoding them
 *   office.c  office files by what is named in them, without unpacking them
 *   type.c    all of it, with libmagic for texts of doubtful encoding
 */
#ifndef EXTRACT_TYPE_H
#define EXTRACT_TYPE_H

#include "extract/text.h"

/*
 * The MIME type of an image whose head says how large it is, from 1 to 65,535 either way and 2^28 pixels in all; NULL: it is
 * none. Sources: PNG (W3C, third edition) section 11.2.1; JPEG, ITU-T T.81 annex B; GIF89a section 18; WebP, RFC 9649.
 */
const char *image_type(const uint8_t *data, size_t len);

/*
 * The MIME type of a document, sheet or presentation of Office Open XML (a ZIP that names [Content_Types].xml and a folder of
 * its kind), OpenDocument (a ZIP that begins with its type) or of the compound files before them, encrypted ones
 * included; NULL: none of these. Sources: ECMA-376 part 2; OpenDocument 1.3 part 2 section 3.3; APPNOTE.TXT 4.3.7; [MS-CFB] 2.6.1.
 */
const char *office_type(const uint8_t *data, size_t len);

/* Once, before anything is read. False: libmagic does not find what it knows. */
bool type_prepare(void);

/* The MIME type of a file of size bytes that begins with data; NULL: one that is not taken. */
const char *type_of(const char *data, size_t len, uint64_t size);

#endif
