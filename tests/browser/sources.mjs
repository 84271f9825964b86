// Reads the pages' sources as text: tags of HTML, and of JavaScript the imports and the calls that take texts. Not parsers of either
// language: of as much as these files use.

// ---- HTML

const VOID = new Set(['area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'source', 'track', 'wbr']);
const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0', hellip: '…', ndash: '–', mdash: '—', copy: '©' };
const TAG = /<!--[\s\S]*?-->|<!doctype[^>]*>|<(\/?)([a-z][a-z0-9-]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>/gi;
const ATTRIBUTE = /([^\s=/"']+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;

function decoded(text) {
    return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi, (whole, decimal, hex, name) => {
        if (decimal || hex) {
            return String.fromCodePoint(decimal ? Number(decimal) : parseInt(hex, 16));
        }
        return ENTITIES[name] ?? whole;
    });
}

function attributesOf(text) {
    const found = [...text.matchAll(ATTRIBUTE)];
    return Object.fromEntries(found.map(([, name, a, b, c]) => [name.toLowerCase(), decoded(a ?? b ?? c ?? '')]));
}

// Elements, in order: {name, attributes, isTranslated}; and texts, blanks joined: {text, within, isTranslated}. Of scripts, styles and
// what only readers without scripts see no text is given.
export function readHtml(source) {
    const elements = [];
    const texts = [];
    const open = [{ name: '', isTranslated: true }];
    let end = 0;
    const takeText = (upTo) => {
        const within = open[open.length - 1];
        const text = decoded(source.slice(end, upTo)).replace(/\s+/g, ' ').trim();
        if (text && !open.some(({ name }) => ['script', 'style', 'noscript'].includes(name))) {
            texts.push({ text, within: within.name, isTranslated: within.isTranslated });
        }
    };
    for (const match of source.matchAll(TAG)) {
        const [whole, slash, tag, rest] = match;
        takeText(match.index);
        end = match.index + whole.length;
        const name = tag?.toLowerCase();
        if (slash) {
            const at = open.map((one) => one.name).lastIndexOf(name);
            open.length = at > 0 ? at : open.length;
        } else if (name) {
            const attributes = attributesOf(rest);
            const own = attributes.translate;
            const isTranslated = own === undefined ? open[open.length - 1].isTranslated : own !== 'no';
            elements.push({ name, attributes, isTranslated });
            if (!VOID.has(name)) {
                open.push({ name, isTranslated });
            }
        }
    }
    takeText(source.length);
    return { elements, texts };
}

// ---- JavaScript

// Comments, strings, and, where no number can be divided, regular expressions.
const PIECE = new RegExp(
    [
        String.raw`\/\/[^\n]*|\/\*[\s\S]*?\*\/`,
        String.raw`'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"`,
        '`(?:\\\\[\\s\\S]|[^`\\\\])*`',
        String.raw`(?<=(?:^|[(,=:[!&|?{;+\-*%~^<>]|\breturn)\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*`,
    ].join('|'),
    'g',
);
const LITERAL = /^(['"`])(?:\\[\s\S]|(?!\1|\$\{)[^\\])*\1$/;

// The same text; comments and regular expressions become blanks.
function withoutComments(source) {
    return source.replace(PIECE, (piece) => (piece.startsWith('/') ? piece.replace(/[^\n]/g, ' ') : piece));
}

// Names of the modules that it imports when it is loaded; not those that it may load later.
export function importsOf(source) {
    const found = withoutComments(source).matchAll(/\b(?:import|export)\b(?:[\w\s{},*$]*?\bfrom)?\s*(['"])([^'"]+)\1/g);
    return [...found].map(([, , name]) => name);
}

// Where the call that begins at its parenthesis ends, and its arguments as text.
function argumentsAt(code, start) {
    const found = [];
    let depth = 0;
    let from = start + 1;
    for (let i = start; i < code.length; i++) {
        const c = code[i];
        if ('\'"`'.includes(c)) {
            PIECE.lastIndex = i;
            const string = PIECE.exec(code);
            i += string?.index === i ? string[0].length - 1 : 0;
        } else if ('([{'.includes(c)) {
            depth++;
        } else if (')]}'.includes(c) || (c === ',' && depth === 1)) {
            depth -= c === ',' ? 0 : 1;
            if (depth === 0 || c === ',') {
                found.push(code.slice(from, i).trim());
                from = i + 1;
            }
            if (depth === 0) {
                break;
            }
        }
    }
    return found.filter(Boolean);
}

// The value of a literal string, or of several joined by +; null of anything else.
function literal(expression) {
    const pieces = expression.split(/(?<=['"`])\s*\+\s*(?=['"`])/);
    return pieces.every((piece) => LITERAL.test(piece)) ? Function(`return ${expression}`)() : null;
}

// Texts that it hands to t() and plural(): {texts, faults}, the faults being calls whose texts cannot be known.
export function textsOf(source) {
    const code = withoutComments(source);
    const texts = [];
    const faults = [];
    for (const call of code.matchAll(/(?<![\w.$]|function\s+)(t|plural)\(/g)) {
        const given = argumentsAt(code, call.index + call[0].length - 1);
        const values = (call[1] === 't' ? given.slice(0, 1) : given.slice(1, 3)).map(literal);
        const line = code.slice(0, call.index).split('\n').length;
        if (values.includes(null) || values.length !== (call[1] === 't' ? 1 : 2)) {
            faults.push(`line ${line}: ${call[1]}() without a literal text: ${given.join(', ').slice(0, 60)}`);
        }
        texts.push(...values.filter((value) => value !== null));
    }
    return { texts, faults };
}
