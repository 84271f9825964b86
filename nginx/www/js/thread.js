// A conversation as it is read: messages, a reply while it comes, and a page that stays where its reader is.
import { announce, ask, fault } from './page.js';
import { $$, button, el, once, setHtml } from './dom.js';
import { renderMath } from './math.js';
import { date, t } from './text.js';

const NEAR_END = 64; // pixels
const SAY_AGAIN = 7000; // milliseconds

export function copyButton(text, name = t('Copy')) {
  const node = button(name, async () => {
    await navigator.clipboard.writeText(text());
    announce(t('Copied'));
    node.textContent = t('Copied');
    setTimeout(() => { node.textContent = name; }, 2000);
  }, { class: 'small' });
  return node;
}

/*
 * Thumbs. save(isGood, reason, category) → promise; isGood null takes the vote back, where canTakeBack.
 * categories: value → words, where a bad vote must name one; the last stands for none in particular.
 */
export function votes(isGood, save, { categories, canTakeBack = true } = {}) {
  const place = el('span', { class: 'votes' });
  const thumbs = [t('Good reply'), t('Bad reply')].map((name, i) => button('', () => once(thumbs[i], () => press(!i)), { class: 'small thumb', 'aria-label': name, title: name }));
  const show = () => thumbs.forEach((thumb, i) => { thumb.ariaPressed = String(isGood === !i); });
  const press = async value => {
    place.querySelector('.fault')?.remove();
    try {
      if (isGood === value && canTakeBack) value = null;
      await save(value, ...value === false ? await askWhy(categories) : []);
      isGood = value;
      show();
    } catch (error) {
      place.append(fault(error));
    }
  };
  show();
  place.append(...thumbs);
  return place;
}

async function askWhy(categories) {
  const why = el('textarea', { rows: 3, maxlength: 2000 });
  const category = categories && el('select', null, Object.entries(categories).map(([value, words]) => el('option', { value }, words)));
  const isTold = await ask(t('What was wrong?'), [category && el('label', null, t('Kind'), ' ', category), el('label', null, t('Why? (optional)'), why)],
    t('Submit'), { cancel: t('Skip') });
  return isTold ? [why.value, category?.value] : ['', categories && Object.keys(categories).at(-1)];
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
 * author ("stopped"); sources: {number, name, page, excerpt, onopen}; actions: nodes under it; retry: says again what failed.
 */
function fill(article, message) {
  const { id, isOwn, author, text, html, time, note, sources, actions = [], retry } = message;
  const body = el('div', { class: 'body', dir: 'auto' });
  if (html == null) body.append(el('p', { class: 'raw' }, text));
  else setHtml(body, html);
  article.className = `message ${isOwn ? 'own' : 'reply'}`;
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

// The words of a message without its buttons'.
function spoken(article) {
  const body = article.querySelector('.body').cloneNode(true);
  $$('button', body).forEach(node => node.remove());
  return body.textContent;
}

export class Thread {
  #following = true;
  #lastY = 0;

  // name: of the conversation, for screen readers. Its node is put on the page by the caller, jump beside the composer, end after it.
  constructor(name) {
    this.node = el('section', { class: 'thread', role: 'log', 'aria-live': 'off', 'aria-label': name, tabindex: -1 });
    this.end = el('div');
    this.jump = button(t('Jump to latest'), () => this.toEnd(), { class: 'jump plain', hidden: true });
    addEventListener('scroll', () => this.#look(), { passive: true });
    addEventListener('resize', () => this.follow());
  }

  #below = () => this.end.getBoundingClientRect().bottom - innerHeight;

  // Only the reader's own scrolling ends following: a page that grows does not.
  #look() {
    if (this.#below() < NEAR_END) this.#following = true;
    else if (scrollY < this.#lastY) this.#following = false;
    this.#lastY = scrollY;
    this.jump.hidden = this.#following;
  }

  follow() {
    if (this.#following) scrollBy({ top: Math.max(0, this.#below()), behavior: 'instant' });
    this.jump.hidden = this.#following;
  }

  toEnd() {
    this.#following = true;
    this.follow();
  }

  clear() {
    this.node.replaceChildren();
  }

  // Adds the message, or puts it in the place of the one with its id.
  show(message) {
    const before = document.getElementById(`message-${message.id}`);
    const article = fill(before ?? el('article'), message);
    if (!before) this.node.append(article);
    return article;
  }

  // A reply that is being written; it stands as text until done() puts the whole one there.
  begin(author) {
    return new Reply(this, author);
  }
}

class Reply {
  #pending = '';
  #frame = 0;

  constructor(thread, author) {
    this.thread = thread;
    this.text = '';
    this.body = el('div', { class: 'body streaming', dir: 'auto' }, el('p', { class: 'thinking' }, t('Thinking…')));
    this.article = el('article', { class: 'message reply', 'aria-label': author }, el('h3', null, author), this.body);
    thread.node.append(this.article);
    thread.follow();
    announce(t('Replying…'));
    this.timer = setInterval(() => announce(t('Still replying…')), SAY_AGAIN);
  }

  append(text) {
    this.text += text;
    this.#pending += text;
    this.#frame ||= requestAnimationFrame(() => this.#flush());
  }

  // What is waited for, in the place of the dots, until text comes.
  say(words) {
    if (!this.text) this.body.firstElementChild.textContent = words;
  }

  // A paragraph an element: only the last one is laid out again.
  #flush() {
    this.#frame = 0;
    if (!this.paragraph) this.body.replaceChildren();
    this.#pending.split(/(?<=\n)\n+/).forEach((part, i) => {
      if (i || !this.paragraph) this.body.append(this.paragraph = el('p', { class: 'raw' }, ''));
      this.paragraph.append(part);
      this.paragraph.normalize();
    });
    this.#pending = '';
    this.thread.follow();
  }

  #stop() {
    clearInterval(this.timer);
    cancelAnimationFrame(this.#frame);
  }

  // The page does not move: the reply stays at least as high as its text was, until the next one begins.
  done(message) {
    this.#stop();
    const height = this.article.offsetHeight;
    this.article.removeAttribute('aria-label');
    fill(this.article, message);
    this.article.style.minHeight = `${height}px`;
    this.thread.node.querySelectorAll('article').forEach(other => { if (other !== this.article) other.style.minHeight = ''; });
    announce(`${message.author}: ${spoken(this.article)}`);
  }

  remove() {
    this.#stop();
    this.article.remove();
  }
}
