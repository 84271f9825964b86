/* Office files, by what is named in them. */
#include "extract/type.h"

static uint32_t little(const uint8_t *at, size_t n)
{
    uint32_t value = 0;

    while (n--)
        value = value << 8 | at[n];
    return value;
}

/* ---- in a ZIP ---- */

enum {
    ZIP_HEAD_BYTES = 30,
    ZIP_ENTRIES = 4096, /* that are looked at */
};

#define OOXML "application/vnd.openxmlformats-officedocument."
#define ODF   "application/vnd.oasis.opendocument."

static const struct {
    const char *folder, *type;
} ooxml[] = {
    {"word/", OOXML "wordprocessingml.document"},
    {"xl/", OOXML "spreadsheetml.sheet"},
    {"ppt/", OOXML "presentationml.presentation"},
};

static const char *const odf[] = {ODF "text",     ODF "spreadsheet", ODF "presentation",
                                  ODF "graphics", ODF "formula",     ODF "chart"};

static bool is_entry(const uint8_t *at, size_t len)
{
    return len >= ZIP_HEAD_BYTES && memcmp(at, "PK\3\4", 4) == 0 && little(at + 26, 2) <= len - ZIP_HEAD_BYTES;
}

static bool is_named(const uint8_t *entry, const char *name, bool is_prefix)
{
    size_t len = strlen(name), has = little(entry + 26, 2);

    return (is_prefix ? has >= len : has == len) && memcmp(entry + ZIP_HEAD_BYTES, name, len) == 0;
}

/* The first entry, not packed, is the type. */
static const char *odf_type(const uint8_t *entry, size_t len)
{
    size_t at = ZIP_HEAD_BYTES + little(entry + 26, 2) + little(entry + 28, 2), size = little(entry + 18, 4);

    if (!is_named(entry, "mimetype", false) || little(entry + 8, 2) != 0 || at > len || size > len - at)
        return NULL;
    for (size_t i = 0; i < LEN(odf); i++)
        if (strlen(odf[i]) == size && memcmp(entry + at, odf[i], size) == 0)
            return odf[i];
    return NULL;
}

/* Lengths lie, and are not always given: the next entry is looked for from where this one's name ends. */
static const uint8_t *next_entry(const uint8_t *entry, const uint8_t *end)
{
    const uint8_t *at = entry + ZIP_HEAD_BYTES + little(entry + 26, 2);

    while ((at = memmem(at, (size_t)(end - at), "PK\3\4", 4)) && !is_entry(at, (size_t)(end - at)))
        at += 4;
    return at;
}

static const char *ooxml_type(const uint8_t *data, size_t len)
{
    bool has_types = false;
    const char *type = NULL;
    const uint8_t *entry = data;

    for (int n = 0; entry && n < ZIP_ENTRIES && !(has_types && type); n++) {
        has_types |= is_named(entry, "[Content_Types].xml", false);
        for (size_t i = 0; !type && i < LEN(ooxml); i++)
            type = is_named(entry, ooxml[i].folder, true) ? ooxml[i].type : NULL;
        entry = next_entry(entry, data + len);
    }
    return has_types ? type : NULL;
}

static const char *zip_type(const uint8_t *data, size_t len)
{
    const char *type = odf_type(data, len);

    return type ? type : ooxml_type(data, len);
}

/* ---- in a compound file ---- */

enum { CFB_ENTRY_BYTES = 128, CFB_HEAD_BYTES = 512, CFB_STREAM = 2 };

static const struct {
    const char *stream, *type;
} ole[] = {
    {"WordDocument", "application/msword"},
    {"Workbook", "application/vnd.ms-excel"},
    {"Book", "application/vnd.ms-excel"},
    {"PowerPoint Document", "application/vnd.ms-powerpoint"},
    {"EncryptedPackage", "application/x-ole-storage"}, /* a newer one, with a password */
};

/* A directory's entry begins with its name, 64 bytes of UTF-16, and the name's length in bytes with its NUL. */
static bool is_stream(const uint8_t *entry, const char *name)
{
    size_t len = strlen(name);

    if (little(entry + 64, 2) != 2 * (len + 1) || entry[66] != CFB_STREAM)
        return false;
    for (size_t i = 0; i <= len; i++)
        if (little(entry + 2 * i, 2) != (uint8_t)name[i])
            return false;
    return true;
}

/* Entries lie at multiples of their size, wherever the directory's sectors are. */
static const char *cfb_type(const uint8_t *data, size_t len)
{
    for (size_t at = CFB_HEAD_BYTES; at + CFB_ENTRY_BYTES <= len; at += CFB_ENTRY_BYTES)
        for (size_t i = 0; i < LEN(ole); i++)
            if (is_stream(data + at, ole[i].stream))
                return ole[i].type;
    return NULL;
}

const char *office_type(const uint8_t *data, size_t len)
{
    static const uint8_t cfb[] = {0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1};

    if (is_entry(data, len))
        return zip_type(data, len);
    return len >= sizeof(cfb) && memcmp(data, cfb, sizeof(cfb)) == 0 ? cfb_type(data, len) : NULL;
}
