// Two ways to use a page, by mouse and by keyboard alone, with the same words: a story that is told once is tried with each.
//
//     press(target)          a button, a link, a summary
//     write(target, text)    into a field
//     choose(target)         one radio button of several
//
// target: a locator. For who has no mouse, {back: true} looks for it with Shift+Tab.
import assert from 'node:assert/strict';

const MOST_STOPS = 80; // from one control to another

export const mouse = (page) => ({
    page,
    press: (target) => target.click(),
    choose: (target) => target.check(),
    async write(target, text) {
        await target.click();
        await page.keyboard.type(text);
    },
});

// In the page: what is wrong with how the focused element is seen. Of a tall one, a field, the end may be below what is in sight.
function lookAtFocus() {
    const node = document.activeElement;
    if (node === document.body) {
        return null; // between the page's end and its beginning
    }
    const faults = [];
    const { outlineStyle, outlineWidth } = getComputedStyle(node);
    if (outlineStyle === 'none' || parseFloat(outlineWidth) < 2) {
        faults.push('has no outline');
    }
    const boxes = [...node.getClientRects()].filter(({ width, height }) => width && height);
    const isSeen = ({ left, right, top, bottom, height }) => {
        const [from, to] = [Math.max(top, 0), Math.min(bottom, innerHeight)];
        const x = (Math.max(left, 0) + Math.min(right, innerWidth)) / 2;
        const isThere = (y) => node.contains(document.elementFromPoint(x, y));
        const places = height > 100 ? [from + 2, (from + to) / 2] : [from + 2, (from + to) / 2, to - 2];
        return to - from >= Math.min(height, innerHeight / 2) - 1 && places.every(isThere);
    };
    if (!boxes.length || !boxes.every(isSeen)) {
        faults.push('is not wholly in sight');
    }
    return faults.length ? `${node.outerHTML.slice(0, 120)} ${faults.join(' and ')}` : null;
}

const isFocused = (target) => target.evaluateAll((nodes) => nodes.includes(document.activeElement));
const isInGroup = (target) => target.evaluate(({ form, name }) => document.activeElement.form === form && document.activeElement.name === name);

async function assertSeen(page) {
    const fault = await page.evaluate(lookAtFocus);
    assert.equal(fault, null, `${page.url()}: the focus ${fault}`);
}

// Tab by Tab, and at each stop the focus is seen.
async function tabUntil(page, isThere, { back = false } = {}) {
    const stops = [];
    for (let i = 0; i < MOST_STOPS; i++) {
        if (await isThere()) {
            return;
        }
        await page.keyboard.press(back ? 'Shift+Tab' : 'Tab');
        await assertSeen(page);
        stops.push(await page.evaluate(() => (document.activeElement.ariaLabel ?? document.activeElement.textContent).trim().slice(0, 20)));
    }
    throw new Error(`not reached by Tab: ${stops.join(', ')}`);
}

export const keyboard = (page) => ({
    page,
    async press(target, options) {
        await target.waitFor();
        await tabUntil(page, () => isFocused(target), options);
        await page.keyboard.press(await target.evaluate(({ localName }) => localName === 'a') ? 'Enter' : 'Space');
    },
    async choose(target, options) {
        await tabUntil(page, () => isInGroup(target), options);
        for (let i = 0; i < MOST_STOPS && !await isFocused(target); i++) {
            await page.keyboard.press('ArrowDown');
        }
        await assertSeen(page);
        if (!await target.isChecked()) {
            await page.keyboard.press('Space');
        }
        assert.ok(await target.isChecked());
    },
    async write(target, text, options) {
        await target.waitFor();
        await tabUntil(page, () => isFocused(target), options);
        await page.keyboard.type(text);
    },
});
