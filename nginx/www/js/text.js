// What the pages say: English stands in the code and the HTML, and is the key of the catalogue of each other language.
const KEPT = 'colloquy.language';

export const languages = { en: 'English', de: 'Deutsch' };

// What use(localStorage) gives; null where the browser refuses it, or it is full.
export function kept(use) {
  try {
    return use(localStorage);
  } catch {
    return null;
  }
}

function choose() {
  const wanted = [kept(store => store.getItem(KEPT)), ...navigator.languages].map(tag => tag?.split('-')[0]);
  return wanted.find(tag => Object.hasOwn(languages, tag)) ?? 'en';
}

export const language = choose();

export function chooseLanguage(tag) {
  kept(store => store.setItem(KEPT, tag));
  location.reload();
}

let catalogue = {};

// What was fetched last time is shown at once, so that no page is first seen in English; the newest is there next time.
async function load() {
  const name = `colloquy.catalogue.${language}`;
  const before = kept(store => store.getItem(name));
  const fetched = fetch(`/lang/${language}.json`).then(async response => {
    if (!response.ok) return before;
    const text = await response.text();
    kept(store => store.setItem(name, text));
    return text;
  }, () => before);
  catalogue = parsed(before) ?? parsed(await fetched) ?? {};
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // not as it was kept
  }
}

export const ready = language === 'en' ? Promise.resolve() : load();

// What people write may be "constructor", which every object has.
const own = (object, name) => (Object.hasOwn(object, name) ? object[name] : undefined);

// The text in the reader's language, {name} replaced by values.name.
export function t(text, values = {}) {
  return (own(catalogue, text) ?? text).replace(/\{(\w+)\}/g, (all, name) => own(values, name) ?? all);
}

// The same of a text that came from the server, its number as {n}: what the catalogue lacks is shown as it is.
export const told = text => t(text.replace(/\d+/, '{n}'), { n: text.match(/\d+/) });

// {n} stands for the number in both texts.
export const plural = (n, one, many) => t(n === 1 ? one : many, { n: number(n) });

export const number = n => n.toLocaleString(language);

const dateTime = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
const timeOnly = new Intl.DateTimeFormat(language, { timeStyle: 'short' });

// When it was, the day left out if it is today. when: whatever Date takes.
export function date(when) {
  const then = new Date(when);
  return (then.toDateString() === new Date().toDateString() ? timeOnly : dateTime).format(then);
}

const SAID = ['aria-label', 'placeholder', 'title', 'alt'];

// What stands between white space is the key.
const translated = text => text.replace(/\S(?:[^]*\S)?/, key => t(key.replace(/\s+/g, ' ')));

// A title as workers write it, where before the site's name a text stands or what somebody called something.
export const named = title => title.replace(/.+(?= – )/, key => t(key));

// The words of static HTML, templates too. Nothing that people wrote may stand in it yet, but under translate="no".
export function translate(root) {
  for (const node of root.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) node.data = translated(node.data);
    if (node.nodeType !== Node.ELEMENT_NODE || node.translate === false || node.matches('script, bdi, textarea, [dir=auto]')) continue;
    for (const name of SAID) if (node.hasAttribute(name)) node.setAttribute(name, translated(node.getAttribute(name)));
    if (node.dataset.text) node.textContent = t(node.dataset.text, node.dataset); // of a worker, with numbers in it
    translate(node.localName === 'template' ? node.content : node);
  }
}
