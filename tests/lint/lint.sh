#!/bin/bash
# What can be checked of the source as text. Prints each fault with its place; exit 1 if there is any.
set -u
cd "$(dirname "$0")/../.." || exit 2
faults=0

fault() {
    printf '%s\n' "$1"
    faults=1
}

# report NAME LINES: the lines are faults, unless there are none.
report() {
    [ -z "$2" ] || fault "$1:"$'\n'"$2"
}

format() {
    local files
    files=$(find src include tests -name '*.[ch]')
    # shellcheck disable=SC2086
    report 'not as clang-format has it' "$(clang-format --dry-run $files 2>&1 | grep -E 'warning|error' | grep -oE '^[^ :]+:[0-9]+' | sort -u)"
}

# Each room may include only those below it (doc/design.md, "Rooms").
rooms() {
    local room below
    while read -r room below; do
        report "$room includes a room above it" "$(grep -nE '#include "(colloquy/)?(base|extract|http|llm|store|files|engine|api|server|cli)[./]' -r "src/$room" "include/colloquy/$room.h" 2>/dev/null |
            grep -vE "#include \"(colloquy/)?($room${below:+|${below// /|}})[./]")"
    done <<'TABLE'
base
http base
llm base
store base
extract base
files base extract
engine base llm store files
api base http llm store files engine
server base http llm store files engine api
cli base http llm store files engine api server
TABLE
}

headers() {
    local header flags
    flags=$(pkg-config --cflags json-c mysqlclient libcurl md4c poppler-glib libmagic)
    for header in $(find include src -name '*.h'); do
        # shellcheck disable=SC2086
        gcc -std=gnu11 -D_GNU_SOURCE -DCOLLOQUY_VERSION='""' -fsyntax-only -Iinclude -Isrc $flags -x c "$header" 2>/dev/null ||
            fault "$header does not compile alone"
    done
}

# A statement is a constant: its name is written in capitals. Nothing is ever formatted into SQL.
sql() {
    report 'SQL that is not a constant' "$(grep -nE '(db_query|db_query_one|db_execute|db_execute_once|access_query)\(' -r src/store |
        grep -vE '\((struct cq_ctx \*ctx|ctx), (struct db \*[a-z]+|db|lock|req->db), ([A-Z_]+|(args->)?sql|[a-z_]+ \? [A-Z_]+ :|const char \*sql|$)' | grep -vE '^\S+\.h:')"
    report 'SQL outside store' "$(grep -nE '"(SELECT|INSERT|UPDATE|DELETE) ' -r src --include='*.c' | grep -v '^src/store/')"
    report 'SQL that only one of MySQL and MariaDB knows' \
        "$(grep -nEi '\bRETURNING\b|\bFOR UPDATE OF\b|AS new\b|\bGET_LOCK\b|LOCK TABLES|\bSEQUENCE\b' -r src/store schema)"
}

banned() {
    report 'a function that this project does not use' \
        "$(grep -nE '\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|gets|localtime|ctime|strncpy)\(' -r src include)"
}

shell() {
    local script
    for script in quickstart .ci/run tests/lint/lint.sh tests/systemd/units tests/fuzz/run tests/browser/install tests/bench/run tests/bench/soak tests/bench/lib.sh; do
        bash -n "$script" || fault "$script does not parse"
    done
}

for check in format rooms headers sql banned shell; do
    $check
done
exit $faults
