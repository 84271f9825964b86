// Making and finding elements. What people or models wrote becomes text; only setHtml() takes markup, and only the server's.
export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// el('button', {type: 'button', onclick: …, hidden: true}, 'Text', node, null)
export function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat().filter(child => child != null && child !== false));
  return node;
}

export const button = (text, onclick, attributes) => el('button', { type: 'button', onclick, ...attributes }, text);

// A copy of <template id>: what has data-is=NAME gets the text values[NAME], null removes the element, an array is its children; {NAME} in
// attributes is the value.
export function clone(id, values = {}) {
  const node = $(`#${id}`).content.firstElementChild.cloneNode(true);
  for (const place of [node, ...$$('*', node)]) {
    const text = values[place.dataset.is];
    if (text === null) place.remove();
    else if (Array.isArray(text)) place.replaceChildren(...text);
    else if (text !== undefined) place.textContent = text;
    for (const attribute of place.attributes) attribute.value = attribute.value.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? '');
  }
  return node;
}

const policy = globalThis.trustedTypes?.createPolicy('colloquy', { createHTML: html => html });

// html: of the server's own making, from Markdown, with nothing in it that runs (doc/api-canvas.md, html).
export function setHtml(node, html) {
  node.innerHTML = policy ? policy.createHTML(html) : html;
}

// The action of a button: it cannot be pressed again while that runs, and keeps the focus.
export async function once(node, action) {
  if (node.ariaDisabled === 'true') return undefined;
  node.ariaDisabled = 'true';
  try {
    return await action();
  } finally {
    node.ariaDisabled = null;
  }
}
