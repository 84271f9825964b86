// A conversation as it is read: its messages, in the page's .thread.
import { announce, ask, attempt } from './page.js';
import { $, $$, button, clone, el, once, setHtml } from './dom.js';
import { renderMath } from './math.js';
import { date, t } from './text.js';

export function copyButton(text, name = t('Copy')) {
  const node = button(name, async () => {
    const said = await navigator.clipboard.writeText(text()).then(() => t('Copied'), () => t('The browser forbids it'));
    announce(said);
    node.textContent = said;
    setTimeout(() => { node.textContent = name; }, 2000);
  }, { class: 'small' });
  return node;
}

// Thumbs. save(isGood, reason, category) → promise; isGood null takes the vote back, where canTakeBack.
export function votes(isGood, save, canTakeBack) {
  const place = clone('votes');
  const thumbs = $$('button', place);
  const why = clone('why'); // one: a reason that was not sent is there at the next try
  const show = () => thumbs.forEach((thumb, i) => { thumb.ariaPressed = String(isGood === !i); });
  const press = async value => {
    if (isGood === value && canTakeBack) value = null;
    await save(value, ...value === false ? await askWhy(why) : []);
    isGood = value;
    show();
  };
  thumbs.forEach((thumb, i) => { thumb.onclick = () => once(thumb, () => attempt(place, () => press(!i))); });
  show();
  return place;
}

// A page may have kinds to choose from, of which the last stands for none in particular.
async function askWhy(fields) {
  const kind = $('select', fields);
  const isTold = await ask(t('What was wrong?'), fields, t('Submit'), { cancel: t('Skip') });
  return isTold ? [$('textarea', fields).value, kind?.value] : ['', kind?.lastElementChild.value];
}

// The marks [^1] in a reply lead to its sources; others stay as they are.
function linkMarks(body, id, sources) {
  const numbers = new Set(sources.map(source => String(source.number)));
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest('code, .math, a')) texts.push(walker.currentNode);
  for (const text of texts) {
    const parts = text.data.split(/\[\^(\d+)\]/);
    if (parts.length > 1)
      text.replaceWith(...parts.map((part, i) => (i % 2 === 0 ? part : !numbers.has(part) ? `[^${part}]`
        : el('a', { class: 'mark', href: `#source-${id}-${part}`, 'aria-label': t('Source {n}', { n: part }) }, part))));
  }
}

const sourceList = ({ id, sources }) => el('ol', { class: 'sources', 'aria-label': t('Sources') },
  sources.map(source => el('li', { id: `source-${id}-${source.number}`, value: source.number, tabindex: -1 },
    source.onopen ? button(source.name, source.onopen, { class: 'link', dir: 'auto' }) : el('cite', { dir: 'auto' }, source.name),
    source.page && `, ${t('page {n}', { n: source.page })}`, source.excerpt && el('q', { dir: 'auto' }, source.excerpt))));

/*
 * A message: {id, isOwn, author, text, html, time, note, sources, actions}. html: the server's, of a reply; note: words beside its
 * author ("stopped"); sources: {number, name, page, excerpt, onopen}; actions: nodes under it; retry: says again what failed;
 * isUnsent: the server has not got it.
 */
export function fill(article, message) {
  const { id, isOwn, author, text, html, time, note, sources, actions = [], retry, isUnsent } = message;
  const body = el('div', { class: 'body', dir: 'auto' });
  if (html == null) body.append(el('p', { class: 'raw' }, text));
  else setHtml(body, html);
  article.className = `message ${isOwn ? 'own' : 'reply'} ${isUnsent ? 'unsent' : ''}`;
  article.id = `message-${id}`;
  article.setAttribute('aria-labelledby', `author-${id}`);
  article.replaceChildren(
    el('h3', { id: `author-${id}` }, el('bdi', null, author), ' ', time && el('time', { datetime: new Date(time).toISOString() }, date(time)), note && ` · ${note}`),
    body);
  if (sources?.length) {
    linkMarks(body, id, sources);
    article.append(sourceList(message));
  }
  if (retry) actions.push(button(t('Try again'), retry, { class: 'small retry' }));
  if (actions.length) article.append(el('div', { class: 'actions' }, actions));
  for (const table of $$('.wide', body)) table.ariaLabel = t('Table');
  for (const block of $$('pre', body)) block.before(copyButton(() => block.textContent, t('Copy code')));
  renderMath(body);
  return article;
}

export const removeMessage = id => document.getElementById(`message-${id}`)?.remove();

// Adds the message, before what is unsent, or puts it in the place of the one with its id.
export function showMessage(message) {
  const before = document.getElementById(`message-${message.id}`);
  const article = fill(before ?? el('article'), message);
  if (!before) $('.thread').insertBefore(article, $('.thread > .unsent'));
}
