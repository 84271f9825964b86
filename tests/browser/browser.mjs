// Chromium, pages in it, and what no page may do while a test looks at it.
import { CHROMIUM, PATIENCE_MS } from './places.mjs';
import { chromium } from './packages.mjs';
import { site } from './site.mjs';

let launched;

// One browser for all tests of a file; harness.mjs ends it with them.
export function launch() {
    launched ??= chromium.launch({
        executablePath: CHROMIUM,
        chromiumSandbox: process.getuid() !== 0, // which root may not have
        timeout: 4 * PATIENCE_MS,
        args: ['--disable-background-networking', '--disable-component-update', '--no-first-run'],
    });
    return launched;
}

export const end = async () => (await launched)?.close();

// A page in a context of its own (cookies, storage), watched, closed at the end of the test, which fails if the page did what it
// may not. who: signed in; options: of Playwright's newContext, e.g. {locale: 'de'}, {viewport: {width: 390, height: 844}}.
// The page has its watch as page.watched.
export async function open(t, who = null, options = {}) {
    const browser = await launch();
    const context = await browser.newContext({
        baseURL: site.url,
        ignoreHTTPSErrors: true, // quickstart made the certificate itself
        locale: 'en',
        viewport: { width: 1280, height: 800 },
        ...options,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    await watch(page);
    t.after(async () => {
        await context.close();
        page.watched.check();
    });
    if (who) {
        await signIn(page, who);
    }
    return page;
}

// By the real form. returnTo: where it leads, a path.
export async function signIn(page, who, returnTo = '/') {
    await page.goto(`/login?return_to=${encodeURIComponent(returnTo)}`);
    await page.locator('#login').fill(who.login); // in whatever language
    await page.locator('#password').fill(who.password);
    await page.locator('main button').click();
    await page.waitForURL((url) => url.pathname !== '/login');
}

// Notes what a sound page never does: errors in the console (failed loads and answers of 400 and above are among them), exceptions,
// requests that come to nothing, what its Content-Security-Policy forbids, dialogs. What a test brings about on purpose it allows:
//
//     page.watched.allow(/503/)       from now on, whatever fits; a dialog whose text fits is accepted, others are dismissed
//     page.watched.check()            throws if there was anything else; done by open() at the end
//     page.watched.problems           texts, so far
export async function watch(page) {
    const allowed = [];
    const problems = [];
    const note = (text) => {
        const isAllowed = allowed.some((pattern) => pattern.test(text));
        if (!isAllowed) {
            problems.push(text);
        }
        return isAllowed;
    };
    page.watched = {
        problems,
        allow: (pattern) => allowed.push(pattern),
        check: () => {
            if (problems.length) {
                throw new Error(`the page did what it may not:\n  ${problems.join('\n  ')}`);
            }
        },
    };
    page.on('console', (said) => said.type() === 'error' && note(`console: ${said.text()} (${said.location().url})`));
    page.on('pageerror', (error) => note(`exception: ${error.stack ?? error}`));
    page.on('requestfailed', (request) => {
        const why = request.failure()?.errorText;
        if (why !== 'net::ERR_ABORTED') { // the page itself, or the reader, gave it up
            note(`request: ${request.method()} ${request.url()}: ${why}`);
        }
    });
    page.on('dialog', (dialog) => (note(`dialog: ${dialog.message()}`) ? dialog.accept() : dialog.dismiss()));
    await page.addInitScript(() => {
        addEventListener('securitypolicyviolation', (event) => {
            console.error(`policy: ${event.effectiveDirective} forbids ${event.blockedURI} ${event.sample} ${event.sourceFile}`);
        });
    });
}
