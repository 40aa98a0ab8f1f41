// dom.js - elements from calls, and no markup from text: what comes from an archive is never parsed.
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

// Says something to everybody: in the corner, and to screen readers.
let sayTimer;
export function say(text, bad = false) {
  const place = document.getElementById('say');
  place.className = bad ? 'bad' : 'good';
  place.textContent = text;
  clearTimeout(sayTimer);
  sayTimer = setTimeout(() => { place.className = 'unseen'; place.textContent = ''; }, bad ? 12000 : 6000);
}

// A dialog with a title, content and buttons; gives what the pressed one stands for, or null.
export function ask(title, content, buttons) {
  return new Promise((resolve) => {
    const heading = el('h2', {id: 'dialog-title'}, title);
    const dialog = el('dialog', {'aria-labelledby': 'dialog-title', onclose: () => {
      dialog.remove();
      resolve(dialog.returnValue || null);
    }}, el('form', {method: 'dialog'}, heading, content, el('div', {class: 'buttons'},
      buttons.map(([value, text, kind]) => el('button', {value, class: kind || ''}, text)))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

export function save(blob, name) {
  const link = el('a', {href: URL.createObjectURL(blob), download: name});
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
