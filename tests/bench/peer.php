<?php
// The three reads and the turn as plain PHP would do them: one file, PDO on a persistent connection, the joined statements of the bare
// worker, arrays and json_encode(). For tests/bench/run --peers, which compares the answers first. It answers one student's good
// requests and nothing else.
const FLAGS = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_LINE_TERMINATORS;
const STUDENT = ' FROM access_token a JOIN course_member e ON e.user_id = a.user_id AND e.roles & 1';
const WHERE = ' WHERE a.token_hash = ? AND a.revoked_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > UTC_TIMESTAMP(3))'
    . ' AND a.is_scoped = 0 AND e.course_id = ?';
const PUBLISHED = ' JOIN ai_experience x ON x.course_id = e.course_id AND x.workflow_state = "published"';
const EXPERIENCE = 'SELECT x.id, x.course_id, x.title, x.description, x.learning_objective, x.created_at, x.updated_at,'
    . ' l.workflow_state AS latest, l.all_objectives_met AS met';
const LATEST = ' LEFT JOIN latest_conversation l ON l.ai_experience_id = x.id AND l.user_id = a.user_id';
const MESSAGES = 'SELECT m.seq, m.uuid, m.role, m.is_initial, m.text, m.html, m.created_at, t.user_seq = m.seq AS is_running'
    . ' FROM message m LEFT JOIN turn t ON t.conversation_id = m.conversation_id AND t.is_running = 1 WHERE m.conversation_id = ? ORDER BY m.seq';

function database(): PDO
{
    $config = parse_ini_file($_SERVER['COLLOQUY_CONF'], true, INI_SCANNER_RAW)['database'];
    return new PDO("mysql:unix_socket={$config['socket']};dbname={$config['name']};charset=utf8mb4", $config['user'], $config['password'], [
        PDO::ATTR_PERSISTENT => true,
        PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
        PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC,
        PDO::MYSQL_ATTR_INIT_COMMAND => 'SET time_zone = "+00:00"',
    ]);
}

function query(string $sql, array $values): array
{
    global $db;
    $statement = $db->prepare($sql);
    foreach ($values as $i => $value) {
        $statement->bindValue($i + 1, $value, is_int($value) ? PDO::PARAM_INT : PDO::PARAM_STR);
    }
    $statement->execute();
    return $statement->columnCount() ? $statement->fetchAll() : [];
}

function iso(string $time): string
{
    return substr($time, 0, 10) . 'T' . substr($time, 11, 8) . 'Z';
}

function experience(array $x): array
{
    return [
        'id' => (int) $x['id'], 'course_id' => (int) $x['course_id'], 'title' => $x['title'], 'description' => $x['description'],
        'learning_objective' => $x['learning_objective'],
        'learning_objectives' => $x['learning_objective'] === '' ? [] : explode("\n", $x['learning_objective']),
        'workflow_state' => 'published', 'context_index_status' => 'not_started', 'created_at' => iso($x['created_at']),
        'updated_at' => iso($x['updated_at']), 'can_manage' => false,
        'submission_status' => $x['met'] ? 'completed' : ($x['latest'] === 'active' ? 'in_progress' : 'not_started'),
    ];
}

function messages(array $rows): array
{
    $out = [];
    foreach ($rows as $i => $m) {
        $is_answered = $m['role'] || !empty($rows[$i + 1]['role']);
        $message = [
            'id' => $m['uuid'], 'role' => $m['role'] ? 'Assistant' : 'User', 'text' => $m['text'], 'created_at' => iso($m['created_at']),
            'feedback' => [], 'status' => $is_answered ? 'complete' : ($m['is_running'] ? 'pending' : 'failed'),
            'initial' => (bool) $m['is_initial'],
        ];
        $out[] = $m['role'] ? $message + ['html' => $m['html'], 'citations' => []] : $message;
    }
    return $out;
}

function progress(array $v): array
{
    $places = explode(',', $v['met_at']);
    $objectives = [];
    foreach ($v['learning_objective'] === '' ? [] : explode("\n", $v['learning_objective']) as $i => $text) {
        $place = $places[$i] ?? '';
        $objectives[] = ['objective' => $text, 'status' => $place === '' ? '' : 'covered', 'met_at_turn' => $place === '' ? null : (int) $place];
    }
    $n = count($objectives);
    $met = count(array_filter($objectives, fn($o) => $o['met_at_turn'] !== null));
    return ['current' => $met, 'total' => $n, 'percentage' => $n ? intdiv(200 * $met + $n, 2 * $n) : 0, 'objectives' => $objectives];
}

function send(array $value): void
{
    $body = json_encode($value, FLAGS);
    header('Content-Type: application/json; charset=utf-8');
    header('Content-Length: ' . strlen($body));
    header('Cache-Control: no-store');
    header('X-Request-Id: ' . $_SERVER['REQUEST_ID']);
    header('X-Request-Context-Id: ' . $_SERVER['REQUEST_ID']);
    echo $body;
}

function link_header(int $size, int $total): string
{
    $base = "<{$_SERVER['REQUEST_SCHEME']}://{$_SERVER['HTTP_HOST']}{$_SERVER['DOCUMENT_URI']}?page=";
    $last = max(1, intdiv($total + $size - 1, $size));
    $to = fn(int $page, string $rel) => "$base$page&per_page=$size>; rel=\"$rel\"";
    return implode(',', array_merge([$to(1, 'current')], $last > 1 ? [$to(2, 'next')] : [], [$to(1, 'first'), $to($last, 'last')]));
}

function uuid(): string
{
    $hex = bin2hex(random_bytes(16));
    return sprintf('%s-%s-7%s-a%s-%s', substr($hex, 0, 8), substr($hex, 8, 4), substr($hex, 13, 3), substr($hex, 17, 3), substr($hex, 20));
}

function ask(array $rows, array $x): string
{
    static $curl;
    $curl ??= curl_init();
    $said = [['role' => 'system', 'content' => $x['facts'] . $x['pedagogical_guidance'] . $x['learning_objective']]];
    foreach ($rows as $m) {
        $said[] = ['role' => $m['role'] ? 'assistant' : 'user', 'content' => $m['text']];
    }
    curl_setopt_array($curl, [
        CURLOPT_URL => $_SERVER['MODEL_URL'] . '/v1/chat/completions', CURLOPT_RETURNTRANSFER => true, CURLOPT_CAINFO => $_SERVER['MODEL_CA'],
        CURLOPT_HTTPHEADER => ['Content-Type: application/json', 'Expect:'],
        CURLOPT_POSTFIELDS => json_encode(['model' => 'scripted', 'messages' => $said], FLAGS),
    ]);
    return json_decode(curl_exec($curl), true)['choices'][0]['message']['content'];
}

/** What Colloquy does in its two transactions, but for leases, owners and keys. */
function turn(array $v, string $text): array
{
    global $db;
    $db->exec('START TRANSACTION');
    $seq = (int) query('SELECT next_seq FROM conversation WHERE id = ? FOR UPDATE', [$v['id']])[0]['next_seq'];
    query('INSERT INTO message (conversation_id, seq, uuid, role, is_initial, text, created_at) VALUES (?, ?, ?, 0, 0, ?, UTC_TIMESTAMP(3))',
        [$v['id'], $seq, uuid(), $text]);
    query('INSERT INTO turn (conversation_id, user_seq, reply_uuid, state, is_running, owner, lease_until, created_at)'
        . ' VALUES (?, ?, ?, "pending", 1, "peer", UTC_TIMESTAMP(3) + INTERVAL 30 SECOND, UTC_TIMESTAMP(3))', [$v['id'], $seq, $reply = uuid()]);
    $turn = (int) $db->lastInsertId();
    query('UPDATE conversation SET next_seq = next_seq + 1, updated_at = UTC_TIMESTAMP(3) WHERE id = ?', [$v['id']]);
    $rows = query(MESSAGES, [$v['id']]);
    $db->exec('COMMIT');
    $said = ask($rows, $v);
    $html = '<p>' . htmlspecialchars($said, ENT_NOQUOTES) . "</p>\n";
    $db->exec('START TRANSACTION');
    $now = query('SELECT UTC_TIMESTAMP(3) AS now FROM turn WHERE id = ? AND state = "pending" FOR UPDATE', [$turn])[0]['now'];
    query('UPDATE turn SET state = "complete", is_running = NULL, reply_seq = user_seq + 1, met_at = ?, tries = 1, finished_at = ? WHERE id = ?',
        [$v['met_at'], $now, $turn]);
    query('UPDATE conversation SET next_seq = next_seq + 1, updated_at = ? WHERE id = ?', [$now, $v['id']]);
    query('UPDATE latest_conversation SET updated_at = ? WHERE conversation_id = ?', [$now, $v['id']]);
    query('INSERT INTO message (conversation_id, seq, uuid, role, text, html, created_at) VALUES (?, ?, ?, 1, ?, ?, ?)',
        [$v['id'], $seq + 1, $reply, $said, $html, $now]);
    $db->exec('COMMIT');
    $rows[] = ['uuid' => $reply, 'role' => 1, 'is_initial' => 0, 'text' => $said, 'html' => $html, 'created_at' => $now];
    return ['id' => (int) $v['id'], 'messages' => messages($rows), 'progress' => progress($v), 'all_objectives_met' => (bool) $v['all_objectives_met']];
}

$db = database();
$hash = hash('sha256', substr($_SERVER['HTTP_AUTHORIZATION'], 7), true);
$path = explode('/', $_SERVER['DOCUMENT_URI']); // /api/v1/courses/C/ai_experiences/X/conversations/V/messages
$course = (int) $path[4];
if (!isset($path[6])) {
    $size = (int) ($_GET['per_page'] ?? 10);
    $rows = query(EXPERIENCE . ', (SELECT COUNT(*) FROM ai_experience WHERE course_id = ? AND workflow_state = "published") AS total' . STUDENT
        . PUBLISHED . LATEST . WHERE . ' ORDER BY x.id LIMIT ?', [$course, $hash, $course, $size]);
    header('Link: ' . link_header($size, (int) ($rows[0]['total'] ?? 0)));
    send(array_map('experience', $rows));
} elseif (!isset($path[7])) {
    send(experience(query(EXPERIENCE . STUDENT . PUBLISHED . LATEST . WHERE . ' AND x.id = ?', [$hash, $course, (int) $path[6]])[0]));
} else {
    $v = query('SELECT v.*, x.facts, x.pedagogical_guidance' . STUDENT . PUBLISHED . ' JOIN conversation v ON v.ai_experience_id = x.id'
        . ' AND v.user_id = a.user_id AND v.is_active = 1' . WHERE . ' AND x.id = ?', [$hash, $course, (int) $path[6]])[0];
    send(isset($path[9]) ? turn($v, $_POST['message']) : [
        'id' => (int) $v['id'], 'messages' => messages(query(MESSAGES, [$v['id']])), 'progress' => progress($v), 'workflow_state' => 'active',
        'all_objectives_met' => (bool) $v['all_objectives_met'], 'created_at' => iso($v['created_at']), 'updated_at' => iso($v['updated_at']),
    ]);
}
