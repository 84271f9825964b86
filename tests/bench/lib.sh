# shellcheck shell=bash
# What tests/bench/run and tests/bench/soak share: packages, programs, an instance of their own with data in it, and its processes.
# Sourced with $here set to the repository; everything that was started ends when the script does.
build=${here?}/build
n_students=40        # they take the turns; their tokens are bench-1 to bench-40
n_experiences=25     # of their course: as many conversations as students × experiences
n_messages=100000    # that others wrote before

bench_fail() {
    echo "$0: $1" >&2
    exit 1
}

# need_packages NAME…: as root they are installed, otherwise named.
need_packages() {
    local package missing=()
    for package; do
        dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    ((EUID == 0)) || bench_fail "packages are missing. As root: apt-get install --no-install-recommends ${missing[*]}"
    echo "Installing ${missing[*]}" >&2
    install_packages "${missing[@]}" >"$state/packages.log" 2>&1 || { tail -n 5 "$state/packages.log" >&2 && bench_fail "apt-get failed"; }
}

# In a subshell. Services of the packages are not to be started: ours are other processes.
install_packages() (
    if [[ ! -e /usr/sbin/policy-rc.d ]]; then
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod 755 /usr/sbin/policy-rc.d
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update && apt-get install -y --no-install-recommends "$@"
)

free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

started=()
bench_end() {
    trap '' INT TERM HUP
    "$here/quickstart" down --state "$state" >/dev/null 2>&1 || true
    ((${#started[@]} == 0)) || kill "${started[@]}" 2>/dev/null || true
    wait
    rm -rf "$state"
}

bench_begin() {
    local name
    while read -r name; do
        unset "$name"
    done < <(compgen -e | grep -E '^(COLLOQUY|AWS)_' || true)
    state=$(mktemp -d "${TMPDIR:-/tmp}/colloquy-bench.XXXXXX")
    trap bench_end EXIT
    trap 'exit 130' INT TERM HUP
    http=$(free_port) https=$(free_port)
    need_packages wrk libcunit1-dev
    instance_up # builds the program
    {
        cmake -S "$here" -B "$build" -DCOLLOQUY_TESTS=ON && cmake --build "$build" --target bench --parallel "$(nproc)"
    } 8>"$build/.lock" >"$state/build.log" 2>&1 || { tail -n 20 "$state/build.log" >&2 && bench_fail "the build failed"; }
    start_model model
    start_model model_tls --tls "$state/tls/cert.pem" "$state/tls/key.pem"
    # As in production, the certificate of the model is one of many that are trusted.
    cat /etc/ssl/certs/ca-certificates.crt "$state/tls/cert.pem" >"$state/ca.pem"
    use_model "http://127.0.0.1:$(<"$state/model.port")"
    make_data
}

# start_model NAME [--tls CERT KEY]: its port in $state/NAME.port.
start_model() {
    local name=$1
    shift
    "$build/tests/model_server/model_server" --port 0 --port-file "$state/$name.port" "$@" 2>"$state/$name.log" &
    started+=("$!")
    until [[ -s $state/$name.port ]]; do sleep 0.05; done
}

# use_model URL [VARIABLE=VALUE]…: Colloquy starts again and asks that one.
use_model() {
    model=$1
    shift
    instance_up COLLOQUY_LLM_PROVIDER=openai COLLOQUY_LLM_MODEL=scripted COLLOQUY_LLM_BASE_URL="$model/v1" \
        COLLOQUY_LIMITS_CONVERSATIONS_PER_DAY=100000000 COLLOQUY_LIMITS_MESSAGES_PER_DAY=100000000 COLLOQUY_LIMITS_TURNS_AT_ONCE=100000 \
        SSL_CERT_FILE="$state/ca.pem" "$@"
}

instance_up() { # [VARIABLE=VALUE]…
    env "$@" "$here/quickstart" up --state "$state" --http "$http" --https "$https" >"$state/up.log" 2>&1 ||
        { tail -n 20 "$state/up.log" >&2 && bench_fail "quickstart up failed"; }
    # shellcheck disable=SC1091
    source "$state/demo.env"
    site=http://localhost:$http
}

sql() {
    mariadb --no-defaults --socket="$state/run/mariadb.sock" --batch --skip-column-names colloquy -e "$1"
}

# Sixty experiences to list; a class for the turns; and a term's worth of conversations of others, so that no table is empty.
make_data() {
    sql "
    INSERT INTO ai_experience (course_id, workflow_state, title, description, facts, learning_objective, pedagogical_guidance,
                               created_at, updated_at)
    SELECT $COURSE_ID, 'published', CONCAT('Experience ', seq), REPEAT('What it is about. ', 20), REPEAT('A fact. ', 60),
           'one\ntwo\nthree', REPEAT('Ask. ', 60), UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) FROM seq_1_to_60;
    INSERT INTO course (code, name, created_at) VALUES ('BENCH', 'All at once', UTC_TIMESTAMP(3));
    SET @class = LAST_INSERT_ID();
    INSERT INTO ai_experience (course_id, workflow_state, title, description, learning_objective, pedagogical_guidance, created_at, updated_at)
    SELECT @class, 'published', CONCAT('Experience ', seq), 'd', 'one\ntwo\nthree', 'Ask.', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3)
    FROM seq_1_to_$n_experiences;
    INSERT INTO user (login, name, sortable_name, short_name, created_at)
    SELECT CONCAT('bench-', seq), 'Student', 'Student', 'Student', UTC_TIMESTAMP(3) FROM seq_1_to_200;
    INSERT INTO enrollment (course_id, user_id, role, state, created_at)
    SELECT c.id, u.id, 0, 'active', UTC_TIMESTAMP(3) FROM user u JOIN course c ON c.id IN (@class, $COURSE_ID) WHERE u.login LIKE 'bench-%';
    INSERT INTO course_member (course_id, user_id, roles)
    SELECT c.id, u.id, 1 FROM user u JOIN course c ON c.id IN (@class, $COURSE_ID) WHERE u.login LIKE 'bench-%';
    INSERT INTO access_token (user_id, token_hash, created_at)
    SELECT id, UNHEX(SHA2(login, 256)), UTC_TIMESTAMP(3) FROM user WHERE login LIKE 'bench-%';
    INSERT INTO conversation (uuid, ai_experience_id, user_id, workflow_state, learning_objective, met_at, next_seq, created_at, updated_at)
    SELECT UUID(), x.id, u.id, 'completed', x.learning_objective, ',,', 20, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3)
    FROM user u JOIN ai_experience x ON x.course_id = $COURSE_ID WHERE u.login LIKE 'bench-%' LIMIT $((n_messages / 20));
    INSERT INTO latest_conversation (ai_experience_id, user_id, conversation_id, workflow_state, all_objectives_met, updated_at)
    SELECT ai_experience_id, user_id, id, workflow_state, 0, updated_at FROM conversation;
    INSERT INTO message (conversation_id, seq, uuid, role, is_initial, text, html, created_at)
    SELECT v.id, s.seq, UUID(), s.seq % 2, s.seq = 0, REPEAT('Some words. ', 20), IF(s.seq % 2, '<p>Some words.</p>', NULL), UTC_TIMESTAMP(3)
    FROM conversation v JOIN seq_0_to_19 s;
    INSERT INTO turn (conversation_id, user_seq, reply_seq, reply_uuid, state, owner, lease_until, created_at)
    SELECT v.id, 2 * s.seq, 2 * s.seq + 1, UUID(), 'complete', 'bench', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) FROM conversation v JOIN seq_0_to_9 s;
    ANALYZE TABLE user, course, enrollment, course_member, access_token, ai_experience, conversation, message, turn, latest_conversation" >"$state/sql.log"
    class=$(sql "SELECT id FROM course WHERE code = 'BENCH'")
    first=$(sql "SELECT MIN(id) FROM ai_experience WHERE course_id = $class")
}

# What the three reads ask for, as the student of the demo: one experience, a list of 50, a conversation of 20 messages.
make_reads() {
    local api=/api/v1/courses/$COURSE_ID/ai_experiences id i
    reads=("$api/$AI_EXPERIENCE_ID" "$api?per_page=50" "$api/$AI_EXPERIENCE_ID/conversations")
    id=$(student -X POST "$site${reads[2]}" | sed 's/^{"id":\([0-9]*\).*/\1/')
    for i in {1..9}; do
        student -o /dev/null --data-urlencode "message=[[words 60]] $i" "$site${reads[2]}/$id/messages"
    done
}

student() {
    curl -qsSf -H "Authorization: Bearer $STUDENT_TOKEN" "$@"
}

# turns MODE N MESSAGE [OPTION]…: bench_turns, with N conversations of the class.
turns() {
    local mode=$1 n=$2 message=$3
    shift 3
    "$build/tests/bench/bench_turns" "$mode" --url "https://localhost:$https" --cacert "$state/tls/cert.pem" --course "$class" \
        --first "$first" --tokens bench --students "$n_students" --conversations "$n" --message "$message" "$@"
}

# field NAME: of a line "what name=value …" on standard input.
field() {
    sed -n "s/.* $1=\([0-9.]*\).*/\1/p"
}

# The master of Colloquy and its workers.
colloquy_pids() {
    local master
    master=$(<"$state/run/colloquy.pid")
    echo "$master"
    pgrep -P "$master"
}

# pss_kib PID…: of all of them; one that has just ended counts nothing.
pss_kib() {
    local pid files=()
    for pid; do files+=("/proc/$pid/smaps_rollup"); done
    cat "${files[@]}" 2>/dev/null | awk '/^Pss:/ { sum += $2 } END { print sum + 0 }'
}
