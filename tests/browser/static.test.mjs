// What can be said of the pages' files without a browser: how much they are, that they fit each other, and that every text has its
// translation. Needs no instance: `node --test tests/browser/static.test.mjs`.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import test from 'node:test';
import { ROOT, WWW } from './places.mjs';
import { importsOf, readHtml, textsOf } from './sources.mjs';

const MAX_SCRIPT_BYTES = 60000; // of one page: its script and all that comes with it, as they lie there
const SHOWN_ATTRIBUTES = ['aria-label', 'placeholder', 'title', 'alt'];

// Addresses that a link may lead to, beside files (nginx/snippets/site.conf and src/api/routes.c).
const ADDRESSES = /^\/(account|login|logout|health|chat(\/[\w-]+)?|bots(\/[\w{}-]+)?|api\/.*|courses\/.*)?(\?.*|#.*)?$/;

const files = readdirSync(WWW, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(WWW, join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
const ending = (suffix) => files.filter((name) => name.endsWith(suffix));
const read = (name) => readFileSync(join(WWW, name), 'utf8');
const pages = ending('.html').map((name) => ({ name, ...readHtml(read(name)) }));
const isThere = (address) => address.startsWith('/katex/') || files.includes(address.replace(/[?#].*/, '').slice(1));

function expectNone(faults) {
    assert.ok(faults.length === 0, `\n  ${faults.join('\n  ')}`);
}

test('pages refer to files that exist, and to addresses that lead somewhere', () => {
    const faults = [];
    for (const { name, elements } of pages) {
        for (const { name: tag, attributes } of elements) {
            const loaded = tag === 'a' ? undefined : attributes.src ?? attributes.href;
            const led = tag === 'a' ? attributes.href : attributes.action;
            if (loaded !== undefined && !(loaded.startsWith('/') && isThere(loaded)) && !loaded.startsWith('#')) {
                faults.push(`${name}: <${tag}> ${loaded}`);
            }
            if (led !== undefined && !led.startsWith('#') && !ADDRESSES.test(led) && !isThere(led)) {
                faults.push(`${name}: <${tag}> ${led}`);
            }
        }
    }
    for (const name of ending('.css')) {
        for (const [, url] of read(name).matchAll(/url\(\s*['"]?([^'")]+)/g)) {
            if (!isThere(posix.resolve(`/${dirname(name)}`, url))) {
                faults.push(`${name}: ${url}`);
            }
        }
    }
    expectNone(faults);
});

test('pages hold nothing that their policy forbids', () => {
    const faults = [];
    for (const { name, elements } of pages) {
        for (const { name: tag, attributes } of elements) {
            if (tag === 'style' || (tag === 'script' && !attributes.src)) {
                faults.push(`${name}: <${tag}> within the page`);
            }
            for (const attribute of Object.keys(attributes).filter((key) => key === 'style' || key.startsWith('on'))) {
                faults.push(`${name}: <${tag} ${attribute}>`);
            }
        }
    }
    expectNone(faults);
});

// ---- modules

// Addresses of the modules that come with one, itself left out.
function modulesOf(entry, faults) {
    const found = new Set();
    const waiting = [entry];
    while (waiting.length) {
        const address = waiting.pop();
        if (!isThere(address)) {
            faults.push(`${address} is imported, and there is none`);
            continue;
        }
        for (const name of importsOf(read(address.slice(1)))) {
            const imported = posix.resolve(posix.dirname(address), name);
            if (imported !== entry && !found.has(imported)) {
                found.add(imported);
                waiting.push(imported);
            }
        }
    }
    return found;
}

// Of each page, those that workers and nginx write too: its scripts, and the modules that it names beforehand.
const ofWorkers = [...readFileSync(join(ROOT, 'src/api/page.c'), 'utf8').matchAll(/\[(PAGE_\w+)\]\s*=\s*\{("[^}]+)\}/g)].map(([, name, list]) => {
    const [script, ...named] = [...list.matchAll(/"(\w+)"/g)].map(([, module]) => `/js/${module}.js`);
    return { name, entries: [script], named };
});
const ofNginx = { name: 'site.conf', ...readHtml(readFileSync(join(ROOT, 'nginx/snippets/site.conf'), 'utf8')) };
const scripted = [...pages, ofNginx].map(({ name, elements }) => ({
    name,
    entries: elements.filter((one) => one.name === 'script' && one.attributes.type === 'module').map((one) => one.attributes.src),
    named: elements.filter((one) => one.attributes.rel === 'modulepreload').map((one) => one.attributes.href),
})).concat(ofWorkers);

test(`scripts of a page are ${MAX_SCRIPT_BYTES} bytes at most`, (t) => {
    const sizeOf = (names) => [...names].reduce((sum, name) => sum + readFileSync(join(WWW, name)).length, 0);
    const sizes = scripted.map(({ name, entries }) => ({ name, bytes: sizeOf(new Set(entries.flatMap((entry) => [entry, ...modulesOf(entry, [])]))) }));
    const [largest] = sizes.sort((a, b) => b.bytes - a.bytes);
    t.diagnostic(`${largest.name} has ${largest.bytes}, all pages together ${sizeOf(ending('.js'))}`);
    assert.ok(ofWorkers.length >= 4 && largest.bytes > 0);
    assert.ok(largest.bytes <= MAX_SCRIPT_BYTES, `${largest.name} has ${largest.bytes}`);
});

// So that after the HTML one round trip brings all that the page needs.
test('pages name all their modules beforehand, and no others', () => {
    const faults = [];
    for (const { name, entries, named } of scripted) {
        const needed = new Set(entries.flatMap((entry) => [...modulesOf(entry, faults)]));
        entries.forEach((entry) => needed.delete(entry));
        faults.push(...[...needed].filter((module) => !named.includes(module)).map((module) => `${name}: no modulepreload of ${module}`));
        faults.push(...named.filter((module) => !needed.has(module)).map((module) => `${name}: modulepreload of ${module} is for nothing`));
    }
    expectNone(faults);
});

// ---- texts

const hasWords = (text) => /\p{L}/u.test(text);
const namesIn = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort().join();

function textsOfPage({ elements, texts }) {
    const shown = elements.filter((one) => one.isTranslated).flatMap(({ attributes }) => SHOWN_ATTRIBUTES.map((key) => attributes[key]));
    return [...texts.filter((one) => one.isTranslated).map((one) => one.text), ...shown].filter((text) => text && hasWords(text));
}

// What workers write into pages and faults: the literals of src, joined as C joins them; and what nginx itself says.
const workers = [...readdirSync(join(ROOT, 'src'), { recursive: true }).filter((name) => name.endsWith('.c')).map((name) => join('src', name)),
    'nginx/snippets/errors.conf', 'nginx/snippets/site.conf']
    .map((name) => readFileSync(join(ROOT, name), 'utf8').replace(/"\s*\n\s*"/g, ''))
    .join('\n');
const isWorkers = (text) => text.split(/\{\w+\}/).every((piece) => workers.includes(piece.replaceAll('"', '\\"')));

// Where each text stands: {text: file}.
function textsInUse(faults) {
    const used = {};
    for (const page of pages) {
        textsOfPage(page).forEach((text) => (used[text] = page.name));
    }
    for (const name of ending('.js').filter((file) => file !== 'js/text.js')) {
        const found = textsOf(read(name));
        found.texts.forEach((text) => (used[text] = name));
        faults.push(...found.faults.map((fault) => `${name}, ${fault}`));
    }
    return used;
}

for (const catalogue of ending('.json').filter((name) => name.startsWith('lang/'))) {
    test(`${catalogue} has every text, and no other`, () => {
        const faults = [];
        const used = textsInUse(faults);
        const known = JSON.parse(read(catalogue));
        for (const [text, file] of Object.entries(used)) {
            if (!Object.hasOwn(known, text)) {
                faults.push(`missing, of ${file}: ${JSON.stringify(text)}`);
            }
        }
        for (const [text, translation] of Object.entries(known)) {
            if (!Object.hasOwn(used, text) && !isWorkers(text)) {
                faults.push(`used nowhere: ${JSON.stringify(text)}`);
            }
            if (typeof translation !== 'string' || !translation.trim()) {
                faults.push(`no translation: ${JSON.stringify(text)}`);
            } else if (namesIn(text) !== namesIn(translation)) {
                faults.push(`other names in braces: ${JSON.stringify(text)}`);
            }
        }
        expectNone(faults);
    });
}

test('texts are literals, so that they can be found', { skip: !existsSync(join(WWW, 'js')) }, () => {
    const faults = [];
    textsInUse(faults);
    expectNone(faults);
});
