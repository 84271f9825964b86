// What every page has: its words in the reader's language, who is signed in, what is said aloud, questions and faults.
import { ApiError, csrfToken, explain, request, signInPath } from './api.js';
import { $, $$, button, el } from './dom.js';
import { chooseLanguage, kept, language, languages, named, plural, ready, t, translate } from './text.js';

const KEPT_DRAFTS = 'draft:';
const SAID_LASTS = 20000; // milliseconds

let self;

// The caller, asked for once; who is signed out is sent to sign in.
export const caller = () => (self ??= request('GET', '/api/v1/users/self'));

// /courses/7/ai_experiences/5 → idOf('courses') is "7"
export const idOf = name => location.pathname.match(new RegExp(`/${name}/([\\w-]+)`))?.[1];

// ---- drafts: what was typed and not yet stored. Another user of this browser never sees them. ----

const draftKey = async name => `${KEPT_DRAFTS}${(await caller()).id}:${name}`;

export const draft = {
  async read(name) {
    const key = await draftKey(name);
    return kept(store => store.getItem(key)) ?? '';
  },
  async write(name, text) {
    const key = await draftKey(name);
    kept(store => (text ? store.setItem(key, text) : store.removeItem(key)));
  },
};

const forgetDrafts = () => kept(store => {
  for (const key of Object.keys(store)) if (key.startsWith(KEPT_DRAFTS)) store.removeItem(key);
});

// ---- saying things ----

let status;

// Said once by a screen reader, when it is next silent; nothing that comes after takes its place.
export function announce(text) {
  const said = el('p', null, text);
  status.append(said);
  setTimeout(() => said.remove(), SAID_LASTS);
}

// What went wrong and what to do, to stand where it happened. retry: a function, or nothing.
export function fault(error, retry) {
  return el('div', { class: 'notice fault', role: 'alert' },
    el('p', null, explain(error), error.status === 401 && [' ', el('a', { href: signInPath() }, t('Sign in'))]),
    retry && button(t('Try again'), retry));
}

// Runs action; what it throws stands at the end of place, until the next attempt there.
export async function attempt(place, action) {
  $('.notice.fault', place)?.remove();
  try {
    return await action();
  } catch (error) {
    return place.append(fault(error));
  }
}

// A question with two answers, and the focus back where it was. content: text, or what is to be filled in. Resolves to whether it was confirmed.
export function ask(title, content, confirm, { danger = false, cancel = t('Cancel') } = {}) {
  return new Promise(resolve => {
    const end = isConfirmed => event => {
      event.preventDefault();
      dialog.close();
      dialog.remove();
      resolve(isConfirmed);
    };
    const dialog = el('dialog', { 'aria-labelledby': 'question', oncancel: end(false) },
      el('form', { onsubmit: end(true) }, el('h2', { id: 'question' }, title), el('div', { class: 'field' }, content),
        el('p', { class: 'buttons' }, el('button', { class: danger ? 'danger' : '' }, confirm),
          button(cancel, end(false), { class: 'plain', autofocus: danger }))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

// How near a text is to its limit; nothing while it is far.
export function room(text, max) {
  const left = max - [...text].length;
  return left > max / 10 ? '' : left < 0 ? plural(-left, 'One character too many', '{n} characters too many')
    : plural(left, 'One character left', '{n} characters left');
}

// ---- the frame ----

// The form does it: if that fails, it is seen.
function signOut({ target: form }) {
  forgetDrafts();
  form.authenticity_token ?? form.append(el('input', { type: 'hidden', name: 'authenticity_token', value: csrfToken }));
}

function frame() {
  document.documentElement.lang = language;
  status = el('div', { role: 'status', 'aria-atomic': 'false', class: 'unseen' });
  document.body.append(
    el('footer', null, el('label', null, `${t('Language')} `,
      el('select', { onchange: event => chooseLanguage(event.target.value) },
        Object.entries(languages).map(([tag, name]) => el('option', { value: tag, lang: tag, selected: tag === language }, name))))),
    status);
  $('#sign-out')?.addEventListener('submit', signOut);
  for (const link of $$('body > header nav a'))
    if (link.pathname === location.pathname) link.ariaCurrent = 'page';
}

export async function showUser() {
  const { short_name: textContent } = await caller();
  for (const place of $$('[data-user]')) Object.assign(place, { textContent, dir: 'auto' });
}

const offline = () => {
  $('#offline')?.remove();
  if (!navigator.onLine) document.body.prepend(el('p', { id: 'offline', role: 'status' }, t('You are offline. What you write is kept here.')));
};

/*
 * Begin the page: its words, then run(main). What run throws is shown in main; who must sign in is sent there.
 * Nothing is shown before the words are in the reader's language: see .ready in style.css.
 */
export async function start(run, { isOpen = false } = {}) {
  await ready;
  const main = $('main');
  translate(document);
  document.title = named(document.title);
  frame();
  offline();
  addEventListener('online', offline);
  addEventListener('offline', offline);
  const slow = setTimeout(() => main.classList.add('loading'), 300);
  try {
    const running = run(main);
    document.documentElement.classList.add('ready');
    await Promise.all([running, isOpen || showUser()]);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return location.replace(signInPath());
    if (!(error instanceof ApiError)) console.error(error);
    main.append(fault(error, () => location.reload()));
  } finally {
    clearTimeout(slow);
    main.classList.remove('loading');
  }
  return undefined;
}
