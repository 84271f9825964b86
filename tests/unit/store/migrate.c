/* The schema that is built in: in order, one statement each, and the same on MySQL 8.0 and MariaDB 10.6. */
#include "store/migrate.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "unit.h"

/*
 * The end of what begins at sql and is no statement text: a comment, a quoted string or name; sql itself when it is
 * neither.
 */
static const char *skip(const char *sql)
{
    const char *end;

    if (str_starts(sql, "--") || *sql == '#') {
        end = strchr(sql, '\n');
        return end ? end : sql + strlen(sql);
    }
    if (str_starts(sql, "/*")) {
        end = strstr(sql + 2, "*/");
        return end ? end + 2 : sql + strlen(sql);
    }
    if (*sql != '\'' && *sql != '"' && *sql != '`')
        return sql;
    for (end = sql + 1; *end && *end != *sql; end++)
        end += *end == '\\' && end[1];
    return *end ? end + 1 : end;
}

/* The statement without comments and quotes, each of which becomes a blank; in the arena of unit_ctx(). */
static const char *bare(const char *sql)
{
    struct buf *out = buf_in_arena(unit_ctx()->arena, 1 << 20);

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    while (*sql) {
        const char *end = skip(sql);

        buf_char(out, end > sql ? ' ' : *sql);
        sql = end > sql ? end : sql + 1;
    }
    CU_ASSERT_FALSE(out->failed);
    return out->data;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$';
}

/* Whether the words stand in the text, whole and in whatever case. */
static bool has_words(const char *text, const char *words)
{
    size_t len = strlen(words);

    for (const char *p = text; *p; p++)
        if ((p == text || !is_word(p[-1])) && strncasecmp(p, words, len) == 0 && !is_word(p[len]))
            return true;
    return false;
}

static bool begins_with_words(const char *text, const char *words)
{
    while (isspace((unsigned char)*text))
        text++;
    return strncasecmp(text, words, strlen(words)) == 0 && !is_word(text[strlen(words)]);
}

/* What this file itself relies on. */
static void test_reading_sql(void)
{
    CU_ASSERT_FALSE(strchr(bare("a -- b; c\n, '; \\'; ' \"it;\" `x;` # ;\n/* ;\n; */ z"), ';'));
    CU_ASSERT_TRUE(has_words(bare("a -- b\n'c' z"), "Z"));
    CU_ASSERT_FALSE(has_words(bare("a -- b\n'c' z"), "b"));
    CU_ASSERT_FALSE(has_words("offset_at", "offset"));
    CU_ASSERT_TRUE(has_words("x int offset", "offset"));
}

static void test_in_order_without_gaps(void)
{
    CU_ASSERT_TRUE(n_migrations > 0);
    for (size_t i = 0; i < n_migrations; i++) {
        const struct migration *m = &migrations[i];
        char prefix[24];

        snprintf(prefix, sizeof(prefix), "%03zu_", i + 1);
        ROW_ASSERT(m->name, m->version == i + 1);
        ROW_ASSERT(m->name, str_starts(m->name, prefix) && m->name[strlen(prefix)]);
    }
}

/*
 * A claim names one version: a second statement would run again, or not at all, when its claimant dies between the
 * two.
 */
static void test_one_statement_each(void)
{
    static const char *const begin[] = {"CREATE TABLE", "ALTER TABLE", "DROP TABLE",
                                        "CREATE INDEX", "INSERT INTO", "UPDATE"};

    for (size_t i = 0; i < n_migrations; i++) {
        const char *sql = bare(migrations[i].sql);
        bool is_known = false;

        for (size_t k = 0; k < LEN(begin); k++)
            is_known = is_known || begins_with_words(sql, begin[k]);
        ROW_ASSERT(migrations[i].name, is_known);
        ROW_ASSERT(migrations[i].name, !strchr(sql, ';'));
        ROW_ASSERT(migrations[i].name, utf8_valid(migrations[i].sql, strlen(migrations[i].sql)));
    }
}

/*
 * Clusters take no other engine and no table without a primary key; the collation is not left to the server's
 * default.
 */
static void test_tables(void)
{
    for (size_t i = 0; i < n_migrations; i++) {
        const char *sql = bare(migrations[i].sql);

        if (!begins_with_words(sql, "CREATE TABLE"))
            continue;
        ROW_ASSERT(migrations[i].name, has_words(sql, "ENGINE=InnoDB"));
        ROW_ASSERT(migrations[i].name, has_words(sql, "PRIMARY KEY"));
        ROW_ASSERT(migrations[i].name, has_words(sql, "DEFAULT CHARACTER SET") && has_words(sql, "COLLATE"));
    }
}

/* As a keyword or as a name without quotes, each of these fails on one of the two, or means different things. */
static void test_both_databases_know_it(void)
{
    // clang-format off
    static const char *const words[] = {
        /* reserved in MySQL 8.0 or later only */
        "CUBE", "CUME_DIST", "DENSE_RANK", "EMPTY", "FIRST_VALUE", "FUNCTION", "GROUPING", "GROUPS", "JSON_TABLE", "LAG", "LAST_VALUE", "LATERAL",
        "LEAD", "NTH_VALUE", "NTILE", "OF", "OPTIMIZER_COSTS", "PERCENT_RANK", "RANK", "ROW_NUMBER", "SYSTEM", "WINDOW",
        "MANUAL", "PARALLEL", "QUALIFY", "TABLESAMPLE",
        /* reserved in MariaDB only */
        "CURRENT_ROLE", "DELETE_DOMAIN_ID", "DO_DOMAIN_IDS", "IGNORE_DOMAIN_IDS", "IGNORE_SERVER_IDS", "OFFSET", "PAGE_CHECKSUM", "PARSE_VCOL_EXPR",
        "REF_SYSTEM_ID", "RETURNING", "ROWNUM",
        /* clauses and types of MySQL */
        "ALGORITHM=INSTANT", "ENCRYPTION", "INVISIBLE", "MEMBER OF", "NOT ENFORCED", "SECONDARY_ENGINE", "VISIBLE", "utf8mb4_0900_ai_ci",
        /* clauses and types of MariaDB */
        "ADD COLUMN IF NOT EXISTS", "ADD INDEX IF NOT EXISTS", "CREATE OR REPLACE", "DROP COLUMN IF EXISTS", "DROP INDEX IF EXISTS", "ENCRYPTED", "IGNORED",
        "INET4", "INET6", "MODIFY COLUMN IF EXISTS", "NOWAIT", "PAGE_COMPRESSED", "PERIOD FOR", "PERSISTENT", "SEQUENCE", "SYSTEM VERSIONING",
        "VECTOR", "WITHOUT OVERLAPS", "uca1400_ai_ci",
        /* the same word for two things: JSON is text in MariaDB and binary in MySQL */
        "JSON",
    };
    // clang-format on
    for (size_t i = 0; i < n_migrations; i++) {
        const char *sql = bare(migrations[i].sql);

        for (size_t k = 0; k < LEN(words); k++)
            if (has_words(sql, words[k]))
                ROW_ASSERT(words[k], false);
    }
}

SUITE(migrate, {"reading SQL", test_reading_sql}, {"in order, without gaps", test_in_order_without_gaps},
      {"one statement each", test_one_statement_each}, {"tables", test_tables},
      {"both databases know it", test_both_databases_know_it});
