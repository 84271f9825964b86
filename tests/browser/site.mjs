// The instance that the tests run against, and its people: what demo.env says of it, calls of its API, and its command line.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PATIENCE_MS, PROGRAM } from './places.mjs';

const state = process.env.COLLOQUY_BROWSER_STATE;
if (!state || !existsSync(join(state, 'demo.env'))) {
    throw new Error('COLLOQUY_BROWSER_STATE is no state folder: run tests by `node tests/browser/run.mjs [FILE…]`');
}

// NAME='value' lines of a shell.
function readEnvironment(path) {
    const lines = readFileSync(path, 'utf8').matchAll(/^([A-Z0-9_]+)='(.*)'$/gm);
    return Object.fromEntries([...lines].map(([, name, value]) => [name, value]));
}

const demo = readEnvironment(join(state, 'demo.env'));
const ca = readFileSync(demo.COLLOQUY_CACERT);

const person = (prefix) => ({
    login: demo[`${prefix}_LOGIN`],
    password: demo[`${prefix}_PASSWORD`],
    token: demo[`${prefix}_TOKEN`],
});

// url: "https://localhost:8443". The demo's people have parts in its course; tests that change things make their own (below).
export const site = {
    state,
    url: demo.COLLOQUY_URL,
    courseId: Number(demo.COURSE_ID),
    experienceId: Number(demo.AI_EXPERIENCE_ID),
    botId: demo.BOT_ID,
    teacher: person('TEACHER'),
    student: person('STUDENT'),
    student2: person('STUDENT2'),
};

// ---- the API

function send(method, path, token, body) {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = { Accept: 'application/json', Authorization: `Bearer ${token}`, 'Content-Length': Buffer.byteLength(text) };
    if (text) {
        headers['Content-Type'] = 'application/json';
    }
    return new Promise((resolve, reject) => {
        const call = request(new URL(path, site.url), { method, headers, ca }, (answer) => {
            const pieces = [];
            answer.on('data', (piece) => pieces.push(piece));
            answer.on('error', reject);
            answer.on('end', () => resolve({ status: answer.statusCode, text: Buffer.concat(pieces).toString() }));
        });
        call.on('error', reject);
        call.end(text);
    });
}

// Calls as that person: `await api(site.teacher).post('/api/v1/…', {…})` gives the JSON of the answer, and throws on 400 and above.
export function api(who) {
    const call = async (method, path, body) => {
        const { status, text } = await send(method, path, who.token, body);
        if (status >= 400) {
            throw new Error(`${method} ${path}: ${status} ${text}`);
        }
        return text ? JSON.parse(text) : null;
    };
    return {
        get: (path) => call('GET', path),
        post: (path, body = {}) => call('POST', path, body),
        put: (path, body = {}) => call('PUT', path, body),
        patch: (path, body = {}) => call('PATCH', path, body),
        delete: (path) => call('DELETE', path),
    };
}

// Until probe() gives true; what: that is waited for.
export async function until(what, probe) {
    for (const end = Date.now() + PATIENCE_MS; !await probe(); await pause(50)) {
        if (Date.now() > end) {
            throw new Error(`waited in vain for ${what}`);
        }
    }
}

// ---- the command line

// `colloquy …`: the JSON that it prints, or null. input goes to its standard input.
export function colloquy(args, input = '') {
    return new Promise((resolve, reject) => {
        const child = execFile(PROGRAM, ['--config', join(state, 'colloquy.conf'), ...args], (error, out) => {
            if (error) {
                reject(error);
            } else {
                resolve(out.trim() ? JSON.parse(out) : null);
            }
        });
        child.stdin.on('error', () => {}); // it may end without reading
        child.stdin.end(input);
    });
}

// ---- people and courses of a test's own

let made = 0;
const unused = (stem) => `${stem}-${process.pid}-${++made}`;

// {id, login, name, password, token}, with no part in any course.
export async function makeUser(name = 'Una User') {
    const login = unused('user');
    const password = `correct horse ${made}`;
    const { id } = await colloquy(['user', 'add', '--login', login, '--name', name, '--password-stdin'], `${password}\n`);
    const { token } = await colloquy(['token', 'issue', '--user', login, '--purpose', 'browser tests']);
    return { id, login, name, password, token };
}

export async function makeCourse(name = 'A course') {
    return (await colloquy(['course', 'add', '--code', unused('COURSE'), '--name', name])).id;
}

// role: teacher, ta, designer, student, observer.
export function enroll(courseId, who, role) {
    return colloquy(['enroll', '--course', String(courseId), '--user', who.login, '--role', role]);
}

// A published one, by a teacher; fields win over these.
export function makeExperience(courseId, teacher, fields = {}) {
    return api(teacher).post(`/api/v1/courses/${courseId}/ai_experiences`, {
        title: 'Why water boils',
        description: 'A pan of water stands on the stove.',
        facts: 'Water boils at 100 °C at sea level.',
        learning_objectives: ['Name what happens', 'Explain why'],
        pedagogical_guidance: 'Ask one question at a time.',
        workflow_state: 'published',
        ...fields,
    });
}

// {courseId, teacher, student, experience}: all of it new, for a test that others must not meet.
export async function makeClass(fields) {
    const [courseId, teacher, student] = [await makeCourse(), await makeUser('Tina Teacher'), await makeUser('Stan Student')];
    await enroll(courseId, teacher, 'teacher');
    await enroll(courseId, student, 'student');
    return { courseId, teacher, student, experience: await makeExperience(courseId, teacher, fields) };
}
