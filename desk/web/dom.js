// dom.js - elements from calls, and no markup from text: what comes from an archive is never parsed.
import {texts} from './texts.js';

export function el(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key === 'class') element.className = value;
    else if (key in element && !key.startsWith('aria')) element[key] = value;
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

let sayTimer;
// What failed before has succeeded: that it failed is not said any longer.
export function succeeded() {
  if (document.getElementById('say').className === 'bad') say('');
}

// Says something to everybody: in the corner, and to screen readers. An empty text: what was said is over.
export function say(text, bad = false) {
  const place = document.getElementById('say');
  place.className = !text ? 'unseen' : bad ? 'bad' : 'good';
  place.textContent = text;
  clearTimeout(sayTimer);
  sayTimer = setTimeout(() => { place.className = 'unseen'; place.textContent = ''; }, bad ? 12000 : 6000);
}

// A dialog with a title, content and buttons; gives what the pressed one stands for, or null. Enter in a field is what the first does that stands for something.
export function ask(title, content, buttons) {
  return new Promise((resolve) => {
    const heading = el('h2', {id: 'dialog-title'}, title);
    const dialog = el('dialog', {'aria-labelledby': 'dialog-title', onclose: () => {
      dialog.remove();
      resolve(dialog.returnValue || null);
    }}, el('form', {method: 'dialog'}, heading, content, el('div', {class: 'buttons'},
      buttons.map(([value, text, kind]) => el('button', {value, class: kind || '', type: value ? 'submit' : 'button', onclick: value ? undefined : () => dialog.close('')}, text)))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

// Nobody presses a button again while its work is done; who stood on it does so again afterwards.
export async function busy(button, work) {
  const stood = document.activeElement === button;
  button.disabled = true;
  try {
    await work();
  } finally {
    button.disabled = false;
    if (stood && document.activeElement === document.body) button.focus();
  }
}

// Shows what is being done, with how long it will take, until it is done.
export async function during(text, verb, jobs, work) {
  const bar = el('progress', {'aria-label': text}), left = el('span', {class: 'small'});
  const box = el('div', {class: 'doing', role: 'status'}, el('p', {}, text), bar, left);
  let over = false;
  async function look() {
    const job = (await jobs().catch(() => [])).find((one) => one.verb === verb);
    if (over) return;
    if (!box.isConnected) (document.querySelector('main') || document.body).append(box);
    if (job?.expected) {
      bar.max = job.expected;
      bar.value = Math.min(job.elapsed, job.expected * 0.97);
    }
    left.textContent = job?.expected ? texts.left((job.expected - job.elapsed) / 1000) : job ? texts.elapsed(job.elapsed / 1000) : '';
    setTimeout(look, 1000);
  }
  const timer = setTimeout(look, 700);
  try {
    return await work;
  } finally {
    over = true;
    clearTimeout(timer);
    box.remove();
  }
}

export function save(blob, name) {
  const link = el('a', {href: URL.createObjectURL(blob), download: name});
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
