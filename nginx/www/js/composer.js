// Where one writes: grows with its text, keeps it as a draft, and lets it go only when the server has it.
import { announce, draft, room } from './page.js';
import { $ } from './dom.js';
import { t } from './text.js';

// An input method's keys choose a word or drop it; Safari tells by the key code alone.
const isComposing = event => event.isComposing || event.keyCode === 229;

const isTouch = matchMedia('(pointer: coarse)').matches;

export class Composer {
  // name: of its draft. onsend(text) sends, onstop() ends the reply that is coming.
  constructor(parts) {
    const form = $('.composer');
    const [input, stop, send] = form.elements;
    Object.assign(this, { ...parts, input, stop, send, unsent: new Set() });
    Object.assign(input, { oninput: () => this.#changed(), onkeydown: event => this.#key(event), enterKeyHint: isTouch ? 'enter' : 'send' });
    stop.onclick = () => this.onstop();
    form.onsubmit = event => {
      event.preventDefault();
      this.#submit();
    };
    document.onkeydown = event => { // in the place of that of a conversation before
      if (event.key === 'Escape' && this.busy && !isComposing(event) && !$('dialog[open], [type=search]:focus')) this.onstop();
    };
    this.#restore();
    this.busy = false;
  }

  // What was typed before the page was left, and what then could not be sent.
  async #restore() {
    const kept = await draft.read(this.name);
    if (kept && !this.text) this.set(kept);
  }

  get text() {
    return this.input.value;
  }

  set(text) {
    this.input.value = text;
    this.#changed();
  }

  // What was refused comes back, below what has been typed since.
  keep(text) {
    this.unsent.delete(text);
    if (!this.text.includes(text)) this.set(this.text ? `${this.text}\n\n${text}` : text);
  }

  // The thread has it; what was typed after it stays. isUnsent: a reload brings it back.
  clear(sent, isHere, isUnsent) {
    this.unsent[isUnsent ? 'add' : 'delete'](sent);
    if (isHere && this.text.startsWith(sent)) this.input.value = this.text.slice(sent.length).trimStart();
    this.#changed();
  }

  // From now on the draft is kept under that name.
  rename(name) {
    draft.write(this.name, '');
    this.name = name;
    this.#changed();
  }

  // While a reply comes the text stays editable, and Stop stands where Send was.
  set busy(busy) {
    const hadFocus = document.activeElement === this.send || document.activeElement === this.stop;
    this.stop.hidden = !busy;
    this.send.hidden = busy;
    if (hadFocus) this.input.focus();
    this.#changed();
  }

  get busy() {
    return !this.stop.hidden;
  }

  #changed() {
    const left = this.max - [...this.text].length;
    this.input.style.height = 'auto';
    this.input.style.height = `${this.input.scrollHeight + 2}px`;
    $('#count').textContent = room(this.text, this.max);
    $('#count').classList.toggle('fault', left < 0);
    this.send.disabled = !this.text.trim() || left < 0;
    draft.write(this.name, [...this.unsent, this.text].filter(Boolean).join('\n\n'));
  }

  #key(event) {
    if (event.key !== 'Enter' || event.shiftKey || isTouch || isComposing(event)) return;
    event.preventDefault();
    this.#submit();
  }

  // Nothing else is begun while a reply comes, and who tries is told so; nor before what could not be sent yet (waiting), which then is.
  mustWait() {
    if (this.waiting) this.waiting();
    else if (this.busy) announce($('#count').textContent = t('A reply is still on its way. Wait for it, or stop it.'));
    return this.busy;
  }

  #submit() {
    if (!this.mustWait() && !this.send.disabled) this.onsend(this.text);
  }
}
