// Looks at a page: its accessibility, its width on a small screen, and pictures of it.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AXE_SOURCE } from './packages.mjs';
import { BUILD } from './places.mjs';

const PICTURES = join(BUILD, 'browser');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

// ---- axe

function readable(violation, scheme) {
    const places = violation.nodes.map((node) => `    ${node.target.join(' ')}\n      ${node.failureSummary.replaceAll('\n', '\n      ')}`);
    return `  ${violation.id} (${violation.impact}, ${scheme}): ${violation.help}\n${places.join('\n')}`;
}

// In a world of its own: the page's scripts and its policy stay as they are, and axe sees the same document.
async function runAxe(page) {
    const session = await page.context().newCDPSession(page);
    try {
        const { frameTree } = await session.send('Page.getFrameTree');
        const world = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id, worldName: 'axe' });
        const contextId = world.executionContextId;
        const run = async (expression) => {
            const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
                expression, contextId, awaitPromise: true, returnByValue: true,
            });
            assert.ok(!exceptionDetails, `axe: ${exceptionDetails?.exception?.description ?? exceptionDetails?.text}`);
            return result.value;
        };
        await run(`${AXE_SOURCE};0`);
        const options = { runOnly: { type: 'tag', values: WCAG }, resultTypes: ['violations'] };
        return await run(`axe.run(document, ${JSON.stringify(options)}).then((r) => ({ violations: r.violations, n: r.passes.length }))`);
    } finally {
        await session.detach();
    }
}

// Fails with what WCAG 2.2 AA finds, in light and in dark colours. name: of the page's state, for the message.
export async function axe(page, name) {
    const faults = [];
    for (const scheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme: scheme });
        const { violations, n } = await runAxe(page);
        assert.ok(n > 0, `${name}: axe checked nothing`);
        faults.push(...violations.map((violation) => readable(violation, scheme)));
    }
    await page.emulateMedia({ colorScheme: null });
    assert.ok(faults.length === 0, `${name}:\n${faults.join('\n')}`);
}

// ---- sizes

// Until the page has its new size and has heard of it, which comes a frame later: it may scroll then.
export async function resize(page, width, height) {
    await page.setViewportSize({ width, height });
    await page.waitForFunction(([x, y]) => innerWidth === x && innerHeight === y, [width, height]);
    await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
}

async function inSize(page, width, height, look) {
    const before = page.viewportSize();
    await resize(page, width, height);
    try {
        return await look();
    } finally {
        await resize(page, before.width, before.height);
    }
}

// At 320 pixels, or 1280 zoomed to 400 %, nothing is wider than the screen (WCAG 1.4.10).
export async function fits(page, name) {
    const width = await inSize(page, 320, 640, () => page.evaluate(() => document.documentElement.scrollWidth));
    assert.ok(width <= 320, `${name}: ${width} pixels wide on a screen of 320`);
}

// Pictures of the whole page for people to look at: build/browser/NAME-1280.png and NAME-390.png.
export async function shot(page, name) {
    mkdirSync(PICTURES, { recursive: true });
    for (const [width, height] of [[1280, 800], [390, 844]]) {
        const path = join(PICTURES, `${name}-${width}.png`);
        await inSize(page, width, height, () => page.screenshot({ path, fullPage: true, caret: 'initial' }));
    }
}
