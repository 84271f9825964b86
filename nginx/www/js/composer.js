// Where one writes: grows with its text, keeps it as a draft, and lets it go only when the server has it.
import { announce, draft, room } from './page.js';
import { $, button, el } from './dom.js';
import { t } from './text.js';

// An input method's keys choose a word or drop it; Safari tells by the key code alone.
const isComposing = event => event.isComposing || event.keyCode === 229;

const isTouch = matchMedia('(pointer: coarse)').matches;

export class Composer {
  #busy = false;

  // name: of its draft. onsend(text) sends, onstop() ends the reply that is coming. extra: nodes below.
  constructor({ name, label, max, onsend, onstop, extra = [] }) {
    Object.assign(this, { name, max, onsend, onstop });
    this.count = el('span', { class: 'count', id: 'count' });
    this.input = el('textarea', { id: 'composer', rows: 1, dir: 'auto', 'aria-describedby': 'keys count', oninput: () => this.#changed(),
      onkeydown: event => this.#key(event), enterkeyhint: isTouch ? 'enter' : 'send' });
    this.send = el('button', null, t('Send'));
    this.stop = button(t('Stop'), () => this.onstop(), { class: 'danger', hidden: true });
    this.node = el('form', { class: 'composer', onsubmit: event => { event.preventDefault(); this.#submit(); } },
      el('label', { for: 'composer' }, label), this.input, this.stop, this.send,
      el('p', { class: 'quiet' }, el('span', { id: 'keys' }, isTouch ? t('Enter breaks the line.') : t('Enter sends, Shift+Enter breaks the line.')),
        this.count, extra));
    addEventListener('keydown', event => {
      if (event.key === 'Escape' && this.#busy && !isComposing(event) && !$('dialog[open]')) this.onstop();
    });
    this.#restore();
    this.#changed();
  }

  // What was typed before the page was left, and what then could not be sent.
  async #restore() {
    const kept = await Promise.all([draft.read(this.#unsent), draft.read(this.name)]);
    if (this.text || !kept.some(Boolean)) return;
    this.set(kept.filter(Boolean).join('\n\n'));
    draft.write(this.#unsent, '');
  }

  get #unsent() {
    return `${this.name}:unsent`;
  }

  get text() {
    return this.input.value;
  }

  set(text) {
    this.input.value = text;
    this.#changed();
  }

  // Once the server has it; before, isKept: until then a reload brings it back. What was typed meanwhile stays.
  clear(sent, isKept) {
    if (this.text === sent) this.set('');
    if (isKept) draft.write(this.#unsent, sent);
    else draft.read(this.#unsent).then(kept => { if (kept === sent) draft.write(this.#unsent, ''); });
  }

  // While a reply comes the text stays editable, and Stop stands where Send was.
  set busy(busy) {
    const hadFocus = document.activeElement === this.send || document.activeElement === this.stop;
    this.#busy = busy;
    this.stop.hidden = !busy;
    this.send.hidden = busy;
    if (hadFocus) this.input.focus();
  }

  get busy() {
    return this.#busy;
  }

  #changed() {
    const left = this.max - [...this.text].length;
    this.input.style.height = 'auto';
    this.input.style.height = `${this.input.scrollHeight + 2}px`;
    this.count.textContent = room(this.text, this.max);
    this.count.classList.toggle('fault', left < 0);
    this.send.disabled = !this.text.trim() || left < 0;
    draft.write(this.name, this.text);
  }

  #key(event) {
    if (event.key !== 'Enter' || event.shiftKey || isTouch || isComposing(event)) return;
    event.preventDefault();
    this.#submit();
  }

  // Nothing else is begun while a reply comes, and who tries is told so.
  mustWait() {
    if (this.#busy) announce(this.count.textContent = t('A reply is still on its way. Wait for it, or stop it.'));
    return this.#busy;
  }

  #submit() {
    if (!this.mustWait() && !this.send.disabled) this.onsend(this.text);
  }
}
