// The scripted model: how it replies to what a test types. Its directives are explained in tests/model_server/model_server.c.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { site } from './site.mjs';

const { control } = JSON.parse(readFileSync(join(site.state, 'browser.json'), 'utf8')).model;

async function ask(path, body) {
    const answer = await fetch(`http://127.0.0.1:${control}${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) {
        throw new Error(`model server: ${path}: ${answer.status}`);
    }
    return answer.json();
}

// How a reply goes:
//
//     text        what is said (Markdown); or words: that many words. Else "You said: …"
//     perSecond   pieces in each second, of 8 bytes (or of pieceBytes); else all at once
//     delayMs     before the first byte
//     status      an HTTP error instead; refuse: true: the connection is closed
//     cut         after so many pieces the connection is closed; hang: it goes silent
//     isHeld      after the first piece nothing comes until model.go(message)
//     finish      the reason for its end, e.g. 'length'
//     times       the faults above are for the first so many replies to this message
//     covers      objectives that the message covers, e.g. [1, 3]
//     more        other directives, as they are
function directives(script) {
    const rows = [
        ['text', script.text],
        ['words', script.words],
        ['chunk', script.pieceBytes],
        ['gap', script.perSecond && Math.round(1000 / script.perSecond)],
        ['delay', script.delayMs],
        ['status', script.status],
        ['cut', script.cut],
        ['hang', script.hang],
        ['finish', script.finish],
        ['times', script.times],
        ['covers', script.covers && script.covers.join(' ')],
    ];
    const said = rows.filter(([, value]) => value !== undefined && value !== '').map(([name, value]) => `[[${name} ${value}]]`);
    return said.join('') + (script.refuse ? '[[refuse]]' : '') + (script.isHeld ? '[[hold]]' : '') + (script.more ?? '');
}

export const model = {
    // From now on, whoever says just this message is replied to like that: take words that no other test uses.
    script: (message, script) => ask('/script', { message: message.trim(), script: directives(script) }),

    // Replies to that message that are held go on. What is seen of a reply while it comes is looked at before: a reply that has only its
    // pace is over when a busy machine comes to look.
    go: (message) => ask('/go', { message: message.trim() }),

    // Of all tests at once: {refuse: true}, {silent: true}; back with false. No other test may run meanwhile.
    mode: (mode) => ask('/mode', mode),
};
